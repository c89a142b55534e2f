/** Settings of a node's log cleaner, resolved. Sizes in bytes, times in ms. */
export interface CleanerConfig {
  /** `log.cleaner.enable`: false leaves compacted logs as they are. */
  readonly enabled: boolean;
  /** `log.cleaner.threads`: logs cleaned at a time; they share the loop, the buffers and the throttle. */
  readonly threads: number;
  /** `log.cleaner.backoff.ms`: pause when no log is due. */
  readonly backoffMs: number;
  /** `log.cleaner.dedupe.buffer.size`: memory of the offset maps of all threads. */
  readonly dedupeBufferBytes: number;
  /** `log.cleaner.io.buffer.load.factor`: how full an offset map gets, in (0, 1]. */
  readonly loadFactor: number;
  /** `log.cleaner.io.buffer.size`: memory for reading and writing of all threads. */
  readonly ioBufferBytes: number;
  /** `log.cleaner.io.max.bytes.per.second`: bytes read and written by all threads. */
  readonly ioMaxBytesPerSecond: number;
}

/** Kafka's own defaults. */
export const DEFAULT_CLEANER_CONFIG: CleanerConfig = {
  enabled: true,
  threads: 1,
  backoffMs: 15_000,
  dedupeBufferBytes: 134_217_728,
  loadFactor: 0.9,
  ioBufferBytes: 524_288,
  ioMaxBytesPerSecond: Number.MAX_VALUE,
};
