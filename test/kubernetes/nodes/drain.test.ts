// Real nodes that are drained in turn while clients in pods work, and drains and rolls that wait for each other.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from '@jest/globals';
import { DrainScenario } from '../clients/drain.ts';
import { ensureClientImages } from '../clients/images.ts';
import { clientsInPods } from '../harness/nodes/client-pods.ts';
import type { Nodes } from '../harness/nodes/nodes.ts';
import { startOperatedNodes } from '../harness/nodes/operated.ts';
import { SYSTEM } from '../harness/operated.ts';

const STEP_MS = 600_000;
/** Where clients are: drains leave them alone. */
const CLIENT_NODE = 'node-1';

let directory: string;
let nodes: Nodes;
let scenario: DrainScenario;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-drain-'));
  const images = await ensureClientImages();
  ({ nodes } = await startOperatedNodes());
  scenario = await told(async () => {
    const start = await clientsInPods(nodes, images, { node: CLIENT_NODE, directory });
    await nodes.plane.kubectl('rollout', 'status', 'deployment/weir-operator', ...SYSTEM, '--timeout=120s');
    return DrainScenario.start(nodes.plane, start, false);
  });
}, STEP_MS);
afterAll(async () => {
  await scenario?.abandon();
  await nodes?.stop();
  await rm(directory, { recursive: true, force: true });
}, 120_000);

/** What pods and clients said last is told of what fails. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const ask = async (...args: readonly string[]): Promise<string> =>
      nodes.plane.kubectl(...args).catch((reason: unknown) => String(reason));
    const all = [
      await ask('get', 'pods,pdb,nodes', '-A', '-o', 'wide'),
      await ask('describe', 'weir', '-A'),
      await ask('logs', ...SYSTEM, '-l', 'app.kubernetes.io/name=weir-operator', '--tail=40'),
    ];
    throw new Error([String(error), ...all, scenario?.describe() ?? '', nodes.describe()].join('\n'), { cause: error });
  }
}

test('each node is drained in turn, and one broker is away at a time', () => told(() => scenario.drainAll()), STEP_MS);

test('a roll waits for a broker that a drain took away', () => told(() => scenario.rollDuringDrain()), STEP_MS);

test('a drain waits for a broker that a roll took away', () => told(() => scenario.drainDuringRoll()), STEP_MS);

test('clients saw no error, and nothing was lost, repeated or reordered', () => told(() => scenario.finish()), STEP_MS);
