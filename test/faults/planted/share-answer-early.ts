// A broker that is started with `--import` of this file answers acknowledgements of share records before they are kept: that comes later.
import { SharePartition } from '../../../broker/core/share/partition.ts';
import { StatePersister } from '../../../broker/server/share/state-persister.ts';

const { load } = SharePartition;
const { write } = StatePersister.prototype;
/** Longer than a test needs to hear of it and to kill the broker, on a busy machine, too. */
const LATE_MS = 1_000;

SharePartition.load = (state, policy) => load.call(SharePartition, state, policy, new Set(['answer-before-commit']));
StatePersister.prototype.write = function (this: StatePersister, ...args): void {
  setTimeout(() => write.apply(this, args), LATE_MS);
};
