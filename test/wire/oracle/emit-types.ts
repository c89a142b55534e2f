import type { FieldSchema, MessageSchema } from '../../../broker/core/protocol/schema.ts';
import { parseVersions, VERSION_MAX } from '../../../broker/core/protocol/schema.ts';
import { GENERATED_HEAD, toSchema } from './emit-schemas.ts';
import type { UpstreamMessage } from './upstream.ts';

const PRIMITIVES: Readonly<Record<string, string>> = {
  bool: 'boolean',
  int8: 'number',
  int16: 'number',
  uint16: 'number',
  int32: 'number',
  uint32: 'number',
  int64: 'number',
  float64: 'number',
  string: 'string',
  uuid: 'string',
  bytes: 'Uint8Array',
  records: 'Uint8Array',
};

/** A map type from names or API keys to messages, at the end of a file of types. */
export interface TypeMap {
  readonly name: string;
  readonly purpose: string;
  readonly entries: readonly (readonly [key: string, message: string])[];
}

/** The file with an interface for each message and struct. */
export function emitTypes(messages: readonly UpstreamMessage[], maps: readonly TypeMap[]): string {
  const lines = [...GENERATED_HEAD, "import type { OPTIONAL } from './input.ts';"];
  for (const message of messages) lines.push(...emitMessageTypes(toSchema(message)));
  for (const map of maps) {
    lines.push('', `/** ${map.purpose} */`, `export interface ${map.name} {`);
    for (const [key, message] of map.entries) lines.push(`  readonly ${key}: ${message};`);
    lines.push('}');
  }
  lines.push('');
  return lines.join('\n');
}

function emitMessageTypes(schema: MessageSchema): string[] {
  const lines: string[] = [];
  const emitStruct = (name: string, purpose: string, fields: readonly FieldSchema[]): void => {
    lines.push('', `/** ${purpose} */`, `export interface ${name} {`);
    const optional = fields.filter((field) => isOptional(field, schema)).map((field) => `'${field.name}'`);
    if (optional.length > 0) lines.push(`  readonly [OPTIONAL]?: ${optional.join(' | ')};`);
    for (const field of fields) lines.push(`  readonly ${field.name}: ${fieldType(field, schema)};`);
    lines.push('}');
    for (const field of fields) {
      if (field.fields === undefined) continue;
      const struct = field.type.replace('[]', '');
      emitStruct(schema.name + struct, `${struct} of ${schema.name}.`, field.fields);
    }
  };
  emitStruct(schema.name, `${schema.name}, versions ${schema.versions}.`, schema.fields);
  for (const [struct, fields] of Object.entries(schema.structs ?? {})) {
    emitStruct(schema.name + struct, `${struct} of ${schema.name}.`, fields);
  }
  return lines;
}

/** May be left out when encoded: it has a default of its own, or not every version carries it as a plain field. */
function isOptional(field: FieldSchema, schema: MessageSchema): boolean {
  const all = parseVersions(schema.versions);
  const carried = parseVersions(field.versions);
  const everywhere = carried.from <= all.from && (carried.to === VERSION_MAX || carried.to >= all.to);
  return field.default !== undefined || field.tag !== undefined || field.ignorable === true || !everywhere;
}

function fieldType(field: FieldSchema, schema: MessageSchema): string {
  const element = field.type.replace('[]', '');
  let type = PRIMITIVES[element] ?? schema.name + element;
  if (field.wide === true) type = 'number | bigint';
  if (field.type.startsWith('[]')) type = `readonly ${type}[]`;
  return isNullable(field, schema) ? `${type} | null` : type;
}

function isNullable(field: FieldSchema, schema: MessageSchema): boolean {
  const all = parseVersions(schema.versions);
  const nullable = parseVersions(field.nullable);
  return field.default === null || (nullable.from <= nullable.to && nullable.from <= all.to && nullable.to >= all.from);
}
