import { CLUSTER_SPEC } from './cluster-spec.ts';
import type { Kind } from './names.ts';
import { SCALING } from './scaling-schema.ts';
import type { EnumSchema, FromSchema, ObjectSchema } from './schema.ts';

const TOPIC_NAME = {
  pattern: '^[a-zA-Z0-9._-]+$',
  patternHint: "letters, digits, '.', '_' and '-'",
  minLength: 1,
  maxLength: 249,
} as const;

const CLUSTER_REF = {
  type: 'object',
  description: 'The Cluster that this belongs to. It cannot be changed.',
  properties: {
    name: { type: 'string', description: 'Name of the Cluster.', minLength: 1, maxLength: 40 },
    namespace: {
      type: 'string',
      description: 'Its namespace, where spec.tenants of the Cluster has to name this one. Absent: the same one.',
      minLength: 1,
      maxLength: 63,
    },
  },
  required: ['name'],
} as const satisfies ObjectSchema;

const PARTITIONS = {
  type: 'integer',
  description: 'Number of partitions. It can grow, never shrink. Absent: num.partitions of the cluster at creation.',
  minimum: 1,
  maximum: 10_000,
} as const;

const REPLICATION_FACTOR = {
  type: 'integer',
  description:
    'Number of copies of each partition, each on a broker of its own. It can be changed. Absent: default.replication.factor of the cluster at creation.',
  minimum: 1,
  maximum: 100,
} as const;

const deletionPolicy = (what: string) =>
  ({
    type: 'enum',
    description: `What becomes of the ${what} when this object is deleted: Retain leaves it as it is, Delete deletes it with what it holds.`,
    only: 'kubernetes',
    values: ['Retain', 'Delete'],
    default: 'Retain',
  }) as const satisfies EnumSchema;

const TOPIC_SPEC = {
  type: 'object',
  description: 'What the topic should be. Its settings are exact: what is not named here returns to its default.',
  properties: {
    clusterRef: CLUSTER_REF,
    topicName: {
      type: 'string',
      description: "The topic's name. Absent: metadata.name. It cannot be changed.",
      ...TOPIC_NAME,
    },
    partitions: PARTITIONS,
    replicationFactor: REPLICATION_FACTOR,
    config: {
      type: 'config',
      description: "Topic settings by Kafka's names.",
      scope: 'topic',
      maxProperties: 100,
    },
    deletionPolicy: deletionPolicy('topic'),
  },
  required: ['clusterRef'],
} as const satisfies ObjectSchema;

const SHARE_GROUP_SPEC = {
  type: 'object',
  description: 'What the share group should be. Its settings are exact: what is not named here returns to its default.',
  properties: {
    clusterRef: CLUSTER_REF,
    groupId: {
      type: 'string',
      description: "The group's id. Absent: metadata.name. It cannot be changed.",
      minLength: 1,
      maxLength: 249,
    },
    topics: {
      type: 'array',
      description: 'Topics that the group reads. Members subscribe by themselves.',
      listType: 'set',
      minItems: 1,
      maxItems: 100,
      items: { type: 'string', description: 'Name of a topic.', ...TOPIC_NAME },
    },
    createTopics: {
      type: 'object',
      description:
        "Creates topics of the list that are absent and that no Topic names, none that begins with '__' among them. Never alters one.",
      properties: { partitions: PARTITIONS, replicationFactor: REPLICATION_FACTOR },
      required: [],
    },
    config: {
      type: 'config',
      description: "Group settings by Kafka's names. share.auto.offset.reset is earliest unless set.",
      scope: 'group',
      maxProperties: 50,
    },
    scaling: SCALING,
    deletionPolicy: deletionPolicy('group'),
  },
  required: ['clusterRef', 'topics'],
} as const satisfies ObjectSchema;

/** The part of `metadata` that a manifest may write. */
export const METADATA = {
  type: 'object',
  description: 'Name, namespace, labels and annotations.',
  properties: {
    name: {
      type: 'string',
      description: 'Name of the object, unique in its kind and namespace.',
      minLength: 1,
      maxLength: 253,
      pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
      patternHint: "lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
    },
    namespace: {
      type: 'string',
      description: 'Namespace; default when absent.',
      minLength: 1,
      maxLength: 63,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
      patternHint: "lower-case letters, digits and '-'",
      default: 'default',
    },
    labels: { type: 'text-map', description: 'Labels.', maxProperties: 100, maxLength: 63 },
    annotations: { type: 'text-map', description: 'Annotations.', maxProperties: 100, maxLength: 262_144 },
  },
  required: ['name'],
} as const satisfies ObjectSchema;

/** A cluster's name becomes part of pod and service names: shorter, and no dots. */
export const CLUSTER_NAME = {
  pattern: '^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$',
  patternHint: "at most 40 lower-case letters, digits and '-', beginning with a letter, ending with a letter or digit",
} as const;

/** What each kind is, in a sentence or two. */
export const KIND_DESCRIPTIONS: Readonly<Record<Kind, string>> = {
  Cluster:
    'A Weir cluster: its brokers, its controllers, and how clients reach them. Annotations ask for what a spec has no words for: weir.dev/pause: "true" holds everything back, weir.dev/adopt: observe only tells what differs, each new value of weir.dev/restart restarts every node once, weir.dev/replace-node: "1" gives node 1 a new disk, weir.dev/confirm-scale-down: "3" lets a number of brokers that is not in the manifest fall to 3.',
  ShareGroup:
    'A share group (KIP-932) of a Weir cluster: a queue over one or more topics, of which each record goes to one member at a time. The annotations weir.dev/pause: "true" and weir.dev/adopt: observe hold back what would be done about it.',
  Topic:
    'A topic of a Weir cluster. The annotations weir.dev/pause: "true" and weir.dev/adopt: observe hold back what would be done about it.',
};

/** The `spec` of every kind. */
export const SPECS = {
  Cluster: CLUSTER_SPEC,
  ShareGroup: SHARE_GROUP_SPEC,
  Topic: TOPIC_SPEC,
} as const satisfies Readonly<Record<Kind, ObjectSchema>>;

/** One valid manifest of kind `K`, defaults filled in. */
export interface Resource<K extends Kind> {
  readonly kind: K;
  readonly metadata: FromSchema<typeof METADATA>;
  readonly spec: FromSchema<(typeof SPECS)[K]>;
  /** Nobody wrote `spec.brokers.replicas` of this Cluster: it is the default. */
  readonly omitsReplicas?: true;
  /** What its status said; absent where that is not kept. */
  readonly recorded?: Recorded;
  /** The version that its nodes keep, whatever is asked for; absent: they get what is asked for. */
  readonly keptVersion?: string;
}

/** What the status of a Cluster remembers for whoever works on it next. */
export interface Recorded {
  /** Level of `weir.version` that was in force; null: not known. */
  readonly featureLevel: number | null;
  /** A higher one that all nodes can work at, and since when they can, wall clock, ms since the epoch; null: there was none. */
  readonly nextLevel: { readonly level: number; readonly sinceMs: number } | null;
}

/** A valid Cluster. */
export type Cluster = Resource<'Cluster'>;
/** A valid ShareGroup. */
export type ShareGroup = Resource<'ShareGroup'>;
/** A valid Topic. */
export type Topic = Resource<'Topic'>;

/** Id of the first controller that is no broker; the next ones follow (O2). */
export const FIRST_CONTROLLER_ID = 1_000;

/** Any valid manifest. */
export type AnyResource = Cluster | ShareGroup | Topic;

/** Id of the group that a ShareGroup declares. */
export function groupIdOf(group: ShareGroup): string {
  return group.spec.groupId ?? group.metadata.name;
}

/** Name of the topic that a Topic declares. */
export function topicNameOf(topic: Topic): string {
  return topic.spec.topicName ?? topic.metadata.name;
}

/** `Kind name`, with the namespace when it is not the default one; how messages name an object. */
export function nameOf(resource: { readonly kind: Kind; readonly metadata: AnyResource['metadata'] }): string {
  const { name, namespace } = resource.metadata;
  return namespace === 'default' ? `${resource.kind} ${name}` : `${resource.kind} ${namespace}/${name}`;
}
