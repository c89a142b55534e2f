import { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';

const SEAL_SIZE = 'crc32c 00000000\n'.length;

/** Lines of text, the head first, and behind them the CRC-32C of all that precedes it. */
export function sealText(lines: readonly string[], crc32c: Crc32c): Buffer {
  const body = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const crc = crc32c(body, 0, body.length).toString(16).padStart(8, '0');
  return Buffer.concat([body, Buffer.from(`crc32c ${crc}\n`)]);
}

/** The lines behind the head; null when the seal does not fit or the head is another. */
export function openText(bytes: Uint8Array, head: string, crc32c: Crc32c): string[] | null {
  const lines = unseal(bytes, crc32c);
  return lines?.shift() === head ? lines : null;
}

/**
 * The version that a sealed text names in its head, when that has the same name as `head` and another version behind it;
 * null otherwise, and when the seal does not fit.
 */
export function otherVersion(bytes: Uint8Array, head: string, crc32c: Crc32c): string | null {
  const [found = ''] = unseal(bytes, crc32c) ?? [];
  const nameSize = head.lastIndexOf(' ') + 1;
  const isOther = found !== head && found.slice(0, nameSize) === head.slice(0, nameSize);
  return isOther && /^\d{1,9}$/.test(found.slice(nameSize)) ? found.slice(nameSize) : null;
}

function unseal(bytes: Uint8Array, crc32c: Crc32c): string[] | null {
  const buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bodySize = buf.length - SEAL_SIZE;
  if (bodySize <= 0 || buf.toString('latin1', bodySize, bodySize + 7) !== 'crc32c ') return null;
  const crc = crc32c(buf, 0, bodySize).toString(16).padStart(8, '0');
  if (buf.toString('latin1', bodySize + 7, buf.length - 1) !== crc) return null;
  const lines = buf.toString('utf8', 0, bodySize).split('\n');
  return lines.pop() === '' ? lines : null;
}
