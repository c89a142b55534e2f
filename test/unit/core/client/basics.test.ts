import { describe, expect, it } from '@jest/globals';
import { FrameReader } from '../../../../broker/core/client/frames.ts';
import { murmur2, partitionForKey } from '../../../../broker/core/client/partitioner.ts';
import { Schedule } from '../../../../broker/core/client/schedule.ts';
import { chooseVersion } from '../../../../broker/core/client/versions.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';

function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

describe('frames', () => {
  it.each([1, 2, 3, 5, 100])('are found in a stream cut every %d bytes', (size) => {
    const stream = Buffer.concat([frame('alpha'), frame('beta!'), frame('gamma')]);
    const reader = new FrameReader(100);
    const found: string[] = [];
    for (let pos = 0; pos < stream.length; pos += size) {
      expect(reader.push(stream.subarray(pos, pos + size), (one) => found.push(one.toString()))).toBe(true);
    }
    expect(found).toEqual(['alpha', 'beta!', 'gamma']);
  });

  it('share no memory with what was received', () => {
    const stream = frame('alpha');
    const found: Buffer[] = [];
    new FrameReader(100).push(stream, (one) => found.push(one));
    stream.fill(0);
    expect(found.map(String)).toEqual(['alpha']);
  });

  it.each([-1, 0, 3, 101, 0x7fff_ffff])('of %d bytes are refused before memory is taken', (length) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(length);
    expect(new FrameReader(100).push(bytes, () => undefined)).toBe(false);
  });
});

describe('a schedule', () => {
  it('runs what is due in the order of time, then of making, and nothing that was cancelled', () => {
    const schedule = new Schedule();
    const ran: string[] = [];
    const note = (text: string) => () => {
      ran.push(text);
    };
    schedule.at(20, note('late'));
    schedule.at(10, note('first'));
    schedule.at(10, note('second'));
    schedule.at(5, note('never')).cancel();
    expect(schedule.nextMs()).toBe(10);
    schedule.runDue(19);
    expect(ran).toEqual(['first', 'second']);
    schedule.runDue(20);
    expect(ran).toEqual(['first', 'second', 'late']);
    expect(schedule.nextMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('runs what becomes due by running', () => {
    const schedule = new Schedule();
    const ran: number[] = [];
    schedule.at(1, () => {
      ran.push(1);
      schedule.at(1, () => ran.push(2));
    });
    schedule.runDue(1);
    expect(ran).toEqual([1, 2]);
  });
});

describe('the partitioner', () => {
  // The values of Kafka's own clients: a key has to go to the same partition whoever sends it.
  it.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
  ])('hashes %s as Kafka does', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
  });

  it('gives a partition that exists, also for negative hashes', () => {
    for (const key of ['21', 'foobar', 'abc', '']) {
      const partition = partitionForKey(Buffer.from(key), 7);
      expect(partition >= 0 && partition < 7).toBe(true);
    }
  });
});

describe('the version of a request', () => {
  it('is the newest that both sides speak', () => {
    expect(chooseVersion(ApiKey.Metadata, { min: 0, max: 9 })).toBe(9);
    expect(chooseVersion(ApiKey.Metadata, { min: 0, max: 99 })).toBe(13);
  });

  it('is none when the ranges do not meet or the broker lacks the API', () => {
    expect(chooseVersion(ApiKey.ShareFetch, { min: 0, max: 0 })).toBeNull();
    expect(chooseVersion(ApiKey.ShareFetch, { min: 3, max: 4 })).toBeNull();
    expect(chooseVersion(ApiKey.ShareFetch, undefined)).toBeNull();
  });
});
