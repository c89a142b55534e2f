import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { restartReasons } from '../../../../broker/core/metadata/can-restart.ts';
import { MetadataLab, newTopic, sampleId } from '../../../support/metadata/lab.ts';
import { whole } from '../../../support/steps.ts';

/** A cluster of three with a topic of three replicas, of which two have to be in sync. */
function cluster(): MetadataLab {
  const lab = MetadataLab.withBrokers([0, 1, 2]);
  lab.create(newTopic('t', { replicationFactor: 3, configs: [{ name: 'min.insync.replicas', value: '2' }] }));
  return lab;
}

function fence(lab: MetadataLab, id: number): void {
  lab.run({ kind: 'fenceBroker', brokerId: id, brokerEpoch: lab.image.broker(brokerId(id))?.epoch ?? -1 });
}

const reasons = (lab: MetadataLab, ...ids: readonly number[]): readonly string[] =>
  whole(restartReasons(lab.image, lab.settings, ids)).value;

const losses = (lab: MetadataLab, ...ids: readonly number[]): readonly string[] =>
  whole(restartReasons(lab.image, lab.settings, ids, 'losing-disk')).value;

describe('whether a broker may lose its disk', () => {
  const TOO_FEW = (count: number) =>
    `t-0 would have ${count} in-sync replica${count === 1 ? '' : 's'} and needs 2 (min.insync.replicas)`;

  test('it may while min.insync.replicas others are in sync, whether it is there or not', () => {
    const lab = cluster();
    for (const id of [0, 1, 2]) expect(losses(lab, id)).toEqual([]);
    fence(lab, 2);
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ isr: [0, 1], elr: [] });
    expect(losses(lab, 2)).toEqual([]);
    for (const id of [0, 1]) expect(losses(lab, id)).toEqual([TOO_FEW(1)]);
  });

  test('one that is in the ELR may not, though it is away already', () => {
    const lab = cluster();
    fence(lab, 2);
    fence(lab, 1);
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ leader: 0, isr: [0], elr: [1] });
    expect(reasons(lab, 1)).toEqual([]);
    expect(losses(lab, 1)).toEqual([TOO_FEW(1)]);
  });

  test('nor may one of the last known ELR, which is all that is left to be asked', () => {
    const lab = cluster();
    fence(lab, 2);
    fence(lab, 1);
    fence(lab, 0);
    for (const id of [0, 1]) lab.run(lab.registration(id, { directoryId: sampleId(900_000 + id) }));
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ isr: [], elr: [], lastKnownElr: [0, 1] });
    for (const id of [0, 1, 2]) expect(losses(lab, id)).toEqual([TOO_FEW(0)]);
  });

  test('the only replica may not go, nor all of them at once', () => {
    const lab = cluster();
    const assignments = [{ partitionIndex: 0, brokerIds: [0] }];
    lab.create(newTopic('alone', { assignments, partitionCount: -1, replicationFactor: -1 }));
    expect(losses(lab, 0)).toEqual(['alone-0 has no replica elsewhere']);
    expect(losses(lab, 1)).toEqual([]);
    expect(losses(lab, 1, 2, 0)).toContain('t-0 has no replica elsewhere');
  });

  test('the last of an ISR that stays in it is none that has what is lost, while it is away or has an empty disk', () => {
    const lab = MetadataLab.atLevel1();
    const updates = [{ name: 'weir.version', level: 3, upgradeType: 'upgrade' }] as const;
    expect(lab.run({ kind: 'updateFeatures', updates, validateOnly: false })).toMatchObject({ errorCode: 0 });
    for (const id of [0, 1]) lab.join(id);
    lab.create(newTopic('t', { replicationFactor: 2, configs: [{ name: 'min.insync.replicas', value: '1' }] }));
    expect(losses(lab, 1)).toEqual([]);
    for (const id of [1, 0]) fence(lab, id);
    const nobody = ['t-0 would have 0 in-sync replicas and needs 1 (min.insync.replicas)'];
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ isr: [0] });
    expect(losses(lab, 1)).toEqual(nobody);
    const registered = lab.run(lab.registration(0, { directoryId: sampleId(900_000) }));
    const brokerEpoch = registered.kind === 'registerBroker' ? registered.brokerEpoch : -1;
    lab.run({ kind: 'unfenceBroker', brokerId: 0, brokerEpoch });
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ isr: [0], leader: -1 });
    expect(losses(lab, 1)).toEqual(nobody);
  });

  test('one copy that is in sync is enough where that is all that is asked for', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('t', { replicationFactor: 2, configs: [{ name: 'min.insync.replicas', value: '1' }] }));
    expect(losses(lab, 0)).toEqual([]);
    fence(lab, 1);
    expect(losses(lab, 0)).toEqual(['t-0 would have 0 in-sync replicas and needs 1 (min.insync.replicas)']);
    expect(losses(lab, 1)).toEqual([]);
  });

  test.each([
    ['as many replicas as min.insync.replicas', '3'],
    ['fewer', '4'],
  ])('with %s it may as soon as all others are in sync, since no waiting would help', (_what, least) => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    lab.create(newTopic('t', { replicationFactor: 3, configs: [{ name: 'min.insync.replicas', value: least }] }));
    for (const id of [0, 1, 2]) expect(losses(lab, id)).toEqual([]);
    fence(lab, 1);
    expect(losses(lab, 1)).toEqual([]);
    for (const id of [0, 2]) expect(losses(lab, id)).toEqual([TOO_FEW(1)]);
  });
});

describe('whether a broker may be restarted', () => {
  test('it may while min.insync.replicas others are in sync, and any one of them may', () => {
    const lab = cluster();
    for (const id of [0, 1, 2]) expect(reasons(lab, id)).toEqual([]);
  });

  test('a second one of the same partition may not: neither at once nor while the first is away', () => {
    const lab = cluster();
    expect(reasons(lab, 0, 1)).toEqual(['t-0 would have 1 in-sync replica and needs 2 (min.insync.replicas)']);
    fence(lab, 1);
    expect(reasons(lab, 0)).toEqual(['t-0 would have 1 in-sync replica and needs 2 (min.insync.replicas)']);
    // It is away already: nothing is lost when it is restarted.
    expect(reasons(lab, 1)).toEqual([]);
  });

  test('one that is out is none that is left, though an ISR still names it', () => {
    const lab = cluster();
    const brokerEpoch = lab.image.broker(brokerId(2))?.epoch ?? -1;
    lab.image.apply([{ kind: 'brokerFence', brokerId: 2, brokerEpoch, fenced: true }], lab.image.offset + 1);
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ isr: [0, 1, 2] });
    expect(reasons(lab, 0)).toEqual(['t-0 would have 1 in-sync replica and needs 2 (min.insync.replicas)']);
    expect(reasons(lab, 0, 1)).toEqual(['t-0 would have no replica left that may lead']);
  });

  test('the last that may lead may not', () => {
    const lab = cluster();
    expect(reasons(lab, 0, 1, 2)).toEqual(['t-0 would have no replica left that may lead']);
  });

  test('one that is eligible may lead, too, and the others have to be in sync all the same', () => {
    const lab = cluster();
    fence(lab, 2);
    fence(lab, 1);
    lab.run({ kind: 'unfenceBroker', brokerId: 1, brokerEpoch: lab.image.broker(brokerId(1))?.epoch ?? -1 });
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ isr: [0], elr: [1] });
    expect(reasons(lab, 0)).toEqual(['t-0 would have 0 in-sync replicas and needs 2 (min.insync.replicas)']);
    fence(lab, 1);
    expect(reasons(lab, 0)).toEqual(['t-0 would have no replica left that may lead']);
  });

  test('a partition with a single replica is no reason, since no waiting would help', () => {
    const lab = cluster();
    lab.create(
      newTopic('alone', {
        assignments: [{ partitionIndex: 0, brokerIds: [0] }],
        partitionCount: -1,
        replicationFactor: -1,
      }),
    );
    expect(reasons(lab, 0)).toEqual([]);
  });

  test.each([
    ['as many replicas as min.insync.replicas', '3'],
    ['fewer', '4'],
  ])('with %s it may as soon as all others are in sync, since no waiting would help (O9)', (_what, least) => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    lab.create(newTopic('t', { replicationFactor: 3, configs: [{ name: 'min.insync.replicas', value: least }] }));
    for (const id of [0, 1, 2]) expect(reasons(lab, id)).toEqual([]);
    fence(lab, 1);
    for (const id of [0, 2])
      expect(reasons(lab, id)).toEqual(['t-0 would have 1 in-sync replica and needs 2 (min.insync.replicas)']);
  });

  test('ten partitions are named and the others counted', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(
      newTopic('t', {
        partitionCount: 12,
        replicationFactor: 2,
        configs: [{ name: 'min.insync.replicas', value: '2' }],
      }),
    );
    const all = reasons(lab, 0, 1);
    expect(all).toHaveLength(11);
    expect(all.at(-1)).toBe('and so it is with 2 more partitions');
  });

  test('what topics want for themselves counts, more than the cluster or less', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2, 3]);
    const assignments = [{ partitionIndex: 0, brokerIds: [0, 1, 2, 3] }];
    const everywhere = { assignments, partitionCount: -1, replicationFactor: -1 };
    for (const least of ['3', '1', '2'])
      lab.create(newTopic(`t${least}`, { ...everywhere, configs: [{ name: 'min.insync.replicas', value: least }] }));
    lab.create(newTopic('own', everywhere));
    fence(lab, 3);
    const needing = (all: readonly string[]): readonly string[] => all.map((reason) => reason.split(' ')[0] ?? '');
    expect(needing(reasons(lab, 0))).toEqual(['t3-0']);
    expect(needing(reasons(lab, 0, 1))).toEqual(['t3-0', 't2-0']);
    lab.set('cluster', '', { 'min.insync.replicas': '3' });
    lab.run({ kind: 'deleteTopics', topics: [{ name: 't3', topicId: null }] });
    expect(needing(reasons(lab, 0))).toEqual(['own-0']);
  });

  test('one that is only eligible is away already, unless nobody leads', () => {
    const lab = cluster();
    fence(lab, 2);
    fence(lab, 1);
    lab.run({ kind: 'unfenceBroker', brokerId: 1, brokerEpoch: lab.image.broker(brokerId(1))?.epoch ?? -1 });
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ leader: 0, isr: [0], elr: [1] });
    expect(reasons(lab, 1)).toEqual([]);
    fence(lab, 1);
    fence(lab, 0);
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ leader: -1, isr: [], elr: [0, 1] });
    expect(reasons(lab, 1)).toEqual(['t-0 would have no replica left that may lead']);
  });

  test('thousands of partitions are looked through in steps where they matter, in one where they do not', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    lab.create(newTopic('t', { partitionCount: 3500, replicationFactor: 2 }));
    expect(whole(restartReasons(lab.image, lab.settings, [0]))).toEqual({ value: [], stepCount: 1 });
    lab.create(newTopic('u', { partitionCount: 1, replicationFactor: 2 }));
    const { value, stepCount } = whole(restartReasons(lab.image, lab.settings, [0, 1, 2]));
    expect(stepCount).toBeGreaterThanOrEqual(4);
    expect(value.at(-1)).toBe('and so it is with 3491 more partitions');
  });
});
