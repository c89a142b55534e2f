import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../operator/api/kinds.ts';
import { checkSetting, isDynamicSetting } from '../../../../operator/api/settings.ts';
import { validateManifest } from '../../../../operator/api/manifest.ts';
import type { Desired } from '../../../../operator/core/desired.ts';
import { plan } from '../../../../operator/core/plan.ts';
import { describeStep } from '../../../../operator/core/steps.ts';
import { cluster, group, topic } from '../../../support/operator-manifests.ts';
import { PerfectCluster, PLAIN_TOPIC } from '../../../support/operator-model.ts';
import { converge, settled } from '../../../support/plans.ts';

type Rest = Partial<Omit<Desired, 'cluster'>>;

type Seen = { readonly nowMs?: number; readonly rollsFirst?: string };

const planOf = (wanted: Cluster, world: PerfectCluster, { nowMs, rollsFirst, ...rest }: Rest & Seen = {}) =>
  plan(
    { cluster: wanted, topics: [], shareGroups: [], ...rest },
    { ...world.observe(), ...(nowMs !== undefined && { nowMs }), ...(rollsFirst !== undefined && { rollsFirst }) },
    isDynamicSetting,
  );

const toldOf = (made: ReturnType<typeof plan>): readonly string[] => made.steps.map(describeStep);

const three = (annotations: Readonly<Record<string, string>> = {}, config: Readonly<Record<string, string>> = {}) =>
  cluster(config, { brokers: 3, annotations });

describe('a Cluster with weir.dev/restart', () => {
  it('has each node restarted once for each value, the active controller last, and none when it goes', () => {
    const world = settled(three());
    const roll = (value: string) => [1, 2, 0].map((id) => `restart node ${id}: weir.dev/restart is ${value}`);
    expect(converge(three({ 'weir.dev/restart': 'a' }), world)).toEqual(roll('a'));
    expect(converge(three({ 'weir.dev/restart': 'a' }), world)).toEqual([]);
    expect(converge(three(), world)).toEqual([]);
    expect(converge(three({ 'weir.dev/restart': 'b' }), world)).toEqual(roll('b'));
  });

  it('has nobody restarted that the cluster cannot spare, or while another is down', () => {
    const wanted = three({ 'weir.dev/restart': 'a' });
    const world = settled(three());
    world.blocked.add(1);
    expect(planOf(wanted, world).steps).toEqual([]);
    world.blocked.clear();
    world.crash(2, 'kept');
    // The one that is down goes at once: whatever ails it, it serves nobody.
    expect(toldOf(planOf(wanted, world))).toEqual(['restart node 2: weir.dev/restart is a']);
    const [step] = planOf(wanted, world).steps;
    if (step !== undefined) world.carryOut(step);
    expect(planOf(wanted, world)).toMatchObject({ steps: [], ready: false });
  });

  it('that is new has nothing to restart', () => {
    const wanted = three({ 'weir.dev/restart': 'a' });
    expect(converge(wanted, new PerfectCluster('slow')).filter((one) => one.startsWith('restart'))).toEqual([]);
  });
});

describe('what is paused or observed', () => {
  const missing = topic('orders', { topicName: 'orders', partitions: 2 });
  const rest = { topics: [missing], shareGroups: [group('jobs', ['orders'], { config: new Map() })] };

  it('has its steps told and not carried out, the whole Cluster with all that belongs to it', () => {
    const world = settled(three());
    const made = planOf(three({ 'weir.dev/pause': 'true' }, { 'log.retention.ms': '5' }), world, rest);
    expect(made).toMatchObject({ steps: [], ready: false });
    expect(made.conditions.filter(({ type }) => type === 'Paused')).toEqual([
      {
        resource: 'Cluster c',
        type: 'Paused',
        reason: 'Paused',
        message: 'nothing is done while it has weir.dev/pause; to be done: set for the cluster: log.retention.ms=5',
      },
      {
        resource: 'Topic orders',
        type: 'Paused',
        reason: 'ClusterPaused',
        message:
          'nothing is done while Cluster c is paused; to be done: Topic orders: create topic orders with 2 partitions',
      },
      expect.objectContaining({ resource: 'ShareGroup jobs', reason: 'ClusterPaused' }),
    ]);
  });

  it('says so where there is nothing to do, too, and is ready', () => {
    const world = settled(three());
    expect(planOf(three({ 'weir.dev/pause': 'true' }), world)).toMatchObject({
      steps: [],
      ready: true,
      conditions: [{ message: 'nothing is done while it has weir.dev/pause; there is nothing to do' }],
    });
  });

  it('does not wait for a restart that nobody carries out, when the Cluster is only observed', () => {
    const world = settled(three());
    const made = planOf(three({ 'weir.dev/adopt': 'observe', 'weir.dev/restart': 'x' }), world, rest);
    expect(toldOf(made)[0]).toBe('Topic orders: create topic orders with 2 partitions');
    expect(made.conditions[0]).toMatchObject({
      resource: 'Cluster c',
      reason: 'Observed',
      message: 'it is left as it is while it has weir.dev/adopt; to be done: restart node 1: weir.dev/restart is x',
    });
  });

  it('may be one Topic, whose settings stay as they are while others are changed', () => {
    const world = settled(three());
    world.topics.set('orders', { ...PLAIN_TOPIC, config: new Map([['retention.ms', '1']]) });
    world.topics.set('other', { ...PLAIN_TOPIC, config: new Map([['retention.ms', '1']]) });
    const adopted = topic('orders');
    const annotations = new Map([['weir.dev/adopt', 'observe']]);
    const observed = { ...adopted, metadata: { ...adopted.metadata, annotations } };
    const made = planOf(three(), world, { topics: [observed, topic('other')] });
    expect(toldOf(made)).toEqual(['Topic other: set for topic other: retention.ms back to its default (was 1)']);
    expect(made.conditions).toEqual([expect.objectContaining({ resource: 'Topic orders', reason: 'Observed' })]);
  });

  it('goes when it is deleted with its topic, if it is paused and not if it is observed', () => {
    const world = settled(three());
    world.topics.set('orders', PLAIN_TOPIC);
    const ended = (annotation: readonly [string, string]): readonly string[] => {
      const one = topic('orders');
      const going = { ...one, metadata: { ...one.metadata, annotations: new Map([annotation]) } };
      return toldOf(planOf(three(), world, { topics: [going], ending: new Set([going]) }));
    };
    expect(ended(['weir.dev/pause', 'true'])).toEqual([expect.stringContaining('delete topic orders')]);
    expect(ended(['weir.dev/adopt', 'observe'])).toEqual([]);
  });

  it('is paused, too, when its annotation can not be read', () => {
    const made = planOf(three({ 'weir.dev/pause': 'ture' }, { 'log.retention.ms': '5' }), settled(three()));
    expect(made.steps).toEqual([]);
    expect(made.conditions.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Stalled InvalidAnnotation',
      'Paused Paused',
    ]);
  });
});

describe('maintenance windows', () => {
  const windows = [{ start: '02:00', durationMinutes: 60, timeZone: 'UTC' }];
  const night = Date.parse('2026-11-29T02:30:00Z');
  const noon = Date.parse('2026-11-29T12:00:00Z');
  const wanted = (annotations: Readonly<Record<string, string>> = {}) =>
    cluster({}, { brokers: 3, windows, annotations });

  function upgraded(): PerfectCluster {
    const world = settled(wanted());
    for (const node of world.nodes.values()) node.hasForeignMaking = true;
    return world;
  }

  it('are waited for by a roll of the operator’s own, which is no reason not to be ready', () => {
    expect(planOf(wanted(), upgraded(), { nowMs: noon })).toMatchObject({
      steps: [],
      ready: true,
      conditions: [
        {
          type: 'RestartPending',
          reason: 'WaitingForWindow',
          message: 'node 0, 1, 2 waits for the maintenance window of 2026-11-30T02:00:00Z to be restarted',
        },
      ],
    });
  });

  it('are when such a roll goes on, node by node; what is left when one ends waits for the next', () => {
    const world = upgraded();
    const [step] = planOf(wanted(), world, { nowMs: night }).steps;
    expect(step === undefined ? '' : describeStep(step)).toBe('restart node 1: this operator makes it otherwise');
    if (step !== undefined) world.carryOut(step);
    world.tick();
    world.tick();
    expect(planOf(wanted(), world, { nowMs: noon })).toMatchObject({ steps: [], ready: true });
    expect(converge(wanted(), world, night)).toEqual(
      [2, 0].map((id) => `restart node ${id}: this operator makes it otherwise`),
    );
  });

  it('do not hold back what somebody asked for, nor a node that does not serve', () => {
    const world = upgraded();
    const asked = planOf(wanted({ 'weir.dev/restart': 'now' }), world, { nowMs: noon });
    expect(toldOf(asked)).toEqual(['restart node 1: weir.dev/restart is now']);
    const changed = cluster({ 'log.dirs': '/x' }, { brokers: 3, windows });
    expect(toldOf(planOf(changed, world, { nowMs: noon }))).toEqual(['restart node 1: its settings changed']);
    world.crash(2, 'kept');
    expect(toldOf(planOf(wanted(), world, { nowMs: noon }))).toEqual([
      'restart node 2: this operator makes it otherwise',
    ]);
  });

  it('and other Clusters that come first are waited for alike', () => {
    const world = upgraded();
    const first = { rollsFirst: 'Cluster other', nowMs: night };
    const said = (reason: string, what: string) => ({
      steps: [],
      ready: true,
      conditions: [{ type: 'RestartPending', reason, message: `node 0, 1, 2 waits for ${what} to be restarted` }],
    });
    expect(planOf(wanted(), world, first)).toMatchObject(
      said('WaitingForCluster', 'Cluster other, whose nodes come first,'),
    );
    const { nowMs: _night, ...always } = first;
    expect(planOf(cluster({}, { brokers: 3 }), world, always)).toMatchObject({ steps: [], ready: true });
    expect(planOf(wanted(), world, { ...first, nowMs: noon })).toMatchObject(
      said('WaitingForWindow', 'the maintenance window of 2026-11-30T02:00:00Z'),
    );
    expect(toldOf(planOf(wanted({ 'weir.dev/restart': 'now' }), world, first))).toHaveLength(1);
    world.crash(2, 'kept');
    expect(toldOf(planOf(wanted(), world, first))).toHaveLength(1);
  });

  it('say so where nobody knows their time zone', () => {
    const mars = cluster({}, { brokers: 3, windows: [{ start: '02:00', durationMinutes: 60, timeZone: 'Mars/Base' }] });
    expect(planOf(mars, upgraded(), { nowMs: night })).toMatchObject({
      steps: [],
      conditions: [
        { type: 'Stalled', reason: 'InvalidSpec' },
        { reason: 'WaitingForWindow', message: 'node 0, 1, 2 waits for a maintenance window to be restarted' },
      ],
    });
  });
});

describe('a number of brokers that nobody wrote', () => {
  const five = cluster({}, { brokers: 5 });
  const omitted = (annotations: Readonly<Record<string, string>> = {}) =>
    cluster({}, { brokers: 3, omitsReplicas: true, annotations });

  it('takes no broker away until it is confirmed', () => {
    const world = settled(five);
    const made = planOf(omitted(), world);
    expect(made).toMatchObject({
      steps: [],
      ready: true,
      conditions: [
        {
          type: 'Stalled',
          reason: 'ScaleDownUnconfirmed',
          message:
            'spec.brokers.replicas is not in the manifest and would be 3, without broker 3, 4: write the number that you want, or confirm with the annotation weir.dev/confirm-scale-down: "3"',
        },
      ],
    });
    expect(planOf(omitted({ 'weir.dev/confirm-scale-down': '4' }), world)).toMatchObject({ steps: [] });
    converge(omitted({ 'weir.dev/confirm-scale-down': '3' }), world);
    expect([...world.nodes.keys()]).toEqual([0, 1, 2]);
  });

  it('keeps brokers whose drain had begun, when the confirmation goes', () => {
    const world = settled(five);
    world.fill(4, 2);
    const [drain] = planOf(omitted({ 'weir.dev/confirm-scale-down': '3' }), world).steps;
    expect(drain?.kind).toBe('Drain');
    if (drain !== undefined) world.carryOut(drain);
    expect(toldOf(planOf(omitted(), world))).toEqual(expect.arrayContaining(['keep node 3', 'keep node 4']));
    converge(omitted(), world);
    expect([...world.nodes.keys()]).toEqual([0, 1, 2, 3, 4]);
  });

  it('is what a manifest has without that line, and takes effect at once where it takes nobody away', () => {
    const document = (brokers: object) => ({
      apiVersion: 'weir.dev/v1alpha1',
      kind: 'Cluster',
      metadata: { name: 'c' },
      spec: { brokers },
    });
    expect(validateManifest(document({}), checkSetting)).toMatchObject({ resource: { omitsReplicas: true } });
    const said = validateManifest(document({ replicas: 3 }), checkSetting);
    expect(said.ok && said.resource.omitsReplicas).toBe(undefined);
    const world = settled(cluster({}, { brokers: 2 }));
    converge(omitted(), world);
    expect([...world.nodes.keys()]).toEqual([0, 1, 2]);
  });
});
