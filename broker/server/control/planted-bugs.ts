/** Mistakes that tests plant to see them caught (STYLE.md, Teeth); nothing but tests hands in a set that is not empty. */
export type ControlBug =
  /** A broker goes on to watch a controller that is cut off from the others (P3). */
  | 'keeps-stale-watch'
  /** A leader of the quorum whose disk hangs goes on leading: F5. */
  | 'keeps-stuck-leader';

/** A set of planted bugs. */
export type ControlBugs = ReadonlySet<ControlBug>;
