import { describe, expect, test } from '@jest/globals';
import type { CallFailure, ControlStream, WatchResponse } from '../../../../broker/ports/control-net.ts';
import { type FeedSource, MetadataFeed } from '../../../../broker/server/control/quorum/metadata-feed.ts';
import type { MachineSnapshot } from '../../../../broker/server/control/quorum/raft-host.ts';
import { World } from '../../../sim/world.ts';

const MIB = 1024 * 1024;

/** A watcher that takes what it is given only when the test lets it. */
class Watcher implements ControlStream<WatchResponse> {
  readonly got: WatchResponse[] = [];
  ended: CallFailure | null | undefined;
  #queued = 0;
  #drained: () => void = () => undefined;
  readonly #takes: boolean;

  constructor(takes = true) {
    this.#takes = takes;
  }

  send(message: WatchResponse): void {
    this.got.push(message);
    if (this.#takes) return;
    if (message.kind === 'batch') this.#queued += message.payload.length;
    else if (message.kind === 'snapshot') this.#queued += message.data.length;
  }

  queuedBytes(): number {
    return this.#queued;
  }

  onDrain(listener: () => void): void {
    this.#drained = listener;
  }

  end(failure: CallFailure | null): void {
    this.ended = failure;
  }

  /** Takes all that it was sent. */
  drain(): void {
    this.#queued = 0;
    this.#drained();
  }

  /** What it knows, in short. */
  get said(): string[] {
    return this.got.map((message) => {
      if (message.kind === 'controller') return `controller ${message.controllerId}`;
      if (message.kind === 'batch') return `batch ${message.baseOffset}+${message.recordCount}`;
      return `piece of ${message.offset}: ${message.data.length}${message.isLast ? ' last' : ''}`;
    });
  }
}

class Scene implements FeedSource {
  readonly world = new World(1);
  readonly feed = new MetadataFeed(this, { after: (delayMs, run) => this.world.schedule(delayMs, run) });
  offset = -1;
  controllerId = 0;
  snapshotCount = 0;
  snapshotBytes = 10;

  snapshot(done: (snapshot: MachineSnapshot) => void): void {
    this.snapshotCount += 1;
    const { offset } = this;
    this.world.schedule(5, () => done({ payload: new Uint8Array(this.snapshotBytes), offset }));
  }

  /** Commits a batch of two records. */
  commit(bytes = 10): void {
    const baseOffset = this.offset + 1;
    this.offset += 2;
    this.feed.batch(baseOffset, this.offset, new Uint8Array(bytes));
  }

  watch(watcher: Watcher, offset: number): () => void {
    const end = this.feed.watch(watcher, offset);
    this.world.runFor(50);
    return end;
  }
}

test('all watchers are sent the same object, so that the network encodes it once (P3)', () => {
  const scene = new Scene();
  const watchers = [new Watcher(), new Watcher()];
  for (const watcher of watchers) scene.watch(watcher, -1);
  scene.commit();
  scene.world.runFor(50);
  const [first, second] = watchers.map((watcher) => watcher.got.at(-1));
  expect(first).toMatchObject({ kind: 'batch', baseOffset: 0, recordCount: 2 });
  expect(second).toBe(first);
});

describe('committed metadata, for all who watch it (P3)', () => {
  test('goes on where a watcher is, in order, with who leads first', () => {
    const scene = new Scene();
    for (let i = 0; i < 3; i += 1) scene.commit();
    const watcher = new Watcher();
    scene.watch(watcher, 1);
    scene.commit();
    scene.world.runFor(1);
    expect(watcher.said).toEqual(['controller 0', 'batch 2+2', 'batch 4+2', 'batch 6+2']);
    scene.controllerId = 7;
    scene.feed.controllerChanged();
    scene.world.runFor(1);
    expect(watcher.said.at(-1)).toBe('controller 7');
    expect(scene.snapshotCount).toBe(0);
  });

  test('comes as a snapshot to who has nothing of what is kept, and goes on behind it', () => {
    const scene = new Scene();
    scene.offset = 99;
    scene.commit();
    const watcher = new Watcher();
    scene.watch(watcher, 5);
    scene.commit();
    scene.world.runFor(1);
    expect(watcher.said).toEqual(['controller 0', 'piece of 101: 10 last', 'batch 102+2']);
  });

  test('comes as a snapshot where even one record is missing', () => {
    const scene = new Scene();
    scene.offset = 3;
    scene.commit();
    const [behind, next] = [new Watcher(), new Watcher()];
    scene.watch(behind, 2);
    scene.watch(next, 3);
    expect([behind.said, next.said]).toEqual([
      ['controller 0', 'piece of 5: 10 last'],
      ['controller 0', 'batch 4+2'],
    ]);
  });

  test('waits while this controller is behind its watcher', () => {
    const scene = new Scene();
    scene.commit();
    const watcher = new Watcher();
    scene.watch(watcher, 3);
    expect(watcher.said).toEqual(['controller 0']);
    scene.commit();
    scene.commit();
    scene.world.runFor(1);
    expect(watcher.said).toEqual(['controller 0', 'batch 4+2']);
  });

  test('holds no more for a slow watcher than is under way: beyond what is kept it gets a snapshot', () => {
    const scene = new Scene();
    const slow = new Watcher(false);
    const quick = new Watcher();
    scene.watch(slow, -1);
    scene.watch(quick, -1);
    for (let i = 0; i < 40; i += 1) {
      scene.commit(MIB);
      scene.world.runFor(1);
    }
    expect(quick.said).toHaveLength(41);
    expect(slow.said).toEqual(['controller 0', 'batch 0+2']);
    slow.drain();
    scene.world.runFor(50);
    expect(slow.said.slice(2)).toEqual(['piece of 79: 10 last']);
    expect(scene.snapshotCount).toBe(1);
  });

  test('is sent in pieces that never pile up, whole at the end', () => {
    const scene = new Scene();
    scene.offset = 9;
    scene.snapshotBytes = 3 * MIB + 1;
    const watcher = new Watcher(false);
    scene.watch(watcher, -1);
    const bytes = (): number =>
      watcher.got.reduce((sum, message) => sum + (message.kind === 'snapshot' ? message.data.length : 0), 0);
    expect(bytes()).toBe(MIB);
    for (let i = 0; i < 4; i += 1) {
      watcher.drain();
      scene.world.runFor(10);
    }
    expect(bytes()).toBe(3 * MIB + 1);
    expect(watcher.said.filter((line) => line.endsWith('last'))).toHaveLength(1);
  });

  test('is one snapshot for all who need one, in the same pieces, until what is kept leads on from it no more', () => {
    const scene = new Scene();
    scene.offset = 9;
    scene.snapshotBytes = 3 * MIB;
    const slow = Array.from({ length: 8 }, () => new Watcher(false));
    for (const watcher of slow) {
      scene.watch(watcher, -1);
      scene.commit(MIB);
    }
    expect(scene.snapshotCount).toBe(1);
    for (const watcher of slow) {
      expect(watcher.said[1]).toBe('piece of 9: 262144');
      expect(watcher.got[1]).toBe(slow[0]?.got[1]);
    }
    for (let i = 0; i < 20; i += 1) scene.commit(MIB);
    const late = new Watcher();
    scene.watch(late, -1);
    expect([scene.snapshotCount, late.said[1]]).toEqual([2, 'piece of 65: 262144']);
    // Those of the first one would need the second behind it: nobody holds the first for them.
    expect(new Set(slow.map(({ ended }) => ended?.code))).toEqual(new Set(['unavailable']));
    expect(scene.feed.watcherCount).toBe(1);
  });

  test('is made anew for who comes when nobody is sent the last one any more', () => {
    const scene = new Scene();
    scene.offset = 9;
    const [sent, gone] = [new Watcher(), new Watcher(false)];
    scene.watch(sent, -1);
    scene.snapshotBytes = 3 * MIB;
    const end = scene.watch(gone, -1);
    end();
    scene.watch(new Watcher(), -1);
    expect(scene.snapshotCount).toBe(3);
  });

  test('is not kept ready for a watcher that takes nothing, but for one that takes little', () => {
    const scene = new Scene();
    scene.offset = 9;
    scene.snapshotBytes = 30 * MIB;
    const [never, little] = [new Watcher(false), new Watcher(false)];
    scene.watch(never, -1);
    scene.watch(little, -1);
    for (let second = 0; second < 40; second += 1) {
      scene.world.runFor(1000);
      if (second % 10 === 9) little.drain();
    }
    expect([never.ended?.message, little.ended]).toEqual(['nothing was taken for 15000 ms', undefined]);
    expect(scene.feed.watcherCount).toBe(1);
  });

  test('does not go on behind a gap that a snapshot in place of the state has left', () => {
    const scene = new Scene();
    scene.commit();
    scene.offset = 50;
    scene.feed.replaced();
    scene.commit();
    const watcher = new Watcher();
    scene.watch(watcher, 1);
    scene.world.runFor(50);
    expect(watcher.said).toEqual(['controller 0', 'piece of 52: 10 last']);
    const next = new Watcher();
    scene.watch(next, 50);
    scene.world.runFor(50);
    expect(next.said).toEqual(['controller 0', 'batch 51+2']);
  });

  test('begins anew with a snapshot when the state was replaced, and ends when this log is nobody’s any more', () => {
    const scene = new Scene();
    scene.commit();
    const watcher = new Watcher();
    const end = scene.watch(watcher, -1);
    scene.offset = 50;
    scene.feed.replaced();
    scene.world.runFor(50);
    expect(watcher.said.at(-1)).toBe('piece of 50: 10 last');
    expect(scene.feed.watcherCount).toBe(1);
    scene.feed.endAll();
    expect([watcher.ended?.code, scene.feed.watcherCount]).toEqual(['unavailable', 0]);
    end();
  });
});
