import type { Crc32c } from '../base/checksum.ts';
import type { ReadRecord } from '../record/iterate.ts';
import type { ClientOptions } from './machine.ts';

/**
 * What a member says about a record, as numbered on the wire; 0 (gap) is said for offsets without a record. `renew` (KIP-1222)
 * finishes nothing: the member goes on holding the record, for a whole lock from now on. A broker that does not know it
 * (ShareAcknowledge before v2) ends the consumer with UNSUPPORTED_VERSION.
 */
export const Acknowledgement = { gap: 0, accept: 1, release: 2, reject: 3, renew: 4 } as const;

/** A wire number of `Acknowledgement`. */
export type AcknowledgementType = (typeof Acknowledgement)[keyof typeof Acknowledgement];

/** A record that this member holds until it acknowledges it with anything but `renew`, or its lock expires. */
export interface ShareRecord extends ReadRecord {
  readonly topic: string;
  readonly partition: number;
  /** 1 for the first delivery. */
  readonly deliveryCount: number;
}

/** What a share consumer is told. */
export type ShareConsumerCommand =
  | {
      readonly kind: 'acknowledge';
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly type: AcknowledgementType;
    }
  /** Most records to hold at a time from now on; 0 stops fetching. */
  | { readonly kind: 'want'; readonly count: number }
  /** Raises the limit of records to hand out in all. */
  | { readonly kind: 'more'; readonly count: number }
  /** Sends what is acknowledged, gives the rest back, leaves the group; `closed` follows within `closeTimeoutMs`. */
  | { readonly kind: 'close' };

/** What a share consumer tells. */
export type ShareConsumerEvent =
  | { readonly kind: 'joined'; readonly memberEpoch: number }
  /** Partitions as `topic-partition`, sorted. */
  | { readonly kind: 'assigned'; readonly partitions: readonly string[] }
  /** `node`: id of the broker that handed them out, each for `lockTimeoutMs`. */
  | {
      readonly kind: 'records';
      readonly records: readonly ShareRecord[];
      readonly lockTimeoutMs: number;
      readonly node: number;
    }
  /**
   * What became of acknowledgements, once for every `acknowledge`. Code NONE: done. `certain` false: the broker may have
   * taken it, but its answer was lost. A record whose renewal is not done is not held any more.
   */
  | {
      readonly kind: 'settled';
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly type: AcknowledgementType;
      readonly code: number;
      readonly certain: boolean;
    }
  /** A try failed and another follows; for logs. */
  | { readonly kind: 'trouble'; readonly code: number; readonly reason: string }
  /** Nothing further will work; close it. */
  | { readonly kind: 'fatal'; readonly code: number; readonly reason: string }
  | { readonly kind: 'closed' };

/** What a share consumer is made with. */
export interface ShareConsumerOptions extends ClientOptions {
  readonly groupId: string;
  /** Unique; made by the caller, at most 36 characters. */
  readonly memberId: string;
  readonly topics: readonly string[];
  readonly rack: string | null;
  /** How long a fetch may wait at the broker for records, in ms. */
  readonly maxWaitMs: number;
  /**
   * Most records to hold at a time, at first; see the command `want`. A broker without KIP-1206's record limit gives
   * whole batches and may bring more.
   */
  readonly want: number;
  /** Most records to hand out in all; absent: without limit. */
  readonly limit?: number;
  readonly closeTimeoutMs: number;
  readonly crc32c: Crc32c;
}

/** A partition as the sessions name it. */
export interface SharePartitionName {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

/** Key of a partition in maps. */
export function shareKey(topicId: string, partition: number): string {
  return `${topicId}:${partition}`;
}
