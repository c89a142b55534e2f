/**
 * Ways to break a group shard on purpose. Tests switch one on and demand that their checker notices (STYLE.md, Teeth);
 * nothing but tests hands in a set that is not empty.
 */
export type PlantedBug =
  /** A member's epoch is changed without a record: C1. */
  | 'epoch-unrecorded'
  /** SyncGroup calls that a rebalance interrupts are forgotten: C2. */
  | 'interrupted-sync-forgotten'
  /** Partitions are assigned before they have share state: C6. */
  | 'state-unawaited'
  /** Share state that could not be set up is not tried again: C7. */
  | 'state-not-retried'
  /** Partitions that a known topic gets begin where the reset says, maybe behind records: C15. */
  | 'new-partition-at-latest'
  /** Members keep what is too much for them: C8. */
  | 'no-revocation'
  /** A member with nothing is left with nothing: C9. */
  | 'idle-members';

/** A set of planted bugs. */
export type PlantedBugs = ReadonlySet<PlantedBug>;

/** What production runs with. */
export const NO_BUGS: PlantedBugs = new Set();
