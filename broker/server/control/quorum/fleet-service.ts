import { restartReasons } from '../../../core/metadata/can-restart.ts';
import type { Settings } from '../../../core/config/settings.ts';
import type { CanRestartRequest, CanRestartResponse, QuorumResponse } from '../../../ports/control-net.ts';
import type { QuorumNode } from './quorum-node.ts';

/** A voter that answered within this time counts as there, ms. */
const FRESH_MS = 2000;

/** Why a node, or all of a host, should not be restarted now: for the quorum of controllers, and for partitions. */
export function canRestart(
  { settings, wallMs }: { readonly settings: Settings; readonly wallMs: number },
  quorum: QuorumNode,
  described: QuorumResponse,
  { nodeId, host }: CanRestartRequest,
): CanRestartResponse {
  const image = quorum.active?.image;
  if (!described.isLeader || image === undefined) return { reasons: ['the active controller has to be asked'] };
  const onHost = image.brokers().filter((broker) => host !== null && broker.host === host);
  if (host !== null && onHost.length === 0) return { reasons: [`no broker says that it runs on host ${host}`] };
  const ids = host === null ? [nodeId] : onHost.map(({ id }) => id);
  return { reasons: [...voterReasons(described, ids, wallMs), ...restartReasons(image, settings, ids)] };
}

/** The voters that are left have to be a majority, caught up. */
function voterReasons(quorum: QuorumResponse, ids: readonly number[], wallMs: number): readonly string[] {
  const others = quorum.voters.filter(({ replica }) => !ids.includes(replica.id));
  if (quorum.voters.length === 1 || others.length === quorum.voters.length) return [];
  const well = others.filter(
    ({ replica, lastCaughtUpMs }) => replica.id === quorum.leaderId || wallMs - lastCaughtUpMs < FRESH_MS,
  );
  const needed = Math.floor(quorum.voters.length / 2) + 1;
  if (well.length >= needed) return [];
  const ill = others.filter((voter) => !well.includes(voter)).map(({ replica }) => replica.id);
  const why = ill.length === 0 ? `only ${well.length} voters are left` : `voter ${ill.join(', ')} is not caught up`;
  return [`without node ${ids.join(', ')} the quorum has no majority: ${why}`];
}
