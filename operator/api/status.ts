import type { Kind } from './names.ts';
import type { ObjectSchema } from './schema.ts';

const OBSERVED_GENERATION = {
  type: 'integer',
  description: 'The metadata.generation that this status is about; -1 until an operator has seen the object.',
  minimum: -1,
  maximum: Number.MAX_SAFE_INTEGER,
} as const;

const time = (description: string) =>
  ({ type: 'string', description, format: 'date-time', minLength: 0, maxLength: 64 }) as const;

const ALL = ['Cluster', 'ShareGroup', 'Topic'] as const satisfies readonly Kind[];

/** The types of conditions that the operator writes: of which kinds, and what they say. */
const CONDITION_TYPES = {
  Ready: { of: ALL, says: 'all is as the manifest says' },
  Reconciling: { of: ALL, says: 'the operator is at work on it, or waits for something' },
  Stalled: { of: ALL, says: 'somebody has to change something first, and the message says what' },
  Paused: { of: ALL, says: 'an annotation holds back what is to be done, and the message says what that is' },
  Available: { of: ['Cluster'], says: 'clients are served, however much is still to be done' },
  ReplicationSufficient: {
    of: ['Cluster'],
    says: 'no topic loses records, or takes none, when one broker is lost; where it is False the message names topics',
  },
  RestartPending: {
    of: ['Cluster'],
    says: 'nodes wait to be restarted, for a maintenance window or for another Cluster',
  },
  RollAwaited: { of: ['Cluster'], says: 'nodes of other Clusters wait to be restarted until this one is done' },
  AddressPending: { of: ['Cluster'], says: 'a listener has no address outside of Kubernetes yet' },
  FeaturePending: { of: ['Cluster'], says: 'a higher level of weir.version is about to come into force' },
  ScalingLimited: { of: ['Cluster'], says: 'the manifest keeps the load from changing the number of brokers' },
  ScalingHeld: { of: ['Cluster'], says: 'the load is not known, and the number of brokers stays as it is' },
  Conflict: { of: ['ShareGroup', 'Topic'], says: 'something older has what this one is for' },
  SubscriptionDiffers: { of: ['ShareGroup'], says: 'consumers subscribe to other topics than spec.topics' },
  ScalingActive: { of: ['ShareGroup'], says: 'the operator scales the consumers' },
} as const satisfies Readonly<Record<string, { readonly of: readonly Kind[]; readonly says: string }>>;

/** The types that a kind can have. */
export function conditionTypesOf(kind: Kind): ReadonlySet<string> {
  const all = Object.entries(CONDITION_TYPES).filter(([, { of }]) => of.some((one) => one === kind));
  return new Set(all.map(([type]) => type));
}

/** One of `CONDITION_TYPES`. */
export type ConditionType = keyof typeof CONDITION_TYPES;

const CONDITIONS = {
  type: 'array',
  listType: 'map',
  mapKey: 'type',
  minItems: 0,
  maxItems: 32,
  items: {
    type: 'object',
    description: 'What the operator found in one respect.',
    properties: {
      type: { type: 'string', description: 'In which respect, such as Ready.', minLength: 1, maxLength: 316 },
      status: { type: 'enum', description: 'Whether it is so.', values: ['True', 'False', 'Unknown'] },
      reason: {
        type: 'string',
        description: 'Why, in one word for programs.',
        minLength: 1,
        maxLength: 1_024,
        pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
      },
      message: { type: 'string', description: 'Why, in a sentence for people.', minLength: 0, maxLength: 32_768 },
      lastTransitionTime: time('When status changed last.'),
      observedGeneration: {
        type: 'integer',
        description: 'The metadata.generation that this condition is about.',
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
      },
    },
    required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  },
} as const;

const conditionsOf = (kind: Kind) =>
  ({
    ...CONDITIONS,
    description: `What the operator found. ${Object.entries(CONDITION_TYPES)
      .filter(([type]) => conditionTypesOf(kind).has(type))
      .map(([type, { says }]) => `${type}: ${says}.`)
      .join(' ')}`,
  }) as const;

const count = (description: string) => ({ type: 'integer', description, minimum: 0, maximum: 1_000_000 }) as const;
const text = (description: string) => ({ type: 'string', description, minLength: 0, maxLength: 1_024 }) as const;

const CLUSTER_STATUS = {
  type: 'object',
  description: 'What the cluster is.',
  properties: {
    observedGeneration: OBSERVED_GENERATION,
    conditions: conditionsOf('Cluster'),
    clusterId: text("The cluster's id, which clients see and volumes carry."),
    replicas: count('Number of brokers that there are.'),
    readyReplicas: count('Number of brokers that are ready.'),
    selector: text('Labels of the pods of brokers, as kubectl and autoscalers ask for them.'),
    version: text('Version of Weir that the nodes run; while it changes, the older one.'),
    featureLevel: count('Level of weir.version in force.'),
    nextFeatureLevel: {
      type: 'object',
      description:
        'A higher level of weir.version that all nodes can work at. Unless spec.featureLevel says otherwise it comes into force a day later; until then nodes can go back to the version before.',
      properties: {
        level: count('Which level it is, counted as in status.featureLevel.'),
        since: {
          type: 'string',
          description: 'Since when all nodes can.',
          format: 'date-time',
          minLength: 0,
          maxLength: 64,
        },
      },
      required: ['level', 'since'],
    },
    operatorVersion: text('Version of the operator that looked last.'),
    leaderId: count('Id of the active controller.'),
    listeners: {
      type: 'array',
      description: 'Where clients begin, for each listener that has an address.',
      listType: 'map',
      mapKey: 'name',
      minItems: 0,
      maxItems: 16,
      items: {
        type: 'object',
        description: 'One listener.',
        properties: {
          name: text('Which of spec.listeners it is.'),
          bootstrap: text('What clients take as bootstrap.servers.'),
        },
        required: ['name', 'bootstrap'],
      },
    },
    drains: {
      type: 'array',
      description: 'Brokers whose replicas are moved away before they go.',
      listType: 'map',
      mapKey: 'nodeId',
      minItems: 0,
      maxItems: 1_000,
      items: {
        type: 'object',
        description: 'One broker.',
        properties: {
          nodeId: count("Which broker it is: the number at the end of its pod's name."),
          replicasLeft: count('Replicas of partitions that it still has.'),
        },
        required: ['nodeId', 'replicasLeft'],
      },
    },
  },
  required: [],
} as const satisfies ObjectSchema;

const SHARE_GROUP_STATUS = {
  type: 'object',
  description: 'What the share group is.',
  properties: {
    observedGeneration: OBSERVED_GENERATION,
    conditions: conditionsOf('ShareGroup'),
    state: text('State of the group as Kafka names it, such as Empty or Stable.'),
    members: count('Number of consumers in the group, told once a minute at most.'),
    backlog: {
      type: 'integer',
      description:
        'Records that are not done with, those in the hands of consumers included, rounded to two significant digits. Told again when it has been tenfold or a tenth for a minute, double or half for three, or another one at all for ten; the exact number is a metric.',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
    },
    scaling: {
      type: 'object',
      description: 'What the operator does about the consumers; there while it scales them.',
      properties: {
        desiredReplicas: count('Number of replicas that spec.scaling.targetRef is given.'),
        lastScale: {
          type: 'object',
          description: 'When that number was changed last.',
          properties: {
            time: time('When.'),
            from: count('Number of replicas before.'),
            to: count('Number of replicas from then on.'),
          },
          required: ['time', 'from', 'to'],
        },
        heldUntil: time('Somebody else changed the number: it is left as it is until then.'),
      },
      required: ['desiredReplicas'],
    },
  },
  required: [],
} as const satisfies ObjectSchema;

const TOPIC_STATUS = {
  type: 'object',
  description: 'What the topic is.',
  properties: {
    observedGeneration: OBSERVED_GENERATION,
    conditions: conditionsOf('Topic'),
    partitions: count('Number of partitions.'),
    replicationFactor: count('Number of copies of each partition; where they differ, the least.'),
  },
  required: [],
} as const satisfies ObjectSchema;

/** The `status` of every kind, which the operator alone writes. */
export const STATUSES = {
  Cluster: CLUSTER_STATUS,
  ShareGroup: SHARE_GROUP_STATUS,
  Topic: TOPIC_STATUS,
} as const satisfies Readonly<Record<Kind, ObjectSchema>>;

/**
 * The status of an object that no operator has seen, which the API server fills in: without it a tool that waits would take
 * the object for done.
 */
export const UNSEEN_STATUS = {
  observedGeneration: -1,
  conditions: [
    {
      type: 'Ready',
      status: 'Unknown',
      reason: 'Pending',
      message: 'the operator has not seen it yet',
      lastTransitionTime: '1970-01-01T00:00:00Z',
    },
  ],
} as const;
