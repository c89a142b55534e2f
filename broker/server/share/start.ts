import type { Settings } from '../../core/config/settings.ts';
import type { PlantedBugs } from '../../core/share/planted-bugs.ts';
import type { CoordinatorHostDeps } from '../coordinators/host.ts';
import { createShareCoordinator, type ShareCoordinator } from './coordinator.ts';
import { LocalPersister } from './local-persister.ts';
import type { SharePersister } from './persister.ts';
import { ShareService } from './service.ts';
import { ShareStateRequests } from './state-requests.ts';

/** Everything of share groups that one node runs, under the names that the rows ask for. */
export interface ShareGroups {
  readonly shareCoordinator: ShareCoordinator;
  /** Requests 83 to 87; also what the group coordinator initialises and deletes state through. */
  readonly shareState: ShareStateRequests;
  readonly sharePersister: SharePersister;
  readonly share: ShareService;
}

/** Starts the share coordinator and the leaders' side. `leaseHeld`: whether records may be handed out now (S0). */
export function startShareGroups(
  deps: CoordinatorHostDeps & { readonly settings: Settings; leaseHeld(): boolean; readonly bugs?: PlantedBugs },
): ShareGroups {
  const shareCoordinator = createShareCoordinator(deps);
  const shareState = new ShareStateRequests(shareCoordinator, deps.metadata);
  const sharePersister = new LocalPersister(shareState);
  const { clock, timers, log, settings, metadata, partitions, leaseHeld } = deps;
  const share = new ShareService({
    clock,
    timers,
    log,
    settings,
    metadata,
    partitions,
    leaseHeld,
    persister: sharePersister,
    ...(deps.bugs === undefined ? {} : { bugs: deps.bugs }),
    afterTurn: (callback) => deps.afterTurn(callback),
  });
  return { shareCoordinator, shareState, sharePersister, share };
}
