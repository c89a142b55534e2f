import { asObject, asRecord, failureOf, parseAnswer } from './answer.ts';
import { ApiError, type ApiRequest, asApiError, type Endpoint, readAll, send } from './transport.ts';
import { pause } from './pause.ts';
import { openWatch } from './watch.ts';
import { describeRequest, failureText } from './words.ts';
import { at, listAt } from './objects/fields.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  DeletionGuard,
  KubernetesApi,
  KubernetesObject,
  ObjectName,
  ObjectPage,
  ResourceType,
  Scale,
  Selection,
  WatchEvent,
} from '../../ports/kubernetes.ts';

/** Under this name the API server keeps which fields are ours. */
export const FIELD_MANAGER = 'weir-operator';

/** Whether an entry of `managedFields` is of our writes of an object itself, of this way. */
export const isOfOurs = (entry: unknown, operation: 'Apply' | 'Update'): boolean =>
  at(entry, 'manager') === FIELD_MANAGER &&
  at(entry, 'operation') === operation &&
  at(entry, 'subresource') === undefined;

const DEADLINE_MS = 10_000;
/** How long a watch lasts before the server ends it. */
const WATCH_MS = 60_000;
/** How much later than that the end of a watch may come. */
const WATCH_LATE_MS = 15_000;
/** A page of 500 objects is a few MiB. */
const ANSWER_BYTES_MAX = 64 << 20;
const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';
const PODS: ResourceType = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', isNamespaced: true };

/** The path of a type's objects, or of one of them; names are escaped, so that none reaches beyond its place. */
export function pathOf(type: ResourceType, { namespace, name }: { namespace?: string; name?: string }): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const within = type.isNamespaced && namespace !== undefined ? `/namespaces/${escaped(namespace)}` : '';
  return `${root}${within}/${type.plural}${name === undefined ? '' : `/${escaped(name)}`}`;
}

function escaped(name: string): string {
  if (name === '' || name === '.' || name === '..')
    throw new ApiError('INVALID', `"${name}" is no name of an object`, { fatal: true });
  return encodeURIComponent(name);
}

/** The query of a selection. */
export const queryOf = ({ labels }: Selection): Record<string, string> =>
  labels === undefined ? {} : { labelSelector: labels };

/** A client of the API server with connections of its own. */
export class ApiClient implements KubernetesApi {
  readonly #endpoint: Endpoint;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #watchMs: number;

  /** `deadlineMs` is the time of one call, tries again included; `watchMs`, in whole seconds, how long a watch lasts. */
  constructor(tools: { endpoint: Endpoint; clock: Clock; deadlineMs?: number; watchMs?: number }) {
    this.#endpoint = tools.endpoint;
    this.#clock = tools.clock;
    this.#deadlineMs = tools.deadlineMs ?? DEADLINE_MS;
    this.#watchMs = tools.watchMs ?? WATCH_MS;
  }

  async get(type: ResourceType, name: ObjectName): Promise<KubernetesObject | null> {
    return unlessAbsent(this.#object({ method: 'GET', path: pathOf(type, name) }), null);
  }

  async list(
    type: ResourceType,
    selection: Selection,
    { limit, next = null, signal }: { limit: number; next?: string | null; signal?: AbortSignal },
  ): Promise<ObjectPage> {
    const path = pathOf(type, selection.namespace === undefined ? {} : { namespace: selection.namespace });
    const query = { ...queryOf(selection), limit: String(limit), ...(next === null ? {} : { continue: next }) };
    const answer = asRecord(await this.#call({ method: 'GET', path, query }, signal));
    const metadata = asRecord(answer?.['metadata']);
    const resourceVersion = metadata?.['resourceVersion'];
    const items = answer?.['items'];
    if (!Array.isArray(items) || typeof resourceVersion !== 'string')
      throw new ApiError(
        'BAD_ANSWER',
        `the Kubernetes API answered ${describeRequest({ method: 'GET', path })} with something that is no list`,
      );
    const token = metadata?.['continue'];
    return {
      // Items of a list don't repeat what they are.
      items: items.map((item) =>
        asObject(
          { apiVersion: apiVersionOf(type), kind: type.kind, ...asRecord(item) },
          describeRequest({ method: 'GET', path }),
        ),
      ),
      resourceVersion,
      next: typeof token === 'string' && token !== '' ? token : null,
    };
  }

  watch(
    type: ResourceType,
    selection: Selection,
    { resourceVersion, signal }: { resourceVersion: string; signal: AbortSignal },
  ): AsyncIterable<WatchEvent> {
    const path = pathOf(type, selection.namespace === undefined ? {} : { namespace: selection.namespace });
    const query = {
      ...queryOf(selection),
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(this.#watchMs / 1000),
      resourceVersion,
    };
    const tools = {
      endpoint: this.#endpoint,
      clock: this.#clock,
      openMs: this.#deadlineMs,
      silenceMs: this.#watchMs + WATCH_LATE_MS,
    };
    return openWatch({ method: 'GET', path, query }, tools, signal);
  }

  create(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    const { namespace } = object.metadata;
    const path = pathOf(type, namespace === undefined ? {} : { namespace });
    return this.#object({ method: 'POST', path, query: { fieldManager: FIELD_MANAGER }, body: object });
  }

  replace(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    const path = pathOf(type, object.metadata);
    return this.#object({ method: 'PUT', path, query: { fieldManager: FIELD_MANAGER }, body: object });
  }

  apply(type: ResourceType, object: KubernetesObject, { force = false } = {}): Promise<KubernetesObject> {
    return this.#apply(pathOf(type, object.metadata), object, force);
  }

  applyStatus(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    return this.#apply(`${pathOf(type, object.metadata)}/status`, object, true);
  }

  disown(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    const { uid, resourceVersion } = object.metadata;
    const managedFields = listAt(object, 'metadata', 'managedFields').filter((one) => !isOfOurs(one, 'Update'));
    return this.#merge(type, object, { uid, resourceVersion, managedFields });
  }

  setFinalizers(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    const { uid, resourceVersion, finalizers = [] } = object.metadata;
    return this.#merge(type, object, { uid, resourceVersion, finalizers });
  }

  async scaleOf(type: ResourceType, name: ObjectName): Promise<Scale | null> {
    const found = await unlessAbsent(this.#object({ method: 'GET', path: `${pathOf(type, name)}/scale` }), null);
    if (found === null) return null;
    const { resourceVersion = '' } = found.metadata;
    // What is 0 is left out.
    const replicas = at(found, 'spec', 'replicas') ?? 0;
    if (typeof replicas !== 'number')
      throw new ApiError('BAD_ANSWER', `the Kubernetes API says nothing of the replicas of ${type.kind} ${name.name}`);
    return { replicas, resourceVersion };
  }

  async setScale(type: ResourceType, name: ObjectName, { replicas, resourceVersion }: Scale): Promise<void> {
    await this.#call({
      method: 'PATCH',
      path: `${pathOf(type, name)}/scale`,
      query: { fieldManager: FIELD_MANAGER },
      contentType: MERGE,
      body: { metadata: { resourceVersion }, spec: { replicas } },
    });
  }

  async delete(type: ResourceType, name: ObjectName, guard: DeletionGuard = {}): Promise<boolean> {
    const body = { propagationPolicy: 'Background', preconditions: guard };
    const request = { method: 'DELETE', path: pathOf(type, name), body } as const;
    return unlessAbsent(this.#call(request).then(isDone), false);
  }

  async evict(pod: ObjectName, guard: DeletionGuard = {}, { dryRun = false } = {}): Promise<boolean> {
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod.name, namespace: pod.namespace },
      deleteOptions: { preconditions: guard, ...(dryRun && { dryRun: ['All'] }) },
    };
    const request = { method: 'POST', path: `${pathOf(PODS, pod)}/eviction`, body } as const;
    return unlessAbsent(this.#call(request).then(isDone), false);
  }

  /** Closes its connections. */
  close(): void {
    this.#endpoint.close();
  }

  #apply(path: string, object: KubernetesObject, force: boolean): Promise<KubernetesObject> {
    const query = { fieldManager: FIELD_MANAGER, force: String(force) };
    return this.#object({ method: 'PATCH', path, query, body: object, contentType: APPLY });
  }

  #merge(type: ResourceType, object: KubernetesObject, metadata: object): Promise<KubernetesObject> {
    return this.#object({
      method: 'PATCH',
      path: pathOf(type, object.metadata),
      query: { fieldManager: FIELD_MANAGER },
      contentType: MERGE,
      body: { metadata },
    });
  }

  async #object(request: ApiRequest): Promise<KubernetesObject> {
    return asObject(await this.#call(request), describeRequest(request));
  }

  /**
   * Asks until there is an answer other than "later", within the deadline. Asking again is safe because every call is: what
   * was done already is done to the same end, or refused.
   */
  async #call(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    const untilMs = this.#clock.monotonicMs() + this.#deadlineMs;
    for (;;) {
      try {
        return await this.#once(request, untilMs, signal);
      } catch (error) {
        const failure = asApiError(error, request);
        const { code, retryAfterMs } = failure;
        const isLater = (code === 'THROTTLED' || code === 'UNAVAILABLE') && retryAfterMs !== null;
        if (!isLater || this.#clock.monotonicMs() + retryAfterMs >= untilMs) throw failure;
        await pause(this.#clock, retryAfterMs, signal);
      }
    }
  }

  async #once(request: ApiRequest, untilMs: number, signal?: AbortSignal): Promise<unknown> {
    const ends = new AbortController();
    const end = (): void => {
      ends.abort();
    };
    signal?.addEventListener('abort', end);
    const cancel = this.#clock.after(Math.max(0, untilMs - this.#clock.monotonicMs()), end);
    try {
      signal?.throwIfAborted();
      const answer = await send(this.#endpoint, request, ends.signal);
      const text = await readAll(answer, ANSWER_BYTES_MAX);
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status < 300) return parseAnswer(text, describeRequest(request));
      throw failureOf({ status, text, retryAfter: answer.headers['retry-after'] }, request);
    } catch (error) {
      if (signal?.aborted === true)
        throw new ApiError('STOPPED', `${describeRequest(request)}: nobody waits for it any more`, { cause: error });
      if (!ends.signal.aborted) throw error;
      const text = failureText(request, { code: 'TIMEOUT', said: `no answer within ${this.#deadlineMs} ms` });
      throw new ApiError('TIMEOUT', text, { cause: error });
    } finally {
      cancel();
      signal?.removeEventListener('abort', end);
    }
  }
}

const isDone = (): boolean => true;

/** `group/version`, as objects name it. */
export const apiVersionOf = ({ group, version }: ResourceType): string =>
  group === '' ? version : `${group}/${version}`;

async function unlessAbsent<T>(asked: Promise<T>, absent: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (asApiError(error).code === 'NOT_FOUND') return absent;
    throw error;
  }
}
