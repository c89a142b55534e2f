// A broker that is started with `--import` of this file ends the locks of share records long before the time that it tells.
import { SharePartition } from '../../../broker/core/share/partition.ts';

const { step } = SharePartition.prototype;
const SHARE_OF_LOCK = 0.1;

SharePartition.prototype.step = function (this: SharePartition, input, ...more): void {
  if (input.kind !== 'acquire') {
    step.call(this, input, ...more);
    return;
  }
  const lockDurationMs = input.rules.lockDurationMs * SHARE_OF_LOCK;
  step.call(this, { ...input, rules: { ...input.rules, lockDurationMs } }, ...more);
};
