import { checkLog } from '../check-log.ts';
import type { Observation, Seen, TopicFacts } from '../history.ts';

/** What a checker must know of a cluster's records beside the history. */
export interface RecordFacts {
  /** Partitions all of whose replicas lost their disks, as `topic-partition`: nothing is promised of them. */
  readonly lost: ReadonlySet<string>;
  /** Partitions that were not read at the end. */
  readonly unread: ReadonlySet<string>;
  /** Producers that are content with the leader's word, on topics with several replicas: others may never have their records. */
  readonly weakProducers: ReadonlySet<string>;
}

/** What has to be there as well when somebody looks last. */
const IS_KEPT: ReadonlySet<Observation['kind']> = new Set(['acknowledged', 'read', 'delivered']);

/**
 * L1–L4 and the start of L5 by `checkLog`. L5: as told by the leader of an epoch, high watermark and log start go forward, and
 * nobody is given what lies above; L6: epochs of records only rise, and an epoch ended where the next one begins.
 */
export function checkRecords(
  history: readonly Observation[],
  topics: ReadonlyMap<string, TopicFacts>,
  { lost, unread, weakProducers }: RecordFacts,
): string[] {
  const kept = history.filter((one) => !lost.has(partitionOf(one)));
  // Without a last look nothing can be said of what is kept.
  const told = kept.filter((one) => !unread.has(partitionOf(one)) || !IS_KEPT.has(one.kind));
  const weak = new Set(
    kept.flatMap((one) => (one.kind === 'sent' && weakProducers.has(one.producer) ? [one.value] : [])),
  );
  const promised = told.filter((one) => one.kind !== 'acknowledged' || !weak.has(one.value));
  const answers = kept.filter((one): one is Seen<'fetched'> => one.kind === 'fetched');
  const ends = kept.filter((one): one is Seen<'epoch-end'> => one.kind === 'epoch-end');
  return [
    ...checkLog(promised, topics),
    ...checkForward(answers),
    ...checkEpochs(answers),
    ...checkEnds(answers, ends),
  ];
}

/** The partition that an observation is about, '' when it is about none. */
export function partitionOf(one: Observation): string {
  if ('place' in one) return `${one.place.topic}-${one.place.partition}`;
  return 'partition' in one ? `${one.topic}-${one.partition}` : '';
}

function checkForward(answers: readonly Seen<'fetched'>[]): string[] {
  const last = new Map<string, Seen<'fetched'>>();
  const problems: string[] = [];
  for (const one of answers) {
    const name = `${partitionOf(one)} in epoch ${one.leaderEpoch}`;
    const before = last.get(`${one.reader} ${name}`);
    last.set(`${one.reader} ${name}`, one);
    if (before !== undefined && one.highWatermark < before.highWatermark)
      problems.push(`L5: the high watermark of ${name} goes back from ${before.highWatermark} to ${one.highWatermark}`);
    if (before !== undefined && one.logStartOffset < before.logStartOffset)
      problems.push(`L5: the start of ${name} goes back from ${before.logStartOffset} to ${one.logStartOffset}`);
    const above = one.batches.find(({ to }) => to > one.highWatermark);
    if (above !== undefined)
      problems.push(`L5: ${one.reader} is given ${name} up to ${above.to}, above ${one.highWatermark}`);
  }
  return problems;
}

function checkEpochs(answers: readonly Seen<'fetched'>[]): string[] {
  const known = new Map<string, { readonly epoch: number; readonly reader: string }>();
  const problems: string[] = [];
  for (const { reader, batches, leaderEpoch, ...where } of answers) {
    const partition = partitionOf({ reader, batches, leaderEpoch, ...where });
    let highest = -1;
    for (const { from, epoch } of batches) {
      const place = `${partition}@${from}`;
      const before = known.get(place);
      if (before !== undefined && before.epoch !== epoch)
        problems.push(`L6: ${place} is of epoch ${before.epoch}, and of ${epoch}`);
      known.set(place, { epoch, reader });
      if (epoch < highest) problems.push(`L6: ${place} is of epoch ${epoch}, behind one of ${highest}`);
      if (epoch > leaderEpoch) problems.push(`L6: ${place} is of epoch ${epoch}, its leader was of ${leaderEpoch}`);
      highest = Math.max(highest, epoch);
    }
  }
  return problems;
}

/** An epoch ended where the first record of a later one stands; nothing is said of the last one. */
function checkEnds(answers: readonly Seen<'fetched'>[], ends: readonly Seen<'epoch-end'>[]): string[] {
  return ends.flatMap((one) => {
    const partition = partitionOf(one);
    const later = answers
      .filter((answer) => partitionOf(answer) === partition)
      .flatMap(({ batches }) => batches)
      .filter(({ epoch }) => epoch > one.epoch)
      .map(({ from }) => from);
    const next = Math.min(...later);
    if (later.length === 0 || next === one.endOffset) return [];
    return [`L6: epoch ${one.epoch} of ${partition} is said to end at ${one.endOffset}, the next begins at ${next}`];
  });
}
