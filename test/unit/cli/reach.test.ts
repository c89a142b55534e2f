import { describe, expect, it } from '@jest/globals';
import { Reach } from '../../../broker/cli/reach.ts';

function stage() {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs, wallMs: () => 0 };
  const reach = new Reach('b:1', clock);
  const at = (nowMs: number): string => {
    clock.nowMs = nowMs;
    return reach.trouble('b:1: ECONNREFUSED').kind;
  };
  return { reach, at, clock };
}

describe('the reach of a client', () => {
  it('tells of trouble that lasts, then gives up when nothing ever answered', () => {
    const { at, reach, clock } = stage();
    expect([at(0), at(2_999), at(3_000), at(4_000), at(5_000)]).toEqual(['quiet', 'quiet', 'note', 'quiet', 'give-up']);
    clock.nowMs = 6_000;
    expect(reach.trouble('b:1: ECONNREFUSED')).toEqual({
      kind: 'give-up',
      text: 'no broker answers at b:1 (ECONNREFUSED)\nIs it running? weir local starts one; --bootstrap names another.',
    });
  });

  it('never gives up once something answered', () => {
    const { at, reach } = stage();
    reach.reached();
    expect([at(10_000), at(13_000), at(60_000)]).toEqual(['quiet', 'note', 'note']);
  });
});
