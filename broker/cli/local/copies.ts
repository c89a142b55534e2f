import { type PartitionCopies, resized, type ResizedPartition } from '../../../operator/core/copies.ts';
import type { TopicObservation } from '../../../operator/core/observed.ts';
import type { ClusterAdmin, Progress } from '../../../operator/ports/cluster-admin.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import type { Target } from '../../core/client/network.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiResponses, RequestInput, WireKey } from '../../core/protocol/messages.ts';
import { check } from './check.ts';

/** Partitions that get copies at a time: what is copied takes disk and network from what is served. */
const COMING_MAX = 20;
const REQUEST_TIMEOUT_MS = 10_000;

/** One request to a broker; fails with an `OperatorError` when no answer comes. */
export type AdminCall = <K extends WireKey>(
  key: K,
  body: () => RequestInput<K>,
  target?: Target,
  minVersion?: number,
) => Promise<ApiResponses[K]>;

/** How many copies the partitions of a topic have, as one broker sees them. */
export interface SeenCopies {
  /** By the index of the partition. */
  readonly counts: ReadonlyMap<number, number>;
  /** Whether all of them are in sync. */
  readonly isWhole: boolean;
}

type Reassigned = ApiResponses[typeof ApiKey.ListPartitionReassignments]['topics'][number]['partitions'][number];
type Copied = Pick<TopicObservation, 'copies' | 'resizing'>;

/** What is known of a topic's copies from Metadata alone, where that says that they are `wanted`; null where it does not. */
export function plainCopies(seen: readonly SeenCopies[], wanted: number | undefined): Copied | null {
  const copies = [...new Set(seen.flatMap(({ counts }) => [...counts.values()]))].sort((a, b) => a - b);
  const isSo = seen.every(({ isWhole }) => isWhole) && copies.every((count) => count === wanted);
  return isSo || wanted === undefined ? { copies, resizing: 0 } : null;
}

/** The same with what is under way. */
export function copiesUnderWay({ counts }: SeenCopies, moving: ReadonlyMap<number, Reassigned>): Copied {
  const wanted = new Map(counts);
  for (const [index, one] of moving) wanted.set(index, one.replicas.length - one.removingReplicas.length);
  const copies = [...new Set(wanted.values())].sort((a, b) => a - b);
  return { copies, resizing: [...moving.values()].filter(isResizing).length };
}

/** Reassignments under way, by topic and partition. What this broker tells afterwards is not older. */
export async function reassignments(
  call: AdminCall,
  target: Target,
): Promise<ReadonlyMap<string, ReadonlyMap<number, Reassigned>>> {
  const body = await call(ApiKey.ListPartitionReassignments, () => ({ topics: null }), target);
  check(body.errorCode, body.errorMessage);
  return new Map(
    body.topics.map(({ name, partitions }) => [name, new Map(partitions.map((one) => [one.partitionIndex, one]))]),
  );
}

/** See `ClusterAdmin.resizeTopic`. */
export async function resizeTopic(
  call: AdminCall,
  name: string,
  { replicationFactor, brokers }: Parameters<ClusterAdmin['resizeTopic']>[1],
): Promise<Progress> {
  const alive = await call(ApiKey.Metadata, () => ({ topics: [], allowAutoTopicCreation: false }), 'any', 4);
  const there = alive.brokers.filter(({ nodeId }) => brokers.includes(nodeId));
  const [first] = there;
  const target = first === undefined || brokers.length === 1 ? 'any' : first.nodeId;
  const moving = (await reassignments(call, target)).get(name) ?? new Map<number, Reassigned>();
  const body = () => ({ topics: [{ name }], allowAutoTopicCreation: false });
  const partitions = (await call(ApiKey.Metadata, body, target, 4)).topics[0]?.partitions ?? [];
  const copies = partitions.map(({ partitionIndex: index, replicaNodes, isrNodes: inSync }) => {
    const going = moving.get(index);
    return {
      index,
      replicas: going?.replicas.filter((id) => !going.removingReplicas.includes(id)) ?? replicaNodes,
      inSync,
    };
  });
  const racks = new Map(there.map(({ nodeId, rack }) => [nodeId, rack]));
  if (racks.size < replicationFactor && copies.some(({ replicas }) => replicas.length < replicationFactor)) {
    const sentence = `${replicationFactor} copies need as many brokers, and ${racks.size} of ${brokers.length} are there`;
    throw new OperatorError('INVALID_REPLICATION_FACTOR', sentence);
  }
  const wanted = resized(copies, racks, replicationFactor);
  const resizing = [...moving].flatMap(([index, one]) => (isResizing(one) ? [index] : []));
  const before = new Map(copies.map(({ index, replicas }) => [index, replicas.length]));
  let room = COMING_MAX - resizing.length;
  const next = wanted.filter(({ index, replicas }) => replicas.length < (before.get(index) ?? 0) || room-- > 0);
  await place(next, copies, {
    ask: (partitions) => reassign(call, name, partitions),
    others: (partitions) => resized(partitions, racks, replicationFactor),
  });
  const left = new Set([...resizing, ...wanted.map(({ index }) => index)]).size;
  return left === 0 ? 'done' : { left };
}

function isResizing({ addingReplicas, removingReplicas }: Reassigned): boolean {
  return addingReplicas.length !== removingReplicas.length;
}

/** By partition, why it can't have these replicas. */
type Refusals = ReadonlyMap<number, string>;

/**
 * Has the partitions get their replicas. Which brokers the controller keeps new ones from (they are cordoned, or on the host of
 * another replica) is nowhere told: what it refuses is tried on others, and fails when none is left.
 */
async function place(
  first: readonly ResizedPartition[],
  copies: readonly PartitionCopies[],
  by: {
    readonly ask: (partitions: readonly ResizedPartition[]) => Promise<Refusals>;
    readonly others: (partitions: readonly PartitionCopies[]) => readonly ResizedPartition[];
  },
): Promise<void> {
  const now = new Map(copies.map((one) => [one.index, one]));
  const open = new Map<number, string>();
  let next = first;
  while (next.length > 0) {
    const refusals = await by.ask(next);
    for (const { index, replicas } of next) {
      const before = now.get(index);
      const sentence = refusals.get(index);
      if (before === undefined) continue;
      if (sentence === undefined) {
        open.delete(index);
        now.set(index, { ...before, replicas });
        continue;
      }
      open.set(index, sentence);
      const coming = replicas.filter((id) => !before.replicas.includes(id));
      const refused = new Set([...(before.refused ?? []), ...(coming.length === 1 ? coming : [])]);
      now.set(index, { ...before, refused });
    }
    next = by
      .others([...now.values()])
      .filter(({ index, replicas }) => refusals.has(index) && replicas.length > (now.get(index)?.replicas.length ?? 0));
  }
  for (const sentence of open.values()) check(ErrorCode.INVALID_REPLICA_ASSIGNMENT, sentence);
}

/** What is refused for its brokers alone is told; everything else fails. */
async function reassign(call: AdminCall, name: string, partitions: readonly ResizedPartition[]): Promise<Refusals> {
  const topic = {
    name,
    partitions: partitions.map(({ index, replicas }) => ({ partitionIndex: index, replicas: [...replicas] })),
  };
  const refusals = new Map<number, string>();
  const request = { timeoutMs: REQUEST_TIMEOUT_MS, allowReplicationFactorChange: true, topics: [topic] };
  const body = await call(ApiKey.AlterPartitionReassignments, () => request, 'any', 1);
  check(body.errorCode, body.errorMessage);
  for (const { name: of, partitions: results } of body.responses)
    for (const { partitionIndex, errorCode, errorMessage } of results) {
      const sentence = `${of}-${partitionIndex}: ${errorMessage ?? ''}`;
      if (errorCode === ErrorCode.INVALID_REPLICA_ASSIGNMENT) refusals.set(partitionIndex, sentence);
      else check(errorCode, sentence);
    }
  return refusals;
}
