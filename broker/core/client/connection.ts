import type { Buffer } from 'node:buffer';
import { ApiKey } from '../protocol/apis.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { type ApiResponses, decodeResponse, encodeRequest } from '../protocol/messages.ts';
import { isDecodeError } from '../codec/decode-error.ts';
import type { QueuedCall } from './call.ts';
import { FrameReader } from './frames.ts';
import type { Address } from './machine.ts';
import { chooseVersion, type Versions } from './versions.ts';

/** Largest response that is read, in bytes. */
export const RESPONSE_SIZE_MAX = 128 << 20;
/** Most calls that wait or are in flight on one connection; more are refused. */
export const CALLS_MAX = 1_000;

/** What a connection asks of its owner. */
export interface ConnectionOwner {
  readonly clientId: string;
  /**
   * How it introduces itself where a plain client does not: the name of its software, and whom it means to reach, so that
   * another node that has got the address turns it away (KIP-1242).
   */
  readonly introduction?: { readonly softwareName: string; readonly clusterId: string; readonly nodeId: number };
  send(connectionId: number, chunks: readonly Uint8Array[]): void;
  /** The connection broke the protocol and has to be closed. */
  broken(connection: Connection, reason: string): void;
}

interface InFlight {
  readonly correlationId: number;
  readonly version: number;
  readonly call: QueuedCall | null;
}

const FIRST_API_VERSIONS = 4;
/** First version of ApiVersions that names the node which is meant. */
const NODE_API_VERSIONS = 5;
const CORRELATION_ID_MAX = 0x7fff_ffff;

/**
 * One connection to one broker: asks ApiVersions first, then pipelines calls and matches answers, which come in the
 * order of the requests. Calls made before the broker's versions are known wait here.
 */
export class Connection {
  readonly id: number;
  readonly address: Address;
  state: 'dialing' | 'handshake' | 'ready' | 'closed' = 'dialing';
  /** When its owner heard from the broker last, or began to wait for it; ms of the owner's clock. */
  heardMs = 0;
  readonly #owner: ConnectionOwner;
  readonly #frames = new FrameReader(RESPONSE_SIZE_MAX);
  #waiting: QueuedCall[] = [];
  #inFlight: InFlight[] = [];
  #versions: ReadonlyMap<number, Versions> = new Map();
  #nextCorrelationId = 0;

  constructor(id: number, address: Address, owner: ConnectionOwner) {
    this.id = id;
    this.address = address;
    this.#owner = owner;
  }

  /** Calls that wait or are in flight. */
  get load(): number {
    return this.#waiting.length + this.#inFlight.length;
  }

  /** Sends the call now or after the handshake. Refused with `fail` when there are too many. */
  enqueue(call: QueuedCall): void {
    if (this.state === 'closed' || this.load >= CALLS_MAX) {
      call.fail(ErrorCode.NETWORK_EXCEPTION, this.state === 'closed' ? 'closed' : 'too many requests', false);
    } else if (this.state === 'ready') this.#transmit(call);
    else this.#waiting.push(call);
  }

  /** The connection is established. */
  dialed(): void {
    this.state = 'handshake';
    this.#askVersions(this.#owner.introduction === undefined ? FIRST_API_VERSIONS : NODE_API_VERSIONS);
  }

  /** Bytes arrived. */
  received(bytes: Uint8Array): void {
    const sound = this.#frames.push(bytes, (frame) => {
      if (this.state !== 'closed') this.#answered(frame);
    });
    if (!sound && this.state !== 'closed') this.#owner.broken(this, 'a response is larger than allowed');
  }

  /** Ends everything that waits or is in flight; nothing happens on this connection afterwards. */
  fail(code: number, reason: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    const inFlight = this.#inFlight;
    const waiting = this.#waiting;
    this.#inFlight = [];
    this.#waiting = [];
    for (const { call } of inFlight) call?.fail(code, reason, true);
    for (const call of waiting) call.fail(code, reason, false);
  }

  /** The earliest deadline among its calls; Infinity when there is none. */
  deadlineMs(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { call } of this.#inFlight) if (call !== null) earliest = Math.min(earliest, call.deadlineMs);
    for (const call of this.#waiting) earliest = Math.min(earliest, call.deadlineMs);
    return earliest;
  }

  #askVersions(version: number): void {
    const correlationId = this.#take();
    const { softwareName = 'weir', ...meant } = this.#owner.introduction ?? {};
    const body = {
      ...(version < 3 ? {} : { clientSoftwareName: softwareName, clientSoftwareVersion: '0' }),
      ...(version < NODE_API_VERSIONS ? {} : meant),
    };
    const header = { apiKey: ApiKey.ApiVersions, version, correlationId, clientId: this.#owner.clientId };
    this.#inFlight.push({ correlationId, version, call: null });
    this.#owner.send(this.id, encodeRequest(header, body));
  }

  #take(): number {
    const id = this.#nextCorrelationId;
    this.#nextCorrelationId = id === CORRELATION_ID_MAX ? 0 : id + 1;
    return id;
  }

  #transmit(call: QueuedCall): void {
    const version = chooseVersion(call.key, this.#versions.get(call.key), call.minVersion);
    if (version === null) {
      call.fail(ErrorCode.UNSUPPORTED_VERSION, 'the broker does not serve this request', false);
      return;
    }
    const correlationId = this.#take();
    const chunks = call.encode(version, correlationId, this.#owner.clientId);
    if (!call.silent) this.#inFlight.push({ correlationId, version, call });
    this.#owner.send(this.id, chunks);
    if (call.silent) call.sent(version);
  }

  #answered(frame: Buffer): void {
    const expected = this.#inFlight.shift();
    if (expected === undefined || frame.readInt32BE(0) !== expected.correlationId) {
      if (expected !== undefined) this.#inFlight.unshift(expected);
      this.#owner.broken(this, 'an answer came to no request');
      return;
    }
    if (expected.call === null) this.#learnVersions(expected.version, frame);
    else if (!expected.call.succeed(expected.version, frame)) {
      expected.call.fail(ErrorCode.NETWORK_EXCEPTION, 'the answer could not be read', true);
      this.#owner.broken(this, 'an answer could not be read');
    }
  }

  /** A broker that does not know our version answers in version 0 with what it knows (PROTOCOL.md §1.3). */
  #learnVersions(asked: number, frame: Buffer): void {
    const refused = frame.length >= 6 && frame.readInt16BE(4) === ErrorCode.UNSUPPORTED_VERSION;
    const body = tryDecodeVersions(refused ? 0 : asked, frame);
    if (body === null) {
      this.#owner.broken(this, 'this is not a Kafka broker');
      return;
    }
    if (body.errorCode === ErrorCode.REBOOTSTRAP_REQUIRED) {
      this.#owner.broken(this, 'another node answers there');
      return;
    }
    const versions = new Map(body.apiKeys.map((api) => [api.apiKey, { min: api.minVersion, max: api.maxVersion }]));
    if (refused && asked > 0) {
      this.#askVersions(Math.max(0, Math.min(versions.get(ApiKey.ApiVersions)?.max ?? 0, asked - 1)));
      return;
    }
    this.#versions = versions;
    this.state = 'ready';
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) this.#transmit(call);
  }
}

function tryDecodeVersions(version: number, frame: Buffer): ApiResponses[typeof ApiKey.ApiVersions] | null {
  try {
    return decodeResponse(ApiKey.ApiVersions, version, frame).body;
  } catch (error) {
    if (isDecodeError(error)) return null;
    throw error;
  }
}
