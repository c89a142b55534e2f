import { describe, expect, it } from '@jest/globals';
import { Throttle } from '../../../../broker/server/replication/throttle.ts';

function throttled(rate: number) {
  const state = { nowMs: 5_000, rate };
  const clock = { monotonicMs: () => state.nowMs, wallMs: () => 0 };
  return { state, throttle: new Throttle(clock, () => state.rate) };
}

describe('a replication throttle', () => {
  it('lets the rate through and not more, however large the pieces are', () => {
    const { state, throttle } = throttled(1_000);
    let sent = 0;
    const startMs = state.nowMs;
    for (; state.nowMs < startMs + 60_000; state.nowMs += 10) {
      if (throttle.isExceeded) continue;
      throttle.take(2_500);
      sent += 2_500;
    }
    expect(sent).toBeGreaterThanOrEqual(60_000);
    expect(sent).toBeLessThanOrEqual(61_000 + 2_500);
    expect(throttle.bytes).toBe(sent);
  });

  it('begins with the allowance of a second', () => {
    const { throttle } = throttled(1_000);
    throttle.take(999);
    expect(throttle.isExceeded).toBe(false);
    throttle.take(1);
    expect(throttle.isExceeded).toBe(true);
  });

  it('saves up no more than a second', () => {
    const { state, throttle } = throttled(1_000);
    state.nowMs += 3_600_000;
    expect(throttle.isExceeded).toBe(false);
    throttle.take(1_000);
    expect(throttle.isExceeded).toBe(true);
  });

  it('follows another rate at once', () => {
    const { state, throttle } = throttled(1_000);
    throttle.take(11_000);
    state.rate = 1_000_000;
    state.nowMs += 20;
    expect(throttle.isExceeded).toBe(false);
  });
});
