import type { ClusterAdmin } from './cluster-admin.ts';

/** A node that can be reached now. */
export interface NodeReach {
  readonly id: number;
  /** An IP address: no name has to be resolved. */
  readonly host: string;
  /** Of its first listener, null where it is no broker. */
  readonly listenerPort: number | null;
  readonly controlPort: number;
  /** Another one after every start of it. */
  readonly instance: string;
}

/** Certificates that nodes are called with, in PEM. */
export interface OperatorFiles {
  readonly cert: string;
  readonly key: string;
  /** Of whoever signs those of nodes. */
  readonly ca: string;
}

/** Which cluster the nodes are of. */
export interface DialedCluster {
  readonly namespace: string;
  readonly name: string;
  readonly clusterId: string;
  /** null: its control plane has no certificates. */
  readonly tls: OperatorFiles | null;
}

/** Opens connections to clusters elsewhere. Failures are `OperatorError`s. */
export interface ClusterDialer {
  /** Its administration through these nodes, of which at least one is a broker. */
  connect(cluster: DialedCluster, nodes: readonly NodeReach[]): Promise<ClusterAdmin>;
  /** Id of a node's disk as the node says it (22 characters of base64url). */
  diskOf(cluster: DialedCluster, node: NodeReach): Promise<string>;
  /** Whether a controller has come back with an empty disk, and nothing has come to it since. */
  hasNoMetadata(cluster: DialedCluster, node: NodeReach): Promise<boolean>;
}
