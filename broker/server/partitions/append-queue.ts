import type { Crc32c } from '../../core/base/checksum.ts';
import { unreachable } from '../../core/base/assert.ts';
import { bufferOf } from '../../core/record/batch.ts';
import { ProducedBatch, type ProducedStep, type ProducedVerdict } from '../../core/record/produced-batch.ts';
import type { ProduceContext } from '../../core/record/validate.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { Compression } from '../../ports/compression.ts';
import type { Permits } from '../permits.ts';

/** A batch on its way, in the order of arrival. */
interface Entry {
  readonly apply: (verdict: ProducedVerdict) => void;
  verdict: ProducedVerdict | null;
  release: (() => void) | null;
}

/** What an append queue works with. */
export interface AppendQueueDeps {
  readonly compression: Compression;
  readonly crc32c: Crc32c;
  readonly timers: Timers;
  readonly clock: Clock;
  /**
   * One for all partitions of the node: whoever holds a permit may hold the plain records of a batch, and its new form
   * until it is appended. Everything else that waits is the request itself, which its connection counts.
   */
  readonly permits: Permits;
  /** Told of batches that the codec can't read, or that grow past the limit; at most once a minute. */
  readonly onUnreadable: (message: string) => void;
}

const COMPLAINT_INTERVAL_MS = 60_000;

/**
 * Prepares produced batches for the log in their order of arrival. Most are ready at once; one that must be decompressed,
 * compressed anew or walked in several turns is worked on beside others, and what arrives behind it is appended behind
 * it, so that sequences and offsets keep the order of the requests.
 */
export class AppendQueue {
  readonly #deps: AppendQueueDeps;
  readonly #entries: Entry[] = [];
  #draining = false;
  #complainedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: AppendQueueDeps) {
    this.#deps = deps;
  }

  /** `apply` gets the verdict, in the order of calls; possibly in this very call. */
  submit(records: Uint8Array, context: ProduceContext, apply: (verdict: ProducedVerdict) => void): void {
    const produced = new ProducedBatch(bufferOf(records), context, this.#deps.crc32c);
    const first = produced.begin();
    const isDone = first.kind === 'ready' || first.kind === 'refused';
    if (isDone && this.#entries.length === 0) {
      apply(first);
      return;
    }
    const entry: Entry = { apply, verdict: isDone ? first : null, release: null };
    this.#entries.push(entry);
    if (isDone) return;
    // In the order of arrival: a batch at the front never waits for a permit that one behind it holds.
    this.#deps.permits.acquire((release) => {
      entry.release = release;
      this.#go(entry, produced, first);
    });
  }

  #go(entry: Entry, produced: ProducedBatch, step: ProducedStep): void {
    const { compression, timers } = this.#deps;
    switch (step.kind) {
      case 'ready':
      case 'refused':
        entry.verdict = step;
        this.#drain();
        return;
      case 'walk':
        timers.after(0, () => this.#go(entry, produced, produced.walk()));
        return;
      case 'decompress':
        compression.decompress(step.codec, step.bytes, step.sizeMax, (result) => {
          const next = produced.decompressed(result);
          if (typeof result === 'string' && next.kind === 'refused') this.#complain(next.message);
          this.#go(entry, produced, next);
        });
        return;
      case 'compress':
        compression.compress(
          step.codec,
          step.bytes,
          (bytes) => this.#go(entry, produced, produced.compressed(bytes)),
          step.level ?? undefined,
        );
        return;
      default:
        unreachable(step);
    }
  }

  #complain(message: string): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#complainedMs < COMPLAINT_INTERVAL_MS) return;
    this.#complainedMs = nowMs;
    this.#deps.onUnreadable(message);
  }

  #drain(): void {
    // An answer may bring the next request in the same call.
    if (this.#draining) return;
    this.#draining = true;
    for (let head = this.#entries[0]; head !== undefined && head.verdict !== null; head = this.#entries[0]) {
      this.#entries.shift();
      head.apply(head.verdict);
      head.release?.();
    }
    this.#draining = false;
  }
}
