import type { Cluster } from '../api/kinds.ts';

type MaintenanceWindow = NonNullable<Cluster['spec']['maintenanceWindows']>[number];

/** Whether it is time for maintenance. `nextMs`: when the next window begins, wall clock; null: never. */
export type Maintenance = { readonly isOpen: true } | { readonly isOpen: false; readonly nextMs: number | null };

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const MINUTE_MS = 60_000;
/** A window that began yesterday may still be open; each day of the week is among the days from then on. */
const DAYS_BACK = 1;
const DAYS_AHEAD = 8;

/**
 * Whether one of these windows is open at `nowMs` (wall clock). Without windows it always is. A window lasts as long as it says
 * from its start. A start that its day does not have is an hour later, one that the day has twice is the first.
 */
export function maintenanceAt(windows: readonly MaintenanceWindow[] | undefined, nowMs: number): Maintenance {
  if (windows === undefined) return { isOpen: true };
  let nextMs: number | null = null;
  for (const window of windows) {
    for (const startMs of startsAround(window, nowMs)) {
      if (startMs <= nowMs && nowMs < startMs + window.durationMinutes * MINUTE_MS) return { isOpen: true };
      if (startMs > nowMs && (nextMs === null || startMs < nextMs)) nextMs = startMs;
    }
  }
  return { isOpen: false, nextMs };
}

/** Time zones of windows that nobody knows: these never open. */
export function unknownTimeZones(windows: readonly MaintenanceWindow[] | undefined): readonly string[] {
  return (windows ?? []).map(({ timeZone }) => timeZone).filter((zone) => dateAt(0, zone) === null);
}

function startsAround({ days, start, timeZone }: MaintenanceWindow, nowMs: number): readonly number[] {
  const today = dateAt(nowMs, timeZone);
  if (today === null) return [];
  const starts: number[] = [];
  for (let day = -DAYS_BACK; day <= DAYS_AHEAD; day += 1) {
    const date = today.add({ days: day });
    if (days?.some((name) => DAYS.indexOf(name) + 1 === date.dayOfWeek) === false) continue;
    starts.push(date.toZonedDateTime({ timeZone, plainTime: start }).epochMilliseconds);
  }
  return starts;
}

function dateAt(ms: number, timeZone: string): Temporal.PlainDate | null {
  try {
    return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).toPlainDate();
  } catch {
    // Nothing else can be wrong with it: the time is one, and the schema has held the name against its pattern.
    return null;
  }
}
