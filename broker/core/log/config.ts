/** Settings of one log, resolved. Sizes in bytes, times in ms; −1 means without limit where noted. */
export interface LogConfig {
  /** `segment.bytes`: a segment is rolled before it would grow past this. */
  readonly segmentBytes: number;
  /** `segment.ms`: a non-empty segment whose records span more than this is rolled. */
  readonly segmentMs: number;
  /** `segment.jitter.ms`: up to how much earlier than `segmentMs` a segment is rolled, by its own part of it. */
  readonly segmentJitterMs: number;
  /** `segment.index.bytes`: bound of one index file. */
  readonly segmentIndexBytes: number;
  /** `index.interval.bytes`: log bytes between two index entries. */
  readonly indexIntervalBytes: number;
  /** `retention.ms`; −1: records never grow too old. */
  readonly retentionMs: number;
  /** `retention.bytes`; −1: the log never grows too large. */
  readonly retentionBytes: number;
  /** `cleanup.policy` holds `delete`; else only the log start deletes segments. */
  readonly deletePolicy: boolean;
  /** `cleanup.policy` holds `compact`: the cleaner keeps the last record of each key. */
  readonly compactPolicy: boolean;
  /** `min.cleanable.dirty.ratio`: part of the log, in [0, 1], that is dirty before it is cleaned. */
  readonly minCleanableDirtyRatio: number;
  /** `min.compaction.lag.ms`: a record younger than this is not cleaned. */
  readonly minCompactionLagMs: number;
  /** `max.compaction.lag.ms`: a record older than this is cleaned whatever the ratio. */
  readonly maxCompactionLagMs: number;
  /** `delete.retention.ms`: a tombstone stays for this long after it was first cleaned. */
  readonly deleteRetentionMs: number;
  /** `producer.id.expiration.ms`: an idempotent producer silent for this long is forgotten. */
  readonly producerIdExpirationMs: number;
  /** `weir.durability`: `always` syncs after every write round, `lazy` at roll and checkpoint only. */
  readonly syncMode: 'always' | 'lazy';
  /** `flush.messages`: offsets that a `lazy` log may have written and not synced. */
  readonly flushMessages: number;
  /** `flush.ms`: how long what a `lazy` log wrote may wait for its sync. */
  readonly flushMs: number;
}

/** Kafka's own defaults, in Weir's default durability. */
export const DEFAULT_LOG_CONFIG: LogConfig = {
  segmentBytes: 1_073_741_824,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10_485_760,
  indexIntervalBytes: 4096,
  retentionMs: 604_800_000,
  retentionBytes: -1,
  deletePolicy: true,
  compactPolicy: false,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  deleteRetentionMs: 86_400_000,
  producerIdExpirationMs: 86_400_000,
  syncMode: 'always',
  flushMessages: Number.MAX_SAFE_INTEGER,
  flushMs: Number.MAX_SAFE_INTEGER,
};

/** How long a segment may be appended to: `segment.ms`, and in a compacted log no longer than records may stay dirty. */
export function segmentAgeMaxMs(config: LogConfig): number {
  return config.compactPolicy ? Math.min(config.segmentMs, config.maxCompactionLagMs) : config.segmentMs;
}
