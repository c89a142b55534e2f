import type { Buffer } from 'node:buffer';
import type { ProduceRules, Validation } from '../../core/record/validate.ts';
import { validatePayload, validateProduce } from '../../core/record/validate.ts';
import { bufferOf } from '../../core/record/batch.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { Compression } from '../../ports/compression.ts';

/** Decompressed records of one batch that the broker looks at; a larger one is refused (D12). */
export const INSPECTED_BYTES_MAX = 64 * 1024 * 1024;

/** A batch whose validation is done. */
export type Validated = Extract<Validation, { kind: 'valid' | 'refused' }>;

/**
 * Validates produced batches in their order of arrival. Most are done at once; one whose compressed records must be seen
 * is decompressed off the loop, and what arrives behind it waits, so that sequences stay in order.
 */
export class AppendQueue {
  readonly #compression: Compression;
  readonly #crc32c: Crc32c;
  #waiting: (() => void)[] = [];
  #busy = false;

  constructor(deps: { readonly compression: Compression; readonly crc32c: Crc32c }) {
    this.#compression = deps.compression;
    this.#crc32c = deps.crc32c;
  }

  /** `apply` gets the batch and the verdict, in order of calls; possibly in this very call. */
  submit(
    records: Uint8Array,
    rules: ProduceRules,
    nowMs: number,
    apply: (batch: Buffer, verdict: Validated) => void,
  ): void {
    if (this.#busy) {
      this.#waiting.push(() => this.#validate(bufferOf(records), rules, nowMs, apply));
      return;
    }
    this.#validate(bufferOf(records), rules, nowMs, apply);
  }

  #validate(
    batch: Buffer,
    rules: ProduceRules,
    nowMs: number,
    apply: (batch: Buffer, verdict: Validated) => void,
  ): void {
    const verdict = validateProduce(batch, 0, batch.length, { rules, nowMs, crc32c: this.#crc32c });
    if (verdict.kind !== 'decompress') {
      apply(batch, verdict);
      return;
    }
    this.#busy = true;
    const payload = batch.subarray(verdict.start, verdict.end);
    this.#compression.decompress(verdict.codec, payload, INSPECTED_BYTES_MAX, (plain) => {
      const full = validatePayload(batch, 0, plain, { rules, nowMs });
      if (full.kind !== 'decompress') apply(batch, full);
      this.#busy = false;
      while (!this.#busy) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        next();
      }
    });
  }
}
