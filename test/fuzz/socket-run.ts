import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { encodeRequest } from '../../broker/core/protocol/messages.ts';
import type { FuzzCase } from './cases.ts';
import { RawClient } from '../support/raw-client.ts';

/** Requests that may wait by their nature, or by a time-out that a mutation made long. */
export const MAY_WAIT: ReadonlySet<number> = new Set([
  -1,
  ApiKey.Produce,
  ApiKey.Fetch,
  ApiKey.ShareFetch,
  ApiKey.JoinGroup,
  ApiKey.SyncGroup,
  ApiKey.CreateTopics,
  ApiKey.CreatePartitions,
  ApiKey.DeleteTopics,
  ApiKey.DeleteRecords,
]);
const WAIT_MS = 150;
const ANSWER_MS = 15_000;
/** How long an unfinished frame is left standing before its connection ends. */
const OPEN_ENDED_MS = 1;

/** A case that a broker did not stand, as text that can be sent again: the title, what happened, the bytes in hex. */
export function describeFinding(one: FuzzCase, what: string): string {
  return `${one.title}: ${what}\n${one.bytes.toString('hex').slice(0, 20_000)}`;
}

/**
 * Sends cases on one connection after the other (a case that ends its connection gets the next one a new one). After
 * each a question that must be answered, unless the connection was closed: that is the only other good answer.
 */
export async function runCases(
  bootstrap: string,
  next: () => FuzzCase | null,
  answerMs = ANSWER_MS,
): Promise<readonly string[]> {
  const findings: string[] = [];
  let client = await RawClient.connect(bootstrap);
  for (let one = next(); one !== null; one = next()) {
    if (client.isClosed) client = await RawClient.connect(bootstrap);
    const finding = await runCase(client, one, answerMs);
    if (finding !== '') findings.push(describeFinding(one, finding));
    if (findings.length >= 5) break;
  }
  client.close();
  return findings;
}

async function runCase(client: RawClient, one: FuzzCase, answerMs: number): Promise<string> {
  client.send(one.bytes);
  if (one.isOpenEnded) {
    await client.awaitFrame(-1, OPEN_ENDED_MS, () => undefined);
    client.close();
    return '';
  }
  const correlationId = client.nextCorrelationId();
  for (const chunk of encodeRequest({ apiKey: ApiKey.ApiVersions, version: 0, correlationId, clientId: null }, {})) {
    client.send(chunk);
  }
  const sent = one.bytes.length >= 12 ? one.bytes.readInt32BE(8) : null;
  let strange = '';
  const outcome = await client.awaitFrame(
    correlationId,
    MAY_WAIT.has(one.apiKey) ? Math.min(WAIT_MS, answerMs) : answerMs,
    (frame) => {
      const answered = frame.length >= 4 ? frame.readInt32BE(0) : null;
      if (answered !== sent) strange = `an answer to request ${answered}, ${sent} was asked`;
    },
  );
  if (outcome === 'silent') {
    client.close();
    return MAY_WAIT.has(one.apiKey) ? strange : `no answer within ${answerMs} ms`;
  }
  return strange;
}
