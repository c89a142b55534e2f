import type { Prng } from '../../broker/core/base/prng.ts';
import type { Message, ReplicaKey } from '../../broker/core/raft/types.ts';
import type {
  CallFailure,
  Caller,
  ControlAddress,
  ControlChannel,
  ControlNet,
  ControlService,
  ControlStream,
  StreamCalls,
  StreamHandlers,
  StreamName,
  UnaryCalls,
  UnaryName,
} from '../../broker/ports/control-net.ts';
import { SimLink } from './control-link.ts';
import type { SimHost } from './net.ts';
import type { World } from './world.ts';

/** How the network between nodes is. Times in virtual ms, chances in [0, 1] of each message. */
export interface ControlWeather {
  /** Longest one-way delay; a message of its own may be overtaken, those of a stream stay in order. */
  readonly delayMaxMs: number;
  /** A message of Raft is dropped, a call gets no answer. */
  readonly lossChance: number;
  /** A message of Raft that is a call of its own arrives twice. */
  readonly duplicateChance: number;
  /** A connection breaks. */
  readonly breakChance: number;
  /** How long a connection is silent before its ends give it up. */
  readonly keepaliveMs: number;
}

/** Everything arrives, soon. */
export const CALM: ControlWeather = {
  delayMaxMs: 2,
  lossChance: 0,
  duplicateChance: 0,
  breakChance: 0,
  keepaliveMs: 4000,
};

/** Longest that a connection attempt to a silent machine takes, ms. */
const CONNECT_TIMEOUT_MS = 1000;
/** Pauses before connecting again, ms. */
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1000;
/** Messages that wait for a connection; further ones of Raft are dropped. */
const WAITING_MAX = 64;

/** What a process serves, at an address. */
export interface ControlListener {
  readonly process: SimHost;
  readonly clusterId: string;
  readonly self: ReplicaKey;
  readonly service: ControlService;
}

/** Somebody who looks on: every message of Raft is sent once, and arrives once, more often or never. */
export interface RaftTap {
  sent(message: Message): void;
  arrived(message: Message): void;
}

/** The network between the control isolates of a world: machines, what is cut between them, and the weather. */
export class SimControlNetwork {
  weather: ControlWeather = CALM;
  /** What becomes of a message of Raft on its way: a planted bug. */
  tamper: (message: Message) => Message = (message) => message;
  readonly world: World;
  readonly prng: Prng;
  /** How often something went wrong, by kind. */
  readonly faultCounts = new Map<string, number>();
  readonly #listeners = new Map<string, ControlListener>();
  readonly #cut = new Set<string>();
  readonly #powerless = new Set<string>();
  readonly #links = new Set<SimLink>();
  #tap: RaftTap | null = null;

  constructor(world: World, prng: Prng) {
    this.world = world;
    this.prng = prng;
  }

  /** The network as one process has it. The operator's tools are not a node. */
  of(process: SimHost, role: Caller['role'] = 'node'): ControlNet {
    return new ProcessNet(this, process, role);
  }

  /** Everything from one machine to another is lost from now on. */
  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  /** Mends one direction, or everything. What a connection held back goes on after a while. */
  mend(from?: string, to?: string): void {
    if (from === undefined) this.#cut.clear();
    else this.#cut.delete(`${from}>${to}`);
    for (const link of this.#links) link.mended();
  }

  /** Whether what leaves one machine gets to another. */
  reaches(from: string, to: string): boolean {
    return !this.#cut.has(`${from}>${to}`) && !this.#powerless.has(from) && !this.#powerless.has(to);
  }

  /** A machine without power answers nobody; one with power refuses what nobody listens to. */
  setPower(host: string, isOn: boolean): void {
    if (isOn) this.#powerless.delete(host);
    else this.#powerless.add(host);
  }

  /** A process ended: the others hear of it if its machine can still tell them. */
  died(process: SimHost): void {
    for (const [face, listener] of this.#listeners) if (listener.process === process) this.#listeners.delete(face);
    for (const link of [...this.#links]) link.processDied(process);
  }

  /** There is one who looks on. */
  onRaft(tap: RaftTap): void {
    this.#tap = tap;
  }

  sent(message: Message): void {
    this.#tap?.sent(message);
  }

  arrived(message: Message): void {
    this.#tap?.arrived(message);
  }

  listener(address: ControlAddress): ControlListener | undefined {
    return this.#listeners.get(`${address.host}:${address.port}`);
  }

  /** False when the address is taken. */
  serve(address: ControlAddress, listener: ControlListener): boolean {
    const face = `${address.host}:${address.port}`;
    if (this.#listeners.has(face)) return false;
    this.#listeners.set(face, listener);
    return true;
  }

  /** Nobody listens any more, and connections with who did are gone. */
  withdraw(address: ControlAddress): void {
    const listener = this.listener(address);
    this.#listeners.delete(`${address.host}:${address.port}`);
    for (const link of [...this.#links]) if (link.listener === listener) link.break();
  }

  keep(link: SimLink): void {
    this.#links.add(link);
  }

  forget(link: SimLink): void {
    this.#links.delete(link);
  }

  /** A one-way delay, ms. */
  delayMs(): number {
    return 0.05 + (this.prng.below(1000) / 1000) * this.weather.delayMaxMs;
  }

  /** Draws a fault of the weather, and counts it. */
  strikes(kind: 'loss' | 'duplicate' | 'break', chance: number): boolean {
    if (chance === 0 || !this.prng.chance(chance)) return false;
    this.faultCounts.set(kind, (this.faultCounts.get(kind) ?? 0) + 1);
    return true;
  }
}

/** The control network of one process. */
class ProcessNet implements ControlNet {
  readonly #network: SimControlNetwork;
  readonly #process: SimHost;
  readonly #role: Caller['role'];

  constructor(network: SimControlNetwork, process: SimHost, role: Caller['role']) {
    this.#network = network;
    this.#process = process;
    this.#role = role;
  }

  listen(options: Parameters<ControlNet['listen']>[0], done: Parameters<ControlNet['listen']>[1]): void {
    const { clusterId, self, service } = options;
    const process = this.#process;
    const network = this.#network;
    let { port } = options.address;
    while (port === 0) port = 1024 + network.prng.below(60_000);
    const address = { host: options.address.host, port };
    network.world.schedule(0, () => {
      if (process.isDead) return;
      if (network.serve(address, { process, clusterId, self, service }))
        done(null, { port, close: () => network.withdraw(address) });
      else done(`port ${port} is taken`, null);
    });
  }

  connect(options: Parameters<ControlNet['connect']>[0]): ControlChannel {
    return new SimChannel(this.#network, this.#process, { ...options, role: this.#role });
  }

  probe(address: ControlAddress, timeoutMs: number, done: Parameters<ControlNet['probe']>[2]): void {
    const network = this.#network;
    const tell = (delayMs: number, outcome: 'accepted' | 'refused' | 'unreachable'): void => {
      network.world.schedule(delayMs, () => alive(this.#process, () => done(outcome)));
    };
    const tripMs = network.delayMs() + network.delayMs();
    if (tripMs >= timeoutMs || !isThere(network, this.#process.address, address.host)) tell(timeoutMs, 'unreachable');
    else tell(tripMs, network.listener(address) === undefined ? 'refused' : 'accepted');
  }
}

/** Runs something of a process that is alive when it is awake. */
function alive(process: SimHost, run: () => void): void {
  process.whenAwake(() => {
    if (!process.isDead) run();
  });
}

/** Whether questions and answers get through. */
function isThere(network: SimControlNetwork, from: string, to: string): boolean {
  return network.reaches(from, to) && network.reaches(to, from);
}

type Waiting = { readonly run: (link: SimLink) => void; readonly fail: () => void };

/** A way to another node: connects when used, and again after a pause. */
class SimChannel implements ControlChannel {
  readonly #network: SimControlNetwork;
  readonly #process: SimHost;
  readonly #options: Parameters<ControlNet['connect']>[0] & { readonly role: Caller['role'] };
  #link: SimLink | null = null;
  #isConnecting = false;
  #isClosed = false;
  #retryMs = 0;
  #retryAtMs = 0;
  #waiting: Waiting[] = [];

  constructor(
    network: SimControlNetwork,
    process: SimHost,
    options: Parameters<ControlNet['connect']>[0] & { readonly role: Caller['role'] },
  ) {
    this.#network = network;
    this.#process = process;
    this.#options = options;
  }

  raft(message: Message): void {
    if (this.#isClosed || this.#waiting.length >= WAITING_MAX) return;
    this.#use({
      run: (link) => link.raft(message, (reply) => this.#options.onReply(reply)),
      fail: () => undefined,
    });
  }

  call<N extends UnaryName>(
    name: N,
    request: UnaryCalls[N]['request'],
    timeoutMs: number,
    done: (failure: CallFailure | null, response: UnaryCalls[N]['response'] | null) => void,
  ): void {
    let isOpen = true;
    const finish = (failure: CallFailure | null, response: UnaryCalls[N]['response'] | null): void => {
      if (!isOpen || this.#isClosed) return;
      isOpen = false;
      timer.cancel();
      done(failure, response);
    };
    const timer = this.#network.world.schedule(timeoutMs, () =>
      alive(this.#process, () => finish({ code: 'late', message: `no answer within ${timeoutMs} ms` }, null)),
    );
    this.#use({
      run: (link) => link.call(name, request, finish),
      fail: () => finish({ code: 'unavailable', message: 'not connected' }, null),
    });
  }

  open<N extends StreamName>(
    name: N,
    handlers: StreamHandlers<StreamCalls[N]['response']>,
  ): ControlStream<StreamCalls[N]['request']> {
    const stream = new LateStream<StreamCalls[N]['request']>();
    const guarded: StreamHandlers<StreamCalls[N]['response']> = {
      onMessage: (message) => {
        if (!this.#isClosed && !stream.isEnded) handlers.onMessage(message);
      },
      onEnd: (failure) => {
        if (this.#isClosed || stream.isEnded) return;
        stream.isEnded = true;
        handlers.onEnd(failure);
      },
    };
    this.#use({
      run: (link) => {
        if (!stream.isEnded) stream.attach(link.open(name, guarded));
      },
      fail: () => guarded.onEnd({ code: 'unavailable', message: 'not connected' }),
    });
    return stream;
  }

  wake(): void {
    this.#retryAtMs = 0;
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#link?.close();
    this.#link = null;
  }

  /** Does something with a connection: now, when there is one, or not at all. */
  #use(what: Waiting): void {
    const { world } = this.#network;
    if (this.#link !== null && !this.#link.isBroken) {
      what.run(this.#link);
      return;
    }
    if (!this.#isConnecting && world.nowMs < this.#retryAtMs) {
      world.schedule(0, () => alive(this.#process, what.fail));
      return;
    }
    this.#waiting.push(what);
    if (!this.#isConnecting) this.#connect();
  }

  #connect(): void {
    this.#isConnecting = true;
    const network = this.#network;
    const { address } = this.#options;
    const isSilent = !isThere(network, this.#process.address, address.host);
    const tripMs = network.delayMs() + network.delayMs();
    network.world.schedule(isSilent ? CONNECT_TIMEOUT_MS : tripMs, () =>
      alive(this.#process, () => {
        this.#isConnecting = false;
        if (this.#isClosed) return;
        const listener = isSilent ? undefined : network.listener(address);
        const waiting = this.#waiting;
        this.#waiting = [];
        if (listener === undefined) {
          this.#retryMs = Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, this.#retryMs * 2));
          this.#retryAtMs = network.world.nowMs + this.#retryMs;
          for (const { fail } of waiting) fail();
          return;
        }
        this.#retryMs = 0;
        const link = new SimLink(network, { process: this.#process, ...this.#options }, listener);
        this.#link = link;
        network.keep(link);
        for (const { run } of waiting) run(link);
      }),
    );
  }
}

/** A stream that may be used before there is a connection. */
class LateStream<Outgoing> implements ControlStream<Outgoing> {
  isEnded = false;
  #real: ControlStream<Outgoing> | null = null;
  #early: Outgoing[] = [];
  #onDrain: (() => void) | null = null;

  attach(real: ControlStream<Outgoing>): void {
    this.#real = real;
    if (this.#onDrain !== null) real.onDrain(this.#onDrain);
    for (const message of this.#early.splice(0)) real.send(message);
  }

  send(message: Outgoing): void {
    if (this.isEnded) return;
    if (this.#real === null) this.#early.push(message);
    else this.#real.send(message);
  }

  queuedBytes(): number {
    return this.#real?.queuedBytes() ?? 0;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
    this.#real?.onDrain(listener);
  }

  end(failure: CallFailure | null): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#real?.end(failure);
  }
}
