import { keyOf } from '../../../operator/io/kubernetes/list-watch.ts';
import { failureOf } from '../../../operator/io/kubernetes/answer.ts';
import { FIELD_MANAGER, isOfOurs, pathOf } from '../../../operator/io/kubernetes/api-client.ts';
import { ApiError, type ApiRequest } from '../../../operator/io/kubernetes/transport.ts';
import type {
  DeletionGuard,
  KubernetesApi,
  KubernetesObject,
  ObjectMeta,
  ObjectName,
  ObjectPage,
  ResourceType,
  Scale,
  Selection,
  WatchEvent,
} from '../../../operator/ports/kubernetes.ts';
import { listAt } from '../../../operator/io/kubernetes/objects/fields.ts';
import type { ObjectStore, ServedType, StatusError, StoreEvent } from './store.ts';
import { TYPES } from './types.ts';

/** The type as the store knows it: by identity. */
export function servedAs({ group, plural }: Pick<ResourceType, 'group' | 'plural'>): ServedType {
  const found = Object.values(TYPES).find((one) => one.group === group && one.plural === plural);
  if (found === undefined) throw new Error(`no type ${plural}.${group}`);
  return found;
}

/** Whether an object's labels have all of these: `a=b`, or `a` whatever its value. */
function fits({ metadata: { labels = {} } }: KubernetesObject, selector = ''): boolean {
  return selector
    .split(',')
    .filter((term) => term !== '')
    .every((term) => {
      const [key = '', value] = term.split('=');
      return value === undefined ? Object.hasOwn(labels, key) : labels[key] === value;
    });
}

/**
 * The API over the objects of a store, without a connection in between: for tests that start an operator hundreds of times on a clock of
 * their own. What a request means is the store's; `write` is called around each write.
 */
export class MemoryApi implements KubernetesApi {
  readonly #store: ObjectStore;
  readonly #write: <T>(name: string, effect: () => T) => T;
  readonly #forbidden: ReadonlySet<string>;

  /** `forbidden`: namespaces in which nothing may be done, or nothing about one type (`namespace plural`). */
  constructor(
    store: ObjectStore,
    write: <T>(name: string, effect: () => T) => T = (_name, effect) => effect(),
    forbidden: ReadonlySet<string> = new Set(),
  ) {
    this.#store = store;
    this.#write = write;
    this.#forbidden = forbidden;
  }

  async get(type: ResourceType, { namespace, name }: ObjectName): Promise<KubernetesObject | null> {
    this.#permit('get', type, namespace);
    return this.#store.find(servedAs(type), namespace, name);
  }

  async list(type: ResourceType, { namespace, labels }: Selection): Promise<ObjectPage> {
    this.#permit('list', type, namespace);
    const items = this.#store
      .all(servedAs(type))
      .filter((one) => (namespace === undefined || one.metadata.namespace === namespace) && fits(one, labels));
    return { items, resourceVersion: String(this.#store.revision), next: null };
  }

  async *watch(
    type: ResourceType,
    { namespace, labels }: Selection,
    { resourceVersion, signal }: { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent> {
    this.#permit('watch', type, namespace);
    yield { kind: 'OPEN' };
    let events: StoreEvent[] = [...this.#store.since(Number(resourceVersion))];
    let wake = (): void => undefined;
    const end = this.#store.subscribe((event) => {
      events.push(event);
      wake();
    });
    const abort = (): void => {
      wake();
    };
    signal.addEventListener('abort', abort);
    try {
      while (!signal.aborted) {
        const batch = events;
        events = [];
        for (const { type: of, kind, object, before } of batch) {
          if (of !== servedAs(type) || (namespace !== undefined && object.metadata.namespace !== namespace)) continue;
          const [was, is] = [before !== null && fits(before, labels), kind !== 'DELETED' && fits(object, labels)];
          if (was || is) yield { kind: !is ? 'DELETED' : was ? 'MODIFIED' : 'ADDED', object };
        }
        if (events.length > 0) continue;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      end();
      signal.removeEventListener('abort', abort);
    }
  }

  create(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    return this.#writes('create', object, () =>
      this.#store.create(servedAs(type), object, { manager: FIELD_MANAGER, subresource: '' }),
    );
  }

  replace(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    const writer = { manager: FIELD_MANAGER, subresource: '' } as const;
    return this.#writes('replace', object, () =>
      this.#store.update(servedAs(type), object.metadata, writer, () => object),
    );
  }

  apply(type: ResourceType, object: KubernetesObject, { force = false } = {}): Promise<KubernetesObject> {
    return this.#writes('apply', object, () =>
      this.#store.apply(servedAs(type), object, { manager: FIELD_MANAGER, subresource: '' }, force),
    );
  }

  applyStatus(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    return this.#writes('status', object, () =>
      this.#store.apply(servedAs(type), object, { manager: FIELD_MANAGER, subresource: 'status' }, true),
    );
  }

  disown(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    const managedFields = listAt(object, 'metadata', 'managedFields').filter((one) => !isOfOurs(one, 'Update'));
    const { uid, resourceVersion } = object.metadata;
    const writer = { manager: FIELD_MANAGER, subresource: '' } as const;
    return this.#writes('disown', object, () =>
      this.#store.update(servedAs(type), object.metadata, writer, (live) => ({
        ...live,
        metadata: { ...live.metadata, uid, resourceVersion, managedFields } as ObjectMeta,
      })),
    );
  }

  setFinalizers(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    const { uid, resourceVersion, finalizers } = object.metadata;
    const writer = { manager: FIELD_MANAGER, subresource: '' } as const;
    return this.#writes('finalizers', object, () =>
      this.#store.update(servedAs(type), object.metadata, writer, (live) => ({
        ...live,
        metadata: { ...live.metadata, uid, resourceVersion, finalizers } as ObjectMeta,
      })),
    );
  }

  async scaleOf(type: ResourceType, { namespace, name }: ObjectName): Promise<Scale | null> {
    const live = this.#store.find(servedAs(type), namespace, name);
    if (live === null) return null;
    const { replicas = 1 } = live['spec'] as { readonly replicas?: number };
    return { replicas, resourceVersion: live.metadata.resourceVersion ?? '' };
  }

  async setScale(type: ResourceType, name: ObjectName, { replicas, resourceVersion }: Scale): Promise<void> {
    const writer = { manager: FIELD_MANAGER, subresource: 'scale' } as const;
    const named = { kind: type.kind, metadata: { ...name } };
    await this.#writes('scale', named, () =>
      this.#store.update(servedAs(type), name, writer, (live) => ({
        ...live,
        metadata: { ...live.metadata, resourceVersion },
        spec: { ...(live['spec'] as object), replicas },
      })),
    );
  }

  async delete(type: ResourceType, name: ObjectName, guard: DeletionGuard = {}): Promise<boolean> {
    if (this.#store.find(servedAs(type), name.namespace, name.name) === null) return false;
    const named = { kind: type.kind, metadata: { ...name } };
    return this.#writes('delete', named, () => this.#store.delete(servedAs(type), name, { ...guard })).then(() => true);
  }

  async evict(pod: ObjectName, guard: DeletionGuard = {}, { dryRun = false } = {}): Promise<boolean> {
    const live = this.#store.find(TYPES.pods, pod.namespace, pod.name);
    if (live === null) return false;
    const budgets = this.#store.all(TYPES.budgets).filter((budget) => {
      const { spec, status } = budget as unknown as {
        readonly spec: { readonly selector: { readonly matchLabels: Record<string, string> } };
        readonly status?: { readonly disruptionsAllowed?: number };
      };
      const labels = Object.entries(spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`);
      const isOver = budget.metadata.namespace === pod.namespace && fits(live, labels.join(','));
      return isOver && (status?.disruptionsAllowed ?? 0) === 0;
    });
    if (budgets.length > 0) throw new ApiError('BLOCKED', 'a disruption budget forbids it');
    if (dryRun) return true;
    const named = { kind: 'Pod', metadata: { ...pod } };
    return this.#writes('evict', named, () => this.#store.delete(TYPES.pods, pod, { ...guard })).then(() => true);
  }

  /** As an API server refuses what no Role allows, whether there is such a namespace or not. */
  #permit(
    verb: string,
    { group, plural }: Pick<ResourceType, 'group' | 'plural'>,
    namespace = '',
    request = (): ApiRequest => ({ method: 'GET', path: pathOf(servedAs({ group, plural }), { namespace }) }),
  ): void {
    if (!this.#forbidden.has(namespace) && !this.#forbidden.has(`${namespace} ${plural}`)) return;
    const resource = group === '' ? plural : `${plural}.${group}`;
    const message = `${resource} is forbidden: User "operator" cannot ${verb} resource "${plural}" in API group "${group}" in the namespace "${namespace}"`;
    const text = JSON.stringify({ reason: 'Forbidden', message });
    throw failureOf({ status: 403, text }, request());
  }

  async #writes<T>(verb: string, object: Pick<KubernetesObject, 'kind' | 'metadata'>, effect: () => T): Promise<T> {
    const type = Object.values(TYPES).find(({ kind }) => kind === object.kind);
    if (type !== undefined) this.#permit(verb, type, object.metadata.namespace, () => requestOf(verb, object));
    try {
      return this.#write(`${verb} ${object.kind} ${keyOf(object as KubernetesObject)}`, effect);
    } catch (error) {
      if (!isStatusError(error)) throw error;
      const text = JSON.stringify({ reason: error.reason, message: error.message });
      throw failureOf({ status: error.status, text }, requestOf(verb, object));
    }
  }
}

/** The request that a write is over a connection. */
function requestOf(verb: string, { kind, metadata }: Pick<KubernetesObject, 'kind' | 'metadata'>): ApiRequest {
  const type = Object.values(TYPES).find((one) => one.kind === kind);
  if (type === undefined) throw new Error(`no type of kind ${kind}`);
  const method = verb === 'create' ? 'POST' : verb === 'replace' ? 'PUT' : verb === 'delete' ? 'DELETE' : 'PATCH';
  const path = pathOf(type, { ...metadata });
  return { method, path: verb === 'status' || verb === 'scale' ? `${path}/${verb}` : path };
}

const isStatusError = (error: unknown): error is StatusError =>
  typeof error === 'object' && error !== null && 'causes' in error && 'status' in error;
