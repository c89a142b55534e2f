import { describe, expect, test } from '@jest/globals';
import { brokerId, leaderEpoch, topicId } from '../../../../broker/core/base/ids.ts';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { PartitionView } from '../../../../broker/core/metadata/view.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { FollowerPartition } from '../../../../broker/server/partitions/follower-partition.ts';
import { PartitionManager } from '../../../../broker/server/partitions/partition-manager.ts';
import { FakeMetadata } from '../../../support/fake-metadata.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';
import { partitionData, records, viewOf } from '../../../support/replication/lane-lab.ts';
import { topicOf } from '../../../support/topic-view.ts';
import { wrapFiles } from '../../../support/wrapped-disk.ts';

const SELF = brokerId(1);
const ID = topicId(spec('t').topicId);

/** Broker 1's partitions under metadata that the test changes. */
class ManagerLab {
  readonly metadata = new FakeMetadata();
  readonly world = new LogWorld(1);
  readonly manager: PartitionManager;
  readonly #views: PartitionView[] = [];
  followed: FollowerPartition | null = null;
  /** While set, truncations and removals of directories do not end. */
  held: (() => void)[] | null = null;

  constructor(first: PartitionView, file: Readonly<Record<string, string>> = {}) {
    const { time } = this.world;
    const hold = (run: () => void): void => {
      if (this.held === null) run();
      else this.held.push(run);
    };
    const disk = wrapFiles(
      this.world.disk,
      (path) => path.endsWith('.log'),
      (file) => ({ truncate: (size, done) => hold(() => file.truncate(size, done)) }),
    );
    this.world.diskForServer = new Proxy(disk, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (name === 'rename') {
          return (from: string, to: string, done: () => void) => {
            if (to.endsWith('.delete')) hold(() => disk.rename(from, to, done));
            else disk.rename(from, to, done);
          };
        }
        return typeof member === 'function'
          ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
          : member;
      },
    });
    this.world.start();
    const none = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    this.manager = new PartitionManager({
      nodeId: SELF,
      ports: {
        clock: time,
        timers: time,
        log: none,
        crc32c,
        compression: { compress: () => undefined, decompress: () => undefined },
      },
      settings: new Settings(new Map(Object.entries(file))),
      metadata: this.metadata,
      logs: this.world.opened.manager,
      fetcher: {
        follow: (follower) => {
          this.followed = follower;
        },
        changed: () => undefined,
        drop: () => {
          this.followed = null;
        },
      },
      askStart: () => undefined,
      cluster: {
        nodeId: SELF,
        membership: { isLive: () => true, mayJoin: () => true },
        rackOf: () => null,
        changes: { propose: () => undefined, mark: () => undefined, changed: () => undefined },
        stats: { isrShrinks: 0, isrExpands: 0 },
      },
    });
    this.#put(first);
    this.manager.start(() => undefined);
    this.world.time.settle();
  }

  /** The metadata changes; what follows is waited for unless told otherwise. */
  change(view: PartitionView, settles = true): void {
    this.changeAll([view]);
    if (settles) this.world.time.settle();
  }

  changeAll(views: readonly PartitionView[]): void {
    for (const view of views) this.#put(view);
    const topic = this.metadata.topicById(ID);
    if (topic !== null) this.metadata.tell({ partitionsChanged: views.map((partition) => ({ topic, partition })) });
  }

  /** The answer of its leader to what the follower asks now. */
  answer(told: Parameters<typeof partitionData>[1]): void {
    const position = this.followed?.position();
    if (position === null || position === undefined) throw new Error('nothing is asked');
    this.followed?.take(position, partitionData(0, told));
    this.world.time.settle();
  }

  release(): void {
    const held = this.held ?? [];
    this.held = null;
    for (const run of held) run();
    this.world.time.settle();
  }

  #put(view: PartitionView): void {
    this.#views[view.index] = view;
    this.metadata.byName.set('t', topicOf({ id: ID, name: 't', internal: false, partitions: this.#views }));
  }
}

const ledBy = (leader: number, epoch: number, partitionEpoch = epoch): PartitionView => ({
  ...viewOf(0, { leader, epoch }),
  leaderEpoch: leaderEpoch(epoch),
  partitionEpoch,
});
const elsewhere = (epoch: number): PartitionView => {
  const replicas = [brokerId(2), brokerId(3)];
  return { ...ledBy(2, epoch), replicas, isr: replicas };
};

describe('a broker', () => {
  test('follows, leads and follows again as the metadata says, with the high watermark that it knew', () => {
    const lab = new ManagerLab(ledBy(2, 0));
    expect(lab.manager.byId(ID, 0)).toBeNull();
    lab.answer({ records: records(0, 5), highWatermark: 4 });
    lab.change(ledBy(1, 1));
    expect(lab.manager.byId(ID, 0)).toMatchObject({ leaderEpoch: 1, logEndOffset: 5, highWatermark: 4 });
    expect(lab.followed).toBeNull();
    lab.change(ledBy(2, 2));
    expect(lab.manager.byId(ID, 0)).toBeNull();
    expect(lab.followed?.position()).toMatchObject({ fetchOffset: 5, currentLeaderEpoch: 2 });
  });

  test('leads when its log is no longer being cut, whatever the metadata says meanwhile; a change is answered then', () => {
    const lab = new ManagerLab(ledBy(2, 0));
    lab.answer({ records: records(0, 5) });
    lab.held = [];
    lab.answer({ divergingEpoch: { epoch: 0, endOffset: 2 } });
    let settledCount = 0;
    lab.change(ledBy(1, 1));
    lab.manager.settled(() => {
      settledCount += 1;
    });
    lab.change(ledBy(1, 1, 2));
    expect([lab.manager.byId(ID, 0), settledCount]).toEqual([null, 0]);
    lab.release();
    expect(lab.manager.byId(ID, 0)).toMatchObject({ leaderEpoch: 1, logEndOffset: 2 });
    expect(settledCount).toBe(1);
  });

  test('begins with an empty log when a replica comes back while its old log is being deleted', () => {
    const lab = new ManagerLab(ledBy(2, 0));
    lab.answer({ records: records(0, 5) });
    lab.held = [];
    lab.change(elsewhere(1));
    lab.change(ledBy(2, 2));
    lab.change(ledBy(2, 2, 3));
    expect(lab.followed).toBeNull();
    lab.release();
    expect(lab.followed?.position()).toMatchObject({ fetchOffset: 0, currentLeaderEpoch: 2 });
  });

  test('begins with an empty log when a replica goes and comes back before anything is done about it', () => {
    const lab = new ManagerLab(ledBy(2, 0));
    lab.answer({ records: records(0, 5) });
    lab.change(elsewhere(1), false);
    lab.change(ledBy(2, 2));
    expect(lab.followed?.position()).toMatchObject({ fetchOffset: 0, currentLeaderEpoch: 2 });
  });

  test('does not follow with a log that is about to be deleted, while another one is being made', () => {
    const lab = new ManagerLab(ledBy(2, 0));
    lab.answer({ records: records(0, 5) });
    lab.changeAll([ledBy(2, 1), { ...ledBy(2, 0), index: 1 }]);
    lab.change(elsewhere(2), false);
    lab.change(ledBy(2, 3));
    expect([...lab.manager.followings()].map(({ index, log }) => [index, log.state, log.logEndOffset])).toEqual([
      [1, 'open', 0],
      [0, 'open', 0],
    ]);
  });

  test('has no log in the end when a replica goes before its log is made', () => {
    const lab = new ManagerLab(elsewhere(0));
    lab.held = [];
    lab.change(ledBy(2, 1), false);
    lab.change(elsewhere(2));
    lab.release();
    expect(lab.world.opened.manager.get(ID, 0)).toBeNull();
    expect(lab.followed).toBeNull();
  });

  test('has no log in the end when a replica comes back and goes again', () => {
    const lab = new ManagerLab(ledBy(2, 0));
    lab.held = [];
    for (const view of [elsewhere(1), ledBy(1, 2), elsewhere(3)]) lab.change(view);
    lab.release();
    expect(lab.world.opened.manager.get(ID, 0)).toBeNull();
    expect([lab.followed, lab.manager.byId(ID, 0)]).toEqual([null, null]);
  });

  test('keeps a damaged log while it is in the ISR or the ELR, and asks for a whole one afterwards (D7)', () => {
    const others = [brokerId(2)];
    const lab = new ManagerLab({ ...ledBy(2, 0), isr: [SELF, ...others] });
    lab.followed?.onState('damaged');
    expect(lab.followed?.position()).toBeNull();
    lab.change({ ...ledBy(2, 0, 1), isr: others, elr: [SELF] });
    expect(lab.followed?.position()).toBeNull();
    lab.change({ ...ledBy(2, 0, 2), isr: others, elr: [] });
    expect(lab.followed?.position()).toMatchObject({ fetchOffset: 0, lastFetchedEpoch: -1 });
  });

  test('counts only what is synced where the metadata says so, whatever its own file says (D3)', () => {
    const lab = new ManagerLab({ ...ledBy(2, 0), durableFromEpoch: 0 }, { 'weir.durability': 'replicated' });
    lab.answer({ records: records(0, 5) });
    expect(lab.world.opened.manager.get(ID, 0)?.durableOffset).toBe(5);
    const counts = (): string[] => [...lab.manager.leaderships()].map(({ replica }) => replica.describe());
    lab.change({ ...ledBy(1, 1), durableFromEpoch: 0 });
    expect(counts()).toEqual([expect.stringContaining(' fsync ')]);
    lab.change({ ...ledBy(1, 2), durableFromEpoch: -1 });
    expect(counts()).toEqual([expect.stringContaining(' replicated ')]);
  });
});
