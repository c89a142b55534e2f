import type { Formation } from '../../../broker/core/config/formation.ts';
import { type Cluster, FIRST_CONTROLLER_ID } from '../../api/kinds.ts';
import type { Condition } from '../../core/desired.ts';
import { isHeld } from '../../core/hold.ts';
import type { HostObservation, NodeMark, NodeObservation } from '../../core/observed.ts';
import { type IsDynamic, wantedNodes } from '../../core/plan-nodes.ts';
import { settleScale } from '../../core/scale.ts';
import { settleVersion } from '../../core/settle-version.ts';
import type { NodeSpec } from '../../core/steps.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ClusterDialer, DialedCluster, NodeReach, OperatorFiles } from '../../ports/cluster-dialer.ts';
import type { KubernetesApi, KubernetesObject } from '../../ports/kubernetes.ts';
import { type NodeHost, PREPARED, type Prepared } from '../../ports/node-host.ts';
import { isOperatorError, OperatorError } from '../../ports/operator-error.ts';
import { newId } from '../new-id.ts';
import { bring } from './bring.ts';
import type { Caches } from './caches.ts';
import type { Certify } from './certificates/keep.ts';
import { obsoleteOf, verdictOn } from './drift.ts';
import { type Blueprint, type BlueprintNode, blueprintOf, type Site } from './objects/blueprint.ts';
import { at, listAt, textAt } from './objects/fields.ts';
import { quorumConfigMap } from './objects/config-maps.ts';
import { claimName, LABELS, namesOf, nodeName, PORTS, roleOf, statefulSetName } from './objects/names.ts';
import { isOurs } from './objects/ownership.ts';
import { listenerPortOf } from './ready-brokers.ts';
import { diskUid, type HostView, type Listed, nameTaken, type ReadCluster, readCluster, refused } from './read.ts';
import { render } from './render.ts';
import { OWNED, type OwnedKind, ownedType } from './resources.ts';

/** What hosts of all clusters work with. */
export interface KubernetesHostTools {
  /** Refuses to write when this process must not act (E1). */
  readonly api: KubernetesApi;
  readonly caches: Pick<Caches, 'find' | 'ownedOf' | 'until'>;
  readonly clock: Clock;
  readonly dialer: ClusterDialer;
  readonly certify: Certify;
  readonly site: Site;
  readonly isDynamic: IsDynamic;
}

/** How long what was written is waited for in the caches: after that it is looked at as it is. Every step may be done twice. */
const SEEN_MS = 2000;

/**
 * The nodes of one Cluster as pods of StatefulSets. It remembers nothing that isn't written somewhere: what there is comes from the
 * caches and from nodes themselves, what should be from the manifest that `prepare` was given.
 */
export class KubernetesHost implements NodeHost {
  readonly #tools: KubernetesHostTools;
  readonly #owner: ReadCluster;
  readonly #key: string;
  /** Ids of disks, by the start of a node that told it. */
  #disks = new Map<string, string>();
  /** Objects of names of ours that the caches don't have, since nothing says whose they are. */
  #strangers: readonly KubernetesObject[] = [];
  #cluster: Cluster | null = null;
  /** See `SettledScale.floor`. */
  #floor: number | null = null;
  /** What nodes are called with, as it was issued last. */
  #tls: OperatorFiles | null = null;

  constructor(
    tools: KubernetesHostTools,
    cluster: { readonly namespace: string; readonly name: string; readonly uid: string },
  ) {
    this.#tools = tools;
    this.#owner = { ...cluster, domain: tools.site.domain, version: tools.site.image.tag };
    this.#key = `${cluster.namespace}/${cluster.name}`;
  }

  async prepare(cluster: Cluster): Promise<Prepared> {
    this.#cluster = cluster;
    this.#strangers = [];
    const { formation, nodes } = this.#view().observation;
    if (formation === null) await this.#askFor('ConfigMap', namesOf(this.#owner.name).quorum);
    // No pod is made where somebody else's has the name, and nobody but the StatefulSet is told.
    for (const { id, phase } of nodes)
      if (phase === 'starting' && this.#pod(id) === null) await this.#askFor('Pod', nodeName(this.#owner.name, id));
    const view = this.#view();
    if (view.problems.length > 0) return { blocked: view.problems, refused: [] };
    const { observation } = view;
    const settled = settleScale(cluster, observation);
    this.#cluster = settleVersion(settled.cluster, observation).cluster;
    this.#floor = settled.floor;
    const blueprint = this.#blueprint(view);
    if (blueprint === null) return PREPARED;
    // Nothing is written of what is held back, but it is asked how it is.
    const taken = await this.#certify(blueprint, { isWritten: !isHeld(cluster) });
    if (taken.length > 0) return { blocked: taken, refused: [] };
    if (isHeld(cluster)) return PREPARED;
    try {
      return { blocked: await this.#bring(blueprint), refused: await this.#takenNext() };
    } catch (error) {
      if (!isOperatorError(error) || !error.fatal) throw error;
      return { blocked: [], refused: [refused(this.#owner, error.message)] };
    }
  }

  /** What has the name of the record of the node that is made next, its Service. What there is is kept meanwhile. */
  async #takenNext(): Promise<readonly Condition[]> {
    const ids = new Set(this.#view().observation.nodes.map(({ id }) => id));
    const next = wantedNodes(this.#manifest(), this.#tools.isDynamic).find(({ id }) => !ids.has(id));
    if (next === undefined) return [];
    const name = nodeName(this.#owner.name, next.id);
    const found = await this.#tools.api.get(OWNED.Service, this.#named(name));
    return found === null || isOurs(found, this.#owner) ? [] : [nameTaken(this.#owner, 'Service', name)];
  }

  /** Applies what differs, as far as it is not refused, and deletes what nothing needs; gives the names that are taken. */
  async #bring(blueprint: Blueprint): Promise<readonly Condition[]> {
    const rendered = render(blueprint);
    // What a stopped node has lost is not made again: it is about to be forgotten.
    const stopped = new Set(blueprint.nodes.flatMap(({ spec, isRunning }) => (isRunning ? [] : [String(spec.id)])));
    const isLeft = ({ metadata: { labels } }: KubernetesObject): boolean => stopped.has(labels?.[LABELS.nodeId] ?? '');
    const taken = await this.#apply(rendered.filter((one) => !isLeft(one) || this.#find(one) !== null));
    if (taken.length > 0) return taken;
    for (const object of obsoleteOf(rendered, this.#listed(), this.#owner)) await this.#delete(object);
    return [];
  }

  async observe(): Promise<HostObservation> {
    await this.#askDisks();
    const { observation } = this.#view();
    return (await this.#isQuorumLost(observation)) ? { ...observation, isQuorumLost: true } : observation;
  }

  /** Nodes that are ready, by id. */
  reach(): readonly NodeReach[] {
    const ready = new Set(this.#view().observation.nodes.flatMap(({ id, ready: isReady }) => (isReady ? [id] : [])));
    return [...ready].flatMap((id) => this.#reachOf(id) ?? []);
  }

  /**
   * Controllers whose process runs and is not ready. That of a machine which is not heard of any more is not among them: its kubelet told
   * last that it was ready.
   */
  #starting(): readonly NodeReach[] {
    const controllers = this.#controllers();
    return this.#view().observation.nodes.flatMap(({ id, phase }) => {
      if (phase !== 'starting' || !controllers.includes(id)) return [];
      const containers = listAt(this.#pod(id), 'status', 'containerStatuses');
      const isRunning = containers.some(
        (one) => at(one, 'state', 'running') !== undefined && at(one, 'ready') === false,
      );
      return isRunning ? (this.#reachOf(id) ?? []) : [];
    });
  }

  /** The cluster as it is dialed; null: it was never formed, or nothing was issued for it. */
  dialed(): DialedCluster | null {
    const { formation } = this.#view().observation;
    const { namespace, name } = this.#owner;
    const tls = this.#tls;
    return formation === null || tls === null ? null : { namespace, name, clusterId: formation.clusterId, tls };
  }

  async form(initialVoters: readonly number[]): Promise<Formation> {
    const cluster = this.#manifest();
    const voters = initialVoters.map((id) => ({ id, directoryId: newId() }));
    const formation = { clusterId: newId(), initialVoters: voters, formed: false };
    const { uid } = this.#owner;
    const { site } = this.#tools;
    const nothing = { floor: null, nodes: [], templateSizes: new Map() };
    const record = quorumConfigMap({ cluster, uid, formation, ...nothing, site });
    // Made, never applied: of two who do it one fails, and looks at what the other wrote (V11).
    await this.#wrote(record, () => this.#tools.api.create(OWNED.ConfigMap, record));
    return formation;
  }

  async ensure(spec: NodeSpec): Promise<void> {
    await this.#change(spec.id, ({ mark }, isNew) => ({
      isRunning: true,
      mark: isNew && spec.roles.includes('broker') && this.#isFormed() ? 'joining' : mark,
    }));
  }

  async restart({ id }: NodeSpec, _reason: string): Promise<void> {
    const { caches, clock } = this.#tools;
    const name = statefulSetName(this.#owner.name, roleOf(id));
    // A pod that ends before its controller knows the new template comes back as it was.
    const isKnown = await caches.until(clock, SEEN_MS, () => {
      const set = caches.find('StatefulSet', this.#named(name));
      return at(set, 'status', 'observedGeneration') === set?.metadata.generation;
    });
    if (!isKnown)
      throw new OperatorError('BLOCKED', `what StatefulSet ${name} should be is not known to its controller yet`);
    await this.#end(id, this.#pod(id));
  }

  /**
   * A claim that is in use goes with its pod, and until then the pod has its data. A deletion of a claim can't be taken back, and whatever
   * ends the pod then takes the disk: it is begun only when the pod may go.
   */
  async replaceDisk(id: number): Promise<void> {
    const claim = this.#tools.caches.find('PersistentVolumeClaim', this.#named(claimName(this.#owner.name, id)));
    const pod = this.#pod(id);
    const isServing =
      pod !== null && pod.metadata.deletionTimestamp === undefined && this.#observed(id)?.ready === true;
    if (isServing) {
      const { name, uid = '' } = pod.metadata;
      await this.#tools.api.evict(this.#named(name), { uid }, { dryRun: true });
    }
    await this.#change(id, () => ({ replacedDisk: diskUid(claim ?? undefined, pod ?? undefined) }));
    if (claim !== null && claim.metadata.deletionTimestamp === undefined) await this.#delete(claim);
    await this.#end(id, pod);
  }

  /** Ends a pod, this very one: one that serves when its budget allows it, another one if it has not changed. */
  async #end(id: number, pod: KubernetesObject | null): Promise<void> {
    if (pod === null || pod.metadata.deletionTimestamp !== undefined) return;
    const { name, uid = '', resourceVersion = '' } = pod.metadata;
    const isReady = this.#observed(id)?.ready === true;
    await this.#wrote(pod, () =>
      isReady
        ? this.#tools.api.evict(this.#named(name), { uid })
        : this.#tools.api.delete(OWNED.Pod, this.#named(name), { uid, resourceVersion }),
    );
  }

  async remove(id: number): Promise<void> {
    await this.#change(id, () => ({ isRunning: false }));
  }

  async mark(id: number, mark: NodeMark | null): Promise<void> {
    await this.#change(id, () => ({ mark }));
  }

  /** Its volume goes first, and the Service last, which is the record that there is such a node. */
  async discard(id: number): Promise<void> {
    const pod = nodeName(this.#owner.name, id);
    const isThere = (await this.#tools.api.get(OWNED.Pod, this.#named(pod))) !== null;
    if (isThere) throw new OperatorError('BLOCKED', `pod ${pod} is still there`);
    const { caches } = this.#tools;
    const claim = caches.find('PersistentVolumeClaim', this.#named(claimName(this.#owner.name, id)));
    if (claim !== null) await this.#delete(claim);
    const service = caches.find('Service', this.#named(pod));
    if (service !== null) await this.#delete(service);
  }

  #controllers(): readonly number[] {
    return this.#cluster === null ? [] : (wantedNodes(this.#cluster, this.#tools.isDynamic)[0]?.controllers ?? []);
  }

  #manifest(): Cluster {
    if (this.#cluster === null) throw new Error('bug: a host is prepared before it does anything');
    return this.#cluster;
  }

  #named(name: string): { readonly namespace: string; readonly name: string } {
    return { namespace: this.#owner.namespace, name };
  }

  #listed(): Listed {
    const of = (kind: OwnedKind): readonly KubernetesObject[] => [
      ...this.#tools.caches.ownedOf(kind, this.#key).values(),
      // What the caches have by now is newer.
      ...this.#strangers.filter(
        (one) => one.kind === kind && this.#tools.caches.find(kind, this.#named(one.metadata.name)) === null,
      ),
    ];
    return {
      statefulSets: of('StatefulSet'),
      pods: of('Pod'),
      claims: of('PersistentVolumeClaim'),
      configMaps: of('ConfigMap'),
      services: of('Service'),
    };
  }

  #view(): HostView {
    const listed = this.#listed();
    const disks = listed.pods.flatMap((pod) => {
      const disk = this.#disks.get(instanceOf(pod));
      return disk === undefined ? [] : [[pod.metadata.uid ?? '', disk] as const];
    });
    return readCluster(this.#owner, listed, new Map(disks));
  }

  /** How the cluster should be, given how it is: a record is used once a broker has registered under it. */
  #blueprint(view: HostView): Blueprint | null {
    const { isDynamic, site } = this.#tools;
    const manifest = { cluster: this.#manifest(), uid: this.#owner.uid, floor: this.#floor, isDynamic };
    const blueprint = blueprintOf(manifest, view, site);
    const isUsed = view.observation.nodes.some(({ id, ready }) => ready && id < FIRST_CONTROLLER_ID);
    if (blueprint === null || blueprint.formation.formed || !isUsed) return blueprint;
    return { ...blueprint, formation: { ...blueprint.formation, formed: true } };
  }

  #isFormed(): boolean {
    return this.#view().observation.formation?.formed === true;
  }

  #observed(id: number): NodeObservation | undefined {
    return this.#view().observation.nodes.find((one) => one.id === id);
  }

  #pod(id: number): KubernetesObject | null {
    return this.#tools.caches.find('Pod', this.#named(nodeName(this.#owner.name, id)));
  }

  #reachOf(id: number): NodeReach | null {
    const pod = this.#pod(id);
    const host = textAt(pod, 'status', 'podIP');
    if (pod === null || host === null) return null;
    const listenerPort = id < FIRST_CONTROLLER_ID ? listenerPortOf(pod) : null;
    return { id, host, listenerPort, controlPort: PORTS.control, instance: instanceOf(pod) };
  }

  /**
   * A node that doesn't tell is asked again at the next look, and so is one that is not ready: while its cluster is being formed it may
   * still settle for another id. Controllers are ready no sooner than their disk has a place in the quorum (O7).
   */
  async #askDisks(): Promise<void> {
    const cluster = this.dialed();
    const ready = this.reach();
    const known = ready.flatMap(({ instance }) => {
      const disk = this.#disks.get(instance);
      return disk === undefined ? [] : [[instance, disk] as const];
    });
    this.#disks = new Map(known);
    if (cluster === null) return;
    await Promise.all(
      [...ready, ...this.#starting()].map(async (node) => {
        if (this.#disks.has(node.instance)) return;
        try {
          this.#disks.set(node.instance, await this.#tools.dialer.diskOf(cluster, node));
        } catch (error) {
          if (!isOperatorError(error)) throw error;
        }
      }),
    );
  }

  /** Whether every controller has come back without anything (O3); asked only where none of them serves. */
  async #isQuorumLost({ formation, nodes }: HostObservation): Promise<boolean> {
    const { dialer } = this.#tools;
    const cluster = this.dialed();
    const controllers = this.#controllers();
    const serves = nodes.some(({ id, ready }) => ready && controllers.includes(id));
    if (cluster === null || formation?.formed !== true || serves) return false;
    const answers = controllers.map(async (id): Promise<boolean> => {
      const node = this.#reachOf(id);
      try {
        return node !== null && (await dialer.hasNoMetadata(cluster, node));
      } catch (error) {
        if (!isOperatorError(error)) throw error;
        return false;
      }
    });
    return (await Promise.all(answers)).every((isEmpty) => isEmpty);
  }

  /** Changes one node of the blueprint and applies what comes of it. */
  async #change(id: number, change: (node: BlueprintNode, isNew: boolean) => Partial<BlueprintNode>): Promise<void> {
    const view = this.#view();
    const isNew = !view.observation.nodes.some((one) => one.id === id);
    const blueprint = this.#blueprint(isNew ? withNode(view, id) : view);
    if (blueprint === null) throw new OperatorError('CONFLICT', `node ${id} can't be changed: the cluster has changed`);
    const nodes = blueprint.nodes.map((node) => (node.spec.id === id ? { ...node, ...change(node, isNew) } : node));
    const changed = { ...blueprint, nodes };
    const rendered = render(changed);
    // The record that there is such a node comes first: whoever dies after its certificate would be followed by one who knows of no such node.
    const records = rendered.filter(
      ({ kind, metadata }) => kind === 'Service' && metadata.name === nodeName(this.#owner.name, id),
    );
    for (const bring of [() => this.#apply(records), () => this.#certify(changed), () => this.#apply(rendered)]) {
      const [taken] = await bring();
      if (taken !== undefined) throw new OperatorError('NAME_TAKEN', taken.message);
    }
  }

  #find({ kind, metadata: { name } }: KubernetesObject): KubernetesObject | null {
    const known = this.#tools.caches.find(kind as OwnedKind, this.#named(name));
    return known ?? this.#strangers.find((one) => one.kind === kind && one.metadata.name === name) ?? null;
  }

  /** What is not in the caches may be there all the same, without our labels. */
  async #askFor(kind: OwnedKind, name: string): Promise<void> {
    const named = this.#named(name);
    if (this.#tools.caches.find(kind, named) !== null) return;
    const found = await this.#tools.api.get(OWNED[kind], named);
    if (found !== null) this.#strangers = [...this.#strangers, found];
  }

  /** No node starts without its certificate: gives what is in the way of that. */
  async #certify(blueprint: Blueprint, { isWritten = true } = {}): Promise<readonly Condition[]> {
    const { certify, api } = this.#tools;
    const unwritten: Parameters<Certify>[0] = {
      get: (type, name) => api.get(type, name),
      create: async (_type, object) => object,
      apply: async (_type, object) => object,
      disown: async (_type, object) => object,
    };
    const { taken, operator } = await certify(isWritten ? api : unwritten, blueprint);
    this.#tls = operator ?? this.#tls;
    return taken.map((name) => nameTaken(this.#owner, 'Secret', name));
  }

  /** Applies what has to be, in order, if every name is ours or free; gives those that are taken. */
  async #apply(rendered: readonly KubernetesObject[]): Promise<readonly Condition[]> {
    for (const { kind, metadata } of rendered) await this.#askFor(kind as OwnedKind, metadata.name);
    const judged = rendered.map((object) => ({ object, verdict: verdictOn(object, this.#find(object), this.#owner) }));
    const said = ({ kind, metadata }: KubernetesObject): Condition => nameTaken(this.#owner, kind, metadata.name);
    const taken = judged.filter(({ verdict }) => verdict === 'taken');
    if (taken.length > 0) return taken.map(({ object }) => said(object));
    const { api } = this.#tools;
    const writes = {
      get: (...args: Parameters<typeof api.get>) => api.get(...args),
      create: (...args: Parameters<typeof api.create>) => this.#wrote(args[1], () => api.create(...args)),
      apply: (...args: Parameters<typeof api.apply>) => this.#wrote(args[1], () => api.apply(...args)),
      disown: (...args: Parameters<typeof api.disown>) => this.#wrote(args[1], () => api.disown(...args)),
    };
    for (const { object, verdict } of judged) {
      if (verdict === 'nothing') continue;
      const isOurs = await bring(writes, ownedType(object), object, { read: this.#find(object), owner: this.#owner });
      if (!isOurs) return [said(object)];
    }
    return [];
  }

  async #delete(object: KubernetesObject): Promise<void> {
    const { name, uid = '' } = object.metadata;
    await this.#wrote(object, () => this.#tools.api.delete(ownedType(object), this.#named(name), { uid }));
  }

  /** Writes, and waits until the caches have heard of it: what is planned next should be planned on what there is. */
  async #wrote<T extends KubernetesObject | boolean>(
    { kind, metadata: { name } }: KubernetesObject,
    write: () => Promise<T>,
  ): Promise<T> {
    const { caches, clock } = this.#tools;
    const version = (): string | undefined =>
      caches.find(kind as OwnedKind, this.#named(name))?.metadata.resourceVersion;
    const before = version();
    const written = await write();
    const isNothing = typeof written === 'object' ? written.metadata.resourceVersion === before : !written;
    if (!isNothing) await caches.until(clock, SEEN_MS, () => version() !== before);
    return written;
  }
}

/** Another one for every start of a container. */
function instanceOf(pod: KubernetesObject): string {
  const starts = listAt(pod, 'status', 'containerStatuses').map((one) => String(at(one, 'restartCount')));
  return `${pod.metadata.uid ?? ''} ${starts.join(' ')}`;
}

/** The view with a node that there is not yet. */
function withNode(view: HostView, id: number): HostView {
  const node: NodeObservation = {
    id,
    specHash: '',
    phase: 'stopped',
    ready: false,
    address: null,
    directoryId: null,
    controlAddress: null,
    mark: null,
    volumeBytes: null,
  };
  const nodes = [...view.observation.nodes, node].sort((a, b) => a.id - b.id);
  return { ...view, observation: { ...view.observation, nodes } };
}
