import { describe, expect, it, test } from '@jest/globals';
import type { PartitionState } from '../../../../broker/core/metadata/topic.ts';
import { MetadataLab, newTopic, sampleId } from '../../../support/metadata/lab.ts';

const MIN_ISR = { 'min.insync.replicas': '2' };
const UNCLEAN = { 'unclean.leader.election.enable': 'true' };

function epochOf(lab: MetadataLab, id: number): number {
  return lab.image.brokers().find((broker) => broker.id === id)?.epoch ?? -1;
}

function partitionOf(lab: MetadataLab): PartitionState | undefined {
  return lab.image.topicByName('t')?.partition(0);
}

/** A partition on 1 and 2: 1 has come back and has yet to catch up; 2, the only one in sync, is about to stop. */
function lastInSync(overrides: Readonly<Record<string, string>> = {}, lab = MetadataLab.withBrokers([1, 2])) {
  const configs = Object.entries(overrides).map(([name, value]) => ({ name, value }));
  const assignments = [{ partitionIndex: 0, brokerIds: [1, 2] }];
  lab.create(newTopic('t', { partitionCount: -1, replicationFactor: -1, assignments, configs }));
  lab.run({ kind: 'fenceBroker', brokerId: 1, brokerEpoch: epochOf(lab, 1) });
  lab.join(1);
  lab.run({ kind: 'controlledShutdown', brokerId: 2, brokerEpoch: epochOf(lab, 2) });
  expect(partitionOf(lab)).toMatchObject({ leader: 2, isr: [2] });
  return lab;
}

/** A cluster with ELRs that was formed without a `min.insync.replicas` of all brokers. */
function unsettled(): MetadataLab {
  const lab = new MetadataLab(MIN_ISR);
  const features = { 'weir.version': 3, 'eligible.leader.replicas.version': 1 };
  lab.image.apply(
    [
      { kind: 'cluster', clusterId: sampleId(0) },
      ...Object.entries(features).map(([name, level]) => ({ kind: 'feature' as const, name, level })),
    ],
    0,
  );
  for (const id of [1, 2]) lab.join(id);
  return lab;
}

const preferred = { kind: 'electLeaders', electionType: 'preferred', partitions: null } as const;
const moved = {
  kind: 'alterReassignments',
  partitions: [{ topic: 't', index: 0, replicas: [3, 1, 2] }],
  allowReplicationFactorChange: true,
} as const;

describe('the last of the ISR, about to stop, leads until another is in sync, whatever happens meanwhile', () => {
  it.each<[string, () => MetadataLab, (lab: MetadataLab) => void]>([
    ['leaders return', lastInSync, (lab) => lab.carryOut({ kind: 'returnLeaders', brokerId: 1 })],
    [
      'leaders return to where unclean elections are allowed',
      () => lastInSync(UNCLEAN),
      (lab) => lab.carryOut({ kind: 'returnLeaders', brokerId: 1 }),
    ],
    ['the preferred are elected', lastInSync, (lab) => lab.run(preferred)],
    [
      'the preferred are elected where unclean elections are allowed',
      () => lastInSync(UNCLEAN),
      (lab) => lab.run(preferred),
    ],
    ['the minimum of its topic changes', lastInSync, (lab) => lab.set('topic', 't', MIN_ISR)],
    ['the minimum of all topics changes', lastInSync, (lab) => lab.set('cluster', '', MIN_ISR)],
    ['the minimum is settled', () => lastInSync({}, unsettled()), (lab) => lab.carryOut({ kind: 'settleMinIsr' })],
    [
      'an eligible broker restarts',
      () => lastInSync({}, MetadataLab.withBrokers([1, 2], MIN_ISR)),
      (lab) => lab.run(lab.registration(1)),
    ],
    [
      'an eligible broker goes away',
      () => lastInSync({}, MetadataLab.withBrokers([1, 2], MIN_ISR)),
      (lab) => lab.run({ kind: 'fenceBroker', brokerId: 1, brokerEpoch: epochOf(lab, 1) }),
    ],
    ['a replica is added', () => lastInSync({}, MetadataLab.withBrokers([1, 2, 3])), (lab) => lab.run(moved)],
  ])('%s', (_what, make, happens) => {
    const lab = make();
    happens(lab);
    expect(partitionOf(lab)).toMatchObject({ leader: 2, isr: [2] });
  });

  test('then the other leads, and not before', () => {
    const lab = lastInSync();
    const { leaderEpoch = -1, partitionEpoch = -1, id } = { ...partitionOf(lab), id: lab.image.topicByName('t')?.id };
    const isr = [1, 2].map((brokerId) => ({ brokerId, brokerEpoch: epochOf(lab, brokerId) }));
    const partitions = [{ topicId: id ?? '', index: 0, leaderEpoch, partitionEpoch, isr }];
    lab.run({ kind: 'alterPartition', brokerId: 2, brokerEpoch: epochOf(lab, 2), partitions });
    expect(partitionOf(lab)).toMatchObject({ leader: 1, isr: [1, 2] });
  });

  test('it is gone when it is out', () => {
    const lab = lastInSync();
    lab.run({ kind: 'fenceBroker', brokerId: 2, brokerEpoch: epochOf(lab, 2) });
    expect(partitionOf(lab)?.leader).toBe(-1);
  });
});
