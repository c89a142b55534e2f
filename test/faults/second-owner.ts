import { type Crash, type History, judge } from './history.ts';

/**
 * Throws when the judge would not name a record that was handed to a second member while the first was at work on it. `when` says of
 * which time the record is to be, which is that of the crashes unless it is said; empty: of any.
 */
export function mustFindSecondOwner(history: History, when: readonly Crash[] = history.crashes): void {
  const { record, spoiled } = withSecondOwner(history, when);
  if (!judge(spoiled).some((one) => one.rule === 'record has two owners' && one.record.startsWith(`${record} `)))
    throw new Error(`nobody notices a second owner of ${record}`);
}

/** The history with a second owner of one record, and the place of the record. */
function withSecondOwner(
  history: History,
  when: readonly Crash[],
): { readonly record: string; readonly spoiled: History } {
  const { acquired, finished } = history;
  const ends = Map.groupBy(finished, ({ member, partition, offset }) => `${member} ${partition}:${offset}`);
  for (const first of acquired) {
    const { member, partition, offset, atMs } = first;
    const [end, ...others] = ends.get(`${member} ${partition}:${offset}`) ?? [];
    const isThen = when.length === 0 || when.some(({ fromMs, untilMs }) => fromMs <= atMs && atMs <= untilMs);
    if (end?.outcome !== 'accepted' || end.sentMs < atMs + 3 || others.length > 0 || !isThen) continue;
    const second = { ...first, member: 'nobody', atMs: atMs + 1 };
    const released = { ...end, member: 'nobody', outcome: 'released', sentMs: atMs + 2, atMs: atMs + 3 } as const;
    const spoiled = { ...history, acquired: [...acquired, second], finished: [...finished, released] };
    return { record: `${partition}:${offset}`, spoiled };
  }
  throw new Error('nobody was at work on a record then');
}

/** The shortest time for which a delivery was worked on before its end was sent, ms. */
export function shortestWorkMs({ acquired, finished }: Pick<History, 'acquired' | 'finished'>): number {
  const given = Map.groupBy(acquired, ({ member, partition, offset }) => `${member} ${partition}:${offset}`);
  let shortestMs = Number.POSITIVE_INFINITY;
  for (const { member, partition, offset, sentMs } of finished) {
    const times = (given.get(`${member} ${partition}:${offset}`) ?? []).filter(({ atMs }) => atMs <= sentMs);
    for (const { atMs } of times) shortestMs = Math.min(shortestMs, sentMs - atMs);
  }
  return shortestMs;
}
