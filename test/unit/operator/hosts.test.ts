// One manifest on both hosts: processes of this machine, and Kubernetes. What a plan says is what either carries out.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import type { AnyResource, Cluster } from '../../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../../operator/api/settings.ts';
import { ClusterRunner, type RunnerListener } from '../../../operator/controllers/cluster-runner.ts';
import type { StepLine } from '../../../operator/controllers/step-log.ts';
import { desiredOf } from '../../../operator/core/desired.ts';
import type { NodeObservation } from '../../../operator/core/observed.ts';
import { plan } from '../../../operator/core/plan.ts';
import type { NodeSpec, Step } from '../../../operator/core/steps.ts';
import { LocalHost } from '../../../operator/io/local/local-host.ts';
import { findFreePort } from '../../../operator/io/local/ports.ts';
import { systemClock } from '../../../operator/io/system-clock.ts';
import type { ClusterAdmin } from '../../../operator/ports/cluster-admin.ts';
import type { NodeHost } from '../../../operator/ports/node-host.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { clusterOf } from '../../support/kubernetes/rendered.ts';
import { NODE_PROGRAM } from '../../support/node-program.ts';
import { group, topic } from '../../support/operator-manifests.ts';
import { PerfectCluster } from '../../support/operator-model.ts';
import { adminBySteps } from '../../support/perfect-admin.ts';

type Manifests = readonly AnyResource[];

const storage = { size: '1Gi' };
const brokers = (replicas: number, more: object = {}, annotations: Readonly<Record<string, string>> = {}): Cluster =>
  clusterOf({ brokers: { replicas, storage }, ...more }, { name: 'c', namespace: 'default', annotations });
const jobs = (spec: Parameters<typeof topic>[1] = {}) => topic('jobs', { partitions: 2, ...spec });
const workers = (config: Readonly<Record<string, string>> = {}) =>
  group('workers', ['jobs', 'more'], { createTopics: { partitions: 1 }, config: new Map(Object.entries(config)) });

/** Manifests that follow each other, each once all is as the one before says. */
const CASES: Readonly<Record<string, readonly Manifests[]>> = {
  'three brokers, a Topic and a ShareGroup, which change': [
    [brokers(3), jobs(), workers()],
    [
      brokers(3),
      jobs({ partitions: 3, replicationFactor: 2, config: new Map([['retention.ms', '5']]) }),
      workers({ 'share.delivery.count.limit': '3' }),
    ],
    [brokers(3)],
  ],
  'settings that need a restart, and one that needs none': [
    [brokers(3)],
    [brokers(3, { config: { 'socket.request.max.bytes': '100000000', 'log.retention.ms': '1000' } })],
    [brokers(3)],
  ],
  'one broker that becomes three': [
    [brokers(1), jobs()],
    [brokers(3), jobs()],
  ],
  'brokers that come and go': [
    [brokers(3), jobs()],
    [brokers(5), jobs()],
    [brokers(3), jobs()],
  ],
  'controllers of their own, of which there are more': [
    [brokers(1, { controllers: { replicas: 1, storage } })],
    [brokers(2, { controllers: { replicas: 3, storage } })],
  ],
  'a restart that somebody asks for': [[brokers(3)], [brokers(3, {}, { 'weir.dev/restart': 'a' })]],
  'a pause, and its end': [[brokers(1)], [brokers(3, {}, { 'weir.dev/pause': 'true' })], [brokers(3)]],
};

/** A step that was carried out. */
type Line = Pick<StepLine, 'kind' | 'what'>;

/** What goes on while nodes start, and restart, waits for none of them, so that it comes in their midst. */
const APART: ReadonlySet<Step['kind']> = new Set(['SetConfig', 'EnsureTopic', 'EnsureGroup', 'BeginGroup']);

/** The steps about nodes and voters in their order, and all others. */
function told(lines: readonly Line[]): { readonly nodes: readonly string[]; readonly others: readonly string[] } {
  const texts = (isApart: boolean): string[] =>
    lines.filter(({ kind }) => APART.has(kind) === isApart).map(({ what }) => what);
  return { nodes: texts(false), others: texts(true).sort() };
}

type Told = ReturnType<typeof told>;

const NODES = [0, 1, 2, 3, 4, 1000, 1001, 1002] as const;
/** In this time all nodes are made. */
const START_MS = 10_000;

/** The steps that Kubernetes sees, by what is declared. */
async function onKubernetes(history: readonly Manifests[]): Promise<readonly Told[]> {
  const stage = new OperatorStage();
  const taken: Told[] = [];
  let before: Manifests = [];
  stage.start();
  for (const manifests of history) {
    stage.lines.length = 0;
    for (const one of before) if (!manifests.some((is) => titleOf(is) === titleOf(one))) stage.world.withdraw(one);
    for (const one of manifests) stage.world.declare(one);
    // As processes do, pods of newcomers take longer to start than it takes to make all of them.
    const { broken, brokers: model } = stage.world;
    for (const id of NODES) if (!model.nodes.has(id)) broken.add(id);
    await stage.pass(START_MS);
    broken.clear();
    stage.world.settle();
    await stage.calm();
    taken.push(told(stage.lines));
    before = manifests;
  }
  await stage.stop();
  return taken;
}

const titleOf = ({ kind, metadata: { name } }: AnyResource): string => `${kind} ${name}`;

/** Nodes begin once this file is there. */
const waitsFor = (gate: string): string => `
const { existsSync } = require('node:fs');
const turn = new Int32Array(new SharedArrayBuffer(4));
while (!existsSync(${JSON.stringify(gate)}) && process.ppid !== 1) Atomics.wait(turn, 0, 0, 5);
`;

/**
 * The perfect cluster as far as its nodes run on a host. Nodes that are made one after the other begin once all of them are (`gate`), and are
 * there at the same time: which one is faster is nobody's doing.
 */
function servedBy(world: PerfectCluster, local: LocalHost, gate: string): NodeHost {
  const specs = new Map<number, NodeSpec>();
  let [made, madeBefore] = [0, 0];
  return {
    observe: async () => {
      const seen = await local.observe();
      const areStarting = seen.nodes.some(({ phase }) => phase === 'starting');
      if (areStarting && made === madeBefore) writeFileSync(gate, '');
      madeBefore = made;
      const isNew = (id: number): boolean => world.nodes.get(id)?.isReady !== true;
      const nodes = seen.nodes.map((node): NodeObservation => {
        const spec = specs.get(node.id);
        if (!node.ready || !isNew(node.id) || spec === undefined) return node;
        if (areStarting) return { ...node, ready: false, phase: 'starting' };
        world.carryOut({ kind: 'AddNode', node: spec });
        return node;
      });
      return { ...seen, nodes };
    },
    form: async (initialVoters) => {
      world.carryOut({ kind: 'Form', initialVoters });
      return local.form(initialVoters);
    },
    ensure: (node) => {
      made += 1;
      specs.set(node.id, node);
      rmSync(gate, { force: true });
      return local.ensure(node);
    },
    restart: (node, reason) => {
      specs.set(node.id, node);
      world.crash(node.id, 'kept');
      return local.restart(node, reason);
    },
    remove: (id) => {
      world.carryOut({ kind: 'RemoveNode', id });
      return local.remove(id);
    },
    mark: (id, mark) => local.mark(id, mark),
    discard: (id) => local.discard(id),
  };
}

/** The steps that this machine sees: nodes are processes that serve nobody, and what brokers would do a model does. */
async function onThisMachine(history: readonly Manifests[]): Promise<readonly Told[]> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-hosts-'));
  const gate = join(directory, 'gate');
  const ports = new Map<string, number>();
  for (const node of NODES)
    for (const what of ['plain', null]) ports.set(`${node} ${what}`, await findFreePort('127.0.0.1'));
  let look: () => void = () => undefined;
  let runner: ClusterRunner | null = null;
  const local = new LocalHost({
    clusterName: 'c',
    directory,
    command: [process.execPath, '-e', `${waitsFor(gate)}${NODE_PROGRAM}`, '--'],
    bind: '127.0.0.1',
    portOf: (node, listener) => ports.get(`${node} ${listener}`) ?? 0,
    changed: () => runner?.nudge(),
    notice: () => undefined,
  });
  const world = new PerfectCluster();
  const host = servedBy(world, local, gate);
  const admin: ClusterAdmin = {
    observe: async () => {
      const seen = world.admin();
      if (seen === null) throw new OperatorError('UNREACHABLE', 'nobody answers');
      return seen;
    },
    ...adminBySteps(async (step) => world.carryOut(step)),
    close: async () => undefined,
  };
  const tools = { host, admin: async () => admin, isDynamic: isDynamicSetting, clock: systemClock };
  const taken: Line[][] = [];
  let fail: (error: OperatorError) => void = () => undefined;
  const listener: RunnerListener = {
    step: (what, { kind }) => {
      taken.at(-1)?.push({ kind, what });
      look();
    },
    condition: () => look(),
    converged: () => look(),
    fatal: (error) => fail(error),
    progress: () => undefined,
    trouble: () => undefined,
    gone: () => undefined,
  };
  try {
    for (const manifests of history) {
      const [desired] = desiredOf([...manifests]);
      if (desired === undefined) throw new Error('there is a Cluster');
      taken.push([]);
      await new Promise<void>((resolve, reject) => {
        fail = reject;
        look = () =>
          void local.observe().then((seen) => {
            const { steps, held, ready } = plan(desired, { host: seen, admin: world.admin() }, isDynamicSetting);
            if (steps.length === 0 && (ready || held.length > 0)) resolve();
          }, reject);
        if (runner === null) runner = new ClusterRunner(desired, tools, listener);
        else runner.apply(desired);
      });
    }
  } finally {
    look = () => undefined;
    await (runner as ClusterRunner | null)?.stop();
    await local.close();
    rmSync(directory, { recursive: true, force: true });
  }
  return taken.map(told);
}

it.each(Object.entries(CASES))(
  'carry out the same steps: %s',
  async (_name, history) => {
    const there = await onKubernetes(history);
    expect(await onThisMachine(history)).toEqual(there);
    expect(there.flatMap(({ nodes }) => nodes).length).toBeGreaterThan(1);
  },
  60_000,
);
