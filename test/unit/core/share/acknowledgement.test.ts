import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { checkBatches } from '../../../../broker/core/share/acknowledgement.ts';
import { Bench, batches, RULES } from './bench.ts';

const GAP = 0;
const ACCEPT = 1;
const RELEASE = 2;
const REJECT = 3;
const RENEW = 4;

const batch = (firstOffset: number, lastOffset: number, ...acknowledgeTypes: number[]) => ({
  firstOffset,
  lastOffset,
  acknowledgeTypes,
});

describe('the form of acknowledgement batches', () => {
  const refused: [string, ReturnType<typeof batch>[]][] = [
    ['first behind last', [batch(5, 4, ACCEPT)]],
    ['no type', [batch(0, 4)]],
    ['neither one type nor one for each offset', [batch(0, 4, ACCEPT, ACCEPT)]],
    ['a type below gap', [batch(0, 0, -1)]],
    ['a type that does not exist', [batch(0, 0, 5)]],
    ['a renewal without leave', [batch(0, 0, RENEW)]],
    ['a batch that begins before the previous one ends', [batch(0, 4, ACCEPT), batch(3, 6, ACCEPT)]],
    ['a negative offset', [batch(-2, -1, ACCEPT)]],
  ];
  test.each(refused)('is refused: %s', (_, list) => {
    expect(checkBatches(list, false)).toBe(ErrorCode.INVALID_REQUEST);
  });

  test('is fine with one type, or one for each offset, in order', () => {
    expect(checkBatches([batch(0, 4, ACCEPT), batch(5, 6, RELEASE, GAP), batch(9, 9, REJECT)], false)).toBe(
      ErrorCode.NONE,
    );
  });

  test('may renew when the request says so', () => {
    expect(checkBatches([batch(0, 1, RENEW, ACCEPT)], true)).toBe(ErrorCode.NONE);
  });
});

describe('acknowledging', () => {
  test('accepted and rejected records and gaps are finished, and the start moves past them', () => {
    const bench = new Bench(batches(0, 10, 1));
    bench.fetch('a');
    expect(bench.acknowledge('a', [0, 3, ACCEPT, REJECT, GAP, ACCEPT])).toBe(ErrorCode.NONE);
    expect(bench.partition.startOffset).toBe(4);
    expect(bench.fetch('b')).toEqual([]);
  });

  test('released records come back with their count, and count one more', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.fetch('a');
    expect(bench.acknowledge('a', [1, 2, RELEASE])).toBe(ErrorCode.NONE);
    expect(bench.fetch('b')).toEqual(['1-2 x2']);
  });

  test('a record released on its last attempt is archived', () => {
    const bench = new Bench(batches(0, 2, 1));
    bench.rules = { ...RULES, deliveryCountLimit: 2 };
    bench.fetch('a');
    bench.acknowledge('a', [1, 1, RELEASE]);
    bench.fetch('a');
    bench.acknowledge('a', [1, 1, RELEASE]);
    expect(bench.describe()).toBe('start 0 end 2: [0,1) acquired x1 by a; [1,2) archived x2');
    expect(bench.writes.at(-1)?.stateBatches).toEqual([
      { firstOffset: 1, lastOffset: 1, deliveryState: 4, deliveryCount: 2 },
    ]);
  });

  test('a limit that was lowered meanwhile counts for records in flight', () => {
    const bench = new Bench(batches(0, 2, 1));
    for (let round = 0; round < 2; round += 1) {
      bench.fetch('a');
      bench.acknowledge('a', [0, 1, RELEASE]);
    }
    bench.fetch('a');
    bench.rules = { ...RULES, deliveryCountLimit: 2 };
    bench.acknowledge('a', [0, 1, RELEASE]);
    expect(bench.partition.startOffset).toBe(2);
  });

  test('is answered only when its write is committed (S0)', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    const ticket = bench.send('a', [0, 3, ACCEPT]);
    expect(bench.verdicts.has(ticket)).toBe(false);
    expect(bench.partition.startOffset).toBe(0);
    bench.commit();
    expect(bench.verdicts.get(ticket)).toBe(ErrorCode.NONE);
    expect(bench.partition.startOffset).toBe(4);
  });

  test('of what lies below the start is fine and changes nothing', () => {
    const bench = new Bench(batches(0, 4, 2));
    bench.fetch('a');
    bench.acknowledge('a', [0, 3, ACCEPT]);
    expect(bench.acknowledge('a', [0, 3, RELEASE])).toBe(ErrorCode.NONE);
    expect(bench.acknowledge('a', [2, 5, ACCEPT])).toBe(ErrorCode.NONE);
    expect(bench.partition.startOffset).toBe(6);
    expect(bench.writes).toHaveLength(2);
  });

  test('by another member is refused', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.fetch('a');
    expect(bench.acknowledge('b', [0, 3, ACCEPT])).toBe(ErrorCode.INVALID_RECORD_STATE);
    expect(bench.fetch('b')).toEqual([]);
    expect(bench.acknowledge('a', [0, 3, ACCEPT])).toBe(ErrorCode.NONE);
  });

  test('after the lock ended is refused, even when the timer is late (S8)', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.fetch('a');
    bench.nowMs += RULES.lockDurationMs;
    expect(bench.acknowledge('a', [0, 3, ACCEPT])).toBe(ErrorCode.INVALID_RECORD_STATE);
    expect(bench.fetch('b')).toEqual(['0-3 x2']);
  });

  test('twice is refused while the first is under way, and after it', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    bench.send('a', [1, 3, ACCEPT]);
    expect(bench.acknowledge('a', [1, 1, ACCEPT])).toBe(ErrorCode.INVALID_RECORD_STATE);
    bench.commit();
    expect(bench.acknowledge('a', [2, 3, ACCEPT])).toBe(ErrorCode.INVALID_RECORD_STATE);
  });

  test('of an offset twice in one request is refused', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.fetch('a');
    expect(bench.acknowledge('a', [0, 2, ACCEPT], [2, 3, ACCEPT])).toBe(ErrorCode.INVALID_RECORD_STATE);
  });

  test('of what was never in flight is refused', () => {
    const bench = new Bench(batches(0, 4, 2));
    expect(bench.acknowledge('a', [0, 3, ACCEPT])).toBe(ErrorCode.INVALID_RECORD_STATE);
    bench.fetch('a', { max: 4 });
    expect(bench.acknowledge('a', [2, 5, ACCEPT])).toBe(ErrorCode.INVALID_REQUEST);
    expect(bench.acknowledge('a', [6, 7, ACCEPT])).toBe(ErrorCode.INVALID_REQUEST);
  });

  test('of offsets far beyond costs nothing and is refused', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.fetch('a');
    expect(bench.acknowledge('a', [0, Number.MAX_SAFE_INTEGER - 1, ACCEPT])).toBe(ErrorCode.INVALID_REQUEST);
  });

  test('is all or nothing within a request (S7)', () => {
    const bench = new Bench(batches(0, 4, 3));
    bench.fetch('a', { max: 4 });
    bench.fetch('b', { max: 4 });
    const before = bench.describe();
    expect(bench.acknowledge('a', [0, 1, ACCEPT], [2, 3, RELEASE], [4, 4, ACCEPT])).toBe(
      ErrorCode.INVALID_RECORD_STATE,
    );
    expect(bench.describe()).toBe(before);
    expect(bench.writes).toHaveLength(0);
  });

  test('writes only what changed above the start that will hold', () => {
    const bench = new Bench(batches(0, 10, 1));
    bench.fetch('a');
    bench.acknowledge('a', [0, 1, ACCEPT], [4, 5, ACCEPT], [6, 6, RELEASE]);
    expect(bench.writes).toEqual([
      {
        kind: 'persist',
        startOffset: 2,
        deliveryCompleteCount: 2,
        stateBatches: [
          { firstOffset: 4, lastOffset: 5, deliveryState: 2, deliveryCount: 1 },
          { firstOffset: 6, lastOffset: 6, deliveryState: 0, deliveryCount: 1 },
        ],
      },
    ]);
  });
});

describe('renewing', () => {
  test('starts a full lock of the present duration, and nothing is written', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.fetch('a');
    bench.pass(20_000);
    bench.rules = { ...RULES, lockDurationMs: 60_000 };
    expect(bench.acknowledge('a', [0, 1, RENEW])).toBe(ErrorCode.NONE);
    expect(bench.writes).toHaveLength(0);
    bench.pass(10_000);
    expect(bench.describe()).toBe('start 0 end 4: [0,2) acquired x1 by a; [2,4) available x1');
    bench.pass(49_999);
    expect(bench.describe()).toContain('[0,2) acquired');
    bench.pass(1);
    expect(bench.describe()).toBe('start 0 end 4: [0,4) available x1');
  });

  test('with a shorter duration than before ends sooner', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.fetch('a');
    bench.rules = { ...RULES, lockDurationMs: 5_000 };
    expect(bench.acknowledge('a', [0, 1, RENEW])).toBe(ErrorCode.NONE);
    bench.pass(4_999);
    expect(bench.describe()).toBe('start 0 end 4: [0,2) acquired x1 by a; [2,4) acquired x1 by a');
    bench.pass(1);
    expect(bench.describe()).toBe('start 0 end 4: [0,2) available x1; [2,4) acquired x1 by a');
  });

  test('is refused when the group does not allow it, with all that came with it', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.rules = { ...RULES, renewEnabled: false };
    bench.fetch('a');
    expect(bench.acknowledge('a', [0, 0, ACCEPT], [1, 1, RENEW])).toBe(ErrorCode.INVALID_RECORD_STATE);
    expect(bench.writes).toHaveLength(0);
  });

  test('together with verdicts is answered with them', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.hold = true;
    bench.fetch('a');
    bench.pass(1_000);
    const ticket = bench.send('a', [0, 3, RENEW, ACCEPT, ACCEPT, RENEW]);
    expect(bench.verdicts.has(ticket)).toBe(false);
    bench.commit();
    expect(bench.verdicts.get(ticket)).toBe(ErrorCode.NONE);
    expect(bench.writes[0]?.stateBatches).toEqual([
      { firstOffset: 1, lastOffset: 2, deliveryState: 2, deliveryCount: 1 },
    ]);
  });

  test('after the lock ended is refused', () => {
    const bench = new Bench(batches(0, 4, 1));
    bench.fetch('a');
    bench.pass(30_000);
    expect(bench.acknowledge('a', [0, 3, RENEW])).toBe(ErrorCode.INVALID_RECORD_STATE);
  });
});
