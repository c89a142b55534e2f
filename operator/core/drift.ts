/** How far a backlog has moved away from what a status says of it, and for how long. */
export interface Drift {
  /** Whether there is more than the status says. */
  readonly isMore: boolean;
  /** Since when it is that far off, monotonic ms, for each of `DISTANCES`; null: it is not. */
  readonly sinceMs: readonly (number | null)[];
}

/** It is told again when it has been so many times as much, or as little, for so long. */
const DISTANCES = [
  { times: 10, afterMs: 60_000 },
  { times: 2, afterMs: 180_000 },
  { times: 1, afterMs: 600_000 },
] as const;
/** So many records are not many: they are added to both sides. */
const FEW = 100;

/** `backlog` is what a look found, another number than `told`, which the status has. */
export function driftAfter(
  before: Drift | null,
  { told, backlog, nowMs }: { readonly told: number; readonly backlog: number; readonly nowMs: number },
): Drift {
  const isMore = backlog > told;
  const earlier = before?.isMore === isMore ? before.sinceMs : [];
  const times = isMore ? (backlog + FEW) / (told + FEW) : (told + FEW) / (backlog + FEW);
  return { isMore, sinceMs: DISTANCES.map((one, at) => (times >= one.times ? (earlier[at] ?? nowMs) : null)) };
}

/** In how many ms it is to be told, if it stays as it is; 0: now. */
export function toldInMs({ sinceMs }: Drift, nowMs: number): number {
  const rests = DISTANCES.map(({ afterMs }, at) => {
    const since = sinceMs[at] ?? Number.POSITIVE_INFINITY;
    return since + afterMs - nowMs;
  });
  return Math.max(0, Math.min(...rests));
}
