import { describe, expect, it } from '@jest/globals';
import { type StatusOf, statusOf, summary } from '../../../../operator/core/conditions.ts';
import { scaleHappened, statusHappened, stepFailed, stepHappened } from '../../../../operator/core/events.ts';
import type { Step, TopicChange } from '../../../../operator/core/steps.ts';

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

const NODE = { id: 3, roles: [], controllers: [], voters: [], listeners: [], settings: new Map() } as const;
const HASHES = { specHash: '', declaredHash: '', restart: '' } as const;
const node = { ...NODE, ...HASHES };
const NO_CHANGE = { set: new Map(), unset: [], before: new Map() };
const topicStep = (change: TopicChange): Step => ({ kind: 'EnsureTopic', topic: 't', resource: 'Topic t', change });

/** What people and their alerts go by: a reason that changes is a change for them. */
const REASONS: readonly (readonly [reason: string, step: Step])[] = [
  ['Forming', { kind: 'Form', initialVoters: [0] }],
  ['StartingNode', { kind: 'AddNode', node }],
  ['RestartingNode', { kind: 'Restart', node, reason: 'its settings changed' }],
  ['StoppingNode', { kind: 'RemoveNode', id: 3 }],
  ['ReplacingDisk', { kind: 'ReplaceDisk', id: 3 }],
  ['Draining', { kind: 'Drain', ids: [3] }],
  ['KeepingNode', { kind: 'Undrain', id: 3 }],
  ['NodeForgotten', { kind: 'ForgetNode', id: 3, isController: false }],
  ['Rebalancing', { kind: 'Rebalance', ids: [3] }],
  ['VoterAdded', { kind: 'AddVoter', id: 3, directoryId: 'd', address: null }],
  ['VoterRemoved', { kind: 'RemoveVoter', id: 3, directoryId: 'd' }],
  ['AddressesSet', { kind: 'SetAdvertised', id: 3, endpoints: [] }],
  ['FeatureRaised', { kind: 'RaiseFeature', level: 2 }],
  ['Configured', { kind: 'SetConfig', change: NO_CHANGE }],
  ['TopicCreated', topicStep({ kind: 'create', partitions: 1, replicationFactor: 1, config: new Map() })],
  ['TopicGrown', topicStep({ kind: 'grow', partitions: 2, before: 1 })],
  ['CopiesChanged', topicStep({ kind: 'resize', replicationFactor: 2, brokers: [] })],
  ['Configured', topicStep({ kind: 'configure', change: NO_CHANGE })],
  ['Configured', { kind: 'EnsureGroup', groupId: 'g', resource: 'ShareGroup g', change: NO_CHANGE }],
  ['GroupBegun', { kind: 'BeginGroup', groupId: 'g', resource: 'ShareGroup g', starts: [] }],
  ['TopicDeleted', { kind: 'DeleteTopic', topic: 't', resource: 'Topic t' }],
  ['GroupDeleted', { kind: 'DeleteGroup', groupId: 'g', resource: 'ShareGroup g', settings: [] }],
];

describe('events', () => {
  it.each(REASONS)('have the reason %s for what it stands for', (reason, step) => {
    expect(stepHappened(step, false)).toMatchObject({ type: 'Normal', reason });
  });

  it('tell why the load changes the number of brokers, once that has begun', () => {
    const verdict = { change: { brokers: 4, why: 'a disk fills' }, notes: [] };
    const [start, drain, restart] = [REASONS[1]?.[1], REASONS[5]?.[1], REASONS[2]?.[1]];
    const told = (step: Step | undefined, failure: unknown = null) =>
      scaleHappened(verdict, step === undefined ? [] : [{ step, failure }]);
    expect(told(start)).toEqual({ type: 'Normal', reason: 'ScalingOut', message: 'a disk fills' });
    expect(told(drain)).toEqual({ type: 'Normal', reason: 'ScalingIn', message: 'a disk fills' });
    for (const nothing of [told(restart), told(start, 'refused'), told(undefined)]) expect(nothing).toBeNull();
    expect(scaleHappened({ change: null, notes: [] }, [])).toBeNull();
  });

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

  it('tell once that the manifest keeps the load from changing the number of brokers', () => {
    const limited = (is: 'True' | 'False', message: string): StatusOf<'Cluster'> => {
      const judgements = [{ type: 'ScalingLimited', status: is, reason: 'AtMaxReplicas', message } as const];
      return statusOf<'Cluster'>({ judgements, fields: {} }, UNSEEN, AT);
    };
    const held = limited('True', '12 would be needed');
    expect(statusHappened('Cluster', UNSEEN, held)).toEqual([
      { type: 'Normal', reason: 'AtMaxReplicas', message: '12 would be needed' },
    ]);
    expect(statusHappened('Cluster', held, limited('True', '13 would be needed'))).toEqual([]);
  });
});
