import { CoordinatorFinder, type KeyedTopic } from './finder.ts';
import { GroupCoordinator, type GroupCoordinatorDeps } from './coordinator.ts';

/** Everything of groups that one node runs, under the names that the rows ask for. */
export interface GroupServices {
  readonly groups: GroupCoordinator;
  readonly coordinatorFinder: CoordinatorFinder;
  /** The topic of the group coordinators, for whoever has to create it. */
  readonly groupCoordinator: KeyedTopic;
}

/**
 * Starts the group coordinator. `persister` sets up and deletes share state (`shareState` of `startShareGroups`);
 * `shareTopic` is where the share coordinators' keys live.
 */
export function startGroupCoordinator(deps: GroupCoordinatorDeps & { readonly shareTopic: KeyedTopic }): GroupServices {
  const groups = new GroupCoordinator(deps);
  const coordinatorFinder = new CoordinatorFinder(deps.metadata, { groups: groups.host, share: deps.shareTopic });
  return { groups, coordinatorFinder, groupCoordinator: groups.host };
}
