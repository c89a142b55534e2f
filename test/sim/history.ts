/** Where a record stands. `topic` is a topic's label: its name, with a mark when it is not the first of that name. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Why the node's leaderships ended. */
export type EndOfLife = 'power' | 'process' | 'stop';

/** What an acknowledgement says, or that it was the machine's own (`gap`). */
export type Verdict = 'accept' | 'release' | 'reject';

/** A record in a member's hands. */
export interface Holding {
  readonly group: string;
  readonly member: string;
  readonly place: Place;
}

/** What clients saw, in the order of time; times are one clock's milliseconds. Checkers read nothing else. */
export type Observation =
  /** `sequence`: an idempotent producer's own count; −1 for others, whose retries may make copies. */
  | {
      readonly kind: 'sent';
      readonly atMs: number;
      readonly value: string;
      readonly key: string | null;
      readonly producer: string;
      readonly sequence: number;
    }
  | { readonly kind: 'acknowledged'; readonly atMs: number; readonly value: string; readonly place: Place }
  /** The producer gave up and knows that no copy was stored. */
  | { readonly kind: 'refused'; readonly atMs: number; readonly value: string }
  /** A consumer read it, before the end. */
  | { readonly kind: 'read'; readonly atMs: number; readonly value: string; readonly place: Place }
  /**
   * A share group's member got the record from a broker that it asked at `askedMs`. It holds it until `untilMs` at the least and
   * `expiredMs` at the most.
   */
  | ({
      readonly kind: 'delivered';
      readonly atMs: number;
      readonly askedMs: number;
      readonly node: number;
      readonly value: string;
      readonly untilMs: number;
      readonly expiredMs: number;
      readonly deliveryCount: number;
    } & Holding)
  /** The member began to give it up: an acknowledgement was sent, or it closes. */
  | ({ readonly kind: 'giving-up'; readonly atMs: number; readonly verdict: Verdict } & Holding)
  /** A broker confirmed an acknowledgement that was sent to it at `sentMs`. */
  | ({
      readonly kind: 'settled';
      readonly atMs: number;
      readonly sentMs: number;
      readonly node: number;
      readonly verdict: Verdict;
    } & Holding)
  /** Nobody knows what became of an acknowledgement. */
  | ({ readonly kind: 'unsettled'; readonly atMs: number; readonly verdict: Verdict } & Holding)
  /**
   * The member's session with whoever is at an address (null: with everybody) is gone: its locks end whenever the broker
   * notices. An answer on its way may be lost; its deliveries count all the same, unless they went with the node (`cause`).
   */
  | {
      readonly kind: 'member-gone';
      readonly atMs: number;
      readonly group: string;
      readonly member: string;
      readonly node: number | null;
      readonly cause: 'connection' | 'node';
    }
  /**
   * A dead letter of a group, read at the end: of which record, how often that was delivered, why it died (`other`: it does not say), and
   * its copy; null: none.
   */
  | {
      readonly kind: 'letter';
      readonly atMs: number;
      readonly group: string;
      readonly place: Place;
      readonly deliveryCount: number;
      readonly reason: 'rejected' | 'exhausted' | 'other';
      readonly value: string | null;
    }
  /** A node said that it gave up so many dead letters, as it may (KIP-1191). */
  | {
      readonly kind: 'letters-given-up';
      readonly atMs: number;
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
      readonly count: number;
    }
  /** The group has no lag any more, for the first time after everything healed. */
  | { readonly kind: 'drained'; readonly atMs: number; readonly group: string }
  /** How far a group is in a partition, as it was told; `isHealed`: everything worked when it was asked. */
  | {
      readonly kind: 'progress';
      readonly atMs: number;
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
      readonly startOffset: number;
      readonly isHealed: boolean;
    }
  /** Somebody was told for the first time that a partition has another leader epoch; `node` null: nobody knows whose it was. */
  | {
      readonly kind: 'leads';
      readonly atMs: number;
      readonly topic: string;
      readonly partition: number;
      readonly node: number | null;
      readonly leaderEpoch: number;
    }
  /** Leaderships ended, and locks with them (S0). */
  | { readonly kind: 'leaders-changed'; readonly atMs: number; readonly cause: EndOfLife }
  /** DeleteRecords was asked for (`confirmed` false), then answered. */
  | {
      readonly kind: 'cut';
      readonly atMs: number;
      readonly topic: string;
      readonly partition: number;
      readonly beforeOffset: number;
      readonly confirmed: boolean;
    }
  /** The topic's durability was to change (`confirmed` false), then did (D3). */
  | {
      readonly kind: 'durability';
      readonly atMs: number;
      readonly topic: string;
      readonly durability: 'fsync' | 'replicated';
      readonly confirmed: boolean;
    }
  /** The topic's deletion was asked for: nothing is known of its records any more. */
  | { readonly kind: 'topic-deleted'; readonly atMs: number; readonly topic: string }
  /**
   * A partition's leader answered a reader, which asked it as the leader of an epoch. Batches: first offset, the one behind the
   * last, and the leader epoch in which it was appended.
   */
  | {
      readonly kind: 'fetched';
      readonly atMs: number;
      readonly reader: string;
      readonly topic: string;
      readonly partition: number;
      readonly leaderEpoch: number;
      readonly highWatermark: number;
      readonly logStartOffset: number;
      readonly batches: readonly { readonly from: number; readonly to: number; readonly epoch: number }[];
    }
  /** Where a leader epoch ended, as the leader said at the end. */
  | {
      readonly kind: 'epoch-end';
      readonly atMs: number;
      readonly topic: string;
      readonly partition: number;
      readonly epoch: number;
      readonly endOffset: number;
    }
  /** One record of the final scan. */
  | { readonly kind: 'scanned'; readonly atMs: number; readonly value: string; readonly place: Place }
  | {
      readonly kind: 'scan-bounds';
      readonly atMs: number;
      readonly topic: string;
      readonly partition: number;
      readonly startOffset: number;
      readonly endOffset: number;
    }
  /** A group's offset was to be committed (`confirmed` false), then was. */
  | {
      readonly kind: 'commit';
      readonly atMs: number;
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly confirmed: boolean;
    }
  /** A group's offset as it is told at the end; −1: none. */
  | {
      readonly kind: 'committed';
      readonly atMs: number;
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
    };

/** The observations of one kind. */
export type Seen<K extends Observation['kind']> = Extract<Observation, { readonly kind: K }>;

/** What a checker must know of a topic beside the history. */
export interface TopicFacts {
  /** At first. */
  readonly durability: 'fsync' | 'replicated';
  /** Records may be dropped by time once they are this old, ms; null: never. */
  readonly retentionMs: number | null;
  /** A record may go once a later one of its key is there. */
  readonly isCompacted: boolean;
}

/** What a checker must know of a share group. */
export interface GroupFacts {
  readonly deliveryLimit: number;
  readonly offsetReset: 'earliest' | 'latest';
  /** Labels of the topics it reads. */
  readonly topics: readonly string[];
  /** Absent: what dies leaves no dead letter. */
  readonly deadLetters?: { readonly areCopies: boolean };
}

/** Name of a record's place in messages and maps. */
export function placeKey(place: Place): string {
  return `${place.topic}-${place.partition}@${place.offset}`;
}

/** Labels of the topics whose deletion was asked for. */
export function deletedTopics(history: readonly Observation[]): ReadonlySet<string> {
  return new Set(history.flatMap((one) => (one.kind === 'topic-deleted' ? [one.topic] : [])));
}

/** What left the node before something happened arrives so long after it at the latest, ms. */
export const IN_FLIGHT_MS = 5;

/** Up to when `replicated` topics promise nothing: power went last shortly before; 0 when it never did. */
export function lastPowerLossMs(history: readonly Observation[]): number {
  const losses = history.filter((one) => one.kind === 'leaders-changed' && one.cause === 'power');
  const last = losses.at(-1);
  return last === undefined ? 0 : last.atMs + IN_FLIGHT_MS;
}

/** Whether what clients are told of a topic at a time outlives a loss of power: all the while it was `fsync` (D3). */
export function promiseOf(
  history: readonly Observation[],
  topic: string,
  facts: TopicFacts,
): (atMs: number) => boolean {
  const turns: { readonly atMs: number; readonly isPromised: boolean }[] = [];
  for (const one of history) {
    if (one.kind !== 'durability' || one.topic !== topic) continue;
    // What is under way when a change is confirmed may have been told before it.
    if (one.durability === 'replicated') turns.push({ atMs: one.atMs, isPromised: false });
    else if (one.confirmed) turns.push({ atMs: one.atMs + IN_FLIGHT_MS, isPromised: true });
  }
  return (atMs) => turns.findLast((turn) => turn.atMs <= atMs)?.isPromised ?? facts.durability === 'fsync';
}

/** Whether the topic was ever anything but `fsync`, as far as clients know. */
export function wasReplicated(
  history: readonly Observation[],
  topic: string,
  facts: Pick<TopicFacts, 'durability'>,
): boolean {
  if (facts.durability === 'replicated') return true;
  return history.some((one) => one.kind === 'durability' && one.topic === topic && one.durability === 'replicated');
}
