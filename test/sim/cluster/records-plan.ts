import { createPrng } from '../../../broker/core/base/prng.ts';
import type { ProducerPlan, TopicPlan } from '../plan.ts';

/** Who produces what into a simulated cluster, and who reads it. */
export interface RecordsPlan {
  readonly topics: readonly TopicPlan[];
  readonly producers: readonly ProducerPlan[];
  /** Pauses of readers between two fetches, ms; partitions are read one after the other's. */
  readonly readerPausesMs: readonly number[];
}

/** What a test may change about records. */
export interface WantedRecords {
  /** Nobody produces records: what is looked for is in the metadata. */
  readonly isBare?: boolean;
  /** There is a topic that is not always synced, or none, in place of what the seed draws. */
  readonly hasUnsynced?: boolean;
  /** One producer more, which is content with the word of the leader of several replicas. */
  readonly asksLeaderAlone?: boolean;
}

/** The world that records are planned for. */
interface RecordsWorld {
  readonly seed: number;
  readonly loadMs: number;
  readonly brokerCount: number;
}

/** No records at all. */
const NO_RECORDS: RecordsPlan = { topics: [], producers: [], readerPausesMs: [] };

/** The topic that is not always synced. */
export const UNSYNCED_TOPIC = 'unsynced';

const FOR_EVER = { retentionMs: null, cutsAtMs: [], switchesAtMs: [], growsAtMs: null, deletedAtMs: null } as const;

/** The records of the cluster of a seed, but for what a test wants. */
export function recordsOf(world: RecordsWorld, wanted: WantedRecords): RecordsPlan {
  if (wanted.isBare === true) return NO_RECORDS;
  const plan = withUnsynced(planRecords(world), world, wanted);
  return wanted.asksLeaderAlone === true ? withWeakProducer(plan) : plan;
}

/** Decides which records there are in the cluster of a seed; draws nothing that another plan draws. */
function planRecords({ seed, loadMs, brokerCount }: RecordsWorld): RecordsPlan {
  const prng = createPrng(seed ^ 0x4ec0_4d5);
  const topics = Array.from({ length: 2 }, (_, index): TopicPlan => {
    const config = prng.chance(0.5) ? { 'segment.ms': String(2000 + prng.below(20_000)) } : {};
    const partitionCount = 1 + prng.below(2);
    // The first topic has one replica a partition, the second one as many as Kafka's rule of thumb.
    const copies =
      index === 0
        ? { config, replicationFactor: 1 }
        : { config: { ...config, 'min.insync.replicas': '2' }, replicationFactor: Math.min(3, brokerCount) };
    return { name: `data-${index}`, partitionCount, durability: 'fsync', isRecreated: false, ...copies, ...FOR_EVER };
  });
  const producers = Array.from({ length: 3 }, (_, index): ProducerPlan => {
    const pauseMs = 250 + prng.below(400);
    const burstMax = 1 + prng.below(4);
    return {
      name: `p${index}`,
      topic: topics[index % topics.length]?.name ?? '',
      startMs: 0,
      recordCount: Math.ceil((loadMs / pauseMs) * ((1 + burstMax) / 2)),
      ...{ pauseMs, burstMax, isKeyed: false, sizeMax: 20 + prng.below(400) },
      // The first one never makes copies; the last one asks its leader alone.
      idempotent: index === 0 || prng.chance(0.5),
      acks: index === 2 && prng.chance(0.7) ? 1 : -1,
      ...{ lingerMs: prng.chance(0.5) ? 0 : 20, batchSizeMax: 16_384 },
      deliveryTimeoutMs: prng.chance(0.5) ? 3000 + prng.below(5000) : 60_000,
    };
  }).map((plan) => (plan.acks === 1 ? { ...plan, idempotent: false } : plan));
  return { topics, producers, readerPausesMs: Array.from({ length: 3 }, () => 20 + prng.below(400)) };
}

/** A part of the worlds has a topic that counts what is written, some of them in turns with what is synced. */
const UNSYNCED_PART = 0.25;
const SWITCHES_MAX = 5;

/**
 * The same with a topic of several replicas more that is `replicated` (D3), for good or until it is switched under load. Drawn apart:
 * without it a world stays what it was.
 */
function withUnsynced(plan: RecordsPlan, world: RecordsWorld, { hasUnsynced }: WantedRecords): RecordsPlan {
  const prng = createPrng(world.seed ^ 0x3a_91_c7);
  const isDrawn = prng.chance(UNSYNCED_PART);
  const [model] = plan.producers;
  if (!(hasUnsynced ?? isDrawn) || model === undefined) return plan;
  const durability = prng.chance(0.7) ? 'replicated' : 'fsync';
  const switches = durability === 'fsync' || prng.chance(0.5) ? 1 + prng.below(SWITCHES_MAX) : 0;
  const topic: TopicPlan = {
    ...{ name: UNSYNCED_TOPIC, partitionCount: 1 + prng.below(2), replicationFactor: Math.min(3, world.brokerCount) },
    config: { 'weir.durability': durability, 'min.insync.replicas': '2' },
    ...{ durability, isRecreated: false, ...FOR_EVER },
    switchesAtMs: Array.from({ length: switches }, () => prng.below(world.loadMs)).toSorted((a, b) => a - b),
  };
  const producer: ProducerPlan = { ...model, name: 'unsynced', topic: topic.name, deliveryTimeoutMs: 60_000 };
  return {
    topics: [...plan.topics, topic],
    producers: [...plan.producers, producer],
    readerPausesMs: [...plan.readerPausesMs, 20 + prng.below(400)],
  };
}

/** The same with one producer more, which asks nobody but the leader of several replicas. */
function withWeakProducer(plan: RecordsPlan): RecordsPlan {
  const topic = plan.topics.find(({ replicationFactor = 1 }) => replicationFactor > 1)?.name ?? '';
  const weak = plan.producers.slice(0, 1).map((one): ProducerPlan => {
    return { ...one, name: 'weak', topic, idempotent: false, acks: 1, deliveryTimeoutMs: 60_000 };
  });
  return { ...plan, producers: [...plan.producers, ...weak] };
}
