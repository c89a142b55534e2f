import type { MetadataView } from '../../core/metadata/view.ts';
import type { Membership } from '../../core/replica/leader.ts';

/** What the metadata says of brokers as replicas, at the moment it is asked. */
export function membershipOf(metadata: { readonly view: MetadataView }): Membership {
  return {
    isLive: (id) => metadata.view.broker(id)?.fenced === false,
    mayJoin: (id, epoch) => {
      const broker = metadata.view.broker(id);
      return broker !== null && !broker.fenced && !broker.shuttingDown && broker.epoch === epoch;
    },
  };
}
