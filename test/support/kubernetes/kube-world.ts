// What stands behind an API server in these tests: the controllers of Kubernetes that make pods of StatefulSets, a kubelet, and
// a perfect cluster of brokers in those pods.
import type { AnyResource } from '../../../operator/api/kinds.ts';
import type { BrokerLoad } from '../../../operator/core/observed.ts';
import type { NodeSpec, Step } from '../../../operator/core/steps.ts';
import type { AdminQuestion, ClusterAdmin, Progress } from '../../../operator/ports/cluster-admin.ts';
import type { ClusterDialer, NodeReach } from '../../../operator/ports/cluster-dialer.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import { PerfectCluster } from '../operator-model.ts';
import { adminBySteps } from '../perfect-admin.ts';
import { at, readyPods } from './rendered.ts';
import { ObjectStore, type StoreEvent } from './store.ts';
import { TYPES } from './types.ts';
import { isObject } from './field-sets.ts';

const KUBE = { manager: 'kube-controller-manager', subresource: '' } as const;
const KUBE_STATUS = { manager: 'kube-controller-manager', subresource: 'status' } as const;

/** Share sessions that a broker takes. */
export const SHARE_SESSIONS_MAX = 1_000;

/** Kubernetes with one cluster of namespace `ns`, on a store. */
export class KubeWorld {
  readonly store: ObjectStore;
  readonly brokers = new PerfectCluster();
  /** What was done to the brokers. */
  readonly calls: string[] = [];
  /** Called around what is asked of the brokers; `isChange` says afterwards whether anything became other by it. */
  effect: <T>(name: string, change: () => T, isChange: () => boolean) => T = (_name, change) => change();
  /** Nodes whose pods don't get ready. */
  readonly broken = new Set<number>();
  /** Nodes whose new pods no machine takes, with what the scheduler says. */
  readonly unplaced = new Map<number, string>();
  /** Claims that were deleted stay for a while after their pods. */
  claimsLinger = false;
  /** Images whose containers end at once, with what they say last. */
  readonly badImages = new Map<string, string>();
  /** The machine that the pod of a node runs on. */
  machineOf = (id: number): string => `192.0.2.${id + 1}`;
  /** Name of the load balancer that a Service of this name has by now, null while it has none. */
  balancers = (service: string): string | null => `${service}.example.com`;
  /** Bytes that there are in all logs, which lie on brokers evenly. */
  logBytes = 0;
  /** What all brokers have to do together, evenly: data loops that it takes, bytes that go through, share sessions. */
  readonly work = { busy: 0, bytesPerSecond: 0, sessions: 0 };
  readonly #done = new Map<number, { atMs: number; busyMs: number; bytes: number }>();
  /** The clock of brokers, ms. */
  clockMs = (): number => 0;
  /** Connections to the brokers that are open. */
  connections = 0;
  /** Pods that budgets let go at a time. */
  disruptions = 1;
  #isSettling = false;

  constructor(store = new ObjectStore()) {
    this.store = store;
    this.store.subscribe((event) => {
      this.#heard(event);
    });
  }

  /** Writes a manifest as a user does. */
  declare(manifest: AnyResource): void {
    const { kind, metadata, spec } = manifest;
    const type = typeOf(kind);
    const object = {
      apiVersion: 'weir.dev/v1alpha1',
      kind,
      metadata: asJson(metadata),
      spec: asJson(spec),
    } as unknown as KubernetesObject;
    this.store.apply(type, object, { manager: 'kubectl', subresource: '' }, true);
  }

  /** Deletes one. */
  withdraw({ kind, metadata }: AnyResource): void {
    this.store.delete(typeOf(kind), metadata);
  }

  /** All objects, as `Kind name`. */
  names(): readonly string[] {
    return Object.values(TYPES)
      .flatMap((type) => this.store.all(type))
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
      .sort();
  }

  /** Lets the controllers of Kubernetes do what is left for them. */
  settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    for (let before = -1; before !== this.store.revision; ) {
      before = this.store.revision;
      for (const set of this.store.all(TYPES.statefulSets)) this.#reconcileSet(set);
      // Pods of others are none of a cluster's nodes.
      for (const pod of this.store.all(TYPES.pods))
        if (pod.metadata.ownerReferences?.some(({ kind }) => kind === 'StatefulSet') === true) this.#reconcilePod(pod);
      for (const claim of this.store.all(TYPES.claims)) this.#protect(claim);
      for (const budget of this.store.all(TYPES.budgets)) this.#reconcileBudget(budget);
      for (const service of this.store.all(TYPES.services)) this.#reconcileService(service);
    }
    this.#isSettling = false;
  }

  /** Connections to the brokers. */
  dialer(): ClusterDialer {
    return {
      diskOf: async (_cluster, { id }) => this.#diskOf(id),
      connect: async (_cluster, nodes) => {
        if (!nodes.some((node) => this.#listens(node))) throw new OperatorError('UNREACHABLE', 'nobody listens there');
        this.connections += 1;
        return this.#admin();
      },
      hasNoMetadata: async (_cluster, { id }) =>
        this.brokers.voters.every((voter) => voter.directoryId !== this.#diskOf(id)),
    };
  }

  #reconcileSet(set: KubernetesObject): void {
    if (set.metadata.deletionTimestamp !== undefined) return;
    const wanted = readyPods(set).map(({ status: _status, ...pod }) => pod as KubernetesObject);
    for (const pod of wanted) {
      const { uid: _uid, ...metadata } = pod.metadata;
      if (this.store.find(TYPES.pods, metadata.namespace, metadata.name) !== null) continue;
      const claim = this.store.find(TYPES.claims, metadata.namespace, `data-${metadata.name}`);
      if (claim?.metadata.deletionTimestamp !== undefined) continue;
      this.#claim(set, metadata.name);
      this.store.create(TYPES.pods, { ...pod, metadata }, KUBE);
    }
    const names = new Set(wanted.map(({ metadata }) => metadata.name));
    for (const pod of this.store.all(TYPES.pods)) {
      const isOf = pod.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) === true;
      if (isOf && !names.has(pod.metadata.name)) this.store.delete(TYPES.pods, pod.metadata);
    }
    this.#status(set, { observedGeneration: set.metadata.generation, replicas: wanted.length });
  }

  #claim(set: KubernetesObject, pod: string): void {
    const [template] = (at(set, 'spec', 'volumeClaimTemplates') ?? []) as readonly KubernetesObject[];
    if (template === undefined) return;
    const metadata = { ...template.metadata, name: `data-${pod}`, namespace: set.metadata.namespace ?? '' };
    if (this.store.find(TYPES.claims, metadata.namespace, metadata.name) === null)
      this.store.create(TYPES.claims, { ...template, metadata }, KUBE);
  }

  /** A claim that was deleted stays for as long as a pod uses it. */
  #protect({ metadata }: KubernetesObject): void {
    const isUsed =
      this.claimsLinger ||
      this.store.find(TYPES.pods, metadata.namespace, metadata.name.slice('data-'.length)) !== null;
    const finalizers = isUsed || metadata.deletionTimestamp === undefined ? ['kubernetes.io/pvc-protection'] : [];
    if (JSON.stringify(metadata.finalizers ?? []) === JSON.stringify(finalizers)) return;
    this.store.update(TYPES.claims, metadata, KUBE, (live) => ({
      ...live,
      metadata: { ...live.metadata, finalizers },
    }));
  }

  #reconcilePod(pod: KubernetesObject): void {
    const id = idOf(pod);
    const message = this.unplaced.get(id);
    // What has a machine keeps it.
    if (message !== undefined && at(pod, 'status', 'phase') !== 'Running') {
      const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
      this.#status(pod, { phase: 'Pending', conditions });
      return;
    }
    const words = this.badImages.get(String(at(pod, 'spec', 'containers', 0, 'image')));
    const isUp = !this.broken.has(id) && words === undefined;
    if (isUp && this.brokers.nodes.get(id)?.isReady !== true) this.#started(id);
    // A node is ready when it has registered once, which needs a quorum; it stays so unless the voters miss it (O7).
    const wasReady = at(pod, 'status', 'conditions', 0, 'status') === 'True';
    const isReady = isUp && this.brokers.isServing(id) && (wasReady || this.brokers.isQuorate());
    const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }];
    const terminated = { exitCode: 1, reason: 'Error', message: `{"level":30}\nweir: ${words}\n` };
    const state = words === undefined ? { running: {} } : { waiting: { reason: 'CrashLoopBackOff' } };
    const lastState = words === undefined ? {} : { lastState: { terminated } };
    const containerStatuses = [{ name: 'weir', restartCount: 0, ready: isReady, state, ...lastState }];
    this.#status(pod, {
      phase: 'Running',
      podIP: `127.0.1.${id % 200}`,
      hostIP: this.machineOf(id),
      conditions,
      containerStatuses,
    });
  }

  #started(id: number): void {
    const isBroker = id < 1000;
    const { voters } = this.brokers;
    const isFirst = voters.length === 0;
    const isCombined = (isFirst ? this.#initialVoters() : voters.map((voter) => voter.id)).every((one) => one < 1000);
    const isController = isCombined ? id < 3 : !isBroker;
    const roles: NodeSpec['roles'] = [
      ...(isBroker ? (['broker'] as const) : []),
      ...(isController ? (['controller'] as const) : []),
    ];
    const hashes = { specHash: '', declaredHash: '', restart: '' };
    const spec = { id, roles, controllers: [], voters: [], ...hashes, listeners: [], settings: new Map() };
    this.brokers.carryOut({ kind: 'AddNode', node: spec });
    if (isFirst) this.brokers.carryOut({ kind: 'Form', initialVoters: this.#initialVoters() });
  }

  #initialVoters(): readonly number[] {
    const [record] = this.store.all(TYPES.configMaps).filter(({ metadata }) => metadata.name.endsWith('-quorum'));
    const { initialVoters } = JSON.parse(String(at(record, 'data', 'formation.json'))) as {
      readonly initialVoters: readonly { readonly id: number }[];
    };
    return initialVoters.map(({ id }) => id);
  }

  /** Gives load balancers their addresses, and ports of machines their numbers, which the server does when it takes the object. */
  #reconcileService(service: KubernetesObject): void {
    const [type, ports] = [at(service, 'spec', 'type'), (at(service, 'spec', 'ports') ?? []) as readonly object[]];
    const host = this.balancers(service.metadata.name);
    if (type === 'LoadBalancer')
      this.#status(service, { loadBalancer: host === null ? {} : { ingress: [{ hostname: host }] } });
    if (type !== 'NodePort' || ports.every((port) => at(port, 'nodePort') !== undefined)) return;
    const nodePort = portOf(service.metadata.name);
    this.store.update(TYPES.services, service.metadata, KUBE, (live) => {
      const numbered = ports.map((port) => ({ ...port, nodePort }));
      return { ...live, spec: { ...(live['spec'] as object), ports: numbered } } as never;
    });
  }

  #reconcileBudget(budget: KubernetesObject): void {
    const pods = this.store.all(TYPES.pods);
    const down = pods.filter((pod) => this.broken.has(idOf(pod))).length;
    this.#status(budget, { disruptionsAllowed: Math.max(0, this.disruptions - down) });
  }

  #status(object: KubernetesObject, status: object): void {
    const type = Object.values(TYPES).find(({ kind }) => kind === object.kind);
    // A write of the same is none, and takes the store its time.
    if (type === undefined || JSON.stringify(object['status']) === JSON.stringify(status)) return;
    this.store.update(type, object.metadata, KUBE_STATUS, (live) => ({ ...live, status }) as never);
  }

  #heard({ kind, object, type }: StoreEvent): void {
    if (type === TYPES.pods && kind === 'DELETED') {
      const node = this.brokers.nodes.get(idOf(object));
      const volumes = (at(object, 'spec', 'volumes') ?? []) as readonly unknown[];
      if (volumes.some((volume) => at(volume, 'name') === 'data')) this.brokers.crash(idOf(object), 'lost');
      else if (node !== undefined) node.isReady = false;
    }
    if (type === TYPES.claims && kind === 'DELETED') this.brokers.crash(idOf(object), 'lost');
    // Not in the midst of telling: others would hear of what comes of it before they hear of this.
    queueMicrotask(() => {
      this.settle();
    });
  }

  /** All that can be asked of the brokers to change. */
  #state(): string {
    const { topics, groups, config, voters, draining, nodes, advertised, features } = this.brokers;
    const plain = (_name: string, value: unknown): unknown =>
      value instanceof Map || value instanceof Set ? [...(value as Iterable<unknown>)] : value;
    return JSON.stringify([topics, groups, config, voters, draining, nodes, advertised, features], plain);
  }

  /** Whether the pod of a node was made with the port at which it is called. */
  #listens({ host, listenerPort }: NodeReach): boolean {
    const pods = this.store.all(TYPES.pods).filter((pod) => at(pod, 'status', 'podIP') === host);
    return pods.some((pod) => at(pod, 'spec', 'containers', 0, 'ports', 0, 'containerPort') === listenerPort);
  }

  #diskOf(id: number): string {
    return `d${id}.${this.brokers.nodes.get(id)?.generation ?? 0}`;
  }

  #loads(ids: readonly number[]): ReadonlyMap<number, BrokerLoad> {
    const atMs = this.clockMs();
    return new Map(
      ids.map((id) => {
        const done = this.#done.get(id) ?? { atMs, busyMs: 0, bytes: 0 };
        const spanMs = (atMs - done.atMs) / ids.length;
        done.atMs = atMs;
        done.busyMs += this.work.busy * spanMs;
        done.bytes += (this.work.bytesPerSecond * spanMs) / 1000;
        this.#done.set(id, done);
        const load = {
          brokerEpoch: 1,
          atMs,
          busyMs: done.busyMs,
          receivedBytes: done.bytes / 2,
          sentBytes: done.bytes / 2,
          logBytes: this.logBytes / ids.length,
          diskBytes: 2 ** 40,
          shareSessions: this.work.sessions / ids.length,
          shareSessionsMax: SHARE_SESSIONS_MAX,
        };
        return [id, load] as const;
      }),
    );
  }

  #admin(): ClusterAdmin {
    const move = async (step: Step): Promise<Progress> => {
      const before = this.#state();
      const change = (): Progress => {
        this.calls.push(step.kind);
        return this.brokers.carryOut(step);
      };
      return this.effect(step.kind, change, () => this.#state() !== before);
    };
    return {
      observe: async ({ members, advertised: isAsked, load, assessment }: AdminQuestion) => {
        const seen = this.brokers.admin();
        if (seen === null) throw new OperatorError('UNREACHABLE', 'nobody answers');
        const { advertised, assessed, ...others } = seen;
        const told = {
          ...(isAsked && advertised !== undefined ? { advertised } : {}),
          ...(assessment === true && assessed !== undefined ? { assessed } : {}),
        };
        const loads =
          load === undefined ? {} : { loads: this.#loads(load.brokers), ...(load.copies && { copiesMax: 3 }) };
        return { ...others, ...told, ...loads, members: new Map(members.map((id) => [id, seen.members.get(id) ?? 0])) };
      },
      ...adminBySteps(move),
      close: async () => {
        this.connections -= 1;
      },
    };
  }
}

function typeOf(kind: AnyResource['kind']) {
  return { Cluster: TYPES.clusters, Topic: TYPES.topics, ShareGroup: TYPES.shareGroups }[kind];
}

function idOf({ metadata: { name } }: KubernetesObject): number {
  return Number(/\d+$/.exec(name)?.[0]);
}

/** The port of machines that a Service has: the same whenever it is made. */
export function portOf(service: string): number {
  return 30_000 + Array.from(service).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 2_768, 0);
}

function asJson(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...(value as ReadonlyMap<string, unknown>)]);
  if (Array.isArray(value)) return value.map(asJson);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asJson(one)])) : value;
}
