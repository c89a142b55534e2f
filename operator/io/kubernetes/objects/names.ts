import { createHash } from 'node:crypto';
import { FIRST_CONTROLLER_ID } from '../../../api/kinds.ts';
import { API } from '../../../api/names.ts';

/** Which StatefulSet a node belongs to; brokers of a combined cluster may be controllers as well (O2). */
export type Role = 'broker' | 'controller';

/** Controllers first: brokers ask them. */
export const ROLES: readonly Role[] = ['controller', 'broker'];

/** Ports that nodes have besides those of their listeners (O6). */
export const PORTS = { replication: 9091, health: 9180, control: 9190 } as const;

/** Labels of our own. */
export const LABELS = {
  cluster: `${API.group}/cluster`,
  role: `${API.group}/role`,
  nodeId: `${API.group}/node-id`,
  /** `listener`: a Service of a listener; `nodes`: the settings of nodes. Such objects go when nothing needs them any more. */
  part: `${API.group}/part`,
} as const;

/** Annotations of our own. */
export const ANNOTATIONS = {
  /** On pods: `NodeSpec.specHash` of what the node was started with. */
  specHash: `${API.group}/spec-hash`,
  /** On pods: hash of everything else that a new pod is needed for. */
  podHash: `${API.group}/pod-hash`,
  /** On pods: `NodeSpec.declaredHash` of what the node was started with. */
  declaredHash: `${API.group}/declared-hash`,
  /** On claims: id of the cluster whose data is on the volume (O4). On StatefulSets: id of the cluster that their pods are of. */
  clusterId: `${API.group}/cluster-id`,
  /** On StatefulSets of brokers: see `SettledScale.floor`. */
  floor: `${API.group}/floor`,
  /** On Services of nodes: what is still to be done about the node, see `NodeObservation.mark`. */
  mark: `${API.group}/mark`,
  /** On Services of nodes, and on their claims: `metadata.uid` of the disk that is to be replaced, or was (see `diskUid`). */
  replacedDisk: `${API.group}/replaced-disk`,
  /** On the Secret of nodes: since when they are given which authorities to trust. */
  trustedSince: `${API.group}/trusted-since`,
  /** On everything that is applied: hash of how it was rendered. */
  rendered: `${API.group}/rendered`,
} as const;

/** Name of the container that a node is; its ports begin with those of its listeners. */
export const CONTAINER = 'weir';

/** Label that the StatefulSet controller gives to each of its pods. */
export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';

/** The value of `app.kubernetes.io/managed-by`. */
export const MANAGER = 'weir-operator';

/** Longest name of a Service: it is a DNS label. */
const SERVICE_NAME_MAX = 63;

/** The StatefulSet of a node. */
export function roleOf(id: number): Role {
  return id < FIRST_CONTROLLER_ID ? 'broker' : 'controller';
}

/** Ordinal of the first pod of a role: ordinals are node ids (O1). */
export function firstOrdinal(role: Role): number {
  return role === 'broker' ? 0 : FIRST_CONTROLLER_ID;
}

/** Name of a role's StatefulSet. */
export function statefulSetName(cluster: string, role: Role): string {
  return `${cluster}-${role}`;
}

/** Name of a node's pod and of its Service, which is its address (O5). */
export function nodeName(cluster: string, id: number): string {
  return `${statefulSetName(cluster, roleOf(id))}-${id}`;
}

/** Name of the claim of a node's volume, as the StatefulSet controller makes it. */
export function claimName(cluster: string, id: number): string {
  return `data-${nodeName(cluster, id)}`;
}

/** The node id in a name as `nameOfId` makes them, null when it is none. */
export function idIn(name: string, nameOfId: (id: number) => string): number | null {
  const digits = /(?:^|-)(0|[1-9][0-9]{0,3})$/.exec(name)?.[1];
  if (digits === undefined) return null;
  return nameOfId(Number(digits)) === name ? Number(digits) : null;
}

/** Names of what a cluster has one of. */
export function namesOf(
  cluster: string,
): Readonly<
  Record<'nodes' | 'bootstrap' | 'quorum' | 'budget' | 'caSecret' | 'nodeSecret' | 'operatorSecret', string>
> {
  return {
    /** Headless Service, ServiceAccount and NetworkPolicy. */
    nodes: `${cluster}-nodes`,
    bootstrap: `${cluster}-bootstrap`,
    quorum: `${cluster}-quorum`,
    budget: cluster,
    /** The key that signs certificates (O6): only the operator reads it. */
    caSecret: `${cluster}-ca`,
    /** `tls.crt`, `tls.key` and `ca.crt` of the operator. */
    operatorSecret: `${cluster}-operator-tls`,
    /** `<node>.crt` and `<node>.key` for each node, and `ca.crt`. */
    nodeSecret: `${cluster}-node-tls`,
  };
}

/** Name of the Service of a listener that is reached from outside; `id` null: the one that leads to any broker. */
export function listenerServiceName(cluster: string, listener: string, id: number | null): string {
  const base = id === null ? namesOf(cluster).bootstrap : nodeName(cluster, id);
  const whole = `${base}-${listener}`;
  return whole.length <= SERVICE_NAME_MAX ? whole : `${base}-${hashOf(listener, 8)}`;
}

/** The address of a node's Service from anywhere in Kubernetes, ending with a dot so that nothing is searched for (O5). */
export function nodeHost(
  place: { readonly cluster: string; readonly namespace: string; readonly domain: string },
  id: number,
): string {
  return `${nodeName(place.cluster, id)}.${place.namespace}.svc.${place.domain}.`;
}

/** The first `length` hex digits of the SHA-256 of a value's JSON. */
export function hashOf(value: unknown, length: number): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, length);
}
