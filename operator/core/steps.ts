import { unreachable } from '../../broker/core/base/assert.ts';
import type { ListenerAddress } from './observed.ts';

/** One node as it should be: what a host needs to run it. */
export interface NodeSpec {
  /** `node.id`. */
  readonly id: number;
  readonly roles: readonly ('broker' | 'controller')[];
  /** Ids of the nodes that are controllers, sorted: where it asks for the active one. */
  readonly controllers: readonly number[];
  /** Those of them that are to be voters. */
  readonly voters: readonly number[];
  /** Hash of everything below: a node with another one has to be restarted. */
  readonly specHash: string;
  /** Hash of all that the manifest itself says of the node: one with the same hash is outdated for the operator's own reasons. */
  readonly declaredHash: string;
  /** What `weir.dev/restart` says, '' where nobody asks. A node that was started under another value has to be restarted. */
  readonly restart: string;
  readonly listeners: readonly { readonly name: string; readonly port: number }[];
  /** Static settings by Kafka's names, in sorted order. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Settings to set and to return to their defaults, with the values that they replace (for events). */
export interface ConfigChange {
  readonly set: ReadonlyMap<string, string>;
  readonly unset: readonly string[];
  /** Earlier value of each name, null where there was none. */
  readonly before: ReadonlyMap<string, string | null>;
}

/** Where a group begins in a topic. */
export interface GroupStart {
  readonly topic: string;
  /** Ascending. */
  readonly partitions: readonly number[];
  /** A value of `share.auto.offset.reset`. */
  readonly at: string;
}

/** What is done about a topic. */
export type TopicChange =
  | {
      readonly kind: 'create';
      /** −1: as the cluster's settings say. */
      readonly partitions: number;
      readonly replicationFactor: number;
      readonly config: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'grow'; readonly partitions: number; readonly before: number }
  | {
      readonly kind: 'resize';
      readonly replicationFactor: number;
      /** Brokers that may have copies, sorted. */
      readonly brokers: readonly number[];
    }
  | { readonly kind: 'configure'; readonly change: ConfigChange };

/** One step of a plan, in the words of the domain; neither Kubernetes nor processes appear here. */
export type Step =
  | { readonly kind: 'Form'; readonly initialVoters: readonly number[] }
  | { readonly kind: 'AddNode'; readonly node: NodeSpec }
  | { readonly kind: 'Restart'; readonly node: NodeSpec; readonly reason: string }
  | { readonly kind: 'RemoveNode'; readonly id: number }
  /** The node starts anew with an empty disk; what was on the old one is gone. */
  | { readonly kind: 'ReplaceDisk'; readonly id: number }
  /** The brokers get no new replicas, and what they have moves to others. */
  | { readonly kind: 'Drain'; readonly ids: readonly number[] }
  /** A broker that was to go stays. */
  | { readonly kind: 'Undrain'; readonly id: number }
  /** A stopped broker that holds nothing: its registration and its data go. */
  | { readonly kind: 'ForgetNode'; readonly id: number; readonly isController: boolean }
  /** Brokers that joined get their share. */
  | { readonly kind: 'Rebalance'; readonly ids: readonly number[] }
  | { readonly kind: 'AddVoter'; readonly id: number; readonly directoryId: string; readonly address: string | null }
  | { readonly kind: 'RemoveVoter'; readonly id: number; readonly directoryId: string }
  /** Clients are told to find a broker there, on these listeners and on no other (O18). */
  | { readonly kind: 'SetAdvertised'; readonly id: number; readonly endpoints: readonly ListenerAddress[] }
  /** The feature `weir.version` comes to this level, which no node can be taken back from. */
  | { readonly kind: 'RaiseFeature'; readonly level: number }
  | { readonly kind: 'SetConfig'; readonly change: ConfigChange }
  | { readonly kind: 'EnsureTopic'; readonly topic: string; readonly resource: string; readonly change: TopicChange }
  | {
      readonly kind: 'EnsureGroup';
      readonly groupId: string;
      readonly resource: string;
      readonly change: ConfigChange;
    }
  /** A group that nobody is in begins in partitions of which it has no state (O13). */
  | {
      readonly kind: 'BeginGroup';
      readonly groupId: string;
      readonly resource: string;
      readonly starts: readonly GroupStart[];
    }
  /** A topic goes with its manifest, whether it was seen to be there or not. */
  | { readonly kind: 'DeleteTopic'; readonly topic: string; readonly resource: string }
  /** The same for a group, with its settings of these names. */
  | {
      readonly kind: 'DeleteGroup';
      readonly groupId: string;
      readonly resource: string;
      readonly settings: readonly string[];
    };

/**
 * The topic or group that a step changes, and nothing else: steps about others are independent of it. null: it is about the cluster
 * itself, or goes on by itself.
 */
export function placeOf(step: Step): string | null {
  switch (step.kind) {
    case 'EnsureTopic':
      return step.change.kind === 'resize' ? null : `topic ${step.topic}`;
    case 'DeleteTopic':
      return `topic ${step.topic}`;
    case 'EnsureGroup':
    case 'BeginGroup':
    case 'DeleteGroup':
      return `group ${step.groupId}`;
    default:
      return null;
  }
}

/** Places that a step goes by besides, as they were seen. */
export function sourcesOf(step: Step): readonly string[] {
  return step.kind === 'BeginGroup' ? step.starts.map(({ topic }) => `topic ${topic}`) : [];
}

/** A sentence for a log or an event. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'Form':
      return `form the cluster with ${step.initialVoters.length === 1 ? 'voter' : 'voters'} ${step.initialVoters.join(', ')}`;
    case 'AddNode':
      return `start node ${step.node.id}`;
    case 'Restart':
      return `restart node ${step.node.id}: ${step.reason}`;
    case 'RemoveNode':
      return `stop node ${step.id}`;
    case 'ReplaceDisk':
      return `give node ${step.id} a new disk`;
    case 'Drain':
      return `drain ${nodes(step.ids)}`;
    case 'Undrain':
      return `keep node ${step.id}`;
    case 'ForgetNode':
      return `forget node ${step.id}, which holds nothing any more`;
    case 'Rebalance':
      return `give ${nodes(step.ids)} a share of the partitions`;
    case 'AddVoter':
      return `make node ${step.id} a voter`;
    case 'RemoveVoter':
      return `remove the lost disk of node ${step.id} from the voters`;
    case 'SetAdvertised':
      return `tell clients where node ${step.id} is: ${describeAddresses(step.endpoints)}`;
    case 'RaiseFeature':
      return `raise weir.version to ${step.level}`;
    case 'SetConfig':
      return `set for the cluster: ${describeChange(step.change)}`;
    case 'EnsureTopic':
      return `${step.resource}: ${describeTopicChange(step.topic, step.change)}`;
    case 'EnsureGroup':
      return `${step.resource}: set for group ${step.groupId}: ${describeChange(step.change)}`;
    case 'BeginGroup':
      return `${step.resource}: begin group ${step.groupId}: ${describeStarts(step.starts)}`;
    case 'DeleteTopic':
      return `${step.resource}: delete topic ${step.topic}`;
    case 'DeleteGroup':
      return `${step.resource}: delete group ${step.groupId}`;
    default:
      return unreachable(step);
  }
}

function nodes(ids: readonly number[]): string {
  return `${ids.length === 1 ? 'node' : 'nodes'} ${ids.join(', ')}`;
}

function describeAddresses(endpoints: readonly ListenerAddress[]): string {
  const parts = endpoints.map(({ listener, host, port }) => `${listener.toLowerCase()} at ${host}:${port}`);
  return parts.length === 0 ? 'at its own address' : parts.join(', ');
}

function describeTopicChange(topic: string, change: TopicChange): string {
  switch (change.kind) {
    case 'create': {
      const partitions =
        change.partitions === -1 ? '' : ` with ${change.partitions} partition${change.partitions === 1 ? '' : 's'}`;
      return `create topic ${topic}${partitions}`;
    }
    case 'grow':
      return `grow topic ${topic} from ${change.before} to ${change.partitions} partitions`;
    case 'resize':
      return `give topic ${topic} ${change.replicationFactor} ${change.replicationFactor === 1 ? 'copy' : 'copies'}`;
    case 'configure':
      return `set for topic ${topic}: ${describeChange(change.change)}`;
    default:
      return unreachable(change);
  }
}

function describeStarts(starts: readonly GroupStart[]): string {
  return starts.map(({ topic, at }) => `${topic} at ${at}`).join(', ');
}

function describeChange(change: ConfigChange): string {
  const was = (name: string): string => {
    const before = change.before.get(name) ?? null;
    return before === null ? '' : ` (was ${before})`;
  };
  const parts = [...change.set].map(([name, value]) => `${name}=${value}${was(name)}`);
  for (const name of change.unset) parts.push(`${name} back to its default${was(name)}`);
  return parts.join(', ');
}
