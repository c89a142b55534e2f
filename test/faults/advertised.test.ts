// Real brokers that are told where clients find one of them.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Calls } from '../../broker/cli/local/calls.ts';
import { KafkaAdmin } from '../../broker/cli/local/kafka-admin.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { QuorumFleet } from './quorum-fleet.ts';

const OUTSIDE = { host: '203.0.113.7', port: 31_092 };
let fleet: QuorumFleet;
/** What nodes have said of addresses that count for nothing. */
const inVain: { readonly id: number; readonly line: string }[] = [];

beforeAll(async () => {
  fleet = await QuorumFleet.start({
    nodes: 3,
    onLine: (id, line) => (line.includes('in vain') ? inVain.push({ id, line }) : undefined),
    ofNode: (_id, address) => ({ 'advertised.listeners': `PLAINTEXT://${address}` }),
  });
});
afterAll(() => fleet.remove());

/** Where a broker says that clients find another one, by Metadata and by DescribeCluster. */
async function told(by: number, of: number): Promise<readonly unknown[]> {
  const calls = new Calls([fleet.addressesOf(by).client], { clientId: 'told', requestTimeoutMs: 5_000 });
  try {
    const metadata = await calls.call(ApiKey.Metadata, () => ({ topics: [] }), { minVersion: 2 });
    const cluster = await calls.call(ApiKey.DescribeCluster, () => ({ includeClusterAuthorizedOperations: false }), {
      minVersion: 0,
    });
    return [
      metadata.brokers.find(({ nodeId }) => nodeId === of),
      cluster.brokers.find(({ brokerId }) => brokerId === of),
    ].map((one) => (one === undefined ? null : { host: one.host, port: one.port }));
  } finally {
    calls.close();
  }
}

const allTell = (of: number, address: unknown): Promise<unknown> =>
  waitFor(`all tell that broker ${of} is at ${JSON.stringify(address)}`, async () => {
    const all = await Promise.all(fleet.ids.map((by) => told(by, of)));
    return all.flat().every((one) => JSON.stringify(one) === JSON.stringify(address));
  });

/** Says so as the operator does; gives what it reads afterwards. */
async function setAdvertised(id: number, endpoints: readonly { listener: string; host: string; port: number }[]) {
  const admin = new KafkaAdmin([fleet.addressesOf((id + 1) % 3).client]);
  const nothing = {
    topics: [],
    copies: new Map(),
    groups: [],
    settings: [],
    members: [],
    restarts: [],
    replacements: [],
    features: false,
  };
  try {
    await admin.setAdvertised({ id, endpoints });
    return (await admin.observe({ ...nothing, brokers: [0, 1, 2], quorum: false, advertised: true })).advertised;
  } finally {
    await admin.close();
  }
}

it('every broker tells it at once, after that one was killed and after the controller was, until something else is said', async () => {
  const { leaderId } = await fleet.agreed();
  const other = (leaderId + 1) % 3;
  const own = fleet.addressesOf(other).client;
  await allTell(other, own);
  const outside = { listener: 'PLAINTEXT', ...OUTSIDE };
  expect(await setAdvertised(other, [outside])).toEqual(new Map([[other, [outside]]]));
  await allTell(other, OUTSIDE);
  for (const id of [other, leaderId]) {
    await fleet.kill(id);
    await fleet.start(id);
    await fleet.agreed();
    await allTell(other, OUTSIDE);
  }
  // What its file says counts for nothing, and it is said who does.
  const said = `advertise PLAINTEXT://${own.host}:${own.port} in vain, clients are told ${OUTSIDE.host}:${OUTSIDE.port}`;
  expect(inVain).toEqual([{ id: other, line: expect.stringContaining(said) }]);
  expect(await setAdvertised(other, [])).toEqual(new Map());
  await allTell(other, own);
}, 180_000);
