import type { TopicId } from '../core/base/ids.ts';
import type { MetadataDelta } from '../core/metadata/view.ts';
import type { TopicPart } from '../core/metadata/topic-table.ts';
import { ErrorCode } from '../core/protocol/errors.ts';
import type { TimerHandle, Timers } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { MetadataCommand } from '../core/metadata/commands.ts';
import type { ControlPlane } from './control-plane.ts';
import type { LogManager, PartitionLog } from './logs/partition-log.ts';

/** Partitions that one command names. */
const CHUNK_COUNT = 1000;
const TIMEOUT_MS = 10_000;
/** Pause before what was not carried out is said again, ms. */
const AGAIN_MS = 500;
/** Partitions lose their leaders together: one look serves them all, ms. */
const LOOK_MS = 20;

/** What the reports are made of. */
export interface ReplicaReportsDeps {
  readonly timers: Timers;
  readonly log: Log;
  readonly nodeId: number;
  readonly control: ControlPlane;
  readonly logs: LogManager;
}

interface Reference {
  readonly topicId: string;
  readonly index: number;
}

/**
 * What the controller can't know of this broker's logs: which turned out damaged in use (D7), and how far those reach that have
 * no leader (D8). Both are said until they are heard; how far logs reach also to each new active controller, which keeps that
 * in memory.
 */
export class ReplicaReports {
  readonly #deps: ReplicaReportsDeps;
  #damaged: (Reference & { readonly topicId: TopicId; readonly partition: number })[] = [];
  #isReporting = false;
  /** A look at the leaderless partitions that is due. */
  #look: TimerHandle | null = null;
  #isStopped = false;

  constructor(deps: ReplicaReportsDeps) {
    this.#deps = deps;
    deps.logs.onDamage((log) => this.#foundDamaged(log));
    deps.control.onDelta((delta) => {
      if (this.#loses(delta)) this.#lookSoon(LOOK_MS);
    });
    deps.control.onController(() => this.#lookSoon(LOOK_MS));
    this.#lookSoon(0);
  }

  /** Nothing is said any more. */
  stop(): void {
    this.#isStopped = true;
    this.#look?.cancel();
  }

  #foundDamaged({ topicId, partition }: PartitionLog): void {
    this.#damaged.push({ topicId, index: partition, partition });
    this.#reportDamage();
  }

  #reportDamage(): void {
    if (this.#isReporting || this.#isStopped) return;
    // What was fetched again and is in sync by now was heard, though no answer came.
    this.#damaged = this.#damaged.filter((one) => this.#deps.logs.isIncomplete(one));
    if (this.#damaged.length === 0) return;
    this.#isReporting = true;
    const partitions = this.#damaged.slice(0, CHUNK_COUNT).map(({ topicId, index }) => ({ topicId, index }));
    this.#say({ kind: 'reportDamage', ...this.#self, partitions }, (isHeard) => {
      this.#isReporting = false;
      if (isHeard) this.#damaged.splice(0, partitions.length);
      this.#deps.timers.after(isHeard ? 0 : AGAIN_MS, () => this.#reportDamage());
    });
  }

  /** Whether a partition with a replica here has lost its leader. */
  #loses({ partitionsChanged }: MetadataDelta): boolean {
    return partitionsChanged.some(
      ({ partition: { leader, replicas } }) => leader === -1 && replicas.some((id) => id === this.#deps.nodeId),
    );
  }

  #lookSoon(delayMs: number): void {
    if (this.#isStopped) return;
    this.#look ??= this.#deps.timers.after(delayMs, () => {
      this.#look = null;
      this.#reportLogs([...this.#ends(this.#deps.control.leaderless())]);
    });
  }

  #reportLogs(ends: readonly (Reference & { readonly lastEpoch: number; readonly endOffset: number })[]): void {
    if (ends.length === 0 || this.#isStopped) return;
    const partitions = ends.slice(0, CHUNK_COUNT);
    this.#say({ kind: 'reportLogs', ...this.#self, partitions }, (isHeard) => {
      if (isHeard) this.#reportLogs(ends.slice(CHUNK_COUNT));
      else this.#lookSoon(AGAIN_MS);
    });
  }

  *#ends(
    parts: Iterable<TopicPart>,
  ): Generator<Reference & { readonly lastEpoch: number; readonly endOffset: number }> {
    for (const { id: topicId, partitions } of parts) {
      for (const { index } of partitions) {
        const log = this.#deps.logs.get(topicId, index);
        if (log === null || log.state === 'deleted' || this.#deps.logs.isIncomplete(log)) continue;
        yield { topicId, index, lastEpoch: log.latestEpoch, endOffset: log.logEndOffset };
      }
    }
  }

  get #self(): { readonly brokerId: number; readonly brokerEpoch: number } {
    return { brokerId: this.#deps.nodeId, brokerEpoch: this.#deps.control.brokerEpoch };
  }

  #say(command: MetadataCommand, done: (isHeard: boolean) => void): void {
    this.#deps.control.submit(command, TIMEOUT_MS, ({ kind, errorCode, errorMessage }) => {
      const isLost = kind === 'failed' && errorCode !== ErrorCode.POLICY_VIOLATION;
      if (!isLost && errorCode !== ErrorCode.NONE)
        this.#deps.log.warn({ errorCode, errorMessage }, `the controller does not take a ${command.kind}`);
      done(!isLost);
    });
  }
}
