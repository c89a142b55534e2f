import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { KubernetesObject, ObjectPage, WatchEvent } from '../../../operator/ports/kubernetes.ts';
import { MemoryApi } from '../../support/kubernetes/memory-api.ts';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { group, topic } from '../../support/operator-manifests.ts';

const GROUPS = 1_000;
const IN = { clusterRef: { name: 'orders' } } as const;
const three = clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } } }, { name: 'orders', namespace: 'ns' });
const names = Array.from({ length: GROUPS }, (_, n) => `g${n}`);

/** What an operator keeps of objects is its own, as it is behind a connection. */
class CopyingApi extends MemoryApi {
  override async list(...args: Parameters<MemoryApi['list']>): Promise<ObjectPage> {
    const page = await super.list(...args);
    return { ...page, items: page.items.map(copied) };
  }

  override async *watch(...args: Parameters<MemoryApi['watch']>): AsyncGenerator<WatchEvent> {
    for await (const event of super.watch(...args))
      yield 'object' in event ? ({ ...event, object: copied(event.object) } as WatchEvent) : event;
  }

  override async applyStatus(...args: Parameters<MemoryApi['applyStatus']>): Promise<KubernetesObject> {
    return copied(await super.applyStatus(...args));
  }
}

const copied = (object: KubernetesObject): KubernetesObject => JSON.parse(JSON.stringify(object)) as KubernetesObject;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are in use, once what isn't is collected. */
async function heapUsed(): Promise<number> {
  // What ends in a turn of its own, such as finalizers of weak references, has had it.
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return process.memoryUsage().heapUsed;
}

let stage: OperatorStage;
/** What is remembered of a Cluster with a Topic. */
let few: ReturnType<OperatorStage['operator']['remembered']>;
let effectsBefore: number;
let looks = 0;

beforeAll(async () => {
  stage = new OperatorStage();
  stage.Api = CopyingApi;
  stage.world.declare(three);
  stage.world.declare({ ...topic('jobs', { ...IN, partitions: 3 }), metadata: { name: 'jobs', namespace: 'ns' } });
  stage.start();
  await stage.calm();
  few = stage.operator.remembered();
  const { brokers } = stage.world;
  const observe = brokers.admin.bind(brokers);
  brokers.admin = () => {
    looks += 1;
    return observe();
  };
  effectsBefore = stage.effects.length;
  for (const name of names) stage.world.declare({ ...group(name, ['jobs'], IN), metadata: { name, namespace: 'ns' } });
  await stage.calm();
}, 120_000);

afterAll(async () => {
  await stage.stop();
}, 60_000);

it('a thousand ShareGroups of one Cluster are brought to what they should be in few looks and writes', () => {
  const { brokers, store } = stage.world;
  const ready = store
    .all(TYPES.shareGroups)
    .filter((one) => JSON.stringify(at(one, 'status', 'conditions')).includes('"type":"Ready","status":"True"'));
  expect(ready).toHaveLength(GROUPS);
  expect(brokers.begun.size).toBe(3 * GROUPS);
  const effects = stage.effects.slice(effectsBefore);
  const count = (verb: RegExp): number => effects.filter((one) => verb.test(one)).length;
  expect(count(/^EnsureGroup/)).toBe(GROUPS);
  expect(count(/^BeginGroup/)).toBe(GROUPS);
  // Settings, then where it begins: a hundred a look, and some looks that only see that all is well.
  expect(looks).toBeLessThanOrEqual(60);
  // A status that says that it is at work on it and one that it is done, and an Event for each step.
  expect(count(/ShareGroup/)).toBeLessThanOrEqual(3 * GROUPS);
  expect(effects.length).toBeLessThanOrEqual(8 * GROUPS);
});

/** What an operator may hold for each ShareGroup: three times what it does. */
const BYTES_EACH = 15 << 10;

it('each of them costs an operator a few KiB', async () => {
  const withOperator = await heapUsed();
  await stage.stop();
  stage.effects.length = 0;
  const without = await heapUsed();
  stage.start();
  await stage.calm();
  expect((withOperator - without) / GROUPS).toBeLessThan(BYTES_EACH);
}, 60_000);

it('nothing of them is remembered once they are gone', async () => {
  const { statuses = Number.NaN } = Object.fromEntries(few);
  expect(Object.fromEntries(stage.operator.remembered())).toMatchObject({ statuses: statuses + GROUPS });
  for (const name of names) stage.world.store.delete(TYPES.shareGroups, { namespace: 'ns', name });
  await stage.calm();
  expect(stage.operator.remembered()).toEqual(few);
}, 60_000);
