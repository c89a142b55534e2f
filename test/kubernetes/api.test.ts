// The operator's client, its views and its Lease on a real API server.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Leader, LEASES } from '../../operator/controllers/leader.ts';
import type { ApiClient } from '../../operator/io/kubernetes/api-client.ts';
import { writeOver } from '../../operator/io/kubernetes/bring.ts';
import { ANNOTATIONS } from '../../operator/io/kubernetes/objects/names.ts';
import { ListWatch } from '../../operator/io/kubernetes/list-watch.ts';
import { systemClock } from '../../operator/io/system-clock.ts';
import type { KubernetesObject, WatchEvent } from '../../operator/ports/kubernetes.ts';
import { isOperatorError } from '../../operator/ports/operator-error.ts';
import { at } from '../support/kubernetes/rendered.ts';
import { TYPES } from '../support/kubernetes/types.ts';
import { until } from '../support/kubernetes/until.ts';
import { Child } from '../wire/harness/child.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { ControlPlane } from './harness/control-plane.ts';
import { mortal } from './harness/mortal.ts';

const CONFIG_MAPS = TYPES.configMaps;
/** Long enough for a bookmark, which comes two seconds before the end. */
const WATCH_MS = 5000;
/** Two starts of an API server and more. */
const RESTARTS_MS = 300_000;

let plane: ControlPlane;
let api: ApiClient;

beforeAll(async () => {
  plane = await ControlPlane.start({ controllers: false });
  api = await plane.client();
  for (const name of ['pages', 'events', 'applied', 'leased', 'kept', 'quiet', 'words'])
    await plane.kubectl('create', 'namespace', name);
}, 300_000);
afterAll(async () => plane?.stop());

/** Of a namespace what this test made: every one has something of its own. */
const selection = (namespace: string) => ({ namespace, labels: 'test=yes' });
const map = (namespace: string, name: string, data: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name, labels: { test: 'yes' } },
  data,
});
const codeOf = async (asked: Promise<unknown>): Promise<string> => {
  try {
    await asked;
    return 'done';
  } catch (error) {
    if (!isOperatorError(error)) throw error;
    return error.code;
  }
};
/** Where a watch of a namespace begins that is to see what comes from now on. */
const now = async (namespace: string): Promise<string> =>
  (await api.list(CONFIG_MAPS, selection(namespace), { limit: 500 })).resourceVersion;

async function take(from: string, namespace: string, count: number): Promise<readonly WatchEvent[]> {
  const ends = new AbortController();
  const events: WatchEvent[] = [];
  for await (const event of api.watch(CONFIG_MAPS, selection(namespace), {
    resourceVersion: from,
    signal: ends.signal,
  })) {
    events.push(event);
    if (events.length === count) ends.abort();
  }
  return events;
}

const shortOf = (event: WatchEvent): string =>
  'object' in event ? `${event.kind} ${event.object.metadata.name}` : event.kind;
const versionOf = (event: WatchEvent | undefined): string =>
  event !== undefined && 'object' in event ? (event.object.metadata.resourceVersion ?? '') : '';

describe('an object that is written over what was read', () => {
  const owner = { name: 'orders', uid: 'f0a3c2a4-0000-4000-8000-000000000001' };
  const reference = { apiVersion: 'weir.dev/v1alpha1', kind: 'Cluster', ...owner, controller: true };
  const ours = (name: string, data: Record<string, string>): KubernetesObject => {
    const one = map('applied', name, data);
    // As rendering leaves it: by this what changed is known.
    const annotations = { [ANNOTATIONS.rendered]: JSON.stringify(data) };
    return { ...one, metadata: { ...one.metadata, annotations, ownerReferences: [reference] } };
  };
  const over = (one: KubernetesObject, read: KubernetesObject | null) =>
    writeOver(api, CONFIG_MAPS, one, { live: read, owner });
  const live = async (name: string): Promise<KubernetesObject | null> =>
    api.get(CONFIG_MAPS, { namespace: 'applied', name });

  test('is made and owned by what is applied alone: what is not applied any more goes', async () => {
    await over(ours('made', { stays: '1', goes: '1' }), null);
    const made = await live('made');
    const owners = (at(made, 'metadata', 'managedFields') as readonly object[]).map((one) => at(one, 'operation'));
    expect(owners).toEqual(['Apply']);
    await over(ours('made', { stays: '1' }), made);
    expect(await live('made')).toMatchObject({ data: { stays: '1' } });
    expect(at(await live('made'), 'data', 'goes')).toBeUndefined();
  });

  test('is left alone where there is another one, another version or none by then', async () => {
    const theirs = await api.create(CONFIG_MAPS, map('applied', 'taken', { theirs: '1' }));
    expect(await codeOf(over(ours('taken', { ours: '1' }), null))).toBe('ALREADY_EXISTS');
    expect(await live('taken')).toEqual(theirs);
    await over(ours('moved', { ours: '1' }), null);
    const read = await live('moved');
    await api.replace(CONFIG_MAPS, { ...(read ?? theirs), data: { theirs: '1' } });
    expect(await codeOf(over(ours('moved', { ours: '2' }), read))).toBe('CONFLICT');
    expect(await live('moved')).toMatchObject({ data: { theirs: '1' } });
    await api.delete(CONFIG_MAPS, { namespace: 'applied', name: 'moved' });
    expect(await codeOf(over(ours('moved', { ours: '2' }), read))).toBe('CONFLICT');
    expect(await live('moved')).toBeNull();
  });
});

describe('the client', () => {
  test('lists page by page', async () => {
    const names = Array.from({ length: 23 }, (_, index) => `m-${String(index).padStart(2, '0')}`);
    for (const name of names) await api.create(CONFIG_MAPS, map('pages', name));
    const seen: string[] = [];
    const sizes: number[] = [];
    for (let next: string | null = null; ; ) {
      const page = await api.list(CONFIG_MAPS, selection('pages'), { limit: 10, next });
      seen.push(...page.items.map(({ metadata }) => metadata.name));
      sizes.push(page.items.length);
      next = page.next;
      if (next === null) break;
    }
    expect(seen).toEqual(names);
    expect(sizes).toEqual([10, 10, 3]);
  });

  test('sees what happens in its order, and goes on where a watch ended', async () => {
    const start = await now('events');
    await api.create(CONFIG_MAPS, map('events', 'a', { n: '1' }));
    await api.apply(CONFIG_MAPS, map('events', 'a', { n: '2' }), { force: true });
    await api.create(CONFIG_MAPS, map('events', 'b'));
    await api.delete(CONFIG_MAPS, { namespace: 'events', name: 'a' });
    const events = await take(start, 'events', 5);
    expect(events.map(shortOf)).toEqual(['OPEN', 'ADDED a', 'MODIFIED a', 'ADDED b', 'DELETED a']);
    const rest = await take(versionOf(events[2]), 'events', 3);
    expect(rest.map(shortOf)).toEqual(['OPEN', 'ADDED b', 'DELETED a']);
  });

  test('has a word for each refusal', async () => {
    const made = await api.create(CONFIG_MAPS, map('words', 'a'));
    const name = { namespace: 'words', name: 'a' };
    expect(await codeOf(api.create(CONFIG_MAPS, map('words', 'a')))).toBe('ALREADY_EXISTS');
    expect(await codeOf(api.create(CONFIG_MAPS, map('words', 'Not A Name')))).toBe('INVALID');
    expect(await codeOf(api.create(CONFIG_MAPS, map('nowhere', 'a')))).toBe('NOT_FOUND');
    expect(await api.get(CONFIG_MAPS, { namespace: 'words', name: 'absent' })).toBeNull();
    expect(await api.delete(CONFIG_MAPS, { namespace: 'words', name: 'absent' })).toBe(false);
    const uid = '00000000-0000-4000-8000-000000000000';
    expect(await codeOf(api.delete(CONFIG_MAPS, name, { uid }))).toBe('CONFLICT');
    await api.replace(CONFIG_MAPS, { ...made, data: { n: '1' } });
    expect(await codeOf(api.replace(CONFIG_MAPS, { ...made, data: { n: '2' } }))).toBe('CONFLICT');
    const stranger = await plane.client(await plane.kubeconfigOf('no token at all'));
    expect(await codeOf(stranger.get(CONFIG_MAPS, name))).toBe('UNAUTHORIZED');
    await plane.kubectl('create', 'serviceaccount', 'nobody');
    const token = (await plane.kubectl('create', 'token', 'nobody')).trim();
    const nobody = await plane.client(await plane.kubeconfigOf(token));
    expect(await codeOf(nobody.get(CONFIG_MAPS, name))).toBe('FORBIDDEN');
    expect(await codeOf(api.list(CONFIG_MAPS, {}, { limit: 1, next: 'nonsense' }))).toBe('INVALID');
    const unknown = { ...CONFIG_MAPS, plural: 'configmappes' };
    expect(await codeOf(api.create(unknown, map('words', 'b')))).toBe('NOT_FOUND');
  });

  test('applies what is ours, leaves what is others’, and takes over only when told to', async () => {
    await api.apply(CONFIG_MAPS, map('applied', 'a', { ours: '1', gone: '1' }));
    await plane.kubectl('patch', 'configmap', 'a', '-n', 'applied', '-p', '{"data":{"theirs":"1"}}');
    await api.apply(CONFIG_MAPS, map('applied', 'a', { ours: '2' }));
    const name = { namespace: 'applied', name: 'a' };
    expect(at(await api.get(CONFIG_MAPS, name), 'data')).toEqual({ ours: '2', theirs: '1' });
    expect(await codeOf(api.apply(CONFIG_MAPS, map('applied', 'a', { ours: '2', theirs: '2' })))).toBe('CONFLICT');
    await api.apply(CONFIG_MAPS, map('applied', 'a', { ours: '2', theirs: '2' }), { force: true });
    const { resourceVersion } = (await api.get(CONFIG_MAPS, name))?.metadata ?? {};
    const again = await api.apply(CONFIG_MAPS, map('applied', 'a', { ours: '2', theirs: '2' }), { force: true });
    expect([at(again, 'data'), again.metadata.resourceVersion]).toEqual([{ ours: '2', theirs: '2' }, resourceVersion]);
  });
});

describe('a view', () => {
  test(
    'is kept through restarts of the API server, one of which forgets what was',
    async () => {
      const heard: string[] = [];
      const troubles = new Set<string>();
      const view = new ListWatch<string>(
        { api, clock: systemClock, random: () => 0 },
        {
          type: CONFIG_MAPS,
          selection: { namespace: 'kept', labels: 'kept=yes' },
          select: ({ metadata }) => metadata.name,
          handle: (key, value) => heard.push(`${key} ${value === null ? 'gone' : 'there'}`),
          trouble: ({ code }) => troubles.add(code),
        },
        { backoff: { minMs: 50, maxMs: 200 }, healthyMs: 5000 },
      );
      const kept = (name: string): KubernetesObject => {
        const object = map('kept', name);
        return { ...object, metadata: { ...object.metadata, labels: { kept: 'yes' } } };
      };
      try {
        await api.create(CONFIG_MAPS, kept('before'));
        await view.synced;
        await until(() => heard.includes('kept/before there'));
        await plane.restartApiServer();
        await api.create(CONFIG_MAPS, kept('after'));
        await api.create(CONFIG_MAPS, map('kept', 'other'));
        await api.delete(CONFIG_MAPS, { namespace: 'kept', name: 'before' });
        await until(() => heard.includes('kept/before gone'));
        expect([...new Set(heard)].sort()).toEqual(['kept/after there', 'kept/before gone', 'kept/before there']);
        expect([...view.keys()]).toEqual(['kept/after']);
        await plane.restartApiServer(async () => {
          await plane.forgetHistory();
        });
        await api.create(CONFIG_MAPS, kept('later'));
        await until(() => heard.includes('kept/later there'));
        expect([...view.keys()].sort()).toEqual(['kept/after', 'kept/later']);
        expect(troubles).toContain('UNREACHABLE');
        expect(await codeOf(take('1', 'kept', 2))).toBe('EXPIRED');
      } finally {
        await view.stop();
      }
    },
    RESTARTS_MS,
  );

  test('of where nothing happens is told of what happens elsewhere before the server ends it, so that it goes on from there', async () => {
    const brief = await plane.client(plane.kubeconfig, { watchMs: WATCH_MS });
    const resourceVersion = await now('quiet');
    const told: string[] = [];
    let [happened, version] = ['', ''];
    const { signal } = new AbortController();
    for await (const event of brief.watch(CONFIG_MAPS, selection('quiet'), { resourceVersion, signal })) {
      told.push(event.kind);
      if (event.kind === 'OPEN') {
        const other = await api.create(CONFIG_MAPS, map('events', 'elsewhere'));
        happened = other.metadata.resourceVersion ?? '';
      }
      if (event.kind === 'BOOKMARK') version = event.resourceVersion;
    }
    expect([...new Set(told)]).toEqual(['OPEN', 'BOOKMARK']);
    expect(Number(version)).toBeGreaterThanOrEqual(Number(happened));
  });
});

test('of two candidates for the Lease one leads, and the other as soon as that one stops', async () => {
  const log: string[] = [];
  const lease = { namespace: 'leased', name: 'weir-operator' };
  const candidate = (identity: string): Leader =>
    new Leader(
      { api, clock: systemClock, random: Math.random, wallTime: () => `${new Date().toISOString().slice(0, -1)}000Z` },
      { lease, identity, times: { durationMs: 3000, holdMs: 2000, retryMs: 100 } },
      {
        lead: () => log.push(`${identity} leads`),
        lost: (why) => log.push(`${identity} lost: ${why}`),
        trouble: ({ code }) => log.push(`${identity} ${code}`),
      },
    );
  const first = candidate('first');
  await until(() => log.includes('first leads'));
  const second = candidate('second');
  const seen = await waitFor('it is renewed', async () => {
    const renewed = at(await api.get(LEASES, lease), 'spec', 'renewTime');
    return renewed === at(await api.get(LEASES, lease), 'spec', 'acquireTime') ? null : String(renewed);
  });
  expect(seen).toMatch(/^\d{4}-/);
  expect([log, first.isHolding(), second.isHolding()]).toEqual([['first leads'], true, false]);
  await first.stop();
  await until(() => log.includes('second leads'));
  expect(at(await api.get(LEASES, lease), 'spec')).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
  await second.stop();
  expect(log).toEqual(['first leads', 'second leads']);
});

test('what a control plane starts ends with the process that has started it, however that ends', async () => {
  const { command, args } = mortal('sleep', ['600']);
  const script = `console.log(require('node:child_process').spawn('${command}', ${JSON.stringify(args)}).pid); setInterval(() => {}, 1000)`;
  const pids: string[] = [];
  const parent = new Child({
    command: process.execPath,
    args: ['-e', script],
    logFile: join(plane.directory, 'parent.log'),
    onLine: (line) => pids.push(line),
  });
  const commandLine = async (): Promise<string> => readFile(`/proc/${pids[0]}/cmdline`, 'utf8').catch(() => '');
  await waitFor('it runs', async () => (await commandLine()).startsWith('sleep'));
  await parent.kill();
  await waitFor('it has ended', async () => (await commandLine()) === '');
});
