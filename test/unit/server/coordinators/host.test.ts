import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { bufferOf, recordCount } from '../../../../broker/core/record/batch.ts';
import { HostBench } from './bench.ts';

const set = (name: string, value: number) => ({ kind: 'set', name, value }) as const;
const get = (name: string) => ({ kind: 'get', name }) as const;

describe('answers', () => {
  test('wait until their records are committed', () => {
    const bench = new HostBench();
    bench.start();
    bench.partition().hold = true;
    const outcomes = bench.send(set('a', 1));
    bench.loop.run();
    expect(outcomes).toEqual([]);
    bench.partition().commit();
    expect(outcomes).toEqual(['a=1']);
  });

  test('of reads wait for what they have seen, though they write nothing', () => {
    const bench = new HostBench();
    bench.start();
    bench.partition().hold = true;
    bench.send(set('a', 1));
    const read = bench.send(get('a'));
    bench.loop.run();
    expect(read).toEqual([]);
    bench.partition().commit();
    expect(read).toEqual(['a=1']);
    expect(bench.send(get('a'))).toEqual(['a=1']);
  });

  test('of earlier commands come with the command that decides them', () => {
    const bench = new HostBench();
    bench.start();
    const waiting = bench.send({ kind: 'next' });
    bench.loop.run();
    expect(waiting).toEqual([]);
    bench.send(set('a', 7));
    bench.loop.run();
    expect(waiting).toEqual(['next 7']);
  });

  test('that take too long to commit are refused at any fraction of a millisecond', () => {
    const bench = new HostBench();
    bench.start();
    bench.partition().hold = true;
    for (let tries = 0; tries < 50; tries += 1) {
      bench.loop.advance(0.1 + tries / 7);
      const outcomes = bench.send(set('a', tries));
      bench.loop.advance(5_001);
      expect(outcomes).toEqual([`refused ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`]);
    }
  });

  test('that take too long to commit are refused, and not given a second time later', () => {
    const bench = new HostBench();
    bench.start();
    bench.partition().hold = true;
    const outcomes = bench.send(set('a', 1));
    bench.loop.advance(4_999);
    expect(outcomes).toEqual([]);
    bench.loop.advance(1);
    expect(outcomes).toEqual([`refused ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`]);
    bench.partition().commit();
    bench.loop.advance(10_000);
    expect(outcomes.length).toBe(1);
    bench.partition().hold = false;
    expect(bench.send(get('a'))).toEqual(['a=1']);
  });
});

describe('batches', () => {
  test('hold the records of all commands of one loop turn', () => {
    const bench = new HostBench();
    bench.start();
    for (let index = 0; index < 100; index += 1) bench.send(set(`n${index}`, index));
    expect(bench.partition().batches.length).toBe(0);
    bench.loop.run();
    expect(bench.partition().batches.map(({ bytes }) => recordCount(bufferOf(bytes), 0))).toEqual([100]);
    expect(bench.shards[0]?.offsets).toEqual(Array.from({ length: 100 }, (_, offset) => offset));
  });

  test('are closed when they grow large', () => {
    const bench = new HostBench();
    bench.start();
    const name = 'x'.repeat(100_000);
    for (let index = 0; index < 20; index += 1) bench.send(set(`${name}${index}`, index));
    bench.loop.run();
    const sizes = bench.partition().batches.map(({ bytes }) => bytes.length);
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(700_000);
  });
});

describe('effects', () => {
  test('are carried out after their records are committed', () => {
    const bench = new HostBench();
    bench.start();
    bench.partition().hold = true;
    bench.host.broadcast({ kind: 'effect', name: 'call' });
    bench.loop.run();
    expect(bench.performed).toEqual([]);
    bench.partition().commit();
    expect(bench.performed).toEqual(['call@0']);
  });
});

describe('loading', () => {
  test('brings back what was committed, before the first command', () => {
    const bench = new HostBench();
    bench.start();
    bench.send(set('a', 1));
    bench.send(set('b', 2));
    bench.loop.run();
    const partition = bench.lead(0);
    partition.slowReads = true;
    const early = bench.send(get('a'));
    expect(early).toEqual([]);
    bench.loop.run();
    expect(early).toEqual(['a=1']);
    expect(bench.shards.length).toBe(2);
    expect(bench.shards[1]?.isLoaded).toBe(true);
    expect(bench.host.describe(0)).toBe('a=1 b=2');
  });

  test('waits for records above the high watermark and takes them over', () => {
    const bench = new HostBench();
    bench.start();
    bench.send(set('a', 1));
    bench.loop.run();
    bench.partition().hold = true;
    bench.send(set('a', 2));
    bench.loop.run();
    const before = bench.partition();
    const committed = before.highWatermark;
    const partition = before.reelect();
    partition.highWatermark = committed;
    bench.partitions.lead(partition);
    const early = bench.send(get('a'));
    bench.loop.run();
    expect(early).toEqual([]);
    expect(bench.host.isActive(0)).toBe(false);
    partition.commit();
    bench.loop.run();
    expect(early).toEqual(['a=2']);
  });

  test('goes on in pieces over turns of the loop', () => {
    const bench = new HostBench();
    bench.start();
    for (let index = 0; index < 10; index += 1) {
      bench.send(set(`${'x'.repeat(100_000)}${index}`, index));
      bench.loop.run();
    }
    const partition = bench.lead(0);
    bench.loop.run();
    expect(partition.readCount).toBeGreaterThanOrEqual(4);
    expect(bench.shards[1]?.values.size).toBe(10);
  });

  test('keeps commands for a second, then tells their callers to come back', () => {
    const bench = new HostBench();
    bench.start();
    bench.send(set('a', 1));
    bench.loop.run();
    const partition = bench.partition().reelect();
    partition.highWatermark = 0;
    bench.partitions.lead(partition);
    const outcomes = bench.send(get('a'));
    bench.loop.advance(999);
    expect(outcomes).toEqual([]);
    bench.loop.advance(1);
    expect(outcomes).toEqual([`refused ${ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}`]);
  });

  test('keeps news for as long as it takes', () => {
    const bench = new HostBench();
    bench.start();
    bench.send(set('a', 1));
    bench.loop.run();
    const partition = bench.partition().reelect();
    partition.highWatermark = 0;
    bench.partitions.lead(partition);
    bench.host.broadcast(set('news', 7));
    const outcomes = bench.send(get('news'));
    bench.loop.advance(2_000);
    expect(outcomes).toEqual([`refused ${ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}`]);
    partition.commit();
    bench.loop.run();
    expect(bench.host.describe(0)).toBe('a=1 news=7');
  });

  test('ends with a record that can not be read, and is tried again later; the process goes on', () => {
    const bench = new HostBench();
    bench.start();
    bench.send(set('unreadable', 1));
    bench.send(set('a', 1));
    bench.loop.run();
    bench.lead(0);
    const outcomes = bench.send(get('a'));
    bench.loop.advance(1_000);
    expect(outcomes).toEqual([`refused ${ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}`]);
    expect(bench.warnings).toContain('coordinator shard could not be loaded');
    const triesInAMinute = bench.shards.length;
    bench.loop.advance(60_000);
    expect(bench.shards.length - triesInAMinute).toBeGreaterThan(5);
    expect(bench.shards.length - triesInAMinute).toBeLessThan(20);
  });

  test('skips records below a log start that lies inside a batch', () => {
    const bench = new HostBench();
    bench.start();
    for (let index = 0; index < 4; index += 1) bench.send(set(`n${index}`, index));
    bench.loop.run();
    bench.partition().logStartOffset = 2;
    bench.lead(0);
    bench.loop.run();
    expect(bench.shards[1]?.offsets).toEqual([2, 3]);
  });
});

describe('losing the partition', () => {
  test('tells everybody who waits that the coordinator is elsewhere', () => {
    const bench = new HostBench();
    bench.start();
    bench.partition().hold = true;
    const outcomes = [bench.send(set('a', 1)), bench.send({ kind: 'next' })];
    bench.loop.run();
    bench.partition().resign();
    bench.loop.run();
    expect(outcomes.flat()).toEqual([`refused ${ErrorCode.NOT_COORDINATOR}`, `refused ${ErrorCode.NOT_COORDINATOR}`]);
    expect(bench.host.isActive(0)).toBe(false);
    bench.loop.advance(60_000);
    expect(bench.shards.length).toBe(1);
    expect(bench.loop.timerCount).toBe(0);
  });

  test('and an append that fails drop the shard; it comes back from the log, without what was lost', () => {
    const bench = new HostBench();
    bench.start();
    bench.send(set('a', 1));
    bench.loop.run();
    const partition = bench.partition();
    const append = partition.appendInternalBatch.bind(partition);
    partition.appendInternalBatch = () => ({
      errorCode: ErrorCode.NOT_ENOUGH_REPLICAS,
      errorMessage: null,
      baseOffset: -1,
      endOffset: -1,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      recordErrors: [],
    });
    const outcomes = [bench.send(set('a', 2)), bench.send(get('a')), bench.send({ kind: 'next' })];
    bench.loop.run();
    expect(outcomes.flat()).toEqual(Array.from({ length: 3 }, () => `refused ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`));
    partition.appendInternalBatch = append;
    const later = bench.send(get('a'));
    bench.loop.advance(100);
    expect(later).toEqual(['a=1']);
    expect(bench.shards.length).toBe(2);
  });

  test('an append that somebody else got in front of drops the shard too', () => {
    const bench = new HostBench();
    bench.start();
    bench.send(set('a', 1));
    bench.partition().produce(1);
    bench.loop.run();
    expect(bench.warnings).toContain('somebody else writes to a coordinator partition');
  });
});

describe('timers', () => {
  test('fire when they are due', () => {
    const bench = new HostBench();
    bench.start();
    bench.send({ kind: 'alarm', inMs: 500 });
    bench.loop.advance(499);
    expect(bench.host.describe(0)).toBe('');
    bench.loop.advance(1);
    expect(bench.host.describe(0)).toBe('alarm=1500');
  });

  test('that fire late after a stall give a grace first, so that waiting requests are heard', () => {
    const bench = new HostBench();
    bench.start();
    bench.send({ kind: 'alarm', inMs: 500 });
    const jump = 3_000;
    bench.loop.stall(jump);
    bench.loop.run();
    expect(bench.host.describe(0)).toBe('');
    bench.loop.advance(jump);
    expect(bench.host.describe(0)).toMatch(/^alarm=/);
    expect(bench.warnings).toEqual(['coordinator timers fired late; members get a grace']);
  });

  test('that fired late do fire after one grace, however busy the shard is', () => {
    const bench = new HostBench();
    bench.start();
    bench.send({ kind: 'alarm', inMs: 500 });
    const jump = 3_000;
    bench.loop.stall(jump);
    bench.loop.run();
    for (let passedMs = 0; passedMs < jump; passedMs += 100) {
      bench.send({ kind: 'set', name: 'a', value: passedMs });
      bench.loop.advance(100);
    }
    expect(bench.host.describe(0)).toMatch(/alarm=/);
    expect(bench.warnings).toHaveLength(1);
  });
});

describe('where a command goes', () => {
  test('is the partition of its key; the topic is created first, once for all who ask', () => {
    const bench = new HostBench({ partitionCount: 50 });
    const outcomes: string[] = [];
    for (const key of ['hello', 'hello', 'other'])
      bench.host.submit(key, get('a'), (outcome) => outcomes.push(outcome.kind));
    expect(outcomes).toEqual([]);
    bench.loop.run();
    expect(outcomes).toEqual(['answered', 'answered', 'answered']);
    expect(bench.metadata.submitted.length).toBe(1);
    expect(bench.metadata.submitted[0]).toMatchObject({
      kind: 'createTopics',
      topics: [{ name: '__registers', partitionCount: 50, replicationFactor: 3, shrinkToBrokers: true }],
    });
    expect(bench.host.partitionFor('hello')).toBe(22);
  });

  test('is nowhere while the topic can not be created', () => {
    const bench = new HostBench();
    bench.metadata.down = true;
    const outcomes: unknown[] = [];
    bench.host.submit('hello', get('a'), (outcome) => outcomes.push(outcome));
    bench.loop.run();
    expect(outcomes).toEqual([{ kind: 'refused', errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE }]);
  });

  test('is nowhere for a partition that is led elsewhere', () => {
    const bench = new HostBench();
    bench.view.setTopic('__registers', 2);
    expect(bench.send(get('a'), 5)).toEqual([`refused ${ErrorCode.NOT_COORDINATOR}`]);
  });

  test('is a partition whose log is still being opened; the command waits for it', () => {
    const bench = new HostBench({ leadAtOnce: false });
    bench.start();
    const outcomes = bench.send(get('a'));
    bench.loop.run();
    expect(outcomes).toEqual([]);
    bench.lead(0);
    bench.loop.run();
    expect(outcomes).toEqual(['a=nothing']);
  });

  test('is found for partitions that were led before the host began', () => {
    const first = new HostBench();
    first.start();
    first.send(set('a', 1));
    first.loop.run();
    const second = first.newHost();
    first.loop.run();
    expect(second.describe(0)).toBe('a=1');
  });
});
