import { decodeResponse, isWireKey } from '../../../broker/core/protocol/messages.ts';
import { RawClient } from '../../support/raw-client.ts';
import { GiveUp, waitFor } from '../harness/wait.ts';
import type { Ask, Body, EdgeCase, Moment } from './ask.ts';

/** How long a broker may take for one answer. */
const ANSWER_DEADLINE_MS = 15_000;
/** How long a change may take until every answer shows it. */
const SETTLE_DEADLINE_MS = 10_000;

/**
 * What came of a request: an answer, no connection any more, silence where the case is prepared for it, or (for a request
 * that has no answer) nothing.
 */
export type Outcome =
  | { readonly kind: 'answer'; readonly body: Body }
  | { readonly kind: 'closed' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'unanswered' };

/** One broker as the cases see it: where it listens, and the ids of the topics that were made on it. */
export interface Side {
  readonly name: string;
  readonly bootstrap: string;
  /** Ids of topics by name; grows as cases make more. */
  readonly topicIds: Map<string, string>;
}

/** Plays a case on one broker, on connections of its own, and gives one outcome per request. */
export async function play(side: Side, one: EdgeCase): Promise<Outcome[]> {
  const connections = [await RawClient.connect(side.bootstrap), await RawClient.connect(side.bootstrap)] as const;
  const outcomes: Outcome[] = [];
  const answers: Body[] = [];
  const moment: Moment = { answers, topicId: (name) => idOf(side, name) };
  const open: { readonly index: number; readonly ask: Ask; readonly on: RawClient }[] = [];
  let correlationId = 0;
  const put = (index: number, outcome: Outcome): void => {
    outcomes[index] = outcome;
    answers[index] = outcome.kind === 'answer' ? outcome.body : {};
  };
  try {
    for (const [index, each] of one.asks.entries()) {
      const on = connections[each.elsewhere === true ? 1 : 0];
      const exchange = async (): Promise<Outcome> => {
        correlationId += 1;
        on.send(each.frame(moment, correlationId));
        return each.isAnswered === false ? { kind: 'unanswered' } : receive(side, on, each, correlationId);
      };
      if (each.isLater === true) {
        correlationId += 1;
        on.send(each.frame(moment, correlationId));
        put(index, { kind: 'unanswered' });
        open.push({ index, ask: each, on });
      } else put(index, await settled(each, exchange));
    }
    for (const { index, ask, on } of open) put(index, await receive(side, on, ask, null));
  } finally {
    for (const connection of connections) connection.close();
  }
  return outcomes;
}

function idOf(side: Side, name: string): string {
  const id = side.topicIds.get(name);
  if (id === undefined) throw new Error(`no topic ${name} was prepared on ${side.name}`);
  return id;
}

async function settled(one: Ask, exchange: () => Promise<Outcome>): Promise<Outcome> {
  const { until } = one;
  if (until === undefined) return exchange();
  let last: Outcome | null = null;
  const probe = async (): Promise<Outcome | null> => {
    last = await exchange();
    if (last.kind !== 'answer') throw new GiveUp('the connection is closed');
    return until(last.body) ? last : null;
  };
  try {
    return await waitFor('the answer that the case waits for', probe, { deadlineMs: SETTLE_DEADLINE_MS, pollMs: 10 });
  } catch (error) {
    // What never became so is compared as it is: the other broker's answer will differ.
    if (last !== null) return last;
    throw error;
  }
}

async function receive(side: Side, on: RawClient, one: Ask, correlationId: number | null): Promise<Outcome> {
  const frame = await on.nextFrame(one.patienceMs ?? ANSWER_DEADLINE_MS);
  if (frame === 'silent' && one.patienceMs !== undefined) return { kind: 'silent' };
  if (frame === 'silent') throw new Error(`${side.name} did not answer within ${ANSWER_DEADLINE_MS} ms`);
  if (frame === 'closed') return { kind: 'closed' };
  if (!isWireKey(one.key)) throw new Error(`API key ${one.key} was answered, with ${frame.length} bytes`);
  const { correlationId: answered, body } = decodeResponse(one.key, one.answeredIn ?? one.version, frame);
  if (correlationId !== null && answered !== correlationId) {
    throw new Error(`request ${correlationId} was answered as ${answered}`);
  }
  return { kind: 'answer', body: body as unknown as Body };
}
