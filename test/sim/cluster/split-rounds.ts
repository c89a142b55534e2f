import { createPrng, type Prng } from '../../../broker/core/base/prng.ts';
import type { SimControlNetwork } from '../control-net.ts';
import type { World } from '../world.ts';
import { between, drawMinority, type Way } from './cuts.ts';
import type { ClusterNodePlan, FaultKind } from './plan.ts';
import type { ClusterClient, Workload } from './workload.ts';

/** Virtual time in which a change is made and seen everywhere once a minority of the controllers is cut off, ms. */
export const SPLIT_PATIENCE_MS = 12_000;
/** Rounds of a world: each another minority, one time the leader's, maybe. */
const ROUNDS = 3;
const AGAIN_MS = 200;

/** What a machine of the cluster is here. */
interface Machine extends ClusterNodePlan {
  readonly address: string;
}

/** What the rounds work with. */
export interface SplitDeps {
  readonly world: World;
  readonly network: SimControlNetwork;
  readonly load: Workload;
  readonly machines: readonly Machine[];
  readonly swarm: readonly FaultKind[];
  readonly client: ClusterClient;
  /** The world goes on until that holds, or it ends. */
  readonly wait: (what: string, condition: () => boolean, describe: () => string) => void;
}

/**
 * A whole cluster, in which a minority of the controllers is cut off from the other controllers alone: whoever reaches the
 * others gets changes made, and sees them, within `SPLIT_PATIENCE_MS` (A).
 */
export function runSplitRounds(deps: SplitDeps): void {
  const prng = createPrng(deps.world.prng.uint32());
  for (let round = 0; round < ROUNDS; round += 1) runRound(deps, prng);
}

function drawWay(swarm: readonly FaultKind[], prng: Prng): Way {
  const isHalf = swarm.includes('half-split') && (!swarm.includes('split') || prng.chance(0.5));
  if (!isHalf) return 'both';
  return prng.chance(0.5) ? 'out' : 'in';
}

function runRound({ world, network, load, machines, swarm, client, wait }: SplitDeps, prng: Prng): void {
  const [some, rest] = drawMinority(
    prng,
    machines.filter(({ roles }) => roles.includes('controller')),
  );
  const way = drawWay(swarm, prng);
  const pairs = between(some, rest, way);
  const names = `controllers ${some.map(({ id }) => id).join()} apart (${way})`;
  world.trace(`split: ${names}`);
  for (const [from, to] of pairs) network.cut(from, to);
  // A broker on a machine that is cut off does not reach the others either.
  const able = machines
    .filter((machine) => machine.roles.includes('broker') && !some.includes(machine))
    .map(({ id }) => id);
  const lagging = new Set(able);
  const topic = load.lasting[0] ?? '';
  const change = (broker: number): void => {
    client.change({ kind: 'set', topic, value: load.nextValue() }, broker, () => {
      const last = load.history.at(-1);
      if (last?.seen === 'change' && last.outcome === 'done') lagging.delete(broker);
      else world.schedule(AGAIN_MS, () => change(broker));
    });
  };
  // Who is told that it is done has seen it (read-your-writes).
  for (const broker of able) change(broker);
  wait(
    `with ${names} a change is made through each broker`,
    () => lagging.size === 0,
    () => `brokers ${[...lagging].join()} are left`,
  );
  for (const [from, to] of pairs) network.mend(from, to);
}
