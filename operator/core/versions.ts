import type { Standing } from './conditions.ts';

const VERSION = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;
const NUMBER = /^\d+$/;

/** How two versions compare, by the rules of Semantic Versioning: below 0 when the first is the older. Null where one is no version. */
export function compareVersions(a: string, b: string): number | null {
  const [left, right] = [VERSION.exec(a), VERSION.exec(b)];
  if (left === null || right === null) return null;
  for (const part of [1, 2, 3]) {
    const difference = Number(left[part]) - Number(right[part]);
    if (difference !== 0) return difference;
  }
  const [before, after] = [left[4], right[4]];
  // What comes before a version is older than it.
  if (before === undefined || after === undefined) return Number(before === undefined) - Number(after === undefined);
  return compareParts(before.split('.'), after.split('.'));
}

function compareParts(left: readonly string[], right: readonly string[]): number {
  for (const [at, part] of left.entries()) {
    const other = right[at];
    if (other === undefined) return 1;
    if (part === other) continue;
    const [isNumber, isOtherNumber] = [NUMBER.test(part), NUMBER.test(other)];
    if (isNumber && isOtherNumber) return Number(part) - Number(other);
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return part < other ? -1 : 1;
  }
  return left.length - right.length;
}

/**
 * Why an operator of version `own` does nothing about a Cluster in whose status one of version `seen` stands (O17): what a later one has
 * begun an earlier one does not know. Null where it may act, as it may where a version can't be read.
 */
export function tooOld(own: string, seen: string | null): Standing | null {
  if (seen === null || (compareVersions(own, seen) ?? 0) >= 0) return null;
  const message = `an operator of version ${seen} has been here, and this one is ${own}: it does nothing; run ${seen} or a later one`;
  return { kind: 'stalled', reason: 'OperatorTooOld', message };
}
