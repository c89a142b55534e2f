import { RecordState } from './record-state.ts';

/** Why a record will not be delivered again. */
export type DeathReason = 'rejected' | 'exhausted';

/**
 * What a share group may decide about delivery; everything else of a share-partition is fixed. Dead letters, retry
 * back-off and their like are policies. Functions are pure and cheap: they run per run of records, on the hot path.
 */
export interface DeliveryPolicy {
  /**
   * How many records of a delivery unit of `unitSize` records may be acquired together when one among them was already
   * delivered `deliveryCount` times, of `limit` (≥ 2). `Infinity`: as many as the fetch wants. A finite cap makes the
   * delivery *throttled*: it shares its response with nothing else of the partition.
   */
  unitCap(unitSize: number, deliveryCount: number, limit: number): number;
  /** Monotonic ms before which a record that came back at `nowMs` stays out of reach; 0 for none. */
  returnAtMs(deliveryCount: number, nowMs: number): number;
  /**
   * State of a record that was rejected, or came back with no attempt left: ARCHIVING when a dead letter is to be written
   * first. `deadLetters`: whether the group has dead letters now.
   */
  deadState(reason: DeathReason, deadLetters: boolean): typeof RecordState.archived | typeof RecordState.archiving;
}

/**
 * Kafka's own rules: a record that keeps coming back is delivered with ever fewer others, at last alone, so that one
 * poison record does not take its neighbours to their limit; it comes back at once; a dead one is archived, when the group
 * has dead letters (KIP-1191) once one is written.
 */
export const STANDARD_POLICY: DeliveryPolicy = {
  unitCap(unitSize, deliveryCount, limit) {
    if (limit > 2 && deliveryCount >= limit - 1) return 1;
    const threshold = Math.max(2, Math.ceil(limit / 2));
    if (deliveryCount < threshold) return Number.POSITIVE_INFINITY;
    return Math.max(1, Math.floor(unitSize / 2 ** (deliveryCount - threshold + 1)));
  },
  returnAtMs: () => 0,
  deadState: (_, deadLetters) => (deadLetters ? RecordState.archiving : RecordState.archived),
};
