import { decodeResponse, encodeRequest, type RequestInput, type WireKey } from '../../broker/core/protocol/messages.ts';
import type { NetConnection } from '../../broker/ports/net.ts';
import { FrameAssembler } from '../../broker/server/network/frames.ts';
import { SimNetwork } from './net.ts';
import { SimNode, type SimNodeOptions } from './node.ts';
import { World } from './world.ts';

/** Longest that a request may wait for its answer, virtual ms. */
const ANSWER_MS = 400_000;
/** Longest that a start may take, virtual ms: each of its writes takes seconds on the slowest of disks. */
const READY_MS = 120_000;
const FRAME_MAX = 100_000_000;

/** What became of a request: the frame of the answer, the end of the connection, or nothing at all. */
export type Outcome = Uint8Array | 'closed' | 'silent';

/** A node in a world of its own, and one connection to it on which requests are asked one by one. */
export class Asker {
  readonly world: World;
  readonly node: SimNode;
  readonly network: SimNetwork;
  #connection: NetConnection | null = null;
  #frames: Uint8Array[] = [];
  #closed = false;
  #correlationId = 0;

  /** `beside` starts other nodes before, and says what this one has to know of them. */
  constructor(
    seed: number,
    options: SimNodeOptions = {},
    beside: (world: World, network: SimNetwork) => SimNodeOptions = () => ({}),
  ) {
    this.world = new World(seed);
    this.network = new SimNetwork(this.world);
    const more = beside(this.world, this.network);
    const settings = { ...options.settings, ...more.settings };
    this.node = new SimNode(this.world, this.network, { ...options, ...more, settings });
    this.node.start();
    if (!this.world.runUntil(() => this.node.isReady, READY_MS))
      throw new Error(`not ready: ${this.node.fatals.join()}`);
  }

  /** Power goes and comes back; the next request goes to the new life of the node. */
  powerCycle(): void {
    this.node.crash('power');
    this.node.start();
    if (!this.world.runUntil(() => this.node.isReady, READY_MS))
      throw new Error(`not ready: ${this.node.fatals.join()}`);
    this.#closed = true;
  }

  /** Ends the connection; the next request gets a new one. */
  hangUp(): void {
    this.#connection?.close({ flush: false });
    this.#connection = null;
  }

  /** Sends bytes as they are. */
  ask(request: readonly Uint8Array[], withinMs = ANSWER_MS): Outcome {
    const connection = this.#connect();
    this.#frames = [];
    connection.write(request);
    this.world.runUntil(() => this.#frames.length > 0 || this.#closed, withinMs);
    if (this.#closed) this.#connection = null;
    return this.#frames[0] ?? (this.#closed ? 'closed' : 'silent');
  }

  /** Sends several requests in one write and waits for that many answers. */
  askMany(requests: readonly Uint8Array[], count: number): readonly Uint8Array[] {
    const connection = this.#connect();
    this.#frames = [];
    connection.write([Buffer.concat(requests)]);
    this.world.runUntil(() => this.#frames.length >= count || this.#closed, ANSWER_MS);
    return this.#frames;
  }

  /** Sends a request of one API and decodes the answer, whose correlation id must be the request's. */
  call<K extends WireKey>(apiKey: K, version: number, body: RequestInput<K>, withinMs = ANSWER_MS) {
    this.#correlationId += 1;
    const correlationId = this.#correlationId;
    const outcome = this.ask(encodeRequest({ apiKey, version, correlationId, clientId: 'asker' }, body), withinMs);
    if (typeof outcome === 'string') return outcome;
    const answer = decodeResponse(apiKey, version, outcome);
    if (answer.correlationId !== correlationId)
      throw new Error(`answer ${answer.correlationId} to request ${correlationId}`);
    return answer.body;
  }

  #connect(): NetConnection {
    if (this.#connection !== null && !this.#closed) return this.#connection;
    this.#closed = false;
    this.#connection = null;
    const assembler = new FrameAssembler(FRAME_MAX);
    this.network.host().dial(
      { host: '127.0.0.1', port: 9092, timeoutMs: 1000 },
      {
        onData: (bytes) => void assembler.push(bytes, (frame) => this.#frames.push(frame)),
        onDrain: () => undefined,
        onClose: () => {
          this.#closed = true;
        },
      },
      (_failure, connection) => {
        this.#connection = connection;
      },
    );
    this.world.runUntil(() => this.#connection !== null, 1000);
    if (this.#connection === null) throw new Error('the node refused the connection');
    return this.#connection;
  }
}
