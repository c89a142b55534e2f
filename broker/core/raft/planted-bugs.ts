/** Mistakes that tests plant to see them caught (STYLE.md, Teeth); nothing but tests hands in a set that is not empty. */
export type RaftBug =
  /** A second candidate of a term gets a vote, too: V2. */
  | 'votes-twice'
  /** Messages do not wait for what they stand on: V2, V10. */
  | 'answers-unsynced'
  /** An entry of an earlier term is committed by counting: V7, Raft §5.4.2. */
  | 'commits-old-term'
  /** Campaigns begin with a vote: V1. */
  | 'no-pre-vote'
  /** A voter that hears of its leader votes against it: V1, V2. */
  | 'ignores-contact'
  /** A voter whose log is damaged votes: V10. */
  | 'damaged-votes'
  /** A leader counts what it has not synced: V10. */
  | 'counts-unsynced'
  /** Voters change again before the last change is committed: V7. */
  | 'two-changes'
  /** Who is to take over is asked before it has the whole log: V5. */
  | 'transfers-early'
  /** Reads are answered without a word of the others. */
  | 'stale-reads'
  /** A vote goes to a log that lacks what may be committed: Raft §5.4.1. */
  | 'votes-for-stale-log';

/** A set of planted bugs. */
export type RaftBugs = ReadonlySet<RaftBug>;

/** What production runs with. */
export const NO_RAFT_BUGS: RaftBugs = new Set();
