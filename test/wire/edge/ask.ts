import { Buffer } from 'node:buffer';
import { apiByKey, isFlexible } from '../../../broker/core/protocol/apis.ts';
import {
  type ApiResponses,
  encodeRequest,
  type RequestInput,
  type WireKey,
} from '../../../broker/core/protocol/messages.ts';

/** The name by which both brokers know the client that asks. */
export const CLIENT_ID = 'edge';

/** A topic id that no broker has given out. */
export const UNKNOWN_TOPIC_ID = 'ABCDEFGHIJKLMNOPQRSTUg';

/** A decoded answer, of whatever message was asked for. */
export type Body = object;

/** A number that an answer holds under `path`; throws when there is none. */
export function numberIn(body: Body | undefined, ...path: readonly (string | number)[]): number {
  const value = path.reduce<unknown>((inner, step) => Reflect.get(Object(inner), step), body);
  if (typeof value !== 'number') throw new Error(`${path.join('.')} of an answer is ${String(value)}`);
  return value;
}

/** A text that an answer holds under `path`; throws when there is none. */
export function textIn(body: Body | undefined, ...path: readonly (string | number)[]): string {
  const value = path.reduce<unknown>((inner, step) => Reflect.get(Object(inner), step), body);
  if (typeof value !== 'string') throw new Error(`${path.join('.')} of an answer is ${String(value)}`);
  return value;
}

/** What a case knows of the broker when it writes a request: ids that the broker chose, and what it answered so far. */
export interface Moment {
  /** The id of a topic that was prepared, or of one created since (see `Ask.settled`). */
  readonly topicId: (name: string) => string;
  /** The answers of this case so far; an empty object where the connection was closed instead. */
  readonly answers: readonly Body[];
}

/** One request of a case. */
export interface Ask {
  readonly key: number;
  readonly version: number;
  /** The frame with its length, ready to be sent. */
  readonly frame: (moment: Moment, correlationId: number) => Uint8Array;
  /** Version to decode the answer in, when it is not the one that was asked. */
  readonly answeredIn?: number;
  /** False for a request that has no answer. */
  readonly isAnswered?: boolean;
  /** How long the answer is waited for, ms, where one of the brokers is known to give none. */
  readonly patienceMs?: number;
  /** The request is sent again until its answer is so, since either broker may need a moment to know of a change. */
  readonly until?: (body: Body) => boolean;
  /** What is compared of the answer; all of it when absent. */
  readonly look?: (body: Body) => unknown;
  /** Sent on a second connection of the case, so that two clients can be told apart. */
  readonly elsewhere?: boolean;
  /** Sent without waiting for an answer, which is then waited for at the end of the case. */
  readonly isLater?: boolean;
}

type Options<B> = Partial<Pick<Ask, 'answeredIn' | 'isAnswered' | 'patienceMs' | 'elsewhere' | 'isLater'>> & {
  readonly until?: (body: B) => boolean;
  readonly look?: (body: B) => unknown;
};

/** A request of an API in a version that exists; `body` may depend on the moment. */
export function ask<K extends WireKey>(
  key: K,
  version: number,
  body: RequestInput<K> | ((moment: Moment) => RequestInput<K>),
  { until, look, ...options }: Options<ApiResponses[K]> = {},
): Ask {
  return {
    key,
    version,
    frame: (moment, correlationId) => {
      const value = typeof body === 'function' ? body(moment) : body;
      return Buffer.concat(encodeRequest({ apiKey: key, version, correlationId, clientId: CLIENT_ID }, value));
    },
    ...options,
    // What comes is the answer to what was asked, decoded by the same key.
    ...(until === undefined ? {} : { until: (body: Body) => until(body as ApiResponses[K]) }),
    ...(look === undefined ? {} : { look: (body: Body) => look(body as ApiResponses[K]) }),
  };
}

/** A request with any key, version and bytes for a body: the header is right, the rest is the case's own. */
export function askRaw(key: number, version: number, body: Uint8Array, options: Options<Body> = {}): Ask {
  const api = apiByKey(key);
  const tags = api !== undefined && isFlexible(api, version) ? [0] : [];
  return {
    key,
    version,
    frame: (_moment, correlationId) => {
      const header = Buffer.alloc(10);
      header.writeInt16BE(key, 0);
      header.writeInt16BE(version, 2);
      header.writeInt32BE(correlationId, 4);
      header.writeInt16BE(CLIENT_ID.length, 8);
      const rest = Buffer.concat([header, Buffer.from(CLIENT_ID), Buffer.from(tags), body]);
      const length = Buffer.alloc(4);
      length.writeInt32BE(rest.length, 0);
      return Buffer.concat([length, rest]);
    },
    ...options,
  };
}

/** One behaviour that is held against both brokers: a sentence, and the requests that show it, sent one after the other. */
export interface EdgeCase {
  readonly title: string;
  readonly asks: readonly Ask[];
}

/** A case: its title is a sentence of behaviour. */
export function edge(title: string, ...asks: readonly Ask[]): EdgeCase {
  return { title, asks };
}
