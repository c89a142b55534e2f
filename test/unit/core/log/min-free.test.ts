import { expect, test } from '@jest/globals';
import { minFreeBytes } from '../../../../broker/core/log/min-free.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

test.each([
  [64 * MIB, 16 * MIB],
  [512 * MIB, 128 * MIB],
  [1 * GIB, 256 * MIB],
  [4 * GIB, 256 * MIB],
  [5 * GIB, 256 * MIB],
  [100 * GIB, 5 * GIB],
])('of %i bytes, %i stay free by themselves', (total, free) => {
  expect(minFreeBytes(-1, total)).toBe(free);
});

test('a number of bytes is taken as it is', () => {
  expect(minFreeBytes(0, GIB)).toBe(0);
  expect(minFreeBytes(7, GIB)).toBe(7);
});
