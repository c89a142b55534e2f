import { assert, unreachable } from '../../core/base/assert.ts';
import { Settings, type Overrides } from '../../core/config/settings.ts';
import type { ReplicaKey } from '../../core/raft/types.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import type { Random } from '../../ports/random.ts';
import type { MetricSample } from '../../ports/metrics.ts';
import { runTask, type Task } from '../task.ts';
import { Controller } from './controller.ts';
import { openIdentity, randomId, type Identity } from './identity.ts';
import { WatchedDisk } from '../disk-watch.ts';
import type { ControlLink, ToControl } from './link.ts';
import { METADATA_DIRECTORY } from './log-files.ts';
import { changeLone, describeLone } from './lone-quorum.ts';
import { LoopWatch } from './loop-watch.ts';
import { recoverLog, type RecoveredLog } from './recover-log.ts';

/** Ports of the control isolate: its own loop, its own disk. */
export interface ControlPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly disk: Disk;
  readonly crc32c: Crc32c;
  readonly log: Log;
}

/** What a control isolate is started with. */
export interface ControlOptions {
  /** The node's one data directory. */
  readonly directory: string;
  /** Settings of the node's file and environment, validated. */
  readonly fixed: Overrides;
  /** Counts the turns of the data loop, where the two isolates share memory; else its beats are counted. */
  readonly turns?: () => number;
}

/** How long the data isolate may take to answer a health question, ms. */
const ASK_TIMEOUT_MS = 1000;
/** Health questions that may be open at a time; further ones count as not answered. */
const OPEN_ASKS_MAX = 64;

interface Answer {
  readonly reasons: readonly string[] | null;
  readonly samples: readonly MetricSample[] | null;
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
  #controller: Controller | null = null;
  #recovered: RecoveredLog | null = null;
  #lone: { readonly self: ReplicaKey; readonly term: number } | null = null;
  #committedOffset = -1;
  /** Messages that came before the controller was there, in order. */
  #early: ToControl[] = [];
  #stopping = false;

  constructor(ports: ControlPorts, options: ControlOptions, link: ControlLink) {
    this.#ports = ports;
    this.#options = options;
    this.#link = link;
    this.#settings = new Settings(options.fixed);
    assert(
      this.#settings.broker('process.roles').includes('controller'),
      'every node is a controller until there are clusters',
    );
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

  /** Reasons why clients can't be served. */
  askReady(done: (reasons: readonly string[]) => void): void {
    this.#ask('ready', (answer) =>
      done([...(answer?.reasons ?? ['the data isolate does not answer']), ...this.#disk.troubles()]),
    );
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
    const { random, crc32c, timers, log } = this.#ports;
    const disk = this.#disk;
    const { directory } = this.#options;
    const identity = yield* openIdentity(
      { disk, random, crc32c },
      { directory, nodeId: this.#settings.broker('node.id'), clusterId: this.#settings.broker('weir.cluster.id') },
    );
    const recovered = yield* recoverLog({
      disk,
      crc32c,
      timers,
      log,
      directory: `${directory}/${METADATA_DIRECTORY}`,
      onFatal: (message) => this.#fatal(message),
    });
    if (recovered.cutBytes > 0) {
      log.warn(
        { bytes: recovered.cutBytes },
        'the metadata log ended in an unfinished write, never acknowledged: cut away',
      );
    }
    this.#recovered = recovered;
    this.#begin(identity, recovered);
  }

  #begin(identity: Identity, recovered: RecoveredLog): void {
    const { random } = this.#ports;
    let told = false;
    const controller = new Controller(
      {
        nodeId: identity.nodeId,
        log: recovered.log,
        settings: this.#settings,
        newTopicId: () => randomId(random),
        onBatch: ({ baseOffset, recordCount, payload }) => {
          this.#committedOffset = baseOffset + recordCount - 1;
          if (told) this.#link.send({ kind: 'batch', baseOffset, payload });
        },
      },
      recovered,
    );
    const tell = (): void => {
      told = true;
      const state = controller.capture();
      this.#committedOffset = state.offset;
      this.#lone = { self: { id: identity.nodeId, directoryId: identity.directoryId }, term: recovered.log.term };
      this.#link.send({ kind: 'started', ...identity, controllerId: identity.nodeId, ...state });
      this.#controller = controller;
      for (const message of this.#early.splice(0)) this.#receive(message);
    };
    if (controller.clusterId === identity.clusterId) {
      tell();
      return;
    }
    if (controller.clusterId !== '') {
      this.#fatal(
        `the metadata is that of cluster ${controller.clusterId}, the data directory that of ${identity.clusterId}`,
      );
      return;
    }
    controller.submit({ kind: 'formatCluster', clusterId: identity.clusterId }, tell);
  }

  #receive(message: ToControl): void {
    switch (message.kind) {
      case 'beat':
        this.#beats += 1;
        return;
      case 'answer':
        this.#asks.get(message.id)?.(message);
        return;
      case 'submit':
      case 'describe-quorum':
      case 'change-quorum':
      case 'stop':
        if (this.#controller === null) this.#early.push(message);
        else if (message.kind === 'stop') this.#stop();
        else if (message.kind === 'submit') this.#submit(message, this.#controller);
        else this.#answerQuorum(message);
        return;
      default:
        unreachable(message);
    }
  }

  #submit({ id, command }: Extract<ToControl, { readonly kind: 'submit' }>, controller: Controller): void {
    if (this.#stopping) return;
    controller.submit(command, (outcome) => this.#link.send({ kind: 'outcome', id, outcome }));
  }

  #answerQuorum(message: Extract<ToControl, { readonly kind: 'describe-quorum' | 'change-quorum' }>): void {
    const lone = this.#lone;
    assert(lone !== null, 'a controller has an identity and a log');
    if (message.kind === 'describe-quorum') {
      const response = describeLone({ ...lone, offset: this.#committedOffset, wallMs: this.#ports.clock.wallMs() });
      this.#link.send({ kind: 'quorum', id: message.id, response });
    } else {
      this.#link.send({ kind: 'quorum-changed', id: message.id, response: changeLone(lone.self, message.request) });
    }
  }

  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#watch.stop();
    this.#recovered?.log.close(() => {
      this.#disk.stop();
      this.#link.send({ kind: 'stopped' });
    });
  }

  #ask(what: 'ready' | 'metrics', done: (answer: Answer | null) => void): void {
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
    const log = this.#recovered?.log;
    const gauge = (name: string, help: string, value: number): MetricSample => ({
      name,
      help,
      type: 'gauge',
      labels: {},
      value,
    });
    return [
      gauge(
        'weir_data_loop_stalled_seconds',
        'How long the data loop has been hanging; 0 while it turns.',
        this.#watch.stalledForMs() / 1000,
      ),
      gauge(
        'weir_metadata_committed_index',
        'Index of the last committed entry of the metadata log.',
        log?.committedIndex ?? 0,
      ),
      gauge('weir_metadata_log_bytes', 'Bytes of metadata log since the last snapshot.', log?.bytesSinceSnapshot ?? 0),
    ];
  }

  #fatal(message: string, hung = false): void {
    this.#ports.log.error({}, message);
    this.#link.send({ kind: 'fatal', message, hung });
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
