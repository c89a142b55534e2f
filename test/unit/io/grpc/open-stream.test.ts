import { describe, expect, test } from '@jest/globals';
import type { Codec } from '../../../../broker/io/grpc/codec.ts';
import { OpenStream } from '../../../../broker/io/grpc/open-stream.ts';
import type { CallFailure } from '../../../../broker/ports/control-net.ts';

const MIB = 1024 * 1024;

/** Messages are their own bytes; counts what it encodes. */
class Plain implements Codec {
  encodeCount = 0;
  encode(value: unknown): Buffer {
    this.encodeCount += 1;
    return Buffer.from(value as Uint8Array);
  }
  decode(bytes: Uint8Array): unknown {
    return bytes;
  }
}

/** A stream whose bytes gRPC keeps until the test lets them go. */
function stage(codec: Plain): {
  readonly stream: OpenStream<Uint8Array, never>;
  readonly written: { readonly size: number; readonly done: () => void }[];
  readonly finished: (CallFailure | null)[];
} {
  const written: { readonly size: number; readonly done: () => void }[] = [];
  const finished: (CallFailure | null)[] = [];
  const stream = new OpenStream<Uint8Array, never>({
    bytes: {
      write: (bytes, done) => written.push({ size: bytes.length, done }),
      pause: () => undefined,
      resume: () => undefined,
      on: () => undefined,
    },
    outgoing: codec,
    incoming: codec,
    post: (input) => input(),
    finish: (failure) => finished.push(failure),
  });
  return { stream, written, finished };
}

describe('an open stream', () => {
  test('encodes a message once, for however many streams', () => {
    const codec = new Plain();
    const message = new Uint8Array(10);
    for (let i = 0; i < 5; i += 1) stage(codec).stream.send(message);
    expect(codec.encodeCount).toBe(1);
    const other = new Plain();
    stage(other).stream.send(message);
    expect(other.encodeCount).toBe(1);
  });

  test('gives gRPC little at a time, and all of it in the end', () => {
    const { stream, written, finished } = stage(new Plain());
    for (let i = 0; i < 40; i += 1) stream.send(new Uint8Array(MIB / 4));
    stream.end(null);
    let count = 0;
    while (written.length > 0) {
      expect(written.length).toBeLessThanOrEqual(2);
      // The end is gRPC's to keep in order, too.
      expect(finished.length).toBe(count + written.length === 40 ? 1 : 0);
      written.shift()?.done();
      count += 1;
    }
    expect({ count, queued: stream.queuedBytes(), finished }).toEqual({ count: 40, queued: 0, finished: [null] });
  });

  test('says once that it has drained, when it has been full', () => {
    const { stream, written } = stage(new Plain());
    let drained = 0;
    stream.onDrain(() => (drained += 1));
    stream.send(new Uint8Array(MIB - 1));
    written.shift()?.done();
    expect(drained).toBe(0);
    for (let i = 0; i < 4; i += 1) stream.send(new Uint8Array(MIB / 4));
    expect(stream.queuedBytes()).toBe(MIB);
    while (written.length > 0) written.shift()?.done();
    expect(drained).toBe(1);
  });

  test('forgets what waits when its owner gives it up', () => {
    const { stream, written, finished } = stage(new Plain());
    for (let i = 0; i < 8; i += 1) stream.send(new Uint8Array(MIB));
    stream.end({ code: 'refused', message: 'enough' });
    expect(stream.queuedBytes()).toBe(MIB);
    expect(finished).toEqual([{ code: 'refused', message: 'enough' }]);
    written.shift()?.done();
    expect(written).toEqual([]);
  });
});
