import { unreachable } from '../../broker/core/base/assert.ts';
import { type Issue, nearest, type Path, show } from './issue.ts';
import { QUANTITY } from './quantity.ts';
import type {
  ArraySchema,
  ConfigSchema,
  ConfigScope,
  EnumSchema,
  IntegerSchema,
  ObjectSchema,
  QuantitySchema,
  Schema,
  StringSchema,
  TextMapSchema,
} from './schema.ts';

/** Longest quantity, and longest value of a setting, in characters. */
export const QUANTITY_LENGTH_MAX = 20;
/** See `QUANTITY_LENGTH_MAX`. */
export const SETTING_LENGTH_MAX = 10_000;

/** Judges one setting of a `config` map: null when fine, else what is wrong with it. */
export type CheckSetting = (scope: ConfigScope, name: string, value: string) => string | null;

/** What a validation needs and where it leaves its findings. */
export interface Validation {
  readonly checkSetting: CheckSetting;
  readonly issues: Issue[];
}

/**
 * Checks a parsed value against a schema and gives it back with defaults filled in (maps become `Map`s). Everything
 * wrong is added to `run.issues`; the result is meaningful only when nothing was added.
 */
export function validate(run: Validation, schema: Schema, value: unknown, path: Path): unknown {
  switch (schema.type) {
    case 'string':
      return validateString(run, schema, value, path);
    case 'enum':
      return validateEnum(run, schema, value, path);
    case 'quantity':
      return validateQuantity(run, schema, value, path);
    case 'integer':
      return validateInteger(run, schema, value, path);
    case 'array':
      return validateArray(run, schema, value, path);
    case 'object':
      return validateObject(run, schema, value, path);
    case 'text-map':
      return validateTextMap(run, schema, value, path);
    case 'config':
      return validateConfig(run, schema, value, path);
    default:
      return unreachable(schema);
  }
}

function refuse(run: Validation, path: Path, message: string): undefined {
  run.issues.push({ path, message });
  return undefined;
}

function validateString(run: Validation, schema: StringSchema, value: unknown, path: Path): unknown {
  if (typeof value !== 'string') {
    const hint = typeof value === 'number' || typeof value === 'boolean' ? '; write it in quotes' : '';
    return refuse(run, path, `must be a text, not ${show(value)}${hint}`);
  }
  if (value.length < schema.minLength) {
    const reason = value === '' ? 'must not be empty' : `must have at least ${schema.minLength} characters`;
    return refuse(run, path, reason);
  }
  if (value.length > schema.maxLength) {
    return refuse(run, path, `must have at most ${schema.maxLength} characters, not ${value.length}`);
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    return refuse(run, path, `must be ${schema.patternHint ?? schema.pattern}, not ${show(value)}`);
  }
  return value;
}

function validateEnum(run: Validation, schema: EnumSchema, value: unknown, path: Path): unknown {
  if (typeof value === 'string' && schema.values.includes(value)) return value;
  const meant = typeof value === 'string' ? nearest(value, schema.values) : null;
  const hint = meant === null ? '' : `; did you mean ${meant}?`;
  return refuse(run, path, `must be one of ${schema.values.join(', ')}, not ${show(value)}${hint}`);
}

function validateQuantity(run: Validation, { unit }: QuantitySchema, value: unknown, path: Path): unknown {
  const { pattern, hint } = QUANTITY[unit];
  const isFit =
    (typeof value === 'string' || Number.isSafeInteger(value)) && String(value).length <= QUANTITY_LENGTH_MAX;
  if (isFit && new RegExp(pattern).test(String(value))) return String(value);
  return refuse(run, path, `must be ${hint}, not ${show(value)}`);
}

function validateInteger(run: Validation, schema: IntegerSchema, value: unknown, path: Path): unknown {
  if (!Number.isSafeInteger(value)) return refuse(run, path, `must be a whole number, not ${show(value)}`);
  const number = Number(value);
  if (number < schema.minimum || number > schema.maximum) {
    return refuse(run, path, `must be between ${schema.minimum} and ${schema.maximum}, not ${number}`);
  }
  return number;
}

function validateArray(run: Validation, schema: ArraySchema, value: unknown, path: Path): unknown {
  if (!Array.isArray(value)) return refuse(run, path, `must be a list, not ${show(value)}`);
  if (value.length < schema.minItems) return refuse(run, path, 'must not be empty');
  if (value.length > schema.maxItems) {
    return refuse(run, path, `must have at most ${schema.maxItems} items, not ${value.length}`);
  }
  const items = value.map((item: unknown, index) => validate(run, schema.items, item, [...path, index]));
  if (schema.listType === 'atomic') return items;
  const seen = new Map<unknown, number>();
  for (const [index, item] of items.entries()) {
    const key = schema.mapKey === undefined ? item : fieldOf(item, schema.mapKey);
    if (key === undefined) continue;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else refuse(run, [...path, index], `is there twice: ${show(key)} is item ${first} already`);
  }
  return items;
}

function fieldOf(item: unknown, key: string): unknown {
  return isRecord(item) ? item[key] : undefined;
}

/** Whether a parsed value is an object with named fields. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function validateObject(run: Validation, schema: ObjectSchema, value: unknown, path: Path): unknown {
  if (!isRecord(value)) return refuse(run, path, `must be an object, not ${show(value)}`);
  const names = Object.keys(schema.properties);
  for (const name of Object.keys(value)) {
    if (names.includes(name)) continue;
    const meant = nearest(name, names);
    const hint = meant === null ? `; known here: ${names.join(', ')}` : `; did you mean ${meant}?`;
    refuse(run, [...path, name], `is not a known field${hint}`);
  }
  const result: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    const given = Object.hasOwn(value, name) ? value[name] : absentValue(property);
    if (given !== undefined) result[name] = validate(run, property, given, [...path, name]);
    else if (schema.required.includes(name)) refuse(run, [...path, name], 'is required');
  }
  return result;
}

function absentValue(schema: Schema): unknown {
  if (schema.type === 'config') return {};
  return 'default' in schema ? schema.default : undefined;
}

function validateTextMap(run: Validation, schema: TextMapSchema, value: unknown, path: Path): unknown {
  if (!isRecord(value)) return refuse(run, path, `must be an object, not ${show(value)}`);
  const result = new Map<string, string>();
  if (Object.keys(value).length > schema.maxProperties) {
    return refuse(run, path, `must have at most ${schema.maxProperties} entries`);
  }
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') refuse(run, [...path, name], `must be a text, not ${show(text)}; write it in quotes`);
    else if (text.length > schema.maxLength)
      refuse(run, [...path, name], `must have at most ${schema.maxLength} characters`);
    else result.set(name, text);
  }
  return result;
}

/** Values are texts or whole numbers, as the CRDs have it (int-or-string); anything else has to be quoted. */
function validateConfig(run: Validation, schema: ConfigSchema, value: unknown, path: Path): unknown {
  if (!isRecord(value)) return refuse(run, path, `must be an object, not ${show(value)}`);
  const names = Object.keys(value).sort();
  if (names.length > schema.maxProperties) {
    return refuse(run, path, `must have at most ${schema.maxProperties} entries, not ${names.length}`);
  }
  const result = new Map<string, string>();
  for (const name of names) {
    const given = value[name];
    if (typeof given !== 'string' && !Number.isSafeInteger(given)) {
      const quoted = typeof given === 'number' || typeof given === 'boolean' ? `; write it in quotes: "${given}"` : '';
      refuse(run, [...path, name], `must be a text or a whole number, not ${show(given)}${quoted}`);
      continue;
    }
    const text = String(given);
    if (text.length > SETTING_LENGTH_MAX) {
      refuse(run, [...path, name], `must have at most ${SETTING_LENGTH_MAX} characters, not ${text.length}`);
      continue;
    }
    const fault = run.checkSetting(schema.scope, name, text);
    if (fault === null) result.set(name, text);
    else refuse(run, [...path, name], fault);
  }
  return result;
}
