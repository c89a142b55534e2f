import type { ClientEffect, ClientInput, ClientMachine, ClientOptions } from '../../broker/core/client/machine.ts';
import { ApiKey, apis } from '../../broker/core/protocol/apis.ts';
import {
  type ApiRequests,
  decodeRequestBody,
  decodeRequestHeader,
  encodeResponse,
  type RequestHeader,
  type ResponseInput,
  type WireKey,
} from '../../broker/core/protocol/messages.ts';

/** A request that the machine sent and nobody answered yet. */
export interface Asked<K extends WireKey = WireKey> {
  readonly connectionId: number;
  readonly header: RequestHeader;
  readonly body: ApiRequests[K];
}

/** Versions that the scripted broker claims: those of Kafka 4.4, or those that a test names. */
export type Claims = ReadonlyMap<number, { readonly min: number; readonly max: number }>;

const EFFECTS = new Set(['dial', 'send', 'close', 'decompress']);

/** Options for machines: bootstrap at `b:1`, no jitter that matters, first broker always. */
export const CLIENT: ClientOptions = {
  bootstrap: [{ host: 'b', port: 1 }],
  clientId: 'test',
  random: { below: () => 0 },
};

/** Drives a client machine by hand: takes its requests apart, answers in encoded bytes, moves time. */
export class ClientHarness<Command extends { readonly kind: string }, Event extends { readonly kind: string }> {
  nowMs = 0;
  readonly events: Event[] = [];
  readonly dials: Extract<ClientEffect, { kind: 'dial' }>[] = [];
  readonly closed: number[] = [];
  readonly #machine: ClientMachine<Command, Event>;
  readonly #claims: Claims;
  #asked: Asked[] = [];

  constructor(machine: ClientMachine<Command, Event>, claims: Claims = new Map()) {
    this.#machine = machine;
    this.#claims = claims;
  }

  /** One input; effects are sorted into `dials`, requests and `closed`, events into `events`. */
  step(input: ClientInput | Command): void {
    const out: (ClientEffect | Event)[] = [];
    this.#machine.step(input, this.nowMs, out);
    for (const one of out) {
      if (!EFFECTS.has(one.kind)) this.events.push(one as Event);
      else this.#take(one as ClientEffect);
    }
  }

  /** Answers the oldest dial; the broker's versions follow at once. */
  connect(): void {
    const dial = this.dials.shift();
    if (dial === undefined) throw new Error('nothing was dialed');
    this.step({ kind: 'dialed', connectionId: dial.connectionId });
    this.answerVersions();
  }

  /** Answers ApiVersions with the claimed versions. */
  answerVersions(): void {
    const apiKeys = apis
      .filter((api) => api.maxVersion >= 0)
      .map((api) => {
        const claim = this.#claims.get(api.key) ?? { min: api.minVersion, max: api.maxVersion };
        return { apiKey: api.key, minVersion: claim.min, maxVersion: claim.max };
      });
    this.reply(this.next(ApiKey.ApiVersions), { errorCode: 0, apiKeys });
  }

  /** The oldest unanswered request, which has to be of this API. */
  next<K extends WireKey>(key: K): Asked<K> {
    const asked = this.#asked.shift();
    if (asked?.header.apiKey !== key) throw new Error(`asked was ${asked?.header.apiKey ?? 'nothing'}, not ${key}`);
    return asked as Asked<K>;
  }

  /** Keys of the unanswered requests, oldest first. */
  get pending(): readonly number[] {
    return this.#asked.map((one) => one.header.apiKey);
  }

  reply<K extends WireKey>(asked: Asked<K>, body: ResponseInput<K>): void {
    const { apiKey, version, correlationId } = asked.header;
    const bytes = Buffer.concat(encodeResponse(apiKey as K, version, correlationId, body));
    this.step({ kind: 'received', connectionId: asked.connectionId, bytes });
  }

  /** Moves time to the machine's next deadline and wakes it; gives the time that passed in ms. */
  wake(): number {
    const at = this.#machine.nextWakeMs();
    if (at === Number.POSITIVE_INFINITY) throw new Error('the machine waits for nothing');
    const passed = Math.max(0, at - this.nowMs);
    this.nowMs += passed;
    this.step({ kind: 'wake' });
    return passed;
  }

  /** Wakes the machine until it asks something; whoever is dialed answers. */
  untilAsked(): void {
    while (this.pending.length === 0) {
      if (this.dials.length > 0) this.connect();
      else this.wake();
    }
  }

  /** The machine's own line about itself. */
  describe(): string {
    return this.#machine.describe();
  }

  /** Events of one kind. */
  told<K extends Event['kind']>(kind: K): Extract<Event, { kind: K }>[] {
    return this.events.filter((event): event is Extract<Event, { kind: K }> => event.kind === kind);
  }

  #take(effect: ClientEffect): void {
    if (effect.kind === 'dial') this.dials.push(effect);
    else if (effect.kind === 'close') this.closed.push(effect.connectionId);
    else if (effect.kind === 'send') {
      const frame = Buffer.concat(effect.chunks).subarray(4);
      const header = decodeRequestHeader(frame);
      const key = header.apiKey as WireKey;
      const body = decodeRequestBody(key, header.version, frame, header.bodyOffset);
      this.#asked.push({ connectionId: effect.connectionId, header, body });
    }
  }
}

/** A Metadata answer: brokers at `b:<1 + id>`, topics with their partitions' leaders. */
export function metadataOf(
  topics: Readonly<Record<string, readonly number[] | number>>,
  leaderEpoch = 3,
): ResponseInput<typeof ApiKey.Metadata> {
  return {
    brokers: [0, 1].map((nodeId) => ({ nodeId, host: 'b', port: 1 + nodeId })),
    clusterId: 'cluster',
    controllerId: 0,
    topics: Object.entries(topics).map(([name, leaders]) => ({
      name,
      errorCode: typeof leaders === 'number' ? leaders : 0,
      topicId: idOf(name),
      partitions: (typeof leaders === 'number' ? [] : leaders).map((leaderId, partitionIndex) => ({
        errorCode: 0,
        partitionIndex,
        leaderId,
        leaderEpoch,
        replicaNodes: [leaderId],
        isrNodes: [leaderId],
        offlineReplicas: [],
      })),
    })),
  };
}

/** The topic id that `metadataOf` gives a name. */
export function idOf(name: string): string {
  return Buffer.alloc(16, name).toString('base64url');
}
