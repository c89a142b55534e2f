import { NO_RAFT_BUGS } from '../../../broker/core/raft/planted-bugs.ts';
import { Raft } from '../../../broker/core/raft/raft.ts';
import type {
  Effect,
  Entry,
  HardState,
  Input,
  Message,
  ReplicaKey,
  SnapshotMeta,
} from '../../../broker/core/raft/types.ts';

type Send = Extract<Effect, { kind: 'send' }>;
type Body<M> = M extends Message ? Omit<M, 'from' | 'to'> : never;

/** A replica's key: a node with the disk that it always had. */
export const key = (id: number): ReplicaKey => ({ id, directoryId: `disk-${id}` });
/** An entry that says nothing. */
export const entry = (index: number, term: number): Entry => ({ index, term, body: { kind: 'no-op' } });

interface Start {
  readonly entries?: readonly Entry[];
  readonly hardState?: Partial<HardState>;
  /** By default 0, 1 and 2. */
  readonly voters?: readonly number[];
  /** By default 0. */
  readonly self?: number;
}

/** One replica of a quorum by itself: the test is all the others, and its disk. Timers run out at their earliest. */
export class OneReplica {
  readonly raft: Raft;
  nowMs = 0;

  constructor(start: Start = {}) {
    const { entries = [], hardState = {}, voters = [0, 1, 2], self = 0 } = start;
    const snapshot: SnapshotMeta = { place: { index: 0, term: 0 }, voters: voters.map(key), sizeInBytes: 0 };
    this.raft = new Raft(
      {
        self: key(self),
        electionTimeoutMs: 600,
        heartbeatIntervalMs: 100,
        random: () => 0,
        uncommittedBytesMax: 1000,
        appendCountMax: 10,
        appendBytesMax: 1000,
        bugs: NO_RAFT_BUGS,
      },
      {
        hardState: { term: entries.at(-1)?.term ?? 0, votedFor: null, damagedUpTo: 0, damagedTerm: 0, ...hardState },
        snapshot,
        entries,
      },
      0,
    );
  }

  get state(): Raft['state'] {
    return this.raft.state;
  }

  give(input: Input): readonly Effect[] {
    return this.raft.step(input, this.nowMs);
  }

  /** A message of another replica arrives; gives what is sent because of it. */
  hear(from: number, body: Body<Message>): readonly Send[] {
    // The other two fields are there now.
    const message = { ...body, from: key(from), to: this.state.self } as Message;
    return this.give({ kind: 'message', message }).filter((effect) => effect.kind === 'send');
  }

  /** Everything that was written is synced. */
  sync(): void {
    this.give({ kind: 'written', write: this.state.writeCount });
  }

  /** The election timer runs out. */
  timeout(): void {
    this.nowMs = Math.max(this.nowMs, this.state.electionAtMs);
    this.give({ kind: 'tick' });
  }

  /** Is elected by replica 1. */
  lead(): this {
    this.timeout();
    const asked = this.state.term + 1;
    this.hear(1, { kind: 'pre-vote-response', term: this.state.term, askedTerm: asked, isGranted: true });
    this.sync();
    this.hear(1, { kind: 'vote-response', term: asked, isGranted: true });
    this.sync();
    return this;
  }
}
