/** Mistakes that tests plant to see them caught (STYLE.md, Teeth); nothing but tests hands in a set that is not empty. */
export type MetadataBug =
  /** A broker that comes back with an empty disk stays eligible: D4 (b). */
  | 'keeps-elr-on-empty-disk'
  /** A broker that restarts leads on in the epoch of its earlier incarnation: D5. */
  | 'reuses-epoch'
  /** A broker that was registered anew still leads: D5. */
  | 'keeps-stale-leader'
  /** A broker that was registered anew is in sync as before where it does not lead: D4. */
  | 'keeps-stale-isr'
  /** A broker that did not stop cleanly stays eligible where nothing has to be synced: D4 (a). */
  | 'keeps-elr-unclean'
  /** A broker whose disk hangs goes on leading, and in sync: F5. */
  | 'keeps-slow-leader'
  /** A broker whose disk hangs joins the ISR: F5. */
  | 'lets-slow-join'
  /** A broker whose log is found damaged goes on leading, and in sync: D7. */
  | 'keeps-damaged'
  /** A reassignment ends with the first of the new replicas that is in sync. */
  | 'drops-below-min-isr';

/** A set of planted bugs. */
export type MetadataBugs = ReadonlySet<MetadataBug>;

/** What production runs with. */
export const NO_METADATA_BUGS: MetadataBugs = new Set();
