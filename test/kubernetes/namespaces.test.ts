// An operator that watches some namespaces, with the Roles that its chart makes there and no other right, on a real API server.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { API_VERSION, FINALIZER, type Kind } from '../../operator/api/names.ts';
import { keepCertificates } from '../../operator/io/kubernetes/certificates/keep.ts';
import { systemClock } from '../../operator/io/system-clock.ts';
import { Operator } from '../../operator/main.ts';
import type { KubernetesObject } from '../../operator/ports/kubernetes.ts';
import { OperatorError } from '../../operator/ports/operator-error.ts';
import { at, SITE } from '../support/kubernetes/rendered.ts';
import { ROOT } from '../tidy/tree.ts';
import { waitFor } from '../wire/harness/wait.ts';
import type { AuditEntry } from './harness/audit.ts';
import { OPERATOR_CHART, template } from './harness/charts.ts';
import { ControlPlane } from './harness/control-plane.ts';

const WATCHED = ['orders', 'shop', 'late'];
const ACCOUNT = 'system:serviceaccount:weir-system:weir-operator';
const RIGHTS: readonly unknown[] = ['ServiceAccount', 'Role', 'RoleBinding'];

let plane: ControlPlane;
let operator: Operator;
let rights: readonly KubernetesObject[];
const told: string[] = [];

beforeAll(async () => {
  plane = await ControlPlane.start({ controllers: false });
  const names = await readdir(join(ROOT, 'crds'));
  await plane.applyCrds(await Promise.all(names.map(async (name) => readFile(join(ROOT, 'crds', name), 'utf8'))));
  for (const name of ['weir-system', 'orders', 'shop', 'apart']) await plane.kubectl('create', 'namespace', name);
  const text = await template(OPERATOR_CHART, { watchNamespaces: WATCHED, crds: { install: false } }, '--skip-tests');
  const objects = parseAllDocuments(text).map((one) => one.toJS() as KubernetesObject);
  expect(objects.filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
  rights = objects.filter(({ kind }) => RIGHTS.includes(kind));
  await plane.apply(...rights.filter(({ metadata }) => metadata.namespace !== 'late'));
  const token = (await plane.kubectl('create', 'token', 'weir-operator', '-n', 'weir-system')).trim();
  const kubeconfig = await plane.kubeconfigOf(token);
  const nobody = async (): Promise<never> => {
    throw new OperatorError('UNREACHABLE', 'there are no nodes here');
  };
  operator = new Operator(
    {
      api: await plane.client(kubeconfig),
      leaseApi: await plane.client(kubeconfig),
      dialer: { connect: nobody, diskOf: nobody, hasNoMetadata: nobody },
      certify: (api, blueprint) => keepCertificates({ api, wallMs: Date.now }, blueprint),
      clock: systemClock,
      random: Math.random,
      wallMs: Date.now,
      wallTime: () => new Date().toISOString().replace('Z', '000Z'),
    },
    {
      namespaces: WATCHED,
      lease: { namespace: 'weir-system', name: 'weir-operator' },
      identity: 'test',
      site: SITE,
      workers: 2,
    },
    {
      lead: () => undefined,
      lost: (why) => told.push(`lost: ${why}`),
      trouble: (what, error) => told.push(`${what}: ${error.code}: ${error.message}`),
    },
  );
}, 300_000);
afterAll(async () => {
  await operator?.stop();
  await plane?.stop();
});

const declare = (kind: Kind, namespace: string, name: string, spec: object): Promise<unknown> =>
  plane.apply({ apiVersion: API_VERSION, kind, metadata: { name, namespace }, spec });

/** Waits for the reason of a Topic's Ready; gives its message. */
async function waitsFor(name: string, reason: string): Promise<string> {
  let message = '';
  await waitFor(`Topic ${name}: ${reason}`, async () => {
    const { items } = await plane.get('topics.weir.dev', '-n', 'shop', `--field-selector=metadata.name=${name}`);
    const conditions = at(items, 0, 'status', 'conditions') as readonly object[] | undefined;
    const ready = conditions?.find((one) => at(one, 'type') === 'Ready');
    message = String(at(ready, 'message'));
    return at(ready, 'reason') === reason;
  });
  return message;
}

test('it works in those that it may read, and says of the other which it is and what to do', async () => {
  await waitFor('all was listed that may be', () => Promise.resolve(operator.places().watched === 2));
  expect(operator.places()).toEqual({ watched: 2, refused: 1, listing: 0 });
  expect(operator.unready()).toEqual([]);
  const refusals = told.filter((one) => one.includes('FORBIDDEN'));
  expect(refusals).toHaveLength(1);
  expect(refusals[0]).toMatch(
    /FORBIDDEN: namespace late is not read: list \S+ in namespace late: .* cannot list resource .*; give the operator's ServiceAccount the verb list of \S+, as the Role of charts\/weir does; it has to exist and to have/,
  );
  await declare('Cluster', 'orders', 'orders', { brokers: { replicas: 1, storage: { size: '1Gi' } } });
  await waitFor('the cluster is formed', async () => {
    const found = await plane.tryKubectl(['get', 'statefulset', 'orders-broker', '-n', 'orders']);
    return found.exitCode === 0;
  });
});

test('what names a Cluster out of its sight says so, and that it is not there only where that can be seen', async () => {
  const naming = (namespace: string) => ({ clusterRef: { name: 'orders', namespace } });
  await declare('Topic', 'shop', 'unwatched', naming('apart'));
  await declare('Topic', 'shop', 'unread', naming('late'));
  await declare('Topic', 'shop', 'missing', naming('shop'));
  expect(await waitsFor('unwatched', 'ClusterNotWatched')).toContain('does not watch namespace apart');
  expect(await waitsFor('unread', 'NamespaceNotRead')).toContain('namespace late is not read');
  await waitsFor('missing', 'ClusterNotFound');
});

test('it begins in a namespace that comes later with its Role', async () => {
  await plane.kubectl('create', 'namespace', 'late');
  await plane.apply(...rights.filter(({ metadata }) => metadata.namespace === 'late'));
  // It asks at least every half minute.
  await waitFor('it is listed', () => Promise.resolve(operator.places().watched === 3), { deadlineMs: 120_000 });
  await waitsFor('unread', 'ClusterNotFound');
}, 200_000);

/** Deletes a Topic that the operator, and others, have to let go, while it has no Role in its namespace; gives what of it waits. */
async function deletedWithoutRole(name: string, ...others: readonly string[]): Promise<() => Promise<string>> {
  const found = async (): Promise<string> =>
    plane.kubectl('get', 'topics.weir.dev', '-n', 'shop', '-o', 'name', `--field-selector=metadata.name=${name}`);
  // Its finalizer is of kubectl, as it is of whatever restores a backup.
  const metadata = { name, namespace: 'shop', finalizers: [...others, FINALIZER] };
  await plane.kubectl('delete', 'role,rolebinding', '--all', '-n', 'shop');
  const spec = { clusterRef: { name: 'shop' }, deletionPolicy: 'Delete' };
  await plane.apply({ apiVersion: API_VERSION, kind: 'Topic', metadata, spec });
  await plane.kubectl('delete', 'topics.weir.dev', name, '-n', 'shop', '--wait=false');
  await waitFor('it may read the namespace no more', () => Promise.resolve(operator.places().refused === 1), {
    deadlineMs: 120_000,
  });
  expect(await found()).toContain(name);
  return found;
}

test('what is deleted while it has no Role waits for that, and no namespace but its own does', async () => {
  const found = await deletedWithoutRole('orphan');
  await declare('Topic', 'orders', 'elsewhere', { clusterRef: { name: 'missing' } });
  await waitFor('it goes on elsewhere', async () => {
    const { items } = await plane.get('topics.weir.dev', '-n', 'orders');
    return JSON.stringify(items).includes('ClusterNotFound');
  });
  expect(await found()).toContain('orphan');
  await plane.apply(...rights.filter(({ metadata }) => metadata.namespace === 'shop'));
  await waitFor('it is let go', async () => (await found()) === '', { deadlineMs: 120_000 });
}, 400_000);

test('what never gets its Role again is let go by the command that the chart names, as far as it waits for the operator', async () => {
  const found = await deletedWithoutRole('stranded');
  const foundOthers = await deletedWithoutRole('shared', 'example.com/mine');
  const spec = { clusterRef: { name: 'shop' }, deletionPolicy: 'Delete' };
  const metadata = { name: 'kept', namespace: 'shop', finalizers: [FINALIZER] };
  await plane.apply({ apiVersion: API_VERSION, kind: 'Topic', metadata, spec });
  const text = await readFile(join(OPERATOR_CHART, 'README.md'), 'utf8');
  const [, script = ''] = /```\n(TEMPLATE=.*?)```/s.exec(text) ?? [];
  await plane.shell(script);
  expect(await found()).toBe('');
  const finalizersOf = async (name: string) =>
    (await plane.get('topic.weir.dev', name, '-n', 'shop')).metadata.finalizers;
  expect(await foundOthers()).toContain('shared');
  expect(await finalizersOf('shared')).toEqual(['example.com/mine']);
  expect(await finalizersOf('kept')).toEqual([FINALIZER]);
}, 400_000);

test('it asked for nothing beyond its namespaces, and was refused nothing but what it may not read yet', async () => {
  const entries = (await plane.audit()).filter(({ user }) => user.username === ACCOUNT);
  const placeOf = ({ objectRef }: AuditEntry): string => objectRef?.namespace ?? 'everywhere';
  expect([...new Set(entries.map(placeOf))].sort()).toEqual(['late', 'orders', 'shop', 'weir-system']);
  const refused = entries.filter(({ responseStatus }) => responseStatus?.code === 403);
  expect([...new Set(refused.map(placeOf))].sort()).toEqual(['late', 'shop']);
  expect([
    ...new Set(entries.filter((one) => placeOf(one) === 'weir-system').map(({ objectRef }) => objectRef?.resource)),
  ]).toEqual(['leases']);
  expect(told.filter((one) => one.startsWith('lost'))).toEqual([]);
});
