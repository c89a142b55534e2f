import { WEIR_LEVELS } from '../../broker/core/config/weir-levels.ts';
import { type Cluster, nameOf } from '../api/kinds.ts';
import type { Condition } from './desired.ts';
import type { HostObservation } from './observed.ts';
import { compareReleases, compareVersions, isOneStep } from './versions.ts';

/** The Cluster as it is planned for, and what is to be said where that is not what it asks for. */
export interface SettledVersion {
  readonly cluster: Cluster;
  readonly conditions: readonly Condition[];
}

/**
 * Keeps nodes in the version that they are made with where they can't go to the one that is wanted: more than a minor version away, or too
 * old for the level of `weir.version` that is in force, which is never left again (O17). So nothing is made of that version, and nothing
 * restarted. `levels`: see `WEIR_LEVELS`.
 */
export function settleVersion(
  cluster: Cluster,
  { versions }: HostObservation,
  levels: readonly string[] = WEIR_LEVELS,
): SettledVersion {
  if (versions === undefined) return { cluster, conditions: [] };
  const { own, made, running } = versions;
  const wanted = cluster.spec.version ?? own;
  const refused =
    farReason(wanted, running) ?? levelReason(wanted, running, cluster.recorded?.featureLevel ?? null, levels);
  if (refused === null || made === null || made === wanted) return { cluster, conditions: [] };
  const { type, reason, why } = refused;
  const asked =
    cluster.spec.version === undefined ? `the version of this operator, ${wanted},` : `spec.version ${wanted}`;
  const message = `nodes stay with ${made}: ${asked} ${why}`;
  return {
    cluster: { ...cluster, keptVersion: made },
    conditions: [{ resource: nameOf(cluster), type, reason, message }],
  };
}

interface Refusal {
  readonly type: 'Stalled' | 'Progressing';
  readonly reason: string;
  readonly why: string;
}

function farReason(wanted: string, running: readonly string[]): Refusal | null {
  const far = running.find((one) => !isOneStep(one, wanted));
  if (far === undefined) return null;
  const why = `is more than one minor version from ${far}, which nodes run: set spec.version to one between them first`;
  return { type: 'Stalled', reason: 'VersionSkipped', why };
}

function levelReason(
  wanted: string,
  running: readonly string[],
  level: number | null,
  levels: readonly string[],
): Refusal | null {
  const isBack = running.some((one) => (compareVersions(wanted, one) ?? 0) < 0);
  if (level === null) {
    const why = 'is older than what nodes run, and it is not known yet whether they can go back';
    return isBack ? { type: 'Progressing', reason: 'VersionWaits', why } : null;
  }
  const first = level === 0 ? undefined : levels[level - 1];
  // Levels of later releases are not known here.
  const isTooOld = level > levels.length ? isBack : first !== undefined && (compareReleases(wanted, first) ?? 0) < 0;
  if (!isTooOld) return null;
  const since = first === undefined ? 'is later than this operator' : `came with ${first}`;
  const why = `may not know weir.version ${level}, which ${since}: it is in force, and no level is ever left again`;
  return { type: 'Stalled', reason: 'VersionTooOld', why };
}
