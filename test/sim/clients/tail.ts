import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';
import type { ApiResponses } from '../../../broker/core/protocol/messages.ts';
import { bufferOf, compressionCodec, HEADER_SIZE, sizeInBytes } from '../../../broker/core/record/batch.ts';
import { forEachBatch, readRecords } from '../../../broker/core/record/iterate.ts';
import type { Prng } from '../../../broker/core/base/prng.ts';
import type { CompressionCodec } from '../../../broker/ports/compression.ts';
import { decompressNow } from '../compression.ts';
import type { Stage } from '../stage.ts';
import { SimAdmin } from './admin.ts';

/** Longest that the broker may hold a fetch back, ms. */
const WAIT_MS = 30;
const BYTES_MAX = 1 << 20;

type Answer = ApiResponses[typeof ApiKey.Fetch];

/**
 * Asks again and again for what comes next in one partition, and takes whatever it is given: more than is durable must
 * never be shown (D2).
 */
export class SimTail {
  readonly #stage: Stage;
  readonly #admin: SimAdmin;
  readonly #where: { readonly topic: string; readonly partition: number };
  readonly #pauseMs: number;
  readonly #prng: Prng;
  #offset = 0;
  #isStopped = false;

  constructor(stage: Stage, where: { readonly topic: string; readonly partition: number }, pauseMs: number) {
    this.#stage = stage;
    this.#admin = new SimAdmin(stage);
    this.#where = where;
    this.#pauseMs = pauseMs;
    this.#prng = stage.fork();
    this.#fetch();
  }

  /** Reads nothing further. */
  stop(): void {
    this.#isStopped = true;
  }

  cut(): void {
    this.#admin.cut();
  }

  #fetch(): void {
    const { topic, partition } = this.#where;
    const partitions = [{ partition, fetchOffset: this.#offset, partitionMaxBytes: BYTES_MAX }];
    this.#admin.ask({
      key: ApiKey.Fetch,
      body: () => ({
        maxWaitMs: WAIT_MS,
        minBytes: 1,
        maxBytes: BYTES_MAX,
        isolationLevel: 0,
        sessionId: 0,
        sessionEpoch: -1,
        topics: [{ topic, partitions }],
      }),
      codes: (answer) => partitionsOf(answer).map(({ errorCode }) => errorCode),
      fine: [ErrorCode.OFFSET_OUT_OF_RANGE],
      done: (answer) => {
        for (const one of partitionsOf(answer)) this.#take(one);
        this.#stage.world.schedule(this.#prng.below(2 * this.#pauseMs), () => {
          if (!this.#isStopped) this.#fetch();
        });
      },
    });
  }

  #take({ errorCode, logStartOffset, records }: ReturnType<typeof partitionsOf>[number]): void {
    // Behind the end after power went in a `replicated` topic, or before the start after a deletion.
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) this.#offset = Math.max(0, logStartOffset);
    const buf = bufferOf(records ?? new Uint8Array(0));
    const { topic, partition } = this.#where;
    forEachBatch(buf, 0, buf.length, (pos) => {
      const codec = compressionCodec(buf, pos);
      const end = pos + sizeInBytes(buf, pos);
      // A node stores what it compresses in a codec that is simulated.
      const plain =
        codec === 0 ? null : decompressNow(codec as CompressionCodec, buf.subarray(pos + HEADER_SIZE, end), BYTES_MAX);
      if (typeof plain === 'string') throw new Error(`a batch that is served is ${plain}`);
      for (const record of readRecords(buf, pos, plain) ?? []) {
        if (record.offset < this.#offset) continue;
        this.#offset = record.offset + 1;
        const place = { topic: this.#stage.label(topic), partition, offset: record.offset };
        const value = this.#stage.readValue(record.value);
        this.#stage.note({ kind: 'read', atMs: this.#stage.world.nowMs, value, place });
      }
      return true;
    });
  }
}

function partitionsOf(answer: Answer): Answer['responses'][number]['partitions'] {
  return answer.responses.flatMap((topic) => topic.partitions);
}
