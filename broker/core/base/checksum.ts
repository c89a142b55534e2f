/**
 * CRC-32C (Castagnoli) of `bytes[start, end)` as an unsigned 32-bit integer; with `before`, the CRC of the bytes in front
 * of them, that of both together. Handed into cores, which hold no native code.
 */
export type Crc32c = (bytes: Uint8Array, start: number, end: number, before?: number) => number;
