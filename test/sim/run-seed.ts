import { guarded } from './guard.ts';
import { planWorld } from './plan.ts';
import { type Outcome, Simulation, type SimulationOptions } from './simulation.ts';

/** Runs the world of a seed from beginning to end, with everything forbidden that does not replay (B7). */
export function runSeed(seed: number, options: SimulationOptions = {}): Outcome {
  const plan = planWorld(seed);
  return guarded(() => new Simulation(seed, plan, options).run());
}
