import { describe, expect, it } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import type { Settings } from '../../../../broker/core/config/settings.ts';
import type { MetricSample } from '../../../../broker/ports/metrics.ts';
import { replicationMetrics } from '../../../../broker/server/partitions/replication-metrics.ts';
import { FollowerWatch } from '../../../../broker/server/replication/follower-watch.ts';
import { FakeMetadata, topicView } from '../../../support/fake-metadata.ts';
import { HandLog, lead, records, RULES } from '../../../support/leader-lab.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

const LAG_MAX_MS = 10_000;
const IDS = [0, 1].map((id) => brokerId(id));

function watched(replicas = IDS, lagMaxMs = LAG_MAX_MS) {
  const loop = new VirtualLoop();
  const log = new HandLog();
  const led = lead({ log, rules: { minInsyncReplicas: 2 }, view: { replicas, isr: replicas } });
  led.append(records('a', 'b'));
  log.progress(2, 2);
  const metadata = new FakeMetadata();
  const begun: (() => void)[] = [];
  const partitions = {
    leaderships: () => [led.partition],
    onLead: (listener: () => void) => void begun.push(listener),
  };
  // The one setting that is read.
  const settings = { broker: () => lagMaxMs } as unknown as Settings;
  const watch = new FollowerWatch({ clock: loop, timers: loop, settings, metadata, partitions });
  /** Time as the leadership sees it goes with the loop. */
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 100) {
      led.cluster.nowMs += Math.min(100, left);
      loop.advance(Math.min(100, left));
    }
  };
  const wanted = (): unknown => led.partition.replica.proposal?.isr.map((one) => one.brokerId);
  const start = (): void => {
    for (const listener of begun) listener();
  };
  return { ...led, start, log, loop, metadata, watch, partitions, pass, wanted };
}

describe('the watch over followers', () => {
  it('finds who lags, soon after the time is over', () => {
    const { start, watch, pass, wanted } = watched();
    start();
    pass(LAG_MAX_MS);
    expect(wanted()).toBeUndefined();
    pass(600);
    expect(wanted()).toEqual([0]);
    watch.stop();
  });

  it('finds who lags after half as long again when that is short', () => {
    const { start, watch, pass, wanted } = watched(IDS, 600);
    start();
    pass(900);
    expect(wanted()).toEqual([0]);
    watch.stop();
  });

  it('looks at once when a broker is gone', () => {
    const { cluster, loop, metadata, wanted } = watched();
    cluster.fenced.add(1);
    metadata.tell({ brokersChanged: IDS.slice(1) });
    expect(wanted()).toBeUndefined();
    loop.run();
    expect(wanted()).toEqual([0]);
  });

  it('blames nobody when this node stood still', () => {
    const { start, watch, loop, cluster, pass, wanted } = watched();
    start();
    loop.stall(60_000);
    cluster.nowMs += 60_000;
    loop.run();
    pass(9_000);
    expect(wanted()).toBeUndefined();
    watch.stop();
  });

  it('runs one timer however many leaderships begin or brokers come, and none after its end', () => {
    const { start, watch, loop, metadata } = watched();
    for (let i = 0; i < 3; i += 1) metadata.tell({ brokersChanged: IDS.slice(1) });
    expect(loop.timerCount).toBe(1);
    loop.run();
    for (let i = 0; i < 3; i += 1) start();
    expect(loop.timerCount).toBe(1);
    watch.stop();
    expect(loop.timerCount).toBe(0);
    const other = watched();
    other.watch.stop();
    other.start();
    expect(other.loop.timerCount).toBe(0);
  });

  it('runs no timer where there are no followers, and one since there are', () => {
    const { start, watch, loop, metadata, partition, view } = watched(IDS.slice(0, 1));
    start();
    expect(loop.timerCount).toBe(0);
    partition.update({ ...view, replicas: IDS, partitionEpoch: 1 }, RULES);
    metadata.tell({ partitionsChanged: [{ topic: topicView('jobs', 'AAAAAAAAAAAAAAAAAAAAAQ', 1), partition: view }] });
    loop.run();
    expect(loop.timerCount).toBe(1);
    watch.stop();
    expect(loop.timerCount).toBe(0);
  });
});

describe('figures of replication', () => {
  it('count what lacks replicas, and how far the last one is behind', () => {
    const { partition, partitions, view } = watched();
    const figures = (): Record<string, number> => {
      const samples: MetricSample[] = [];
      replicationMetrics(partitions, { isrShrinks: 2, isrExpands: 1 }, { failedCount: 3 })((one) => samples.push(one));
      return Object.fromEntries(
        samples.map(({ name, value }) => [name.replace('kafka_server_replicamanager_', ''), value]),
      );
    };
    const counted = { isrshrinks_total: 2, isrexpands_total: 1, failedisrupdates_total: 3 };
    const well = { underreplicatedpartitions: 0, underminisrpartitioncount: 0, atminisrpartitioncount: 1 };
    expect(figures()).toMatchObject({ ...well, ...counted, weir_replica_lag_max: 0 });
    partition.onFollowerFetch({ brokerId: brokerId(1), brokerEpoch: 1, fetchOffset: 0, logStartOffset: 0 });
    partition.update({ ...view, isr: IDS.slice(0, 1), partitionEpoch: 1 }, { ...RULES, minInsyncReplicas: 2 });
    const ill = { underreplicatedpartitions: 1, underminisrpartitioncount: 1, atminisrpartitioncount: 0 };
    expect(figures()).toMatchObject({ ...ill, weir_replica_lag_max: 2, kafka_cluster_partition_underminisr: 1 });
  });
});
