// The programs that run as pods on real nodes, here as processes that see nothing but their images, against brokers of this machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Calls } from '../../../broker/cli/local/calls.ts';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { QuorumFleet } from '../../faults/quorum-fleet.ts';
import { ensureClientImages } from './images.ts';
import { ClientLoad, longestGapMs } from './load.ts';
import { clientsHere } from './running.ts';

const TOPIC = 'jobs';
const GROUP = 'workers';
const PARTITIONS = 4;
const LOCK_MS = 30_000;
/** Clients may have been handed what they tell of so long before, from the leader of then. */
const ECHO_MS = 10_000;
const GROUP_RESOURCE = 32;

let directory: string;
let fleet: QuorumFleet;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-clients-'));
  fleet = await QuorumFleet.start({ nodes: 3, isWatched: false, settings: { 'min.insync.replicas': '2' } });
  const bootstrap = fleet.ids.map((id) => fleet.addressesOf(id).client);
  const calls = new Calls(bootstrap, { clientId: 'test', requestTimeoutMs: 10_000 });
  try {
    const configs = [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }];
    const resources = [{ resourceType: GROUP_RESOURCE, resourceName: GROUP, configs }];
    const altered = await calls.call(ApiKey.IncrementalAlterConfigs, () => ({ resources, validateOnly: false }));
    expect(altered.responses).toMatchObject([{ errorCode: 0 }]);
    const topic = { name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 3, assignments: [], configs: [] };
    const made = await calls.call(ApiKey.CreateTopics, () => ({ topics: [topic], timeoutMs: 10_000 }));
    expect(made.topics).toMatchObject([{ errorCode: 0 }]);
  } finally {
    calls.close();
  }
}, 120_000);
afterAll(async () => {
  await fleet?.remove();
  await rm(directory, { recursive: true, force: true });
});

it('see no error, lose, repeat and reorder nothing while brokers are stopped and killed', async () => {
  const start = clientsHere(await ensureClientImages(), { directory });
  const { bootstrap } = fleet;
  const load = await ClientLoad.start({
    start,
    bootstrap,
    topic: TOPIC,
    partitions: PARTITIONS,
    group: GROUP,
    lockMs: LOCK_MS,
  });
  try {
    const crashes = [];
    for (const [id, end] of [
      [0, (): Promise<void> => fleet.stop(0)],
      [1, (): Promise<void> => fleet.kill(1)],
    ] as const) {
      const fromMs = Date.now();
      await end();
      await load.progress(`the end of ${id}`);
      await fleet.start(id);
      await load.progress(`the return of ${id}`);
      const untilMs = Date.now();
      console.info(
        `longest time without an acknowledgement around the end of ${id}: ${load.gapMs({ fromMs, untilMs })} ms`,
      );
      crashes.push({ fromMs, untilMs: untilMs + ECHO_MS });
    }
    const { history, violations } = await load.finish(crashes);
    expect(violations).toEqual([]);
    expect(history.finished.filter(({ outcome }) => outcome === 'released').length).toBeGreaterThan(0);
    console.info(`${history.acknowledged.length} acknowledged, ${history.acquired.length} deliveries`);
  } finally {
    await load.abandon();
  }
}, 400_000);

describe('the longest time without an acknowledgement', () => {
  const lines = ['A 0 0 0 1000', 'A 1 0 1 1010', 'A 0 1 2 1500', 'F 3 error', 'A 1 1 4 1100', 'A 0 2 5 9000'];

  it('is that of any partition, from the first moment to the last', () => {
    expect(longestGapMs(lines, 2, { fromMs: 1000, untilMs: 1600 })).toBe(500);
    expect(longestGapMs(lines, 2, { fromMs: 900, untilMs: 2000 })).toBe(900);
    expect(longestGapMs(lines, 1, { fromMs: 500, untilMs: 1500 })).toBe(500);
    expect(longestGapMs(lines, 3, { fromMs: 1000, untilMs: 1600 })).toBe(600);
  });
});
