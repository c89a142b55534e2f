import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import type { RegisterBrokerCommand } from '../../../../broker/core/metadata/commands.ts';
import { CONTROLLER_LISTENER } from '../../../../broker/core/config/listeners.ts';
import { DAMAGED_DIRECTORY } from '../../../../broker/core/metadata/directories.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { MetadataLab, newTopic, sampleId } from '../../../support/metadata/lab.ts';

const partition = (lab: MetadataLab, name = 't', index = 0) => lab.image.topicByName(name)?.partitions[index];

describe('a broker that registers', () => {
  test('is fenced under a new epoch, the offset of its record, and loses every leadership (D5)', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('t', { partitionCount: 2 }));
    const before = lab.image.offset;
    const epoch = lab.join(0, false);
    expect(epoch).toBe(before + 1);
    expect(lab.image.broker(brokerId(0))).toMatchObject({ epoch, fenced: true });
    expect(partition(lab)).toMatchObject({ leader: -1, leaderEpoch: 1, partitionEpoch: 1, isr: [], elr: [0] });
    expect(partition(lab, 't', 1)).toMatchObject({ leader: -1, leaderEpoch: 1 });
  });

  test('leads again in yet another epoch once it is let in', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('t'));
    lab.join(0);
    expect(partition(lab)).toMatchObject({ leader: 0, leaderEpoch: 2, isr: [0] });
    expect(lab.deltas.at(-1)).toMatchObject({ brokersChanged: [0], partitionsChanged: [{ partition: { leader: 0 } }] });
  });

  test('hands its leaderships to in-sync replicas in the same batch and leaves their ISR', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('t', { replicationFactor: 2 }));
    const batches = lab.batches.length;
    lab.join(0, false);
    expect(lab.batches.length).toBe(batches + 1);
    expect(partition(lab)).toMatchObject({ leader: 1, leaderEpoch: 1, isr: [1], replicas: [0, 1] });
  });

  test('stays cordoned and drained: a restart ends neither', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.run({ kind: 'setBrokerPlacement', brokerId: 0, cordoned: true, draining: true });
    lab.run({ kind: 'setBrokerPlacement', brokerId: 1, cordoned: true, draining: false });
    for (const id of [0, 1]) lab.join(id);
    expect(lab.image.broker(brokerId(0))).toMatchObject({ cordoned: true, draining: true });
    expect(lab.image.broker(brokerId(1))).toMatchObject({ cordoned: true, draining: false });
  });

  test('is refused before the cluster is formed, without listeners, and outside the weir.version of the cluster', () => {
    const unformed = new MetadataLab();
    expect(unformed.run(unformed.registration(0))).toMatchObject({
      errorCode: ErrorCode.INVALID_REGISTRATION,
      brokerEpoch: -1,
    });
    const lab = MetadataLab.withBrokers([]);
    const tried = (more: Partial<RegisterBrokerCommand>): number => lab.run(lab.registration(0, more)).errorCode;
    expect(tried({ endpoints: [] })).toBe(ErrorCode.INVALID_REGISTRATION);
    expect(tried({ endpoints: [{ listener: CONTROLLER_LISTENER, host: 'h', port: 1 }] })).toBe(
      ErrorCode.INVALID_REGISTRATION,
    );
    expect(tried({ weirVersionMin: 5, weirVersionMax: 6 })).toBe(ErrorCode.UNSUPPORTED_VERSION);
    expect(tried({ weirVersionMin: 1, weirVersionMax: 1 })).toBe(ErrorCode.UNSUPPORTED_VERSION);
    expect(lab.image.brokers()).toEqual([]);
  });

  test('is refused while the earlier incarnation lives, and with the disk of another broker', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.alive.add(0);
    const otherDisk = lab.registration(0, { directoryId: sampleId(77) });
    expect(lab.run(otherDisk)).toMatchObject({
      errorCode: ErrorCode.DUPLICATE_BROKER_REGISTRATION,
      brokerEpoch: -1,
    });
    // With the same disk it can only be its successor.
    expect(lab.run(lab.registration(0)).errorCode).toBe(ErrorCode.NONE);
    lab.alive.delete(0);
    expect(lab.run(otherDisk).errorCode).toBe(ErrorCode.NONE);
    const stolen = lab.image.broker(brokerId(0))?.directoryId ?? '';
    expect(lab.run(lab.registration(1, { directoryId: stolen })).errorCode).toBe(ErrorCode.INVALID_REGISTRATION);
  });

  test('and asks again because the answer was lost gets the same epoch, and nothing changes', () => {
    const lab = MetadataLab.withBrokers([]);
    const command = lab.registration(0);
    const first = lab.run(command);
    lab.alive.add(0);
    const { offset } = lab.image;
    expect(lab.run(command)).toEqual(first);
    expect(lab.image.offset).toBe(offset);
  });

  test('is known to have lost what was not synced, unless it names the epoch that it ended well in (D4)', () => {
    const lab = MetadataLab.withBrokers([]);
    const epoch = lab.join(0);
    const isUnclean = () => lab.image.broker(brokerId(0))?.uncleanRestart;
    expect(isUnclean()).toBe(true);
    lab.run(lab.registration(0, { previousBrokerEpoch: epoch }));
    expect(isUnclean()).toBe(false);
    lab.run(lab.registration(0, { previousBrokerEpoch: epoch }));
    expect(isUnclean()).toBe(true);
    lab.run(lab.registration(0));
    expect(isUnclean()).toBe(true);
  });
});

describe('a broker that comes back with another disk', () => {
  test('leads nothing of what the lost one held, unless an unclean election is wanted (D4)', () => {
    const lab = MetadataLab.withBrokers([0]);
    const configs = [{ name: 'unclean.leader.election.enable', value: 'true' }];
    lab.create(newTopic('t'), newTopic('careless', { configs }));
    const comeBack = (directoryId: string): void => {
      const registered = lab.run(lab.registration(0, { directoryId }));
      const brokerEpoch = registered.kind === 'registerBroker' ? registered.brokerEpoch : -1;
      lab.run({ kind: 'unfenceBroker', brokerId: 0, brokerEpoch });
    };
    const lost = lab.image.broker(brokerId(0))?.directoryId ?? '';
    comeBack(sampleId(99));
    expect(partition(lab)).toMatchObject({ leader: -1, isr: [], elr: [], lastKnownElr: [0] });
    expect(partition(lab, 'careless')).toMatchObject({ leader: 0 });
    lab.create(newTopic('new'));
    expect(partition(lab, 'new')).toMatchObject({ leader: 0 });
    comeBack(lost);
    expect(partition(lab)).toMatchObject({ leader: 0 });
    expect(partition(lab, 'new')).toMatchObject({ leader: -1 });
  });
});

describe('a broker that is unregistered', () => {
  test('is forgotten, others lead what it led, and what it holds stays assigned', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('two', { replicationFactor: 2 }), newTopic('one', { partitionCount: 2 }));
    const batches = lab.batches.length;
    expect(lab.run({ kind: 'unregisterBroker', brokerId: 0 })).toEqual({
      kind: 'unregisterBroker',
      errorCode: ErrorCode.NONE,
      errorMessage: null,
    });
    expect(lab.batches.length).toBe(batches + 1);
    expect(lab.image.brokers().map(({ id }) => id)).toEqual([1]);
    expect(lab.deltas.at(-1)?.brokersChanged).toEqual([0]);
    expect(partition(lab, 'two')).toMatchObject({ leader: 1, replicas: [0, 1], isr: [1] });
    const alone = lab.image.topicByName('one')?.partitions.find(({ replicas }) => replicas.includes(brokerId(0)));
    expect(alone).toMatchObject({ leader: -1, replicas: [0], isr: [], elr: [0] });
    expect(lab.replayed().describe()).toBe(lab.image.describe());
  });

  test('leads what it held when it comes back', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('t'));
    lab.run({ kind: 'unregisterBroker', brokerId: 0 });
    expect(partition(lab)).toMatchObject({ leader: -1 });
    lab.join(0);
    expect(partition(lab)).toMatchObject({ leader: 0 });
  });

  test('is not eligible any more when it comes back: it may have held anything (D4 c)', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('t', { replicationFactor: 2, configs: [{ name: 'min.insync.replicas', value: '2' }] }));
    lab.run({ kind: 'unregisterBroker', brokerId: 0 });
    expect(partition(lab)).toMatchObject({ isr: [1], elr: [0] });
    lab.join(0, false);
    expect(partition(lab)).toMatchObject({ isr: [1], elr: [], lastKnownElr: [0] });
  });

  test('has a damaged log still when it comes back (D7)', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('t', { replicationFactor: 2 }));
    const topicId = lab.image.topicByName('t')?.id ?? '';
    const brokerEpoch = lab.image.broker(brokerId(0))?.epoch ?? -1;
    lab.run({ kind: 'reportDamage', brokerId: 0, brokerEpoch, partitions: [{ topicId, index: 0 }] });
    lab.run({ kind: 'unregisterBroker', brokerId: 0 });
    lab.join(0);
    expect(partition(lab)?.directories[0]).toBe(DAMAGED_DIRECTORY);
  });

  test('must have been registered, and be gone', () => {
    const lab = MetadataLab.withBrokers([0]);
    const { offset } = lab.image;
    lab.alive.add(0);
    expect(lab.run({ kind: 'unregisterBroker', brokerId: 0 })).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'broker 0 is running; stop it first',
    });
    lab.alive.delete(0);
    expect(lab.run({ kind: 'unregisterBroker', brokerId: 5 }).errorCode).toBe(ErrorCode.BROKER_ID_NOT_REGISTERED);
    expect(lab.image.offset).toBe(offset);
  });
});

describe('commands of an earlier incarnation', () => {
  test('are STALE_BROKER_EPOCH, those of a stranger BROKER_ID_NOT_REGISTERED', () => {
    const lab = MetadataLab.withBrokers([]);
    const old = lab.join(0);
    lab.join(0);
    for (const kind of ['unfenceBroker', 'fenceBroker', 'allocateProducerIds'] as const) {
      expect(lab.run({ kind, brokerId: 0, brokerEpoch: old }).errorCode).toBe(ErrorCode.STALE_BROKER_EPOCH);
      expect(lab.run({ kind, brokerId: 5, brokerEpoch: old }).errorCode).toBe(ErrorCode.BROKER_ID_NOT_REGISTERED);
    }
  });
});

describe('fencing', () => {
  test('takes the leaderships of a broker; twice changes nothing more', () => {
    const lab = MetadataLab.withBrokers([]);
    const epoch = lab.join(0);
    lab.create(newTopic('t'));
    expect(lab.run({ kind: 'fenceBroker', brokerId: 0, brokerEpoch: epoch }).errorCode).toBe(ErrorCode.NONE);
    expect(partition(lab)).toMatchObject({ leader: -1, isr: [], elr: [0] });
    const { offset } = lab.image;
    lab.run({ kind: 'fenceBroker', brokerId: 0, brokerEpoch: epoch });
    expect(lab.image.offset).toBe(offset);
  });

  test('of the last replica waits for it, unless unclean elections are on', () => {
    const lab = MetadataLab.withBrokers([]);
    const epochs = [lab.join(0), lab.join(1)];
    lab.create(
      newTopic('safe', { replicationFactor: 2 }),
      newTopic('loose', { replicationFactor: 2, configs: [{ name: 'unclean.leader.election.enable', value: 'true' }] }),
    );
    lab.run({ kind: 'fenceBroker', brokerId: 0, brokerEpoch: epochs[0] ?? -1 });
    lab.run({ kind: 'fenceBroker', brokerId: 1, brokerEpoch: epochs[1] ?? -1 });
    for (const name of ['safe', 'loose']) expect(partition(lab, name)).toMatchObject({ leader: -1, isr: [], elr: [1] });
    lab.run({ kind: 'unfenceBroker', brokerId: 0, brokerEpoch: epochs[0] ?? -1 });
    expect(partition(lab, 'safe')).toMatchObject({ leader: -1, isr: [], elr: [1] });
    expect(partition(lab, 'loose')).toMatchObject({ leader: 0, isr: [0] });
    lab.run({ kind: 'unfenceBroker', brokerId: 1, brokerEpoch: epochs[1] ?? -1 });
    expect(partition(lab, 'safe')).toMatchObject({ leader: 1, isr: [1] });
  });
});

test('producer ids come in blocks that never overlap', () => {
  const lab = MetadataLab.withBrokers([]);
  const brokerEpoch = lab.join(0);
  const firsts = [0, 1, 2].map(() => {
    const outcome = lab.run({ kind: 'allocateProducerIds', brokerId: 0, brokerEpoch });
    return outcome.kind === 'allocateProducerIds' ? [outcome.firstProducerId, outcome.producerIdCount] : [];
  });
  expect(firsts).toEqual([
    [0, 1000],
    [1000, 1000],
    [2000, 1000],
  ]);
});

test('a cluster is formed once, with the features of this release', () => {
  const lab = MetadataLab.withBrokers([]);
  expect([...lab.image.features()]).toEqual([
    ['eligible.leader.replicas.version', 1],
    ['kraft.version', 1],
    ['metadata.version', 30],
    ['share.version', 2],
    ['weir.version', 4],
  ]);
  expect(lab.run({ kind: 'formatCluster', clusterId: sampleId(9) }).errorCode).toBe(ErrorCode.INVALID_REQUEST);
  expect(lab.image.clusterId).toBe(sampleId(0));
});
