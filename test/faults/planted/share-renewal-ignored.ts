// A broker that is started with `--import` of this file ends renewed locks of share records long before the time that it tells.
import { SharePartition } from '../../../broker/core/share/partition.ts';
import { AcknowledgeType } from '../../../broker/core/share/record-state.ts';

const { step } = SharePartition.prototype;
const SHARE_OF_LOCK = 0.05;

SharePartition.prototype.step = function (this: SharePartition, input, ...more): void {
  const renews = input.kind === 'acknowledge' && input.request.batches.some(isRenewal);
  if (!renews) {
    step.call(this, input, ...more);
    return;
  }
  const lockDurationMs = input.rules.lockDurationMs * SHARE_OF_LOCK;
  step.call(this, { ...input, rules: { ...input.rules, lockDurationMs } }, ...more);
};

function isRenewal({ acknowledgeTypes }: { readonly acknowledgeTypes: readonly number[] }): boolean {
  return acknowledgeTypes.includes(AcknowledgeType.renew);
}
