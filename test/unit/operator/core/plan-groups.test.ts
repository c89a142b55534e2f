import { describe, expect, it } from '@jest/globals';
import { isDynamicSetting } from '../../../../operator/api/settings.ts';
import type { AnyResource, ShareGroup } from '../../../../operator/api/kinds.ts';
import { type Desired, desiredOf } from '../../../../operator/core/desired.ts';
import type { GroupObservation } from '../../../../operator/core/observed.ts';
import { plan } from '../../../../operator/core/plan.ts';
import { describeStep } from '../../../../operator/core/steps.ts';
import { cluster, group, topic } from '../../../support/operator-manifests.ts';
import { PerfectCluster } from '../../../support/operator-model.ts';

function desired(...resources: AnyResource[]): Desired {
  const [one] = desiredOf(resources);
  if (one === undefined) throw new Error('the test needs a Cluster');
  return one;
}

const RESET = 'share.auto.offset.reset';
const jobs = topic('jobs', { partitions: 3 });
const workers = (spec: Partial<ShareGroup['spec']> = {}) => group('workers', ['jobs'], spec);

/** A cluster with topic `jobs` and no group, and what a plan says about one. */
function stage(wanted: Desired, seen: Partial<GroupObservation> | null = {}) {
  const world = new PerfectCluster();
  for (let taken = 0; taken < 50; taken += 1) {
    const step = plan(desired(cluster(), jobs), world.observe(), isDynamicSetting).steps[0];
    if (step === undefined) break;
    world.carryOut(step);
  }
  const config = new Map([[RESET, wanted.shareGroups[0]?.spec.config.get(RESET) ?? 'earliest']]);
  if (seen !== null) world.groups.set('workers', { type: null, begun: new Map(), config, ...seen });
  const planned = () => plan(wanted, world.observe(), isDynamicSetting);
  return { world, planned, say: () => planned().steps.map(describeStep) };
}

describe('a ShareGroup whose group nobody is in', () => {
  it('begins at the earliest record in every partition, after its settings, and once', () => {
    const { world, planned, say } = stage(desired(cluster(), jobs, workers()), null);
    expect(say()).toEqual(['ShareGroup workers: set for group workers: share.auto.offset.reset=earliest']);
    for (let taken = 0; taken < 2; taken += 1) {
      const [step] = planned().steps;
      if (step !== undefined) world.carryOut(step);
    }
    expect([...world.begun]).toEqual([0, 1, 2].map((index) => [`workers jobs-${index}`, ['earliest']]));
    expect(say()).toEqual([]);
  });

  it('begins where its settings say', () => {
    const wanted = desired(cluster(), jobs, workers({ config: new Map([[RESET, 'by_duration:PT1H']]) }));
    expect(stage(wanted).say()).toEqual(['ShareGroup workers: begin group workers: jobs at by_duration:PT1H']);
  });

  it('is ready meanwhile: clients may come', () => {
    expect(stage(desired(cluster(), jobs, workers())).planned()).toMatchObject({ ready: true, asksAgain: false });
  });

  it('begins at the earliest record in partitions that came to a topic later, and keeps its place in the others', () => {
    const wanted = desired(cluster(), jobs, workers({ config: new Map([[RESET, 'latest']]) }));
    const begun = new Map([['jobs', new Set([0, 2])]]);
    const { planned } = stage(wanted, { type: 'share', state: 'Empty', begun });
    expect(planned().steps).toMatchObject([{ starts: [{ topic: 'jobs', partitions: [1], at: 'earliest' }] }]);
  });

  it('begins in no topic that is not there or has a partition without a leader', () => {
    const { world, say } = stage(desired(cluster(), jobs, group('workers', ['jobs', 'mail'])));
    expect(say()).toEqual(['ShareGroup workers: begin group workers: jobs at earliest']);
    const seen = world.topics.get('jobs');
    if (seen !== undefined) world.topics.set('jobs', { ...seen, leaderless: 1 });
    expect(say()).toEqual([]);
  });

  it('does not begin while a node starts: it would have the topics of groups made with too few copies', () => {
    const wanted = desired(cluster(), jobs, workers());
    const { world, say } = stage(wanted);
    const seen = world.observe();
    const nodes = seen.host.nodes.map((one) => ({ ...one, phase: 'starting' as const, ready: false }));
    expect(say()).toHaveLength(1);
    const observed = { host: { ...seen.host, nodes }, admin: seen.admin && { ...seen.admin, unfenced: [] } };
    expect(plan(wanted, observed, isDynamicSetting).steps.map(describeStep)).toEqual([]);
  });

  it('is asked about again while its coordinator does not say what it has', () => {
    const config = new Map([[RESET, 'earliest']]);
    const { world, planned } = stage(desired(cluster(), jobs, workers()));
    world.groups.set('workers', { type: null, config });
    expect(planned()).toMatchObject({
      steps: [],
      ready: true,
      asksAgain: true,
      conditions: [{ type: 'Progressing', reason: 'CoordinatorNotAvailable' }],
    });
  });
});

describe('a ShareGroup whose group has members', () => {
  it('is left to begin by itself', () => {
    const { planned } = stage(desired(cluster(), jobs, workers()), { type: 'share', state: 'Stable' });
    expect(planned()).toMatchObject({ steps: [], conditions: [], asksAgain: false });
  });

  it.each([
    [['jobs'], null],
    [[], null],
    [['audit', 'jobs'], 'members subscribe to audit as well, which spec.topics does not name'],
    [['audit'], 'members subscribe to audit as well, which spec.topics does not name; no member subscribes to jobs'],
  ])('tells when they subscribe to %j', (subscriptions, message) => {
    const seen = { type: 'share', state: 'Stable', members: 1, subscriptions };
    const { planned } = stage(desired(cluster(), jobs, workers()), seen);
    const told = { resource: 'ShareGroup workers', type: 'SubscriptionDiffers', reason: 'SubscriptionDiffers' };
    expect(planned().conditions).toEqual(message === null ? [] : [{ ...told, message }]);
  });
});

it('a ShareGroup that is paused begins nothing, and says so', () => {
  const held = {
    ...workers(),
    metadata: { ...workers().metadata, annotations: new Map([['weir.dev/pause', 'true']]) },
  };
  const { planned } = stage(desired(cluster(), jobs, held));
  expect(planned()).toMatchObject({ steps: [], held: [{ kind: 'BeginGroup' }] });
});
