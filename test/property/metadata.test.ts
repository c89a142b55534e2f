import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/properties.ts';
import { restartReasons } from '../../broker/core/metadata/can-restart.ts';
import { MetadataImage } from '../../broker/core/metadata/image.ts';
import { type MetadataBugs, NO_METADATA_BUGS } from '../../broker/core/metadata/planted-bugs.ts';
import { decodeRecords, encodeRecords } from '../../broker/core/metadata/records.ts';
import type { PartitionState } from '../../broker/core/metadata/topic.ts';
import type { MetadataView } from '../../broker/core/metadata/view.ts';
import { type BrokerId, brokerId } from '../../broker/core/base/ids.ts';
import { MetadataLab, newTopic, sampleId } from '../support/metadata/lab.ts';
import { broker, type Step, step, take } from '../support/metadata/random-steps.ts';
import { whole } from '../support/steps.ts';
import { SAME_REPLICAS } from '../../broker/core/metadata/election.ts';

/** What must hold in every state: a sentence per breach. */
function breaches(lab: MetadataLab): readonly string[] {
  const view = lab.image;
  const found: string[] = [];
  for (const topic of view.topics()) {
    if (view.topicByName(topic.name)?.id !== topic.id || view.topicById(topic.id)?.name !== topic.name)
      found.push(`${topic.name} is not found by name and id`);
    if (topic.partitions.length === 0) found.push(`${topic.name} has no partition`);
    const least = lab.settings.topic(view.configOverrides('topic', topic.name), 'min.insync.replicas');
    for (const [index, one] of topic.partitions.entries()) {
      const where = `${topic.name}-${index}`;
      if (one.index !== index) found.push(`${where} stands at the wrong index`);
      found.push(
        ...partitionBreaches(view, view.topicById(topic.id)?.partition(index), least).map((what) => `${where} ${what}`),
      );
    }
  }
  return found;
}

function partitionBreaches(view: MetadataImage, one: PartitionState | undefined, minIsr: number): readonly string[] {
  if (one === undefined) return ['is not there'];
  const found: string[] = [];
  const { leader, replicas, isr, elr, lastKnownElr, directories } = one;
  const isIn = (id: number): boolean => view.mayLead(id);
  if (leader !== -1 && !isr.includes(leader)) found.push('is led from outside its ISR');
  if (leader !== -1 && !view.isUnfenced(leader)) found.push('is led by a broker that is out');
  if (leader === -1 && isr.some(isIn)) found.push(`has no leader although ${isr.join()} could lead`);
  const lists = [isr, elr, lastKnownElr, one.addingReplicas, one.removingReplicas];
  if (!lists.flat().every((id) => replicas.includes(id))) found.push('names who has no replica');
  if (isr.some((id) => elr.includes(id) || lastKnownElr.includes(id))) found.push('has a broker in and out of the ISR');
  if (isr.length >= Math.min(minIsr, replicas.length) && elr.length > 0) found.push('has an ELR beside a full ISR');
  // D8: who is in the ELR and the last known one is suspect, and leads at once only where nobody else could.
  const sure = elr.filter((id) => !lastKnownElr.includes(id) || elr.length === 1);
  if (isr.length === 0 && sure.some((id) => isIn(id) && isHeld(view, one, id)))
    found.push(`has no leader although ${elr.join()} is eligible`);
  if (new Set(replicas).size !== replicas.length) found.push('has a replica twice');
  if (directories.length !== replicas.length) found.push('has not a directory a replica');
  const isLost = (id: number): boolean => view.broker(brokerId(id)) !== null && !isHeld(view, one, brokerId(id));
  if ([...isr, ...elr].some(isLost)) found.push('counts on a disk that is not there');
  if (one.durableFromEpoch > one.leaderEpoch) found.push('is durable from a later epoch');
  return found;
}

/** On the disk that the partition knows. */
function isHeld(view: MetadataImage, one: PartitionState, id: BrokerId): boolean {
  return one.directories[one.replicas.indexOf(id)] === view.broker(id)?.directoryId;
}

function epochs(view: MetadataView): ReadonlyMap<string, number> {
  return new Map(
    view
      .topics()
      .flatMap((topic) => topic.partitions.map((one) => [`${topic.id}-${one.index}`, one.leaderEpoch] as const)),
  );
}

/** The state of every partition, with its topic's id and its index. */
function states(view: MetadataImage): readonly { readonly where: string; readonly one: PartitionState }[] {
  return view.topics().flatMap(({ id, partitions }) =>
    partitions.flatMap(({ index }) => {
      const one = view.topicById(id)?.partition(index);
      return one === undefined ? [] : [{ where: `${id}-${index}`, one }];
    }),
  );
}

/** The state of every partition as a text, by topic id and index. */
function partitionTexts(view: MetadataView): ReadonlyMap<string, string> {
  return new Map(
    view
      .topics()
      .flatMap((topic) => topic.partitions.map((one) => [`${topic.id}-${one.index}`, JSON.stringify(one)] as const)),
  );
}

function leaders(view: MetadataView): ReadonlyMap<string, number> {
  return new Map(
    view.topics().flatMap((topic) => topic.partitions.map((one) => [`${topic.id}-${one.index}`, one.leader] as const)),
  );
}

/** Four brokers with a replicated topic. */
function replicated(bugs: MetadataBugs): MetadataLab {
  const lab = MetadataLab.withBrokers([0, 1, 2, 3]);
  lab.create(
    newTopic('a', { partitionCount: 2, replicationFactor: 3, configs: [{ name: 'min.insync.replicas', value: '2' }] }),
  );
  lab.bugs = bugs;
  return lab;
}

/** The same of a cluster that has no eligible leader replicas yet. */
function withoutElr(): MetadataLab {
  const lab = MetadataLab.atLevel1();
  const updates = [{ name: 'weir.version', level: 3, upgradeType: 'upgrade' }] as const;
  expect(lab.run({ kind: 'updateFeatures', updates, validateOnly: false })).toMatchObject({ errorCode: 0 });
  for (const id of [0, 1, 2, 3]) lab.join(id);
  lab.create(newTopic('a', { partitionCount: 2, replicationFactor: 3 }));
  return lab;
}

/** Takes steps and looks at the state after each. */
function goesWell(steps: readonly Step[], lab = MetadataLab.withBrokers([0])): void {
  for (const one of steps) {
    const before = { epochs: epochs(lab.image), leaders: leaders(lab.image), originals: originals(lab.image) };
    take(lab, one);
    expect(breaches(lab)).toEqual([]);
    for (const [where, epoch] of epochs(lab.image)) {
      const earlier = before.epochs.get(where) ?? 0;
      expect(epoch).toBeGreaterThanOrEqual(earlier);
      // D5: a change of the leader is a change of the epoch.
      if (before.leaders.has(where) && before.leaders.get(where) !== leaders(lab.image).get(where))
        expect(epoch).toBeGreaterThan(earlier);
    }
    // Partitions have other replicas for good when all of these are in sync.
    for (const topic of lab.image.topics())
      for (const { index, isr, replicas, addingReplicas, removingReplicas } of topic.partitions) {
        const original = before.originals.get(`${topic.id}-${index}`) ?? replicas;
        const isOther = replicas.length !== original.length || replicas.some((id) => !original.includes(id));
        if (addingReplicas.length + removingReplicas.length === 0 && isOther)
          expect(new Set(isr)).toEqual(new Set(replicas));
      }
  }
  expect(lab.replayed().describe()).toBe(lab.image.describe());
  const restored = new MetadataImage();
  restored.restore(decodeRecords(encodeRecords([...lab.image.snapshot()])), lab.image.offset);
  expect(restored.describe()).toBe(lab.image.describe());
}

/** The replicas of each partition without those that a reassignment adds. */
function originals(view: MetadataView): ReadonlyMap<string, readonly number[]> {
  return new Map(
    view
      .topics()
      .flatMap((topic) =>
        topic.partitions.map(
          ({ index, replicas, addingReplicas }) =>
            [`${topic.id}-${index}`, replicas.filter((id) => !addingReplicas.includes(id))] as const,
        ),
      ),
  );
}

describe('the metadata state machine', () => {
  test('is the same live, replayed from its log and restored from a snapshot; every state on the way is valid', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => goesWell(steps)),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => goesWell(steps, replicated(NO_METADATA_BUGS))),
      { numRuns: 150 },
    );
  });

  test.each(['keeps-elr-on-empty-disk', 'reuses-epoch', 'keeps-stale-leader', 'drops-below-min-isr'] as const)(
    'would not be valid with the planted bug %s',
    (bug) => {
      const found = fc.check(
        fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) =>
          goesWell(steps, replicated(new Set([bug]))),
        ),
        { numRuns: 500, seed: 6, endOnFailure: true },
      );
      expect(found.failed).toBe(true);
    },
  );

  test('goes on alike from a snapshot and from the log, wherever the snapshot was taken', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 20 }), fc.nat(), (steps, cut) => {
        const lab = MetadataLab.withBrokers([0, 1]);
        const restored = new MetadataImage();
        let next = -1;
        for (const [position, one] of steps.entries()) {
          if (position === cut % steps.length) {
            restored.restore(decodeRecords(encodeRecords([...lab.image.snapshot()])), lab.image.offset);
            next = lab.batches.length;
          }
          take(lab, one);
        }
        for (const batch of lab.batches.slice(next)) restored.apply(decodeRecords(batch), restored.offset + 1);
        expect(restored.describe()).toBe(lab.image.describe());
      }),
      { numRuns: 100 },
    );
  });

  test('a clone stays as it was, goes on from its log alike, and catches up by a snapshot that tells what it missed', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 20 }), fc.nat(), (steps, cut) => {
        const lab = MetadataLab.withBrokers([0, 1]);
        const at = cut % steps.length;
        for (const one of steps.slice(0, at)) take(lab, one);
        const [kept, replaying, behind] = [lab.image.clone(), lab.image.clone(), lab.image.clone()];
        const text = lab.image.describe();
        const known = partitionTexts(lab.image);
        const next = lab.batches.length;
        for (const one of steps.slice(at)) take(lab, one);
        for (const batch of lab.batches.slice(next)) replaying.apply(decodeRecords(batch), replaying.offset + 1);
        expect(kept.describe()).toBe(text);
        expect(replaying.describe()).toBe(lab.image.describe());

        const missed = lab.deltas.slice(lab.deltas.length - (lab.batches.length - next));
        const delta = behind.restore(decodeRecords(encodeRecords([...lab.image.snapshot()])), lab.image.offset);
        expect(behind.describe()).toBe(lab.image.describe());
        const now = partitionTexts(lab.image);
        expect(
          new Set(delta.partitionsChanged.map(({ topic, partition }) => `${topic.id}-${partition.index}`)),
        ).toEqual(new Set([...now].filter(([where, state]) => known.get(where) !== state).map(([where]) => where)));
        const topicOf = (where: string): string => where.slice(0, 22);
        const [before, after] = [new Set([...known.keys()].map(topicOf)), new Set([...now.keys()].map(topicOf))];
        expect(new Set(delta.topicsCreated.map(({ id }) => id as string))).toEqual(after.difference(before));
        expect(new Set(delta.topicsDeleted.map(({ id }) => id as string))).toEqual(before.difference(after));
        // What came and went meanwhile is not told; everything told was told by some batch that was missed.
        for (const name of ['configsChanged', 'brokersChanged'] as const) {
          const told = new Set(missed.flatMap((each) => each[name].map((what) => JSON.stringify(what))));
          for (const what of delta[name]) expect(told).toContain(JSON.stringify(what));
        }
      }),
      { numRuns: 150 },
    );
  });

  test('tells in its deltas exactly what changed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const lab = MetadataLab.withBrokers([0]);
        for (const one of steps) {
          const before = new Map(lab.image.topics().map((topic) => [topic.id as string, topic]));
          const known = partitionTexts(lab.image);
          const count = lab.deltas.length;
          take(lab, one);
          const deltas = lab.deltas.slice(count);
          const after = new Map(lab.image.topics().map((topic) => [topic.id as string, topic]));
          const created = [...after.keys()].filter((id) => !before.has(id));
          const deleted = [...before.keys()].filter((id) => !after.has(id));
          expect(new Set(deltas.flatMap((delta) => delta.topicsCreated.map(({ id }) => id as string)))).toEqual(
            new Set(created),
          );
          expect(new Set(deltas.flatMap((delta) => delta.topicsDeleted.map(({ id }) => id as string)))).toEqual(
            new Set(deleted),
          );
          const told = new Set(
            deltas.flatMap((delta) =>
              delta.partitionsChanged.map(({ topic, partition }) => `${topic.id}-${partition.index}`),
            ),
          );
          const changed = [...partitionTexts(lab.image)].flatMap(([where, text]) =>
            known.get(where) === text ? [] : [where],
          );
          expect(told).toEqual(new Set(changed));
        }
      }),
      { numRuns: 100 },
    );
  });

  test('has nothing on a disk that may be lost that nobody else has', () => {
    let lostCount = 0;
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 25 }),
        broker,
        fc.constantFrom(true, true, true, false),
        (steps, id, hasElr) => {
          const lab = hasElr ? replicated(NO_METADATA_BUGS) : withoutElr();
          for (const one of steps) take(lab, one);
          const before = states(lab.image).filter(({ one }) => one.replicas.includes(brokerId(id)));
          if (whole(restartReasons(lab.image, lab.settings, [id], 'losing-disk')).value.length > 0) return;
          lostCount += before.length;
          take(lab, { kind: 'join', brokerId: id, unfence: true, disk: 2, isSuspect: false });
          const after = new Map(states(lab.image).map(({ where, one }) => [where, one]));
          for (const { where, one } of before) {
            const { isr = [], elr = [] } = after.get(where) ?? {};
            const whoHasAll = [...isr, ...elr].filter((other) => other !== id);
            const isTrue = (other: BrokerId): boolean =>
              [...one.isr, ...one.elr].includes(other) && isHeld(lab.image, one, other);
            expect(whoHasAll.filter(isTrue)).not.toEqual([]);
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(lostCount).toBeGreaterThan(100);
  });

  test('its checker can fail', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('a'));
    const topic = lab.image.topicByName('a');
    const id = topic?.id ?? sampleId(0);
    const change = {
      index: 0,
      leader: 3,
      leaderEpoch: 1,
      partitionEpoch: 1,
      durableFromEpoch: -2,
      isr: null,
      elr: null,
      lastKnownElr: null,
      ...SAME_REPLICAS,
    };
    lab.image.apply(
      [{ kind: 'partitionChanges', topics: [{ topicId: id, partitions: [change] }] }],
      lab.image.offset + 1,
    );
    expect(breaches(lab)).toEqual(['a-0 is led from outside its ISR', 'a-0 is led by a broker that is out']);
  });
});
