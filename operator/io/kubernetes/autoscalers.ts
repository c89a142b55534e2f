import type { Clock } from '../../ports/clock.ts';
import type { KubernetesApi, KubernetesObject, ResourceType } from '../../ports/kubernetes.ts';
import type { OperatorError } from '../../ports/operator-error.ts';
import { ListWatch } from './list-watch.ts';
import { textAt } from './objects/fields.ts';
import { pause } from './pause.ts';
import { AUTOSCALERS } from './resources.ts';

/** What an autoscaler names as its target. */
interface Target {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** So long the first list is waited for: an operator that has just begun says nothing that it takes back a moment later. */
const LISTED_MS = 2000;

/** What else scales workloads: a view of each kind, begun when somebody asks for the first time. */
export class Autoscalers {
  readonly #tools: { readonly api: KubernetesApi; readonly clock: Clock; readonly random: () => number };
  readonly #namespaces: readonly string[];
  readonly #trouble: (error: OperatorError) => void;
  #views: readonly View[] | null = null;

  /** No namespaces: all of them. */
  constructor(
    tools: { readonly api: KubernetesApi; readonly clock: Clock; readonly random: () => number },
    namespaces: readonly string[],
    trouble: (error: OperatorError) => void,
  ) {
    this.#tools = tools;
    this.#namespaces = namespaces;
    this.#trouble = trouble;
  }

  /** What scales a workload, as `Kind name`; null while that is not known. */
  async of(target: Target): Promise<readonly string[] | null> {
    const places = this.#namespaces.length === 0 ? [{}] : this.#namespaces.map((namespace) => ({ namespace }));
    this.#views ??= AUTOSCALERS.flatMap((type) =>
      places.map((place) => new View(this.#tools, type, place, this.#trouble)),
    );
    // What can't be read of other namespaces matters to none of this one.
    const views = this.#views.filter(
      ({ place }) => place.namespace === undefined || place.namespace === target.namespace,
    );
    if (!views.every(({ isKnown }) => isKnown)) await this.#listed(views);
    return views.every(({ isKnown }) => isKnown) ? views.flatMap((view) => view.of(target)) : null;
  }

  async #listed(views: readonly View[]): Promise<void> {
    const ends = new AbortController();
    const late = pause(this.#tools.clock, LISTED_MS, ends.signal);
    await Promise.race([late, Promise.all(views.map(({ known }) => known))]);
    ends.abort();
  }

  async stop(): Promise<void> {
    await Promise.all((this.#views ?? []).map((view) => view.stop()));
  }
}

/** The autoscalers of one kind in one place. */
class View {
  readonly place: { readonly namespace?: string };
  readonly #kind: string;
  readonly #watch: ListWatch<string>;
  readonly #targets = new Map<string, string>();
  /** Everything was listed once, or there is no such kind. */
  readonly known: Promise<void>;
  isKnown = false;

  constructor(
    tools: { readonly api: KubernetesApi; readonly clock: Clock; readonly random: () => number },
    type: ResourceType,
    selection: { readonly namespace?: string },
    trouble: (error: OperatorError) => void,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.known = promise;
    const know = (): void => {
      this.isKnown = true;
      resolve();
    };
    this.place = selection;
    this.#kind = type.kind;
    this.#watch = new ListWatch<string>(tools, {
      type,
      selection,
      select: targetOf,
      handle: (key, target) => {
        if (target === null) this.#targets.delete(key);
        else this.#targets.set(key, target);
      },
      trouble: (error) => {
        if (error.code !== 'NOT_FOUND') {
          trouble(error);
          return;
        }
        // Objects go with their kind, and nobody tells of each.
        this.#targets.clear();
        know();
      },
    });
    void this.#watch.synced.then(know);
  }

  of({ namespace, kind, name }: Target): readonly string[] {
    return [...this.#targets].flatMap(([key, target]) => {
      const [own, named = ''] = key.split('/');
      return own === namespace && target === `${kind}/${name}` ? [`${this.#kind} ${named}`] : [];
    });
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }
}

function targetOf(object: KubernetesObject): string {
  const ref = (field: string): string | null => textAt(object, 'spec', 'scaleTargetRef', field);
  // KEDA's may leave it out.
  return `${ref('kind') ?? 'Deployment'}/${ref('name') ?? ''}`;
}
