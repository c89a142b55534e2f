/**
 * How far a Cluster is with what a new operator changes about its nodes. `due`: some are to be restarted for that, `begun`: some of them
 * were, `settling`: a node was started a moment ago and does not serve yet.
 */
export interface RollState {
  /** Whichever sorts; the same for the same Cluster. */
  readonly cluster: string;
  readonly stage: 'due' | 'begun' | 'settling';
}

/**
 * The Cluster that a Cluster waits for, null: none. What a new operator changes by itself it changes in one Cluster at a time (O17), which it
 * goes on with whatever became of the operator that began it. Everybody comes to the same order from the same states.
 */
export function waitsFor(own: string, states: readonly RollState[]): string | null {
  const others = states.filter(({ cluster }) => cluster !== own).sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  const settling = others.find(({ stage }) => stage === 'settling');
  if (settling !== undefined) return settling.cluster;
  const hasBegun = states.some(({ cluster, stage }) => cluster === own && stage !== 'due');
  // What was begun is ended before anything else is; of the others the first by name.
  const first =
    others.find(({ cluster, stage }) => stage === 'begun' && (!hasBegun || cluster < own)) ??
    others.find(({ cluster }) => !hasBegun && cluster < own);
  return first?.cluster ?? null;
}

/** The Clusters that wait for this one, by name: all others, where it comes first. */
export function waitingFor(own: string, states: readonly RollState[]): readonly string[] {
  const sorted = states.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1));
  const first =
    sorted.find(({ stage }) => stage === 'settling') ?? sorted.find(({ stage }) => stage === 'begun') ?? sorted[0];
  return first?.cluster === own ? sorted.map(({ cluster }) => cluster).filter((cluster) => cluster !== own) : [];
}
