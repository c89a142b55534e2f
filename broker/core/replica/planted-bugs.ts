/** Mistakes that tests plant to see them caught (STYLE.md, Teeth); nothing but tests hands in a set that is not empty. */
export type ReplicaBug =
  /** A follower of a new leader cuts its log at its high watermark and looks at no epoch: R11. */
  | 'truncates-to-watermark'
  /** Under fsync a follower tells its leader what it has written and not synced: D6. */
  | 'counts-written'
  /** A leader answers acks=all when it has the record itself: R2. */
  | 'acks-before-isr'
  /** The high watermark moves with fewer members in sync than the minimum: R3. */
  | 'watermark-past-min-isr'
  /** What a leader has written counts as synced there: R2, D2. */
  | 'counts-own-unsynced'
  /** A follower joins the ISR wherever its log ends: R4. */
  | 'joins-early'
  /** A follower tells its leader a log start that is not synced: D9. */
  | 'tells-unsynced-start';

/** A set of planted bugs. */
export type ReplicaBugs = ReadonlySet<ReplicaBug>;

/** What production runs with. */
export const NO_REPLICA_BUGS: ReplicaBugs = new Set();
