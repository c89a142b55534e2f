import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { type InternalMinIsrs, internalMinIsrs } from '../../../../broker/core/metadata/internal-min-isr.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';

const NAME = 'min.insync.replicas';
const GROUPS = '__consumer_offsets';
const SHARE_STATE = '__share_group_state';
const NOTHING: InternalMinIsrs = { changes: [], waiting: [] };

interface Wish {
  readonly brokers?: readonly number[];
  readonly topic?: string;
  /** Replicas of its partitions. */
  readonly replicas: readonly (readonly number[])[];
  /** What is set for the topic. */
  readonly own?: string;
  /** What all topics have. */
  readonly ofAll?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

/** A cluster with one topic. */
function labOf({ brokers = [0, 1, 2], topic = GROUPS, replicas, own, ofAll = '1', settings = {} }: Wish): MetadataLab {
  const lab = MetadataLab.withBrokers(brokers, { ...settings, [NAME]: ofAll });
  const assignments = replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));
  const configs = own === undefined ? [] : [{ name: NAME, value: own }];
  expect(lab.create(newTopic(topic, { partitionCount: -1, replicationFactor: -1, assignments, configs }))).toEqual([0]);
  return lab;
}

const planFor = (lab: MetadataLab): InternalMinIsrs => internalMinIsrs(lab.image, lab.settings);
const becomes = (value: string | null, topic = GROUPS): InternalMinIsrs => ({
  changes: [{ topic, value }],
  waiting: [],
});

function move(lab: MetadataLab, index: number, replicas: readonly number[]): void {
  const partitions = [{ topic: GROUPS, index, replicas }];
  lab.run({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true });
}

/** The leader says who is in sync. */
function inSync(lab: MetadataLab, index: number, isr: readonly number[]): void {
  const topic = lab.image.topicByName(GROUPS);
  const partition = topic?.partition(index);
  const leader = partition?.leader ?? -1;
  lab.run({
    kind: 'alterPartition',
    brokerId: leader,
    brokerEpoch: lab.image.broker(brokerId(leader))?.epoch ?? -1,
    partitions: [
      {
        topicId: topic?.id ?? '',
        index,
        leaderEpoch: partition?.leaderEpoch ?? -1,
        partitionEpoch: partition?.partitionEpoch ?? -1,
        isr: isr.map((id) => ({ brokerId: id, brokerEpoch: lab.image.broker(brokerId(id))?.epoch ?? -1 })),
      },
    ],
  });
}

describe('min.insync.replicas of internal topics (O9)', () => {
  test('is raised to two where all partitions have copies for it', () => {
    expect(
      planFor(
        labOf({
          replicas: [
            [0, 1, 2],
            [1, 2, 0],
          ],
        }),
      ),
    ).toEqual(becomes('2'));
    expect(planFor(labOf({ replicas: [[0, 1]] }))).toEqual(becomes('2'));
    expect(planFor(labOf({ brokers: [0], replicas: [[0]] }))).toEqual(NOTHING);
    const lab = labOf({ replicas: [[0], [1]] });
    move(lab, 0, [0, 1]);
    inSync(lab, 0, [0, 1]);
    expect(lab.image.topicByName(GROUPS)?.partition(0)).toMatchObject({ isr: [0, 1], addingReplicas: [] });
    expect(planFor(lab)).toEqual(NOTHING);
  });

  test('is that of topics that others make as it is', () => {
    expect(planFor(labOf({ topic: 't', replicas: [[0, 1, 2]] }))).toEqual(NOTHING);
  });

  test('of share state is what the file says', () => {
    const topic = SHARE_STATE;
    const file = (value: string) => ({ settings: { 'share.coordinator.state.topic.min.isr': value } });
    expect(planFor(labOf({ topic, replicas: [[0, 1, 2]], ...file('3') }))).toEqual(becomes('3', topic));
    expect(planFor(labOf({ topic, replicas: [[0, 1, 2]], own: '1', ...file('1') }))).toEqual(NOTHING);
  });

  test('stays what somebody set, as far as it can be told', () => {
    expect(planFor(labOf({ replicas: [[0, 1, 2]], own: '1' }))).toEqual(NOTHING);
    expect(planFor(labOf({ replicas: [[0, 1, 2]], own: '3' }))).toEqual(NOTHING);
    expect(planFor(labOf({ replicas: [[0]], own: '3' }))).toEqual(NOTHING);
    expect(planFor(labOf({ replicas: [[0, 1, 2]], ofAll: '3' }))).toEqual(NOTHING);
    // A topic that was made on one broker has it too.
    expect(planFor(labOf({ replicas: [[0, 1, 2]], own: '1', ofAll: '2' }))).toEqual(becomes('2'));
  });

  test('waits for the copies that are to be in sync, and is raised when they are', () => {
    const lab = labOf({
      replicas: [
        [0, 1, 2],
        [1, 2, 0],
      ],
    });
    inSync(lab, 0, [0]);
    expect(planFor(lab)).toEqual({ changes: [], waiting: [{ topic: GROUPS, value: '2' }] });
    inSync(lab, 0, [0, 2]);
    expect(planFor(lab)).toEqual(becomes('2'));
  });

  test('is raised when a move is over, not before', () => {
    const lab = labOf({ replicas: [[0]] });
    move(lab, 0, [0, 1, 2]);
    inSync(lab, 0, [0, 1]);
    expect(planFor(lab)).toEqual(NOTHING);
    inSync(lab, 0, [0, 1, 2]);
    expect(planFor(lab)).toEqual(becomes('2'));
  });

  test.each([
    ['1', '2', null],
    ['2', '2', '1'],
    ['2', undefined, '1'],
  ])('holds up no copies that come: with %s for all topics %s becomes %s', (ofAll, own, lowered) => {
    const lab = labOf({ replicas: [[0], [1]], ofAll, ...(own === undefined ? {} : { own }) });
    expect(planFor(lab)).toEqual(becomes(lowered));
    move(lab, 0, [0, 1, 2]);
    expect(planFor(lab)).toEqual(becomes(lowered));
    const operations = [{ name: NAME, operation: lowered === null ? 'delete' : 'set', value: lowered }] as const;
    lab.run({ kind: 'alterConfigs', resources: [{ scope: 'topic', name: GROUPS, operations }], validateOnly: false });
    expect(planFor(lab)).toEqual(NOTHING);
    move(lab, 1, [1, 2, 0]);
    for (const index of [0, 1]) {
      expect(planFor(lab)).toEqual(NOTHING);
      inSync(lab, index, [0, 1, 2]);
    }
    expect(planFor(lab)).toEqual(becomes('2'));
  });
});
