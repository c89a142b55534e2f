import type { ClusterReport } from './cluster-work.ts';
import { inTurns } from './in-turns.ts';
import type { MemberExtra } from './keeper.ts';
import { type Cluster, nameOf, type ShareGroup } from '../api/kinds.ts';
import type { Declared } from '../core/declared.ts';
import { resolveOwnership } from '../core/desired.ts';
import type { Happening } from '../core/events.ts';
import { instructionsOf } from '../core/instructions.ts';
import { backlogOf, policyOf, STEP_MS, type ScalingMemory, type ScalingPolicy } from '../core/scaling.ts';
import {
  hindered,
  scaled,
  type ScalingObstacle,
  type ScalingRecord,
  type ScalingVerdict,
  scalingVerdict,
  withScaling,
} from '../core/scaling-status.ts';
import type { Clock } from '../ports/clock.ts';
import { isOperatorError } from '../ports/operator-error.ts';
import type { Scale } from '../ports/kubernetes.ts';

/** What runs the consumers of a group. */
export interface Workload {
  readonly namespace: string;
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly name: string;
}

/** What a scaler works with. */
export interface ScalerTools {
  /** Null when there is no such workload. */
  readonly scaleOf: (target: Workload) => Promise<Scale | null>;
  /** Fails with `CONFLICT` where the workload is another by now. */
  readonly setScale: (target: Workload, scale: Scale) => Promise<void>;
  /** Whether it belongs to a Cluster. */
  readonly isNode: (target: Workload) => boolean;
  /** What else scales it, as people name it; null while that is not known. */
  readonly rivalsOf: (target: Workload) => Promise<readonly string[] | null>;
  /** All ShareGroups there are. */
  readonly groups: () => Iterable<Declared>;
  /** What the status of a ShareGroup says of its consumers. */
  readonly recordOf: (object: Declared) => { readonly record: ScalingRecord | null; readonly generation: number };
  readonly tell: (about: Declared, happening: Happening) => Promise<void>;
  readonly clock: Clock;
  readonly wallMs: () => number;
}

/** What one look came to. */
export interface Scaling {
  /** By `Declared.uid`. */
  readonly extras: ReadonlyMap<string, MemberExtra>;
  /** In how many ms it is to be looked again. */
  readonly dueMs: number;
}

/** What is remembered of a ShareGroup. */
interface Seen {
  memory: ScalingMemory | null;
  /** The last word, which statuses may not have yet. */
  said: { readonly record: ScalingRecord | null; readonly generation: number } | null;
  given: number | null;
  /** The last look, and what came of it: sooner than `REST_MS` it is not looked again. */
  last: { readonly atMs: number; readonly generation: number; readonly verdict: ScalingVerdict } | null;
}

/** A look at a target is a call of the API. */
const REST_MS = 5_000;
const NOTHING: Scaling = { extras: new Map(), dueMs: Number.POSITIVE_INFINITY };

/** One group whose consumers are scaled. */
interface Case {
  readonly member: Declared;
  readonly group: ShareGroup;
  readonly cluster: Cluster;
  readonly policy: ScalingPolicy;
  readonly target: Workload;
}

/**
 * Scales consumers by the backlog of their groups, a look at a Cluster at a time. What it says of a group is to be written before the order is
 * carried out (`MemberExtra.written`), so that its successor knows what it was about.
 */
export class Scaler {
  readonly #tools: ScalerTools;
  /** By Cluster (`namespace/name`), then by `Declared.uid`. */
  readonly #seen = new Map<string, Map<string, Seen>>();

  constructor(tools: ScalerTools) {
    this.#tools = tools;
  }

  /** Number of ShareGroups of which anything is remembered. */
  get count(): number {
    return [...this.#seen.values()].reduce((sum, { size }) => sum + size, 0);
  }

  async look(report: ClusterReport): Promise<Scaling> {
    const { cluster, members, desired, turn } = report;
    const key = `${cluster.namespace}/${cluster.name}`;
    const cases = desired === null ? [] : members.flatMap((member) => caseOf(member, desired.cluster) ?? []);
    const permitted = new Set(desired?.shareGroups);
    const scaledOnes = cases.filter(({ group }) => permitted.has(group));
    this.#forget(key, scaledOnes);
    if (desired === null || scaledOnes.length === 0) return NOTHING;
    const admin = turn?.reconciled?.observed.admin ?? null;
    const owners = resolveOwnership(desired).groups;
    const oldest = this.#oldestByTarget();
    const extras = new Map<string, MemberExtra>();
    await inTurns(scaledOnes, async (one) => {
      const { member, group } = one;
      const isOwner = owners.get(group.spec.groupId ?? group.metadata.name) === group;
      const obstacle = await this.#obstacle(one, oldest, isOwner);
      extras.set(member.uid, await this.#judge(key, one, obstacle, backlogOf(group, admin)));
    });
    return { extras, dueMs: STEP_MS };
  }

  /** There is no such Cluster. */
  gone(key: string): void {
    this.#seen.delete(key);
  }

  async #judge(
    key: string,
    one: Case,
    obstacle: ScalingObstacle | null,
    backlog: number | string,
  ): Promise<MemberExtra> {
    const { member, policy, target } = one;
    const { clock, wallMs, recordOf } = this.#tools;
    const nowMs = clock.monotonicMs();
    const seen = this.#of(key, member.uid);
    const { last } = seen;
    if (last !== null && nowMs - last.atMs < REST_MS && last.generation === member.generation && obstacle === null)
      return { amend: (draft) => withScaling(draft, last.verdict), written: async () => undefined };
    const found = obstacle === null ? await this.#find(target) : obstacle;
    const { record, generation } = seen.said ?? recordOf(member);
    const verdict =
      'reason' in found
        ? hindered(found, { memory: seen.memory, record })
        : scalingVerdict({
            policy,
            target: titleOf(target),
            current: found.replicas,
            backlog,
            record,
            given: seen.given,
            isEdited: generation !== member.generation,
            memory: seen.memory,
            nowMs,
            wallMs: wallMs(),
          });
    seen.memory = verdict.memory;
    seen.last = { atMs: nowMs, generation: member.generation, verdict };
    return {
      amend: (draft) => withScaling(draft, verdict),
      written: async () => {
        const { record: said, order } = verdict;
        seen.said = { record: said, generation: member.generation };
        if (said === null) seen.given = null;
        if (!('replicas' in found)) return;
        if (order !== null) await this.#carryOut(one, seen, order, found);
        else if (said?.desiredReplicas === found.replicas) seen.given = found.replicas;
      },
    };
  }

  async #carryOut(
    { member, target }: Case,
    seen: Seen,
    order: NonNullable<ScalingVerdict['order']>,
    found: Scale,
  ): Promise<void> {
    const { setScale, tell } = this.#tools;
    seen.given = null;
    try {
      await setScale(target, { ...found, replicas: order.to });
    } catch (error) {
      if (!isOperatorError(error) || error.code === 'NOT_LEADING') throw error;
      // Somebody else was faster: it is looked at again.
      if (error.code === 'CONFLICT') return;
      await tell(member, { type: 'Warning', reason: 'ScalingFailed', message: error.message });
      return;
    }
    seen.given = order.to;
    await tell(member, scaled(titleOf(target), order));
  }

  async #find(target: Workload): Promise<Scale | ScalingObstacle> {
    try {
      const found = await this.#tools.scaleOf(target);
      if (found !== null) return found;
      const message = `${titleOf(target)} is not there; it is waited for`;
      return { kind: 'off', reason: 'TargetNotFound', message };
    } catch (error) {
      if (!isOperatorError(error)) throw error;
      return { kind: 'unsure', reason: 'TargetUnknown', message: error.message };
    }
  }

  /** Why the consumers of a group may not be scaled, null: they may. */
  async #obstacle(
    { group, cluster, target, member }: Case,
    oldest: ReadonlyMap<string, Declared>,
    isOwner: boolean,
  ): Promise<ScalingObstacle | null> {
    const title = titleOf(target);
    const stalled = (reason: string, message: string): ScalingObstacle => ({ kind: 'stalled', reason, message });
    if (!isOwner) return { kind: 'off', reason: 'Conflict', message: 'the group belongs to an older ShareGroup' };
    if (this.#tools.isNode(target))
      return stalled('TargetRefused', `${title} is of a Cluster, which alone says how many nodes it has`);
    const older = oldest.get(keyOf(target));
    if (older !== undefined && older.uid !== member.uid) {
      const { namespace, name } = older;
      const named = nameOf({ kind: 'ShareGroup', metadata: { namespace, name } });
      return stalled('Conflict', `${title} belongs to ${named}, which is older; nothing is done for this one`);
    }
    const held = [group, cluster].some((one) => instructionsOf(one).isPaused) || instructionsOf(group).isObserved;
    if (held) return { kind: 'off', reason: 'Paused', message: `${title} is left as it is: nothing is done for now` };
    const rivals = await this.#tools.rivalsOf(target);
    if (rivals === null)
      return { kind: 'unsure', reason: 'Starting', message: `it is not known yet what else scales ${title}` };
    if (rivals.length === 0) return null;
    return stalled('Conflict', `${rivals.join(', ')} scales ${title} as well: take one of them away`);
  }

  /** Of those that have one target the older acts (O14). */
  #oldestByTarget(): ReadonlyMap<string, Declared> {
    const oldest = new Map<string, Declared>();
    for (const one of this.#tools.groups()) {
      const target = targetOf(one);
      if (target === null || one.isLeaving) continue;
      const known = oldest.get(keyOf(target));
      const isOlder =
        known === undefined ||
        one.createdAt < known.createdAt ||
        (one.createdAt === known.createdAt && one.uid < known.uid);
      if (isOlder) oldest.set(keyOf(target), one);
    }
    return oldest;
  }

  #of(key: string, uid: string): Seen {
    const all = this.#seen.get(key) ?? new Map<string, Seen>();
    this.#seen.set(key, all);
    const seen = all.get(uid) ?? { memory: null, said: null, given: null, last: null };
    all.set(uid, seen);
    return seen;
  }

  #forget(key: string, cases: readonly Case[]): void {
    const all = this.#seen.get(key);
    const uids = new Set(cases.map(({ member }) => member.uid));
    for (const uid of all?.keys() ?? []) if (!uids.has(uid)) all?.delete(uid);
    if (all?.size === 0) this.#seen.delete(key);
  }
}

const keyOf = ({ namespace, kind, name }: Workload): string => `${namespace}/${kind}/${name}`;
const titleOf = ({ kind, name }: Workload): string => `${kind} ${name}`;

/** The workload that a ShareGroup has scaled, null: none. */
function targetOf({ manifest, namespace }: Declared): Workload | null {
  if (manifest?.kind !== 'ShareGroup' || manifest.spec.scaling?.mode !== 'Builtin') return null;
  const { targetRef } = manifest.spec.scaling;
  return targetRef === undefined ? null : { namespace, ...targetRef };
}

function caseOf(member: Declared, cluster: Cluster): Case | null {
  const target = targetOf(member);
  if (target === null || member.isLeaving || member.manifest?.kind !== 'ShareGroup') return null;
  const policy = policyOf(member.manifest, cluster);
  return policy === null ? null : { member, group: member.manifest, cluster, policy, target };
}
