import type { Input } from './input.ts';
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

/**
 * A request with frame length and header, in chunks: large byte fields are the caller's own arrays, so they must not change
 * until sent. Asserts that the version exists and can carry the body.
 */
export function encodeRequest<K extends WireKey>(
  header: { readonly apiKey: K; readonly version: number; readonly correlationId: number; readonly clientId: string | null },
  body: RequestInput<K>,
): Uint8Array[] {
  throw new Error(`coming ${header.apiKey} ${String(body)}`);
}

/**
 * The header in bytes[start, end) (a frame without its length). Works for API keys and versions that are not known, so that
 * they can be answered. Throws `DecodeError`.
 */
export function decodeRequestHeader(bytes: Uint8Array, start = 0, end = bytes.length): RequestHeader {
  throw new Error(`coming ${start} ${end}`);
}

/**
 * The body of a request in bytes[start, end). Byte fields are views of `bytes`. Throws `DecodeError`, also for a version that
 * does not exist.
 */
export function decodeRequestBody<K extends WireKey>(
  apiKey: K,
  version: number,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): ApiRequests[K] {
  throw new Error(`coming ${apiKey} ${version} ${start} ${end}`);
}

/** A response with frame length and header, in chunks; see `encodeRequest`. */
export function encodeResponse<K extends WireKey>(
  apiKey: K,
  version: number,
  correlationId: number,
  body: ResponseInput<K>,
): Uint8Array[] {
  throw new Error(`coming ${apiKey} ${version} ${correlationId} ${String(body)}`);
}

/** A response (a frame without its length) in bytes[start, end). Throws `DecodeError`. */
export function decodeResponse<K extends WireKey>(
  apiKey: K,
  version: number,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): { readonly correlationId: number; readonly body: ApiResponses[K] } {
  throw new Error(`coming ${apiKey} ${version} ${start} ${end}`);
}
