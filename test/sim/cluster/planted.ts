import { NO_LOG_BUGS } from '../../../broker/core/log/planted-bugs.ts';
import type { MetadataBug } from '../../../broker/core/metadata/planted-bugs.ts';
import type { RaftBug } from '../../../broker/core/raft/planted-bugs.ts';
import type { Message } from '../../../broker/core/raft/types.ts';
import type { ReplicaBug } from '../../../broker/core/replica/planted-bugs.ts';
import type { PlantedBug as ShareBug } from '../../../broker/core/share/planted-bugs.ts';
import { spoilSyncs } from '../planted.ts';
import type { ClusterOptions } from './cluster.ts';
import type { FaultKind } from './plan.ts';

/** A bug that a test puts into every node, or under it, and what has to be said of it. */
export interface PlantedInCluster {
  readonly name: string;
  readonly options: ClusterOptions;
  /** At least one finding has to match. */
  readonly finding: RegExp;
  /** It is found within so many seeds from `fromSeed` on (a seed that is near a find, to save time). */
  readonly withinSeeds: number;
  readonly fromSeed: number;
}

/** The same faults on clusters in which nothing is planted. */
export function sound({ options }: PlantedInCluster): ClusterOptions {
  const none = new Set<never>();
  const bugs = { raftBugs: none, controlBugs: none, metadataBugs: none, replicaBugs: none, shareBugs: none };
  return { ...options, ...bugs, logBugs: NO_LOG_BUGS, tamper: (message) => message, wrapDisk: (disk) => disk };
}

const DATA_LOG = /\/data-\d-\d\/|logs\.journal$/;
const METADATA_LOG = /\/__cluster_metadata-0\//;

/** Everything that is planted, each with the faults that bring it to light and what has to be found. */
export const PLANTED: readonly PlantedInCluster[] = [
  raft('votes-twice', ['delay', 'process', 'transfer', 'pause'], /^Q1: .* votes for/, 10, 18),
  raft('answers-unsynced', ['slow-disk', 'power'], /^(Q2|C2|T1)/, 5, 19),
  raft('commits-old-term', ['slow-disk', 'process', 'power'], /^V7/, 20, 2),
  raft('no-pre-vote', ['isolate'], /^Q3: .* without a pre-vote/, 2),
  planted(
    'raft: ignores-contact',
    ['one-way', 'half-split'],
    { raftBugs: new Set(['ignores-contact']), isBare: true, clientCount: 2 },
    /^Q3: .* hears its leader/,
    3,
    2,
  ),
  raft('transfers-early', ['transfer', 'slow-disk', 'delay'], /^V5/, 10, 2),
  raft('stale-reads', ['split', 'isolate', 'pause'], /^(D1|T7)/, 10, 21),
  planted(
    'control: keeps-stale-watch',
    ['split', 'half-split'],
    { controlBugs: new Set(['keeps-stale-watch']) },
    /^A: .* a change is made through each broker/,
    3,
    8,
  ),
  planted(
    'syncs of the metadata log are lost',
    ['power'],
    { wrapDisk: (disk) => spoilSyncs(disk, lost) },
    /^(Q1|Q2|C2|T1|L)|the vote in it is lost/,
    3,
  ),
  replica('acks-before-isr', ['isolate', 'one-way', 'process'], /^L1/, 3),
  replica('counts-own-unsynced', ['power', 'slow-disk'], /^L1/, 3, 2),
  replica('counts-written', ['slow-blackout'], /^L1/, 3, 3),
  replica('joins-early', ['late-join'], /^L1/, 3, 4),
  planted(
    'replica: watermark-past-min-isr',
    ['lone-leader'],
    { replicaBugs: new Set(['watermark-past-min-isr']), asksLeaderAlone: true },
    /^L1/,
    3,
    6,
  ),
  planted(
    'metadata: keeps-elr-on-empty-disk',
    ['lone-leader'],
    { metadataBugs: new Set(['keeps-elr-on-empty-disk']), keepsBrokerEpoch: true },
    /^L1/,
    3,
    6,
  ),
  planted(
    'log: unsynced truncation',
    ['power-behind-cut'],
    { logBugs: { ...NO_LOG_BUGS, cutsUnsynced: true } },
    /^D6/,
    3,
    3,
  ),
  replica('truncates-to-watermark', ['isolate', 'process', 'one-way'], /^(L1|L6|L: .* every replica is in sync)/, 4, 5),
  planted(
    'log: unchecked',
    ['log-rot', 'process', 'isolate'],
    { logBugs: { ...NO_LOG_BUGS, unchecked: true } },
    /^L2: .* a spoiled value/,
    3,
  ),
  metadata('keeps-damaged', ['log-rot', 'process', 'isolate'], /^L: .* (is read|in sync)/, 3),
  metadata('reuses-epoch', ['process', 'pause', 'restart'], /^(L5|L6|E1)/, 3, 4),
  metadata('keeps-stale-leader', ['process', 'blackout'], /^(L5|L6|E1)/, 3),
  planted(
    'metadata: keeps-elr-unclean',
    ['blackout', 'process'],
    { metadataBugs: new Set(['keeps-elr-unclean']), hasUnsynced: true },
    /^Q5: .* may have lost what was not synced/,
    3,
  ),
  metadata('keeps-stale-isr', ['process'], /^Q5: .* as an earlier incarnation/, 3),
  metadata('keeps-slow-leader', ['hang'], /^F5: .* leads/, 3, 2),
  metadata('lets-slow-join', ['hang'], /^F5: .* is in sync/, 3, 2),
  planted('control: keeps-stuck-leader', ['hang'], { controlBugs: new Set(['keeps-stuck-leader']) }, /^F5: /, 3, 2),
  metadata('drops-below-min-isr', ['reassign', 'isolate'], /^Q5: a move/, 5, 4),
  share('ignores-lease', ['isolate', 'one-way'], /^S0/, 3, 14),
  share('gap-skipped', ['process', 'power', 'isolate'], /^S6/, 3),
  planted(
    'share groups: archived-before-letter',
    ['isolate', 'process'],
    { shareBugs: new Set(['archived-before-letter']), hasShares: true, hasLetters: true },
    /^S4: .* left no dead letter/,
    3,
    45,
  ),
  share('state-answered-early', ['isolate', 'process', 'power', 'slow-disk'], /^S3/, 5),
  planted(
    'syncs of topics are lost',
    ['power'],
    { wrapDisk: (disk) => spoilSyncs(disk, (path) => (DATA_LOG.test(path) ? 'lost' : null)) },
    /^L1/,
    3,
    2,
  ),
  planted(
    'a wiped voter comes back without its votes',
    ['wipe', 'process', 'isolate'],
    { replacesByOldCopy: true, isBare: true },
    /^(Q1|Q2|C2|T1)/,
    5,
    22,
  ),
  planted('a snapshot does not say of which term it is', ['process', 'pause'], { tamper: withoutTerm }, /^L/, 5),
];

function planted(
  name: string,
  kinds: readonly FaultKind[],
  options: ClusterOptions,
  finding: RegExp,
  withinSeeds: number,
  fromSeed = 1,
): PlantedInCluster {
  // What is looked for elsewhere is found with or without share groups, and topics that are not synced.
  return {
    name,
    options: { hasShares: false, hasLetters: false, hasUnsynced: false, ...options, kinds },
    finding,
    withinSeeds,
    fromSeed,
  };
}

function raft(
  bug: RaftBug,
  kinds: readonly FaultKind[],
  finding: RegExp,
  withinSeeds: number,
  fromSeed = 1,
): PlantedInCluster {
  return planted(`raft: ${bug}`, kinds, { raftBugs: new Set([bug]), isBare: true }, finding, withinSeeds, fromSeed);
}

function replica(
  bug: ReplicaBug,
  kinds: readonly FaultKind[],
  finding: RegExp,
  withinSeeds: number,
  fromSeed = 1,
): PlantedInCluster {
  return planted(`replica: ${bug}`, kinds, { replicaBugs: new Set([bug]) }, finding, withinSeeds, fromSeed);
}

function share(
  bug: ShareBug,
  kinds: readonly FaultKind[],
  finding: RegExp,
  withinSeeds: number,
  fromSeed = 1,
): PlantedInCluster {
  const options = { shareBugs: new Set([bug]), hasShares: true };
  return planted(`share groups: ${bug}`, kinds, options, finding, withinSeeds, fromSeed);
}

function metadata(
  bug: MetadataBug,
  kinds: readonly FaultKind[],
  finding: RegExp,
  withinSeeds: number,
  fromSeed = 1,
): PlantedInCluster {
  return planted(`metadata: ${bug}`, kinds, { metadataBugs: new Set([bug]) }, finding, withinSeeds, fromSeed);
}

function lost(path: string): 'lost' | null {
  return METADATA_LOG.test(path) ? 'lost' : null;
}

function withoutTerm(message: Message): Message {
  if (message.kind !== 'snapshot') return message;
  return { ...message, meta: { ...message.meta, place: { ...message.meta.place, term: 0 } } };
}
