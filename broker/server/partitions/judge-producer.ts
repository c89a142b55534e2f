import type { Buffer } from 'node:buffer';
import { PRODUCERS_MAX, type ProducerVerdict } from '../../core/log/producer-state.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import * as batch from '../../core/record/batch.ts';
import type { PartitionLog } from '../logs/partition-log.ts';

/** Why a batch of an idempotent producer is not appended: it is there already, or it does not follow. */
export type ProducerObjection =
  | Extract<ProducerVerdict, { readonly kind: 'duplicate' }>
  | { readonly kind: 'refused'; readonly errorCode: number; readonly message: string };

/** Null when the batch may be appended; to be asked right before. */
export function judgeProducer(log: PartitionLog, bytes: Buffer): ProducerObjection | null {
  const producerId = batch.producerId(bytes, 0);
  if (producerId === batch.NO_PRODUCER_ID) return null;
  const verdict = log.checkProducer({
    producerId,
    producerEpoch: batch.producerEpoch(bytes, 0),
    baseSequence: batch.baseSequence(bytes, 0),
    lastSequence: batch.lastSequence(bytes, 0),
  });
  const refused = (errorCode: number, message: string) => ({ kind: 'refused', errorCode, message }) as const;
  switch (verdict.kind) {
    case 'accept':
      return null;
    case 'duplicate':
      return verdict;
    case 'out-of-order-sequence':
      return refused(
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        `the last sequence of producer ${producerId} here is ${verdict.lastSequence}`,
      );
    case 'invalid-producer-epoch':
      return refused(
        ErrorCode.INVALID_PRODUCER_EPOCH,
        `the epoch of producer ${producerId} here is ${verdict.currentEpoch}`,
      );
    case 'too-many-producers':
      // Retriable: room is made as others expire, and a client that waits loses nothing.
      return refused(
        ErrorCode.THROTTLING_QUOTA_EXCEEDED,
        `this partition has ${PRODUCERS_MAX} live idempotent producers; those silent for producer.id.expiration.ms make room`,
      );
  }
}
