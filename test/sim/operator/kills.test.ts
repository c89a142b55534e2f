import { describe, expect, test } from '@jest/globals';
import type { AnyResource, Cluster, ShareGroup, Topic } from '../../../operator/api/kinds.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { contentsOf } from '../../support/kubernetes/contents.ts';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import { portOf } from '../../support/kubernetes/kube-world.ts';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { group, topic } from '../../support/operator-manifests.ts';

const metadata = { name: 'c', namespace: 'ns' };
const storage = { size: '1Gi' };
const brokers = (replicas: number, more: object = {}): Cluster =>
  clusterOf({ brokers: { replicas, storage }, ...more }, metadata);
const inNs = <T extends AnyResource>(one: T): T => ({ ...one, metadata: { ...one.metadata, namespace: 'ns' } });
const orders = (spec: Parameters<typeof topic>[1] = {}) => inNs(topic('orders', { partitions: 2, ...spec }));
const workers = (config: Readonly<Record<string, string>> = {}) =>
  inNs(group('workers', ['orders', 'retries'], { createTopics: {}, config: new Map(Object.entries(config)) }));
/** The same, that takes its topic or group with it. */
const deleted = <T extends Topic | ShareGroup>(one: T): T => ({
  ...one,
  spec: { ...one.spec, deletionPolicy: 'Delete' as const },
});
const listeners = (...types: string[]) => ({
  listeners: types.map((type, at) => ({ name: `l${at}`, port: 9092 + at, type })),
});

const GIB = 2 ** 30;
/** A Lease has to run out, and brokers to be asked some times. */
const JUDGED_MS = 70_000;
/** Three brokers and more as the load asks, which changes within half a minute; a volume holds 0.7 GiB of logs before. */
const autoscaled = (): Cluster => {
  const autoscale = { maxReplicas: 5, scaleIn: 'Drain', scaleOutSeconds: 10, scaleInSeconds: 10 };
  return clusterOf({ brokers: { replicas: 3, storage, autoscale } }, metadata);
};
/** So many GiB of logs are there, four replicas on each broker. */
const fill =
  (gib: number) =>
  ({ world }: OperatorStage): void => {
    for (const id of [0, 1, 2, 3]) world.brokers.fill(id, 4);
    world.logBytes = gib * GIB;
  };

/** Something that people do: what there is before, what they do, and what there is in the end. */
interface Scenario {
  readonly before: readonly AnyResource[];
  /** Bytes of all logs while that is made. */
  readonly logBytes?: number;
  /** For so long nothing may have had an effect in the end; a load is judged for a while before it has one. */
  readonly quietMs?: number;
  /** So long the manifest itself makes it take: the number of consumers changes in steps, each after a while. */
  readonly paceMs?: number;
  readonly act: (stage: OperatorStage) => void;
  readonly after?: (stage: OperatorStage) => void;
}

const declare =
  (...manifests: readonly AnyResource[]) =>
  ({ world }: OperatorStage): void => {
    for (const one of manifests) world.declare(one);
  };
const SCALING = {
  mode: 'Builtin',
  targetRef: { kind: 'Deployment', name: 'consumers' },
  minReplicas: 0,
  maxReplicas: 10,
  backlogPerReplica: 100,
  stabilizationSeconds: 15,
  scaleUpPercent: 100,
  scaleDownPercent: 50,
} as const;
const elastic = () => {
  const config = new Map([['share.record.lock.duration.ms', '15000']]);
  return inNs(group('workers', ['orders'], { config, scaling: SCALING }));
};
/** So many consumers of a group that nobody was ever in, and so many records. */
const working =
  (replicas: number, backlog: number) =>
  ({ world }: OperatorStage): void => {
    const named = { name: 'consumers', namespace: 'ns' };
    const consumers = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: named, spec: { replicas } };
    world.store.create(TYPES.deployments, consumers, { manager: 'kubectl', subresource: '' });
    const known = world.brokers.groups.get('workers') ?? { type: null, config: new Map() };
    world.brokers.groups.set('workers', { ...known, backlog, backlogs: new Map([['orders', backlog]]) });
  };
const consumers = ({ world }: OperatorStage): readonly unknown[] =>
  world.store.all(TYPES.deployments).map(({ spec }) => spec);
const pods = ({ world }: OperatorStage): readonly string[] =>
  world.store.all(TYPES.pods).map(({ metadata: { name } }) => name);

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a Cluster with a Topic and a ShareGroup is made': {
    before: [],
    act: declare(brokers(3), orders(), workers()),
    after: ({ world }) => {
      expect([...world.brokers.topics.keys()].sort()).toEqual(['orders', 'retries']);
    },
  },
  'a Cluster with controllers of its own is made': {
    before: [],
    act: declare(brokers(2, { controllers: { replicas: 3, storage } })),
    after: ({ world }) => {
      expect(world.brokers.voters.map(({ id }) => id)).toEqual([1000, 1001, 1002]);
    },
  },
  'the load asks for a broker': {
    before: [autoscaled()],
    quietMs: JUDGED_MS,
    act: fill(2.25),
    after: (stage) => {
      expect(pods(stage)).toHaveLength(4);
      expect(stage.world.brokers.nodes.get(3)).toMatchObject({ replicas: 3 });
      expect(stage.world.store.find(TYPES.clusters, 'ns', 'c')).toMatchObject({
        spec: { brokers: { replicas: 3 } },
        status: { replicas: 4 },
      });
    },
  },
  'the load asks for a broker less': {
    before: [autoscaled()],
    quietMs: JUDGED_MS,
    logBytes: 2.25 * GIB,
    act: fill(1),
    after: (stage) => {
      expect(pods(stage)).toEqual(['c-broker-0', 'c-broker-1', 'c-broker-2']);
      expect(stage.world.store.all(TYPES.claims)).toHaveLength(3);
    },
  },
  'autoscale goes from a manifest, and what it came to stays': {
    before: [autoscaled()],
    quietMs: JUDGED_MS,
    logBytes: 2.25 * GIB,
    act: declare(brokers(3)),
    after: (stage) => {
      expect(pods(stage)).toHaveLength(4);
    },
  },
  'autoscale goes from a manifest, which is confirmed': {
    before: [autoscaled()],
    quietMs: JUDGED_MS,
    logBytes: 2.25 * GIB,
    act: declare(clusterOf(brokers(3).spec, { ...metadata, annotations: { 'weir.dev/confirm-scale-down': '3' } })),
    after: (stage) => {
      expect(pods(stage)).toHaveLength(3);
    },
  },
  'settings change that need a restart, and some that need none': {
    before: [brokers(3)],
    act: declare(brokers(3, { config: { 'socket.request.max.bytes': '100000000', 'log.retention.ms': '1000' } })),
    after: (stage) => {
      expect(stage.world.brokers.config.get('log.retention.ms')).toBe('1000');
      expect(stage.effects.filter((one) => one.startsWith('evict'))).toHaveLength(3);
    },
  },
  'another version is asked for': {
    before: [brokers(3)],
    act: declare(brokers(3, { version: '1.2.4' })),
    after: (stage) => {
      expect(stage.effects.filter((one) => one.startsWith('evict'))).toHaveLength(3);
    },
  },
  'nodes get another version, and its level': {
    before: [brokers(3, { version: '1.1.0' })],
    act: (stage) => {
      stage.world.brokers.features = { level: 3, next: 4 };
      declare(brokers(3, { version: '1.2.0', featureLevel: 4 }))(stage);
    },
    after: (stage) => {
      expect(stage.world.brokers.features).toEqual({ level: 4, next: 4 });
      expect(stage.effects.filter((one) => one.startsWith('evict'))).toHaveLength(3);
      expect(stage.effects.filter((one) => one === 'RaiseFeature')).toHaveLength(1);
    },
  },
  'one broker becomes three': {
    before: [brokers(1)],
    act: declare(brokers(3)),
    after: ({ world }) => {
      expect(world.brokers.voters.map(({ id }) => id).sort()).toEqual([0, 1, 2]);
    },
  },
  'brokers are added, and get their share': {
    before: [brokers(3)],
    act: (stage) => {
      stage.world.brokers.fill(0, 9);
      declare(brokers(5))(stage);
    },
    after: ({ world }) => {
      expect([...world.brokers.nodes.values()].every(({ replicas }) => replicas > 0)).toBe(true);
    },
  },
  'brokers are taken away, and lose nothing': {
    before: [brokers(5)],
    act: (stage) => {
      for (const id of [2, 3, 4]) stage.world.brokers.fill(id, 3);
      declare(brokers(3))(stage);
    },
    after: (stage) => {
      expect(pods(stage)).toEqual(['c-broker-0', 'c-broker-1', 'c-broker-2']);
      expect(stage.world.store.all(TYPES.claims)).toHaveLength(3);
    },
  },
  'topics and groups change': {
    before: [brokers(3), orders(), workers()],
    act: declare(
      orders({ partitions: 3, replicationFactor: 2, config: new Map([['retention.ms', '5']]) }),
      workers({ 'share.delivery.count.limit': '3' }),
    ),
    after: ({ world }) => {
      expect(world.brokers.topics.get('orders')).toMatchObject({ partitions: 3, copies: [2] });
    },
  },
  'a Topic and a ShareGroup are taken away, and what they declared stays': {
    before: [brokers(1), orders(), workers()],
    act: ({ world }) => {
      world.store.delete(TYPES.topics, { namespace: 'ns', name: 'orders' });
      world.store.delete(TYPES.shareGroups, { namespace: 'ns', name: 'workers' });
    },
    after: ({ world }) => {
      expect(world.brokers.topics.has('orders')).toBe(true);
      expect(world.brokers.groups.has('workers')).toBe(true);
    },
  },
  'a Topic and a ShareGroup are taken away with what they declared': {
    before: [brokers(1), deleted(orders()), deleted(workers())],
    act: ({ world }) => {
      world.store.delete(TYPES.topics, { namespace: 'ns', name: 'orders' });
      world.store.delete(TYPES.shareGroups, { namespace: 'ns', name: 'workers' });
    },
    after: ({ world }) => {
      expect([...world.brokers.topics.keys(), ...world.brokers.groups.keys()]).toEqual(['retries']);
      expect([...world.store.all(TYPES.topics), ...world.store.all(TYPES.shareGroups)]).toEqual([]);
    },
  },
  'somebody asks for a restart': {
    before: [brokers(3)],
    act: declare(clusterOf(brokers(3).spec, { ...metadata, annotations: { 'weir.dev/restart': 'a' } })),
    after: (stage) => {
      expect(stage.effects.filter((one) => one.startsWith('evict'))).toHaveLength(3);
    },
  },
  'a node gets a new disk': {
    before: [brokers(3)],
    act: (stage) => {
      for (const id of [0, 1, 2]) stage.world.brokers.fill(id, 3);
      const annotations = { 'weir.dev/replace-node': '1' };
      declare(clusterOf(brokers(3).spec, { ...metadata, annotations }))(stage);
    },
    after: ({ world }) => {
      expect([...world.brokers.nodes.values()].map(({ generation }) => generation)).toEqual([0, 1, 0]);
      expect(world.brokers.voters.map(({ directoryId }) => directoryId).sort()).toEqual(['d0.0', 'd1.1', 'd2.0']);
    },
  },
  'listeners come and go': {
    before: [brokers(3, listeners('internal', 'loadbalancer'))],
    act: declare(brokers(3, listeners('internal', 'internal', 'nodeport'))),
    after: ({ world }) => {
      expect(world.brokers.admin()?.advertised).toEqual(
        new Map(
          [0, 1, 2].map((id) => {
            const port = portOf(`c-broker-${id}-l2`);
            return [id, [{ listener: 'L2', host: world.machineOf(id), port }]];
          }),
        ),
      );
      const bootstrap = [0, 1, 2].map((id) => `${world.machineOf(id)}:${portOf('c-bootstrap-l2')}`).join();
      expect(world.store.find(TYPES.clusters, 'ns', 'c')).toMatchObject({
        status: { version: '1.2.3', listeners: expect.arrayContaining([{ name: 'l2', bootstrap }]) },
      });
    },
  },
  'load balancers get other addresses, and one has none for a while': {
    before: [brokers(3, listeners('internal', 'loadbalancer'))],
    act: ({ world }) => {
      world.balancers = (service) => (service.includes('broker-1') ? null : `${service}.example.org`);
      world.settle();
    },
    after: ({ world }) => {
      const hosts = [...(world.brokers.admin()?.advertised ?? [])].map(([id, [one]]) => [id, one?.host]);
      expect(hosts).toEqual([
        [0, 'c-broker-0-l1.example.org'],
        [1, 'c-broker-1-l1.example.com'],
        [2, 'c-broker-2-l1.example.org'],
      ]);
    },
  },
  'volumes grow': {
    before: [brokers(3)],
    act: declare(clusterOf({ brokers: { replicas: 3, storage: { size: '2Gi' } } }, metadata)),
    after: ({ world }) => {
      const sizes = world.store.all(TYPES.claims).map((claim) => at(claim, 'spec', 'resources', 'requests', 'storage'));
      expect(sizes).toEqual(['2Gi', '2Gi', '2Gi']);
    },
  },
  'somebody deletes what belongs to a cluster': {
    before: [brokers(3)],
    act: ({ world }) => {
      const named = (name: string) => ({ namespace: 'ns', name });
      world.store.delete(TYPES.statefulSets, named('c-broker'));
      world.store.delete(TYPES.services, named('c-broker-1'));
      world.store.delete(TYPES.configMaps, named('c-quorum'));
      world.store.delete(TYPES.budgets, named('c'));
    },
    after: (stage) => {
      expect(pods(stage)).toHaveLength(3);
    },
  },
  'consumers come with the work': {
    before: [brokers(1), orders(), elastic()],
    act: working(0, 950),
    paceMs: 50_000,
    after: (stage) => {
      expect(consumers(stage)).toEqual([{ replicas: 10 }]);
    },
  },
  'consumers go with the work': {
    before: [brokers(1), orders(), elastic()],
    act: working(6, 0),
    quietMs: 60_000,
    paceMs: 75_000,
    after: (stage) => {
      expect(consumers(stage)).toEqual([{ replicas: 0 }]);
    },
  },
  'a Cluster is deleted and made again: its data is still its own': {
    before: [brokers(3)],
    act: (stage) => {
      stage.world.store.delete(TYPES.clusters, { namespace: 'ns', name: 'c' });
      declare(brokers(3))(stage);
    },
    after: (stage) => {
      expect(pods(stage)).toHaveLength(3);
    },
  },
};

/** What there is, as far as it does not depend on when it was made. */
function outcomeOf(stage: OperatorStage) {
  const { nodes, voters, topics, groups, config, draining, advertised, features } = stage.world.brokers;
  const replicas = [...nodes.values()].map((node) => node.replicas);
  return {
    objects: contentsOf(stage.world.store),
    nodes: [...nodes].map(([id, { generation, mark, isReady }]) => ({ id, generation, mark, isReady })).sort(byId),
    replicas: replicas.reduce((sum, one) => sum + one, 0),
    voters: [...voters].sort(byId),
    topics,
    groups,
    config,
    draining,
    advertised,
    features,
  };
}

const byId = (a: { readonly id: number }, b: { readonly id: number }): number => a.id - b.id;

/** What must hold whatever happens when. */
class Watchman {
  readonly #stage: OperatorStage;
  readonly clusterIds = new Set<string>();

  constructor(stage: OperatorStage) {
    this.#stage = stage;
    stage.world.store.subscribe(({ kind, object }) => {
      this.#heard(kind, object);
    });
  }

  #heard(kind: string, object: KubernetesObject): void {
    const { brokers } = this.#stage.world;
    if (kind === 'DELETED' && object.kind === 'PersistentVolumeClaim') {
      const id = Number(/\d+$/.exec(object.metadata.name)?.[0]);
      const cluster = this.#stage.world.store.find(TYPES.clusters, 'ns', 'c');
      if (cluster?.metadata.annotations?.['weir.dev/replace-node'] === String(id))
        expect(brokers.lossesOf(id)).toEqual([]);
      else expect(brokers.nodes.get(id)?.replicas ?? 0).toBe(0);
    }
    if (kind !== 'DELETED' && object.kind === 'ConfigMap' && object.metadata.name === 'c-quorum')
      this.clusterIds.add(String(/"clusterId":"([^"]+)"/.exec(JSON.stringify(object).replaceAll('\\', ''))?.[1]));
    const isDown = kind === 'DELETED' && object.kind === 'Pod' && this.#stage.isAlive && brokers.voters.length > 1;
    if (isDown) expect(brokers.isQuorate(Number(/\d+$/.exec(object.metadata.name)?.[0]))).toBe(true);
  }
}

async function staged({
  before,
  act,
  logBytes = 0,
  quietMs,
}: Scenario): Promise<{ stage: OperatorStage; watchman: Watchman }> {
  const stage = new OperatorStage();
  const watchman = new Watchman(stage);
  stage.world.logBytes = logBytes;
  declare(...before)(stage);
  stage.start();
  await stage.calm(quietMs);
  await stage.kill();
  stage.effects.length = 0;
  act(stage);
  return { stage, watchman };
}

const KILLS_MAX = 150;
/** So long after an operator was killed all is as declared, its Lease included, which has to run out. */
const CONVERGES_MS = 60_000;

/** Starts an operator where one was killed, and lets it come to its end. */
async function expectConverges(stage: OperatorStage, { quietMs, paceMs = 0 }: Scenario): Promise<void> {
  const killedMs = stage.clock.monotonicMs();
  stage.lastEffectMs = killedMs;
  stage.start();
  await stage.calm(quietMs);
  expect(stage.lastEffectMs - killedMs).toBeLessThan(CONVERGES_MS + paceMs);
}

describe('an operator that is killed after every single effect', () => {
  test.each(Object.entries(SCENARIOS))(
    'comes to the same end when %s',
    async (_name, scenario) => {
      const free = await staged(scenario);
      await expectConverges(free.stage, scenario);
      const wanted = outcomeOf(free.stage);
      const count = free.stage.effects.length;
      scenario.after?.(free.stage);
      await free.stage.stop();

      // Killed once, early, in the midst of it, or right before its end.
      for (const fuse of new Set([1, Math.ceil(count / 2), count - 1].filter((one) => one > 0))) {
        const { stage } = await staged(scenario);
        stage.start();
        stage.fuse = fuse;
        await stage.calm(scenario.quietMs);
        // What came of it otherwise may have taken fewer.
        if (stage.isAlive) continue;
        await stage.kill();
        await expectConverges(stage, scenario);
        expect(outcomeOf(stage)).toEqual(wanted);
        await stage.stop();
      }

      const { stage, watchman } = await staged(scenario);
      let kills = 0;
      for (;;) {
        const killedMs = stage.clock.monotonicMs();
        stage.start();
        stage.fuse = 1;
        await stage.calm(scenario.quietMs);
        if (stage.isAlive) break;
        expect(stage.lastEffectMs - killedMs).toBeLessThan(CONVERGES_MS);
        await stage.kill();
        kills += 1;
        if (kills > KILLS_MAX) throw new Error(`it never ends: ${stage.effects.slice(-12).join('; ')}`);
      }
      expect(kills).toBeGreaterThanOrEqual(Math.min(1, free.stage.effects.length));
      expect(outcomeOf(stage)).toEqual(wanted);
      scenario.after?.(stage);
      expect(watchman.clusterIds.size).toBe(1);
      const before = stage.effects.length;
      await stage.calm(60_000);
      expect(stage.effects.slice(before)).toEqual([]);
      await stage.stop();
    },
    120_000,
  );
});
