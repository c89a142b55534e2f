import { FIRST_CONTROLLER_ID } from '../api/kinds.ts';
import type { Observed, QuorumReplica } from './observed.ts';
import type { Step } from './steps.ts';

/** Metadata records that a controller may be behind and still count as one that follows; adding it waits for the rest. */
const LAG_MAX = 100;
/** Whoever the active controller has not heard of for so long does not follow, ms. */
const SILENT_MAX_MS = 10_000;

/**
 * The changes of voters that are due, each by itself and only if those that are left can decide without the one that changes
 * failing (V11, O3): controllers whose disk was lost leave by their old disk, then those that have caught up join by their own.
 * Nothing is done about a node whose disk is not known. Who follows the quorum tells, since a controller that is missed in it is not ready
 * (O7). While restarts are due none joins an odd number of voters: the others may not know its address yet. One joins an even number, which
 * spares nobody for a restart.
 */
export function planVoters(
  wanted: readonly number[],
  restartsAreDue: boolean,
  { host, admin }: Observed,
): readonly Step[] {
  const quorum = admin?.quorum ?? null;
  if (quorum === null) return [];
  const { voters, observers } = quorum;
  const [removals, additions]: [Step[], Step[]] = [[], []];
  for (const id of wanted) {
    const node = host.nodes.find((one) => one.id === id);
    if (node === undefined || node.directoryId === null) continue;
    const { directoryId } = node;
    const lost = voters.find((voter) => voter.id === id && voter.directoryId !== directoryId);
    if (lost !== undefined) {
      const rest = voters.filter((voter) => voter !== lost);
      if (staysQuorate(rest)) removals.push({ kind: 'RemoveVoter', id, directoryId: lost.directoryId });
      continue;
    }
    if (voters.some((voter) => voter.id === id) || (restartsAreDue && voters.length % 2 === 1)) continue;
    // A controller that is no broker tells nobody how far it is: the quorum waits for it when it joins.
    const alone = id >= FIRST_CONTROLLER_ID ? { id, directoryId, lag: 0, silentMs: 0 } : undefined;
    const newcomer = observers.find((one) => one.id === id && one.directoryId === directoryId) ?? alone;
    if (newcomer === undefined || !follows(newcomer) || !staysQuorate([...voters, newcomer])) continue;
    additions.push({ kind: 'AddVoter', id, directoryId, address: node.controlAddress });
  }
  return [...removals, ...additions];
}

/** Whether a majority of these voters follows, each on the disk that it is known by, without the node `absent`. A lone one has no choice. */
export function staysQuorate(voters: readonly QuorumReplica[], absent = -1): boolean {
  if (voters.length === 1 && absent >= 0) return true;
  return voters.filter((voter) => voter.id !== absent && follows(voter)).length * 2 > voters.length;
}

function follows({ lag, silentMs }: QuorumReplica): boolean {
  return lag <= LAG_MAX && silentMs <= SILENT_MAX_MS;
}
