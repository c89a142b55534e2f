import { resolve } from 'node:path';
import { isSame, type ReplicaKey } from '../../core/raft/types.ts';
import { randomBytes } from 'node:crypto';
import { openIdentity } from '../../server/control/identity.ts';
import { endOf, imageOf, inspectLog, type InspectedLog, votersOf } from '../../server/control/inspect-log.ts';
import { METADATA_DIRECTORY } from '../../server/control/log-files.ts';
import { recoverQuorum } from '../../server/control/recover-quorum.ts';
import { readIfExists } from '../../server/logs/disk-tasks.ts';
import { UserFault } from '../fault.ts';
import type { Action } from './action.ts';
import { keyText } from './metadata.ts';
import { type AtRest, outcome, withStoppedNode } from './task.ts';

/** `weir admin recover-quorum`: makes a stopped controller the only voter of a cluster whose others are gone (V11). */
export const recoverQuorumOf: Action = async ({ need, has }, terminal) => {
  const { readSettings } = await import('../../main.ts');
  const file = need('config');
  const { settings, problems } = readSettings(file);
  if (settings === null) throw new UserFault(problems.map((problem) => `${file}: ${problem}`).join('\n'));
  const directory = resolve(settings.broker('log.dirs'));
  return withStoppedNode(directory, async (at) => {
    const wanted = { directory, nodeId: settings.broker('node.id'), clusterId: settings.broker('weir.cluster.id') };
    const self = await selfOf(at, wanted);
    const deps = { ...at, directory: `${directory}/${METADATA_DIRECTORY}` };
    const log = await outcome(inspectLog(deps));
    const refusal = refusalOf(log, self, has('accept-data-loss'));
    if (refusal !== null) throw new UserFault(refusal);
    terminal.note(describeRecovery(log, self));
    if (!has('accept-data-loss'))
      throw new UserFault('nothing was changed; give --accept-data-loss when the other voters are gone for good');
    const kept = await outcome(recoverQuorum(deps, log, self));
    terminal.note(`weir: node ${self.id} is the only voter now; what was there before is kept in ${kept}`);
    return 0;
  });
};

async function selfOf(at: AtRest, wanted: Parameters<typeof openIdentity>[1]): Promise<ReplicaKey> {
  const { directory } = wanted;
  const found = await outcome(readIfExists(at.disk, `${directory}/meta.properties`, 64 * 1024));
  if (found === null) throw new UserFault(`no node has ever run in ${directory}`);
  const random = { uint32: () => randomBytes(4).readUInt32BE(), bytes: (size: number) => randomBytes(size) };
  const { nodeId, directoryId } = await outcome(openIdentity({ ...at, random }, wanted));
  return { id: nodeId, directoryId };
}

/** Why there is nothing to do here. */
function refusalOf(log: InspectedLog, self: ReplicaKey, isAccepted: boolean): string | null {
  if (log.format === 'local') return 'this node has never been one of several controllers: there is nothing to recover';
  if (log.format === 'none') return 'this node holds no metadata';
  if (imageOf(log).clusterId === '') return ['this node holds no metadata to go on with', ...log.problems].join('\n');
  const voters = votersOf(log) ?? [];
  const isWell = log.problems.length === 0 && (log.slot?.hardState.damagedUpTo ?? 0) === 0;
  if (isWell && voters.length === 1 && isSame(voters[0] ?? null, self) && !isAccepted)
    return `node ${self.id} is the only voter already: there is nothing to recover, unless its metadata is an older copy; then give --accept-data-loss`;
  return null;
}

/** What goes on and what is given up, in words. */
function describeRecovery(log: InspectedLog, self: ReplicaKey): string {
  const end = endOf(log);
  const voters = votersOf(log) ?? [];
  const others = voters.filter((one) => !isSame(one, self));
  const damagedUpTo = Math.max(log.slot?.hardState.damagedUpTo ?? 0, log.slot?.lastIndex ?? 0);
  const lines = [
    `the metadata goes on from index ${end.index} of term ${end.term}, offset ${imageOf(log).offset}`,
    `lost is what the others have committed beyond that, and nobody here knows whether they have`,
    ...log.problems,
    ...(damagedUpTo > end.index
      ? [`lost are entries ${end.index + 1} to ${damagedUpTo}, which this node once had`]
      : []),
    ...(voters.some((one) => isSame(one, self)) ? [] : [`node ${self.id} was no voter: it may be far behind`]),
    `no voters any more: ${others.length === 0 ? 'nobody' : others.map(keyText).join(', ')}`,
    'never start one of these with its old disk again: two of them could be a quorum of their own',
  ];
  return lines.map((line) => `weir: ${line}`).join('\n');
}
