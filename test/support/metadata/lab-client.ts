import type { MetadataCommand, MetadataOutcome, OutcomeOf } from '../../../broker/core/metadata/commands.ts';
import type { MetadataDelta, MetadataView } from '../../../broker/core/metadata/view.ts';
import type { MetadataClient } from '../../../broker/server/metadata-client.ts';
import type { RequestContext } from '../../../broker/server/request-context.ts';
import type { AuthorizationNeed, ApiRow, Answer } from '../../../broker/server/api/row.ts';
import type { ApiRequests, WireKey } from '../../../broker/core/protocol/messages.ts';
import type { MetadataLab } from './lab.ts';

/** A metadata client over the pure state machine, for tests of handlers. */
export class LabClient implements MetadataClient {
  readonly #lab: MetadataLab;
  /** Time-outs of the commands submitted so far. */
  readonly timeouts: number[] = [];
  /** Set: every command fails with this. */
  failure: MetadataOutcome | null = null;

  constructor(lab: MetadataLab) {
    this.#lab = lab;
  }

  get view(): MetadataView {
    return this.#lab.image;
  }

  submit<C extends MetadataCommand>(command: C, timeoutMs: number, done: (outcome: OutcomeOf<C>) => void): void {
    this.timeouts.push(timeoutMs);
    done(this.failure === null ? this.#lab.run(command) : (this.failure as OutcomeOf<C>));
  }

  onDelta(listener: (delta: MetadataDelta) => void): void {
    this.#lab.onDelta = listener;
  }
}

/** Asks a handler; `denied` says what the caller may not do. */
export function ask<K extends WireKey, S>(
  row: ApiRow<K, S>,
  server: S,
  request: ApiRequests[K],
  options: { readonly version?: number; readonly denied?: (need: AuthorizationNeed) => boolean } = {},
): Answer<K> {
  const context: RequestContext = {
    connection: {
      connectionId: 1,
      principal: 'User:ANONYMOUS',
      listener: 'PLAINTEXT',
      address: '127.0.0.1',
      onClose: () => () => undefined,
      admitBroker: () => undefined,
      disconnect: () => undefined,
    },
    apiKey: row.key,
    apiVersion: options.version ?? row.versions.max,
    correlationId: 1,
    clientId: null,
    receivedMs: 0,
    allowed: (need) => options.denied?.(need) !== true,
  };
  const answers: (Answer<K> | null)[] = [];
  row.handle(server, request, context, (answer) => answers.push(answer));
  const [answer] = answers;
  if (answers.length !== 1 || answer === null || answer === undefined) throw new Error(`${answers.length} answers`);
  return answer;
}
