import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/properties.ts';
import { topicId } from '../../broker/core/base/ids.ts';
import { MetadataImage } from '../../broker/core/metadata/image.ts';
import type { MetadataRecord, PartitionChange, PartitionFields } from '../../broker/core/metadata/records.ts';
import { decodeRecords, encodeRecords } from '../../broker/core/metadata/records.ts';
import type { MetadataDelta } from '../../broker/core/metadata/view.ts';
import { sampleId } from '../support/metadata/lab.ts';

const NAMES = ['a', 'b.c', 'b_c', 'b-c', 'd._e', 'd.._e', 'long'] as const;

/** What a step does to one of the images that there are; numbers are taken modulo what there is. */
interface Step {
  readonly image: number;
  readonly kind:
    | 'add'
    | 'remove'
    | 'grow'
    | 'change'
    | 'churn'
    | 'endBatch'
    | 'clone'
    | 'snapshot'
    | 'restore'
    | 'read';
  readonly name: (typeof NAMES)[number];
  readonly number: number;
  readonly lists: readonly (readonly number[])[];
}

const step: fc.Arbitrary<Step> = fc.record({
  image: fc.nat(20),
  kind: fc.constantFrom(
    ...(['add', 'add', 'add', 'remove', 'grow', 'grow', 'change', 'change', 'change', 'change', 'churn'] as const),
    ...(['endBatch', 'endBatch', 'clone', 'snapshot', 'restore', 'read'] as const),
  ),
  name: fc.constantFrom(...NAMES),
  number: fc.oneof(fc.nat(5), fc.nat(600)),
  lists: fc.array(fc.uniqueArray(fc.nat(5), { maxLength: 3 }), { minLength: 4, maxLength: 4 }),
});

interface PlainTopic {
  readonly id: string;
  readonly name: string;
  readonly partitions: readonly PartitionFields[];
}

/** Topics as plain objects in the order of their creation: what a table of them must be equal to. */
class Model {
  topics: readonly PlainTopic[] = [];

  copy(): Model {
    const copy = new Model();
    copy.topics = this.topics;
    return copy;
  }

  named(name: string): PlainTopic | undefined {
    return this.topics.find((topic) => topic.name === name);
  }

  apply(record: MetadataRecord): void {
    switch (record.kind) {
      case 'topic':
        this.topics = [...this.topics, { id: record.topicId, name: record.name, partitions: [] }];
        return;
      case 'topicRemoved':
        this.topics = this.topics.filter(({ id }) => id !== record.topicId);
        return;
      case 'partitions':
        this.#with(record.topicId, (partitions) => [...partitions, ...record.partitions]);
        return;
      case 'partitionChanges':
        for (const { topicId: id, partitions: changes } of record.topics)
          for (const change of changes)
            this.#with(id, (partitions) =>
              partitions.map((one) => (one.index === change.index ? after(one, change) : one)),
            );
        return;
      default:
        throw new Error(`no topic's record: ${record.kind}`);
    }
  }

  #with(id: string, replace: (partitions: readonly PartitionFields[]) => readonly PartitionFields[]): void {
    this.topics = this.topics.map((one) => (one.id === id ? { ...one, partitions: replace(one.partitions) } : one));
  }
}

function after(one: PartitionFields, change: PartitionChange): PartitionFields {
  const { durableFromEpoch: durable, isr, elr, lastKnownElr, ...rest } = change;
  const { replicas, directories, addingReplicas, removingReplicas, ...numbers } = rest;
  return {
    ...one,
    ...numbers,
    durableFromEpoch: durable === -2 ? one.durableFromEpoch : durable,
    isr: isr ?? one.isr,
    elr: elr ?? one.elr,
    lastKnownElr: lastKnownElr ?? one.lastKnownElr,
    replicas: replicas ?? one.replicas,
    directories: directories ?? one.directories,
    addingReplicas: addingReplicas ?? one.addingReplicas,
    removingReplicas: removingReplicas ?? one.removingReplicas,
  };
}

/** An image, what it must be, and the batch that is being put together for it. */
interface Pair {
  readonly image: MetadataImage;
  readonly model: Model;
  batch: MetadataRecord[];
  before: Model;
}

class Run {
  readonly pairs: Pair[] = [{ image: new MetadataImage(), model: new Model(), batch: [], before: new Model() }];
  /** Snapshots under way: what is still to come, what they gave, and what they must give. */
  readonly #snapshots: {
    readonly rest: Iterator<MetadataRecord>;
    readonly got: MetadataRecord[];
    readonly model: Model;
  }[] = [];
  #nextId = 1;
  #nextEpoch = 1;

  take(step: Step): void {
    const pair = this.pairs[step.image % this.pairs.length];
    if (pair === undefined) throw new Error('no image');
    if (['add', 'remove', 'grow', 'change', 'churn'].includes(step.kind)) {
      const record = this.#record(step, pair.model);
      if (record === null) return;
      pair.batch.push(record);
      pair.model.apply(record);
      return;
    }
    this.#endBatch(pair);
    if (step.kind === 'clone' && this.pairs.length < 6) {
      this.pairs.push({ image: pair.image.clone(), model: pair.model.copy(), batch: [], before: pair.model.copy() });
    } else if (step.kind === 'snapshot') {
      const snapshot = { rest: pair.image.clone().snapshot(), got: [], model: pair.model.copy() };
      this.#advance(snapshot, step.number % 7);
      this.#snapshots.push(snapshot);
    } else if (step.kind === 'restore') {
      this.#restore(pair, this.pairs[step.number % this.pairs.length] ?? pair);
    } else if (step.kind === 'read') {
      check(pair);
    }
  }

  /** Checks everything; what was begun is brought to its end. */
  finish(): void {
    for (const pair of this.pairs) {
      this.#endBatch(pair);
      check(pair);
    }
    for (const snapshot of this.#snapshots) {
      this.#advance(snapshot, Number.POSITIVE_INFINITY);
      const image = new MetadataImage();
      image.restore(decodeRecords(encodeRecords(snapshot.got)), 0);
      check({ image, model: snapshot.model });
    }
  }

  #advance(snapshot: { readonly rest: Iterator<MetadataRecord>; readonly got: MetadataRecord[] }, count: number): void {
    for (let taken = 0; taken < count; taken += 1) {
      const { done, value } = snapshot.rest.next();
      if (done === true) return;
      snapshot.got.push(value);
    }
  }

  /** The image of `pair` becomes what that of `other` is. */
  #restore(pair: Pair, other: Pair): void {
    this.#endBatch(other);
    const offset = Math.max(pair.image.offset, other.image.offset);
    const delta = pair.image.restore([...other.image.snapshot()], offset);
    pair.model.topics = other.model.topics;
    checkDelta(delta, pair);
    pair.before = pair.model.copy();
  }

  #endBatch(pair: Pair): void {
    if (pair.batch.length === 0) return;
    const delta = pair.image.apply(decodeRecords(encodeRecords(pair.batch)), pair.image.offset + 1);
    checkDelta(delta, pair);
    pair.batch = [];
    pair.before = pair.model.copy();
  }

  #record({ kind, name, number, lists }: Step, model: Model): MetadataRecord | null {
    const topic = model.named(name);
    const [replicas = [], isr = [], elr = [], lastKnownElr = []] = lists;
    if (kind === 'add') {
      return topic === undefined ? { kind: 'topic', topicId: sampleId(this.#nextId++), name } : null;
    }
    if (topic === undefined) return null;
    if (kind === 'remove') return { kind: 'topicRemoved', topicId: topic.id };
    if (kind === 'grow') {
      const from = topic.partitions.length;
      const partitions = Array.from({ length: number }, (_, position) => ({
        index: from + position,
        leader: position % 3,
        leaderEpoch: 0,
        partitionEpoch: 0,
        durableFromEpoch: -1,
        replicas,
        directories: replicas.map(sampleId),
        isr,
        elr,
        lastKnownElr,
        addingReplicas: isr,
        removingReplicas: elr,
      }));
      return { kind: 'partitions', topicId: topic.id, partitions };
    }
    if (topic.partitions.length === 0) return null;
    if (kind === 'churn') return this.#churn(topic);
    const epoch = this.#nextEpoch++;
    const changes = [...new Set([number, number + 1, 2 * number].map((one) => one % topic.partitions.length))].map(
      (index, position): PartitionChange => ({
        index,
        leader: number % 2 === 0 ? -1 : position,
        leaderEpoch: epoch,
        partitionEpoch: epoch,
        durableFromEpoch: number % 3 === 0 ? -2 : epoch,
        isr: number % 5 === 0 ? null : isr,
        elr: number % 7 === 0 ? null : elr,
        lastKnownElr: number % 2 === 0 ? null : lastKnownElr,
        replicas: number % 4 === 0 ? replicas : null,
        directories: number % 4 < 2 ? replicas.map((id) => sampleId(id + epoch)) : null,
        addingReplicas: number % 3 === 1 ? elr : null,
        removingReplicas: number % 3 === 1 ? isr : null,
      }),
    );
    return { kind: 'partitionChanges', topics: [{ topicId: topic.id, partitions: changes }] };
  }

  /** So many lists that nobody has any more that the table forgets them. */
  #churn(topic: PlainTopic): MetadataRecord {
    const partitions = Array.from({ length: 600 }, (_, position): PartitionChange => {
      const epoch = this.#nextEpoch++;
      const epochs = { leader: 0, leaderEpoch: epoch, partitionEpoch: epoch, durableFromEpoch: -2 };
      const others = { lastKnownElr: null, replicas: null, directories: null, addingReplicas: null };
      const lists = { isr: [epoch], elr: [epoch, 0], ...others, removingReplicas: null };
      return { index: position % topic.partitions.length, ...epochs, ...lists };
    });
    return { kind: 'partitionChanges', topics: [{ topicId: topic.id, partitions }] };
  }
}

/** An image against its model, by every way of asking. */
function check({ image, model }: Pick<Pair, 'image' | 'model'>): void {
  const { topics } = model;
  const plain = (topic: PlainTopic | null) =>
    topic === null ? null : { id: topic.id, name: topic.name, partitions: topic.partitions };
  expect([...image.topicStates()].map(plain)).toEqual(topics);
  expect(image.topicNames()).toEqual(topics.map(({ name }) => name).toSorted());
  expect(image.topics().map(({ name }) => name)).toEqual(image.topicNames());
  expect(image.partitionCount).toBe(topics.reduce((sum, { partitions }) => sum + partitions.length, 0));
  for (const name of NAMES) {
    const wanted = model.named(name) ?? null;
    expect(image.topicByName(name)?.id ?? null).toBe(wanted?.id ?? null);
    const similar = topics
      .filter((one) => one.name !== name && folded(one.name) === folded(name))
      .map((one) => one.name);
    const found = image.collidingTopic(name);
    if (found === null) expect(similar).toEqual([]);
    else expect(similar).toContain(found);
    if (wanted === null) continue;
    const topic = image.topicById(topicId(wanted.id));
    expect(topic?.name).toBe(name);
    expect(topic?.partitionCount).toBe(wanted.partitions.length);
  }
}

function folded(name: string): string {
  return name.replaceAll('.', '_');
}

/** A delta against the model before and after. */
function checkDelta(delta: MetadataDelta, { before, model }: Pair): void {
  const known = new Map(before.topics.map((topic) => [topic.id, topic]));
  const now = new Map(model.topics.map((topic) => [topic.id, topic]));
  expect(delta.topicsCreated.map(({ id }) => id as string).toSorted()).toEqual(
    [...now.keys()].filter((id) => !known.has(id)).toSorted(),
  );
  expect(delta.topicsDeleted.map(({ id }) => id as string).toSorted()).toEqual(
    [...known.keys()].filter((id) => !now.has(id)).toSorted(),
  );
  const told = delta.partitionsChanged.map(({ topic, partition }) => {
    expect(partition).toEqual(now.get(topic.id)?.partitions[partition.index]);
    return `${topic.id}-${partition.index}`;
  });
  const changed = model.topics.flatMap(({ id, partitions }) =>
    partitions
      .filter((one, index) => !isSame(known.get(id)?.partitions[index], one))
      .map(({ index }) => `${id}-${index}`),
  );
  expect(told.toSorted()).toEqual(changed.toSorted());
}

/** Models share what did not change, unless they come from two images. */
function isSame(one: PartitionFields | undefined, other: PartitionFields): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

describe('topics in columns', () => {
  test('are what plain objects would be: in batches, in clones, in snapshots that take their time, and restored over others', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const run = new Run();
        for (const one of steps) run.take(one);
        run.finish();
      }),
      { numRuns: 30 },
    );
  });
});
