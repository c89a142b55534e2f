import { describe, expect, test } from '@jest/globals';
import { fc, PROPERTY_SEED } from '../support/properties.ts';
import { createPrng } from '../../broker/core/base/prng.ts';
import { isDecodeError } from '../../broker/core/codec/decode-error.ts';
import type { MessageCodec } from '../../broker/core/protocol/define-message.ts';
import { defineMessage } from '../../broker/core/protocol/define-message.ts';
import { decodeRequestBody, decodeRequestHeader, isWireKey } from '../../broker/core/protocol/messages.ts';
import { inVersions } from '../../broker/core/protocol/schema.ts';
import { recordSchemas } from '../../broker/core/protocol/record-schemas.generated.ts';
import { wireSchemas } from '../../broker/core/protocol/wire-schemas.generated.ts';
import type { Instance } from '../wire/oracle/instances.ts';
import { InstanceMaker } from '../wire/oracle/instances.ts';

const codecs = [...Object.values(wireSchemas), ...Object.values(recordSchemas)].map((schema) =>
  defineMessage<Instance>(schema),
);

/** What a decoder did with bytes: the value, or null for a `DecodeError`. Anything else is thrown on. */
function attempt(decode: () => unknown): unknown {
  try {
    return decode();
  } catch (error) {
    if (isDecodeError(error)) return null;
    throw error;
  }
}

function instanceBytes(codec: MessageCodec<Instance>, version: number, seed: number): Uint8Array {
  const maker = new InstanceMaker(codec.schema, version, createPrng(seed), 'safe');
  let bytes = codec.encode(version, maker.make());
  // The second one has elements in its arrays.
  for (let turn = 0; turn < 2; turn += 1) bytes = codec.encode(version, maker.make());
  return bytes;
}

const anyVersion = fc
  .constantFrom(...codecs)
  .chain((codec) =>
    fc.record({ codec: fc.constant(codec), version: fc.integer({ min: codec.minVersion, max: codec.maxVersion }) }),
  );

describe('The codec', () => {
  test('Every message of every version, cut off at any byte, is refused by a DecodeError.', () => {
    for (const codec of codecs) {
      for (let version = codec.minVersion; version <= codec.maxVersion; version += 1) {
        const bytes = instanceBytes(codec, version, PROPERTY_SEED);
        expect(attempt(() => codec.decode(version, bytes))).not.toBeNull();
        const stride = Math.max(1, Math.floor(bytes.length / 300));
        for (let end = 0; end < bytes.length; end += end < 300 ? 1 : stride) {
          if (attempt(() => codec.decode(version, bytes, 0, end)) !== null) {
            throw new Error(`${codec.schema.name} v${version} cut to ${end} of ${bytes.length} bytes was taken`);
          }
        }
      }
    }
  });

  test('What was decoded is encoded to the same bytes.', () => {
    fc.assert(
      fc.property(anyVersion, fc.nat(), ({ codec, version }, seed) => {
        const bytes = instanceBytes(codec, version, seed);
        expect(Buffer.compare(codec.encode(version, codec.decode(version, bytes)), bytes)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test('Random bytes are a value or a DecodeError, never anything else.', () => {
    fc.assert(
      fc.property(anyVersion, fc.uint8Array({ maxLength: 200 }), ({ codec, version }, bytes) => {
        attempt(() => codec.decode(version, bytes));
      }),
      { numRuns: 3_000 },
    );
  });

  test('A message with a few bytes changed is a value or a DecodeError, never anything else.', () => {
    const changes = fc.array(fc.record({ at: fc.nat(), byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(anyVersion, fc.nat(), changes, ({ codec, version }, seed, edits) => {
        const bytes = instanceBytes(codec, version, seed);
        if (bytes.length === 0) return;
        for (const { at, byte } of edits) bytes[at % bytes.length] = byte;
        attempt(() => codec.decode(version, bytes));
      }),
      { numRuns: 1_500 },
    );
  });

  test('A random frame gives a header and body, or a DecodeError.', () => {
    const frame = fc.tuple(
      fc.integer({ min: 0, max: 95 }),
      fc.integer({ min: -1, max: 14 }),
      fc.uint8Array({ maxLength: 100 }),
    );
    fc.assert(
      fc.property(frame, ([key, version, rest]) => {
        const bytes = Buffer.concat([Buffer.alloc(4), rest]);
        bytes.writeInt16BE(key, 0);
        bytes.writeInt16BE(version, 2);
        attempt(() => {
          const header = decodeRequestHeader(bytes);
          return isWireKey(header.apiKey)
            ? decodeRequestBody(header.apiKey, header.version, bytes, header.bodyOffset)
            : header;
        });
      }),
      { numRuns: 3_000 },
    );
  });

  test('A count that the bytes cannot hold is refused by itself, before there are elements, in every message that begins with an array.', () => {
    const counts: string[] = [];
    for (const codec of codecs) {
      for (let version = codec.minVersion; version <= codec.maxVersion; version += 1) {
        const first = codec.schema.fields.find(
          (field) => inVersions(field.versions, version) && !inVersions(field.tagged, version),
        );
        if (first?.type.startsWith('[]') !== true) continue;
        const count = inVersions(codec.schema.flexible, version)
          ? [0xff, 0xff, 0xff, 0xff, 0x07]
          : [0x7f, 0xff, 0xff, 0xfe];
        const bytes = Buffer.concat([Buffer.from(count), Buffer.alloc(1_000)]);
        const wanted = `${codec.schema.name}.${first.name}: array of 2147483646 elements`;
        expect(() => codec.decode(version, bytes)).toThrow(wanted);
        counts.push(wanted);
      }
    }
    expect(counts.length).toBeGreaterThan(50);
  });
});
