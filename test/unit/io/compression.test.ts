import { Buffer } from 'node:buffer';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { compress as rawSnappy } from 'snappy';
import { createCompression } from '../../../broker/io/compression/compression.ts';
import type { Compression, CompressionCodec } from '../../../broker/ports/compression.ts';

const direct = (): Compression => createCompression({ post: (input) => input() });
const compress = (codec: CompressionCodec, bytes: Uint8Array): Promise<Buffer> =>
  new Promise((resolve) => direct().compress(codec, bytes, (result) => resolve(Buffer.from(result))));
const decompress = (codec: CompressionCodec, bytes: Uint8Array, sizeMax: number): Promise<Buffer | null> =>
  new Promise((resolve) =>
    direct().decompress(codec, bytes, sizeMax, (result) => resolve(result === null ? null : Buffer.from(result))),
  );

const TEXT = Buffer.from('a queue is a stream with manners. '.repeat(3000));
const NOISE = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 11) & 0xff));
const CODECS = [
  ['none', 0],
  ['gzip', 1],
  ['snappy', 2],
  ['lz4', 3],
  ['zstd', 4],
] as const;

describe.each(CODECS)('%s', (_, codec) => {
  test.each([
    ['text', TEXT],
    ['noise', NOISE],
    ['one byte', Buffer.from('x')],
  ])('gives %s back', async (_name, bytes) => {
    expect((await decompress(codec, await compress(codec, bytes), bytes.length))?.equals(bytes)).toBe(true);
  });

  test('a result of one byte more than the limit gives null', async () => {
    expect(await decompress(codec, await compress(codec, TEXT), TEXT.length - 1)).toBeNull();
    expect(await decompress(codec, await compress(codec, NOISE), NOISE.length - 1)).toBeNull();
  });

  if (codec !== 0) {
    test('bytes that are cut off, garbled or missing give null, not an error', async () => {
      const packed = await compress(codec, TEXT);
      expect(await decompress(codec, packed.subarray(0, packed.length - 3), TEXT.length)).toBeNull();
      expect(await decompress(codec, Buffer.alloc(0), 100)).toBeNull();
      expect(await decompress(codec, NOISE, 1 << 20)).toBeNull();
    });
  }
});

test('a bomb of a gigabyte of zeros ends at the limit', async () => {
  const layer = gzipSync(Buffer.alloc(1 << 26));
  expect(await decompress(1, Buffer.concat(Array.from({ length: 16 }, () => layer)), 1 << 20)).toBeNull();
  expect(await decompress(4, zstdCompressSync(Buffer.alloc(1 << 26)), 1 << 20)).toBeNull();
});

describe('snappy as clients send it', () => {
  test('a raw block without framing is read (librdkafka)', async () => {
    expect((await decompress(2, await rawSnappy(TEXT), TEXT.length))?.equals(TEXT)).toBe(true);
  });

  test('many blocks in xerial framing are read (the Java client)', async () => {
    const parts: Buffer[] = [Buffer.from('82534e41505059000000000100000001', 'hex')];
    for (let at = 0; at < TEXT.length; at += 32_768) {
      const block = await rawSnappy(TEXT.subarray(at, at + 32_768));
      const length = Buffer.alloc(4);
      length.writeInt32BE(block.length);
      parts.push(length, block);
    }
    const framed = Buffer.concat(parts);
    expect((await decompress(2, framed, TEXT.length))?.equals(TEXT)).toBe(true);
    expect(await decompress(2, framed, TEXT.length - 1)).toBeNull();
    expect(await decompress(2, framed.subarray(0, -1), TEXT.length)).toBeNull();
    framed.writeInt32BE(-5, 16);
    expect(await decompress(2, framed, TEXT.length)).toBeNull();
  });

  test('a block that claims gigabytes is refused for its claim alone', async () => {
    const claim = Buffer.from('ffffffff0f00', 'hex');
    expect(await decompress(2, claim, 2 ** 40)).toBeNull();
  });

  test('what is written begins with the xerial header', async () => {
    const packed = await compress(2, TEXT);
    expect(packed.toString('hex', 0, 16)).toBe('82534e41505059000000000100000001');
    expect(packed.readInt32BE(16)).toBe(packed.length - 20);
  });
});

describe('lz4 as clients send it', () => {
  // Frame header of the Java client: version 1, independent blocks, 64 KiB blocks, its checksum byte.
  const HEADER = '04224d18' + '60' + '40' + '82';

  test('a stored block is read', async () => {
    const frame = Buffer.from(`${HEADER}02000080686900000000`, 'hex');
    expect((await decompress(3, frame, 2))?.toString()).toBe('hi');
    expect(await decompress(3, frame, 1)).toBeNull();
  });

  test('a block is sized by its sequences: literals, then a match that overlaps itself', async () => {
    // token: 1 literal, match of 4 + 15 + 5; literal "a", offset 1; last sequence of 5 literals
    const block = '1f' + '61' + '0100' + '05' + '50' + '6262626262';
    const frame = Buffer.from(`${HEADER}0b000000${block}00000000`, 'hex');
    const text = `${'a'.repeat(25)}bbbbb`;
    expect((await decompress(3, frame, text.length))?.toString()).toBe(text);
    expect(await decompress(3, frame, text.length - 1)).toBeNull();
  });

  test('what is written has independent blocks, the only kind the Java client reads', async () => {
    const packed = await compress(3, TEXT);
    expect(packed.readUInt32LE(0)).toBe(0x184d2204);
    expect(packed.readUInt8(4) & 0xe0).toBe(0x60);
  });

  test.each([
    ['another version', '04224d18' + 'a0' + '40' + '82'],
    ['a dictionary', '04224d18' + '61' + '40' + '82'],
    ['another magic', '05224d18' + '60' + '40' + '82'],
  ])('a frame with %s gives null', async (_, header) => {
    expect(await decompress(3, Buffer.from(`${header}02000080686900000000`, 'hex'), 100)).toBeNull();
  });

  test('bytes behind the frame give null', async () => {
    expect(await decompress(3, Buffer.from(`${HEADER}0200008068690000000000`, 'hex'), 100)).toBeNull();
  });
});

test('completions are handed over as inputs and never run by themselves', async () => {
  const inputs: (() => void)[] = [];
  const results: (Uint8Array | null)[] = [];
  const arrived = new Promise<void>((resolve) => {
    const compression = createCompression({
      post: (input) => {
        inputs.push(input);
        if (inputs.length === 3) resolve();
      },
      jobsMax: 1,
    });
    for (const text of ['1', '2', '3']) compression.decompress(0, Buffer.from(text), 9, (bytes) => results.push(bytes));
  });
  await arrived;
  expect(results).toEqual([]);
  for (const input of inputs) input();
  expect(results.map(String)).toEqual(['1', '2', '3']);
});

test('at most two jobs run at a time', async () => {
  let done = 0;
  const order: number[] = [];
  await new Promise<void>((resolve) => {
    const compression = createCompression({ post: (input) => input() });
    const finish = (job: number): void => {
      order.push(job);
      if (++done === 4) resolve();
    };
    // Two slow jobs take both lanes, so that the quick ones behind them cannot overtake both.
    const slow = Buffer.concat(Array.from({ length: 200 }, () => NOISE));
    compression.compress(1, slow, () => finish(0));
    compression.compress(1, slow, () => finish(1));
    compression.compress(0, TEXT, () => finish(2));
    compression.compress(0, TEXT, () => finish(3));
  });
  expect(order[0]).toBeLessThan(2);
});
