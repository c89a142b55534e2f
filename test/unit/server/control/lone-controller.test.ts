import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { replaceFile } from '../../../../broker/server/logs/disk-tasks.ts';
import { runTask, step } from '../../../../broker/server/task.ts';
import { creation } from '../../../support/metadata/control-world.ts';
import { CONTROL_PORT, QuorumWorld } from '../../../support/metadata/quorum-world.ts';

describe('a controller that is alone, apart from its brokers', () => {
  const options = { controllers: [1000], brokers: [0], initialVoters: [] };

  /** Starts it without a formation record, and a broker; gives the id of the cluster. */
  function alone(): { readonly world: QuorumWorld; readonly clusterId: string } {
    const world = new QuorumWorld(21, options);
    const { running } = world.start(1000, { 'weir.cluster.id': '' });
    world.until('it has a name', () => running.view.clusterId !== '');
    const { clusterId } = running.view;
    world.start(0, { 'weir.cluster.id': clusterId });
    world.untilReady();
    world.submit(0, creation('before'));
    return { world, clusterId };
  }

  const restarted = (world: QuorumWorld, more: Readonly<Record<string, string>>) => {
    const member = world.start(1000, more);
    world.until('it ends', () => member.fatals.length > 0);
    return member.fatals[0];
  };

  test('is told of, as its brokers are, under weir.grpc.advertised.host where that is set', () => {
    const world = new QuorumWorld(23, { ...options, brokers: [0, 1], initialVoters: [1000] });
    world.start(1000, { 'weir.grpc.advertised.host': 'controller-1000.svc.' });
    world.start(0, { 'weir.grpc.advertised.host': 'broker-0.svc.' });
    world.start(1);
    world.untilReady();
    const { view } = world.member(1).running;
    world.until('the controller is known', () => view.controllers().length === 1);
    expect(view.controllers().map(({ host, port }) => [host, port])).toEqual([['controller-1000.svc.', CONTROL_PORT]]);
    const faces = view
      .brokers()
      .flatMap(({ endpoints }) => endpoints.filter(({ listener }) => listener === 'CONTROLLER'));
    expect(faces.map(({ host, port }) => [host, port])).toEqual([
      ['broker-0.svc.', CONTROL_PORT],
      [world.member(1).address, CONTROL_PORT],
    ]);
  });

  test('does not start when its metadata log is gone, and says what is lost with it (V11)', () => {
    const { world, clusterId } = alone();
    const { disk } = world.member(1000);
    world.kill(1000);
    for (const { path } of disk.files().filter((file) => file.path.includes('__cluster_metadata-0/')))
      world.wait<null>((done) => disk.remove(path, () => done(null)));
    expect(restarted(world, { 'weir.cluster.id': clusterId })).toMatch(
      /^the metadata log data\/__cluster_metadata-0 is gone: restore it from a copy, without it the cluster is lost/,
    );
  });

  test('starts again when its first start was broken off at any moment', () => {
    for (let atMs = 0; atMs < 60; atMs += 1) {
      const world = new QuorumWorld(500 + atMs, options);
      world.start(1000, { 'weir.cluster.id': '' });
      world.world.runFor(atMs);
      world.kill(1000, true);
      const member = world.start(1000, { 'weir.cluster.id': '' });
      world.until('it leads', () => member.plane?.view.controllerId === 1000);
    }
  });

  test('forms no other cluster under the same id with an empty disk', () => {
    const { world, clusterId } = alone();
    world.wipe(1000);
    expect(restarted(world, { 'weir.cluster.id': clusterId })).toMatch(
      /nothing says that cluster \S+ was never formed/,
    );
  });

  test('is not followed by brokers of the old cluster when it forms another one', () => {
    const { world } = alone();
    world.wipe(1000);
    world.start(1000, { 'weir.cluster.id': '' });
    const { running } = world.member(0);
    const { offset } = running.view;
    world.world.runFor(60_000);
    expect(world.member(1000).running.view.clusterId).not.toBe(running.view.clusterId);
    expect([running.view.offset, running.view.topicByName('before') !== null]).toEqual([offset, true]);
  });

  test('is not followed by a broker that has seen more, whether that runs, was stopped well or was killed', () => {
    const world = new QuorumWorld(22, { ...options, brokers: [0, 1], initialVoters: [1000] });
    world.startAll([1000, 0]);
    world.untilReady();
    for (let i = 0; i < 20; i += 1) world.submit(0, creation(`t${i}`));
    world.kill(0);
    world.startAll([0, 1]);
    world.untilReady();
    const { brokerEpoch } = world.member(1).running;
    world.kill(1);
    // The record says that nobody has formed the cluster yet.
    world.wipe(1000);
    world.start(1000);
    world.until('the broker that runs ends', () => world.member(0).fatals.length > 0);
    expect(world.member(0).fatals[0]).toMatch(/the controllers have lost metadata/);
    const member = world.start(1, {}, brokerEpoch);
    world.until('the other one is refused', () => typeof member.registered === 'string');
    const refusal = /has lived in epoch \d+, and the metadata ends at \d+/;
    expect(member.registered).toMatch(refusal);
    world.start(0);
    world.until('a life after it is refused too', () => typeof world.member(0).registered === 'string');
    expect(world.member(0).registered).toMatch(refusal);
  });
});

describe('a controller of a cluster that release 0.1.0 formed', () => {
  const DATA = new URL('../../../fixtures/data/0.1.0/data/', import.meta.url);
  const METADATA = '__cluster_metadata-0';

  function ofRelease010(): QuorumWorld {
    const world = new QuorumWorld(24, { controllers: [1], initialVoters: [] });
    const { disk } = world.member(1);
    function* lay() {
      for (const path of ['data', `data/${METADATA}`]) yield* step<void>((done) => disk.makeDirectory(path, done));
      for (const name of [
        'meta.properties',
        ...readdirSync(new URL(METADATA, DATA)).map((one) => `${METADATA}/${one}`),
      ])
        yield* replaceFile(disk, 'data', name, readFileSync(new URL(name, DATA)));
    }
    expect(world.wait<unknown>((done) => runTask(lay(), done))).toBe(null);
    world.start(1, { 'weir.cluster.id': 'mMU_UDQFtDW66gYn-SQoIg', 'weir.host': 'machine-1' });
    world.untilReady();
    return world;
  }

  test('is known when the features are raised that tell of controllers, and its machine when those are that tell of machines', () => {
    const world = ofRelease010();
    const raise = (level: number): void => {
      const updates = [{ name: 'weir.version', level, upgradeType: 'upgrade' }] as const;
      const outcome = world.submit(1, { kind: 'updateFeatures', updates, validateOnly: false });
      expect(outcome).toMatchObject({ errorCode: 0 });
    };
    const { running } = world.member(1);
    const machines = () => running.view.controllers().map(({ id, machine }) => [id, machine]);
    world.world.runFor(15_000);
    expect(machines()).toEqual([]);
    raise(2);
    world.world.runFor(15_000);
    expect(machines()).toEqual([[1, '']]);
    raise(3);
    world.world.runFor(1_000);
    expect(machines()).toEqual([[1, 'machine-1']]);
  });
});
