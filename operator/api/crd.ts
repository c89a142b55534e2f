import { assert, unreachable } from '../../broker/core/base/assert.ts';
import { KIND_DESCRIPTIONS, SPECS } from './kinds.ts';
import { MANAGED_SETTINGS } from './manifest.ts';
import { API, type Kind } from './names.ts';
import { QUANTITY } from './quantity.ts';
import { RULES } from './rules.ts';
import type { ArraySchema, ConfigSchema, IntegerSchema, ObjectSchema, QuantitySchema, Schema } from './schema.ts';
import { STATUSES, UNSEEN_STATUS } from './status.ts';
import { QUANTITY_LENGTH_MAX, SETTING_LENGTH_MAX } from './validate.ts';

/** A rule as a CRD has it. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** A structural schema of OpenAPI v3, with the fields that CRDs here make use of. */
export interface OpenApi {
  readonly type?: 'object' | 'array' | 'string' | 'integer';
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: 'date-time' | 'int64';
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly items?: OpenApi;
  readonly properties?: Readonly<Record<string, OpenApi>>;
  readonly additionalProperties?: OpenApi;
  readonly required?: readonly string[];
  readonly anyOf?: readonly { readonly type: 'integer' | 'string' }[];
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-list-type'?: 'set' | 'map' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-validations'?: readonly CelRule[];
}

/** A column of `kubectl get`; those of priority 1 show with `-o wide`. */
interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

const READY: Column = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  description: 'Whether all is as the manifest says.',
};
const TAIL: readonly Column[] = [
  {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'Why it is or is not ready.',
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Time since it was made.' },
  {
    name: 'Message',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].message',
    description: 'Why it is or is not ready, in a sentence.',
    priority: 1,
  },
];

const field = (name: string, type: Column['type'], jsonPath: string, description: string): Column => ({
  name,
  type,
  jsonPath,
  description,
});
const CLUSTER_NAME_COLUMN = field('Cluster', 'string', '.spec.clusterRef.name', 'The Cluster that it belongs to.');

const COLUMNS: Readonly<Record<Kind, readonly Column[]>> = {
  Cluster: [
    READY,
    field('Brokers', 'integer', '.status.readyReplicas', 'Brokers that serve.'),
    field('Desired', 'integer', '.spec.brokers.replicas', 'Brokers that are asked for.'),
    field('Version', 'string', '.status.version', 'Version of Weir that the nodes run.'),
    field('Leader', 'integer', '.status.leaderId', 'The active controller.'),
    ...TAIL,
  ],
  ShareGroup: [
    READY,
    CLUSTER_NAME_COLUMN,
    field('State', 'string', '.status.state', 'State of the group.'),
    field('Members', 'integer', '.status.members', 'Consumers in the group.'),
    field('Backlog', 'integer', '.status.backlog', 'Records that are not done with, about.'),
    field('Replicas', 'integer', '.status.scaling.desiredReplicas', 'Consumers that the operator asks for.'),
    ...TAIL,
  ],
  Topic: [
    READY,
    CLUSTER_NAME_COLUMN,
    field('Partitions', 'integer', '.status.partitions', 'Partitions that there are.'),
    field('Replicas', 'integer', '.status.replicationFactor', 'Copies of each partition.'),
    ...TAIL,
  ],
};

/** What `kubectl scale` and autoscalers go by; only a Cluster has a number of its own. */
const SCALE = {
  specReplicasPath: '.spec.brokers.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.status.selector',
} as const;

/** The CustomResourceDefinition of a kind. */
export function crdOf(kind: Kind) {
  const { plural, singular, shortName } = API.kinds[kind];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${API.group}` },
    spec: {
      group: API.group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames: [shortName],
        categories: [API.category],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: API.version,
          served: true,
          storage: true,
          additionalPrinterColumns: COLUMNS[kind],
          subresources: { status: {}, ...(kind === 'Cluster' ? { scale: SCALE } : {}) },
          schema: { openAPIV3Schema: rootSchema(kind) },
        },
      ],
    },
  };
}

function rootSchema(kind: Kind): OpenApi {
  const root: OpenApi = {
    type: 'object',
    description: KIND_DESCRIPTIONS[kind],
    required: ['spec'],
    properties: {
      apiVersion: {
        type: 'string',
        description: `Group and version of this kind: ${API.group}/${API.version}.`,
        maxLength: 253,
      },
      kind: { type: 'string', description: `The kind: ${kind}.`, maxLength: 63 },
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 253 } } },
      spec: openApiOf(SPECS[kind]),
      status: { ...openApiOf(STATUSES[kind]), default: UNSEEN_STATUS },
    },
  };
  for (const { path, field: below, cel, message } of RULES[kind]) {
    const rule = { rule: cel, message, ...(below === undefined ? {} : { fieldPath: `.${below.join('.')}` }) };
    const at = schemaAt(root, path);
    at['x-kubernetes-validations'] = [...(at['x-kubernetes-validations'] ?? []), rule];
  }
  return root;
}

function schemaAt(root: OpenApi, path: readonly string[]): OpenApi {
  let at = root;
  for (const part of path) {
    const next = part === '*' ? at.items : at.properties?.[part];
    assert(next !== undefined, `no schema at ${path.join('.')}`);
    at = next;
  }
  return at;
}

function openApiOf(schema: Schema): OpenApi {
  const { description } = schema;
  const given = 'default' in schema ? { default: schema.default } : {};
  switch (schema.type) {
    case 'string': {
      const { minLength, maxLength, pattern, format } = schema;
      return {
        type: 'string',
        description,
        ...given,
        ...(minLength > 0 ? { minLength } : {}),
        maxLength,
        ...(pattern === undefined ? {} : { pattern }),
        ...(format === undefined ? {} : { format }),
      };
    }
    case 'enum':
      return { type: 'string', description, ...given, enum: schema.values };
    case 'quantity':
      return quantityOf(schema);
    case 'integer':
      return integerOf(schema);
    case 'array':
      return arrayOf(schema);
    case 'object':
      return objectOf(schema);
    case 'text-map': {
      const { maxProperties, maxLength } = schema;
      const additionalProperties = { type: 'string', description: 'A value.', maxLength } as const;
      return { type: 'object', description, maxProperties, additionalProperties };
    }
    case 'config':
      return configOf(schema);
    default:
      return unreachable(schema);
  }
}

const INT_OR_STRING = {
  'x-kubernetes-int-or-string': true,
  anyOf: [{ type: 'integer' }, { type: 'string' }],
} as const;

function quantityOf({ description, unit }: QuantitySchema): OpenApi {
  const { pattern } = QUANTITY[unit];
  return { description, ...INT_OR_STRING, minimum: 1, maxLength: QUANTITY_LENGTH_MAX, pattern };
}

function integerOf(schema: IntegerSchema): OpenApi {
  const { description, minimum, maximum } = schema;
  const given = schema.default === undefined ? {} : { default: schema.default };
  // JSON numbers of that size are exact in all tools; a bound there says nothing to people.
  const most = maximum === Number.MAX_SAFE_INTEGER ? ({ format: 'int64' } as const) : { maximum };
  return { type: 'integer', description, ...given, minimum, ...most };
}

function arrayOf(schema: ArraySchema): OpenApi {
  const { description, minItems, maxItems, listType, mapKey } = schema;
  return {
    type: 'array',
    description,
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(minItems > 0 ? { minItems } : {}),
    maxItems,
    'x-kubernetes-list-type': listType,
    ...(mapKey === undefined ? {} : { 'x-kubernetes-list-map-keys': [mapKey] }),
    items: openApiOf(schema.items),
  };
}

function objectOf({ description, properties, required }: ObjectSchema): OpenApi {
  return {
    type: 'object',
    description,
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, openApiOf(property)])),
  };
}

function configOf({ description, maxProperties, scope }: ConfigSchema): OpenApi {
  const names = [...MANAGED_SETTINGS.keys()];
  const managed: CelRule = {
    rule: `self.all(name, !(name in [${names.map((name) => `'${name}'`).join(', ')}]))`,
    message: `must leave out what spec.listeners and the operator set: ${names.join(', ')}`,
  };
  return {
    type: 'object',
    description,
    maxProperties,
    additionalProperties: { description: 'A text or a whole number.', ...INT_OR_STRING, maxLength: SETTING_LENGTH_MAX },
    ...(scope === 'broker' ? { 'x-kubernetes-validations': [managed] } : {}),
  };
}
