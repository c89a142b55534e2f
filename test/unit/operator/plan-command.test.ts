import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { printPlan } from '../../../broker/cli/operator/plan.ts';
import type { Site } from '../../../operator/io/kubernetes/objects/blueprint.ts';
import { keepCertificates } from '../../../operator/io/kubernetes/certificates/keep.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import { MemoryApi } from '../../support/kubernetes/memory-api.ts';
import { certify, OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { clusterOf, SITE } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';

type Tools = Parameters<typeof printPlan>[0];

const SPEC = { brokers: { replicas: 3, storage: { size: '1Gi' } } };
const NAMED = { name: 'orders', namespace: 'ns' };

/** A Cluster as a file has it. */
const cluster = (spec: object = SPEC, metadata: object = NAMED): string =>
  JSON.stringify({ apiVersion: 'weir.dev/v1alpha1', kind: 'Cluster', metadata, spec });

const member = (kind: 'Topic' | 'ShareGroup', name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'weir.dev/v1alpha1',
    kind,
    metadata: { name, namespace: 'ns' },
    spec: { clusterRef: { name: 'orders' }, ...spec },
  });

/** An operator that has brought its Cluster to what it should be. */
async function settled(): Promise<OperatorStage> {
  const stage = new OperatorStage();
  stage.world.declare(clusterOf(SPEC, NAMED));
  stage.start();
  await stage.calm();
  return stage;
}

/** What is said of manifests, on a world where nothing may be written. */
async function plan(
  { world, wallMs }: OperatorStage,
  documents: readonly string[],
  {
    site = SITE,
    namespaces = [],
    ...more
  }: Partial<Tools> & { readonly site?: Site; readonly namespaces?: readonly string[] } = {},
): Promise<{ readonly code: number; readonly lines: readonly string[]; readonly notes: readonly string[] }> {
  const [lines, notes]: [string[], string[]] = [[], []];
  const { revision } = world.store;
  const api = new MemoryApi(world.store, () => {
    throw new Error('something is written');
  });
  const tools = { open: async () => api, dialer: world.dialer(), certify, wallMs: () => wallMs, ...more };
  const files = [{ name: 'a.yaml', text: documents.join('\n---\n') }];
  const terminal = {
    stdin: Readable.from([]),
    out: (line: string) => lines.push(line),
    note: (line: string) => notes.push(line),
    isInteractive: false,
  };
  const code = await printPlan(tools, { files, namespaces, site }, terminal);
  expect(world.store.revision).toBe(revision);
  return { code, lines, notes };
}

describe('weir operator plan', () => {
  it('tells the whole way from nothing', async () => {
    const documents = [
      cluster({ ...SPEC, config: { 'min.insync.replicas': 2 } }),
      member('ShareGroup', 'workers', { topics: ['jobs'], createTopics: { partitions: 4 } }),
    ];
    const { code, lines, notes } = await plan(new OperatorStage(), documents);
    expect(lines).toEqual([
      'Cluster ns/orders, which is not there yet:',
      '  form the cluster with voters 0, 1, 2',
      '  start node 0',
      '  start node 1',
      '  start node 2',
      '  set for the cluster: min.insync.replicas=2',
      '  ShareGroup ns/workers: create topic jobs with 4 partitions',
      '  ShareGroup ns/workers: set for group workers: share.auto.offset.reset=earliest',
      '  ShareGroup ns/workers: begin group workers: jobs at earliest',
    ]);
    expect([code, notes]).toEqual([1, []]);
  });

  it('tells that nobody answers, and plans from nothing then', async () => {
    const api = {
      get: () => Promise.reject(new OperatorError('UNREACHABLE', 'the Kubernetes API is not reachable: ECONNREFUSED')),
      list: () => Promise.reject(new OperatorError('UNREACHABLE', 'the Kubernetes API is not reachable: ECONNREFUSED')),
    };
    const { code, lines, notes } = await plan(await settled(), [cluster()], { open: async () => api });
    expect(lines[1]).toBe('  form the cluster with voters 0, 1, 2');
    expect(notes.join()).toMatch(/is not reachable: ECONNREFUSED: this is what would be done from nothing/);
    expect(code).toBe(1);
  });

  it('looks into one namespace, which is that of manifests that name none', async () => {
    const stage = await settled();
    const plain = cluster(SPEC, { name: 'orders' });
    expect((await plan(stage, [plain], { namespaces: ['ns'] })).lines).toEqual(['Cluster ns/orders: nothing to do']);
    await expect(plan(stage, [cluster()], { namespaces: ['other'] })).rejects.toMatchObject({ exitCode: 2 });
    expect((await plan(stage, [plain], { namespaces: ['ns', 'default'] })).lines[0]).toBe(
      'Cluster orders, which is not there yet:',
    );
  });

  it('has nothing to say of what is as its manifest says', async () => {
    const { code, lines } = await plan(await settled(), [cluster()]);
    expect([code, lines]).toEqual([0, ['Cluster ns/orders: nothing to do']]);
  });

  it('tells that the load decides how many brokers there are, and what happens when nobody lets it any more', async () => {
    const autoscale = { maxReplicas: 5, scaleOutSeconds: 10 };
    const scaled = { brokers: { ...SPEC.brokers, autoscale } };
    const stage = new OperatorStage();
    stage.world.logBytes = 2.25 * 2 ** 30;
    stage.world.declare(clusterOf(scaled, NAMED));
    stage.start();
    await stage.calm();
    expect(await plan(stage, [cluster(scaled)])).toMatchObject({
      code: 0,
      lines: [
        'Cluster ns/orders: nothing to do',
        '  ! the load decides how many brokers there are, from 3 to 5: now 4',
      ],
    });
    const { lines } = await plan(stage, [cluster()]);
    expect(lines).toEqual([
      'Cluster ns/orders: nothing to do',
      expect.stringContaining('ScaleDownUnconfirmed: spec.brokers.autoscale is not in the manifest any more'),
    ]);
    const confirmed = cluster(SPEC, { ...NAMED, annotations: { 'weir.dev/confirm-scale-down': '3' } });
    expect((await plan(stage, [confirmed])).lines).toEqual(
      expect.arrayContaining(['  drain node 3', '  stop node 3', '  forget node 3, which holds nothing any more']),
    );
  });

  it('tells what then happens', async () => {
    const stage = await settled();
    stage.world.brokers.leaderId = 1;
    const spec = { ...SPEC, config: { 'num.partitions': 4, 'log.retention.ms': 1000 } };
    const documents = [cluster(spec), member('Topic', 'jobs', { partitions: 4 })];
    const { code, lines } = await plan(stage, documents);
    expect(lines.filter((line) => !/^ {2}(create|change|delete) /.test(line))).toEqual([
      'Cluster ns/orders:',
      '  restart node 0: its settings changed',
      '  restart node 2: its settings changed',
      '  restart node 1: its settings changed',
      '  set for the cluster: log.retention.ms=1000',
      '  Topic ns/jobs: create topic jobs with 4 partitions',
    ]);
    expect(code).toBe(1);
    const [before, calls] = [stage.effects.length, stage.world.calls.length];
    stage.world.declare(clusterOf(spec, NAMED));
    await stage.calm();
    const evicted = stage.effects
      .slice(before)
      .flatMap((one) => /^evict Pod ns\/orders-broker-(\d)$/.exec(one)?.[1] ?? []);
    expect(evicted).toEqual(['0', '2', '1']);
    expect(stage.world.calls.slice(calls)).toContain('SetConfig');
    const writes = lines.filter((line) => /^ {2}(create|change|delete) /.test(line)).map((line) => line.trim());
    const written = stage.effects.slice(before);
    for (const write of writes) {
      const [, kind = '', name = ''] = write.split(' ');
      expect(written).toEqual(expect.arrayContaining([expect.stringMatching(new RegExp(`${kind} ns/${name}$`))]));
    }
  });

  it('tells what another release of the operator brings', async () => {
    const site = { ...SITE, image: { ...SITE.image, tag: '1.2.4' } };
    const stage = await settled();
    const older = { ...SITE, image: { ...SITE.image, tag: '1.2.2' } };
    const refused = await plan(stage, [cluster()], { site: older });
    expect([refused.code, refused.lines[1]]).toEqual([0, expect.stringMatching(/^ {2}! OperatorTooOld: /)]);
    const { lines } = await plan(stage, [cluster()], { site });
    expect(lines).toEqual([
      'Cluster ns/orders:',
      '  change StatefulSet orders-broker',
      '  restart node 1: this operator makes it otherwise',
      '  restart node 2: this operator makes it otherwise',
      '  restart node 0: this operator makes it otherwise',
    ]);
  });

  it('takes Topics and ShareGroups of the server for declared, and a Cluster that only is there', async () => {
    const stage = await settled();
    const { lines } = await plan(stage, [member('Topic', 'jobs', {})]);
    expect(lines).toEqual(['Cluster ns/orders:', '  Topic ns/jobs: create topic jobs']);
    stage.world.declare({
      kind: 'Topic',
      metadata: { name: 'older', namespace: 'ns' },
      spec: { clusterRef: { name: 'orders' }, topicName: 'jobs', config: new Map(), deletionPolicy: 'Retain' },
    });
    await stage.calm();
    const { code, lines: later } = await plan(stage, [member('Topic', 'jobs', {})]);
    const late = 'topic jobs belongs to Topic ns/older, which is older; nothing is done for this one';
    expect([code, later]).toEqual([0, ['Cluster ns/orders: nothing to do', `  ! Topic ns/jobs: Conflict: ${late}`]]);
  });

  it('leaves aside what is no business of an operator', async () => {
    const deployment = JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: {} });
    expect((await plan(await settled(), [deployment, cluster()])).lines).toEqual(['Cluster ns/orders: nothing to do']);
    await expect(plan(new OperatorStage(), [deployment])).rejects.toThrow('a.yaml: no manifest in it');
    const mistyped = cluster().replace('weir.dev/v1alpha1', 'weir.dev/v1');
    await expect(plan(new OperatorStage(), [mistyped])).rejects.toThrow('must be weir.dev/v1alpha1, not "weir.dev/v1"');
  });

  it('holds manifests against what they change', async () => {
    const stage = await settled();
    const documents = [
      cluster({ ...SPEC, controllers: { replicas: 3 } }),
      member('Topic', 'a', { clusterRef: { name: 'b' } }),
    ];
    const refused = plan(stage, documents);
    await expect(refused).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/^2 errors in the man/),
    });
    await expect(refused).rejects.toThrow(/a\.yaml:1: Cluster ns\/orders: spec\.controllers .*\n.*names Cluster b/s);
  });

  it('leaves alone what somebody holds back, until an annotation goes with the manifest that it came with', async () => {
    const stage = await settled();
    const paused = clusterOf(SPEC, { ...NAMED, annotations: { 'weir.dev/pause': 'true' } });
    stage.world.declare(paused);
    await stage.calm();
    const wider = cluster({ ...SPEC, config: { 'log.retention.ms': 1000 } });
    const { code, lines } = await plan(stage, [wider]);
    expect(code).toBe(0);
    expect(lines[0]).toBe('Cluster ns/orders: nothing to do');
    expect(lines[1]).toMatch(
      /^ {2}! Cluster ns\/orders: Paused: nothing is done while it has weir.dev\/pause; to be done: set/,
    );
    const applied = { metadata: { annotations: { 'weir.dev/pause': 'true' } } };
    const writer = { manager: 'kubectl', subresource: '' } as const;
    stage.world.store.update(TYPES.clusters, NAMED, writer, (live) => ({
      ...live,
      metadata: {
        ...live.metadata,
        annotations: {
          ...live.metadata.annotations,
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied),
        },
      },
    }));
    expect((await plan(stage, [wider])).lines).toEqual([
      'Cluster ns/orders:',
      '  set for the cluster: log.retention.ms=1000',
    ]);
  });

  it('waits for a node that starts, and takes what is being deleted for gone', async () => {
    const stage = await settled();
    const jobs = { name: 'jobs', namespace: 'ns' };
    const spec = { clusterRef: { name: 'orders' }, config: new Map(), deletionPolicy: 'Delete' } as const;
    stage.world.declare({ kind: 'Topic', metadata: jobs, spec });
    await stage.calm();
    await stage.stop();
    stage.world.store.delete(TYPES.topics, jobs);
    stage.world.broken.add(2);
    stage.world.store.delete(TYPES.pods, { namespace: 'ns', name: 'orders-broker-2' });
    stage.world.settle();
    const { code, lines } = await plan(stage, [cluster(), member('Topic', 'mail', {})]);
    expect([code, lines]).toEqual([
      1,
      ['Cluster ns/orders:', '  Topic ns/jobs: delete topic jobs', '  Topic ns/mail: create topic mail'],
    ]);
  });

  it('tells what is in the way', async () => {
    const stage = await settled();
    const foreign = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'orders-bootstrap', namespace: 'ns' },
      spec: {},
    };
    stage.world.store.delete(TYPES.services, foreign.metadata);
    stage.world.store.create(TYPES.services, foreign, { manager: 'somebody', subresource: '' });
    const { code, lines } = await plan(stage, [cluster()]);
    expect(code).toBe(0);
    expect(lines[1]).toMatch(/^ {2}! NameTaken: Service orders-bootstrap is there and does not belong to this Cluster/);
  });

  it('tells what it can’t find out, and nothing of a Secret', async () => {
    const stage = await settled();
    const silent = {
      ...stage.world.dialer(),
      connect: () => Promise.reject(new OperatorError('UNREACHABLE', 'no way')),
    };
    const far = await plan(stage, [cluster()], { dialer: silent });
    expect([far.code, far.lines]).toEqual([
      2,
      [
        'Cluster ns/orders: nothing to do',
        '  ! its brokers can’t be asked what there is: no way; ask from where the operator runs',
      ],
    ]);
    const blind = await plan(stage, [cluster()], {
      certify: () => Promise.reject(new OperatorError('FORBIDDEN', 'secrets is forbidden')),
    });
    expect([blind.code, blind.lines[1]]).toEqual([
      2,
      '  ! its brokers can’t be asked what there is: there are no certificates to do so',
    ]);
    const { world, wallMs } = stage;
    world.store.delete(TYPES.secrets, { namespace: 'ns', name: 'orders-node-tls' });
    const issued = await plan(stage, [cluster()], {
      certify: (api, blueprint) => keepCertificates({ api, wallMs: () => wallMs }, blueprint),
    });
    expect(issued.lines).toEqual(
      expect.arrayContaining(['  create Secret orders-ca', '  create Secret orders-node-tls']),
    );
    expect(JSON.stringify(issued)).not.toMatch(/PRIVATE|BEGIN|tls\.key/);
  });
});
