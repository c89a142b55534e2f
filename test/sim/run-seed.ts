import { guarded } from './guard.ts';
import { planWorld } from './plan.ts';
import { type Outcome, Simulation, type SimulationOptions } from './simulation.ts';

/** The worlds of seeds 1 to this belong to the check; the next ones to the simulator's own suite. */
export const CHECK_SEEDS = 20;
/** Findings of one seed that are shown. */
const SHOWN_MAX = 5;

/** Runs the world of a seed from beginning to end, with everything forbidden that does not replay (B7). */
export function runSeed(seed: number, options: SimulationOptions = {}): Outcome {
  const plan = planWorld(seed);
  return guarded(() => new Simulation(seed, plan, options).run());
}

/** What is wrong in the world of a seed, each line with the seed: `node test/sim/main.ts --seed N --trace` shows why. */
export function findings(seed: number): string[] {
  const { problems } = runSeed(seed);
  return problems.slice(0, SHOWN_MAX).map((problem) => `seed ${seed}: ${problem}`);
}
