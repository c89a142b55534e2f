import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import * as batch from '../record/batch.ts';
import { checkBatch } from '../record/check.ts';

/** What stored batches must agree with besides their own CRC, which leaves base offset and leader epoch out. */
export interface ChainRules {
  readonly crc32c: Crc32c;
  /** Leader epoch of the batch that holds an offset, −1 when it is not known. */
  readonly epochAt: (offset: number) => number;
}

/** How far a walk over stored batches has come; each batch vouches for the place of the next. */
export interface Chain {
  /** Offset with which the next batch has to begin; −1 when only `anchorLastOffset` says where the walk stands. */
  expectedOffset: number;
  /** Last offset that the index names for the first batch; −1 when the walk began at the front of a segment. */
  anchorLastOffset: number;
  /** The cleaner was here: batches follow each other with gaps. */
  readonly isSparse: boolean;
}

/** A walk from the front of a segment. */
export function chainFromBase(baseOffset: number, isSparse = false): Chain {
  return { expectedOffset: baseOffset, anchorLastOffset: -1, isSparse };
}

/** A walk from an index entry, whose batch has to end with `lastOffset`. */
export function chainFromEntry(lastOffset: number, isSparse = false): Chain {
  return { expectedOffset: -1, anchorLastOffset: lastOffset, isSparse };
}

/**
 * Checks the whole batch at `pos` of `buf[pos, end)` and takes it into the chain. Gives '' or what is wrong; then the
 * chain stays as it was.
 */
export function checkLink(chain: Chain, buf: Buffer, pos: number, end: number, rules: ChainRules): string {
  const fault = checkBatch(buf, pos, end, rules.crc32c);
  if (fault !== null) return `bad batch: ${fault}`;
  const epoch = rules.epochAt(batch.lastOffset(buf, pos));
  const found = batch.partitionLeaderEpoch(buf, pos);
  if (epoch >= 0 && found !== epoch) return `epoch ${found} where ${epoch} was due`;
  return followChain(chain, buf, pos);
}

/** Takes the batch at `pos` into the chain by its header alone: one that is not served but stepped over. */
export function followChain(chain: Chain, buf: Buffer, pos: number): string {
  const offset = batch.baseOffset(buf, pos);
  const { expectedOffset, anchorLastOffset } = chain;
  const follows = chain.isSparse ? offset >= expectedOffset : offset === expectedOffset;
  if (expectedOffset >= 0 && !follows) return `offset ${offset} where ${expectedOffset} was due`;
  if (anchorLastOffset >= 0 && batch.lastOffset(buf, pos) !== anchorLastOffset) {
    return `a batch that ends with ${batch.lastOffset(buf, pos)} where the index names ${anchorLastOffset}`;
  }
  chain.expectedOffset = batch.nextOffset(buf, pos);
  chain.anchorLastOffset = -1;
  return '';
}
