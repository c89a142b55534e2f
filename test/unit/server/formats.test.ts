import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { sealText } from '../../../broker/core/log/sealed-text.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import { readMark } from '../../../broker/server/control/durable-mark.ts';
import { scanFrames } from '../../../broker/server/control/frames.ts';
import { decodeSnapshot } from '../../../broker/server/control/snapshot-file.ts';
import { runTask } from '../../../broker/server/task.ts';
import { DIRECTORY, LogWorld, spec } from '../../support/logs/log-world.ts';
import { encodeFrame, encodeSnapshot } from '../../support/metadata/release-0-1-0.ts';

const NEWER = /start the release of Weir that wrote it, or a newer one; nothing was changed/;

/** A node's logs with one file replaced by a sound one of another version. */
function started(name: string, head: string, version: number): () => unknown {
  const world = new LogWorld(1);
  world.start();
  const log = world.createOne(spec('orders'));
  world.append(log, { values: ['a'] });
  world.time.settle();
  world.time.advance(6000);
  world.crash({ keepPageCache: true });
  const file = `${DIRECTORY}/${name}`;
  expect(world.disk.files().some(({ path }) => path === file)).toBe(true);
  world.disk.vanish(file);
  world.disk.open(file, { create: true }, (_failure, opened) => {
    opened?.write(0, [sealText([`${head} ${version}`], crc32c)], () => opened.sync(() => undefined));
  });
  world.time.settle();
  return () => world.start();
}

describe('a file of a newer format is refused with a sentence that says what can read it', () => {
  test.each([
    ['logs.manifest', 'weir-logs-manifest'],
    ['logs.marks', 'weir-log-marks'],
  ])('%s', (name, head) => {
    const start = started(name, head, 9);
    expect(start).toThrow(NEWER);
    expect(start).toThrow(/version 9 .*is not known/);
    expect(start).toThrow(name);
  });

  test('metadata.log', () => {
    const bytes = Buffer.from(
      encodeFrame(
        { term: 1, entries: [{ index: 1, baseOffset: 0, recordCount: 1, payload: Buffer.from('a') }] },
        crc32c,
      ),
    );
    bytes.writeUInt16BE(9, 12);
    bytes.writeUInt32BE(crc32c(bytes, 12, bytes.length), 8);
    expect(() => scanFrames(bytes, 1, crc32c)).toThrow(NEWER);
  });

  test('the metadata snapshot', () => {
    const bytes = Buffer.from(encodeSnapshot({ index: 7, term: 2, offset: 40, payload: Buffer.from('state') }, crc32c));
    bytes.writeUInt32BE(9, 8);
    bytes.writeUInt32BE(crc32c(bytes, 8, bytes.length), 4);
    expect(decodeSnapshot(bytes, crc32c)).toMatch(NEWER);
  });

  test('durable.mark', () => {
    const world = new LogWorld(1);
    const slot = Buffer.alloc(28);
    slot.writeUInt32BE(0x574d_4d31, 0);
    slot.writeUInt32BE(9, 8);
    slot.writeUInt32BE(crc32c(slot, 8, slot.length), 4);
    world.disk.makeDirectory(DIRECTORY, () => undefined);
    world.time.settle();
    world.disk.open(`${DIRECTORY}/durable.mark`, { create: true }, (_failure, file) => {
      file?.write(0, [slot], () => undefined);
    });
    world.time.settle();
    let failed: unknown = null;
    runTask(readMark(world.disk, DIRECTORY, crc32c), (error) => {
      failed = error;
    });
    world.time.settle();
    expect(String(failed)).toMatch(NEWER);
  });
});
