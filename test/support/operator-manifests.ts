import type { AnyResource, Cluster, ShareGroup, Topic } from '../../operator/api/kinds.ts';

type Metadata = AnyResource['metadata'];

const metadata = (name: string): Metadata => ({ name, namespace: 'default' });

/** Up to nine brokers as the load asks, with the defaults of a manifest. */
export const AUTOSCALE: NonNullable<Cluster['spec']['brokers']['autoscale']> = {
  maxReplicas: 9,
  scaleIn: 'Drain',
  diskPercent: 70,
  loadPercent: 60,
  scaleOutSeconds: 60,
  scaleInSeconds: 1_800,
};

/** A Cluster with one broker, or as `spec` says. */
export function cluster(
  config: Readonly<Record<string, string>> = {},
  spec: {
    readonly port?: number;
    readonly brokers?: number;
    readonly controllers?: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly windows?: Cluster['spec']['maintenanceWindows'];
    readonly omitsReplicas?: true;
    readonly autoscale?: Partial<NonNullable<Cluster['spec']['brokers']['autoscale']>>;
  } = {},
): Cluster {
  const { port = 9092, brokers = 1, controllers, annotations, windows, omitsReplicas, autoscale } = spec;
  return {
    kind: 'Cluster',
    metadata: { ...metadata('c'), ...(annotations && { annotations: new Map(Object.entries(annotations)) }) },
    ...(omitsReplicas && { omitsReplicas }),
    spec: {
      brokers: { replicas: brokers, ...(autoscale && { autoscale: { ...AUTOSCALE, ...autoscale } }) },
      ...(controllers === undefined ? {} : { controllers: { replicas: controllers } }),
      listeners: [{ name: 'plain', port, type: 'internal' }],
      config: new Map(Object.entries(config)),
      ...(windows && { maintenanceWindows: windows }),
    },
  };
}

const COMMON = { clusterRef: { name: 'c' }, config: new Map(), deletionPolicy: 'Retain' } as const;

/** A Topic of cluster `c`. */
export function topic(name: string, spec: Partial<Topic['spec']> = {}): Topic {
  return { kind: 'Topic', metadata: metadata(name), spec: { ...COMMON, ...spec } };
}

/** A ShareGroup of cluster `c`. */
export function group(name: string, topics: readonly string[], spec: Partial<ShareGroup['spec']> = {}): ShareGroup {
  return {
    kind: 'ShareGroup',
    metadata: metadata(name),
    spec: { ...COMMON, topics, ...spec },
  };
}
