import { describe, expect, it } from '@jest/globals';
import { fc } from '../../../support/properties.ts';
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

  it('hands out frames that pin at most as much again as they are', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sizes, fc.array(fc.integer({ min: 50, max: 70_000 }), { minLength: 1 }), (lengths, cuts) => {
        const stream = Uint8Array.from(lengths.flatMap((length) => frame(new Array<number>(length).fill(7))));
        const assembler = new FrameAssembler(50_000);
        const frames: Uint8Array[] = [];
        let at = 0;
        for (let turn = 0; at < stream.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          // A Buffer as sockets give it: its `slice` is no copy.
          assembler.push(Buffer.from(stream.slice(at, at + size).buffer), (one) => frames.push(one));
          at += size;
        }
        expect(frames.map((one) => one.length)).toEqual(lengths);
        for (const one of frames) expect(one.buffer.byteLength).toBeLessThanOrEqual(Math.max(2 * one.length, 0));
      }),
    );
  });

  it('copies nothing when a request came in one piece', () => {
    const bytes = Uint8Array.from(frame([1, 2, 3, 4, 5, 6]));
    const received: Uint8Array[] = [];
    new FrameAssembler(100).push(bytes, (one) => received.push(one));
    expect(received[0]?.buffer).toBe(bytes.buffer);
  });

  it('keeps a small rest apart from the piece it came in, which is free then', () => {
    const next = frame([1, 2, 3, 4, 5, 6]);
    const piece = Uint8Array.from([...frame(new Array<number>(500).fill(7)), ...next.slice(0, 7)]);
    const assembler = new FrameAssembler(1000);
    const received: number[][] = [];
    assembler.push(piece, () => undefined);
    piece.fill(0);
    assembler.push(Uint8Array.from(next.slice(7)), (one) => received.push([...one]));
    expect(received).toEqual([[1, 2, 3, 4, 5, 6]]);
  });

  it('gives the memory back in blocks when a peer sends byte by byte', () => {
    const assembler = new FrameAssembler(1_000_000);
    const pieces = new Set<ArrayBufferLike>();
    assembler.push(Uint8Array.of(0, 1, 134, 160), () => undefined);
    let whole: Uint8Array | null = null;
    for (let index = 0; index < 100_000; index += 1) {
      const piece = Uint8Array.of(index % 251);
      pieces.add(piece.buffer);
      assembler.push(piece, (one) => {
        whole = one;
      });
      if (index % 1000 === 0 && index > 0) expect(assembler.partCount).toBeLessThan(20);
    }
    expect(whole).toEqual(Uint8Array.from({ length: 100_000 }, (_, index) => index % 251));
  });

  it('tells what is arriving: its API key, its bytes and what is missing', () => {
    const assembler = new FrameAssembler(1000);
    const seen = (): readonly number[] => [assembler.apiKey, assembler.bufferedBytes, assembler.missingBytes];
    assembler.push(Uint8Array.of(0, 0, 0), () => undefined);
    expect([seen(), assembler.isPartial]).toEqual([[-1, 3, 0], true]);
    assembler.push(Uint8Array.of(10, 0), () => undefined);
    expect(seen()).toEqual([-1, 1, 9]);
    assembler.push(Uint8Array.of(18), () => undefined);
    expect(seen()).toEqual([18, 2, 8]);
    assembler.push(new Uint8Array(8), () => undefined);
    expect([seen(), assembler.isPartial]).toEqual([[-1, 0, 0], false]);
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
