import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import { bufferOf, compressionCodec, HEADER_SIZE, isControl, nextOffset, sizeInBytes } from '../record/batch.ts';
import { checkBatch } from '../record/check.ts';
import { forEachBatch, type ReadRecord, readRecords } from '../record/iterate.ts';
import type { Network } from './network.ts';

/** Most bytes that one compressed batch may grow to. */
export const BATCH_SIZE_MAX = 128 << 20;

/** What a broker's answer held for one partition. */
export interface FetchedRecords {
  /** Data records in the order of offsets; control batches are left out. */
  readonly records: readonly ReadRecord[];
  /** Offset after the last whole batch; −1 when there was none. */
  readonly nextOffset: number;
  /** '' or what is wrong with the first bad batch; nothing behind it was read. */
  readonly problem: string;
}

interface Part {
  readonly pos: number;
  payload: Uint8Array | null;
}

/**
 * Reads the batches of a fetch answer, decompressing outside where needed. `done` is called once, at once when nothing
 * is compressed. A last batch that is cut off is left out, as the protocol allows.
 */
export function readFetched(
  bytes: Uint8Array | null,
  network: Network,
  crc32c: Crc32c,
  done: (fetched: FetchedRecords) => void,
): void {
  const buf = bufferOf(bytes ?? new Uint8Array(0));
  const parts: Part[] = [];
  let problem = '';
  forEachBatch(buf, 0, buf.length, (pos, size) => {
    const fault = checkBatch(buf, pos, pos + size, crc32c);
    if (fault === null) parts.push({ pos, payload: null });
    else problem = `a batch has a bad ${fault}`;
    return fault === null;
  });
  let waiting = 1;
  const finished = (): void => {
    waiting -= 1;
    if (waiting === 0) done(assemble(buf, parts, problem));
  };
  for (const part of parts) {
    const codec = compressionCodec(buf, part.pos);
    if (codec === 0 || isControl(buf, part.pos)) continue;
    if (codec !== 1 && codec !== 2 && codec !== 3 && codec !== 4) continue;
    waiting += 1;
    const body = buf.subarray(part.pos + HEADER_SIZE, part.pos + sizeInBytes(buf, part.pos));
    network.decompress(codec, body, BATCH_SIZE_MAX, (payload) => {
      part.payload = payload;
      finished();
    });
  }
  finished();
}

function assemble(buf: Buffer, parts: readonly Part[], problem: string): FetchedRecords {
  const records: ReadRecord[] = [];
  let next = -1;
  for (const { pos, payload } of parts) {
    if (!isControl(buf, pos)) {
      const compressed = compressionCodec(buf, pos) !== 0;
      const read = compressed && payload === null ? null : readRecords(buf, pos, payload);
      if (read === null) return { records, nextOffset: next, problem: 'a batch could not be read' };
      for (const record of read) records.push(record);
    }
    next = nextOffset(buf, pos);
  }
  return { records, nextOffset: next, problem };
}
