import type { Disk, DiskFile } from '../../../broker/ports/disk.ts';
import { NoRoomForJournal, type OpenedLogs } from '../../../broker/server/logs/log-manager.ts';
import type { LogSpec, PartitionLog } from '../../../broker/server/logs/partition-log.ts';
import { NO_LOG_BUGS, type JournalBug } from '../../../broker/core/log/planted-bugs.ts';
import { LogWorld, spec } from './log-world.ts';

/** Mistakes that a correct checker must notice. */
export type PlantedBug = 'no-file-sync' | 'no-directory-sync' | 'answer-before-sync' | JournalBug;

interface Model {
  readonly spec: LogSpec;
  /** Value by offset of everything accepted in this life or kept from an earlier one. */
  values: Map<number, string>;
  endOffset: number;
  /** Given up when the disk was full, but maybe on it still: a crash may bring back records below this. */
  ghostEnd: number;
  startOffset: number;
  /** Largest offset that was reported durable, and written. */
  durable: number;
  written: number;
  epoch: number;
}

/** One seeded history of logs, with crashes, and its checks. Throws what it finds wrong, with the seed. */
export class LogCrashRun {
  readonly #seed: number;
  readonly #world: LogWorld;
  readonly #keepPageCache: boolean;
  readonly #tight: boolean;
  readonly #models: Model[] = [];
  #sent = 0;

  /** `tight`: the disk is so small that it fills up again and again. */
  constructor(
    seed: number,
    options: { readonly keepPageCache?: boolean; readonly tight?: boolean; readonly bug?: PlantedBug } = {},
  ) {
    this.#seed = seed;
    this.#keepPageCache = options.keepPageCache ?? false;
    this.#tight = options.tight ?? false;
    this.#world = new LogWorld(seed, {
      tailCacheBytes: 3000,
      openFilesMax: 4,
      snapshotIntervalBytes: 2500,
      checkpointIntervalMs: seed % 5 === 0 ? 10_000 : 300,
      // A third of the runs has no journal, in the others it is as small as it can be and begun anew all the time.
      journalBytes: seed % 3 === 0 ? 0 : 32_768,
      journalRoomFactor: 1,
      directSyncsMax: seed % 2,
      ...(this.#tight
        ? {
            capacityBytes: 6000 + (seed % 7) * 2000 + (seed % 3 === 0 ? 0 : 32_768),
            space: { minFreePart: 0, minFreeBytes: 0 },
          }
        : {}),
    });
    if (options.bug === 'no-file-sync') this.#world.disk.faults.loseFileSyncs = true;
    if (options.bug === 'no-directory-sync') this.#world.disk.faults.loseDirectorySyncs = true;
    const { bug } = options;
    if (bug === 'reused-early' || bug === 'answers-early' || bug === 'not-replayed' || bug === 'remembers-cut') {
      this.#world.bugs = { ...NO_LOG_BUGS, journal: bug };
    }
    if (options.bug === 'answer-before-sync') this.#world.diskForServer = answeringEarly(this.#world.disk);
  }

  run(): void {
    try {
      this.#world.start();
      const { prng } = this.#world;
      const logCount = 1 + prng.below(3);
      for (let i = 0; i < logCount; i++) this.#create(i);
      const lives = 2 + prng.below(4);
      for (let life = 0; life < lives; life++) {
        const steps = prng.below(60);
        for (let i = 0; i < steps; i++) this.#step();
        this.#endLife();
      }
    } catch (error) {
      throw new Error(`seed ${this.#seed}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
    }
  }

  #create(index: number): void {
    const { prng } = this.#world;
    const wanted = spec(`topic${index}`, {
      segmentBytes: 700 + prng.below(3000),
      indexIntervalBytes: prng.below(400),
      syncMode: prng.chance(0.7) ? 'always' : 'lazy',
    });
    const log = this.#world.createOne(wanted);
    const model: Model = {
      spec: wanted,
      values: new Map(),
      endOffset: 0,
      ghostEnd: 0,
      startOffset: 0,
      durable: 0,
      written: 0,
      epoch: 0,
    };
    this.#models.push(model);
    this.#listen(model, log);
  }

  #listen(model: Model, log: PartitionLog): void {
    log.setListener({
      onProgress: (written, durable) => {
        model.written = Math.max(model.written, written);
        model.durable = Math.max(model.durable, durable);
        if (this.#world.prng.chance(0.8))
          log.setHighWatermark(model.spec.config.syncMode === 'always' ? durable : written);
      },
      onState: (state, reason) => {
        if (!this.#tight || state === 'damaged') throw new Error(`a log became ${state}: ${reason}`);
        if (state === 'read-only') this.#giveUp(model, log.logEndOffset);
        else model.ghostEnd = 0;
      },
    });
  }

  #step(): void {
    const { prng, time } = this.#world;
    const model = this.#models[prng.below(this.#models.length)];
    if (model === undefined) return;
    const log = this.#world.log(model.spec);
    const action = prng.below(100);
    if (action < 50) this.#append(model, log);
    else if (action < 75) for (let i = prng.below(12); i > 0; i--) time.step();
    else if (action < 82) time.advance(prng.below(400));
    else if (action < 90) this.#readSome(model, log);
    else if (action < 93) this.#deleteRecords(model, log);
    else if (action < 95) this.#truncate(model, log);
    else if (action < 97) log.configure({ ...model.spec.config, retentionBytes: 2000 });
    else if (action < 98) this.#world.opened.manager.runRetention();
    else if (action < 99) this.#recreate(model);
    else model.epoch += 1;
  }

  #append(model: Model, log: PartitionLog): void {
    const { prng } = this.#world;
    const values = Array.from(
      { length: 1 + prng.below(4) },
      // Sometimes more than the journal takes.
      () => `value-${this.#sent++}-${'x'.repeat(prng.chance(0.04) ? 4500 : prng.below(200))}`,
    );
    const producer = prng.chance(0.5) ? { producerId: 1 + prng.below(3), producerEpoch: 0, baseSequence: 0 } : {};
    const timestamp = 1_700_000_000_000 + prng.below(1_000_000);
    const end = this.#world.append(log, { values, timestamp, leaderEpoch: model.epoch, ...producer });
    if (end === null && log.state === 'read-only') {
      this.#world.opened.manager.resumeWrites();
      return;
    }
    if (end !== model.endOffset + values.length) throw new Error(`append gave ${end} after ${model.endOffset}`);
    for (const [i, value] of values.entries()) model.values.set(model.endOffset + i, value);
    model.endOffset = end;
  }

  #readSome(model: Model, log: PartitionLog): void {
    const { prng } = this.#world;
    const from = log.logStartOffset + prng.below(Math.max(1, log.writtenOffset - log.logStartOffset));
    const outcome = this.#world.attempt<{ chunks: readonly Uint8Array[] }>((done) =>
      log.read(
        { fetchOffset: from, maxBytes: 1 + prng.below(3000), minOneBatch: true, endOffset: log.writtenOffset },
        done,
      ),
    );
    if (outcome.failure !== null && outcome.failure.kind !== 'out-of-range')
      throw new Error(JSON.stringify(outcome.failure));
    this.#check(model, log, this.#world.readAll(log));
  }

  #deleteRecords(model: Model, log: PartitionLog): void {
    const { prng } = this.#world;
    const to = log.logStartOffset + prng.below(Math.max(1, log.highWatermark - log.logStartOffset + 1));
    log.deleteRecordsBefore(to, (failure, start) => {
      if (failure !== null) throw new Error(JSON.stringify(failure));
      model.startOffset = Math.max(model.startOffset, start ?? 0);
    });
  }

  #truncate(model: Model, log: PartitionLog): void {
    const { prng } = this.#world;
    const to = log.logStartOffset + prng.below(log.logEndOffset - log.logStartOffset + 1);
    // Cutting forgets on purpose: what lies above is not owed to anybody any more.
    model.durable = Math.min(model.durable, to);
    model.written = Math.min(model.written, to);
    const { failure } = this.#world.attempt<void>((done) => log.truncateTo(to, done));
    if (failure !== null && failure.kind !== 'not-writable') throw new Error(JSON.stringify(failure));
    if (failure === null && log.logEndOffset > to) throw new Error(`cut at ${to}, ends at ${log.logEndOffset}`);
    model.endOffset = log.logEndOffset;
    model.durable = Math.min(model.durable, model.endOffset);
    model.written = Math.min(model.written, model.endOffset);
    for (const offset of [...model.values.keys()]) if (offset >= model.endOffset) model.values.delete(offset);
    this.#check(model, log, this.#world.readAll(log));
  }

  /** The log goes and comes back under the same name and id, as when its partition moves away and back. */
  #recreate(model: Model): void {
    const { manager } = this.#world.opened;
    this.#world.log(model.spec).setListener(null);
    manager.delete([model.spec], () => undefined);
    const log = this.#world.createOne(model.spec);
    Object.assign(model, { endOffset: 0, ghostEnd: 0, startOffset: 0, durable: 0, written: 0 });
    model.values.clear();
    this.#listen(model, log);
  }

  /** What was accepted from `endOffset` on is given up; its values stay known until others take their offsets. */
  #giveUp(model: Model, endOffset: number): void {
    if (endOffset < model.written) throw new Error(`${model.spec.topic} gave up written records from ${endOffset} on`);
    model.ghostEnd = model.endOffset;
    model.endOffset = endOffset;
  }

  #endLife(): void {
    const { prng } = this.#world;
    const clean = prng.chance(0.25);
    if (clean) {
      this.#world.shutdown(11);
      for (const model of this.#models) model.durable = model.endOffset;
    } else this.#world.stopDead({ keepPageCache: this.#keepPageCache || prng.chance(0.3) });
    const opened = this.#start();
    if (opened.previousBrokerEpoch !== (clean ? 11 : -1)) throw new Error('the clean-shutdown proof lies');
    if (this.#world.fatal !== null) throw new Error(JSON.stringify(this.#world.fatal));
    for (const model of this.#models) this.#afterLife(model);
  }

  /** A start that finds no room for what the journal has says so; with more room it goes on. */
  #start(): OpenedLogs {
    for (;;) {
      try {
        return this.#world.start();
      } catch (error) {
        if (!this.#tight || !(error instanceof NoRoomForJournal)) throw error;
        this.#world.stopDead({ keepPageCache: true });
        this.#world.disk.grow(1000);
      }
    }
  }

  #afterLife(model: Model): void {
    const log = this.#world.log(model.spec);
    const isUsable = log.state === 'open' || (this.#tight && log.state === 'read-only');
    if (!isUsable) throw new Error(`${model.spec.topic} is ${log.state}: ${log.stateReason}`);
    const owed = this.#keepPageCache ? Math.max(model.durable, model.written) : model.durable;
    if (log.logEndOffset < owed) throw new Error(`${model.spec.topic} ends at ${log.logEndOffset}, owed ${owed}`);
    if (log.logEndOffset > Math.max(model.endOffset, model.ghostEnd))
      throw new Error(`${model.spec.topic} ends at ${log.logEndOffset}, sent ${model.endOffset}`);
    if (log.logStartOffset < model.startOffset && model.startOffset <= log.logEndOffset) {
      throw new Error(`${model.spec.topic} begins at ${log.logStartOffset} after ${model.startOffset}`);
    }
    if (log.durableOffset !== log.logEndOffset) throw new Error('a recovered log is durable');
    this.#check(model, log, this.#world.readAll(log));
    for (const offset of [...model.values.keys()]) if (offset >= log.logEndOffset) model.values.delete(offset);
    model.endOffset = log.logEndOffset;
    model.ghostEnd = 0;
    model.durable = log.durableOffset;
    model.written = log.writtenOffset;
    model.startOffset = log.logStartOffset;
    this.#listen(model, log);
  }

  /** Dense from the log start to the written end, and each value is the one that was sent to that offset. */
  #check(
    model: Model,
    log: PartitionLog,
    records: readonly { readonly offset: number; readonly text: string }[],
  ): void {
    let due = log.logStartOffset;
    for (const { offset, text } of records) {
      if (offset !== due) throw new Error(`${model.spec.topic}: offset ${offset} where ${due} was due`);
      if (model.values.get(offset) !== text)
        throw new Error(`${model.spec.topic}: a foreign value at offset ${offset}`);
      due += 1;
    }
    if (due !== log.writtenOffset)
      throw new Error(`${model.spec.topic}: readable up to ${due}, written ${log.writtenOffset}`);
  }
}

/** A disk whose file syncs answer before they did anything. */
function answeringEarly(disk: Disk): Disk {
  return new Proxy(disk, {
    get(target, name) {
      if (name === 'open') {
        const open: Disk['open'] = (path, options, done) => {
          target.open(path, options, (failure, file) => {
            done(failure, file === undefined ? undefined : earlySync(file));
          });
        };
        return open;
      }
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function'
        ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
        : member;
    },
  });
}

function earlySync(file: DiskFile): DiskFile {
  return {
    path: file.path,
    write: (position, chunks, done) => file.write(position, chunks, done),
    read: (position, length, done) => file.read(position, length, done),
    truncate: (size, done) => file.truncate(size, done),
    size: (done) => file.size(done),
    close: (done) => file.close(done),
    sync: (done) => {
      file.sync(() => undefined);
      file.size((failure) => done(failure, undefined));
    },
  };
}
