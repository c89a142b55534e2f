import { describe, expect, it } from '@jest/globals';
import type { ShareGroup } from '../../../operator/api/kinds.ts';
import { Scaler, type ScalerTools } from '../../../operator/controllers/scaler.ts';
import type { StatusOf } from '../../../operator/core/conditions.ts';
import { hindered } from '../../../operator/core/scaling-status.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import { declaredOf } from '../../../operator/io/kubernetes/custom.ts';
import { ManualClock } from '../../support/kubernetes/manual-clock.ts';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import { shareGroup } from '../../support/kubernetes/stage.ts';
import type { ServedType } from '../../support/kubernetes/store.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { group, topic } from '../../support/operator-manifests.ts';

const NS = { namespace: 'ns' } as const;
const KUBECTL = { manager: 'kubectl', subresource: 'scale' } as const;
const cluster = (config: object = {}) =>
  clusterOf({ brokers: { replicas: 1, storage: { size: '1Gi' } }, config }, { name: 'c', ...NS });
const jobs = { ...topic('jobs', { partitions: 2 }), metadata: { name: 'jobs', ...NS } };

type Scaling = NonNullable<ShareGroup['spec']['scaling']>;
const SCALING: Scaling = {
  mode: 'Builtin',
  targetRef: { kind: 'Deployment', name: 'work' },
  minReplicas: 0,
  maxReplicas: 10,
  backlogPerReplica: 100,
  stabilizationSeconds: 60,
  scaleUpPercent: 100,
  scaleDownPercent: 50,
};

/** A ShareGroup over `jobs` whose consumers are scaled. */
function workers(
  scaling: Partial<Scaling> = {},
  { name = 'workers', ...spec }: Partial<ShareGroup['spec']> & { readonly name?: string } = {},
  annotations: Readonly<Record<string, string>> = {},
): ShareGroup {
  const scaled = { ...SCALING, ...scaling };
  return {
    ...group(name, ['jobs'], { scaling: scaled, ...spec }),
    metadata: { name, ...NS, annotations: new Map(Object.entries(annotations)) },
  };
}

/** A change of a workload's replicas. */
interface Change {
  readonly atMs: number;
  readonly replicas: number;
}

/** Consumers beside an operator. */
class Works {
  readonly stage = new OperatorStage();
  readonly changes: Change[] = [];

  constructor() {
    this.stage.world.store.subscribe(({ type, object, before }) => {
      const [is, was] = [at(object, 'spec', 'replicas'), at(before, 'spec', 'replicas')];
      if ((type === TYPES.deployments || type === TYPES.statefulSets) && object.metadata.name === 'work' && is !== was)
        this.changes.push({ atMs: this.stage.clock.monotonicMs(), replicas: Number(is) });
    });
  }

  /** Writes an object of others. */
  make(type: ServedType, name: string, spec: object): void {
    const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
    this.stage.world.store.create(
      type,
      { apiVersion, kind: type.kind, metadata: { name, ...NS }, spec },
      { manager: 'kubectl', subresource: '' },
    );
  }

  delete(type: ServedType, name: string): void {
    this.stage.world.store.delete(type, { ...NS, name });
  }

  /** Somebody scales by hand. */
  scale(replicas: number): void {
    const { store } = this.stage.world;
    store.update(TYPES.deployments, { ...NS, name: 'work' }, KUBECTL, (live) => ({
      ...live,
      spec: { ...(live['spec'] as object), replicas },
    }));
  }

  /** So many records are left; null: nobody tells. */
  leave(backlog: number | null, id = 'workers'): void {
    const { groups } = this.stage.world.brokers;
    const { backlogs: _old, ...known } = groups.get(id) ?? { type: null, begun: new Map(), config: new Map() };
    groups.set(id, { ...known, ...(backlog === null ? {} : { backlog, backlogs: new Map([['jobs', backlog]]) }) });
  }

  replicas(type: ServedType = TYPES.deployments, name = 'work'): number {
    return Number(at(this.stage.world.store.find(type, 'ns', name), 'spec', 'replicas'));
  }

  status(name = 'workers'): StatusOf<'ShareGroup'> {
    return (this.stage.world.store.find(TYPES.shareGroups, 'ns', name)?.['status'] ?? {}) as StatusOf<'ShareGroup'>;
  }

  /** `Type=Status Reason` of each condition. */
  says(name = 'workers'): readonly string[] {
    return (this.status(name).conditions ?? []).map((one) => `${one.type}=${one.status} ${one.reason}`).sort();
  }

  message(type: string, name = 'workers'): string {
    return this.status(name).conditions?.find((one) => one.type === type)?.message ?? '';
  }

  events(name = 'workers'): readonly string[] {
    return this.stage.world.store
      .all(TYPES.events)
      .filter((one) => at(one, 'involvedObject', 'name') === name)
      .map((one) => `${String(one['reason'])}: ${String(one['message'])}`);
  }
}

/** A cluster, a group and a Deployment with so many replicas, all as declared. */
async function working(replicas: number, ...groups: readonly ShareGroup[]): Promise<Works> {
  const works = new Works();
  const all = groups.length === 0 ? [workers()] : groups;
  works.make(TYPES.deployments, 'work', { replicas });
  for (const one of [cluster(), jobs, ...all]) works.stage.world.declare(one);
  works.stage.start();
  await works.stage.calm();
  works.changes.length = 0;
  return works;
}

const ACTIVE = 'ScalingActive=True ByBacklog';
const SETTLED = ['Ready=True AsDeclared', ACTIVE];

describe('the consumers of a share group', () => {
  it('come from nothing and go again as the backlog asks for them, in steps, and it is told', async () => {
    const works = await working(0);
    expect(works.says()).toEqual(['Ready=True AsDeclared', 'ScalingActive=Unknown BacklogUnknown']);
    works.leave(950);
    await works.stage.calm(90_000);
    expect(works.changes.map(({ replicas }) => replicas)).toEqual([1, 2, 4, 8, 10]);
    for (const [index, { atMs }] of works.changes.slice(1).entries())
      expect(atMs - (works.changes[index]?.atMs ?? 0)).toBeGreaterThanOrEqual(10_000);
    expect(works.says()).toEqual(SETTLED);
    expect(works.status().scaling).toMatchObject({ desiredReplicas: 10, lastScale: { from: 8, to: 10 } });
    expect(works.events()).toContain('ScaledUp: Deployment work: 0 to 1 replicas');
    const upMs = works.changes.at(-1)?.atMs ?? 0;
    works.changes.length = 0;
    works.leave(0);
    await works.stage.calm(90_000);
    expect(works.changes.map(({ replicas }) => replicas)).toEqual([5, 3, 2, 1, 0]);
    for (const [index, { atMs }] of works.changes.entries())
      expect(atMs - (works.changes[index - 1]?.atMs ?? upMs)).toBeGreaterThanOrEqual(60_000);
    expect(works.events()).toContain('ScaledDown: Deployment work: 1 to 0 replicas');
  });

  it('are left alone, and nothing is written, while the backlog is the same', async () => {
    const works = await working(4);
    works.leave(350);
    await works.stage.calm(120_000);
    const before = works.stage.effects.length;
    await works.stage.calm(120_000);
    expect([works.replicas(), works.stage.effects.slice(before)]).toEqual([4, []]);
  });

  it('stay as they are while a part of the backlog is not known, whatever the rest says', async () => {
    const works = await working(3);
    const { groups, topics } = works.stage.world.brokers;
    works.leave(300);
    await works.stage.calm(90_000);
    const known = groups.get('workers');
    if (known === undefined) throw new Error('it has begun');
    const told: [string, () => void][] = [
      ['the coordinator of the group does not tell how much is left of topic jobs', () => works.leave(null)],
      [
        'the group has not begun in all partitions of topic jobs',
        () =>
          groups.set('workers', {
            ...known,
            state: 'Stable',
            begun: new Map([['jobs', new Set([1])]]),
            backlogs: new Map([['jobs', 0]]),
          }),
      ],
      [
        'the coordinator of the group does not tell',
        () => {
          const { begun: _begun, ...rest } = known;
          groups.set('workers', { ...rest, state: 'Stable', backlogs: new Map([['jobs', 0]]) });
        },
      ],
    ];
    for (const [message, act] of told) {
      act();
      await works.stage.pass(150_000);
      expect([works.message('ScalingActive'), works.replicas()]).toEqual([message, 3]);
      groups.set('workers', known);
      await works.stage.pass(30_000);
    }
    // What is left of a topic that it doesn't name any more is nobody's work.
    groups.set('workers', {
      ...known,
      backlogs: new Map([
        ['jobs', 300],
        ['old', 5_000],
      ]),
      begun: new Map([...(known.begun ?? []), ['old', new Set([0])]]),
    });
    await works.stage.pass(150_000);
    expect([works.says(), works.replicas()]).toEqual([SETTLED, 3]);
    expect(topics.has('old')).toBe(false);
  });

  it('go no sooner than what they hold is handed out again', async () => {
    const config = new Map([['share.record.lock.duration.ms', '45000']]);
    const works = await working(2, workers({ stabilizationSeconds: 0, scaleDownPercent: 100 }, { config }));
    works.leave(200);
    await works.stage.calm(90_000);
    const sinceMs = works.stage.clock.monotonicMs();
    works.leave(0);
    await works.stage.calm(90_000);
    expect(works.changes).toEqual([{ atMs: expect.any(Number), replicas: 0 }]);
    expect((works.changes[0]?.atMs ?? 0) - sinceMs).toBeGreaterThanOrEqual(45_000 - 10_000);
    expect((works.changes[0]?.atMs ?? 0) - sinceMs).toBeLessThan(60_000 + 10_000);
  });

  it('are at most as many as a group may have members, and that more are asked for is told', async () => {
    const works = await working(0, workers({ maxReplicas: 60, scaleUpPercent: 1_000 }));
    works.stage.world.declare(cluster({ 'group.share.max.size': '5' }));
    works.leave(100_000);
    await works.stage.calm(90_000);
    expect(works.replicas()).toBe(5);
    expect(works.says()).toEqual(['Ready=True AsDeclared', 'ScalingActive=True AtMaximum']);
    expect(works.message('ScalingActive')).toBe(
      'the backlog asks for more replicas of Deployment work than the 5 at most',
    );
  });

  it('may be a StatefulSet, and may be there later', async () => {
    const works = await working(0, workers({ targetRef: { kind: 'StatefulSet', name: 'work' } }));
    works.leave(100);
    await works.stage.pass(60_000);
    expect(works.says()).toEqual(['Ready=True AsDeclared', 'ScalingActive=False TargetNotFound']);
    expect(works.events()).toContain('TargetNotFound: StatefulSet work is not there; it is waited for');
    works.make(TYPES.statefulSets, 'work', { replicas: 0 });
    await works.stage.pass(60_000);
    expect([works.replicas(TYPES.statefulSets), works.replicas(), works.says()]).toEqual([1, 0, SETTLED]);
  });

  it('go on where they were when the operator is followed by another, and none goes for a stabilization', async () => {
    const works = await working(8);
    works.leave(800);
    await works.stage.calm(90_000);
    works.leave(0);
    await works.stage.pass(50_000);
    await works.stage.kill();
    works.stage.start();
    const sinceMs = works.stage.clock.monotonicMs();
    await works.stage.calm(90_000);
    expect(works.changes.map(({ replicas }) => replicas)).toEqual([4, 2, 1, 0]);
    expect((works.changes[0]?.atMs ?? 0) - sinceMs).toBeGreaterThanOrEqual(60_000);
    expect(works.events().filter((one) => one.startsWith('ReplicasChanged'))).toEqual([]);
  });

  it('are left to a pause, and to somebody who only wants to look', async () => {
    for (const annotation of ['weir.dev/pause', 'weir.dev/adopt']) {
      const value = annotation === 'weir.dev/pause' ? 'true' : 'observe';
      const works = await working(0, workers({}, {}, { [annotation]: value }));
      works.leave(500);
      await works.stage.pass(60_000);
      expect([works.replicas(), works.says()]).toEqual([0, expect.arrayContaining(['ScalingActive=False Paused'])]);
      works.stage.world.declare(workers());
      await works.stage.pass(90_000);
      expect(works.replicas()).toBe(5);
    }
  });
});

describe('of a number of replicas that somebody else chose', () => {
  it('it is told, and it is left alone for a while, also by the next operator', async () => {
    const works = await working(4);
    works.leave(400);
    await works.stage.calm(90_000);
    works.scale(1);
    works.changes.length = 0;
    await works.stage.pass(120_000);
    expect(works.says()).toEqual(['Ready=True AsDeclared', 'ScalingActive=False ReplicasChanged']);
    const { heldUntil = '' } = works.status().scaling ?? {};
    expect(works.message('ScalingActive')).toBe(
      `somebody else gave Deployment work 1 replica: it is left so until ${heldUntil}, or until spec is changed`,
    );
    expect(works.events().filter((one) => one.startsWith('ReplicasChanged'))).toHaveLength(1);
    await works.stage.kill();
    works.stage.start();
    await works.stage.pass(300_000);
    expect([works.changes, works.status().scaling?.heldUntil]).toEqual([[], heldUntil]);
    await works.stage.pass(300_000);
    expect([works.replicas(), works.says()]).toEqual([4, SETTLED]);
    expect(works.status().scaling?.heldUntil).toBeUndefined();
  });

  it('the operator goes on at once when its manifest is changed', async () => {
    const works = await working(4);
    works.leave(400);
    await works.stage.calm(90_000);
    works.scale(0);
    await works.stage.pass(60_000);
    expect(works.replicas()).toBe(0);
    works.stage.world.declare(workers({ maxReplicas: 3 }));
    await works.stage.pass(60_000);
    expect([works.replicas(), works.status().scaling?.heldUntil]).toEqual([3, undefined]);
  });

  it('nothing is written over, even if it comes between the look and the write', async () => {
    const works = await working(2);
    works.leave(200);
    await works.stage.calm(90_000);
    let isDone = false;
    works.stage.world.store.subscribe(({ type, object }) => {
      if (isDone || type !== TYPES.shareGroups || at(object, 'status', 'scaling', 'desiredReplicas') !== 4) return;
      isDone = true;
      works.scale(9);
    });
    works.leave(400);
    await works.stage.pass(60_000);
    expect([isDone, works.replicas()]).toEqual([true, 9]);
    expect(works.says()).toContain('ScalingActive=False ReplicasChanged');
  });

  it('the same one as before the last step is somebody else’s, too', async () => {
    const works = await working(2);
    works.leave(400);
    await works.stage.calm(90_000);
    expect(works.replicas()).toBe(4);
    works.scale(2);
    works.changes.length = 0;
    await works.stage.pass(120_000);
    expect([works.changes, works.says()[1]]).toEqual([[], 'ScalingActive=False ReplicasChanged']);
  });
});

describe('a target has one master:', () => {
  it('of two ShareGroups the older, and the younger once that is gone', async () => {
    const works = await working(0);
    works.leave(100);
    works.stage.world.declare(workers({}, { name: 'others' }));
    await works.stage.calm(90_000);
    works.leave(900, 'others');
    await works.stage.pass(60_000);
    expect([works.replicas(), works.says()]).toEqual([1, SETTLED]);
    expect(works.says('others')).toEqual([
      'Conflict=True Conflict',
      'Ready=False Conflict',
      'ScalingActive=False Conflict',
      'Stalled=True Conflict',
    ]);
    expect(works.message('Ready', 'others')).toBe(
      'Deployment work belongs to ShareGroup ns/workers, which is older; nothing is done for this one',
    );
    works.delete(TYPES.shareGroups, 'workers');
    await works.stage.pass(120_000);
    expect([works.replicas(), works.says('others')]).toEqual([9, SETTLED]);
  });

  it.each([
    ['HorizontalPodAutoscaler', TYPES.autoscalers, { kind: 'Deployment', name: 'work' }],
    ['ScaledObject', TYPES.scaledObjects, { name: 'work' }],
  ] as const)('a %s, until it is gone', async (kind, type, scaleTargetRef) => {
    const works = await working(0);
    works.make(type, 'elsewhere', { scaleTargetRef: { ...scaleTargetRef, name: 'other' } });
    works.make(type, 'rival', { scaleTargetRef });
    works.leave(100);
    await works.stage.pass(60_000);
    expect(works.replicas()).toBe(0);
    expect(works.says()).toContain('Stalled=True Conflict');
    expect(works.message('Stalled')).toBe(`${kind} rival scales Deployment work as well: take one of them away`);
    expect(works.events()).toContain(`Conflict: ${kind} rival scales Deployment work as well: take one of them away`);
    // Its number is no surprise when it is gone.
    works.scale(3);
    works.delete(type, 'rival');
    await works.stage.pass(40_000);
    expect([works.replicas(), works.says()]).toEqual([3, SETTLED]);
    await works.stage.calm(90_000);
    expect(works.replicas()).toBe(1);
  });

  it('a Cluster of its nodes, which no ShareGroup scales', async () => {
    const works = await working(0, workers({ targetRef: { kind: 'StatefulSet', name: 'c-broker' } }));
    works.leave(900);
    await works.stage.pass(60_000);
    expect(works.replicas(TYPES.statefulSets, 'c-broker')).toBe(1);
    expect(works.says()).toContain('Stalled=True TargetRefused');
  });
});

it('an obstacle that nobody can tell of yet takes nothing back that was said, any other one does', () => {
  const record = { desiredReplicas: 4, heldUntil: '2026-11-29T12:10:00Z' };
  const known = { memory: { wishes: [], steppedMs: 7 }, record };
  const verdict = (kind: 'unsure' | 'off' | 'stalled') => hindered({ kind, reason: 'Some', message: 'why' }, known);
  expect(verdict('unsure')).toMatchObject({ ...known, standing: null, judgement: { status: 'Unknown' } });
  expect(verdict('off')).toMatchObject({ record: null, memory: null, standing: null, judgement: { status: 'False' } });
  expect(verdict('stalled')).toMatchObject({ record: null, memory: null, standing: { kind: 'stalled' } });
});

describe('a workload that can’t be scaled', () => {
  const object: KubernetesObject = {
    ...shareGroup('workers', ['jobs']),
    metadata: { name: 'workers', ...NS, uid: 'u', generation: 1, resourceVersion: '1' },
    spec: {
      clusterRef: { name: 'c' },
      topics: ['jobs'],
      scaling: { targetRef: { name: 'work' }, minReplicas: 0, backlogPerReplica: 1 },
    },
  };

  /** Looks twice, a step apart, at a group with ten records and a Deployment that fails so. */
  async function failing(error: OperatorError): Promise<readonly string[]> {
    const member = declaredOf('ShareGroup', object);
    const manifest = member.manifest;
    if (manifest?.kind !== 'ShareGroup') throw new Error('it is one');
    const clock = new ManualClock();
    const told: string[] = [];
    const tools: ScalerTools = {
      scaleOf: async () => ({ replicas: 0, resourceVersion: '1' }),
      setScale: () => Promise.reject(error),
      isNode: () => false,
      rivalsOf: async () => [],
      groups: () => [member],
      recordOf: () => ({ record: null, generation: 1 }),
      tell: async (_about, { reason, message }) => void told.push(`${reason}: ${message}`),
      clock,
      wallMs: () => 0,
    };
    const scaler = new Scaler(tools);
    const { host, admin } = new OperatorStage().world.brokers.observe();
    const groups = new Map([
      [
        'workers',
        {
          type: 'share',
          begun: new Map([['jobs', new Set([0])]]),
          backlogs: new Map([['jobs', 10]]),
          config: new Map(),
        },
      ],
    ]);
    const seen = {
      brokers: [],
      unfenced: [],
      quorum: null,
      members: new Map(),
      obstacles: new Map(),
      losses: new Map(),
      config: new Map(),
    };
    const topics = new Map([
      ['jobs', { partitions: 1, copies: [1], resizing: 0, minInsyncReplicas: 1, leaderless: 0, config: new Map() }],
    ]);
    const observed = { host, admin: admin ?? { ...seen, groups, topics } };
    const plan = { steps: [], held: [], conditions: [], ready: true, asksAgain: false };
    const desired = { cluster: cluster(), topics: [], shareGroups: [manifest] };
    const turn = { pauseMs: 0, failure: null, reconciled: { plan, observed, taken: [] } };
    for (let look = 0; look < 2; look += 1) {
      const report = {
        cluster: declaredOf('Cluster', { ...object, kind: 'Cluster' }),
        members: [member],
        desired,
        turn,
        admin: null,
      };
      const { extras } = await scaler.look(report);
      await extras.get('u')?.written();
      clock.advance(10_000);
    }
    return told;
  }

  it('is told of, and keeps nothing else from being done', async () => {
    const refused = new OperatorError('FORBIDDEN', 'a webhook says no', { fatal: true });
    expect(await failing(refused)).toEqual(['ScalingFailed: a webhook says no']);
    expect(await failing(new OperatorError('CONFLICT', 'it has changed'))).toEqual([]);
  });

  it('ends the look of an operator that has lost its Lease', async () => {
    await expect(failing(new OperatorError('NOT_LEADING', 'another one leads'))).rejects.toMatchObject({
      code: 'NOT_LEADING',
    });
  });
});
