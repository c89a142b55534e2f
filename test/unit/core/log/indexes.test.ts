import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import {
  IndexTail,
  lookupOffset,
  lookupTime,
  OFFSET_ENTRY_SIZE,
  offsetEntry,
  soundOffsetEntries,
  soundTimeEntries,
  TIME_ENTRY_SIZE,
  timeEntry,
  writeOffsetEntry,
  writeTimeEntry,
} from '../../../../broker/core/log/offset-index.ts';

function offsets(...entries: readonly (readonly [number, number])[]): Buffer {
  const buf = Buffer.alloc(entries.length * OFFSET_ENTRY_SIZE);
  for (const [slot, [offset, position]] of entries.entries()) writeOffsetEntry(buf, slot * 8, offset, position);
  return buf;
}

function times(...entries: readonly (readonly [number, number])[]): Buffer {
  const buf = Buffer.alloc(entries.length * TIME_ENTRY_SIZE);
  for (const [slot, [time, offset]] of entries.entries()) writeTimeEntry(buf, slot * 12, time, offset);
  return buf;
}

describe('the offset index', () => {
  test('has the bytes that Kafka writes', () => {
    expect(offsets([3, 0x1234]).toString('hex')).toBe('0000000300001234');
    expect(offsetEntry(offsets([3, 9]), 0, 100)).toEqual({ lastOffset: 103, position: 9 });
  });

  test.each([
    [0, -1],
    [4, -1],
    [5, 0],
    [9, 0],
    [10, 1],
    [99, 2],
  ])('finds for relative offset %i the slot %i', (offset, slot) => {
    expect(lookupOffset(offsets([5, 0], [10, 50], [20, 90]), offset)).toBe(slot);
  });

  test('is empty without entries, and a cut-off entry does not count', () => {
    expect(lookupOffset(Buffer.alloc(0), 5)).toBe(-1);
    expect(lookupOffset(offsets([5, 0], [10, 50]).subarray(0, 15), 99)).toBe(0);
  });

  const bounds = { baseOffset: 100, endOffset: 1000, endPosition: 500 };
  test.each([
    ['offsets that do not rise', offsets([5, 0], [5, 50], [9, 60]), 1],
    ['positions that do not rise', offsets([5, 40], [6, 40]), 1],
    ['zeros that power loss left', Buffer.concat([offsets([5, 10], [9, 20]), Buffer.alloc(24)]), 2],
    ['an entry past the data', offsets([5, 10], [6, 500]), 1],
    ['an entry past the known end', offsets([5, 10], [900, 20]), 1],
    ['nothing wrong', offsets([5, 10], [6, 20]), 2],
  ])('is believed up to %s', (_what, buf, count) => {
    expect(soundOffsetEntries(buf, bounds)).toBe(count);
  });

  test('refuses an entry that does not fit an int32', () => {
    expect(() => writeOffsetEntry(Buffer.alloc(8), 0, 0x8000_0000, 0)).toThrow('fits an int32');
  });
});

describe('the time index', () => {
  test('has the bytes that Kafka writes', () => {
    expect(times([0x0102_0304_0506, 7]).toString('hex')).toBe('000001020304050600000007');
    expect(timeEntry(times([1000, 7]), 0, 100)).toEqual({ timestampMs: 1000, lastOffset: 107 });
  });

  test.each([
    [1000, -1],
    [1001, 0],
    [2000, 0],
    [9999, 1],
  ])('finds for timestamp %i the slot %i', (timestamp, slot) => {
    expect(lookupTime(times([1000, 3], [2000, 9]), timestamp)).toBe(slot);
  });

  test('is believed while times and offsets rise', () => {
    const bounds = { baseOffset: 0, endOffset: 100, endPosition: 1 };
    expect(soundTimeEntries(times([5, 1], [6, 2], [6, 3]), bounds)).toBe(2);
    expect(soundTimeEntries(times([5, 1], [6, 1]), bounds)).toBe(1);
    expect(soundTimeEntries(times([5, 1], [6, 100]), bounds)).toBe(1);
  });
});

describe('the tail of an index', () => {
  test('holds what its file lacks until it is there', () => {
    const tail = new IndexTail(OFFSET_ENTRY_SIZE, 16);
    const add = (i: number): void => {
      const { buf, pos } = tail.reserve();
      writeOffsetEntry(buf, pos, i, i * 10);
    };
    for (let i = 0; i < 20; i++) add(i);
    const written = tail.entries;
    expect([tail.flushedBytes, written.length, tail.totalBytes]).toEqual([16, 160, 176]);
    add(20);
    tail.dropFlushed(written.length);
    // There is one of these for each segment that is written to: it must not keep a block that others share (B6).
    expect(tail.entries.buffer.byteLength).toBe(8);
    add(21);
    expect([tail.flushedBytes, tail.entries.length, tail.totalBytes]).toEqual([176, 16, 192]);
    expect([0, 1].map((slot) => offsetEntry(tail.entries, slot, 0).lastOffset)).toEqual([20, 21]);
    expect(offsetEntry(written, 19, 0)).toEqual({ lastOffset: 19, position: 190 });
  });
});
