import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { checkSetting } from '../../../../operator/api/settings.ts';
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
      resources: [
        {
          kind: 'Cluster',
          metadata: { name: 'quickstart', namespace: 'default' },
          spec: {
            brokers: { replicas: 3 },
            listeners: [{ name: 'plain', port: 9092 }],
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
      ['m.yaml:6: Cluster a: spec.colour is not a known field; known here: brokers, controllers, listeners, config'],
    ],
    [
      'an even number of controllers',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  controllers: {replicas: 4}\n`,
      [
        'm.yaml:6: Cluster a: spec.controllers.replicas must be 1, 3 or 5, not 4: of an even number no more may fail than of one fewer',
      ],
    ],
    [
      'too many controllers',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  controllers: {replicas: 7}\n`,
      ['m.yaml:6: Cluster a: spec.controllers.replicas must be between 1 and 5, not 7'],
    ],
    ['no brokers', `${CLUSTER}spec: {}\n`, ['m.yaml:4: Cluster a: spec.brokers is required']],
    [
      'zero brokers',
      `${CLUSTER}spec: {brokers: {replicas: 0}}\n`,
      ['m.yaml:4: Cluster a: spec.brokers.replicas must be between 1 and 1000, not 0'],
    ],
    [
      'half a broker',
      `${CLUSTER}spec: {brokers: {replicas: 1.5}}\n`,
      ['m.yaml:4: Cluster a: spec.brokers.replicas must be a whole number, not 1.5'],
    ],
    [
      'a number in quotes',
      `${CLUSTER}spec: {brokers: {replicas: "1"}}\n`,
      ['m.yaml:4: Cluster a: spec.brokers.replicas must be a whole number, not "1"'],
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
      'a cluster name with a dot',
      `${HEAD}kind: Cluster\nmetadata: {name: a.b}\nspec: {brokers: {replicas: 1}}\n`,
      [
        'm.yaml:3: Cluster a.b: metadata.name must be at most 40 lower-case letters, digits and \'-\', beginning with a letter, ending with a letter or digit, not "a.b"',
      ],
    ],
    [
      'a status',
      `${CLUSTER}spec: {brokers: {replicas: 1}}\nstatus: {}\n`,
      ['m.yaml:5: Cluster a: status is not a known field; status is written by the operator'],
    ],
    [
      'a port that nodes keep',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  listeners:\n  - {name: plain, port: 9190}\n`,
      [
        'm.yaml:7: Cluster a: spec.listeners[0].port must not be 9190: nodes keep 9091, 9180, 9185, 9190 for themselves',
      ],
    ],
    [
      'a port twice',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  listeners:\n  - {name: plain, port: 9092}\n  - {name: other, port: 9092}\n`,
      ['m.yaml:8: Cluster a: spec.listeners[1].port must not be 9092: listener plain has it already'],
    ],
    [
      'a listener twice',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  listeners:\n  - {name: plain, port: 9092}\n  - {name: plain, port: 9093}\n`,
      ['m.yaml:8: Cluster a: spec.listeners[1] is there twice: "plain" is item 0 already'],
    ],
    [
      'no listener',
      `${CLUSTER}spec: {brokers: {replicas: 1}, listeners: []}\n`,
      ['m.yaml:4: Cluster a: spec.listeners must not be empty'],
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
      'a setting that is neither text nor whole number',
      `${CLUSTER}spec:\n  brokers: {replicas: 1}\n  config: {delete.topic.enable: true}\n`,
      [
        'm.yaml:6: Cluster a: spec.config["delete.topic.enable"] must be a text or a whole number, not true; write it in quotes: "true"',
      ],
    ],
    [
      'a config that is a list',
      `${CLUSTER}spec: {brokers: {replicas: 1}, config: []}\n`,
      ['m.yaml:4: Cluster a: spec.config must be an object, not a list'],
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
      'a group without topics',
      `${GOOD_CLUSTER}${GROUP}spec: {clusterRef: {name: a}, topics: []}\n`,
      ['m.yaml:9: ShareGroup g: spec.topics must not be empty'],
    ],
    [
      'a topic listed twice',
      `${GOOD_CLUSTER}${GROUP}spec: {clusterRef: {name: a}, topics: [x, x]}\n`,
      ['m.yaml:9: ShareGroup g: spec.topics[1] is there twice: "x" is item 0 already'],
    ],
    [
      'a topic name that Kafka refuses',
      `${GOOD_CLUSTER}${GROUP}spec: {clusterRef: {name: a}, topics: [x y]}\n`,
      ["m.yaml:9: ShareGroup g: spec.topics[0] must be letters, digits, '.', '_' and '-', not \"x y\""],
    ],
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
    const after = `${CLUSTER}spec:\n  brokers: {replicas: 2}\n  controllers: {replicas: 3}\n`;
    expect(readManifests([{ name: 'm.yaml', text: after }], checkSetting, before.ok ? before.resources : [])).toEqual({
      ok: false,
      errors: [
        'm.yaml:6: Cluster a: spec.controllers cannot be added: the first brokers of this cluster are its controllers',
        'm.yaml:5: Cluster a: spec.brokers.replicas must be at least 3, not 2: brokers 0 to 2 of this cluster are its controllers',
      ],
    });
  });

  it('are refused by size before they are parsed', () => {
    expect(errorsOf(`#${'x'.repeat(1 << 20)}\n`)).toEqual(['m.yaml: is larger than 1048576 bytes']);
  });
});
