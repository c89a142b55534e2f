import type { CleanerConfig } from '../../core/log/cleaner-config.ts';
import { filthiest } from '../../core/log/compaction-plan.ts';
import type { HashSecret } from '../../core/log/key-hash.ts';
import type { CleanerBugs } from '../../core/log/planted-bugs.ts';
import type { DiskFailure } from '../../ports/disk.ts';
import type { TimerHandle, Timers } from '../../ports/clock.ts';
import { runTask, type Task } from '../task.ts';
import { type CleanerJob, isCleaningEnded, newCounts } from './cleaner-job.ts';
import { CleanerPace } from './cleaner-pace.ts';
import { type CleanCandidate, cleanLog, findCleanable } from './cleaner-run.ts';
import { failureOf } from './disk-tasks.ts';
import { isDiskFull, isOutOfDescriptors } from '../disk-failure.ts';
import type { LogContext } from './log-context.ts';
import type { OpenLog } from './open-log.ts';
import type { Segment } from './segment.ts';

const UNSEEN =
  'compressed batches of a compacted log cannot be looked into: they are kept as they are, and all tombstones behind them';
const NO_ROOM = 'no room to compact a log, it is tried again later';

/** What the cleaner of a node needs. */
export interface CleanerDeps {
  readonly context: LogContext;
  readonly timers: Timers;
  readonly logs: () => Iterable<OpenLog>;
  /** Asked anew for each log: the settings are dynamic. */
  readonly config: () => CleanerConfig;
  /** Keys the hashes of one cleaning. */
  readonly secret: () => HashSecret;
  readonly bugs: CleanerBugs;
}

/** Figures of the cleaner, as plain numbers. */
export interface CleanerStats {
  readonly cleanedCount: number;
  readonly uncleanableCount: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesFreed: number;
  readonly throttledMs: number;
  readonly longestTurnMs: number;
  /** Of the last cleaning: its time in ms, and what it left of the bytes that it went over, in [0, 1]. */
  readonly lastCleanMs: number;
  readonly lastRecopyRatio: number;
  readonly mapUtilization: number;
  /** Largest dirty ratio and largest overdue time in ms that the last look found. */
  readonly dirtyRatioMax: number;
  readonly overdueMsMax: number;
}

interface Candidate extends CleanCandidate {
  readonly log: OpenLog;
}

/**
 * Compacts logs in the background (D13): always the dirtiest that is due. A failure never harms a log: what was written
 * aside is thrown away, and a log with bad bytes is left as it is.
 */
export class LogCleaner {
  readonly #deps: CleanerDeps;
  readonly #pace: CleanerPace;
  /** Logs under way. */
  readonly #busy = new Set<OpenLog>();
  /** Logs that are not cleaned any more in this life, with the reason. */
  readonly #uncleanable = new Map<OpenLog, string>();
  /** End of what could not be cleaned for an undecided transaction, by log: it is left alone until there is more. */
  readonly #stalledAt = new Map<OpenLog, number>();
  #running = 0;
  #timer: TimerHandle | null = null;
  #stopped = false;
  #idle: (() => void)[] = [];
  #choosing = false;
  readonly #stats = {
    cleanedCount: 0,
    bytesRead: 0,
    bytesWritten: 0,
    bytesFreed: 0,
    lastCleanMs: 0,
    lastRecopyRatio: 0,
    mapUtilization: 0,
    dirtyRatioMax: 0,
    overdueMsMax: 0,
  };

  constructor(deps: CleanerDeps) {
    this.#deps = deps;
    this.#pace = new CleanerPace(deps.context.clock, deps.timers, () => deps.config().ioMaxBytesPerSecond);
  }

  /** Begins to look for dirty logs. */
  start(): void {
    if (this.#deps.config().enabled) this.#wait();
  }

  /** Looks now, in place of after the pause; for tests and tools. */
  wake(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#next();
  }

  /** Ends what is under way; `done` when nothing is. */
  stop(done: () => void): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#pace.stop();
    if (this.#running === 0) done();
    else this.#idle.push(done);
  }

  stats(): CleanerStats {
    const { throttledMs, longestTurnMs } = this.#pace;
    return { ...this.#stats, uncleanableCount: this.#uncleanable.size, throttledMs, longestTurnMs };
  }

  #wait(): void {
    if (this.#stopped || this.#timer !== null) return;
    this.#timer = this.#deps.timers.after(this.#deps.config().backoffMs, () => {
      this.#timer = null;
      this.#next();
    });
  }

  /** Begins with the dirtiest log, if there is one and a thread is free. */
  #next(): void {
    if (this.#stopped || this.#choosing || this.#running >= this.#deps.config().threads) return;
    this.#choosing = true;
    this.#running += 1;
    runTask(this.#choose(), (error, candidate) => {
      this.#choosing = false;
      if (error !== null) this.#deps.context.log.warn({ error: String(error) }, 'looking for logs to clean failed');
      if (candidate === undefined || candidate === null || this.#stopped) {
        this.#ended();
        this.#wait();
        return;
      }
      this.#clean(candidate);
      this.#next();
    });
  }

  *#choose(): Task<Candidate | null> {
    const { context, logs, bugs } = this.#deps;
    const nowMs = context.clock.wallMs();
    const candidates: Candidate[] = [];
    this.#pace.resume();
    for (const log of this.#stalledAt.keys()) if (log.state === 'deleted') this.#stalledAt.delete(log);
    for (const log of this.#uncleanable.keys()) if (log.state === 'deleted') this.#uncleanable.delete(log);
    for (const log of [...logs()]) {
      if (this.#pace.isUsedUp) yield* this.#pace.breathe();
      if (!this.#isCleanable(log)) continue;
      log.rollAged(nowMs);
      const segments = [...log.body.segments.all];
      try {
        const found = yield* findCleanable(log.body, nowMs, bugs);
        if (this.#stalledAt.get(log) !== found.cleanable.endOffset) candidates.push({ log, ...found });
      } catch (error) {
        // What one log has no answer to must not keep the others dirty.
        this.#failed(log, segments, error);
      }
    }
    this.#stats.dirtyRatioMax = candidates.reduce((max, { cleanable }) => Math.max(max, cleanable.dirtyRatio), 0);
    this.#stats.overdueMsMax = candidates.reduce((max, { cleanable }) => Math.max(max, cleanable.overdueMs), 0);
    const found = filthiest(candidates.filter(({ log }) => this.#isCleanable(log)));
    if (found !== null) this.#busy.add(found.log);
    return found;
  }

  #isCleanable(log: OpenLog): boolean {
    if (!log.body.config.compactPolicy || this.#busy.has(log) || this.#uncleanable.has(log)) return false;
    return log.state === 'open' || log.state === 'read-only';
  }

  #clean(candidate: Candidate): void {
    const { log } = candidate;
    const { context, config, secret, bugs } = this.#deps;
    const startMs = context.clock.monotonicMs();
    const job: CleanerJob = {
      body: log.body,
      config: config(),
      pace: this.#pace,
      secret: secret(),
      bugs,
      counts: newCounts(),
      interrupted: () => {
        if (this.#stopped) return 'the node stops';
        return log.state === 'deleted' || log.state === 'damaged' ? `the log is ${log.state}` : '';
      },
    };
    runTask(cleanLog(job, log.jobs, candidate), (error) => {
      this.#busy.delete(log);
      this.#count(job, context.clock.monotonicMs() - startMs);
      this.#stalledAt.delete(log);
      const { firstDirtyOffset, endOffset } = candidate.cleanable;
      if (error === null && log.body.firstDirtyOffset <= firstDirtyOffset) this.#stalledAt.set(log, endOffset);
      if (error === null) this.#cleaned(job, candidate);
      else this.#failed(log, candidate.segments, error);
      this.#ended();
      // After a failure it is not tried again at once.
      if (error === null) this.#next();
      else this.#wait();
    });
  }

  #count({ counts }: CleanerJob, durationMs: number): void {
    this.#stats.bytesRead += counts.bytesRead;
    this.#stats.bytesWritten += counts.bytesWritten;
    this.#stats.mapUtilization = counts.mapUtilization;
    this.#stats.lastCleanMs = durationMs;
    this.#stats.lastRecopyRatio = counts.bytesBefore === 0 ? 1 : counts.bytesAfter / counts.bytesBefore;
  }

  #cleaned({ body, counts }: CleanerJob, { cleanable }: Candidate): void {
    const { bytesBefore, bytesAfter, unseenCount } = counts;
    this.#stats.cleanedCount += 1;
    this.#stats.bytesFreed += Math.max(0, bytesBefore - bytesAfter);
    this.#deps.context.log.info(
      { log: body.name, from: cleanable.firstDirtyOffset, to: body.firstDirtyOffset, bytesBefore, bytesAfter },
      'compacted a log',
    );
    if (unseenCount > 0) this.#deps.context.log.warn({ log: body.name, batches: unseenCount }, UNSEEN);
  }

  /** A log could not be cleaned, or looked into for it. */
  #failed(log: OpenLog, segments: readonly Segment[], error: unknown): void {
    const name = log.body.name;
    const report = this.#deps.context.log;
    if (isCleaningEnded(error)) {
      const reason = error.message;
      if (error.code === 'damaged') this.#giveUp(log, reason);
      else if (error.code === 'no-room') report.warn({ log: name, reason }, NO_ROOM);
      else report.debug({ log: name, reason }, 'a compaction was broken off');
      return;
    }
    const failure = failureOf(error);
    const isGone = this.#stopped || log.state === 'deleted' || !segments.every((segment) => isCurrent(log, segment));
    if (isDiskFull(failure)) {
      report.warn({ log: name, path: failure.path }, NO_ROOM);
    } else if (isReading(failure) && isOutOfDescriptors(failure)) {
      report.warn(
        { log: name, path: failure.path },
        'no file descriptor to compact a log with, it is tried again later',
      );
    } else if (failure.code === 'ENOENT' && isGone) {
      report.debug({ log: name, reason: failure.message }, 'a compaction was broken off');
    } else if (isReading(failure)) {
      this.#giveUp(log, `${failure.operation} ${failure.path}: ${failure.code}`);
    } else this.#deps.context.onFatal(failure);
  }

  /** Bad bytes are never written again as good ones: the log stays as it is, and somebody has to look at it. */
  #giveUp(log: OpenLog, reason: string): void {
    this.#uncleanable.set(log, reason);
    this.#deps.context.log.error(
      { log: log.body.name, reason },
      'a log has bad bytes and is not compacted any more; what was written is kept as it is',
    );
  }

  #ended(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    for (const done of this.#idle.splice(0)) done();
  }
}

/** False when its files may be gone: by retention, a cleaning, or a cut of the log. */
function isCurrent(log: OpenLog, segment: Segment): boolean {
  return log.body.segments.all.includes(segment);
}

/** An operation that changes nothing: its failure says nothing about what was written. */
function isReading(failure: DiskFailure): boolean {
  return ['open', 'read', 'readFile', 'fileSize', 'size', 'list'].includes(failure.operation);
}
