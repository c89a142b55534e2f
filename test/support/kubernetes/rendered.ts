import { validateManifest } from '../../../operator/api/manifest.ts';
import { API_VERSION } from '../../../operator/api/names.ts';
import { checkSetting, isDynamicSetting } from '../../../operator/api/settings.ts';
import type { Cluster } from '../../../operator/api/kinds.ts';
import { wantedNodes } from '../../../operator/core/plan-nodes.ts';
import type { Blueprint, Site } from '../../../operator/io/kubernetes/objects/blueprint.ts';
import type { Listed, ReadCluster } from '../../../operator/io/kubernetes/read.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';

/** A site like any. */
export const SITE: Site = {
  image: { repository: 'registry.example.com/weir', tag: '1.2.3', pullPolicy: 'IfNotPresent' },
  domain: 'cluster.local',
  operator: { namespace: 'weir-system', labels: { 'app.kubernetes.io/name': 'weir-operator' } },
};

/** `metadata.uid` of every Cluster here. */
export const UID = '6f1d6c1e-0000-4000-8000-000000000001';
/** Its cluster's id. */
export const CLUSTER_ID = 'hEcOm4jcSU6sTYlH3TKGmQ';

/** A disk of a node: an id as nodes make them. */
export const diskOf = (id: number): string =>
  Buffer.from(`a disk of ${String(id).padStart(6, '0')}`).toString('base64url');

/** The Cluster of a manifest's spec, validated. */
export function clusterOf(spec: object, metadata: object = { name: 'orders', namespace: 'prod' }): Cluster {
  const validated = validateManifest({ apiVersion: API_VERSION, kind: 'Cluster', metadata, spec }, checkSetting);
  if (!validated.ok) throw new Error(JSON.stringify(validated.issues));
  if (validated.resource.kind !== 'Cluster') throw new Error('not a Cluster');
  return validated.resource;
}

/** A cluster as its manifest has it: formed, all nodes running, nothing left to be done. */
export function settledBlueprint(cluster: Cluster): Blueprint {
  const nodes = wantedNodes(cluster, isDynamicSetting);
  const initialVoters = (nodes[0]?.voters ?? []).map((id) => ({ id, directoryId: diskOf(id) }));
  return {
    cluster,
    uid: UID,
    formation: { clusterId: CLUSTER_ID, initialVoters, formed: true },
    floor: null,
    nodes: nodes.map((spec) => ({ spec, isRunning: true, mark: null, replacedDisk: null, volumeSize: null })),
    templateSizes: new Map(),
    site: SITE,
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** What is at a path of foreign JSON. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((one, step) => (one as Fields | undefined)?.[step], value);
}

/** The pods that the controller of a StatefulSet makes, as a kubelet shows them once they are ready. */
export function readyPods(set: KubernetesObject): readonly KubernetesObject[] {
  const start = Number(at(set, 'spec', 'ordinals', 'start') ?? 0);
  return Array.from({ length: Number(at(set, 'spec', 'replicas')) }, (_, index) => {
    const name = `${set.metadata.name}-${start + index}`;
    const labels = {
      ...(at(set, 'spec', 'template', 'metadata', 'labels') as Record<string, string>),
      'apps.kubernetes.io/pod-index': String(start + index),
      'statefulset.kubernetes.io/pod-name': name,
    };
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: set.metadata.namespace ?? '',
        uid: `uid-of-${name}`,
        labels,
        annotations: at(set, 'spec', 'template', 'metadata', 'annotations') as Record<string, string>,
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'StatefulSet',
            name: set.metadata.name,
            uid: set.metadata.uid ?? '',
            controller: true,
          },
        ],
      },
      spec: at(set, 'spec', 'template', 'spec'),
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [{ name: 'weir', restartCount: 0, state: { running: {} } }],
      },
    };
  });
}

/** The Cluster that `clusterOf` makes, as it is read. */
export const READ: ReadCluster = {
  ...{ name: 'orders', namespace: 'prod', uid: UID },
  ...{ domain: SITE.domain, version: SITE.image.tag },
};

/** Objects as they are listed once the controllers of Kubernetes have done their part. */
export function listedOf(objects: readonly KubernetesObject[]): Listed {
  const stored = objects.map((one) => ({
    ...one,
    metadata: { ...one.metadata, uid: `${one.kind} ${one.metadata.name}` },
  }));
  const ofKind = (kind: string): readonly KubernetesObject[] => stored.filter((one) => one.kind === kind);
  return {
    statefulSets: ofKind('StatefulSet'),
    pods: ofKind('StatefulSet').flatMap(readyPods),
    claims: ofKind('PersistentVolumeClaim'),
    configMaps: ofKind('ConfigMap'),
    services: ofKind('Service'),
  };
}

/** What the nodes in these pods would say of their disks. */
export function disksOf({ pods }: Listed): ReadonlyMap<string, string> {
  return new Map(
    pods.flatMap(({ metadata: { name, uid = '' } }) =>
      uid.startsWith('uid-of-') ? [[uid, diskOf(Number(/\d+$/.exec(name)?.[0]))] as const] : [],
    ),
  );
}
