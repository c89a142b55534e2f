const MIB = 1024 * 1024;
const PART = 0.05;
const BYTES_MIN = 256 * MIB;
const PART_MAX = 0.25;

/**
 * Bytes of a file system of `totalBytes` that client records leave free (D11). `setting` is `weir.disk.min.free`: a number
 * of bytes, or −1 for 5 % and at least 256 MiB, but never more than a quarter, so that small volumes can be used too.
 */
export function minFreeBytes(setting: number, totalBytes: number): number {
  if (setting >= 0) return setting;
  return Math.floor(Math.min(Math.max(totalBytes * PART, BYTES_MIN), totalBytes * PART_MAX));
}
