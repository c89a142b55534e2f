// A broker that is started with `--import` of this file forgets how often share records were delivered before it led their partition.
import { SharePartition } from '../../../broker/core/share/partition.ts';

const { load } = SharePartition;

SharePartition.load = (state, ...more) => {
  const stateBatches = state.stateBatches.map((batch) => ({ ...batch, deliveryCount: 0 }));
  return load.call(SharePartition, { ...state, stateBatches }, ...more);
};
