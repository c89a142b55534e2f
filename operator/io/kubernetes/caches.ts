import type { Standing } from '../../core/conditions.ts';
import type { Declared } from '../../core/declared.ts';
import { type Kind, KINDS } from '../../api/names.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KubernetesApi, KubernetesObject, ObjectName } from '../../ports/kubernetes.ts';
import type { OperatorError } from '../../ports/operator-error.ts';
import { FIELD_MANAGER } from './api-client.ts';
import { declaredOf } from './custom.ts';
import { ListWatch } from './list-watch.ts';
import { at, listAt } from './objects/fields.ts';
import { LABELS } from './objects/names.ts';
import { type Place, type PlaceCounts, Places } from './places.ts';
import { CUSTOM, OWNED, type OwnedKind } from './resources.ts';

/** Something about a cluster is new. `key` is `namespace/name` of the Cluster. */
export interface CacheListener {
  /** A manifest that is, or names, this Cluster. `isUsers`: more of it is new than what the operator writes there itself. */
  manifest(key: string, isUsers: boolean): void;
  /** An object that belongs to it. */
  object(key: string): void;
  /** Reading failed and is tried again. */
  trouble(error: OperatorError): void;
  /** Everything in a namespace was listed once; null: in all of them. */
  listed(namespace: string | null): void;
}

/** Objects of one cluster. */
type Owned = ReadonlyMap<string, KubernetesObject>;

const NONE: Owned = new Map();

/** What the operator knows of the API server: views of its own kinds, and of what has the label of a cluster. */
export class Caches {
  readonly #listener: CacheListener;
  readonly #places: Places;
  readonly #watches: readonly Pick<ListWatch<unknown>, 'synced' | 'stop'>[];
  readonly #declared = new Map<Kind, Map<string, Declared>>(KINDS.map((kind) => [kind, new Map()]));
  /** Topics and ShareGroups, by the Cluster that they name. */
  readonly #members = new Map<string, Map<string, Declared>>();
  readonly #owned = new Map<
    OwnedKind,
    { readonly byKey: Map<string, string>; readonly byCluster: Map<string, Map<string, KubernetesObject>> }
  >();
  readonly #waiting = new Set<() => void>();

  /** Begins at once. No namespaces: all of them. */
  constructor(
    tools: { readonly api: KubernetesApi; readonly clock: Clock; readonly random: () => number },
    namespaces: readonly string[],
    listener: CacheListener,
  ) {
    this.#listener = listener;
    this.#places = new Places(namespaces, tools.clock, {
      trouble: (error) => {
        listener.trouble(error);
      },
      listed: ({ namespace }) => {
        listener.listed(namespace);
      },
    });
    const kinds = Object.keys(OWNED) as OwnedKind[];
    for (const kind of kinds) this.#owned.set(kind, { byKey: new Map(), byCluster: new Map() });
    this.#watches = this.#places.all.flatMap((place) => {
      const watches = [
        ...KINDS.map((kind) => this.#watchDeclared(tools, place, kind)),
        ...kinds.map((kind) => this.#watchOwned(tools, place, kind)),
      ];
      void Promise.all(watches.map(({ synced }) => synced)).then(() => {
        place.complete();
      });
      return watches;
    });
  }

  #watchDeclared(tools: ConstructorParameters<typeof ListWatch>[0], place: Place, kind: Kind): ListWatch<Declared> {
    return new ListWatch<Declared>(tools, {
      type: CUSTOM[kind],
      selection: place.selection,
      select: (object) => declaredOf(kind, object),
      handle: (key, declared) => {
        this.#declare(kind, key, declared);
      },
      ...place.report(),
    });
  }

  #watchOwned(
    tools: ConstructorParameters<typeof ListWatch>[0],
    place: Place,
    kind: OwnedKind,
  ): ListWatch<KubernetesObject> {
    return new ListWatch<KubernetesObject>(tools, {
      type: OWNED[kind],
      selection: { ...place.selection, labels: LABELS.cluster },
      select: trimmed,
      handle: (key, object) => {
        this.#own(kind, key, object);
      },
      ...place.report(),
    });
  }

  /** Resolves when everything was listed once, as far as it may be. */
  synced(): Promise<void> {
    return this.#places.settled;
  }

  /** Resolves when everything in a namespace was listed once; at once where it is not watched. */
  async listed(namespace: string): Promise<void> {
    await this.#places.of(namespace)?.listed;
  }

  /** How a Cluster (`namespace/name`) stands whose namespace can't be seen; null: it can. */
  unseen(key: string): Standing | null {
    return this.#places.unseen(namespaceIn(key));
  }

  places(): PlaceCounts {
    return this.#places.counts();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#watches.map((one) => one.stop()));
  }

  /** The custom resource of this kind and `namespace/name`. */
  declared(kind: Kind, key: string): Declared | undefined {
    return this.#declared.get(kind)?.get(key);
  }

  /** All custom resources of a kind. */
  allDeclared(kind: Kind): Iterable<Declared> {
    return this.#declared.get(kind)?.values() ?? [];
  }

  /** Topics and ShareGroups that name this Cluster, permitted or not, in no order. */
  membersOf(cluster: string): readonly Declared[] {
    return [...(this.#members.get(cluster)?.values() ?? [])];
  }

  /** Objects with a cluster's label, by `namespace/name`, whoever they belong to. `cluster` is `namespace/name`. */
  ownedOf(kind: OwnedKind, cluster: string): Owned {
    return this.#owned.get(kind)?.byCluster.get(cluster) ?? NONE;
  }

  /** The object of this name if it has the label of a cluster. */
  find(kind: OwnedKind, { namespace, name }: ObjectName): KubernetesObject | null {
    const views = this.#owned.get(kind);
    const key = `${namespace}/${name}`;
    return views?.byCluster.get(views.byKey.get(key) ?? '')?.get(key) ?? null;
  }

  /** Waits until something is so that only changes when something is heard; false when `ms` have passed before. */
  until(clock: Clock, ms: number, isSo: () => boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (result: boolean): void => {
        cancel();
        this.#waiting.delete(look);
        resolve(result);
      };
      const look = (): void => {
        if (isSo()) end(true);
      };
      const cancel = clock.after(ms, () => {
        end(isSo());
      });
      this.#waiting.add(look);
      look();
    });
  }

  #declare(kind: Kind, key: string, declared: Declared | null): void {
    const all = this.#declared.get(kind);
    const before = all?.get(key);
    if (declared === null) all?.delete(key);
    else all?.set(key, declared);
    const name = `${kind} ${key}`;
    if (kind !== 'Cluster' && before !== undefined) {
      const members = this.#members.get(before.cluster);
      members?.delete(name);
      if (members?.size === 0) this.#members.delete(before.cluster);
    }
    if (kind !== 'Cluster' && declared !== null) grouped(this.#members, declared.cluster).set(name, declared);
    const isUsers = writtenIn(before) !== writtenIn(declared);
    for (const cluster of new Set([before?.cluster, declared?.cluster]))
      if (cluster !== undefined && cluster !== '') this.#listener.manifest(cluster, isUsers);
    this.#heard();
  }

  #own(kind: OwnedKind, key: string, object: KubernetesObject | null): void {
    const views = this.#owned.get(kind);
    if (views === undefined) return;
    const before = views.byKey.get(key);
    const now = object === null ? undefined : clusterOf(object);
    if (before !== undefined && before !== now) {
      const group = views.byCluster.get(before);
      group?.delete(key);
      if (group?.size === 0) views.byCluster.delete(before);
    }
    if (now === undefined) views.byKey.delete(key);
    else views.byKey.set(key, now);
    if (object !== null && now !== undefined) grouped(views.byCluster, now).set(key, object);
    for (const cluster of new Set([before, now])) if (cluster !== undefined) this.#listener.object(cluster);
    this.#heard();
  }

  #heard(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** What users write of an object: all but its status and finalizers. A spec is known by its generation. */
function writtenIn(declared: Declared | null | undefined): string {
  const { uid, generation, annotations, isLeaving, manifest } = declared ?? {};
  return JSON.stringify([uid, generation, isLeaving, annotations, manifest?.metadata.labels]);
}

/** The namespace in `namespace/name`. */
const namespaceIn = (key: string): string => key.slice(0, key.indexOf('/'));

function grouped<T>(groups: Map<string, Map<string, T>>, name: string): Map<string, T> {
  const group = groups.get(name) ?? new Map<string, T>();
  groups.set(name, group);
  return group;
}

function clusterOf({ metadata: { namespace, labels } }: KubernetesObject): string {
  return `${namespace}/${labels?.[LABELS.cluster] ?? ''}`;
}

/** What the operator reads of an object. Of who wrote which field only that matters which we did; of a pod little matters. */
function trimmed(object: KubernetesObject): KubernetesObject {
  const managedFields = listAt(object, 'metadata', 'managedFields').filter(
    (one) => at(one, 'manager') === FIELD_MANAGER,
  );
  if (object.kind !== 'Pod')
    return { ...object, metadata: { ...object.metadata, managedFields } as KubernetesObject['metadata'] };
  const { managedFields: _fields, ...metadata } = object.metadata as KubernetesObject['metadata'] &
    Record<string, unknown>;
  const status = {
    conditions: at(object, 'status', 'conditions'),
    containerStatuses: at(object, 'status', 'containerStatuses'),
    podIP: at(object, 'status', 'podIP'),
    hostIP: at(object, 'status', 'hostIP'),
    phase: at(object, 'status', 'phase'),
    reason: at(object, 'status', 'reason'),
  };
  const containers = listAt(object, 'spec', 'containers').map((one) => ({
    name: at(one, 'name'),
    image: at(one, 'image'),
    ports: at(one, 'ports'),
  }));
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata,
    spec: { volumes: at(object, 'spec', 'volumes'), containers, nodeName: at(object, 'spec', 'nodeName') },
    status,
  };
}
