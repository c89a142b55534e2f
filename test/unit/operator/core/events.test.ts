import { describe, expect, it } from '@jest/globals';
import { type StatusOf, statusOf, summary } from '../../../../operator/core/conditions.ts';
import { statusHappened, stepFailed, stepHappened } from '../../../../operator/core/events.ts';
import type { Step } from '../../../../operator/core/steps.ts';

const AT = { generation: 1, now: '2026-01-01T00:00:00Z' };
const UNSEEN: StatusOf<'Cluster'> = { observedGeneration: -1, conditions: [] };
const DONE = { kind: 'done', reason: 'AsDeclared', message: 'all is well' } as const;
const STUCK = { kind: 'stalled', reason: 'NameTaken', message: 'Service c is there' } as const;
const status = (standing: Parameters<typeof summary>[0], before = UNSEEN): StatusOf<'Cluster'> =>
  statusOf<'Cluster'>({ judgements: summary(standing), fields: {} }, before, AT);
const available = (is: 'True' | 'False'): StatusOf<'Cluster'> => {
  const judgements = [{ type: 'Available', status: is, reason: 'Serving', message: 'clients' } as const];
  return statusOf<'Cluster'>({ judgements, fields: {} }, UNSEEN, AT);
};

const CONFIGURE: Step = {
  kind: 'EnsureTopic',
  topic: 't',
  resource: 'Topic ns/t',
  change: {
    kind: 'configure',
    change: {
      set: new Map([['retention.ms', '5']]),
      unset: ['segment.bytes'],
      before: new Map([
        ['retention.ms', '9'],
        ['segment.bytes', '1'],
      ]),
    },
  },
};

describe('events', () => {
  it('tell what was done about an object, without its name', () => {
    expect(stepHappened(CONFIGURE, false)).toEqual({
      type: 'Normal',
      reason: 'Configured',
      message: 'set for topic t: retention.ms=5 (was 9), segment.bytes back to its default (was 1)',
    });
    expect(stepHappened({ kind: 'RemoveNode', id: 3 }, true)).toEqual({
      type: 'Normal',
      reason: 'StoppingNode',
      message: 'stop node 3',
    });
  });

  it('tell what somebody changed behind a manifest from what a manifest changed', () => {
    expect(stepHappened(CONFIGURE, true).reason).toBe('DriftCorrected');
    expect(stepFailed({ kind: 'RemoveNode', id: 3 }, 'no answer')).toEqual({
      type: 'Warning',
      reason: 'StepFailed',
      message: 'stop node 3: no answer',
    });
  });

  it('tell once that somebody has to act, and again when it is something else', () => {
    const stuck = status(STUCK);
    const warning = { type: 'Warning', reason: 'NameTaken', message: 'Service c is there' };
    expect(statusHappened('Cluster', UNSEEN, stuck)).toEqual([warning]);
    expect(statusHappened('Cluster', stuck, status(STUCK, stuck))).toEqual([]);
    const other = { ...STUCK, message: 'Service d is there' };
    expect(statusHappened('Cluster', stuck, status(other, stuck))).toEqual([{ ...warning, message: other.message }]);
  });

  it('tell that a Cluster is ready when it was not, and of no Topic that it is', () => {
    const done = status(DONE);
    expect(statusHappened('Cluster', status(STUCK), done)).toEqual([
      { type: 'Normal', reason: 'Ready', message: 'all is well' },
    ]);
    expect(statusHappened('Cluster', done, status({ ...DONE, message: 'still' }, done))).toEqual([]);
    expect(statusHappened('Topic', status(STUCK), done)).toEqual([]);
  });

  it('tell that clients are not served any more, and nothing of those who never were', () => {
    expect(statusHappened('Cluster', available('True'), available('False'))).toMatchObject([{ type: 'Warning' }]);
    expect(statusHappened('Cluster', UNSEEN, available('False'))).toEqual([]);
    expect(statusHappened('Cluster', available('False'), available('False'))).toEqual([]);
  });

  it('tell once that one broker less would be too few for topics', () => {
    const copies = (is: 'True' | 'False', message: string): StatusOf<'Cluster'> => {
      const judgements = [{ type: 'ReplicationSufficient', status: is, reason: 'Copies', message } as const];
      return statusOf<'Cluster'>({ judgements, fields: {} }, UNSEEN, AT);
    };
    const few = copies('False', 'too few for topic a');
    const warning = { type: 'Warning', reason: 'Copies', message: 'too few for topic a' };
    for (const before of [UNSEEN, copies('True', 'enough')])
      expect(statusHappened('Cluster', before, few)).toEqual([warning]);
    expect(statusHappened('Cluster', few, copies('False', 'too few for topics a, b'))).toEqual([]);
    expect(statusHappened('Cluster', few, copies('True', 'enough'))).toEqual([]);
  });
});
