import type { FaultKind } from './plan.ts';

/** What has to be true of a cluster, by the names that checkers use. */
export const PROMISES = {
  Q1: 'a term has one leader',
  Q2: 'what the quorum committed is in every later log',
  Q3: 'nobody is helped against a leader that is heard, or asks for votes without a pre-vote',
  Q4: 'voters change one at a time',
  V5: 'leadership is handed to who has the whole log',
  V7: 'what an earlier leader appended is committed through an own entry only',
  M3: 'nodes are told the same, and are equal at equal offsets',
  E1: 'epochs of brokers and leaders only rise',
  E2: 'a broker with a stale epoch is never let in',
  C: 'values of a setting have one order, and the last one stays',
  T: 'a topic is created once, seen, deleted, and stays away',
  D1: 'what the active controller says of the quorum goes forward',
  D6: 'what a follower has told its leader of its log holds after a power cut; what it has cut does not come back',
  F5: 'a broker whose disk hangs leads nothing, and is in sync nowhere, where others can be',
  V11: 'a node refuses the disk of another; an empty disk gets no vote by itself',
  A: 'while a minority of controllers does not hear the others, whoever reaches those makes changes and sees them',
  Q5: 'a replica is in the ISR or in the ELR, who leads is in sync, and who comes back counts only with what it surely has',
  L1: 'records that were acknowledged or read stay at their offsets, while one disk at a time is lost and there are others',
  L2: 'nothing is read that nobody sent, or that certainly was not stored',
  L3: 'records of an idempotent producer are there once, in order',
  L4: 'offsets are dense',
  L5: 'in a leader epoch high watermark and log start go forward, and nothing above is given out',
  L6: 'leader epochs of records rise, and end where the next one begins',
  S0: 'who does not lead a partition any more hands none of its records to share groups, but for a lease',
  S1: 'within a leader epoch a record has one owner at a time',
  S2: 'delivery counts rise within a leader epoch, keep the limit, and never fall behind what a release kept',
  S3: 'what was accepted is not delivered again, whoever leads and coordinates',
  S4: 'what was rejected is not delivered again, and what died leaves a dead letter where its group wants one',
  S6: 'every record is finished in the end, or was delivered as often as its group allows',
  S8: 'nobody acknowledges what he does not hold',
  S9: 'the start offset of a share partition never goes back',
  L: 'when everything works again there is a leader, every broker is let in, and changes are made',
} as const;

/** The name of a promise. */
export type Claim = keyof typeof PROMISES;

/**
 * Under which faults a promise is not claimed, with the reason; under all others it is, in any mixture. Disks that lose what
 * was synced (`lost-sync` before power goes, `rot`, `wipe`) strike less than half of the voters at a time, and lost syncs and rot
 * never the same cluster: Raft cannot do without a majority that remembers.
 */
export const NOT_CLAIMED: Readonly<Partial<Record<Claim, Readonly<Partial<Record<FaultKind, string>>>>>> = {};

/** Whether a promise holds in a world with these faults. */
export function isClaimed(promise: Claim, swarm: readonly FaultKind[]): boolean {
  const exceptions = NOT_CLAIMED[promise] ?? {};
  return swarm.every((kind) => exceptions[kind] === undefined);
}

/** The promise that a finding is about, by its first word. */
export function promiseOf(finding: string): Claim {
  const name = finding.split(':')[0] ?? '';
  const exact = Object.keys(PROMISES).find((promise) => promise === name);
  // C1, C2, T1 … belong to one promise each.
  return (exact ?? name.slice(0, 1)) as Claim;
}

/** The table of promises and faults, as text. */
export function promiseTable(kinds: readonly FaultKind[]): string {
  const width = Math.max(...kinds.map((kind) => kind.length));
  const names = Object.keys(PROMISES) as Claim[];
  const rows = kinds.map((kind) => {
    const marks = names.map((name) => (isClaimed(name, [kind]) ? '+' : '-').padStart(name.length));
    return `${kind.padEnd(width)}  ${marks.join(' ')}`;
  });
  const legend = names.map((name) => `${name}: ${PROMISES[name]}`);
  const reasons = names.flatMap((name) =>
    Object.entries(NOT_CLAIMED[name] ?? {}).map(([kind, reason]) => `${name} not under ${kind}: ${reason}`),
  );
  return [`${''.padEnd(width)}  ${names.join(' ')}`, ...rows, '', ...legend, '', ...reasons].join('\n');
}
