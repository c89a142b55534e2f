import { describe, expect, test } from '@jest/globals';
import { encodeRecords } from '../../../../broker/core/metadata/records.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { ToData } from '../../../../broker/server/control/link.ts';
import { RemoteControlPlane } from '../../../../broker/server/control/remote-control-plane.ts';
import { MetadataLab, newTopic, sampleId } from '../../../support/metadata/lab.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

const TOPICS = 40;

/** A data isolate that is told of the metadata by the test. */
class Scene {
  readonly lab = MetadataLab.withBrokers([0]);
  readonly loop = new VirtualLoop();
  readonly plane: RemoteControlPlane;
  /** Topics that were known before each turn. */
  readonly seen: number[] = [];
  tell: (message: ToData) => void = () => undefined;

  constructor() {
    const { loop } = this;
    const after: VirtualLoop['after'] = (delayMs, callback) =>
      loop.after(delayMs, () => {
        this.seen.push(this.plane.view.topics().length);
        callback();
      });
    this.plane = new RemoteControlPlane({
      clock: loop,
      timers: { after },
      random: { uint32: () => 1, bytes: (size) => new Uint8Array(size) },
      nodeId: 0,
      sessionTimeoutMs: 2000,
      link: { send: () => undefined, onMessage: (listener) => (this.tell = listener) },
    });
  }

  grow(): void {
    for (let count = 0; count < TOPICS; count += 1) this.lab.create(newTopic(`t${count}`, { partitionCount: 100 }));
  }

  state(): { readonly offset: number; readonly payload: Uint8Array } {
    return { offset: this.lab.image.offset, payload: encodeRecords([...this.lab.image.snapshot()]) };
  }

  start(): void {
    this.tell({
      kind: 'started',
      clusterId: sampleId(0),
      directoryId: sampleId(1),
      controllerId: 7,
      ...this.state(),
    });
  }

  /** The turns in which nothing is known yet, without the first. */
  turnsWith(count: number): number {
    return this.seen.filter((topics) => topics === count).length;
  }
}

describe('the metadata of a large cluster', () => {
  test('is taken over in many turns at the start, and is known at once when all of it is there', () => {
    const scene = new Scene();
    scene.grow();
    let started = 0;
    scene.plane.whenStarted(() => (started = scene.plane.view.topics().length));
    scene.start();
    expect([started, scene.plane.view.topics().length]).toEqual([0, 0]);
    scene.loop.run();
    expect([started, scene.plane.view.controllerId]).toEqual([TOPICS, 7]);
    expect(scene.turnsWith(0)).toBeGreaterThanOrEqual(4);
    expect(scene.turnsWith(0) + scene.turnsWith(TOPICS)).toBe(scene.seen.length);
    expect(scene.plane.view.offset).toBe(scene.lab.image.offset);
  });

  test('in place of what was known comes before the batch and the outcome that were told after it', () => {
    const scene = new Scene();
    scene.start();
    scene.loop.run();
    scene.grow();
    const order: string[] = [];
    scene.plane.onDelta(({ topicsCreated }) =>
      order.push(`${topicsCreated.length} of ${scene.plane.view.topics().length}`),
    );
    scene.plane.onController(() => order.push('controller'));
    scene.plane.submit({ kind: 'formatCluster', clusterId: sampleId(0) }, 5000, () =>
      order.push(`outcome at ${scene.plane.view.topics().length}`),
    );
    scene.seen.length = 0;
    scene.tell({ kind: 'snapshot', ...scene.state() });
    const baseOffset = scene.lab.image.offset + 1;
    scene.lab.create(newTopic('late'));
    scene.tell({ kind: 'batch', baseOffset, payload: scene.lab.batches.at(-1) ?? new Uint8Array(0) });
    const outcome = { kind: 'failed', errorCode: ErrorCode.NONE, errorMessage: null } as const;
    scene.tell({ kind: 'outcome', id: 1, outcome });
    scene.tell({ kind: 'controller', controllerId: 8 });
    expect([order, scene.plane.view.topics().length]).toEqual([[], 0]);
    scene.loop.run();
    expect(order).toEqual([`${TOPICS} of ${TOPICS}`, `1 of ${TOPICS + 1}`, `outcome at ${TOPICS + 1}`, 'controller']);
    expect(scene.turnsWith(0)).toBeGreaterThanOrEqual(4);
    expect(scene.plane.view.offset).toBe(scene.lab.image.offset);
  });

  test('is heard of while a snapshot is taken over when the node can not go on', () => {
    const scene = new Scene();
    scene.grow();
    const reasons: string[] = [];
    scene.plane.onFatal((reason) => reasons.push(reason));
    scene.start();
    scene.tell({ kind: 'fatal', message: 'the disk is gone', hung: false });
    expect(reasons).toEqual(['the disk is gone']);
  });
});
