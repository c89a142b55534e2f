/** CRC-32C (Castagnoli) of `bytes[start, end)` as an unsigned 32-bit integer. Handed into cores, which hold no native code. */
export type Crc32c = (bytes: Uint8Array, start: number, end: number) => number;
