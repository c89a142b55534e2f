/** Kinds of files of one segment, by suffix; `snapshot` holds the producers' state at its offset. */
export type SegmentFileKind = 'log' | 'index' | 'timeindex' | 'txnindex' | 'snapshot';

/** Checkpoint of a log's leader epochs, beside its segments. */
export const EPOCH_CHECKPOINT = 'leader-epoch-checkpoint';
/** The same with a checksum: what a start believes. */
export const SEALED_EPOCHS = 'leader-epochs.sealed';
/** Holds the topic's id, beside the segments. */
export const PARTITION_METADATA = 'partition.metadata';
/** The node's list of logs (D9). */
export const MANIFEST = 'logs.manifest';
/** The three checkpoints below in one, with a checksum: what a start believes. */
export const MARKS = 'logs.marks';
/** Durable mark per log (D7). */
export const RECOVERY_POINT_CHECKPOINT = 'recovery-point-offset-checkpoint';
/** High watermark per log. */
export const REPLICATION_CHECKPOINT = 'replication-offset-checkpoint';
/** Log start per log that does not begin with its first segment. */
export const LOG_START_CHECKPOINT = 'log-start-offset-checkpoint';
/** First offset per log that the cleaner has not cleaned yet. */
export const CLEANER_CHECKPOINT = 'cleaner-offset-checkpoint';
/** In a log's directory: below the offset in it the cleaner may have left gaps. Ours; Kafka passes over it. */
export const SPARSE_CHECKPOINT = 'sparse-end.sealed';
/** In a log's directory, empty: a start cut off bad bytes that may have counted (D8). */
export const SUSPECT = 'suspect';
/** Ending of a segment's file that the cleaner is writing; a start removes it. */
export const CLEANED_SUFFIX = '.cleaned';
/** Ending of a segment's file that is whole and takes the place of older ones; a start finishes that. */
export const SWAP_SUFFIX = '.swap';
/** Bytes without meaning that keep room for what frees room. */
export const BALLAST = 'ballast';
/** What was synced for many logs at once and not yet in each of them (D10). */
export const JOURNAL = 'logs.journal';
/** Proof of a clean shutdown; holds the broker epoch. */
export const CLEAN_SHUTDOWN = '.kafka_cleanshutdown';
/** The last epoch in which the broker asked to be let in (D4 c), beside the logs. */
export const BROKER_EPOCH = 'broker-epoch';
/** The metadata log's directory: beside the logs, and none of theirs. */
const METADATA_DIRECTORY = '__cluster_metadata-0';
/** Ending of the directory of a log that the manifest does not list any more. */
export const DELETED_SUFFIX = '.delete';

/** Ending of the directory of a damaged log whose place another one has taken. */
export const ASIDE_SUFFIX = '.damaged';

const NAME = /^(\d{20})\.(log|index|timeindex|txnindex|snapshot)$/;
const DIRECTORY = /^[a-zA-Z0-9._-]+-\d+$/;

/** Name of a segment's file: the base offset in 20 digits and the suffix. */
export function segmentFileName(baseOffset: number, kind: SegmentFileKind): string {
  return `${String(baseOffset).padStart(20, '0')}.${kind}`;
}

/** Base offset and kind of a file of a log directory; null for any other name or an offset past 2^53 (B5). */
export function parseSegmentFileName(
  name: string,
): { readonly baseOffset: number; readonly kind: SegmentFileKind } | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  const baseOffset = Number(match[1]);
  if (!Number.isSafeInteger(baseOffset)) return null;
  // The pattern allows exactly these.
  return { baseOffset, kind: match[2] as SegmentFileKind };
}

/** Base offsets of the segments that the cleaner had finished and not put in place yet, rising. */
export function swapBases(names: Iterable<string>): readonly number[] {
  const bases: number[] = [];
  for (const name of names) {
    if (!name.endsWith(SWAP_SUFFIX)) continue;
    const parsed = parseSegmentFileName(name.slice(0, -SWAP_SUFFIX.length));
    if (parsed?.kind === 'log') bases.push(parsed.baseOffset);
  }
  return bases.toSorted((a, b) => a - b);
}

/** Name of a log's directory, as Kafka has it. */
export function logDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** True for a name that a log's directory can have (a deleted one's has an ending that none can). */
export function isLogDirectoryName(name: string): boolean {
  return name !== METADATA_DIRECTORY && DIRECTORY.test(name);
}

/** Name that a deleted log's directory takes: it cannot clash with a new log of the same topic name. */
export function deletedDirectoryName(topicId: string, partition: number): string {
  return `${topicId}-${partition}${DELETED_SUFFIX}`;
}

/** Name that the directory of a damaged log takes when it is set aside. */
export function asideDirectoryName(topicId: string, partition: number): string {
  return `${topicId}-${partition}${ASIDE_SUFFIX}`;
}
