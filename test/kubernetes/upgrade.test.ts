// An operator of an older chart with older CRDs, upgraded by the real helm while a broker serves, and what becomes of versions then.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
let broker = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-upgrade-'));
  await makeOldChart();
  plane = await ControlPlane.start({ scheduler: true });
  kubelet = await Kubelet.start(plane, 1);
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'weir-system', labels } });
}, 300_000);
afterAll(async () => {
  await kubelet?.stop();
  await plane?.stop();
  await rm(directory, { recursive: true, force: true });
}, 120_000);

/** The chart as it was before there was a field. */
async function makeOldChart(): Promise<void> {
  await cp(OPERATOR_CHART, directory, { recursive: true });
  const chart = join(directory, 'Chart.yaml');
  const said = parse(await readFile(chart, 'utf8')) as { readonly appVersion: string };
  current = said.appVersion;
  await writeFile(chart, stringify({ ...said, version: OLD, appVersion: OLD }));
  const file = join(directory, 'files/clusters.weir.dev.yaml');
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

const setVersion = (version: string | null): Promise<string> =>
  plane.kubectl('patch', ...CLUSTER, '--type=merge', '-p', JSON.stringify({ spec: { version } }));

const isReady = async (): Promise<boolean> => at(await condition('Ready'), 'status') === 'True';

async function lookedAtBy(version: string): Promise<void> {
  await waitFor(`an operator of ${version} has looked`, async () => (await status('operatorVersion')) === version, {
    deadlineMs: 120_000,
  });
}

test(
  'an older chart brings its operator, CRDs and a cluster',
  async () => {
    await plane.helm('install', 'weir', directory, ...SYSTEM, '--set', 'replicas=1,podLabels.team=queues');
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
