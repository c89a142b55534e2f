import type { OpenApi } from '../../../operator/api/crd.ts';
import { formatPath, type Path } from '../../../operator/api/issue.ts';
import { isRecord } from '../../../operator/api/validate.ts';

/** Paths at which a value does not have the shape that a schema of a CRD gives, as `formatPath` writes them; rules apart. */
export function misshapen(schema: OpenApi, value: unknown, path: Path = []): readonly string[] {
  const here = hasType(schema, value) && isWithin(schema, value) ? [] : [formatPath(path)];
  if (here.length > 0) return here;
  if (Array.isArray(value)) return inList(schema, value, path);
  return isRecord(value) ? inObject(schema, value, path) : [];
}

function hasType(schema: OpenApi, value: unknown): boolean {
  switch (schema.type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'string':
      return typeof value === 'string';
    case 'integer':
      return Number.isSafeInteger(value);
    case undefined:
      return (
        schema['x-kubernetes-int-or-string'] === true && (typeof value === 'string' || Number.isSafeInteger(value))
      );
    default:
      return false;
  }
}

function isWithin(schema: OpenApi, value: unknown): boolean {
  const between = (size: number, min = 0, max = Infinity): boolean => size >= min && size <= max;
  if (typeof value === 'string') {
    const isKnown = schema.enum?.includes(value) ?? true;
    const fits = schema.pattern === undefined || new RegExp(schema.pattern).test(value);
    return isKnown && fits && between(value.length, schema.minLength, schema.maxLength);
  }
  if (typeof value === 'number') return between(value, schema.minimum ?? -Infinity, schema.maximum);
  if (Array.isArray(value)) return between(value.length, schema.minItems, schema.maxItems);
  return !isRecord(value) || between(Object.keys(value).length, 0, schema.maxProperties);
}

function inList(schema: OpenApi, list: readonly unknown[], path: Path): readonly string[] {
  const { items = {}, 'x-kubernetes-list-type': type, 'x-kubernetes-list-map-keys': keys = [] } = schema;
  const idOf = (item: unknown): unknown =>
    type === 'map' && isRecord(item) ? JSON.stringify(keys.map((key) => item[key])) : item;
  const ids = list.map(idOf);
  return list.flatMap((item, at) => [
    ...misshapen(items, item, [...path, at]),
    ...(type !== 'atomic' && ids.indexOf(ids[at]) < at ? [formatPath([...path, at])] : []),
  ]);
}

function inObject(schema: OpenApi, object: Readonly<Record<string, unknown>>, path: Path): readonly string[] {
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(object, name));
  return [
    ...missing.map((name) => formatPath([...path, name])),
    ...Object.entries(object).flatMap(([name, value]) => {
      const field = schema.properties?.[name] ?? schema.additionalProperties;
      return field === undefined ? [formatPath([...path, name])] : misshapen(field, value, [...path, name]);
    }),
  ];
}

/** A value with the defaults of a schema filled in, outer ones first, as an API server does it. */
export function withDefaults(schema: OpenApi, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withDefaults(schema.items ?? {}, item));
  if (!isRecord(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, { default: given }] of Object.entries(schema.properties ?? {})) {
    if (given !== undefined && !Object.hasOwn(filled, name)) filled[name] = given;
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(filled, name)) filled[name] = withDefaults(property, filled[name]);
  }
  return filled;
}
