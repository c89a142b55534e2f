import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { DEFAULT_CLEANER_CONFIG } from '../../../../broker/core/log/cleaner-config.ts';
import { buildBatch } from '../../../../broker/core/record/builder.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { TimestampedOffset } from '../../../../broker/server/logs/partition-log.ts';
import type { DiskImage } from '../../../sim/disk-tree.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

const TABLE = spec('table', {
  segmentBytes: 1200,
  indexIntervalBytes: 1,
  retentionMs: -1,
  deletePolicy: false,
  compactPolicy: true,
  minCleanableDirtyRatio: 0,
});
const DIRECTORY = '/data/table-0';
const SEGMENT = `${DIRECTORY}/00000000000000000000`;
/** Ends of one moment that are looked at: what of the changes that no sync covers survives is drawn anew for each. */
const ENDS = 60;
/** The largest time lies in the last of the segments that are merged. */
const T0 = 1_000_000;

/** Values of the records, in two sizes: those of the keys that stay are small. */
function append(
  world: LogWorld,
  key: string,
  options: { readonly valueBytes: number; readonly timestamp?: number },
): void {
  const log = world.log(TABLE);
  const { valueBytes, timestamp = T0 + log.logEndOffset } = options;
  const records = [{ key: Buffer.from(key), value: Buffer.alloc(valueBytes, 'v') }];
  const fields = { baseOffset: log.logEndOffset, leaderEpoch: 0, timestamp };
  if (log.append(buildBatch(records, fields, crc32c), { nowMs: timestamp }) === null) throw new Error('refused');
}

/** Begins a segment, so that what was appended before can be cleaned; its time is an old one. */
function seal(world: LogWorld): void {
  append(world, 'end', { valueBytes: 1100, timestamp: 1 });
  world.time.settle();
  world.log(TABLE).setHighWatermark(world.log(TABLE).logEndOffset);
}

function build(): LogWorld {
  const world = new LogWorld(1, {
    tailCacheBytes: 0,
    cleaner: () => ({ ...DEFAULT_CLEANER_CONFIG, backoffMs: 1e9 }),
  });
  world.start();
  world.createOne(TABLE);
  return world;
}

function clean(world: LogWorld): void {
  const { manager } = world.opened;
  const before = manager.stats().cleaner.cleanedCount;
  manager.clean();
  for (let i = 0; manager.stats().cleaner.cleanedCount === before; i++) {
    world.time.advance(1);
    if (i > 5000) throw new Error('the cleaning does not end');
  }
}

/**
 * The disk while `run` does something to cleaned segments on their way: as each sync of the directory begins, when most is
 * undecided, and at the end.
 */
function imagesOf(world: LogWorld, run: () => void): DiskImage[] {
  const images: DiskImage[] = [];
  let wasOnItsWay = false;
  world.disk.faults.fail = (operation, path) => {
    const isOnItsWay = world.disk.files().some((file) => file.path.endsWith('.swap'));
    if (path !== DIRECTORY || operation !== 'syncDirectory') return null;
    if (isOnItsWay || wasOnItsWay) images.push(world.disk.image());
    wasOnItsWay = isOnItsWay;
    return null;
  };
  run();
  world.disk.faults.fail = () => null;
  return [...images, world.disk.image()];
}

/** What a log says after a start: its records, and what it finds by time. */
function answers(world: LogWorld): object {
  const log = world.log(TABLE);
  log.configure(TABLE.config);
  log.setHighWatermark(log.logEndOffset);
  const largest = world.wait<TimestampedOffset | null>((done) => log.maxTimestampOffset(log.logEndOffset, done));
  const late = world.wait<TimestampedOffset | null>((done) => log.offsetForTimestamp(T0 + 22, done));
  const offsets = world.readAll(log).map(({ offset }) => offset);
  return { state: log.state, offsets, largest: largest?.offset, late: late?.offset };
}

/** Power goes at the moment of an image, and the node starts again. */
function startFrom(world: LogWorld, image: DiskImage): void {
  world.disk.restore(image);
  world.stopDead({ keepPageCache: false });
  world.start();
}

/** A log of three small segments, each with a key of its own left, of which the next cleaning makes one. */
function almostMerged(): LogWorld {
  const world = build();
  for (let i = 0; i < 30; i++)
    append(world, i % 10 === 0 || i === 1 ? `only-${i}` : `key-${i % 3}`, { valueBytes: 60 });
  seal(world);
  clean(world);
  append(world, 'only-0', { valueBytes: 60, timestamp: 2 });
  seal(world);
  // A start believes all of it, and reads and syncs nothing again.
  world.opened.manager.checkpoint(() => undefined);
  world.time.settle();
  return world;
}

const before = { state: 'open', offsets: [0, 1, 10, 20, 27, 28, 29, 30, 31, 32], largest: 29, late: 27 };
const merged = { ...before, offsets: [1, 10, 20, 27, 28, 29, 30, 31, 32] };
const cleaned = { ...before, offsets: [1, 10, 20, 27, 28, 29, 31, 32] };

test('a merge is undone or done by the start after power goes at any moment of it, whatever the disk kept', () => {
  const world = almostMerged();
  expect(answers(world)).toEqual(before);
  const logCount = world.disk.files().filter(({ path }) => path.endsWith('.log')).length;
  const images = imagesOf(world, () => clean(world));
  expect(answers(world)).toEqual(cleaned);
  expect(world.disk.files().filter(({ path }) => path.endsWith('.log')).length).toBeLessThan(logCount - 1);
  expect(images.length).toBeGreaterThan(5);
  const ends = new Set<unknown>();
  for (const image of images) {
    for (let i = 0; i < ENDS; i++) {
      startFrom(world, image);
      const found = answers(world);
      expect([before, merged, cleaned]).toContainEqual(found);
      ends.add(JSON.stringify(found));
    }
  }
  expect(ends.size).toBe(3);
});

/** A node that died when a merge was just decided: the machine knows, the disk may not. */
function decidedMerge(): LogWorld {
  const world = almostMerged();
  world.opened.manager.clean();
  while (world.disk.peek(`${SEGMENT}.log.swap`) === null) world.time.advance(0.01);
  world.stopDead({ keepPageCache: true });
  return world;
}

test.each(['as it was written', 'spoiled'])(
  'a start that finishes a merge whose index is %s is finished by the next one after power goes at any moment of it',
  (index) => {
    const world = decidedMerge();
    const written = world.disk.peek(`${SEGMENT}.index.swap`);
    expect(written?.length).toBeGreaterThan(8);
    if (index === 'spoiled') spoilIndex(world);
    const images = imagesOf(world, () => world.start());
    expect(images.length).toBeGreaterThan(1);
    for (const [at, image] of images.entries()) {
      for (let i = 0; i < ENDS; i++) {
        startFrom(world, image);
        const inPlace = world.disk.peek(`${SEGMENT}.index`) ?? 'none';
        const found = answers(world);
        // Up to the first sync of the start the decision may be lost.
        expect(at === 0 ? [before, merged] : [merged]).toContainEqual(found);
        if (JSON.stringify(found) !== JSON.stringify(merged)) continue;
        // A start that does not know the topic's settings yet makes fewer entries than were there.
        expect(written?.includes(inPlace)).toBe(true);
      }
    }
  },
);

/** Flips bits in the last entry of the index of a decided merge. */
function spoilIndex(world: LogWorld): void {
  const path = `${SEGMENT}.index.swap`;
  world.disk.poke(path, (world.disk.peek(path)?.length ?? 0) - 1, Buffer.of(0xff));
}

test.each(['cleaning', 'start', 'start that finds a spoiled index'])(
  'a %s leaves nothing for the next start',
  (what) => {
    const world = what === 'cleaning' ? almostMerged() : decidedMerge();
    if (what.endsWith('index')) spoilIndex(world);
    if (what === 'cleaning') clean(world);
    else world.start();
    const image = world.disk.image();
    for (let i = 0; i < ENDS; i++) {
      world.disk.restore(image);
      world.stopDead({ keepPageCache: false });
      expect(world.disk.files().filter(({ path }) => path.endsWith('.swap'))).toEqual([]);
    }
  },
);
