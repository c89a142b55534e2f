import type { Standing } from './conditions.ts';

const VERSION = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;
const NUMBER = /^\d+$/;
/** What comes before a version is called like this, or numbered. Tags of images have no `+`, so that builds of a version stand behind a hyphen, too. */
const BEFORE = /^(?:\d+$|(?:alpha|beta|canary|dev|next|nightly|pre|preview|rc|snapshot)(?![a-z]))/i;

/**
 * How two versions compare, by the rules of Semantic Versioning, but for names of builds such as `1.3.0-corp`, which is 1.3.0: below 0 when
 * the first is the older. Null where one is no version.
 */
export function compareVersions(a: string, b: string): number | null {
  const released = compareReleases(a, b);
  if (released !== 0) return released;
  const [before, after] = [beforeOf(a), beforeOf(b)];
  // What comes before a version is older than it.
  if (before === undefined || after === undefined) return Number(before === undefined) - Number(after === undefined);
  return compareParts(before.split('.'), after.split('.'));
}

/** The same of the releases that they are, or come before: 1.3.0-rc.1 and 1.3.0 are of one. */
export function compareReleases(a: string, b: string): number | null {
  const [left, right] = [VERSION.exec(a), VERSION.exec(b)];
  if (left === null || right === null) return null;
  for (const part of [1, 2, 3]) {
    const difference = Number(left[part]) - Number(right[part]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether nodes may go from one version to the other, either way: by one minor version at most (O17). What is no version may. */
export function isOneStep(a: string, b: string): boolean {
  const [left, right] = [VERSION.exec(a), VERSION.exec(b)];
  if (left === null || right === null) return true;
  if (left[1] === right[1]) return Math.abs(Number(left[2]) - Number(right[2])) <= 1;
  // Which minor version was the last of a major one nobody knows here.
  const [earlier, later] = Number(left[1]) < Number(right[1]) ? [left, right] : [right, left];
  return Number(earlier[1]) + 1 === Number(later[1]) && later[2] === '0';
}

function beforeOf(version: string): string | undefined {
  const text = VERSION.exec(version)?.[4];
  return text !== undefined && BEFORE.test(text) ? text : undefined;
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
