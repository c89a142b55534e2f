import { randomUUID } from 'node:crypto';
import { copyOf, fieldsV1, isObject, isSame, type JsonObject, leavesOf, merged, withoutLeaves } from './field-sets.ts';
import type { KubernetesObject, ResourceType } from '../../../operator/ports/kubernetes.ts';

/** A kind that the server knows; `hasStatus`: with a status subresource. */
export interface ServedType extends ResourceType {
  readonly hasStatus: boolean;
}

/** A failure as the API server answers it. */
export class StatusError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly causes: readonly { reason: string; message: string; field?: string }[];
  constructor(status: number, reason: string, message: string, causes: StatusError['causes'] = []) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.causes = causes;
  }
}

/** What happened to an object; `before` is null when it is new. */
export interface StoreEvent {
  readonly revision: number;
  readonly type: ServedType;
  readonly kind: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubernetesObject;
  readonly before: KubernetesObject | null;
}

/** Who writes, and what. */
export interface Writer {
  readonly manager: string;
  readonly subresource: '' | 'status' | 'scale';
}

interface Owner extends Writer {
  readonly operation: 'Apply' | 'Update';
  /** Never changed, but made anew. */
  leaves: ReadonlySet<string>;
  timeMs: number;
}

interface Stored {
  readonly type: ServedType;
  readonly object: KubernetesObject;
  readonly owners: readonly Owner[];
}

/** An object in the making: its own copy, seen as JSON. */
type Draft = KubernetesObject & JsonObject;

const draftOf = (object: KubernetesObject): Draft => copyOf(object as Draft);
/** The object itself, to be looked at. */
const seenAs = (object: KubernetesObject): Draft => object as Draft;
/** The key of an object among all. */
const keyOf = (type: ServedType, namespace: string | undefined, name: string): string =>
  `${type.plural}.${type.group}/${type.isNamespaced ? (namespace ?? '') : ''}/${name}`;

/** The objects of an API server with their history: what etcd and the registry are to a real one. Objects never change: each write makes a new one. */
export class ObjectStore {
  readonly #objects = new Map<string, Stored>();
  /** What `all` gave, until something of that type is written. */
  readonly #listed = new Map<ServedType, readonly KubernetesObject[]>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #untold: StoreEvent[] = [];
  #isTelling = false;
  #history: StoreEvent[] = [];
  #revision = 1;
  #compactedRevision = 0;
  /** Wall-clock ms. */
  nowMs: () => number = Date.now;

  get revision(): number {
    return this.#revision;
  }
  /** Revisions up to this one are forgotten. */
  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets the history: whoever was not up to date must list again. */
  compact(): void {
    this.#compactedRevision = this.#revision;
    this.#history = [];
  }

  since(revision: number): readonly StoreEvent[] {
    return this.#history.filter((event) => event.revision > revision);
  }

  find(type: ServedType, namespace: string | undefined, name: string): KubernetesObject | null {
    return this.#objects.get(keyOf(type, namespace, name))?.object ?? null;
  }

  /** All objects of a type, in the order of their keys. */
  all(type: ServedType): KubernetesObject[] {
    const known = this.#listed.get(type);
    if (known !== undefined) return [...known];
    const stored = [...this.#objects].filter(([, each]) => each.type === type);
    const listed = stored.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { object }]) => object);
    this.#listed.set(type, listed);
    return [...listed];
  }

  create(type: ServedType, given: KubernetesObject, { manager }: Writer): KubernetesObject {
    const { namespace, name } = given.metadata;
    if (this.find(type, namespace, name) !== null)
      throw new StatusError(409, 'AlreadyExists', `${type.plural} "${name}" already exists`);
    if (given.metadata.resourceVersion !== undefined)
      throw new StatusError(400, 'BadRequest', 'resourceVersion should not be set on objects to be created');
    const draft = this.#born(type, given);
    const owner: Owner = {
      manager,
      subresource: '',
      operation: 'Update',
      leaves: new Set(leavesOf(draft).keys()),
      timeMs: this.nowMs(),
    };
    return this.#commit(type, draft, [owner], null);
  }

  #born(type: ServedType, given: KubernetesObject): Draft {
    const { status, ...rest } = draftOf(given);
    const draft = (type.hasStatus || status === undefined ? rest : { ...rest, status }) as Draft;
    const times = { creationTimestamp: new Date(this.nowMs()).toISOString().replace(/\.\d+Z/, 'Z') };
    return {
      ...draft,
      metadata: { ...draft.metadata, uid: randomUUID(), generation: 1, ...times },
    } as unknown as Draft;
  }

  /** A write of the whole object by `change`, which gets what is there. */
  update(
    type: ServedType,
    { namespace, name }: { namespace?: string | undefined; name: string },
    writer: Writer,
    change: (live: Draft) => KubernetesObject,
  ): KubernetesObject {
    const stored = this.#stored(type, namespace, name);
    const given = draftOf(change(draftOf(stored.object)));
    const version = given.metadata.resourceVersion;
    if (version !== undefined && version !== stored.object.metadata.resourceVersion)
      throw new StatusError(409, 'Conflict', `${type.plural} "${name}": the object has been modified; read it again`);
    const next = this.#limited(type, stored.object, given, writer);
    const before = leavesOf(seenAs(stored.object));
    const after = leavesOf(next);
    const changed = [...after].filter(([path, value]) => !isSame(before.get(path), value)).map(([path]) => path);
    const gone = [...before.keys()].filter((path) => !after.has(path));
    const touched = [...changed, ...gone];
    const owners = stored.owners
      .filter((owner) => isKept(owner, given))
      .map((owner) => ({ ...owner, leaves: less(owner.leaves, touched) }));
    if (changed.length > 0) this.#ownerOf(owners, writer, 'Update', changed);
    return this.#commit(type, next, owners, stored.object);
  }

  /** Server-side apply. */
  apply(type: ServedType, given: KubernetesObject, writer: Writer, force: boolean): KubernetesObject {
    const { namespace, name, resourceVersion } = given.metadata;
    const existing = this.#objects.get(keyOf(type, namespace, name));
    if (existing === undefined && writer.subresource !== '')
      throw new StatusError(404, 'NotFound', `${type.plural} "${name}" not found`);
    const live = existing?.object ?? null;
    if (resourceVersion !== undefined && resourceVersion !== live?.metadata.resourceVersion)
      throw new StatusError(409, 'Conflict', `${type.plural} "${name}": the object has been modified; read it again`);
    const { status, ...rest } = draftOf(given);
    const applied = (
      writer.subresource === 'status'
        ? {
            apiVersion: given.apiVersion,
            kind: given.kind,
            metadata: { name },
            ...(status === undefined ? {} : { status }),
          }
        : type.hasStatus || status === undefined
          ? rest
          : { ...rest, status }
    ) as Draft;
    const wanted = leavesOf(applied);
    const base = live === null ? this.#bare(this.#born(type, given)) : draftOf(live);
    const owners = (existing?.owners ?? []).map((owner) => ({ ...owner }));
    const isOurs = (owner: Owner): boolean =>
      owner.manager === writer.manager && owner.operation === 'Apply' && owner.subresource === writer.subresource;
    this.#settleConflicts(
      base,
      wanted,
      owners.filter((owner) => !isOurs(owner)),
      force,
    );
    const others = new Set(owners.filter((owner) => !isOurs(owner)).flatMap((owner) => [...owner.leaves]));
    const previous: ReadonlySet<string> = owners.find(isOurs)?.leaves ?? new Set<string>();
    const dropped = [...previous].filter((path) => !wanted.has(path) && !others.has(path));
    const next = merged('', withoutLeaves(base, dropped), applied) as Draft;
    const left = owners.filter((owner) => !isOurs(owner));
    this.#ownerOf(left, writer, 'Apply', [...wanted.keys()]);
    return this.#commit(type, next, left, live);
  }

  #bare({ apiVersion, kind, metadata }: Draft): Draft {
    return { apiVersion, kind, metadata } as Draft;
  }

  #settleConflicts(live: Draft, wanted: ReturnType<typeof leavesOf>, others: Owner[], force: boolean): void {
    const present = leavesOf(live);
    const causes: { reason: string; message: string; field: string }[] = [];
    for (const owner of others) {
      for (const path of owner.leaves) {
        if (!wanted.has(path) || isSame(present.get(path), wanted.get(path))) continue;
        if (force) owner.leaves = less(owner.leaves, [path]);
        else causes.push({ reason: 'FieldManagerConflict', message: `conflict with "${owner.manager}"`, field: path });
      }
    }
    if (causes.length === 0) return;
    const fields = causes.map(({ message, field }) => `${message}: .${field.replaceAll('/f:', '.')}`).join(', ');
    throw new StatusError(409, 'Conflict', `Apply failed with ${causes.length} conflict: ${fields}`, causes);
  }

  /** What a write through the main resource or a subresource may change, and what stays as it was. */
  #limited(type: ServedType, live: KubernetesObject, given: Draft, { subresource }: Writer): Draft {
    const { uid, generation, deletionTimestamp, creationTimestamp } = seenAs(live).metadata as unknown as JsonObject;
    const known = { uid, generation, deletionTimestamp, creationTimestamp };
    const fixed = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
    if (given.metadata.uid !== undefined && given.metadata.uid !== uid)
      throw new StatusError(409, 'Conflict', `Precondition failed: UID in precondition: ${given.metadata.uid}`);
    const metadata = { ...(subresource === '' ? given : live).metadata, ...fixed };
    if (subresource === 'status')
      return {
        ...draftOf(live),
        status: given['status'] ?? null,
        metadata: draftOf(live).metadata,
      } as unknown as Draft;
    const { status: _given, ...rest } = given;
    const { status } = live;
    if (!type.hasStatus) return { ...given, metadata } as unknown as Draft;
    return { ...rest, ...(status === undefined ? {} : { status }), metadata } as unknown as Draft;
  }

  #ownerOf(owners: Owner[], writer: Writer, operation: Owner['operation'], leaves: readonly string[]): void {
    const found = owners.find(
      (each) =>
        each.manager === writer.manager && each.operation === operation && each.subresource === writer.subresource,
    );
    if (found === undefined) owners.push({ ...writer, operation, leaves: new Set(leaves), timeMs: this.nowMs() });
    else if (leaves.some((leaf) => !found.leaves.has(leaf))) found.leaves = new Set([...found.leaves, ...leaves]);
  }

  /** Begins or finishes a deletion; dependents whose owner is gone go with it. */
  delete(
    type: ServedType,
    { namespace, name }: { namespace?: string | undefined; name: string },
    guard: { uid?: unknown; resourceVersion?: unknown } = {},
  ): KubernetesObject {
    const { object, owners } = this.#stored(type, namespace, name);
    for (const field of ['uid', 'resourceVersion'] as const) {
      if (guard[field] !== undefined && guard[field] !== object.metadata[field])
        throw new StatusError(409, 'Conflict', `Precondition failed: ${field} is ${object.metadata[field]}`);
    }
    const draft = draftOf(object);
    if ((object.metadata.finalizers ?? []).length > 0) {
      if (object.metadata.deletionTimestamp !== undefined) return object;
      const deletionTimestamp = new Date(this.nowMs()).toISOString();
      return this.#commit(
        type,
        { ...draft, metadata: { ...draft.metadata, deletionTimestamp } } as unknown as Draft,
        owners,
        object,
      );
    }
    this.#remove(type, draft, object);
    return object;
  }

  #remove(type: ServedType, draft: Draft, before: KubernetesObject): void {
    this.#objects.delete(keyOf(type, draft.metadata.namespace, draft.metadata.name));
    this.#listed.delete(type);
    this.#revision += 1;
    const object = { ...draft, metadata: { ...draft.metadata, resourceVersion: String(this.#revision) } };
    this.#emit({ revision: this.#revision, type, kind: 'DELETED', object, before });
    for (const { type: other, object: each } of this.#objects.values()) {
      if (each.metadata.ownerReferences?.some(({ uid }) => uid === draft.metadata.uid) === true)
        this.delete(other, each.metadata);
    }
  }

  #commit(type: ServedType, next: Draft, owners: readonly Owner[], before: KubernetesObject | null): KubernetesObject {
    const { resourceVersion: _old, managedFields: _fields, ...metadata } = next.metadata as unknown as JsonObject;
    const isSpecSame = before !== null && isSame(specOf(next), specOf(seenAs(before)));
    const generation = Number(before?.metadata.generation ?? 0) + (isSpecSame ? 0 : 1);
    const kept = owners.filter((owner) => owner.leaves.size > 0);
    const managedFields = kept.map((owner) => managedField(next.apiVersion, owner));
    const fresh = { ...next, metadata: { ...metadata, generation } } as unknown as Draft;
    const isNothing =
      before !== null &&
      isSame(timeless({ ...fresh, metadata: { ...fresh.metadata, managedFields } as never }), timeless(seenAs(before)));
    if (isNothing) return before;
    if (
      fresh.metadata.deletionTimestamp !== undefined &&
      (fresh.metadata.finalizers ?? []).length === 0 &&
      before !== null
    ) {
      this.#remove(type, fresh, before);
      return fresh;
    }
    this.#revision += 1;
    const object = {
      ...fresh,
      metadata: { ...fresh.metadata, resourceVersion: String(this.#revision), managedFields },
    } as unknown as KubernetesObject;
    this.#objects.set(keyOf(type, object.metadata.namespace, object.metadata.name), { type, object, owners: kept });
    this.#listed.delete(type);
    this.#emit({ revision: this.#revision, type, kind: before === null ? 'ADDED' : 'MODIFIED', object, before });
    return object;
  }

  #emit(event: StoreEvent): void {
    this.#history.push(event);
    this.#untold.push(event);
    // What a listener writes is told after what it was told of: nobody hears of a change before those that led to it.
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift())
        for (const listener of this.#listeners) listener(next);
    } finally {
      this.#isTelling = false;
    }
  }

  #stored(type: ServedType, namespace: string | undefined, name: string): Stored {
    const stored = this.#objects.get(keyOf(type, namespace, name));
    if (stored === undefined) throw new StatusError(404, 'NotFound', `${type.plural} "${name}" not found`);
    return stored;
  }
}

function specOf({ metadata: _metadata, status: _status, ...spec }: Draft): JsonObject {
  return spec as JsonObject;
}

/** An object as far as it counts for whether a write changed anything. */
function timeless(object: Draft): JsonObject {
  const { resourceVersion: _version, managedFields, ...metadata } = object.metadata as unknown as JsonObject;
  const fields = Array.isArray(managedFields) ? managedFields : [];
  const owners = fields.map((each) => (isObject(each) ? { ...each, time: null } : each));
  return { ...object, metadata: { ...metadata, owners } } as JsonObject;
}

/** Whether a written object still says that somebody owns fields: who is left out of what it says owns none any more. */
function isKept({ manager, operation, subresource }: Owner, given: Draft): boolean {
  const fields = (given.metadata as unknown as JsonObject)['managedFields'];
  if (!Array.isArray(fields) || fields.length === 0) return true;
  return fields.some(
    (one) =>
      isObject(one) &&
      one['manager'] === manager &&
      one['operation'] === operation &&
      (one['subresource'] ?? '') === subresource,
  );
}

/** A set without some of what is in it; itself where it has none of that. */
function less(leaves: ReadonlySet<string>, gone: readonly string[]): ReadonlySet<string> {
  return gone.some((path) => leaves.has(path)) ? leaves.difference(new Set(gone)) : leaves;
}

/** What most writes leave as it is. */
const FIELDS = new WeakMap<ReadonlySet<string>, JsonObject>();

function fieldsOf(leaves: ReadonlySet<string>): JsonObject {
  const known = FIELDS.get(leaves);
  if (known !== undefined) return known;
  const fields = fieldsV1([...leaves].sort());
  FIELDS.set(leaves, fields);
  return fields;
}

function managedField(apiVersion: string, { manager, operation, subresource, leaves, timeMs }: Owner): JsonObject {
  return {
    manager,
    operation,
    apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsOf(leaves),
    time: new Date(timeMs).toISOString(),
    ...(subresource === '' ? {} : { subresource }),
  };
}
