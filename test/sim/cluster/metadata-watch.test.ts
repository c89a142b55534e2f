import { beforeEach, describe, expect, it } from '@jest/globals';
import { type BrokerRecord, encodeRecords, type MetadataRecord } from '../../../broker/core/metadata/records.ts';
import { MetadataWatch } from './metadata-watch.ts';

const DISK = 'AAAAAAAAAAAAAAAAAAAABA';
const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
/** An offset at which whole images are compared. */
const WHOLE_AT = 16;

/** A broker that begins anew; −1: its epoch is the offset of the record. */
function broker(brokerEpoch = -1): BrokerRecord {
  return {
    kind: 'broker',
    brokerId: 1,
    brokerEpoch,
    incarnationId: 'AAAAAAAAAAAAAAAAAAAAAw',
    directoryId: DISK,
    rack: null,
    fenced: true,
    endpoints: [],
    weirVersionMin: 1,
    weirVersionMax: 2,
    uncleanRestart: false,
    host: '',
    cordoned: false,
    draining: false,
    shuttingDown: false,
    unfencedEpoch: -1,
    advertised: [],
  };
}

function fence(brokerEpoch: number, fenced = false): MetadataRecord {
  return { kind: 'brokerFence', brokerId: 1, brokerEpoch, fenced };
}

function producers(nextProducerId: number): MetadataRecord {
  return { kind: 'producerIds', nextProducerId };
}

function partitions(leaderEpoch: number, isr = [1], elr: readonly number[] = []): MetadataRecord {
  const lists = { elr, lastKnownElr: [], addingReplicas: [], removingReplicas: [] };
  const head = { index: 0, leader: 1, leaderEpoch, partitionEpoch: leaderEpoch, durableFromEpoch: 0 };
  const replicas = { replicas: [1], directories: [DISK], isr };
  return { kind: 'partitions', topicId: TOPIC_ID, partitions: [{ ...head, ...replicas, ...lists }] };
}

/** Nodes that are told of metadata, in lives of theirs. */
class Scene {
  readonly watch = new MetadataWatch();

  batch(node: string, baseOffset: number, records: readonly MetadataRecord[], image = '', life = 1): this {
    this.watch.told(node, life, { kind: 'batch', baseOffset, payload: encodeRecords(records) }, () => image);
    return this;
  }

  snapshot(node: string, offset: number, records: readonly MetadataRecord[], life = 1, image = `at ${offset}`): this {
    this.watch.told(node, life, { kind: 'snapshot', offset, payload: encodeRecords(records) }, () => image);
    return this;
  }
}

describe('the watch over what nodes are told', () => {
  let scene: Scene;
  const problems = (): readonly string[] => scene.watch.problems;
  beforeEach(() => {
    scene = new Scene();
  });

  it('takes nodes that are told the same, in lives that begin anew, with brokers that come back', () => {
    for (const node of ['a', 'b'])
      scene
        .batch(node, 0, [broker(), producers(5)])
        .batch(node, 2, [fence(0)])
        .batch(node, 3, [broker()])
        .batch(node, 4, [fence(3)]);
    // Another life begins where its disk ends; a snapshot may jump forward, and come again.
    scene.batch('b', 3, [broker()], '', 2);
    scene
      .snapshot('c', 9, [broker(3)])
      .snapshot('c', 9, [broker(3)])
      .snapshot('d', 9, [broker(3)]);
    expect(problems()).toEqual([]);
    expect(scene.watch.offset).toBe(9);
  });

  it('names nodes that are told different things at one offset (M3)', () => {
    scene.batch('a', 0, [producers(1)]).batch('b', 0, [producers(2)]);
    expect(problems()).toEqual(['M3: a and b were told different batches at offset 0']);
  });

  it('names a node that misses something, or is told again (M3)', () => {
    scene.batch('a', 0, [producers(1)]).batch('a', 1, [producers(2)]);
    scene.batch('b', 0, [producers(1)]).batch('b', 0, [producers(1)]);
    expect(problems()).toEqual(['M3: b was told of offset 0 after 0']);
    scene.batch('a', 3, [producers(3)]);
    expect(problems()[1]).toBe('M3: a was told of offset 3 after 1');
  });

  it('names a node that is put back by a snapshot, in one life (M3)', () => {
    scene.snapshot('a', 9, [broker(3)]).snapshot('a', 7, [broker(3)], 2);
    expect(problems()).toEqual([]);
    scene.snapshot('a', 6, [broker(3)], 2);
    expect(problems()).toEqual(['M3: a was at offset 7 and is put back to 6']);
  });

  it('names nodes whose images differ at one offset, after batches, snapshots and at the end (M3)', () => {
    const many = Array.from({ length: WHOLE_AT }, (_, index) => producers(index));
    for (const node of ['a', 'b', 'c'])
      scene.batch(node, 0, many).batch(node, WHOLE_AT, [producers(50)], node === 'c' ? 'another' : '');
    expect(problems()).toEqual([`M3: the images of a and c differ at offset ${WHOLE_AT}`]);
    const other = new Scene().snapshot('a', 9, [broker(3)]).snapshot('b', 9, [broker(3)], 1, 'another');
    expect(other.watch.problems).toEqual(['M3: the images of a and b differ at offset 9']);
    other.watch.compare('c', 9, 'a third');
    expect(other.watch.problems[1]).toBe('M3: the images of a and c differ at offset 9');
  });

  it("names what can't follow from what was told before (M3)", () => {
    scene.batch('a', 0, [producers(5)]).batch('a', 1, [producers(4)]);
    expect(problems()[0]).toMatch(/^M3: what was told at offset 1 can't be applied: .*producer ids only go up/);
  });

  it('names a broker that goes back to an earlier epoch (E1)', () => {
    scene.batch('a', 0, [producers(1), broker()]).snapshot('a', 5, [broker(0)]);
    expect(problems()).toEqual(['E1: broker 1 goes back from epoch 1 to 0']);
  });

  it('names a partition that goes back to an earlier leader epoch (E1)', () => {
    const topic: MetadataRecord = { kind: 'topic', topicId: TOPIC_ID, name: 't' };
    scene.snapshot('a', WHOLE_AT, [broker(3), topic, partitions(4)]);
    scene.snapshot('a', 2 * WHOLE_AT, [broker(3), topic, partitions(4)]);
    expect(problems()).toEqual([]);
    scene.snapshot('a', 4 * WHOLE_AT, [broker(3), topic, partitions(3)]);
    expect(problems()).toEqual(['E1: t-0 goes back from leader epoch 4 to 3']);
  });

  it('names a replica that counts twice, or is none, and a leader that is not in sync (Q5)', () => {
    const topic: MetadataRecord = { kind: 'topic', topicId: TOPIC_ID, name: 't' };
    const seen = (isr: number[], elr: number[]): readonly string[] =>
      new Scene().snapshot('a', WHOLE_AT, [broker(3), topic, partitions(4, isr, elr)]).watch.problems;
    expect(seen([1], [1])).toEqual(['Q5: of t-0 broker 1 is in the ISR and in the ELR']);
    expect(seen([1], [5])).toEqual(['Q5: of t-0 broker 5 counts, and is no replica']);
    expect(seen([], [1])).toEqual(['Q5: of t-0 broker 1 leads, and is not in sync']);
  });

  it('names a new incarnation that counts with what an earlier one had (Q5, D4)', () => {
    const topic: MetadataRecord = { kind: 'topic', topicId: TOPIC_ID, name: 't' };
    const seen = (
      isr: number[],
      elr: number[],
      durableFromEpoch: number,
      anew: Partial<BrokerRecord>,
    ): readonly string[] => {
      const lists = { isr, elr, lastKnownElr: [], addingReplicas: [], removingReplicas: [] };
      const head = { index: 0, leader: isr[0] ?? -1, leaderEpoch: 0, partitionEpoch: 0, durableFromEpoch };
      const first: MetadataRecord = {
        kind: 'partitions',
        topicId: TOPIC_ID,
        partitions: [{ ...head, replicas: [1], directories: [DISK], ...lists }],
      };
      const record = { ...broker(), ...anew };
      return new Scene().batch('a', 0, [broker(), topic]).batch('a', 2, [first]).batch('a', 3, [record]).watch.problems;
    };
    const unclean = { uncleanRestart: true };
    expect(seen([], [1], 0, unclean)).toEqual([]);
    expect(seen([], [1], -1, {})).toEqual([]);
    expect(seen([1], [], 0, {})).toEqual(['Q5: of t-0 broker 1 is in sync as an earlier incarnation']);
    expect(seen([], [1], -1, unclean)).toEqual([
      'Q5: of t-0 broker 1 is eligible, and may have lost what was not synced',
    ]);
    expect(seen([], [1], 0, { directoryId: 'AAAAAAAAAAAAAAAAAAAABQ' })).toEqual([
      'Q5: of t-0 broker 1 is eligible on another disk',
    ]);
  });

  it('names a move that leaves fewer replicas in sync than a record is acknowledged by (Q5)', () => {
    const topic: MetadataRecord = { kind: 'topic', topicId: TOPIC_ID, name: 't' };
    const lists = { elr: [], lastKnownElr: [], addingReplicas: [], removingReplicas: [] };
    const head = { index: 0, leader: 1, durableFromEpoch: 0 };
    const two = { replicas: [1, 2], directories: [DISK, DISK], isr: [1, 2] };
    const first = { ...head, leaderEpoch: 0, partitionEpoch: 0, ...two, ...lists };
    const moveTo = (partitionEpoch: number, isr: readonly number[]): MetadataRecord => {
      const change = {
        ...head,
        leaderEpoch: 0,
        partitionEpoch,
        ...two,
        replicas: [1, 2, 3],
        directories: [DISK, DISK, DISK],
      };
      return { kind: 'partitionChanges', topics: [{ topicId: TOPIC_ID, partitions: [{ ...change, ...lists, isr }] }] };
    };
    scene.batch('a', 0, [broker(), topic]);
    scene.batch('a', 2, [{ kind: 'partitions', topicId: TOPIC_ID, partitions: [first] }]);
    scene.batch('a', 3, [moveTo(1, [1, 3])]);
    expect(problems()).toEqual([]);
    scene.batch('a', 4, [moveTo(2, [1])]);
    expect(problems()).toEqual(['Q5: a move leaves 1 of 2 replicas of t-0 in sync']);
  });

  it('names a broker that is let in at an epoch which is over (E2), but not one that is put out', () => {
    scene
      .batch('a', 0, [broker()])
      .batch('a', 1, [fence(0)])
      .batch('a', 2, [broker()])
      .batch('a', 3, [fence(2), fence(2, true)]);
    expect(problems()).toEqual([]);
    scene.batch('a', 5, [fence(0, true)]);
    expect(problems()[0]).toMatch(/^M3: .* no broker 1 of this epoch/);
    scene = new Scene().batch('a', 0, [broker(), producers(5), broker()]).batch('a', 3, [fence(0)]);
    expect(problems()[0]).toBe('E2: broker 1 is unfenced at epoch 0, it is at 2');
  });
});
