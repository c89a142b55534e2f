import { brokerId, leaderEpoch, topicId } from '../../broker/core/base/ids.ts';
import type { PartitionView } from '../../broker/core/metadata/view.ts';
import { FakeView } from './fake-view.ts';
import { PLAIN_BROKER } from './metadata/parts.ts';
import { topicOf } from './topic-view.ts';

const [SELF, LEADER] = [brokerId(0), brokerId(1)];

/** What a client of listener `plain` is told of jobs-0 where `ledElsewhere` holds. */
export const ELSEWHERE = {
  currentLeader: { leaderId: 1, leaderEpoch: 4 },
  nodeEndpoints: [{ nodeId: 1, host: 'broker-1', port: 9092, rack: null }],
};

/** The metadata of broker 0, where broker 1 leads jobs-0 in epoch 4; each listens under a name for clients and one for brokers. */
export function ledElsewhere(
  id: string,
  changes: Partial<Pick<PartitionView, 'isr' | 'leader' | 'leaderEpoch' | 'replicas'>> = {},
): FakeView {
  const partition: PartitionView = {
    index: 0,
    leader: LEADER,
    leaderEpoch: leaderEpoch(4),
    partitionEpoch: 0,
    replicas: [SELF, LEADER],
    isr: [SELF, LEADER],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    durableFromEpoch: 0,
    ...changes,
  };
  const topic = topicOf({ id: topicId(id), name: 'jobs', internal: false, partitions: [partition] });
  const view = new FakeView();
  view.topicByName = (name) => (name === 'jobs' ? topic : null);
  view.topicById = (asked) => (asked === id ? topic : null);
  view.setBrokers(
    [SELF, LEADER].map((node) => {
      const endpoints = [
        { listener: 'plain', host: `broker-${node}`, port: 9092 },
        { listener: 'brokers', host: `inner-${node}`, port: 9093 },
      ];
      return { ...PLAIN_BROKER, id: node, epoch: 40, endpoints, registered: endpoints };
    }),
  );
  return view;
}
