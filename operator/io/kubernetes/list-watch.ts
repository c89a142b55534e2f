import { pause } from './pause.ts';
import { ApiError, asApiError } from './transport.ts';
import { type Backoff, backoffMs } from '../../core/backoff.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KubernetesApi, KubernetesObject, ResourceType, Selection } from '../../ports/kubernetes.ts';
import { messageOf, type OperatorError } from '../../ports/operator-error.ts';

/** What is watched, and what is done about it. */
export interface ListWatchJob<T> {
  readonly type: ResourceType;
  readonly selection: Selection;
  /** What is kept of an object. Everything else is forgotten at once, so the result must not hold the object itself. Never throws. */
  readonly select: (object: KubernetesObject) => T;
  /**
   * Something about an object is new; null: it is gone. Only what a queue needs: it runs in the midst of the stream. When it
   * throws, that is told, and it is called again, until it doesn't.
   */
  readonly handle: (key: string, value: T | null) => void;
  /** Something failed and is tried again. */
  readonly trouble: (error: OperatorError) => void;
  /** The server has listed everything, or begun a watch: what failed before does no more. */
  readonly alive?: () => void;
}

/** How patient a list-watch is. */
export interface ListWatchTimes {
  readonly backoff: Backoff;
  /** A watch that lived so long was none that failed: the pauses begin anew. */
  readonly healthyMs: number;
}

interface Kept<T> {
  readonly value: T;
  readonly resourceVersion: string;
}

const TIMES: ListWatchTimes = { backoff: { minMs: 200, maxMs: 30_000 }, healthyMs: 5000 };
const PAGE_OBJECTS_MAX = 250;
/** More are told as trouble instead of taking the operator's memory. */
const OBJECTS_MAX = 50_000;

/** `namespace/name`, or the name of an object without a namespace. */
export const keyOf = ({ metadata: { namespace, name } }: KubernetesObject): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

/**
 * Keeps a view of the objects of one type: lists them page by page, watches from there, resumes where a watch ended, and
 * lists again when history doesn't reach back so far. Never two requests at once. What it tells are hints: one may stand for
 * many changes, and none is lost for good.
 */
export class ListWatch<T> {
  readonly #api: KubernetesApi;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #job: ListWatchJob<T>;
  readonly #times: ListWatchTimes;
  readonly #ends = new AbortController();
  readonly #unhandled = new Map<string, () => void>();
  readonly #synced = Promise.withResolvers<void>();
  readonly #over: Promise<void>;
  #objects = new Map<string, Kept<T>>();
  /** Where to go on; null: list. */
  #resourceVersion: string | null = null;
  /** When the server began the watch under way; null: it has not. */
  #openedMs: number | null = null;
  #failures = 0;

  /** Begins at once. `random` gives numbers in [0, 1). */
  constructor(
    tools: { readonly api: KubernetesApi; readonly clock: Clock; readonly random: () => number },
    job: ListWatchJob<T>,
    times: ListWatchTimes = TIMES,
  ) {
    this.#api = tools.api;
    this.#clock = tools.clock;
    this.#random = tools.random;
    this.#job = job;
    this.#times = times;
    this.#over = this.#run();
  }

  /** Resolves when the first list is complete; never after a `stop` before that. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  get count(): number {
    return this.#objects.size;
  }

  /** What is kept of an object; undefined when there is none. */
  get(key: string): T | undefined {
    return this.#objects.get(key)?.value;
  }

  /** The keys of all objects. */
  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  /** Ends request and pauses; nothing is handled any more. Resolves when all is over, which waits for nobody. */
  async stop(): Promise<void> {
    this.#ends.abort();
    for (const cancel of this.#unhandled.values()) cancel();
    this.#unhandled.clear();
    await this.#over;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ends;
    while (!signal.aborted) {
      this.#openedMs = null;
      let retryAfterMs = 0;
      try {
        this.#resourceVersion ??= await this.#list(signal);
        await this.#watch(this.#resourceVersion, signal);
      } catch (error) {
        if (signal.aborted) return;
        retryAfterMs = this.#failed(asApiError(error));
      }
      // A watch that ends at once, time and again, is a failure too, even if it says something each time.
      const isHealthy = this.#openedMs !== null && this.#clock.monotonicMs() - this.#openedMs >= this.#times.healthyMs;
      this.#failures = isHealthy ? 1 : this.#failures + 1;
      const delayMs = Math.max(retryAfterMs, backoffMs(this.#times.backoff, this.#failures, this.#random()));
      await pause(this.#clock, delayMs, signal);
    }
  }

  /** Tells a failure; gives how long the server wants to be left alone. */
  #failed(error: ApiError): number {
    // After what can't be read nobody knows what was missed.
    if (error.code === 'EXPIRED' || error.code === 'BAD_ANSWER' || error.code === 'TOO_MANY')
      this.#resourceVersion = null;
    this.#job.trouble(error);
    return error.retryAfterMs ?? 0;
  }

  /** Lists all objects and tells what differs from what was known. */
  async #list(signal: AbortSignal): Promise<string> {
    const found = new Map<string, Kept<T>>();
    for (let next: string | null = null; ; ) {
      const page = await this.#api.list(this.#job.type, this.#job.selection, { limit: PAGE_OBJECTS_MAX, next, signal });
      signal.throwIfAborted();
      for (const object of page.items) found.set(keyOf(object), this.#kept(object));
      if (found.size > OBJECTS_MAX) throw this.#tooMany();
      next = page.next;
      if (next === null) {
        this.#replace(found);
        return page.resourceVersion;
      }
    }
  }

  #tooMany(): ApiError {
    return new ApiError('TOO_MANY', `there are more than ${OBJECTS_MAX} ${this.#job.type.plural}`);
  }

  #replace(found: Map<string, Kept<T>>): void {
    const before = this.#objects;
    this.#objects = found;
    for (const [key, { resourceVersion }] of found)
      if (before.get(key)?.resourceVersion !== resourceVersion) this.#handle(key, 0);
    for (const key of before.keys()) if (!found.has(key)) this.#handle(key, 0);
    this.#job.alive?.();
    this.#synced.resolve();
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const events = this.#api.watch(this.#job.type, this.#job.selection, { resourceVersion, signal });
    for await (const event of events) {
      if (signal.aborted) return;
      if (event.kind === 'OPEN') {
        this.#openedMs = this.#clock.monotonicMs();
        this.#job.alive?.();
        continue;
      }
      if (event.kind === 'BOOKMARK') {
        this.#resourceVersion = event.resourceVersion;
        continue;
      }
      const key = keyOf(event.object);
      const kept = this.#kept(event.object);
      if (event.kind === 'DELETED') this.#objects.delete(key);
      else this.#objects.set(key, kept);
      if (this.#objects.size > OBJECTS_MAX) throw this.#tooMany();
      this.#resourceVersion = kept.resourceVersion;
      this.#handle(key, 0);
    }
  }

  #kept(object: KubernetesObject): Kept<T> {
    return { value: this.#job.select(object), resourceVersion: object.metadata.resourceVersion ?? '' };
  }

  /** Hands an object as it is now to the handler; again later when that fails. */
  #handle(key: string, failures: number): void {
    this.#unhandled.get(key)?.();
    this.#unhandled.delete(key);
    try {
      this.#job.handle(key, this.get(key) ?? null);
    } catch (error) {
      this.#job.trouble(
        new ApiError('HANDLER', `${this.#job.type.kind} ${key}: ${messageOf(error)}`, { cause: error }),
      );
      const delayMs = backoffMs(this.#times.backoff, failures + 1, this.#random());
      const cancel = this.#clock.after(delayMs, () => {
        this.#handle(key, failures + 1);
      });
      this.#unhandled.set(key, cancel);
    }
  }
}
