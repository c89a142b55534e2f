import { type Cluster, nameOf } from '../api/kinds.ts';
import { bytesOf } from '../api/quantity.ts';
import type { Condition } from './desired.ts';
import { INSTRUCTIONS, instructionsOf } from './instructions.ts';
import type { AdminObservation, BrokerLoad, HostObservation, ScaleVerdict } from './observed.ts';
import { settleScale } from './scale.ts';

/** What `spec.brokers.autoscale` says, defaults filled in. */
export type Autoscale = NonNullable<Cluster['spec']['brokers']['autoscale']>;

/** How often brokers are asked, ms. */
export const SAMPLE_MS = 10_000;
/** A rate over less tells of a moment, ms. */
const SPAN_MIN_MS = 5_000;
/** What was heard so long ago is not known any more, ms. */
export const STALE_MS = 30_000;
/** That something is not known is told after so long, ms: an operator that has just begun knows nothing. */
const TOLD_MS = 60_000;
/** Brokers go only if each of the others then has no more than this part of what it may have: the way back is far. */
const MARGIN = 0.8;
/** While share groups fall behind a broker may have this part of the load that it may have else. */
const BEHIND_PART = 2 / 3;
/** A group falls behind whose backlog grows by both of these in a while: as a part of it, and in records. */
const GROWTH = { part: 0.1, records: 1_000, ms: 60_000 } as const;
/** How long it is believed how many copies partitions have, and after how long it is asked anew, ms. */
const COPIES = { keptMs: 120_000, askMs: 60_000 } as const;
/** Clusters of three and more don't become smaller (O2). */
const LEAST_GROWN = 3;

interface Sample {
  readonly load: BrokerLoad;
  /** When it was heard, monotonic ms. */
  readonly heardMs: number;
  /** Null until there are two of one start of the broker. */
  readonly rates: { readonly busy: number; readonly bytesPerSecond: number } | null;
}

/** What is remembered from look to look. Whoever begins without it knows less for a while, and does nothing meanwhile. */
export interface AutoscaleMemory {
  readonly samples: ReadonlyMap<number, Sample>;
  /** Backlogs that growth is reckoned from. */
  readonly backlogs: { readonly atMs: number; readonly of: ReadonlyMap<string, number> } | null;
  readonly behind: readonly string[];
  /** The most copies that a partition has. */
  readonly copies: { readonly max: number; readonly heardMs: number } | null;
  /** Since when each look has found that; null: the last one has not. */
  readonly moreSinceMs: number | null;
  readonly fewerSinceMs: number | null;
  readonly unknownSinceMs: number | null;
}

/** Nothing was seen yet, or what was seen says nothing of what comes. */
export const NOTHING_SEEN: AutoscaleMemory = {
  samples: new Map(),
  backlogs: null,
  behind: [],
  copies: null,
  moreSinceMs: null,
  fewerSinceMs: null,
  unknownSinceMs: null,
};

/** One look at a cluster that nothing is done about. */
export interface AutoscaleLook {
  /** As it was declared. */
  readonly cluster: Cluster;
  readonly autoscale: Autoscale;
  readonly host: HostObservation;
  readonly admin: AdminObservation;
  /** Monotonic clock, ms. */
  readonly nowMs: number;
}

/** What a look comes to, and what is remembered of it. */
export interface Judged extends ScaleVerdict {
  readonly memory: AutoscaleMemory;
  /** Whether it is to be asked how many copies partitions have: that may keep a broker from going. */
  readonly asksCopies: boolean;
}

/**
 * Judges whether the load asks for one broker more, or would be served by one less (O10). **A1** Nothing is decided on what is not known: each
 * broker has told of itself twice, lately. **A2** It changes by one, between floor and maxReplicas, and three and more don't become fewer than three.
 * **A3** Every look of the last `scaleOutSeconds`, or `scaleInSeconds`, has found the same. **A4** One goes only if the others then have no
 * more than `MARGIN` of what they may have, nobody falls behind, and no partition has a copy on each.
 */
export function judgeLoad(before: AutoscaleMemory, look: AutoscaleLook): Judged {
  const { cluster, autoscale, host, admin, nowMs } = look;
  const settled = settleScale(cluster, host);
  const count = settled.cluster.spec.brokers.replicas;
  const samples = samplesAfter(before.samples, admin, nowMs);
  const heard = { ...before, ...growth(before, look), samples, copies: copiesAfter(before, look) };
  const pressures = pressuresOf(heard, look, count);
  if (pressures === null) {
    const unknownSinceMs = before.unknownSinceMs ?? nowMs;
    const memory = { ...heard, moreSinceMs: null, fewerSinceMs: null, unknownSinceMs };
    return { memory, change: null, asksCopies: false, notes: unknown(cluster, nowMs - unknownSinceMs) };
  }
  const worst = pressures.reduce((most, one) => (one.part > most.part ? one : most));
  const least = Math.max(settled.floor ?? count, Math.min(LEAST_GROWN, count));
  const needed = Math.max(least, Math.ceil((worst.part * count) / MARGIN));
  const isSpare = needed < count && !isGroupUnknown(admin) && heard.behind.length === 0;
  const memory: AutoscaleMemory = {
    ...heard,
    moreSinceMs: worst.part > 1 ? (before.moreSinceMs ?? nowMs) : null,
    fewerSinceMs: isSpare ? (before.fewerSinceMs ?? nowMs) : null,
    unknownSinceMs: null,
  };
  const isDue = (sinceMs: number | null, seconds: number): boolean =>
    sinceMs !== null && nowMs - sinceMs >= seconds * 1000;
  const nothing = { memory, change: null, asksCopies: false, notes: [] };
  if (isDue(memory.moreSinceMs, autoscale.scaleOutSeconds)) {
    if (count >= Math.max(autoscale.maxReplicas, least)) return { ...nothing, notes: [atMost(cluster, count)] };
    const why = `${count + 1} brokers instead of ${count}: ${worst.told}${slowed(worst, heard.behind)}`;
    return { ...nothing, change: { brokers: count + 1, why } };
  }
  if (!isDue(memory.fewerSinceMs, autoscale.scaleInSeconds)) return nothing;
  const { copies } = memory;
  const looked = { ...nothing, asksCopies: copies === null || nowMs - copies.heardMs >= COPIES.askMs };
  if (copies === null || copies.max >= count) return looked;
  const { confirmedBrokers } = instructionsOf(cluster);
  const isAllowed = autoscale.scaleIn === 'Drain' || (confirmedBrokers !== null && confirmedBrokers < count);
  if (!isAllowed) return { ...looked, notes: [spare(cluster, count - 1)] };
  const why = `${count - 1} brokers instead of ${count}: with one less, none would have more than ${MARGIN * 100} % of what it may have`;
  return { ...looked, change: { brokers: count - 1, why } };
}

/** The part that a broker has of what it may have, and in words. */
interface Pressure {
  readonly part: number;
  readonly told: string;
  readonly isSlowed: boolean;
}

function samplesAfter(
  before: ReadonlyMap<number, Sample>,
  { loads = new Map() }: AdminObservation,
  nowMs: number,
): ReadonlyMap<number, Sample> {
  const after = new Map([...before].filter(([, { heardMs }]) => nowMs - heardMs <= STALE_MS));
  for (const [id, load] of loads) after.set(id, sampleAfter(after.get(id), load, nowMs));
  return after;
}

function sampleAfter(known: Sample | undefined, load: BrokerLoad, heardMs: number): Sample {
  const spanMs = load.atMs - (known?.load.atMs ?? 0);
  if (known === undefined || known.load.brokerEpoch !== load.brokerEpoch || spanMs < 0)
    return { load, heardMs, rates: null };
  if (spanMs < SPAN_MIN_MS) return known;
  const { busyMs, receivedBytes, sentBytes } = known.load;
  const bytes = load.receivedBytes - receivedBytes + load.sentBytes - sentBytes;
  const rates = { busy: (load.busyMs - busyMs) / spanMs, bytesPerSecond: (bytes * 1000) / spanMs };
  return { load, heardMs, rates };
}

function copiesAfter({ copies }: AutoscaleMemory, { admin, nowMs }: AutoscaleLook): AutoscaleMemory['copies'] {
  if (admin.copiesMax !== undefined) return { max: admin.copiesMax, heardMs: nowMs };
  return copies !== null && nowMs - copies.heardMs <= COPIES.keptMs ? copies : null;
}

/** Groups that have members and more to do than a while ago: they are asked for more than they get. */
function growth(
  { backlogs, behind }: AutoscaleMemory,
  { admin, nowMs }: AutoscaleLook,
): Pick<AutoscaleMemory, 'backlogs' | 'behind'> {
  if (backlogs !== null && nowMs - backlogs.atMs < GROWTH.ms) return { backlogs, behind };
  const now = new Map([...admin.groups].flatMap(([id, { backlog }]) => (backlog === undefined ? [] : [[id, backlog]])));
  const grown = [...now].filter(([id, backlog]) => {
    const was = backlogs?.of.get(id);
    const isInUse = (admin.groups.get(id)?.members ?? 0) > 0;
    return isInUse && was !== undefined && backlog - was >= Math.max(GROWTH.records, GROWTH.part * was);
  });
  return { backlogs: { atMs: nowMs, of: now }, behind: grown.map(([id]) => id).sort() };
}

/** Whether it can't be told of some group that somebody is in whether it falls behind. */
function isGroupUnknown({ groups }: AdminObservation): boolean {
  return [...groups.values()].some(
    ({ type, members, backlog }) =>
      type === 'share' && (members === undefined || (members > 0 && backlog === undefined)),
  );
}

/** Null: something of some broker is not known. */
function pressuresOf(
  { samples, behind }: Pick<AutoscaleMemory, 'samples' | 'behind'>,
  { autoscale, host }: AutoscaleLook,
  count: number,
): readonly Pressure[] | null {
  const found: Pressure[] = [];
  for (let id = 0; id < count; id += 1) {
    const sample = samples.get(id);
    const node = host.nodes.find((one) => one.id === id);
    const sizes = [node?.volumeBytes ?? 0, sample?.load.diskBytes ?? 0].filter((bytes) => bytes > 0);
    if (sample === undefined || sample.rates === null || sizes.length === 0) return null;
    const { load, rates } = sample;
    const mayHave = (autoscale.loadPercent / 100) * (behind.length > 0 ? BEHIND_PART : 1);
    const used = load.logBytes / Math.min(...sizes);
    const sessions = load.shareSessionsMax === 0 ? 0 : load.shareSessions / load.shareSessionsMax;
    const isSlowed = behind.length > 0;
    found.push(
      {
        part: used / (autoscale.diskPercent / 100),
        told: `the logs of broker ${id} take ${percent(used)} of its disk`,
        isSlowed: false,
      },
      { part: rates.busy / mayHave, told: `broker ${id} is busy for ${percent(rates.busy)} of the time`, isSlowed },
      {
        part: sessions / mayHave,
        told: `broker ${id} has ${percent(sessions)} of the share sessions that it takes`,
        isSlowed,
      },
    );
    if (autoscale.throughput === undefined) continue;
    const told = `${Math.round(rates.bytesPerSecond)} bytes go through broker ${id} each second`;
    const limit = Number(bytesOf(autoscale.throughput)) * (isSlowed ? BEHIND_PART : 1);
    found.push({ part: rates.bytesPerSecond / limit, told, isSlowed });
  }
  return found;
}

const percent = (part: number): string => `${Math.round(part * 100)} %`;

function slowed({ isSlowed }: Pressure, behind: readonly string[]): string {
  return isSlowed ? `, and share group ${behind.slice(0, 3).join(', ')} falls behind` : '';
}

function note(cluster: Cluster, type: Condition['type'], reason: string, message: string): Condition {
  return { resource: nameOf(cluster), type, reason, message };
}

/** Figures that move are metrics: what is said stays while it is so (O11). */
function atMost(cluster: Cluster, count: number): Condition {
  const message = `the load asks for more than ${count} brokers, and spec.brokers.autoscale.maxReplicas allows no more`;
  return note(cluster, 'ScalingLimited', 'AtMaxReplicas', message);
}

function spare(cluster: Cluster, enough: number): Condition {
  const message = `${enough} brokers would do; they stay while spec.brokers.autoscale.scaleIn is Manual: set Drain, or confirm with the annotation ${INSTRUCTIONS.confirmScaleDown}: "${enough}"`;
  return note(cluster, 'ScalingLimited', 'ScaleInManual', message);
}

function unknown(cluster: Cluster, forMs: number): readonly Condition[] {
  if (forMs < TOLD_MS) return [];
  const message = 'not every broker tells how much it has to do: their number stays as it is';
  return [note(cluster, 'ScalingHeld', 'LoadUnknown', message)];
}

/** Brokers that are to be asked: those in force. */
export function askedBrokers(cluster: Cluster, host: HostObservation): readonly number[] {
  const { replicas } = settleScale(cluster, host).cluster.spec.brokers;
  return host.nodes.flatMap(({ id }) => (id < replicas ? [id] : []));
}
