import type { PlantedBugs } from '../planted-bugs.ts';
import type { AssignmentProblem } from './assignor.ts';
import { Holdings } from './holdings.ts';

/**
 * Members subscribe to different topics. Every partition that somebody wants gets a member, every member that wants
 * something gets a partition, a partition is shared only where that needs it, and no partition could move to a member
 * with two fewer. Gives per member its partitions.
 */
export function assignBySubscription(problem: AssignmentProblem, bugs: PlantedBugs): number[][] {
  const { candidates, current } = problem;
  const holdings = new Holdings(problem.partitionCount, current);
  const wishes = current.map((): number[] => []);
  candidates.forEach((members, partition) => {
    for (const member of members) wishes[member]?.push(partition);
  });
  coverPartitions(holdings, candidates);
  if (!bugs.has('idle-members')) occupyMembers(holdings, wishes);
  // A move may make a share needless. Dropping one lowers what is handed out in all, so this ends.
  do {
    balance(holdings, candidates, current.length);
  } while (dropNeedlessShares(holdings, current.length));
  return holdings.result();
}

function coverPartitions(holdings: Holdings, candidates: AssignmentProblem['candidates']): void {
  candidates.forEach((members, partition) => {
    if (holdings.holderCount(partition) > 0) return;
    const lightest = lowest(members, (member) => holdings.load(member));
    if (lightest !== undefined) holdings.give(lightest, partition);
  });
}

function occupyMembers(holdings: Holdings, wishes: readonly (readonly number[])[]): void {
  wishes.forEach((partitions, member) => {
    if (holdings.load(member) > 0) return;
    const leastShared = lowest(partitions, (partition) => holdings.holderCount(partition));
    if (leastShared !== undefined) holdings.give(member, leastShared);
  });
}

/**
 * A member with several partitions leaves those to others that have them too; the fullest first. False: nothing to
 * drop.
 */
function dropNeedlessShares(holdings: Holdings, memberCount: number): boolean {
  let dropped = false;
  const members = Array.from({ length: memberCount }, (_, member) => member);
  members.sort((a, b) => holdings.load(b) - holdings.load(a) || a - b);
  for (const member of members) {
    for (const partition of holdings.of(member)) {
      if (holdings.load(member) < 2 || holdings.holderCount(partition) < 2) continue;
      holdings.take(member, partition);
      dropped = true;
    }
  }
  return dropped;
}

/** Each move makes the sum of squared sizes smaller, so it ends. */
function balance(holdings: Holdings, candidates: AssignmentProblem['candidates'], memberCount: number): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (let from = 0; from < memberCount; from += 1) {
      for (const partition of holdings.of(from)) {
        const others = (candidates[partition] ?? []).filter((member) => !holdings.has(member, partition));
        const to = lowest(others, (member) => holdings.load(member));
        if (to === undefined || holdings.load(from) - holdings.load(to) < 2) continue;
        holdings.take(from, partition);
        holdings.give(to, partition);
        moved = true;
      }
    }
  }
}

/** The first of the items with the lowest value. */
function lowest(items: readonly number[], value: (item: number) => number): number | undefined {
  let best: number | undefined;
  let bestValue = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const itemValue = value(item);
    if (itemValue >= bestValue) continue;
    best = item;
    bestValue = itemValue;
  }
  return best;
}
