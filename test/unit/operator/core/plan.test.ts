import { describe, expect, it } from '@jest/globals';
import { isDynamicSetting } from '../../../../operator/api/settings.ts';
import type { AnyResource, ShareGroup } from '../../../../operator/api/kinds.ts';
import { declaredTopics, type Desired, desiredOf, resolveOwnership } from '../../../../operator/core/desired.ts';
import type { NodeObservation, Observed, TopicObservation } from '../../../../operator/core/observed.ts';
import { plan, planGone } from '../../../../operator/core/plan.ts';
import { wantedNodes } from '../../../../operator/core/plan-nodes.ts';
import { describeStep } from '../../../../operator/core/steps.ts';
import { cluster, group, topic } from '../../../support/operator-manifests.ts';
import { PerfectCluster, PLAIN_TOPIC } from '../../../support/operator-model.ts';

function desired(...resources: AnyResource[]): Desired {
  const [one] = desiredOf(resources);
  if (one === undefined) throw new Error('the test needs a Cluster');
  return one;
}

const say = (wanted: Desired, observed: Observed): string[] =>
  plan(wanted, observed, isDynamicSetting).steps.map(describeStep);

/** Steps until nothing is left, one at a time as a reconcile takes them. */
function converge(wanted: Desired, world: PerfectCluster): string[] {
  const taken: string[] = [];
  for (;;) {
    const [step] = plan(wanted, world.observe(), isDynamicSetting).steps;
    if (step === undefined) return taken;
    taken.push(describeStep(step));
    if (taken.length > 100) throw new Error('the plan does not end');
    world.carryOut(step);
  }
}

function settled(wanted: Desired): PerfectCluster {
  const world = new PerfectCluster();
  converge(wanted, world);
  return world;
}

describe('a plan', () => {
  it('forms, starts the node, then makes topics and groups', () => {
    const wanted = desired(
      cluster(),
      group('workers', ['jobs'], { createTopics: { partitions: 4 } }),
      topic('orders', { partitions: 2 }),
    );
    expect(converge(wanted, new PerfectCluster())).toEqual([
      'form the cluster with voter 0',
      'start node 0',
      'Topic orders: create topic orders with 2 partitions',
      'ShareGroup workers: create topic jobs with 4 partitions',
      'ShareGroup workers: set for group workers: share.auto.offset.reset=earliest',
      'ShareGroup workers: begin group workers: jobs at earliest',
    ]);
  });

  it('is empty and ready once everything is so', () => {
    const wanted = desired(cluster(), group('workers', ['jobs'], { createTopics: {} }));
    expect(plan(wanted, settled(wanted).observe(), isDynamicSetting)).toEqual({
      steps: [],
      held: [],
      asksAgain: false,
      conditions: [],
      ready: true,
    });
  });

  it('is not ready while a declared topic lacks a leader, but has nothing to do', () => {
    const wanted = desired(cluster(), topic('t'));
    const world = settled(wanted);
    world.topics.set('t', { ...PLAIN_TOPIC, leaderless: 1 });
    expect(plan(wanted, world.observe(), isDynamicSetting)).toMatchObject({ steps: [], ready: false });
  });

  it('waits while the node starts', () => {
    const wanted = desired(cluster(), topic('t'));
    const { host } = settled(wanted).observe();
    expect(plan(wanted, { host, admin: null }, isDynamicSetting)).toEqual({
      steps: [],
      held: [],
      asksAgain: false,
      conditions: [],
      ready: false,
    });
  });

  it('waits with new partitions for nodes that start, and not for a newcomer that does not come up by itself', () => {
    const world = settled(desired(cluster({}, { brokers: 3 })));
    const wanted = desired(cluster({}, { brokers: 4 }), topic('t'));
    const seen = world.observe();
    const [first] = seen.host.nodes;
    if (first === undefined) throw new Error('it has nodes');
    const coming = (more: Partial<NodeObservation>): readonly string[] => {
      const spec = wantedNodes(wanted.cluster, isDynamicSetting)[3];
      if (spec === undefined) throw new Error('four are wanted');
      const { specHash, declaredHash } = spec;
      const node = { ...first, id: 3, specHash, declaredHash, phase: 'starting', ready: false, ...more } as const;
      return say(wanted, { ...seen, host: { ...seen.host, nodes: [...seen.host.nodes, node] } });
    };
    const create = ['Topic t: create topic t'];
    expect(coming({ mark: 'joining' })).toEqual([]);
    expect(coming({ mark: 'joining', unplaced: 'no machine has room' })).toEqual(create);
    expect(coming({ mark: 'joining', failure: 'ErrImagePull: no such image' })).toEqual(create);
    // One of the first nodes has its share from the beginning.
    expect(coming({ mark: null, unplaced: 'no machine has room' })).toEqual([]);
  });

  it('starts a node that stopped, and leaves one alone that its host starts again', () => {
    const wanted = desired(cluster());
    const { host } = settled(wanted).observe();
    const as = (phase: 'stopped' | 'waiting' | 'stopping') =>
      say(wanted, {
        host: { ...host, nodes: host.nodes.map((node) => ({ ...node, phase, ready: false })) },
        admin: null,
      });
    expect([as('stopped'), as('waiting'), as('stopping')]).toEqual([['start node 0'], [], []]);
  });

  it('restarts for a static setting or a port, and sets a dynamic one while brokers run', () => {
    const world = settled(desired(cluster()));
    expect(say(desired(cluster({ 'num.partitions': '3' })), world.observe())).toEqual([
      'restart node 0: its settings changed',
    ]);
    expect(say(desired(cluster({}, { port: 9093 })), world.observe())).toEqual([
      'restart node 0: its settings changed',
    ]);
    expect(say(desired(cluster({ 'log.retention.ms': '5000' })), world.observe())).toEqual([
      'set for the cluster: log.retention.ms=5000',
    ]);
    const wanted = desired(cluster({ 'min.insync.replicas': '2' }));
    expect(say(wanted, world.observe())).toEqual(['set for the cluster: min.insync.replicas=2']);
    converge(wanted, world);
    expect(say(wanted, world.observe())).toEqual([]);
  });

  it('leaves cluster settings alone that the manifest does not name', () => {
    const world = settled(desired(cluster({ 'log.retention.ms': '5000' })));
    expect(say(desired(cluster()), world.observe())).toEqual([]);
  });

  it('returns settings of topics and groups to their defaults when the manifest does not name them', () => {
    const wanted = desired(cluster(), topic('t', { config: new Map([['retention.ms', '1']]) }), group('g', ['t']));
    const world = settled(wanted);
    world.topics.set('t', {
      ...PLAIN_TOPIC,
      config: new Map([
        ['retention.ms', '2'],
        ['segment.bytes', '9'],
      ]),
    });
    world.groups.set('g', {
      type: 'share',
      config: new Map([
        ['share.auto.offset.reset', 'latest'],
        ['share.delivery.count.limit', '3'],
      ]),
    });
    expect(say(wanted, world.observe())).toEqual([
      'Topic t: set for topic t: retention.ms=1 (was 2), segment.bytes back to its default (was 9)',
      'ShareGroup g: set for group g: share.auto.offset.reset=earliest (was latest), share.delivery.count.limit back to its default (was 3)',
    ]);
  });

  it('grows a topic and says that it cannot shrink one', () => {
    const world = settled(desired(cluster(), topic('t', { partitions: 2 })));
    expect(say(desired(cluster(), topic('t', { partitions: 5 })), world.observe())).toEqual([
      'Topic t: grow topic t from 2 to 5 partitions',
    ]);
    expect(plan(desired(cluster(), topic('t', { partitions: 1 })), world.observe(), isDynamicSetting)).toMatchObject({
      steps: [],
      conditions: [
        {
          resource: 'Topic t',
          type: 'Stalled',
          reason: 'InvalidSpec',
          message: 'topic t has 2 partitions and cannot shrink to 1',
        },
      ],
    });
  });

  it('gives a topic the copies that its Topic declares, until they are there', () => {
    const wanted = (replicationFactor: number, config: Readonly<Record<string, string>> = {}): Desired =>
      desired(cluster(config, { brokers: 3 }), topic('t', { replicationFactor }));
    const world = settled(wanted(1));
    const seen = (more: Partial<TopicObservation>): string[] => {
      world.topics.set('t', { ...PLAIN_TOPIC, ...more });
      return say(wanted(2), world.observe());
    };
    const step = 'Topic t: give topic t 2 copies';
    expect([seen({ copies: [1] }), seen({ copies: [3] }), seen({ copies: [2, 3] })]).toEqual([[step], [step], [step]]);
    expect([seen({ copies: [2], resizing: 1 }), seen({ copies: [2] })]).toEqual([[step], []]);
    expect(plan(wanted(3), world.observe(), isDynamicSetting)).toMatchObject({
      steps: [{ change: { kind: 'resize', replicationFactor: 3, brokers: [0, 1, 2] } }],
      ready: true,
    });
    expect(say(wanted(3, { 'min.insync.replicas': '2' }), world.observe())).toEqual([
      'set for the cluster: min.insync.replicas=2',
    ]);
    expect(say(desired(cluster({}, { brokers: 3 }), topic('t')), world.observe())).toEqual([]);
  });

  it('takes no copies below min.insync.replicas, and says so', () => {
    const wanted = (replicationFactor: number, config = new Map<string, string>()): Desired =>
      desired(cluster({}, { brokers: 3 }), topic('t', { replicationFactor, config }));
    const world = settled(wanted(3));
    world.topics.set('t', { ...PLAIN_TOPIC, copies: [3], minInsyncReplicas: 2 });
    expect(say(wanted(2), world.observe())).toEqual(['Topic t: give topic t 2 copies']);
    expect(plan(wanted(1), world.observe(), isDynamicSetting)).toMatchObject({
      steps: [],
      conditions: [
        {
          resource: 'Topic t',
          type: 'Stalled',
          reason: 'InvalidSpec',
          message: 'topic t has min.insync.replicas 2 and cannot have 1 of 3 copies; lower that first',
        },
      ],
    });
    const both = plan(wanted(1, new Map([['min.insync.replicas', '1']])), world.observe(), isDynamicSetting);
    expect([both.steps.map(describeStep), both.conditions]).toEqual([
      ['Topic t: set for topic t: min.insync.replicas=1'],
      [],
    ]);
    world.topics.set('t', { ...PLAIN_TOPIC, copies: [1], minInsyncReplicas: 3 });
    expect(say(wanted(2), world.observe())).toEqual(['Topic t: give topic t 2 copies']);
  });

  it('creates topics for a group with the partitions and copies that it says, else as the cluster has them', () => {
    const world = settled(desired(cluster()));
    const created = (createTopics: NonNullable<ShareGroup['spec']['createTopics']>) =>
      plan(desired(cluster(), group('g', ['t'], { createTopics })), world.observe(), isDynamicSetting).steps.flatMap(
        (step) => (step.kind === 'EnsureTopic' ? [step.change] : []),
      );
    const config = new Map();
    expect(created({ partitions: 4, replicationFactor: 3 })).toEqual([
      { kind: 'create', partitions: 4, replicationFactor: 3, config },
    ]);
    expect(created({})).toEqual([{ kind: 'create', partitions: -1, replicationFactor: -1, config }]);
  });

  it('never alters a topic through createTopics', () => {
    const world = settled(desired(cluster(), topic('t', { partitions: 2, config: new Map([['retention.ms', '1']]) })));
    expect(
      say(desired(cluster(), group('g', ['t'], { createTopics: { partitions: 9 } })), world.observe()).filter((one) =>
        one.includes('topic t'),
      ),
    ).toEqual([]);
  });

  it('leaves a topic to its Topic even where a ShareGroup would create it', () => {
    const wanted = desired(
      cluster(),
      group('g', ['t'], { createTopics: { partitions: 9 } }),
      topic('other', { topicName: 't', partitions: 2 }),
    );
    expect(converge(wanted, new PerfectCluster()).filter((one) => one.includes('topic t'))).toEqual([
      'Topic other: create topic t with 2 partitions',
    ]);
  });

  it('lets the older of two claims act and tells the younger', () => {
    const wanted = desired(
      cluster(),
      topic('first', { topicName: 't', partitions: 1 }),
      topic('second', { topicName: 't', partitions: 2 }),
      group('one', ['t'], { groupId: 'g' }),
      group('two', ['t'], {
        groupId: 'g',
        config: new Map([['share.delivery.count.limit', '3']]),
        createTopics: { partitions: 3 },
      }),
    );
    const world = settled(wanted);
    expect(world.topics.get('t')?.partitions).toBe(1);
    expect(plan(wanted, world.observe(), isDynamicSetting)).toMatchObject({
      steps: [],
      conditions: [
        {
          resource: 'Topic second',
          type: 'Conflict',
          message: 'topic t belongs to Topic first, which is older; nothing is done for this one',
        },
        {
          resource: 'ShareGroup two',
          type: 'Conflict',
          message: 'group g belongs to ShareGroup one, which is older; nothing is done for this one',
        },
      ],
    });
  });

  it('leaves a group of another type alone', () => {
    const wanted = desired(cluster(), group('g', ['t'], { createTopics: {} }));
    const world = settled(wanted);
    world.groups.set('g', { type: 'consumer', config: new Map() });
    expect(plan(wanted, world.observe(), isDynamicSetting)).toMatchObject({
      steps: [],
      conditions: [
        {
          type: 'Stalled',
          reason: 'WrongGroupType',
          message: 'group g is a consumer group; a share group needs another id',
        },
      ],
    });
  });

  it('says which topic of a group nobody declares, and is ready without it', () => {
    const wanted = desired(cluster(), group('g', ['t']));
    expect(plan(wanted, settled(wanted).observe(), isDynamicSetting)).toMatchObject({
      ready: true,
      conditions: [
        {
          type: 'Progressing',
          reason: 'TopicNotFound',
          message: 'topic t does not exist; declare a Topic or createTopics',
        },
      ],
    });
    expect(declaredTopics(wanted, resolveOwnership(wanted))).toEqual([]);
  });

  it('deletes topics and groups with their manifests, seen or not, and makes none for them', () => {
    const [jobs, workers] = [topic('jobs'), group('workers', ['more'], { createTopics: {}, config: new Map() })];
    const all = desired(cluster(), jobs, workers);
    const ended: Desired = { ...all, ending: new Set([jobs, workers]) };
    const said = ['Topic jobs: delete topic jobs', 'ShareGroup workers: delete group workers'];
    expect(say(ended, settled(desired(cluster())).observe())).toEqual(said);
    const world = settled(all);
    const { steps } = plan(ended, world.observe(), isDynamicSetting);
    expect(steps.map(describeStep)).toEqual(said);
    expect(steps[1]).toMatchObject({ kind: 'DeleteGroup', settings: ['share.auto.offset.reset'] });
    expect(declaredTopics(ended, resolveOwnership(ended))).toEqual([]);
  });

  it('leaves a topic alone that belongs to an older manifest than the one that ends, and a group of another kind', () => {
    const [older, younger, workers] = [topic('t'), topic('late', { topicName: 't' }), group('g', ['t'])];
    const all = desired(cluster(), older, younger, workers);
    const world = settled(all);
    world.groups.set('g', { type: 'consumer', config: new Map() });
    expect(say({ ...all, ending: new Set([younger, workers]) }, world.observe())).toEqual([]);
  });

  it('keeps a name for the manifest that ends until its topic is deleted', () => {
    const [older, younger] = [topic('t', { partitions: 2 }), topic('late', { topicName: 't', partitions: 5 })];
    const all = desired(cluster(), older, younger);
    const world = settled(all);
    const ended: Desired = { ...all, ending: new Set([older]) };
    expect(say(ended, world.observe())).toEqual(['Topic t: delete topic t']);
    const [step] = plan(ended, world.observe(), isDynamicSetting).steps;
    if (step !== undefined) world.carryOut(step);
    expect(say(desired(cluster(), younger), world.observe())).toEqual(['Topic late: create topic t with 5 partitions']);
  });

  it('stops the nodes of a cluster whose manifest is gone', () => {
    const { host } = settled(desired(cluster())).observe();
    expect(planGone(host)).toMatchObject({ steps: [{ kind: 'RemoveNode', id: 0 }], conditions: [], ready: false });
    const nodes = host.nodes.map((node) => ({ ...node, phase: 'stopped' as const }));
    expect(planGone({ ...host, nodes })).toMatchObject({ steps: [], conditions: [], ready: true });
  });
});
