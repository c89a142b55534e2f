// An operator of an older chart with older CRDs, upgraded by the real helm while a broker serves, and what becomes of versions then.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { WEIR_LEVELS } from '../../broker/core/config/weir-levels.ts';
import { API_VERSION } from '../../operator/api/names.ts';
import { at } from '../support/kubernetes/rendered.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { OPERATOR_CHART } from './harness/charts.ts';
import { ControlPlane } from './harness/control-plane.ts';
import { Kubelet } from './harness/kubelet.ts';
import { Programs } from './harness/programs.ts';
import { makeLaterRelease } from './harness/release.ts';

const SYSTEM = ['-n', 'weir-system'] as const;
const CLUSTER = ['clusters.weir.dev', 'kept'] as const;
const CRD = ['crd', 'clusters.weir.dev'] as const;
const STEP_MS = 240_000;
const OLD = '0.0.9';

let plane: ControlPlane;
let kubelet: Kubelet;
let directory: string;
/** The version of the chart in this tree. */
let current = '';
/** That of a release to come, and a level of `weir.version` that comes with it. */
let later = '';
let laterLevel = 0;
let broker = '';
let weir: Programs;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-upgrade-'));
  await makeOldChart();
  plane = await ControlPlane.start({ scheduler: true });
  await mkdir(join(directory, 'later'));
  laterLevel = await makeLaterRelease(join(directory, 'later'), later);
  kubelet = await Kubelet.start(plane, { machines: 1, releases: new Map([[later, join(directory, 'later')]]) });
  weir = new Programs({ plane, kubelet });
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'weir-system', labels } });
}, 300_000);
afterAll(async () => {
  await weir?.stop();
  await kubelet?.stop();
  await plane?.stop();
  await rm(directory, { recursive: true, force: true });
}, 120_000);

const oldChart = (): string => join(directory, 'chart');

/** The chart as it was before there was a field. */
async function makeOldChart(): Promise<void> {
  const old = oldChart();
  await cp(OPERATOR_CHART, old, { recursive: true });
  const chart = join(old, 'Chart.yaml');
  const said = parse(await readFile(chart, 'utf8')) as { readonly appVersion: string };
  current = said.appVersion;
  later = current.replace(
    /^(\d+)\.(\d+)\.\d+.*$/,
    (_, major: string, minor: string) => `${major}.${Number(minor) + 1}.0`,
  );
  await writeFile(chart, stringify({ ...said, version: OLD, appVersion: OLD }));
  const file = join(old, 'files/clusters.weir.dev.yaml');
  const crd: unknown = parse(await readFile(file, 'utf8'));
  const status = statusFields(crd);
  expect(status).toHaveProperty('nextFeatureLevel');
  delete status['nextFeatureLevel'];
  await writeFile(file, stringify(crd));
}

const statusFields = (crd: unknown): Record<string, unknown> =>
  at(crd, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema', 'properties', 'status', 'properties') as Record<
    string,
    unknown
  >;

const status = async (...path: readonly string[]): Promise<unknown> =>
  at(await plane.get(...CLUSTER), 'status', ...path);

async function condition(type: string): Promise<unknown> {
  const all = (await status('conditions')) as readonly { readonly type: string }[] | undefined;
  return all?.find((one) => one.type === type);
}

/** Who the broker is; another one after each restart. */
async function brokerPod(): Promise<{ readonly uid: string; readonly image: string; readonly restarts: unknown }> {
  const pod = await plane.get('pod', 'kept-broker-0');
  const restarts = at(pod, 'status', 'containerStatuses', 0, 'restartCount');
  return { uid: pod.metadata.uid ?? '', image: String(at(pod, 'spec', 'containers', 0, 'image')), restarts };
}

const setVersion = (version: string | null, featureLevel: number | null = null): Promise<string> =>
  plane.kubectl('patch', ...CLUSTER, '--type=merge', '-p', JSON.stringify({ spec: { version, featureLevel } }));

const isReady = async (): Promise<boolean> => at(await condition('Ready'), 'status') === 'True';

async function lookedAtBy(version: string): Promise<void> {
  await waitFor(`an operator of ${version} has looked`, async () => (await status('operatorVersion')) === version, {
    deadlineMs: 120_000,
  });
}

test(
  'an older chart brings its operator, CRDs and a cluster',
  async () => {
    await plane.helm('install', 'weir', oldChart(), ...SYSTEM, '--set', 'replicas=1,podLabels.team=queues');
    await plane.kubectl('wait', ...CRD, '--for=condition=Established', '--timeout=60s');
    expect(statusFields(await plane.get(...CRD))).not.toHaveProperty('nextFeatureLevel');
    const spec = { brokers: { replicas: 1, storage: { size: '1Gi' } }, version: OLD, storage: { onDelete: 'Delete' } };
    await plane.apply({ apiVersion: API_VERSION, kind: 'Cluster', metadata: { name: 'kept' }, spec });
    await plane.kubectl('wait', CLUSTER.join('/'), '--for=condition=Ready', '--timeout=120s');
    broker = (await brokerPod()).uid;
    expect(await status('operatorVersion')).toBe(OLD);
  },
  STEP_MS,
);

test(
  'helm upgrade brings the new operator and the new CRDs, keeps values and objects, and restarts no broker',
  async () => {
    await plane.helm('upgrade', 'weir', OPERATOR_CHART, ...SYSTEM, '--reset-then-reuse-values');
    expect(statusFields(await plane.get(...CRD))).toHaveProperty('nextFeatureLevel');
    const { spec } = await plane.get('deployment', 'weir-operator', ...SYSTEM);
    expect([at(spec, 'replicas'), at(spec, 'template', 'metadata', 'labels', 'team')]).toEqual([1, 'queues']);
    await lookedAtBy(current);
    await waitFor('all is as it should be', isReady);
    expect(await brokerPod()).toMatchObject({ uid: broker, image: expect.stringMatching(`:${OLD}$`), restarts: 0 });
    expect(await status('featureLevel')).toBe(WEIR_LEVELS.length);
  },
  STEP_MS,
);

test(
  'a cluster that names no version gets that of the operator, and is not taken back behind the level that is in force',
  async () => {
    await setVersion(null);
    await waitFor('the broker has the new version', async () => (await status('version')) === current && isReady(), {
      deadlineMs: 120_000,
    });
    const { uid, image } = await brokerPod();
    expect([uid === broker, image.endsWith(`:${current}`)]).toEqual([false, true]);
    await setVersion(OLD);
    await waitFor('it is refused', async () => at(await condition('Stalled'), 'reason') === 'VersionTooOld');
    expect(await condition('Available')).toMatchObject({ status: 'True' });
    expect(await brokerPod()).toEqual({ uid, image, restarts: 0 });
    await setVersion(null);
    await waitFor('it is as it was', isReady);
    broker = uid;
  },
  STEP_MS,
);

test(
  'helm rollback brings an operator that does nothing, and says so; the broker serves on',
  async () => {
    await plane.helm('rollback', 'weir', '1', ...SYSTEM);
    await waitFor('it says so', async () => at(await condition('Stalled'), 'reason') === 'OperatorTooOld', {
      deadlineMs: 120_000,
    });
    expect(await brokerPod()).toMatchObject({ uid: broker, restarts: 0 });
    await plane.helm('upgrade', 'weir', OPERATOR_CHART, ...SYSTEM, '--reset-then-reuse-values');
    await waitFor('all is as it should be', isReady, { deadlineMs: 120_000 });
    expect(await brokerPod()).toMatchObject({ uid: broker, restarts: 0 });
  },
  STEP_MS,
);

const BOOTSTRAP = ['--bootstrap', 'kept-bootstrap.default.svc.cluster.local:9092'] as const;

async function runs(version: string): Promise<void> {
  await waitFor(`nodes run ${version}`, async () => (await status('version')) === version && isReady(), {
    deadlineMs: 120_000,
  });
  expect((await brokerPod()).image).toMatch(new RegExp(`:${version}$`));
}

test(
  'nodes go to a later release and back, until its level is in force: then they stay, and every record is there',
  async () => {
    const clusterRef = { name: 'kept' };
    await plane.apply(
      { apiVersion: API_VERSION, kind: 'Topic', metadata: { name: 'jobs' }, spec: { clusterRef, partitions: 2 } },
      {
        apiVersion: API_VERSION,
        kind: 'ShareGroup',
        metadata: { name: 'workers' },
        spec: { clusterRef, topics: ['jobs'] },
      },
    );
    await plane.kubectl('wait', 'sharegroup.weir.dev/workers', '--for=condition=Ready', '--timeout=120s');
    const put = (when: string): Promise<unknown> => weir.says(['put', 'jobs', ...BOOTSTRAP], `${when}\n`);
    await put('before');
    await setVersion(later);
    await runs(later);
    await waitFor('its level is told', async () => (await status('nextFeatureLevel', 'level')) === laterLevel);
    expect(await condition('FeaturePending')).toMatchObject({ status: 'True' });
    await put('later');
    await setVersion(null);
    await runs(current);
    await waitFor('no level is to come', async () => (await status('nextFeatureLevel')) === undefined);
    expect(await status('featureLevel')).toBe(WEIR_LEVELS.length);
    await put('back');
    await setVersion(later, laterLevel);
    await runs(later);
    await waitFor('its level is in force', async () => (await status('featureLevel')) === laterLevel && isReady());
    const before = await brokerPod();
    await setVersion(null);
    await waitFor('the way back is refused', async () => at(await condition('Stalled'), 'reason') === 'VersionTooOld');
    expect(await condition('Available')).toMatchObject({ status: 'True' });
    await put('stayed');
    expect(await brokerPod()).toEqual(before);
    const taken = await weir.says(['take', 'workers', '--topic', 'jobs', ...BOOTSTRAP, '--max', '4', '--idle', '30']);
    expect([...taken].sort()).toEqual(['back', 'before', 'later', 'stayed']);
  },
  2 * STEP_MS,
);
