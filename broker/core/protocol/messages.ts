import { REQUEST_ELEMENT_COUNT_MAX } from '../codec/limits.ts';
import { DecodeError } from '../codec/decode-error.ts';
import { Reader } from '../codec/reader.ts';
import type { Steps } from '../codec/pace.ts';
import { Writer } from '../codec/writer.ts';
import { ApiKey, apiByKey, apis, isFlexible } from './apis.ts';
import type { MessageCodec } from './define-message.ts';
import { defineMessage, encodeChunks } from './define-message.ts';
import type { Encoded } from './encoded.ts';
import type { Input } from './input.ts';
import { wireSchemas } from './wire-schemas.generated.ts';
import type { ApiRequests, ApiResponses } from './wire-types.generated.ts';

export type { Input } from './input.ts';
export type { ApiRequests, ApiResponses } from './wire-types.generated.ts';

/** API keys whose messages are known: those that a broker listens to. */
export type WireKey = keyof ApiRequests & keyof ApiResponses;
/** What a caller gives to have a request encoded: fields with defaults may be left out. */
export type RequestInput<K extends WireKey> = Input<ApiRequests[K]>;
/** What a handler answers: fields with defaults may be left out. */
export type ResponseInput<K extends WireKey> = Input<ApiResponses[K]>;

/** The header of a request, as decoded. */
export interface RequestHeader {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Where the body starts in the bytes that were given. */
  readonly bodyOffset: number;
}

/** Whether messages of this API key are known, so that its requests can be decoded. */
export function isWireKey(apiKey: number): apiKey is WireKey {
  return requestCodecs[apiKey] !== undefined;
}

/**
 * A request with frame length and header, in chunks: large byte fields are the caller's own arrays, so they must not change
 * until sent. Asserts that the version exists and can carry the body.
 */
export function encodeRequest<K extends WireKey>(
  header: {
    readonly apiKey: K;
    readonly version: number;
    readonly correlationId: number;
    readonly clientId: string | null;
  },
  body: RequestInput<K>,
): Uint8Array[] {
  return encodeChunks(true, (writer) => {
    writer.int16(header.apiKey);
    writer.int16(header.version);
    writer.int32(header.correlationId);
    if (header.clientId === null) writer.int16(-1);
    else writer.text(header.clientId, false);
    if (hasTags(header.apiKey, header.version)) writer.unsignedVarint(0);
    requestCodec(header.apiKey).write(writer, header.version, body);
  });
}

/**
 * The header in bytes[start, end) (a frame without its length). Works for API keys and versions that are not known, so that
 * they can be answered. Throws `DecodeError`.
 */
export function decodeRequestHeader(bytes: Uint8Array, start = 0, end = bytes.length): RequestHeader {
  const reader = new Reader(bytes, start, end, 'RequestHeader');
  const apiKey = reader.int16();
  const version = reader.int16();
  const correlationId = reader.int32();
  const clientId = reader.text(false);
  if (hasTags(apiKey, version)) reader.skipTagged();
  return { apiKey, version, correlationId, clientId, bodyOffset: reader.at };
}

/**
 * The body of a request in bytes[start, end). Byte fields are views of `bytes`; bytes after the body are ignored, as in
 * Kafka. Throws `DecodeError`, also for a version that does not exist.
 */
export function decodeRequestBody<K extends WireKey>(
  apiKey: K,
  version: number,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
  elementCountMax = REQUEST_ELEMENT_COUNT_MAX,
): ApiRequests[K] {
  const codec = requestCodec(apiKey);
  return codec.read(new Reader(bytes, start, end, codec.schema.name, elementCountMax), version);
}

/** `decodeRequestBody` in steps. */
export function decodeRequestInSteps<K extends WireKey>(
  apiKey: K,
  version: number,
  bytes: Uint8Array,
  start: number,
): Steps<ApiRequests[K]> {
  const codec = requestCodec(apiKey);
  const reader = new Reader(bytes, start, bytes.length, codec.schema.name, REQUEST_ELEMENT_COUNT_MAX);
  return codec.readInSteps(reader, version);
}

/** A response with frame length and header, in chunks; see `encodeRequest`. */
export function encodeResponse<K extends WireKey>(
  apiKey: K,
  version: number,
  correlationId: number,
  body: ResponseInput<K>,
): Uint8Array[] {
  return encodeChunks(true, (writer) => writeResponse(writer, apiKey, version, correlationId, body));
}

/** An element of the array `name` of a response, encoded: may stand there in its place. */
export function encodeResponseElement<K extends WireKey>(
  apiKey: K,
  version: number,
  name: keyof ApiResponses[K] & string,
  value: unknown,
): Encoded {
  return responseCodec(apiKey).encodeElement(version, name, value);
}

/** `encodeResponse` in steps. */
export function* encodeResponseInSteps<K extends WireKey>(
  apiKey: K,
  version: number,
  correlationId: number,
  body: ResponseInput<K>,
): Steps<Uint8Array[]> {
  const writer = new Writer();
  writer.int32(0);
  writeResponseHeader(writer, apiKey, version, correlationId);
  yield* responseCodec(apiKey).writeInSteps(writer, version, body);
  return writer.endFrame();
}

function writeResponse<K extends WireKey>(
  writer: Writer,
  apiKey: K,
  version: number,
  correlationId: number,
  body: ResponseInput<K>,
): void {
  writeResponseHeader(writer, apiKey, version, correlationId);
  responseCodec(apiKey).write(writer, version, body);
}

function writeResponseHeader(writer: Writer, apiKey: WireKey, version: number, correlationId: number): void {
  writer.int32(correlationId);
  if (responseHasTags(apiKey, version)) writer.unsignedVarint(0);
}

/** A response (a frame without its length) in bytes[start, end). Throws `DecodeError`. */
export function decodeResponse<K extends WireKey>(
  apiKey: K,
  version: number,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): { readonly correlationId: number; readonly body: ApiResponses[K] } {
  const reader = new Reader(bytes, start, end, 'ResponseHeader');
  const correlationId = reader.int32();
  if (responseHasTags(apiKey, version)) reader.skipTagged();
  return { correlationId, body: responseCodec(apiKey).read(reader, version) };
}

/** Whether headers of the version end in tagged fields; a version that does not exist yet is taken for flexible. */
function hasTags(apiKey: number, version: number): boolean {
  const api = apiByKey(apiKey);
  return api !== undefined && isFlexible(api, version);
}

/** The answer to ApiVersions never has them: it must be readable by who does not know what the server speaks. */
function responseHasTags(apiKey: number, version: number): boolean {
  return apiKey !== ApiKey.ApiVersions && hasTags(apiKey, version);
}

const requestCodecs = apis.map((api) => codecOf(`${api.name}Request`));
const responseCodecs = apis.map((api) => codecOf(`${api.name}Response`));

function codecOf(name: string): MessageCodec<object> | undefined {
  const schema = wireSchemas[name];
  return schema === undefined ? undefined : defineMessage(schema);
}

function requestCodec<K extends WireKey>(apiKey: K): MessageCodec<ApiRequests[K]> {
  const codec = requestCodecs[apiKey];
  if (codec === undefined) throw new DecodeError('RequestHeader', `unknown API key ${apiKey}`);
  // Table and map of types are generated together, with the same names.
  return codec as unknown as MessageCodec<ApiRequests[K]>;
}

function responseCodec<K extends WireKey>(apiKey: K): MessageCodec<ApiResponses[K]> {
  const codec = responseCodecs[apiKey];
  if (codec === undefined) throw new DecodeError('ResponseHeader', `unknown API key ${apiKey}`);
  return codec as unknown as MessageCodec<ApiResponses[K]>;
}
