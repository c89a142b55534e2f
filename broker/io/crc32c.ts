import { crc32c as nativeCrc32c } from '@node-rs/crc32';

const POLYNOMIAL = 0x82f6_3b78; // Castagnoli, bits reversed

/**
 * From this many bytes on the native code wins: its call costs 150 ns and a view, then it runs at 6 GB/s; the tables
 * below cost nothing to call and run at 1.3 GB/s. Measured on Node 26: 256 bytes 209 ns either way, 512 bytes 399 ns
 * here and 253 ns there. 512 and not 256, because each view is also work for the garbage collector.
 */
const NATIVE_FROM_BYTES = 512;

/** Table k holds the CRC of each byte value followed by k zero bytes ("slicing by 8"). */
function makeTables(): Int32Array[] {
  const tables: Int32Array[] = [];
  let before = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
  const first = before;
  for (let k = 0; k < 8; k++) {
    tables.push(before);
    before = before.map((crc) => (crc >>> 8) ^ (first[crc & 0xff] ?? 0));
  }
  return tables;
}

const NONE = new Int32Array(256);
const [t0 = NONE, t1 = NONE, t2 = NONE, t3 = NONE, t4 = NONE, t5 = NONE, t6 = NONE, t7 = NONE] = makeTables();

function tableCrc32c(bytes: Uint8Array, start: number, end: number, before: number): number {
  let crc = ~before;
  let i = start;
  // Indexes are in range by the loops' bounds; `?? 0` only satisfies the type and costs nothing (measured).
  for (const last = end - 7; i < last; i += 8) {
    crc ^= (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24);
    crc =
      (t7[crc & 0xff] ?? 0) ^
      (t6[(crc >>> 8) & 0xff] ?? 0) ^
      (t5[(crc >>> 16) & 0xff] ?? 0) ^
      (t4[crc >>> 24] ?? 0) ^
      (t3[bytes[i + 4] ?? 0] ?? 0) ^
      (t2[bytes[i + 5] ?? 0] ?? 0) ^
      (t1[bytes[i + 6] ?? 0] ?? 0) ^
      (t0[bytes[i + 7] ?? 0] ?? 0);
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}

/** CRC-32C of `bytes[start, end)`: native for larger ranges, tables for small ones. Implements `Crc32c`. */
export function crc32c(bytes: Uint8Array, start: number, end: number, before = 0): number {
  if (end - start < NATIVE_FROM_BYTES) return tableCrc32c(bytes, start, end, before);
  return nativeCrc32c(bytes.subarray(start, end), before);
}
