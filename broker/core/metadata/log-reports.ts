import { brokerId, type BrokerId, topicId } from '../base/ids.ts';
import { isOnItsDisk } from './election.ts';
import type { MetadataImage } from './image.ts';
import type { ElectMostCompleteCommand } from './internal-commands.ts';
import type { ReportLogsCommand } from './replica-commands.ts';
import type { PartitionState } from './topic.ts';

/** How long the others are waited for after the first that could lead has said how far it has the log (D8), ms. */
export const REPORT_WAIT_MS = 2000;
/** What was asked for and did not come to pass is asked for again after this time, ms. */
const AGAIN_MS = 250;
/** Most partitions that one command elects a leader for. */
const ELECTED_COUNT_MAX = 1000;

interface Report {
  readonly brokerEpoch: number;
  readonly lastEpoch: number;
  readonly endOffset: number;
}

/** What was said of one partition since it lost its leader. */
interface Heard {
  readonly topicId: string;
  readonly index: number;
  readonly leaderEpoch: number;
  /** Of replicas only, each once. */
  readonly byBroker: Map<BrokerId, Report>;
  /** When the wait for others ends; null before somebody who could lead is there. */
  dueMs: number | null;
}

/**
 * How far brokers have the logs of partitions without a leader, as they told this active controller (D8): lost with its
 * leadership, and told again to the next one. What is kept is bounded by the replicas of such partitions.
 *
 * - **D8** When nobody of ISR and ELR is left, the log with the largest (last epoch, end offset) leads, of all replicas that have
 *   said theirs: at once when all are heard, else 2 s after the first of the last known leaders. An end that lies further in the
 *   same epoch, or in a later one, has all that counted in a shorter one, whoever has it. Where those of the ELR are left, and the
 *   log of each of them ended in bad bytes (it is a last known one, too), the largest of theirs leads when all of them are heard.
 */
export class LogReports {
  readonly #heard = new Map<string, Heard>();
  #isNew = false;

  /** Takes note of what a current incarnation says. */
  report(image: MetadataImage, { brokerId: from, brokerEpoch, partitions }: ReportLogsCommand): void {
    const id = brokerId(from);
    if (image.broker(id)?.epoch !== brokerEpoch) return;
    for (const { topicId: topic, index, lastEpoch, endOffset } of partitions) {
      const partition = image.topicById(topicId(topic))?.partition(index);
      if (partition === undefined || partition.leader !== -1 || !partition.replicas.includes(id)) continue;
      const { leaderEpoch } = partition;
      const key = `${topic} ${index}`;
      let heard = this.#heard.get(key);
      if (heard?.leaderEpoch !== leaderEpoch)
        heard = { topicId: topic, index, leaderEpoch, byBroker: new Map(), dueMs: null };
      heard.byBroker.set(id, { brokerEpoch, lastEpoch, endOffset });
      this.#heard.set(key, heard);
      this.#isNew = true;
    }
  }

  /** Brokers came, went, or were let in: it may be decided now. */
  brokersChanged(): void {
    this.#isNew = this.#heard.size > 0;
  }

  /** When to call `elect` at the latest, monotonic ms; `Infinity` while nothing can come of it. */
  nextWakeMs(nowMs: number): number {
    if (this.#isNew) return nowMs;
    let next = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#heard.values()) if (dueMs !== null) next = Math.min(next, dueMs);
    return next;
  }

  /** Who is to lead where it can be said now; null when nowhere. */
  elect(image: MetadataImage, nowMs: number): ElectMostCompleteCommand | null {
    this.#isNew = false;
    const partitions: ElectMostCompleteCommand['partitions'][number][] = [];
    for (const [key, heard] of this.#heard) {
      const partition = image.topicById(topicId(heard.topicId))?.partition(heard.index);
      if (partition === undefined || partition.leader !== -1 || partition.leaderEpoch !== heard.leaderEpoch) {
        this.#heard.delete(key);
        continue;
      }
      const chosen = choose(image, partition, heard, nowMs);
      if (chosen === null) continue;
      if (partitions.length === ELECTED_COUNT_MAX) {
        this.#isNew = true;
        break;
      }
      heard.dueMs = nowMs + AGAIN_MS;
      partitions.push({ topicId: heard.topicId, index: heard.index, brokerId: chosen });
    }
    return partitions.length === 0 ? null : { kind: 'electMostComplete', partitions };
  }
}

function choose(image: MetadataImage, partition: PartitionState, heard: Heard, nowMs: number): BrokerId | null {
  const { isr, elr, lastKnownElr, replicas } = partition;
  const diskOf = (id: number): string | null => image.broker(brokerId(id))?.directoryId ?? null;
  const holding = replicas.filter((id) => isOnItsDisk(partition, id, diskOf));
  const present = holding.filter((id) => {
    const report = heard.byBroker.get(id);
    return report !== undefined && report.brokerEpoch === image.broker(id)?.epoch && image.mayLead(id);
  });
  const most = (ids: readonly BrokerId[]): BrokerId | null =>
    ids.reduce(
      (best: BrokerId | null, id) =>
        best !== null && !hasMore(heard.byBroker.get(id), heard.byBroker.get(best)) ? best : id,
      null,
    );
  if (isr.length === 0 && elr.length > 0 && elr.every((id) => lastKnownElr.includes(id) && present.includes(id)))
    return most(elr);
  if (isr.length > 0 || elr.length > 0 || !present.some((id) => lastKnownElr.includes(id))) {
    heard.dueMs = null;
    return null;
  }
  heard.dueMs ??= nowMs + REPORT_WAIT_MS;
  if (present.length < holding.length && nowMs < heard.dueMs) return null;
  // Those that were eligible first, so that they win where nobody has more.
  return most([...present].sort((a, b) => Number(lastKnownElr.includes(b)) - Number(lastKnownElr.includes(a))));
}

function hasMore(one: Report | undefined, other: Report | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return one.lastEpoch === other.lastEpoch ? one.endOffset > other.endOffset : one.lastEpoch > other.lastEpoch;
}
