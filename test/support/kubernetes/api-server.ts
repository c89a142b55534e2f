// An API server in memory: real HTTP, resource versions, watches, server-side apply. It judges no schema: the CRDs' tests do.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isObject, type JsonObject, merged } from './field-sets.ts';
import { endServer, listenHere } from './loopback.ts';
import { ObjectStore, type ServedType, StatusError, type StoreEvent, type Writer } from './store.ts';
import { TYPES } from './types.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { codeOf } from '../../../operator/ports/operator-error.ts';

/** What a request is about, by its path. */
interface Target {
  readonly type: ServedType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string;
}

/** A request that came, for tests that count. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** What it came over. */
  readonly connection: IncomingMessage['socket'];
}

interface Watcher {
  readonly answer: ServerResponse;
  readonly target: Target;
  readonly labels: string | null;
  readonly wantsBookmarks: boolean;
}

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const SCALED = new Set(['statefulsets', 'deployments']);

/** True when an object's labels fit a selector of equalities (`a=b,c`). */
function fits(object: KubernetesObject, selector: string | null): boolean {
  const labels = object.metadata.labels ?? {};
  return (selector ?? '')
    .split(',')
    .filter((term) => term !== '')
    .every((term) => {
      const [key = '', value] = term.split('=');
      return value === undefined ? Object.hasOwn(labels, key) : labels[key] === value;
    });
}

/** Kubernetes' API over the objects of a store, on a port of this machine. */
export class ApiServer {
  readonly store = new ObjectStore();
  /** All requests so far. */
  readonly requests: SeenRequest[] = [];
  /** Called after each write that was carried out, before its answer goes out: a test may end its client there. */
  afterWrite: (request: SeenRequest) => void = () => undefined;
  readonly #server: Server;
  readonly #types: readonly ServedType[];
  readonly #watchers = new Set<Watcher>();
  /** First pages' lists, from which later pages are cut. */
  readonly #lists = new Map<string, { readonly items: readonly KubernetesObject[]; readonly revision: number }>();
  #lastList = 0;

  constructor(types: readonly ServedType[] = Object.values(TYPES)) {
    this.#types = types;
    this.#server = createServer((request, answer) => void this.#serve(request, answer));
    this.store.subscribe((event) => {
      for (const watcher of this.#watchers) this.#tell(watcher, event);
    });
  }

  /** Begins to listen; gives the address. */
  start(): Promise<string> {
    return listenHere(this.#server);
  }

  stop(): Promise<void> {
    return endServer(this.#server);
  }

  /** Watches that are open now. */
  get watchCount(): number {
    return this.#watchers.size;
  }

  /** Tells every watch that asked for it how far it is. */
  bookmark(): void {
    for (const watcher of this.#watchers) {
      const { kind } = watcher.target.type;
      const object = { kind, metadata: { resourceVersion: String(this.store.revision) } };
      if (watcher.wantsBookmarks) write(watcher.answer, { type: 'BOOKMARK', object });
    }
  }

  /** Forgets history and unfinished lists, as etcd's compaction does; `open` watches are told that they are too old, too. */
  compact({ open = false } = {}): void {
    this.store.compact();
    this.#lists.clear();
    for (const watcher of open ? this.#watchers : []) {
      const object = statusOf(new StatusError(410, 'Expired', 'too old resource version'));
      write(watcher.answer, { type: 'ERROR', object });
      watcher.answer.end();
    }
  }

  async #serve(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server');
    const seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      connection: request.socket,
    };
    this.requests.push(seen);
    try {
      const target = this.#targetOf(url.pathname);
      if (seen.method === 'GET' && target.name === undefined && seen.query.get('watch') === 'true') {
        this.#watch(target, seen.query, answer);
        return;
      }
      const body = seen.method === 'GET' ? {} : await readJson(request);
      const [status, object] = this.#answerTo(seen, target, body);
      if (WRITES.has(seen.method)) this.afterWrite(seen);
      send(answer, status, object);
    } catch (error) {
      // The client went away in the middle of its request.
      if (codeOf(error) === 'ECONNRESET') return;
      if (!isStatusError(error)) throw error;
      send(answer, error.status, statusOf(error));
    }
  }

  #targetOf(path: string): Target {
    const parts = path.split('/').slice(1).map(decodeURIComponent);
    const [group, version, ...rest] = parts[0] === 'api' ? ['', ...parts.slice(1)] : parts.slice(1);
    const isNamespaced = rest[0] === 'namespaces' && rest.length > 2;
    const [plural, name, subresource = ''] = isNamespaced ? rest.slice(2) : rest;
    const type = this.#types.find((each) => each.group === group && each.version === version && each.plural === plural);
    if (type === undefined) throw new StatusError(404, 'NotFound', 'the server could not find the requested resource');
    return { type, namespace: isNamespaced ? rest[1] : undefined, name, subresource };
  }

  #answerTo({ method, query, headers }: SeenRequest, target: Target, body: JsonObject): [number, unknown] {
    if (target.name === undefined) {
      if (method === 'GET') return [200, this.#list(target, query)];
      if (method !== 'POST') throw new StatusError(405, 'MethodNotAllowed', `${method} of a collection`);
      const writer: Writer = { manager: query.get('fieldManager') ?? 'unknown', subresource: '' };
      return [201, this.store.create(target.type, asObject(body, target), writer)];
    }
    const { type, namespace, name, subresource } = target;
    if (subresource === 'eviction') return [201, this.#evict(target, body)];
    if (subresource === 'scale') return [200, this.#scale(method, target, query, body)];
    if (subresource !== '' && !(subresource === 'status' && type.hasStatus))
      throw new StatusError(404, 'NotFound', `no subresource ${subresource}`);
    const writer: Writer = {
      manager: query.get('fieldManager') ?? 'unknown',
      subresource: subresource === 'status' ? 'status' : '',
    };
    switch (method) {
      case 'GET':
        return [200, this.#found(target)];
      case 'PUT':
        return [200, this.store.update(type, { namespace, name }, writer, () => asObject(body, target))];
      case 'PATCH':
        return this.#patch(target, writer, { body, query, kind: headers['content-type'] ?? '' });
      case 'DELETE':
        return [200, this.store.delete(type, { namespace, name }, guardOf(body))];
      default:
        throw new StatusError(405, 'MethodNotAllowed', method);
    }
  }

  #found({ type, namespace, name = '' }: Target): KubernetesObject {
    const object = this.store.find(type, namespace, name);
    if (object === null) throw new StatusError(404, 'NotFound', `${type.plural} "${name}" not found`);
    return object;
  }

  #patch(
    target: Target,
    writer: Writer,
    { body, query, kind }: { body: JsonObject; query: URLSearchParams; kind: string },
  ): [number, unknown] {
    const { type, namespace, name = '' } = target;
    if (kind === 'application/merge-patch+json') {
      const change = (live: KubernetesObject & JsonObject): KubernetesObject =>
        mergePatched(live, body) as unknown as KubernetesObject;
      return [200, this.store.update(type, { namespace, name }, writer, change)];
    }
    if (kind !== 'application/apply-patch+yaml') throw new StatusError(415, 'UnsupportedMediaType', kind);
    if (query.get('fieldManager') === null)
      throw new StatusError(400, 'BadRequest', 'fieldManager is required for apply patch');
    const isNew = this.store.find(type, namespace, name) === null;
    const object = this.store.apply(type, asObject(body, target), writer, query.get('force') === 'true');
    return [isNew ? 201 : 200, object];
  }

  #list(target: Target, query: URLSearchParams): unknown {
    const token = query.get('continue') ?? '';
    const limit = Number(query.get('limit') ?? 0);
    const [id = '', at = '0'] = token.split('.');
    const list = token === '' ? this.#snapshot(target, query.get('labelSelector')) : this.#lists.get(id);
    if (list === undefined) throw new StatusError(410, 'Expired', 'The provided continue parameter is too old');
    const end = limit === 0 ? list.items.length : Number(at) + limit;
    const isLast = end >= list.items.length;
    let next = '';
    if (!isLast) {
      const key = token === '' ? String((this.#lastList += 1)) : id;
      this.#lists.set(key, list);
      next = `${key}.${end}`;
    }
    const { group, version, kind } = target.type;
    return {
      kind: `${kind}List`,
      apiVersion: group === '' ? version : `${group}/${version}`,
      metadata: { resourceVersion: String(list.revision), ...(isLast ? {} : { continue: next }) },
      items: list.items.slice(Number(at), end).map(({ apiVersion: _version, kind: _kind, ...rest }) => rest),
    };
  }

  #snapshot(target: Target, labels: string | null): { items: readonly KubernetesObject[]; revision: number } {
    const items = this.store.all(target.type).filter((object) => isWithin(object, target) && fits(object, labels));
    return { items, revision: this.store.revision };
  }

  #watch(target: Target, query: URLSearchParams, answer: ServerResponse): void {
    const from = query.get('resourceVersion');
    const revision = from === null || from === '0' ? 0 : Number(from);
    if (revision > 0 && revision < this.store.compactedRevision)
      throw new StatusError(410, 'Expired', `too old resource version: ${revision} (${this.store.compactedRevision})`);
    answer.writeHead(200, { 'content-type': 'application/json' });
    answer.flushHeaders();
    const watcher = {
      answer,
      target,
      labels: query.get('labelSelector'),
      wantsBookmarks: query.get('allowWatchBookmarks') === 'true',
    };
    for (const event of this.store.since(revision)) this.#tell(watcher, event);
    this.#watchers.add(watcher);
    const seconds = Number(query.get('timeoutSeconds') ?? 0);
    const timer = seconds > 0 ? setTimeout(() => answer.end(), seconds * 1000) : undefined;
    answer.on('close', () => {
      clearTimeout(timer);
      this.#watchers.delete(watcher);
    });
  }

  /** An object that comes into a selection is new to its watchers, one that leaves it is gone. */
  #tell({ answer, target, labels }: Watcher, { type, kind, object, before }: StoreEvent): void {
    if (type !== target.type || !isWithin(object, target)) return;
    const was = before !== null && kind !== 'ADDED' && fits(before, labels);
    const is = kind !== 'DELETED' && fits(object, labels);
    if (was || is) write(answer, { type: !is ? 'DELETED' : was ? 'MODIFIED' : 'ADDED', object });
  }

  #evict(target: Target, body: JsonObject): unknown {
    const pod = this.#found(target);
    const budget = this.store.all(TYPES.budgets).find((each) => {
      const spec = each['spec'] as { selector?: { matchLabels?: Record<string, string> } } | undefined;
      const wanted = Object.entries(spec?.selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
      return each.metadata.namespace === pod.metadata.namespace && fits(pod, wanted.join(','));
    });
    const status = budget?.['status'] as { disruptionsAllowed?: number } | undefined;
    if (budget !== undefined && (status?.disruptionsAllowed ?? 0) === 0) {
      const cause = {
        reason: 'DisruptionBudget',
        message: `The disruption budget ${budget.metadata.name} needs more pods`,
      };
      throw new StatusError(
        429,
        'TooManyRequests',
        "Cannot evict pod as it would violate the pod's disruption budget.",
        [cause],
      );
    }
    const options = isObject(body['deleteOptions']) ? body['deleteOptions'] : {};
    if (options['dryRun'] === undefined) this.store.delete(target.type, pod.metadata, guardOf(options));
    return { kind: 'Status', apiVersion: 'v1', status: 'Success' };
  }

  #scale(method: string, target: Target, query: URLSearchParams, body: JsonObject): unknown {
    const { type, namespace, name = '' } = target;
    if (!SCALED.has(type.plural)) throw new StatusError(404, 'NotFound', `${type.plural} can't be scaled`);
    const writer: Writer = { manager: query.get('fieldManager') ?? 'unknown', subresource: 'scale' };
    const replicas = isObject(body['spec']) ? body['spec']['replicas'] : undefined;
    const object =
      method === 'GET'
        ? this.#found(target)
        : this.store.update(type, { namespace, name }, writer, (live) => {
            const { resourceVersion } = isObject(body['metadata']) ? body['metadata'] : {};
            const metadata = resourceVersion === undefined ? {} : { metadata: { resourceVersion } };
            return merged('', live, { ...metadata, spec: { replicas: replicas ?? 0 } }) as never;
          });
    const spec = object['spec'] as { replicas?: number } | undefined;
    const status = object['status'] as { replicas?: number } | undefined;
    return {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: object.metadata,
      spec: { replicas: spec?.replicas ?? 1 },
      status: { replicas: status?.replicas ?? 0 },
    };
  }
}

const isWithin = (object: KubernetesObject, { namespace }: Target): boolean =>
  namespace === undefined || object.metadata.namespace === namespace;

/** What of a `DeleteOptions` must hold. */
const guardOf = (body: JsonObject): JsonObject => (isObject(body['preconditions']) ? body['preconditions'] : {});

const isStatusError = (error: unknown): error is StatusError =>
  typeof error === 'object' && error !== null && 'causes' in error && 'status' in error;

function asObject(body: JsonObject, { type, namespace, name }: Target): KubernetesObject {
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  if (body['apiVersion'] !== apiVersion || body['kind'] !== type.kind)
    throw new StatusError(400, 'BadRequest', `this is the place of ${apiVersion} ${type.kind}`);
  if (typeof metadata['name'] !== 'string' || (name !== undefined && metadata['name'] !== name))
    throw new StatusError(422, 'Invalid', 'metadata.name: Required value');
  if (type.isNamespaced && namespace === undefined) throw new StatusError(404, 'NotFound', 'a namespace is needed');
  return {
    ...body,
    metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) },
  } as unknown as KubernetesObject;
}

/** RFC 7396. */
function mergePatched(live: JsonObject, patch: JsonObject): JsonObject {
  const into = { ...live };
  for (const [key, value] of Object.entries(patch)) {
    const old = into[key];
    if (value === null) delete into[key];
    else into[key] = isObject(value) ? mergePatched(isObject(old) ? old : {}, value) : value;
  }
  return into;
}

function statusOf({ status, reason, message, causes }: StatusError): unknown {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, reason, message, details: { causes } };
}

async function readJson(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as JsonObject);
}

function send(answer: ServerResponse, status: number, object: unknown): void {
  answer.writeHead(status, { 'content-type': 'application/json' });
  answer.end(JSON.stringify(object));
}

function write(answer: ServerResponse, event: unknown): void {
  // One that was told to list again is gone only when its connection is.
  if (!answer.writableEnded) answer.write(`${JSON.stringify(event)}\n`);
}
