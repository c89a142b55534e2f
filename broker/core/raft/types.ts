/** Who takes part: a node, and the disk it does so with. An exchanged or wiped disk is another replica (V6, KIP-853). */
export interface ReplicaKey {
  /** `node.id`. */
  readonly id: number;
  /** Id of its data directory, as `meta.properties` has it. */
  readonly directoryId: string;
}

/** Position in the log: 1, 2, 3 … without a gap; 0 is before the first entry. */
export type LogIndex = number;
/** Number of a leadership, rising; 0 before the first. */
export type Term = number;

/** The place of an entry: entries of one place are the same entry (log matching). */
export interface LogPlace {
  readonly index: LogIndex;
  readonly term: Term;
}

/** What an entry is about. */
export type EntryBody =
  /** Nothing: a leader's first entry, through which it commits those of earlier terms (V7, Raft §8). */
  | { readonly kind: 'no-op' }
  /** A batch of the state machine. */
  | { readonly kind: 'batch'; readonly payload: Uint8Array }
  /** The voters from here on; in force as soon as it is in a log, committed or not (thesis §4.1). */
  | { readonly kind: 'voters'; readonly voters: readonly ReplicaKey[] };

/** One entry of the log. */
export interface Entry extends LogPlace {
  readonly body: EntryBody;
}

/** What has to outlive a crash besides the log; synced before anybody is told (Raft figure 2, V2). */
export interface HardState {
  readonly term: Term;
  /** For whom this replica voted in `term`. */
  readonly votedFor: ReplicaKey | null;
  /**
   * The log is known to have lost something up to here (V10); 0 when it has not. Until a leader has brought it past this index
   * such a voter does not count, not even for itself, and votes only for whose log goes at least as far.
   */
  readonly damagedUpTo: LogIndex;
  /** No entry that was lost has a later term. */
  readonly damagedTerm: Term;
}

/** State that stands for all entries up to its place. */
export interface SnapshotMeta {
  readonly place: LogPlace;
  /** The voters at that place. */
  readonly voters: readonly ReplicaKey[];
  readonly sizeInBytes: number;
}

interface MessageHead {
  readonly from: ReplicaKey;
  readonly to: ReplicaKey;
  /** Of the sender; in a pre-vote the term that it would have. */
  readonly term: Term;
}

/** "Would you vote for me in this term?" Changes nothing at the receiver (V1). */
export interface PreVoteRequest extends MessageHead {
  readonly kind: 'pre-vote';
  /** The end of the asker's log. */
  readonly last: LogPlace;
}

/** The answer; `term` is the receiver's own. */
export interface PreVoteResponse extends MessageHead {
  readonly kind: 'pre-vote-response';
  /** The term that was asked for. */
  readonly askedTerm: Term;
  readonly isGranted: boolean;
}

/** "Vote for me in this term." */
export interface VoteRequest extends MessageHead {
  readonly kind: 'vote';
  readonly last: LogPlace;
  /** The leader itself asked for this election (V5): its contact is no reason to refuse. */
  readonly isTransfer: boolean;
}

/** The answer, after the vote is synced. */
export interface VoteResponse extends MessageHead {
  readonly kind: 'vote-response';
  readonly isGranted: boolean;
}

/** Entries behind a place; without entries a heartbeat. */
export interface AppendRequest extends MessageHead {
  readonly kind: 'append';
  /** The entry before the first of `entries`. */
  readonly previous: LogPlace;
  readonly entries: readonly Entry[];
  readonly committedIndex: LogIndex;
  /** Rises with each round of heartbeats: an answer to it proves that the leader was one when it began (thesis §6.4). */
  readonly round: number;
}

/** The answer, after the entries are synced; at once to a heartbeat. */
export interface AppendResponse extends MessageHead {
  readonly kind: 'append-response';
  readonly round: number;
  /**
   * `matched`: the receiver's log is the leader's up to `index`, synced. `diverged`: it has no entry of `previous`'s place; it
   * may have the leader's up to `index`, of which it has `conflictTerm` (0 when it has nothing there).
   */
  readonly outcome: 'matched' | 'diverged';
  readonly index: LogIndex;
  readonly conflictTerm: Term;
  /** The receiver's log is damaged (V10): what it has does not count for commitment. */
  readonly isDamaged: boolean;
}

/** A piece of a snapshot, for a log that ends before the leader's begins. */
export interface SnapshotRequest extends MessageHead {
  readonly kind: 'snapshot';
  readonly meta: SnapshotMeta;
  /** Bytes of the snapshot before this piece. */
  readonly position: number;
  readonly data: Uint8Array;
  readonly round: number;
}

/** The answer, after the piece is synced. */
export interface SnapshotResponse extends MessageHead {
  readonly kind: 'snapshot-response';
  readonly place: LogPlace;
  /** Bytes that the receiver has; `sizeInBytes` when it has taken the snapshot over. */
  readonly position: number;
  readonly round: number;
}

/** "Campaign at once" (thesis §3.10, V5). */
export interface TimeoutNow extends MessageHead {
  readonly kind: 'timeout-now';
}

/** What replicas say to each other. */
export type Message =
  | PreVoteRequest
  | PreVoteResponse
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | SnapshotRequest
  | SnapshotResponse
  | TimeoutNow;

/** What a replica does at the moment. */
export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** What happens to a replica. */
export type Input =
  /** Time went by. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'message'; readonly message: Message }
  /** The write of this number and all before it are synced. */
  | { readonly kind: 'written'; readonly write: number }
  /** To be appended by the leader. */
  | { readonly kind: 'propose'; readonly payload: Uint8Array; readonly tag: number }
  /** Confirms that this replica leads, so that what is committed now may be read (linearizable). */
  | { readonly kind: 'read'; readonly tag: number }
  | { readonly kind: 'add-voter'; readonly voter: ReplicaKey; readonly tag: number }
  | { readonly kind: 'remove-voter'; readonly voter: ReplicaKey; readonly tag: number }
  /**
   * Hand the leadership to a voter, or to the one that is furthest. `isStuck`: what this disk has not synced, and so nobody was
   * sent, is given up for it.
   */
  | { readonly kind: 'transfer'; readonly to: number | null; readonly isStuck?: boolean; readonly tag: number }
  /** The leader's connection closed and its address refuses a new one (V8): its process is gone. */
  | { readonly kind: 'leader-refuses'; readonly leader: ReplicaKey }
  /** The host holds a snapshot of what is committed up to here; the log before it may go. */
  | { readonly kind: 'snapshot-taken'; readonly index: LogIndex; readonly sizeInBytes: number }
  /** The host read the piece of a snapshot that was asked for. */
  | {
      readonly kind: 'piece-read';
      readonly to: ReplicaKey;
      readonly meta: SnapshotMeta;
      readonly position: number;
      readonly data: Uint8Array;
    };

/** Why something was not done. */
export type Refusal =
  /** `leader` is who is known to lead, if anybody. */
  | { readonly reason: 'not-leader'; readonly leader: ReplicaKey | null }
  /** Too much is under way; try again. */
  | { readonly reason: 'busy' }
  /** A change of voters is not committed yet, or no entry of this leader's term is (V7). */
  | { readonly reason: 'pending' }
  | { readonly reason: 'known-voter' }
  | { readonly reason: 'unknown-voter' }
  /** The only voter stays. */
  | { readonly reason: 'last-voter' }
  /** It does not catch up with the log (thesis §4.2.1). */
  | { readonly reason: 'too-slow' }
  /** The leadership ended meanwhile: the change may be made or not. */
  | { readonly reason: 'unknown-outcome' };

/** What is to be done, in the order in which it was given out. */
export type Effect =
  /**
   * Make this durable, after all writes before it: cut the log at `truncateFrom`, append `entries`, keep `hardState`; answer
   * with `written`. Absent parts stay as they are.
   */
  | {
      readonly kind: 'write';
      readonly write: number;
      readonly truncateFrom?: LogIndex;
      readonly entries?: readonly Entry[];
      readonly hardState?: HardState;
    }
  /** Make a piece of a snapshot durable; the last one takes the place of the whole log. Answered with `written` too. */
  | {
      readonly kind: 'write-snapshot';
      readonly write: number;
      readonly meta: SnapshotMeta;
      readonly position: number;
      readonly data: Uint8Array;
      readonly isLast: boolean;
    }
  /** Send, but not before the write of this number is synced; 0: at once. A message may be lost. */
  | { readonly kind: 'send'; readonly message: Message; readonly afterWrite: number }
  /** Read a piece of the latest snapshot for a follower; answer with `piece-read`, or not at all if it is another by now. */
  | { readonly kind: 'read-piece'; readonly to: ReplicaKey; readonly meta: SnapshotMeta; readonly position: number }
  /** Entries up to here are committed: they may be applied. Independent of all writes. */
  | { readonly kind: 'committed'; readonly index: LogIndex }
  /** Apply this snapshot in place of everything before. */
  | { readonly kind: 'restore'; readonly meta: SnapshotMeta }
  /** A role, term or leader changed. */
  | { readonly kind: 'became'; readonly role: Role; readonly term: Term; readonly leader: ReplicaKey | null }
  /** A proposal has this place; it is made when that is committed. */
  | { readonly kind: 'proposed'; readonly tag: number; readonly place: LogPlace }
  /** State up to this index shows everything that was committed when the read was asked. */
  | { readonly kind: 'readable'; readonly tag: number; readonly index: LogIndex }
  /** A change of voters or a transfer is done. */
  | { readonly kind: 'done'; readonly tag: number }
  | { readonly kind: 'refused'; readonly tag: number; readonly refusal: Refusal };

/** True when both are the same replica: node and disk. */
export function isSame(a: ReplicaKey | null, b: ReplicaKey | null): boolean {
  return a !== null && b !== null && a.id === b.id && a.directoryId === b.directoryId;
}

/** A text for a replica, for maps. */
export function keyOf(replica: ReplicaKey): string {
  return `${replica.id}/${replica.directoryId}`;
}
