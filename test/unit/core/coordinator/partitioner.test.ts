import { describe, expect, test } from '@jest/globals';
import { javaHashCode, partitionForKey } from '../../../../broker/core/coordinator/partitioner.ts';

describe('the partition of a key', () => {
  test('hashes as Java does', () => {
    expect(javaHashCode('')).toBe(0);
    expect(javaHashCode('hello')).toBe(99_162_322);
    expect(javaHashCode('console-consumer-12345')).toBe(javaLong('console-consumer-12345'));
    expect(javaHashCode('Grüße 𝄞')).toBe(javaLong('Grüße 𝄞'));
    expect(javaHashCode('polygenelubricants')).toBe(-2_147_483_648);
  });

  test('is never negative, also for the hash that has no absolute value', () => {
    expect(partitionForKey('polygenelubricants', 50)).toBe(0);
    expect(partitionForKey('hello', 50)).toBe(22);
    for (let index = 0; index < 1_000; index += 1) {
      const partition = partitionForKey(`group-${index}`, 50);
      expect(partition).toBeGreaterThanOrEqual(0);
      expect(partition).toBeLessThan(50);
    }
  });
});

/** The definition, in unlimited integers. */
function javaLong(text: string): number {
  let hash = 0n;
  for (let index = 0; index < text.length; index += 1)
    hash = BigInt.asIntN(32, hash * 31n + BigInt(text.charCodeAt(index)));
  return Number(hash);
}
