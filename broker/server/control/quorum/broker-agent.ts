import { CONTROLLER_LISTENER } from '../../../core/config/listeners.ts';
import type { MetadataCommand, MetadataOutcome } from '../../../core/metadata/commands.ts';
import { ErrorCode } from '../../../core/protocol/errors.ts';
import type { Clock, TimerHandle, Timers } from '../../../ports/clock.ts';
import type {
  CallFailure,
  ChangeQuorumRequest,
  ChangeQuorumResponse,
  ControlAddress,
  ControlChannel,
  ControllerHint,
  ControlStream,
  HeartbeatRequest,
  HeartbeatResponse,
  QuorumResponse,
  WatchRequest,
  WatchResponse,
} from '../../../ports/control-net.ts';
import type { Log } from '../../../ports/log.ts';
import type { ToControl, ToData } from '../link.ts';
import type { ControlBugs } from '../planted-bugs.ts';
import { ClockWatch } from './clock-watch.ts';
import type { ControllerClient } from './controller-client.ts';

const RECONNECT_MS = 50;
const RECONNECT_MAX_MS = 1000;
/** How long a start waits for the metadata before it says so; then after twice as long, and so on, ms. */
const WAITING_MS = 5000;
/** A stream without a word for this many heartbeats is given up. */
const SILENT_BEATS_MAX = 5;
/** Metadata that is committed and does not come for this many heartbeats is looked for elsewhere. */
const BEHIND_BEATS_MAX = 5;
/**
 * So many heartbeats in a row of a controller that has less metadata than this broker was registered in come from one that
 * lost it: one that was deposed and does not know it has stepped down long before.
 */
const LOST_BEATS_MAX = 50;
/** Bytes of a snapshot that is coming in; more than metadata of a million partitions. */
const SNAPSHOT_BYTES_MAX = 1024 * 1024 * 1024;

/** What an agent works with. */
export interface BrokerAgentDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly nodeId: number;
  readonly directoryId: string;
  readonly clusterId: string;
  readonly heartbeatIntervalMs: number;
  readonly client: ControllerClient;
  /** Every controller whose address is known. */
  readonly controllers: () => readonly ControllerHint[];
  readonly channelTo: (controller: ControllerHint) => ControlChannel;
  /** A channel of its own to one controller, for metadata: to this very node if it is one, else to any (P3). */
  readonly watchChannelTo: (controller: ControllerHint) => ControlChannel;
  /** Where this node's control plane listens; null when it does not. */
  readonly address: () => ControlAddress | null;
  readonly loopStalledMs: () => number;
  readonly diskStalledMs: () => number;
  readonly send: (message: ToData) => void;
  readonly onFatal: (message: string) => void;
  readonly bugs: ControlBugs;
}

interface Heartbeats {
  readonly stream: ControlStream<HeartbeatRequest>;
  readonly controllerId: number;
  unanswered: number;
}

interface Held {
  readonly offset: number;
  readonly message: ToData;
}

/**
 * The broker's side of the control plane, in its control isolate: follows the metadata (P3), forwards commands to the active
 * controller, and tells it that this broker lives. The outcome of a command is handed on after the metadata that it depends
 * on, so that whoever asked sees what it did (read-your-writes).
 */
export class BrokerAgent {
  readonly #deps: BrokerAgentDeps;
  /** Last metadata offset that was handed on. */
  #offset = -1;
  #isStarted = false;
  #controllerId = -1;
  #held: Held[] = [];
  #watchIndex = 0;
  #watchFailures = 0;
  #watch: { readonly stream: ControlStream<WatchRequest>; readonly channel: ControlChannel } | null = null;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #brokerEpoch = -1;
  #wantsUnfenced = false;
  #beat: Omit<Extract<ToControl, { readonly kind: 'beat' }>, 'kind'> = { offset: -1, atMs: 0, diskStalledMs: 0 };
  #heartbeat: Heartbeats | null = null;
  /** Heartbeats in a row whose answers told of metadata that did not come. */
  #beatsBehind = 0;
  /** Heartbeats in a row whose answers told of less metadata than this broker was registered in. */
  #beatsAhead = 0;
  /** When the data loop's clock stood at what it last said, and the wall clock here, per heartbeat that has no answer yet. */
  #sentBeats: { readonly atMs: number; readonly wallMs: number }[] = [];
  /** Heartbeats in a row that no controller has answered. */
  #unansweredBeats = 0;
  readonly #clocks: ClockWatch;
  #timer: TimerHandle | null = null;
  #isStopped = false;

  constructor(deps: BrokerAgentDeps) {
    this.#deps = deps;
    this.#clocks = new ClockWatch(deps.log, (isFar) => deps.send({ kind: 'clock', isFar }));
  }

  /** Last metadata offset that was handed on; −1 before the first. */
  get offset(): number {
    return this.#offset;
  }

  get brokerEpoch(): number {
    return this.#brokerEpoch;
  }

  /** By how much the wall clock here is ahead of the active controller's, as far as that is certain, ms (F6). */
  get clockOffsetMs(): number {
    return this.#clocks.offsetMs;
  }

  start(): void {
    this.#openWatch();
    this.#tellWaiting(WAITING_MS);
  }

  /** Somebody who looks should see what a start is waiting for. */
  #tellWaiting(afterMs: number): void {
    this.#deps.timers.after(afterMs, () => {
      if (this.#isStarted || this.#isStopped) return;
      const controllers = this.#deps.controllers().map(({ id, address }) => `${id}@${address.host}:${address.port}`);
      this.#deps.log.warn(
        { controllers },
        'waiting for the metadata: no controller has any, is a majority of them running?',
      );
      this.#tellWaiting(2 * afterMs);
    });
  }

  /** Age of the oldest write or sync of this node that has not ended, ms: the logs are the data isolate's, the metadata log is this one's. */
  get diskStalledMs(): number {
    return Math.max(this.#beat.diskStalledMs, this.#deps.diskStalledMs());
  }

  /** What the data loop last said of itself. */
  beat(beat: Omit<Extract<ToControl, { readonly kind: 'beat' }>, 'kind'>): void {
    this.#beat = beat;
  }

  /** Sends a command to the active controller; the outcome goes to the data isolate. */
  submit(id: number, command: MetadataCommand, timeoutMs: number): void {
    // Heartbeats say the same from now on: one that says something else would undo it.
    if (command.kind === 'fenceBroker') this.#wantsUnfenced = false;
    else if (command.kind === 'unfenceBroker') this.#wantsUnfenced = true;
    const request = { command: this.#completed(command) };
    this.#deps.client.ask('Controller.Submit', request, timeoutMs, (response) => {
      if (response?.outcome === null || response === null) {
        const errorMessage = `no active controller answered within ${timeoutMs} ms`;
        const outcome = { kind: 'failed', errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage } as const;
        this.#deps.send({ kind: 'outcome', id, outcome });
        return;
      }
      this.#decided(response.outcome);
      this.#hold(response.offset, { kind: 'outcome', id, outcome: response.outcome });
    });
  }

  /** Asks the active controller about its quorum; the answer goes to the data isolate. */
  describeQuorum(id: number, timeoutMs: number): void {
    this.#deps.client.ask('Controller.DescribeQuorum', {}, timeoutMs, (response: QuorumResponse | null) => {
      this.#deps.send({ kind: 'quorum', id, response });
    });
  }

  /** Asks the active controller to change its quorum; the answer goes to the data isolate. */
  changeQuorum(id: number, request: ChangeQuorumRequest, timeoutMs: number): void {
    this.#deps.client.ask('Controller.ChangeQuorum', request, timeoutMs, (response: ChangeQuorumResponse | null) => {
      this.#deps.send({ kind: 'quorum-changed', id, response });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#heartbeat?.stream.end(null);
    this.#watch?.stream.end(null);
    this.#watch?.channel.close();
  }

  /** What only this isolate knows of a command. */
  #completed(command: MetadataCommand): MetadataCommand {
    const address = this.#deps.address();
    if (command.kind !== 'registerBroker' || address === null) return command;
    return { ...command, endpoints: [...command.endpoints, { listener: CONTROLLER_LISTENER, ...address }] };
  }

  /** What the outcome of an own command means for this broker's life. */
  #decided(outcome: MetadataOutcome): void {
    if (outcome.kind !== 'registerBroker' || outcome.errorCode !== ErrorCode.NONE) return;
    this.#brokerEpoch = outcome.brokerEpoch;
    this.#unansweredBeats = 0;
    if (this.#timer === null) this.#beatAgain();
  }

  /** Hands a message on once the metadata up to an offset is. */
  #hold(offset: number, message: ToData): void {
    if (offset <= this.#offset) this.#deps.send(message);
    else this.#held.push({ offset, message });
  }

  #advanced(offset: number): void {
    this.#offset = offset;
    if (this.#held.length === 0) return;
    const ready = this.#held.filter((held) => held.offset <= offset);
    this.#held = this.#held.filter((held) => held.offset > offset);
    for (const { message } of ready) this.#deps.send(message);
  }

  #openWatch(): void {
    const { controllers, watchChannelTo, nodeId } = this.#deps;
    if (this.#isStopped) return;
    const known = controllers();
    // The nearest first, then one after the other: this node's own log may not be kept up to date.
    const own = this.#watchFailures === 0 ? known.find(({ id }) => id === nodeId) : undefined;
    const controller = own ?? known[this.#watchIndex % Math.max(1, known.length)];
    if (own === undefined) this.#watchIndex += 1;
    if (controller === undefined) {
      this.#watchAgain();
      return;
    }
    const channel = watchChannelTo(controller);
    const stream = channel.open('Controller.WatchMetadata', {
      onMessage: (message) => this.#take(message),
      onEnd: (failure) => this.#watchEnded(failure),
    });
    this.#watch = { stream, channel };
    this.#pieces = [];
    this.#pieceBytes = 0;
    stream.send({ brokerId: nodeId, offset: this.#offset });
  }

  #watchEnded(failure: CallFailure | null): void {
    this.#watch?.channel.close();
    this.#watch = null;
    if (failure?.code === 'refused')
      this.#deps.log.debug({ ...failure }, 'a controller does not let this broker watch');
    this.#watchAgain();
  }

  #watchAgain(): void {
    const pauseMs = Math.min(RECONNECT_MAX_MS, RECONNECT_MS * 2 ** Math.min(this.#watchFailures, 5));
    this.#watchFailures += 1;
    this.#deps.timers.after(pauseMs, () => this.#openWatch());
  }

  #take(message: WatchResponse): void {
    if (message.kind === 'controller') {
      this.#controllerId = message.controllerId;
      if (message.controllerId !== -1) this.#deps.client.changed();
      if (this.#isStarted) this.#deps.send({ kind: 'controller', controllerId: message.controllerId });
      return;
    }
    this.#watchFailures = 0;
    this.#beatsBehind = 0;
    if (message.kind === 'snapshot') this.#takePiece(message);
    // One that was sent before the watch was opened anew.
    else if (message.baseOffset === this.#offset + 1) this.#takeBatch(message);
  }

  #takeBatch({ baseOffset, payload, recordCount }: Extract<WatchResponse, { readonly kind: 'batch' }>): void {
    if (!this.#isStarted) this.#begin({ payload: new Uint8Array(0), offset: -1 });
    this.#deps.send({ kind: 'batch', baseOffset, payload });
    this.#advanced(baseOffset + recordCount - 1);
  }

  #takePiece({ offset, data, isLast }: Extract<WatchResponse, { readonly kind: 'snapshot' }>): void {
    this.#pieces.push(data);
    this.#pieceBytes += data.length;
    if (this.#pieceBytes > SNAPSHOT_BYTES_MAX) {
      this.#deps.onFatal(`the metadata is larger than ${SNAPSHOT_BYTES_MAX} bytes`);
      return;
    }
    if (!isLast) return;
    const payload = new Uint8Array(this.#pieceBytes);
    let position = 0;
    for (const piece of this.#pieces.splice(0)) {
      payload.set(piece, position);
      position += piece.length;
    }
    this.#pieceBytes = 0;
    if (!this.#isStarted) this.#begin({ payload, offset });
    else this.#deps.send({ kind: 'snapshot', offset, payload });
    this.#advanced(offset);
  }

  #begin(state: { readonly payload: Uint8Array; readonly offset: number }): void {
    this.#isStarted = true;
    const { clusterId, directoryId } = this.#deps;
    this.#deps.send({ kind: 'started', clusterId, directoryId, controllerId: this.#controllerId, ...state });
  }

  /** One heartbeat after the other, whatever becomes of them. */
  #beatAgain(): void {
    if (this.#isStopped) return;
    this.#sendHeartbeat();
    this.#timer = this.#deps.timers.after(this.#deps.heartbeatIntervalMs, () => this.#beatAgain());
  }

  #sendHeartbeat(): void {
    const controller = this.#deps.client.pick();
    if (controller === null) return;
    const heartbeat = this.#heartbeat;
    if (heartbeat !== null && (heartbeat.controllerId !== controller.id || heartbeat.unanswered >= SILENT_BEATS_MAX)) {
      if (heartbeat.controllerId === controller.id) this.#deps.client.learn(null);
      heartbeat.stream.end(null);
      this.#heartbeat = null;
    }
    this.#heartbeat ??= this.#openHeartbeat(controller);
    this.#heartbeat.unanswered += 1;
    this.#sentBeats.push({ atMs: this.#beat.atMs, wallMs: this.#deps.clock.wallMs() });
    this.#heartbeat.stream.send({
      brokerId: this.#deps.nodeId,
      brokerEpoch: this.#brokerEpoch,
      appliedOffset: this.#beat.offset,
      wantsUnfenced: this.#wantsUnfenced,
      loopStalledMs: Math.round(this.#deps.loopStalledMs()),
      diskStalledMs: Math.round(this.diskStalledMs),
      unansweredMs: this.#unansweredBeats * this.#deps.heartbeatIntervalMs,
    });
    this.#unansweredBeats += 1;
  }

  /**
   * A controller that is cut off from the others keeps its watchers and has nothing for them. When the active one has committed
   * more, and nothing came for a while, another one is watched.
   */
  #lookBehind(committedOffset: number): void {
    if (committedOffset <= this.#offset || this.#deps.bugs.has('keeps-stale-watch')) this.#beatsBehind = 0;
    else this.#beatsBehind += 1;
    if (this.#beatsBehind <= BEHIND_BEATS_MAX || this.#watch === null) return;
    this.#deps.log.warn(
      { offset: this.#offset, committedOffset },
      'the controller that this broker watches is behind: another one is watched',
    );
    this.#beatsBehind = 0;
    const { stream } = this.#watch;
    this.#watchEnded(null);
    stream.end(null);
  }

  /** Whether an active controller has lost what this broker is part of: it must not be followed from there on. */
  #hasLost({ errorCode, offset }: HeartbeatResponse): boolean {
    this.#beatsAhead = errorCode === ErrorCode.NOT_CONTROLLER || offset >= this.#brokerEpoch ? 0 : this.#beatsAhead + 1;
    if (this.#beatsAhead < LOST_BEATS_MAX) return false;
    this.#deps.onFatal(
      `the active controller has metadata up to ${offset}, and broker ${this.#deps.nodeId} is of epoch ${this.#brokerEpoch}: the controllers have lost metadata; this process ends before it follows them`,
    );
    return true;
  }

  #openHeartbeat(controller: ControllerHint): Heartbeats {
    this.#sentBeats = [];
    const opened = {
      controllerId: controller.id,
      unanswered: 0,
      stream: this.#deps.channelTo(controller).open('Controller.Heartbeat', {
        onMessage: (response) => {
          if (this.#heartbeat !== opened) return;
          opened.unanswered = 0;
          this.#unansweredBeats = 0;
          this.#answered(response);
        },
        onEnd: () => {
          if (this.#heartbeat !== opened) return;
          this.#heartbeat = null;
          this.#deps.client.learn(null);
        },
      }),
    };
    return opened;
  }

  #answered(response: HeartbeatResponse): void {
    const sent = this.#sentBeats.shift();
    // A controller that was deposed and does not know it may never have heard of this incarnation.
    const isNewer = response.offset >= this.#brokerEpoch;
    if (this.#hasLost(response)) return;
    switch (response.errorCode) {
      case ErrorCode.NONE:
        this.#lookBehind(response.offset);
        if (sent === undefined) return;
        this.#clocks.heard({
          sentMs: sent.wallMs,
          heardMs: this.#deps.clock.wallMs(),
          controllerMs: response.wallMs,
        });
        if (!response.isFenced && !response.withholdsLease)
          this.#deps.send({ kind: 'lease', fromMs: sent.atMs, offset: response.offset });
        return;
      case ErrorCode.NOT_CONTROLLER:
        this.#heartbeat?.stream.end(null);
        this.#heartbeat = null;
        this.#deps.client.learn(response.controller);
        return;
      case ErrorCode.STALE_BROKER_EPOCH:
        if (!isNewer) return;
        this.#deps.onFatal(
          `another process has registered as broker ${this.#deps.nodeId}: this one, of epoch ${this.#brokerEpoch}, ends`,
        );
        return;
      case ErrorCode.BROKER_ID_NOT_REGISTERED:
        if (!isNewer) return;
        this.#deps.onFatal(`broker ${this.#deps.nodeId} was unregistered: this process ends`);
        return;
      default:
        this.#deps.log.warn({ errorCode: response.errorCode }, 'the controller refuses a heartbeat');
    }
  }
}
