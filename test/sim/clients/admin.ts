import { Admin, type AdminCommand, type AdminEvent, adminRequest } from '../../../broker/core/client/admin.ts';
import { ErrorCode, isRetriable } from '../../../broker/core/protocol/errors.ts';
import type { ApiResponses, RequestInput, WireKey } from '../../../broker/core/protocol/messages.ts';
import { SimClient } from '../client.ts';
import { findCoordinator, type FoundCoordinator } from './requests.ts';
import type { Served, Stage } from '../stage.ts';

/** How long it waits before it asks again, ms. */
const RETRY_MS = 40;

/** A request that is repeated until it succeeds. */
export interface Ask<K extends WireKey> {
  readonly key: K;
  readonly body: (version: number) => RequestInput<K>;
  /** Error codes of the answer, in any order; retriable ones are asked again. */
  readonly codes: (answer: ApiResponses[K]) => readonly number[];
  /** Codes that are as good as success. */
  readonly fine?: readonly number[];
  readonly done: (answer: ApiResponses[K]) => void;
}

interface Open {
  readonly send: () => void;
  readonly answer: (body: ApiResponses[WireKey]) => void;
}

/** Whom a request is for: anybody, or who coordinates a group. */
type Target = 'any' | { readonly coordinatorOf: string };

/** An administrator that does not give up. */
export class SimAdmin {
  /** Answers that no repetition can better. */
  readonly failures: string[] = [];
  readonly #stage: Stage<Served>;
  readonly #client: SimClient<AdminCommand, AdminEvent>;
  readonly #open = new Map<number, Open>();
  #nextToken = 1;

  constructor(stage: Stage<Served>) {
    this.#stage = stage;
    const options = {
      bootstrap: stage.node.bootstrap,
      clientId: 'admin',
      random: stage.fork(),
      requestTimeoutMs: 3000,
    };
    this.#client = new SimClient(stage.world, stage.network, new Admin(options), {
      name: 'admin',
      onEvent: (event) => this.#take(event),
    });
  }

  /** Everything asked for was answered. */
  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** Asks until the answer has no retriable error; a coordinator is looked for each time. */
  ask<K extends WireKey>(ask: Ask<K>, target: Target = 'any'): void {
    const token = this.#nextToken;
    this.#nextToken += 1;
    const request = adminRequest(ask.key, ask.body);
    const send = (): void => {
      if (target === 'any') this.#client.send({ kind: 'call', token, target, request });
      else this.ask(findCoordinator(target.coordinatorOf, (node) => this.#call(node, token, request)));
    };
    const answer = (body: ApiResponses[WireKey]): void => {
      // The answer's key is the request's: the machine matched them.
      const typed = body as ApiResponses[K];
      const bad = ask.codes(typed).filter((code) => code !== ErrorCode.NONE && ask.fine?.includes(code) !== true);
      if (bad.length > 0 && bad.every(isRetriable)) {
        this.#later(token);
        return;
      }
      this.#open.delete(token);
      if (bad.length > 0) this.failures.push(`request ${ask.key} was answered with ${JSON.stringify(body)}`);
      else ask.done(typed);
    };
    this.#open.set(token, { send, answer });
    send();
  }

  #call(node: FoundCoordinator, token: number, request: ReturnType<typeof adminRequest>): void {
    this.#client.send({ kind: 'nodes', nodes: new Map([[node.nodeId, node]]) });
    this.#client.send({ kind: 'call', token, target: node.nodeId, request });
  }

  cut(): void {
    this.#client.cut();
  }

  describe(): string {
    return `admin: ${this.#open.size} open, ${this.#client.describe()}`;
  }

  #later(token: number): void {
    this.#stage.world.schedule(RETRY_MS, () => this.#open.get(token)?.send());
  }

  #take(event: AdminEvent): void {
    if (event.kind === 'answer') this.#open.get(event.token)?.answer(event.body);
    else this.#later(event.token);
  }
}
