/** A kind of object as the API server addresses it. */
export interface ResourceType {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

/** What the operator reads of an object's metadata; the server may send more. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  /** Opaque: only compared for equality (it need not be a number). */
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** The object to which another belongs: the garbage collector deletes it with its owner. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Any object of Kubernetes; what is below `metadata` is foreign JSON. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** Names one object of a type; cluster-wide ones have no namespace. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

/** Which objects a list or a watch is about. */
export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** Kubernetes' own syntax, `a=b,c`. Absent: all. */
  readonly labels?: string;
}

/** One page of a list, in no order that means anything. */
export interface ObjectPage {
  readonly items: readonly KubernetesObject[];
  /** Where a watch of the whole list may begin. */
  readonly resourceVersion: string;
  /** Asks for the next page; null: this was the last. */
  readonly next: string | null;
}

/** What a watch tells: that the server began it, an object as it is now or was at its end, or only how far the watch is. */
export type WatchEvent =
  | { readonly kind: 'OPEN' }
  | { readonly kind: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubernetesObject }
  | { readonly kind: 'BOOKMARK'; readonly resourceVersion: string };

/** How many replicas a workload is to have. */
export interface Scale {
  readonly replicas: number;
  /** The version of the workload that this is of. */
  readonly resourceVersion: string;
}

/** What must still hold of an object for it to be deleted, so that its successor of the same name is not hit. */
export interface DeletionGuard {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/**
 * The API of Kubernetes, as far as the operator uses it. Every call has a deadline. Failures are `OperatorError`s:
 * `UNREACHABLE`, `TIMEOUT`, `THROTTLED`, `UNAVAILABLE`, `INTERNAL` (try again), `CONFLICT` (read again first), `EXPIRED`
 * (list again), `BLOCKED` (a disruption budget forbids an eviction now), `NOT_FOUND`, `ALREADY_EXISTS`, and, fatal until
 * somebody changes something, `INVALID`, `FORBIDDEN`, `UNAUTHORIZED`, `UNSUPPORTED`.
 */
export interface KubernetesApi {
  /** Null when there is none. */
  get(type: ResourceType, name: ObjectName): Promise<KubernetesObject | null>;
  /** A page of at most `limit` objects; `next` is the earlier page's, and `EXPIRED` when it came too late. */
  list(
    type: ResourceType,
    selection: Selection,
    page: { readonly limit: number; readonly next?: string | null; readonly signal?: AbortSignal },
  ): Promise<ObjectPage>;
  /**
   * What happens after `resourceVersion`, until the server ends it (it is asked to, about once a minute), `signal` does, or
   * something fails: `EXPIRED` when history doesn't reach back so far, `SILENT` when nothing came for longer than that, not
   * even the end, `BAD_ANSWER` when a line can't be read.
   */
  watch(
    type: ResourceType,
    selection: Selection,
    from: { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent>;
  create(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject>;
  /** Writes a whole object; `CONFLICT` unless its `resourceVersion` is the current one. */
  replace(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject>;
  /**
   * Server-side apply by the field manager `weir-operator`: fields applied before and absent now go, fields of others stay. A
   * field of another manager with another value is a `CONFLICT`, or taken over with `force`.
   */
  apply(type: ResourceType, object: KubernetesObject, options?: { force?: boolean }): Promise<KubernetesObject>;
  /** The same for the status subresource, which alone holds `status`; always takes over. */
  applyStatus(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject>;
  /**
   * Takes from `weir-operator` the fields that `create` has made its, all of them: those that it has applied stay its, and go when they are no
   * longer applied. The object is as a write has answered it; `CONFLICT` unless its `resourceVersion` is the current one.
   */
  disown(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject>;
  /**
   * Gives an object these finalizers and no others, whoever has set them: `apply` takes away only what it has applied. `CONFLICT` unless its
   * `resourceVersion` is the current one; an object that is being deleted goes with its last finalizer.
   */
  setFinalizers(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject>;
  /** The scale of a workload, null when there is none. */
  scaleOf(type: ResourceType, name: ObjectName): Promise<Scale | null>;
  /** Sets it; `CONFLICT` where the workload is of another version by now. */
  setScale(type: ResourceType, name: ObjectName, scale: Scale): Promise<void>;
  /** Begins a deletion with background propagation; false when there is no such object. */
  delete(type: ResourceType, name: ObjectName, guard?: DeletionGuard): Promise<boolean>;
  /** Asks for a pod's end within its disruption budget, or only whether it would be granted now; false when there is no such pod. */
  evict(pod: ObjectName, guard?: DeletionGuard, options?: { readonly dryRun?: boolean }): Promise<boolean>;
}
