import { type Cluster, nameOf } from '../api/kinds.ts';
import type { Condition } from './desired.ts';
import { INSTRUCTIONS, instructionsOf } from './instructions.ts';
import type { HostObservation, NodeObservation, Observed } from './observed.ts';
import { staysQuorate } from './plan-voters.ts';
import type { NodeSpec, Step } from './steps.ts';

/** The node that is still to get the new disk that somebody wants for it (O1), null when none is. */
export function nodeToReplace(cluster: Cluster, host: HostObservation): NodeObservation | null {
  const { replacedNode } = instructionsOf(cluster);
  const node = host.nodes.find(({ id }) => id === replacedNode);
  return node?.replacement === 'none' || node?.replacement === 'begun' ? node : null;
}

/** What is to be done about a disk that is to be replaced, and what is to be said of it. */
export interface Replacement {
  readonly steps: readonly Step[];
  readonly conditions: readonly Condition[];
}

const NOTHING: Replacement = { steps: [], conditions: [] };

/**
 * The replacement of a disk that is due: only while everybody else serves, the other voters can decide without it (V11), and the
 * active controller says that all that is on it is elsewhere. Until its node has ended this is asked at each step anew, since
 * until then nothing is lost. Whatever is restored afterwards the brokers restore by themselves, but for the voters.
 */
export function planReplacement(cluster: Cluster, wanted: readonly NodeSpec[], observed: Observed): Replacement {
  const { replacedNode } = instructionsOf(cluster);
  if (replacedNode === null || observed.host.formation === null) return NOTHING;
  const said = (type: Condition['type'], reason: string, message: string): Replacement => ({
    steps: [],
    conditions: [{ resource: nameOf(cluster), type, reason, message }],
  });
  const refused = refusal(replacedNode, wanted, observed.host);
  if (refused !== null)
    return said('Stalled', 'InvalidAnnotation', `annotation ${INSTRUCTIONS.replaceNode} ${refused}`);
  const node = nodeToReplace(cluster, observed.host);
  // One that ends is lost already, or comes back with what it had.
  if (node === null || node.phase === 'stopping') return NOTHING;
  const obstacles = obstaclesTo(node, wanted, observed);
  if (obstacles.length === 0) return { steps: [{ kind: 'ReplaceDisk', id: node.id }], conditions: [] };
  return said('Progressing', 'ReplacementWaits', `node ${node.id} keeps its disk for now: ${obstacles.join('; ')}`);
}

function refusal(id: number, wanted: readonly NodeSpec[], host: HostObservation): string | null {
  if (!wanted.some((one) => one.id === id)) return `names node ${id}, which this Cluster does not have`;
  const node = host.nodes.find((one) => one.id === id);
  return node !== undefined && node.replacement === undefined ? 'is for Kubernetes; it has no effect here' : null;
}

/** Why a node can't lose its disk now, one sentence each. */
function obstaclesTo(
  { id }: NodeObservation,
  wanted: readonly NodeSpec[],
  { host, admin }: Observed,
): readonly string[] {
  const down = wanted.filter((one) => one.id !== id && !host.nodes.some((node) => node.id === one.id && node.ready));
  if (down.length > 0) return [`node ${down.map((one) => one.id).join(', ')} does not serve`];
  const voters = admin?.quorum?.voters ?? [];
  const isVoter = voters.some((voter) => voter.id === id);
  if (admin === null || (wanted.length > 1 && voters.length === 0)) return ['no controller is active'];
  if (isVoter && !staysQuorate(voters, id)) return ['the other voters are no majority, or not caught up'];
  return admin.losses.get(id) ?? ['no controller is active that can tell what would be lost'];
}
