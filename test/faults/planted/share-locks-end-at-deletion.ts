// A broker that is started with `--import` of this file ends all locks of a share-partition when older records are deleted.
import type { GroupRules } from '../../../broker/core/share/in-flight.ts';
import { SharePartition } from '../../../broker/core/share/partition.ts';

const { step } = SharePartition.prototype;
const LONGER_THAN_LOCKS_MS = 3_600_000;
let rules: GroupRules | null = null;

SharePartition.prototype.step = function (this: SharePartition, input, nowMs, ...more): void {
  step.call(this, input, nowMs, ...more);
  if (input.kind === 'acquire') ({ rules } = input);
  if (input.kind === 'log-start' && rules !== null)
    step.call(this, { kind: 'time', rules }, nowMs + LONGER_THAN_LOCKS_MS, ...more);
};
