import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { assessTopics, type TopicAssessment } from '../../../../broker/core/metadata/assess-topics.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';
import { whole } from '../../../support/steps.ts';

const NOBODY = { count: 0, examples: [] };

function fence(lab: MetadataLab, id: number): void {
  lab.run({ kind: 'fenceBroker', brokerId: id, brokerEpoch: lab.image.broker(brokerId(id))?.epoch ?? -1 });
}

const assess = (lab: MetadataLab, examplesMax = 5): TopicAssessment =>
  whole(assessTopics(lab.image, lab.settings, examplesMax)).value;

/** Replicas by partition. */
const placed = (...replicas: readonly (readonly number[])[]) => ({
  partitionCount: -1,
  replicationFactor: -1,
  assignments: replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
});

const MIN_TWO = [{ name: 'min.insync.replicas', value: '2' }];

/** Three brokers with a topic of Weir's own and one of a user, both of three replicas, of which two have to be in sync. */
function cluster(): MetadataLab {
  const lab = MetadataLab.withBrokers([0, 1, 2]);
  for (const name of ['__consumer_offsets', 't'])
    lab.create(newTopic(name, { ...placed([0, 1, 2], [1, 2, 0]), configs: MIN_TWO }));
  return lab;
}

describe('an assessment of all topics', () => {
  test('counts topics and partitions, and finds nothing where all is well', () => {
    expect(assess(cluster())).toEqual({
      topicCount: 2,
      partitionCount: 4,
      leaderless: NOBODY,
      damaged: NOBODY,
      underMinIsr: NOBODY,
      underReplicated: NOBODY,
      thin: NOBODY,
    });
    expect(assess(MetadataLab.withBrokers([0]))).toMatchObject({ topicCount: 0, partitionCount: 0, thin: NOBODY });
  });

  test('tells partitions that lack a replica, then too many, then their leader', () => {
    const lab = cluster();
    const all = { count: 4, examples: ['__consumer_offsets-0', '__consumer_offsets-1', 't-0', 't-1'] };
    fence(lab, 2);
    expect(assess(lab)).toMatchObject({ leaderless: NOBODY, underMinIsr: NOBODY, underReplicated: all });
    fence(lab, 1);
    expect(assess(lab)).toMatchObject({ leaderless: NOBODY, underMinIsr: all, underReplicated: all });
    fence(lab, 0);
    expect(assess(lab)).toMatchObject({
      leaderless: all,
      damaged: NOBODY,
      underMinIsr: NOBODY,
      underReplicated: NOBODY,
    });
    expect(assess(lab).thin).toEqual(NOBODY);
  });

  test('a topic with one replica, or no more than its min.insync.replicas, is thin, and one that has fewer than those is never under them', () => {
    const lab = cluster();
    lab.create(newTopic('single', placed([0])));
    lab.create(newTopic('pair', { ...placed([0, 1]), configs: MIN_TWO }));
    lab.create(newTopic('mixed', { ...placed([0, 1, 2], [0, 1, 2]), configs: MIN_TWO }));
    const partitions = [{ topic: 'mixed', index: 1, replicas: [0, 1] }];
    lab.run({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true });
    lab.create(newTopic('good', placed([0, 1])));
    expect(assess(lab)).toMatchObject({
      thin: { count: 3, examples: ['single', 'pair', 'mixed'] },
      underMinIsr: NOBODY,
      underReplicated: NOBODY,
    });
  });

  test('min.insync.replicas of all brokers counts where a topic has none of its own', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    lab.create(newTopic('pair', placed([0, 1])));
    expect(assess(lab).thin).toEqual(NOBODY);
    lab.settings.setDynamic(new Map(), new Map([['min.insync.replicas', '2']]));
    expect(assess(lab).thin).toEqual({ count: 1, examples: ['pair'] });
  });

  test('a replica that is being made lacks nobody, and what is moved is judged by what it will be', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    lab.create(newTopic('t', placed([0])));
    const partitions = [{ topic: 't', index: 0, replicas: [0, 1, 2] }];
    lab.run({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true });
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ isr: [0], addingReplicas: [1, 2] });
    expect(assess(lab)).toMatchObject({ underReplicated: NOBODY, thin: NOBODY });
  });

  test('a partition without a leader whose log is damaged is told apart', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    lab.create(newTopic('t', placed([0], [1])));
    fence(lab, 0);
    lab.run(lab.registration(0, { damaged: [{ topicId: lab.image.topicByName('t')?.id ?? '', index: 0 }] }));
    expect(assess(lab)).toMatchObject({
      leaderless: { count: 1, examples: ['t-0'] },
      damaged: { count: 1, examples: ['t-0'] },
    });
  });

  test('names ten at most, whatever is asked for, and takes as many steps as there are partitions for', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    const many = Array.from({ length: 2500 }, () => [0]);
    lab.create(newTopic('t', placed(...many)));
    fence(lab, 0);
    const { value, stepCount } = whole(assessTopics(lab.image, lab.settings, 1000));
    expect(value.leaderless.count).toBe(2500);
    expect(value.leaderless.examples).toHaveLength(10);
    expect(stepCount).toBe(3);
    expect(assess(lab, -1).leaderless).toEqual({ count: 2500, examples: [] });
  });
});
