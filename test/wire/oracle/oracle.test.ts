import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPrng } from '../../../broker/core/base/prng.ts';
import { apis } from '../../../broker/core/protocol/apis.ts';
import type { MessageCodec } from '../../../broker/core/protocol/define-message.ts';
import { defineMessage, encodeChunks } from '../../../broker/core/protocol/define-message.ts';
import { errorTable } from '../../../broker/core/protocol/errors.ts';
import type { RecordMessageName } from '../../../broker/core/protocol/record-messages.ts';
import { decodeRecordMessage, encodeRecordMessage } from '../../../broker/core/protocol/record-messages.ts';
import { recordSchemas } from '../../../broker/core/protocol/record-schemas.generated.ts';
import type { FieldSchema, MessageSchema } from '../../../broker/core/protocol/schema.ts';
import { wireSchemas } from '../../../broker/core/protocol/wire-schemas.generated.ts';
import * as messages from '../../../broker/core/protocol/messages.ts';
import { committed, generate } from './generate.ts';
import type { Instance } from './instances.ts';
import { InstanceMaker, wantedCases } from './instances.ts';
import { parse, stringify, toJson } from './json.ts';
import type { Question } from './oracle-process.ts';
import { OracleProcess } from './oracle-process.ts';

const SEED = Number(process.env['WEIR_TEST_SEED'] ?? 1);
/** Instances after the one with which every case of every field has been shown. */
const EXTRA_INSTANCES = 4;
const INSTANCES_MAX = 500;
const SETUP_TIMEOUT_MS = 900_000;
const NO_BYTES = new Uint8Array(0);

let java: OracleProcess;
beforeAll(async () => {
  java = await OracleProcess.start();
}, SETUP_TIMEOUT_MS);
afterAll(() => java.stop());

const ask = (what: Question['what'], name: string, version: number, bytes: Uint8Array): Promise<Buffer> =>
  java.ask({ what, name, version, bytes });

/** The same schema with every int64 passed through, so that all 64 bits can be compared. */
function widened(schema: MessageSchema): MessageSchema {
  const widen = (field: FieldSchema): FieldSchema => ({
    ...field,
    ...(field.type.endsWith('int64') ? { wide: true as const } : {}),
    ...(field.fields === undefined ? {} : { fields: field.fields.map(widen) }),
  });
  const structs = Object.entries(schema.structs ?? {}).map(([name, fields]) => [name, fields.map(widen)] as const);
  return { ...schema, fields: schema.fields.map(widen), structs: Object.fromEntries(structs) };
}

/** Instances of one version that have shown every case, and a few more. */
function* instancesOf(schema: MessageSchema, version: number, int64: 'full' | 'safe'): Generator<Instance> {
  const maker = new InstanceMaker(schema, version, createPrng(SEED + version), int64);
  const wanted = wantedCases(schema, version);
  for (let made = 0, left = EXTRA_INSTANCES; left > 0; made += 1) {
    if (made === INSTANCES_MAX) throw new Error(`never shown: ${[...wanted.difference(maker.shown)].join(', ')}`);
    yield maker.make();
    if (wanted.isSubsetOf(maker.shown)) left -= 1;
  }
  expect([...wanted.symmetricDifference(maker.shown)]).toEqual([]);
}

function same(what: string, instance: unknown, actual: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(actual, wanted)) return;
  throw new Error(`${what}\nof ${stringify(instance)}\nis     ${stringify(actual)}\nwanted ${stringify(wanted)}`);
}

/** Our bytes must mean the same to Kafka and come back from it unchanged. */
async function checkOurs(codec: MessageCodec<Instance>, version: number, instance: Instance): Promise<void> {
  const { name } = codec.schema;
  const bytes = codec.encode(version, instance);
  const chunks = encodeChunks(false, (writer) => codec.write(writer, version, instance));
  same(
    `${name} v${version} in chunks`,
    instance,
    Buffer.concat(chunks).toString('hex'),
    Buffer.from(bytes).toString('hex'),
  );
  const json = toJson(codec.schema, version, instance);
  same(`${name} v${version} decoded here`, instance, toJson(codec.schema, version, codec.decode(version, bytes)), json);
  const answer = await ask('D', name, version, bytes);
  const jsonSize = answer.readInt32BE(0);
  const wanted = toJson(codec.schema, version, instance, 'empty');
  same(`${name} v${version} decoded by Kafka`, instance, parse(answer.toString('utf8', 4, 4 + jsonSize)), wanted);
  same(
    `${name} v${version} encoded again`,
    instance,
    answer.toString('hex', 4 + jsonSize),
    Buffer.from(bytes).toString('hex'),
  );
}

/** Kafka's bytes must mean the same to us and go back unchanged. */
async function checkTheirs(codec: MessageCodec<Instance>, version: number, instance: Instance): Promise<void> {
  const { name } = codec.schema;
  const json = toJson(codec.schema, version, instance);
  const bytes = await ask('E', name, version, Buffer.from(stringify(json)));
  const decoded = codec.decode(version, bytes);
  same(`${name} v${version} from Kafka`, instance, toJson(codec.schema, version, decoded), json);
  same(
    `${name} v${version} back to Kafka`,
    instance,
    Buffer.from(codec.encode(version, decoded)).toString('hex'),
    bytes.toString('hex'),
  );
}

const versionsChecked = new Map<string, number[]>();

async function checkMessage(schema: MessageSchema): Promise<void> {
  const codec = defineMessage<Instance>(widened(schema));
  for (let version = codec.minVersion; version <= codec.maxVersion; version += 1) {
    const instances = [...instancesOf(schema, version, 'full')];
    await Promise.all(instances.map((instance) => checkOurs(codec, version, instance)));
    await Promise.all(instances.map((instance) => checkTheirs(codec, version, instance)));
    versionsChecked.set(schema.name, [...(versionsChecked.get(schema.name) ?? []), version]);
  }
}

test('The committed tables and types are what the generator makes of the jars.', async () => {
  for (const [name, text] of await generate()) expect([name, committed(name)]).toEqual([name, text]);
});

describe('Requests, responses and headers', () => {
  test.each(Object.values(wireSchemas))(
    '$name has the bytes and the meaning that Kafka gives it, in every version.',
    checkMessage,
  );

  test('All 285 versions of the 79 APIs of a broker listener were compared, requests and responses.', () => {
    const served = apis.filter((api) => api.listeners.includes('broker'));
    let versions = 0;
    for (const { name, minVersion, maxVersion } of served) {
      const wanted = Array.from({ length: maxVersion - minVersion + 1 }, (_, index) => minVersion + index);
      expect([name, versionsChecked.get(`${name}Request`)]).toEqual([name, wanted]);
      expect([name, versionsChecked.get(`${name}Response`)]).toEqual([name, wanted]);
      versions += wanted.length;
    }
    expect([served.length, versions]).toEqual([79, 285]);
  });

  test('Every frame has the header version that Kafka chooses and is read back whole.', async () => {
    for (const { key } of apis) {
      if (messages.isWireKey(key)) await checkFrames(key);
    }
  });
});

async function checkFrames(key: messages.WireKey): Promise<void> {
  const request = schemaOf(`${apis[key]?.name}Request`);
  const response = schemaOf(`${apis[key]?.name}Response`);
  const { minVersion, maxVersion } = defineMessage(request);
  for (let version = minVersion; version <= maxVersion; version += 1) {
    const headers = await ask('H', String(key), version, NO_BYTES);
    for (const instance of instancesOf(request, version, 'safe'))
      checkRequestFrame(key, version, headers.readInt8(0), instance);
    for (const instance of instancesOf(response, version, 'safe'))
      checkResponseFrame(key, version, headers.readInt8(1), instance);
  }
}

function checkRequestFrame(key: messages.WireKey, version: number, headerVersion: number, instance: Instance): void {
  const header = { apiKey: key, version, correlationId: 77, clientId: version % 2 === 0 ? null : 'né' };
  // The maker fills what the schema says; its fields have no types.
  const frame = Buffer.concat(messages.encodeRequest(header, instance as never));
  const upstream = { requestApiKey: key, requestApiVersion: version, correlationId: 77, clientId: header.clientId };
  const head = defineMessage<Instance>(schemaOf('RequestHeader')).encode(headerVersion, upstream);
  const schema = schemaOf(`${apis[key]?.name}Request`);
  const body = defineMessage<Instance>(schema).encode(version, instance);
  same('request frame', instance, frame.toString('hex', 4), Buffer.concat([head, body]).toString('hex'));
  expect(frame.readInt32BE(0)).toBe(frame.length - 4);
  const { bodyOffset, ...decoded } = messages.decodeRequestHeader(frame, 4);
  expect([decoded, bodyOffset]).toEqual([header, 4 + head.length]);
  const decodedBody = messages.decodeRequestBody(key, version, frame, bodyOffset) as unknown as Instance;
  same('request body', instance, toJson(schema, version, decodedBody), toJson(schema, version, instance));
}

function checkResponseFrame(key: messages.WireKey, version: number, headerVersion: number, instance: Instance): void {
  const frame = Buffer.concat(messages.encodeResponse(key, version, 77, instance as never));
  const head = defineMessage<Instance>(schemaOf('ResponseHeader')).encode(headerVersion, { correlationId: 77 });
  const schema = schemaOf(`${apis[key]?.name}Response`);
  const body = defineMessage<Instance>(schema).encode(version, instance);
  same('response frame', instance, frame.toString('hex', 4), Buffer.concat([head, body]).toString('hex'));
  expect(frame.readInt32BE(0)).toBe(frame.length - 4);
  const decoded = messages.decodeResponse(key, version, frame, 4);
  expect(decoded.correlationId).toBe(77);
  same(
    'response body',
    instance,
    toJson(schema, version, decoded.body as unknown as Instance),
    toJson(schema, version, instance),
  );
}

function schemaOf(name: string): MessageSchema {
  const schema = wireSchemas[name];
  if (schema === undefined) throw new Error(`no schema ${name}`);
  return schema;
}

describe('Records of internal topics and data inside messages', () => {
  test.each(Object.values(recordSchemas))(
    '$name has the bytes and the meaning that Kafka gives it, in every version.',
    checkMessage,
  );

  test.each(Object.values(recordSchemas))('$name has the two bytes in front that Kafka puts there.', async (schema) => {
    // The schemas' names are the keys of the map of types.
    const name = schema.name as RecordMessageName;
    const codec = defineMessage<Instance>(schema);
    for (let version = codec.minVersion; version <= codec.maxVersion; version += 1) {
      for (const instance of instancesOf(schema, version, 'safe')) {
        const bytes = encodeRecordMessage(name, version, instance as never);
        const wanted = await ask(
          schema.kind === 'coordinator-key' ? 'K' : 'V',
          name,
          version,
          codec.encode(version, instance),
        );
        same(`${name} v${version} with prefix`, instance, Buffer.from(bytes).toString('hex'), wanted.toString('hex'));
        const decoded = decodeRecordMessage(name, wanted) as unknown as Instance;
        same(`${name} v${version} read`, instance, toJson(schema, version, decoded), toJson(schema, version, instance));
      }
    }
  });
});

test('The error table has the codes, names and retriability that Kafka has.', async () => {
  const upstream = (await ask('X', '', 0, NO_BYTES)).toString('utf8').trim().split('\n').sort();
  expect(
    Object.entries(errorTable)
      .map(([name, { code, retriable }]) => `${code} ${name} ${retriable}`)
      .sort(),
  ).toEqual(upstream);
});
