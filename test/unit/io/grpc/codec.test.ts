import { describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs/minimal.js';
import { type Codec, codecOf, ELEMENT_COUNT_MAX } from '../../../../broker/io/grpc/codec.ts';
import { methodNamed, RAFT_METHODS } from '../../../../broker/io/grpc/methods.ts';
import {
  BARE_COMMANDS,
  BARE_OUTCOMES,
  FULL_COMMANDS,
  FULL_OUTCOMES,
  MESSAGES,
  QUESTIONS,
  STREAMS,
  WATCHED,
} from '../../../support/control-samples.ts';

const COMMAND = codecOf('weir.control.v1.MetadataCommand');
const OUTCOME = codecOf('weir.control.v1.MetadataOutcome');

const roundTrip = (codec: Codec, value: unknown): void =>
  expect(codec.decode(codec.encode(value))).toStrictEqual(value);

describe('every message comes back as it went', () => {
  test.each(Object.values(FULL_COMMANDS))('command $kind, full', (command) => roundTrip(COMMAND, command));
  test.each(Object.values(BARE_COMMANDS))('command $kind, bare', (command) => roundTrip(COMMAND, command));
  test.each(Object.values(FULL_OUTCOMES))('outcome $kind, full', (outcome) => roundTrip(OUTCOME, outcome));
  test.each(Object.values(BARE_OUTCOMES))('outcome $kind, bare', (outcome) => roundTrip(OUTCOME, outcome));

  test.each(Object.values(MESSAGES))('$kind of Raft', (message) => {
    for (const [kind, { request, response }] of Object.entries(RAFT_METHODS)) {
      if (message.kind === kind) roundTrip(request, message);
      if (message.kind === `${kind}-response`) roundTrip(response, message);
    }
  });

  test.each(Object.entries(QUESTIONS))('%s', (name, { request, response, bare }) => {
    roundTrip(methodNamed(name).request, request);
    roundTrip(methodNamed(name).response, response);
    roundTrip(methodNamed(name).response, bare);
  });

  test.each(Object.entries(STREAMS))('%s', (name, { request, response }) => {
    roundTrip(methodNamed(name).request, request);
    roundTrip(methodNamed(name).response, response);
  });

  test.each(Object.values(WATCHED))('watched $kind', (message) => {
    roundTrip(methodNamed('Controller.WatchMetadata').response, message);
  });

  test('every value of every enum', () => {
    for (const scope of ['topic', 'broker', 'cluster', 'group'] as const) {
      for (const operation of ['set', 'delete', 'append', 'subtract'] as const) {
        const resource = { scope, name: '', operations: [{ name: '', operation, value: '' }] };
        roundTrip(COMMAND, { kind: 'alterConfigs', resources: [resource], validateOnly: false });
      }
    }
    for (const change of ['add-voter', 'remove-voter', 'transfer'] as const) {
      roundTrip(methodNamed('Controller.ChangeQuorum').request, { change, replica: MESSAGES.vote.from });
    }
    for (const quorum of ['none', 'empty', 'formed'] as const) {
      roundTrip(methodNamed('Raft.Identify').response, { node: MESSAGES.vote.from, quorum });
    }
    for (const outcome of ['matched', 'diverged'] as const) {
      roundTrip(RAFT_METHODS.append.response, { ...MESSAGES['append-response'], outcome });
    }
  });
});

describe('numbers are exact or refused (B5)', () => {
  test.each([2 ** 53, -(2 ** 53), 0.5, Number.NaN, '7'])('%p is not sent as 64 bits', (brokerEpoch) => {
    expect(() => COMMAND.encode({ ...FULL_COMMANDS.fenceBroker, brokerEpoch })).toThrow('no number that fits');
  });

  test.each([2 ** 31, -(2 ** 31) - 1])('%p is not sent as 32 bits', (brokerId) => {
    expect(() => COMMAND.encode({ ...FULL_COMMANDS.fenceBroker, brokerId })).toThrow('no number that fits');
  });

  test.each([2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)])('%p is not taken', (value) => {
    const writer = protobuf.Writer.create();
    writer
      .uint32(4 * 8 + 2)
      .fork()
      .uint32(2 * 8);
    writer.int64({
      low: Number(BigInt.asIntN(32, value)),
      high: Number(BigInt.asIntN(32, value >> 32n)),
      unsigned: false,
    });
    expect(() => COMMAND.decode(writer.ldelim().finish())).toThrow('no number that fits');
  });
});

describe('bytes that are no such message are refused', () => {
  const write = (fill: (writer: protobuf.Writer) => unknown): Uint8Array => {
    const writer = protobuf.Writer.create();
    fill(writer);
    return writer.finish();
  };

  test.each<[string, Codec, Uint8Array, string]>([
    ['a command of no kind', COMMAND, new Uint8Array(0), 'a kind that is not known here'],
    [
      'a command of a later kind',
      COMMAND,
      write((w) =>
        w
          .uint32(1000 * 8 + 2)
          .fork()
          .ldelim(),
      ),
      'not known here',
    ],
    [
      'a value of an enum that is not said',
      methodNamed('Controller.ChangeQuorum').request,
      write((w) => w.uint32(8).int32(0)),
      'no value 0',
    ],
    [
      'a value of an enum from later',
      methodNamed('Controller.ChangeQuorum').request,
      write((w) => w.uint32(8).int32(99)),
      'no value 99',
    ],
    [
      'a message without a part that it must have',
      RAFT_METHODS.vote.request,
      write((w) => w.uint32(24).int64(1)),
      'lacks from',
    ],
    [
      'text where a number is wanted',
      RAFT_METHODS.vote.request,
      write((w) => w.uint32(26).string('x')),
      'of another type',
    ],
    ['a length behind the end', RAFT_METHODS.vote.request, Uint8Array.of(10, 200, 1), 'index out of range'],
    ['a wire type that is none', RAFT_METHODS.vote.request, new Uint8Array(30).fill(255), 'invalid wire type'],
    ['packed numbers behind the end', codecOf('weir.control.v1.ReplicaList'), Uint8Array.of(10, 9, 1), 'ends early'],
    [
      'a packed number across the end',
      codecOf('weir.control.v1.ReplicaList'),
      Uint8Array.of(10, 1, 129, 1),
      'ends late',
    ],
  ])('%s', (_, codec, bytes, message) => {
    expect(() => codec.decode(bytes)).toThrow(message);
  });

  test('more elements than any message needs', () => {
    const lists = (count: number): Uint8Array =>
      write((w) => {
        for (let i = 0; i < count; i += 1) w.uint32(10).uint32(0);
      });
    const codec = codecOf('weir.control.v1.ReplicaLists');
    // Each is an element of the list and a message.
    expect(codec.decode(lists(ELEMENT_COUNT_MAX / 2 - 1))).toHaveLength(ELEMENT_COUNT_MAX / 2 - 1);
    expect(() => codec.decode(lists(ELEMENT_COUNT_MAX / 2))).toThrow(`more than ${ELEMENT_COUNT_MAX} elements`);
    const packed = write((w) => w.uint32(10).bytes(new Uint8Array(ELEMENT_COUNT_MAX + 1)));
    expect(() => codecOf('weir.control.v1.ReplicaList').decode(packed)).toThrow('elements');
  });
});

describe('what other programs may send', () => {
  test('fields of later versions are passed over', () => {
    const bytes = Buffer.concat([
      RAFT_METHODS.vote.request.encode(MESSAGES.vote),
      protobuf.Writer.create()
        .uint32(900 * 8 + 2)
        .string('later')
        .uint32(901 * 8)
        .int32(5)
        .finish(),
    ]);
    expect(RAFT_METHODS.vote.request.decode(bytes)).toStrictEqual(MESSAGES.vote);
  });

  test('numbers of a list one by one', () => {
    const bytes = protobuf.Writer.create().uint32(8).int32(3).uint32(8).int32(4).finish();
    expect(codecOf('weir.control.v1.ReplicaList').decode(bytes)).toEqual([3, 4]);
  });

  test('what was decoded keeps nothing of the message it came in', () => {
    const bytes = RAFT_METHODS.snapshot.request.encode(MESSAGES.snapshot);
    const before = RAFT_METHODS.snapshot.request.decode(bytes);
    bytes.fill(0);
    expect(before).toStrictEqual(MESSAGES.snapshot);
    expect((before as typeof MESSAGES.snapshot).data.buffer.byteLength).toBe(MESSAGES.snapshot.data.length);
  });
});
