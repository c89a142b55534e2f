import { errorName } from '../protocol/errors.ts';
import type { ApiResponses, RequestInput, WireKey } from '../protocol/messages.ts';
import type { ClientEffect, ClientInput, ClientMachine, ClientOptions } from './machine.ts';
import { Network, type Target } from './network.ts';

/** What an admin is told. */
export type AdminCommand =
  /** One request of any API; `any` goes to whichever broker answers, a number to that node (see `nodes`). */
  | { readonly kind: 'call'; readonly token: number; readonly target: Target; readonly request: AdminRequest }
  /** Where nodes listen, from an earlier Metadata answer. */
  | { readonly kind: 'nodes'; readonly nodes: ReadonlyMap<number, { readonly host: string; readonly port: number }> }
  | { readonly kind: 'close' };

/** A request with its key; body and answer of one key belong together (`adminRequest`). */
export interface AdminRequest {
  readonly key: WireKey;
  readonly body: (version: number) => RequestInput<WireKey>;
  readonly minVersion: number;
}

/** What an admin tells: how each call ended. */
export type AdminEvent =
  | {
      readonly kind: 'answer';
      readonly token: number;
      readonly key: WireKey;
      readonly body: ApiResponses[WireKey];
      readonly version: number;
    }
  | {
      readonly kind: 'failed';
      readonly token: number;
      readonly code: number;
      readonly reason: string;
      readonly sent: boolean;
    };

/** A request for `AdminCommand`, with its types checked. */
export function adminRequest<K extends WireKey>(
  key: K,
  body: (version: number) => RequestInput<K>,
  minVersion = 0,
): AdminRequest {
  // The key says which body it is; the encoder is looked up by the same key.
  return { key, body: body as (version: number) => RequestInput<WireKey>, minVersion };
}

/** One try per call over pooled connections; what to do about a failure is the caller's to say. */
export class Admin implements ClientMachine<AdminCommand, AdminEvent> {
  readonly #network: Network;
  #closed = false;
  #out: (ClientEffect | AdminEvent)[] = [];

  constructor(options: ClientOptions) {
    this.#network = new Network(options);
  }

  step(input: ClientInput | AdminCommand, nowMs: number, out: (ClientEffect | AdminEvent)[]): void {
    this.#out = out;
    this.#network.begin(nowMs, out);
    switch (input.kind) {
      case 'call': {
        const { token, target, request } = input;
        this.#network.call(target, {
          key: request.key,
          body: request.body,
          minVersion: request.minVersion,
          done: (outcome) => {
            if (outcome.ok) {
              this.#out.push({ kind: 'answer', token, key: request.key, body: outcome.body, version: outcome.version });
            } else {
              const reason = outcome.reason === '' ? errorName(outcome.code) : outcome.reason;
              this.#out.push({ kind: 'failed', token, code: outcome.code, reason, sent: outcome.sent });
            }
          },
        });
        break;
      }
      case 'nodes':
        this.#network.setNodes(input.nodes);
        break;
      case 'close':
        this.#closed = true;
        this.#network.close();
        break;
      default:
        this.#network.take(input);
    }
  }

  nextWakeMs(): number {
    return this.#closed ? Number.POSITIVE_INFINITY : this.#network.nextWakeMs();
  }

  describe(): string {
    return `admin ${this.#network.describe()}`;
  }
}
