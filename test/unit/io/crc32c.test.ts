import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { crc32c } from '../../../broker/io/crc32c.ts';

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
test.each([
  ['123456789', Buffer.from('123456789'), 0xe3069283],
  ['32 zero bytes', Buffer.alloc(32), 0x8a9136aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ['nothing', Buffer.alloc(0), 0],
])('the CRC of %s is the published one', (_, bytes, expected) => {
  expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
});

/** The definition, bit by bit. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test('tables and native code agree with the definition at every size and alignment around their border', () => {
  const bytes = Buffer.from(Array.from({ length: 2100 }, (_, i) => (i * 167 + (i >> 3)) & 0xff));
  for (const size of [1, 7, 8, 9, 15, 63, 500, 511, 512, 513, 520, 2048]) {
    for (let start = 0; start < 9; start++) {
      expect(crc32c(bytes, start, start + size)).toBe(slowCrc32c(bytes.subarray(start, start + size)));
    }
  }
});

test('the CRC of bytes that follow others is that of both together, in tables and in native code', () => {
  const bytes = Buffer.from(Array.from({ length: 2100 }, (_, i) => (i * 31) & 0xff));
  for (const at of [0, 1, 100, 1500, 2099, 2100]) {
    expect(crc32c(bytes, at, bytes.length, crc32c(bytes, 0, at))).toBe(slowCrc32c(bytes));
  }
});
