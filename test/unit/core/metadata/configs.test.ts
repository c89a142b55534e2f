import { describe, expect, test } from '@jest/globals';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { AlterConfigsCommand } from '../../../../broker/core/metadata/commands.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';

type Operation = AlterConfigsCommand['resources'][number]['operations'][number];

function alter(lab: MetadataLab, name: string, ...operations: readonly Operation[]): number | undefined {
  const outcome = lab.run({
    kind: 'alterConfigs',
    resources: [{ scope: 'topic', name, operations }],
    validateOnly: false,
  });
  return outcome.kind === 'alterConfigs' ? outcome.resources[0]?.errorCode : -1;
}

function labWithTopic(): MetadataLab {
  const lab = MetadataLab.withBrokers([0]);
  lab.create(newTopic('t'));
  return lab;
}

describe('altering settings', () => {
  test('sets, deletes, appends to and subtracts from lists', () => {
    const lab = labWithTopic();
    const overrides = () => Object.fromEntries(lab.image.configOverrides('topic', 't'));
    expect(alter(lab, 't', { name: 'cleanup.policy', operation: 'append', value: 'compact' })).toBe(ErrorCode.NONE);
    expect(overrides()).toEqual({ 'cleanup.policy': 'delete,compact' });
    alter(lab, 't', { name: 'cleanup.policy', operation: 'append', value: 'compact' });
    expect(overrides()).toEqual({ 'cleanup.policy': 'delete,compact' });
    alter(
      lab,
      't',
      { name: 'cleanup.policy', operation: 'subtract', value: 'delete' },
      { name: 'retention.ms', operation: 'set', value: '5' },
    );
    expect(overrides()).toEqual({ 'cleanup.policy': 'compact', 'retention.ms': '5' });
    alter(lab, 't', { name: 'cleanup.policy', operation: 'delete', value: null });
    expect(overrides()).toEqual({ 'retention.ms': '5' });
  });

  test.each([
    ['an unknown name', { name: 'foo', operation: 'set', value: '1' }, ErrorCode.INVALID_CONFIG],
    ['a bad value', { name: 'retention.ms', operation: 'set', value: 'x' }, ErrorCode.INVALID_CONFIG],
    ['no value', { name: 'retention.ms', operation: 'set', value: null }, ErrorCode.INVALID_REQUEST],
    ['appending to a number', { name: 'retention.ms', operation: 'append', value: '1' }, ErrorCode.INVALID_CONFIG],
    [
      'appending what is not allowed',
      { name: 'cleanup.policy', operation: 'append', value: 'x' },
      ErrorCode.INVALID_CONFIG,
    ],
  ] as const)('is refused for %s, the other operations with it', (_, operation, code) => {
    const lab = labWithTopic();
    const { offset } = lab.image;
    expect(alter(lab, 't', { name: 'segment.ms', operation: 'set', value: '7' }, operation)).toBe(code);
    expect(lab.image.offset).toBe(offset);
  });

  test('is refused for a setting or resource that is given twice', () => {
    const lab = labWithTopic();
    const set: Operation = { name: 'retention.ms', operation: 'set', value: '1' };
    expect(alter(lab, 't', set, set)).toBe(ErrorCode.INVALID_REQUEST);
    const twice = [
      { scope: 'topic', name: 't', operations: [set] },
      { scope: 'topic', name: 't', operations: [set] },
    ] as const;
    expect(lab.run({ kind: 'alterConfigs', resources: twice, validateOnly: false })).toMatchObject({
      resources: [{ errorCode: ErrorCode.INVALID_REQUEST }, { errorCode: ErrorCode.INVALID_REQUEST }],
    });
  });

  test('of what does not exist is refused', () => {
    const lab = labWithTopic();
    expect(lab.set('topic', 'x', { 'retention.ms': '1' })).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    expect(lab.set('topic', '', { 'retention.ms': '1' })).toBe(ErrorCode.INVALID_REQUEST);
    expect(lab.set('group', '', { 'share.isolation.level': 'read_committed' })).toBe(ErrorCode.INVALID_REQUEST);
    expect(lab.set('broker', '7', { 'log.retention.ms': '1' })).toBe(ErrorCode.BROKER_ID_NOT_REGISTERED);
    expect(lab.set('broker', 'x', { 'log.retention.ms': '1' })).toBe(ErrorCode.INVALID_REQUEST);
  });

  test('of a broker is limited to what may change while it runs', () => {
    const lab = labWithTopic();
    expect(lab.set('broker', '0', { 'node.id': '5' })).toBe(ErrorCode.INVALID_REQUEST);
    expect(lab.set('cluster', '', { 'group.max.size': '5' })).toBe(ErrorCode.INVALID_REQUEST);
    expect(lab.set('broker', '0', { 'min.insync.replicas': '1' })).toBe(ErrorCode.INVALID_CONFIG);
    expect(lab.set('cluster', '', { 'min.insync.replicas': '2' })).toBe(ErrorCode.NONE);
    expect(lab.set('broker', '0', { 'log.retention.ms': '9' })).toBe(ErrorCode.NONE);
    expect(lab.settings.topic(new Map(), 'retention.ms')).toBe(9);
    expect(lab.settings.topic(new Map(), 'min.insync.replicas')).toBe(2);
  });

  test("of a group keeps to the broker's bounds", () => {
    const lab = labWithTopic();
    expect(lab.set('group', 'g', { 'share.record.lock.duration.ms': '14000' })).toBe(ErrorCode.INVALID_CONFIG);
    expect(lab.set('group', 'g', { 'share.record.lock.duration.ms': '20000' })).toBe(ErrorCode.NONE);
    expect(lab.image.configNames('group')).toEqual(['g']);
    expect(lab.deltas.at(-1)?.configsChanged).toEqual([{ scope: 'group', name: 'g' }]);
  });

  test('with validateOnly or without a difference writes nothing', () => {
    const lab = labWithTopic();
    lab.set('topic', 't', { 'retention.ms': '5' });
    const { offset } = lab.image;
    lab.set('topic', 't', { 'retention.ms': '5' });
    const resources = [
      { scope: 'topic', name: 't', operations: [{ name: 'retention.ms', operation: 'set', value: '6' }] },
    ] as const;
    lab.run({ kind: 'alterConfigs', resources, validateOnly: true });
    expect(lab.image.offset).toBe(offset);
  });

  test('as a replacement unsets what it does not name', () => {
    const lab = labWithTopic();
    lab.set('topic', 't', { 'retention.ms': '5', 'segment.ms': '6' });
    const operations = [{ name: 'retention.ms', operation: 'set', value: '7' }] as const;
    lab.run({
      kind: 'alterConfigs',
      resources: [{ scope: 'topic', name: 't', operations, replaceAll: true }],
      validateOnly: false,
    });
    expect([...lab.image.configOverrides('topic', 't')]).toEqual([['retention.ms', '7']]);
  });
});

describe('a change of weir.durability (D3)', () => {
  const state = (lab: MetadataLab) => lab.image.topicByName('t')?.partitions[0];

  test('to replicated ends durability under a new leader epoch in one batch', () => {
    const lab = labWithTopic();
    const batches = lab.batches.length;
    expect(lab.set('topic', 't', { 'weir.durability': 'replicated' })).toBe(ErrorCode.NONE);
    expect(lab.batches.length).toBe(batches + 1);
    expect(state(lab)).toMatchObject({ leader: 0, leaderEpoch: 1, partitionEpoch: 1, durableFromEpoch: -1 });
  });

  test('to fsync begins an epoch and counts when the leader says that all is synced', () => {
    const lab = MetadataLab.withBrokers([]);
    const brokerEpoch = lab.join(0);
    lab.create(newTopic('t', { configs: [{ name: 'weir.durability', value: 'replicated' }] }));
    const topicId = lab.image.topicByName('t')?.id ?? '';
    const mark = (leaderEpoch: number) =>
      lab.run({ kind: 'markDurable', brokerId: 0, brokerEpoch, partitions: [{ topicId, index: 0, leaderEpoch }] });
    mark(0);
    expect(state(lab)).toMatchObject({ leaderEpoch: 0, durableFromEpoch: -1 });
    lab.set('topic', 't', { 'weir.durability': 'fsync' });
    expect(state(lab)).toMatchObject({ leaderEpoch: 1, durableFromEpoch: -1 });
    mark(0);
    expect(state(lab)).toMatchObject({ durableFromEpoch: -1 });
    mark(1);
    expect(state(lab)).toMatchObject({ leaderEpoch: 1, durableFromEpoch: 1, partitionEpoch: 2 });
  });

  test('in the files of the controllers is no change before it is said to the cluster, too', () => {
    const lab = labWithTopic();
    lab.settings = new Settings(new Map([['weir.durability', 'replicated']]));
    lab.set('topic', 't', { 'unclean.leader.election.enable': 'true' });
    expect(state(lab)).toMatchObject({ leaderEpoch: 0, durableFromEpoch: 0 });
    lab.set('topic', 't', { 'weir.durability': 'replicated' });
    expect(state(lab)).toMatchObject({ leaderEpoch: 1, durableFromEpoch: -1 });
  });

  test('of the whole cluster spares topics that have their own', () => {
    const lab = labWithTopic();
    lab.create(newTopic('own', { configs: [{ name: 'weir.durability', value: 'fsync' }] }));
    lab.set('cluster', '', { 'weir.durability': 'replicated' });
    expect(state(lab)).toMatchObject({ leaderEpoch: 1, durableFromEpoch: -1 });
    expect(lab.image.topicByName('own')?.partitions[0]).toMatchObject({ leaderEpoch: 0, durableFromEpoch: 0 });
    expect(lab.set('broker', '0', { 'weir.durability': 'fsync' })).toBe(ErrorCode.INVALID_CONFIG);
  });
});
