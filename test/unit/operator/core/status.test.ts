import { describe, expect, it } from '@jest/globals';
import type { AnyResource } from '../../../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../../../operator/api/settings.ts';
import { STATUSES } from '../../../../operator/api/status.ts';
import type { Issue } from '../../../../operator/api/issue.ts';
import { validate } from '../../../../operator/api/validate.ts';
import { type Draft, type Judgement, statusOf } from '../../../../operator/core/conditions.ts';
import { type Condition, type Desired, desiredOf } from '../../../../operator/core/desired.ts';
import type { GroupObservation, Observed } from '../../../../operator/core/observed.ts';
import { plan } from '../../../../operator/core/plan.ts';
import {
  clusterStatus,
  contentStatuses,
  type Findings,
  rounded,
  type StepFailure,
} from '../../../../operator/core/status.ts';
import { cluster, group, topic } from '../../../support/operator-manifests.ts';
import { PerfectCluster, PLAIN_TOPIC } from '../../../support/operator-model.ts';

const FACTS = {
  listeners: [{ name: 'plain', bootstrap: 'c-bootstrap.default.svc:9092' }],
  selector: 'weir.dev/cluster=c,weir.dev/role=broker',
  version: '0.3.0',
  operatorVersion: '0.3.0',
};

function desired(...resources: AnyResource[]): Desired {
  const [one] = desiredOf(resources);
  if (one === undefined) throw new Error('the test needs a Cluster');
  return one;
}

interface Extra {
  readonly trouble?: StepFailure;
  readonly failures?: Readonly<Record<string, StepFailure>>;
  readonly conditions?: readonly Condition[];
}

function findings(
  wanted: Desired,
  observed: Observed | null,
  { trouble, failures = {}, conditions = [] }: Extra = {},
): Findings {
  const made = observed === null ? null : plan(wanted, observed, isDynamicSetting);
  return {
    desired: wanted,
    seen:
      observed === null || made === null
        ? null
        : { observed, plan: { ...made, conditions: [...made.conditions, ...conditions] } },
    trouble: trouble ?? null,
    failures: new Map(Object.entries(failures)),
    isDynamic: isDynamicSetting,
  };
}

/** Steps until nothing is left, or `max` of them. */
function settled(wanted: Desired, max = 200): PerfectCluster {
  const world = new PerfectCluster();
  for (let taken = 0; taken < max; taken += 1) {
    const [step] = plan(wanted, world.observe(), isDynamicSetting).steps;
    if (step === undefined) break;
    world.carryOut(step);
  }
  return world;
}

const say = ({ judgements }: { readonly judgements: readonly Judgement[] }): string[] =>
  judgements.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`);

const saysCluster = (found: Findings): string[] => say(clusterStatus(found, FACTS));
const ofTopic = (found: Findings, at = 0): Draft<'Topic'> => {
  const draft = [...contentStatuses(found).topics.values()][at];
  if (draft === undefined) throw new Error('there is no such Topic');
  return draft;
};
const ofGroup = (found: Findings, at = 0): Draft<'ShareGroup'> => {
  const draft = [...contentStatuses(found).groups.values()][at];
  if (draft === undefined) throw new Error('there is no such ShareGroup');
  return draft;
};

const SERVING = 'Available=True Serving: clients are served';
const ENOUGH =
  'ReplicationSufficient=True Sufficient: every topic has more than one copy, and more than its min.insync.replicas';

describe('the status of a Cluster', () => {
  it('is done when everything is as the manifest says', () => {
    const wanted = desired(cluster({}, { brokers: 3 }));
    const found = findings(wanted, settled(wanted).observe());
    expect(saysCluster(found)).toEqual(['Ready=True AsDeclared: all is as the manifest says', SERVING, ENOUGH]);
    expect(clusterStatus(found, FACTS).fields).toEqual({
      clusterId: 'id',
      replicas: 3,
      readyReplicas: 3,
      selector: 'weir.dev/cluster=c,weir.dev/role=broker',
      version: '0.3.0',
      operatorVersion: '0.3.0',
      leaderId: 0,
      listeners: FACTS.listeners,
    });
  });

  it('names the step that is next while there are some, and whether it fails', () => {
    const wanted = desired(cluster({}, { brokers: 3 }));
    const empty = new PerfectCluster().observe();
    const step = 'form the cluster with voters 0, 1, 2';
    expect(saysCluster(findings(wanted, empty))).toEqual([
      `Ready=False Progressing: ${step}`,
      `Reconciling=True Progressing: ${step}`,
      'Available=False BrokerUnreachable: no broker answers',
    ]);
    const later = { [step]: { message: 'no space', fatal: false } };
    expect(saysCluster(findings(wanted, empty, { failures: later }))[0]).toBe(
      `Ready=False Progressing: ${step}: no space`,
    );
    const never = { [step]: { message: 'not so', fatal: true } };
    expect(saysCluster(findings(wanted, empty, { failures: never })).slice(0, 2)).toEqual([
      `Ready=False Refused: ${step}: not so`,
      `Stalled=True Refused: ${step}: not so`,
    ]);
  });

  it('is not done because of topics and groups, nor waits for their steps', () => {
    const world = settled(desired(cluster({}, { brokers: 3 })));
    const wanted = desired(cluster({}, { brokers: 3 }), topic('t', { replicationFactor: 3 }), group('g', ['t']));
    expect(saysCluster(findings(wanted, world.observe()))[0]).toBe(
      'Ready=True AsDeclared: all is as the manifest says',
    );
  });

  it('is done while new brokers still get their share of the partitions', () => {
    const world = settled(desired(cluster({}, { brokers: 3 })));
    const wanted = desired(cluster({}, { brokers: 4 }));
    const [add] = plan(wanted, world.observe(), isDynamicSetting).steps;
    if (add !== undefined) world.carryOut(add);
    const found = findings(wanted, world.observe());
    expect(found.seen?.plan.steps).toMatchObject([{ kind: 'Rebalance', ids: [3] }]);
    expect(saysCluster(found)[0]).toBe('Ready=True AsDeclared: all is as the manifest says');
  });

  it('waits for nodes that are on their way', () => {
    const wanted = desired(cluster({}, { brokers: 3 }));
    const world = settled(wanted);
    world.crash(2, 'kept');
    expect(saysCluster(findings(wanted, world.observe()))[0]).toBe(
      'Ready=False Progressing: waits for node 2 to serve as the manifest says',
    );
    expect(clusterStatus(findings(wanted, world.observe()), FACTS).fields).toMatchObject({
      replicas: 3,
      readyReplicas: 2,
    });
  });

  it('serves while it is on its way elsewhere, and tells how far a drain is', () => {
    const world = settled(desired(cluster({}, { brokers: 4 })));
    world.fill(3, 7);
    const wanted = desired(cluster({}, { brokers: 3 }));
    const [drain] = plan(wanted, world.observe(), isDynamicSetting).steps;
    expect(drain).toMatchObject({ kind: 'Drain', ids: [3] });
    const slow = world.nodes.get(3);
    if (slow !== undefined) slow.mark = 'leaving';
    const draft = clusterStatus(findings(wanted, world.observe()), FACTS);
    expect(say(draft).slice(0, 3)).toEqual([
      'Ready=False Progressing: drain node 3',
      'Reconciling=True Progressing: drain node 3',
      SERVING,
    ]);
    expect(draft.fields).toMatchObject({ replicas: 4, drains: [{ nodeId: 3, replicasLeft: 7 }] });
  });

  it('is stalled by what somebody has to change, and says nothing of what it did not ask', () => {
    const wanted = desired(cluster());
    const { host } = settled(wanted).observe();
    const taken: Condition = {
      resource: 'Cluster c',
      type: 'Stalled',
      reason: 'NameTaken',
      message: 'Service c-nodes is there',
    };
    expect(saysCluster(findings(wanted, { host, admin: null }, { conditions: [taken] }))).toEqual([
      'Ready=False NameTaken: Service c-nodes is there',
      'Stalled=True NameTaken: Service c-nodes is there',
      'Available=Unknown NameTaken: Service c-nodes is there',
    ]);
  });

  it('keeps serving while it is stalled', () => {
    const world = settled(desired(cluster({}, { brokers: 3 })));
    const wanted = desired(cluster({}, { brokers: 2 }));
    expect(saysCluster(findings(wanted, world.observe()))).toEqual([
      expect.stringMatching(/^Ready=False ScaleDownBlocked: /),
      expect.stringMatching(/^Stalled=True ScaleDownBlocked: /),
      SERVING,
      ENOUGH,
    ]);
  });

  it('waits for volumes to be as large as the manifest has them', () => {
    const one = cluster();
    const grown = { ...one, spec: { ...one.spec, brokers: { replicas: 1, storage: { size: '2Gi' } } } };
    const wanted = desired(grown);
    const { host, admin } = settled(wanted).observe();
    const seen = (volumeBytes: number) => ({
      admin,
      host: { ...host, nodes: host.nodes.map((node) => ({ ...node, volumeBytes })) },
    });
    expect(saysCluster(findings(wanted, seen(2 ** 30)))[0]).toBe(
      'Ready=False Progressing: waits for the volumes of node 0 to grow',
    );
    expect(saysCluster(findings(wanted, seen(2 ** 31)))[0]).toMatch(/^Ready=True /);
  });

  it('waits for the volumes of controllers of their own, each to be as large as the manifest has those', () => {
    const apart = cluster({}, { brokers: 1, controllers: 3 });
    const of = (replicas: number, size: string) => ({ replicas, storage: { size } });
    const wanted = desired({ ...apart, spec: { ...apart.spec, brokers: of(1, '1Gi'), controllers: of(3, '2Gi') } });
    const { host, admin } = settled(wanted).observe();
    const seen = (sizes: Readonly<Record<number, number>>) => ({
      admin,
      host: { ...host, nodes: host.nodes.map((node) => ({ ...node, volumeBytes: sizes[node.id] ?? 2 ** 31 })) },
    });
    expect(saysCluster(findings(wanted, seen({ 0: 2 ** 30, 1001: 2 ** 30, 1002: 2 ** 30 })))[0]).toBe(
      'Ready=False Progressing: waits for the volumes of nodes 1001, 1002 to grow',
    );
    expect(saysCluster(findings(wanted, seen({ 0: 2 ** 30 })))[0]).toMatch(/^Ready=True /);
  });

  it('does not know where nothing could be seen, and keeps what was known', () => {
    const trouble = { message: 'GET pods: no answer', fatal: false };
    const draft = clusterStatus(findings(desired(cluster()), null, { trouble }), FACTS);
    expect(say(draft)).toEqual([
      'Ready=Unknown NotObserved: GET pods: no answer',
      'Reconciling=True NotObserved: GET pods: no answer',
      'Available=Unknown NotObserved: GET pods: no answer',
    ]);
    expect(draft.fields).toBeNull();
  });

  it('is stalled where the API server refuses what the manifest makes of it, and so is unknown what belongs to it', () => {
    const trouble = { message: 'PATCH statefulsets/c-broker: labels: Invalid value: "a b"', fatal: true };
    const found = findings(desired(cluster(), topic('t')), null, { trouble });
    expect(saysCluster(found)).toEqual([
      `Ready=False Refused: ${trouble.message}`,
      `Stalled=True Refused: ${trouble.message}`,
      `Available=Unknown Refused: ${trouble.message}`,
    ]);
    expect(say(ofTopic(found))[0]).toBe(`Ready=Unknown ClusterStalled: Cluster c is stalled: ${trouble.message}`);
  });

  it('is not available without an active controller or with partitions that nobody leads', () => {
    const wanted = desired(cluster({}, { brokers: 3 }), topic('t', { replicationFactor: 3 }));
    const world = settled(wanted);
    const { host, admin } = world.observe();
    if (admin === null) throw new Error('it answers');
    const [ready, , available] = saysCluster(findings(wanted, { host, admin: { ...admin, quorum: null } }));
    expect(ready).toMatch(/^Ready=False Progressing: waits for nodes 0, 1, 2/);
    expect(available).toMatch(/^Available=False NoActiveController: /);
    world.topics.set('t', { ...PLAIN_TOPIC, copies: [3], leaderless: 1 });
    const offline = 'PartitionsOffline: 1 of 1 partitions has no leader: t-0';
    expect(saysCluster(findings(wanted, world.observe())).slice(0, 3)).toEqual([
      `Ready=False ${offline}`,
      `Reconciling=True ${offline}`,
      `Available=False ${offline}`,
    ]);
  });

  it('takes conditions of others in', () => {
    const wanted = desired(cluster());
    const paused = { type: 'Paused', status: 'True', reason: 'Annotation', message: 'paused' } as const;
    const draft = clusterStatus(findings(wanted, settled(wanted).observe()), FACTS, [paused]);
    expect(say(draft).at(-1)).toBe('Paused=True Annotation: paused');
  });
});

describe('the status of a Topic', () => {
  const wanted = desired(cluster(), topic('t', { partitions: 4 }));

  it('is done when the topic is as the manifest says', () => {
    const draft = ofTopic(findings(wanted, settled(wanted).observe()));
    expect(say(draft)).toEqual(['Ready=True AsDeclared: all is as the manifest says']);
    expect(draft.fields).toEqual({ partitions: 4, replicationFactor: 1 });
  });

  it('names the step that is left, and why it fails', () => {
    const observed = settled(desired(cluster())).observe();
    const step = 'Topic t: create topic t with 4 partitions';
    expect(say(ofTopic(findings(wanted, observed)))).toEqual([
      `Ready=False Progressing: ${step}`,
      `Reconciling=True Progressing: ${step}`,
    ]);
    const failures = { [step]: { message: 'INVALID_REPLICATION_FACTOR', fatal: true } };
    expect(say(ofTopic(findings(wanted, observed, { failures }))).at(-1)).toBe(
      `Stalled=True Refused: ${step}: INVALID_REPLICATION_FACTOR`,
    );
  });

  it('is as the topic is while nodes roll', () => {
    const world = settled(wanted);
    const rolling = desired(cluster({ 'num.partitions': '3' }), topic('t', { partitions: 4 }));
    const found = findings(rolling, world.observe());
    expect(found.seen?.plan.steps[0]).toMatchObject({ kind: 'Restart' });
    expect(say(ofTopic(found))[0]).toBe('Ready=True AsDeclared: all is as the manifest says');
  });

  it('is stalled where the topic cannot become what is declared', () => {
    const world = settled(wanted);
    const draft = ofTopic(findings(desired(cluster(), topic('t', { partitions: 2 })), world.observe()));
    expect(say(draft).at(-1)).toBe('Stalled=True InvalidSpec: topic t has 4 partitions and cannot shrink to 2');
    expect(draft.fields).toMatchObject({ partitions: 4 });
  });

  it('waits for copies to come, and for leaders', () => {
    const more = desired(cluster({}, { brokers: 3 }), topic('t', { replicationFactor: 3 }));
    const world = settled(desired(cluster({}, { brokers: 3 }), topic('t', { replicationFactor: 1 })));
    expect(say(ofTopic(findings(more, world.observe())))[0]).toBe(
      'Ready=False Progressing: Topic t: give topic t 3 copies',
    );
    world.topics.set('t', { ...PLAIN_TOPIC, copies: [3], leaderless: 1 });
    expect(say(ofTopic(findings(more, world.observe())))[0]).toBe(
      'Ready=False Progressing: waits for leaders of a partition',
    );
  });

  it('is a conflict where an older Topic has the name, and tells nothing of that topic', () => {
    const both = desired(cluster(), topic('t', { partitions: 4 }), topic('late', { topicName: 't', partitions: 9 }));
    const found = findings(both, settled(both).observe());
    expect(say(ofTopic(found, 0))).toEqual(['Ready=True AsDeclared: all is as the manifest says']);
    const message = 'topic t belongs to Topic t, which is older; nothing is done for this one';
    expect(say(ofTopic(found, 1))).toEqual([
      `Ready=False Conflict: ${message}`,
      `Stalled=True Conflict: ${message}`,
      `Conflict=True Conflict: ${message}`,
    ]);
    expect(ofTopic(found, 1).fields).toEqual({});
  });

  it('is unknown while no broker answers, and keeps what was known', () => {
    const { host } = settled(wanted).observe();
    const draft = ofTopic(findings(wanted, { host, admin: null }));
    expect(say(draft)).toEqual([
      'Ready=Unknown BrokerUnreachable: no broker of Cluster c answers',
      'Reconciling=True BrokerUnreachable: no broker of Cluster c answers',
    ]);
    expect(draft.fields).toBeNull();
    const stalled: Condition = { resource: 'Cluster c', type: 'Stalled', reason: 'NameTaken', message: 'taken' };
    expect(say(ofTopic(findings(wanted, { host, admin: null }, { conditions: [stalled] })))[0]).toBe(
      'Ready=Unknown ClusterStalled: Cluster c is stalled: taken',
    );
  });
});

describe('the status of a ShareGroup', () => {
  it('is done when its settings are in force, and says its state', () => {
    const wanted = desired(cluster(), topic('t'), group('g', ['t']));
    const world = settled(wanted);
    const { config = new Map() } = world.groups.get('g') ?? {};
    world.groups.set('g', { type: 'share', state: 'Stable', config });
    const draft = ofGroup(findings(wanted, world.observe()));
    expect(say(draft)).toEqual(['Ready=True AsDeclared: all is as the manifest says']);
    expect(draft.fields).toEqual({ state: 'Stable' });
  });

  it('says how many consumers there are and how much is left, about, where that is known', () => {
    const wanted = desired(cluster(), topic('t'), group('g', ['t']));
    const world = settled(wanted);
    const { config = new Map() } = world.groups.get('g') ?? {};
    const told = (seen: Partial<GroupObservation>): unknown => {
      world.groups.set('g', { type: 'share', state: 'Stable', config, ...seen });
      return ofGroup(findings(wanted, world.observe())).fields;
    };
    expect(told({ members: 2, backlog: 12_345 })).toEqual({ state: 'Stable', members: 2, backlog: 12_000 });
    expect(told({ members: 0 })).toEqual({ state: 'Stable', members: 0 });
    expect([0, 1, 9, 10, 99, 100, 104, 105, 995, 9_949, 1_250_000].map(rounded)).toEqual([
      0, 1, 9, 10, 99, 100, 100, 110, 1_000, 9_900, 1_300_000,
    ]);
  });

  it('is done while members subscribe to other topics, which it tells, and not while it is unknown where it begins', () => {
    const wanted = desired(cluster(), topic('t'), group('g', ['t']));
    const world = settled(wanted);
    const { config = new Map() } = world.groups.get('g') ?? {};
    world.groups.set('g', { type: 'share', state: 'Stable', config, members: 1, subscriptions: ['other', 't'] });
    expect(say(ofGroup(findings(wanted, world.observe())))).toEqual([
      'Ready=True AsDeclared: all is as the manifest says',
      'SubscriptionDiffers=True SubscriptionDiffers: members subscribe to other as well, which spec.topics does not name',
    ]);
    world.groups.set('g', { type: 'share', state: 'Empty', config });
    expect(say(ofGroup(findings(wanted, world.observe()))).map((one) => one.split(':')[0])).toEqual([
      'Ready=False CoordinatorNotAvailable',
      'Reconciling=True CoordinatorNotAvailable',
    ]);
  });

  it('has no more text than the API server takes, whatever members subscribe to', () => {
    const wanted = desired(cluster(), topic('t'), group('g', ['t']));
    const world = settled(wanted);
    const { config = new Map() } = world.groups.get('g') ?? {};
    const subscriptions = Array.from({ length: 200 }, (_, n) => `${'x'.repeat(240)}${n}`);
    world.groups.set('g', { type: 'share', state: 'Stable', config, members: 1, subscriptions });
    const draft = ofGroup(findings(wanted, world.observe()));
    const status = statusOf(draft, {}, { generation: 1, now: '2026-01-01T00:00:00Z' });
    const issues: Issue[] = [];
    validate({ checkSetting: () => null, issues }, STATUSES.ShareGroup, status, []);
    expect([status.conditions?.map(({ type }) => type), issues]).toEqual([['Ready', 'SubscriptionDiffers'], []]);
  });

  it('waits for topics that nobody declares, and is stalled where the group is another kind of group', () => {
    const wanted = desired(cluster(), group('g', ['t']));
    const world = settled(wanted);
    const message = 'topic t does not exist; declare a Topic or createTopics';
    expect(say(ofGroup(findings(wanted, world.observe())))).toEqual([
      `Ready=False TopicNotFound: ${message}`,
      `Reconciling=True TopicNotFound: ${message}`,
    ]);
    world.groups.set('g', { type: 'consumer', state: 'Stable', config: new Map() });
    expect(say(ofGroup(findings(wanted, world.observe()))).at(-1)).toMatch(/^Stalled=True WrongGroupType: /);
  });
});

describe('what somebody holds back', () => {
  const annotated = (annotations: Readonly<Record<string, string>>) =>
    desired(cluster({ 'log.retention.ms': '5' }, { annotations }), topic('t'));
  const world = settled(desired(cluster(), topic('t')));
  const told = (wanted: Desired): string[] => say(clusterStatus(findings(wanted, world.observe()), FACTS)).slice(0, 3);

  it('stalls a Cluster that is paused while something is to be done, and else is only told', () => {
    const message = 'nothing is done while it has weir.dev/pause; to be done: set for the cluster: log.retention.ms=5';
    expect(told(annotated({ 'weir.dev/pause': 'true' }))).toEqual([
      `Ready=False Paused: ${message}`,
      `Stalled=True Paused: ${message}`,
      `Paused=True Paused: ${message}`,
    ]);
    const converged = desired(cluster({}, { annotations: { 'weir.dev/pause': 'true' } }), topic('t'));
    expect(told(converged).slice(0, 2)).toEqual([
      'Ready=True AsDeclared: all is as the manifest says',
      'Paused=True Paused: nothing is done while it has weir.dev/pause; there is nothing to do',
    ]);
  });

  it('stalls a Topic that is observed, or whose Cluster is paused, while it differs', () => {
    const of = (wanted: Desired, name: string): string[] => {
      const { topics } = contentStatuses(findings(wanted, world.observe()));
      const one = wanted.topics.find(({ metadata }) => metadata.name === name);
      const draft = one === undefined ? undefined : topics.get(one);
      return draft === undefined ? [] : say(draft);
    };
    const paused = desired(cluster({}, { annotations: { 'weir.dev/pause': 'true' } }), topic('t'), topic('u'));
    expect(of(paused, 't')).toEqual(['Ready=True AsDeclared: all is as the manifest says']);
    expect(of(paused, 'u')[1]).toBe(
      'Stalled=True ClusterPaused: nothing is done while Cluster c is paused; to be done: Topic u: create topic u',
    );
    const other = topic('t', { config: new Map([['retention.ms', '1']]) });
    const metadata = { ...other.metadata, annotations: new Map([['weir.dev/adopt', 'observe']]) };
    expect(of(desired(cluster(), { ...other, metadata }), 't')[1]).toBe(
      'Stalled=True Observed: it is left as it is while it has weir.dev/adopt; to be done: Topic t: set for topic t: retention.ms=1',
    );
    const wrong = { ...metadata, annotations: new Map([['weir.dev/restart', 'x']]) };
    expect(of(desired(cluster(), { ...topic('t'), metadata: wrong }), 't')[1]).toBe(
      'Stalled=True InvalidAnnotation: annotation weir.dev/restart means nothing on a Topic; it is for Clusters',
    );
  });

  it('is no reason not to be ready, when it is an address that nobody has given yet', () => {
    const one = cluster();
    const [plain] = one.spec.listeners;
    if (plain === undefined) throw new Error('it has a listener');
    const listeners = [{ ...plain, type: 'loadbalancer' as const }];
    const wanted = desired({ ...one, spec: { ...one.spec, listeners } }, topic('t'));
    expect(say(clusterStatus(findings(wanted, settled(wanted).observe()), FACTS)).slice(0, 2)).toEqual([
      'Ready=True AsDeclared: all is as the manifest says',
      expect.stringMatching(/^AddressPending=True WaitingForAddress: .* listener plain of node 0: /),
    ]);
  });

  it('is no reason not to be ready, when it is a restart that waits for a maintenance window', () => {
    const windows = [{ start: '02:00', durationMinutes: 60, timeZone: 'UTC' }];
    const wanted = desired(cluster({}, { windows }), topic('t'));
    const upgraded = settled(wanted);
    for (const node of upgraded.nodes.values()) node.hasForeignMaking = true;
    const observed = { ...upgraded.observe(), nowMs: Date.parse('2026-11-29T12:00:00Z') };
    expect(say(clusterStatus(findings(wanted, observed), FACTS)).slice(0, 2)).toEqual([
      'Ready=True AsDeclared: all is as the manifest says',
      'RestartPending=True WaitingForWindow: node 0 waits for the maintenance window of 2026-11-30T02:00:00Z to be restarted',
    ]);
  });
});
