// What KEDA asks of an operator, by a client that is made of the .proto.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, credentials, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { serveKeda } from '../../../../broker/cli/operator/keda-server.ts';
import { Certificates } from '../../../../broker/io/tls/certificates.ts';
import type { ShareGroup } from '../../../../operator/api/kinds.ts';
import type { Backlogs } from '../../../../operator/controllers/backlogs.ts';
import { Operator } from '../../../../operator/main.ts';
import { OperatorError } from '../../../../operator/ports/operator-error.ts';
import { createAuthority, type Issued } from '../../../support/certificates.ts';
import { MemoryApi } from '../../../support/kubernetes/memory-api.ts';
import { certify, OperatorStage } from '../../../support/kubernetes/operator-stage.ts';
import { clusterOf, SITE } from '../../../support/kubernetes/rendered.ts';
import { TYPES } from '../../../support/kubernetes/types.ts';
import { group, topic } from '../../../support/operator-manifests.ts';
import { SILENT, until } from './stage.ts';

const proto = protobuf.parse(
  readFileSync(new URL('../../../../operator/io/keda/externalscaler.proto', import.meta.url), 'utf8'),
  { keepCase: true },
).root;
const service = proto.lookupService('externalscaler.ExternalScaler');

const authority = createAuthority('keda');
const stranger = createAuthority('another');
const materialOf = ({ cert, key }: Issued, ca = authority.ca) => ({
  cert: Buffer.from(cert),
  key: Buffer.from(key),
  ca: Buffer.from(ca),
});
const own = authority.issue('weir://operator');

type Answer = Readonly<Record<string, unknown>>;
interface Told {
  readonly code: number;
  readonly answer: Answer | null;
  readonly details: string;
}

/** KEDA's end of a connection. */
class Keda {
  readonly client: Client;

  constructor(port: number, mine: Issued | null = authority.issue('weir://keda'), ca = authority.ca) {
    const [key, cert] = mine === null ? [null, null] : [Buffer.from(mine.key), Buffer.from(mine.cert)];
    const trust = credentials.createSsl(Buffer.from(ca), key, cert, { checkServerIdentity: () => undefined });
    this.client = new Client(`127.0.0.1:${port}`, trust, { 'grpc.ssl_target_name_override': 'weir-operator-keda' });
  }

  #method(name: string) {
    const { requestType, responseType } = service.methods[name] ?? {};
    const [asked, answered] = [proto.lookupType(String(requestType)), proto.lookupType(String(responseType))];
    return {
      path: `/externalscaler.ExternalScaler/${name}`,
      write: (request: object) => Buffer.from(asked.encode(asked.create(request)).finish()),
      read: (bytes: Buffer): Answer =>
        answered.toObject(answered.decode(bytes), { longs: Number, defaults: true, arrays: true }),
    };
  }

  ask(name: string, request: object | Buffer): Promise<Told> {
    const { path, write, read } = this.#method(name);
    const same = (bytes: Buffer): Buffer => bytes;
    const bytes = Buffer.isBuffer(request) ? request : write(request);
    return new Promise((resolve) => {
      this.client.makeUnaryRequest(path, same, read, bytes, { deadline: Date.now() + 20_000 }, (error, answer) =>
        resolve({ code: error?.code ?? status.OK, answer: answer ?? null, details: error?.details ?? '' }),
      );
    });
  }

  /** Asks for a stream: what came so far, and how it ended. */
  follow(request: object): { readonly told: unknown[]; readonly ended: number[]; cancel(): void } {
    const { path, write, read } = this.#method('StreamIsActive');
    const call = this.client.makeServerStreamRequest(path, write, read, request);
    const [told, ended]: [unknown[], number[]] = [[], []];
    call.on('data', (answer: Answer) => told.push(answer['result']));
    call.on('status', ({ code }: { readonly code: number }) => ended.push(code));
    call.on('error', () => undefined);
    return { told, ended, cancel: () => call.cancel() };
  }
}

const external = (name: string, namespace = 'ns'): ShareGroup => ({
  ...group(name, ['jobs'], {
    scaling: {
      mode: 'External',
      minReplicas: 1,
      maxReplicas: 10,
      backlogPerReplica: 250,
      stabilizationSeconds: 60,
      scaleUpPercent: 100,
      scaleDownPercent: 50,
    },
  }),
  metadata: { name, namespace },
});
const refOf = (shareGroup: string, more: object = {}) => ({
  name: 'workers-scaled',
  namespace: 'ns',
  scalerMetadata: { scalerAddress: 'weir-operator-keda:9186', shareGroup, ...more },
});
const metric = (shareGroup: string, more: object = {}) => ({
  scaledObjectRef: refOf(shareGroup, more),
  metricName: 'backlog',
});

let stage: OperatorStage;
let waiting: Operator;
let backlogs: Backlogs;
let served: { readonly port: number; close(): void };
let keda: Keda;
let isDown = false;
let isStuck = false;
const troubles: string[] = [];

/** Lets the operator that leads do what it has to. */
const calm = (): Promise<void> => stage.calm();
const leave = (records: number | null, name = 'workers'): void => {
  const { groups } = stage.world.brokers;
  const { backlogs: _old, ...known } = groups.get(name) ?? { type: 'share', config: new Map() };
  groups.set(name, { ...known, ...(records === null ? {} : { backlogs: new Map([['jobs', records]]) }) });
};

beforeEach(async () => {
  isDown = false;
  isStuck = false;
  troubles.length = 0;
  stage = new OperatorStage();
  const { world, clock } = stage;
  const metadata = { name: 'c', namespace: 'ns' };
  world.declare(clusterOf({ brokers: { replicas: 1 } }, metadata));
  world.declare({ ...topic('jobs'), metadata: { name: 'jobs', namespace: 'ns' } });
  world.declare(external('workers'));
  const builtin = { ...external('builtin') };
  const target = { kind: 'Deployment', name: 'w' } as const;
  const { scaling } = builtin.spec;
  if (scaling === undefined) throw new Error('it has some');
  world.declare({ ...builtin, spec: { ...builtin.spec, scaling: { ...scaling, mode: 'Builtin', targetRef: target } } });
  world.declare(external('elsewhere', 'other'));
  stage.start();
  await calm();
  // Another replica, which waits for the Lease.
  const dialer = world.dialer();
  const api = new MemoryApi(world.store);
  const tools = { api, leaseApi: api, certify, clock, random: () => 0, wallMs: () => 0, wallTime: () => '' };
  const lease = { namespace: 'weir-system', name: 'weir-operator' };
  const listener = {
    lead: () => undefined,
    lost: () => undefined,
    trouble: (what: string, error: OperatorError) => troubles.push(`${what}: ${error.code}: ${error.message}`),
  };
  waiting = new Operator(
    {
      ...tools,
      dialer: {
        ...dialer,
        connect: async (cluster, nodes) => {
          const admin = await dialer.connect(cluster, nodes);
          const down = new OperatorError('UNREACHABLE', 'nobody is there');
          const observe: typeof admin.observe = async (question) => {
            if (isDown) throw down;
            const seen = await admin.observe(question);
            // As it was then.
            return { ...seen, groups: new Map(seen.groups) };
          };
          const close = async (): Promise<void> => {
            await admin.close();
            if (isStuck) throw new Error('it is stuck');
          };
          return { ...admin, observe, close };
        },
      },
    },
    { namespaces: [], lease, identity: 'waits', site: SITE, workers: 1 },
    listener,
  );
  backlogs = waiting.backlogs();
  const certificates = new Certificates(materialOf(own), SILENT);
  served = await new Promise((resolve, reject) =>
    serveKeda({ host: '127.0.0.1', port: 0, certificates, clock }, backlogs, (failure, listener) =>
      listener === null ? reject(new Error(String(failure))) : resolve(listener),
    ),
  );
  keda = new Keda(served.port);
});
afterEach(async () => {
  keda.client.close();
  served.close();
  await backlogs.close();
  const ending = waiting.stop();
  await stage.stop();
  await ending;
});

describe('KEDA asks an operator that does not lead', () => {
  test('by what a group is scaled, how much of it there is, and whether there is anything to do', async () => {
    expect(waiting.isLeading()).toBe(false);
    leave(5_000_000_000);
    const spec = [{ metricName: 'backlog', targetSize: 250, targetSizeFloat: 250 }];
    expect(await keda.ask('GetMetricSpec', refOf('workers'))).toMatchObject({ answer: { metricSpecs: spec } });
    const values = [{ metricName: 'backlog', metricValue: 5_000_000_000, metricValueFloat: 5_000_000_000 }];
    expect(await keda.ask('GetMetrics', metric('workers'))).toMatchObject({ answer: { metricValues: values } });
    expect(await keda.ask('IsActive', refOf('workers'))).toMatchObject({ answer: { result: true } });
    leave(0);
    stage.clock.advance(6_000);
    expect(await keda.ask('IsActive', refOf('workers'))).toMatchObject({ code: status.OK, answer: { result: false } });
  });

  test('and is told nothing rather than what is not known', async () => {
    leave(null);
    for (const [name, request] of [
      ['IsActive', refOf('workers')],
      ['GetMetrics', metric('workers')],
    ] as const)
      expect(await keda.ask(name, request)).toMatchObject({
        code: status.UNAVAILABLE,
        answer: null,
        details: 'the coordinator of the group does not tell how much is left of topic jobs',
      });
    expect(await keda.ask('GetMetricSpec', refOf('workers'))).toMatchObject({ code: status.OK });
  });

  test('and is told nothing that is half a minute old', async () => {
    leave(7);
    const told = async (): Promise<unknown> => {
      const { code, answer } = await keda.ask('GetMetrics', metric('workers'));
      const [value] = (answer?.['metricValues'] ?? []) as readonly Answer[];
      return code === status.OK ? value?.['metricValue'] : code;
    };
    expect(await told()).toBe(7);
    isDown = true;
    leave(0);
    for (const [ms, answer] of [
      [20_000, 7],
      [9_000, 7],
      [2_000, status.UNAVAILABLE],
    ]) {
      stage.clock.advance(Number(ms));
      expect(await told()).toBe(answer);
    }
    isDown = false;
    expect(await told()).toBe(0);
  });

  test('and what can’t be closed of a connection that failed, or that nobody asks by any more, is told and no more', async () => {
    isStuck = true;
    isDown = true;
    expect(await keda.ask('IsActive', refOf('workers'))).toMatchObject({ code: status.UNAVAILABLE });
    expect(troubles).toEqual(['closing a connection: NOT_CLOSED: it is stuck']);
    isDown = false;
    leave(7);
    expect(await keda.ask('IsActive', refOf('workers'))).toMatchObject({ answer: { result: true } });
    stage.world.store.delete(TYPES.clusters, { namespace: 'ns', name: 'c' });
    await until(() => troubles.length === 2);
    expect(backlogs.count).toBe(0);
  });

  test('for groups of the namespace of its own object, whatever the trigger says', async () => {
    leave(7);
    expect(await keda.ask('IsActive', refOf('workers', { namespace: 'other' }))).toMatchObject({ code: status.OK });
    expect(await keda.ask('IsActive', refOf('elsewhere', { namespace: 'other' }))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: 'there is no ShareGroup ns/elsewhere',
    });
    const { code } = await keda.ask('IsActive', { ...refOf('elsewhere'), namespace: 'other' });
    // Its Cluster is none that is there.
    expect(code).toBe(status.UNAVAILABLE);
  });

  test('for groups that may name their Cluster, and no others', async () => {
    const tenants = [{ namespace: 'shop', prefix: 'shop.' }];
    stage.world.declare(clusterOf({ brokers: { replicas: 1 }, tenants }, { name: 'c', namespace: 'ns' }));
    const tenant = (name: string, namespace: string): void => {
      const { spec, ...rest } = external(name, namespace);
      stage.world.declare({
        ...rest,
        spec: { ...spec, clusterRef: { name: 'c', namespace: 'ns' }, topics: ['shop.a'] },
      });
    };
    tenant('shop.workers', 'shop');
    tenant('workers', 'shop');
    tenant('shop.workers', 'stranger');
    await calm();
    const told = async (name: string, namespace: string): Promise<string> =>
      (await keda.ask('GetMetricSpec', { ...refOf(name), namespace })).details;
    expect(await told('shop.workers', 'shop')).toBe('');
    expect(await told('workers', 'shop')).toBe(
      'ShareGroup shop/workers must begin with "shop.", which Cluster ns/c has for namespace shop',
    );
    expect(await told('shop.workers', 'stranger')).toBe(
      'ShareGroup stranger/shop.workers names Cluster ns/c, which does not have namespace stranger in its spec.tenants',
    );
  });

  test('for a group by the oldest that claims it, and by no other (O14)', async () => {
    leave(7);
    const { spec, ...rest } = external('younger');
    stage.world.declare({ ...rest, spec: { ...spec, groupId: 'workers' } });
    await calm();
    const told = (name: string): Promise<Told> => keda.ask('IsActive', refOf(name));
    expect(await told('younger')).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: 'group workers belongs to ShareGroup ns/workers, not to ShareGroup ns/younger',
    });
    expect(await told('workers')).toMatchObject({ code: status.OK });
    stage.world.store.delete(TYPES.shareGroups, { namespace: 'ns', name: 'workers' });
    await calm();
    expect(await told('younger')).toMatchObject({ code: status.OK });
  });

  test('and is told what is wrong with a trigger', async () => {
    const failure = async (name: string, request: object | Buffer) => {
      const { code, details } = await keda.ask(name, request);
      return [code, details];
    };
    expect(await failure('IsActive', refOf('builtin'))).toEqual([
      status.FAILED_PRECONDITION,
      'ShareGroup ns/builtin does not have spec.scaling.mode: External',
    ]);
    expect(await failure('IsActive', { name: 'x', namespace: 'ns' })).toEqual([
      status.INVALID_ARGUMENT,
      "the trigger's metadata lack shareGroup",
    ]);
    expect(await failure('GetMetrics', { ...metric('workers'), metricName: 'lag' })).toEqual([
      status.NOT_FOUND,
      'there is no figure lag',
    ]);
    for (const name of ['IsActive', 'GetMetricSpec', 'GetMetrics'])
      expect(await failure(name, Buffer.from([0x0a, 0xff]))).toEqual([
        status.INVALID_ARGUMENT,
        "a request that can't be read",
      ]);
  });

  test('to be told when there is anything to do, and when not any more', async () => {
    leave(0);
    const { told, ended, cancel } = keda.follow(refOf('workers'));
    await until(() => told.length === 1);
    leave(3);
    const next = async (count: number): Promise<void> => {
      const endMs = performance.now() + 20_000;
      while (told.length < count && ended.length === 0 && performance.now() < endMs) {
        stage.clock.advance(6_000);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await next(2);
    leave(2);
    stage.clock.advance(6_000);
    leave(0);
    await next(3);
    expect(told).toEqual([false, true, false]);
    leave(null);
    await next(4);
    expect([told.length, ended]).toEqual([3, [status.UNAVAILABLE]]);
    cancel();
  });

  test('with a certificate of the authority alone', async () => {
    leave(7);
    for (const mine of [null, stranger.issue('weir://keda'), authority.issueExpired('weir://keda')]) {
      const other = new Keda(served.port, mine);
      expect(await other.ask('IsActive', refOf('workers'))).toMatchObject({ code: status.UNAVAILABLE, answer: null });
      other.client.close();
    }
    const mistrusting = new Keda(served.port, authority.issue('weir://keda'), stranger.ca);
    expect(await mistrusting.ask('IsActive', refOf('workers'))).toMatchObject({ code: status.UNAVAILABLE });
    mistrusting.client.close();
  });
});
