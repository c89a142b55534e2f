import { Admin, adminRequest, type AdminCommand, type AdminEvent } from '../../core/client/admin.ts';
import type { Address } from '../../core/client/machine.ts';
import type { Target } from '../../core/client/network.ts';
import type { ApiResponses, RequestInput, WireKey } from '../../core/protocol/messages.ts';
import { type Driver, drive } from '../client/drive.ts';
import { type ClientRuntime, createClientRuntime } from '../client/runtime.ts';

/** A request that got no answer. `code` is Kafka's. */
export class CallFault extends Error {
  readonly code: number;
  constructor(code: number, reason: string) {
    super(reason);
    this.name = 'CallFault';
    this.code = code;
  }
}

/** Whether a caught value is a `CallFault`, whichever realm made it. */
export function isCallFault(error: unknown): error is CallFault {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'CallFault';
}

/** The admin machine behind promises, for programs that are sequential anyway. */
export class Calls {
  readonly #runtime: ClientRuntime = createClientRuntime();
  readonly #driver: Driver<AdminCommand>;
  readonly #waiting = new Map<number, { resolve: (event: AdminEvent) => void }>();
  #next = 0;

  constructor(
    bootstrap: readonly Address[],
    options: { readonly clientId: string; readonly requestTimeoutMs: number },
  ) {
    const admin = new Admin({ bootstrap, random: this.#runtime.random, ...options });
    this.#driver = drive(admin, this.#runtime, (event) => {
      this.#waiting.get(event.token)?.resolve(event);
      this.#waiting.delete(event.token);
    });
  }

  /** Sends one request; fails with a `CallFault` when no answer comes. Errors inside the answer are the caller's. */
  async call<K extends WireKey>(
    key: K,
    body: (version: number) => RequestInput<K>,
    options: { readonly target?: Target; readonly minVersion?: number } = {},
  ): Promise<ApiResponses[K]> {
    const token = this.#next;
    this.#next += 1;
    const answered = new Promise<AdminEvent>((resolve) => {
      this.#waiting.set(token, { resolve });
    });
    const request = adminRequest(key, body, options.minVersion ?? 0);
    this.#runtime.post(() => {
      this.#driver.send({ kind: 'call', token, target: options.target ?? 'any', request });
    });
    const event = await answered;
    if (event.kind === 'failed') throw new CallFault(event.code, event.reason);
    // The answer was decoded by the key of the request.
    return event.body as ApiResponses[K];
  }

  /** Where nodes listen, from a Metadata answer. */
  setNodes(nodes: ReadonlyMap<number, Address>): void {
    this.#runtime.post(() => {
      this.#driver.send({ kind: 'nodes', nodes });
    });
  }

  close(): void {
    this.#runtime.post(() => {
      this.#driver.send({ kind: 'close' });
    });
  }
}
