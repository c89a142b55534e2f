import type { Buffer } from 'node:buffer';
import * as fs from 'node:fs';

/** Reads from `position` until `into` is full or the file ends; `filled` bytes are there already. */
export function readFully(
  fd: number,
  position: number,
  into: Buffer,
  filled: number,
  done: (error: Error | null, bytes: Uint8Array | undefined) => void,
): void {
  if (filled === into.length) {
    done(null, into);
    return;
  }
  fs.read(fd, into, filled, into.length - filled, position + filled, (error, count) => {
    if (error !== null) done(error, undefined);
    else if (count === 0) done(null, into.subarray(0, filled));
    else readFully(fd, position, into, filled + count, done);
  });
}
