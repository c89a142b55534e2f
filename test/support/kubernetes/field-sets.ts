// Which manager owns which field, and what server-side apply makes of it (Kubernetes, "Server-Side Apply").

/** Foreign JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** An object of JSON. */
export type JsonObject = { [key: string]: Json };

/** Lists whose elements are told apart by a key; all others are one value. */
const LIST_KEYS: Readonly<Record<string, string>> = {
  conditions: 'type',
  containers: 'name',
  env: 'name',
  initContainers: 'name',
  ownerReferences: 'uid',
  ports: 'name',
  volumeMounts: 'mountPath',
  volumes: 'name',
};
/** Lists of plain values of which each is a field of its own. */
const SETS = new Set(['finalizers']);
/** What names the object, and what only the server writes. */
const UNOWNED =
  /^(apiVersion|kind|metadata|metadata\/f:(name|namespace|uid|resourceVersion|generation|creationTimestamp|deletionTimestamp|managedFields))$/;

const isUnowned = (path: string): boolean =>
  (path.startsWith('metadata') || path === 'apiVersion' || path === 'kind') && UNOWNED.test(path);

/** True for an object of JSON. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The parts of a list as fields, or null when it is one value. */
function partsOf(name: string, list: readonly Json[]): Map<string, Json> | null {
  if (SETS.has(name)) return new Map(list.map((each) => [`v:${JSON.stringify(each)}`, each]));
  const key = LIST_KEYS[name];
  if (key === undefined || !list.every((each) => isObject(each) && each[key] !== undefined)) return null;
  return new Map(list.map((each) => [`k:${JSON.stringify({ [key]: (each as JsonObject)[key] })}`, each]));
}

/** The fields of a value one level below, null for what is one value. */
function childrenOf(name: string, value: Json): Map<string, Json> | null {
  if (Array.isArray(value)) return partsOf(name, value);
  if (!isObject(value)) return null;
  return new Map(Object.entries(value).map(([key, each]) => [`f:${key}`, each]));
}

const nameOfField = (field: string): string => (field.startsWith('f:') ? field.slice(2) : '');

/** The leaves of an object, by path: `spec/f:replicas`. Empty objects and lists with keys count as leaves. */
export function leavesOf(object: JsonObject): Map<string, Json> {
  const leaves = new Map<string, Json>();
  const visit = (path: string, name: string, value: Json): void => {
    const children = childrenOf(name, value);
    if (children === null || children.size === 0) {
      if (!isUnowned(path)) leaves.set(path, value);
      return;
    }
    if (isUnowned(path) && path !== 'metadata') return;
    for (const [field, each] of children) visit(`${path}/${escapeField(field)}`, nameOfField(field), each);
  };
  for (const [key, value] of Object.entries(object)) visit(key, key, value);
  return leaves;
}

const escapeField = (field: string): string =>
  field.includes('~') || field.includes('/') ? field.replaceAll('~', '~0').replaceAll('/', '~1') : field;
const unescapeField = (field: string): string =>
  field.includes('~') ? field.replaceAll('~1', '/').replaceAll('~0', '~') : field;

/** Two values are one and the same JSON: what is undefined in an object is not there. */
export function isSame(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((each, at) => isSame(each, b[at]));
  }
  for (const key of Object.keys(a)) if (!isSame(a[key], b[key])) return false;
  for (const key of Object.keys(b)) if (a[key] === undefined && b[key] !== undefined) return false;
  return true;
}

/** A copy that shares nothing with the value. */
export function copyOf<T extends Json>(value: T): T;
export function copyOf(value: Json): Json {
  if (Array.isArray(value)) return value.map((each) => copyOf(each));
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) {
    const each = value[key];
    if (each !== undefined) copy[key] = copyOf(each);
  }
  return copy;
}

/** `live` with all of `applied` in it: objects and lists with keys are merged, everything else is replaced. */
export function merged(name: string, live: Json | undefined, applied: Json): Json {
  if (isObject(applied)) {
    const into: JsonObject = isObject(live) ? { ...live } : {};
    for (const [key, value] of Object.entries(applied)) into[key] = merged(key, into[key], value);
    return into;
  }
  if (!Array.isArray(applied)) return applied;
  const parts = partsOf(name, applied);
  const present = Array.isArray(live) ? partsOf(name, live) : null;
  if (parts === null || present === null) return applied;
  for (const [field, value] of parts) present.set(field, merged('', present.get(field), value));
  return [...present.values()];
}

/** `value` without the field at the path; what becomes empty by that goes too. */
function without(name: string, value: Json, path: readonly string[]): Json | undefined {
  const [field = '', ...rest] = path;
  const children = childrenOf(name, value);
  const child = children?.get(field);
  if (children === null || child === undefined) return value;
  const left = rest.length === 0 ? undefined : without(nameOfField(field), child, rest);
  if (left === undefined) children.delete(field);
  else children.set(field, left);
  if (Array.isArray(value)) return children.size === 0 ? undefined : [...children.values()];
  if (children.size === 0) return undefined;
  // An element of a list of which only its key is left was an element by that field alone.
  return Object.fromEntries([...children].map(([key, each]) => [key.slice(2), each]));
}

/** The object without these leaves. */
export function withoutLeaves(object: JsonObject, leaves: Iterable<string>): JsonObject {
  let left: Json = object;
  for (const leaf of leaves) {
    const [first = '', ...rest] = leaf.split('/').map(unescapeField);
    left = without('', left, [`f:${first}`, ...rest]) ?? {};
  }
  return left as JsonObject;
}

/** Leaves as `fieldsV1`. */
export function fieldsV1(leaves: Iterable<string>): JsonObject {
  const root: JsonObject = {};
  for (const leaf of leaves) {
    let at = root;
    const [first = '', ...rest] = leaf.split('/').map(unescapeField);
    for (const field of [`f:${first}`, ...rest]) at = (at[field] ??= {}) as JsonObject;
  }
  return root;
}
