import { unreachable } from '../../broker/core/base/assert.ts';
import type { Kind } from '../api/names.ts';
import type { StatusOf } from './conditions.ts';
import type { ScaleVerdict } from './observed.ts';
import { describeStep, type Step } from './steps.ts';

/** What brokers would not delete, so that the finalizer of its object stays for now. */
export const FINALIZER_REFUSED = 'FinalizerRefused';

/** Something that the owner of an object should know of, and that passes. */
export interface Happening {
  readonly type: 'Normal' | 'Warning';
  /** One word for programs. */
  readonly reason: string;
  readonly message: string;
}

/** A step that was carried out. `wasSettled`: all was as this manifest says before, so that somebody else changed something (O12). */
export function stepHappened(step: Step, wasSettled: boolean): Happening {
  const told = describeStep(step);
  const message = 'resource' in step ? told.slice(step.resource.length + 2) : told;
  return { type: 'Normal', reason: reasonOf(step, wasSettled), message };
}

function reasonOf(step: Step, wasSettled: boolean): string {
  switch (step.kind) {
    case 'Form':
      return 'Forming';
    case 'AddNode':
      return 'StartingNode';
    case 'Restart':
      return 'RestartingNode';
    case 'RemoveNode':
      return 'StoppingNode';
    case 'ReplaceDisk':
      return 'ReplacingDisk';
    case 'Drain':
      return 'Draining';
    case 'Undrain':
      return 'KeepingNode';
    case 'ForgetNode':
      return 'NodeForgotten';
    case 'Rebalance':
      return 'Rebalancing';
    case 'AddVoter':
      return 'VoterAdded';
    case 'RemoveVoter':
      return 'VoterRemoved';
    case 'SetAdvertised':
      return 'AddressesSet';
    case 'RaiseFeature':
      return 'FeatureRaised';
    case 'SetConfig':
    case 'EnsureGroup':
      return wasSettled ? 'DriftCorrected' : 'Configured';
    case 'EnsureTopic':
      return wasSettled ? 'DriftCorrected' : TOPIC_REASONS[step.change.kind];
    case 'BeginGroup':
      return 'GroupBegun';
    case 'DeleteTopic':
      return 'TopicDeleted';
    case 'DeleteGroup':
      return 'GroupDeleted';
    default:
      return unreachable(step);
  }
}

const TOPIC_REASONS = {
  create: 'TopicCreated',
  grow: 'TopicGrown',
  resize: 'CopiesChanged',
  configure: 'Configured',
} as const;

/** A step that failed and is tried again. */
export function stepFailed(step: Step, message: string): Happening {
  const isEnd = step.kind === 'DeleteTopic' || step.kind === 'DeleteGroup';
  const reason = isEnd ? FINALIZER_REFUSED : 'StepFailed';
  return { type: 'Warning', reason, message: `${describeStep(step)}: ${message}` };
}

/** What the load made of the number of brokers, told with the step that begins it; null: nothing. */
export function scaleHappened(
  verdict: ScaleVerdict | undefined,
  taken: readonly { readonly step: Step; readonly failure: unknown }[],
): Happening | null {
  const begun = taken.find(
    ({ step: { kind }, failure }) => failure === null && (kind === 'AddNode' || kind === 'Drain'),
  );
  const change = verdict?.change ?? null;
  if (change === null || begun === undefined) return null;
  const reason = begun.step.kind === 'AddNode' ? 'ScalingOut' : 'ScalingIn';
  return { type: 'Normal', reason, message: change.why };
}

/** What is new about an object whose status changes, as far as somebody has to look at it, or waited for it. */
export function statusHappened(kind: Kind, before: StatusOf<Kind>, after: StatusOf<Kind>): readonly Happening[] {
  return (after.conditions ?? []).flatMap(({ type, status, reason, message }): readonly Happening[] => {
    const earlier = before.conditions?.find((one) => one.type === type);
    const isNew = earlier?.status !== status || (earlier.reason !== reason && status !== 'True');
    const isTold = type === 'Stalled' || (type === 'ScalingActive' && status === 'False');
    if (isTold && (isNew || earlier?.message !== message)) return [{ type: 'Warning', reason, message }];
    if (type === 'Available' && status === 'False' && earlier?.status === 'True')
      return [{ type: 'Warning', reason, message }];
    if (type === 'ScalingLimited' && isNew) return [{ type: 'Normal', reason, message }];
    if (type === 'ReplicationSufficient' && status === 'False' && isNew) return [{ type: 'Warning', reason, message }];
    const isReady = kind === 'Cluster' && type === 'Ready' && status === 'True' && isNew;
    return isReady ? [{ type: 'Normal', reason: 'Ready', message }] : [];
  });
}
