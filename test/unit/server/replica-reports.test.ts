import { describe, expect, test } from '@jest/globals';
import { brokerId, topicId } from '../../../broker/core/base/ids.ts';
import type { MetadataCommand, MetadataOutcome } from '../../../broker/core/metadata/commands.ts';
import type { MetadataDelta } from '../../../broker/core/metadata/view.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';
import type { ControlPlane } from '../../../broker/server/control-plane.ts';
import type { LogManager, PartitionLog } from '../../../broker/server/logs/partition-log.ts';
import { ReplicaReports } from '../../../broker/server/replica-reports.ts';
import { topicView } from '../../support/fake-metadata.ts';
import { VirtualLoop } from '../../support/virtual-loop.ts';

const ID = topicId('AAAAAAAAAAAAAAAAAAAAAQ');

/** Broker 0 with logs; the test is the controller. */
class Scene {
  readonly loop = new VirtualLoop();
  readonly said: MetadataCommand[] = [];
  readonly incomplete = new Set([3]);
  leaderlessCount = 0;
  errorCode: number = ErrorCode.NONE;
  damage: (log: PartitionLog) => void = () => undefined;
  controllerChanged: () => void = () => undefined;
  delta: (delta: MetadataDelta) => void = () => undefined;
  readonly reports: ReplicaReports;

  constructor(leaderlessCount: number) {
    this.leaderlessCount = leaderlessCount;
    const control: Partial<ControlPlane> = {
      brokerEpoch: 40,
      leaderless: () => [{ id: ID, name: 't', partitions: this.#partitions() }],
      onController: (listener) => (this.controllerChanged = listener),
      onDelta: (listener) => (this.delta = listener),
      submit: (command, _timeoutMs, done) => {
        this.said.push(command);
        const { errorCode } = this;
        const kind = errorCode === ErrorCode.NONE ? command.kind : 'failed';
        const outcome = { kind, errorCode, errorMessage: null } as MetadataOutcome;
        this.loop.post(() => done(outcome as never));
      },
    };
    const logs: Partial<LogManager> = {
      get: (_id, index) => this.log(index),
      isIncomplete: ({ partition }) => this.incomplete.has(partition),
      onDamage: (listener) => (this.damage = listener),
    };
    const quiet = (): void => undefined;
    this.reports = new ReplicaReports({
      timers: this.loop,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      nodeId: 0,
      control: control as ControlPlane,
      logs: logs as LogManager,
    });
  }

  /** The log of partition 3 is damaged. */
  log(index: number): PartitionLog {
    const state = index === 3 ? 'damaged' : 'open';
    return {
      topicId: ID,
      partition: index,
      state,
      latestEpoch: 7,
      logEndOffset: 100 + index,
    } as unknown as PartitionLog;
  }

  /** Partitions that were said of each kind, by command. */
  counts(kind: 'reportLogs' | 'reportDamage'): number[] {
    return this.said.flatMap((command) => (command.kind === kind ? [command.partitions.length] : []));
  }

  lost(index: number): void {
    const topic = topicView('t', ID, 10);
    const partition = topic.partition(index);
    if (partition === undefined) throw new Error('no partition');
    const changes = { topicsCreated: [], topicsDeleted: [], configsChanged: [], brokersChanged: [] };
    const partitionsChanged = [{ topic, partition: { ...partition, leader: -1 as const, replicas: [brokerId(0)] } }];
    this.delta({ offset: 1, ...changes, partitionsChanged });
  }

  #partitions() {
    const { partitions } = topicView('t', ID, this.leaderlessCount);
    return partitions.map((partition) => ({ ...partition, leader: -1 as const, directories: [] }));
  }
}

describe('a broker tells how far the logs reach that have no leader (D8)', () => {
  test('from its start on, a thousand at a time, without those that are damaged', () => {
    const scene = new Scene(2500);
    scene.loop.advance(1000);
    expect(scene.counts('reportLogs')).toEqual([1000, 1000, 499]);
    const [first] = scene.said;
    expect(first).toMatchObject({ kind: 'reportLogs', brokerId: 0, brokerEpoch: 40 });
    expect(first).toHaveProperty('partitions.0', { topicId: ID, index: 0, lastEpoch: 7, endOffset: 100 });
  });

  test('again when one loses its leader, and again to each new active controller', () => {
    const scene = new Scene(1);
    scene.loop.advance(1000);
    scene.lost(0);
    scene.loop.advance(1000);
    scene.controllerChanged();
    scene.loop.advance(1000);
    expect(scene.counts('reportLogs')).toEqual([1, 1, 1]);
  });

  test('until it is heard', () => {
    const scene = new Scene(1);
    scene.errorCode = ErrorCode.REQUEST_TIMED_OUT;
    scene.loop.advance(2000);
    const tries = scene.counts('reportLogs').length;
    expect(tries).toBeGreaterThan(2);
    scene.errorCode = ErrorCode.NONE;
    scene.loop.advance(5000);
    expect(scene.counts('reportLogs').length).toBeLessThanOrEqual(tries + 1);
  });

  test('and says nothing while everything is led, nor after it was stopped', () => {
    const scene = new Scene(0);
    scene.loop.advance(1000);
    scene.leaderlessCount = 1;
    scene.reports.stop();
    scene.controllerChanged();
    scene.loop.advance(1000);
    expect(scene.said).toEqual([]);
  });
});

describe('a broker tells which logs turned out damaged in use (D7)', () => {
  test('at once, and those that follow together', () => {
    const scene = new Scene(0);
    for (const index of [3, 4, 5]) scene.incomplete.add(index);
    for (const index of [3, 4, 5]) scene.damage(scene.log(index));
    scene.loop.advance(100);
    expect(scene.counts('reportDamage')).toEqual([1, 2]);
    expect(scene.said[0]).toEqual({
      kind: 'reportDamage',
      brokerId: 0,
      brokerEpoch: 40,
      partitions: [{ topicId: ID, index: 3 }],
    });
  });

  test('until it is heard', () => {
    const scene = new Scene(0);
    scene.errorCode = ErrorCode.REQUEST_TIMED_OUT;
    scene.damage(scene.log(3));
    scene.loop.advance(2000);
    expect(scene.counts('reportDamage').length).toBeGreaterThan(2);
    scene.errorCode = ErrorCode.NONE;
    scene.loop.advance(1000);
    const { length } = scene.said;
    scene.loop.advance(5000);
    expect(scene.said).toHaveLength(length);
  });

  test('or until the log is whole again, as it is only when it was heard', () => {
    const scene = new Scene(0);
    scene.errorCode = ErrorCode.REQUEST_TIMED_OUT;
    scene.damage(scene.log(3));
    scene.loop.advance(100);
    scene.incomplete.clear();
    scene.loop.advance(5000);
    expect(scene.counts('reportDamage')).toEqual([1]);
  });
});
