/** Largest value of an `int`. */
export const INT_MAX = 2_147_483_647;
/** Largest value of a `long`: no limit. */
export const LONG_MAX_TEXT = '9223372036854775807';
/** Kafka's way to say that a single record has no limit of its own. */
export const DECOMPRESSED_SIZE_MAX = '2147483639';
/** No larger batch can be stored: recovery after a crash would take it for damage (core/log/recovery.ts). */
export const BATCH_SIZE_MAX = 104_857_600;
/** An hour in milliseconds. */
export const HOUR_MS = 3_600_000;
/** A minute in milliseconds. */
export const MINUTE_MS = 60_000;
