import type { Observation } from './history.ts';

/** C1: a group's offset is the last one whose commit was confirmed, or one that was tried after it. */
export function checkCommits(history: readonly Observation[]): string[] {
  const allowed = new Map<string, number[]>();
  const problems: string[] = [];
  for (const one of history) {
    if (one.kind !== 'commit' && one.kind !== 'committed') continue;
    const key = `${one.group} ${one.topic}-${one.partition}`;
    const offsets = allowed.get(key) ?? [-1];
    if (one.kind === 'commit') allowed.set(key, one.confirmed ? [one.offset] : [...offsets, one.offset]);
    else if (!offsets.includes(one.offset)) {
      problems.push(`C1: the offset of ${key} is ${one.offset}, ${offsets.join(' or ')} was committed`);
    }
  }
  return problems;
}
