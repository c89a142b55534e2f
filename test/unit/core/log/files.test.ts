import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import * as checkpoints from '../../../../broker/core/log/checkpoints.ts';
import { isLogDirectoryName, parseSegmentFileName, segmentFileName } from '../../../../broker/core/log/file-names.ts';
import { decodeManifest, encodeManifest } from '../../../../broker/core/log/manifest.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from '../../../../broker/core/log/producer-snapshot.ts';
import { BATCHES_KEPT } from '../../../../broker/core/log/producer-state.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

describe('file names', () => {
  test('hold the base offset in twenty digits', () => {
    expect(segmentFileName(42, 'timeindex')).toBe('00000000000000000042.timeindex');
    expect(parseSegmentFileName('00000000000000000042.log')).toEqual({ baseOffset: 42, kind: 'log' });
  });

  test.each(['42.log', '00000000000000000042.tmp', '99999999999999999999.log', 'x.log'])('%s is none', (name) => {
    expect(parseSegmentFileName(name)).toBeNull();
  });

  test.each([
    ['topic-0', true],
    ['a.b_c-d-17', true],
    ['__cluster_metadata-0', false],
    ['topic', false],
    ['AAAAAAAAAAAAAAAAAAAAAQ-0.delete', false],
  ])('%s as the directory of a log: %s', (name, expected) => {
    expect(isLogDirectoryName(name)).toBe(expected);
  });
});

describe('checkpoints', () => {
  test('of offsets are the text that Kafka writes', () => {
    const lines = [
      { topic: 'a', partition: 0, offset: 5 },
      { topic: 'b-c', partition: 12, offset: 9_007_199_254_740_991 },
    ];
    const encoded = checkpoints.encodeOffsetCheckpoint(lines);
    expect(encoded.toString()).toBe('0\n2\na 0 5\nb-c 12 9007199254740991\n');
    expect(checkpoints.decodeOffsetCheckpoint(encoded)).toEqual(lines);
    expect(checkpoints.decodeOffsetCheckpoint(checkpoints.encodeOffsetCheckpoint([]))).toEqual([]);
  });

  test.each([
    '',
    '1\n0\n',
    '0\n2\na 0 5\n',
    '0\n1\na 0\n',
    '0\n1\na 0 x\n',
    '0\n1\na 0 9007199254740993\n',
    '0\n1\na b 0 5\n',
  ])('of offsets that are malformed are refused: %j', (text) => {
    expect(checkpoints.decodeOffsetCheckpoint(bytes(text))).toBeNull();
  });

  test('of epochs are the text that Kafka writes', () => {
    const entries = [
      { epoch: 0, startOffset: 0 },
      { epoch: 4, startOffset: 17 },
    ];
    expect(checkpoints.encodeEpochCheckpoint(entries).toString()).toBe('0\n2\n0 0\n4 17\n');
    expect(checkpoints.decodeEpochCheckpoint(bytes('0\n2\n0 0\n4 17\n'))).toEqual(entries);
    expect(checkpoints.decodeEpochCheckpoint(bytes('0\n2\n0 0\n'))).toBeNull();
  });

  test('of a clean shutdown hold the broker epoch', () => {
    expect(checkpoints.encodeCleanShutdown(7).toString()).toBe('{"version":0,"brokerEpoch":7}');
    expect(checkpoints.decodeCleanShutdown(bytes('{"version":0,"brokerEpoch":7}'))).toBe(7);
    for (const text of ['', '{', '{"version":1,"brokerEpoch":7}', '{"version":0,"brokerEpoch":"7"}', 'null']) {
      expect(checkpoints.decodeCleanShutdown(bytes(text))).toBeNull();
    }
  });
});

describe('the manifest', () => {
  const entries = [
    { topic: 'a', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 0, damaged: false },
    { topic: 'b', topicId: 'AAAAAAAAAAAAAAAAAAAAAg', partition: 70, damaged: true },
  ];

  test('comes back as it was written', () => {
    expect(decodeManifest(encodeManifest(entries, crc32c), crc32c)).toEqual(entries);
    expect(decodeManifest(encodeManifest([], crc32c), crc32c)).toEqual([]);
  });

  test('with any byte changed or cut off is refused', () => {
    const encoded = encodeManifest(entries, crc32c);
    for (let i = 0; i < encoded.length - 1; i++) {
      const spoiled = Buffer.from(encoded);
      spoiled[i] = (spoiled[i] ?? 0) ^ 1;
      expect(decodeManifest(spoiled, crc32c)).toBeNull();
      expect(decodeManifest(encoded.subarray(0, i), crc32c)).toBeNull();
    }
  });

  test('of a version that this program does not know is refused', () => {
    const body = bytes('weir-logs-manifest 2\n');
    const sealed = `${body.toString()}crc32c ${crc32c(body, 0, body.length).toString(16).padStart(8, '0')}\n`;
    expect(decodeManifest(bytes(sealed), crc32c)).toBeNull();
  });
});

describe('a producer snapshot', () => {
  const entry = {
    producerId: 9_007_199_254_740_991,
    epoch: 3,
    batches: [{ lastSequence: 12, lastOffset: 500, offsetDelta: 4, timestampMs: 1_700_000_000_000 }],
    coordinatorEpoch: -1,
    currentTxnFirstOffset: -1,
    lastUsedMs: 5,
  };

  test('comes back with the time of the load as last use', () => {
    const encoded = encodeProducerSnapshot([entry, { ...entry, producerId: 1, batches: [] }], crc32c);
    expect(encoded.length).toBe(10 + 2 * 46);
    expect(decodeProducerSnapshot(encoded, crc32c, 77)).toEqual([
      { ...entry, lastUsedMs: 77 },
      { ...entry, producerId: 1, batches: [], lastUsedMs: 77 },
    ]);
  });

  test('keeps the last batches of a producer, a line each, oldest first', () => {
    const sequences = Array.from({ length: BATCHES_KEPT }, (_, i) => 12 + 5 * i);
    const batches = sequences.map((lastSequence) => ({
      ...entry.batches[0],
      lastSequence,
      lastOffset: 500 + lastSequence,
      offsetDelta: 4,
      timestampMs: lastSequence,
    }));
    const encoded = encodeProducerSnapshot([{ ...entry, batches }], crc32c);
    expect(encoded.length).toBe(10 + BATCHES_KEPT * 46);
    expect(decodeProducerSnapshot(encoded, crc32c, 77)).toEqual([{ ...entry, batches, lastUsedMs: 77 }]);
  });

  test("takes a producer's last line for all when its epoch is another, as Kafka does", () => {
    const older = { ...entry, epoch: 2 };
    const encoded = encodeProducerSnapshot([older, entry], crc32c);
    expect(decodeProducerSnapshot(encoded, crc32c, 5)).toEqual([entry]);
  });

  test('that is torn or spoiled is refused', () => {
    const encoded = encodeProducerSnapshot([entry], crc32c);
    for (let i = 0; i < encoded.length; i++) {
      expect(decodeProducerSnapshot(encoded.subarray(0, i), crc32c, 0)).toBeNull();
      const spoiled = Buffer.from(encoded);
      spoiled[i] = (spoiled[i] ?? 0) ^ 0x40;
      expect(decodeProducerSnapshot(spoiled, crc32c, 0)).toBeNull();
    }
  });
});
