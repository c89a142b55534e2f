import { describe, expect, it } from '@jest/globals';
import { STATUSES } from '../../operator/api/status.ts';
import { validate } from '../../operator/api/validate.ts';
import {
  difference,
  type Draft,
  type Standing,
  type StatusOf,
  statusOf,
  summary,
} from '../../operator/core/conditions.ts';
import { isWaitOver, kstatusOf } from '../support/kubernetes/kstatus.ts';
import { fc } from '../support/properties.ts';

const standings: fc.Arbitrary<Standing> = fc.record({
  kind: fc.constantFrom('done', 'working', 'unknown', 'stalled'),
  reason: fc.constantFrom('Progressing', 'Conflict', 'AsDeclared'),
  message: fc.oneof(fc.constantFrom('', 'all is well'), fc.constant('x'.repeat(40_000))),
});
const drafts: fc.Arbitrary<Draft<'Topic'>> = fc.record({
  judgements: fc
    .record({ standing: standings, more: fc.constantFrom('True', 'False', 'Unknown', null) })
    .map(({ standing, more }) => [
      ...summary(standing),
      ...(more === null ? [] : [{ type: 'Available', status: more, reason: 'Serving', message: '' } as const]),
    ]),
  fields: fc.option(fc.record({ partitions: fc.integer({ min: 1, max: 3 }) })),
});
/** What is written one after the other, of generations that grow. */
const histories = fc.array(fc.record({ draft: drafts, isEdited: fc.boolean() }), { minLength: 1, maxLength: 8 });

const UNSEEN: StatusOf<'Topic'> = { observedGeneration: -1, conditions: [] };

interface Write {
  readonly before: StatusOf<'Topic'>;
  readonly after: StatusOf<'Topic'>;
  readonly generation: number;
  readonly now: string;
  readonly draft: Draft<'Topic'>;
}

function writesOf(
  history: readonly { readonly draft: Draft<'Topic'>; readonly isEdited: boolean }[],
): readonly Write[] {
  const writes: Write[] = [];
  let [before, generation] = [UNSEEN, 1];
  for (const [at, { draft, isEdited }] of history.entries()) {
    if (isEdited) generation += 1;
    const now = `2026-01-01T00:00:0${at}Z`;
    const after = statusOf(draft, before, { generation, now });
    writes.push({ before, after, generation, now, draft });
    before = after;
  }
  return writes;
}

const every = (check: (write: Write) => void): void => {
  fc.assert(
    fc.property(histories, (history) => {
      for (const write of writesOf(history)) check(write);
    }),
  );
};

describe('a status', () => {
  it('makes no tool that waits believe more than is found, or anything of a generation that nobody saw', () => {
    every(({ after, generation, draft }) => {
      const ready = draft.judgements.find(({ type }) => type === 'Ready')?.status;
      const isStalled = draft.judgements.some(({ type }) => type === 'Stalled');
      const object = { generation, ...after };
      expect(kstatusOf(object)).toBe(ready === 'True' ? 'Current' : isStalled ? 'Failed' : 'InProgress');
      expect(isWaitOver(object)).toBe(ready === 'True');
      expect(new Set(after.conditions?.map((one) => one.observedGeneration))).toEqual(new Set([generation]));
      const edited = { ...object, generation: generation + 1 };
      expect(kstatusOf(edited)).toBe('InProgress');
      for (const { type } of draft.judgements) expect(isWaitOver(edited, type)).toBe(false);
    });
  });

  it('keeps the time of a condition until its status changes', () => {
    every(({ before, after, now }) => {
      for (const { type, status, lastTransitionTime } of after.conditions ?? []) {
        const earlier = before.conditions?.find((one) => one.type === type);
        expect(lastTransitionTime).toBe(earlier?.status === status ? earlier.lastTransitionTime : now);
      }
    });
  });

  it('differs from the earlier one only if something was found to, whenever and in whatever order', () => {
    every(({ before, after, generation, draft }) => {
      const turned: Draft<'Topic'> = { ...draft, judgements: draft.judgements.toReversed() };
      const again = statusOf(turned, after, { generation, now: '2027-01-01T00:00:00Z' });
      expect(difference(after, again)).toBe('none');
      const stored = { ...after, conditions: after.conditions?.toReversed() ?? [] };
      expect(difference(stored, again)).toBe('none');
      const heads = ({ conditions = [] }: StatusOf<'Topic'>): unknown =>
        conditions.map(({ type, status, reason }) => [type, status, reason]);
      const isFirm =
        before.observedGeneration !== generation || JSON.stringify(heads(before)) !== JSON.stringify(heads(after));
      expect(difference(before, after) === 'firm').toBe(isFirm);
      const isSame = !isFirm && JSON.stringify(before) === JSON.stringify(after);
      expect(difference(before, after) === 'none').toBe(isSame);
    });
  });

  it('is what the CRD lets through', () => {
    every(({ after }) => {
      const issues: never[] = [];
      validate({ checkSetting: () => null, issues }, STATUSES.Topic, after, []);
      expect(issues).toEqual([]);
    });
  });
});
