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
  producerIdExpirationMs: 86_400_000,
  syncMode: 'always',
  flushMessages: Number.MAX_SAFE_INTEGER,
  flushMs: Number.MAX_SAFE_INTEGER,
};
