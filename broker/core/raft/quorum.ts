import { isSame, keyOf, type ReplicaKey } from './types.ts';

/** How many of so many voters are a majority. */
export function majorityOf(voterCount: number): number {
  return Math.floor(voterCount / 2) + 1;
}

/** True when `voters` has the replica, with this disk. */
export function hasVoter(voters: readonly ReplicaKey[], replica: ReplicaKey): boolean {
  return voters.some((voter) => isSame(voter, replica));
}

/** The largest value that a majority of the voters has reached; −∞ without voters. */
export function reachedByMajority(voters: readonly ReplicaKey[], valueOf: (voter: ReplicaKey) => number): number {
  const values = voters.map(valueOf).toSorted((a, b) => b - a);
  return values[majorityOf(voters.length) - 1] ?? Number.NEGATIVE_INFINITY;
}

/** What the votes so far decide. Only voters of the set count, each (node, disk) once (V6). */
export function tally(voters: readonly ReplicaKey[], votes: ReadonlyMap<string, boolean>): 'won' | 'lost' | 'open' {
  let granted = 0;
  let refused = 0;
  for (const voter of voters) {
    const vote = votes.get(keyOf(voter));
    if (vote === true) granted += 1;
    else if (vote === false) refused += 1;
  }
  const needed = majorityOf(voters.length);
  if (voters.length > 0 && granted >= needed) return 'won';
  return refused > voters.length - needed ? 'lost' : 'open';
}
