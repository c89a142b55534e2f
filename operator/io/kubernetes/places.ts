import type { Standing } from '../../core/conditions.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Selection } from '../../ports/kubernetes.ts';
import { OperatorError } from '../../ports/operator-error.ts';

/** How many places are read, may not be read, and were not yet. All namespaces together are one place. */
export interface PlaceCounts {
  readonly watched: number;
  readonly refused: number;
  readonly listing: number;
}

/** What is told of places. */
export interface PlaceListener {
  /** Reading failed and is tried again. */
  trouble(error: OperatorError): void;
  /** Everything in a place was listed once. */
  listed(place: Place): void;
}

/** What a view of one kind in one place tells of itself. */
export interface PlaceReport {
  readonly trouble: (error: OperatorError) => void;
  readonly alive: () => void;
}

/** That a namespace may not be read is told again after so long, ms: each kind in it is tried every half minute. */
const TELL_AGAIN_MS = 300_000;

/** One namespace, or all of them: read by itself, so that what may not be read here keeps nothing from the others. */
export class Place {
  /** null: all of them. */
  readonly namespace: string | null;
  /** Everything in it was listed once. What is known stays from then on, whatever becomes of the right to read it. */
  isListed = false;
  readonly #refusals = new Map<number, OperatorError>();
  readonly #changed: () => void;
  readonly #tell: (error: OperatorError) => void;
  readonly #clock: Clock;
  readonly #listed = Promise.withResolvers<void>();
  #toldMs = Number.NEGATIVE_INFINITY;
  #views = 0;

  constructor(
    namespace: string | null,
    tools: {
      readonly clock: Clock;
      readonly tell: (error: OperatorError) => void;
      readonly changed: () => void;
    },
  ) {
    this.namespace = namespace;
    this.#clock = tools.clock;
    this.#tell = tools.tell;
    this.#changed = tools.changed;
  }

  get selection(): Selection {
    return this.namespace === null ? {} : { namespace: this.namespace };
  }

  /** Resolves when everything in it was listed. */
  get listed(): Promise<void> {
    return this.#listed.promise;
  }

  /** Why it can't be read, null: it can, as far as that is known. */
  get refusal(): OperatorError | null {
    const [first] = this.#refusals.values();
    return first ?? null;
  }

  /** What one more view of it is to call. */
  report(): PlaceReport {
    const view = this.#views;
    this.#views += 1;
    return {
      trouble: (error) => {
        if (error.code !== 'FORBIDDEN' || this.namespace === null) {
          this.#tell(error);
          return;
        }
        const refusal = new OperatorError(error.code, notRead(this.namespace, error), { fatal: true, cause: error });
        this.#refusals.set(view, refusal);
        this.#changed();
        const nowMs = this.#clock.monotonicMs();
        if (nowMs - this.#toldMs < TELL_AGAIN_MS) return;
        this.#toldMs = nowMs;
        this.#tell(refusal);
      },
      alive: () => {
        if (this.#refusals.delete(view)) this.#changed();
      },
    };
  }

  /** Called when every view of it has listed everything. */
  complete(): void {
    this.isListed = true;
    this.#listed.resolve();
    this.#changed();
  }
}

function notRead(namespace: string, { message }: OperatorError): string {
  return `namespace ${namespace} is not read: ${message}; it has to exist and to have the operator's Role (watchNamespaces of charts/weir makes it)`;
}

/** The places that an operator watches. */
export class Places {
  readonly all: readonly Place[];
  readonly #settled = Promise.withResolvers<void>();

  /** No namespaces: all of them. */
  constructor(namespaces: readonly string[], clock: Clock, listener: PlaceListener) {
    const tools = {
      clock,
      tell: (error: OperatorError): void => {
        listener.trouble(error);
      },
      changed: (): void => {
        this.#judge();
      },
    };
    const names = namespaces.length === 0 ? [null] : [...new Set(namespaces)];
    this.all = names.map((namespace) => new Place(namespace, tools));
    for (const place of this.all)
      void place.listed.then(() => {
        listener.listed(place);
      });
  }

  /** Resolves when every place was listed, or may not be, and one of them was. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** The place that a namespace is in, undefined: it is not watched. */
  of(namespace: string): Place | undefined {
    return this.all.find((place) => place.namespace === null || place.namespace === namespace);
  }

  /** How what is in a namespace stands while it can't be seen; null: it can. */
  unseen(namespace: string): Standing | null {
    const place = this.of(namespace);
    if (place === undefined) {
      const why = `this operator does not watch namespace ${namespace}`;
      const message = `${why}; add it to watchNamespaces, or name another Cluster`;
      return { kind: 'stalled', reason: 'ClusterNotWatched', message };
    }
    if (place.isListed) return null;
    const message = place.refusal?.message ?? `namespace ${namespace} was not listed yet`;
    return { kind: 'unknown', reason: 'NamespaceNotRead', message };
  }

  counts(): PlaceCounts {
    const refused = this.all.filter(({ refusal }) => refusal !== null).length;
    const watched = this.all.filter(({ refusal, isListed }) => refusal === null && isListed).length;
    return { watched, refused, listing: this.all.length - refused - watched };
  }

  #judge(): void {
    const isJudged = this.all.every(({ isListed, refusal }) => isListed || refusal !== null);
    if (isJudged && this.all.some(({ isListed }) => isListed)) this.#settled.resolve();
  }
}
