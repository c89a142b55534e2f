import type { Kind } from './names.ts';
import type { FromSchema, ObjectSchema } from './schema.ts';

const TOPIC_NAME = {
  pattern: '^[a-zA-Z0-9._-]+$',
  patternHint: "letters, digits, '.', '_' and '-'",
  minLength: 1,
  maxLength: 249,
} as const;

const CLUSTER_REF = {
  type: 'object',
  description: 'The Cluster that this belongs to, by name, in the same namespace. It cannot be changed.',
  properties: {
    name: { type: 'string', description: 'Name of the Cluster.', minLength: 1, maxLength: 40 },
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
    'Copies of each partition, each on a broker of its own. Absent: default.replication.factor of the cluster.',
  minimum: 1,
  maximum: 100,
} as const;

const CLUSTER_SPEC = {
  type: 'object',
  description: 'A Weir cluster: its brokers and how clients reach them.',
  properties: {
    brokers: {
      type: 'object',
      description: 'The broker nodes. Node ids are 0, 1, 2 and so on.',
      properties: {
        replicas: { type: 'integer', description: 'Number of brokers.', minimum: 1, maximum: 1_000, default: 3 },
      },
      required: [],
    },
    controllers: {
      type: 'object',
      description:
        'Controllers as nodes of their own, with ids 1000, 1001 and so on. Absent: the first brokers are controllers as well, one of up to two brokers, else three. It cannot be added or taken away later.',
      properties: {
        replicas: {
          type: 'integer',
          description: 'Number of controllers: 1, 3 or 5. It can grow, never shrink.',
          minimum: 1,
          maximum: 5,
          default: 3,
        },
      },
      required: [],
    },
    listeners: {
      type: 'array',
      description: 'Where clients connect. Metadata answers with the addresses of the listener that was asked.',
      listType: 'map',
      mapKey: 'name',
      minItems: 1,
      maxItems: 16,
      items: {
        type: 'object',
        description: 'One listener.',
        properties: {
          name: {
            type: 'string',
            description: 'Name of the listener, unique in the cluster.',
            minLength: 1,
            maxLength: 25,
            pattern: '^[a-z][a-z0-9-]*$',
            patternHint: "lower-case letters, digits and '-', beginning with a letter",
          },
          port: { type: 'integer', description: 'TCP port.', minimum: 1, maximum: 65_535 },
        },
        required: ['name', 'port'],
      },
      default: [{ name: 'plain', port: 9092 }],
    },
    config: {
      type: 'config',
      description: "Broker settings by Kafka's names. Declared ones are enforced, the others keep their values.",
      scope: 'broker',
      maxProperties: 200,
    },
  },
  required: ['brokers'],
} as const satisfies ObjectSchema;

const TOPIC_SPEC = {
  type: 'object',
  description: 'A topic. Its settings are exact: what the manifest does not name returns to its default.',
  properties: {
    clusterRef: CLUSTER_REF,
    topicName: { type: 'string', description: "The topic's name. Absent: metadata.name.", ...TOPIC_NAME },
    partitions: PARTITIONS,
    replicationFactor: REPLICATION_FACTOR,
    config: {
      type: 'config',
      description: "Topic settings by Kafka's names.",
      scope: 'topic',
      maxProperties: 100,
    },
  },
  required: ['clusterRef'],
} as const satisfies ObjectSchema;

const SHARE_GROUP_SPEC = {
  type: 'object',
  description: 'A share group (KIP-932): a queue over one or more topics. Its settings are exact.',
  properties: {
    clusterRef: CLUSTER_REF,
    groupId: { type: 'string', description: "The group's id. Absent: metadata.name.", minLength: 1, maxLength: 249 },
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
      description: 'Creates topics of the list that are absent and that no Topic names. Never alters one.',
      properties: { partitions: PARTITIONS, replicationFactor: REPLICATION_FACTOR },
      required: [],
    },
    config: {
      type: 'config',
      description: "Group settings by Kafka's names. share.auto.offset.reset is earliest unless set.",
      scope: 'group',
      maxProperties: 50,
    },
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
