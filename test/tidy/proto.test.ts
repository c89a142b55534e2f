// The .proto files: documented, compatible with every version before, and the same as what the program was made of.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import { FILES } from '../../broker/proto/schema.generated.ts';
import { incompatible, undocumented, wireLines } from './proto/compatible.ts';
import { generate } from './proto/generate.ts';
import { GENERATED_FILE, parseProtos, protoTexts, SNAPSHOT_FILE } from './proto/read.ts';

const files = parseProtos(await protoTexts());
const snapshot = (await readFile(SNAPSHOT_FILE, 'utf8')).trimEnd().split('\n');

test('there are files to look at', () => {
  expect(files.map(({ name }) => name)).toContain('weir/control/v1/raft.proto');
  expect(snapshot).toContain('field weir.control.v1.VoteRequest 3 term: int64');
});

test('everything in them is documented', () => {
  expect(undocumented(files)).toEqual([]);
});

test('nothing is gone or changed, and what is new is in the snapshot: run test/tidy/proto/main.ts', () => {
  expect(incompatible(snapshot, wireLines(files))).toEqual([]);
  expect(wireLines(files)).toEqual(snapshot);
});

test('the program is made of them: run test/tidy/proto/main.ts', async () => {
  expect(await readFile(GENERATED_FILE, 'utf8')).toBe(generate(files));
});

test.each(FILES)('$name is told to tools as it is', ({ name, imports, descriptor: bytes }) => {
  const decoded = descriptor.FileDescriptorProto.decode(Buffer.from(bytes, 'base64')).toJSON();
  const file = files.find((each) => each.name === name);
  expect(decoded).toMatchObject({ name, package: file?.package, syntax: 'proto3' });
  expect(decoded['dependency'] ?? []).toEqual(imports);
  const told = [...(decoded['messageType'] ?? []), ...(decoded['enumType'] ?? []), ...(decoded['service'] ?? [])];
  expect(told.map((each: { name: string }) => each.name).sort()).toEqual(
    file?.namespace.nestedArray.map((each) => each.name).sort(),
  );
});

describe('the checker finds', () => {
  const BEFORE = `syntax = "proto3"; package p;
// A service.
service S {
  // A method.
  rpc Ask(M) returns (stream M);
}
// A message.
message M {
  // A field.
  int32 first = 1;
  // Another.
  optional string second = 2;
  // One of.
  oneof kind {
    // This.
    M third = 3;
  }
}
// An enum.
enum E {
  // A value.
  ZERO = 0;
  // Another.
  ONE = 1;
}`;
  const parse = (text: string): ReturnType<typeof parseProtos> => parseProtos(new Map([['p.proto', text]]));
  const edited = (from: string, to: string): readonly string[] => {
    expect(BEFORE).toContain(from);
    return incompatible(wireLines(parse(BEFORE)), wireLines(parse(BEFORE.replace(from, to))));
  };

  test.each([
    ['a field renumbered', 'first = 1', 'first = 4', 'gone or changed: field p.M 1 first: int32'],
    ['a field retyped', 'int32 first', 'int64 first', 'gone or changed: field p.M 1 first: int32'],
    ['a field renamed', 'int32 first', 'int32 fast', 'gone or changed: field p.M 1 first: int32'],
    ['a field made repeated', 'int32 first', 'repeated int32 first', 'gone or changed: field p.M 1 first: int32'],
    ['a field no longer optional', 'optional string', 'string', 'gone or changed: field p.M 2 second: optional string'],
    ['a field removed', 'int32 first = 1;', '', 'gone or changed: field p.M 1 first: int32'],
    ['a field removed by half', 'int32 first = 1;', 'reserved 1;', 'gone or changed: field p.M 1 first: int32'],
    ['a field out of its oneof', 'oneof kind {', 'oneof other {', 'gone or changed: field p.M 3 third: p.M of kind'],
    ['a value renumbered', 'ONE = 1', 'ONE = 2', 'gone or changed: value p.E 1 ONE'],
    ['a stream no longer one', 'stream M', 'M', 'gone or changed: method p.S/Ask p.M -> stream p.M'],
    ['a method renamed', 'rpc Ask', 'rpc Tell', 'gone or changed: method p.S/Ask p.M -> stream p.M'],
  ])('%s', (_, from, to, expected) => {
    expect(edited(from, to)).toEqual([expected]);
  });

  test('a reservation taken back, and one that is broken', () => {
    const reserved = BEFORE.replace('int32 first = 1;', 'reserved 1; reserved "first";');
    expect(incompatible(wireLines(parse(BEFORE)), wireLines(parse(reserved)))).toEqual([]);
    const free = BEFORE.replace('int32 first = 1;', '');
    expect(incompatible(wireLines(parse(reserved)), wireLines(parse(free)))).toEqual([
      'gone or changed: reserved p.M 1',
      'gone or changed: reserved p.M first',
    ]);
    const lines = [...wireLines(parse(reserved)), 'field p.M 1 later: bool'];
    expect(incompatible([], lines)).toEqual(['reserved: field p.M 1 later: bool']);
  });

  test('what is added is allowed', () => {
    expect(edited('int32 first = 1;', 'int32 first = 1;\n// New.\nbool later = 9;')).toEqual([]);
    expect(edited('ONE = 1;', 'ONE = 1;\n// New.\nTWO = 2;')).toEqual([]);
  });

  test.each([
    ['// A service.\n', 'p.S'],
    ['// A method.\n', 'p.S.Ask'],
    ['// A message.\n', 'p.M'],
    ['// A field.\n', 'p.M.first'],
    ['// This.\n', 'p.M.third'],
    ['// An enum.\n', 'p.E'],
    ['// A value.\n', 'p.E.ZERO'],
  ])('that %p is missing', (comment, name) => {
    expect(undocumented(parse(BEFORE))).toEqual([]);
    expect(undocumented(parse(BEFORE.replace(comment, '')))).toEqual([name]);
  });
});
