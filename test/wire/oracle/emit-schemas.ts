import type { FieldSchema, MessageSchema } from '../../../broker/core/protocol/schema.ts';
import type { UpstreamField, UpstreamMessage } from './upstream.ts';

/** int64 fields whose unsafe values are legal and common enough to be passed through (SAFETY.md B5). */
const WIDE = new Set([
  'FetchRequest.topics.partitions.highWatermark',
  'ListOffsetsRequest.topics.partitions.timestamp',
  'ConsumerGroupMetadataValue.metadataHash',
  'ShareGroupMetadataValue.metadataHash',
  'StreamsGroupMetadataValue.metadataHash',
]);

/** The head of every generated file. */
export const GENERATED_HEAD = [
  '// Generated from the schemas of Apache Kafka 4.4.0 by test/wire/oracle/generate.ts; a test compares. Do not edit.',
];

/** Upstream's message in our form: only what the codec needs. */
export function toSchema(message: UpstreamMessage): MessageSchema {
  const schema: Record<string, unknown> = { name: message.name };
  if (message.apiKey !== undefined) schema['apiKey'] = message.apiKey;
  if (message.type.startsWith('coordinator-')) schema['kind'] = message.type;
  schema['versions'] = message.validVersions;
  schema['flexible'] = message.flexibleVersions ?? 'none';
  schema['fields'] = (message.fields ?? []).map((field) => toField(field, message.name));
  const structs = message.commonStructs ?? [];
  if (structs.length > 0) {
    schema['structs'] = Object.fromEntries(
      structs.map((struct) => [
        struct.name,
        struct.fields.map((field) => toField(field, `${message.name}.${struct.name}`)),
      ]),
    );
  }
  return schema as unknown as MessageSchema;
}

function toField(field: UpstreamField, parent: string): FieldSchema {
  const name = smallFirst(field.name);
  const path = `${parent}.${name}`;
  const schema: Record<string, unknown> = { name, type: field.type, versions: field.versions ?? field.taggedVersions };
  if (field.nullableVersions !== undefined) schema['nullable'] = field.nullableVersions;
  if (field.taggedVersions !== undefined) schema['tagged'] = field.taggedVersions;
  if (field.tag !== undefined) schema['tag'] = field.tag;
  if (field.default !== undefined && field.default !== null) schema['default'] = toDefault(field);
  if (field.ignorable === true) schema['ignorable'] = true;
  if (WIDE.has(path)) schema['wide'] = true;
  if (field.flexibleVersions === 'none') schema['inflexible'] = true;
  if (field.fields !== undefined) schema['fields'] = field.fields.map((inner) => toField(inner, path));
  return schema as unknown as FieldSchema;
}

function toDefault(field: UpstreamField): boolean | number | bigint | string | null {
  const value = field.default;
  if (value === 'null') return null;
  if (field.type === 'string') return String(value);
  if (field.type === 'bool') return value === true || value === 'true';
  const number = Number(value);
  return Number.isSafeInteger(number) || field.type === 'float64' ? number : BigInt(String(value));
}

/** Kafka's field names with a small first letter. */
export function smallFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

/** The file with the tables of `messages`, exported as `constant`. */
export function emitSchemas(constant: string, purpose: string, messages: readonly UpstreamMessage[]): string {
  const lines = [...GENERATED_HEAD, "import type { MessageSchema } from './schema.ts';", '', `/** ${purpose} */`];
  lines.push(`export const ${constant}: Readonly<Record<string, MessageSchema>> = {`);
  for (const message of messages) lines.push(...emitMessage(toSchema(message)));
  lines.push('};', '');
  return lines.join('\n');
}

function emitMessage(schema: MessageSchema): string[] {
  const { name, fields, structs, ...head } = schema;
  const lines = [`  ${name}: {`, `    name: ${text(name)}, ${properties(head)},`, ...emitFields('    ', fields)];
  if (structs !== undefined) {
    lines.push('    structs: {');
    for (const [struct, inner] of Object.entries(structs)) {
      lines.push(`      ${struct}: [`, ...inner.flatMap((field) => emitField('        ', field)), '      ],');
    }
    lines.push('    },');
  }
  lines.push('  },');
  return lines;
}

function emitFields(indent: string, fields: readonly FieldSchema[]): string[] {
  if (fields.length === 0) return [`${indent}fields: [],`];
  return [`${indent}fields: [`, ...fields.flatMap((field) => emitField(`${indent}  `, field)), `${indent}],`];
}

function emitField(indent: string, field: FieldSchema): string[] {
  const { fields, ...head } = field;
  if (fields === undefined) return [`${indent}{ ${properties(head)} },`];
  return [`${indent}{`, `${indent}  ${properties(head)},`, ...emitFields(`${indent}  `, fields), `${indent}},`];
}

function properties(value: object): string {
  return Object.entries(value)
    .map(([key, property]) => `${key}: ${text(property)}`)
    .join(', ');
}

function text(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/** The file with one row per API key. */
export function emitApis(requests: readonly UpstreamMessage[]): string {
  const lines = [...GENERATED_HEAD, "import type { ApiDescription } from './apis.ts';", ''];
  lines.push('/** Every API key that Kafka has given out, in the order of keys. */');
  lines.push('export const apiTable = [');
  for (const request of requests) lines.push(`  ${emitApi(request)},`);
  lines.push(
    '] as const satisfies readonly ApiDescription[];',
    '',
    '/** API keys by name. */',
    'export const ApiKey = {',
  );
  for (const request of requests) lines.push(`  ${apiName(request)}: ${request.apiKey},`);
  lines.push('} as const;', '');
  return lines.join('\n');
}

function apiName(request: UpstreamMessage): string {
  return request.name.replace(/Request$/, '');
}

function emitApi(request: UpstreamMessage): string {
  const removed = request.validVersions === 'none';
  const [first, last] = removed ? ['0', '-1'] : request.validVersions.split('-');
  const flexible = request.flexibleVersions ?? 'none';
  const columns = {
    key: request.apiKey,
    name: apiName(request),
    minVersion: Number(first),
    maxVersion: Number(last ?? first),
    flexibleFrom: removed || flexible === 'none' ? null : Number(flexible.replace('+', '')),
    latestVersionUnstable: request.latestVersionUnstable === true,
  };
  const listeners = removed ? [] : (request.listeners ?? []).map((listener) => `'${listener}'`).toSorted();
  return `{ ${properties(columns)}, listeners: [${listeners.join(', ')}] }`;
}
