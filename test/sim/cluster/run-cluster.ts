import { guarded } from '../guard.ts';
import { Cluster, type ClusterOptions, type ClusterOutcome } from './cluster.ts';
import { planCluster } from './plan.ts';

/** Runs the cluster of a seed from beginning to end, with everything forbidden that does not replay (B7). */
export function runCluster(seed: number, options: ClusterOptions = {}): ClusterOutcome {
  const plan = planCluster(seed, options.kinds ?? null);
  return guarded(() => new Cluster(seed, plan, options).run());
}
