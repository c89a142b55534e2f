import type { Settings } from '../../core/config/settings.ts';
import { NO_BUGS, type PlantedBugs } from '../../core/share/planted-bugs.ts';
import type { Compression } from '../../ports/compression.ts';
import type { CoordinatorHostDeps } from '../coordinators/host.ts';
import { DeadLetters } from './dead-letters.ts';
import { createShareCoordinator, type ShareCoordinator } from './coordinator.ts';
import type { Peers } from '../peers/peers.ts';
import type { SharePersister } from './persister.ts';
import { ShareService } from './service.ts';
import { StatePersister } from './state-persister.ts';
import { ShareStateRequests } from './state-requests.ts';
import { ShareStateRouter } from './state-router.ts';

/** Everything of share groups that one node runs, under the names that the rows ask for. */
export interface ShareGroups {
  readonly shareCoordinator: ShareCoordinator;
  /** Requests 83 to 87 as this node's share coordinator answers them. */
  readonly shareState: ShareStateRequests;
  /** The same requests to whichever node coordinates: how the group coordinator starts and deletes state. */
  readonly shareStateRouter: ShareStateRouter;
  readonly sharePersister: SharePersister;
  readonly share: ShareService;
  readonly deadLetters: DeadLetters;
}

/** Starts the share coordinator and the leaders' side. `leaseHeld`: whether records may be handed out now (S0). */
export function startShareGroups(
  deps: CoordinatorHostDeps & {
    readonly settings: Settings;
    readonly peers: Pick<Peers, 'call'>;
    readonly compression: Pick<Compression, 'decompress'>;
    leaseHeld(): boolean;
    readonly bugs?: PlantedBugs;
  },
): ShareGroups {
  const shareCoordinator = createShareCoordinator(deps);
  const shareState = new ShareStateRequests(shareCoordinator, deps.metadata);
  const { clock, timers, log, nodeId, peers, settings, metadata, partitions, bugs = NO_BUGS } = deps;
  const routes = { nodeId, metadata, peers, coordinator: shareCoordinator, local: shareState };
  const shareStateRouter = new ShareStateRouter(routes);
  const sharePersister = new StatePersister(shareStateRouter);
  const deadLetters = new DeadLetters(deps);
  const share = new ShareService({
    clock,
    timers,
    log,
    settings,
    metadata,
    partitions,
    leaseHeld: bugs.has('ignores-lease') ? () => true : () => deps.leaseHeld(),
    bugs,
    persister: sharePersister,
    deadLetters,
    afterTurn: (callback) => deps.afterTurn(callback),
  });
  return { shareCoordinator, shareState, shareStateRouter, sharePersister, share, deadLetters };
}
