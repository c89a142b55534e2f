// Machines that are drained while clients work, with pods as processes of this machine; on real nodes in test/kubernetes/nodes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from '@jest/globals';
import { DrainScenario } from './clients/drain.ts';
import { ensureClientImages } from './clients/images.ts';
import { clientsHere } from './clients/running.ts';
import { type Operated, startOperated } from './harness/operated.ts';

const STEP_MS = 600_000;

let directory: string;
let operated: Operated;
let scenario: DrainScenario;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-drain-'));
  const images = await ensureClientImages();
  operated = await startOperated();
  const { plane, kubelet } = operated;
  scenario = await told(() =>
    DrainScenario.start(plane, clientsHere(images, { directory, hostsFile: kubelet.hostsFile }), true),
  );
}, STEP_MS);
afterAll(async () => {
  await scenario?.abandon();
  await operated?.stop();
  await rm(directory, { recursive: true, force: true });
}, 120_000);

/** What pods and clients said last is told of what fails. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { plane, kubelet } = operated;
    const objects = await plane.kubectl('describe', 'weir', '-A');
    throw new Error([String(error), objects, scenario?.describe() ?? '', kubelet.describe()].join('\n'), {
      cause: error,
    });
  }
}

test(
  'each machine is drained in turn, one broker away at a time and all others in sync',
  () => told(() => scenario.drainAll()),
  STEP_MS,
);

test('a roll waits for a broker that a drain took away', () => told(() => scenario.rollDuringDrain()), STEP_MS);

test('a drain waits for a broker that a roll took away', () => told(() => scenario.drainDuringRoll()), STEP_MS);

test('clients saw no error, and nothing was lost, repeated or reordered', () => told(() => scenario.finish()), STEP_MS);
