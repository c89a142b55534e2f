import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../operator/api/kinds.ts';
import type { FeatureObservation } from '../../../../operator/core/observed.ts';
import { nextLevelIn } from '../../../../operator/core/plan-features.ts';
import { cluster } from '../../../support/operator-manifests.ts';
import { type PerfectCluster } from '../../../support/operator-model.ts';
import { settled, told as toldOf } from '../../../support/plans.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const HOUR_MS = 3_600_000;
const base = cluster({}, { brokers: 3 });

/** A Cluster at this level in its manifest, whose status remembers a level that all nodes have been able to work at for so long. */
function declared(
  featureLevel: number | null,
  next: { readonly level: number; readonly agoMs: number } | null,
): Cluster {
  const nextLevel = next === null ? null : { level: next.level, sinceMs: NOW - next.agoMs };
  const spec = { ...base.spec, ...(featureLevel !== null && { featureLevel }) };
  return { ...base, spec, recorded: { featureLevel: 3, nextLevel } };
}

function clusterAt(features: FeatureObservation | null): PerfectCluster {
  const world = settled(base);
  world.features = features;
  return world;
}

const told = (wanted: Cluster, world: PerfectCluster, nowMs = NOW) => toldOf(wanted, { ...world.observe(), nowMs });

const RAISED = { steps: ['raise weir.version to 4'], ready: true, said: [] };
const NOTHING = { steps: [], ready: true, said: [] };
const until = (when: string) => ({
  steps: [],
  ready: true,
  said: [
    `FeaturePending WaitsADay: weir.version 4 comes into force at ${when}: until then nodes can go back to the version before; spec.featureLevel says another time`,
  ],
});

describe('weir.version', () => {
  const world = clusterAt({ level: 3, next: 4 });

  it('is raised a day after all nodes can work at a higher level, by whoever looks then', () => {
    expect(told(declared(null, { level: 4, agoMs: 24 * HOUR_MS - 1 }), world)).toEqual(
      until('2026-11-29T12:00:00.001Z'),
    );
    expect(told(declared(null, { level: 4, agoMs: 24 * HOUR_MS }), world)).toEqual(RAISED);
  });

  it('begins to wait when it is first seen, and anew when it is another level', () => {
    expect(told(declared(null, null), world)).toEqual(until('2026-11-30T12:00:00Z'));
    expect(told(declared(null, { level: 5, agoMs: 30 * HOUR_MS }), world)).toEqual(until('2026-11-30T12:00:00Z'));
  });

  it('stays where the manifest says, however long, and is raised at once when that says so', () => {
    expect(told(declared(3, { level: 4, agoMs: 99 * HOUR_MS }), world)).toEqual(NOTHING);
    expect(told(declared(4, null), world)).toEqual(RAISED);
  });

  it('is never left again, and never more than all nodes can do', () => {
    const stalled = (reason: string, message: string) => ({
      steps: [],
      ready: true,
      said: [`Stalled ${reason}: ${message}`],
    });
    expect(told(declared(2, null), world)).toEqual(
      stalled(
        'FeatureLevelPassed',
        'spec.featureLevel must be at least 3, not 2: weir.version 3 is in force, and no level is ever left again',
      ),
    );
    const message = 'spec.featureLevel is 5: not all nodes can work with more than weir.version 4';
    expect(told(declared(5, null), world)).toEqual(stalled('FeatureLevelUnknown', message));
  });

  it('is the last step of a roll', () => {
    const rolling = clusterAt({ level: 3, next: 4 });
    for (const node of rolling.nodes.values()) node.hasForeignMaking = true;
    const due = declared(null, { level: 4, agoMs: 48 * HOUR_MS });
    expect(told(due, rolling)).toMatchObject({ steps: ['restart node 1: this operator makes it otherwise'], said: [] });
    rolling.blocked.add(1);
    expect(told(due, rolling).steps).toEqual([]);
    const down = clusterAt({ level: 3, next: 4 });
    down.crash(2, 'kept');
    expect(told(due, down)).toMatchObject({ steps: [], said: [] });
    expect(told(declared(5, null), rolling).said.at(-1)).toContain('Progressing FeatureLevelUnknown');
  });

  it('is nobody’s business where it is not known, or all is done', () => {
    expect(told(declared(null, null), clusterAt(null))).toEqual(NOTHING);
    expect(told(declared(null, null), clusterAt({ level: 4, next: 4 }))).toEqual(NOTHING);
  });
});

describe('what a status remembers of a level that is to come', () => {
  const of = (wanted: Cluster, features: FeatureObservation | null, nowMs = NOW) =>
    nextLevelIn(wanted, { ...clusterAt(features).observe(), nowMs }).nextFeatureLevel;

  it('is since when all nodes can work at it, as it was seen first', () => {
    expect(of(declared(null, null), { level: 3, next: 4 }, NOW + 1_234)).toEqual({
      level: 4,
      since: '2026-11-29T12:00:01Z',
    });
    const known = declared(null, { level: 4, agoMs: 2 * HOUR_MS });
    expect(of(known, { level: 3, next: 4 })).toEqual({ level: 4, since: '2026-11-29T10:00:00Z' });
    expect(of(known, { level: 3, next: 5 })).toEqual({ level: 5, since: '2026-11-29T12:00:00Z' });
  });

  it('stays while nothing can be seen, and goes when it is in force, or not all nodes can any more', () => {
    const known = declared(null, { level: 4, agoMs: 2 * HOUR_MS });
    expect(of(known, null)).toEqual({ level: 4, since: '2026-11-29T10:00:00Z' });
    expect(of(known, { level: 4, next: 4 })).toBeUndefined();
    expect(of(known, { level: 3, next: 3 })).toBeUndefined();
  });
});
