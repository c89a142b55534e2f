import { unreachable } from '../../core/base/assert.ts';
import { parseControllers } from '../../core/config/controllers.ts';
import { Settings, type Overrides } from '../../core/config/settings.ts';
import { hasVoter } from '../../core/raft/quorum.ts';
import type { RaftStart } from '../../core/raft/raft.ts';
import { isSame, type ReplicaKey } from '../../core/raft/types.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { MetadataBugs } from '../../core/metadata/planted-bugs.ts';
import type { RaftBugs } from '../../core/raft/planted-bugs.ts';
import type { Formation } from '../../core/config/formation.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { BrokerLoad, ControlNet } from '../../ports/control-net.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import type { Random } from '../../ports/random.ts';
import type { MetricSample } from '../../ports/metrics.ts';
import { runTask, step, type Task } from '../task.ts';
import { type Identity, keepIdentity, openIdentity, randomId } from './identity.ts';
import { WatchedDisk } from '../disk-watch.ts';
import type { ControlLink, HealthQuestion, ToControl } from './link.ts';
import type { ControlBugs } from './planted-bugs.ts';
import { METADATA_DIRECTORY } from './log-files.ts';
import { LoopWatch } from './loop-watch.ts';
import { ControlHub } from './quorum/control-hub.ts';
import { confirmEmpty, FormationError, readFormation } from './quorum/formation.ts';
import { type OpenedRaft, openRaftStorage } from './raft-storage.ts';
import { MetadataDamageError } from './raft-blocks.ts';

/** Ports of the control isolate: its own loop, its own disk. */
export interface ControlPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly disk: Disk;
  readonly crc32c: Crc32c;
  readonly log: Log;
  /** null: this node is alone. */
  readonly controlNet: ControlNet | null;
}

/** What a control isolate is started with. */
export interface ControlOptions {
  /** The node's one data directory. */
  readonly directory: string;
  /** Settings of the node's file and environment, validated. */
  readonly fixed: Overrides;
  /** Counts the turns of the data loop, where the two isolates share memory; else its beats are counted. */
  readonly turns?: () => number;
  /** Version of this program. */
  readonly version?: string;
  /** What a test breaks on purpose in Raft. */
  readonly raftBugs?: RaftBugs;
  readonly metadataBugs?: MetadataBugs;
  /** What a test breaks on purpose in the rest of the control plane. */
  readonly controlBugs?: ControlBugs;
}

/** How long the data isolate may take to answer a health question, ms. */
const ASK_TIMEOUT_MS = 1000;
/** Health questions that may be open at a time; further ones count as not answered. */
const OPEN_ASKS_MAX = 64;

interface Answer {
  readonly reasons: readonly string[] | null;
  readonly samples: readonly MetricSample[] | null;
  readonly load: BrokerLoad | null;
}

/**
 * The control isolate of a node (F1): identity, metadata log and controller, the watch over the data loop, and what the
 * health page asks. It works while the data loop is stalled.
 */
export class ControlNode {
  readonly #ports: ControlPorts;
  readonly #options: ControlOptions;
  readonly #link: ControlLink;
  readonly #settings: Settings;
  readonly #watch: LoopWatch;
  readonly #disk: WatchedDisk;
  readonly #asks = new Map<number, (answer: Answer | null) => void>();
  #nextAsk = 1;
  #beats = 0;
  readonly #hub: ControlHub;
  #isOpen = false;
  /** Messages that came before the log was open, in order. */
  #early: ToControl[] = [];
  #stopping = false;

  constructor(ports: ControlPorts, options: ControlOptions, link: ControlLink) {
    this.#ports = ports;
    this.#options = options;
    this.#link = link;
    this.#settings = new Settings(options.fixed);
    this.#disk = new WatchedDisk(ports.disk, {
      timers: ports.timers,
      log: ports.log,
      stallMs: this.#settings.broker('weir.disk.stall.ms'),
      onStall: (sentence) => this.#fatal(sentence, true),
    });
    this.#watch = new LoopWatch(
      ports,
      this.#settings.broker('weir.loop.stall.ms'),
      options.turns ?? (() => this.#beats),
    );
    this.#hub = new ControlHub({
      ports,
      settings: this.#settings,
      send: (message) => this.#link.send(message),
      loopStalledMs: () => this.#watch.stalledForMs(),
      diskStalledMs: () => this.#disk.stalledForMs(),
      load: (done) => this.#ask('load', (answer) => done(answer?.load ?? null)),
      onFatal: (message) => this.#fatal(message),
      troubles: () => [...this.live(), ...this.#disk.troubles()],
      version: options.version ?? '',
      raftBugs: options.raftBugs ?? new Set(),
      metadataBugs: options.metadataBugs ?? new Set(),
      controlBugs: options.controlBugs ?? new Set(),
    });
  }

  /** Opens the data directory, then serves the link until it is told to stop. Problems go to the data isolate as `fatal`. */
  start(): void {
    this.#link.onMessage((message) => this.#receive(message));
    runTask(this.#open(), (error) => {
      if (error !== null) this.#fatal(sentence(error));
    });
  }

  /** Reasons why the process should be restarted; none while it is alive. */
  live(): readonly string[] {
    const stalledForMs = this.#watch.stalledForMs();
    return stalledForMs === 0 ? [] : [`the data loop has not turned for ${Math.round(stalledForMs)} ms`];
  }

  /** Reasons why clients can't be served, or why no other node may be taken away (O7). */
  askReady(done: (reasons: readonly string[]) => void): void {
    this.#ask('ready', (answer) => {
      const reasons = answer?.reasons ?? ['the data isolate does not answer'];
      this.#hub.askMissed((missed) => done([...reasons, ...missed, ...this.#disk.troubles()]));
    });
  }

  /** Figures of both isolates; only those of this one when the other does not answer. */
  askMetrics(done: (samples: readonly MetricSample[]) => void): void {
    this.#ask('metrics', (answer) => done([...this.#ownMetrics(), ...(answer?.samples ?? [])]));
  }

  /** Stops watching: nobody is told anything any more. */
  end(): void {
    this.#watch.stop();
    this.#disk.stop();
  }

  *#open(): Task<void> {
    const { random, crc32c } = this.#ports;
    const disk = this.#disk;
    const { directory } = this.#options;
    const nodeId = this.#settings.broker('node.id');
    const path = this.#settings.broker('weir.formation.file');
    const formation = path === '' ? null : yield* readFormation(disk, path);
    const wanted = this.#settings.broker('weir.cluster.id');
    const clusterId = formation?.clusterId ?? wanted;
    if (wanted !== '' && wanted !== clusterId)
      throw new FormationError(`weir.cluster.id is ${wanted}, the formation record ${path} is that of ${clusterId}`);
    const ids = { disk, random, crc32c };
    let isNew = false;
    const hub = this.#hub;
    const { isController } = hub;
    const identity = yield* openIdentity(ids, { directory, nodeId, clusterId, isController }, () => {
      isNew = true;
      return this.#newDirectoryId(formation, nodeId);
    });
    const listening = { clusterId: identity.clusterId, self: { id: nodeId, directoryId: identity.directoryId } };
    const found = isController ? yield* this.#openQuorum(identity, formation, isNew) : null;
    // Not before its log is read: a node that has worked with others must not tell them that it has not.
    yield* this.#listen(listening);
    if (found !== null) hub.joinQuorum(found.opened, found.isFresh);
    this.#isOpen = true;
    hub.startAgent();
    for (const message of this.#early.splice(0)) this.#receive(message);
  }

  *#listen(identity: Parameters<ControlHub['listen']>[0]): Task<void> {
    const failure = yield* step<string | null>((done) => this.#hub.listen(identity, (found) => done(null, found)));
    if (failure !== null) throw new Error(failure);
  }

  /**
   * The id of an empty disk: the one that the formation record has for it, if the cluster is being formed and nobody has ever
   * worked with that; else a new one, with which this node observes until it is made a voter (V11).
   */
  *#newDirectoryId(formation: Formation | null, nodeId: number): Task<string> {
    const { random, timers, log } = this.#ports;
    const voter = formation?.initialVoters.find(({ id }) => id === nodeId);
    const wished = voter?.directoryId ?? null;
    const clusterId = this.#settings.broker('weir.cluster.id');
    const mayHaveBrokers = this.#hub.isController && this.#settings.broker('weir.grpc.port') !== -1;
    if (formation === null && clusterId !== '' && mayHaveBrokers && this.#isAlone) {
      throw new FormationError(
        `the disk is empty, and nothing says that cluster ${clusterId} was never formed: its brokers would delete what this controller does not know. Bring the disk back, or name a formation record (weir.formation.file); without weir.cluster.id a cluster with an id of its own is formed`,
      );
    }
    if (formation === null || formation.formed || wished === null) return randomId(random);
    const others = formation.initialVoters.map(({ id }) => id).filter((id) => id !== nodeId);
    if (others.length === 0) return wished;
    yield* this.#listen({ clusterId: formation.clusterId, self: { id: nodeId, directoryId: wished } });
    const isEmpty = yield* confirmEmpty({ timers, log }, others, (id, done) =>
      this.#hub.identify(id, (failure, response) => done(failure, response)),
    );
    if (isEmpty) return wished;
    log.warn({}, 'this disk is empty, and the cluster has worked with another of this node: it joins as an observer');
    return randomId(random);
  }

  /** Reads the metadata log, or begins it where there never was one. */
  *#openQuorum(
    identity: Identity,
    formation: Formation | null,
    isNew: boolean,
  ): Task<{ readonly opened: OpenedRaft; readonly isFresh: boolean }> {
    const { crc32c, timers, log } = this.#ports;
    const self = { id: identity.nodeId, directoryId: identity.directoryId };
    const deps = {
      ...{ disk: this.#disk, crc32c, timers, log, self },
      directory: `${this.#options.directory}/${METADATA_DIRECTORY}`,
      onFatal: (message: string) => this.#fatal(message),
    };
    let opened: OpenedRaft = yield* openRaftStorage(deps);
    if (opened.cutBytes > 0) {
      log.warn(
        { bytes: opened.cutBytes },
        'the metadata log ended in an unfinished write, never acknowledged: cut away',
      );
    }
    if (opened.damage !== null) log.error({}, opened.damage);
    const isFresh = opened.start === null;
    if (isFresh) {
      // What this disk has voted and promised is in the log that is gone (V11).
      if (identity.hasBegun || (!isNew && formation?.formed === true))
        throw new MetadataDamageError(lostLog(deps.directory, this.#options.directory, formation === null));
      const voters = this.#firstVoters(self, formation);
      const { storage } = opened;
      yield* step<void>((done) => storage.format(voters, () => done(null, undefined)));
      yield* step<void>((done) => storage.close(() => done(null, undefined)));
      opened = yield* openRaftStorage(deps);
    }
    // Before anything is told: from here on a log that is not there is one that was lost.
    if (!identity.hasBegun)
      yield* keepIdentity({ disk: this.#disk, crc32c }, this.#options.directory, { ...identity, hasBegun: true });
    return { opened: { ...opened, start: withFirstVoters(opened.start, self, formation) }, isFresh };
  }

  /** The voters of a new log: those of the formation, if this disk is one of them; this node when it is alone; else nobody. */
  #firstVoters(self: ReplicaKey, formation: Formation | null): readonly ReplicaKey[] {
    if (formation === null) return this.#isAlone ? [self] : [];
    const voters = formation.initialVoters.map(({ id, directoryId }) => ({
      id,
      directoryId: directoryId ?? (id === self.id ? self.directoryId : ''),
    }));
    return voters.some((voter) => isSame(voter, self)) ? voters : [];
  }

  /** No other controller is named: this node forms a cluster of its own. */
  get #isAlone(): boolean {
    const { controllers } = parseControllers(this.#settings.broker('controller.quorum.voters'));
    return controllers !== null && controllers.length <= 1;
  }

  #receive(message: ToControl): void {
    switch (message.kind) {
      case 'answer':
        this.#asks.get(message.id)?.(message);
        return;
      case 'beat':
        this.#beats += 1;
        this.#hub.take(message);
        return;
      case 'submit':
      case 'describe-quorum':
      case 'change-quorum':
        if (!this.#isOpen) this.#early.push(message);
        else if (!this.#stopping) this.#hub.take(message);
        return;
      case 'stop':
        if (this.#isOpen) this.#stop();
        else this.#early.push(message);
        return;
      default:
        unreachable(message);
    }
  }

  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#watch.stop();
    this.#hub.stop(() => {
      this.#disk.stop();
      this.#link.send({ kind: 'stopped' });
    });
  }

  #ask(what: HealthQuestion, done: (answer: Answer | null) => void): void {
    if (this.#asks.size >= OPEN_ASKS_MAX) {
      done(null);
      return;
    }
    const id = this.#nextAsk;
    this.#nextAsk += 1;
    const finish = (answer: Answer | null): void => {
      this.#asks.delete(id);
      timer.cancel();
      done(answer);
    };
    const timer = this.#ports.timers.after(ASK_TIMEOUT_MS, () => finish(null));
    this.#asks.set(id, finish);
    this.#link.send({ kind: 'ask', id, what });
  }

  #ownMetrics(): readonly MetricSample[] {
    return [
      {
        name: 'weir_data_loop_stalled_seconds',
        help: 'How long the data loop has been hanging; 0 while it turns.',
        type: 'gauge',
        labels: {},
        value: this.#watch.stalledForMs() / 1000,
      },
      {
        name: 'weir_clock_offset_seconds',
        help: "By how much this node's wall clock is ahead of the active controller's, as far as that is certain.",
        type: 'gauge',
        labels: {},
        value: this.#hub.clockOffsetMs / 1000,
      },
      ...(this.#hub.quorum?.metrics() ?? []),
    ];
  }

  #fatal(message: string, hung = false): void {
    this.#ports.log.error({}, message);
    this.#link.send({ kind: 'fatal', message, hung });
  }
}

/**
 * A first voter whose log begins anew, since what it began with has rotted (V10), would not know whom to ask: entries from the
 * first on name the voters only where they change. The formation record knows (V11); who votes now, a leader will tell.
 */
function withFirstVoters(start: RaftStart | null, self: ReplicaKey, formation: Formation | null): RaftStart | null {
  if (start === null || start.snapshot.place.index > 0 || start.snapshot.voters.length > 0) return start;
  const voters = formation?.initialVoters.map(({ id, directoryId }) => ({ id, directoryId: directoryId ?? '' })) ?? [];
  if (!hasVoter(voters, self)) return start;
  return { ...start, snapshot: { ...start.snapshot, voters } };
}

/** What to do about a metadata log that is gone. Nobody else has that of a controller which was alone. */
function lostLog(log: string, directory: string, isAlone: boolean): string {
  const otherwise = isAlone
    ? `without it the cluster is lost: deleting ${directory} makes this node the first of another one, which no broker of this one follows`
    : `or delete ${directory} so that this node joins as a new one; when most voters have lost theirs, \`weir admin recover-quorum --accept-data-loss\` goes on from one that has not`;
  return `the metadata log ${log} is gone: restore it from a copy, ${otherwise}`;
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
