import { assert } from '../../base/assert.ts';
import type { PlantedBugs } from '../planted-bugs.ts';
import type { AssignmentProblem } from './assignor.ts';
import { Holdings } from './holdings.ts';

/**
 * Every member may have every partition. Then each partition gets exactly `sharing = ⌈members / partitions⌉` members and
 * sizes differ by at most one. Gives per member its partitions.
 */
export function assignEvenly(problem: AssignmentProblem, bugs: PlantedBugs): number[][] {
  const { partitionCount, current } = problem;
  const memberCount = current.length;
  const holdings = new Holdings(partitionCount, current);
  if (partitionCount === 0 || memberCount === 0) return holdings.result();
  const sharing = Math.ceil(memberCount / partitionCount);
  const wanted = wantedSizes(current, sharing * partitionCount);
  if (bugs.has('no-revocation')) return coverOnly(holdings, partitionCount, memberCount);
  revoke(holdings, wanted, sharing, partitionCount);
  fill(holdings, wanted, sharing, partitionCount);
  return holdings.result();
}

/** A planted bug: everybody keeps what it has, what nobody has is dealt out in turn. */
function coverOnly(holdings: Holdings, partitionCount: number, memberCount: number): number[][] {
  for (let partition = 0; partition < partitionCount; partition += 1) {
    if (holdings.holderCount(partition) === 0) holdings.give(partition % memberCount, partition);
  }
  return holdings.result();
}

/** How many partitions each member is to have; who has most now gets what does not divide evenly, so that it stays. */
function wantedSizes(current: readonly (readonly number[])[], total: number): number[] {
  const memberCount = current.length;
  const base = Math.floor(total / memberCount);
  const wanted = new Array<number>(memberCount).fill(base);
  const byLoad = current.map((partitions, member) => ({ member, load: partitions.length }));
  byLoad.sort((a, b) => b.load - a.load || a.member - b.member);
  for (const { member } of byLoad.slice(0, total - base * memberCount)) wanted[member] = base + 1;
  return wanted;
}

/**
 * Takes away what is too much: from members above their size (what is shared too widely first), then from partitions.
 */
function revoke(holdings: Holdings, wanted: readonly number[], sharing: number, partitionCount: number): void {
  wanted.forEach((size, member) => {
    let excess = holdings.load(member) - size;
    if (excess <= 0) return;
    const owned = holdings.of(member).sort((a, b) => b - a);
    const overShared = owned.filter((partition) => holdings.holderCount(partition) > sharing);
    const others = owned.filter((partition) => holdings.holderCount(partition) <= sharing);
    for (const partition of [...overShared, ...others]) {
      if (excess === 0) break;
      holdings.take(member, partition);
      excess -= 1;
    }
  });
  for (let partition = 0; partition < partitionCount; partition += 1) {
    for (let member = wanted.length - 1; holdings.holderCount(partition) > sharing; member -= 1) {
      assert(member >= 0, 'an over-shared partition has holders');
      if (holdings.has(member, partition)) holdings.take(member, partition);
    }
  }
}

function fill(holdings: Holdings, wanted: readonly number[], sharing: number, partitionCount: number): void {
  for (let partition = 0; partition < partitionCount; partition += 1) {
    while (holdings.holderCount(partition) < sharing) {
      const member = neediest(holdings, wanted, partition);
      if (member === -1) exchange(holdings, wanted, partition);
      else holdings.give(member, partition);
    }
  }
}

/** The member that lacks most and does not have the partition yet; −1 when there is none. */
function neediest(holdings: Holdings, wanted: readonly number[], partition: number): number {
  let best = -1;
  let bestLack = 0;
  for (let member = 0; member < wanted.length; member += 1) {
    const lack = (wanted[member] ?? 0) - holdings.load(member);
    if (lack <= bestLack || holdings.has(member, partition)) continue;
    best = member;
    bestLack = lack;
  }
  return best;
}

/**
 * Only members that have the partition already still lack something. So somebody who is full takes it and hands another
 * one over. There is always such a one: sizes wanted differ by at most one, so a full member without the partition
 * can't have a subset of what the lacking one has.
 */
function exchange(holdings: Holdings, wanted: readonly number[], partition: number): void {
  const lacking = wanted.findIndex((size, member) => holdings.load(member) < size);
  assert(lacking >= 0, 'partitions and members lack equally much');
  for (let member = 0; member < wanted.length; member += 1) {
    if (holdings.has(member, partition)) continue;
    const handedOver = holdings.of(member).find((owned) => !holdings.has(lacking, owned));
    if (handedOver === undefined) continue;
    holdings.take(member, handedOver);
    holdings.give(lacking, handedOver);
    holdings.give(member, partition);
    return;
  }
  assert(false, 'a full member can hand something over');
}
