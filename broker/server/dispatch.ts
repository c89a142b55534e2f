import { ApiKey, apiByKey } from '../core/protocol/apis.ts';
import { DecodeError, isDecodeError } from '../core/codec/decode-error.ts';
import { ANSWER_ELEMENT_COUNT_MAX, WHOLE_ELEMENT_COUNT_MAX } from '../core/codec/limits.ts';
import {
  decodeRequestBody,
  decodeRequestHeader,
  decodeRequestInSteps,
  encodeResponse,
  encodeResponseInSteps,
  type RequestHeader,
  type ResponseInput,
  type WireKey,
} from '../core/protocol/messages.ts';
import type { Clock, Timers } from '../ports/clock.ts';
import type { ApiRow, AuthorizationNeed } from './api/row.ts';
import type { Authorizer, Quotas } from './authorizer.ts';
import type { MetricSource } from '../ports/metrics.ts';
import { type ApiStats, createApiStats } from './metrics.ts';
import type { ClientConnection } from './network/client-connection.ts';
import { cut, elementCount, join, type Message, type Parts, partsOf } from './parts.ts';
import type { RequestContext } from './request-context.ts';
import { inTurns, nextTurn, runTask, step, type Task } from './task.ts';

/** A row whatever its API and its needs are: what dispatch sees. */
export type AnyRow<S> = { [K in WireKey]: ApiRow<K, S> }[WireKey];

/** A row as dispatch calls it: the types of request and response are tied by the row's key, checked where it was written. */
interface ErasedRow<S> {
  readonly key: WireKey;
  readonly versions: { readonly min: number; readonly max: number };
  readonly listener: 'client' | 'replication';
  readonly quota: string;
  readonly parts?: readonly Parts[];
  authorize(request: unknown): readonly AuthorizationNeed[];
  handle(server: S, request: unknown, context: RequestContext, reply: (response: unknown) => void): void;
}

/** A frame of this many bytes holds so few elements that one turn is enough, unless each takes long. */
const ONE_TURN_SIZE_MAX = 4096;

interface Entry<S> {
  readonly row: ErasedRow<S>;
  readonly stats: ApiStats;
  readonly name: string;
  /** Frames beyond are served in parts. */
  readonly oneTurnSizeMax: number;
}

/** One request being served. */
interface Call<S> extends Entry<S> {
  readonly header: RequestHeader;
  readonly frame: Uint8Array;
  readonly connection: ClientConnection;
  readonly receivedMs: number;
  readonly reply: (response: readonly Uint8Array[] | null) => void;
}

/**
 * Serves requests by the table of APIs: parse, authorise, charge, time and count around each handler. A handler sees
 * only parsed requests; bytes that can't be parsed close the connection with a log line that says why, as Kafka does.
 */
export class Dispatcher<S> {
  readonly #rows = new Map<number, Entry<S>>();
  readonly #services: S;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #authorizer: Authorizer;
  readonly #quotas: Quotas;
  readonly #brokerListener: string;

  constructor(
    rows: readonly AnyRow<S>[],
    services: S,
    options: {
      readonly clock: Clock;
      readonly timers: Timers;
      readonly authorizer: Authorizer;
      readonly quotas: Quotas;
      /** Name of the listener on which brokers reach each other. */
      readonly brokerListener: string;
    },
  ) {
    for (const row of rows) {
      const name = apiByKey(row.key)?.name ?? String(row.key);
      const weights = row.parts?.map(({ weight }) => weight ?? 1) ?? [0];
      const oneTurnSizeMax = ONE_TURN_SIZE_MAX / Math.max(...weights);
      // The one place where a row's own types are forgotten; `decodeRequestBody` gives what the key says.
      this.#rows.set(row.key, { row: row as unknown as ErasedRow<S>, stats: createApiStats(), name, oneTurnSizeMax });
    }
    this.#services = services;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#authorizer = options.authorizer;
    this.#quotas = options.quotas;
    this.#brokerListener = options.brokerListener;
  }

  /** Serves one frame. */
  readonly serve = (
    frame: Uint8Array,
    connection: ClientConnection,
    reply: (response: readonly Uint8Array[] | null) => void,
  ): void => {
    let header: RequestHeader;
    try {
      header = decodeRequestHeader(frame, 0, frame.length);
    } catch (error) {
      refuse(connection, 'request header', error);
      return;
    }
    const entry = this.#rows.get(header.apiKey);
    const isBrokers = connection.context.listener === this.#brokerListener;
    if (entry === undefined || (entry.row.listener !== 'client' && !isBrokers)) {
      // What brokers say to each other is served where they reach each other, and nowhere else (B2).
      connection.fail(`API key ${header.apiKey} is not served on listener ${connection.context.listener}`);
      return;
    }
    const { row, stats } = entry;
    stats.requests += 1;
    stats.bytesIn += frame.length + 4;
    connection.clientId = header.clientId ?? '';
    const supported = header.version >= row.versions.min && header.version <= row.versions.max;
    if (!supported && header.apiKey !== ApiKey.ApiVersions) {
      stats.refused += 1;
      connection.fail(
        `${entry.name} version ${header.version} is not served (${row.versions.min}–${row.versions.max} are)`,
      );
      return;
    }
    const call: Call<S> = {
      ...entry,
      header: { ...header, version: supported ? header.version : -1 },
      frame,
      connection,
      receivedMs: this.#clock.monotonicMs(),
      reply,
    };
    stats.inFlight += 1;
    if (supported && frame.length > entry.oneTurnSizeMax) this.#serveInParts(call);
    else this.#serveWhole(call);
  };

  #serveWhole(call: Call<S>): void {
    const { row, header, frame } = call;
    let request: unknown = UNSUPPORTED_API_VERSIONS;
    if (header.version >= 0) {
      const { version, bodyOffset } = header;
      try {
        request = decodeRequestBody(row.key, version, frame, bodyOffset, frame.length, WHOLE_ELEMENT_COUNT_MAX);
      } catch (error) {
        this.#refuse(call, error);
        return;
      }
    }
    this.#handle(call, request, (response) => {
      if (response === null) {
        this.#answer(call, null);
        return;
      }
      // An ApiVersions request of an unknown version is answered in version 0 (PROTOCOL: the client can then retry).
      const version = Math.max(0, header.version);
      let chunks: Uint8Array[];
      try {
        // Rows answer with the response type of their key (ApiRow); the table forgot it.
        chunks = encodeResponse(row.key, version, header.correlationId, response as ResponseInput<WireKey>);
      } catch (error) {
        this.#failToEncode(call, error);
        return;
      }
      this.#answer(call, chunks);
    });
  }

  /** A request of many elements takes more turns of the loop, and none of them long. */
  #serveInParts(call: Call<S>): void {
    runTask(this.#responseInParts(call), (failed, response) => {
      if (failed !== null) {
        this.#refuse(call, failed);
        return;
      }
      const { row, header } = call;
      const steps = encodeResponseInSteps(row.key, header.version, header.correlationId, response ?? {});
      runTask(inTurns(this.#timers, steps), (error, chunks) => {
        if (chunks === undefined) this.#failToEncode(call, error);
        else this.#answer(call, chunks);
      });
    });
  }

  *#responseInParts(call: Call<S>): Task<ResponseInput<WireKey>> {
    const { row, header, frame, name } = call;
    const timers = this.#timers;
    const request = yield* inTurns(timers, decodeRequestInSteps(row.key, header.version, frame, header.bodyOffset));
    const parts = partsOf(request, row.parts ?? []);
    let response: Message | null = null;
    let count = 0;
    for (const part of cut(request, parts)) {
      if (response !== null) yield* nextTurn(timers);
      const next: Message = yield* step((done) => {
        // Only Produce answers nothing at times, and is served as a whole.
        this.#handle(call, part, (answer) => done(null, answer as Message));
      });
      count += elementCount(next);
      if (count > ANSWER_ELEMENT_COUNT_MAX) throw new DecodeError(name, 'the answer would have too many elements');
      response = join(response, next, parts?.into ?? []);
    }
    // Rows answer with the response type of their key (ApiRow); the table forgot it.
    return response as unknown as ResponseInput<WireKey>;
  }

  #handle(call: Call<S>, request: unknown, done: (response: unknown) => void): void {
    const { row, header, connection } = call;
    row.handle(this.#services, request, this.#context(header, connection, row.authorize(request)), done);
  }

  #answer(call: Call<S>, chunks: readonly Uint8Array[] | null): void {
    const { row, stats, header, connection } = call;
    const tookMs = this.#clock.monotonicMs() - call.receivedMs;
    stats.inFlight -= 1;
    stats.totalMs += tookMs;
    if (tookMs > stats.maxMs) stats.maxMs = tookMs;
    if (chunks !== null) {
      let size = 0;
      for (const chunk of chunks) size += chunk.length;
      stats.bytesOut += size;
      this.#quotas.throttleMs(connection.context, header.clientId, row.quota, size);
    }
    call.reply(chunks);
  }

  /**
   * An answer that can't be encoded is a bug, but one that changed nothing: it costs the asker its connection and is written
   * to the log; a request must not be able to end a broker.
   */
  #failToEncode({ stats, connection }: Call<S>, error: unknown): void {
    stats.inFlight -= 1;
    connection.fail(error instanceof Error ? error.message : String(error));
  }

  #refuse({ stats, name, header, connection }: Call<S>, error: unknown): void {
    stats.inFlight -= 1;
    stats.refused += 1;
    refuse(connection, `${name} v${header.version}`, error);
  }

  #context(header: RequestHeader, connection: ClientConnection, needs: readonly AuthorizationNeed[]): RequestContext {
    const denied = needs.filter((need) => !this.#authorizer.allows(connection.context, need));
    return {
      connection: connection.context,
      apiKey: header.apiKey,
      apiVersion: header.version,
      correlationId: header.correlationId,
      clientId: header.clientId,
      receivedMs: this.#clock.monotonicMs(),
      allowed: (need) =>
        !denied.some(
          (other) =>
            other.resourceName === need.resourceName &&
            other.resourceType === need.resourceType &&
            other.operation === need.operation,
        ) && this.#authorizer.allows(connection.context, need),
    };
  }

  /** Bytes of all requests, and of all answers. */
  traffic(): { readonly receivedBytes: number; readonly sentBytes: number } {
    let [receivedBytes, sentBytes] = [0, 0];
    for (const { stats } of this.#rows.values()) {
      receivedBytes += stats.bytesIn;
      sentBytes += stats.bytesOut;
    }
    return { receivedBytes, sentBytes };
  }

  /** Requests, refusals, bytes and times per API. */
  readonly metrics: MetricSource = (emit) => {
    for (const { stats, name } of this.#rows.values()) {
      const labels = { request: name };
      const counter = (metric: string, help: string, value: number): void =>
        emit({ name: metric, help, type: 'counter', labels, value });
      counter('kafka_network_requestmetrics_requests_total', 'Requests received', stats.requests);
      counter('kafka_network_requestmetrics_errors_total', 'Requests refused before their handler', stats.refused);
      counter('kafka_network_requestmetrics_requestbytes_total', 'Bytes of requests', stats.bytesIn);
      counter('kafka_network_requestmetrics_responsebytes_total', 'Bytes of responses', stats.bytesOut);
      counter(
        'kafka_network_requestmetrics_totaltimems_total',
        'Time from receipt to answer, milliseconds',
        stats.totalMs,
      );
      emit({
        name: 'weir_requests_in_flight',
        help: 'Requests being served',
        type: 'gauge',
        labels,
        value: stats.inFlight,
      });
      emit({
        name: 'weir_request_longest_ms',
        help: 'Longest time to an answer since the last scrape',
        type: 'gauge',
        labels,
        value: stats.maxMs,
      });
      stats.maxMs = 0;
    }
  };
}

/** Stands for the body of an ApiVersions request in a version that this broker can't parse. */
const UNSUPPORTED_API_VERSIONS = { clientSoftwareName: '', clientSoftwareVersion: '', clusterId: null, nodeId: -1 };

/** Malformed bytes end the connection; anything else is a bug and goes on up. */
function refuse(connection: ClientConnection, what: string, error: unknown): void {
  if (!isDecodeError(error)) throw error;
  connection.fail(`malformed ${what}: ${error.message}`);
}
