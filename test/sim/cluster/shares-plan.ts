import { createPrng, type Prng } from '../../../broker/core/base/prng.ts';
import type { GroupPlan, MemberPlan, TopicPlan } from '../plan.ts';

/** Who shares the records of a simulated cluster. */
export interface SharesPlan {
  readonly groups: readonly GroupPlan[];
  /** How often somebody asks how far the groups are, ms. */
  readonly askEveryMs: number;
  /** Topics that all this rests on, and that have several replicas. */
  readonly topics: readonly string[];
  /** Where dead letters go; null: no group has any. */
  readonly letters: TopicPlan | null;
  /** Settings of nodes with which happens within seconds what takes minutes in production. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Nobody shares records. */
export const NO_SHARES: SharesPlan = { groups: [], askEveryMs: 0, topics: [], letters: null, settings: {} };

/** Internal topics that share groups rest on. */
export const SHARE_TOPICS = ['__consumer_offsets', '__share_group_state'] as const;

/** Part of the worlds that have share groups. */
const SHARING_PART = 1 / 3;
/** Part of those in which what dies leaves a dead letter. */
const LETTERS_PART = 1 / 2;

const QUICK = {
  'group.share.min.record.lock.duration.ms': '1000',
  'group.share.min.session.timeout.ms': '500',
  'group.share.session.timeout.ms': '4000',
  'group.share.min.heartbeat.interval.ms': '100',
  'group.share.heartbeat.interval.ms': '1300',
} as const;

/** What of a cluster its share groups depend on. */
interface SharedWorld {
  readonly loadMs: number;
  readonly topics: readonly TopicPlan[];
  readonly brokerCount: number;
}

/** What there is in place of what the seed draws. */
export interface WantedShares {
  readonly hasShares?: boolean;
  /** Whether groups, if there are some, have dead letters. */
  readonly hasLetters?: boolean;
}

/**
 * Decides which share groups there are in the cluster of a seed, a third of them having some; draws nothing that another plan
 * draws.
 */
export function planShares(seed: number, world: SharedWorld, wanted: WantedShares): SharesPlan {
  const prng = createPrng(seed ^ 0x54_a2_e5);
  const isDrawn = prng.chance(SHARING_PART);
  if (!(wanted.hasShares ?? isDrawn) || world.topics.length === 0) return NO_SHARES;
  const plan: SharesPlan = {
    topics: SHARE_TOPICS,
    letters: null,
    groups: Array.from({ length: prng.chance(0.2) ? 2 : 1 }, (_, index) => planGroup(prng, index, world)),
    askEveryMs: between(prng, 2000, 6000),
    settings: {
      ...QUICK,
      'share.coordinator.snapshot.update.records.per.snapshot': pick(prng, ['3', '40', '500']),
    },
  };
  // Drawn apart: without dead letters a world stays what it was.
  const letters = createPrng(seed ^ 0x1e_77_e2);
  const isLettered = letters.chance(LETTERS_PART);
  return (wanted.hasLetters ?? isLettered) ? withLetters(letters, plan, world.brokerCount) : plan;
}

/** The same with dead letters, and members that give them reason. */
function withLetters(prng: Prng, plan: SharesPlan, brokerCount: number): SharesPlan {
  const topic = 'dlq.dead';
  const letters: TopicPlan = {
    ...{ name: topic, partitionCount: 1 + prng.below(2), replicationFactor: Math.min(3, brokerCount) },
    config: { 'errors.deadletterqueue.group.enable': 'true', 'min.insync.replicas': '2' },
    ...{ durability: 'fsync', retentionMs: null, cutsAtMs: [], switchesAtMs: [] },
    ...{ growsAtMs: null, deletedAtMs: null, isRecreated: false },
  };
  const groups = plan.groups.map((group): GroupPlan => {
    const members = group.members.map((member) => ({
      ...member,
      rejectPercent: pick(prng, [5, 20, 40]),
      releasePercent: pick(prng, [0, 10, 30]),
    }));
    const deadLetters = { topic, areCopies: prng.chance(0.3) };
    return { ...group, deliveryLimit: pick(prng, [2, 3, 5]), members, deadLetters };
  });
  return { ...plan, groups, letters, topics: [...plan.topics, topic] };
}

function pick<T>(prng: Prng, choices: readonly T[]): T {
  const chosen = choices[prng.below(choices.length)];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
}

function between(prng: Prng, min: number, max: number): number {
  return min + prng.below(max - min + 1);
}

/** Every group reads what has several replicas, some what has one as well. */
function planGroup(prng: Prng, index: number, { loadMs, topics }: SharedWorld): GroupPlan {
  const hasAll = prng.chance(0.2);
  const shared = topics.filter(({ replicationFactor = 1 }) => hasAll || replicationFactor > 1);
  return {
    id: `group-${index}`,
    topics: (shared.length === 0 ? topics : shared).map(({ name }) => name),
    lockMs: between(prng, 1000, 2500),
    deliveryLimit: pick(prng, [3, 5, 10, 10]),
    offsetReset: prng.chance(0.8) ? 'earliest' : 'latest',
    // They come and go; what nobody takes meanwhile waits.
    members: Array.from({ length: between(prng, 3, 5) }, (_, index) => {
      const joinMs = index === 0 ? 0 : prng.below(loadMs);
      return { ...planMember(prng), joinMs, endMs: joinMs + between(prng, 1500, 12_000) };
    }),
  };
}

function planMember(prng: Prng): Omit<MemberPlan, 'joinMs' | 'endMs'> {
  return {
    ending: prng.chance(0.6) ? 'kill' : 'close',
    wantCount: pick(prng, [5, 10, 50]),
    maxWaitMs: between(prng, 500, 1500),
    // Past the duration of locks they end before the acknowledgement comes.
    workMaxMs: pick(prng, [50, 300, 600, 1000, 3000]),
    releasePercent: pick(prng, [0, 0, 10, 30]),
    rejectPercent: pick(prng, [0, 0, 5]),
  };
}
