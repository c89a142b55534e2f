import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import * as batch from '../record/batch.ts';
import { checkBatch } from '../record/check.ts';

/** What fetched batches have to fit. */
export interface FetchedRules {
  /** Where the log ends. */
  readonly expectedOffset: number;
  /** The log has no records: the first batch may begin below its end, as long as it reaches it. */
  readonly isEmpty: boolean;
  /** Epoch of the log's last batch, −1 without one. */
  readonly latestEpoch: number;
  /** No batch is of a later epoch than its leader's. */
  readonly leaderEpoch: number;
  /** Batches may be missing below it: the cleaner took them. */
  readonly gapEndMax: number;
  readonly crc32c: Crc32c;
}

/** What a look at fetched batches gave; offsets mean nothing beside a fault. */
export interface FetchedCheck {
  /** Base offset of the first batch if it begins below the expected one, else the expected one. */
  readonly startOffset: number;
  readonly endOffset: number;
  /** End of the last gap, −1 when there is none. */
  readonly gapEnd: number;
  /** '' or what is wrong. */
  readonly fault: string;
}

/** Checks what a leader sent before any of it is appended: framing, CRC, order of offsets and epochs. */
export function checkFetched(buf: Buffer, rules: FetchedRules): FetchedCheck {
  let startOffset = rules.expectedOffset;
  let endOffset = rules.expectedOffset;
  let epoch = Math.max(0, rules.latestEpoch);
  let gapEnd = -1;
  const wrong = (fault: string): FetchedCheck => ({ startOffset, endOffset, gapEnd, fault });
  for (let pos = 0; pos < buf.length; pos += batch.sizeInBytes(buf, pos)) {
    const fault = checkBatch(buf, pos, buf.length, rules.crc32c);
    if (fault !== null) return wrong(`a batch behind offset ${endOffset} is bad: ${fault}`);
    const base = batch.baseOffset(buf, pos);
    const found = batch.partitionLeaderEpoch(buf, pos);
    if (found < epoch || found > rules.leaderEpoch)
      return wrong(`a batch of epoch ${found} at ${base} after epoch ${epoch}`);
    epoch = found;
    const isCutFirst = pos === 0 && rules.isEmpty && base < endOffset && batch.nextOffset(buf, pos) > endOffset;
    if (isCutFirst) startOffset = base;
    else if (base < endOffset || (base > endOffset && base > rules.gapEndMax))
      return wrong(`a batch at ${base} where ${endOffset} was due`);
    else if (base > endOffset) gapEnd = base;
    endOffset = batch.nextOffset(buf, pos);
  }
  return { startOffset, endOffset, gapEnd, fault: '' };
}
