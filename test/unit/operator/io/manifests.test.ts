import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { AnyResource } from '../../../../operator/api/kinds.ts';
import { checkSetting } from '../../../../operator/api/settings.ts';
import { desiredOf } from '../../../../operator/core/desired.ts';
import { readManifests } from '../../../../operator/io/manifests.ts';

const CANONICAL = `apiVersion: weir.dev/v1alpha1
kind: Cluster
metadata: {name: quickstart}
spec: {brokers: {replicas: 3}, listeners: [{name: plain, port: 9092}], config: {default.replication.factor: 3, min.insync.replicas: 2}}
---
apiVersion: weir.dev/v1alpha1
kind: ShareGroup
metadata: {name: workers}
spec: {clusterRef: {name: quickstart}, groupId: workers, topics: [jobs], createTopics: {partitions: 4}, config: {share.auto.offset.reset: earliest}}
`;

const HEAD = 'apiVersion: weir.dev/v1alpha1\n';
const CLUSTER = `${HEAD}kind: Cluster\nmetadata: {name: a}\n`;
const GOOD_CLUSTER = `${CLUSTER}spec: {brokers: {replicas: 1}}\n---\n`;
const GROUP = `${HEAD}kind: ShareGroup\nmetadata: {name: g}\n`;
const TOPIC = `${HEAD}kind: Topic\nmetadata: {name: t}\n`;

function read(text: string) {
  return readManifests([{ name: 'm.yaml', text }], checkSetting);
}

function errorsOf(text: string): readonly string[] {
  const result = read(text);
  return result.ok ? [] : result.errors;
}

describe('good manifests', () => {
  it('include the canonical ones, word for word', () => {
    expect(read(CANONICAL)).toEqual({
      ok: true,
      warnings: [],
      resources: [
        {
          kind: 'Cluster',
          metadata: { name: 'quickstart', namespace: 'default' },
          spec: {
            brokers: { replicas: 3 },
            listeners: [{ name: 'plain', port: 9092, type: 'internal' }],
            config: new Map([
              ['default.replication.factor', '3'],
              ['min.insync.replicas', '2'],
            ]),
          },
        },
        {
          kind: 'ShareGroup',
          metadata: { name: 'workers', namespace: 'default' },
          spec: {
            clusterRef: { name: 'quickstart' },
            groupId: 'workers',
            topics: ['jobs'],
            createTopics: { partitions: 4 },
            config: new Map([['share.auto.offset.reset', 'earliest']]),
            deletionPolicy: 'Retain',
          },
        },
      ],
    });
  });

  it('are what examples/quickstart.yaml holds', () => {
    expect(readFileSync(new URL('../../../../examples/quickstart.yaml', import.meta.url), 'utf8')).toBe(CANONICAL);
  });

  it.each(['quickstart.yaml', 'topic.yaml', 'three-nodes.yaml'])('include examples/%s', (name) => {
    const text = readFileSync(new URL(`../../../../examples/${name}`, import.meta.url), 'utf8');
    expect(readManifests([{ name, text }], checkSetting)).toMatchObject({ ok: true });
  });

  it('include as many copies as there are brokers', () => {
    const topic = `---\n${TOPIC}spec:\n  clusterRef: {name: a}\n  replicationFactor: 3\n`;
    expect(read(`${CLUSTER}spec: {brokers: {}}\n${topic}`)).toMatchObject({ ok: true });
  });

  it('include clusters of several nodes, three unless they say how many', () => {
    const several = (spec: string): unknown => {
      const result = read(`${CLUSTER}spec: ${spec}\n`);
      return result.ok && result.resources[0]?.spec;
    };
    expect(several('{brokers: {}}')).toMatchObject({ brokers: { replicas: 3 } });
    expect(several('{brokers: {replicas: 5}}')).not.toHaveProperty('controllers');
    expect(several('{brokers: {replicas: 2}, controllers: {}}')).toMatchObject({ controllers: { replicas: 3 } });
    expect(several('{brokers: {replicas: 2}, controllers: {replicas: 1}}')).toMatchObject({
      controllers: { replicas: 1 },
    });
  });

  it('include a Topic with numbers as settings, empty documents around it', () => {
    const text = `${GOOD_CLUSTER}---\n# nothing\n---\n${TOPIC}spec: {clusterRef: {name: a}, topicName: T.1, partitions: 3, replicationFactor: 1, config: {retention.ms: 60000}}\n`;
    const result = read(text);
    expect(result.ok && result.resources[1]?.spec).toEqual({
      clusterRef: { name: 'a' },
      topicName: 'T.1',
      partitions: 3,
      replicationFactor: 1,
      config: new Map([['retention.ms', '60000']]),
      deletionPolicy: 'Retain',
    });
  });

  it('may be spread over files in any order', () => {
    const files = [
      { name: 'g.yaml', text: `${GROUP}spec: {clusterRef: {name: a}, topics: [x]}` },
      { name: 'c.yaml', text: GOOD_CLUSTER },
    ];
    expect(readManifests(files, checkSetting)).toMatchObject({
      ok: true,
      resources: [{ kind: 'ShareGroup' }, { kind: 'Cluster' }],
    });
  });
});

describe('tenants', () => {
  const at = (kind: string, name: string, namespace: string, spec: string): string =>
    `${HEAD}kind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`;
  const cluster = at('Cluster', 'a', 'data', '{brokers: {replicas: 1}, tenants: [{namespace: shop, prefix: shop.}]}');
  const ref = 'clusterRef: {name: a, namespace: data}';

  it('may name a Cluster of another namespace with names that begin as is agreed (O15)', () => {
    const topic = at('Topic', 'shop.orders', 'shop', `{${ref}}`);
    const group = at('ShareGroup', 'workers', 'shop', `{${ref}, groupId: shop.workers, topics: [shop.orders]}`);
    const result = read(cluster + topic + group);
    expect(result).toMatchObject({ ok: true });
    expect(result.ok && desiredOf(result.resources)).toMatchObject([
      { topics: [{ metadata: { name: 'shop.orders' } }], shareGroups: [{ metadata: { name: 'workers' } }] },
    ]);
  });

  it('may use no other names', () => {
    const topics = at('Topic', 'orders', 'shop', `{${ref}}`) + at('Topic', 'o', 'shop', `{${ref}, topicName: shop}`);
    const group = at('ShareGroup', 'workers', 'shop', `{${ref}, groupId: workers, topics: [shop.orders, orders]}`);
    const refused = 'must begin with "shop.", which Cluster data/a has for namespace shop';
    expect(errorsOf(cluster + topics + group)).toEqual([
      `m.yaml:8: Topic shop/orders: metadata.name ${refused}`,
      `m.yaml:14: Topic shop/o: spec.topicName ${refused}`,
      `m.yaml:19: ShareGroup shop/workers: spec.groupId ${refused}`,
      `m.yaml:19: ShareGroup shop/workers: spec.topics[1] ${refused}`,
    ]);
  });

  it('are those that the Cluster names: nobody else gets in, and nothing is planned for them', () => {
    const topic = at('Topic', 'shop.orders', 'other', `{${ref}}`);
    expect(errorsOf(cluster + topic)).toEqual([
      'm.yaml:9: Topic other/shop.orders: spec.clusterRef.namespace names Cluster data/a, which does not have namespace other in its spec.tenants',
    ]);
    const resources = (text: string): readonly AnyResource[] => {
      const result = read(text);
      return result.ok ? result.resources : [];
    };
    const [, stranger] = resources(cluster.replace('namespace: shop', 'namespace: other') + topic);
    expect(stranger).toMatchObject({ metadata: { namespace: 'other' } });
    expect(desiredOf([...resources(cluster), ...(stranger === undefined ? [] : [stranger])])).toMatchObject([
      { cluster: { metadata: { name: 'a' } }, topics: [] },
    ]);
  });
});

describe('what only Kubernetes can do', () => {
  it('is told with its line, and not refused', () => {
    const spec = [
      '  brokers:',
      '    replicas: 1',
      '    storage: {size: 1Gi}',
      '  listeners:',
      '  - {name: plain, port: 9092, type: internal}',
      '  - {name: outside, port: 9094, type: nodeport}',
      '  version: 1.0.0',
    ].join('\n');
    const topic = `---\n${TOPIC}spec: {clusterRef: {name: a}, deletionPolicy: Delete}\n`;
    const other = topic.replace('name: t', 'name: u').replace('Delete', 'Retain');
    const none = 'is for Kubernetes; it has no effect on one machine';
    expect(read(`${CLUSTER}spec:\n${spec}\n${topic}${other}`)).toMatchObject({
      ok: true,
      warnings: [
        `m.yaml:7: Cluster a: spec.brokers.storage ${none}`,
        `m.yaml:10: Cluster a: spec.listeners[1].type ${none}`,
        `m.yaml:11: Cluster a: spec.version ${none}`,
        `m.yaml:16: Topic t: spec.deletionPolicy ${none}`,
      ],
    });
  });
});

describe('bad manifests', () => {
  it.each([
    [
      'a misspelt field',
      `${CLUSTER}spec:\n  brokers: {replica: 1}\n`,
      ['m.yaml:5: Cluster a: spec.brokers.replica is not a known field; did you mean replicas?'],
    ],
    [
      'a field of nowhere',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  colour: red\n`,
      [
        'm.yaml:6: Cluster a: spec.colour is not a known field; known here: brokers, controllers, storage, listeners, config, version, featureLevel, tenants, maintenanceWindows',
      ],
    ],
    ['no spec', CLUSTER, ['m.yaml:1: Cluster a: spec is required']],
    [
      'no metadata',
      `${HEAD}kind: Cluster\nspec: {brokers: {replicas: 1}}\n`,
      ['m.yaml:1: Cluster (no name): metadata is required'],
    ],
    [
      'a name with capitals',
      `${HEAD}kind: Cluster\nmetadata: {name: Big}\nspec: {brokers: {replicas: 1}}\n`,
      [
        "m.yaml:3: Cluster Big: metadata.name must be lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit, not \"Big\"",
      ],
    ],
    [
      'a status',
      `${CLUSTER}spec: {brokers: {replicas: 1}}\nstatus: {}\n`,
      ['m.yaml:5: Cluster a: status is not a known field; status is written by the operator'],
    ],
    [
      'a port twice',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  listeners:\n  - {name: plain, port: 9092}\n  - {name: other, port: 9092}\n`,
      ['m.yaml:8: Cluster a: spec.listeners[1].port must not have the port of another listener: each needs its own'],
    ],
    [
      'a broker setting that nobody knows',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  config:\n    num.partition: 3\n`,
      [
        'm.yaml:7: Cluster a: spec.config["num.partition"] is not a broker setting that Weir knows; did you mean num.partitions?',
      ],
    ],
    [
      'a topic setting for a cluster',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  config: {retention.ms: 5}\n`,
      ['m.yaml:6: Cluster a: spec.config["retention.ms"] is a topic setting, not a broker setting'],
    ],
    [
      'a setting that the operator owns',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  config: {listeners: "x://:1", node.id: 3}\n`,
      [
        'm.yaml:6: Cluster a: spec.config.listeners is set by spec.listeners, not here',
        'm.yaml:6: Cluster a: spec.config["node.id"] is set by the operator, not here',
      ],
    ],
    [
      'a setting with a bad value',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  config: {num.partitions: none}\n`,
      ['m.yaml:6: Cluster a: spec.config["num.partitions"] must be a whole number, at least 1'],
    ],
    [
      'a setting whose value has several lines',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  config:\n    log.cleanup.policy: |-\n      delete,\n      compact\n`,
      ['m.yaml:7: Cluster a: spec.config["log.cleanup.policy"] must not hold a line break'],
    ],
    [
      'another kind',
      'apiVersion: weir.dev/v1alpha1\nkind: Toppic\n',
      ['m.yaml:2: manifest: kind must be one of Cluster, ShareGroup, Topic, not "Toppic"; did you mean Topic?'],
    ],
    [
      'another version',
      'apiVersion: weir.dev/v1\nkind: Topic\n',
      ['m.yaml:1: manifest: apiVersion must be weir.dev/v1alpha1, not "weir.dev/v1"'],
    ],
    [
      'another API',
      'apiVersion: apps/v1\nkind: Deployment\n',
      ['m.yaml:1: manifest: apiVersion must be weir.dev/v1alpha1: only Weir\'s own kinds belong here, not "apps/v1"'],
    ],
    [
      'a document that is no object',
      '- a\n',
      ['m.yaml:1: manifest: must be an object with apiVersion, kind, metadata and spec, not a list'],
    ],
    ['an empty file', '', ['m.yaml: no manifest in it']],
    [
      'a group setting outside its range',
      `${GOOD_CLUSTER}${GROUP}spec: {clusterRef: {name: a}, topics: [x], config: {share.delivery.count.limit: 1}}\n`,
      ['m.yaml:9: ShareGroup g: spec.config["share.delivery.count.limit"] must be a whole number from 2 to 2147483647'],
    ],
    [
      "a group setting outside the cluster's bounds",
      `${GOOD_CLUSTER}${GROUP}spec:\n  clusterRef: {name: a}\n  topics: [x]\n  config:\n    share.delivery.count.limit: 50\n`,
      [
        'm.yaml:13: ShareGroup g: spec.config["share.delivery.count.limit"] must be at most 10 (group.share.max.delivery.count.limit of the cluster), not 50',
      ],
    ],
    [
      'a cluster that is nowhere',
      `${GOOD_CLUSTER}${TOPIC}spec: {clusterRef: {name: b}}\n`,
      ['m.yaml:9: Topic t: spec.clusterRef.name names Cluster b, which is in none of the files'],
    ],
    [
      'more replicas than brokers',
      `${GOOD_CLUSTER}${TOPIC}spec:\n  clusterRef: {name: a}\n  replicationFactor: 3\n`,
      ['m.yaml:11: Topic t: spec.replicationFactor must be at most 1, the brokers of Cluster a, not 3'],
    ],
    [
      'an object twice',
      `${GOOD_CLUSTER}${GOOD_CLUSTER}`,
      ['m.yaml:8: Cluster a: metadata.name is there twice: Cluster a'],
    ],
    [
      'a key twice',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  brokers: {replicas: 1}\n`,
      ['m.yaml:6: is not valid YAML: Map keys must be unique'],
    ],
    [
      'broken YAML',
      `${CLUSTER}spec: {brokers: {replicas: 1}\n`,
      ['m.yaml:5: is not valid YAML: Flow map in block collection must be sufficiently indented and end with a }'],
    ],
    [
      'an alias',
      `${CLUSTER}spec:\n  brokers: &b {replicas: 1}\n  config: *b\n`,
      ['m.yaml:6: aliases (*b) are not supported in manifests'],
    ],
  ])('with %s are refused with path, reason and line', (_name, text, expected) => {
    expect(errorsOf(text)).toEqual(expected);
  });

  it('tell everything that is wrong at once, in the order of lines, over all files', () => {
    const files = [
      { name: 'one.yaml', text: `${CLUSTER}spec:\n  config: {nope: 1}\n` },
      { name: 'two.yaml', text: `${TOPIC}spec:\n  partitions: 0\n` },
    ];
    expect(readManifests(files, checkSetting)).toEqual({
      ok: false,
      errors: [
        'one.yaml:4: Cluster a: spec.brokers is required',
        'one.yaml:5: Cluster a: spec.config.nope is not a broker setting that Weir knows',
        'two.yaml:4: Topic t: spec.clusterRef is required',
        'two.yaml:5: Topic t: spec.partitions must be between 1 and 10000, not 0',
      ],
    });
  });

  it('that cannot follow those before are refused with their line', () => {
    const before = read(`${CLUSTER}spec: {brokers: {replicas: 3}}\n`);
    const after = `${CLUSTER}spec:\n  brokers: {replicas: 3}\n  controllers: {replicas: 3}\n`;
    expect(readManifests([{ name: 'm.yaml', text: after }], checkSetting, before.ok ? before.resources : [])).toEqual({
      ok: false,
      errors: [
        'm.yaml:6: Cluster a: spec.controllers cannot be added or taken away: make a new Cluster, since this one keeps the kind of controllers it began with',
      ],
    });
  });

  it('are refused by size before they are parsed', () => {
    expect(errorsOf(`#${'x'.repeat(1 << 20)}\n`)).toEqual(['m.yaml: is larger than 1048576 bytes']);
  });
});
