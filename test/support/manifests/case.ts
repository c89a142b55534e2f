import { API_VERSION, type Kind } from '../../../operator/api/names.ts';

/*
 * Manifests and what becomes of them: held against `operator/api`, which `weir local` goes by, against the shape of the
 * CRDs, and against an API server. What only somebody who knows the brokers can tell (settings and their values) is not
 * here, nor what needs several manifests.
 */

/** A manifest, as a change of an earlier one where `before` is there. */
export interface Case {
  readonly title: string;
  readonly kind: Kind;
  /** metadata.name; `a` when absent. */
  readonly name?: string;
  readonly before?: object;
  readonly spec: object;
}

/**
 * A manifest that is refused. `shape`: by what the schema says, where an API server has its own words; `unknown`: for a
 * field that is not known, which an API server tells with strict field validation, as kubectl asks for; `rule`: by a rule,
 * with the same words everywhere.
 */
export interface BadCase extends Case {
  readonly by: 'shape' | 'unknown' | 'rule';
  /** The field that messages name, as `formatPath` writes it. */
  readonly path: string;
  readonly message: string;
  /** What an API server says where it can't say the same: a rule over a list or map names that and not the item, and names are not quoted. */
  readonly server?: { readonly path: string; readonly message?: string };
}

/** The object of a case, or the one before it. */
export function objectOf({ kind, name = 'a' }: Case, spec: object): Readonly<Record<string, unknown>> {
  return { apiVersion: API_VERSION, kind, metadata: { name, namespace: 'default' }, spec };
}

/** The least spec of a Cluster with a number of brokers. */
export const BROKERS = { brokers: { replicas: 3 } };
/** The least spec of a Topic. */
export const TOPIC = { clusterRef: { name: 'c' } };
/** The least spec of a ShareGroup. */
export const GROUP = { clusterRef: { name: 'c' }, topics: ['jobs'] };
/** Names for a listener of type hosts. */
export const HOSTS = { bootstrap: 'kafka.example.com', node: 'b-{id}.kafka.example.com', port: 443 };

/** A Cluster whose brokers have volumes. */
export const stored = (storage: object, replicas = 3) => ({ brokers: { replicas, storage } });
/** A Cluster with these listeners. */
export const listening = (...listeners: readonly object[]) => ({ ...BROKERS, listeners });
/** A Cluster with controllers of their own. */
export const apart = (replicas: number, more: object = {}) => ({ ...BROKERS, controllers: { replicas, ...more } });
/** A Cluster whose brokers have such pods. */
export const podded = (pod: object) => ({ brokers: { replicas: 3, pod } });
