import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameAssembler } from '../../../../broker/server/network/frames.ts';

const frame = (payload: readonly number[]): number[] => [0, 0, payload.length >> 8, payload.length & 0xff, ...payload];

describe('frames', () => {
  it('gives back every frame whatever way the bytes are cut', () => {
    const frames = fc.array(fc.array(fc.nat(255), { maxLength: 300 }), { maxLength: 20 });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (payloads, cuts) => {
        const stream = Uint8Array.from(payloads.flatMap(frame));
        const assembler = new FrameAssembler(1000);
        const received: number[][] = [];
        let at = 0;
        for (let turn = 0; at < stream.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          expect(assembler.push(stream.subarray(at, at + size), (one) => received.push([...one]))).toBeNull();
          at += size;
        }
        expect(received).toEqual(payloads);
        expect(assembler.bufferedBytes).toBe(0);
      }),
    );
  });

  it('hands out frames that share no memory with what arrived', () => {
    const bytes = Uint8Array.from(frame([1, 2, 3]));
    const received: Uint8Array[] = [];
    new FrameAssembler(100).push(bytes, (one) => received.push(one));
    bytes.fill(9);
    expect(received).toEqual([Uint8Array.from([1, 2, 3])]);
    expect(received[0]?.buffer).not.toBe(bytes.buffer);
  });

  it('refuses a frame over the limit before it holds any of it', () => {
    const assembler = new FrameAssembler(1000);
    expect(assembler.push(Uint8Array.from([0, 0, 3, 233]), () => undefined)).toEqual({ kind: 'too-large', size: 1001 });
  });

  it('accepts a frame of exactly the limit', () => {
    const received: number[] = [];
    const assembler = new FrameAssembler(3);
    expect(assembler.push(Uint8Array.from(frame([1, 2, 3])), (one) => received.push(one.length))).toBeNull();
    expect(received).toEqual([3]);
  });

  it('refuses a negative size', () => {
    const assembler = new FrameAssembler(1000);
    expect(assembler.push(Uint8Array.from([0xff, 0xff, 0xff, 0xff]), () => undefined)?.kind).toBe('negative');
  });

  it('holds no more than what arrived when a large frame is announced', () => {
    const assembler = new FrameAssembler(100_000_000);
    assembler.push(Uint8Array.from([5, 0, 0, 0, ...new Array<number>(100).fill(1)]), () => undefined);
    expect(assembler.bufferedBytes).toBe(100);
  });
});
