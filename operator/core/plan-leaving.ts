import type { NodeObservation, Observed } from './observed.ts';
import type { NodeSpec, Step } from './steps.ts';

/**
 * Steps for brokers that are not wanted any more, and for those that are wanted again. They go in this order: drained,
 * all of them together so that nothing moves from one to the next; then, the highest id first, stopped when it holds no
 * replica, and forgotten with its data (O1, O4). One that stopped before it was empty is started again. Nothing is moved
 * while a broker that stays does not serve.
 */
export function planLeaving(
  wanted: readonly NodeSpec[],
  leaving: readonly NodeSpec[],
  { host, admin }: Observed,
): readonly Step[] {
  if (admin === null) return [];
  const nodeOf = (id: number): NodeObservation | undefined => host.nodes.find((node) => node.id === id);
  const back = wanted.filter(({ id }) => nodeOf(id)?.mark === 'leaving');
  const steps: Step[] = back.map(({ id }) => ({ kind: 'Undrain', id }));
  // One of whom nothing is known is not empty.
  const holds = (id: number): boolean => admin.members.get(id) !== 0;
  for (const node of leaving)
    if (nodeOf(node.id)?.phase === 'stopped' && holds(node.id)) steps.push({ kind: 'AddNode', node });
  // An empty one that runs is drained as well: it gets nothing from then on.
  const undrained = leaving
    .map(({ id }) => id)
    .filter((id) => holds(id) || (nodeOf(id)?.mark !== 'leaving' && nodeOf(id)?.phase !== 'stopped'));
  const stay = wanted.every(({ id }) => nodeOf(id)?.ready === true);
  if (undrained.length > 0 && stay) steps.push({ kind: 'Drain', ids: undrained });
  const highest = leaving.at(-1);
  return highest === undefined || undrained.includes(highest.id)
    ? steps
    : [...steps, ...planEnd(highest, nodeOf(highest.id))];
}

function planEnd({ id, roles }: NodeSpec, node: NodeObservation | undefined): readonly Step[] {
  if (node?.phase === 'stopped') return [{ kind: 'ForgetNode', id, isController: roles.includes('controller') }];
  return node?.phase === 'stopping' ? [] : [{ kind: 'RemoveNode', id }];
}
