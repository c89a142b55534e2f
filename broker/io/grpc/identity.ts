import { Metadata } from '@grpc/grpc-js';
import type { Message, ReplicaKey } from '../../core/raft/types.ts';
import type { Caller } from '../../ports/control-net.ts';
import type { CertifiedName } from '../tls/certificates.ts';

const CLUSTER = 'weir-cluster-id';
const ROLE = 'weir-role';
const NODE = 'weir-node-id';
const DIRECTORY = 'weir-directory-id';

/** Who speaks, as the head of every call says; it holds for each message of the call, which can't leave its stream. */
export interface Identity {
  readonly clusterId: string;
  readonly role: Caller['role'];
  /** An operator's has id −1 and no disk. */
  readonly replica: ReplicaKey;
}

/** Whether somebody is who a certificate says (B3). */
export function isCertified({ clusterId, role, replica }: Identity, certified: CertifiedName | null): boolean {
  if (certified === null || certified.clusterId !== clusterId || certified.role !== role) return false;
  return certified.role === 'operator' || certified.nodeId === replica.id;
}

/** The head of a call, or of its answer. */
export function writeIdentity({ clusterId, role, replica }: Identity): Metadata {
  const metadata = new Metadata();
  metadata.set(CLUSTER, clusterId);
  metadata.set(ROLE, role);
  metadata.set(NODE, String(replica.id));
  metadata.set(DIRECTORY, replica.directoryId);
  return metadata;
}

/** Who speaks, or null when the head of the call doesn't say. */
export function readIdentity(metadata: Metadata): Identity | null {
  const text = (key: string): string => String(metadata.get(key)[0] ?? '');
  const role = text(ROLE);
  if (text(CLUSTER) === '' || (role !== 'node' && role !== 'operator') || !/^-?\d{1,10}$/.test(text(NODE))) return null;
  return { clusterId: text(CLUSTER), role, replica: { id: Number(text(NODE)), directoryId: text(DIRECTORY) } };
}

/** Whether a message of Raft names the same sender as the head of its call, or of its answer. */
export function isFrom({ from }: Message, replica: ReplicaKey): boolean {
  return from.id === replica.id && from.directoryId === replica.directoryId;
}
