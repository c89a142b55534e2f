import type { Issue } from '../api/issue.ts';
import type { AnyResource, Cluster, ShareGroup, Topic } from '../api/kinds.ts';
import { FINALIZER, type Kind } from '../api/names.ts';
import { belongsTo, mayClaim } from '../api/references.ts';
import type { Desired } from './desired.ts';

/** A custom resource as an API server has it. */
export interface Declared {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  /** Somebody deleted it, and something still keeps it. */
  readonly isLeaving: boolean;
  /** When that was, by the clock of the API server, ms since the epoch; absent where nobody did. */
  readonly deletedAtMs?: number;
  readonly finalizers: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** Foreign JSON: what was written there last. */
  readonly status: unknown;
  /** `namespace/name` of the Cluster that it is or names; '' where it names none. */
  readonly cluster: string;
  /** Name of the topic that a Topic is for, also of one that can't be read; absent for any other. */
  readonly topicName?: string;
  /** null where this release can't read it, for these reasons. */
  readonly manifest: AnyResource | null;
  readonly issues: readonly Issue[];
}

/**
 * What is declared about a cluster, the oldest first (O14): what can't be read or is on its way out has no say, unless its topic or
 * group has to go first.
 */
export function desiredFrom(cluster: Cluster, members: readonly Declared[]): Desired {
  const manifests = members
    .filter((one) => !one.isLeaving || isEnding(one))
    .toSorted((a, b) => order(a.createdAt, b.createdAt) || order(a.uid, b.uid))
    .flatMap(({ manifest }) => manifest ?? []);
  const ending = members.filter(isEnding).flatMap(({ manifest }) => contentIn(manifest) ?? []);
  const unread = members.flatMap(({ namespace, isLeaving, manifest, topicName }) =>
    topicName !== undefined && manifest === null && !isLeaving && mayClaim(cluster, namespace, topicName)
      ? [topicName]
      : [],
  );
  return {
    cluster,
    unread: new Set(unread),
    topics: manifests.flatMap((one) => (one.kind === 'Topic' && belongsTo(one, cluster) ? [one] : [])),
    shareGroups: manifests.flatMap((one) => (one.kind === 'ShareGroup' && belongsTo(one, cluster) ? [one] : [])),
    ending: new Set(ending),
  };
}

/** Whether a manifest was deleted and takes its topic or group with it. */
export function isEnding({ isLeaving, finalizers, manifest }: Declared): boolean {
  return isLeaving && finalizers.includes(FINALIZER) && contentIn(manifest)?.spec.deletionPolicy === 'Delete';
}

/** A manifest of something in a cluster, null where it is none. */
export function contentIn(manifest: AnyResource | null): Topic | ShareGroup | null {
  return manifest === null || manifest.kind === 'Cluster' ? null : manifest;
}

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
