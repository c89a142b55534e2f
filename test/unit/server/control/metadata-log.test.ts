import { describe, expect, test } from '@jest/globals';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { scanFrames, type Frame } from '../../../../broker/server/control/frames.ts';
import { decodeSnapshot } from '../../../../broker/server/control/snapshot-file.ts';
import { ControlWorld, creation, type Life } from '../../../support/metadata/control-world.ts';
import { encodeFrame, encodeSnapshot } from '../../../support/metadata/release-0-1-0.ts';

const DIRECTORY = 'data/__cluster_metadata-0';

const frame = (firstIndex: number, ...payloads: readonly string[]): Frame => ({
  term: 3,
  entries: payloads.map((text, position) => ({
    index: firstIndex + position,
    baseOffset: 10 * (firstIndex + position),
    recordCount: 2,
    payload: Buffer.from(text),
  })),
});

describe('frames', () => {
  const file = Buffer.concat([encodeFrame(frame(1, 'a', ''), crc32c), encodeFrame(frame(3, 'bcd'), crc32c)]);
  const firstLength = encodeFrame(frame(1, 'a', ''), crc32c).length;

  test('come back as they were written', () => {
    expect(scanFrames(file, 1, crc32c)).toEqual({
      frames: [frame(1, 'a', ''), frame(3, 'bcd')],
      endPosition: file.length,
      tail: 'none',
    });
  });

  test('cut anywhere give the frames before the cut, and a torn tail', () => {
    for (let length = 0; length < file.length; length += 1) {
      const whole = length < firstLength ? 0 : 1;
      const scan = scanFrames(file.subarray(0, length), 1, crc32c);
      expect([length, scan.frames.length, scan.tail]).toEqual([
        length,
        whole,
        length === 0 || length === firstLength ? 'none' : 'torn',
      ]);
    }
  });

  test('with any byte spoiled are torn in the last frame and damaged before it', () => {
    for (let position = 0; position < file.length; position += 1) {
      const bytes = Buffer.from(file);
      bytes.writeUInt8(bytes.readUInt8(position) ^ 0x40, position);
      const scan = scanFrames(bytes, 1, crc32c);
      expect([position, scan.frames.length, scan.tail]).toEqual(
        position < firstLength ? [position, 0, 'damaged'] : [position, 1, 'torn'],
      );
    }
  });

  test('with an index out of sequence are not taken', () => {
    expect(scanFrames(file, 2, crc32c)).toMatchObject({ frames: [], tail: 'damaged' });
    expect(
      scanFrames(Buffer.concat([encodeFrame(frame(1, 'a'), crc32c), encodeFrame(frame(3, 'b'), crc32c)]), 1, crc32c),
    ).toMatchObject({
      endPosition: encodeFrame(frame(1, 'a'), crc32c).length,
      tail: 'damaged',
    });
  });

  test('of a newer format stop the node', () => {
    const bytes = Buffer.from(encodeFrame(frame(1, 'a'), crc32c));
    bytes.writeUInt16BE(2, 12);
    bytes.writeUInt32BE(crc32c(bytes, 12, bytes.length), 8);
    expect(() => scanFrames(bytes, 1, crc32c)).toThrow('format 2 of the metadata log is not known to this release');
  });
});

test('a snapshot file comes back as it was, and with any byte spoiled not at all', () => {
  const snapshot = { index: 7, term: 2, offset: 40, payload: Buffer.from('state') };
  const file = Buffer.from(encodeSnapshot(snapshot, crc32c));
  expect(decodeSnapshot(file, crc32c)).toEqual(snapshot);
  for (let position = 0; position < file.length; position += 1) {
    const bytes = Buffer.from(file);
    bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position);
    expect(decodeSnapshot(bytes, crc32c)).toEqual(expect.any(String));
  }
});

/** A world whose control plane ran, made topics and stopped. */
function stopped(topics: readonly string[], fixed: Readonly<Record<string, string>> = {}): ControlWorld {
  const world = new ControlWorld(7, fixed);
  const life = world.ready();
  for (const name of topics) world.submit(life, creation(name));
  world.wait<void>((done) => life.plane.shutdown(() => done(undefined)));
  world.crash(true);
  return world;
}

function startAgain(world: ControlWorld): Life {
  const life = world.start();
  let registered = false;
  world.register(life, () => {
    registered = true;
  });
  world.world.runUntil(() => registered || life.fatal !== null, 60_000);
  return life;
}

const segment = (world: ControlWorld): string =>
  `${DIRECTORY}/${world.files().find((name) => name.endsWith('.rounds')) ?? ''}`;
const namesIn = (life: Life): readonly string[] => life.plane.view.topics().map(({ name }) => name);

/** The cluster id that an identity file names. */
const clusterIdOf = (bytes: Buffer): string => /cluster\.id=(.*)/.exec(bytes.toString())?.[1] ?? '';

/** Every byte in the long form; else each of the first, where fields have meanings of their own, and every third behind them. */
const isLooked = (position: number): boolean =>
  process.env['WEIR_TEST_MINUTES'] !== undefined || position < 64 || position % 3 === 0;

describe('a metadata log that starts again', () => {
  test('has everything, with later broker epochs', () => {
    const world = stopped(['a', 'b']);
    const life = startAgain(world);
    expect(life.fatal).toBeNull();
    expect(namesIn(life)).toEqual(['a', 'b']);
    expect(world.warnings).toEqual([]);
  });

  test('cuts a torn last frame and says so', () => {
    const world = stopped(['a']);
    const path = segment(world);
    const size = world.disk.peek(path)?.length ?? 0;
    world.disk.poke(path, size, Buffer.from('WRF1 half a frame'));
    const life = startAgain(world);
    expect(life.fatal).toBeNull();
    expect(namesIn(life)).toEqual(['a']);
    expect(world.warnings).toEqual(['the metadata log ended in an unfinished write, never acknowledged: cut away']);
    world.crash();
    expect(namesIn(startAgain(world))).toEqual(['a']);
    expect(world.warnings.length).toBe(1);
  });

  test('stops for a bad frame before good ones, naming file and place (V10)', () => {
    const world = stopped(['a', 'b']);
    world.disk.poke(segment(world), 40, Buffer.from('x'));
    const life = startAgain(world);
    expect(life.fatal).toMatch(
      /00000000000000000001\.rounds is damaged at byte 0: the log ends at 0, it was written up to \d/,
    );
  });

  test('stops for a bad last frame that was synced, and leaves it as it is', () => {
    const whole = stopped(['a', 'b']);
    const path = segment(whole);
    const size = whole.disk.peek(path)?.length ?? 0;
    const image = whole.disk.image();
    for (let position = 0; position < size; position += 1) {
      if (!isLooked(position)) continue;
      whole.disk.restore(image);
      const bytes = whole.disk.peek(path) ?? Buffer.alloc(0);
      whole.disk.poke(path, position, Buffer.from([bytes.readUInt8(position) ^ (1 << (position % 8))]));
      const spoiled = whole.disk.peek(path);
      const { fatal } = startAgain(whole);
      expect([position, fatal]).toEqual([position, expect.stringMatching(/\.rounds is damaged at byte \d+/)]);
      expect(whole.disk.peek(path)).toEqual(spoiled);
    }
  });

  test('goes on with every record when its state file or its identity file is spoiled, or says so', () => {
    const whole = stopped(['a', 'b']);
    const image = whole.disk.image();
    const identity = 'data/meta.properties';
    for (const path of [`${DIRECTORY}/quorum.state`, identity]) {
      const size = whole.disk.peek(path)?.length ?? 0;
      expect(size).toBeGreaterThan(20);
      for (let position = 0; position < size; position += 1) {
        // Between the slots of the state file nothing is read.
        if (position % 4096 > 200 || !isLooked(position % 4096)) continue;
        whole.disk.restore(image);
        const bytes = whole.disk.peek(path) ?? Buffer.alloc(0);
        whole.disk.poke(path, position, Buffer.from([bytes.readUInt8(position) ^ (1 << (position % 7))]));
        const life = startAgain(whole);
        if (life.fatal === null) expect(namesIn(life)).toEqual(['a', 'b']);
        else expect([position, life.fatal]).toEqual([position, expect.stringContaining(identity)]);
        if (life.fatal === null && path === identity) expect(life.plane.view.clusterId).toBe(clusterIdOf(bytes));
      }
    }
  });

  test('stops when its snapshot is missing', () => {
    const world = stopped(['a', 'b', 'c', 'd', 'e', 'f'], { 'metadata.log.max.record.bytes.between.snapshots': '400' });
    expect(world.files().some((name) => name.endsWith('.checkpoint'))).toBe(true);
    const snapshot = world.files().find((name) => name.endsWith('.checkpoint')) ?? '';
    world.disk.vanish(`${DIRECTORY}/${snapshot}`);
    expect(startAgain(world).fatal).toMatch(
      /the checkpoint of the metadata at \d+ is not there, and nobody else has the metadata/,
    );
  });

  test('stops for a damaged snapshot', () => {
    const world = stopped(['a', 'b', 'c', 'd', 'e', 'f'], { 'metadata.log.max.record.bytes.between.snapshots': '400' });
    const snapshot = world.files().find((name) => name.endsWith('.checkpoint')) ?? '';
    world.disk.poke(`${DIRECTORY}/${snapshot}`, 60, Buffer.from('x'));
    expect(startAgain(world).fatal).toMatch(/\.checkpoint is damaged, and nobody else has the metadata/);
  });
});

describe('snapshots', () => {
  test('bound the log: old segments and snapshots go', () => {
    const fixed = { 'metadata.log.max.record.bytes.between.snapshots': '500' };
    const world = new ControlWorld(3, fixed);
    const life = world.ready();
    for (let round = 0; round < 40; round += 1) {
      world.submit(life, creation(`t${round}`));
      world.submit(life, { kind: 'deleteTopics', topics: [{ name: `t${round}`, topicId: null }] });
    }
    world.world.runFor(1000);
    expect(world.files().length).toBeLessThanOrEqual(4);
    const bytes = world.disk.files().reduce((sum, { size }) => sum + size, 0);
    // The state file alone is 16 KiB.
    expect(bytes).toBeLessThan(16_384 + 8000);
    world.crash();
    expect(namesIn(startAgain(world))).toEqual([]);
  });
});

describe('a failing disk', () => {
  test.each(['sync', 'write', 'syncDirectory'])(
    'that fails a %s ends the node before anything more is acknowledged',
    (operation) => {
      const world = new ControlWorld(5);
      const life = operation === 'syncDirectory' ? world.start() : world.ready();
      world.disk.faults.fail = (name) => (name === operation ? 'EIO' : null);
      const outcomes: unknown[] = [];
      life.plane.submit(creation('a'), 5000, (outcome) => outcomes.push(outcome.kind));
      world.world.runUntil(() => life.fatal !== null, 60_000);
      expect(life.fatal).toMatch(/EIO|can't be written|sync/);
      expect(outcomes).toEqual([]);
    },
  );
});
