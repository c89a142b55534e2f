import type { Kind } from '../api/names.ts';
import type { FromSchema } from '../api/schema.ts';
import type { ConditionType, STATUSES } from '../api/status.ts';

/** The `status` of a kind, as it stands in an object. */
export type StatusOf<K extends Kind> = FromSchema<(typeof STATUSES)[K]>;

/** A condition as it stands in an object (`metav1.Condition`). */
export type StatusCondition = NonNullable<StatusOf<Kind>['conditions']>[number];

/** A condition as it is found, without since when it is so. */
export type Judgement = Pick<StatusCondition, 'status' | 'reason' | 'message'> & { readonly type: ConditionType };

/** A status as it is found. `fields` null: nothing could be seen, what was known stays, but for what is `known` all the same. */
export interface Draft<K extends Kind> {
  readonly judgements: readonly Judgement[];
  readonly fields: Fields<K> | null;
  readonly known?: Partial<Fields<K>>;
}

type Fields<K extends Kind> = Omit<StatusOf<K>, 'conditions' | 'observedGeneration'>;

/**
 * How an object stands. `done`: all is as the manifest says. `working`: it is not, and the operator goes on or waits for something
 * that comes by itself. `unknown`: nobody can tell, and it is looked again. `stalled`: somebody has to change something first.
 */
export interface Standing {
  readonly kind: 'done' | 'working' | 'unknown' | 'stalled';
  readonly reason: string;
  readonly message: string;
}

/** Longer texts of others are cut: a status is read by people, and an API server refuses all of one that has more than its schema allows. */
const MESSAGE_LENGTH_MAX = 1_000;

/**
 * Ready for people and `kubectl wait`, with Reconciling and Stalled for kstatus, which are there only while they are true: one
 * that is Ready has neither, and one that is not has exactly one of them.
 */
export function summary({ kind, reason, message }: Standing): readonly Judgement[] {
  const judged = (type: ConditionType, status: Judgement['status']): Judgement => ({ type, status, reason, message });
  switch (kind) {
    case 'done':
      return [judged('Ready', 'True')];
    case 'working':
      return [judged('Ready', 'False'), judged('Reconciling', 'True')];
    case 'unknown':
      return [judged('Ready', 'Unknown'), judged('Reconciling', 'True')];
    case 'stalled':
      return [judged('Ready', 'False'), judged('Stalled', 'True')];
  }
}

/**
 * The status to be written for an object of this generation, over the one that it has. Everything in it is about that one
 * generation, and a condition's time is when its status changed last.
 */
export function statusOf<K extends Kind>(
  { judgements, fields, known = {} }: Draft<K>,
  before: StatusOf<K>,
  { generation, now }: { readonly generation: number; readonly now: string },
): StatusOf<K> {
  const earlierOnes: readonly StatusCondition[] = before.conditions ?? [];
  const conditions = judgements.toSorted(byType).map((judged): StatusCondition => {
    const earlier = earlierOnes.find(({ type }) => type === judged.type);
    const lastTransitionTime = earlier?.status === judged.status ? earlier.lastTransitionTime : now;
    const message = judged.message.slice(0, MESSAGE_LENGTH_MAX);
    return { ...judged, message, lastTransitionTime, observedGeneration: generation };
  });
  // All kinds have these two, and the others are of this one.
  return { ...(fields ?? { ...before, ...known }), observedGeneration: generation, conditions } as StatusOf<K>;
}

/**
 * What differs between two statuses: `firm` what others act upon (a generation, a condition's status or reason, whether a group is in use, how its consumers are scaled), `backlog` nothing but how
 * much a group has left, which moves all the time under traffic (see `Drift`), `soft` anything else.
 */
export function difference(before: StatusOf<Kind>, after: StatusOf<Kind>): 'none' | 'backlog' | 'soft' | 'firm' {
  if (firmOf(before) !== firmOf(after)) return 'firm';
  if (canonical(sorted(before)) === canonical(sorted(after))) return 'none';
  return isBacklogAlone(before, after) ? 'backlog' : 'soft';
}

function isBacklogAlone(before: StatusOf<'ShareGroup'>, after: StatusOf<'ShareGroup'>): boolean {
  const { backlog } = after;
  if (before.backlog === undefined || backlog === undefined) return false;
  return canonical(sorted({ ...before, backlog })) === canonical(sorted(after));
}

function firmOf(status: StatusOf<Kind>): string {
  const { observedGeneration, conditions = [] } = status;
  const { state, scaling }: StatusOf<'ShareGroup'> = status;
  const firm = conditions.toSorted(byType).map((one) => [one.type, one.status, one.reason, one.observedGeneration]);
  return JSON.stringify([observedGeneration, firm, state, scaling?.desiredReplicas, scaling?.heldUntil]);
}

/** Servers keep lists with keys in an order of their own. */
function sorted(status: StatusOf<Kind>): StatusOf<Kind> {
  return { ...status, conditions: (status.conditions ?? []).toSorted(byType) };
}

/** JSON with fields in the order of their names. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

const byType = (a: { readonly type: string }, b: { readonly type: string }): number => (a.type < b.type ? -1 : 1);
