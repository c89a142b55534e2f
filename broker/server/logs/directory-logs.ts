import { assert } from '../../core/base/assert.ts';
import type { TopicId } from '../../core/base/ids.ts';
import { encodeCleanShutdown } from '../../core/log/checkpoints.ts';
import type { LogConfig } from '../../core/log/config.ts';
import { CLEAN_SHUTDOWN, logDirectoryName, MANIFEST } from '../../core/log/file-names.ts';
import type { LogMarks, MarkedLog } from '../../core/log/marks.ts';
import { NO_LOG_BUGS, type PlantedLogBugs } from '../../core/log/planted-bugs.ts';
import { encodeManifest } from '../../core/log/manifest.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';
import type { Compression } from '../../ports/compression.ts';
import type { Disk, DiskFailure } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import { PartitionMap } from '../partition-map.ts';
import { Permits } from '../permits.ts';
import { runTask, step, type Task } from '../task.ts';
import { AsideLogs } from './aside-logs.ts';
import { LogCleaner } from './cleaner.ts';
import { ColdCache } from './cold-cache.ts';
import { CheckpointStore, NO_MARKS } from './checkpoint-store.ts';
import { failureOf, inParallel, replaceFile, waitFor } from './disk-tasks.ts';
import { FileCache } from './file-cache.ts';
import { IndexCache } from './index-cache.ts';
import { isDiskFull } from '../disk-failure.ts';
import { marksOf } from './log-body.ts';
import { type LogContext, newCounters } from './log-context.ts';
import { FileShortage } from './file-shortage.ts';
import { flushAll } from './flush-all.ts';
import { Journal } from './journal.ts';
import { loadLog } from './log-loader.ts';
import { DEFAULT_OPTIONS, type LogManagerOptions } from './log-options.ts';
import { forgetSuspect } from './suspect-mark.ts';
import { removeLogs } from './log-removal.ts';
import { collectStats } from './log-stats.ts';
import { OpenLog } from './open-log.ts';
import type { LogManager, LogManagerStats, LogSpec, PartitionLog } from './partition-log.ts';
import { SharedRound } from './shared-round.ts';
import { SpaceWatch } from './space-watch.ts';
import { TailCache } from './tail-cache.ts';

/** What the logs of a node need. */
export interface LogManagerDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly compression: Compression;
  readonly crc32c: Crc32c;
  readonly log: Log;
  /** The node's one data directory (D11); made when missing. */
  readonly directory: string;
  /** Settings of a log until `configure` tells better. */
  readonly defaultConfig: LogConfig;
  /** A write or sync failed: the process must end (D11). Nothing is acknowledged after it. */
  readonly onFatal: (failure: DiskFailure) => void;
  readonly options?: Partial<LogManagerOptions>;
  /** What a test breaks on purpose. */
  readonly bugs?: PlantedLogBugs;
}

/** How often the room on the disk is looked at: often enough that what is kept free outlasts a look. */
const SPACE_CHECK_INTERVAL_MS = 1000;

/** Logs loaded, saved or removed at once. */
export const PARALLEL_LOGS = 16;
/** Logs that a checkpoint syncs at once: the disk has lanes left for what is waited for. */
const PARALLEL_SYNCS = 4;
/** Compressed batches looked into at once, for all searches by time. */
const INSPECTIONS_MAX = 1;
/** After a full disk refused a change of the list of logs, it is tried again this much later. */
const RETRY_MS = 1000;

/** A log of the node and what the manifest says of it. */
interface Listed {
  readonly log: OpenLog;
  /** What the checkpoints said of a damaged log; its own marks mean nothing. */
  readonly damagedMarks: LogMarks | null;
}

type Manifested = Pick<PartitionLog, 'topic' | 'topicId' | 'partition' | 'state'>;

/** The logs of one data directory. Made by `openLogManager`. */
export class DirectoryLogManager implements LogManager {
  readonly counters = newCounters();
  readonly #deps: LogManagerDeps;
  readonly #options: LogManagerOptions;
  readonly #context: LogContext;
  readonly #store: CheckpointStore;
  readonly #space: SpaceWatch;
  readonly #checkpoints: SharedRound;
  readonly #cleaner: LogCleaner;
  /** Damaged logs that were replaced. */
  readonly aside: AsideLogs;
  readonly #logs = new PartitionMap<Listed>();
  /** Topic id of the log that has a directory, by its name. */
  readonly #directories = new Map<string, TopicId>();
  #sorted: readonly PartitionLog[] | null = null;
  /** Changes of the list of logs, one after the other. */
  readonly #changes: (() => Task<void>)[] = [];
  #changing = false;
  #idle: (() => void)[] = [];
  #timers: TimerHandle[] = [];
  #closing = false;
  /** Damage was found while stopping: a clean start would believe the log. */
  #manifestDue = false;
  readonly #damageListeners: ((log: PartitionLog) => void)[] = [];

  constructor(deps: LogManagerDeps) {
    this.#deps = deps;
    this.#options = { ...DEFAULT_OPTIONS, ...deps.options };
    this.#store = new CheckpointStore(deps.disk, deps.directory, deps.crc32c);
    const appendedBytes = (): number => this.#context.counters.appendedBytes;
    this.#space = new SpaceWatch({ ...deps, minFree: this.#options.minFree, appendedBytes });
    this.#checkpoints = new SharedRound((done) => {
      this.#retrying(() => this.#store.write(this.#marks()), done);
    });
    // The segments of `replicated` logs stay open until they are synced.
    const files = new FileCache(deps.disk, this.#options.openFilesMax, () => shortage.noticed());
    const shortage = new FileShortage(
      deps.timers,
      () => files.isShort,
      (done) => flushAll([...this.#context.unsynced], PARALLEL_SYNCS, done, 'written'),
    );
    this.#context = {
      disk: deps.disk,
      clock: deps.clock,
      timers: deps.timers,
      crc32c: deps.crc32c,
      compression: deps.compression,
      inspections: new Permits(INSPECTIONS_MAX),
      upkeep: new Permits(PARALLEL_LOGS),
      unsynced: new Set(),
      journal: new Journal({ ...deps, counters: this.counters, bugs: deps.bugs ?? NO_LOG_BUGS }, this.#options),
      log: deps.log,
      files,
      indexes: new IndexCache(files, this.#options.indexCacheBytes),
      tails: new TailCache(this.#options.tailCacheBytes),
      cold: new ColdCache(this.#options.coldCacheBytes),
      counters: this.counters,
      bugs: deps.bugs ?? NO_LOG_BUGS,
      snapshotIntervalBytes: this.#options.snapshotIntervalBytes,
      isClockTrusted: this.#options.isClockTrusted,
      onFatal: deps.onFatal,
      damaged: () => this.#rememberDamage(),
      checkpoint: (done) => this.#checkpoints.request(done),
      vouchesBeyond: (name, offset) => this.#store.vouchesBeyond(name, offset),
    };
    this.aside = new AsideLogs(deps.disk, deps.directory, () => this.#context);
    this.#cleaner = new LogCleaner({
      context: this.#context,
      timers: deps.timers,
      logs: () => [...this.#logs.values()].map(({ log }) => log),
      config: this.#options.cleaner,
      secret: this.#options.hashSecret,
      bugs: this.#options.cleanerBugs,
    });
  }

  /** The checkpoints, for opening. */
  get store(): CheckpointStore {
    return this.#store;
  }

  onDamage(listener: (log: PartitionLog) => void): void {
    this.#damageListeners.push(listener);
  }

  get isLowOnSpace(): boolean {
    return this.#space.isLow;
  }

  troubles(): readonly string[] {
    const { readOnlyCount } = this.stats();
    if (readOnlyCount === 0) return this.#space.troubles();
    return [...this.#space.troubles(), `${readOnlyCount} logs take no records because the disk was full`];
  }

  all(): readonly PartitionLog[] {
    this.#sorted ??= [...this.#logs.values()]
      .map(({ log }) => log)
      .toSorted((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
    return this.#sorted;
  }

  get(topicId: TopicId, partition: number): PartitionLog | null {
    return this.#logs.get(topicId, partition)?.log ?? null;
  }

  create(specs: readonly LogSpec[], done: (logs: readonly PartitionLog[]) => void): void {
    const giveAll = (): void => {
      const made = specs.map((spec) => ({ spec, log: this.get(spec.topicId, spec.partition) }));
      for (const { spec, log } of made) log?.configure(spec.config);
      done(made.flatMap(({ log }) => log ?? []));
    };
    if (specs.every((spec) => this.get(spec.topicId, spec.partition) !== null) && !this.#changing) {
      giveAll();
      return;
    }
    this.#change(() => this.#create(specs), giveAll);
  }

  delete(ids: readonly { readonly topicId: TopicId; readonly partition: number }[], done: () => void): void {
    this.#change(() => this.#delete(ids), done);
  }

  replaceDamaged(spec: LogSpec, done: () => void): void {
    this.#change(() => this.#replace(spec), done);
  }

  isIncomplete(id: { readonly topicId: TopicId; readonly partition: number }): boolean {
    return this.get(id.topicId, id.partition)?.state === 'damaged' || this.aside.has(id);
  }

  trust(id: { readonly topicId: TopicId; readonly partition: number }): void {
    if (this.aside.has(id)) this.#change(() => this.aside.drop(id));
    const { log } = this.#logs.get(id.topicId, id.partition) ?? {};
    if (log?.isSuspect === true) this.#change(() => forgetSuspect(this.#deps.disk, log));
  }

  checkpoint(done: () => void): void {
    this.#syncAll(() => this.#checkpoints.request(done));
  }

  runRetention(): void {
    for (const { log } of this.#logs.values()) log.runRetention();
  }

  clean(): void {
    this.#cleaner.wake();
  }

  resumeWrites(): void {
    for (const { log } of this.#logs.values()) log.resume();
  }

  shutdown(brokerEpoch: number, done: () => void): void {
    this.#closing = true;
    for (const timer of this.#timers) timer.cancel();
    this.#retrying(() => this.#shutdown(brokerEpoch), done);
  }

  stats(): LogManagerStats {
    const logs = [...this.#logs.values()].map(({ log }) => log);
    const { clock } = this.#deps;
    return collectStats({ logs, context: this.#context, space: this.#space, cleaner: this.#cleaner.stats(), clock });
  }

  /** Loads a listed log and takes it in. Used while opening. */
  *load(spec: LogSpec, marks: LogMarks, found: { readonly clean: boolean; readonly damaged: boolean }): Task<OpenLog> {
    const directory = this.#path(spec);
    const loaded = yield* loadLog({
      context: this.#context,
      directory,
      config: spec.config,
      ...marks,
      clean: found.clean,
      knownDamage: found.damaged ? 'it was found damaged at an earlier start' : '',
      endOffsetMax: Number.POSITIVE_INFINITY,
    });
    const { damage } = loaded;
    const log = this.#adopt(spec, loaded, marks);
    const name = { topic: spec.topic, partition: spec.partition };
    if (damage !== '') this.#deps.log.error({ ...name, reason: damage }, 'a log is damaged and is kept aside');
    else if (loaded.cut !== '') this.#deps.log.warn({ ...name, reason: loaded.cut }, 'recovered a log');
    return log;
  }

  /** Starts the periodic work. */
  start(): void {
    this.#space.check(() => undefined);
    this.#every(SPACE_CHECK_INTERVAL_MS, (again) => {
      this.#space.check(() => {
        if (!this.#space.isLow) this.resumeWrites();
        again();
      });
    });
    this.#every(this.#options.checkpointIntervalMs, (again) => {
      this.#context.cold.dropIdle(this.#deps.clock.monotonicMs());
      this.checkpoint(again);
    });
    this.#every(this.#options.retentionCheckIntervalMs, (again) => {
      this.runRetention();
      again();
    });
    this.#every(this.#options.producerCheckIntervalMs, (again) => {
      for (const { log } of this.#logs.values()) log.expireProducers();
      again();
    });
    this.#cleaner.start();
  }

  /** Writes the list of logs; durable at the end. */
  *writeManifest(logs: Iterable<Manifested>): Task<void> {
    const entries = [...logs].map(({ topic, topicId, partition, state }) => ({
      topic,
      topicId,
      partition,
      damaged: state === 'damaged',
    }));
    yield* replaceFile(this.#deps.disk, this.#deps.directory, MANIFEST, encodeManifest(entries, this.#deps.crc32c));
  }

  #adopt(spec: LogSpec, loaded: ConstructorParameters<typeof OpenLog>[0]['loaded'], marks: LogMarks): OpenLog {
    const { topic, topicId, partition } = spec;
    const { logStartOffset, highWatermark, firstDirtyOffset } = marks;
    const of = { ...spec, context: this.#context, directory: this.#path(spec) };
    const log = new OpenLog({ ...of, loaded, logStartOffset, highWatermark, firstDirtyOffset });
    this.#logs.set(topicId, partition, { log, damagedMarks: loaded.damage === '' ? null : marks });
    this.#directories.set(logDirectoryName(topic, partition), topicId);
    this.#sorted = null;
    return log;
  }

  *#create(specs: readonly LogSpec[]): Task<void> {
    const missing = new Map<string, LogSpec>();
    for (const spec of specs) {
      if (this.get(spec.topicId, spec.partition) === null) missing.set(keyOf(spec.topicId, spec.partition), spec);
    }
    if (missing.size === 0) return;
    const made = [...missing.values()];
    const { disk, directory } = this.#deps;
    yield* this.#freeNames(made);
    yield* inParallel(made, PARALLEL_LOGS, (spec) => step<void>((done) => disk.makeDirectory(this.#path(spec), done)));
    // Directories first: a listed log without one is damaged (D9).
    yield* step<void>((done) => disk.syncDirectory(directory, done));
    const listed = made.map(({ topic, topicId, partition }) => ({ topic, topicId, partition, state: 'open' as const }));
    yield* this.writeManifest([...this.all(), ...listed]);
    yield* inParallel(made, PARALLEL_LOGS, (spec) => this.#loadNew(spec));
  }

  *#loadNew(spec: LogSpec): Task<void> {
    yield* this.load(spec, NO_MARKS, { clean: false, damaged: false });
  }

  /** Writes down which logs were found damaged while in use, and keeps what was known of them (D7). */
  #rememberDamage(): void {
    if (this.#context.bugs.forgetsDamage) return;
    for (const { log, damagedMarks } of this.#logs.values()) {
      if (log.state !== 'damaged' || damagedMarks !== null) continue;
      this.#logs.set(log.topicId, log.partition, { log, damagedMarks: marksOf(log.body) });
      for (const listener of this.#damageListeners) listener(log);
    }
    const write = (): Task<void> => this.writeManifest(this.all());
    if (this.#closing) this.#manifestDue = true;
    else this.#change(write);
  }

  /** Makes sure that nothing of an earlier log with the same directory name is taken for the new one's. */
  *#freeNames(specs: readonly LogSpec[]): Task<void> {
    const names = specs.map((spec) => logDirectoryName(spec.topic, spec.partition));
    const replaced = specs.flatMap((spec) => {
      const topicId = this.#directories.get(logDirectoryName(spec.topic, spec.partition));
      return topicId === undefined ? [] : [{ topicId, partition: spec.partition }];
    });
    if (replaced.length > 0) yield* this.#delete(replaced);
    if (names.some((name) => this.#store.names(name))) {
      yield* waitFor((done) => {
        this.#checkpoints.request(done);
      });
    }
  }

  *#delete(ids: readonly { readonly topicId: TopicId; readonly partition: number }[]): Task<void> {
    const gone = new Map<string, OpenLog>();
    for (const { topicId, partition } of ids) {
      const listed = this.#logs.get(topicId, partition);
      if (listed !== undefined) gone.set(keyOf(topicId, partition), listed.log);
    }
    for (const id of ids) yield* this.aside.drop(id);
    if (gone.size === 0) return;
    const logs = [...gone.values()];
    yield* this.#close(logs);
    yield* this.writeManifest(this.all().filter((log) => !gone.has(keyOf(log.topicId, log.partition))));
    this.#forget(logs);
    yield* removeLogs(this.#context, this.#deps.directory, logs, PARALLEL_LOGS);
  }

  /** Ends all work on logs. */
  *#close(logs: readonly OpenLog[]): Task<void> {
    const { journal } = this.#context;
    yield* inParallel(logs, logs.length, function* (log) {
      yield* waitFor((done) => log.close('deleted', done));
      // Before the manifest: a log of the same id may come back, without what this one had.
      yield* waitFor((done) => journal.forget(log.body.writer, done));
    });
  }

  #forget(logs: readonly OpenLog[]): void {
    for (const log of logs) {
      this.#logs.delete(log.topicId, log.partition);
      this.#directories.delete(logDirectoryName(log.topic, log.partition));
    }
    this.#sorted = null;
  }

  /** After a crash in between the log is listed as damaged still, or there and empty. */
  *#replace(spec: LogSpec): Task<void> {
    const log = this.#logs.get(spec.topicId, spec.partition)?.log;
    if (log?.state !== 'damaged') return;
    yield* this.#close([log]);
    yield* this.aside.take(log);
    this.#forget([log]);
    yield* this.#create([spec]);
  }

  *#shutdown(brokerEpoch: number): Task<void> {
    yield* waitFor((done) => this.#cleaner.stop(done));
    yield* waitFor((done) => {
      if (this.#changing) this.#idle.push(done);
      else done();
    });
    const logs = [...this.#logs.values()].map(({ log }) => log);
    yield* inParallel(logs, PARALLEL_LOGS, (log) => waitFor((done) => log.prepareShutdown(done)));
    yield* waitFor((done) => this.#checkpoints.request(done));
    if (this.#manifestDue) yield* this.writeManifest(logs);
    yield* waitFor((done) => this.#context.journal.close(done));
    const { disk, directory } = this.#deps;
    yield* replaceFile(disk, directory, CLEAN_SHUTDOWN, encodeCleanShutdown(brokerEpoch));
    this.#context.files.forgetUnder('');
  }

  /** Syncs in the segments everything that was accepted by now. Only logs with something to sync are looked at. */
  #syncAll(done: () => void): void {
    flushAll([...this.#context.unsynced], PARALLEL_SYNCS, done);
  }

  #path(spec: { readonly topic: string; readonly partition: number }): string {
    return `${this.#deps.directory}/${logDirectoryName(spec.topic, spec.partition)}`;
  }

  #marks(): readonly MarkedLog[] {
    return [...this.#logs.values()].map(({ log, damagedMarks }) => ({
      topic: log.topic,
      partition: log.partition,
      marks: damagedMarks ?? marksOf(log.body),
    }));
  }

  #change(task: () => Task<void>, done: () => void = () => undefined): void {
    assert(!this.#closing, 'no log is made or deleted after shutdown began');
    this.#changes.push(function* () {
      yield* task();
      done();
    });
    if (!this.#changing) this.#nextChange();
  }

  #nextChange(): void {
    const change = this.#changes.shift();
    this.#changing = change !== undefined;
    if (change === undefined) {
      for (const done of this.#idle.splice(0)) done();
      return;
    }
    this.#retrying(change, () => {
      this.#nextChange();
    });
  }

  /** Runs a task that a full disk only delays; any other failure of the disk is fatal (D11). */
  #retrying(task: () => Task<void>, done: () => void): void {
    runTask(task(), (error) => {
      if (error === null) {
        done();
        return;
      }
      const failure = failureOf(error);
      if (!isDiskFull(failure)) {
        this.#deps.onFatal(failure);
        return;
      }
      this.#deps.log.error({ path: failure.path, code: failure.code }, 'the disk is full');
      this.#deps.timers.after(RETRY_MS, () => {
        this.#retrying(task, done);
      });
    });
  }

  #every(intervalMs: number, work: (again: () => void) => void): void {
    const slot = this.#timers.length;
    const schedule = (): void => {
      if (this.#closing) return;
      this.#timers[slot] = this.#deps.timers.after(intervalMs, () => {
        work(schedule);
      });
    };
    schedule();
  }
}

function keyOf(topicId: string, partition: number): string {
  return `${topicId}-${partition}`;
}
