import { describe, expect, test } from '@jest/globals';
import { SEQUENCE_MAX } from '../../../../broker/core/record/batch.ts';
import {
  type AppendedBatch,
  BATCHES_KEPT,
  type ProducerClaim,
  PRODUCERS_MAX,
  ProducerStates,
} from '../../../../broker/core/log/producer-state.ts';

const HOUR_MS = 3_600_000;

function appended(change: Partial<AppendedBatch> = {}): AppendedBatch {
  return {
    producerId: 1,
    producerEpoch: 0,
    baseSequence: 0,
    lastSequence: 4,
    baseOffset: 100,
    lastOffset: 104,
    timestampMs: 1000,
    transactional: false,
    control: false,
    ...change,
  };
}

function claim(baseSequence: number, lastSequence: number, change: Partial<ProducerClaim> = {}): ProducerClaim {
  return { producerId: 1, producerEpoch: 0, baseSequence, lastSequence, ...change };
}

function judge(states: ProducerStates, asked: ProducerClaim): unknown {
  return states.check(asked, 0, HOUR_MS);
}

describe('an idempotent producer', () => {
  test('that is not known may begin with any sequence', () => {
    expect(judge(new ProducerStates(), claim(17, 20))).toEqual({ kind: 'accept' });
  });

  test('goes on with the next sequence only', () => {
    const states = new ProducerStates();
    states.update(appended(), 0);
    expect(judge(states, claim(5, 9))).toEqual({ kind: 'accept' });
    for (const first of [4, 6, 100]) {
      expect(judge(states, claim(first, first + 4))).toEqual({ kind: 'out-of-order-sequence', lastSequence: 4 });
    }
  });

  test('wraps from the largest sequence to zero', () => {
    const states = new ProducerStates();
    states.update(appended({ baseSequence: 0x7fff_fffb, lastSequence: 0x7fff_ffff }), 0);
    expect(judge(states, claim(0, 3))).toEqual({ kind: 'accept' });
    states.update(appended({ baseSequence: 0, lastSequence: 1, baseOffset: 105, lastOffset: 106 }), 0);
    expect(judge(states, claim(0x7fff_fffb, 0x7fff_ffff))).toMatchObject({ kind: 'duplicate', baseOffset: 100 });
  });

  test('that repeats one of its last batches is told the original place', () => {
    const states = new ProducerStates();
    for (let i = 0; i <= BATCHES_KEPT; i++) {
      states.update(
        appended({ baseSequence: i, lastSequence: i, baseOffset: 10 + i, lastOffset: 10 + i, timestampMs: i }),
        0,
      );
    }
    for (let i = 1; i <= BATCHES_KEPT; i++) {
      expect(judge(states, claim(i, i))).toEqual({
        kind: 'duplicate',
        baseOffset: 10 + i,
        lastOffset: 10 + i,
        timestampMs: i,
      });
    }
    // The same first sequence with another length is no duplicate.
    expect(judge(states, claim(4, 5))).toMatchObject({ kind: 'out-of-order-sequence' });
  });

  // Seen with Java's producer: a batch of an old leader, which the new one had as a follower, came back when others had been
  // acknowledged, and was tried until its delivery timed out.
  describe('that repeats a batch whose place is forgotten', () => {
    const count = 2 * BATCHES_KEPT;
    const many = (first: number, epoch = 0): ProducerStates => {
      const states = new ProducerStates();
      for (let i = 0; i < count; i++) {
        const sequence = (first + i) % (SEQUENCE_MAX + 1);
        const at = { baseSequence: sequence, lastSequence: sequence, baseOffset: 100 + i, lastOffset: 100 + i };
        states.update(appended({ ...at, producerEpoch: epoch }), 0);
      }
      return states;
    };
    const longAgo = { kind: 'duplicate', baseOffset: -1, lastOffset: 100 + BATCHES_KEPT - 1, timestampMs: -1 };
    const refused = { kind: 'out-of-order-sequence' };

    test('is told that it is there, below the oldest that is known', () => {
      const states = many(10);
      expect(judge(states, claim(10, 10))).toEqual(longAgo);
      expect(judge(states, claim(10 + BATCHES_KEPT - 1, 10 + BATCHES_KEPT - 1))).toEqual(longAgo);
      expect(judge(states, claim(11, 14))).toEqual(longAgo);
    });

    test('is told so only of what was appended for certain: from the first one known, not in part, of this epoch', () => {
      const states = many(10);
      expect(judge(states, claim(9, 9))).toMatchObject(refused);
      expect(judge(states, claim(9, 12))).toMatchObject(refused);
      expect(judge(states, claim(20, 10 + BATCHES_KEPT))).toMatchObject(refused);
      expect(judge(states, claim(10 + count + 1, 10 + count + 1))).toMatchObject(refused);
      expect(judge(states, claim(10, 10, { producerEpoch: 1 }))).toMatchObject(refused);
    });

    test('is not told so across a gap, as a cleaned log has them', () => {
      const states = many(10);
      const far = 10 + count + 5;
      for (let i = 0; i <= BATCHES_KEPT; i++) {
        const at = { baseSequence: far + i, lastSequence: far + i, baseOffset: 900 + i, lastOffset: 900 + i };
        states.update(appended(at), 0);
      }
      expect(judge(states, claim(far - 1, far - 1))).toMatchObject(refused);
      expect(judge(states, claim(12, 12))).toMatchObject(refused);
      expect(judge(states, claim(far, far))).toMatchObject({ kind: 'duplicate', baseOffset: -1 });
    });

    test('is not told so where the largest number lies between', () => {
      const states = many(SEQUENCE_MAX - 3);
      expect(judge(states, claim(SEQUENCE_MAX - 3, SEQUENCE_MAX - 3))).toMatchObject(refused);
      expect(judge(states, claim(0, 0))).toEqual({ ...longAgo, lastOffset: 100 + BATCHES_KEPT - 1 });
      const straddling = new ProducerStates();
      for (const sequence of [SEQUENCE_MAX - 1, SEQUENCE_MAX, 0, 1])
        straddling.update(appended({ baseSequence: sequence, lastSequence: sequence }), 0);
      expect(judge(straddling, claim(3, 3))).toMatchObject(refused);
      expect(judge(straddling, claim(3, 4))).toMatchObject(refused);
    });

    test('is not told so after a load, of what is not in the snapshot', () => {
      const states = many(10);
      const loaded = new ProducerStates();
      loaded.restore([...states.entries()]);
      expect(judge(loaded, claim(12, 12))).toMatchObject(refused);
      expect(judge(loaded, claim(10 + BATCHES_KEPT, 10 + BATCHES_KEPT))).toMatchObject({ kind: 'duplicate' });
    });
  });

  test('with a newer epoch begins again at zero; an older one is fenced', () => {
    const states = new ProducerStates();
    states.update(appended({ producerEpoch: 3 }), 0);
    expect(judge(states, claim(0, 4, { producerEpoch: 4 }))).toEqual({ kind: 'accept' });
    expect(judge(states, claim(5, 9, { producerEpoch: 4 }))).toMatchObject({ kind: 'out-of-order-sequence' });
    expect(judge(states, claim(5, 9, { producerEpoch: 2 }))).toEqual({
      kind: 'invalid-producer-epoch',
      currentEpoch: 3,
    });
    states.update(appended({ producerEpoch: 4 }), 0);
    expect(judge(states, claim(5, 9, { producerEpoch: 4 }))).toEqual({ kind: 'accept' });
  });

  test('has an open transaction from its first batch to the marker', () => {
    const states = new ProducerStates();
    states.update(appended({ transactional: true }), 0);
    states.update(
      appended({ transactional: true, baseSequence: 5, lastSequence: 9, baseOffset: 105, lastOffset: 109 }),
      0,
    );
    expect(states.get(1)?.currentTxnFirstOffset).toBe(100);
    expect(states.expire(HOUR_MS * 2, HOUR_MS)).toBe(0);
    states.update(appended({ transactional: true, control: true }), 0);
    expect(states.get(1)?.currentTxnFirstOffset).toBe(-1);
  });
});

describe('many idempotent producers', () => {
  function crowd(lastUsedMs: (id: number) => number): ProducerStates {
    const states = new ProducerStates();
    for (let id = 0; id < PRODUCERS_MAX; id++) states.update(appended({ producerId: id }), lastUsedMs(id));
    return states;
  }

  test('past the limit a new one is refused, a known one goes on', () => {
    const states = crowd(() => 0);
    expect(states.check(claim(0, 0, { producerId: 99_999 }), HOUR_MS - 1, HOUR_MS)).toEqual({
      kind: 'too-many-producers',
    });
    expect(states.check(claim(5, 5, { producerId: 3 }), HOUR_MS - 1, HOUR_MS)).toEqual({ kind: 'accept' });
  });

  test('those that were silent for long make room', () => {
    const states = crowd((id) => (id < 10 ? 0 : HOUR_MS));
    expect(states.check(claim(0, 0, { producerId: 99_999 }), HOUR_MS, HOUR_MS)).toEqual({ kind: 'accept' });
    expect(states.size).toBe(PRODUCERS_MAX - 10);
  });

  test('a replayed one past the limit displaces the one that is silent longest', () => {
    const states = crowd((id) => (id === 77 ? 0 : 5));
    states.update(appended({ producerId: 99_999 }), 6);
    expect(states.size).toBe(PRODUCERS_MAX);
    expect(states.get(77)).toBeNull();
  });
});
