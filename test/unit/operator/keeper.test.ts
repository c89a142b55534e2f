import { describe, expect, it } from '@jest/globals';
import type { ShareGroup, Topic } from '../../../operator/api/kinds.ts';
import type { StatusOf } from '../../../operator/core/conditions.ts';
import { isWaitOver, kstatusOf } from '../../support/kubernetes/kstatus.ts';
import type { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { Looked } from '../../support/kubernetes/looked.ts';
import { clusterOf } from '../../support/kubernetes/rendered.ts';
import { StatusError } from '../../support/kubernetes/store.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { group, topic } from '../../support/operator-manifests.ts';
import { PLAIN_TOPIC } from '../../support/operator-model.ts';

const three = clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } } }, { name: 'orders', namespace: 'ns' });
const IN = { clusterRef: { name: 'orders' } } as const;
const FINALIZER = 'weir.dev/delete';

const topicOf = (name: string, spec: Partial<Topic['spec']> = {}, namespace = 'ns'): Topic => ({
  ...topic(name, { ...IN, ...spec }),
  metadata: { name, namespace },
});
const groupOf = (name: string, topics: readonly string[], spec: Partial<ShareGroup['spec']> = {}): ShareGroup => ({
  ...group(name, topics, { ...IN, ...spec }),
  metadata: { name, namespace: 'ns' },
});

async function settled(...more: readonly (Topic | ShareGroup)[]): Promise<Looked> {
  const looked = new Looked();
  for (const manifest of [three, ...more]) looked.stage.world.declare(manifest);
  looked.stage.start();
  await looked.stage.calm();
  return looked;
}

describe('the operator tells', () => {
  it('of a Cluster how it stands, where clients begin and what scales it, of its generation', async () => {
    const looked = await settled();
    expect(looked.says(TYPES.clusters, 'orders')).toEqual([
      'Available=True Serving',
      'Ready=True AsDeclared',
      'ReplicationSufficient=True Sufficient',
    ]);
    const status = looked.status(TYPES.clusters, 'orders');
    expect(status).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      leaderId: 0,
      selector: 'weir.dev/cluster=orders,weir.dev/role=broker',
      listeners: [{ name: 'plain', bootstrap: 'orders-bootstrap.ns.svc:9092' }],
    });
    expect(status.conditions?.map((one) => one.observedGeneration)).toEqual([1, 1, 1]);
    expect(status.conditions?.[0]?.lastTransitionTime).toMatch(/^2026-11-29T12:0\d:\d\dZ$/);
  });

  it('no waiting tool of a generation that it did not see', async () => {
    const looked = await settled(topicOf('jobs', { partitions: 2 }));
    const judged: string[] = [];
    looked.stage.world.store.subscribe(({ object, type }) => {
      if (type !== TYPES.topics || object.metadata.generation !== 2) return;
      const waited = { generation: 2, ...(object['status'] as StatusOf<'Topic'>) };
      const partitions = looked.stage.world.brokers.topics.get('jobs')?.partitions;
      if (kstatusOf(waited) === 'Current' || isWaitOver(waited)) judged.push(`over with ${partitions}`);
      else judged.push('waits');
    });
    looked.stage.world.declare(topicOf('jobs', { partitions: 5 }));
    await looked.stage.calm();
    expect(judged[0]).toBe('waits');
    expect(new Set(judged)).toEqual(new Set(['waits', 'over with 5']));
    expect(looked.status(TYPES.topics, 'jobs')).toMatchObject({ observedGeneration: 2, partitions: 5 });
  });

  it('nothing again, and moves no time, when it begins anew', async () => {
    const looked = await settled(topicOf('jobs'), groupOf('workers', ['jobs']));
    const before = looked.status(TYPES.clusters, 'orders');
    await looked.stage.stop();
    const count = looked.stage.effects.length;
    looked.stage.start();
    await looked.stage.calm(90_000);
    expect(looked.stage.effects.slice(count)).toEqual([]);
    expect(looked.status(TYPES.clusters, 'orders')).toEqual(before);
  });

  it('at most every ten seconds what changes for nobody', async () => {
    const looked = await settled();
    const seen: number[] = [];
    const { store, brokers } = looked.stage.world;
    store.subscribe(({ type }) => void (type === TYPES.clusters && seen.push(looked.stage.clock.monotonicMs())));
    for (let leader = 1; leader <= 8; leader += 1) {
      brokers.leaderId = leader % 3;
      looked.stage.world.declare(topicOf('jobs', { partitions: leader, replicationFactor: 3 }));
      await looked.stage.pass(2_000);
    }
    await looked.stage.calm();
    expect(seen.length).toBeGreaterThan(1);
    for (const [at, ms] of seen.slice(1).entries()) expect(ms - (seen[at] ?? 0)).toBeGreaterThanOrEqual(10_000);
    expect(looked.status(TYPES.clusters, 'orders').leaderId).toBe(brokers.leaderId);
  });

  it('of Topics and ShareGroups whose Cluster is missing, and does the work when it comes', async () => {
    const looked = new Looked();
    looked.stage.world.declare(topicOf('jobs'));
    looked.stage.start();
    await looked.stage.calm();
    expect(looked.says(TYPES.topics, 'jobs')).toEqual([
      'Ready=False ClusterNotFound',
      'Reconciling=True ClusterNotFound',
    ]);
    looked.stage.world.declare(groupOf('workers', ['jobs']));
    await looked.stage.calm();
    expect(looked.says(TYPES.shareGroups, 'workers')).toContain('Ready=False ClusterNotFound');
    looked.stage.world.declare(three);
    await looked.stage.calm();
    expect(looked.says(TYPES.topics, 'jobs')).toEqual(['Ready=True AsDeclared']);
    expect(looked.says(TYPES.shareGroups, 'workers')).toEqual(['Ready=True AsDeclared']);
    looked.delete(TYPES.clusters, 'orders');
    await looked.stage.calm();
    expect(looked.says(TYPES.topics, 'jobs')).toContain('Ready=False ClusterNotFound');
  });

  it('whoever came too late that it is so, and does it when the older one is gone', async () => {
    const looked = await settled(topicOf('a', { topicName: 'jobs' }));
    looked.stage.world.declare(topicOf('b', { topicName: 'jobs', partitions: 4 }));
    await looked.stage.calm();
    expect(looked.says(TYPES.topics, 'b')).toEqual([
      'Conflict=True Conflict',
      'Ready=False Conflict',
      'Stalled=True Conflict',
    ]);
    expect(looked.says(TYPES.topics, 'a')).toEqual(['Ready=True AsDeclared']);
    expect(looked.events()).toContain('Topic b: Conflict');
    looked.delete(TYPES.topics, 'a');
    await looked.stage.calm();
    expect(looked.says(TYPES.topics, 'b')).toEqual(['Ready=True AsDeclared']);
    expect(looked.stage.world.brokers.topics.get('jobs')?.partitions).toBe(4);
  });

  it('who may not name a Cluster, and whose settings no broker takes', async () => {
    const spec = { clusterRef: { name: 'orders', namespace: 'ns' } };
    const looked = await settled(
      topicOf('far', spec, 'elsewhere'),
      topicOf('odd', { config: new Map([['nonsense', '1']]) }),
    );
    expect(looked.says(TYPES.topics, 'far', 'elsewhere')).toEqual([
      'Ready=False NotPermitted',
      'Stalled=True NotPermitted',
    ]);
    expect(looked.says(TYPES.topics, 'odd')).toEqual(['Ready=False InvalidSpec', 'Stalled=True InvalidSpec']);
    expect(looked.says(TYPES.clusters, 'orders')).toContain('Ready=True AsDeclared');
  });

  it('a share group whose topic waits for a Topic that nobody can read, and makes it when that is mended (O14)', async () => {
    const odd = { partitions: 1, config: new Map([['nonsense', '1']]) };
    const creating = groupOf('workers', ['jobs', 'mail'], { createTopics: { partitions: 3 } });
    const elsewhere = { ...odd, clusterRef: { name: 'orders', namespace: 'ns' } };
    const looked = await settled(topicOf('jobs', odd), topicOf('mail', elsewhere, 'elsewhere'), creating);
    const { topics } = looked.stage.world.brokers;
    expect([...topics].map(([name, { partitions }]) => `${name} ${partitions}`)).toEqual(['mail 3']);
    expect(looked.says(TYPES.shareGroups, 'workers')).toContain('Ready=False TopicNotFound');
    expect(looked.status(TYPES.shareGroups, 'workers').conditions?.[0]?.message).toBe(
      'topic jobs does not exist; mend the Topic that names it',
    );
    looked.stage.world.declare(topicOf('jobs', { partitions: 1 }));
    await looked.stage.calm();
    expect(topics.get('jobs')?.partitions).toBe(1);
    expect(looked.says(TYPES.shareGroups, 'workers')).toEqual(['Ready=True AsDeclared']);
  });

  it('of all others when the API server refuses the status of one, and lets go what is deleted', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `t${n}`);
    const looked = await settled(topicOf('jobs', { deletionPolicy: 'Delete' }));
    const { store } = looked.stage.world;
    const apply = store.apply.bind(store);
    store.apply = (type, object, writer, force) => {
      if (object.metadata.name === 't0' && writer.subresource === 'status')
        throw new StatusError(422, 'Invalid', 'status.conditions: too long');
      return apply(type, object, writer, force);
    };
    for (const name of names) looked.stage.world.declare(topicOf(name));
    looked.delete(TYPES.topics, 'jobs');
    await looked.stage.calm();
    expect(names.filter((name) => !looked.says(TYPES.topics, name).includes('Ready=True AsDeclared'))).toEqual(['t0']);
    expect(looked.find(TYPES.topics, 'jobs')).toBeNull();
    expect(looked.stage.told.join()).toContain(
      'ns/orders: INVALID: patch topics.weir.dev/status ns/t0: status.conditions: too long; mend what the manifest says of it',
    );
  });

  it('in Events what it did, and what others changed behind a manifest', async () => {
    const looked = await settled(topicOf('jobs', { config: new Map([['retention.ms', '5']]) }));
    expect(looked.events()).toEqual(
      expect.arrayContaining(['Cluster orders: Forming', 'Cluster orders: Ready', 'Topic jobs: TopicCreated']),
    );
    const { topics } = looked.stage.world.brokers;
    const jobs = topics.get('jobs');
    if (jobs === undefined) throw new Error('it was made');
    topics.set('jobs', { ...jobs, config: new Map([['retention.ms', '7']]) });
    await looked.stage.calm(40_000);
    const drift = looked.stage.world.store.all(TYPES.events).find((one) => one['reason'] === 'DriftCorrected');
    expect(drift).toMatchObject({
      type: 'Normal',
      message: 'set for topic jobs: retention.ms=5 (was 7)',
      count: 1,
      involvedObject: {
        kind: 'Topic',
        name: 'jobs',
        namespace: 'ns',
        uid: looked.find(TYPES.topics, 'jobs')?.metadata.uid,
      },
    });
  });

  it('that a topic or a group was there before its manifest, unless that leaves it as it is', async () => {
    const looked = await settled(topicOf('new'), groupOf('fresh', ['new']));
    const { topics, groups } = looked.stage.world.brokers;
    for (const name of ['old', 'seen']) {
      topics.set(name, PLAIN_TOPIC);
      groups.set(name, { type: 'share', state: 'Empty', begun: new Map(), config: new Map() });
    }
    groups.set('other', { type: 'consumer', state: 'Empty', config: new Map() });
    const annotations = new Map([['weir.dev/adopt', 'observe']]);
    for (const one of [topicOf('seen'), groupOf('seen', ['new'])])
      looked.stage.world.declare({ ...one, metadata: { ...one.metadata, annotations } } as typeof one);
    for (const one of [topicOf('old'), groupOf('old', ['new']), groupOf('other', ['new'])])
      looked.stage.world.declare(one);
    await looked.stage.calm();
    const adopted = looked.events().filter((one) => one.endsWith('Adopted'));
    expect(adopted).toEqual(['ShareGroup old: Adopted', 'Topic old: Adopted']);
  });
});

describe('a Topic or ShareGroup that says Delete', () => {
  const jobs = topicOf('jobs', { deletionPolicy: 'Delete' });
  const workers = groupOf('workers', ['jobs'], { deletionPolicy: 'Delete' });

  it('has a finalizer before anything is made for it, and takes what it was for with it', async () => {
    const looked = await settled();
    const { effects } = looked.stage;
    for (const manifest of [jobs, workers]) looked.stage.world.declare(manifest);
    await looked.stage.calm();
    const set = (what: string): number => effects.findIndex((one) => one.includes(what));
    expect(set('apply Topic ns/jobs')).toBeGreaterThanOrEqual(0);
    expect(set('apply Topic ns/jobs')).toBeLessThan(set('EnsureTopic'));
    expect(looked.finalizers(TYPES.topics, 'jobs')).toEqual([FINALIZER]);
    expect(looked.finalizers(TYPES.shareGroups, 'workers')).toEqual([FINALIZER]);
    looked.delete(TYPES.topics, 'jobs');
    looked.delete(TYPES.shareGroups, 'workers');
    await looked.stage.calm();
    expect(looked.find(TYPES.topics, 'jobs')).toBeNull();
    expect(looked.find(TYPES.shareGroups, 'workers')).toBeNull();
    expect(looked.stage.world.brokers.topics.has('jobs')).toBe(false);
    expect(looked.stage.world.brokers.groups.get('workers')?.config.size ?? 0).toBe(0);
  });

  /** Somebody else writes finalizers, as what restores a backup does. */
  const finalize = ({ stage }: Looked, change: (own: readonly string[]) => readonly string[]): void => {
    const at = { namespace: 'ns', name: 'jobs' };
    stage.world.store.update(TYPES.topics, at, { manager: 'restore', subresource: '' }, (live) => ({
      ...live,
      metadata: { ...live.metadata, finalizers: change(live.metadata.finalizers ?? []) },
    }));
  };

  it('is deleted once while somebody else keeps its object', async () => {
    const looked = await settled(jobs);
    finalize(looked, (own) => [...own, 'example.com/mine']);
    looked.delete(TYPES.topics, 'jobs');
    await looked.stage.calm();
    expect(looked.finalizers(TYPES.topics, 'jobs')).toEqual(['example.com/mine']);
    expect(looked.stage.world.brokers.topics.has('jobs')).toBe(false);
  });

  it('is let go whoever has set its finalizer', async () => {
    const looked = await settled();
    looked.stage.world.declare(jobs);
    finalize(looked, () => [FINALIZER, 'example.com/mine']);
    await looked.stage.calm();
    looked.delete(TYPES.topics, 'jobs');
    await looked.stage.calm();
    expect(looked.finalizers(TYPES.topics, 'jobs')).toEqual(['example.com/mine']);
    expect(looked.stage.world.brokers.topics.has('jobs')).toBe(false);
  });

  it('leaves it when it says Retain by then, and has a finalizer again when it does not', async () => {
    const looked = await settled(jobs);
    looked.stage.world.declare(topicOf('jobs'));
    await looked.stage.calm();
    expect(looked.finalizers(TYPES.topics, 'jobs')).toEqual([]);
    looked.stage.world.declare(jobs);
    await looked.stage.calm();
    expect(looked.finalizers(TYPES.topics, 'jobs')).toEqual([FINALIZER]);
    looked.stage.world.declare(topicOf('jobs'));
    await looked.stage.calm();
    looked.delete(TYPES.topics, 'jobs');
    await looked.stage.calm();
    expect(looked.find(TYPES.topics, 'jobs')).toBeNull();
    expect(looked.stage.world.brokers.topics.has('jobs')).toBe(true);
  });

  it('has none while the topic is another’s, and leaves it to that', async () => {
    const looked = await settled(topicOf('a', { topicName: 'jobs' }));
    looked.stage.world.declare(topicOf('b', { topicName: 'jobs', deletionPolicy: 'Delete' }));
    await looked.stage.calm();
    expect(looked.finalizers(TYPES.topics, 'b')).toEqual([]);
    looked.delete(TYPES.topics, 'b');
    await looked.stage.calm();
    expect(looked.stage.world.brokers.topics.has('jobs')).toBe(true);
  });

  it('goes while it is paused, and leaves everything while it is only looked at', async () => {
    const looked = await settled(jobs, workers);
    const annotate = (manifest: Topic | ShareGroup, name: string, value: string): void => {
      const annotations = new Map([[`weir.dev/${name}`, value]]);
      looked.stage.world.declare({ ...manifest, metadata: { ...manifest.metadata, annotations } } as typeof manifest);
    };
    annotate(jobs, 'pause', 'true');
    annotate(workers, 'adopt', 'observe');
    await looked.stage.calm();
    expect(looked.finalizers(TYPES.topics, 'jobs')).toEqual([FINALIZER]);
    expect(looked.finalizers(TYPES.shareGroups, 'workers')).toEqual([]);
    looked.delete(TYPES.topics, 'jobs');
    looked.delete(TYPES.shareGroups, 'workers');
    await looked.stage.calm();
    expect(looked.find(TYPES.topics, 'jobs')).toBeNull();
    expect(looked.stage.world.brokers.topics.has('jobs')).toBe(false);
    expect(looked.stage.world.brokers.groups.get('workers')?.config.size).toBe(1);
  });

  it('goes at once where its group is one of another kind, which stays', async () => {
    const looked = await settled(topicOf('jobs'), workers);
    looked.stage.world.brokers.groups.set('workers', { type: 'consumer', config: new Map() });
    looked.delete(TYPES.shareGroups, 'workers');
    await looked.stage.calm();
    expect(looked.find(TYPES.shareGroups, 'workers')).toBeNull();
    expect(looked.stage.world.brokers.groups.get('workers')?.type).toBe('consumer');
  });

  it('goes at once with its Cluster, in whatever order a namespace is emptied', async () => {
    for (const order of [
      [TYPES.clusters, TYPES.topics, TYPES.shareGroups],
      [TYPES.topics, TYPES.shareGroups, TYPES.clusters],
    ]) {
      const looked = await settled(jobs, workers);
      looked.stage.world.broken.add(0).add(1).add(2);
      for (const type of order)
        for (const { metadata } of looked.stage.world.store.all(type)) looked.stage.world.store.delete(type, metadata);
      await looked.stage.calm();
      expect([
        ...looked.stage.world.store.all(TYPES.topics),
        ...looked.stage.world.store.all(TYPES.shareGroups),
      ]).toEqual([]);
    }
  });

  it('waits for a group to be empty, says so, and not for ever', async () => {
    const looked = await settled(topicOf('jobs'), workers);
    const free = keepBusy(looked.stage);
    looked.delete(TYPES.shareGroups, 'workers');
    await looked.stage.pass(60_000);
    expect(looked.says(TYPES.shareGroups, 'workers')).toEqual([
      'Ready=False FinalizerRefused',
      'Reconciling=True FinalizerRefused',
    ]);
    expect(looked.message(TYPES.shareGroups, 'workers', 'Ready')).toBe(
      'brokers do not delete the group: group workers has members; it is tried again, and ten minutes after its deletion this object goes without it',
    );
    expect(looked.events()).toContain('ShareGroup workers: FinalizerRefused');
    await looked.stage.pass(500_000);
    expect(looked.find(TYPES.shareGroups, 'workers')).not.toBeNull();
    await looked.stage.pass(60_000);
    expect(looked.find(TYPES.shareGroups, 'workers')).toBeNull();
    expect(looked.events()).toContain('ShareGroup workers: NotDeleted');
    free();
  });

  it('waits in all for ten minutes, however often another operator begins, and lets each of them try for one', async () => {
    const looked = await settled(topicOf('jobs'), workers);
    const free = keepBusy(looked.stage);
    looked.delete(TYPES.shareGroups, 'workers');
    for (let turn = 0; turn < 5; turn += 1) {
      await looked.stage.pass(90_000);
      await looked.stage.stop();
      looked.stage.start();
    }
    expect(looked.find(TYPES.shareGroups, 'workers')).not.toBeNull();
    await looked.stage.pass(180_000);
    expect(looked.find(TYPES.shareGroups, 'workers')).toBeNull();
    expect(looked.events()).toContain('ShareGroup workers: NotDeleted');
    free();
  });

  it('is tried to be deleted for a minute where nobody was operator for long', async () => {
    const looked = await settled(topicOf('jobs'), workers);
    const free = keepBusy(looked.stage);
    await looked.stage.stop();
    looked.delete(TYPES.shareGroups, 'workers');
    looked.stage.wallMs += 3_600_000;
    looked.stage.start();
    await looked.stage.pass(40_000);
    expect(looked.find(TYPES.shareGroups, 'workers')).not.toBeNull();
    free();
    await looked.stage.calm();
    expect(looked.find(TYPES.shareGroups, 'workers')).toBeNull();
    expect(looked.events()).toContain('ShareGroup workers: GroupDeleted');
  });

  it('says that somebody has to act where brokers refuse it for good, tries more rarely, and keeps nobody waiting', async () => {
    const looked = await settled(jobs);
    const { world } = looked.stage;
    const { effect } = world;
    const triedMs: number[] = [];
    world.effect = (name, change, isChange) => {
      if (name !== 'DeleteTopic') return effect(name, change, isChange);
      triedMs.push(looked.stage.clock.monotonicMs());
      const error = { name: 'OperatorError', code: 'TOPIC_AUTHORIZATION_FAILED', fatal: true };
      throw Object.assign(new Error('TOPIC_AUTHORIZATION_FAILED: not allowed to delete topic jobs'), error);
    };
    looked.delete(TYPES.topics, 'jobs');
    world.declare(topicOf('mail'));
    await looked.stage.pass(300_000);
    expect(looked.says(TYPES.topics, 'mail')).toEqual(['Ready=True AsDeclared']);
    expect(looked.says(TYPES.topics, 'jobs')).toEqual([
      'Ready=False FinalizerRefused',
      'Stalled=True FinalizerRefused',
    ]);
    expect(looked.message(TYPES.topics, 'jobs', 'Stalled')).toContain('not allowed to delete topic jobs');
    expect(triedMs.length).toBeGreaterThan(3);
    expect((triedMs.at(-1) ?? 0) - (triedMs.at(-2) ?? 0)).toBeGreaterThanOrEqual(10_000);
    await looked.stage.pass(330_000);
    expect(looked.find(TYPES.topics, 'jobs')).toBeNull();
  });

  it('is deleted once the group is empty', async () => {
    const looked = await settled(topicOf('jobs'), workers);
    const free = keepBusy(looked.stage);
    looked.delete(TYPES.shareGroups, 'workers');
    await looked.stage.pass(60_000);
    free();
    await looked.stage.calm();
    expect(looked.find(TYPES.shareGroups, 'workers')).toBeNull();
    expect(looked.events()).toContain('ShareGroup workers: GroupDeleted');
  });
});

/** Brokers delete no group until what is returned is called. */
function keepBusy({ world }: OperatorStage): () => void {
  let isBusy = true;
  const { effect } = world;
  world.effect = (name, change, isChange) => {
    if (name === 'DeleteGroup' && isBusy) throw busy();
    return effect(name, change, isChange);
  };
  return () => {
    isBusy = false;
  };
}

function busy(): Error {
  return Object.assign(new Error('group workers has members'), {
    name: 'OperatorError',
    code: 'NON_EMPTY_GROUP',
    fatal: false,
  });
}
