import { assert } from '../base/assert.ts';
import type { Leadership } from './roles.ts';
import { RaftLog } from './log.ts';
import type { RaftBugs } from './planted-bugs.ts';
import { hasVoter } from './quorum.ts';
import type { Effect, Entry, HardState, LogIndex, Message, ReplicaKey, Role, SnapshotMeta, Term } from './types.ts';

/** How a replica is set up. Times in ms. */
export interface RaftOptions {
  readonly self: ReplicaKey;
  /** E of SAFETY.md: without a word of a leader for E to 2E a voter campaigns. */
  readonly electionTimeoutMs: number;
  /** A leader is silent for this long at most. */
  readonly heartbeatIntervalMs: number;
  /** A number in [0, 1), drawn anew at each call. */
  readonly random: () => number;
  /** Bytes of entries that are not committed, at most; more is refused as `busy`. */
  readonly uncommittedBytesMax: number;
  /** Entries and bytes of one message, at most (one entry may be larger). */
  readonly appendCountMax: number;
  readonly appendBytesMax: number;
  /** What a test breaks on purpose. */
  readonly bugs: RaftBugs;
}

/** What a replica finds on its disk; all of it synced. */
export interface RaftStart {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta;
  readonly entries: readonly Entry[];
}

/** Votes that a replica asks for. */
export interface Campaign {
  /** By replica: granted or not. */
  readonly votes: Map<string, boolean>;
  /** The write that makes its own vote durable; 0 in a pre-vote, which promises nothing. */
  readonly ownVoteWrite: number;
}

/** First timer of a voter after its start (V9), ms. */
const FIRST_TIMER_MIN_MS = 60;
const FIRST_TIMER_MAX_MS = 300;

/** One replica's Raft state, and what it has to do as a result of the input under way. Changed by the files beside. */
export class RaftState {
  readonly options: RaftOptions;
  readonly log: RaftLog;
  term: Term;
  votedFor: ReplicaKey | null;
  damagedUpTo: LogIndex;
  damagedTerm: Term;
  role: Role = 'follower';
  leader: ReplicaKey | null = null;
  committedIndex: LogIndex;
  /** The latest voters in the log, committed or not (thesis §4.1), and the entry that names them. */
  voters: readonly ReplicaKey[] = [];
  votersIndex: LogIndex = 0;
  /** When a leader of this term was last heard of, ms. */
  contactAtMs = Number.NEGATIVE_INFINITY;
  /** The process of the last leader is known to be gone (V8), and nobody has led since. */
  isLeaderGone = false;
  /** When a campaign begins unless something comes before, ms. */
  electionAtMs: number;
  campaign: Campaign | null = null;
  /** What a leader keeps; null for anybody else. */
  leadership: Leadership | null = null;
  /** The log is the current leader's up to here. */
  matchedIndex: LogIndex = 0;
  /** A snapshot that is coming in, from the leader of which term, and how much of it was taken. */
  incoming: { readonly meta: SnapshotMeta; readonly term: Term; position: number; lastWrite: number } | null = null;
  /** Numbers of the last write given out, of the last that is synced, and of the last with a hard state. */
  writeCount = 0;
  writtenCount = 0;
  hardStateWrite = 0;
  effects: Effect[] = [];
  nowMs: number;

  constructor(options: RaftOptions, start: RaftStart, nowMs: number) {
    this.options = options;
    this.nowMs = nowMs;
    this.log = new RaftLog(start.snapshot, start.entries);
    ({ term: this.term, votedFor: this.votedFor } = start.hardState);
    ({ damagedUpTo: this.damagedUpTo, damagedTerm: this.damagedTerm } = start.hardState);
    assert(this.term >= this.log.last.term, 'a log has no entry of a later term than the hard state');
    this.committedIndex = start.snapshot.place.index;
    this.learnVoters();
    // Alone there is nobody to disturb.
    const isAlone = this.voters.length === 1 && hasVoter(this.voters, options.self);
    const firstTimerMs = FIRST_TIMER_MIN_MS + options.random() * (FIRST_TIMER_MAX_MS - FIRST_TIMER_MIN_MS);
    this.electionAtMs = isAlone ? nowMs : nowMs + firstTimerMs;
  }

  get self(): ReplicaKey {
    return this.options.self;
  }

  get isDamaged(): boolean {
    return this.damagedUpTo > 0;
  }

  /**
   * May ask for votes: it is a voter, or was one before a change that may not be committed: its log may be the only one with
   * which the others can go on (thesis §4.2.2). Its own vote counts only as a voter's, and not with a damaged log (V10).
   */
  get mayCampaign(): boolean {
    if (hasVoter(this.voters, this.self)) return true;
    return (
      this.votersIndex > this.committedIndex && hasVoter(this.log.votersAt(this.votersIndex - 1).voters, this.self)
    );
  }

  /** A leader was heard of within E (SAFETY.md: contact). */
  get hasContact(): boolean {
    return this.nowMs - this.contactAtMs < this.options.electionTimeoutMs;
  }

  /**
   * Starts the election timer anew: E to 2E from now. When the leader is known to be gone there is nobody to wait for, and who
   * campaigned in vain (the others had not heard of it yet, or votes were split) tries again after E/4 to E/2.
   */
  restartElectionTimer(): void {
    const { electionTimeoutMs, random } = this.options;
    const timeoutMs = this.isLeaderGone ? electionTimeoutMs / 4 : electionTimeoutMs;
    this.electionAtMs = this.nowMs + timeoutMs * (1 + random());
  }

  /** The voters are those of the log's last word. */
  learnVoters(): void {
    ({ voters: this.voters, index: this.votersIndex } = this.log.votersAt(this.log.lastIndex));
  }

  /** Gives out a write of the log, of the hard state, or of both. */
  write(parts: {
    readonly truncateFrom?: LogIndex;
    readonly entries?: readonly Entry[];
    readonly hardState?: true;
  }): number {
    this.writeCount += 1;
    const { term, votedFor, damagedUpTo, damagedTerm } = this;
    const { truncateFrom, entries } = parts;
    if (truncateFrom !== undefined) this.log.truncateFrom(truncateFrom);
    if (entries !== undefined) this.log.append(entries, this.writeCount);
    if (truncateFrom !== undefined || entries !== undefined) this.learnVoters();
    if (parts.hardState) this.hardStateWrite = this.writeCount;
    this.effects.push({
      kind: 'write',
      write: this.writeCount,
      ...(truncateFrom === undefined ? {} : { truncateFrom }),
      ...(entries === undefined ? {} : { entries }),
      ...(parts.hardState ? { hardState: { term, votedFor, damagedUpTo, damagedTerm } } : {}),
    });
    return this.writeCount;
  }

  /**
   * Sends a message, after a write and in any case after the hard state that it stands on: nobody acts in a term that a crash
   * could take back.
   */
  send(message: Message, afterWrite = 0): void {
    const needed = this.options.bugs.has('answers-unsynced') ? 0 : Math.max(afterWrite, this.hardStateWrite);
    this.effects.push({ kind: 'send', message, afterWrite: needed > this.writtenCount ? needed : 0 });
  }

  /** Tells of a role, term or leader that is new. */
  became(role: Role, leader: ReplicaKey | null): void {
    this.role = role;
    this.leader = leader;
    this.effects.push({ kind: 'became', role, term: this.term, leader });
  }

  /** Entries up to here are committed. */
  commit(index: LogIndex): void {
    if (index <= this.committedIndex) return;
    assert(index <= this.log.lastIndex, 'what is committed is in the log');
    this.committedIndex = index;
    this.effects.push({ kind: 'committed', index });
  }

  /** One line that says all. */
  describe(): string {
    const { log, votedFor, leader } = this;
    const parts = [
      `${this.role} term ${this.term}`,
      `vote ${votedFor === null ? '-' : votedFor.id}`,
      `leader ${leader === null ? '-' : leader.id}`,
      `log ${log.snapshot.place.index}..${log.lastIndex}@${log.last.term}`,
      `durable ${log.durableIndex}`,
      `committed ${this.committedIndex}`,
      `voters ${this.voters.map(({ id }) => id).join(',')}`,
    ];
    if (this.isDamaged) parts.push(`damaged up to ${this.damagedUpTo}`);
    return parts.join(', ');
  }
}
