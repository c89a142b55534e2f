/** The spec of a Cluster like that of examples/quickstart.yaml, with volumes. */
export const QUICKSTART = {
  brokers: { replicas: 3, storage: { size: '10Gi' } },
  listeners: [{ name: 'plain', port: 9092 }],
  config: { 'default.replication.factor': 3, 'min.insync.replicas': 2 },
};
/** The spec of a Cluster that says everything there is to say. */
export const EVERYTHING = {
  storage: { onDelete: 'Delete' },
  brokers: {
    replicas: 5,
    storage: { size: '200Gi', storageClassName: 'fast' },
    resources: { requests: { cpu: 1, memory: '2Gi' }, limits: { cpu: '1500m', memory: 4_294_967_296 } },
    pod: {
      labels: { team: 'queues' },
      annotations: { 'example.com/note': 'a longer text, with spaces' },
      tolerations: [
        { key: 'dedicated', operator: 'Equal', value: 'weir', effect: 'NoSchedule' },
        { operator: 'Exists' },
      ],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }],
          },
        },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 100, podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'x' } } } },
          ],
        },
      },
      priorityClassName: 'high',
      imagePullSecrets: [{ name: 'registry' }],
    },
    autoscale: { maxReplicas: 9, scaleIn: 'Drain' },
  },
  controllers: { replicas: 3, storage: { size: '10Gi' }, resources: { requests: { cpu: '0.5' } } },
  listeners: [
    { name: 'plain', port: 9092 },
    { name: 'machines', port: 9093, type: 'nodeport' },
    { name: 'outside', port: 9094, type: 'loadbalancer' },
    {
      name: 'gateway',
      port: 9095,
      type: 'hosts',
      hosts: { bootstrap: 'kafka.example.com', node: 'b-{id}.kafka.example.com', port: 443 },
    },
  ],
  config: { 'num.partitions': 6, 'log.retention.ms': 604_800_000 },
  version: '1.4.2',
  featureLevel: 3,
  tenants: [{ namespace: 'payments', prefix: 'payments.' }],
  maintenanceWindows: [{ start: '02:00', durationMinutes: 180, days: ['Sat', 'Sun'], timeZone: 'Europe/Berlin' }],
};
