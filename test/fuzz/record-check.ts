import { gunzipSync, zstdDecompressSync } from 'node:zlib';

const HEADER = 61;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** What was found in record batches: how many, and what is wrong with the first bad one; '' when nothing is. */
export interface RecordsFound {
  readonly batches: number;
  readonly records: number;
  readonly nextOffset: number;
  readonly problem: string;
}

/**
 * Walks record batches as a consumer must be able to read them: lengths, CRC, offsets without gaps, every record whole.
 * Written apart from the product's own walk. The insides of gzip and zstd are read, those of lz4 and snappy are not.
 */
export function checkRecords(bytes: Buffer, firstOffset: number): RecordsFound {
  let at = 0;
  let batches = 0;
  let records = 0;
  let nextOffset = firstOffset;
  const result = (problem: string): RecordsFound => ({ batches, records, nextOffset, problem });
  while (at < bytes.length) {
    const where = `batch at ${at}, offset ${nextOffset}`;
    if (bytes.length - at < HEADER) return result(`${where}: cut off`);
    const size = bytes.readInt32BE(at + 8) + 12;
    if (size < HEADER || at + size > bytes.length) return result(`${where}: size ${size}`);
    const one = bytes.subarray(at, at + size);
    const problem = checkBatch(one, nextOffset);
    if (problem !== '') return result(`${where}: ${problem}`);
    batches += 1;
    records += one.readInt32BE(57);
    nextOffset += one.readInt32BE(23) + 1;
    at += size;
  }
  return result('');
}

function checkBatch(one: Buffer, nextOffset: number): string {
  if (one[16] !== 2) return `magic ${one[16]}`;
  if (crc32c(one.subarray(21)) !== one.readUInt32BE(17)) return 'CRC';
  if (one.readBigInt64BE(0) !== BigInt(nextOffset)) return `base offset ${one.readBigInt64BE(0)}`;
  const count = one.readInt32BE(57);
  if (count < 1 || one.readInt32BE(23) !== count - 1)
    return `${count} records, last offset delta ${one.readInt32BE(23)}`;
  const codec = one.readInt16BE(21) & 7;
  if (codec === 2 || codec === 3) return '';
  const payload = one.subarray(HEADER);
  const plain = codec === 1 ? gunzipSync(payload) : codec === 4 ? zstdDecompressSync(payload) : payload;
  return codec > 4 ? `codec ${codec}` : checkPlain(plain, count);
}

function checkPlain(plain: Buffer, count: number): string {
  let at = 0;
  const varint = (): number => {
    let raw = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = plain[at];
      if (byte === undefined || shift > 63n) throw new RangeError('varint');
      at += 1;
      raw |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number((raw >> 1n) ^ -(raw & 1n));
    }
  };
  const skip = (isNullable: boolean): void => {
    const length = varint();
    if (length < (isNullable ? -1 : 0)) throw new RangeError(`length ${length}`);
    at += Math.max(0, length);
  };
  for (let index = 0; index < count; index += 1) {
    try {
      const length = varint();
      const end = at + length;
      at += 1;
      varint();
      if (varint() !== index) return `record ${index}: offset delta`;
      skip(true);
      skip(true);
      const headers = varint();
      if (headers < 0 || headers > plain.length) return `record ${index}: ${headers} headers`;
      for (let left = headers; left > 0; left -= 1) {
        skip(false);
        skip(true);
      }
      if (at !== end || at > plain.length) return `record ${index}: its length`;
    } catch (error) {
      return `record ${index}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return at === plain.length ? '' : `${plain.length - at} bytes behind the records`;
}
