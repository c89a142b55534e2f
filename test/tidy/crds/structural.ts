import type { CelRule, OpenApi } from '../../../operator/api/crd.ts';
import { misshapen, withDefaults } from './validate.ts';

/** How deep a list or object lies: whether an old value can be found again for each new one. */
interface Place {
  readonly path: string;
  readonly isCorrelatable: boolean;
}

/**
 * What an API server would say against a schema, or what would make its rules too dear: types, bounds of everything that a
 * rule may walk, defaults, rules over changes where there is no old value, and what `kubectl explain` would have nothing to
 * say about. A field's path is its names with dots between, `[]` standing for the items of a list.
 */
export function unfit(schema: OpenApi, at: Place = { path: '', isCorrelatable: true }): readonly string[] {
  const say = (what: string): string => `${at.path}: ${what}`;
  const found: string[] = [...shapeFaults(schema).map(say), ...ruleFaults(schema, at).map(say)];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    found.push(...unfit(property, { ...at, path: at.path === '' ? name : `${at.path}.${name}` }));
  }
  if (schema.additionalProperties !== undefined)
    found.push(...unfit(schema.additionalProperties, { ...at, path: `${at.path}.*` }));
  if (schema.items !== undefined) {
    const isCorrelatable = at.isCorrelatable && schema['x-kubernetes-list-type'] === 'map';
    found.push(...unfit(schema.items, { path: `${at.path}[]`, isCorrelatable }));
  }
  return found;
}

function shapeFaults(schema: OpenApi): readonly string[] {
  const faults: string[] = [];
  const isEither = schema['x-kubernetes-int-or-string'] === true;
  if ((schema.type === undefined) !== isEither) faults.push('has no type of its own');
  if ((schema.type === 'string' || isEither) && schema.maxLength === undefined && schema.enum === undefined)
    faults.push('has no maxLength');
  if (schema.type === 'array') faults.push(...listFaults(schema));
  if (schema.type === 'object' && schema.properties !== undefined && schema.additionalProperties !== undefined)
    faults.push('has both properties and additionalProperties');
  if (schema.additionalProperties !== undefined && schema.maxProperties === undefined)
    faults.push('has no maxProperties');
  for (const name of schema.required ?? [])
    if (schema.properties?.[name] === undefined) faults.push(`requires ${name}, which it does not have`);
  // Rules are held against a default as it stands, before the defaults inside of it are filled in.
  if (JSON.stringify(withDefaults(schema, schema.default)) !== JSON.stringify(schema.default))
    faults.push('has a default that leaves others out');
  if (schema.default !== undefined) {
    for (const path of misshapen(schema, schema.default))
      faults.push(`has a default that is wrong at ${path || 'itself'}`);
  }
  return faults;
}

function listFaults(schema: OpenApi): readonly string[] {
  const faults: string[] = [];
  if (schema.maxItems === undefined) faults.push('has no maxItems');
  const { items, 'x-kubernetes-list-type': type, 'x-kubernetes-list-map-keys': keys = [] } = schema;
  if (items === undefined) faults.push('has no items');
  if (type === undefined) faults.push('has no x-kubernetes-list-type');
  if ((type === 'map') !== keys.length > 0) faults.push('has keys and is no map, or the other way round');
  for (const key of keys)
    if (items?.required?.includes(key) !== true) faults.push(`has the key ${key}, which items may lack`);
  if (type === 'set' && items?.type === 'object') faults.push('is a set of objects');
  return faults;
}

const isOverChange = ({ rule }: CelRule): boolean => /\boldSelf\b/.test(rule);

function ruleFaults(schema: OpenApi, at: Place): readonly string[] {
  const faults: string[] = [];
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    if (isOverChange(rule) && !at.isCorrelatable)
      faults.push(`has a rule over changes of what has no old value: ${rule.rule}`);
    if (!/^[a-z][^\n]*[^.\n]$/.test(rule.message))
      faults.push(`has a message that is no sentence without its subject: ${rule.message}`);
    if (rule.fieldPath !== undefined && fieldAt(schema, rule.fieldPath) === undefined)
      faults.push(`has a rule about ${rule.fieldPath}, which is not there`);
  }
  if (schema.default !== undefined && typeof schema.default === 'object' && hasRuleOverChange(schema))
    faults.push('has a default above a rule over changes');
  return faults;
}

function hasRuleOverChange(schema: OpenApi): boolean {
  const below = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return (
    (schema['x-kubernetes-validations'] ?? []).some(isOverChange) ||
    below.some((one) => one !== undefined && hasRuleOverChange(one))
  );
}

/** The schema that a path such as `.status.replicas` names, the conditions of lists left out; undefined when there is none. */
export function fieldAt(schema: OpenApi, path: string): OpenApi | undefined {
  let at: OpenApi | undefined = schema;
  for (const name of path
    .replace(/\[\?\(.*?\)\]/g, '.[]')
    .split('.')
    .slice(1)) {
    at = name === '[]' ? at?.items : at?.properties?.[name];
  }
  return at;
}

/** Words that say nothing of a field. */
const FILLERS = new Set(['a', 'an', 'the', 'its', 'of', 'one', 'this', 'that', 'is', 'are', 'it', 'in', 'for', 'and']);

/** Paths of fields whose description says no more than their names do, as `name: Its name.` */
export function unexplained(schema: OpenApi, path = ''): readonly string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, one]) =>
    isEcho(name, one.description ?? '') ? [`${path}.${name}`] : [],
  );
  const below = [
    ...Object.entries(schema.properties ?? {}).map(([name, one]) => [`${path}.${name}`, one] as const),
    ...(schema.items === undefined ? [] : [[`${path}[]`, schema.items] as const]),
    ...(schema.additionalProperties === undefined ? [] : [[`${path}.*`, schema.additionalProperties] as const]),
  ];
  return [...own, ...below.flatMap(([at, one]) => unexplained(one, at))];
}

function isEcho(name: string, description: string): boolean {
  const parts = name
    .replaceAll(/([A-Z])/g, ' $1')
    .toLowerCase()
    .split(' ');
  const words = description.toLowerCase().match(/[a-z]+/g) ?? [];
  const isOfName = (word: string): boolean => parts.some((part) => word.startsWith(part) || part.startsWith(word));
  return words.every((word) => FILLERS.has(word) || isOfName(word));
}

/** Paths of fields without a description. */
export function undescribed(schema: OpenApi, path = ''): readonly string[] {
  const below = [
    ...Object.entries(schema.properties ?? {}).map(([name, one]) => [`${path}.${name}`, one] as const),
    ...(schema.items === undefined ? [] : [[`${path}[]`, schema.items] as const]),
    ...(schema.additionalProperties === undefined ? [] : [[`${path}.*`, schema.additionalProperties] as const]),
  ];
  const here = schema.description === undefined || !/^[A-Z][^]*\.$/.test(schema.description) ? [path] : [];
  return [...here, ...below.flatMap(([at, one]) => undescribed(one, at))];
}
