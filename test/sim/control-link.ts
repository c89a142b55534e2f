import type { Message, ReplicaKey } from '../../broker/core/raft/types.ts';
import type { Codec } from '../../broker/io/grpc/codec.ts';
import { isRaftRequest, methodNamed, RAFT_METHODS } from '../../broker/io/grpc/methods.ts';
import type {
  CallFailure,
  Caller,
  ControlAddress,
  ControlStream,
  StreamCalls,
  StreamHandlers,
  StreamName,
  UnaryCalls,
  UnaryName,
} from '../../broker/ports/control-net.ts';
import type { ControlListener, SimControlNetwork } from './control-net.ts';
import type { SimHost } from './net.ts';

/** Longest until a connection that held back messages goes on after the network is mended, ms. */
const RESEND_MAX_MS = 200;
/** Bytes queued above which a sender is told when they have gone. */
const DRAIN_BYTES = 1024 * 1024;
/** About what a message takes besides its payload. */
const HEAD_BYTES = 64;

/** What a connection is opened with. */
interface LinkOptions {
  readonly process: SimHost;
  readonly address: ControlAddress;
  readonly clusterId: string;
  readonly self: ReplicaKey;
  readonly role: Caller['role'];
}

const BROKEN: CallFailure = { code: 'unavailable', message: 'the connection broke' };

/** One direction of a connection: in order, held back while the network is cut, never lost alone. */
class Pipe {
  readonly #link: SimLink;
  readonly #network: SimControlNetwork;
  readonly #from: SimHost;
  readonly #to: SimHost;
  #arrivalMs = 0;
  #held: (() => void)[] = [];

  /** Whose sends these are. */
  get owner(): SimHost {
    return this.#from;
  }

  constructor(link: SimLink, network: SimControlNetwork, ends: { readonly from: SimHost; readonly to: SimHost }) {
    this.#link = link;
    this.#network = network;
    this.#from = ends.from;
    this.#to = ends.to;
  }

  /** `run` is an input of the process at the other end. */
  send(run: () => void): void {
    const { world } = this.#network;
    this.#arrivalMs = Math.max(this.#arrivalMs, world.nowMs + this.#network.delayMs());
    world.schedule(this.#arrivalMs - world.nowMs, () => this.#arrive(run));
  }

  /** The network may be whole again: what was held back follows after a while, before anything that came later. */
  mended(): void {
    if (this.#held.length === 0 || !this.#isWhole()) return;
    const { world, prng } = this.#network;
    world.schedule(prng.below(RESEND_MAX_MS), () => {
      const held = this.#held;
      this.#held = [];
      for (const run of held) this.#arrive(run);
    });
  }

  #isWhole(): boolean {
    return this.#network.reaches(this.#from.address, this.#to.address);
  }

  #arrive(run: () => void): void {
    if (this.#link.isBroken) return;
    if (this.#held.length > 0 || !this.#isWhole()) {
      this.#held.push(run);
      this.#link.silent();
      return;
    }
    if (this.#to.isDead) {
      // Its machine knows of no such connection.
      this.#link.break();
      return;
    }
    // What arrives is acknowledged; if that gets lost, the sender takes the other for gone some time.
    if (!this.#network.reaches(this.#to.address, this.#from.address)) this.#link.silent();
    this.#to.whenAwake(() => {
      if (!this.#to.isDead && !this.#link.isBroken) run();
    });
  }
}

/** One connection from a channel to whoever listens at its address. */
export class SimLink {
  isBroken = false;
  readonly #network: SimControlNetwork;
  readonly #options: LinkOptions;
  readonly #listener: ControlListener;
  readonly #there: Pipe;
  readonly #back: Pipe;
  /** What is told to either end when the connection breaks. */
  readonly #onBreak = new Set<{ readonly process: SimHost; readonly run: () => void }>();
  #isAppending = false;
  #isSilent = false;

  constructor(network: SimControlNetwork, options: LinkOptions, listener: ControlListener) {
    this.#network = network;
    this.#options = options;
    this.#listener = listener;
    const near = options.process;
    const far = listener.process;
    this.#there = new Pipe(this, network, { from: near, to: far });
    this.#back = new Pipe(this, network, { from: far, to: near });
  }

  /** Who serves at its other end. */
  get listener(): ControlListener {
    return this.#listener;
  }

  /** A message of Raft. Appends and pieces of snapshots come on a stream each, everything else is a call of its own. */
  raft(message: Message, onReply: (reply: Message) => void): void {
    const { weather } = this.#network;
    this.#network.sent(message);
    if (this.#breaks() || this.#network.strikes('loss', weather.lossChance)) return;
    const isStreamed = message.kind === 'append' || message.kind === 'snapshot';
    if (message.kind === 'append') this.#appends();
    const copies = !isStreamed && this.#network.strikes('duplicate', weather.duplicateChance) ? 2 : 1;
    for (let i = 0; i < copies; i += 1) {
      const sent = overWire(requestCodec(message), this.#network.tamper(message));
      const take = (): void => {
        if (!this.#isKnown()) return;
        this.#network.arrived(sent);
        this.#listener.service.raft(sent, (reply) => this.#reply({ reply, isStreamed, to: message }, onReply));
      };
      if (isStreamed) this.#there.send(take);
      else this.#alone(this.#options.process, this.#listener.process, take);
    }
  }

  call<N extends UnaryName>(
    name: N,
    request: UnaryCalls[N]['request'],
    done: (failure: CallFailure | null, response: UnaryCalls[N]['response'] | null) => void,
  ): void {
    const { weather } = this.#network;
    const process = this.#options.process;
    const atBreak = { process, run: () => done(BROKEN, null) };
    if (this.#breaks()) {
      this.#network.world.schedule(0, () => process.whenAwake(atBreak.run));
      return;
    }
    this.#onBreak.add(atBreak);
    const { request: asks, response: answers } = methodNamed(name);
    const sent = overWire(asks, request);
    if (this.#network.strikes('loss', weather.lossChance / 2)) return;
    this.#there.send(() => {
      const answer = (failure: CallFailure | null, response: UnaryCalls[N]['response'] | null): void => {
        const copy = response === null ? null : overWire(answers, response);
        if (this.#network.strikes('loss', weather.lossChance / 2)) return;
        this.#back.send(() => {
          this.#onBreak.delete(atBreak);
          done(failure, copy);
        });
      };
      if (this.#isKnown()) this.#listener.service.call(name, sent, this.#caller(), answer);
      else answer(this.#stranger(), null);
    });
  }

  open<N extends StreamName>(
    name: N,
    handlers: StreamHandlers<StreamCalls[N]['response']>,
  ): ControlStream<StreamCalls[N]['request']> {
    const { request, response } = methodNamed(name);
    const near = new StreamEnd<StreamCalls[N]['request'], StreamCalls[N]['response']>(this, this.#there, request);
    const far = new StreamEnd<StreamCalls[N]['response'], StreamCalls[N]['request']>(this, this.#back, response);
    near.peer = far;
    far.peer = near;
    near.handlers = handlers;
    this.#onBreak.add({ process: this.#options.process, run: () => near.gone(BROKEN) });
    this.#there.send(() => {
      const opened = this.#isKnown() ? this.#listener.service.open(name, far, this.#caller()) : this.#stranger();
      if ('code' in opened) {
        far.end(opened);
        return;
      }
      far.handlers = opened;
      this.#onBreak.add({ process: this.#listener.process, run: () => far.gone(BROKEN) });
    });
    return near;
  }

  /** The near end hangs up. */
  close(): void {
    if (this.isBroken) return;
    const { process } = this.#options;
    for (const one of [...this.#onBreak]) if (one.process === process) this.#onBreak.delete(one);
    this.#there.send(() => this.break());
  }

  /** It breaks: each end is told, if its process lives. */
  break(): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.#network.forget(this);
    for (const { process, run } of this.#onBreak) {
      this.#network.world.schedule(this.#network.delayMs(), () =>
        process.whenAwake(() => {
          if (!process.isDead) run();
        }),
      );
    }
    this.#onBreak.clear();
  }

  /** Nothing gets through in one direction: after a while the connection is given up. */
  silent(): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.#network.world.schedule(this.#network.weather.keepaliveMs, () => {
      this.#isSilent = false;
      const near = this.#options.process;
      const far = this.#listener.process;
      const isThere =
        this.#network.reaches(near.address, far.address) && this.#network.reaches(far.address, near.address);
      // A ping is answered by the process, or by its machine: there is no such connection.
      if (!isThere || near.isDead || far.isDead) this.break();
    });
  }

  mended(): void {
    this.#there.mended();
    this.#back.mended();
  }

  /** One of the two processes ended: the other is told at once, unless nothing gets there. */
  processDied(process: SimHost): void {
    const near = this.#options.process;
    const far = this.#listener.process;
    if (process !== near && process !== far) return;
    const other = process === near ? far : near;
    if (this.#network.reaches(process.address, other.address)) this.break();
    else this.silent();
  }

  #caller(): Caller {
    const { role, self } = this.#options;
    return { role, nodeId: role === 'node' ? self.id : null };
  }

  #isKnown(): boolean {
    return this.#options.clusterId === this.#listener.clusterId;
  }

  #stranger(): CallFailure {
    return { code: 'refused', message: `this is cluster ${this.#listener.clusterId}` };
  }

  #breaks(): boolean {
    if (this.#network.strikes('break', this.#network.weather.breakChance)) this.break();
    return this.isBroken;
  }

  /** A message that others may overtake, and that is lost where the network is cut. */
  #alone(from: SimHost, to: SimHost, run: () => void): void {
    this.#network.world.schedule(this.#network.delayMs(), () => {
      if (!this.#network.reaches(from.address, to.address)) this.silent();
      else
        to.whenAwake(() => {
          if (!to.isDead) run();
        });
    });
  }

  #reply(
    { reply, isStreamed, to }: { readonly reply: Message; readonly isStreamed: boolean; readonly to: Message },
    onReply: (reply: Message) => void,
  ): void {
    this.#network.sent(reply);
    if (this.#network.strikes('loss', this.#network.weather.lossChance)) return;
    const sent = overWire(responseCodec(to), reply);
    const take = (): void => {
      this.#network.arrived(sent);
      onReply(sent);
    };
    if (isStreamed) this.#back.send(take);
    else this.#alone(this.#listener.process, this.#options.process, take);
  }

  /** From the first append on the other end hears when this connection is gone (V8). */
  #appends(): void {
    if (this.#isAppending) return;
    this.#isAppending = true;
    const { process, service } = this.#listener;
    this.#onBreak.add({ process, run: () => service.raftEnded(this.#options.self) });
  }
}

/** One end of a stream. */
class StreamEnd<Outgoing, Incoming> implements ControlStream<Outgoing> {
  peer: StreamEnd<Incoming, Outgoing> | null = null;
  handlers: StreamHandlers<Incoming> | null = null;
  readonly #link: SimLink;
  readonly #pipe: Pipe;
  readonly #codec: Codec;
  #queuedBytes = 0;
  #wasFull = false;
  #isEnded = false;
  #onDrain: () => void = () => undefined;

  constructor(link: SimLink, pipe: Pipe, codec: Codec) {
    this.#link = link;
    this.#pipe = pipe;
    this.#codec = codec;
  }

  send(message: Outgoing): void {
    if (this.#isEnded || this.#link.isBroken) return;
    const bytes = this.#codec.encode(message);
    const size = HEAD_BYTES + bytes.length;
    this.#queuedBytes += size;
    if (this.#queuedBytes > DRAIN_BYTES) this.#wasFull = true;
    this.#pipe.send(() => {
      this.#taken(size);
      // What the codec reads is what its type writes.
      this.peer?.received(this.#codec.decode(bytes) as Outgoing);
    });
  }

  queuedBytes(): number {
    return this.#queuedBytes;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  end(failure: CallFailure | null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#pipe.send(() => this.peer?.gone(failure));
  }

  received(message: Incoming): void {
    if (!this.#isEnded) this.handlers?.onMessage(message);
  }

  /** The other side ended it, or the connection broke. */
  gone(failure: CallFailure | null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.handlers?.onEnd(failure);
  }

  #taken(size: number): void {
    this.#queuedBytes -= size;
    if (!this.#wasFull || this.#queuedBytes > DRAIN_BYTES) return;
    this.#wasFull = false;
    if (!this.#isEnded) this.#pipe.owner.whenAwake(this.#onDrain);
  }
}

/** What the other side reads when this is written: nothing is shared, and the codec is at work. */
function overWire<T>(codec: Codec, message: T): T {
  // What the codec reads is what its type writes.
  return codec.decode(codec.encode(message)) as T;
}

function requestCodec(message: Message): Codec {
  if (!isRaftRequest(message)) throw new Error(`bug: ${message.kind} is no question`);
  return RAFT_METHODS[message.kind].request;
}

/** Of the answers to a question. */
function responseCodec(question: Message): Codec {
  if (!isRaftRequest(question)) throw new Error(`bug: ${question.kind} is no question`);
  return RAFT_METHODS[question.kind].response;
}
