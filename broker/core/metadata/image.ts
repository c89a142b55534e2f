import { assert, unreachable } from '../base/assert.ts';
import type { BrokerId, TopicId } from '../base/ids.ts';
import { brokerRecord, type BrokerState, brokerState, describeBroker, facesOf } from './broker-state.ts';
import { DeltaBuilder, type Touched, UNTOLD } from './delta.ts';
import { WEIR_REPLICATION, WEIR_VERSION } from './features.ts';
import type { ListsOfPartition } from './partition-lists.ts';
import type {
  BrokerAdvertisedRecord,
  BrokerFenceRecord,
  BrokerPlacementRecord,
  ConfigRecord,
  MetadataRecord,
} from './records.ts';
import { type PartsOfBroker, STEP_COUNT, type TopicPart, TopicTable } from './topic-table.ts';
import type { Topic } from './topic.ts';
import type { ConfigScope, ControllerView, MetadataDelta, MetadataView, TopicView } from './view.ts';

/** A registered controller with what only the active one needs. */
export interface ControllerState extends ControllerView {
  readonly incarnationId: string;
  readonly directoryId: string;
  readonly weirVersionMin: number;
  readonly weirVersionMax: number;
}

const SCOPES: readonly ConfigScope[] = ['topic', 'broker', 'cluster', 'group'];
const NO_OVERRIDES: ReadonlyMap<string, string> = new Map();

type Configs = Map<string, ReadonlyMap<string, string>>;

/**
 * The metadata of a cluster at one offset: what the records up to there say, in memory. Changed by `apply` alone, one
 * batch at a time (I1), so that every replica of the log that applied the same batches is equal (I2). Objects handed out
 * are never changed, only replaced.
 */
export class MetadataImage implements MetadataView {
  clusterId = '';
  offset = -1;
  controllerId = -1;
  /** The next producer id that nobody has. */
  nextProducerId = 0;
  #brokers = new Map<number, BrokerState>();
  #brokerList: readonly BrokerState[] | null = null;
  /** Sorted by id. */
  #controllers: readonly ControllerState[] = [];
  #topics = new TopicTable();
  #features: ReadonlyMap<string, number> = new Map();
  /** Scopes whose settings no other image shares. */
  #ownScopes: ReadonlySet<ConfigScope> = new Set(SCOPES);
  #configs: Readonly<Record<ConfigScope, Configs>> = {
    topic: new Map(),
    broker: new Map(),
    cluster: new Map(),
    group: new Map(),
  };

  brokers(): readonly BrokerState[] {
    this.#brokerList ??= [...this.#brokers.values()].sort((a, b) => a.id - b.id);
    return this.#brokerList;
  }

  broker(id: BrokerId): BrokerState | null {
    return this.#brokers.get(id) ?? null;
  }

  controllers(): readonly ControllerState[] {
    return this.#controllers;
  }

  /** Whether a broker is registered and in. */
  isUnfenced(id: number): boolean {
    return this.#brokers.get(id)?.fenced === false;
  }

  /** Whether a broker is in and is not about to stop. */
  mayLead(id: number): boolean {
    const broker = this.#brokers.get(id);
    return broker !== undefined && !broker.fenced && !broker.shuttingDown;
  }

  topics(): readonly TopicView[] {
    return this.#topics.sorted();
  }

  topicNames(): readonly string[] {
    return this.#topics.names();
  }

  topicByName(name: string): Topic | null {
    return this.#topics.byName(name);
  }

  topicById(id: TopicId): Topic | null {
    return this.#topics.byId(id);
  }

  /** All topics in the order of their creation; partitions carry what only the controller needs. */
  topicStates(): Iterable<Topic> {
    return this.#topics.topics();
  }

  /** Partitions of a broker, in the order of their topics' creation. */
  partitionsOn(id: BrokerId, which: PartsOfBroker): Iterable<TopicPart> {
    return this.#topics.partsOn(id, which);
  }

  /** Partitions that are not led by their first replica, or by nobody. */
  partitionsToElect(type: 'preferred' | 'unclean'): Iterable<TopicPart> {
    return this.#topics.partsToElect(type);
  }

  /** Partitions whose lists are so, in the order of their topics' creation; asked once for those that agree. */
  partitionsWith(isSo: (lists: ListsOfPartition) => boolean): Iterable<TopicPart> {
    return this.#topics.partsWith(isSo);
  }

  partitionsMoving(): readonly TopicPart[] {
    const isMoving = (lists: ListsOfPartition): boolean =>
      lists.addingReplicas.length > 0 || lists.removingReplicas.length > 0;
    return [...this.#topics.partsWith(isMoving)].sort((a, b) => byCodeUnits(a.name, b.name));
  }

  /** How many partitions have which lists. */
  tally(): ReturnType<TopicTable['tally']> {
    return this.#topics.tally();
  }

  /** What lists come to, each once, by the number that `Topic.listsNumber` tells; the image must not change before it is asked. */
  mapLists<T>(of: (lists: ListsOfPartition) => T): readonly T[] {
    return this.#topics.mapLists(of);
  }

  /** How many replicas each broker has, and of how many partitions it is the first. */
  replicaCounts(): ReturnType<TopicTable['replicaCounts']> {
    return this.#topics.replicaCounts();
  }

  /** Partitions of all topics together. */
  get partitionCount(): number {
    return this.#topics.partitionCount;
  }

  /** Names of topics that read the same as `name` once '.' and '_' are one (metric names collide). */
  collidingTopic(name: string): string | null {
    return this.#topics.colliding(name);
  }

  configNames(scope: ConfigScope): readonly string[] {
    return [...this.#configs[scope].keys()].sort(byCodeUnits);
  }

  /** What was set for a topic. */
  overridesOf(topic: { readonly name: string }): ReadonlyMap<string, string> {
    // The name is a text that is made when it is asked for.
    return this.#configs.topic.size === 0 ? NO_OVERRIDES : this.configOverrides('topic', topic.name);
  }

  /** What was set for topics, in no order; of topics that have any of it. */
  topicOverrides(): Iterable<ReadonlyMap<string, string>> {
    return this.#configs.topic.values();
  }

  configOverrides(scope: ConfigScope, name: string): ReadonlyMap<string, string> {
    return this.#configs[scope].get(name) ?? NO_OVERRIDES;
  }

  features(): ReadonlyMap<string, number> {
    return this.#features;
  }

  /** Applies one committed batch whose first record has offset `baseOffset` (one after the last applied). */
  apply(records: readonly MetadataRecord[], baseOffset: number): MetadataDelta {
    assert(baseOffset === this.offset + 1, `batch at ${baseOffset} does not follow offset ${this.offset}`);
    const delta = new DeltaBuilder();
    let offset = baseOffset;
    for (const record of records) {
      this.#replay(record, offset, delta);
      offset += 1;
    }
    this.#topics.endBatch();
    this.offset = offset - 1;
    return delta.build(this, this.offset);
  }

  /**
   * Becomes what a snapshot says, taken at `offset`, whatever it was before; the records are all of the snapshot. Gives
   * what is different now: a replica that fell too far behind is told so instead of batch by batch.
   */
  restore(records: Iterable<MetadataRecord>, offset: number): MetadataDelta {
    const steps = this.restoring(records, offset);
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value();
    }
  }

  /**
   * As `restore`, in steps of some milliseconds, between which it is what it was and must not be changed; taken over in the
   * last one. What it gives tells the difference, for who asks at once.
   */
  *restoring(records: Iterable<MetadataRecord>, offset: number): Generator<undefined, () => MetadataDelta> {
    assert(offset >= this.offset, `a snapshot at ${offset} is older than offset ${this.offset}`);
    const restored = new MetadataImage();
    let weight = 0;
    for (const record of records) {
      restored.#replay(record, offset, UNTOLD);
      weight += record.kind === 'partitions' ? record.partitions.length : 1;
      if (weight < STEP_COUNT) continue;
      weight = 0;
      yield;
    }
    restored.#topics.endSnapshot();
    assert(this.clusterId === '' || this.clusterId === restored.clusterId, 'a snapshot of another cluster');
    const delta = new DeltaBuilder();
    yield* this.#compare(restored, delta);
    this.#become(restored);
    this.offset = offset;
    return () => delta.build(this, offset);
  }

  /** A second image equal to this one; what is applied to either does not show in the other. */
  clone(): MetadataImage {
    const copy = new MetadataImage();
    copy.controllerId = this.controllerId;
    copy.offset = this.offset;
    copy.#become(this);
    copy.#brokers = new Map(this.#brokers);
    copy.#topics = this.#topics.clone();
    copy.#ownScopes = new Set();
    this.#ownScopes = new Set();
    return copy;
  }

  /** Records that make an empty image equal to this one (I3), in a fixed order. */
  *snapshot(): Generator<MetadataRecord> {
    if (this.clusterId !== '') yield { kind: 'cluster', clusterId: this.clusterId };
    for (const [name, level] of this.#features) yield { kind: 'feature', name, level };
    for (const broker of this.brokers()) yield brokerRecord(broker);
    for (const { id, ...controller } of this.#controllers)
      yield { kind: 'controller', controllerId: id, ...controller };
    yield* this.#topics.snapshot();
    for (const scope of SCOPES) {
      for (const resource of this.configNames(scope)) {
        for (const [name, value] of this.configOverrides(scope, resource)) {
          yield { kind: 'config', scope, resource, name, value };
        }
      }
    }
    if (this.nextProducerId > 0) yield { kind: 'producerIds', nextProducerId: this.nextProducerId };
  }

  /** The whole state in one deterministic text, for scripts and comparisons. */
  describe(): string {
    const lines = [`offset ${this.offset} cluster ${this.clusterId} producers ${this.nextProducerId}`];
    for (const [name, level] of this.#features) lines.push(`feature ${name}=${level}`);
    for (const broker of this.brokers()) lines.push(describeBroker(broker));
    for (const { id, host, port, directoryId, weirVersionMin, weirVersionMax } of this.#controllers)
      lines.push(`controller ${id} dir ${directoryId} ${host}:${port} weir ${weirVersionMin}-${weirVersionMax}`);
    for (const line of this.#topics.describe()) lines.push(line);
    for (const scope of SCOPES) {
      for (const resource of this.configNames(scope)) {
        const settings = [...this.configOverrides(scope, resource)].map(([name, value]) => `${name}=${value}`);
        lines.push(`config ${scope} "${resource}" ${settings.join(' ')}`);
      }
    }
    return lines.join('\n');
  }

  #replay(record: MetadataRecord, offset: number, delta: Touched): void {
    switch (record.kind) {
      case 'cluster':
        assert(this.clusterId === '', 'a cluster is named once');
        this.clusterId = record.clusterId;
        return;
      case 'feature':
        this.#setFeature(record.name, record.level, delta);
        return;
      case 'broker':
        this.#setBroker(brokerState(record, offset), delta);
        return;
      case 'brokerFence':
      case 'brokerPlacement':
      case 'brokerAdvertised':
        this.#setBroker(this.#changed(record), delta);
        return;
      case 'brokerRemoved':
        assert(this.#brokers.delete(record.brokerId), `no broker ${record.brokerId} to remove`);
        this.#brokerList = null;
        delta.brokerChanged(record.brokerId);
        return;
      case 'controller': {
        const { kind: _, controllerId: id, ...controller } = record;
        this.#setController(id, { id, ...controller });
        return;
      }
      case 'controllerRemoved':
        this.#setController(record.controllerId, null);
        return;
      case 'topic':
        this.#topics.add(record);
        delta.topicCreated(record.topicId);
        return;
      case 'topicRemoved': {
        const topic = this.#topics.remove(record.topicId);
        delta.topicDeleted(topic);
        if (!this.#configs.topic.has(topic.name)) return;
        this.#configsToWrite('topic').delete(topic.name);
        delta.configChanged('topic', topic.name);
        return;
      }
      case 'partitions':
        this.#topics.addPartitions(record);
        delta.partitionsChanged(record.topicId, record.partitions);
        return;
      case 'partitionChanges':
        for (const { topicId, partitions } of record.topics) {
          this.#topics.change(topicId, partitions);
          delta.partitionsChanged(topicId, partitions);
        }
        return;
      case 'config':
        this.#setConfig(record);
        delta.configChanged(record.scope, record.resource);
        return;
      case 'producerIds':
        assert(record.nextProducerId >= this.nextProducerId, 'producer ids only go up');
        this.nextProducerId = record.nextProducerId;
        return;
      default:
        unreachable(record);
    }
  }

  /** A broker as a record changes it. */
  #changed(record: BrokerFenceRecord | BrokerPlacementRecord | BrokerAdvertisedRecord): BrokerState {
    const broker = this.#registered(record);
    if (record.kind === 'brokerPlacement') {
      const { cordoned, draining, shuttingDown } = record;
      return { ...broker, cordoned, draining, shuttingDown };
    }
    if (record.kind === 'brokerAdvertised') {
      const { advertised } = record;
      return { ...broker, advertised, endpoints: facesOf(broker.registered, advertised) };
    }
    const unfencedEpoch = !record.fenced && this.#isReplicating ? broker.epoch : broker.unfencedEpoch;
    return { ...broker, fenced: record.fenced, unfencedEpoch };
  }

  #registered({ brokerId: id, brokerEpoch }: { readonly brokerId: number; readonly brokerEpoch: number }): BrokerState {
    const broker = this.#brokers.get(id);
    assert(broker !== undefined && broker.epoch === brokerEpoch, `no broker ${id} of this epoch`);
    return broker;
  }

  /** What `after` has and this has not, or otherwise. */
  *#compare(after: MetadataImage, delta: Touched): Generator<undefined, void> {
    yield* this.#topics.compare(after.#topics, delta);
    for (const scope of SCOPES) {
      for (const name of new Set([...this.#configs[scope].keys(), ...after.#configs[scope].keys()])) {
        if (!isSameMap(this.configOverrides(scope, name), after.configOverrides(scope, name)))
          delta.configChanged(scope, name);
      }
    }
    for (const id of new Set([...this.#brokers.keys(), ...after.#brokers.keys()])) {
      if (!isSameBroker(this.#brokers.get(id), after.#brokers.get(id))) delta.brokerChanged(id);
    }
  }

  /** Takes over the state of another image; the offset, and who leads the controllers, are not part of it. */
  #become(other: MetadataImage): void {
    this.clusterId = other.clusterId;
    this.nextProducerId = other.nextProducerId;
    this.#brokers = other.#brokers;
    this.#brokerList = other.#brokerList;
    this.#controllers = other.#controllers;
    this.#topics = other.#topics;
    this.#features = other.#features;
    this.#configs = other.#configs;
    this.#ownScopes = other.#ownScopes;
  }

  #setBroker(broker: BrokerState, delta: Touched): void {
    this.#brokers.set(broker.id, broker);
    this.#brokerList = null;
    delta.brokerChanged(broker.id);
  }

  #setController(id: number, controller: ControllerState | null): void {
    const others = this.#controllers.filter((each) => each.id !== id);
    this.#controllers = (controller === null ? others : [...others, controller]).sort((a, b) => a.id - b.id);
  }

  #setFeature(name: string, level: number, delta: Touched): void {
    const wasReplicating = this.#isReplicating;
    const sorted = new Map(this.#features);
    if (level === 0) sorted.delete(name);
    else sorted.set(name, level);
    this.#features = new Map([...sorted].sort(([a], [b]) => byCodeUnits(a, b)));
    if (wasReplicating || !this.#isReplicating) return;
    // From here on it counts in which epochs a broker was in.
    for (const broker of this.#brokers.values())
      if (!broker.fenced) this.#setBroker({ ...broker, unfencedEpoch: broker.epoch }, delta);
  }

  get #isReplicating(): boolean {
    return (this.#features.get(WEIR_VERSION) ?? 0) >= WEIR_REPLICATION;
  }

  #configsToWrite(scope: ConfigScope): Configs {
    if (!this.#ownScopes.has(scope)) {
      this.#configs = { ...this.#configs, [scope]: new Map(this.#configs[scope]) };
      this.#ownScopes = new Set([...this.#ownScopes, scope]);
    }
    return this.#configs[scope];
  }

  #setConfig(record: ConfigRecord): void {
    const configs = this.#configsToWrite(record.scope);
    const settings = new Map(configs.get(record.resource));
    if (record.value === null) settings.delete(record.name);
    else settings.set(record.name, record.value);
    if (settings.size === 0) configs.delete(record.resource);
    else configs.set(record.resource, new Map([...settings].sort(([a], [b]) => byCodeUnits(a, b))));
  }
}

/** Order of texts that is the same everywhere: by UTF-16 code units. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isSameMap(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([name, value]) => other.get(name) === value);
}

function isSameBroker(one: BrokerState | undefined, other: BrokerState | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return JSON.stringify(brokerRecord(one)) === JSON.stringify(brokerRecord(other));
}
