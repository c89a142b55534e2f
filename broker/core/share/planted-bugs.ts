/**
 * Ways to break a share-partition on purpose. Tests switch one on and demand that their checker notices (STYLE.md, Teeth);
 * nothing but tests hands in a set that is not empty.
 */
export type PlantedBug =
  /** Any member may acknowledge: S8. */
  | 'owner-unchecked'
  /** Only the first batch of a request is judged: S7. */
  | 'first-batch-judged'
  /** An acknowledgement is answered before its write is committed: S0, S3. */
  | 'answer-before-commit'
  /** Redelivery does not count: S2. */
  | 'count-stands-still'
  /** A record comes back however often it was delivered: S2. */
  | 'no-delivery-limit'
  /** A failed write counts as committed: S3, S5. */
  | 'no-roll-back'
  /** Offsets that were in flight at a crash are taken for finished: S6. */
  | 'gap-skipped'
  /** Locks never end: S6. */
  | 'lock-never-ends'
  /** A renewed lock never ends: S6. */
  | 'renewal-never-ends'
  /** The records at which a request cuts a run stay takeable: S1. */
  | 'cut-taken-twice'
  /** A failed write takes the count back with the records: S2. */
  | 'count-rolled-back'
  /** A record is finished before its dead letter is written: S4. */
  | 'archived-before-letter'
  /** Records that come back wake no fetch: I13. */
  | 'wakes-nobody'
  /** The share coordinator takes what a leader of before writes: I11. */
  | 'stale-leader-accepted'
  /** A leader hands out records without a lease: S0. */
  | 'ignores-lease'
  /** The share coordinator answers before enough replicas have what it wrote: S3. */
  | 'state-answered-early';

/** A set of planted bugs. */
export type PlantedBugs = ReadonlySet<PlantedBug>;

/** What production runs with. */
export const NO_BUGS: PlantedBugs = new Set();
