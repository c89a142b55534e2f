// What a real broker says that it holds and has done, as the operator asks it.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Calls } from '../../broker/cli/local/calls.ts';
import { Loads } from '../../broker/cli/local/loads.ts';
import { operatorNet } from '../../broker/cli/fleet-calls.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import type { BrokerLoad } from '../../operator/core/observed.ts';
import { CLUSTER_ID } from '../support/kubernetes/rendered.ts';
import { RawClient } from '../support/raw-client.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { QuorumFleet } from './quorum-fleet.ts';

const TOPIC = 'jobs';
const BATCHES = 20;
const BATCH_BYTES = 100_000;
let fleet: QuorumFleet;
let loads: Loads;

beforeAll(async () => {
  fleet = await QuorumFleet.start({ nodes: 1, clusterId: CLUSTER_ID });
  const [host = '', port] = fleet.addressesOf(0).control.split(':');
  loads = new Loads(operatorNet(null), CLUSTER_ID, new Map([[0, { host, port: Number(port) }]]));
});
afterAll(async () => {
  loads?.close();
  await fleet?.remove();
});

/** What the broker says, once it serves. */
async function load(): Promise<BrokerLoad> {
  let told: BrokerLoad | undefined;
  await waitFor('the broker tells', async () => (told = (await loads.of([0])).get(0)) !== undefined);
  if (told === undefined) throw new Error('it does not');
  return told;
}

async function produce(): Promise<void> {
  const { host, port } = fleet.addressesOf(0).client;
  const client = await RawClient.connect(`${host}:${port}`);
  const value = Buffer.alloc(BATCH_BYTES, 'x');
  for (let at = 0; at < BATCHES; at += 1) {
    const records = buildBatch([{ key: null, value }], { timestamp: Date.now() }, crc32c);
    const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records }] }];
    const { responses } = await client.call(ApiKey.Produce, 9, { acks: -1, timeoutMs: 5_000, topicData });
    expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
  }
  client.close();
}

it('is what it was given, in totals that begin anew with it', async () => {
  const calls = new Calls([fleet.addressesOf(0).client], { clientId: 'create', requestTimeoutMs: 10_000 });
  const topics = [{ name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
  await calls.call(ApiKey.CreateTopics, () => ({ topics, timeoutMs: 10_000, validateOnly: false }));
  calls.close();
  const before = await load();
  await produce();
  const after = await load();
  const more = (what: keyof BrokerLoad): number => after[what] - before[what];
  for (const what of ['receivedBytes', 'logBytes'] as const) {
    expect(more(what)).toBeGreaterThanOrEqual(BATCHES * BATCH_BYTES);
    expect(more(what)).toBeLessThan(BATCHES * BATCH_BYTES * 1.1);
  }
  expect(more('sentBytes')).toBeGreaterThan(0);
  expect(more('busyMs')).toBeGreaterThan(0);
  expect(more('atMs')).toBeGreaterThan(more('busyMs'));
  expect(after.brokerEpoch).toBe(before.brokerEpoch);
  expect(after.diskBytes).toBeGreaterThan(after.logBytes);
  expect([after.shareSessions, after.shareSessionsMax]).toEqual([0, 2_000]);

  await fleet.kill(0);
  expect(await loads.of([0])).toEqual(new Map());
  await fleet.start(0);
  const next = await load();
  expect(next.brokerEpoch).toBeGreaterThan(after.brokerEpoch);
  expect(next.logBytes).toBe(after.logBytes);
  expect(next.receivedBytes).toBeLessThan(more('receivedBytes'));
  expect(await loads.of([0, 1])).toEqual(new Map([[0, expect.anything()]]));
}, 120_000);
