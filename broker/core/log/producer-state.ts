/** The part of a batch header that idempotence looks at. */
export interface ProducerClaim {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
}

/** What a leader has to do with an idempotent producer's batch. */
export type ProducerVerdict =
  | { readonly kind: 'accept' }
  /** Appended before: answer with the original place, append nothing. */
  | { readonly kind: 'duplicate'; readonly baseOffset: number; readonly lastOffset: number; readonly timestampMs: number }
  /** OUT_OF_ORDER_SEQUENCE_NUMBER; `lastSequence` is the last one appended, −1 for none. */
  | { readonly kind: 'out-of-order-sequence'; readonly lastSequence: number }
  /** INVALID_PRODUCER_EPOCH: an older epoch than `currentEpoch`. */
  | { readonly kind: 'invalid-producer-epoch'; readonly currentEpoch: number }
  /** 10,000 live producers write to this partition already; a new one is refused. */
  | { readonly kind: 'too-many-producers' };
