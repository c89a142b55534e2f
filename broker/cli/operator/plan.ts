import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type AnyResource, type Cluster, nameOf } from '../../../operator/api/kinds.ts';
import { checkSetting, isDynamicSetting } from '../../../operator/api/settings.ts';
import { questionOf } from '../../../operator/controllers/reconcile.ts';
import type { Judgement } from '../../../operator/core/conditions.ts';
import { contentIn, type Declared, desiredFrom } from '../../../operator/core/declared.ts';
import type { Desired } from '../../../operator/core/desired.ts';
import { memberStatuses } from '../../../operator/core/members.ts';
import type { AdminObservation, HostObservation } from '../../../operator/core/observed.ts';
import { rehearse } from '../../../operator/core/rehearsal.ts';
import { settleScale } from '../../../operator/core/scale.ts';
import { clusterStatus, type Findings } from '../../../operator/core/status.ts';
import { tooOld } from '../../../operator/core/versions.ts';
import { describeStep } from '../../../operator/core/steps.ts';
import { type Certify, keepCertificates, type Kept } from '../../../operator/io/kubernetes/certificates/keep.ts';
import type { ApiClient } from '../../../operator/io/kubernetes/api-client.ts';
import { asDeclared } from '../../../operator/io/kubernetes/custom.ts';
import { KubernetesHost } from '../../../operator/io/kubernetes/kubernetes-host.ts';
import type { Site } from '../../../operator/io/kubernetes/objects/blueprint.ts';
import { textAt } from '../../../operator/io/kubernetes/objects/fields.ts';
import { Snapshot } from '../../../operator/io/kubernetes/snapshot.ts';
import { type ManifestFile, readManifests } from '../../../operator/io/manifests.ts';
import { systemClock } from '../../../operator/io/system-clock.ts';
import type { ClusterAdmin } from '../../../operator/ports/cluster-admin.ts';
import type { ClusterDialer } from '../../../operator/ports/cluster-dialer.ts';
import type { KubernetesApi } from '../../../operator/ports/kubernetes.ts';
import { asOperatorError, isOperatorError, type OperatorError } from '../../../operator/ports/operator-error.ts';
import { isSystemFault, messageOf, UserFault, usageFault } from '../fault.ts';
import type { ParsedFlags } from '../flags.ts';
import type { Terminal } from '../verb.ts';
import { clientOf, optionsOf, sourceOf } from './options.ts';
import { PodDialer } from './pod-dialer.ts';

/** Exit codes, with the meaning that `kubectl diff` gives them. `fault`: not all could be found out. */
export const PLAN_EXIT = { nothing: 0, something: 1, fault: 2 } as const;

/** What a plan is made with: nothing of it is written to. */
export interface PlanTools {
  readonly open: () => Promise<Pick<KubernetesApi, 'get' | 'list'>>;
  readonly dialer: ClusterDialer;
  readonly certify: Certify;
  readonly wallMs: () => number;
}

/** What is planned for. */
export interface PlanCall {
  readonly files: readonly ManifestFile[];
  /** None: all. If it is one, manifests that name none are of it. */
  readonly namespaces: readonly string[];
  readonly site: Site;
}

/** The way of one cluster, in lines. */
interface Preview {
  /** Writes and steps. */
  readonly ahead: readonly string[];
  readonly remarks: readonly string[];
  /** False: there may be more to do than can be told. */
  readonly isWhole: boolean;
}

/** `weir operator plan`: prints what would be done, see `printPlan`. */
export async function runPlan(flags: ParsedFlags, terminal: Terminal): Promise<number> {
  const names = flags.texts('file');
  if (names.length === 0) throw usageFault('operator', 'name a manifest file with -f');
  const { namespaces, site } = optionsOf(flags);
  const dialer = new PodDialer();
  const opened: ApiClient[] = [];
  try {
    const files = await Promise.all(names.map((name) => fileOf(name, terminal.stdin)));
    const open = async (): Promise<ApiClient> => {
      const api = await clientOf(sourceOf(flags));
      opened.push(api);
      return api;
    };
    const certify: Certify = (writes, blueprint) => keepCertificates({ api: writes, wallMs: Date.now }, blueprint);
    return await printPlan({ open, dialer, certify, wallMs: Date.now }, { files, namespaces, site }, terminal);
  } catch (error) {
    if (isOperatorError(error) || isSystemFault(error)) throw new UserFault(messageOf(error), PLAN_EXIT.fault);
    throw error;
  } finally {
    for (const api of opened) api.close();
  }
}

/** A manifest file; `-` is standard input. */
async function fileOf(name: string, stdin: NodeJS.ReadableStream): Promise<ManifestFile> {
  return name === '-'
    ? { name: 'standard input', text: await text(stdin) }
    : { name, text: await readFile(name, 'utf8') };
}

/** Prints what an operator would do for the manifests of files, given what there is; gives the exit code. */
export async function printPlan(tools: PlanTools, call: PlanCall, terminal: Terminal): Promise<number> {
  const snapshot = await snapshotOf(tools.open, call.namespaces, terminal);
  const live = snapshot.declared.flatMap(({ manifest }) => manifest ?? []);
  const [namespace, ...more] = call.namespaces;
  const surroundings = { others: live, namespace: more.length > 0 ? undefined : namespace, hasOthers: true };
  const read = readManifests(call.files, checkSetting, live, surroundings);
  if (!read.ok) {
    const count = read.errors.length === 1 ? 'an error' : `${read.errors.length} errors`;
    throw fault(`${count} in the manifests\n${read.errors.join('\n')}`);
  }
  const files = read.resources.map((one) => asDeclared(one, snapshot.declared.find(isOf(one)) ?? null));
  const others = snapshot.declared.filter((one) => !read.resources.some((resource) => isOf(resource)(one)));
  const declared = [...files, ...others];
  const previews: Preview[] = [];
  for (const key of [...new Set(files.map(({ cluster }) => cluster))].sort()) {
    const cluster = declared.find((one) => one.kind === 'Cluster' && one.cluster === key);
    if (cluster === undefined) continue;
    if (call.namespaces.length > 0 && !call.namespaces.includes(cluster.namespace))
      throw fault(`${titleOf(cluster)} is in a namespace that is not looked at (--namespace)`);
    const members = declared.filter((one) => one.kind !== 'Cluster' && one.cluster === key);
    const before = snapshot.writes.length;
    const preview = await previewOf({ cluster, members }, snapshot, tools, call.site);
    const writes = snapshot.writes.slice(before).map(({ verb, kind, name }) => `${verb} ${kind} ${name}`);
    const whole = { ...preview, ahead: [...writes, ...preview.ahead] };
    const isThere = snapshot.declared.some(({ uid }) => uid === cluster.uid);
    for (const line of linesOf(cluster, whole, isThere)) terminal.out(line);
    previews.push(whole);
  }
  if (previews.some(({ ahead }) => ahead.length > 0)) return PLAN_EXIT.something;
  return previews.every(({ isWhole }) => isWhole) ? PLAN_EXIT.nothing : PLAN_EXIT.fault;
}

const fault = (message: string): UserFault => new UserFault(message, PLAN_EXIT.fault);

const isOf =
  ({ kind, metadata }: AnyResource) =>
  (one: Declared): boolean =>
    one.kind === kind && one.namespace === metadata.namespace && one.name === metadata.name;

/** What there is; nothing where nobody answers. */
async function snapshotOf(
  open: PlanTools['open'],
  namespaces: readonly string[],
  terminal: Terminal,
): Promise<Snapshot> {
  try {
    const snapshot = await Snapshot.take(await open(), namespaces);
    if (snapshot.unknown.length > 0)
      terminal.note(
        `weir: the API server does not know ${snapshot.unknown.join(', ')} yet: its CRDs have to come first`,
      );
    return snapshot;
  } catch (error) {
    const { code, message } = asOperatorError(error);
    if (code !== 'UNREACHABLE' && code !== 'TIMEOUT') throw fault(message);
    terminal.note(`weir: ${message}: this is what would be done from nothing, whatever there is`);
    return Snapshot.ofNothing();
  }
}

function linesOf(cluster: Declared, { ahead, remarks }: Preview, isThere: boolean): readonly string[] {
  const name = titleOf(cluster);
  if (ahead.length === 0 && remarks.length === 0) return [`${name}: nothing to do`];
  const head = `${name}${isThere ? '' : ', which is not there yet'}:${ahead.length === 0 ? ' nothing to do' : ''}`;
  return [head, ...ahead.map((line) => `  ${line}`), ...remarks.map((line) => `  ! ${line}`)];
}

const titleOf = ({ kind, namespace, name }: Declared): string => nameOf({ kind, metadata: { namespace, name } });

async function previewOf(
  { cluster, members }: { readonly cluster: Declared; readonly members: readonly Declared[] },
  snapshot: Snapshot,
  tools: PlanTools,
  site: Site,
): Promise<Preview> {
  const { manifest } = cluster;
  const remark = (text: string): Preview => ({ ahead: [], remarks: [text], isWhole: true });
  if (cluster.isLeaving) return remark('it is being deleted');
  if (manifest?.kind !== 'Cluster') return { ...remark('this release can’t read it'), isWhole: false };
  const refused = tooOld(site.image.tag, textAt(cluster.status, 'operatorVersion'));
  if (refused !== null) return remark(`${refused.reason}: ${refused.message}`);
  const desired = desiredFrom(manifest, members);
  const certify = readingOnly(tools.certify);
  const isDynamic = isDynamicSetting;
  const { dialer } = tools;
  const host = new KubernetesHost(
    { api: snapshot, caches: snapshot, clock: systemClock, dialer, certify, site, isDynamic },
    cluster,
  );
  // Nothing is written, and so nothing is refused.
  const { blocked: problems } = await host.prepare(manifest);
  if (problems.length > 0) {
    return { ahead: [], remarks: problems.map(({ reason, message }) => `${reason}: ${message}`), isWhole: true };
  }
  const seen = await host.observe();
  const { admin, silence } = await ask(host, desired, seen, dialer);
  const observed = { host: seen, admin, nowMs: tools.wallMs() };
  const { steps, ...end } = rehearse(desired, observed, isDynamic);
  const ahead = steps.map(describeStep);
  if (end.observed.admin === null) {
    const told = end.plan.conditions.map(({ resource, reason, message }) => `${resource}: ${reason}: ${message}`);
    return { ahead, remarks: [...told, `its brokers can’t be asked what there is: ${silence}`], isWhole: false };
  }
  const left = members.filter(({ manifest: one }) => {
    const content = contentIn(one);
    return content === null || desired.ending?.has(content) !== true;
  });
  const findings = { desired: end.desired, seen: end, trouble: null, failures: new Map(), isDynamic };
  return { ahead, remarks: [...decidedByLoad(manifest, seen), ...remarksOn(cluster, left, findings)], isWhole: true };
}

/** How many brokers there are where the load decides that: what it will ask for can't be told from one look. */
function decidedByLoad(manifest: Cluster, seen: HostObservation): readonly string[] {
  const { cluster, floor } = settleScale(manifest, seen);
  const { autoscale, replicas } = cluster.spec.brokers;
  if (autoscale === undefined || floor === null) return [];
  return [`the load decides how many brokers there are, from ${floor} to ${autoscale.maxReplicas}: now ${replicas}`];
}

/** Where somebody may not read Secrets, brokers are not asked: that is all. */
function readingOnly(certify: Certify): Certify {
  return async (api, blueprint): Promise<Kept> => {
    try {
      return await certify(api, blueprint);
    } catch (error) {
      if (!isOperatorError(error) || error.code !== 'FORBIDDEN') throw error;
      return { taken: [], operator: null };
    }
  };
}

/** What brokers say, or why they say nothing. */
async function ask(
  host: KubernetesHost,
  desired: Desired,
  seen: HostObservation,
  dialer: ClusterDialer,
): Promise<{ readonly admin: AdminObservation | null; readonly silence: string }> {
  const [cluster, reach] = [host.dialed(), host.reach()];
  if (reach.length === 0) return { admin: null, silence: 'none of them is ready' };
  if (cluster === null) return { admin: null, silence: 'there are no certificates to do so' };
  let admin: ClusterAdmin | null = null;
  try {
    admin = await dialer.connect(cluster, reach);
    return { admin: await admin.observe(questionOf(desired, isDynamicSetting, seen)), silence: '' };
  } catch (error) {
    const { message }: OperatorError = asOperatorError(error);
    return { admin: null, silence: `${message}; ask from where the operator runs` };
  } finally {
    await admin?.close();
  }
}

const NO_FACTS = { listeners: [], selector: '', version: null, operatorVersion: '' };

/** What would be said of manifests when all that can be done was done. */
function remarksOn(cluster: Declared, members: readonly Declared[], findings: Findings): readonly string[] {
  const statuses = memberStatuses({ kind: 'found', findings }, members);
  return [
    ...shortcomings(titleOf(cluster), clusterStatus(findings, NO_FACTS).judgements),
    ...members.flatMap((one) => shortcomings(titleOf(one), statuses.get(one.uid)?.judgements ?? [])),
  ];
}

function shortcomings(name: string, judgements: readonly Judgement[]): readonly string[] {
  const told = judgements.filter(({ type, status }) =>
    type === 'Ready' ? status !== 'True' : ['Paused', 'RestartPending'].includes(type) && status === 'True',
  );
  return [...new Set(told.map(({ reason, message }) => `${name}: ${reason}: ${message}`))];
}
