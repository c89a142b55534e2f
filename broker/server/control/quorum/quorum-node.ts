import { assert } from '../../../core/base/assert.ts';
import type { Settings } from '../../../core/config/settings.ts';
import type { MetadataCommand } from '../../../core/metadata/commands.ts';
import { MetadataImage } from '../../../core/metadata/image.ts';
import { decodeRecords, encodeRecords, type MetadataRecord } from '../../../core/metadata/records.ts';
import type { MetadataDelta } from '../../../core/metadata/view.ts';
import type { MetadataBugs } from '../../../core/metadata/planted-bugs.ts';
import type { RaftBugs } from '../../../core/raft/planted-bugs.ts';
import { hasVoter } from '../../../core/raft/quorum.ts';
import type { RaftStart } from '../../../core/raft/raft.ts';
import type { Entry, LogIndex, LogPlace, Message, ReplicaKey, Role, Term } from '../../../core/raft/types.ts';
import type { Clock, Timers } from '../../../ports/clock.ts';
import type { Log } from '../../../ports/log.ts';
import type { MetricSample } from '../../../ports/metrics.ts';
import type { Random } from '../../../ports/random.ts';
import { Controller, type SubmitDone } from '../controller.ts';
import { randomId } from '../identity.ts';
import type { RaftStorage } from '../raft-storage.ts';
import { MetadataFeed } from './metadata-feed.ts';
import { type MachineSnapshot, RaftHost } from './raft-host.ts';

/** What a controller works with. */
export interface QuorumNodeDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly settings: Settings;
  readonly self: ReplicaKey;
  readonly clusterId: string;
  readonly storage: RaftStorage;
  readonly send: (message: Message) => void;
  /** The metadata can't be used by this node: it must end (B4). */
  readonly onFatal: (message: string) => void;
  /** Whether a process with this broker id is known to live. */
  readonly isAlive: (brokerId: number) => boolean;
  /** Whether a broker's disk hangs, or did a short while ago (F5). */
  readonly isSlow: (brokerId: number) => boolean;
  /** The active controller decided something, which is not committed yet. */
  readonly onDecided: (delta: MetadataDelta) => void;
  /** Levels of features may have changed in the committed state. */
  readonly onFeatures: () => void;
  /** This node became the active controller, or is it no more (null). */
  readonly onActive: (controller: Controller | null) => void;
  /** What a test breaks on purpose. */
  readonly bugs: RaftBugs;
  readonly metadataBugs: MetadataBugs;
}

/** What was found on the disk. */
export interface QuorumStart {
  readonly raft: RaftStart;
  readonly snapshot: MachineSnapshot | null;
}

/** A leader is silent for this long at most, ms (F2). */
const HEARTBEAT_INTERVAL_MS = 100;
const UNCOMMITTED_BYTES_MAX = 64 * 1024 * 1024;
const APPEND_COUNT_MAX = 1000;
const APPEND_BYTES_MAX = 1024 * 1024;
/** Records of a snapshot that are encoded in one turn (P2). */
const SNAPSHOT_RECORDS_A_TURN = 200;
const UINT32_RANGE = 2 ** 32;

/**
 * One controller: a replica of the metadata log and the state that it adds up to. Every controller has the committed image
 * and feeds whoever watches; the one that leads has, besides, the controller that decides (`active`), from the moment at which
 * everything of earlier terms is committed (V7).
 */
export class QuorumNode {
  readonly #deps: QuorumNodeDeps;
  readonly host: RaftHost;
  readonly feed: MetadataFeed;
  readonly #image = new MetadataImage();
  /** Metadata offset after each applied entry from an index on. */
  readonly #offsets: { firstIndex: LogIndex; values: number[] };
  #active: Controller | null = null;
  #isSnapshotting = false;
  #snapshotWaiters: ((snapshot: MachineSnapshot) => void)[] = [];

  constructor(deps: QuorumNodeDeps, start: QuorumStart) {
    this.#deps = deps;
    const { clock, timers, random, settings, storage, self, send, bugs } = deps;
    if (start.snapshot !== null) this.#image.restore(decodeRecords(start.snapshot.payload), start.snapshot.offset);
    this.#offsets = { firstIndex: start.raft.snapshot.place.index, values: [this.#image.offset] };
    this.feed = new MetadataFeed(this, timers);
    const options = {
      self,
      electionTimeoutMs: settings.broker('controller.quorum.election.timeout.ms'),
      heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
      random: () => random.uint32() / UINT32_RANGE,
      uncommittedBytesMax: UNCOMMITTED_BYTES_MAX,
      appendCountMax: APPEND_COUNT_MAX,
      appendBytesMax: APPEND_BYTES_MAX,
      bugs,
    };
    const machine = {
      committed: (entries: readonly Entry[]) => this.#committed(entries),
      restored: (snapshot: MachineSnapshot, place: LogPlace) => this.#restored(snapshot, place),
      became: (role: Role, term: Term, leader: ReplicaKey | null) => this.#became(role, term, leader),
    };
    this.host = new RaftHost({ clock, timers, storage, send, machine }, options, start.raft);
  }

  /** The committed state; not to be changed. */
  get image(): MetadataImage {
    return this.#image;
  }

  /** Offset of the last committed record; −1 before the first. */
  get offset(): number {
    return this.#image.offset;
  }

  /** Metadata offset of the last record up to an entry; −1 when there is none, or that is not known any more. */
  offsetAt(index: LogIndex): number {
    const { firstIndex, values } = this.#offsets;
    if (index > this.host.appliedIndex) return this.#active?.image.offset ?? this.#image.offset;
    return values[index - firstIndex] ?? -1;
  }

  /** Who leads, as far as is known here; −1: nobody. */
  get controllerId(): number {
    return this.host.state.leader?.id ?? -1;
  }

  /**
   * Whether the quorum followed this leader within a quarter of a session. Then a lease of the other three quarters that is
   * granted now (S0) ends before the whole session that the next controller grants, however soon that is elected.
   */
  get isConfirmed(): boolean {
    const { clock, settings } = this.#deps;
    const silentMs = clock.monotonicMs() - this.host.confirmedAtMs;
    return silentMs < settings.broker('broker.session.timeout.ms') / 4;
  }

  /** Whether this log is kept up to date by a quorum that counts it. */
  get isVoter(): boolean {
    return hasVoter(this.host.state.voters, this.#deps.self);
  }

  /** Set while this node is the active controller. */
  get active(): Controller | null {
    return this.#active;
  }

  /** Decides a command if this node is the active controller. */
  submit(command: MetadataCommand, done: SubmitDone): void {
    if (this.#active === null) done(null, -1);
    else this.#active.submit(command, done);
  }

  /** The committed state as one batch of records, encoded over as many turns as it takes. */
  snapshot(done: (snapshot: MachineSnapshot) => void): void {
    this.#snapshotWaiters.push(done);
    if (this.#snapshotWaiters.length > 1) return;
    // One for all who ask until it is made.
    encodeInTurns(this.#deps.timers, this.#image.clone(), (snapshot) => {
      for (const waiter of this.#snapshotWaiters.splice(0)) waiter(snapshot);
    });
  }

  /** Figures of this replica, by Kafka's and Raft's names. */
  metrics(): readonly MetricSample[] {
    const { term, committedIndex, log, voters, leader, role } = this.host.state;
    const gauge = (name: string, help: string, value: number): MetricSample => ({
      name,
      help,
      type: 'gauge',
      labels: {},
      value,
    });
    return [
      gauge('weir_metadata_committed_index', 'Index of the last committed entry of the metadata log.', committedIndex),
      gauge(
        'weir_metadata_log_bytes',
        'Bytes of metadata log since the last snapshot.',
        this.#deps.storage.bytesSinceSnapshot,
      ),
      gauge('weir_metadata_offset', 'Offset of the last committed metadata record.', this.#image.offset),
      gauge('weir_quorum_term', 'Term (leader epoch) of the quorum as this controller knows it.', term),
      gauge('weir_quorum_leader_id', 'Node id of the leader of the quorum; -1 while none is known.', leader?.id ?? -1),
      gauge('weir_quorum_is_leader', '1 while this controller leads the quorum.', role === 'leader' ? 1 : 0),
      gauge('weir_quorum_voters', 'Voters of the quorum.', voters.length),
      gauge('weir_quorum_log_end_index', 'Index of the last entry of the log here.', log.lastIndex),
    ];
  }

  /** Ends; what was appended is durable when `done` is called. */
  stop(done: () => void): void {
    this.host.stop();
    this.#endLeadership();
    this.#deps.storage.close(done);
  }

  #committed(entries: readonly Entry[]): void {
    for (const { body } of entries) {
      if (body.kind === 'batch' && !this.#apply(body.payload)) return;
      // Nobody keeps this log up to date any more.
      if (body.kind === 'voters' && !hasVoter(body.voters, this.#deps.self)) this.feed.endAll();
      this.#offsets.values.push(this.#image.offset);
    }
    this.#active?.committed(entries.at(-1)?.index ?? 0);
    this.#settle();
    this.#keepSnapshot();
  }

  #apply(payload: Uint8Array): boolean {
    const baseOffset = this.#image.offset + 1;
    const records = this.#decode(payload);
    if (records === null) return false;
    this.#image.apply(records, baseOffset);
    this.feed.batch(baseOffset, this.#image.offset, payload);
    if (records.some(({ kind }) => kind === 'feature')) this.#deps.onFeatures();
    return true;
  }

  #restored(snapshot: MachineSnapshot, place: LogPlace): void {
    this.#deps.log.info({ index: place.index, offset: snapshot.offset }, 'the metadata was taken over as a snapshot');
    const records = this.#decode(snapshot.payload);
    if (records === null) return;
    this.#image.restore(records, snapshot.offset);
    this.#offsets.firstIndex = place.index;
    this.#offsets.values = [snapshot.offset];
    this.feed.replaced();
    this.#deps.onFeatures();
  }

  /** A record that this release does not know is never skipped (B4). */
  #decode(payload: Uint8Array): readonly MetadataRecord[] | null {
    try {
      return decodeRecords(payload);
    } catch (error) {
      this.#deps.onFatal(error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  #became(role: Role, term: Term, leader: ReplicaKey | null): void {
    this.#tell(role, term, leader);
    if (role !== 'leader') this.#endLeadership();
    this.feed.controllerChanged();
  }

  #tell(role: Role, term: Term, leader: ReplicaKey | null): void {
    const { log } = this.#deps;
    if (role === 'leader') log.info({ term }, 'this controller leads the quorum');
    else if (role === 'follower' && leader !== null)
      log.info({ term, leader: leader.id }, 'this controller follows a leader');
    else log.debug({ term, role }, 'this controller knows no leader');
  }

  #endLeadership(): void {
    if (this.#active === null) return;
    this.#active.end();
    this.#active = null;
    this.#deps.onActive(null);
  }

  /** A leader begins to decide when all that its log had is committed, with an entry of its own term behind it (V7). */
  #settle(): void {
    const { leadership, log } = this.host.state;
    if (this.#active !== null || leadership === null) return;
    // The last entry is the one of this term, or behind it.
    if (this.host.appliedIndex < log.lastIndex) return;
    const { self, settings, random, clusterId, metadataBugs, log: lines } = this.#deps;
    const controller = new Controller(
      {
        nodeId: self.id,
        host: this.host,
        settings,
        log: lines,
        members: {
          isAlive: (id) => this.#deps.isAlive(id),
          isSlow: (id) => this.#deps.isSlow(id),
          isVoter: (id) => this.host.state.voters.some((voter) => voter.id === id),
        },
        newTopicId: () => randomId(random),
        bugs: metadataBugs,
        onDecided: (delta) => this.#deps.onDecided(delta),
        onLost: () => {
          this.#endLeadership();
          this.#settle();
        },
      },
      this.#image.clone(),
    );
    this.#active = controller;
    if (this.#image.clusterId === '') controller.submit({ kind: 'formatCluster', clusterId }, () => undefined);
    else if (this.#image.clusterId !== clusterId) {
      const message = `the metadata is that of cluster ${this.#image.clusterId}, the data directory that of ${clusterId}`;
      this.#deps.onFatal(message);
      return;
    } else controller.carryOut({ kind: 'settleMinIsr' });
    this.#deps.onActive(controller);
  }

  /** Lets the log before the committed state go when it has grown. */
  #keepSnapshot(): void {
    const { storage, settings } = this.#deps;
    if (this.#isSnapshotting) return;
    if (storage.bytesSinceSnapshot < settings.broker('metadata.log.max.record.bytes.between.snapshots')) return;
    this.#isSnapshotting = true;
    const index = this.host.appliedIndex;
    const { log } = this.host.state;
    const term = log.termAt(index);
    assert(term !== null, 'what was just applied is in the log');
    const { voters } = log.votersAt(index);
    encodeInTurns(this.#deps.timers, this.#image.clone(), (snapshot) => {
      storage.keepSnapshot({ place: { index, term }, voters }, snapshot, (sizeInBytes) => {
        this.#isSnapshotting = false;
        this.host.snapshotTaken(index, sizeInBytes);
        // A snapshot of the leader may have come meanwhile.
        if (index <= this.#offsets.firstIndex) return;
        this.#offsets.values.splice(0, index - this.#offsets.firstIndex);
        this.#offsets.firstIndex = index;
      });
    });
  }
}

/** Encodes an image that nobody changes, a part in each turn (P2). */
function encodeInTurns(timers: Timers, image: MetadataImage, done: (snapshot: MachineSnapshot) => void): void {
  const parts: Uint8Array[] = [];
  const records = image.snapshot();
  const next = (): void => {
    const batch: MetadataRecord[] = [];
    while (batch.length < SNAPSHOT_RECORDS_A_TURN) {
      const { value, done: isDone } = records.next();
      if (isDone === true) {
        parts.push(encodeRecords(batch));
        done({ payload: concatenated(parts), offset: image.offset });
        return;
      }
      batch.push(value);
    }
    parts.push(encodeRecords(batch));
    timers.after(0, next);
  };
  next();
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
