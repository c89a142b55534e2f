import { createPrng, type Prng } from '../../broker/core/base/prng.ts';

/** A topic of a simulated world. */
export interface TopicPlan {
  readonly name: string;
  readonly partitionCount: number;
  /** Of each partition; absent: 1. */
  readonly replicationFactor?: number;
  readonly durability: 'fsync' | 'replicated';
  readonly config: Readonly<Record<string, string>>;
  /** Records younger than this are never dropped by time, ms; null: nothing is dropped by time. */
  readonly retentionMs: number | null;
  /** When DeleteRecords cuts its partitions, ms after the load began. */
  readonly cutsAtMs: readonly number[];
  /** When `weir.durability` changes to the other one, ms after the load began (D3). */
  readonly switchesAtMs: readonly number[];
  /** When it gets one more partition, ms after the load began; null: never. */
  readonly growsAtMs: number | null;
  /** When it is deleted, ms after the load began; null: never. */
  readonly deletedAtMs: number | null;
  /** Whether a topic of the same name is created afterwards. */
  readonly isRecreated: boolean;
}

/** A producing client. */
export interface ProducerPlan {
  readonly name: string;
  readonly topic: string;
  readonly startMs: number;
  readonly recordCount: number;
  /** Pause between bursts, and most records of one. */
  readonly pauseMs: number;
  readonly burstMax: number;
  readonly sizeMax: number;
  readonly idempotent: boolean;
  /** Every record has a key, as a compacted topic wants. */
  readonly isKeyed: boolean;
  readonly acks: -1 | 1;
  readonly lingerMs: number;
  readonly batchSizeMax: number;
  readonly deliveryTimeoutMs: number;
}

/** A member of a share group. */
export interface MemberPlan {
  readonly joinMs: number;
  /** When its process dies or closes; null: it stays. */
  readonly endMs: number | null;
  readonly ending: 'kill' | 'close';
  readonly wantCount: number;
  readonly maxWaitMs: number;
  /** Longest time between a delivery and its acknowledgement; past the lock's duration locks expire. */
  readonly workMaxMs: number;
  /** Parts of a hundred. */
  readonly releasePercent: number;
  readonly rejectPercent: number;
}

/** A share group. */
export interface GroupPlan {
  readonly id: string;
  readonly topics: readonly string[];
  readonly lockMs: number;
  readonly deliveryLimit: number;
  readonly offsetReset: 'earliest' | 'latest';
  readonly members: readonly MemberPlan[];
  /** Absent: what dies leaves no dead letter. */
  readonly deadLetters?: DeadLettersPlan;
}

/** Where a share group's dead letters go, and whether they carry their records. */
export interface DeadLettersPlan {
  readonly topic: string;
  readonly areCopies: boolean;
}

/** Something goes wrong. */
export interface FaultPlan {
  /** After the load began. */
  readonly atMs: number;
  readonly kind: 'power' | 'process' | 'restart' | 'cut' | 'pause';
  /** How long the node stays down, or stands still. */
  readonly downMs: number;
  /** Further crashes, each so long after the start before it: mostly within recovery. */
  readonly again: readonly { readonly afterMs: number; readonly kind: 'power' | 'process' }[];
}

/** Everything that a seed decides beforehand. */
export interface Plan {
  readonly settings: Readonly<Record<string, string>>;
  readonly diskLatencyMs: number;
  readonly loadMs: number;
  readonly topics: readonly TopicPlan[];
  readonly producers: readonly ProducerPlan[];
  readonly groups: readonly GroupPlan[];
  readonly faults: readonly FaultPlan[];
  /** Clients that read topics from end to end meanwhile: their pauses, ms. */
  readonly scanPausesMs: readonly number[];
  /** Clients that follow the end of one partition: their pauses, ms. */
  readonly tailPausesMs: readonly number[];
  /** Groups whose offsets are committed without members: their pauses, ms. */
  readonly commitPausesMs: readonly number[];
}

/** Settings that let things happen within seconds which take minutes in production. */
const QUICK = {
  'group.share.min.record.lock.duration.ms': '1000',
  'group.share.min.session.timeout.ms': '500',
  'group.share.session.timeout.ms': '3000',
  'group.share.min.heartbeat.interval.ms': '100',
  'group.share.heartbeat.interval.ms': '400',
  'log.retention.check.interval.ms': '700',
} as const;

function pick<T>(prng: Prng, choices: readonly T[]): T {
  const chosen = choices[prng.below(choices.length)];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
}

function between(prng: Prng, min: number, max: number): number {
  return min + prng.below(max - min + 1);
}

/** Decides what happens in the world of a seed. */
export function planWorld(seed: number): Plan {
  const prng = createPrng(seed ^ 0x5eed);
  const loadMs = between(prng, 1500, 5000);
  const topics = list(prng, between(prng, 1, 4), (index) => planTopic(prng, index, loadMs));
  const stable = topics.filter((topic) => topic.deletedAtMs === null);
  const table = planTable(seed, loadMs);
  return {
    settings: {
      ...QUICK,
      ...table.settings,
      // Not drawn, so that the rest of a world stays what it was.
      'weir.journal.bytes': seed % 3 === 0 ? '0' : '65536',
      'weir.journal.direct.syncs.max': String(seed % 2),
      'group.share.assignment.interval.ms': pick(prng, ['0', '200', '1000']),
      'offsets.topic.num.partitions': String(between(prng, 1, 4)),
      'share.coordinator.state.topic.num.partitions': String(between(prng, 1, 4)),
      'share.coordinator.snapshot.update.records.per.snapshot': pick(prng, ['0', '3', '40', '500']),
      'metadata.log.max.record.bytes.between.snapshots': pick(prng, ['500', '3000', '20971520']),
    },
    diskLatencyMs: pick(prng, [0.2, 1, 1, 5, 25]),
    loadMs,
    topics: [...topics, ...table.topics],
    producers: [
      ...list(prng, between(prng, 1, 4), (index) => planProducer(prng, index, topics, loadMs)),
      ...table.producers,
    ],
    groups: list(prng, between(prng, 1, 3), (index) => planGroup(prng, index, topics, loadMs)),
    faults: planFaults(prng, loadMs),
    scanPausesMs: stable.length === 0 ? [] : list(prng, prng.below(3), () => between(prng, 50, 900)),
    tailPausesMs: stable.length === 0 ? [] : list(prng, prng.below(4), () => between(prng, 0, 40)),
    commitPausesMs: list(prng, prng.below(3), () => between(prng, 5, 200)),
  };
}

function list<T>(_prng: Prng, count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function planTopic(prng: Prng, index: number, loadMs: number): TopicPlan {
  const config: Record<string, string> = {};
  const durability = prng.chance(0.8) ? 'fsync' : 'replicated';
  if (durability === 'replicated' || prng.chance(0.3)) config['weir.durability'] = durability;
  if (prng.chance(0.5)) config['segment.ms'] = String(between(prng, 100, 1500));
  if (prng.chance(0.3)) config['segment.index.bytes'] = String(pick(prng, [16, 64, 400]));
  if (prng.chance(0.4)) config['index.interval.bytes'] = String(pick(prng, [0, 100, 1000]));
  let retentionMs: number | null = null;
  if (prng.chance(0.15)) {
    retentionMs = between(prng, 800, 3000);
    config['retention.ms'] = String(retentionMs);
    config['segment.ms'] = String(between(prng, 100, 700));
  }
  const isDoomed = prng.chance(0.12);
  return {
    name: `topic-${index}`,
    partitionCount: between(prng, 1, 4),
    durability,
    config,
    retentionMs,
    cutsAtMs: prng.chance(0.25) ? list(prng, between(prng, 1, 3), () => between(prng, 300, loadMs)) : [],
    switchesAtMs:
      !isDoomed && prng.chance(0.15) ? list(prng, between(prng, 1, 3), () => between(prng, 100, loadMs)) : [],
    growsAtMs: !isDoomed && prng.chance(0.15) ? between(prng, 100, loadMs) : null,
    deletedAtMs: isDoomed ? between(prng, 200, loadMs) : null,
    isRecreated: prng.chance(0.6),
  };
}

/** In every fifth world there is a compacted topic; the others stay what they were. */
function planTable(seed: number, loadMs: number): Pick<Plan, 'settings' | 'topics' | 'producers'> {
  if (seed % 5 !== 4) return { settings: {}, topics: [], producers: [] };
  const prng = createPrng(seed ^ 0x7ab1e);
  const config = {
    'cleanup.policy': 'compact',
    'min.cleanable.dirty.ratio': prng.chance(0.5) ? '0' : '0.3',
    'segment.ms': String(between(prng, 50, 400)),
  };
  const fixed = { durability: 'fsync', retentionMs: null, cutsAtMs: [], switchesAtMs: [], isRecreated: false } as const;
  const partitionCount = between(prng, 1, 2);
  const topic = { name: 'table', partitionCount, config, growsAtMs: null, deletedAtMs: null, ...fixed };
  const producers = list(prng, between(prng, 1, 2), (index) => ({
    ...planProducer(prng, index, [topic], loadMs),
    name: `table-p${index}`,
    startMs: 0,
    isKeyed: true,
  }));
  const settings = { 'log.cleaner.backoff.ms': '50', 'log.cleaner.io.buffer.size': '4096' };
  return { settings, topics: [topic], producers };
}

function planProducer(prng: Prng, index: number, topics: readonly TopicPlan[], loadMs: number): ProducerPlan {
  return {
    name: `p${index}`,
    topic: pick(prng, topics).name,
    startMs: prng.below(loadMs / 2),
    recordCount: between(prng, 10, 150),
    pauseMs: between(prng, 5, 60),
    burstMax: between(prng, 1, 6),
    sizeMax: prng.chance(0.15) ? 12_000 : between(prng, 20, 800),
    idempotent: prng.chance(0.5),
    isKeyed: false,
    acks: -1,
    lingerMs: prng.chance(0.5) ? 0 : between(prng, 1, 25),
    batchSizeMax: pick(prng, [100, 1000, 16_384]),
    deliveryTimeoutMs: prng.chance(0.25) ? between(prng, 300, 1500) : 60_000,
  };
}

function planGroup(prng: Prng, index: number, topics: readonly TopicPlan[], loadMs: number): GroupPlan {
  const subscribed = topics.filter(() => prng.chance(0.6));
  const isSluggish = prng.chance(0.25);
  return {
    id: `group-${index}`,
    topics: (subscribed.length === 0 ? topics : subscribed).map((topic) => topic.name),
    lockMs: isSluggish ? 1000 : between(prng, 1000, 2500),
    deliveryLimit: isSluggish ? pick(prng, [2, 2, 3, 10]) : pick(prng, [2, 5, 10, 10, 10]),
    offsetReset: prng.chance(0.8) ? 'earliest' : 'latest',
    members: list(prng, between(prng, 1, 4), () => planMember(prng, loadMs, isSluggish)),
  };
}

/** In a sluggish group every other member keeps most records until their locks have ended. */
function planMember(prng: Prng, loadMs: number, isSluggish: boolean): MemberPlan {
  const joinMs = prng.chance(0.5) ? prng.below(100) : prng.below(loadMs);
  const ends = prng.chance(0.45);
  return {
    joinMs,
    endMs: ends ? joinMs + between(prng, 50, loadMs) : null,
    ending: prng.chance(0.6) ? 'kill' : 'close',
    wantCount: pick(prng, [1, 3, 10, 50]),
    maxWaitMs: between(prng, 20, 500),
    workMaxMs: isSluggish && prng.chance(0.5) ? 4000 : pick(prng, [0, 5, 50, 300, 3000]),
    releasePercent: pick(prng, [0, 0, 10, 50]),
    rejectPercent: pick(prng, [0, 0, 5]),
  };
}

function planFaults(prng: Prng, loadMs: number): FaultPlan[] {
  const count = prng.chance(0.1) ? 0 : between(prng, 1, 4);
  const faults = list(prng, count, (): FaultPlan => {
    const again = list(prng, prng.chance(0.3) ? between(prng, 1, 2) : 0, () => ({
      afterMs: pick(prng, [0, 2, 10, 40]) + prng.below(20),
      kind: pick(prng, ['power', 'process'] as const),
    }));
    const kind = pick(prng, ['power', 'power', 'process', 'restart', 'cut', 'cut', 'pause'] as const);
    const downMs = pick(prng, kind === 'pause' ? [50, 500, 2500] : [0, 5, 100, 600]) + prng.below(20);
    return { atMs: between(prng, 10, loadMs), kind, downMs, again };
  });
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}
