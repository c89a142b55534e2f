import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from '@jest/globals';
import { stringify } from 'yaml';
import { validateBrokerFile } from '../../../../../broker/core/config/validate.ts';
import { rowsOf } from '../../../../../broker/core/config/rows.ts';
import { parseSettingsText, settingsOfEnvironment } from '../../../../../broker/io/settings/settings-file.ts';
import { CLUSTER_SPEC } from '../../../../../operator/api/cluster-spec.ts';
import type { Cluster } from '../../../../../operator/api/kinds.ts';
import { OWN_LABELS } from '../../../../../operator/api/rules.ts';
import { checkSetting, isDynamicSetting } from '../../../../../operator/api/settings.ts';
import { wantedNodes } from '../../../../../operator/core/plan-nodes.ts';
import type { Blueprint } from '../../../../../operator/io/kubernetes/objects/blueprint.ts';
import { render } from '../../../../../operator/io/kubernetes/render.ts';
import type { KubernetesObject } from '../../../../../operator/ports/kubernetes.ts';
import { EVERYTHING, QUICKSTART } from '../../../../support/kubernetes/cluster-specs.ts';
import { misfits } from '../../../../support/kubernetes/shapes.ts';
import { at, clusterOf, settledBlueprint } from '../../../../support/kubernetes/rendered.ts';

const GOLDEN = fileURLToPath(new URL('golden/', import.meta.url));
/** Set to 1: the golden files are written anew; the difference is for a reviewer. */
const isRewriting = process.env['WEIR_REWRITE_SCRIPTS'] === '1';

const CASES: Readonly<Record<string, Cluster>> = {
  'one-node': clusterOf({ brokers: { replicas: 1 } }, { name: 'one' }),
  quickstart: clusterOf(QUICKSTART, { name: 'quickstart' }),
  everything: clusterOf(EVERYTHING),
};

const named = (objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject => {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};
const namesOfKind = (objects: readonly KubernetesObject[], kind: string): readonly string[] =>
  objects.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
const annotation = (set: KubernetesObject, name: string): unknown =>
  at(set, 'spec', 'template', 'metadata', 'annotations', name);

/** The settings that a node of these objects starts with, those of its environment too. */
function settingsOfNode(objects: readonly KubernetesObject[], pod: string): ReadonlyMap<string, string> {
  const set = named(objects, 'StatefulSet', pod.replace(/-\d+$/, ''));
  const file = String(at(set, 'spec', 'template', 'spec', 'volumes', 0, 'configMap', 'name'));
  const text = at(named(objects, 'ConfigMap', file), 'data', `${pod}.properties`);
  const { values, problems } = parseSettingsText(String(text));
  const variables = at(set, 'spec', 'template', 'spec', 'containers', 0, 'env') as readonly { readonly name: string }[];
  const own: Readonly<Record<string, string>> = {
    WEIR_WEIR_GRPC_HOST: '10.0.0.1',
    WEIR_WEIR_HTTP_HOST: '10.0.0.1',
    WEIR_BROKER_RACK: '',
  };
  const given = Object.fromEntries(variables.map(({ name }) => [name, own[name] ?? 'machine-1']));
  const environment = settingsOfEnvironment(given, rowsOf('broker').keys());
  expect([...problems, ...environment.problems]).toEqual([]);
  return new Map([...values, ...environment.values]);
}

describe('golden files', () => {
  it('are those of the cases', () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(
      Object.keys(CASES)
        .map((name) => `${name}.yaml`)
        .sort(),
    );
  });

  it.each(Object.keys(CASES))('%s is rendered as it is written', (name) => {
    const objects = render(settledBlueprint(CASES[name] as Cluster));
    const text = objects.map((one) => stringify(one, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
    if (isRewriting) writeFileSync(`${GOLDEN}${name}.yaml`, text);
    else expect(text).toBe(readFileSync(`${GOLDEN}${name}.yaml`, 'utf8'));
  });
});

describe.each(Object.keys(CASES))('the nodes of %s', (name) => {
  const cluster = CASES[name] as Cluster;
  const objects = render(settledBlueprint(cluster));
  const pods = wantedNodes(cluster, isDynamicSetting).map(
    ({ id }) => `${cluster.metadata.name}-${id < 1000 ? 'broker' : 'controller'}-${id}`,
  );

  it.each(pods)('%s has settings that its broker takes, each by itself and all together', (pod) => {
    const settings = settingsOfNode(objects, pod);
    for (const [setting, value] of settings)
      expect({ setting, problem: checkSetting('broker', setting, value) }).toEqual({ setting, problem: null });
    expect(validateBrokerFile(settings)).toEqual([]);
  });

  it.each(pods)('%s is known by its Service: to itself, to controllers, and to clients', (pod) => {
    const settings = settingsOfNode(objects, pod);
    const service = named(objects, 'Service', pod);
    expect(at(service, 'spec', 'selector')).toEqual({ 'statefulset.kubernetes.io/pod-name': pod });
    const place = `${cluster.metadata.namespace}.svc.cluster.local.`;
    expect(settings.get('advertised.listeners') ?? '').toContain(
      settings.has('listeners') ? `://${pod}.${place}:9091` : '',
    );
    const controllers = (settings.get('controller.quorum.voters') ?? '').split(',');
    for (const entry of controllers) {
      const [, id = '', host = ''] = /^(\d+)@([^.]+)\.(.*):9190$/.exec(entry) ?? [];
      expect(entry).toBe(`${id}@${host}.${place}:9190`);
      expect(host.endsWith(`-${id}`)).toBe(true);
      expect(at(named(objects, 'Service', host), 'spec', 'publishNotReadyAddresses')).toBe(true);
    }
  });
});

describe('a change of the manifest', () => {
  const before = render(settledBlueprint(clusterOf(QUICKSTART)));
  const changed = (spec: object, more: Partial<Blueprint> = {}): readonly KubernetesObject[] =>
    render({ ...settledBlueprint(clusterOf({ ...QUICKSTART, ...spec })), ...more });
  const hashes = (objects: readonly KubernetesObject[]) => {
    const set = named(objects, 'StatefulSet', 'orders-broker');
    return { spec: annotation(set, 'weir.dev/spec-hash'), pod: annotation(set, 'weir.dev/pod-hash') };
  };

  test('of a static setting is for new pods, in a file of their own', () => {
    const after = changed({ config: { ...QUICKSTART.config, 'num.partitions': 6 } });
    expect(hashes(after).spec).not.toBe(hashes(before).spec);
    expect(hashes(after).pod).toBe(hashes(before).pod);
    const [old, fresh] = [before, after].map((all) =>
      namesOfKind(all, 'ConfigMap').filter((name) => name !== 'orders-quorum'),
    );
    expect(fresh).not.toEqual(old);
  });

  test('of a setting that changes while brokers run changes no object', () => {
    expect(changed({ config: { ...QUICKSTART.config, 'log.retention.ms': 1 } })).toEqual(before);
  });

  test('of listeners is for new brokers, and leaves controllers of their own as they are', () => {
    const apart = { controllers: { replicas: 3 } };
    const [old, fresh] = [9092, 9192].map((port) => changed({ ...apart, listeners: [{ name: 'plain', port }] }));
    expect(hashes(fresh ?? []).spec).not.toBe(hashes(old ?? []).spec);
    const controllers = [old, fresh].map((all) => named(all ?? [], 'StatefulSet', 'orders-controller'));
    expect(controllers[1]).toEqual(controllers[0]);
  });

  test('of the number of brokers restarts nobody', () => {
    const after = changed({ brokers: { ...QUICKSTART.brokers, replicas: 5 } });
    expect(hashes(after)).toEqual(hashes(before));
    expect(at(named(after, 'StatefulSet', 'orders-broker'), 'spec', 'replicas')).toBe(5);
  });

  test.each<[string, object]>([
    ['version', { version: '2.0.0' }],
    ['memory', { brokers: { ...QUICKSTART.brokers, resources: { limits: { memory: '2Gi' } } } }],
    ['labels', { brokers: { ...QUICKSTART.brokers, pod: { labels: { team: 'queues' } } } }],
  ])('of the %s is for new pods', (_what, spec) => {
    const after = hashes(changed(spec));
    expect(after.pod).not.toBe(hashes(before).pod);
    expect(after.spec).toBe(hashes(before).spec);
  });

  test('of the size grows claims, and leaves the template of the StatefulSet as it was', () => {
    const after = changed(
      { brokers: { ...QUICKSTART.brokers, storage: { size: '20Gi' } } },
      { templateSizes: new Map([['broker', '10Gi']]) },
    );
    const size = ['spec', 'resources', 'requests', 'storage'];
    expect(at(named(after, 'PersistentVolumeClaim', 'data-orders-broker-2'), ...size)).toBe('20Gi');
    const set = (all: readonly KubernetesObject[]) => at(named(all, 'StatefulSet', 'orders-broker'), 'spec');
    expect(set(after)).toEqual(set(before));
  });

  test('of the class of volumes is one of the role that says it', () => {
    const storage = (storageClassName: string) => ({ replicas: 1, storage: { size: '1Gi', storageClassName } });
    const all = changed({ brokers: storage('fast'), controllers: storage('safe') });
    const classOf = (name: string) => at(named(all, 'PersistentVolumeClaim', name), 'spec', 'storageClassName');
    expect(['data-orders-broker-0', 'data-orders-controller-1000'].map(classOf)).toEqual(['fast', 'safe']);
    const template = (name: string) =>
      at(named(all, 'StatefulSet', name), 'spec', 'volumeClaimTemplates', 0, 'spec', 'storageClassName');
    expect(['orders-broker', 'orders-controller'].map(template)).toEqual(['fast', 'safe']);
  });

  test('never makes a claim smaller than it is', () => {
    const blueprint = settledBlueprint(clusterOf(QUICKSTART));
    const sizeAfter = (volumeSize: string): unknown => {
      const nodes = blueprint.nodes.map((node) => ({ ...node, volumeSize }));
      const claim = named(render({ ...blueprint, nodes }), 'PersistentVolumeClaim', 'data-orders-broker-0');
      return at(claim, 'spec', 'resources', 'requests', 'storage');
    };
    expect(['30Gi', '10240Mi', '5Gi'].map(sizeAfter)).toEqual(['30Gi', '10240Mi', '10Gi']);
  });

  test('to machines of which one is enough is a wish to the scheduler, no condition', () => {
    const constraints = (all: readonly KubernetesObject[]) =>
      (
        at(
          named(all, 'StatefulSet', 'orders-broker'),
          'spec',
          'template',
          'spec',
          'topologySpreadConstraints',
        ) as object[]
      ).map((one) => [at(one, 'topologyKey'), at(one, 'whenUnsatisfiable')]);
    const zones = ['topology.kubernetes.io/zone', 'ScheduleAnyway'];
    expect(constraints(before)).toEqual([['kubernetes.io/hostname', 'DoNotSchedule'], zones]);
    expect(constraints(changed({ config: { 'weir.placement.host.relaxed': 'true' } }))).toEqual([
      ['kubernetes.io/hostname', 'ScheduleAnyway'],
      zones,
    ]);
  });
});

describe('a node that is stopped', () => {
  const blueprint = settledBlueprint(clusterOf({ ...QUICKSTART, brokers: { ...QUICKSTART.brokers, replicas: 4 } }));
  const objects = render({
    ...blueprint,
    nodes: blueprint.nodes.map((node) => (node.spec.id === 3 ? { ...node, isRunning: false, mark: 'leaving' } : node)),
  });

  it('keeps Service, mark and claim, and has no pod', () => {
    expect(at(named(objects, 'StatefulSet', 'orders-broker'), 'spec', 'replicas')).toBe(3);
    expect(named(objects, 'Service', 'orders-broker-3').metadata.annotations).toMatchObject({
      'weir.dev/mark': 'leaving',
    });
    expect(namesOfKind(objects, 'PersistentVolumeClaim')).toContain('data-orders-broker-3');
  });
});

describe('all objects', () => {
  const everything = render(settledBlueprint(CASES['everything'] as Cluster));

  it('belong to the Cluster, but for claims that are retained', () => {
    const quickstart = render(settledBlueprint(CASES['quickstart'] as Cluster));
    const unowned = (all: readonly KubernetesObject[]): readonly string[] => [
      ...new Set(all.filter((one) => one.metadata.ownerReferences === undefined).map(({ kind }) => kind)),
    ];
    expect(unowned(everything)).toEqual([]);
    expect(unowned(quickstart)).toEqual(['PersistentVolumeClaim']);
    for (const { metadata } of everything)
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'Cluster', controller: true, blockOwnerDeletion: true }]);
  });

  it('have only fields that Kubernetes knows, with what belongs there', () => {
    for (const cluster of Object.values(CASES)) expect(render(settledBlueprint(cluster)).flatMap(misfits)).toEqual([]);
    const [service] = everything.filter(({ kind }) => kind === 'Service');
    const spoiled = { ...service, spec: { selectors: {}, ports: [{ port: '1', targetPort: 'x' }, 2], type: null } };
    expect(misfits(spoiled as KubernetesObject)).toEqual([
      'Service.spec.selectors',
      'Service.spec.ports[0].port',
      'Service.spec.ports[1]',
      'Service.spec.type',
    ]);
  });

  it('have labels that a manifest may not say otherwise', () => {
    const pods = render(settledBlueprint(clusterOf(QUICKSTART))).filter(({ kind }) => kind === 'StatefulSet');
    const labels = pods.flatMap((set) => Object.keys(at(set, 'spec', 'template', 'metadata', 'labels') as object));
    expect(labels.filter((name) => !name.startsWith('weir.dev/')).sort()).toEqual([...OWN_LABELS].sort());
  });

  it('have names and labels that Kubernetes takes, with the longest names there are', () => {
    const listeners = [
      { name: 'a'.repeat(25), port: 9092, type: 'loadbalancer' },
      { name: `${'a'.repeat(24)}b`, port: 9093, type: 'nodeport' },
    ];
    const cluster = clusterOf(
      { brokers: { replicas: 1 }, controllers: { replicas: 5 }, listeners },
      { name: 'a'.repeat(40) },
    );
    const objects = render(settledBlueprint(cluster));
    for (const { kind, metadata } of objects) {
      expect({ kind, name: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(metadata.name) }).toEqual({ kind, name: true });
      for (const label of Object.values(metadata.labels ?? {})) expect(label.length).toBeLessThanOrEqual(63);
      // The StatefulSet controller labels pods with its name and eleven characters more.
      if (kind === 'StatefulSet') expect(metadata.name.length).toBeLessThanOrEqual(52);
    }
    expect(new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).size).toBe(objects.length);
  });

  it('say by a hash how they were rendered: it is another one whenever anything is', () => {
    const hashOfOne = (one: KubernetesObject | undefined) => one?.metadata.annotations?.['weir.dev/rendered'];
    const larger = render(settledBlueprint(clusterOf({ ...EVERYTHING, listeners: EVERYTHING.listeners.slice(1) })));
    let changes = 0;
    for (const one of everything) {
      const other = larger.find(({ kind, metadata }) => kind === one.kind && metadata.name === one.metadata.name);
      if (other === undefined) continue;
      const isSame = JSON.stringify(one) === JSON.stringify(other);
      changes += Number(!isSame);
      const bare = (each: KubernetesObject) => JSON.stringify({ ...each, metadata: null });
      expect({ name: one.metadata.name, hashed: hashOfOne(one) === hashOfOne(other) }).toEqual({
        name: one.metadata.name,
        hashed: bare(one) === bare(other),
      });
    }
    expect(changes).toBeGreaterThan(5);
  });

  it('have settings that brokers take with as many listeners as a manifest may have', () => {
    const { maxItems } = CLUSTER_SPEC.properties.listeners;
    const listeners = Array.from({ length: maxItems }, (_, at) => ({ name: `l-${at}`, port: 10_000 + at }));
    const objects = render(settledBlueprint(clusterOf({ brokers: { replicas: 1 }, listeners })));
    expect(validateBrokerFile(settingsOfNode(objects, 'orders-broker-0'))).toEqual([]);
  });

  /** The objects of the quickstart when this setting had got through. */
  const renderWith = (name: string, value: string) => {
    const blueprint = settledBlueprint(clusterOf(QUICKSTART));
    const nodes = blueprint.nodes.map((node) => ({
      ...node,
      spec: { ...node.spec, settings: new Map([[name, value]]) },
    }));
    return render({ ...blueprint, nodes });
  };

  it('let no setting hide in the value of another one', () => {
    expect(() => renderWith('compression.type', 'zstd\nweir.grpc.insecure=true')).toThrow('must not hold a line break');
  });

  it('have what the operator owns as it is, whatever the manifest sets', () => {
    expect(settingsOfNode(renderWith('weir.http.port', '1'), 'orders-broker-0').get('weir.http.port')).toBe('9180');
  });

  it('have nodes tell others of their Services, which stay, and not of their pods', () => {
    const settings = settingsOfNode(render(settledBlueprint(clusterOf(QUICKSTART))), 'orders-broker-1');
    expect(settings.get('weir.grpc.advertised.host')).toBe('orders-broker-1.prod.svc.cluster.local.');
  });
});
