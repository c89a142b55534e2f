import { ErrorCode } from '../core/protocol/errors.ts';
import type { MetadataClient } from './metadata-client.ts';

/** How long a caller waits for a new block. */
const ALLOCATION_TIMEOUT_MS = 10_000;
/** Callers that may wait for one block. */
const WAITING_MAX = 10_000;

/** Hands out producer ids that nobody else ever got: from blocks that the controller reserves durably. */
export class ProducerIds {
  readonly #metadata: MetadataClient;
  readonly #identity: () => { readonly brokerId: number; readonly brokerEpoch: number };
  #next = 0;
  #end = 0;
  #waiting: ((errorCode: number, producerId: number) => void)[] = [];

  constructor(metadata: MetadataClient, identity: () => { readonly brokerId: number; readonly brokerEpoch: number }) {
    this.#metadata = metadata;
    this.#identity = identity;
  }

  /** Gives a fresh id, or an error code and −1. */
  next(done: (errorCode: number, producerId: number) => void): void {
    if (this.#next < this.#end) {
      const producerId = this.#next;
      this.#next += 1;
      done(ErrorCode.NONE, producerId);
      return;
    }
    if (this.#waiting.length >= WAITING_MAX) {
      done(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, -1);
      return;
    }
    this.#waiting.push(done);
    if (this.#waiting.length === 1) this.#allocate();
  }

  #allocate(): void {
    this.#metadata.submit({ kind: 'allocateProducerIds', ...this.#identity() }, ALLOCATION_TIMEOUT_MS, (outcome) => {
      const waiting = this.#waiting;
      this.#waiting = [];
      if (outcome.kind !== 'allocateProducerIds' || outcome.errorCode !== ErrorCode.NONE) {
        // Retriable for every client, whatever kept the controller from answering.
        for (const done of waiting) done(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, -1);
        return;
      }
      this.#next = outcome.firstProducerId;
      this.#end = outcome.firstProducerId + outcome.producerIdCount;
      for (const done of waiting) this.next(done);
    });
  }
}
