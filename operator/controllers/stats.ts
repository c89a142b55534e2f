import type { Turn } from './cluster-turns.ts';
import { scaleHappened } from '../core/events.ts';
import type { Clock } from '../ports/clock.ts';
import type { KubernetesApi, WatchEvent } from '../ports/kubernetes.ts';
import { asOperatorError } from '../ports/operator-error.ts';

/** Upper bounds of the durations of looks that are told apart, in seconds. */
export const LOOK_SECONDS: readonly number[] = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];

/** A look that takes longer is stuck: every wait in it has a deadline far below. */
const STUCK_MS = 300_000;
/** So many names are told apart, what comes later is `other`: names are codes and kinds, never names of objects. */
const NAMES_MAX = 64;

/** Counts by a name of a bounded set. */
class Counts {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    const known = this.#counts.has(name) || this.#counts.size < NAMES_MAX ? name : 'other';
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1);
  }

  entries(): readonly (readonly [string, number])[] {
    return [...this.#counts];
  }
}

/** What an operator does, in plain numbers that only grow. */
export class OperatorStats {
  readonly #clock: Clock;
  readonly #underWay = new Map<string, number>();
  /** Looks by their length: the last one is longer than all bounds. */
  readonly durations: number[] = LOOK_SECONDS.map(() => 0).concat(0);
  durationSeconds = 0;
  /** Looks that found everything as it should be and did nothing. */
  steady = 0;
  /** Looks that failed, and steps that did, by code. */
  readonly errors = new Counts();
  /** Steps that were carried out, by kind. */
  readonly steps = new Counts();
  /** Changes of the number of brokers that the load asked for and that were begun, by the reason of their Event. */
  readonly scalings = new Counts();
  /** Calls of the API, by `verb code`; a watch is one call. */
  readonly calls = new Counts();
  /** When a look succeeded last, monotonic ms; null: none did. */
  lastSuccessMs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs one look at a key. */
  async look<T>(key: string, work: () => Promise<T>): Promise<T> {
    const startMs = this.#clock.monotonicMs();
    this.#underWay.set(key, startMs);
    try {
      const result = await work();
      this.lastSuccessMs = this.#clock.monotonicMs();
      return result;
    } catch (error) {
      this.errors.add(asOperatorError(error).code);
      throw error;
    } finally {
      this.#underWay.delete(key);
      const seconds = (this.#clock.monotonicMs() - startMs) / 1000;
      this.durationSeconds += seconds;
      const at = LOOK_SECONDS.findIndex((bound) => seconds <= bound);
      const index = at < 0 ? LOOK_SECONDS.length : at;
      this.durations[index] = (this.durations[index] ?? 0) + 1;
    }
  }

  /** What a look came to. */
  turned({ reconciled }: Turn): void {
    if (reconciled === null) return;
    const { plan, taken, observed } = reconciled;
    const scaled = scaleHappened(observed.scale, taken);
    if (scaled !== null) this.scalings.add(scaled.reason);
    for (const { step, failure } of taken) {
      if (failure === null) this.steps.add(step.kind);
      else this.errors.add(failure.code);
    }
    if (taken.length === 0 && plan.ready) this.steady += 1;
  }

  /** Looks under way: how many, how many of them are stuck, and for how long the longest is, in ms. */
  underWay(): { readonly count: number; readonly stuck: number; readonly longestMs: number } {
    const ages = [...this.#underWay.values()].map((sinceMs) => this.#clock.monotonicMs() - sinceMs);
    return {
      count: ages.length,
      stuck: ages.filter((ms) => ms >= STUCK_MS).length,
      longestMs: Math.max(0, ...ages),
    };
  }

  /** The API with its calls counted. */
  counted(api: KubernetesApi): KubernetesApi {
    const count =
      <A extends unknown[], R>(verb: string, call: (...args: A) => Promise<R>): ((...args: A) => Promise<R>) =>
      async (...args) => {
        try {
          const result = await call(...args);
          this.calls.add(`${verb} OK`);
          return result;
        } catch (error) {
          this.calls.add(`${verb} ${asOperatorError(error).code}`);
          throw error;
        }
      };
    return {
      get: count('get', (type, name) => api.get(type, name)),
      list: count('list', (type, selection, page) => api.list(type, selection, page)),
      watch: (type, selection, from) => this.#watched(api.watch(type, selection, from)),
      create: count('create', (type, object) => api.create(type, object)),
      replace: count('replace', (type, object) => api.replace(type, object)),
      apply: count('apply', (type, object, options) => api.apply(type, object, options)),
      applyStatus: count('apply-status', (type, object) => api.applyStatus(type, object)),
      disown: count('disown', (type, object) => api.disown(type, object)),
      setFinalizers: count('set-finalizers', (type, object) => api.setFinalizers(type, object)),
      scaleOf: count('get-scale', (type, name) => api.scaleOf(type, name)),
      setScale: count('set-scale', (type, name, scale) => api.setScale(type, name, scale)),
      delete: count('delete', (type, name, guard) => api.delete(type, name, guard)),
      evict: count('evict', (pod, guard, options) => api.evict(pod, guard, options)),
    };
  }

  async *#watched(events: AsyncIterable<WatchEvent>): AsyncGenerator<WatchEvent> {
    try {
      yield* events;
      this.calls.add('watch OK');
    } catch (error) {
      this.calls.add(`watch ${asOperatorError(error).code}`);
      throw error;
    }
  }
}
