import { afterEach, describe, expect, it } from '@jest/globals';
import type { Server } from 'node:http';
import { startHealthServer } from '../../../broker/io/http/health-server.ts';
import { renderMetrics } from '../../../broker/io/metrics/exposition.ts';
import { operatorMetrics } from '../../../broker/cli/operator/metrics.ts';
import type { MetricSample } from '../../../broker/ports/metrics.ts';
import type { AnyResource, ShareGroup } from '../../../operator/api/kinds.ts';
import { OperatorStats } from '../../../operator/controllers/stats.ts';
import { Operator } from '../../../operator/main.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import { ManualClock } from '../../support/kubernetes/manual-clock.ts';
import { MemoryApi } from '../../support/kubernetes/memory-api.ts';
import { certify, OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { clusterOf, SITE } from '../../support/kubernetes/rendered.ts';
import { ObjectStore } from '../../support/kubernetes/store.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { group, topic } from '../../support/operator-manifests.ts';

const three = clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } } }, { name: 'orders', namespace: 'ns' });

type Scaling = NonNullable<ShareGroup['spec']['scaling']>;
const SCALING: Scaling = {
  mode: 'Builtin',
  minReplicas: 1,
  maxReplicas: 10,
  backlogPerReplica: 250,
  stabilizationSeconds: 60,
  scaleUpPercent: 100,
  scaleDownPercent: 50,
};

function samplesOf({ operator, clock }: OperatorStage): readonly MetricSample[] {
  const samples: MetricSample[] = [];
  operatorMetrics(
    operator,
    () => 1_000_000 + clock.monotonicMs(),
    () => clock.monotonicMs(),
  )((one) => samples.push(one));
  return samples;
}

const linesOf = async (stage: OperatorStage): Promise<readonly string[]> =>
  (await renderMetrics(samplesOf(stage))).split('\n').map((line) => line.replace('weir_operator_', ''));

const valueOf = (lines: readonly string[], name: string): number =>
  Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1] ?? Number.NaN);

describe('the figures of an operator', () => {
  it('tell what it did, and in a quiet hour nothing but looks that find nothing to do', async () => {
    const stage = new OperatorStage();
    stage.world.declare(three);
    stage.start();
    await stage.calm();
    const busy = await linesOf(stage);
    expect(busy).toEqual(
      expect.arrayContaining([
        '# TYPE reconcile_duration_seconds histogram',
        'leader 1',
        'queue_depth 1',
        'reconcile_stuck 0',
        'steps_total{step="Form"} 1',
        'api_requests_total{verb="create",code="OK"} 16',
      ]),
    );
    const looks = valueOf(busy, 'reconcile_total');
    expect(valueOf(busy, 'reconcile_duration_seconds_bucket{le="+Inf"}')).toBe(looks);
    expect(valueOf(busy, 'reconcile_duration_seconds_count')).toBe(looks);
    await stage.calm(120_000);
    const calm = await linesOf(stage);
    const grown = (name: string): number => valueOf(calm, name) - valueOf(busy, name);
    expect(grown('reconcile_total')).toBeGreaterThan(2);
    expect(grown('reconcile_steady_state_total')).toBe(grown('reconcile_total'));
    const changing = (lines: readonly string[]): readonly string[] =>
      lines.filter((line) => /^(api_requests|steps|reconcile_errors)/.test(line) && !/verb="(list|get)"/.test(line));
    expect(changing(calm)).toEqual(changing(busy));
  });

  it('count objects by their conditions, of a bounded number of types', async () => {
    const stage = new OperatorStage();
    stage.world.declare(three);
    for (let n = 0; n < 40; n += 1) {
      const conditions = [{ type: `T${n}`, status: n === 0 ? 'nonsense' : 'True' }];
      const metadata = { name: `t${n}`, namespace: 'ns' };
      const object = { apiVersion: 'weir.dev/v1alpha1', kind: 'Topic', metadata, spec: {} };
      const writer = { manager: 'somebody', subresource: '' } as const;
      stage.world.store.create(TYPES.topics, object, writer);
      stage.world.store.update(TYPES.topics, metadata, { ...writer, subresource: 'status' }, (live) => ({
        ...live,
        status: { conditions },
      }));
    }
    stage.start();
    await stage.calm();
    const topics = (await linesOf(stage)).filter((line) => line.startsWith('conditions{kind="Topic"'));
    expect(topics.length).toBeLessThanOrEqual(33);
    expect(topics).toEqual(expect.arrayContaining([expect.stringContaining('type="other"')]));
    expect(topics.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)).toBe(40);
  });

  it('say that nothing is remembered of what came and went', async () => {
    const stage = new OperatorStage();
    const { world } = stage;
    const IN = { clusterRef: { name: 'orders' } };
    const scaled = (name: string, scaling: Partial<Scaling>): ShareGroup => ({
      ...group(name, ['jobs'], { ...IN, scaling: { ...SCALING, ...scaling } }),
      metadata: { name, namespace: 'ns' },
    });
    const members = [
      { ...topic('jobs', { ...IN, deletionPolicy: 'Delete' }), metadata: { name: 'jobs', namespace: 'ns' } },
      scaled('own', { targetRef: { kind: 'Deployment', name: 'workers' } }),
      scaled('theirs', { mode: 'External' }),
    ] as const;
    stage.start();
    const backlogs = stage.operator.backlogs();
    const remembered = (): unknown => Object.fromEntries(stage.operator.remembered());
    const drop = (one: AnyResource): void => {
      world.store.delete(one.kind === 'Topic' ? TYPES.topics : TYPES.shareGroups, one.metadata);
    };
    for (let round = 0; round < 3; round += 1) {
      for (const manifest of [three, ...members]) world.declare(manifest);
      await stage.calm();
      const asked = await backlogs.find('ns/theirs');
      if (!('group' in asked)) throw new Error(asked.why);
      await backlogs.of(asked);
      expect(remembered()).toEqual({ statuses: 5, scaling: 1, clusters: 1, backlogs: 1 });
      expect(world.connections).toBe(2);
      for (const one of members) drop(one);
      await stage.calm();
      // The Cluster stays, and what is remembered of it.
      expect(remembered()).toEqual({ statuses: 2, scaling: 0, clusters: 1, backlogs: 0 });
      expect(world.connections).toBe(1);
      for (const manifest of members) world.declare(manifest);
      await stage.calm();
      const again = await backlogs.find('ns/theirs');
      if (!('group' in again)) throw new Error(again.why);
      await backlogs.of(again);
      world.store.delete(TYPES.clusters, three.metadata);
      await stage.calm();
      expect(world.connections).toBe(0);
      expect(remembered()).toMatchObject({ scaling: 0, clusters: 0, backlogs: 0 });
      for (const one of members) drop(one);
      await stage.calm();
      expect(remembered()).toEqual({ statuses: 0, scaling: 0, clusters: 0, backlogs: 0 });
      expect(stage.operator.queued()).toBe(0);
    }
    expect((await linesOf(stage)).filter((line) => line.startsWith('remembered{'))).toEqual([
      'remembered{what="statuses"} 0',
      'remembered{what="scaling"} 0',
      'remembered{what="clusters"} 0',
      'remembered{what="backlogs"} 0',
    ]);
    await backlogs.close();
    await stage.stop();
  });

  it('tell of what is stuck, of what failed and of how things are by a line each', async () => {
    const stage = new OperatorStage();
    stage.world.declare(three);
    stage.start();
    await stage.calm();
    const { stats } = stage.operator;
    const waits = Promise.withResolvers<void>();
    const looking = stats.look('ns/other', () => waits.promise);
    await stage.pass(302_000);
    const stuck = await linesOf(stage);
    expect(valueOf(stuck, 'reconcile_in_progress')).toBe(1);
    expect(valueOf(stuck, 'reconcile_stuck')).toBe(1);
    expect(valueOf(stuck, 'reconcile_longest_seconds')).toBeGreaterThanOrEqual(302);
    waits.reject(new OperatorError('UNREACHABLE', 'nobody answers'));
    await expect(looking).rejects.toThrow('nobody answers');
    const lines = await linesOf(stage);
    expect(lines).toEqual(
      expect.arrayContaining([
        'reconcile_in_progress 0',
        'reconcile_stuck 0',
        'reconcile_longest_seconds 0',
        'reconcile_errors_total{code="UNREACHABLE"} 1',
        'conditions{kind="Cluster",type="Ready",status="True"} 1',
      ]),
    );
    expect(valueOf(lines, 'reconcile_duration_seconds_sum')).toBeCloseTo(stats.durationSeconds, 3);
    const nowSeconds = (1_000_000 + stage.clock.monotonicMs()) / 1000;
    const sinceSeconds = nowSeconds - valueOf(lines, 'last_success_timestamp_seconds');
    expect(sinceSeconds).toBeGreaterThanOrEqual(0);
    expect(sinceSeconds).toBeLessThan(40);
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes'])
      expect(valueOf(lines, name)).toBeGreaterThan(0);
    expect(valueOf(lines, 'process_start_time_seconds')).toBeLessThan(nowSeconds);
    await stage.stop();
  });

  it('tell who leads', async () => {
    const stage = new OperatorStage();
    stage.start();
    await stage.calm();
    const { operator } = stage;
    await stage.stop();
    expect(operator.isLeading()).toBe(false);
    const samples: MetricSample[] = [];
    const clock = (): number => stage.clock.monotonicMs();
    operatorMetrics(operator, clock, clock)((one) => samples.push(one));
    expect(await renderMetrics(samples)).toContain('\nweir_operator_leader 0\n');
  });

  it('tell which looks are stuck, and what failed', async () => {
    const clock = new ManualClock();
    const stats = new OperatorStats(clock);
    const waits = Promise.withResolvers<void>();
    const looking = stats.look('ns/a', () => waits.promise);
    clock.advance(299_000);
    expect(stats.underWay()).toEqual({ count: 1, stuck: 0, longestMs: 299_000 });
    clock.advance(1000);
    expect(stats.underWay()).toEqual({ count: 1, stuck: 1, longestMs: 300_000 });
    waits.reject(new OperatorError('UNREACHABLE', 'nobody answers'));
    await expect(looking).rejects.toThrow('nobody answers');
    expect(stats.underWay().count).toBe(0);
    expect(stats.errors.entries()).toEqual([['UNREACHABLE', 1]]);
    expect(stats.durations.at(-1)).toBe(1);
  });

  it('tell failed calls of the API by their codes, of which there are not more than so many', async () => {
    const stats = new OperatorStats(new ManualClock());
    let code = 0;
    const api = stats.counted(
      new MemoryApi(new ObjectStore(), () => {
        code += 1;
        throw new OperatorError(`CODE_${code}`, 'no');
      }),
    );
    const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', namespace: 'ns' } };
    for (let n = 0; n < 100; n += 1) await expect(api.apply(TYPES.services, object)).rejects.toThrow('no');
    expect(stats.calls.entries()).toHaveLength(65);
    expect(stats.calls.entries()[0]).toEqual(['apply CODE_1', 1]);
    expect(stats.calls.entries().at(-1)).toEqual(['other', 36]);
  });
});

describe('the health of an operator', () => {
  let server: Server | null = null;
  afterEach(() => {
    server?.close();
    server = null;
  });

  it('is that it heard of its Lease, and of everything that is declared if it leads', async () => {
    const stage = new OperatorStage();
    stage.start();
    expect(stage.operator.unready()).toEqual(['the Lease was never read']);
    await stage.calm();
    expect(stage.operator.unready()).toEqual([]);
    const port = await new Promise<number>((resolve) => {
      const source = {
        live: () => [],
        ready: async () => stage.operator.unready(),
        metrics: async () => samplesOf(stage),
      };
      server = startHealthServer({ host: '', port: 0, setting: '--http' }, source, (_failure, bound) => resolve(bound));
    });
    for (const path of ['healthz', 'readyz', 'metrics'])
      expect((await fetch(`http://127.0.0.1:${port}/${path}`)).status).toBe(200);
    await stage.kill();
  });

  it('waits for a leader that has not listed everything yet', async () => {
    const { clock, world } = new OperatorStage();
    const list = new MemoryApi(world.store);
    let isOpen = false;
    list.list = async () => {
      if (!isOpen) throw new OperatorError('UNREACHABLE', 'nobody answers');
      return { items: [], resourceVersion: '1', next: null };
    };
    const operator = new Operator(
      {
        api: list,
        leaseApi: new MemoryApi(world.store),
        dialer: world.dialer(),
        certify,
        clock,
        random: () => 0,
        wallMs: () => 0,
        wallTime: () => '',
      },
      { namespaces: [], lease: { namespace: 'a', name: 'b' }, identity: 'a', site: SITE, workers: 1 },
      { lead: () => undefined, lost: () => undefined, trouble: () => undefined },
    );
    const pass = async (): Promise<void> => {
      for (let n = 0; n < 40; n += 1) {
        for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        clock.advance(1000);
      }
    };
    await pass();
    expect(operator.unready()).toEqual(['not everything has been listed yet']);
    isOpen = true;
    await pass();
    expect(operator.unready()).toEqual([]);
    const ending = operator.stop();
    await pass();
    await ending;
  });

  it('ends when the API server is silent for half a minute', async () => {
    const stage = new OperatorStage();
    stage.start();
    await stage.calm();
    const { operator } = stage;
    stage.clock.advance(31_000);
    expect(operator.unready()).toEqual([expect.stringMatching(/^the Kubernetes API has not answered for 3\d s$/)]);
  });
});
