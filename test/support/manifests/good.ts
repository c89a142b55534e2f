import { BROKERS, TOPIC, GROUP, HOSTS, stored, listening, apart, type Case } from './case.ts';

const AFFINITY = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd', 'ssd'] }] }],
    },
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 5, preference: { matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['old'] }] } },
    ],
  },
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'x' } }, namespaces: ['a'] },
      },
    ],
  },
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'zone', labelSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } },
    ],
  },
};

/** Manifests that are taken. */
export const GOOD: readonly Case[] = [
  { title: 'as little as possible', kind: 'Cluster', spec: { brokers: {} } },
  {
    title: 'everything',
    kind: 'Cluster',
    name: 'a'.repeat(40),
    spec: {
      brokers: {
        replicas: 3,
        storage: { size: '200Gi', storageClassName: 'fast' },
        resources: { requests: { cpu: 1, memory: '2Gi' }, limits: { cpu: '1500m', memory: 4_294_967_296 } },
        pod: {
          labels: { team: 'queues' },
          annotations: { 'example.com/note': 'a longer text, with spaces' },
          tolerations: [
            { key: 'dedicated', operator: 'Equal', value: 'weir', effect: 'NoSchedule' },
            { operator: 'Exists' },
          ],
          affinity: AFFINITY,
          priorityClassName: 'high',
          imagePullSecrets: [{ name: 'registry' }],
        },
        autoscale: {
          maxReplicas: 9,
          scaleIn: 'Drain',
          diskPercent: 80,
          loadPercent: 50,
          throughput: '100Mi',
          scaleOutSeconds: 120,
          scaleInSeconds: 120,
        },
      },
      storage: { onDelete: 'Delete' },
      controllers: { replicas: 5, storage: { size: '10Gi' }, resources: { requests: { cpu: '0.5' } } },
      listeners: [
        { name: 'plain', port: 9092 },
        { name: 'machines', port: 9093, type: 'nodeport' },
        { name: 'outside', port: 9094, type: 'loadbalancer' },
        { name: 'gateway', port: 9095, type: 'hosts', hosts: HOSTS },
      ],
      config: { 'min.insync.replicas': 2, 'default.replication.factor': '3' },
      version: '1.4.2-rc.1',
      featureLevel: 3,
      tenants: [{ namespace: 'payments', prefix: 'payments.' }],
      maintenanceWindows: [
        { start: '02:00', durationMinutes: 180, days: ['Sat', 'Sun'], timeZone: 'Europe/Berlin' },
        { start: '23:59', durationMinutes: 15 },
      ],
    },
  },
  { title: 'more brokers', kind: 'Cluster', before: { brokers: { replicas: 1 } }, spec: { brokers: { replicas: 3 } } },
  { title: 'fewer brokers, of many', kind: 'Cluster', before: { brokers: { replicas: 5 } }, spec: BROKERS },
  {
    title: 'one broker of two',
    kind: 'Cluster',
    before: { brokers: { replicas: 2 } },
    spec: { brokers: { replicas: 1 } },
  },
  {
    title: 'one broker of four beside controllers',
    kind: 'Cluster',
    before: { ...apart(3), brokers: { replicas: 4 } },
    spec: { ...apart(3), brokers: { replicas: 1 } },
  },
  { title: 'more controllers', kind: 'Cluster', before: apart(1), spec: apart(3) },
  {
    title: 'as many controllers as by default',
    kind: 'Cluster',
    before: { ...BROKERS, controllers: {} },
    spec: apart(3),
  },
  { title: 'larger volumes', kind: 'Cluster', before: stored({ size: '900Mi' }), spec: stored({ size: '1Gi' }) },
  {
    title: 'volumes of the same size',
    kind: 'Cluster',
    before: stored({ size: '1Gi' }),
    spec: stored({ size: 1_073_741_824 }),
  },
  {
    title: 'larger volumes of a class',
    kind: 'Cluster',
    before: apart(3, { storage: { size: '1Gi', storageClassName: 'fast' } }),
    spec: apart(3, { storage: { size: '2Gi', storageClassName: 'fast' } }),
  },
  {
    title: 'another end for the volumes',
    kind: 'Cluster',
    before: stored({ size: '1Gi' }),
    spec: { ...stored({ size: '1Gi' }), storage: { onDelete: 'Delete' } },
  },
  { title: 'an autoscale that does nothing', kind: 'Cluster', spec: { brokers: { autoscale: { maxReplicas: 3 } } } },
  {
    title: 'other listeners',
    kind: 'Cluster',
    before: listening({ name: 'plain', port: 9092 }),
    spec: listening({ name: 'plain', port: 9093 }, { name: 'other', port: 9092 }),
  },
  { title: 'as little as possible', kind: 'Topic', spec: TOPIC },
  {
    title: 'everything',
    kind: 'Topic',
    spec: {
      clusterRef: { name: 'c', namespace: 'other' },
      topicName: 'Orders_1.dead-letters',
      partitions: 10_000,
      replicationFactor: 3,
      config: { 'retention.ms': 604_800_000 },
      deletionPolicy: 'Delete',
    },
  },
  { title: 'more partitions', kind: 'Topic', before: { ...TOPIC, partitions: 1 }, spec: { ...TOPIC, partitions: 2 } },
  { title: 'no word of partitions any more', kind: 'Topic', before: { ...TOPIC, partitions: 4 }, spec: TOPIC },
  { title: 'a word of partitions', kind: 'Topic', before: TOPIC, spec: { ...TOPIC, partitions: 4 } },
  {
    title: 'another replication factor',
    kind: 'Topic',
    before: { ...TOPIC, topicName: 't', replicationFactor: 3 },
    spec: { ...TOPIC, topicName: 't', replicationFactor: 2 },
  },
  { title: 'as little as possible', kind: 'ShareGroup', spec: GROUP },
  {
    title: 'everything',
    kind: 'ShareGroup',
    spec: {
      clusterRef: { name: 'c', namespace: 'other' },
      groupId: 'Workers 1',
      topics: ['orders', 'orders.retry'],
      createTopics: { partitions: 4, replicationFactor: 3 },
      config: { 'share.delivery.count.limit': 3 },
      scaling: {
        mode: 'Builtin',
        targetRef: { kind: 'StatefulSet', name: 'workers' },
        minReplicas: 0,
        maxReplicas: 60,
        backlogPerReplica: 200,
        stabilizationSeconds: 120,
        scaleUpPercent: 50,
        scaleDownPercent: 10,
      },
      deletionPolicy: 'Delete',
    },
  },
  {
    title: 'a topic of the brokers, which is there or is not',
    kind: 'ShareGroup',
    spec: { ...GROUP, topics: ['__consumer_offsets'] },
  },
  {
    title: 'a target, and nothing else of scaling',
    kind: 'ShareGroup',
    spec: { ...GROUP, scaling: { targetRef: { name: 'workers' }, backlogPerReplica: 1 } },
  },
  {
    title: 'scaling by somebody else',
    kind: 'ShareGroup',
    spec: { ...GROUP, scaling: { mode: 'External', backlogPerReplica: 1 } },
  },
  {
    title: 'scaling by somebody else, as an API server completes it',
    kind: 'ShareGroup',
    spec: { ...GROUP, scaling: { mode: 'External', backlogPerReplica: 1, minReplicas: 1, maxReplicas: 10 } },
  },
  {
    title: 'other topics',
    kind: 'ShareGroup',
    before: { ...GROUP, groupId: 'g' },
    spec: { ...GROUP, groupId: 'g', topics: ['more'] },
  },
];
