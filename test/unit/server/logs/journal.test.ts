import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { segmentFileName } from '../../../../broker/core/log/file-names.ts';
import { JOURNAL_BLOCK, type JournalWrite, readJournal } from '../../../../broker/core/log/journal.ts';
import { NO_LOG_BUGS } from '../../../../broker/core/log/planted-bugs.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { DiskFailure } from '../../../../broker/ports/disk.ts';
import { Journal, type JournalClient } from '../../../../broker/server/logs/journal.ts';
import type { LogManagerOptions } from '../../../../broker/server/logs/log-options.ts';
import type { PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { DIRECTORY, LogWorld, spec } from '../../../support/logs/log-world.ts';

const PATH = `${DIRECTORY}/logs.journal`;
const LOGS = 6;
const SPECS = Array.from({ length: LOGS }, (_, partition) => spec('many', {}, partition));
/** Every sync goes through a journal that is made at the first chance; nothing syncs the logs behind it by time. */
const ALWAYS = { journalBytes: 64 * JOURNAL_BLOCK, directSyncsMax: 0, checkpointIntervalMs: 1e9 };

const pathOf = (partition: number, base = 0): string =>
  `${DIRECTORY}/many-${partition}/${segmentFileName(base, 'log')}`;

/** A node with some logs whose journal is there. */
function begin(options: Partial<LogManagerOptions> = {}): LogWorld {
  const world = new LogWorld(3, { ...ALWAYS, ...options });
  world.start();
  world.create(...SPECS);
  // Before there is a journal every log is synced by itself.
  appendToAll(world, 'a');
  expect(world.disk.peek(PATH)?.length).toBe(64 * JOURNAL_BLOCK);
  return world;
}

/** Appends a record to every log and waits until all are durable. */
function appendToAll(world: LogWorld, value: string): void {
  for (const wanted of SPECS) world.append(world.log(wanted), { values: [value] });
  world.time.settle();
  expect(logsOf(world).map((log) => log.durableOffset)).toEqual(logsOf(world).map((log) => log.logEndOffset));
}

const logsOf = (world: LogWorld): readonly PartitionLog[] => SPECS.map((wanted) => world.log(wanted));
const textsOf = (world: LogWorld, partition: number): string[] =>
  world.readAll(world.log(spec('many', {}, partition))).map(({ text }) => text);

describe('logs that share a journal', () => {
  test('are durable by its sync alone, and a power cut takes nothing from them', () => {
    const world = begin();
    const syncs: string[] = [];
    world.disk.faults.fail = (operation, path) => {
      if (operation === 'sync') syncs.push(path);
      return null;
    };
    for (const value of ['b', 'c']) appendToAll(world, value);
    expect(new Set(syncs)).toEqual(new Set([PATH]));
    expect(syncs.length).toBeLessThan(2 * LOGS);
    // The page cache of the segments is lost whole: the journal alone has them.
    world.disk.faults.fail = () => null;
    for (let partition = 0; partition < LOGS; partition++) world.disk.poke(pathOf(partition), 69, Buffer.alloc(69));
    world.crash({ keepPageCache: false });
    for (let partition = 0; partition < LOGS; partition++) {
      expect(textsOf(world, partition).slice(-2)).toEqual(['b', 'c']);
    }
    expect(world.opened.manager.stats().journalReplayedBytes).toBeGreaterThan(0);
    expect(world.disk.peek(PATH)).toBeNull();
  });

  test('have their recovery point where the segments are synced, and all of it after a checkpoint', () => {
    const world = begin();
    const checkpoint = (): void => {
      let done = false;
      world.opened.manager.checkpoint(() => {
        done = true;
      });
      world.time.settle();
      expect(done).toBe(true);
    };
    checkpoint();
    appendToAll(world, 'b');
    const marks = (): string[] =>
      (world.disk.peek(`${DIRECTORY}/recovery-point-offset-checkpoint`)?.toString() ?? '')
        .trim()
        .split('\n')
        .slice(2)
        .toSorted();
    expect(marks()).toEqual(SPECS.map(({ partition }) => `many ${partition} 1`));
    checkpoint();
    expect(marks()).toEqual(SPECS.map(({ partition }) => `many ${partition} 2`));
    // So nothing of the journal is written again.
    world.crash({ keepPageCache: true });
    expect(world.opened.manager.stats().journalReplayedBytes).toBe(0);
    expect(textsOf(world, 0)).toEqual(['a', 'b']);
  });

  test('are not called durable by what stands behind a piece that the journal did not take', () => {
    let tried = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const world = new LogWorld(seed, ALWAYS);
      world.start();
      const [log] = world.create(...SPECS);
      if (log === undefined) throw new Error('no log');
      appendToAll(world, 'a');
      world.append(log, { values: ['first'] });
      while (log.writtenOffset < 2) world.time.step();
      // Both are written while the first one is synced.
      world.append(log, { values: ['x'.repeat(40_000)] });
      world.append(log, { values: ['last'] });
      while (log.durableOffset < 2) world.time.step();
      if (log.writtenOffset < 4) continue;
      tried += 1;
      while (log.durableOffset < 4) world.time.step();
      world.crash({ keepPageCache: false });
      expect([seed, world.log(spec('many')).logEndOffset]).toEqual([seed, 4]);
    }
    expect(tried).toBeGreaterThan(5);
  });

  test('leave no journal behind a clean stop', () => {
    const world = begin();
    appendToAll(world, 'b');
    world.shutdown();
    expect(world.disk.peek(PATH)).toBeNull();
    world.start();
    expect(textsOf(world, 5)).toEqual(['a', 'b']);
  });

  test('are refused with the journal named when one of its rounds is spoiled', () => {
    const world = begin();
    appendToAll(world, 'b');
    appendToAll(world, 'c');
    world.stopDead({ keepPageCache: true });
    world.disk.poke(PATH, 70, Buffer.from([0xff]));
    expect(() => world.start()).toThrow(
      /\/data\/logs\.journal can't be used: .*not what was written\. It may hold acknowledged records that no log has yet: restore it; or move it away/,
    );
    // Moved away, as the sentence says; the logs have what the page cache kept.
    world.disk.vanish(PATH);
    world.start();
    expect(textsOf(world, 0)).toEqual(['a', 'b', 'c']);
  });

  test('get no hole where a segment or a directory is missing: that is damage', () => {
    const world = begin();
    world.opened.manager.checkpoint(() => undefined);
    world.time.settle();
    appendToAll(world, 'b');
    world.stopDead({ keepPageCache: true });
    world.disk.vanish(pathOf(1));
    world.disk.vanish(`${DIRECTORY}/many-2`);
    world.disk.open(pathOf(3), { create: false }, (_failure, file) => file?.truncate(60, () => undefined));
    world.time.settle();
    world.start();
    expect(logsOf(world).map(({ state }) => state)).toEqual(['open', 'damaged', 'damaged', 'damaged', 'open', 'open']);
    expect([world.disk.peek(pathOf(1)), world.disk.peek(pathOf(3))?.length]).toEqual([null, 60]);
    expect(textsOf(world, 0)).toEqual(['a', 'b']);
  });

  test('that are damaged in use keep what only the journal had', () => {
    const world = begin({ tailCacheBytes: 0, coldCacheBytes: 0 });
    appendToAll(world, 'b');
    world.disk.poke(pathOf(0), 65, Buffer.from([0xff, 0xff, 0xff]));
    const { failure } = world.attempt((done) =>
      world.log(spec('many')).read({ fetchOffset: 0, maxBytes: 99, minOneBatch: true, endOffset: 9 }, done),
    );
    expect(failure).toMatchObject({ kind: 'damaged' });
    // Nobody holds the second record any more but the file.
    const size = world.disk.peek(pathOf(0))?.length;
    world.stopDead({ keepPageCache: false });
    world.disk.vanish(PATH);
    world.start();
    expect(world.log(spec('many')).state).toBe('damaged');
    expect(world.disk.peek(pathOf(0))?.length).toBe(size);
  });

  test('are synced, damaged ones too, before the journal goes, which is durable before anything is appended', () => {
    const world = begin({ tailCacheBytes: 0, coldCacheBytes: 0 });
    appendToAll(world, 'b');
    world.disk.poke(pathOf(0), 65, Buffer.from([0xff, 0xff, 0xff]));
    world.attempt((done) =>
      world.log(spec('many')).read({ fetchOffset: 0, maxBytes: 99, minOneBatch: true, endOffset: 9 }, done),
    );
    world.stopDead({ keepPageCache: true });
    const asked: string[] = [];
    world.disk.faults.fail = (operation, path) => {
      asked.push(`${operation} ${path}`);
      return null;
    };
    world.start();
    expect(world.log(spec('many')).state).toBe('damaged');
    const wanted = [
      `write ${pathOf(0)}`,
      `sync ${pathOf(0)}`,
      `syncDirectory ${DIRECTORY}/many-0`,
      `remove ${PATH}`,
      `syncDirectory ${DIRECTORY}`,
    ];
    let at = -1;
    for (const operation of wanted) {
      const next = asked.indexOf(operation, at + 1);
      expect([operation, next > at]).toEqual([operation, true]);
      at = next;
    }
  });

  test('are written again after a full disk, for which the ballast goes', () => {
    const world = begin();
    appendToAll(world, 'b');
    world.stopDead({ keepPageCache: false });
    world.disk.open(`${DIRECTORY}/ballast`, { create: true }, (_failure, file) => {
      file?.write(0, [Buffer.alloc(9)], () => undefined);
    });
    world.time.settle();
    world.disk.faults.fail = (operation, path) => {
      const isFull = world.disk.peek(`${DIRECTORY}/ballast`) !== null;
      return operation === 'write' && path.endsWith('.log') && isFull ? 'ENOSPC' : null;
    };
    world.start();
    expect(textsOf(world, 3)).toEqual(['a', 'b']);
  });

  test('go without it where it takes too much of the room, or is not wanted', () => {
    for (const options of [{ capacityBytes: 64 * JOURNAL_BLOCK * 8 }, { journalBytes: 0 }]) {
      const world = new LogWorld(3, { ...ALWAYS, ...options });
      world.start();
      world.create(...SPECS);
      for (const value of ['a', 'b']) appendToAll(world, value);
      expect(world.disk.peek(PATH)).toBeNull();
    }
  });
});

/** A journal and writers that sync when they are told to. */
class Lab {
  readonly world = new LogWorld(1);
  readonly counters = { journalRounds: 0, journalWrites: 0, journalBytes: 0 };
  readonly journal: Journal;
  fatal: DiskFailure | null = null;
  #clients = 0;

  /** `code`: every write fails with it while the file is made. */
  constructor(journalBytes = 32 * JOURNAL_BLOCK, code: string | null = null) {
    this.world.start();
    this.world.disk.faults.fail = (operation) => (operation === 'write' ? code : null);
    this.journal = new Journal(
      {
        disk: this.world.disk,
        timers: this.world.time,
        crc32c,
        log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
        directory: DIRECTORY,
        counters: this.counters,
        bugs: NO_LOG_BUGS,
        onFatal: (failure) => {
          this.fatal ??= failure;
        },
      },
      { journalBytes, journalRoomFactor: 1, directSyncsMax: 0, journalSession: () => [5, 6] },
    );
    this.journal.takes(1);
    this.world.time.settle();
  }

  client(): JournalClient & { syncedOffset: number; flushes: number } {
    this.#clients += 1;
    const log = { topicId: 'abcdefghijklmnopqrstuv', partition: this.#clients };
    const client = {
      log,
      syncedOffset: 0,
      flushes: 0,
      flush: (): void => {
        client.flushes += 1;
      },
    };
    return client;
  }

  /** Appends so many bytes and waits; what was answered. */
  append(client: JournalClient, sizeInBytes: number, endOffset: number): boolean | null {
    let answer: boolean | null = null;
    const { log } = client;
    const chunks = [Buffer.alloc(sizeInBytes, 1)];
    const write: JournalWrite = { kind: 'write', log, segmentBase: 0, endOffset, position: 0, chunks, sizeInBytes };
    this.journal.append(client, [write], (taken) => {
      answer = taken;
    });
    this.world.time.settle();
    return answer;
  }
}

describe('the journal', () => {
  const BIG = 3 * JOURNAL_BLOCK;

  test('is asked for more than a few logs at once, and never for large writes', () => {
    const { world } = new Lab();
    const deps = { disk: world.disk, timers: world.time, crc32c, directory: DIRECTORY, bugs: NO_LOG_BUGS };
    const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const counters = { journalRounds: 0, journalWrites: 0, journalBytes: 0 };
    const journal = new Journal(
      { ...deps, log: quiet, counters, onFatal: () => undefined },
      { journalBytes: 1 << 23, journalRoomFactor: 8, directSyncsMax: 2, journalSession: () => [1, 2] },
    );
    journal.directStarted();
    expect(journal.takes(10)).toBe(false);
    journal.directStarted();
    // It is not there yet.
    expect(journal.takes(10)).toBe(false);
    world.time.settle();
    expect([journal.takes(10), journal.takes(256 * 1024), journal.takes(256 * 1024 + 1)]).toEqual([true, true, false]);
    journal.directEnded();
    expect(journal.takes(10)).toBe(false);
  });

  test('begins a half anew only when all that it held is synced, and refuses until then', () => {
    const lab = new Lab();
    const [one, other] = [lab.client(), lab.client()];
    let taken = 0;
    while (lab.append(taken === 0 ? one : other, BIG, taken + 1) === true) taken += 1;
    // Both halves are full, and the first write is in the first of them.
    expect(taken).toBe(6);
    expect([one.flushes, other.flushes]).toEqual([1, 1]);
    expect(lab.append(other, 10, 99)).toBe(true);
    expect(lab.append(other, BIG, 99)).toBe(false);
    other.syncedOffset = 99;
    lab.journal.settled(other);
    expect(lab.append(other, BIG, 100)).toBe(false);
    // The synced end counts, not the word.
    lab.journal.settled(one);
    expect(lab.append(other, BIG, 100)).toBe(false);
    one.syncedOffset = 1;
    lab.journal.settled(one);
    expect(lab.append(other, BIG, 100)).toBe(true);
    expect(lab.fatal).toBeNull();
  });

  test('says that a half is over before it begins it anew: a first round that is torn then is no damage', () => {
    const lab = new Lab();
    const client = lab.client();
    while (lab.append(client, BIG, 1) === true);
    client.syncedOffset = 1;
    lab.journal.settled(client);
    expect(lab.append(client, BIG, 2)).toBe(true);
    const file = lab.world.disk.peek(PATH) ?? Buffer.alloc(0);
    expect(readJournal(file, crc32c, () => true)).toMatchObject({ problem: null, segments: [{ log: client.log }] });
    file.fill(7, 0, 300);
    expect(readJournal(file, crc32c, () => true).problem).toBeNull();
  });

  test('has both halves while the older one is needed, and notices when the end of that is spoiled', () => {
    const lab = new Lab();
    const client = lab.client();
    for (let i = 0; i < 5; i++) expect(lab.append(client, BIG, i + 1)).toBe(true);
    const file = lab.world.disk.peek(PATH) ?? Buffer.alloc(0);
    const { problem, segments } = readJournal(file, crc32c, () => true);
    expect([problem, segments[0]?.runs.length]).toEqual([null, 5]);
    // Three rounds of four blocks each fill the first half.
    file.fill(0, 8 * JOURNAL_BLOCK, 12 * JOURNAL_BLOCK);
    expect(readJournal(file, crc32c, () => true).problem).toBe('a round of generation 1 is not what was written');
  });

  test('answers when the last piece is durable, also of pieces that do not fit in one round', () => {
    const lab = new Lab();
    const client = lab.client();
    const write = (endOffset: number): JournalWrite => ({
      kind: 'write',
      log: client.log,
      segmentBase: 0,
      endOffset,
      position: 0,
      chunks: [Buffer.alloc(40_000)],
      sizeInBytes: 40_000,
    });
    let rounds = 0;
    lab.journal.append(client, [write(1), write(2)], () => {
      rounds = lab.counters.journalRounds;
    });
    lab.world.time.settle();
    expect(rounds).toBe(2);
  });

  test('forgets a log as soon as a half is free, and at once one that it has nothing of', () => {
    const lab = new Lab();
    const [one, other] = [lab.client(), lab.client()];
    while (lab.append(one, BIG, 1) === true);
    const events: string[] = [];
    lab.journal.forget(other, () => events.push('other'));
    expect(events).toEqual(['other']);
    while (lab.append(one, 10, 1) === true);
    lab.journal.forget(one, () => events.push('one'));
    lab.world.time.settle();
    expect(events).toEqual(['other']);
    one.syncedOffset = 1;
    lab.journal.settled(one);
    lab.world.time.settle();
    expect(events).toEqual(['other', 'one']);
  });

  test('sends everybody away while the disk is full, and is asked again later', () => {
    const lab = new Lab();
    const client = lab.client();
    expect(lab.append(client, 10, 1)).toBe(true);
    lab.world.disk.faults.fail = (operation) => (operation === 'write' ? 'ENOSPC' : null);
    expect(lab.append(client, 10, 2)).toBe(false);
    let forgotten = false;
    lab.journal.forget(client, () => {
      forgotten = true;
    });
    expect(lab.journal.takes(10)).toBe(false);
    lab.world.time.advance(900);
    expect([lab.journal.takes(10), forgotten]).toEqual([false, false]);
    lab.world.disk.faults.fail = () => null;
    lab.world.time.advance(200);
    lab.world.time.settle();
    expect([lab.journal.takes(10), forgotten, lab.fatal]).toEqual([true, true, null]);
    expect(lab.append(client, 10, 3)).toBe(true);
  });

  test.each([
    ['write', 'EIO'],
    ['sync', 'EIO'],
    ['sync', 'ENOSPC'],
  ])('ends the node when a %s fails with %s, and answers nobody', (operation, code) => {
    const lab = new Lab();
    lab.world.disk.faults.fail = (asked) => (asked === operation ? code : null);
    expect(lab.append(lab.client(), 10, 1)).toBeNull();
    expect(lab.fatal).toMatchObject({ code, path: PATH });
  });

  test('is made again a second after the disk filled up while it was made', () => {
    const lab = new Lab(32 * JOURNAL_BLOCK, 'ENOSPC');
    expect([lab.journal.takes(1), lab.world.disk.peek(PATH)]).toEqual([false, null]);
    lab.world.disk.faults.fail = () => null;
    lab.world.time.advance(900);
    expect([lab.journal.takes(1), lab.world.disk.peek(PATH)]).toEqual([false, null]);
    lab.world.time.advance(200);
    expect(lab.journal.takes(1)).toBe(false);
    lab.world.time.settle();
    expect(lab.journal.takes(1)).toBe(true);
    expect(new Lab(32 * JOURNAL_BLOCK, 'EIO').fatal).toMatchObject({ code: 'EIO' });
  });
});
