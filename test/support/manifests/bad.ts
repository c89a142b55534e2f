import { MANAGED_SETTINGS } from '../../../operator/api/manifest.ts';
import type { Kind } from '../../../operator/api/names.ts';
import { BROKERS, TOPIC, GROUP, HOSTS, stored, listening, apart, podded, type BadCase } from './case.ts';

const isHosts = 'must be there if the type of the listener is hosts, and only then';
const storageStays =
  'cannot be added or taken away: make a new Cluster, whose nodes begin with the other kind of storage';
const classStays = 'cannot be changed, added or taken away: volumes keep the class that they were made with';
const controllersStay =
  'cannot be added or taken away: make a new Cluster, since this one keeps the kind of controllers it began with';
const brokersStay = 'must stay at least 3: brokers 0 to 2 of this Cluster are its controllers';
const controllersOdd = 'must be 1, 3 or 5: of an even number no more may fail than of one fewer';
const groupStays = 'cannot be changed, added or taken away: make a new ShareGroup for another group';
const topicStays = 'cannot be changed, added or taken away: make a new Topic, since a topic keeps its name';
const ownNames = "must not have names that begin with weir.dev/, which are the operator's own";
const ownLabels =
  "must not have names that begin with weir.dev/, app.kubernetes.io/name, app.kubernetes.io/component, app.kubernetes.io/managed-by, which are the operator's own";
const ownPort = 'must not be 9091, 9180, 9185, 9190: nodes keep these ports for themselves';
const ownTopics = "must not begin with '__', as the topics of the brokers themselves do, nor be '.' or '..'";
const createdTopics =
  "must not have '.', '..' or names that begin with '__' where createTopics is there: brokers make their own topics themselves";
const hasTarget = 'must be there if mode is Builtin, and only then: KEDA has it in its ScaledObject';
const refStays = 'cannot be changed: make a new object for the other Cluster';
const clusterName =
  "must be at most 40 lower-case letters, digits and '-', beginning with a letter, ending with a letter or digit";

const shape = (kind: Kind, title: string, spec: object, path: string, message: string): BadCase => ({
  title,
  kind,
  spec,
  by: 'shape',
  path,
  message,
});
const rule = (kind: Kind, title: string, spec: object, path: string, message: string): BadCase => ({
  ...shape(kind, title, spec, path, message),
  by: 'rule',
});
const change = (
  kind: Kind,
  title: string,
  [before, spec]: readonly [before: object, spec: object],
  path: string,
  message: string,
): BadCase => ({ ...rule(kind, title, spec, path, message), before });

/** A ShareGroup whose consumers are scaled. */
const scaled = (scaling: object) => ({ ...GROUP, scaling: { backlogPerReplica: 100, ...scaling } });

const BAD_SHAPES: readonly BadCase[] = [
  shape('Cluster', 'no brokers', {}, 'spec.brokers', 'is required'),
  shape(
    'Cluster',
    'zero brokers',
    { brokers: { replicas: 0 } },
    'spec.brokers.replicas',
    'must be between 1 and 1000, not 0',
  ),
  shape(
    'Cluster',
    'half a broker',
    { brokers: { replicas: 1.5 } },
    'spec.brokers.replicas',
    'must be a whole number, not 1.5',
  ),
  shape(
    'Cluster',
    'brokers as a text',
    { brokers: { replicas: '3' } },
    'spec.brokers.replicas',
    'must be a whole number, not "3"',
  ),
  shape('Cluster', 'seven controllers', apart(7), 'spec.controllers.replicas', 'must be between 1 and 5, not 7'),
  shape('Cluster', 'storage without a size', stored({}), 'spec.brokers.storage.size', 'is required'),
  shape(
    'Cluster',
    'a size in words',
    stored({ size: '200 gigabytes' }),
    'spec.brokers.storage.size',
    'must be a whole number of bytes with or without a unit, such as 200Gi, not "200 gigabytes"',
  ),
  shape(
    'Cluster',
    'a size of nothing',
    stored({ size: 0 }),
    'spec.brokers.storage.size',
    'must be a whole number of bytes with or without a unit, such as 200Gi, not 0',
  ),
  shape(
    'Cluster',
    'CPUs with a unit of bytes',
    { brokers: { resources: { limits: { cpu: '2Gi' } } } },
    'spec.brokers.resources.limits.cpu',
    'must be a number of CPUs such as 500m, 0.5 or 2, not "2Gi"',
  ),
  shape(
    'Cluster',
    'another end for volumes',
    { ...stored({ size: '1Gi' }), storage: { onDelete: 'retain' } },
    'spec.storage.onDelete',
    'must be one of Retain, Delete, not "retain"; did you mean Retain?',
  ),
  shape(
    'Cluster',
    'an autoscale without an end',
    { brokers: { autoscale: {} } },
    'spec.brokers.autoscale.maxReplicas',
    'is required',
  ),
  shape(
    'Cluster',
    'an autoscale that waits for full disks',
    { brokers: { autoscale: { maxReplicas: 9, diskPercent: 91 } } },
    'spec.brokers.autoscale.diskPercent',
    'must be between 10 and 90, not 91',
  ),
  shape('Cluster', 'no listener', listening(), 'spec.listeners', 'must not be empty'),
  shape(
    'Cluster',
    'a listener twice',
    listening({ name: 'plain', port: 9092 }, { name: 'plain', port: 9093 }),
    'spec.listeners[1]',
    'is there twice: "plain" is item 0 already',
  ),
  shape(
    'Cluster',
    'a listener with capitals',
    listening({ name: 'PLAIN', port: 9092 }),
    'spec.listeners[0].name',
    'must be lower-case letters, digits and \'-\', beginning with a letter, not "PLAIN"',
  ),
  shape(
    'Cluster',
    'one name for all nodes',
    listening({ name: 'plain', port: 9092, type: 'hosts', hosts: { ...HOSTS, node: 'b.kafka.example.com' } }),
    'spec.listeners[0].hosts.node',
    'must be a host name in lower case with {id} in it, such as b-{id}.kafka.example.com, not "b.kafka.example.com"',
  ),
  shape(
    'Cluster',
    'a version that is none',
    { ...BROKERS, version: 'latest' },
    'spec.version',
    'must be a version such as "1.4.2", not "latest"',
  ),
  shape(
    'Cluster',
    'a window at no hour',
    { ...BROKERS, maintenanceWindows: [{ start: '24:00', durationMinutes: 60 }] },
    'spec.maintenanceWindows[0].start',
    'must be hours and minutes such as "02:00", not "24:00"',
  ),
  shape(
    'Cluster',
    'a day twice',
    { ...BROKERS, maintenanceWindows: [{ start: '02:00', durationMinutes: 60, days: ['Sat', 'Sat'] }] },
    'spec.maintenanceWindows[0].days[1]',
    'is there twice: "Sat" is item 0 already',
  ),
  shape(
    'Cluster',
    'a tenant twice',
    { ...BROKERS, tenants: ['x.', 'y.'].map((prefix) => ({ namespace: 'payments', prefix })) },
    'spec.tenants[1]',
    'is there twice: "payments" is item 0 already',
  ),
  shape(
    'Cluster',
    'a toleration of no known effect',
    podded({ tolerations: [{ effect: 'Never' }] }),
    'spec.brokers.pod.tolerations[0].effect',
    'must be one of NoSchedule, PreferNoSchedule, NoExecute, not "Never"',
  ),
  shape(
    'Cluster',
    'a config that is a list',
    { ...BROKERS, config: [] },
    'spec.config',
    'must be an object, not a list',
  ),
  {
    ...shape(
      'Cluster',
      'a setting that is true',
      { ...BROKERS, config: { 'delete.topic.enable': true } },
      'spec.config["delete.topic.enable"]',
      'must be a text or a whole number, not true; write it in quotes: "true"',
    ),
    server: { path: 'spec.config.delete.topic.enable' },
  },
  shape(
    'Cluster',
    'a size of too many digits',
    stored({ size: '1'.repeat(21) }),
    'spec.brokers.storage.size',
    `must be a whole number of bytes with or without a unit, such as 200Gi, not "${'1'.repeat(21)}"`,
  ),
  {
    ...shape(
      'Cluster',
      'a setting without an end',
      { ...BROKERS, config: { 'compression.type': 'x'.repeat(10_001) } },
      'spec.config["compression.type"]',
      'must have at most 10000 characters, not 10001',
    ),
    server: { path: 'spec.config.compression.type' },
  },
  shape('ShareGroup', 'an id of nothing', { ...GROUP, groupId: '' }, 'spec.groupId', 'must not be empty'),
  shape('Topic', 'no Cluster', {}, 'spec.clusterRef', 'is required'),
  shape('Topic', 'a Cluster without a name', { clusterRef: {} }, 'spec.clusterRef.name', 'is required'),
  shape('Topic', 'no partition', { ...TOPIC, partitions: 0 }, 'spec.partitions', 'must be between 1 and 10000, not 0'),
  shape(
    'Topic',
    'a name with a blank',
    { ...TOPIC, topicName: 'x y' },
    'spec.topicName',
    "must be letters, digits, '.', '_' and '-', not \"x y\"",
  ),
  shape(
    'Topic',
    'another deletion policy',
    { ...TOPIC, deletionPolicy: 'Orphan' },
    'spec.deletionPolicy',
    'must be one of Retain, Delete, not "Orphan"',
  ),
  shape('ShareGroup', 'no topics', { ...GROUP, topics: [] }, 'spec.topics', 'must not be empty'),
  shape(
    'ShareGroup',
    'a topic twice',
    { ...GROUP, topics: ['x', 'x'] },
    'spec.topics[1]',
    'is there twice: "x" is item 0 already',
  ),
  shape(
    'ShareGroup',
    'scaling by nothing',
    { ...GROUP, scaling: { targetRef: { name: 'w' } } },
    'spec.scaling.backlogPerReplica',
    'is required',
  ),
  shape(
    'ShareGroup',
    'scaling of a Pod',
    scaled({ targetRef: { kind: 'Pod', name: 'w' } }),
    'spec.scaling.targetRef.kind',
    'must be one of Deployment, StatefulSet, not "Pod"',
  ),
  {
    ...shape(
      'Cluster',
      'a field that is not known',
      { brokers: { replica: 3 } },
      'spec.brokers.replica',
      'is not a known field; did you mean replicas?',
    ),
    by: 'unknown',
  },
];

const BAD_BY_RULE: readonly BadCase[] = [
  { ...rule('Cluster', 'a name with a dot', BROKERS, 'metadata.name', clusterName), name: 'a.b' },
  {
    ...rule('Cluster', 'a name that is too long for pods', BROKERS, 'metadata.name', clusterName),
    name: 'a'.repeat(41),
  },
  rule('Cluster', 'four controllers', apart(4), 'spec.controllers.replicas', controllersOdd),
  rule(
    'Cluster',
    'an autoscale below the floor',
    { brokers: { autoscale: { maxReplicas: 2 } } },
    'spec.brokers.autoscale.maxReplicas',
    'must be at least spec.brokers.replicas, which is the least number of brokers',
  ),
  rule(
    'Cluster',
    'an autoscale that takes a broker away sooner than it adds one',
    { brokers: { autoscale: { maxReplicas: 9, scaleInSeconds: 59 } } },
    'spec.brokers.autoscale.scaleInSeconds',
    'must be at least scaleOutSeconds: a broker that came takes longer to go',
  ),
  rule(
    'ShareGroup',
    'fewer consumers at most than at least',
    scaled({ targetRef: { name: 'w' }, minReplicas: 3, maxReplicas: 2 }),
    'spec.scaling.maxReplicas',
    'must be at least minReplicas, which is the least number of replicas',
  ),
  ...['__share_group_state', '..'].map((topic) =>
    rule(
      'ShareGroup',
      `topic ${topic} to be made`,
      { ...GROUP, topics: ['jobs', topic], createTopics: {} },
      'spec.topics',
      createdTopics,
    ),
  ),
  rule('ShareGroup', 'scaling of nothing', scaled({}), 'spec.scaling.targetRef', hasTarget),
  rule(
    'ShareGroup',
    'a target that somebody else scales',
    scaled({ mode: 'External', targetRef: { name: 'w' } }),
    'spec.scaling.targetRef',
    hasTarget,
  ),
  ...Object.entries({
    minReplicas: 'minReplicaCount',
    maxReplicas: 'maxReplicaCount',
    stabilizationSeconds: 'cooldownPeriod and advanced.horizontalPodAutoscalerConfig.behavior',
    scaleUpPercent: 'advanced.horizontalPodAutoscalerConfig.behavior.scaleUp',
    scaleDownPercent: 'advanced.horizontalPodAutoscalerConfig.behavior.scaleDown',
  }).map(([field, theirs]) =>
    rule(
      'ShareGroup',
      `${field} that somebody else decides`,
      scaled({ mode: 'External', [field]: 5 }),
      `spec.scaling.${field}`,
      `has no effect if mode is External: a ScaledObject has ${theirs} for it`,
    ),
  ),
  ...[9091, 9180, 9185, 9190].map((port) =>
    rule('Cluster', `port ${port}`, listening({ name: 'x', port }), 'spec.listeners[0].port', ownPort),
  ),
  {
    ...rule(
      'Cluster',
      'a port twice',
      listening({ name: 'plain', port: 9092 }, { name: 'other', port: 9092 }),
      'spec.listeners[1].port',
      'must not have the port of another listener: each needs its own',
    ),
    server: { path: 'spec.listeners', message: 'must not have the port of another listener: each needs its own' },
  },
  ...['controller', 'ssl'].map((name) =>
    rule(
      'Cluster',
      `a listener called ${name}`,
      listening({ name: 'plain', port: 9092 }, { name, port: 9093 }),
      'spec.listeners[1].name',
      'must not be controller or ssl, which brokers refuse: choose another name',
    ),
  ),
  rule('Cluster', 'no hosts', listening({ name: 'x', port: 9092, type: 'hosts' }), 'spec.listeners[0].hosts', isHosts),
  rule(
    'Cluster',
    'hosts of a load balancer',
    listening({ name: 'plain', port: 9092 }, { name: 'x', port: 9093, type: 'loadbalancer', hosts: HOSTS }),
    'spec.listeners[1].hosts',
    isHosts,
  ),
  ...['weir.dev/role', 'app.kubernetes.io/name', 'app.kubernetes.io/component', 'app.kubernetes.io/managed-by'].map(
    (label) =>
      rule('Cluster', `label ${label}`, podded({ labels: { [label]: 'x' } }), 'spec.brokers.pod.labels', ownLabels),
  ),
  rule(
    'Cluster',
    'an annotation of ours',
    apart(3, { pod: { annotations: { a: '', 'weir.dev/hash': '' } } }),
    'spec.controllers.pod.annotations',
    ownNames,
  ),
  ...[
    ['listeners', 'spec.listeners'],
    ['node.id', 'the operator'],
    ['weir.grpc.advertised.host', 'the operator'],
    ['weir.grpc.port', 'the operator'],
    ['weir.http.host', 'the operator'],
    ['weir.http.port', 'the operator'],
  ].map(([name = '', owner]): BadCase => {
    const path = name === 'listeners' ? 'spec.config.listeners' : `spec.config[${JSON.stringify(name)}]`;
    const message = `must leave out what spec.listeners and the operator set: ${[...MANAGED_SETTINGS.keys()].join(', ')}`;
    return {
      ...rule(
        'Cluster',
        `the setting ${name}`,
        { ...BROKERS, config: { [name]: '1' } },
        path,
        `is set by ${owner}, not here`,
      ),
      server: { path: 'spec.config', message },
    };
  }),
  rule(
    'Topic',
    "a topic of the brokers' own",
    { ...TOPIC, topicName: '__share_group_state' },
    'spec.topicName',
    ownTopics,
  ),
  rule('Topic', 'a topic called ..', { ...TOPIC, topicName: '..' }, 'spec.topicName', ownTopics),
];

const BAD_CHANGES: readonly BadCase[] = [
  change('Cluster', 'controllers added', [BROKERS, apart(3)], 'spec.controllers', controllersStay),
  change('Cluster', 'controllers taken away', [apart(3), BROKERS], 'spec.controllers', controllersStay),
  change(
    'Cluster',
    'fewer controllers',
    [apart(3), apart(1)],
    'spec.controllers.replicas',
    'must not become fewer: controllers can only be added',
  ),
  change(
    'Cluster',
    'two brokers of three',
    [BROKERS, { brokers: { replicas: 2 } }],
    'spec.brokers.replicas',
    brokersStay,
  ),
  change(
    'Cluster',
    'one broker of five',
    [{ brokers: { replicas: 5 } }, { brokers: { replicas: 1 } }],
    'spec.brokers.replicas',
    brokersStay,
  ),
  change('Cluster', 'storage added', [BROKERS, stored({ size: '1Gi' })], 'spec.brokers.storage', storageStays),
  change('Cluster', 'storage taken away', [stored({ size: '1Gi' }), BROKERS], 'spec.brokers.storage', storageStays),
  change(
    'Cluster',
    'storage of controllers added',
    [apart(3), apart(3, { storage: { size: '1Gi' } })],
    'spec.controllers.storage',
    storageStays,
  ),
  change(
    'Cluster',
    'smaller volumes',
    [stored({ size: '1Gi' }), stored({ size: '1G' })],
    'spec.brokers.storage.size',
    'must not shrink: volumes can only grow',
  ),
  change(
    'Cluster',
    'smaller volumes of controllers',
    [apart(3, { storage: { size: '1025Ki' } }), apart(3, { storage: { size: '1Mi' } })],
    'spec.controllers.storage.size',
    'must not shrink: volumes can only grow',
  ),
  change(
    'Cluster',
    'another class',
    [stored({ size: '1Gi', storageClassName: 'a' }), stored({ size: '1Gi', storageClassName: 'b' })],
    'spec.brokers.storage.storageClassName',
    classStays,
  ),
  change(
    'Cluster',
    'a class of its own',
    [apart(3, { storage: { size: '1Gi' } }), apart(3, { storage: { size: '1Gi', storageClassName: 'b' } })],
    'spec.controllers.storage.storageClassName',
    classStays,
  ),
  change('Topic', 'another Cluster', [TOPIC, { clusterRef: { name: 'd' } }], 'spec.clusterRef', refStays),
  change(
    'ShareGroup',
    'a Cluster elsewhere',
    [GROUP, { ...GROUP, clusterRef: { name: 'c', namespace: 'x' } }],
    'spec.clusterRef',
    refStays,
  ),
  change(
    'Topic',
    'another name',
    [
      { ...TOPIC, topicName: 'x' },
      { ...TOPIC, topicName: 'y' },
    ],
    'spec.topicName',
    topicStays,
  ),
  change('Topic', 'a name of its own', [TOPIC, { ...TOPIC, topicName: 'a' }], 'spec.topicName', topicStays),
  change(
    'Topic',
    'fewer partitions',
    [
      { ...TOPIC, partitions: 6 },
      { ...TOPIC, partitions: 5 },
    ],
    'spec.partitions',
    'must not shrink: partitions can only be added; make a new Topic for fewer',
  ),
  change(
    'ShareGroup',
    'another group',
    [
      { ...GROUP, groupId: 'x' },
      { ...GROUP, groupId: 'y' },
    ],
    'spec.groupId',
    groupStays,
  ),
  change('ShareGroup', 'no group id any more', [{ ...GROUP, groupId: 'x' }, GROUP], 'spec.groupId', groupStays),
];

/** Manifests that are refused, each for one reason. */
export const BAD: readonly BadCase[] = [...BAD_SHAPES, ...BAD_BY_RULE, ...BAD_CHANGES];
