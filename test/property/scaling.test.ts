import { describe, expect, it } from '@jest/globals';
import { decide, type ScalingMemory, type ScalingPolicy, STEP_MS } from '../../operator/core/scaling.ts';
import { fc } from '../support/properties.ts';

const policies: fc.Arbitrary<ScalingPolicy> = fc
  .record({
    bounds: fc.tuple(fc.nat(20), fc.nat(20)),
    backlogPerReplica: fc.integer({ min: 1, max: 20 }),
    scaleUpPercent: fc.integer({ min: 1, max: 300 }),
    scaleDownPercent: fc.integer({ min: 1, max: 100 }),
    stabilizationMs: fc.integer({ min: 1, max: 120 }).map((seconds) => seconds * 1000),
  })
  .map(({ bounds: [min, more], ...rest }) => ({ minReplicas: min, maxReplicas: Math.max(1, min + more), ...rest }));

/** `again`: an operator that remembers nothing looks. */
interface Look {
  readonly afterMs: number;
  readonly backlog: number | null;
  readonly again: boolean;
}

const backlogs = fc.nat(400);
const looks: fc.Arbitrary<readonly Look[]> = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1, max: 40 }).map((seconds) => seconds * 1000),
    backlog: fc.option(backlogs, { freq: 6 }),
    again: fc.integer({ min: 0, max: 14 }).map((chance) => chance === 0),
  }),
  { minLength: 1, maxLength: 30 },
);
const histories = fc.record({ policy: policies, first: fc.nat(60), looks });

interface Step extends Look {
  readonly nowMs: number;
  readonly before: number;
  readonly after: number;
  /** What the look asked for, within the bounds; what is not known asks for what there is. */
  readonly asked: number;
  /** What was remembered before it. */
  readonly memory: ScalingMemory | null;
}

const within = ({ minReplicas, maxReplicas }: ScalingPolicy, replicas: number): number =>
  Math.min(maxReplicas, Math.max(minReplicas, replicas));
const wantedFor = (policy: ScalingPolicy, backlog: number): number =>
  within(policy, Math.ceil(backlog / policy.backlogPerReplica));

function run({ policy, first, looks: all }: { policy: ScalingPolicy; first: number; looks: readonly Look[] }): Step[] {
  let [nowMs, current] = [1_000_000, first];
  let memory: ScalingMemory | null = null;
  return all.map((look) => {
    nowMs += look.afterMs;
    const known: ScalingMemory | null = look.again ? null : memory;
    const decided = decide(policy, { nowMs, backlog: look.backlog, current }, known);
    const asked = look.backlog === null ? current : wantedFor(policy, look.backlog);
    const step = { ...look, nowMs, before: current, after: decided.replicas, asked, memory: known };
    current = decided.replicas;
    memory = decided.memory;
    return step;
  });
}

/** Looks of the operator that made this one, before it. */
function remembered(steps: readonly Step[], at: number): readonly Step[] {
  const begin = steps.slice(0, at + 1).findLastIndex(({ memory }) => memory === null);
  return steps.slice(begin, at);
}

const every = (check: (step: Step, policy: ScalingPolicy, earlier: readonly Step[]) => void): void => {
  fc.assert(
    fc.property(histories, (history) => {
      const steps = run(history);
      for (const [at, step] of steps.entries()) check(step, history.policy, remembered(steps, at));
    }),
  );
};
const isWithin = (policy: ScalingPolicy, replicas: number): boolean => within(policy, replicas) === replicas;

describe('scaling by backlog', () => {
  it('changes nothing while the backlog is not known (G1)', () => {
    every(({ backlog, before, after }) => {
      if (backlog === null) expect(after).toBe(before);
    });
  });

  it('keeps to the least and the greatest number (G2)', () => {
    every(({ backlog, after }, policy) => {
      if (backlog !== null) expect(isWithin(policy, after)).toBe(true);
    });
  });

  it('goes in steps, each with a pause before it (G3)', () => {
    every((step, policy, earlier) => {
      const { before, after, nowMs } = step;
      if (after === before || !isWithin(policy, before)) return;
      const percent = after > before ? policy.scaleUpPercent : policy.scaleDownPercent;
      expect(Math.abs(after - before)).toBeLessThanOrEqual(Math.max(1, (before * percent) / 100));
      const pauseMs = after > before ? STEP_MS : policy.stabilizationMs;
      const since = earlier.findLast((one) => one.after !== one.before) ?? earlier[0] ?? step;
      expect(nowMs - since.nowMs).toBeGreaterThanOrEqual(pauseMs);
    });
  });

  it('takes nothing away that was asked for within the stabilization, whoever asked (G4)', () => {
    every(({ before, after, nowMs }, policy, earlier) => {
      if (after >= before || !isWithin(policy, before)) return;
      for (const one of earlier.filter((each) => nowMs - each.nowMs < policy.stabilizationMs))
        expect(after).toBeGreaterThanOrEqual(within(policy, one.asked));
      expect(nowMs - (earlier[0]?.nowMs ?? nowMs)).toBeGreaterThanOrEqual(policy.stabilizationMs);
    });
  });

  it('gives no fewer for more (G5)', () => {
    fc.assert(
      fc.property(histories, backlogs, backlogs, (history, one, other) => {
        const last = run(history).at(-1);
        if (last === undefined) return;
        const { memory, before: current, nowMs } = last;
        const given = (backlog: number): number => decide(history.policy, { nowMs, backlog, current }, memory).replicas;
        expect(given(Math.max(one, other))).toBeGreaterThanOrEqual(given(Math.min(one, other)));
      }),
    );
  });

  it('goes one way for one backlog, to what it asks for, and stays there (G6)', () => {
    fc.assert(
      fc.property(histories, backlogs, (history, backlog) => {
        const constant = Array.from({ length: 400 }, () => ({ afterMs: STEP_MS, backlog, again: false }));
        const all = run({ ...history, looks: [...history.looks, ...constant] });
        const steps = all.slice(history.looks.length);
        // The first one may bring it within its bounds.
        const ways = new Set(steps.slice(1).map(({ before, after }) => Math.sign(after - before)));
        expect(ways.has(1) && ways.has(-1)).toBe(false);
        // Sixty steps of one replica each are the most that it may take.
        const longestMs = 61 * (history.policy.stabilizationMs + 2 * STEP_MS);
        if (longestMs < constant.length * STEP_MS) expect(steps.at(-1)?.after).toBe(wantedFor(history.policy, backlog));
      }),
      { numRuns: 50 },
    );
  });

  it('remembers what matters of the stabilization, and no more', () => {
    every(({ memory, nowMs, afterMs }, policy) => {
      const { wishes = [] } = memory ?? {};
      for (const [at, { atMs, replicas }] of wishes.entries()) {
        expect(nowMs - afterMs - atMs).toBeLessThan(policy.stabilizationMs);
        if (at > 0) expect(replicas).toBeLessThan(wishes[at - 1]?.replicas ?? 0);
      }
    });
  });
});
