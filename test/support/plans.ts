import type { Cluster } from '../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../operator/api/settings.ts';
import type { Observed } from '../../operator/core/observed.ts';
import { type Plan, plan } from '../../operator/core/plan.ts';
import { describeStep } from '../../operator/core/steps.ts';
import { PerfectCluster } from './operator-model.ts';

/** The plan of a Cluster of which nothing else is declared. */
export function planOf(cluster: Cluster, observed: Observed): Plan {
  return plan({ cluster, topics: [], shareGroups: [] }, observed, isDynamicSetting);
}

/** What is planned, and what is said, about a Cluster. */
export function told(cluster: Cluster, observed: Observed) {
  const { steps, conditions, ready } = planOf(cluster, observed);
  return {
    steps: steps.map(describeStep),
    ready,
    said: conditions.map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
  };
}

/** Takes steps until there is none and all is ready, letting time pass where there is none; gives what was done. */
export function converge(cluster: Cluster, world: PerfectCluster, nowMs?: number): string[] {
  const taken: string[] = [];
  for (let turn = 0; turn < 100; turn += 1) {
    const { steps, ready } = planOf(cluster, { ...world.observe(), ...(nowMs !== undefined && { nowMs }) });
    const [step] = steps;
    if (step === undefined && ready) return taken;
    if (step !== undefined) taken.push(describeStep(step));
    if (step === undefined || world.carryOut(step) !== 'done') world.tick();
  }
  throw new Error(`the plan does not end: ${taken.join(', ')}`);
}

/** A slow cluster that is as its manifest says. */
export function settled(cluster: Cluster): PerfectCluster {
  const world = new PerfectCluster('slow');
  converge(cluster, world);
  return world;
}
