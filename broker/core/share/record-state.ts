/**
 * Delivery states of records in a share-partition, as they are numbered on disk and on the wire. ACQUIRED is never
 * persisted; ARCHIVING (KIP-1191) holds the start back until the record's dead letter is written.
 */
export const RecordState = {
  available: 0,
  acquired: 1,
  acknowledged: 2,
  archiving: 3,
  archived: 4,
} as const;

/** One of `RecordState`. */
export type RecordState = (typeof RecordState)[keyof typeof RecordState];

/** What a client says about a record: the numbers of AcknowledgeTypes. Renew needs ShareFetch/ShareAcknowledge v2. */
export const AcknowledgeType = {
  gap: 0,
  accept: 1,
  release: 2,
  reject: 3,
  renew: 4,
} as const;

/** True for the states that let the share-partition start offset pass. */
export function isTerminal(state: RecordState): boolean {
  return state === RecordState.acknowledged || state === RecordState.archived;
}
