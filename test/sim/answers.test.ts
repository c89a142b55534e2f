import { describe, expect, it } from '@jest/globals';
import { createPrng } from '../../broker/core/base/prng.ts';
import { apiByKey } from '../../broker/core/protocol/apis.ts';
import { decodeResponse, encodeRequest, type RequestInput, type WireKey } from '../../broker/core/protocol/messages.ts';
import { wireSchemas } from '../../broker/core/protocol/wire-schemas.generated.ts';
import type { NetConnection } from '../../broker/ports/net.ts';
import { apiTable } from '../../broker/server/api/table.ts';
import { FrameAssembler } from '../../broker/server/network/frames.ts';
import { InstanceMaker } from '../wire/oracle/instances.ts';
import { SimNetwork } from './net.ts';
import { SimNode } from './node.ts';
import { World } from './world.ts';

/** Longest that any request of this test may wait for its answer, virtual ms. */
const ANSWER_MS = 400_000;
const RANDOM_PER_VERSION = 12;
const FRAME_MAX = 100_000_000;

/** A node in a world of its own and a way to ask it. */
class Asker {
  readonly world = new World(7);
  readonly node: SimNode;
  readonly #network: SimNetwork;
  #connection: NetConnection | null = null;
  #frames: Uint8Array[] = [];
  #closed = false;

  constructor() {
    this.#network = new SimNetwork(this.world);
    this.node = new SimNode(this.world, this.#network);
    this.node.start();
    if (!this.world.runUntil(() => this.node.isReady, 60_000)) throw new Error(`not ready: ${this.node.fatals.join()}`);
  }

  /** The answer's frame, 'closed' when the node ended the connection, 'silent' when nothing came. */
  ask(request: readonly Uint8Array[]): Uint8Array | 'closed' | 'silent' {
    const connection = this.#connect();
    this.#frames = [];
    connection.write(request);
    this.world.runUntil(() => this.#frames.length > 0 || this.#closed, ANSWER_MS);
    const answer = this.#frames[0];
    if (this.#closed) this.#connection = null;
    if (answer === undefined) return this.#closed ? 'closed' : 'silent';
    return answer;
  }

  #connect(): NetConnection {
    if (this.#connection !== null && !this.#closed) return this.#connection;
    this.#closed = false;
    const assembler = new FrameAssembler(FRAME_MAX);
    this.#network.host().dial(
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

const clientRows = apiTable.filter((row) => row.listener === 'client');
const CASES = clientRows.flatMap((row) => {
  const { min, max } = row.versions;
  return Array.from({ length: max - min + 1 }, (_, index) => ({ key: row.key, version: min + index, name: `${apiByKey(row.key)?.name} v${min + index}` }));
});

describe('a node answers', () => {
  const asker = new Asker();
  let correlationId = 0;
  const answered = (key: WireKey, version: number, body: RequestInput<WireKey>): string => {
    correlationId += 1;
    const header = { apiKey: key, version, correlationId, clientId: 'asker' };
    const answer = asker.ask(encodeRequest(header, body));
    if (typeof answer === 'string') return answer;
    expect(decodeResponse(key, version, answer).correlationId).toBe(correlationId);
    return 'answered';
  };

  it.each(CASES)('an empty request of $name', ({ key, version }) => {
    // Everything left out is written as its default.
    const outcome = answered(key, version, {} as RequestInput<WireKey>);
    // Produce with acks=0 has no answer.
    expect(outcome).toBe(apiByKey(key)?.name === 'Produce' ? 'silent' : 'answered');
    expect(asker.node.fatals).toEqual([]);
  });

  it.each(CASES)('random well-formed requests of $name, or closes the connection', ({ key, version, name }) => {
    const schema = wireSchemas[`${apiByKey(key)?.name}Request`];
    if (schema === undefined) throw new Error(`no schema for ${name}`);
    const maker = new InstanceMaker(schema, version, createPrng(key * 100 + version), 'safe');
    for (let turn = 0; turn < RANDOM_PER_VERSION; turn += 1) {
      // Made from the very schema that the type was generated from.
      const outcome = answered(key, version, maker.make() as unknown as RequestInput<WireKey>);
      expect(apiByKey(key)?.name === 'Produce' ? 'answered' : outcome).not.toBe('silent');
      expect(asker.node.fatals).toEqual([]);
    }
    expect(asker.node.warnings.filter((line) => line.includes('bug:'))).toEqual([]);
    expect(answered(18 as WireKey, 0, {} as RequestInput<WireKey>)).toBe('answered');
  });
});
