import type { Settings } from '../../core/config/settings.ts';
import { NO_BUGS, type PlantedBugs } from '../../core/share/planted-bugs.ts';
import {
  type PruneEffect,
  type ShareStateCommand,
  type ShareStateResponse,
  ShareStateShard,
} from '../../core/share/state.ts';
import { CoordinatorHost, type CoordinatorHostDeps } from '../coordinators/host.ts';

/** Name of the share coordinator's topic. */
export const SHARE_STATE_TOPIC = '__share_group_state';

/** The share coordinator of this node. */
export type ShareCoordinator = CoordinatorHost<ShareStateCommand, ShareStateResponse, PruneEffect>;

/**
 * Starts the share coordinator: the shards of `__share_group_state` that this node leads. The topic is never compacted;
 * what no state needs any more is deleted from its front (PROTOCOL §2.9).
 */
export function createShareCoordinator(
  deps: CoordinatorHostDeps & { readonly settings: Settings; readonly bugs?: PlantedBugs },
): ShareCoordinator {
  const { settings, partitions, log, bugs = NO_BUGS } = deps;
  return new CoordinatorHost(deps, {
    topic: {
      name: SHARE_STATE_TOPIC,
      partitionCount: () => settings.broker('share.coordinator.state.topic.num.partitions'),
      replicationFactor: () => settings.broker('share.coordinator.state.topic.replication.factor'),
      configs: () => [
        { name: 'cleanup.policy', value: 'delete' },
        { name: 'retention.ms', value: '-1' },
        { name: 'retention.bytes', value: '-1' },
        { name: 'compression.type', value: 'producer' },
        { name: 'min.insync.replicas', value: String(settings.broker('share.coordinator.state.topic.min.isr')) },
        { name: 'segment.bytes', value: String(settings.broker('share.coordinator.state.topic.segment.bytes')) },
      ],
    },
    createShard: () =>
      new ShareStateShard(() => settings.broker('share.coordinator.snapshot.update.records.per.snapshot')),
    perform: (effect, partitionIndex) => {
      const partition = partitions.byName(SHARE_STATE_TOPIC, partitionIndex);
      partition?.deleteRecords(effect.beforeOffset, ({ errorCode }) => {
        if (errorCode !== 0) log.warn({ partition: partitionIndex, errorCode }, 'share state could not be pruned');
      });
    },
    answersEarly: bugs.has('state-answered-early'),
    commitTimeoutMs: () => settings.broker('share.coordinator.write.timeout.ms'),
  });
}
