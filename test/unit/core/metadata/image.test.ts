import { describe, expect, test } from '@jest/globals';
import type { MetadataRecord } from '../../../../broker/core/metadata/records.ts';
import type { MetadataDelta } from '../../../../broker/core/metadata/view.ts';
import { MetadataImage } from '../../../../broker/core/metadata/image.ts';
import { MetadataLab, newTopic, sampleId } from '../../../support/metadata/lab.ts';
import { SAME_REPLICAS } from '../../../../broker/core/metadata/election.ts';

/** What a delta names, in a form to compare. */
function told(delta: MetadataDelta) {
  return {
    created: delta.topicsCreated.map(({ name }) => name),
    deleted: delta.topicsDeleted.map(({ name, partitions }) => `${name} of ${partitions.length}`),
    partitions: delta.partitionsChanged.map(
      ({ topic, partition }) => `${topic.name}-${partition.index} led by ${partition.leader}`,
    ),
    configs: delta.configsChanged.map(({ scope, name }) => `${scope} ${name}`),
    brokers: delta.brokersChanged,
  };
}

const NOTHING = { created: [], deleted: [], partitions: [], configs: [], brokers: [] };

describe('a clone of the metadata', () => {
  test('is equal, and neither sees what is applied to the other', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('kept', { partitionCount: 3 }), newTopic('deleted'));
    lab.set('topic', 'kept', { 'retention.ms': '1' });
    const clone = lab.image.clone();
    const before = lab.image.describe();
    expect(clone.describe()).toBe(before);
    expect(clone.controllerId).toBe(lab.image.controllerId);

    lab.run({ kind: 'deleteTopics', topics: [{ name: 'deleted', topicId: null }] });
    lab.create(newTopic('new.topic'));
    lab.set('topic', 'kept', { 'retention.ms': '2' });
    lab.join(0, false);
    expect(clone.describe()).toBe(before);
    expect(clone.collidingTopic('new_topic')).toBeNull();
    expect(clone.topicByName('kept')?.partitions.map(({ leader }) => leader)).toEqual([0, 1, 0]);

    const after = lab.image.describe();
    clone.apply([{ kind: 'topic', topicId: sampleId(9), name: 'mine.alone' }], clone.offset + 1);
    const setting = { name: 'share.isolation.level', value: 'read_committed' };
    clone.apply([{ kind: 'config', scope: 'group', resource: 'g', ...setting }], clone.offset + 1);
    clone.apply([{ kind: 'feature', name: 'group.version', level: 1 }], clone.offset + 1);
    clone.apply([{ kind: 'topicRemoved', topicId: clone.topicByName('kept')?.id ?? '' }], clone.offset + 1);
    expect(lab.image.describe()).toBe(after);
    expect(lab.image.collidingTopic('mine_alone')).toBeNull();
  });

  test('of a clone is as good as the first', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('t', { partitionCount: 2 }));
    const second = lab.image.clone().clone();
    const text = lab.image.describe();
    lab.join(0);
    expect(second.describe()).toBe(text);
    expect(second.topicByName('t')?.partitions.length).toBe(2);
  });
});

describe('what a batch changed', () => {
  test('is told once a partition, in the state after the whole batch, and stays as it was told', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('t', { partitionCount: 2 }), newTopic('gone'));
    const { image } = lab;
    const topicId = image.topicByName('t')?.id ?? '';
    const change = (index: number, partitionEpoch: number): MetadataRecord => {
      const lists = { isr: null, elr: null, lastKnownElr: null, ...SAME_REPLICAS };
      const epochs = { leaderEpoch: partitionEpoch, partitionEpoch, durableFromEpoch: -2 };
      return {
        kind: 'partitionChanges',
        topics: [{ topicId, partitions: [{ index, leader: -1, ...epochs, ...lists }] }],
      };
    };
    const delta = image.apply(
      [
        change(1, 1),
        change(0, 1),
        change(1, 2),
        { kind: 'topicRemoved', topicId: image.topicByName('gone')?.id ?? '' },
      ],
      image.offset + 1,
    );
    image.apply([change(0, 9)], image.offset + 1);
    expect(
      delta.partitionsChanged.map(({ topic, partition }) => [topic.name, partition.index, partition.partitionEpoch]),
    ).toEqual([
      ['t', 1, 2],
      ['t', 0, 1],
    ]);
    expect(delta.topicsDeleted.map(({ name, partitionCount }) => [name, partitionCount])).toEqual([['gone', 1]]);
  });
});

describe('a snapshot that comes in place of what was missed', () => {
  /** What a replica that stands where `behind` stands is told by the snapshot of `lab`. */
  function caughtUp(behind: MetadataImage, lab: MetadataLab): MetadataDelta {
    const delta = behind.restore([...lab.image.snapshot()], lab.image.offset);
    expect(behind.describe()).toBe(lab.image.describe());
    expect(delta.offset).toBe(lab.image.offset);
    return delta;
  }

  test('names topics, partitions, settings and brokers that differ, and nothing else', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('same'), newTopic('gone', { partitionCount: 2 }), newTopic('grown'));
    lab.set('topic', 'same', { 'retention.ms': '1' });
    lab.set('topic', 'grown', { 'retention.ms': '1' });
    const behind = lab.image.clone();

    lab.run({ kind: 'deleteTopics', topics: [{ name: 'gone', topicId: null }] });
    lab.run({
      kind: 'createPartitions',
      topics: [{ name: 'grown', partitionCount: 3, assignments: [[1], [1]] }],
      validateOnly: false,
    });
    lab.create(newTopic('new', { partitionCount: 2, replicationFactor: 2 }));
    lab.set('topic', 'grown', { 'retention.ms': '2' });
    lab.set('cluster', '', { 'log.retention.ms': '5' });
    lab.join(2);

    expect(told(caughtUp(behind, lab))).toEqual({
      created: ['new'],
      deleted: ['gone of 2'],
      partitions: ['grown-1 led by 1', 'grown-2 led by 1', 'new-0 led by 0', 'new-1 led by 0'],
      configs: ['topic grown', 'cluster '],
      brokers: [2],
    });
  });

  test('names a broker that came anew, and every partition whose leader or epoch is another', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('t', { partitionCount: 4 }));
    const behind = lab.image.clone();
    lab.join(1);
    // The leaders are who they were, each in a later epoch.
    expect(told(caughtUp(behind, lab))).toEqual({
      ...NOTHING,
      partitions: ['t-1 led by 1', 't-3 led by 1'],
      brokers: [1],
    });
  });

  test('tells a topic that was deleted and created anew as both', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('t', { partitionCount: 2 }));
    const behind = lab.image.clone();
    lab.run({ kind: 'deleteTopics', topics: [{ name: 't', topicId: null }] });
    lab.create(newTopic('t'));
    const delta = caughtUp(behind, lab);
    expect(told(delta)).toEqual({ ...NOTHING, created: ['t'], deleted: ['t of 2'], partitions: ['t-0 led by 0'] });
    expect(delta.topicsCreated[0]?.id).not.toBe(delta.topicsDeleted[0]?.id);
  });

  test('tells nothing to a replica that had missed nothing, and everything to an empty one', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('t'));
    lab.set('group', 'g', { 'share.isolation.level': 'read_committed' });
    expect(told(caughtUp(lab.image.clone(), lab))).toEqual(NOTHING);
    expect(told(caughtUp(new MetadataImage(), lab))).toEqual({
      created: ['t'],
      deleted: [],
      partitions: ['t-0 led by 0'],
      configs: ['cluster ', 'group g'],
      brokers: [0],
    });
  });

  test('of an earlier offset or of another cluster is a bug', () => {
    const lab = MetadataLab.withBrokers([0]);
    const records = [...lab.image.snapshot()];
    expect(() => lab.image.clone().restore(records, lab.image.offset - 1)).toThrow('is older than');
    const other = new MetadataImage();
    other.apply([{ kind: 'cluster', clusterId: sampleId(77) }], 0);
    expect(() => other.restore(records, lab.image.offset)).toThrow('another cluster');
  });
});
