import { Autoscaler } from './autoscaler.ts';
import { ClusterTurns, type Turn, type TurnListener, type TurnTimes } from './cluster-turns.ts';
import type { ReconcileTools } from './reconcile.ts';
import type { Standing } from '../core/conditions.ts';
import { type Declared, desiredFrom, isEnding } from '../core/declared.ts';
import type { Desired } from '../core/desired.ts';
import { INSTRUCTIONS } from '../core/instructions.ts';
import type { IsDynamic } from '../core/plan-nodes.ts';
import type { Clock } from '../ports/clock.ts';
import type { ClusterAdmin } from '../ports/cluster-admin.ts';
import type { NodeHost } from '../ports/node-host.ts';

/** What is declared about one Cluster. */
export interface ClusterManifests {
  readonly cluster: Declared;
  /** Topics and ShareGroups that name it, permitted or not, in no order. */
  readonly members: readonly Declared[];
}

/** What one look at a Cluster came to. */
export interface ClusterReport extends ClusterManifests {
  /** null where the Cluster can't be read, or is on its way out: then nothing is done. */
  readonly desired: Desired | null;
  /** null where nothing was done. */
  readonly turn: Turn | null;
  /** Its administration as the turn had it; null where no broker answers. */
  readonly admin: ClusterAdmin | null;
  /** Why nothing may be done by this operator. */
  readonly refusal?: Standing;
}

/** What is done around the turns of a Cluster; each is called by the one worker that works on it. */
export interface ClusterHooks {
  /** Ahead of each look. What fails is tried again with the whole look, here and below. */
  before?(manifests: ClusterManifests): Promise<void>;
  /** After each look: status, conditions, metrics. Gives in how many ms it has to look again at the latest. */
  report?(report: ClusterReport): Promise<number>;
  /** Steps, progress, trouble as they come. */
  listener?(cluster: Declared): TurnListener;
  /** There is no such Cluster; with a standing: none that can be seen, and that is how it stands. Gives the same as `report`. */
  gone?(key: string, unseen: Standing | null): Promise<number>;
}

/** Where the nodes of one Cluster live, and how it is reached. */
export interface ClusterPlace {
  readonly host: NodeHost;
  /** Its administration through the nodes that are ready. */
  admin(): Promise<ClusterAdmin>;
  close(): Promise<void>;
}

interface Managed {
  readonly uid: string;
  readonly place: ClusterPlace;
  readonly turns: ClusterTurns;
  /** Of the manifests that `turns` has. */
  generations: string;
  admin: ClusterAdmin | null;
}

/** Whatever a step came to, others get their turn before the next one. */
const PAUSE_MIN_MS = 1;
/** Steps of Kubernetes take seconds. */
const TIMES: TurnTimes = { pollMinMs: 100, pollMaxMs: 5000 };

const SILENT: TurnListener = {
  step: () => undefined,
  progress: () => undefined,
  condition: () => undefined,
  trouble: () => undefined,
  converged: () => undefined,
  fatal: () => undefined,
};

/** The work of a queue whose keys are Clusters, `namespace/name`: one look at a time at each, all of them through the same code as `weir local`. */
export class ClusterWork {
  readonly #manifests: (key: string) => ClusterManifests | null;
  readonly #open: (cluster: Declared) => ClusterPlace;
  readonly #tools: { readonly clock: Clock; readonly isDynamic: IsDynamic; readonly wallMs: () => number };
  readonly #rolls: (key: string) => ReturnType<NonNullable<ReconcileTools['rolls']>>;
  readonly #refusal: (cluster: Declared) => Standing | null;
  readonly #unseen: (key: string) => Standing | null;
  readonly #turned: (turn: Turn) => void;
  readonly #hooks: ClusterHooks;
  readonly #managed = new Map<string, Managed>();

  constructor(
    tools: {
      /** null: there is no such Cluster. */
      readonly manifests: (key: string) => ClusterManifests | null;
      readonly open: (cluster: Declared) => ClusterPlace;
      readonly clock: Clock;
      readonly isDynamic: IsDynamic;
      /** See `ReconcileTools`. */
      readonly wallMs: () => number;
      /** The same, for a Cluster (`namespace/name`). */
      readonly rolls: (key: string) => ReturnType<NonNullable<ReconcileTools['rolls']>>;
      /** Why this operator may do nothing about a Cluster, null: it may. */
      readonly refusal: (cluster: Declared) => Standing | null;
      /** How a Cluster stands of which not everything can be seen, null: it can. */
      readonly unseen: (key: string) => Standing | null;
      /** Told of every turn. */
      readonly turned: (turn: Turn) => void;
    },
    hooks: ClusterHooks,
  ) {
    this.#manifests = tools.manifests;
    this.#open = tools.open;
    this.#tools = tools;
    this.#turned = tools.turned;
    this.#rolls = tools.rolls;
    this.#refusal = tools.refusal;
    this.#unseen = tools.unseen;
    this.#hooks = hooks;
  }

  /** Number of Clusters that are worked on, each with a connection. */
  get count(): number {
    return this.#managed.size;
  }

  /** Something about its objects is new. */
  nudge(key: string): void {
    this.#managed.get(key)?.turns.nudge();
  }

  /** One look; gives in how many ms the next one is due, null: none is. */
  async work(key: string): Promise<number | null> {
    const manifests = this.#manifests(key);
    const unseen = this.#unseen(key);
    if (manifests === null) {
      await this.#close(key);
      return finite(await this.#hooks.gone?.(key, unseen));
    }
    const { cluster, members } = manifests;
    const refusal = unseen ?? this.#refusal(cluster);
    if (refusal !== null) {
      await this.#close(key);
      return this.#report({ ...manifests, desired: null, turn: null, admin: null, refusal });
    }
    const isKnown = cluster.manifest?.kind === 'Cluster' && !cluster.isLeaving;
    const desired = isKnown && cluster.manifest?.kind === 'Cluster' ? desiredFrom(cluster.manifest, members) : null;
    await this.#hooks.before?.(manifests);
    if (desired === null) return this.#report({ ...manifests, desired, turn: null, admin: null });
    const managed = await this.#managedBy(key, manifests, desired);
    managed.admin = null;
    const turn = await managed.turns.take();
    this.#turned(turn);
    const dueMs = await this.#hooks.report?.({ ...manifests, desired, turn, admin: managed.admin });
    if (turn.failure !== null) throw turn.failure;
    return Math.max(PAUSE_MIN_MS, Math.min(turn.pauseMs, dueMs ?? turn.pauseMs));
  }

  /** Reports that nothing was done; gives when it is due again. */
  async #report(report: ClusterReport): Promise<number | null> {
    return finite(await this.#hooks.report?.(report));
  }

  /** Closes all connections. No work may be under way. */
  async close(): Promise<void> {
    for (const key of [...this.#managed.keys()]) await this.#close(key);
  }

  async #managedBy(key: string, { cluster, members }: ClusterManifests, desired: Desired): Promise<Managed> {
    const generations = [cluster, ...members].map(generationText).sort().join();
    const known = this.#managed.get(key);
    if (known?.uid === cluster.uid) {
      if (known.generations !== generations) known.turns.apply(desired);
      known.generations = generations;
      return known;
    }
    // Another Cluster of the same name is another one.
    await this.#close(key);
    const place = this.#open(cluster);
    const tools: ReconcileTools & { readonly clock: Clock; readonly times: TurnTimes } = {
      ...this.#tools,
      rolls: () => this.#rolls(key),
      host: place.host,
      admin: async () => (managed.admin = await place.admin()),
      times: TIMES,
      judgesTopics: true,
      autoscaler: new Autoscaler(this.#tools.clock, this.#tools.isDynamic),
    };
    const turns = new ClusterTurns(desired, tools, this.#hooks.listener?.(cluster) ?? SILENT);
    const managed: Managed = { uid: cluster.uid, place, turns, generations, admin: null };
    this.#managed.set(key, managed);
    return managed;
  }

  async #close(key: string): Promise<void> {
    const managed = this.#managed.get(key);
    this.#managed.delete(key);
    await managed?.place.close();
  }
}

/** When something is due, null where it never is. */
const finite = (dueMs = Number.POSITIVE_INFINITY): number | null => (dueMs === Number.POSITIVE_INFINITY ? null : dueMs);

/** By what an API server has told: each look at a Cluster asks for those of all its groups. */
const generationTexts = new WeakMap<Declared, string>();

/** Another one wherever something is to be planned anew. */
function generationText(one: Declared): string {
  const known = generationTexts.get(one);
  if (known !== undefined) return known;
  const leaves = `${String(one.isLeaving)} ${String(isEnding(one))}`;
  const text = `${one.uid} ${one.generation} ${leaves} ${instructionTexts(one)} ${recordText(one)}`;
  generationTexts.set(one, text);
  return text;
}

/** Annotations raise no generation. */
function instructionTexts({ annotations }: Declared): string {
  return JSON.stringify(Object.values(INSTRUCTIONS).map((name) => annotations[name] ?? null));
}

/** Nor does a status. */
function recordText({ manifest }: Declared): string {
  return JSON.stringify(manifest?.kind === 'Cluster' ? (manifest.recorded ?? null) : null);
}
