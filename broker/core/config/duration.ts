const PATTERN = /^P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?$/i;

/**
 * Milliseconds of an ISO 8601 duration as `java.time.Duration` writes it (`PnDTnHnMn.nS`, not negative), rounded down;
 * null when the text is none. A `P` or `T` with nothing after it is none.
 */
export function parseDurationMs(text: string): number | null {
  const match = PATTERN.exec(text);
  if (match === null || /[PT]$/i.test(text)) return null;
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = match;
  const wholeMs = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000;
  return wholeMs + Math.floor(Number(seconds) * 1000);
}

/** Where a share group starts on a partition that it has not read yet (`share.auto.offset.reset`). */
export type ShareOffsetReset =
  | { readonly kind: 'latest' }
  | { readonly kind: 'earliest' }
  | { readonly kind: 'by-duration'; readonly durationMs: number };

/** Reads a validated `share.auto.offset.reset`. */
export function parseShareOffsetReset(text: string): ShareOffsetReset {
  if (text === 'earliest') return { kind: 'earliest' };
  const durationMs = text.startsWith('by_duration:') ? parseDurationMs(text.slice('by_duration:'.length)) : null;
  return durationMs === null ? { kind: 'latest' } : { kind: 'by-duration', durationMs };
}
