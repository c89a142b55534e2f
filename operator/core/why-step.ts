import { unreachable } from '../../broker/core/base/assert.ts';
import type { Step } from './steps.ts';

/** Why a step is taken, as what follows `since`. */
export function whyStep(step: Step): string {
  switch (step.kind) {
    case 'Form':
      return 'it was never formed';
    case 'AddNode':
      return 'it is wanted and not there';
    case 'Restart':
      return step.reason;
    case 'RemoveNode':
      return 'it is not wanted any more';
    case 'ReplaceDisk':
      return 'weir.dev/replace-node asks for it';
    case 'Drain':
      return 'fewer brokers are wanted';
    case 'Undrain':
      return 'it is wanted again';
    case 'ForgetNode':
      return 'it is stopped and not wanted any more';
    case 'Rebalance':
      return 'brokers came that have none';
    case 'AddVoter':
      return 'it is wanted as one and has caught up';
    case 'RemoveVoter':
      return 'the node has another disk by now, or is no voter any more';
    case 'SetAdvertised':
      return 'it is found elsewhere than clients are told';
    case 'RaiseFeature':
      return 'all nodes can work with it and it is due';
    case 'SetConfig':
      return 'the manifest says so';
    case 'EnsureTopic':
    case 'EnsureGroup':
      return `the manifest of ${step.resource} says so`;
    case 'BeginGroup':
      return 'nobody is in it, and it has no state of these partitions';
    case 'DeleteTopic':
    case 'DeleteGroup':
      return `${step.resource} was deleted and says Delete`;
    default:
      return unreachable(step);
  }
}
