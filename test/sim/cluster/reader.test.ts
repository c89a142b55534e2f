import { expect, it } from '@jest/globals';
import { FrameReader } from '../../../broker/core/client/frames.ts';
import { ApiKey, apis } from '../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';
import {
  decodeRequestHeader,
  encodeResponse,
  type ResponseInput,
  type WireKey,
} from '../../../broker/core/protocol/messages.ts';
import { idOf } from '../../support/client-harness.ts';
import { makeBatch } from '../../support/logs/log-world.ts';
import { SimNetwork } from '../net.ts';
import { Stage } from '../stage.ts';
import { World } from '../world.ts';
import { PartitionReader } from './reader.ts';

const [FIRST, SECOND] = [1, 2];
const HOST = '10.0.0.9';
const apiKeys = apis.flatMap(({ key: apiKey, minVersion, maxVersion }) =>
  maxVersion < 0 ? [] : [{ apiKey, minVersion, maxVersion }],
);

/** Two brokers of a topic with one partition; the first one leads it until it is asked where epochs ended. */
class Brokers {
  readonly network: SimNetwork;
  #leader = FIRST;

  constructor(world: World) {
    this.network = new SimNetwork(world);
    for (const id of [FIRST, SECOND]) this.#listen(id);
  }

  #listen(id: number): void {
    const accept = (connection: { readonly write: (chunks: readonly Uint8Array[]) => void }) => {
      const frames = new FrameReader(1 << 20);
      const onData = (bytes: Uint8Array): void => {
        frames.push(bytes, (frame) => {
          const { apiKey, version, correlationId } = decodeRequestHeader(frame);
          // The reader asks what `#answer` knows.
          connection.write(encodeResponse(apiKey as WireKey, version, correlationId, this.#answer(id, apiKey)));
        });
      };
      return { onData, onClose: () => undefined, onDrain: () => undefined };
    };
    this.network.host(HOST).listen({ host: HOST, port: id }, accept, () => undefined);
  }

  #answer(id: number, apiKey: number): ResponseInput<WireKey> {
    if (apiKey === ApiKey.ApiVersions) return { errorCode: 0, apiKeys };
    if (apiKey === ApiKey.Metadata) return this.#metadata();
    if (apiKey === ApiKey.Fetch) return fetched(id === this.#leader);
    this.#leader = SECOND;
    const errorCode = id === this.#leader ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER;
    return { topics: [{ topic: 't', partitions: [{ errorCode, partition: 0, leaderEpoch: 1, endOffset: 1 }] }] };
  }

  #metadata(): ResponseInput<typeof ApiKey.Metadata> {
    const both = [FIRST, SECOND];
    const lists = { replicaNodes: both, isrNodes: both, offlineReplicas: [] };
    const partition = { errorCode: 0, partitionIndex: 0, leaderId: this.#leader, leaderEpoch: this.#leader, ...lists };
    return {
      brokers: both.map((nodeId) => ({ nodeId, host: HOST, port: nodeId })),
      clusterId: 'cluster',
      controllerId: FIRST,
      topics: [{ errorCode: 0, name: 't', topicId: idOf('t'), partitions: [partition] }],
    };
  }
}

function fetched(isLeader: boolean): ResponseInput<typeof ApiKey.Fetch> {
  const errorCode = isLeader ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER;
  const records = makeBatch(0, { values: ['a'], leaderEpoch: 1 });
  const partition = { partitionIndex: 0, errorCode, highWatermark: 1, lastStableOffset: 1, logStartOffset: 0, records };
  return { responses: [{ topic: 't', partitions: [partition] }] };
}

it('a final reader whose leader goes before it said where epochs ended asks the next one', () => {
  const world = new World(1);
  const { network } = new Brokers(world);
  const bootstrap = [{ host: HOST, port: SECOND }];
  const served = { bootstrap, isReady: true, addressOf: () => HOST, idAt: () => FIRST, runs: () => true };
  const stage = new Stage(world, network, served);
  const options = { name: 'last', pauseMs: 50, isFinal: true };
  const reader = new PartitionReader(stage, { topic: 't', partition: 0 }, options);
  expect(world.runUntil(() => reader.isDone, 10_000)).toBe(true);
  expect(stage.history.filter(({ kind }) => kind === 'epoch-end').length).toBe(1);
});
