import { type Cluster, nameOf } from '../api/kinds.ts';
import type { Condition } from './desired.ts';
import type { FeatureObservation, Observed } from './observed.ts';
import { outdatedNodes } from './plan-nodes.ts';
import type { NodeSpec, Step } from './steps.ts';

/** So long nodes can go back to the version before, unless somebody says how long, ms (O17). */
const FINALISE_MS = 24 * 3_600_000;

/** What is to be done about `weir.version`, and what is to be said of it. */
export interface FeaturePlan {
  readonly steps: readonly Step[];
  readonly conditions: readonly Condition[];
}

/**
 * The level of `weir.version` that is due: the one that the manifest says, or else the highest that all nodes can work at, a day after the
 * last of them could (O17). It is the last step of an upgrade: nodes that are to be restarted, or don't serve, come first.
 */
export function planFeatures(
  cluster: Cluster,
  wanted: readonly NodeSpec[],
  { host, admin, nowMs }: Observed,
): FeaturePlan {
  const serves = ({ id }: NodeSpec): boolean => host.nodes.some((node) => node.id === id && node.ready);
  const isRolling = outdatedNodes(wanted, host).length > 0 || !wanted.every(serves);
  const features = admin?.features;
  if (features === undefined) return { steps: [], conditions: [] };
  const { level, next } = features;
  const said = (type: Condition['type'], reason: string, message: string): FeaturePlan => ({
    steps: [],
    conditions: [{ resource: nameOf(cluster), type, reason, message }],
  });
  const { featureLevel } = cluster.spec;
  if (featureLevel !== undefined && featureLevel < level) {
    const why = `weir.version ${level} is in force, and no level is ever left again`;
    return said(
      'Stalled',
      'FeatureLevelPassed',
      `spec.featureLevel must be at least ${level}, not ${featureLevel}: ${why}`,
    );
  }
  if (featureLevel !== undefined && featureLevel > next) {
    const why = `not all nodes can work with more than weir.version ${next}`;
    return said(
      isRolling ? 'Progressing' : 'Stalled',
      'FeatureLevelUnknown',
      `spec.featureLevel is ${featureLevel}: ${why}`,
    );
  }
  if (next === level || isRolling) return { steps: [], conditions: [] };
  if (featureLevel !== undefined)
    return { steps: featureLevel > level ? [{ kind: 'RaiseFeature', level: featureLevel }] : [], conditions: [] };
  const dueMs = sinceOf(cluster, features, nowMs) + FINALISE_MS;
  if (nowMs !== undefined && nowMs >= dueMs) return { steps: [{ kind: 'RaiseFeature', level: next }], conditions: [] };
  const when = nowMs === undefined ? 'later' : Temporal.Instant.fromEpochMilliseconds(dueMs).toString();
  const until = 'until then nodes can go back to the version before; spec.featureLevel says another time';
  return said('FeaturePending', 'WaitsADay', `weir.version ${next} comes into force at ${when}: ${until}`);
}

/** What a status remembers of a level that is to come; nothing where there is none. */
export function nextLevelIn(
  cluster: Cluster,
  { admin, nowMs }: Observed,
): { readonly nextFeatureLevel?: { readonly level: number; readonly since: string } } {
  const { recorded } = cluster;
  // What can't be seen now stays as it was.
  const level = admin?.features === undefined ? recorded?.nextLevel?.level : admin.features.next;
  const isAhead = admin?.features === undefined || admin.features.next > admin.features.level;
  if (level === undefined || nowMs === undefined || !isAhead) return {};
  const since = Temporal.Instant.fromEpochMilliseconds(sinceOf(cluster, { next: level }, nowMs));
  return { nextFeatureLevel: { level, since: since.toString({ smallestUnit: 'second' }) } };
}

/** Since when all nodes can work at the next level: what an operator wrote down, or now. Whoever is next goes on with that. */
function sinceOf({ recorded }: Cluster, { next }: Pick<FeatureObservation, 'next'>, nowMs = 0): number {
  const known = recorded?.nextLevel;
  return known?.level === next ? known.sinceMs : nowMs;
}
