import { describe, expect, test } from '@jest/globals';
import type { MetadataOutcome } from '../../../../broker/core/metadata/commands.ts';
import { encodeRecords } from '../../../../broker/core/metadata/records.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { ToControl, ToData } from '../../../../broker/server/control/link.ts';
import { RemoteControlPlane } from '../../../../broker/server/control/remote-control-plane.ts';
import { MetadataLab, newTopic, sampleId } from '../../../support/metadata/lab.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

/** Broker 0 leads a partition that broker 1 has, too; the test is the controller. */
class Scene {
  readonly loop = new VirtualLoop();
  readonly plane: RemoteControlPlane;
  asked = 0;
  /** What was said to the control isolate besides beats. */
  readonly said: string[] = [];
  /** What the controller says to a controlled shutdown; null: nothing. */
  remaining: number | null = 0;
  errorCode: number = ErrorCode.NONE;
  doneAtMs: number | null = null;
  #tell: (message: ToData) => void = () => undefined;

  constructor(isFollowerIn: boolean) {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('t', { replicationFactor: 2 }));
    const epoch = lab.image.brokers()[1]?.epoch ?? -1;
    if (!isFollowerIn) lab.run({ kind: 'fenceBroker', brokerId: 1, brokerEpoch: epoch });
    this.plane = new RemoteControlPlane({
      clock: this.loop,
      timers: this.loop,
      random: { uint32: () => 1, bytes: (size) => new Uint8Array(size).fill(77) },
      nodeId: 0,
      sessionTimeoutMs: 2000,
      link: { send: (message) => this.#take(message), onMessage: (listener) => (this.#tell = listener) },
    });
    this.#tell({
      kind: 'started',
      clusterId: sampleId(0),
      directoryId: sampleId(1),
      controllerId: 0,
      offset: lab.image.offset,
      payload: encodeRecords([...lab.image.snapshot()]),
    });
    const registration = { endpoints: [], rack: null, host: '', previousBrokerEpoch: -1, lastUnfencedEpoch: -1 };
    this.plane.register({ ...registration, damaged: [], suspect: [] }, () => undefined);
    this.loop.run();
  }

  handOver(): this {
    const startMs = this.loop.monotonicMs();
    this.plane.handOver(() => (this.doneAtMs = this.loop.monotonicMs() - startMs));
    this.loop.run();
    return this;
  }

  #take(message: ToControl): void {
    if (message.kind !== 'beat') this.said.push(message.kind === 'submit' ? message.command.kind : message.kind);
    if (message.kind !== 'submit') return;
    const { id, command } = message;
    const say = (outcome: MetadataOutcome): void => this.loop.post(() => this.#tell({ kind: 'outcome', id, outcome }));
    const fine = { errorCode: ErrorCode.NONE, errorMessage: null };
    if (command.kind === 'registerBroker') say({ kind: command.kind, ...fine, brokerEpoch: 50 });
    if (command.kind !== 'controlledShutdown') return;
    expect(command).toEqual({ kind: 'controlledShutdown', brokerId: 0, brokerEpoch: 50 });
    this.asked += 1;
    const { remaining, errorCode } = this;
    if (remaining !== null) say({ kind: command.kind, ...fine, errorCode, remaining });
  }
}

describe('a broker that is told to stop', () => {
  test('is done at once when it leads nothing any more', () => {
    const scene = new Scene(true).handOver();
    expect([scene.doneAtMs, scene.asked]).toEqual([0, 1]);
  });

  test('asks again while somebody who is in may catch up with what it leads', () => {
    const scene = new Scene(true);
    scene.remaining = 1;
    scene.handOver();
    scene.loop.advance(1000);
    expect(scene.doneAtMs).toBe(null);
    expect(scene.asked).toBeGreaterThan(5);
    scene.remaining = 0;
    scene.loop.advance(200);
    expect(scene.doneAtMs).toBeLessThanOrEqual(1200);
  });

  test('does not wait for what nobody can take over', () => {
    const scene = new Scene(false);
    scene.remaining = 1;
    expect(scene.handOver().doneAtMs).toBe(0);
  });

  test('is done in time for Kubernetes when nobody catches up', () => {
    const scene = new Scene(true);
    scene.remaining = 1;
    scene.handOver();
    scene.loop.advance(10_000);
    expect(scene.doneAtMs).toBeLessThan(10_000);
    expect(scene.doneAtMs).toBeGreaterThan(5000);
  });

  test('does not wait for a controller that is gone, and says no goodbye to it: the whole cluster may be stopped', () => {
    const scene = new Scene(true);
    scene.remaining = null;
    scene.handOver();
    scene.loop.advance(3000);
    expect(scene.doneAtMs).toBeLessThanOrEqual(2000);
    scene.plane.shutdown(() => undefined);
    scene.loop.run();
    expect(scene.said.slice(-2)).toEqual(['controlledShutdown', 'stop']);
  });

  test('goes on with its end when the controller knows no hand-over', () => {
    const scene = new Scene(true);
    scene.errorCode = ErrorCode.UNSUPPORTED_VERSION;
    scene.remaining = 1;
    expect(scene.handOver().doneAtMs).toBe(0);
  });
});
