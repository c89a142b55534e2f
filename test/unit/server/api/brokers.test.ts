import { describe, expect, it } from '@jest/globals';
import { brokerId, leaderEpoch, topicId } from '../../../../broker/core/base/ids.ts';
import type { BrokerView, PartitionView } from '../../../../broker/core/metadata/view.ts';
import { brokersOn, describePartition } from '../../../../broker/server/api/brokers.ts';
import type { Partition, Partitions } from '../../../../broker/server/partitions/partition.ts';
import { FakeMetadata } from '../../../support/fake-metadata.ts';
import { PLAIN_BROKER } from '../../../support/metadata/parts.ts';

const endpoint = (listener: string, host: string, port: number) => ({ listener, host, port });

/** Metadata with these brokers. */
class Brokers extends FakeMetadata {
  readonly #all: readonly BrokerView[];
  constructor(all: readonly BrokerView[]) {
    super();
    this.#all = all;
  }
  override brokers(): readonly BrokerView[] {
    return this.#all;
  }
  override broker(id: number): BrokerView | null {
    return this.#all.find((one) => one.id === id) ?? null;
  }
}

const view = new Brokers([
  {
    ...PLAIN_BROKER,
    id: brokerId(0),
    epoch: 1,
    endpoints: [endpoint('plain', '10.0.0.1', 9092), endpoint('outside', 'b0.example.com', 443)],
  },
  {
    ...PLAIN_BROKER,
    id: brokerId(1),
    epoch: 2,
    rack: 'r',
    fenced: true,
    endpoints: [endpoint('plain', '10.0.0.2', 9092)],
  },
  { ...PLAIN_BROKER, id: brokerId(2), epoch: 3, endpoints: [endpoint('plain', '10.0.0.3', 9092)] },
]);
const addresses = (listener: string, includeFenced?: boolean): string[] =>
  brokersOn(view, listener, includeFenced).map((one) => `${one.broker.id}=${one.host}:${one.port}`);

describe('brokers that clients are told of', () => {
  it('have the address of the listener that was asked on', () => {
    expect(addresses('plain')).toEqual(['0=10.0.0.1:9092', '2=10.0.0.3:9092']);
    expect(addresses('outside')).toEqual(['0=b0.example.com:443']);
  });

  it('are none on a listener that nobody has', () => {
    expect(addresses('elsewhere')).toEqual([]);
  });

  it('hold the fenced ones only when these are asked for (KIP-1073)', () => {
    expect(addresses('plain', true)).toEqual(['0=10.0.0.1:9092', '1=10.0.0.2:9092', '2=10.0.0.3:9092']);
  });

  it('leave out of the live replicas who is fenced or unknown, and whose log is damaged', () => {
    const partition: PartitionView = {
      index: 0,
      leader: brokerId(0),
      leaderEpoch: leaderEpoch(0),
      partitionEpoch: 0,
      replicas: [brokerId(0), brokerId(1), brokerId(9)],
      isr: [brokerId(0)],
      elr: [],
      lastKnownElr: [],
      addingReplicas: [],
      removingReplicas: [],
      durableFromEpoch: 0,
    };
    const topic = { id: topicId('AAAAAAAAAAAAAAAAAAAAAA') };
    const told = (status: number) => {
      const led = { leader: brokerId(0), status: () => status } as unknown as Partition;
      const partitions: Partitions = {
        byId: () => led,
        byName: () => led,
        followed: () => null,
        all: () => [led],
        onLead: () => undefined,
        damagedCount: 0,
      };
      return describePartition({ metadata: { view }, partitions }, topic, partition);
    };
    const same = { partitionIndex: 0, leaderEpoch: 0, replicaNodes: [0, 1, 9], isrNodes: [0] };
    expect(told(0)).toEqual({ ...same, errorCode: 0, leaderId: 0, offlineReplicas: [1, 9] });
    // A damaged log is an offline replica (D7).
    expect(told(56)).toEqual({ ...same, errorCode: 5, leaderId: -1, offlineReplicas: [0, 1, 9] });
  });
});
