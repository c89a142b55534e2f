import type { Issue, Path } from './issue.ts';
import { SPECS } from './kinds.ts';
import type { Kind } from './names.ts';
import type { Schema } from './schema.ts';
import { isRecord } from './validate.ts';

/** What a valid `spec`, as it was written, asks of Kubernetes alone: `weir local` runs it and says so. */
export function unservedLocally(kind: Kind, spec: unknown): readonly Issue[] {
  return placesOf(SPECS[kind], spec, ['spec']).map((path) => ({
    path,
    message: 'is for Kubernetes; it has no effect on one machine',
  }));
}

function placesOf(schema: Schema, value: unknown, path: Path): readonly Path[] {
  if (schema.only === 'kubernetes') return 'default' in schema && value === schema.default ? [] : [path];
  if (schema.type === 'array' && Array.isArray(value)) {
    return value.flatMap((item: unknown, at) => placesOf(schema.items, item, [...path, at]));
  }
  if (schema.type !== 'object' || !isRecord(value)) return [];
  return Object.entries(schema.properties).flatMap(([name, property]) =>
    Object.hasOwn(value, name) ? placesOf(property, value[name], [...path, name]) : [],
  );
}
