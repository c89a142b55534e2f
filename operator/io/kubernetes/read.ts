import { type Formation, parseFormation } from '../../../broker/core/config/formation.ts';
import { FIRST_CONTROLLER_ID, nameOf } from '../../api/kinds.ts';
import { bytesOf, QUANTITY } from '../../api/quantity.ts';
import type { Condition } from '../../core/desired.ts';
import { INSTRUCTIONS } from '../../core/instructions.ts';
import type { HostObservation, HostVersions, NodeMark, NodeObservation } from '../../core/observed.ts';
import type { KubernetesObject } from '../../ports/kubernetes.ts';
import { FORMATION_KEY } from './objects/config-maps.ts';
import { at, listAt, textAt, versionOf } from './objects/fields.ts';
import { failureOf, lossOf, unplacedOf } from './pod-trouble.ts';
import { controllerOf, isOurs, type Owner } from './objects/ownership.ts';
import {
  ANNOTATIONS,
  claimName,
  firstOrdinal,
  idIn,
  LABELS,
  namesOf,
  nodeHost,
  nodeName,
  PORTS,
  type Role,
  ROLES,
  roleOf,
  statefulSetName,
} from './objects/names.ts';
import { LISTENER_PORT_PREFIX } from './objects/services.ts';
import { outsideOf } from './outside.ts';

/** The Cluster that is read. */
export interface ReadCluster extends Owner {
  readonly namespace: string;
  /** Domain of Services, see `Site`. */
  readonly domain: string;
  /** That nodes get unless the manifest says otherwise, see `Site`. */
  readonly version: string;
}

/** Objects of its namespace, whoever they belong to. */
export interface Listed {
  readonly statefulSets: readonly KubernetesObject[];
  readonly pods: readonly KubernetesObject[];
  readonly claims: readonly KubernetesObject[];
  readonly configMaps: readonly KubernetesObject[];
  readonly services: readonly KubernetesObject[];
}

/** What objects say of a cluster. */
export interface HostView {
  /** What the planner wants to know. */
  readonly observation: HostObservation;
  /** Why nothing may be done: somebody has to change something first. Plans are made only where there is none. */
  readonly problems: readonly Condition[];
  /** Names of pods that look like nodes and aren't known to be: nothing is derived from them. */
  readonly unknownPods: readonly string[];
  /** Numbers of pods that StatefulSets are to have. */
  readonly replicas: ReadonlyMap<Role, number>;
  /** Sizes that claims ask for, by node. */
  readonly volumeSizes: ReadonlyMap<number, string>;
  /** See `BlueprintNode.replacedDisk`. */
  readonly replacedDisks: ReadonlyMap<number, string>;
  /** See `Blueprint.templateSizes`. */
  readonly templateSizes: ReadonlyMap<Role, string>;
}

interface Node {
  pod?: KubernetesObject;
  claim?: KubernetesObject;
  service?: KubernetesObject;
  /** Services of its listeners that are reached from outside. */
  readonly listeners: KubernetesObject[];
}

/**
 * Reads a cluster from its objects, and believes nothing that it can't tell: what has a name of ours and isn't ours is a problem,
 * and a pod whose node can't be told is nobody's. `disks` are the ids of disks as nodes told them, by `metadata.uid` of their pods.
 */
export function readCluster(
  cluster: ReadCluster,
  listed: Listed,
  disks: ReadonlyMap<string, string> = new Map(),
): HostView {
  const reader = new Reader(cluster, disks);
  reader.readSets(listed.statefulSets);
  reader.readServices(listed.services);
  reader.readPods(listed.pods);
  reader.readClaims(listed.claims);
  return reader.view(listed.configMaps);
}

class Reader {
  readonly #cluster: ReadCluster;
  readonly #disks: ReadonlyMap<string, string>;
  readonly #problems: Condition[] = [];
  readonly #unknownPods: string[] = [];
  readonly #sets = new Map<Role, KubernetesObject>();
  readonly #nodes = new Map<number, Node>();

  constructor(cluster: ReadCluster, disks: ReadonlyMap<string, string>) {
    this.#cluster = cluster;
    this.#disks = disks;
  }

  readSets(sets: readonly KubernetesObject[]): void {
    for (const role of ROLES) {
      const set = this.#ours(sets, 'StatefulSet', statefulSetName(this.#cluster.name, role));
      if (set === null) continue;
      this.#sets.set(role, set);
      const start = firstOrdinal(role);
      for (let id = start; id < start + replicasOf(set); id += 1) this.#node(id);
    }
  }

  readServices(services: readonly KubernetesObject[]): void {
    this.#byNode(
      services,
      (id) => nodeName(this.#cluster.name, id),
      (id, service) => {
        if (isOurs(service, this.#cluster)) this.#node(id).service = service;
        else this.#taken('Service', service);
      },
    );
    for (const service of services) {
      const { [LABELS.part]: part, [LABELS.nodeId]: id } = service.metadata.labels ?? {};
      if (part === 'listener' && isOurs(service, this.#cluster)) this.#nodes.get(Number(id))?.listeners.push(service);
    }
  }

  readClaims(claims: readonly KubernetesObject[]): void {
    this.#byNode(
      claims,
      (id) => claimName(this.#cluster.name, id),
      (id, claim) => {
        const { labels = {} } = claim.metadata;
        const [role, node] = [labels[LABELS.role] ?? roleOf(id), labels[LABELS.nodeId] ?? String(id)];
        if (!isOurs(claim, this.#cluster) || role !== roleOf(id) || node !== String(id))
          this.#taken('PersistentVolumeClaim', claim);
        // One that is on its way out is the last of a node that was forgotten, not a node.
        else if (claim.metadata.deletionTimestamp === undefined || this.#nodes.has(id)) this.#node(id).claim = claim;
      },
    );
  }

  readPods(pods: readonly KubernetesObject[]): void {
    const setUids = new Map([...this.#sets].map(([role, set]) => [set.metadata.uid ?? '', role]));
    for (const pod of pods) {
      const role = setUids.get(controllerOf(pod) ?? '-');
      const id = this.#idOf(pod);
      if (id !== null && role === roleOf(id)) this.#node(id).pod = pod;
      // One without an owner is taken up by the StatefulSet, and one of an earlier StatefulSet is about to go.
      else if (id !== null && role === undefined && !isLeftBehind(pod, statefulSetName(this.#cluster.name, roleOf(id))))
        this.#taken('Pod', pod);
      else if (id !== null || role !== undefined) this.#unknownPods.push(pod.metadata.name);
    }
  }

  view(configMaps: readonly KubernetesObject[]): HostView {
    const formation = this.#formation(configMaps);
    const ids = [...this.#nodes.keys()].sort((a, b) => a - b);
    const sizes = ids.flatMap((id) => {
      const size = requestOf(this.#nodes.get(id)?.claim);
      return size === null ? [] : [[id, size] as const];
    });
    const replaced = ids.flatMap((id) => {
      const { service, claim } = this.#node(id);
      const disk = replacedDiskIn(service, claim);
      return disk === null ? [] : [[id, disk] as const];
    });
    const templates = [...this.#sets].flatMap(([role, set]) => {
      const size = requestOf(listAt(set, 'spec', 'volumeClaimTemplates')[0]);
      return size === null ? [] : [[role, size] as const];
    });
    const nodes = ids.map((id) => this.#observe(id, this.#node(id)));
    return {
      observation: {
        formation,
        nodes,
        versions: this.#versions(nodes),
        floor: floorOf(this.#sets.get('broker')),
      },
      problems: this.#problems,
      unknownPods: this.#unknownPods.sort(),
      replicas: new Map([...this.#sets].map(([role, set]) => [role, replicasOf(set)])),
      volumeSizes: new Map(sizes),
      replacedDisks: new Map(replaced),
      templateSizes: new Map(templates),
    };
  }

  #versions(nodes: readonly NodeObservation[]): HostVersions {
    const running = nodes.flatMap(({ id, ready }) => (ready ? (versionOf(this.#node(id).pod) ?? []) : []));
    const [set] = ROLES.flatMap((role) => this.#sets.get(role) ?? []);
    const made = versionOf(at(set, 'spec', 'template'));
    return { own: this.#cluster.version, made, running: [...new Set(running)] };
  }

  #node(id: number): Node {
    const node = this.#nodes.get(id) ?? { listeners: [] };
    this.#nodes.set(id, node);
    return node;
  }

  /** The object of this name if it is the Cluster's; a problem if it is another's. */
  #ours(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject | null {
    const found = objects.find(({ metadata }) => metadata.name === name);
    if (found === undefined) return null;
    if (isOurs(found, this.#cluster)) return found;
    this.#taken(kind, found);
    return null;
  }

  #byNode(
    objects: readonly KubernetesObject[],
    name: (id: number) => string,
    found: (id: number, object: KubernetesObject) => void,
  ): void {
    for (const object of objects) {
      const id = idIn(object.metadata.name, name);
      if (id !== null) found(id, object);
    }
  }

  /** The id of a node's pod, when everything that is said of it agrees. */
  #idOf(pod: KubernetesObject): number | null {
    const id = idIn(pod.metadata.name, (one) => nodeName(this.#cluster.name, one));
    const index = pod.metadata.labels?.['apps.kubernetes.io/pod-index'];
    return id !== null && (index === undefined || index === String(id)) ? id : null;
  }

  #taken(kind: string, { metadata }: KubernetesObject): void {
    this.#problems.push(nameTaken(this.#cluster, kind, metadata.name));
  }

  #stalled(reason: string, message: string): void {
    this.#problems.push(stalled(this.#cluster, reason, message));
  }

  /** What the record says; where it is gone, what carries the cluster's id: claims that an earlier Cluster retained (O4), or pods. */
  #formation(configMaps: readonly KubernetesObject[]): Formation | null {
    const carriers = new Map<string, string>();
    const carries = (object: KubernetesObject | undefined): void => {
      const clusterId = textAt(object, 'metadata', 'annotations', ANNOTATIONS.clusterId);
      if (clusterId !== null && object !== undefined)
        carriers.set(clusterId, ` (${object.kind} ${object.metadata.name})`);
    };
    for (const set of this.#sets.values()) carries(set);
    for (const { claim } of this.#nodes.values()) carries(claim);
    const quorum = this.#ours(configMaps, 'ConfigMap', namesOf(this.#cluster.name).quorum);
    const record = quorum === null ? null : this.#record(quorum);
    const clusterIds = new Set([...(record === null ? [] : [record.clusterId]), ...carriers.keys()]);
    if (clusterIds.size > 1) {
      const texts = [...clusterIds].sort().map((id) => `${id}${carriers.get(id) ?? ''}`);
      this.#stalled(
        'ClaimsDisagree',
        `there is data of several clusters: ${texts.join(', ')}; take away the claims that do not belong here`,
      );
      return null;
    }
    const [clusterId] = carriers.keys();
    if (quorum !== null || clusterId === undefined) return record;
    return { clusterId, initialVoters: votersOf([...this.#nodes.keys()]), formed: true };
  }

  #record(quorum: KubernetesObject): Formation | null {
    const parsed = parseFormation(textAt(quorum, 'data', FORMATION_KEY) ?? '');
    if (parsed.kind === 'record') return parsed.formation;
    const where = `ConfigMap ${quorum.metadata.name}`;
    if (parsed.kind === 'newer')
      this.#stalled(
        'FormationNewer',
        `${where} has version ${parsed.version}, which this release does not know: run a newer operator`,
      );
    else
      this.#stalled('FormationDamaged', `${where} is damaged: it holds the cluster's identity and has to be restored`);
    return null;
  }

  #observe(id: number, { pod, claim, service, listeners }: Node): NodeObservation {
    const { name: cluster, namespace, domain } = this.#cluster;
    const host = nodeHost({ cluster, namespace, domain }, id);
    const phase = this.#phase(id, pod);
    const ready = phase === 'running';
    const port = firstListenerPort(service);
    const failure = ready || pod === undefined ? null : failureOf(pod);
    const unplaced = ready || pod === undefined ? null : unplacedOf(pod);
    const lost = pod === undefined ? null : lossOf(pod);
    return {
      id,
      specHash: this.#specHash(id, pod),
      declaredHash: this.#annotation(id, pod, ANNOTATIONS.declaredHash),
      restart: this.#annotation(id, pod, INSTRUCTIONS.restart),
      phase,
      ready,
      ...(failure === null ? {} : { failure }),
      ...(unplaced === null ? {} : { unplaced }),
      ...(lost === null ? {} : { lost }),
      address: ready && port !== null ? `${host}:${port}` : null,
      directoryId: this.#disks.get(pod?.metadata.uid ?? '') ?? null,
      controlAddress: `${host}:${PORTS.control}`,
      mark: markOf(service),
      replacement: replacementOf(replacedDiskIn(service, claim), diskUid(claim, pod)),
      volumeBytes: volumeBytes(claim),
      outside: new Map(listeners.flatMap((one) => outsideOf(one, pod))),
    };
  }

  #phase(id: number, pod: KubernetesObject | undefined): NodeObservation['phase'] {
    const role = roleOf(id);
    const isWanted = id - firstOrdinal(role) < replicasOf(this.#sets.get(role));
    // Where a pod of its name is there that is nobody's, nothing is known: that one goes, or is taken up.
    if (pod === undefined && this.#unknownPods.includes(nodeName(this.#cluster.name, id))) return 'stopping';
    if (pod === undefined) return isWanted ? 'starting' : 'stopped';
    if (pod.metadata.deletionTimestamp !== undefined || !isWanted) return 'stopping';
    const isReady = listAt(pod, 'status', 'conditions').some(
      (one) => at(one, 'type') === 'Ready' && at(one, 'status') === 'True',
    );
    if (isReady) return 'running';
    const hasDied = listAt(pod, 'status', 'containerStatuses').some(
      (one) => at(one, 'state', 'waiting') !== undefined && at(one, 'lastState', 'terminated') !== undefined,
    );
    return hasDied ? 'waiting' : 'starting';
  }

  /** A pod of another making than the StatefulSet's is outdated whatever its settings; one that is not there yet will be as that says. */
  #specHash(id: number, pod: KubernetesObject | undefined): string {
    const hash = (annotation: string): string => this.#annotation(id, pod, annotation);
    const isOutdated = hash(ANNOTATIONS.podHash) !== this.#annotation(id, undefined, ANNOTATIONS.podHash);
    return isOutdated ? '' : hash(ANNOTATIONS.specHash);
  }

  /** What a pod was made with, or will be if it is not there yet; '' when it has no such annotation. */
  #annotation(id: number, pod: KubernetesObject | undefined, name: string): string {
    const made = pod ?? at(this.#sets.get(roleOf(id)), 'spec', 'template');
    return textAt(made, 'metadata', 'annotations', name) ?? '';
  }
}

/** Says that an object has one of our names and is another's. */
export function nameTaken(cluster: Pick<ReadCluster, 'name' | 'namespace'>, kind: string, name: string): Condition {
  const sentence = `${kind} ${name} is there and does not belong to this Cluster: delete or rename it, or make the Cluster under another name`;
  return stalled(cluster, 'NameTaken', sentence);
}

/** Says what the API server has against an object that the manifest asks for. */
export function refused(cluster: Pick<ReadCluster, 'name' | 'namespace'>, message: string): Condition {
  return stalled(cluster, 'Refused', message);
}

function stalled({ name, namespace }: Pick<ReadCluster, 'name' | 'namespace'>, reason: string, message: string) {
  const resource = nameOf({ kind: 'Cluster', metadata: { name, namespace } });
  return { resource, type: 'Stalled', reason, message } as const;
}

/** The voters that a cluster with these nodes began with at the latest (O2); their disks are not known any more. */
function votersOf(ids: readonly number[]): Formation['initialVoters'] {
  const own = ids.filter((id) => id >= FIRST_CONTROLLER_ID).sort((a, b) => a - b);
  const combined = Math.max(...ids) >= 2 ? [0, 1, 2] : [0];
  return (own.length > 0 ? own : combined).map((id) => ({ id, directoryId: null }));
}

/** Whether a pod of ours has lost its owner: it has none, or a StatefulSet of this name that was there before. */
function isLeftBehind(pod: KubernetesObject, set: string): boolean {
  const owner = listAt(pod, 'metadata', 'ownerReferences').find((one) => at(one, 'controller') === true);
  // What a StatefulSet takes up has the labels that it selects by.
  if (owner === undefined) return pod.metadata.labels?.[LABELS.cluster] !== undefined;
  return textAt(owner, 'kind') === 'StatefulSet' && textAt(owner, 'name') === set;
}

function replicasOf(set: KubernetesObject | undefined): number {
  const replicas = at(set, 'spec', 'replicas');
  return typeof replicas === 'number' && Number.isSafeInteger(replicas) && replicas <= REPLICAS_MAX ? replicas : 0;
}

function floorOf(set: KubernetesObject | undefined): number | null {
  const text = textAt(set, 'metadata', 'annotations', ANNOTATIONS.floor) ?? '';
  return /^[1-9][0-9]{0,3}$/.test(text) ? Math.min(Number(text), REPLICAS_MAX) : null;
}

/** As many as a manifest can ask for; whatever else stands there is no number of nodes. */
const REPLICAS_MAX = 1_000;

function markOf(service: KubernetesObject | undefined): NodeMark | null {
  const mark = textAt(service, 'metadata', 'annotations', ANNOTATIONS.mark);
  return mark === 'joining' || mark === 'leaving' ? mark : null;
}

/** The Service is written first; a node that lost it is known by its claim. */
function replacedDiskIn(service: KubernetesObject | undefined, claim: KubernetesObject | undefined): string | null {
  const recordIn = (one: KubernetesObject | undefined) =>
    textAt(one, 'metadata', 'annotations', ANNOTATIONS.replacedDisk);
  return recordIn(service) ?? recordIn(claim);
}

/** `metadata.uid` of what stands for a node's disk: its claim, or its pod where data is gone with that; `none` while neither is there. */
export function diskUid(claim: KubernetesObject | undefined, pod: KubernetesObject | undefined): string {
  return (claim ?? pod)?.metadata.uid ?? NO_DISK;
}

const NO_DISK = 'none';

/** Another disk than the one that was to go is the new one. */
function replacementOf(replaced: string | null, disk: string): NonNullable<NodeObservation['replacement']> {
  if (replaced === null) return 'none';
  return replaced === disk && disk !== NO_DISK ? 'begun' : 'done';
}

function firstListenerPort(service: KubernetesObject | undefined): number | null {
  const found = listAt(service, 'spec', 'ports').find(
    (one) => textAt(one, 'name')?.startsWith(LISTENER_PORT_PREFIX) === true,
  );
  const port = at(found, 'port');
  return typeof port === 'number' ? port : null;
}

function requestOf(claim: unknown): string | null {
  const size = textAt(claim, 'spec', 'resources', 'requests', 'storage');
  return size !== null && new RegExp(QUANTITY.bytes.pattern).test(size) ? size : null;
}

/** What a volume has once it is there; what is asked for until then. */
function volumeBytes(claim: KubernetesObject | undefined): number | null {
  const capacity = textAt(claim, 'status', 'capacity', 'storage');
  const size = capacity !== null && new RegExp(QUANTITY.bytes.pattern).test(capacity) ? capacity : requestOf(claim);
  return size === null ? null : Number(bytesOf(size));
}
