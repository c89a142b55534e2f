import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Calls } from '../../broker/cli/local/calls.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { QuorumFleet } from '../faults/quorum-fleet.ts';
import { Load } from './load.ts';
import { Ground } from './program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The last commit before partitions had several replicas: `weir.version` 2. */
const BEFORE = '6559bd09d5655a235be283e7c3ba201d1a8b497e';
const LINES = 20;

const ground = new Ground();
let fleet: QuorumFleet;
let old: string;

/** The program as it was, beside the dependencies of today. */
function checkOut(directory: string): string {
  const git = (...args: readonly string[]): Buffer =>
    execFileSync('git', ['-C', ROOT, ...args], { maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'pipe'] });
  let archive: Buffer;
  try {
    archive = git('archive', BEFORE, 'broker', 'operator', 'package.json');
  } catch (error) {
    throw new Error(
      `the repository does not have commit ${BEFORE}: get its history (git fetch --unshallow) to run this test\n${String(error)}`,
    );
  }
  execFileSync('tar', ['-x', '-C', directory], { input: archive });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return join(directory, 'broker/cli/weir.ts');
}

beforeAll(async () => {
  old = checkOut(ground.directory());
  fleet = await QuorumFleet.start({ nodes: 3, program: old, isWatched: false });
});
afterAll(async () => {
  await fleet.remove();
  await ground.clean();
});

/** Stops each node as a user does and starts it as the other program, in this order, while lines go on. */
async function roll(load: Load, order: readonly number[], program?: string): Promise<void> {
  for (const id of order) {
    await fleet.stop(id);
    await fleet.start(id, program);
    await load.more(LINES);
  }
}

async function weirVersion(ask: Calls): Promise<number> {
  const body = await ask.call(ApiKey.ApiVersions, () => ({ clientSoftwareName: 'test', clientSoftwareVersion: '1' }), {
    minVersion: 3,
  });
  return body.finalizedFeatures?.find(({ name }) => name === 'weir.version')?.maxVersionLevel ?? -1;
}

/** A group that is not told otherwise begins behind what is there. */
async function fromTheStart(ask: Calls, resourceName: string): Promise<void> {
  const configs = [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }];
  const resource = { resourceType: 32, resourceName, configs };
  const body = await ask.call(ApiKey.IncrementalAlterConfigs, () => ({ resources: [resource], validateOnly: false }));
  expect(body.responses).toMatchObject([{ errorCode: 0 }]);
}

describe('a cluster of the version before', () => {
  let calls: Calls;

  beforeAll(() => {
    const bootstrap = fleet.bootstrap.split(',').map((address) => {
      const [host = '', port = ''] = address.split(':');
      return { host, port: Number(port) };
    });
    calls = new Calls(bootstrap, { clientId: 'roll', requestTimeoutMs: 10_000 });
  });
  afterAll(() => calls.close());

  it('is rolled to this one and back and again under load, then takes the new features', async () => {
    await fleet.probe(0).createTopic('jobs', 6);
    await fromTheStart(calls, 'workers');
    const load = new Load(ground, { bootstrap: fleet.bootstrap, topic: 'jobs', group: 'workers' });
    await load.more(LINES);
    const current = join(ROOT, 'broker/cli/weir.ts');
    await roll(load, [0, 1, 2], current);
    await roll(load, [2, 1, 0], old);
    await roll(load, [1, 0, 2], current);
    expect(await weirVersion(calls)).toBe(2);
    const feature = { feature: 'weir.version', maxVersionLevel: 3, upgradeType: 1 };
    const { errorCode } = await calls.call(ApiKey.UpdateFeatures, () => ({ featureUpdates: [feature] }), {
      minVersion: 2,
    });
    expect(errorCode).toBe(0);
    await load.more(LINES);
    expect(await weirVersion(calls)).toBe(3);
    const topic = { name: 'copied', numPartitions: 3, replicationFactor: 3, assignments: [], configs: [] };
    const { topics } = await calls.call(ApiKey.CreateTopics, () => ({ topics: [topic], timeoutMs: 10_000 }));
    expect(topics).toMatchObject([{ errorCode: 0, replicationFactor: 3 }]);
    await load.end();
  }, 180_000);
});
