import { describe, expect, it } from '@jest/globals';
import { at, listAt } from '../../../../../operator/io/kubernetes/objects/fields.ts';
import type { KubernetesObject } from '../../../../../operator/ports/kubernetes.ts';
import { configMap, onStage, pod, shareGroup } from '../../../../support/kubernetes/stage.ts';
import { TYPES } from '../../../../support/kubernetes/types.ts';

const { budgets, configMaps, deployments, leases, pods, shareGroups, statefulSets } = TYPES;
const CONFIG = { namespace: 'ns', name: 'a' };

describe('an API client', () => {
  it('creates, reads, lists by pages and labels, replaces and deletes', () =>
    onStage(async ({ client }) => {
      const api = client();
      expect(await api.get(configMaps, CONFIG)).toBeNull();
      const made = await api.create(configMaps, configMap('a', { x: '1' }));
      expect(await api.get(configMaps, CONFIG)).toEqual(made);
      await api.create(configMaps, configMap('b', {}, { labels: { app: 'weir' } }));
      const first = await api.list(configMaps, { namespace: 'ns' }, { limit: 1 });
      const second = await api.list(configMaps, { namespace: 'ns' }, { limit: 1, next: first.next });
      expect([...first.items, ...second.items].map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
        'ConfigMap a',
        'ConfigMap b',
      ]);
      expect(second.next).toBeNull();
      const labelled = await api.list(configMaps, { labels: 'app=weir' }, { limit: 10 });
      expect(labelled.items.map(({ metadata }) => metadata.name)).toEqual(['b']);
      const changed = await api.replace(configMaps, { ...made, data: { x: '2' } });
      expect(changed['data']).toEqual({ x: '2' });
      expect(await api.delete(configMaps, CONFIG)).toBe(true);
      expect(await api.delete(configMaps, CONFIG)).toBe(false);
    }));

  it('names what the server refuses by a code and the server own words', () =>
    onStage(async ({ client }) => {
      const api = client();
      const made = await api.create(configMaps, configMap('a'));
      await expect(api.create(configMaps, configMap('a'))).rejects.toMatchObject({
        code: 'ALREADY_EXISTS',
        message: 'create configmaps ns/a: configmaps "a" already exists',
        fatal: false,
      });
      await api.replace(configMaps, { ...made, data: { x: '2' } });
      await expect(api.replace(configMaps, { ...made, data: { x: '3' } })).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(api.delete(configMaps, CONFIG, { uid: 'another' })).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(api.create(configMaps, pod('x'))).rejects.toMatchObject({ code: 'INVALID', fatal: true });
      await expect(api.get({ ...configMaps, plural: 'none' }, CONFIG)).resolves.toBeNull();
    }));

  it('gives up what it created: what it applies from then on is all that it has', () =>
    onStage(async ({ client, server }) => {
      const api = client();
      const made = await api.create(configMaps, configMap('a', { stays: '1', goes: '1' }));
      const human = { manager: 'kubectl', subresource: '' } as const;
      server.store.update(configMaps, CONFIG, human, (live) => ({
        ...live,
        data: { ...(live['data'] as object), theirs: '1' },
      }));
      await expect(api.disown(configMaps, made)).rejects.toMatchObject({ code: 'CONFLICT' });
      const applied = await api.apply(configMaps, configMap('a', { stays: '1', goes: '1' }));
      const owners = (object: unknown): unknown[] =>
        listAt(object, 'metadata', 'managedFields').map(
          (one) => `${String(at(one, 'manager'))} ${String(at(one, 'operation'))}`,
        );
      expect(owners(await api.disown(configMaps, applied)).sort()).toEqual(['kubectl Update', 'weir-operator Apply']);
      const after = await api.apply(configMaps, configMap('a', { stays: '1' }));
      expect(after['data']).toEqual({ stays: '1', theirs: '1' });
    }));

  it('takes a finalizer away whoever has set it, from the version that was seen and no other', () =>
    onStage(async ({ client, server }) => {
      const api = client();
      const made = await api.apply(configMaps, configMap('a', {}, { finalizers: ['weir.dev/own'] }));
      const both = server.store.update(configMaps, CONFIG, { manager: 'restore', subresource: '' }, (live) => ({
        ...live,
        metadata: { ...live.metadata, finalizers: ['weir.dev/own', 'weir.dev/theirs', 'example.com/mine'] },
      }));
      const finalizers = ['example.com/mine'];
      const left = ({ metadata: { uid, resourceVersion } }: KubernetesObject): KubernetesObject =>
        configMap('a', {}, { uid, resourceVersion, finalizers });
      await expect(api.setFinalizers(configMaps, left(made))).rejects.toMatchObject({ code: 'CONFLICT' });
      expect((await api.setFinalizers(configMaps, left(both))).metadata.finalizers).toEqual(finalizers);
    }));

  it('applies as one field manager: what it no longer names goes, what others wrote stays or is a conflict', () =>
    onStage(async ({ client, server }) => {
      const api = client();
      await api.apply(configMaps, configMap('a', { ours: '1', dropped: '1' }));
      const human = { manager: 'kubectl', subresource: '' } as const;
      server.store.update(configMaps, CONFIG, human, (live) => ({
        ...live,
        data: { ...(live['data'] as object), theirs: '1' },
      }));
      const applied = await api.apply(configMaps, configMap('a', { ours: '1' }));
      expect(applied['data']).toEqual({ ours: '1', theirs: '1' });
      await expect(api.apply(configMaps, configMap('a', { ours: '1', theirs: '2' }))).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('conflict with "kubectl": .data.theirs'),
      });
      const forced = await api.apply(configMaps, configMap('a', { ours: '1', theirs: '2' }), { force: true });
      expect(forced['data']).toEqual({ ours: '1', theirs: '2' });
    }));

  it('writes nothing when what it applies is there already', () =>
    onStage(async ({ client, server }) => {
      const api = client();
      const once = await api.apply(configMaps, configMap('a', { x: '1' }));
      const { revision } = server.store;
      const twice = await api.apply(configMaps, configMap('a', { x: '1' }));
      expect(twice.metadata.resourceVersion).toBe(once.metadata.resourceVersion);
      expect(server.store.revision).toBe(revision);
    }));

  it('writes status through its subresource alone, and a generation counts changes of the spec', () =>
    onStage(async ({ client }) => {
      const api = client();
      const status = { conditions: [{ type: 'Ready', status: 'True' }] };
      const made = await api.apply(shareGroups, { ...shareGroup('g'), status });
      expect(made['status']).toBeUndefined();
      const { spec: _spec, ...named } = shareGroup('g');
      const written = await api.applyStatus(shareGroups, { ...named, status });
      expect(written).toMatchObject({ status, spec: made['spec'], metadata: { generation: 1 } });
      const changed = await api.apply(shareGroups, shareGroup('g', ['u']));
      expect(changed).toMatchObject({ status, metadata: { generation: 2 } });
    }));

  it('evicts within the disruption budget, and says so at once when that forbids it', () =>
    onStage(async ({ client, server }) => {
      const api = client();
      await api.create(pods, pod('p', { app: 'weir' }));
      const budget = {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'b', namespace: 'ns' },
        spec: { selector: { matchLabels: { app: 'weir' } } },
      };
      await api.apply(budgets, budget);
      await api.applyStatus(budgets, { ...budget, status: { disruptionsAllowed: 0 } });
      await expect(api.evict({ namespace: 'ns', name: 'p' })).rejects.toMatchObject({ code: 'BLOCKED', fatal: false });
      const asked = (): Promise<boolean> => api.evict({ namespace: 'ns', name: 'p' }, {}, { dryRun: true });
      await expect(asked()).rejects.toMatchObject({ code: 'BLOCKED' });
      await api.applyStatus(budgets, { ...budget, status: { disruptionsAllowed: 1 } });
      expect(await asked()).toBe(true);
      expect(server.store.find(pods, 'ns', 'p')).not.toBeNull();
      expect(await api.evict({ namespace: 'ns', name: 'p' })).toBe(true);
      expect(server.store.find(pods, 'ns', 'p')).toBeNull();
      expect(await api.evict({ namespace: 'ns', name: 'p' })).toBe(false);
    }));

  it('scales what may be scaled, if it is as it was seen', () =>
    onStage(async ({ client, server }) => {
      const api = client();
      expect(await api.scaleOf(deployments, CONFIG)).toBeNull();
      const spec = { replicas: 0, template: {} };
      await api.create(deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: CONFIG, spec });
      const before = await api.scaleOf(deployments, CONFIG);
      const { resourceVersion } = server.store.find(deployments, 'ns', 'a')?.metadata ?? {};
      expect(before).toEqual({ replicas: 0, resourceVersion });
      if (before === null) return;
      await api.setScale(deployments, CONFIG, { ...before, replicas: 3 });
      expect(server.store.find(deployments, 'ns', 'a')?.['spec']).toEqual({ replicas: 3, template: {} });
      await expect(api.setScale(deployments, CONFIG, { ...before, replicas: 5 })).rejects.toMatchObject({
        code: 'CONFLICT',
      });
      expect(await api.scaleOf(deployments, CONFIG)).toMatchObject({ replicas: 3 });
    }));

  it('refuses a name that would lead elsewhere and escapes the rest', () =>
    onStage(async ({ client, server }) => {
      const api = client();
      await expect(api.get(configMaps, { namespace: 'ns', name: '..' })).rejects.toMatchObject({ code: 'INVALID' });
      expect(await api.get(configMaps, { namespace: 'ns', name: 'a/../../x?y' })).toBeNull();
      expect(server.requests.map(({ path }) => path)).toEqual(['/api/v1/namespaces/ns/configmaps/a%2F..%2F..%2Fx%3Fy']);
    }));
});

describe('an API client in trouble', () => {
  const busy = (status: number) =>
    ({ kind: 'answer', status, headers: { 'retry-after': '0' }, body: '{"message":"later"}' }) as const;

  it('asks again when the server says when, and gives up when that is beyond the deadline or unsaid', () =>
    onStage(async ({ client, proxy, server }) => {
      const api = client({ deadlineMs: 30_000 });
      for (const status of [429, 503]) proxy.spoil({}, busy(status), 2);
      expect(await api.create(configMaps, configMap('a'))).toMatchObject({ metadata: { name: 'a' } });
      expect(server.requests).toHaveLength(1);
      proxy.spoil({}, { ...busy(429), headers: { 'retry-after': '31' } });
      await expect(api.get(configMaps, CONFIG)).rejects.toMatchObject({ code: 'THROTTLED', retryAfterMs: 31_000 });
      proxy.spoil({}, { kind: 'answer', status: 503, body: '<html>' });
      await expect(api.get(configMaps, CONFIG)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: 'get configmaps ns/a: status 503; it is asked again; its own log may say more',
      });
    }));

  it('says what kept the answer away: silence, a reset, a lost answer, an error, no JSON', () =>
    onStage(async ({ client, proxy, server }) => {
      const api = client();
      proxy.spoil({}, { kind: 'silence' });
      await expect(client({ deadlineMs: 50 }).get(leases, CONFIG)).rejects.toMatchObject({ code: 'TIMEOUT' });
      proxy.spoil({}, { kind: 'reset' });
      await expect(api.get(leases, CONFIG)).rejects.toMatchObject({ code: 'UNREACHABLE', fatal: false });
      proxy.spoil({}, { kind: 'lost answer' });
      await expect(api.create(configMaps, configMap('a'))).rejects.toMatchObject({ code: 'UNREACHABLE' });
      expect(server.store.find(configMaps, 'ns', 'a')).not.toBeNull();
      proxy.spoil({}, { kind: 'answer', status: 500 });
      await expect(api.get(leases, CONFIG)).rejects.toMatchObject({ code: 'INTERNAL', fatal: false });
      proxy.spoil({}, { kind: 'answer', status: 200, body: 'what?' });
      await expect(api.get(leases, CONFIG)).rejects.toMatchObject({ code: 'BAD_ANSWER' });
      proxy.spoil({}, { kind: 'answer', status: 403, body: '{"message":"secrets is forbidden"}' });
      await expect(api.get(leases, CONFIG)).rejects.toMatchObject({
        code: 'FORBIDDEN',
        fatal: true,
        message: expect.stringContaining('secrets is forbidden'),
      });
    }));

  it('ends an answer that comes too slowly at the deadline', () =>
    onStage(async ({ client, proxy }) => {
      await client().create(configMaps, configMap('a', { x: 'y'.repeat(4000) }));
      proxy.spoil({}, { kind: 'drip', bytes: 1 });
      await expect(client({ deadlineMs: 100 }).get(configMaps, CONFIG)).rejects.toMatchObject({ code: 'TIMEOUT' });
    }));

  it('refuses a token of a list that was compacted away', () =>
    onStage(async ({ client, server }) => {
      const api = client();
      for (const name of ['a', 'b']) await api.create(configMaps, configMap(name));
      const { next } = await api.list(configMaps, {}, { limit: 1 });
      server.compact();
      await expect(api.list(configMaps, {}, { limit: 1, next })).rejects.toMatchObject({ code: 'EXPIRED' });
    }));
});

describe('the API server of the tests', () => {
  it('keeps an object with finalizers until the last is gone, and deletes what belongs to it', () =>
    onStage(async ({ client, server }) => {
      const api = client();
      const owner = await api.apply(configMaps, configMap('a', {}, { finalizers: ['weir.dev/x'] }));
      const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: owner.metadata.uid ?? '' };
      await api.apply(configMaps, configMap('child', {}, { ownerReferences: [reference] }));
      await api.delete(configMaps, CONFIG);
      expect((await api.get(configMaps, CONFIG))?.metadata.deletionTimestamp).toBeDefined();
      await api.apply(configMaps, configMap('a'));
      expect(server.store.all(configMaps)).toEqual([]);
    }));

  it('merges lists by their keys, field by field', () =>
    onStage(async ({ client, server }) => {
      const api = client();
      const sts = (image: string, more: object = {}) => ({
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: 's', namespace: 'ns' },
        spec: { template: { spec: { containers: [{ name: 'broker', image, ...more }] } } },
      });
      await api.apply(statefulSets, sts('weir:1', { args: ['a'] }));
      const name = { namespace: 'ns', name: 's' };
      const sidecar = { name: 'mesh', image: 'mesh:1' };
      server.store.update(statefulSets, name, { manager: 'injector', subresource: '' }, (live) => {
        const broker = { name: 'broker', image: 'weir:1', args: ['a'], env: [{ name: 'MESH', value: '1' }] };
        return { ...live, spec: { template: { spec: { containers: [broker, sidecar] } } } };
      });
      const applied = await api.apply(statefulSets, sts('weir:2'));
      const broker = { name: 'broker', image: 'weir:2', env: [{ name: 'MESH', value: '1' }] };
      expect(applied['spec']).toEqual({ template: { spec: { containers: [broker, sidecar] } } });
      const managers = (applied.metadata as unknown as { managedFields: { manager: string }[] }).managedFields;
      expect(managers.map(({ manager }) => manager).sort()).toEqual(['injector', 'weir-operator']);
    }));
});
