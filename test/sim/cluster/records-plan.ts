import { createPrng } from '../../../broker/core/base/prng.ts';
import type { ProducerPlan, TopicPlan } from '../plan.ts';

/** Who produces what into a simulated cluster, and who reads it. */
export interface RecordsPlan {
  readonly topics: readonly TopicPlan[];
  readonly producers: readonly ProducerPlan[];
  /** Pauses of readers between two fetches, ms; partitions are read one after the other's. */
  readonly readerPausesMs: readonly number[];
}

/** No records at all. */
export const NO_RECORDS: RecordsPlan = { topics: [], producers: [], readerPausesMs: [] };

const FOR_EVER = { retentionMs: null, cutsAtMs: [], switchesAtMs: [], growsAtMs: null, deletedAtMs: null } as const;

/** Decides which records there are in the cluster of a seed; draws nothing that another plan draws. */
export function planRecords(seed: number, loadMs: number, brokerCount: number): RecordsPlan {
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

/** The same with one producer more, which asks nobody but the leader of several replicas. */
export function withWeakProducer(plan: RecordsPlan): RecordsPlan {
  const topic = plan.topics.find(({ replicationFactor = 1 }) => replicationFactor > 1)?.name ?? '';
  const weak = plan.producers.slice(0, 1).map((one): ProducerPlan => {
    return { ...one, name: 'weak', topic, idempotent: false, acks: 1, deliveryTimeoutMs: 60_000 };
  });
  return { ...plan, producers: [...plan.producers, ...weak] };
}
