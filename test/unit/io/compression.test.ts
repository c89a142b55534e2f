import { Buffer } from 'node:buffer';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { compressFrame } from 'lz4-napi';
import { compress as rawSnappy } from 'snappy';
import { createCompression } from '../../../broker/io/compression/compression.ts';
import type { Compression, CompressionCodec, DecompressFault } from '../../../broker/ports/compression.ts';

const direct = (): Compression => createCompression({ post: (input) => input() });
const compress = (codec: CompressionCodec, bytes: Uint8Array, level?: number): Promise<Buffer> =>
  new Promise((resolve) => direct().compress(codec, bytes, (result) => resolve(Buffer.from(result)), level));
const decompress = (codec: CompressionCodec, bytes: Uint8Array, sizeMax: number): Promise<Buffer | DecompressFault> =>
  new Promise((resolve) =>
    direct().decompress(codec, bytes, sizeMax, (result) =>
      resolve(typeof result === 'string' ? result : Buffer.from(result)),
    ),
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
    expect(await decompress(codec, await compress(codec, bytes), bytes.length)).toEqual(bytes);
  });

  test('a result of one byte more than the limit is too large', async () => {
    expect(await decompress(codec, await compress(codec, TEXT), TEXT.length - 1)).toBe('too-large');
    expect(await decompress(codec, await compress(codec, NOISE), NOISE.length - 1)).toBe('too-large');
  });

  if (codec !== 0) {
    test('bytes that are cut off, garbled or missing are malformed, not an error', async () => {
      const packed = await compress(codec, TEXT);
      expect(await decompress(codec, packed.subarray(0, packed.length - 3), TEXT.length)).toBe('malformed');
      expect(await decompress(codec, Buffer.alloc(0), 100)).toBe('malformed');
      expect(await decompress(codec, NOISE, 1 << 20)).toBe('malformed');
    });
  }
});

test('a bomb of a gigabyte of zeros ends at the limit', async () => {
  const layer = gzipSync(Buffer.alloc(1 << 26));
  expect(await decompress(1, Buffer.concat(Array.from({ length: 16 }, () => layer)), 1 << 20)).toBe('too-large');
  expect(await decompress(4, zstdCompressSync(Buffer.alloc(1 << 26)), 1 << 20)).toBe('too-large');
});

describe('snappy as clients send it', () => {
  test('a raw block without framing is read (librdkafka)', async () => {
    expect(await decompress(2, await rawSnappy(TEXT), TEXT.length)).toEqual(TEXT);
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
    expect(await decompress(2, framed, TEXT.length)).toEqual(TEXT);
    expect(await decompress(2, framed, TEXT.length - 1)).toBe('too-large');
    expect(await decompress(2, framed.subarray(0, -1), TEXT.length)).toBe('malformed');
    framed.writeInt32BE(-5, 16);
    expect(await decompress(2, framed, TEXT.length)).toBe('malformed');
  });

  test('a block that claims gigabytes is refused for its claim alone', async () => {
    const claim = Buffer.from('ffffffff0f00', 'hex');
    expect(await decompress(2, claim, 2 ** 40)).toBe('malformed');
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
    expect(String(await decompress(3, frame, 2))).toBe('hi');
    expect(await decompress(3, frame, 1)).toBe('too-large');
  });

  test('a block is sized by its sequences: literals, then a match that overlaps itself', async () => {
    // token: 1 literal, match of 4 + 15 + 5; literal "a", offset 1; last sequence of 5 literals
    const block = '1f' + '61' + '0100' + '05' + '50' + '6262626262';
    const frame = Buffer.from(`${HEADER}0b000000${block}00000000`, 'hex');
    const text = `${'a'.repeat(25)}bbbbb`;
    expect(String(await decompress(3, frame, text.length))).toBe(text);
    expect(await decompress(3, frame, text.length - 1)).toBe('too-large');
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
    ['blocks that need the ones before, which the Java client refuses', '04224d18' + '40' + '40' + 'c0'],
    ['a block size that the format does not know', '04224d18' + '60' + '30' + '82'],
    ['a wrong checksum of the header', '04224d18' + '60' + '40' + '83'],
  ])('a frame with %s is malformed', async (_, header) => {
    expect(await decompress(3, Buffer.from(`${header}02000080686900000000`, 'hex'), 100)).toBe('malformed');
  });

  test('bytes behind the frame are malformed', async () => {
    expect(await decompress(3, Buffer.from(`${HEADER}0200008068690000000000`, 'hex'), 100)).toBe('malformed');
  });
});

describe('streams that are whole and yet odd', () => {
  const flipped = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8((at + copy.length) % copy.length) ^ 1, (at + copy.length) % copy.length);
    return copy;
  };
  const zstd = zstdCompressSync(TEXT, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const twice = Buffer.concat([TEXT, TEXT]);

  test('several gzip members and zstd frames are one stream, skippable frames are skipped', async () => {
    const gzip = gzipSync(TEXT);
    const skippable = Buffer.from('502a4d18' + '03000000' + '010203', 'hex');
    expect(await decompress(1, Buffer.concat([gzip, gzip]), twice.length)).toEqual(twice);
    expect(await decompress(4, Buffer.concat([zstd, skippable, zstd]), twice.length)).toEqual(twice);
    expect(await decompress(1, Buffer.concat([gzip, gzip]), twice.length - 1)).toBe('too-large');
    expect(await decompress(4, Buffer.concat([zstd, zstd]), twice.length - 1)).toBe('too-large');
  });

  test('a checksum that does not hold makes a stream malformed', async () => {
    expect(await decompress(1, flipped(gzipSync(TEXT), -6), TEXT.length)).toBe('malformed');
    expect(await decompress(4, flipped(zstd, -1), TEXT.length)).toBe('malformed');
    // The last block of a frame with checksums: block, its xxh32, the end mark, the content's xxh32.
    const frame = await compressFrame(TEXT, { blockChecksums: true, contentChecksum: true });
    expect(await decompress(3, frame, TEXT.length)).toEqual(TEXT);
    expect(await decompress(3, flipped(frame, -1), TEXT.length)).toBe('malformed');
    expect(await decompress(3, flipped(frame, -9), TEXT.length)).toBe('malformed');
  });

  test('bytes behind the stream are malformed: Kafka reads them as records that were not announced', async () => {
    const behind = Buffer.from('more');
    expect(await decompress(1, Buffer.concat([gzipSync(TEXT), behind]), TEXT.length)).toBe('malformed');
    expect(await decompress(4, Buffer.concat([zstd, behind]), TEXT.length)).toBe('malformed');
    expect(await decompress(4, Buffer.concat([zstd, Buffer.alloc(200_000)]), TEXT.length)).toBe('malformed');
    expect(await decompress(3, Buffer.concat([await compress(3, TEXT), behind]), TEXT.length)).toBe('malformed');
    expect(await decompress(2, Buffer.concat([await compress(2, TEXT), behind]), TEXT.length)).toBe('malformed');
  });

  test('every cut of a stream and every flipped bit of it end, and within the limit', async () => {
    const text = TEXT.subarray(0, 400);
    for (const codec of [1, 2, 3, 4] as const) {
      const packed = await compress(codec, text);
      for (let at = 0; at < packed.length; at++) {
        expect(await decompress(codec, packed.subarray(0, at), text.length)).toBe('malformed');
        const result = await decompress(codec, flipped(packed, at), 2 * text.length);
        expect(typeof result === 'string' || result.length <= 2 * text.length).toBe(true);
      }
    }
  });
});

describe('bombs of lz4 and snappy', () => {
  test('a frame whose blocks could hold more than the limit is sized by its sequences first', async () => {
    const bomb = await compress(3, Buffer.alloc(1 << 26));
    expect(await decompress(3, bomb, (1 << 26) - 1)).toBe('too-large');
    expect(await decompress(3, bomb, 1 << 26)).toHaveLength(1 << 26);
  });

  test('a long frame is sized without holding up the loop', async () => {
    // Two blocks of a million sequences each: one literal and a match of four; at the end five literals.
    const count = (1 << 20) - 2;
    const sequences = Buffer.concat([
      Buffer.alloc(4 * count, Buffer.from('10610100', 'hex')),
      Buffer.from('506262626262', 'hex'),
    ]);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(sequences.length);
    const block = Buffer.concat([size, sequences]);
    const frame = Buffer.concat([Buffer.from('04224d18607073', 'hex'), block, block, Buffer.alloc(4)]);
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns += 1;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    const result = await decompress(3, frame, 7 << 20);
    running = false;
    expect(result).toBe('too-large');
    expect(turns).toBeGreaterThan(20);
  });

  test('snappy framing of more blocks than any writer makes is malformed', async () => {
    const block = Buffer.from('00000003' + '010078', 'hex');
    const header = Buffer.from('82534e41505059000000000100000001', 'hex');
    const framed = (count: number): Buffer => Buffer.concat([header, Buffer.alloc(count * block.length, block)]);
    expect(await decompress(2, framed(100), 100)).toEqual(Buffer.alloc(100, 'x'));
    expect(await decompress(2, framed(65_537), 1 << 20)).toBe('malformed');
  });
});

describe('levels', () => {
  const text = Buffer.from(Array.from({ length: 60_000 }, (_, i) => 97 + ((Math.imul(i, i + 7) >>> 3) % 11)));

  test.each([
    ['gzip', 1, 1, 9],
    ['zstd', 4, -50, 19],
  ] as const)('%s makes less of more', async (_, codec, quick, thorough) => {
    const [large, small] = [await compress(codec, text, quick), await compress(codec, text, thorough)];
    expect(small.length).toBeLessThan(large.length);
    expect(await decompress(codec, small, text.length)).toEqual(text);
    expect(await decompress(codec, large, text.length)).toEqual(text);
  });
});

test('completions are handed over as inputs and never run by themselves', async () => {
  const inputs: (() => void)[] = [];
  const results: (Uint8Array | DecompressFault)[] = [];
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
