import { describe, expect, test } from '@jest/globals';
import { fc } from '../../../support/properties.ts';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';

interface Place {
  readonly host?: string;
  readonly rack?: string | null;
}

const RELAXED = { 'weir.placement.host.relaxed': 'true' };

/** Brokers 0, 1, … at these places. */
function labAt(places: readonly Place[], fixed: Readonly<Record<string, string>> = {}): MetadataLab {
  const lab = MetadataLab.withBrokers([], fixed);
  for (const [id, place] of places.entries()) {
    const registered = lab.run(lab.registration(id, place));
    const brokerEpoch = registered.kind === 'registerBroker' ? registered.brokerEpoch : -1;
    lab.run({ kind: 'unfenceBroker', brokerId: id, brokerEpoch });
  }
  return lab;
}

const replicasOf = (lab: MetadataLab, name = 't') =>
  (lab.image.topicByName(name)?.partitions ?? []).map(({ replicas }) => replicas as readonly number[]);
const topic = (partitionCount: number, replicationFactor: number, name = 't') =>
  newTopic(name, { partitionCount, replicationFactor });

describe('placement (P1)', () => {
  test('puts no two replicas of a partition on a host, and evens out first replicas', () => {
    const place = fc.record({
      host: fc.constantFrom('', 'h1', 'h2', 'h3', 'h4'),
      rack: fc.constantFrom(null, 'r1', 'r2', 'r3'),
    });
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 4 }), (places, factor) => {
        const lab = labAt(places);
        const hosts = places.map(({ host }, id) => (host === '' ? `own ${id}` : host));
        const [code] = lab.create(topic(12, factor));
        const isPossible = factor <= new Set(hosts).size;
        expect(code).toBe(isPossible ? ErrorCode.NONE : ErrorCode.INVALID_REPLICATION_FACTOR);
        const firsts = new Map(places.map((_, id) => [id, 0]));
        for (const replicas of replicasOf(lab)) {
          expect(new Set(replicas.map((id) => hosts[id])).size).toBe(factor);
          const first = replicas[0] ?? -1;
          firsts.set(first, (firsts.get(first) ?? 0) + 1);
        }
        const counts = [...firsts.values()];
        if (isPossible) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  });

  test('alternates racks', () => {
    const lab = labAt([{ rack: 'a' }, { rack: 'a' }, { rack: 'b' }, { rack: 'b' }, { rack: 'c' }, { rack: 'c' }]);
    lab.create(topic(12, 3));
    for (const replicas of replicasOf(lab)) {
      const racks = replicas.map((id) => lab.image.broker(brokerId(id))?.rack);
      expect(new Set(racks).size).toBe(3);
    }
    const counts = [0, 1, 2, 3, 4, 5].map((id) => replicasOf(lab).filter((replicas) => replicas.includes(id)).length);
    expect(counts).toEqual([6, 6, 6, 6, 6, 6]);
  });

  test('takes brokers of one host where that is relaxed, and other hosts first', () => {
    const places = [{ host: 'laptop' }, { host: 'laptop' }, { host: 'other' }];
    const strict = labAt(places);
    expect(strict.create(topic(1, 3))).toEqual([ErrorCode.INVALID_REPLICATION_FACTOR]);
    const lab = labAt(places, RELAXED);
    expect(lab.create(topic(3, 2), topic(1, 3, 'all'))).toEqual([ErrorCode.NONE, ErrorCode.NONE]);
    for (const replicas of replicasOf(lab)) expect(replicas).toContain(2);
    expect(replicasOf(lab, 'all')[0]).toHaveLength(3);
  });

  test('of topics that Weir makes takes as many hosts as there are', () => {
    const places = [{ host: 'laptop' }, { host: 'laptop' }, { host: 'other' }];
    const own = newTopic('__consumer_offsets', { replicationFactor: 3, shrinkToBrokers: true });
    const strict = labAt(places);
    strict.create(own);
    expect(replicasOf(strict, '__consumer_offsets')).toEqual([[0, 2]]);
    const relaxed = labAt(places, RELAXED);
    relaxed.create(own);
    expect(replicasOf(relaxed, '__consumer_offsets')[0]).toHaveLength(3);
  });

  test('gives nothing to brokers that are cordoned or draining', () => {
    const lab = labAt([{}, {}, {}, {}]);
    lab.run({ kind: 'setBrokerPlacement', brokerId: 1, cordoned: true, draining: false });
    lab.run({ kind: 'setBrokerPlacement', brokerId: 2, cordoned: false, draining: true });
    lab.create(topic(4, 2));
    expect(new Set(replicasOf(lab).flat())).toEqual(new Set([0, 3]));
    expect(lab.create(topic(1, 3, 'more'))).toEqual([ErrorCode.INVALID_REPLICATION_FACTOR]);
  });

  test('follows what there is: who leads least gets the next, also after topics are deleted, and within one command', () => {
    const lab = labAt([{}, {}, {}]);
    lab.create(topic(2, 1, 'a'), topic(1, 1, 'b'), topic(3, 1, 'c'));
    expect([...replicasOf(lab, 'a'), ...replicasOf(lab, 'b')]).toEqual([[0], [1], [2]]);
    lab.run({ kind: 'deleteTopics', topics: [{ name: 'b', topicId: null }] });
    lab.create(topic(1, 1, 'd'));
    expect(replicasOf(lab, 'd')).toEqual([[2]]);
  });

  test('lets different brokers follow one leader, so that its load is shared when it dies', () => {
    const lab = labAt([{}, {}, {}, {}]);
    lab.create(topic(24, 2));
    const followers = replicasOf(lab).filter(([first]) => first === 0);
    expect(new Set(followers.map(([, second]) => second)).size).toBe(3);
  });
});

function stop(lab: MetadataLab, id: number): void {
  const brokerEpoch = lab.image.broker(brokerId(id))?.epoch ?? -1;
  expect(lab.run({ kind: 'controlledShutdown', brokerId: id, brokerEpoch })).toMatchObject({ errorCode: 0 });
}

describe('a broker that is about to stop', () => {
  test('is no new partition’s first, and one of its replicas only where no other is there', () => {
    const lab = labAt([{}, {}, {}]);
    stop(lab, 1);
    lab.create(topic(4, 1, 'one'), topic(4, 2, 'two'), topic(1, 3, 'three'));
    expect(new Set(replicasOf(lab, 'one').flat())).toEqual(new Set([0, 2]));
    expect(new Set(replicasOf(lab, 'two').flat())).toEqual(new Set([0, 2]));
    expect([...(replicasOf(lab, 'three')[0] ?? [])].sort()).toEqual([0, 1, 2]);
    stop(lab, 0);
    stop(lab, 2);
    expect(lab.create(topic(1, 1, 'late'))).toEqual([ErrorCode.INVALID_REPLICATION_FACTOR]);
  });
});

describe('assignments by hand', () => {
  const assigned = (name: string, brokerIds: readonly number[]) =>
    newTopic(name, {
      partitionCount: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds }],
    });

  test('name somebody who may lead', () => {
    const lab = labAt([{}, {}]);
    stop(lab, 1);
    expect(lab.create(assigned('t', [1]))).toEqual([ErrorCode.INVALID_REPLICA_ASSIGNMENT]);
    expect(lab.create(assigned('t', [1, 0]))).toEqual([ErrorCode.NONE]);
    expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ leader: 0, isr: [0] });
  });

  test('keep to hosts, unless that is relaxed, and leave cordoned brokers alone', () => {
    const places = [{ host: 'a' }, { host: 'a' }, { host: 'b' }];
    const lab = labAt(places);
    const { INVALID_REPLICA_ASSIGNMENT, NONE } = ErrorCode;
    expect(lab.create(assigned('t', [0, 1]))).toEqual([INVALID_REPLICA_ASSIGNMENT]);
    expect(labAt(places, RELAXED).create(assigned('t', [0, 1]))).toEqual([NONE]);
    expect(lab.create(assigned('t', [0, 2]))).toEqual([NONE]);
    lab.run({ kind: 'setBrokerPlacement', brokerId: 2, cordoned: true, draining: false });
    expect(lab.create(assigned('u', [0, 2]))).toEqual([INVALID_REPLICA_ASSIGNMENT]);
    const move = (replicas: readonly number[]) => {
      const partitions = [{ topic: 't', index: 0, replicas }];
      const outcome = lab.run({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: false });
      return outcome.kind === 'alterReassignments' ? outcome.partitions[0]?.errorCode : -1;
    };
    expect(move([0, 1])).toBe(INVALID_REPLICA_ASSIGNMENT);
    // It has it already.
    expect(move([1, 2])).toBe(NONE);
  });

  test('leave a broker alone that is drained, though its cordon was ended', () => {
    const lab = labAt([{}, {}]);
    lab.run({ kind: 'setBrokerPlacement', brokerId: 1, cordoned: false, draining: true });
    expect(lab.create(assigned('t', [0, 1]))).toEqual([ErrorCode.INVALID_REPLICA_ASSIGNMENT]);
  });
});
