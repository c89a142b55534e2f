import type { FieldSchema, MessageSchema } from '../../../broker/core/protocol/schema.ts';
import { inVersions } from '../../../broker/core/protocol/schema.ts';
import type { Instance } from './instances.ts';
import { fieldsOf, toSafe } from './instances.ts';

/**
 * What Kafka's JSON converters read of an instance: the fields of the version by name, tagged ones only when they differ from
 * their default, bytes in base64. int64 beyond 2^53 stay bigints. Written by a converter, `records` are empty.
 */
export function toJson(
  schema: MessageSchema,
  version: number,
  instance: Instance,
  records: 'whole' | 'empty' = 'whole',
): unknown {
  const struct = (fields: readonly FieldSchema[], value: Instance): unknown => {
    const node: Record<string, unknown> = {};
    for (const field of fields) {
      if (!inVersions(field.versions, version)) continue;
      const given = value[field.name];
      if (inVersions(field.tagged, version) && (given === undefined || isDefault(field, given))) continue;
      node[field.name] =
        field.type.startsWith('[]') && Array.isArray(given)
          ? given.map((each) => single(field, each))
          : single(field, given);
    }
    return node;
  };
  const single = (field: FieldSchema, value: unknown): unknown => {
    const inner = fieldsOf(schema, field);
    if (value === null) return null;
    if (field.type === 'records' && records === 'empty') return '';
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    return inner === null ? value : struct(inner, value as Instance);
  };
  const isDefault = (field: FieldSchema, value: unknown): boolean => {
    if (field.default !== undefined) return value === field.default;
    if (value === null) return false;
    const inner = fieldsOf(schema, field);
    if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
    if (inner !== null)
      return inner.every((each) => isDefault(each, (value as Instance)[each.name] ?? each.default ?? zeroOf(each)));
    return value === zeroOf(field);
  };
  return struct(schema.fields, instance);
}

function zeroOf(field: FieldSchema): unknown {
  if (field.type === 'bool') return false;
  if (field.type === 'string') return '';
  return field.type === 'uuid' ? 'AAAAAAAAAAAAAAAAAAAAAA' : 0;
}

// Newer than the compiler's library.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON text in which bigints are plain numbers. */
export function stringify(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? rawJSON(String(inner)) : inner));
}

/** Reads JSON text exactly: integers that no number can hold become bigints. */
export function parse(text: string): unknown {
  return JSON.parse(text, (_, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source) ? toSafe(BigInt(source)) : value;
  });
}
