import type { ClusterHooks, ClusterManifests, ClusterReport } from './cluster-work.ts';
import { inTurns } from './in-turns.ts';
import type { Reconciled, Taken } from './reconcile.ts';
import { type Cluster, nameOf } from '../api/kinds.ts';
import { FINALIZER, type Kind } from '../api/names.ts';
import { difference, type Draft, type Standing, type StatusOf, statusOf, summary } from '../core/conditions.ts';
import { contentIn, type Declared, desiredFrom } from '../core/declared.ts';
import { type Drift, driftAfter, toldInMs } from '../core/drift.ts';
import { type Happening, scaleHappened, statusHappened, stepFailed, stepHappened } from '../core/events.ts';
import {
  clusterIn,
  finalizerChanges,
  type FinalizerChange,
  type Home,
  homeName,
  homeOf,
  invalid,
  type MemberDraft,
  memberStatuses,
} from '../core/members.ts';
import type { IsDynamic } from '../core/plan-nodes.ts';
import { type ClusterFacts, clusterStatus, type Findings, resourceOf, type StepFailure } from '../core/status.ts';
import { describeStep } from '../core/steps.ts';
import type { Clock } from '../ports/clock.ts';
import type { KubernetesObject } from '../ports/kubernetes.ts';
import { isOperatorError, type OperatorError } from '../ports/operator-error.ts';

/** What a keeper works with. */
export interface KeeperTools {
  /** Fails with `CONFLICT` where the object is another than this one by now. */
  readonly applyStatus: (object: Declared, resourceVersion: string, status: object) => Promise<KubernetesObject>;
  /** The same for what is ours of its metadata. */
  readonly setFinalizer: (object: Declared, resourceVersion: string) => Promise<KubernetesObject>;
  readonly dropFinalizer: (object: Declared, resourceVersion: string) => Promise<KubernetesObject>;
  readonly statusIn: (object: Pick<Declared, 'status'>) => StatusOf<Kind>;
  readonly facts: (cluster: Cluster) => ClusterFacts;
  readonly tell: (about: Declared, happening: Happening) => Promise<void>;
  /** Topics and ShareGroups that name this Cluster (`namespace/name`). */
  readonly membersOf: (key: string) => readonly Declared[];
  readonly clock: Clock;
  /** The time as objects have it: RFC 3339, whole seconds. */
  readonly now: () => string;
  /** The wall clock, ms since the epoch. */
  readonly wallMs: () => number;
  readonly isDynamic: IsDynamic;
}

/** What changes nothing for others is written at most so often (O11). */
const SOFT_MS: Readonly<Record<Kind, number>> = { Cluster: 10_000, Topic: 10_000, ShareGroup: 60_000 };
/** So long a deleted object waits for its topic or group to go: then the namespace may go before. */
const PATIENCE_MS = 600_000;
/** So long this operator tries it by itself, however long ago it was deleted: none may have been there meanwhile. */
const TRIED_MS = 60_000;

/** What others have to say of a ShareGroup. */
export interface MemberExtra {
  readonly amend: (draft: Draft<'ShareGroup'>) => Draft<'ShareGroup'>;
  /** Called when the status says so, or need not. */
  readonly written: () => Promise<void>;
}

const NOTHING_KEPT: Kept = {
  write: null,
  writtenMs: Number.NEGATIVE_INFINITY,
  drift: null,
  leavingMs: null,
  same: null,
};

interface Kept {
  /** The version that was seen when it was written, and what came of it: the caches may not have it yet. */
  readonly write: { readonly seen: string; readonly version: string; readonly status: StatusOf<Kind> } | null;
  readonly writtenMs: number;
  /** Of the backlog in the status, null: it is as the last look found it. */
  readonly drift: Drift | null;
  /** Since when this operator knows that it is deleted. */
  readonly leavingMs: number | null;
  /** Of an object as it was told, and of what was found about it: that its status says so. null: nothing is known to. */
  readonly same: { readonly object: Declared; readonly draft: string } | null;
}

/** A Cluster and what names it, as one look found them. */
interface Kin {
  readonly home: Home;
  readonly members: readonly Declared[];
}

interface Keep {
  readonly objects: Map<string, Kept>;
  failures: Map<string, StepFailure>;
  /** The first write that was refused for good. It keeps nothing else from being written, and is told afterwards. */
  refusal: OperatorError | null;
}

/**
 * Writes what others read of a Cluster and what belongs to it: statuses, Events, finalizers. It remembers only what it may forget:
 * what it wrote last, until the caches have it, and since when something waits. Events come after what they are about was written: whoever
 * dies after each of them has come further all the same.
 */
export class Keeper implements ClusterHooks {
  readonly #tools: KeeperTools;
  readonly #keeps = new Map<string, Keep>();

  constructor(tools: KeeperTools) {
    this.#tools = tools;
  }

  /** Number of Clusters and objects of which anything is remembered. */
  get count(): number {
    return [...this.#keeps.values()].reduce((sum, { objects }) => sum + objects.size, this.#keeps.size);
  }

  /** A finalizer is there before anything is made that has to go with its object. */
  async before({ cluster, members }: ClusterManifests): Promise<void> {
    const keep = this.#keepOf(keyOf(cluster));
    const manifest = clusterIn(cluster);
    const desired = manifest === null ? null : desiredFrom(manifest, members);
    const changes = finalizerChanges(members, { desired, ended: new Set(), isOverdue: () => false });
    if (manifest === null && !cluster.isLeaving) return;
    await this.#changeFinalizers(keep, members, changes);
  }

  /** `extras` are by `Declared.uid`. */
  async report(report: ClusterReport, extras: ReadonlyMap<string, MemberExtra> = new Map()): Promise<number> {
    const { cluster, members, turn } = report;
    const key = keyOf(cluster);
    const keep = this.#keepOf(key);
    const reconciled = turn?.reconciled ?? null;
    const findings = this.#findings(keep, report);
    const dueMs: number[] = [];
    if (findings !== null) {
      const facts = this.#tools.facts(findings.desired.cluster);
      dueMs.push((await this.#write(keep, cluster, clusterStatus(findings, facts))) ?? Number.POSITIVE_INFINITY);
    } else if (!cluster.isLeaving) {
      const standing = report.refusal ?? invalid(cluster.issues);
      const draft = { judgements: summary(standing), fields: null };
      dueMs.push((await this.#write(keep, cluster, draft)) ?? Number.POSITIVE_INFINITY);
    }
    dueMs.push(...(await this.#keepMembers(keep, { home: homeOf(key, cluster, findings), members }, extras)));
    await this.#changeFinalizers(keep, members, this.#finalizerChanges(keep, report));
    if (reconciled !== null) await this.#tellSteps(report, reconciled.taken);
    const scaled = scaleHappened(reconciled?.observed.scale, reconciled?.taken ?? []);
    if (scaled !== null) await this.#tools.tell(cluster, scaled);
    this.#forget(keep, [cluster, ...members]);
    failIfRefused(keep);
    return Math.min(...dueMs, this.#patience(keep, members));
  }

  /** Without a Cluster there is nothing that could be waited for. One that can't be seen may be there all the same. */
  async gone(key: string, unseen: Standing | null): Promise<number> {
    const members = this.#tools.membersOf(key);
    if (members.length === 0) {
      this.#keeps.delete(key);
      return Number.POSITIVE_INFINITY;
    }
    const keep = this.#keepOf(key);
    const home: Home =
      unseen === null ? homeOf(key, null, null) : { kind: 'unseen', name: homeName(key), standing: unseen };
    const dueMs = await this.#keepMembers(keep, { home, members }, new Map());
    const facts = { desired: null, ended: new Set<string>(), isOverdue: () => false };
    const changes = unseen === null ? finalizerChanges(members, facts) : this.#overdue(keep, members);
    await this.#changeFinalizers(keep, members, changes);
    this.#forget(keep, members);
    failIfRefused(keep);
    return unseen === null ? Number.POSITIVE_INFINITY : Math.min(...dueMs, this.#patience(keep, members));
  }

  #keepOf(key: string): Keep {
    const keep = this.#keeps.get(key) ?? { objects: new Map(), failures: new Map(), refusal: null };
    this.#keeps.set(key, keep);
    return keep;
  }

  #findings(keep: Keep, { desired, turn }: ClusterReport): Findings | null {
    if (desired === null || turn === null) return null;
    const { reconciled, failure } = turn;
    if (reconciled !== null) keep.failures = failuresAfter(keep.failures, reconciled);
    return {
      desired,
      seen: reconciled === null ? null : reconciled,
      trouble: failure,
      failures: keep.failures,
      isDynamic: this.#tools.isDynamic,
    };
  }

  async #tellSteps({ cluster, members }: ClusterReport, taken: readonly Taken[]): Promise<void> {
    if (taken.length === 0) return;
    const byTitle = new Map(members.map((one) => [titleOf(one), one]));
    await inTurns(taken, async (one) => {
      const resource = resourceOf(one.step);
      const about = resource === null ? cluster : byTitle.get(resource);
      if (about !== undefined) await this.#tellStep(about, one);
    });
  }

  async #tellStep(about: Declared, { step, progress, failure }: Taken): Promise<void> {
    const status = this.#tools.statusIn(about);
    const ready = status.conditions?.find(({ type }) => type === 'Ready');
    const wasSettled = ready?.status === 'True' && ready.observedGeneration === about.generation;
    if (failure !== null) await this.#tools.tell(about, stepFailed(step, failure.message));
    else if (progress === 'done') await this.#tools.tell(about, stepHappened(step, wasSettled));
  }

  async #keepMembers(
    keep: Keep,
    { home, members }: Kin,
    extras: ReadonlyMap<string, MemberExtra>,
  ): Promise<readonly number[]> {
    const drafts = memberStatuses(home, members);
    const due: number[] = [];
    await inTurns(members, async (member) => {
      const draft = drafts.get(member.uid);
      if (draft === undefined) return;
      const extra = extras.get(member.uid);
      // Only ShareGroups have any.
      const whole = extra === undefined ? draft : extra.amend(draft as Draft<'ShareGroup'>);
      // Of a thousand ShareGroups a look finds hardly any otherwise than the one before.
      const text = JSON.stringify(whole);
      const { same } = keep.objects.get(member.uid) ?? NOTHING_KEPT;
      if (same === null || same.object !== member || same.draft !== text) {
        const isNew = isAdopted(member, this.#current(keep, member).status, draft);
        const dueMs = await this.#write(keep, member, whole, isNew ? [ADOPTED] : []);
        if (dueMs === null) return;
        due.push(dueMs);
      }
      await extra?.written();
    });
    return due;
  }

  /** Writes a status if it differs, and tells what is new; gives in how many ms it is to be looked at again, null: it is another object by now. */
  async #write<K extends Kind>(
    keep: Keep,
    object: Declared,
    draft: Draft<K>,
    also: readonly Happening[] = [],
  ): Promise<number | null> {
    const { version, status: before } = this.#current(keep, object);
    // It has the conditions of all kinds and the fields of its own.
    const after = statusOf(draft, before as StatusOf<K>, { generation: object.generation, now: this.#tools.now() });
    const restMs = this.#restMs(keep, object, { before, after });
    if (restMs === Number.POSITIVE_INFINITY) this.#isSame(keep, object, draft);
    if (restMs > 0) return restMs;
    const written = await unlessRefused(keep, this.#tools.applyStatus(object, version, after));
    if (written === null) return null;
    this.#wrote(keep, object, written, after);
    const happened = [...also, ...statusHappened(object.kind, before, after)];
    for (const happening of happened) await this.#tools.tell(object, happening);
    return Number.POSITIVE_INFINITY;
  }

  #isSame<K extends Kind>(keep: Keep, object: Declared, draft: Draft<K>): void {
    const kept = keep.objects.get(object.uid) ?? NOTHING_KEPT;
    keep.objects.set(object.uid, { ...kept, drift: null, same: { object, draft: JSON.stringify(draft) } });
  }

  /** In how many ms a status is to be written that was found, 0: now; `Infinity`: it says so. */
  #restMs(
    keep: Keep,
    { uid, kind }: Declared,
    { before, after }: { readonly before: StatusOf<Kind>; readonly after: StatusOf<Kind> },
  ): number {
    const nowMs = this.#tools.clock.monotonicMs();
    const kept = keep.objects.get(uid) ?? NOTHING_KEPT;
    const what = difference(before, after);
    if (what === 'firm') return 0;
    const restMs = Math.max(0, kept.writtenMs + SOFT_MS[kind] - nowMs);
    if (what === 'soft') return restMs;
    if (what === 'none') return Number.POSITIVE_INFINITY;
    const { backlog: told = 0 }: StatusOf<'ShareGroup'> = before;
    const { backlog = 0 }: StatusOf<'ShareGroup'> = after;
    const drift = driftAfter(kept.drift, { told, backlog, nowMs });
    keep.objects.set(uid, { ...kept, drift, same: null });
    return Math.max(restMs, toldInMs(drift, nowMs));
  }

  async #changeFinalizers(
    keep: Keep,
    members: readonly Declared[],
    changes: ReadonlyMap<string, FinalizerChange>,
  ): Promise<void> {
    for (const member of members) {
      const change = changes.get(member.uid);
      if (change === undefined) continue;
      const { version, status } = this.#current(keep, member);
      const { setFinalizer, dropFinalizer } = this.#tools;
      const written =
        change === 'set'
          ? await setFinalizer(member, version)
          : await unlessRefused(keep, dropFinalizer(member, version));
      if (written === null) continue;
      this.#wrote(keep, member, written, status);
      // The object may be gone by now, and its Event stands for an hour all the same.
      if (change === 'give-up') await this.#tools.tell(member, NOT_DELETED);
    }
  }

  /** An object as it is, as far as it is known: what was written last, while the caches have what was there before. */
  #current(keep: Keep, object: Declared): { readonly version: string; readonly status: StatusOf<Kind> } {
    const write = keep.objects.get(object.uid)?.write ?? null;
    if (write?.seen === object.resourceVersion) return write;
    return { version: object.resourceVersion, status: this.#tools.statusIn(object) };
  }

  #wrote(keep: Keep, object: Declared, { metadata }: KubernetesObject, status: StatusOf<Kind>): void {
    const { leavingMs = null } = keep.objects.get(object.uid) ?? {};
    const write = { seen: object.resourceVersion, version: metadata.resourceVersion ?? '', status };
    keep.objects.set(object.uid, {
      leavingMs,
      write,
      drift: null,
      same: null,
      writtenMs: this.#tools.clock.monotonicMs(),
    });
  }

  #finalizerChanges(
    keep: Keep,
    { cluster, members, desired, turn }: ClusterReport,
  ): ReadonlyMap<string, FinalizerChange> {
    const isOverdue = (member: Declared): boolean => this.#patienceWith(keep, member) === 0;
    if (desired !== null || cluster.isLeaving)
      return finalizerChanges(members, { desired, ended: endedBy(turn?.reconciled ?? null), isOverdue });
    return this.#overdue(keep, members);
  }

  /** What nothing can be done for, and was waited with for long enough. */
  #overdue(keep: Keep, members: readonly Declared[]): ReadonlyMap<string, FinalizerChange> {
    const overdue = members.filter(
      (one) => one.isLeaving && one.finalizers.includes(FINALIZER) && this.#patienceWith(keep, one) === 0,
    );
    return new Map(overdue.map(({ uid }) => [uid, 'give-up']));
  }

  /** For how long a deleted object is still waited with, in ms: counted from its deletion, whoever was operator then. */
  #patienceWith(keep: Keep, { uid, deletedAtMs }: Declared): number {
    const nowMs = this.#tools.clock.monotonicMs();
    const kept = keep.objects.get(uid) ?? NOTHING_KEPT;
    const leavingMs = kept.leavingMs ?? nowMs;
    keep.objects.set(uid, { ...kept, leavingMs });
    const triedMs = nowMs - leavingMs;
    const deletedMs = deletedAtMs === undefined ? triedMs : this.#tools.wallMs() - deletedAtMs;
    return Math.max(0, Math.min(PATIENCE_MS - triedMs, Math.max(TRIED_MS - triedMs, PATIENCE_MS - deletedMs)));
  }

  /** When the patience with what is being deleted ends, in ms from now. */
  #patience(keep: Keep, members: readonly Declared[]): number {
    const waiting = members.filter((one) => one.isLeaving && one.finalizers.includes(FINALIZER));
    return Math.min(...waiting.map((one) => this.#patienceWith(keep, one)));
  }

  #forget(keep: Keep, objects: readonly Declared[]): void {
    const uids = new Set(objects.map(({ uid }) => uid));
    for (const uid of keep.objects.keys()) if (!uids.has(uid)) keep.objects.delete(uid);
  }
}

/** `Kind name`, see `nameOf`. */
const titleOf = ({ kind, name, namespace }: Declared): string => nameOf({ kind, metadata: { name, namespace } });

const keyOf = ({ namespace, name }: Declared): string => `${namespace}/${name}`;

const ADOPTED: Happening = {
  type: 'Normal',
  reason: 'Adopted',
  message: 'it was there already: from now on it is as this manifest says',
};

const NOT_DELETED: Happening = {
  type: 'Warning',
  reason: 'NotDeleted',
  message:
    'it could not be deleted in time and stays in the cluster; this object goes, so that it keeps no namespace from going',
};

/** Whether the first thing that is seen of a Topic or ShareGroup is that its topic or group is there, and nothing keeps it from becoming as it says. */
function isAdopted(
  { isLeaving, manifest }: Declared,
  before: StatusOf<Kind>,
  { judgements, fields }: MemberDraft,
): boolean {
  const isFirst = (before.observedGeneration ?? -1) < 0;
  const isKept = judgements.some(({ type }) => type === 'Stalled' || type === 'Paused');
  const isThere = fields !== null && ('partitions' in fields || 'state' in fields);
  return isFirst && !isLeaving && !isKept && isThere && contentIn(manifest) !== null;
}

/** What failed and is tried again: a step that is not planned any more, or was carried out, is no failure. */
function failuresAfter(
  failures: ReadonlyMap<string, StepFailure>,
  { plan, taken }: Reconciled,
): Map<string, StepFailure> {
  const planned = new Set(plan.steps.map(describeStep));
  const after = new Map([...failures].filter(([name]) => planned.has(name)));
  for (const { step, failure } of taken) {
    if (failure === null) after.delete(describeStep(step));
    else after.set(describeStep(step), { message: failure.message, fatal: failure.fatal });
  }
  return after;
}

/** Resources whose topic or group is deleted, or is none that could be. */
function endedBy(reconciled: Reconciled | null): ReadonlySet<string> {
  const ended = new Set<string>();
  if (reconciled === null) return ended;
  const { plan, taken } = reconciled;
  for (const { step, failure, progress } of taken) {
    const isEnd = step.kind === 'DeleteTopic' || step.kind === 'DeleteGroup';
    if (isEnd && failure === null && progress === 'done') ended.add(step.resource);
  }
  for (const { resource, reason } of plan.conditions) if (reason === 'WrongGroupType') ended.add(resource);
  return ended;
}

/** Null where the object is another by now, or gone, which is heard of and looked at again; or where the write is refused, which is kept. */
async function unlessRefused<T>(keep: Keep, write: Promise<T>): Promise<T | null> {
  try {
    return await write;
  } catch (error) {
    if (!isOperatorError(error)) throw error;
    if (error.code === 'CONFLICT' || error.code === 'NOT_FOUND') return null;
    if (!error.fatal) throw error;
    keep.refusal ??= error;
    return null;
  }
}

function failIfRefused(keep: Keep): void {
  const { refusal } = keep;
  keep.refusal = null;
  if (refusal !== null) throw refusal;
}
