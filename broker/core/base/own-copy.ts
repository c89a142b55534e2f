import { Buffer } from 'node:buffer';

/**
 * The bytes in memory of their own, for what is kept: `Buffer.from` and `Buffer.concat` take what is below 32 KiB out of
 * blocks of 64 KiB, each of which stays as long as anything in it does.
 */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.alloc(bytes.length);
  copy.set(bytes);
  return copy;
}
