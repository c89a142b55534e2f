import type { SimAdmin } from './clients/admin.ts';
import { alterTopic, createTopic, deleteRecords, deleteTopic, growTopic } from './clients/requests.ts';
import { SimProducer } from './clients/producer.ts';
import type { Plan, TopicPlan } from './plan.ts';
import type { Stage } from './stage.ts';

/** Time between the end of a topic's producers and its deletion, ms: what they sent has arrived by then. */
const MOURNING_MS = 50;

/** The topics of a world and what happens to them: creation, deletion, growth, cuts, changes of durability. */
export class SimTopics {
  readonly producers: SimProducer[] = [];
  readonly #stage: Stage;
  readonly #admin: SimAdmin;
  readonly #plan: Plan;
  /** What is there now, by name. */
  readonly #current = new Map<string, TopicPlan>();
  /** Topics whose deletion has begun. */
  readonly #doomed = new Set<string>();
  readonly #switching = new Set<string>();
  #openCount = 0;
  #isClosed = false;

  constructor(stage: Stage, admin: SimAdmin, plan: Plan) {
    this.#stage = stage;
    this.#admin = admin;
    this.#plan = plan;
  }

  /** Names of the topics that are there, sorted. */
  get names(): readonly string[] {
    return [...this.#current.keys()].toSorted();
  }

  /** No change is under way. */
  get isQuiet(): boolean {
    return this.#openCount === 0;
  }

  /** A topic as it is now; undefined when it was deleted. */
  get(name: string): TopicPlan | undefined {
    return this.#current.get(name);
  }

  /** Creates every topic of the plan. */
  create(): void {
    for (const topic of this.#plan.topics) {
      this.#stage.labels.set(topic.name, topic.name);
      this.#current.set(topic.name, topic);
      this.#admin.ask(createTopic(topic, () => undefined));
    }
  }

  /** Plans the changes of all topics through `at`, which runs an action at a time of the load. */
  schedule(at: (delayMs: number, action: () => void) => void): void {
    for (const producer of this.#plan.producers) {
      at(producer.startMs, () => {
        // What is produced to a name whose topic is being deleted may end in either topic.
        if (!this.#doomed.has(producer.topic)) this.producers.push(new SimProducer(this.#stage, producer));
      });
    }
    for (const topic of this.#plan.topics) {
      for (const atMs of topic.cutsAtMs) at(atMs, () => this.#cutRecords(topic));
      for (const atMs of topic.switchesAtMs) at(atMs, () => this.#switchDurability(topic.name));
      if (topic.growsAtMs !== null) at(topic.growsAtMs, () => this.#grow(topic.name));
      if (topic.deletedAtMs !== null) at(topic.deletedAtMs, () => this.#delete(topic));
    }
  }

  /** Topics that are deleted from now on are not created again. */
  close(): void {
    this.#isClosed = true;
  }

  #alter(name: string, change: Partial<TopicPlan>): void {
    const topic = this.#current.get(name);
    if (topic !== undefined) this.#current.set(name, { ...topic, ...change });
  }

  /** One change at a time: two under way could be carried out in either order. */
  #switchDurability(name: string): void {
    const { world } = this.#stage;
    const before = this.#current.get(name)?.durability;
    if (before === undefined || this.#switching.has(name)) return;
    const durability = before === 'fsync' ? 'replicated' : 'fsync';
    const label = this.#stage.label(name);
    const note = (confirmed: boolean): void => {
      this.#stage.note({ kind: 'durability', atMs: world.nowMs, topic: label, durability, confirmed });
    };
    this.#switching.add(name);
    note(false);
    this.#admin.ask(
      alterTopic(name, ['weir.durability', durability], () => {
        note(true);
        this.#switching.delete(name);
        this.#alter(name, { durability });
      }),
    );
  }

  #grow(name: string): void {
    const partitionCount = (this.#current.get(name)?.partitionCount ?? 0) + 1;
    this.#admin.ask(growTopic(name, partitionCount, () => this.#alter(name, { partitionCount })));
  }

  /** Deletes records of one partition up to some offset that a client knows of. */
  #cutRecords(topic: TopicPlan): void {
    const { world, history } = this.#stage;
    const label = this.#stage.label(topic.name);
    const partition = world.prng.below(topic.partitionCount);
    let known = -1;
    for (const one of history) {
      const isThere = one.kind === 'acknowledged' && one.place.topic === label && one.place.partition === partition;
      if (isThere) known = Math.max(known, one.place.offset);
    }
    const isSometimesReplicated = topic.durability === 'replicated' || topic.switchesAtMs.length > 0;
    const strikes = this.#plan.faults.flatMap((fault) => [fault, ...fault.again]);
    const powerTakes = isSometimesReplicated && strikes.some(({ kind }) => kind === 'power');
    if (known < 0 || powerTakes || topic.deletedAtMs !== null) return;
    const offset = 1 + world.prng.below(known + 1);
    const note = (beforeOffset: number, confirmed: boolean): void => {
      this.#stage.note({ kind: 'cut', atMs: world.nowMs, topic: label, partition, beforeOffset, confirmed });
    };
    note(offset, false);
    const where = { topic: topic.name, partition, offset };
    this.#admin.ask(deleteRecords(where, (lowWatermark) => note(lowWatermark, true)));
  }

  /** The topic's producers die first, so that everything produced to the name later is meant for the new topic. */
  #delete(topic: TopicPlan): void {
    const { world } = this.#stage;
    this.#doomed.add(topic.name);
    for (const producer of this.producers) if (producer.topic === topic.name) producer.die();
    this.#openCount += 1;
    world.schedule(MOURNING_MS, () => {
      this.#stage.note({ kind: 'topic-deleted', atMs: world.nowMs, topic: this.#stage.label(topic.name) });
      this.#admin.ask(
        deleteTopic(topic.name, () => {
          this.#openCount -= 1;
          this.#current.delete(topic.name);
          if (topic.isRecreated && !this.#isClosed) this.#recreate(topic);
        }),
      );
    });
  }

  #recreate(topic: TopicPlan): void {
    this.#openCount += 1;
    this.#stage.labels.set(topic.name, `${topic.name}#2`);
    this.#admin.ask(
      createTopic(topic, () => {
        this.#openCount -= 1;
        this.#current.set(topic.name, topic);
        for (const producer of this.#plan.producers) {
          if (producer.topic !== topic.name) continue;
          this.producers.push(new SimProducer(this.#stage, { ...producer, name: `${producer.name}-again` }));
        }
      }),
    );
  }
}
