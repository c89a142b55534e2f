// What the operator writes of its own kinds, on a real API server: statuses, finalizers, Events, and what kubectl makes of them.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { API_VERSION, FINALIZER, type Kind } from '../../operator/api/names.ts';
import { difference, type Draft, statusOf, summary } from '../../operator/core/conditions.ts';
import type { Declared } from '../../operator/core/declared.ts';
import type { ApiClient } from '../../operator/io/kubernetes/api-client.ts';
import { declaredOf } from '../../operator/io/kubernetes/custom.ts';
import { EventWriter } from '../../operator/io/kubernetes/event-writer.ts';
import { CUSTOM } from '../../operator/io/kubernetes/resources.ts';
import { objectWrites, statusIn } from '../../operator/io/kubernetes/status.ts';
import type { KubernetesObject } from '../../operator/ports/kubernetes.ts';
import { codeOf, messageOf, type OperatorError } from '../../operator/ports/operator-error.ts';
import { at } from '../support/kubernetes/rendered.ts';
import { ROOT } from '../tidy/tree.ts';
import { ControlPlane } from './harness/control-plane.ts';

const DONE = summary({ kind: 'done', reason: 'AsDeclared', message: 'all is as the manifest says' });

let plane: ControlPlane;
let api: ApiClient;

beforeAll(async () => {
  plane = await ControlPlane.start({ controllers: false });
  const names = await readdir(join(ROOT, 'crds'));
  await plane.applyCrds(await Promise.all(names.map(async (name) => readFile(join(ROOT, 'crds', name), 'utf8'))));
  api = await plane.client();
  await plane.kubectl('create', 'namespace', 'kept');
}, 300_000);
afterAll(async () => plane?.stop());

const declare = (kind: Kind, name: string, spec: object): Promise<unknown> =>
  plane.apply({ apiVersion: API_VERSION, kind, metadata: { name, namespace: 'kept' }, spec });
const topic = (name: string, partitions: number): Promise<unknown> =>
  declare('Topic', name, { clusterRef: { name: 'orders' }, partitions });
async function read(kind: Kind, name: string): Promise<Declared> {
  const object = await api.get(CUSTOM[kind], { namespace: 'kept', name });
  if (object === null) throw new Error(`there is no ${kind} ${name}`);
  return declaredOf(kind, object);
}
const write = (object: Declared, draft: Draft<Kind>): Promise<KubernetesObject> => {
  const at = { generation: object.generation, now: '2026-01-01T00:00:00Z' };
  return objectWrites(api).applyStatus(object, object.resourceVersion, statusOf(draft, statusIn(object), at));
};
const failure = (asked: Promise<unknown>): Promise<string> => asked.then(() => 'none', codeOf);
const waits = async (what: string): Promise<boolean> => {
  const waited = plane.kubectl('wait', '-n', 'kept', '--for=condition=Ready', '--timeout=1s', what);
  return waited.then(
    () => false,
    (error: unknown) => messageOf(error).includes('timed out'),
  );
};

describe('a status', () => {
  test('is waited for until it is of the generation that there is', async () => {
    await topic('jobs', 2);
    expect(await waits('topic/jobs')).toBe(true);
    await write(await read('Topic', 'jobs'), { judgements: DONE, fields: { partitions: 2, replicationFactor: 1 } });
    expect(await waits('topic/jobs')).toBe(false);
    await topic('jobs', 5);
    expect(await waits('topic/jobs')).toBe(true);
  }, 60_000);

  test('reads back as it was written, and is not written over what nobody saw', async () => {
    await topic('mail', 2);
    const seen = await read('Topic', 'mail');
    await topic('mail', 3);
    expect(await failure(write(seen, { judgements: DONE, fields: {} }))).toBe('CONFLICT');
    const now = await read('Topic', 'mail');
    const draft = {
      judgements: [...DONE, { ...DONE[0], type: 'Available' }] as Draft<Kind>['judgements'],
      fields: { partitions: 3 },
    };
    await write(now, draft);
    const after = await read('Topic', 'mail');
    const again = statusOf(draft, statusIn(after), { generation: after.generation, now: '2027-01-01T00:00:00Z' });
    expect(difference(statusIn(after), again)).toBe('none');
    await write(after, { judgements: DONE, fields: {} });
    expect(statusIn(await read('Topic', 'mail'))).toEqual({
      observedGeneration: 2,
      conditions: [expect.objectContaining({ type: 'Ready', lastTransitionTime: '2026-01-01T00:00:00Z' })],
    });
  });

  test('is what scales a Cluster', async () => {
    await declare('Cluster', 'orders', { brokers: { replicas: 3 } });
    const fields = {
      replicas: 2,
      readyReplicas: 2,
      selector: 'weir.dev/cluster=orders',
      listeners: [],
      drains: [{ nodeId: 2, replicasLeft: 7 }],
    };
    await write(await read('Cluster', 'orders'), { judgements: DONE, fields });
    const path = `/apis/${API_VERSION}/namespaces/kept/clusters/orders/scale`;
    const scale: unknown = JSON.parse(await plane.kubectl('get', '--raw', path));
    expect(at(scale, 'spec')).toEqual({ replicas: 3 });
    expect(at(scale, 'status')).toEqual({ replicas: 2, selector: 'weir.dev/cluster=orders' });
  });
});

describe('a finalizer', () => {
  test('keeps an object until it is dropped, and makes none anew', async () => {
    const writes = objectWrites(api);
    await topic('gone', 1);
    const before = await read('Topic', 'gone');
    await writes.setFinalizer(before, before.resourceVersion);
    await plane.kubectl('delete', '-n', 'kept', 'topic', 'gone', '--wait=false');
    const leaving = await read('Topic', 'gone');
    expect(leaving).toMatchObject({ isLeaving: true, finalizers: [FINALIZER], manifest: { spec: { partitions: 1 } } });
    expect(await failure(writes.dropFinalizer(leaving, before.resourceVersion))).toBe('CONFLICT');
    await writes.dropFinalizer(leaving, leaving.resourceVersion);
    expect(await api.get(CUSTOM.Topic, { namespace: 'kept', name: 'gone' })).toBeNull();
    expect(await failure(writes.setFinalizer(leaving, leaving.resourceVersion))).toBe('CONFLICT');
    expect(await failure(write(leaving, { judgements: DONE, fields: {} }))).toBe('NOT_FOUND');
    expect(await api.get(CUSTOM.Topic, { namespace: 'kept', name: 'gone' })).toBeNull();
  });

  test('leaves those of others alone', async () => {
    await topic('shared', 1);
    await plane.kubectl(
      'patch',
      '-n',
      'kept',
      'topic',
      'shared',
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":["example.com/mine"]}}',
    );
    const one = await read('Topic', 'shared');
    await objectWrites(api).setFinalizer(one, one.resourceVersion);
    const both = await read('Topic', 'shared');
    expect([...both.finalizers].sort()).toEqual(['example.com/mine', FINALIZER]);
    await objectWrites(api).dropFinalizer(both, both.resourceVersion);
    expect((await read('Topic', 'shared')).finalizers).toEqual(['example.com/mine']);
  });
});

describe('an Event', () => {
  test('is one with a count for what happens again, whoever writes it', async () => {
    await topic('told', 1);
    const about = await read('Topic', 'told');
    const troubles: OperatorError[] = [];
    const happening = { type: 'Warning', reason: 'StepFailed', message: 'create topic told: no space' } as const;
    for (const startMs of [0, 500_000]) {
      let nowMs = startMs;
      const times = { monotonicMs: () => nowMs, wallMs: () => Date.UTC(2026, 0) + nowMs };
      const writer = new EventWriter(api, times, (error) => troubles.push(error));
      for (let time = 0; time < 3; time += 1, nowMs += 60_000) await writer.tell(about, happening);
    }
    expect(troubles).toEqual([]);
    const list: unknown = JSON.parse(await plane.kubectl('get', 'events', '-n', 'kept', '-o', 'json'));
    expect(at(list, 'items')).toEqual([
      expect.objectContaining({ ...happening, count: 3, lastTimestamp: '2026-01-01T00:10:20Z' }),
    ]);
    expect(await plane.kubectl('describe', '-n', 'kept', 'topic', 'told')).toContain('create topic told: no space');
  });
});
