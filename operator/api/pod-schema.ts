import type { ArraySchema, IntegerSchema, ObjectSchema, StringSchema, TextMapSchema } from './schema.ts';

/*
 * The part of a pod that a manifest may write. Its fields are those of Kubernetes by name and meaning; whole pod
 * specifications would make a CRD too large for `kubectl apply`, and let a manifest undo what the operator relies on.
 */

/** Longest name of a label or annotation: a prefix of 253 characters, a slash and 63 more. */
const QUALIFIED_NAME_MAX = 317;
const LABEL_VALUE_MAX = 63;

const name = (description: string) =>
  ({ type: 'string', description, minLength: 1, maxLength: QUALIFIED_NAME_MAX }) as const satisfies StringSchema;

const labelValues = (description: string) =>
  ({
    type: 'array',
    description,
    listType: 'atomic',
    minItems: 0,
    maxItems: 100,
    items: { type: 'string', description: 'A value.', minLength: 0, maxLength: LABEL_VALUE_MAX },
  }) as const satisfies ArraySchema;

const labels = (description: string) =>
  ({ type: 'text-map', description, maxProperties: 50, maxLength: LABEL_VALUE_MAX }) as const satisfies TextMapSchema;

const names = (description: string) =>
  ({
    type: 'array',
    description,
    listType: 'atomic',
    minItems: 0,
    maxItems: 50,
    items: name('A name.'),
  }) as const satisfies ArraySchema;

const WEIGHT = {
  type: 'integer',
  description: 'How much it counts beside the other preferences.',
  minimum: 1,
  maximum: 100,
} as const satisfies IntegerSchema;

const LABEL_SELECTOR = {
  type: 'object',
  description: 'Selects by labels; everything named has to fit.',
  properties: {
    matchLabels: labels('Labels with these values.'),
    matchExpressions: {
      type: 'array',
      description: 'Requirements on labels.',
      listType: 'atomic',
      minItems: 0,
      maxItems: 50,
      items: {
        type: 'object',
        description: 'A requirement on one label.',
        properties: {
          key: name('The label.'),
          operator: {
            type: 'enum',
            description:
              "How the label's value relates to values: it is one of them (In) or none (NotIn), or there is such a label (Exists) or none (DoesNotExist).",
            values: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
          },
          values: labelValues('For In and NotIn.'),
        },
        required: ['key', 'operator'],
      },
    },
  },
  required: [],
} as const satisfies ObjectSchema;

const nodeRequirements = (description: string) =>
  ({
    type: 'array',
    description,
    listType: 'atomic',
    minItems: 0,
    maxItems: 50,
    items: {
      type: 'object',
      description: 'A requirement on one label or field.',
      properties: {
        key: name('The label or field.'),
        operator: {
          type: 'enum',
          description:
            'How its value relates to values: it is one of them (In) or none (NotIn), it is there (Exists) or not (DoesNotExist), or it is a greater (Gt) or lesser (Lt) number.',
          values: ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'],
        },
        values: labelValues('One number for Gt and Lt, none for Exists and DoesNotExist.'),
      },
      required: ['key', 'operator'],
    },
  }) as const satisfies ArraySchema;

const NODE_SELECTOR_TERM = {
  type: 'object',
  description: 'Selects machines; everything named has to fit.',
  properties: {
    matchExpressions: nodeRequirements("Requirements on a machine's labels."),
    matchFields: nodeRequirements("Requirements on a machine's fields."),
  },
  required: [],
} as const satisfies ObjectSchema;

const POD_AFFINITY_TERM = {
  type: 'object',
  description: 'Pods, and the label of machines by which "together" is meant.',
  properties: {
    topologyKey: name('Label of machines: those with the same value are one place.'),
    labelSelector: LABEL_SELECTOR,
    namespaces: names('Namespaces of the pods. Absent: that of the Cluster.'),
    namespaceSelector: LABEL_SELECTOR,
    matchLabelKeys: names('Labels in which the pods agree with the one that is placed.'),
    mismatchLabelKeys: names('Labels in which the pods differ from the one that is placed.'),
  },
  required: ['topologyKey'],
} as const satisfies ObjectSchema;

/** Terms that count for a machine, each by its weight; `name` is what Kubernetes calls the term. */
const preferredTerms = <P extends ObjectSchema['properties'], const N extends string>(term: P, name: N) =>
  ({
    type: 'array',
    description: 'Preferences: machines for which more of them hold, by weight, come first.',
    listType: 'atomic',
    minItems: 0,
    maxItems: 20,
    items: {
      type: 'object',
      description: 'One preference.',
      properties: { weight: WEIGHT, ...term },
      required: ['weight', name],
    },
  }) as const satisfies ArraySchema;

const podAffinity = (description: string) =>
  ({
    type: 'object',
    description,
    properties: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        type: 'array',
        description: 'All of these have to hold.',
        listType: 'atomic',
        minItems: 0,
        maxItems: 20,
        items: POD_AFFINITY_TERM,
      },
      preferredDuringSchedulingIgnoredDuringExecution: preferredTerms(
        { podAffinityTerm: POD_AFFINITY_TERM },
        'podAffinityTerm',
      ),
    },
    required: [],
  }) as const satisfies ObjectSchema;

const AFFINITY = {
  type: 'object',
  description:
    "Where the pods may run. What it says comes on top of the operator's own rule, by which pods are spread evenly over machines.",
  properties: {
    nodeAffinity: {
      type: 'object',
      description: 'By machine.',
      properties: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          type: 'object',
          description: 'One of these terms has to fit.',
          properties: {
            nodeSelectorTerms: {
              type: 'array',
              description: 'Alternatives: a machine has to meet one of them.',
              listType: 'atomic',
              minItems: 1,
              maxItems: 20,
              items: NODE_SELECTOR_TERM,
            },
          },
          required: ['nodeSelectorTerms'],
        },
        preferredDuringSchedulingIgnoredDuringExecution: preferredTerms(
          { preference: NODE_SELECTOR_TERM },
          'preference',
        ),
      },
      required: [],
    },
    podAffinity: podAffinity('Near other pods.'),
    podAntiAffinity: podAffinity('Away from other pods.'),
  },
  required: [],
} as const satisfies ObjectSchema;

const TOLERATION = {
  type: 'object',
  description: 'A taint that the pods tolerate.',
  properties: {
    key: { type: 'string', description: 'The taint. Absent: any.', minLength: 0, maxLength: QUALIFIED_NAME_MAX },
    operator: {
      type: 'enum',
      description: 'Equal compares the value, Exists takes any.',
      values: ['Equal', 'Exists'],
    },
    value: { type: 'string', description: "The taint's value.", minLength: 0, maxLength: LABEL_VALUE_MAX },
    effect: {
      type: 'enum',
      description: 'What the taint does. Absent: any of them.',
      values: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
    },
    tolerationSeconds: {
      type: 'integer',
      description: 'For NoExecute: how long the pod stays, in seconds. Absent: for ever.',
      minimum: 0,
      maximum: 31_536_000,
    },
  },
  required: [],
} as const satisfies ObjectSchema;

/** What a manifest may say of the pods that nodes run in. */
export const POD = {
  type: 'object',
  description:
    'What the pods of these nodes have besides what the operator gives them. A change restarts them, one after the other.',
  only: 'kubernetes',
  properties: {
    labels: labels('Labels of the pods.'),
    annotations: { type: 'text-map', description: 'Annotations of the pods.', maxProperties: 50, maxLength: 10_000 },
    tolerations: {
      type: 'array',
      description: 'Taints of machines that the pods tolerate.',
      listType: 'atomic',
      minItems: 0,
      maxItems: 50,
      items: TOLERATION,
    },
    affinity: AFFINITY,
    priorityClassName: {
      type: 'string',
      description: 'PriorityClass of the pods.',
      minLength: 1,
      maxLength: 253,
    },
    imagePullSecrets: {
      type: 'array',
      description: 'Secrets, in the same namespace, for the registry of the image.',
      listType: 'map',
      mapKey: 'name',
      minItems: 0,
      maxItems: 20,
      items: {
        type: 'object',
        description: 'One Secret.',
        properties: {
          name: {
            type: 'string',
            description: 'Which Secret in the namespace of the Cluster has the credentials of the registry.',
            minLength: 1,
            maxLength: 253,
          },
        },
        required: ['name'],
      },
    },
  },
  required: [],
} as const satisfies ObjectSchema;

const requirements = (description: string) =>
  ({
    type: 'object',
    description,
    properties: {
      cpu: { type: 'quantity', unit: 'cpu', description: 'CPUs, such as 500m or 2.' },
      memory: { type: 'quantity', unit: 'bytes', description: 'Memory, such as 2Gi.' },
    },
    required: [],
  }) as const satisfies ObjectSchema;

/** CPU and memory of the container that a node is. */
export const RESOURCES = {
  type: 'object',
  description: 'CPU and memory of each node. A change restarts them, one after the other.',
  only: 'kubernetes',
  properties: {
    requests: requirements('What the scheduler sets aside for each node.'),
    limits: requirements('What no node gets more of.'),
  },
  required: [],
} as const satisfies ObjectSchema;
