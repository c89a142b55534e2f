import type { Declared } from '../../core/declared.ts';
import { type Kind, KINDS } from '../../api/names.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KubernetesApi, KubernetesObject, ObjectName, ResourceType, Selection } from '../../ports/kubernetes.ts';
import { isOperatorError } from '../../ports/operator-error.ts';
import { declaredOf } from './custom.ts';
import { keyOf } from './list-watch.ts';
import { LABELS } from './objects/names.ts';
import { CUSTOM, OWNED, type OwnedKind } from './resources.ts';

/** A write that somebody wanted. */
export interface WantedWrite {
  readonly verb: 'create' | 'change' | 'delete';
  readonly kind: string;
  readonly name: string;
}

/** What is asked of an API server for a snapshot. */
type Reads = Pick<KubernetesApi, 'get' | 'list'>;

const PAGE_OBJECTS_MAX = 250;

/**
 * What an API server had at one moment, which can be written upon without anybody hearing of it: it reads as if what was written had
 * been, and remembers it. What has no label of a cluster is asked of the server when somebody wants it.
 */
export class Snapshot implements KubernetesApi {
  /** In order. */
  readonly writes: WantedWrite[] = [];
  /** Kinds of ours that the server does not know. */
  readonly unknown: Kind[] = [];
  readonly declared: Declared[] = [];
  readonly #reads: Pick<Reads, 'get'> | null;
  readonly #objects = new Map<string, KubernetesObject>();

  private constructor(reads: Pick<Reads, 'get'> | null) {
    this.#reads = reads;
  }

  /** Of a server where there is nothing. */
  static ofNothing(): Snapshot {
    return new Snapshot(null);
  }

  /** Lists everything once. No namespaces: all of them. */
  static async take(reads: Reads, namespaces: readonly string[]): Promise<Snapshot> {
    const snapshot = new Snapshot(reads);
    const places = namespaces.length === 0 ? [{}] : namespaces.map((namespace) => ({ namespace }));
    const kinds = Object.keys(OWNED) as OwnedKind[];
    await Promise.all(
      places.flatMap((place) => [
        ...KINDS.map(async (kind) => snapshot.#declare(kind, await listed(reads, CUSTOM[kind], place))),
        ...kinds.map(async (kind) => {
          const objects = await listed(reads, OWNED[kind], { ...place, labels: LABELS.cluster });
          for (const object of objects ?? []) snapshot.#objects.set(nameIn(kind, keyOf(object)), object);
        }),
      ]),
    );
    return snapshot;
  }

  /** See `Caches`. */
  find(kind: OwnedKind, { namespace, name }: ObjectName): KubernetesObject | null {
    return this.#objects.get(nameIn(kind, `${namespace}/${name}`)) ?? null;
  }

  /** See `Caches`. */
  ownedOf(kind: OwnedKind, cluster: string): ReadonlyMap<string, KubernetesObject> {
    const owned = [...this.#objects.values()].filter(
      ({ kind: one, metadata: { namespace, labels } }) =>
        one === kind && `${namespace}/${labels?.[LABELS.cluster] ?? ''}` === cluster,
    );
    return new Map(owned.map((object) => [keyOf(object), object]));
  }

  /** Nothing is heard here, and so nothing is waited for. */
  async until(_clock: Clock, _ms: number, isSo: () => boolean): Promise<boolean> {
    return isSo();
  }

  async get(type: ResourceType, name: ObjectName): Promise<KubernetesObject | null> {
    const known = this.#objects.get(nameIn(type.kind, `${name.namespace}/${name.name}`));
    return known ?? (await this.#reads?.get(type, name)) ?? null;
  }

  async create(_type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    return this.#write('create', object);
  }

  async apply(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    const before = await this.get(type, object.metadata);
    if (before === null) return this.#write('create', object);
    const changed = { ...before, ...object, metadata: { ...before.metadata, ...object.metadata } };
    // What is made here is made once.
    const isMade = this.writes.some(
      ({ verb, kind, name }) => verb === 'create' && kind === type.kind && name === object.metadata.name,
    );
    return isMade ? this.#set(changed) : this.#write('change', changed);
  }

  async disown(_type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    return object;
  }

  async setFinalizers(_type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    return object;
  }

  async delete(type: ResourceType, name: ObjectName): Promise<boolean> {
    this.writes.push({ verb: 'delete', kind: type.kind, name: name.name });
    return this.#objects.delete(nameIn(type.kind, `${name.namespace}/${name.name}`));
  }

  list(): never {
    return unasked();
  }

  watch(): never {
    return unasked();
  }

  replace(): never {
    return unasked();
  }

  applyStatus(): never {
    return unasked();
  }

  evict(): never {
    return unasked();
  }

  scaleOf(): never {
    return unasked();
  }

  setScale(): never {
    return unasked();
  }

  #declare(kind: Kind, objects: readonly KubernetesObject[] | null): void {
    if (objects === null) this.unknown.push(kind);
    else this.declared.push(...objects.map((object) => declaredOf(kind, object)));
  }

  #write(verb: WantedWrite['verb'], object: KubernetesObject): KubernetesObject {
    this.writes.push({ verb, kind: object.kind, name: object.metadata.name });
    return this.#set(object);
  }

  #set(object: KubernetesObject): KubernetesObject {
    this.#objects.set(nameIn(object.kind, keyOf(object)), object);
    return object;
  }
}

const nameIn = (kind: string, key: string): string => `${kind} ${key}`;

/** All objects of a selection; null: the server does not know their type. */
async function listed(
  reads: Reads,
  type: ResourceType,
  selection: Selection,
): Promise<readonly KubernetesObject[] | null> {
  const objects: KubernetesObject[] = [];
  for (let next: string | null = null; ; ) {
    try {
      const page = await reads.list(type, selection, { limit: PAGE_OBJECTS_MAX, next });
      objects.push(...page.items);
      next = page.next;
    } catch (error) {
      if (isOperatorError(error) && error.code === 'NOT_FOUND') return null;
      throw error;
    }
    if (next === null) return objects;
  }
}

function unasked(): never {
  throw new Error('bug: a snapshot is only read and prepared upon');
}
