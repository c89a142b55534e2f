import { formatPath } from '../api/issue.ts';
import { type Cluster, nameOf, type ShareGroup, type Topic } from '../api/kinds.ts';
import { FINALIZER, type Kind } from '../api/names.ts';
import { notPermitted } from '../api/references.ts';
import { type Draft, type Standing, summary } from './conditions.ts';
import { contentIn, type Declared } from './declared.ts';
import { FINALIZER_REFUSED } from './events.ts';
import { instructionsOf } from './instructions.ts';
import { type Desired, type Ownership, resolveOwnership } from './desired.ts';
import { contentStatuses, type Findings, type StepFailure } from './status.ts';
import { describeStep, type Step } from './steps.ts';

/** The Cluster that Topics and ShareGroups name: as this reconcile found it, or why there is none to work with. */
export type Home =
  | { readonly kind: 'found'; readonly findings: Findings }
  /** It is not there, or on its way out. */
  | { readonly kind: 'gone'; readonly name: string }
  /** It is there, and nothing can be done for it. */
  | { readonly kind: 'unreadable'; readonly name: string }
  /** Whether it is there can't be seen, and that is how it stands. */
  | { readonly kind: 'unseen'; readonly name: string; readonly standing: Standing };

/** The status of a Topic or ShareGroup as it is found. */
export type MemberDraft = Draft<'Topic'> | Draft<'ShareGroup'>;

/** The statuses of Topics and ShareGroups, by `Declared.uid`. */
export function memberStatuses(home: Home, members: readonly Declared[]): ReadonlyMap<string, MemberDraft> {
  const contents = home.kind === 'found' ? contentStatuses(home.findings) : null;
  const drafts = new Map<string, MemberDraft>();
  for (const member of members) {
    const content = contentIn(member.manifest);
    const found =
      content === null ? undefined : (contents?.topics.get(asTopic(content)) ?? contents?.groups.get(asGroup(content)));
    const standing = standingApart(home, member);
    if (standing !== null) drafts.set(member.uid, { ...(found ?? { fields: null }), judgements: summary(standing) });
    else if (found !== undefined) drafts.set(member.uid, found);
  }
  return drafts;
}

// Looked up in maps of both: what is not of the kind is in none.
const asTopic = (content: Topic | ShareGroup): Topic => content as Topic;
const asGroup = (content: Topic | ShareGroup): ShareGroup => content as ShareGroup;

/** How a member stands for reasons of its own, null: as the cluster says. */
function standingApart(home: Home, { manifest, issues, isLeaving }: Declared): Standing | null {
  const content = contentIn(manifest);
  if (content === null) return invalid(issues);
  if (home.kind === 'gone')
    return { kind: 'working', reason: 'ClusterNotFound', message: `${home.name} is not there; it is waited for` };
  if (home.kind === 'unreadable')
    return { kind: 'unknown', reason: 'ClusterStalled', message: `${home.name} is stalled: see its status` };
  if (home.kind === 'unseen') {
    const { name, standing } = home;
    return { ...standing, message: `${name} can't be seen: ${standing.message}` };
  }
  const { desired, failures } = home.findings;
  const refused = notPermitted(content, desired.cluster);
  if (refused.length > 0) return { kind: 'stalled', reason: 'NotPermitted', message: said(refused) };
  if (!isLeaving) return null;
  const failure = failureOf(content, failures);
  const what = content.kind === 'Topic' ? 'the topic' : 'the group';
  if (failure === undefined) return { kind: 'working', reason: 'Deleting', message: `${what} is being deleted` };
  const message = `brokers do not delete ${what}: ${failure.message}; it is tried again, and ten minutes after its deletion this object goes without it`;
  return { kind: failure.fatal ? 'stalled' : 'working', reason: FINALIZER_REFUSED, message };
}

/** What a manifest that can't be read says in its status. */
export function invalid(issues: Declared['issues']): Standing {
  return { kind: 'stalled', reason: 'InvalidSpec', message: said(issues) };
}

function said(issues: Declared['issues']): string {
  return issues.map(({ path, message }) => `${formatPath(path)} ${message}`.trim()).join('; ');
}

/** The step that ends a topic or group. */
function endOf(content: Topic | ShareGroup): Step {
  const resource = nameOf(content);
  if (content.kind === 'Topic') {
    return { kind: 'DeleteTopic', topic: content.spec.topicName ?? content.metadata.name, resource };
  }
  return { kind: 'DeleteGroup', groupId: content.spec.groupId ?? content.metadata.name, resource, settings: [] };
}

function failureOf(content: Topic | ShareGroup, failures: ReadonlyMap<string, StepFailure>): StepFailure | undefined {
  return failures.get(describeStep(endOf(content)));
}

/** What is done about the finalizer of a member; `give-up` is `drop` while its topic or group is still there. */
export type FinalizerChange = 'set' | 'drop' | 'give-up';

/** What decides about finalizers. */
export interface FinalizerFacts {
  /** null: there is no Cluster to work with, for good. */
  readonly desired: Desired | null;
  /** Resources whose topic or group this reconcile deleted. */
  readonly ended: ReadonlySet<string>;
  /** Whether so much time has passed since a member was deleted that nobody waits any more. */
  readonly isOverdue: (member: Declared) => boolean;
}

/**
 * Changes of finalizers, by `Declared.uid`. One is set before anything is made for a manifest that says Delete, if that has its topic
 * or group to itself, and goes as soon as it has no use: so that an object that was deleted never waits for what can't be done. While a
 * Cluster can't be reached it is waited for, but not for ever: no namespace is kept from going.
 */
export function finalizerChanges(
  members: readonly Declared[],
  { desired, ended, isOverdue }: FinalizerFacts,
): ReadonlyMap<string, FinalizerChange> {
  const ownership = desired === null ? null : resolveOwnership(desired);
  const changes = new Map<string, FinalizerChange>();
  for (const member of members) {
    const has = member.finalizers.includes(FINALIZER);
    const wants = ownership !== null && takesAlong(member, ownership);
    if (!member.isLeaving && wants !== has && (member.manifest !== null || ownership === null))
      changes.set(member.uid, wants ? 'set' : 'drop');
    if (!member.isLeaving || !has) continue;
    const content = contentIn(member.manifest);
    if (!wants || (content !== null && ended.has(nameOf(content)))) changes.set(member.uid, 'drop');
    else if (isOverdue(member)) changes.set(member.uid, 'give-up');
  }
  return changes;
}

/** Whether a manifest is to take its topic or group with it. */
function takesAlong({ manifest }: Declared, { topics, groups }: Ownership): boolean {
  const content = contentIn(manifest);
  if (content?.spec.deletionPolicy !== 'Delete' || instructionsOf(content).isObserved) return false;
  return content.kind === 'Topic'
    ? topics.get(content.spec.topicName ?? content.metadata.name) === content
    : groups.get(content.spec.groupId ?? content.metadata.name) === content;
}

/** `Cluster name` as messages have it. */
export function homeName(key: string): string {
  const [namespace = '', name = ''] = key.split('/');
  return nameOf({ kind: 'Cluster' satisfies Kind, metadata: { namespace, name } });
}

/** The Cluster as it is for its members. */
export function homeOf(key: string, cluster: Declared | null, findings: Findings | null): Home {
  if (cluster === null || cluster.isLeaving) return { kind: 'gone', name: homeName(key) };
  return findings === null ? { kind: 'unreadable', name: homeName(key) } : { kind: 'found', findings };
}

/** A Cluster that can be worked with. */
export function clusterIn({ manifest, isLeaving }: Declared): Cluster | null {
  return manifest?.kind === 'Cluster' && !isLeaving ? manifest : null;
}
