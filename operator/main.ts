import {
  ClusterWork,
  type ClusterHooks,
  type ClusterManifests,
  type ClusterPlace,
} from './controllers/cluster-work.ts';
import { Backlogs } from './controllers/backlogs.ts';
import { guardedApi, guardedDialer, whileHolding } from './controllers/guard.ts';
import { type LeaderTimes, Leader, type LeaseApi } from './controllers/leader.ts';
import { Scaler } from './controllers/scaler.ts';
import { type StepLine, StepLog } from './controllers/step-log.ts';
import { OperatorStats } from './controllers/stats.ts';
import { Workers } from './controllers/workers.ts';
import { Keeper } from './controllers/keeper.ts';
import { type Kind, KINDS } from './api/names.ts';
import { isDynamicSetting } from './api/settings.ts';
import type { Standing } from './core/conditions.ts';
import type { Declared } from './core/declared.ts';
import { homeName } from './core/members.ts';
import { waitingFor, waitsFor } from './core/roll-order.ts';
import { tooOld } from './core/versions.ts';
import { PRIORITY, type Priority } from './core/work-queue.ts';
import { Autoscalers } from './io/kubernetes/autoscalers.ts';
import { type CacheListener, Caches } from './io/kubernetes/caches.ts';
import type { Certify } from './io/kubernetes/certificates/keep.ts';
import { EventWriter, timeText } from './io/kubernetes/event-writer.ts';
import { clusterFacts } from './io/kubernetes/facts.ts';
import type { PlaceCounts } from './io/kubernetes/places.ts';
import { readyBrokers } from './io/kubernetes/ready-brokers.ts';
import { rollStates } from './io/kubernetes/roll-states.ts';
import { WORKLOADS } from './io/kubernetes/resources.ts';
import { objectWrites, recordIn, statusIn } from './io/kubernetes/status.ts';
import { KubernetesHost } from './io/kubernetes/kubernetes-host.ts';
import { listAt, textAt } from './io/kubernetes/objects/fields.ts';
import type { Site } from './io/kubernetes/objects/blueprint.ts';
import type { Clock } from './ports/clock.ts';
import type { ClusterAdmin } from './ports/cluster-admin.ts';
import type { ClusterDialer } from './ports/cluster-dialer.ts';
import type { KubernetesApi, ObjectName } from './ports/kubernetes.ts';
import { OperatorError } from './ports/operator-error.ts';

/** What an operator works with. */
export interface OperatorTools {
  readonly api: KubernetesApi;
  /** With connections of its own (see `Leader`). */
  readonly leaseApi: LeaseApi;
  readonly dialer: ClusterDialer;
  readonly certify: Certify;
  readonly clock: Clock;
  readonly random: () => number;
  /** See `Leader`. */
  readonly wallTime: () => string;
  /** The wall clock, ms since the epoch. */
  readonly wallMs: () => number;
  /** Given the API and the dialer as this operator may use them: while it holds the Lease. */
  readonly hooks?: (api: KubernetesApi) => ClusterHooks;
}

/** What an operator was told at its start. */
export interface OperatorOptions {
  /** None: all namespaces. */
  readonly namespaces: readonly string[];
  readonly lease: ObjectName;
  /** This process's alone. */
  readonly identity: string;
  readonly site: Site;
  /** Clusters that are worked on at the same time. */
  readonly workers: number;
  readonly leaseTimes?: LeaderTimes;
}

/** What an operator tells. */
export interface OperatorListener {
  /** It holds the Lease and works. */
  lead(): void;
  /** The process has to end. Told once. */
  lost(why: string): void;
  /** Something failed and is tried again. `what` is a cluster, or what was tried. */
  trouble(what: string, error: OperatorError): void;
  /** It does something about a Cluster, or has tried to; bounded. Absent: nobody reads it. */
  step?(line: StepLine): void;
}

/** The bound of list-watches: more Clusters than that are told as trouble there. */
const KEYS_MAX = 50_000;
/** A Lease is read or written every other second. */
const SILENT_MS = 30_000;
const BACKOFF = { minMs: 200, maxMs: 30_000 };

/** One operator: a candidate for the Lease, and while it holds it, workers on a queue of Clusters, fed by views of the API server. */
export class Operator {
  readonly #tools: OperatorTools;
  readonly #options: OperatorOptions;
  readonly #listener: OperatorListener;
  readonly #leader: Leader;
  readonly stats: OperatorStats;
  #lastHeardMs: number | null = null;
  #isSynced = false;
  #caches: Caches | null = null;
  #backlogs: Backlogs | null = null;
  /** What remembers something between looks. */
  #kept: Readonly<Record<string, { readonly count: number }>> = {};
  /** Who hears of what is new: an operator that works. */
  #hearing: Pick<CacheListener, 'manifest' | 'object' | 'listed'> | null = null;
  #running: {
    readonly caches: Caches;
    readonly autoscalers: Autoscalers;
    readonly workers: Workers;
    readonly work: ClusterWork;
  } | null = null;
  #stopped = false;

  /** Begins at once. */
  constructor(tools: OperatorTools, options: OperatorOptions, listener: OperatorListener) {
    this.#tools = tools;
    this.#options = options;
    this.#listener = listener;
    const { clock, random, wallTime } = tools;
    this.stats = new OperatorStats(clock);
    const leaseApi = heard(tools.leaseApi, () => (this.#lastHeardMs = clock.monotonicMs()));
    const { lease, identity, leaseTimes: times } = options;
    this.#leader = new Leader(
      { api: leaseApi, clock, random, wallTime },
      { lease, identity, ...(times === undefined ? {} : { times }) },
      {
        lead: () => {
          void this.#lead();
        },
        lost: (why) => {
          listener.lost(why);
        },
        trouble: (error) => {
          listener.trouble('the Lease', error);
        },
      },
    );
  }

  /** May this process act now? */
  isLeading(): boolean {
    return this.#leader.isHolding();
  }

  /** Reasons why it can't do its part, which is to work or to be there when another one ends; none when it can. */
  unready(): readonly string[] {
    const { clock } = this.#tools;
    if (this.#lastHeardMs === null) return ['the Lease was never read'];
    const silentMs = clock.monotonicMs() - this.#lastHeardMs;
    if (silentMs > SILENT_MS) return [`the Kubernetes API has not answered for ${Math.round(silentMs / 1000)} s`];
    return this.isLeading() && !this.#isSynced ? ['not everything has been listed yet'] : [];
  }

  /** How many namespaces are read; all of them are one where none is named. */
  places(): PlaceCounts {
    return this.#caches?.places() ?? { watched: 0, refused: 0, listing: 0 };
  }

  /** Clusters that wait to be looked at, now or later, or are looked at. */
  queued(): number {
    return this.#running?.workers.count ?? 0;
  }

  /** Numbers of what is remembered between looks, by what it is for: nothing of what is gone. */
  remembered(): readonly (readonly [what: string, count: number])[] {
    const all = { ...this.#kept, ...(this.#backlogs === null ? {} : { backlogs: this.#backlogs }) };
    return Object.entries(all).map(([what, { count }]) => [what, count]);
  }

  /** Backlogs for whoever scales by them, whether this operator works or waits: it lists everything from now on. */
  backlogs(): Backlogs {
    const caches = this.#views();
    this.#backlogs ??= new Backlogs({
      listed: (namespace) => caches.listed(namespace),
      declared: (kind, key) => caches.declared(kind, key),
      membersOf: (key) => caches.membersOf(key),
      connect: async (cluster) => {
        const nodes = readyBrokers(caches, cluster);
        if (nodes.length === 0) throw new OperatorError('UNREACHABLE', 'no broker is ready');
        const { namespace, name } = cluster;
        // Its control plane is not called.
        const admin = await this.#tools.dialer.connect({ namespace, name, clusterId: '', tls: null }, nodes);
        return { admin, brokers: nodes.map(({ id }) => id) };
      },
      trouble: (error) => {
        this.#listener.trouble('closing a connection', error);
      },
      clock: this.#tools.clock,
    });
    return this.#backlogs;
  }

  /** The views of the API server, made once. */
  #views(): Caches {
    const { api, clock, random } = this.#tools;
    this.#caches ??= new Caches({ api: this.stats.counted(api), clock, random }, this.#options.namespaces, {
      manifest: (key, isUsers) => {
        this.#hearing?.manifest(key, isUsers);
        void this.#backlogs?.heard(key);
      },
      object: (key) => this.#hearing?.object(key),
      listed: (namespace) => this.#hearing?.listed(namespace),
      trouble: (error) => {
        this.#listener.trouble('reading from the API server', error);
      },
    });
    return this.#caches;
  }

  /** Every condition of every custom resource, as its status has it. */
  *conditions(): Iterable<{ readonly kind: Kind; readonly type: string; readonly status: string }> {
    const { caches } = this.#running ?? {};
    for (const kind of caches === undefined ? [] : KINDS)
      for (const { status } of caches?.allDeclared(kind) ?? [])
        for (const condition of listAt(status, 'conditions'))
          yield { kind, type: textAt(condition, 'type') ?? '', status: textAt(condition, 'status') ?? '' };
  }

  /** Ends what is under way and gives the Lease back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const running = this.#running;
    this.#running = null;
    await running?.workers.stop();
    await this.#caches?.stop();
    await running?.autoscalers.stop();
    await running?.work.close();
    await this.#leader.stop();
  }

  async #lead(): Promise<void> {
    const { clock, random, wallMs, certify } = this.#tools;
    const mayAct = whileHolding(() => this.#leader.isHolding());
    const api = guardedApi(this.stats.counted(this.#tools.api), mayAct);
    const dialer = guardedDialer(this.#tools.dialer, mayAct);
    const { namespaces, site } = this.#options;
    const trouble = (what: string, error: OperatorError): void => {
      this.#listener.trouble(what, error);
    };
    // Nothing is worked on before everything was listed once: half a view would be taken for what there is.
    let isSynced = false;
    const add = (key: string, priority: Priority): void => {
      if (isSynced && !workers.add(key, priority))
        throw new OperatorError('TOO_MANY', `more than ${KEYS_MAX} Clusters are to be worked on`);
    };
    const caches = this.#views();
    this.#hearing = {
      manifest: (key, isUsers) => {
        add(key, isUsers ? PRIORITY.user : PRIORITY.event);
      },
      object: (key) => {
        work.nudge(key);
        add(key, PRIORITY.event);
      },
      // What named a Cluster there has to hear that it can be seen.
      listed: (namespace) => {
        for (const key of keysIn(caches))
          if (namespace === null || key.startsWith(`${namespace}/`)) add(key, PRIORITY.event);
      },
    };
    const unseen = (key: string): Standing | null => caches.unseen(key);
    const place = (cluster: Declared): ClusterPlace =>
      openPlace(
        new KubernetesHost({ api, caches, clock, dialer, certify, site, isDynamic: isDynamicSetting }, cluster),
        dialer,
      );
    const manifests = (key: string): ClusterManifests | null => {
      const cluster = caches.declared('Cluster', key);
      return cluster === undefined ? null : { cluster, members: caches.membersOf(key) };
    };
    const turned = this.stats.turned.bind(this.stats);
    const autoscalers = new Autoscalers({ api, clock, random }, namespaces, (error) => {
      trouble('reading what scales', error);
    });
    const hooks = this.#hooks(api, caches, autoscalers);
    const { tag: own } = site.image;
    const rolls = (key: string) => {
      // Nothing is done where not everything can be seen, so that nobody waits for it.
      const states = rollStates(caches, { own, nowMs: wallMs() }).filter(({ cluster }) => unseen(cluster) === null);
      const first = waitsFor(key, states);
      return { first: first === null ? null : homeName(first), later: waitingFor(key, states).map(homeName) };
    };
    const refusal = ({ status }: Declared): Standing | null => tooOld(own, textAt(status, 'operatorVersion'));
    const orders = { rolls, refusal, unseen, turned };
    const work = new ClusterWork(
      { manifests, open: place, clock, wallMs, isDynamic: isDynamicSetting, ...orders },
      hooks,
    );
    const queue = { workers: this.#options.workers, keysMax: KEYS_MAX, backoff: BACKOFF, clock, random };
    const workers = new Workers(queue, { work: (key) => this.stats.look(key, () => work.work(key)), trouble });
    this.#running = { caches, autoscalers, workers, work };
    this.#kept = { ...this.#kept, clusters: work };
    this.#listener.lead();
    await caches.synced();
    if (this.#stopped) return;
    isSynced = true;
    this.#isSynced = true;
    // Those that name a Cluster that is not there have to hear of it, too.
    for (const key of keysIn(caches)) add(key, PRIORITY.event);
  }

  /** What is written of a Cluster besides its objects, and what else is wanted. */
  #hooks(api: KubernetesApi, caches: Caches, autoscalers: Autoscalers): ClusterHooks {
    const { clock, wallMs } = this.#tools;
    const events = new EventWriter(api, { monotonicMs: () => clock.monotonicMs(), wallMs }, (error) => {
      this.#listener.trouble('writing an Event', error);
    });
    const keeper = new Keeper({
      ...objectWrites(api),
      statusIn,
      facts: (cluster) => {
        const { namespace, name } = cluster.metadata;
        const key = `${namespace}/${name}`;
        const pods = [...caches.ownedOf('Pod', key).values()];
        const services = [...caches.ownedOf('Service', key).values()];
        return clusterFacts(cluster, { pods, services }, this.#options.site.image.tag);
      },
      tell: (about, happening) => events.tell(about, happening),
      membersOf: (key) => caches.membersOf(key),
      clock,
      now: () => timeText(wallMs()),
      wallMs,
      isDynamic: isDynamicSetting,
    });
    const scaler = new Scaler({
      scaleOf: (target) => api.scaleOf(WORKLOADS[target.kind], target),
      setScale: (target, scale) => api.setScale(WORKLOADS[target.kind], target, scale),
      isNode: (target) => target.kind === 'StatefulSet' && caches.find('StatefulSet', target) !== null,
      rivalsOf: (target) => autoscalers.of(target),
      groups: () => caches.allDeclared('ShareGroup'),
      recordOf: recordIn,
      tell: (about, happening) => events.tell(about, happening),
      clock,
      wallMs,
    });
    this.#kept = { statuses: keeper, scaling: scaler };
    const steps = new StepLog(clock, (line) => this.#listener.step?.(line));
    const more = this.#tools.hooks?.(api) ?? {};
    return {
      listener: ({ namespace, name }) => steps.of(`${namespace}/${name}`),
      ...more,
      before: async (manifests) => {
        await keeper.before(manifests);
        await more.before?.(manifests);
      },
      report: async (report) => {
        const { extras, dueMs } = await scaler.look(report);
        const keptMs = await keeper.report(report, extras);
        return Math.min(keptMs, dueMs, (await more.report?.(report)) ?? Number.POSITIVE_INFINITY);
      },
      gone: async (key, unseen) => {
        scaler.gone(key);
        const keptMs = await keeper.gone(key, unseen);
        return Math.min(keptMs, (await more.gone?.(key, unseen)) ?? Number.POSITIVE_INFINITY);
      },
    };
  }
}

/** `namespace/name` of all Clusters that there are, or that are named. */
function keysIn(caches: Caches): ReadonlySet<string> {
  const keys = KINDS.flatMap((kind) => [...caches.allDeclared(kind)].map(({ cluster }) => cluster));
  return new Set(keys.filter((key) => key !== ''));
}

/** The API of a Lease, told whenever it has answered. */
function heard(api: LeaseApi, answered: () => void): LeaseApi {
  const after = async <T>(call: Promise<T>): Promise<T> => {
    const result = await call;
    answered();
    return result;
  };
  return {
    get: (type, name) => after(api.get(type, name)),
    create: (type, object) => after(api.create(type, object)),
    replace: (type, object) => after(api.replace(type, object)),
  };
}

/** The host of a Cluster, and one connection to it, made anew when other nodes are ready. */
function openPlace(host: KubernetesHost, dialer: ClusterDialer): ClusterPlace {
  let open: { readonly nodes: string; readonly admin: ClusterAdmin } | null = null;
  const close = async (): Promise<void> => {
    const { admin } = open ?? {};
    open = null;
    await admin?.close();
  };
  return {
    host,
    close,
    admin: async () => {
      const [cluster, reach] = [host.dialed(), host.reach()];
      if (cluster === null) throw new OperatorError('UNREACHABLE', 'the cluster was never formed');
      const nodes = JSON.stringify([cluster, reach]);
      if (open?.nodes !== nodes) {
        await close();
        open = { nodes, admin: await dialer.connect(cluster, reach) };
      }
      return open.admin;
    },
  };
}
