import { FIRST_CONTROLLER_ID } from '../../operator/api/kinds.ts';
import type {
  AdminObservation,
  AssessedTopics,
  FeatureObservation,
  GroupObservation,
  ListenerAddress,
  NodeMark,
  NodeObservation,
  Observed,
  QuorumObservation,
  Some,
  TopicObservation,
} from '../../operator/core/observed.ts';
import type { ConfigChange, GroupStart, NodeSpec, Step } from '../../operator/core/steps.ts';
import type { Progress } from '../../operator/ports/cluster-admin.ts';
import { assessedOf } from './assessed-topics.ts';
import { ModelPartitions } from './operator-partitions.ts';

interface ModelNode {
  spec: NodeSpec;
  /** Another operator made it, in another way. */
  hasForeignMaking?: boolean;
  /** How often its disk was lost. */
  generation: number;
  isReady: boolean;
  lag: number;
  mark: NodeMark | null;
  /** It was stopped on purpose; its disk is there. */
  isStopped: boolean;
  /** Partitions that have a replica there, beside those of `PerfectCluster.partitions`: nothing ever happens to these. */
  replicas: number;
}

/** One partition with one copy, and nothing set. */
export const PLAIN_TOPIC: TopicObservation = {
  partitions: 1,
  copies: [1],
  resizing: 0,
  minInsyncReplicas: 1,
  leaderless: 0,
  config: new Map(),
};

/** A controller that started a moment ago is so far behind. */
const FRESH_LAG = 5_000;

/**
 * A cluster that does at once what steps say; what the planner would observe of a perfect host and broker. A slow one needs
 * a `tick` for a node to be ready, and one more for a controller to catch up.
 */
export class PerfectCluster {
  readonly #slow: boolean;
  formed: readonly number[] | null = null;
  /** The active controller; below 0 the first voter is. */
  leaderId = -1;
  readonly nodes = new Map<number, ModelNode>();
  voters: readonly { readonly id: number; readonly directoryId: string }[] = [];
  readonly topics = new Map<string, TopicObservation>();
  readonly groups = new Map<string, GroupObservation>();
  /** Where groups were begun, by `group topic-partition`: in the order of time. */
  readonly begun = new Map<string, readonly string[]>();
  config = new Map<string, string>();
  /** What clients are told of brokers. */
  readonly advertised = new Map<number, readonly ListenerAddress[]>();
  /** The active controller does not tell how topics are. */
  assessesAs: Exclude<AdminObservation['assessed'], AssessedTopics> | null = null;
  /** Partitions below `min.insync.replicas`, and with a replica out of sync. */
  underMinIsr: Some = { count: 0, examples: [] };
  underReplicated: Some = { count: 0, examples: [] };
  /** How far `weir.version` is; null: nobody says. */
  features: FeatureObservation | null = null;
  /** Brokers that get nothing, and lose what they have. */
  readonly draining = new Set<number>();
  /** Those whose copies matter. */
  readonly partitions = new ModelPartitions((id) => this.nodes.get(id)?.isReady === true);
  /** Nodes that can't be spared, whatever they hold. */
  readonly blocked = new Set<number>();
  /** Nodes with a setting of this value end whenever they are started. */
  badValue: string | null = null;
  /** The disk that is to be replaced, or was, as a host remembers it. */
  replacedDisk: { readonly id: number; readonly disk: string } | null = null;
  #isRebalancing = false;

  constructor(speed: 'slow' | 'at once' = 'at once') {
    this.#slow = speed === 'slow';
  }

  observe(): Observed {
    const nodes: NodeObservation[] = [...this.nodes].map(([id, node]) => ({
      id,
      specHash: node.hasForeignMaking ? '' : node.spec.specHash,
      declaredHash: node.spec.declaredHash,
      restart: node.spec.restart,
      phase: node.isStopped ? 'stopped' : this.isServing(id) ? 'running' : 'starting',
      ready: this.isServing(id),
      ...(this.isBad(node) && !node.isReady ? { failure: 'it ends' } : {}),
      address: '127.0.0.1:9092',
      directoryId: node.isReady ? diskOf(id, node) : null,
      controlAddress: `127.0.0.1:${9190 + id}`,
      mark: node.mark,
      replacement: this.#replacementOf(id, node),
      volumeBytes: null,
    }));
    const initialVoters = this.formed?.map((id) => ({ id, directoryId: `d${id}.0` })) ?? [];
    const formation = this.formed === null ? null : { clusterId: 'id', initialVoters, formed: true };
    return { host: { formation, nodes: nodes.sort((a, b) => a.id - b.id) }, admin: this.admin() };
  }

  admin(): AdminObservation | null {
    const brokers = [...this.nodes].flatMap(([id, { isReady }]) => (isReady && id < FIRST_CONTROLLER_ID ? [id] : []));
    if (brokers.length === 0 || !this.isQuorate()) return null;
    const { topics, groups, config } = this;
    const quorum = this.#quorum();
    const members = new Map([...this.nodes.keys()].map((id) => [id, this.countOn(id)]));
    const obstaclesTo = (id: number) => [
      ...(this.blocked.has(id) ? ['not now'] : []),
      ...this.partitions.obstacles(id),
    ];
    const obstacles = new Map([...this.nodes.keys()].map((id) => [id, obstaclesTo(id)]));
    const losses = new Map([...this.nodes.keys()].map((id) => [id, this.lossesOf(id)]));
    const advertised = new Map([...this.advertised].filter(([, endpoints]) => endpoints.length > 0));
    const { features } = this;
    const assessed = this.assessesAs ?? assessedOf(this);
    const told = { quorum, members, obstacles, losses, topics, groups, config, advertised, assessed };
    const observed = { brokers, unfenced: brokers, ...told };
    return features === null ? observed : { ...observed, features };
  }

  /** What would be lost with the disk of a node: every broker has a copy of everything, once it has caught up. */
  lossesOf(id: number): readonly string[] {
    const { voters } = this;
    const isWhole = [...this.nodes].some(
      ([other, node]) => other !== id && other < FIRST_CONTROLLER_ID && node.isReady && node.lag === 0,
    );
    return [
      ...(this.blocked.has(id) ? ['not now'] : []),
      ...this.partitions.losses(id),
      ...(isWhole || id >= FIRST_CONTROLLER_ID ? [] : ['nobody else has a copy']),
      ...(voters.length === 1 && voters[0]?.id === id ? [`node ${id} is the only voter`] : []),
    ];
  }

  #replacementOf(id: number, node: ModelNode): 'none' | 'begun' | 'done' {
    if (this.replacedDisk?.id !== id) return 'none';
    return this.replacedDisk.disk === diskOf(id, node) ? 'begun' : 'done';
  }

  /** A slow host remembers what it begins, and is interrupted each time. */
  #replaceDisk(id: number): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    const isBegun = this.#replacementOf(id, node) === 'begun';
    this.replacedDisk = { id, disk: diskOf(id, node) };
    if (isBegun || !this.#slow) this.crash(id, 'lost');
  }

  isBad({ spec }: Pick<ModelNode, 'spec'>): boolean {
    return [...spec.settings.values()].some((value) => value === this.badValue);
  }

  /** Whether a majority of the voters is there, without one node. */
  isQuorate(without = -1): boolean {
    const there = this.voters.filter(({ id, directoryId }) => {
      const node = this.nodes.get(id);
      return id !== without && node?.isReady === true && diskOf(id, node) === directoryId && node.lag === 0;
    });
    return there.length * 2 > this.voters.length;
  }

  /** What its host sees of a node: a controller that is missed among the voters is not ready, though it serves (O7). */
  isServing(id: number): boolean {
    const node = this.nodes.get(id);
    if (node?.isReady !== true) return false;
    const { length } = this.voters;
    if (!node.spec.roles.includes('controller') || length === 0 || this.#votes(id, node)) return true;
    return length % 2 === 1 && this.voters.every((voter) => voter.id !== id);
  }

  #quorum(): QuorumObservation {
    const replica = (id: number, directoryId: string) => {
      const node = this.nodes.get(id);
      const isHeard = node?.isReady === true && diskOf(id, node) === directoryId;
      return { id, directoryId, lag: node?.lag ?? 0, silentMs: isHeard ? 0 : Number.POSITIVE_INFINITY };
    };
    const voters = this.voters.map((voter) => replica(voter.id, voter.directoryId));
    // A controller that is no broker tells nobody how far it is.
    const others = [...this.nodes].filter(([id, node]) => id < FIRST_CONTROLLER_ID && !this.#votes(id, node));
    const observers = others.map(([id, node]) => replica(id, diskOf(id, node)));
    return { leaderId: this.leaderId < 0 ? (voters[0]?.id ?? -1) : this.leaderId, voters, observers };
  }

  #votes(id: number, node: ModelNode): boolean {
    return this.voters.some((voter) => voter.id === id && voter.directoryId === diskOf(id, node));
  }

  /** Time passes: what started is ready, what was ready has caught up, and a replica has moved. */
  tick(): void {
    this.#nextMove()?.();
    this.partitions.tick();
    for (const [name, topic] of this.topics)
      this.topics.set(name, { ...topic, resizing: Math.max(0, topic.resizing - 1) });
    for (const [id, node] of this.nodes) {
      if (node.isStopped || this.isBad(node)) continue;
      if (node.isReady || this.#votes(id, node)) node.lag = 0;
      if (!node.isReady) this.#come(id, node);
    }
  }

  /** A node serves. */
  #come(id: number, node: ModelNode): void {
    node.isReady = true;
    this.partitions.start(id);
  }

  /** A node ends. */
  #go(id: number, node: ModelNode): void {
    if (!node.isReady) return;
    node.isReady = false;
    this.partitions.stop(id);
  }

  /** A node dies and comes back, with an empty disk if it is lost. */
  crash(id: number, disk: 'kept' | 'lost'): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    this.#go(id, node);
    if (disk === 'kept') return;
    Object.assign(node, { generation: node.generation + 1, lag: FRESH_LAG });
    this.partitions.lose(id);
  }

  #restart(spec: NodeSpec): void {
    const node = this.nodes.get(spec.id);
    if (node === undefined) return;
    this.#go(spec.id, node);
    Object.assign(node, { spec, hasForeignMaking: false });
    if (!this.#slow) this.#come(spec.id, node);
  }

  #stop(id: number): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    this.#go(id, node);
    node.isStopped = true;
  }

  /** Replicas on a node. */
  countOn(id: number): number {
    return (this.nodes.get(id)?.replicas ?? 0) + this.partitions.countOn(id);
  }

  /** Puts replicas on a broker, as topics that are not looked at here would. */
  fill(id: number, replicas: number): void {
    const node = this.nodes.get(id);
    if (node !== undefined) node.replicas = replicas;
  }

  /** How the next replica moves; null when none has to, or can. */
  #nextMove(): (() => void) | null {
    const brokers = [...this.nodes].flatMap(([id, { isReady }]) => (isReady && id < FIRST_CONTROLLER_ID ? [id] : []));
    const fullest = brokers.sort((a, b) => this.countOn(b) - this.countOn(a));
    const emptiest = fullest
      .filter((id) => !this.draining.has(id))
      .toSorted((a, b) => this.countOn(a) - this.countOn(b) || a - b);
    for (const id of fullest) {
      const move = this.draining.has(id) ? this.#moveFrom(id, emptiest) : null;
      if (move !== null) return move;
    }
    const [least] = emptiest;
    const most = fullest.find((id) => !this.draining.has(id));
    if (!this.#isRebalancing || least === undefined || most === undefined) return null;
    return this.countOn(most) > this.countOn(least) + 1 ? this.#moveFrom(most, [least]) : null;
  }

  #moveFrom(id: number, targets: readonly number[]): (() => void) | null {
    const [from, to] = [this.nodes.get(id), this.nodes.get(targets[0] ?? -1)];
    if (from === undefined || to === undefined || from.replicas === 0) return this.partitions.moveFrom(id, targets);
    return () => {
      from.replicas -= 1;
      to.replicas += 1;
    };
  }

  /** Moves all that has to move, or tells that something has to. */
  #progress(): Progress {
    for (let move = this.#nextMove(); !this.#slow && move !== null; move = this.#nextMove()) move();
    const left = [...this.draining].reduce((sum, id) => sum + this.countOn(id), 0);
    // A drained node that is down holds what it held.
    return left === 0 && this.#nextMove() === null ? 'done' : { left };
  }

  carryOut(step: Step): Progress {
    switch (step.kind) {
      case 'Form':
        this.formed = step.initialVoters;
        this.voters = step.initialVoters.map((id) => ({ id, directoryId: `d${id}.0` }));
        break;
      case 'AddNode':
        this.#add(step.node);
        break;
      case 'Restart':
        this.#restart(step.node);
        break;
      case 'RemoveNode':
        this.#stop(step.id);
        break;
      case 'ReplaceDisk':
        this.#replaceDisk(step.id);
        break;
      case 'Drain':
        for (const id of step.ids) this.#drain(id);
        return this.#progress();
      case 'Undrain':
        this.draining.delete(step.id);
        this.#mark(step.id, 'joining');
        break;
      case 'ForgetNode':
        this.nodes.delete(step.id);
        this.draining.delete(step.id);
        this.advertised.delete(step.id);
        break;
      case 'Rebalance':
        return this.#rebalance(step.ids);
      case 'AddVoter':
        // The quorum waits for it to catch up.
        Object.assign(this.nodes.get(step.id) ?? {}, { lag: 0 });
        this.voters = [...this.voters, { id: step.id, directoryId: step.directoryId }];
        break;
      case 'RemoveVoter':
        this.voters = this.voters.filter((one) => one.id !== step.id || one.directoryId !== step.directoryId);
        break;
      case 'SetAdvertised':
        this.advertised.set(step.id, step.endpoints);
        break;
      case 'RaiseFeature':
        if (this.features !== null) this.features = { ...this.features, level: step.level };
        break;
      case 'SetConfig':
        this.config = changed(this.config, step.change);
        break;
      case 'EnsureGroup':
        this.#configureGroup(step.groupId, step.change);
        break;
      case 'BeginGroup':
        this.#begin(step.groupId, step.starts);
        break;
      case 'EnsureTopic':
        return this.#ensureTopic(step);
      case 'DeleteTopic':
        this.#deleteTopic(step.topic);
        break;
      case 'DeleteGroup':
        this.#deleteGroup(step.groupId, step.settings);
        break;
    }
    return 'done';
  }

  #rebalance(ids: readonly number[]): Progress {
    this.#isRebalancing = true;
    const progress = this.#progress();
    this.#isRebalancing = progress !== 'done';
    if (progress === 'done') for (const id of ids) this.#mark(id, null);
    return progress;
  }

  #add(spec: NodeSpec): void {
    const isReady = !this.#slow;
    const fresh = { generation: 0, lag: isReady ? 0 : FRESH_LAG, mark: this.#markOfNew(spec), replicas: 0 };
    this.nodes.set(spec.id, { ...fresh, ...this.nodes.get(spec.id), spec, isReady, isStopped: false });
    if (isReady) this.partitions.start(spec.id);
  }

  #markOfNew({ roles }: NodeSpec): NodeMark | null {
    return roles.includes('broker') && this.voters.length > 0 && this.isQuorate() ? 'joining' : null;
  }

  #mark(id: number, mark: NodeMark | null): void {
    const node = this.nodes.get(id);
    if (node !== undefined) node.mark = mark;
  }

  #drain(id: number): void {
    this.draining.add(id);
    this.#mark(id, 'leaving');
  }

  #configureGroup(groupId: string, change: ConfigChange): void {
    const old = this.groups.get(groupId);
    const config = changed(old?.config, change);
    if (config.size === 0 && (old?.type ?? null) === null) this.groups.delete(groupId);
    else this.groups.set(groupId, { type: null, begun: new Map(), ...old, config });
  }

  /** A group's settings are there without it: those that are not named stay. */
  #deleteGroup(groupId: string, settings: readonly string[]): void {
    const { config = new Map() } = this.groups.get(groupId) ?? {};
    this.groups.set(groupId, { type: null, begun: new Map(), config });
    this.#configureGroup(groupId, { set: new Map(), unset: settings, before: new Map() });
  }

  /** Groups forget it, too. */
  #deleteTopic(topic: string): void {
    this.topics.delete(topic);
    for (const [id, group] of this.groups)
      this.groups.set(id, { ...group, begun: new Map([...(group.begun ?? [])].filter(([name]) => name !== topic)) });
  }

  /** What has begun begins nowhere else. */
  #begin(groupId: string, starts: readonly GroupStart[]): void {
    const old = this.groups.get(groupId);
    const begun = new Map(old?.begun);
    for (const { topic, partitions, at } of starts) {
      const known = new Set(begun.get(topic));
      for (const partition of partitions) {
        const place = `${groupId} ${topic}-${partition}`;
        if (!known.has(partition)) this.begun.set(place, [...(this.begun.get(place) ?? []), at]);
        known.add(partition);
      }
      begun.set(topic, known);
    }
    this.groups.set(groupId, { config: new Map(), ...old, type: 'share', state: 'Empty', begun });
  }

  #ensureTopic({ topic: name, change }: Extract<Step, { kind: 'EnsureTopic' }>): Progress {
    const old = this.topics.get(name);
    if (change.kind === 'resize') {
      if (old === undefined) return 'done';
      const isBegun = old.copies.join() === String(change.replicationFactor);
      const resizing = this.#slow ? (isBegun ? old.resizing : old.partitions) : 0;
      this.topics.set(name, { ...old, copies: [change.replicationFactor], resizing });
      return resizing === 0 ? 'done' : { left: resizing };
    }
    if (change.kind === 'create') {
      const partitions = change.partitions === -1 ? 1 : change.partitions;
      const copies = [Math.max(1, change.replicationFactor)];
      this.topics.set(name, { ...PLAIN_TOPIC, partitions, copies, config: change.config });
    } else if (old !== undefined) {
      const after =
        change.kind === 'grow' ? { partitions: change.partitions } : { config: changed(old.config, change.change) };
      this.topics.set(name, { ...old, ...after });
    }
    return 'done';
  }
}

function diskOf(id: number, node: ModelNode): string {
  return `d${id}.${node.generation}`;
}

function changed(config: ReadonlyMap<string, string> | undefined, change: ConfigChange): Map<string, string> {
  const after = new Map([...(config ?? []), ...change.set]);
  for (const name of change.unset) after.delete(name);
  return after;
}
