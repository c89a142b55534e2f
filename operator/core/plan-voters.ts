import type { HostObservation, Observed, QuorumReplica } from './observed.ts';
import type { Step } from './steps.ts';

/** Metadata records that a controller may be behind and still count as one that follows; adding it waits for the rest. */
const LAG_MAX = 100;

/**
 * The change of voters that is due, at most one, and only if those that are left can decide without the one that changes
 * failing (V11, O3): a controller whose disk was lost leaves by its old disk, and one that has caught up joins by its own.
 * Nothing is done about a node whose disk is not known. While restarts are due none joins an odd number of voters: the
 * others may not know its address yet. One joins an even number, which spares nobody for a restart.
 */
export function planVoters(
  wanted: readonly number[],
  restartsAreDue: boolean,
  { host, admin }: Observed,
): readonly Step[] {
  const quorum = admin?.quorum ?? null;
  if (quorum === null) return [];
  const { voters, observers } = quorum;
  for (const id of wanted) {
    const node = host.nodes.find((one) => one.id === id);
    if (node?.ready !== true || node.directoryId === null) continue;
    const { directoryId } = node;
    const lost = voters.find((voter) => voter.id === id && voter.directoryId !== directoryId);
    if (lost !== undefined) {
      const rest = voters.filter((voter) => voter !== lost);
      if (staysQuorate(rest, host)) return [{ kind: 'RemoveVoter', id, directoryId: lost.directoryId }];
      continue;
    }
    if (voters.some((voter) => voter.id === id) || (restartsAreDue && voters.length % 2 === 1)) continue;
    const self = observers.find((one) => one.id === id && one.directoryId === directoryId);
    const newcomer = { id, directoryId, lag: self?.lag ?? 0 };
    if (newcomer.lag > LAG_MAX || !staysQuorate([...voters, newcomer], host)) continue;
    return [{ kind: 'AddVoter', id, directoryId, address: node.controlAddress }];
  }
  return [];
}

/** Whether a majority of these voters follows on the disk it is known by, without the node `absent`. A lone one has no choice. */
export function staysQuorate(voters: readonly QuorumReplica[], host: HostObservation, absent = -1): boolean {
  if (voters.length === 1 && absent >= 0) return true;
  const following = voters.filter((voter) => {
    const node = host.nodes.find((one) => one.id === voter.id);
    return (
      voter.id !== absent && node?.ready === true && node.directoryId === voter.directoryId && voter.lag <= LAG_MAX
    );
  });
  return following.length * 2 > voters.length;
}
