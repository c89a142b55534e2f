import { join } from 'node:path';
import { mustRun } from '../../setup/run.ts';
import { kubernetesProgram } from '../../setup/kubernetes.ts';
import { ROOT } from '../../tidy/tree.ts';

/** The chart of the operator. */
export const OPERATOR_CHART = join(ROOT, 'charts/weir');
/** The chart of a cluster. */
export const CLUSTER_CHART = join(ROOT, 'charts/weir-cluster');
/** The folder of examples. */
export const EXAMPLES = join(ROOT, 'examples');

/** Values of a chart. */
export type Values = Readonly<Record<string, unknown>>;

/** Flags by which helm takes values. */
export const setJson = (values: Values): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);

/** What helm says that needs no API server. */
export async function helm(...args: readonly string[]): Promise<string> {
  return mustRun(await kubernetesProgram('helm'), args);
}

/** A chart as it would be applied, for release `weir` in `weir-system`. */
export async function template(chart: string, values: Values, ...flags: readonly string[]): Promise<string> {
  return helm('template', 'weir', chart, '-n', 'weir-system', '--kube-version=1.37.2', ...setJson(values), ...flags);
}

/** Every value of the operator's chart, otherwise than it is by itself. */
export const OPERATOR_VALUES = {
  image: { repository: 'registry.example.com/weir', tag: '1.2.3', pullPolicy: 'Always' },
  imagePullSecrets: [{ name: 'registry' }],
  replicas: 1,
  watchNamespaces: ['orders', 'payments'],
  clusterDomain: 'k8s.example.com',
  crds: { install: false },
  serviceAccount: { create: false, name: 'somebody' },
  resources: { limits: { cpu: '1', memory: '1Gi' } },
  podLabels: { team: 'queues' },
  podAnnotations: { 'example.com/note': 'a longer text' },
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  priorityClassName: 'high',
  podDisruptionBudget: { enabled: false },
  networkPolicy: { enabled: false },
  keda: { enabled: true, tlsSecret: 'keda-tls', namespace: '' },
  metrics: { service: { annotations: { 'example.com/scrape': 'yes' } } },
};
/** A cluster with members. */
export const CLUSTER_VALUES = {
  name: 'orders',
  labels: { team: 'queues' },
  annotations: { 'example.com/note': 'x' },
  cluster: { brokers: { replicas: 1 }, config: { 'log.retention.ms': 604_800_000 } },
  topics: { orders: { partitions: 12, config: { 'retention.ms': 604_800_000 } }, empty: {} },
  shareGroups: { workers: { topics: ['orders'], config: { 'share.delivery.count.limit': 3 } } },
};
