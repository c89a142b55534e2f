/**
 * Ways to break the cleaner on purpose. Tests switch one on and demand that their checker notices (STYLE.md, Teeth);
 * nothing but tests hands in a set that is not empty.
 */
export type CleanerBug =
  /** The rewritten segment takes the old ones' place before it is durable: D13. */
  | 'swap-unsynced'
  /** A tombstone goes at its first cleaning: D13. */
  | 'tombstone-dropped-early'
  /** What is not committed is cleaned: D13. */
  | 'cleans-above-watermark'
  /** A full map forgets the keys that don't fit, and the range counts as clean. */
  | 'map-overflow-ignored';

/** A set of planted bugs. */
export type CleanerBugs = ReadonlySet<CleanerBug>;

/** What production runs with. */
export const NO_CLEANER_BUGS: CleanerBugs = new Set();

/** Mistakes that tests plant to see them caught; never set otherwise. */
export interface PlantedLogBugs {
  /** Batches are served from disk without a look at their CRC and epoch. */
  readonly unchecked: boolean;
  /** A log found damaged in use is not written down as such. */
  readonly forgetsDamage: boolean;
  /** Index entries are taken for true. */
  readonly trustsIndexes: boolean;
  /** A log that is cut is not synced: D6. */
  readonly cutsUnsynced: boolean;
  /** What is wrong with the journal (D10). */
  readonly journal: JournalBug | null;
}

/** Mistakes of the journal. */
export type JournalBug =
  /** A half is begun anew without a look at the segments of what it holds, which nobody has asked to sync. */
  | 'reused-early'
  /** What was asked for is called durable when it is written, not synced. */
  | 'answers-early'
  /** A start does not write again what it holds. */
  | 'not-replayed'
  /** A log that is cut is not forgotten. */
  | 'remembers-cut';

/** What holds outside of tests. */
export const NO_LOG_BUGS: PlantedLogBugs = {
  unchecked: false,
  forgetsDamage: false,
  trustsIndexes: false,
  cutsUnsynced: false,
  journal: null,
};
