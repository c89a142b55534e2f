import { type Cluster, groupIdOf, nameOf, type ShareGroup } from '../api/kinds.ts';
import { notPermitted } from '../api/references.ts';
import { type Declared, desiredFrom } from '../core/declared.ts';
import { resolveOwnership } from '../core/desired.ts';
import type { AdminObservation } from '../core/observed.ts';
import { backlogOf } from '../core/scaling.ts';
import type { Clock } from '../ports/clock.ts';
import type { ClusterAdmin } from '../ports/cluster-admin.ts';
import { isOperatorError, messageOf, OperatorError } from '../ports/operator-error.ts';

/** What can be said of the backlog of a ShareGroup. `refused`: asking again does not help. */
export type Backlog =
  | { readonly kind: 'known'; readonly records: number }
  | { readonly kind: 'unknown' | 'refused'; readonly why: string };

/** A ShareGroup that is scaled by somebody else, and its Cluster. */
export interface Asked {
  readonly group: ShareGroup;
  readonly cluster: Cluster;
}

/** The administration of a Cluster through these brokers. */
export interface Connected {
  readonly admin: ClusterAdmin;
  readonly brokers: readonly number[];
}

/** What backlogs are found with. */
export interface BacklogTools {
  /** Resolves when everything in a namespace was listed once. */
  readonly listed: (namespace: string) => Promise<void>;
  /** The custom resource of this kind and `namespace/name`. */
  readonly declared: (kind: 'ShareGroup' | 'Cluster', key: string) => Declared | undefined;
  /** Topics and ShareGroups that name a Cluster. */
  readonly membersOf: (key: string) => readonly Declared[];
  /** A connection to the brokers of a Cluster that are ready, and their ids. */
  readonly connect: (cluster: Declared) => Promise<Connected>;
  /** A connection could not be closed. It is not used any more all the same. */
  readonly trouble: (error: OperatorError) => void;
  readonly clock: Clock;
}

/** Nothing that is older is told (O16). */
export const FRESH_MS = 30_000;
/** What is younger than that is not asked for again. */
const REUSE_MS = 5_000;
/** Whoever asks waits so long for brokers. */
const PATIENCE_MS = 8_000;

/** What is known of a Cluster. */
interface Watched {
  /** Of the Cluster: another one of the same name is another one. */
  readonly uid: string;
  connected: Connected | null;
  /** `atMs`: when it was asked for, which is no later than when it was so. */
  seen: { readonly atMs: number; readonly topics: AdminObservation } | null;
  asking: Promise<void> | null;
  trouble: string;
}

/**
 * The backlogs of ShareGroups that somebody else scales, for whoever asks: found by asking the brokers, in whichever operator. What is not
 * known, or not new enough, is never told as nothing.
 */
export class Backlogs {
  readonly #tools: BacklogTools;
  readonly #watched = new Map<string, Watched>();

  constructor(tools: BacklogTools) {
    this.#tools = tools;
  }

  /** The ShareGroup of this `namespace/name` and its Cluster, or why nobody may ask for it. */
  async find(key: string): Promise<Asked | Exclude<Backlog, { kind: 'known' }>> {
    const { listed, declared, clock } = this.#tools;
    const [namespace = ''] = key.split('/');
    if (!(await within(clock, listed(namespace))))
      return { kind: 'unknown', why: 'not everything has been listed yet' };
    const found = declared('ShareGroup', key);
    const refused = (why: string): Backlog & { kind: 'refused' } => ({ kind: 'refused', why });
    if (found === undefined) return refused(`there is no ShareGroup ${key}`);
    const group = found.manifest;
    if (group?.kind !== 'ShareGroup' || group.spec.scaling?.mode !== 'External')
      return refused(`ShareGroup ${key} does not have spec.scaling.mode: External`);
    const cluster = declared('Cluster', found.cluster)?.manifest;
    if (cluster?.kind !== 'Cluster') return { kind: 'unknown', why: `Cluster ${found.cluster} is not there` };
    const [issue] = notPermitted(group, cluster);
    if (issue !== undefined) return refused(`ShareGroup ${key} ${issue.message}`);
    const owner = this.#ownerOf(groupIdOf(group), cluster, found.cluster);
    if (owner === undefined || owner === group) return { group, cluster };
    return refused(`group ${groupIdOf(group)} belongs to ${nameOf(owner)}, not to ShareGroup ${key}`);
  }

  /** Whose a group is of all that claim it (O14). */
  #ownerOf(id: string, cluster: Cluster, key: string): ShareGroup | undefined {
    const claims = this.#tools
      .membersOf(key)
      .filter(({ manifest }) => manifest?.kind === 'ShareGroup' && groupIdOf(manifest) === id);
    return resolveOwnership(desiredFrom(cluster, claims)).groups.get(id);
  }

  async of({ group, cluster }: Asked): Promise<Backlog> {
    const { clock } = this.#tools;
    const { namespace, name } = cluster.metadata;
    const key = `${namespace}/${name}`;
    const watched = this.#watch(key);
    if (watched === null) return { kind: 'unknown', why: `${nameOf(cluster)} is not there any more` };
    if (!this.#isNew(watched, REUSE_MS, group)) {
      watched.asking ??= this.#ask(key, watched).finally(() => (watched.asking = null));
      await within(clock, watched.asking);
    }
    if (!this.#isNew(watched, FRESH_MS, group) || watched.seen === null)
      return { kind: 'unknown', why: `${nameOf(cluster)} does not tell: ${watched.trouble}` };
    const backlog = backlogOf(group, watched.seen.topics);
    return typeof backlog === 'number' ? { kind: 'known', records: backlog } : { kind: 'unknown', why: backlog };
  }

  /** Number of Clusters of which anything is kept. */
  get count(): number {
    return this.#watched.size;
  }

  /** Something about this Cluster, or what names it, is new: one that nobody can ask for any more is forgotten, and its connection closed. Never fails. */
  async heard(key: string): Promise<void> {
    const watched = this.#watched.get(key);
    if (watched !== undefined && this.#uidOf(key) !== watched.uid) await this.#forget(key, watched);
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#watched].map(([key, watched]) => this.#forget(key, watched)));
  }

  async #forget(key: string, watched: Watched): Promise<void> {
    this.#watched.delete(key);
    await watched.asking;
    await this.#close(watched.connected);
  }

  async #close(connected: Connected | null): Promise<void> {
    try {
      await connected?.admin.close();
    } catch (error) {
      // Whatever it was: nothing waits for this, and nobody else would hear of it.
      this.#tools.trouble(new OperatorError('NOT_CLOSED', messageOf(error), { cause: error }));
    }
  }

  /** Groups of a Cluster that somebody else scales. */
  #groupsOf(key: string): readonly ShareGroup[] {
    return this.#tools
      .membersOf(key)
      .flatMap(({ manifest }) =>
        manifest?.kind === 'ShareGroup' && manifest.spec.scaling?.mode === 'External' ? [manifest] : [],
      );
  }

  /** Of a Cluster that has such groups. */
  #uidOf(key: string): string | undefined {
    return this.#groupsOf(key).length === 0 ? undefined : this.#tools.declared('Cluster', key)?.uid;
  }

  /** What is known of a Cluster; null: it is not there any more. */
  #watch(key: string): Watched | null {
    const uid = this.#uidOf(key);
    if (uid === undefined) return null;
    const known = this.#watched.get(key);
    const watched = known ?? { uid, connected: null, seen: null, asking: null, trouble: 'no answer yet' };
    this.#watched.set(key, watched);
    return watched;
  }

  #isNew({ seen }: Watched, ms: number, group: ShareGroup): boolean {
    return (
      seen !== null && this.#tools.clock.monotonicMs() - seen.atMs < ms && seen.topics.groups.has(groupIdOf(group))
    );
  }

  /** Asks for all groups of a Cluster that somebody else scales; never fails. */
  async #ask(key: string, watched: Watched): Promise<void> {
    const { clock, connect, declared } = this.#tools;
    const atMs = clock.monotonicMs();
    try {
      const cluster = declared('Cluster', key);
      if (cluster === undefined) throw new Error('bug: a Cluster that was found is asked');
      const groups = this.#groupsOf(key);
      watched.connected ??= await connect(cluster);
      const { admin, brokers } = watched.connected;
      const topics = await admin.observe({
        ...NOTHING,
        brokers,
        topics: [...new Set(groups.flatMap(({ spec }) => spec.topics))].sort(),
        groups: [...new Set(groups.map(groupIdOf))].sort(),
      });
      watched.seen = { atMs, topics };
    } catch (error) {
      if (!isOperatorError(error)) throw error;
      watched.trouble = messageOf(error);
      const { connected } = watched;
      // Its nodes may be elsewhere by now.
      watched.connected = null;
      await this.#close(connected);
    }
  }
}

const NOTHING = {
  copies: new Map(),
  settings: [],
  quorum: false,
  members: [],
  restarts: [],
  replacements: [],
  advertised: false,
} as const;

/** Waits for something as long as anybody does; whether it came. */
function within(clock: Clock, awaited: Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(PATIENCE_MS, () => resolve(false));
    awaited.then(() => resolve(true), reject).finally(cancel);
  });
}
