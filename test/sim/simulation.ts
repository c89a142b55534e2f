import { checkCommits } from './check-groups.ts';
import { checkLog } from './check-log.ts';
import { checkDrained, checkOwnership } from './check-share.ts';
import { SimAdmin } from './clients/admin.ts';
import { SimCommitter } from './clients/committer.ts';
import { SimMember } from './clients/member.ts';
import {
  alterGroup,
  describeGroup,
  describeProgress,
  fetchOffsets,
  groupSettings,
  type ShareProgress,
  topicIds,
} from './clients/requests.ts';
import { SimScan } from './clients/scan.ts';
import { SimTail } from './clients/tail.ts';
import { FaultRunner } from './faults.ts';
import { deletedTopics, type GroupFacts, lastPowerLossMs, type TopicFacts, wasReplicated } from './history.ts';
import { difference, metadataText } from './metadata-text.ts';
import { SimNetwork } from './net.ts';
import { SimNode, type SimNodeOptions } from './node.ts';
import type { GroupPlan, MemberPlan, Plan, TopicPlan } from './plan.ts';
import { Stage } from './stage.ts';
import { SimTopics } from './topics.ts';
import { World } from './world.ts';

/** Virtual time that anything healthy may take, ms. */
const PATIENCE_MS = 60_000;
/** Virtual time in which a restarted group would hand out again what it must not, ms. */
const AFTERMATH_MS = 1200;
/** Virtual time without a change after which none is expected, ms. */
const QUIET_MS = 400;
/** What a node may complain about after a crash. */
const EXPECTED_WARNINGS = [
  /^coordinator timers fired late/,
  /^connection refused: the broker is stopping/,
  // Who asks for it while the only broker stops asks again when it is back.
  /^internal topic was not created .*may get replicas, 0 of them may lead now/,
  /unfinished write, never acknowledged/,
  /^recovered a log .*"reason":"(cut at offset|nothing was durable)/,
];
/** A member that takes everything and accepts it at once. */
const DRAINER: MemberPlan = {
  joinMs: 0,
  endMs: null,
  ending: 'close',
  wantCount: 100,
  maxWaitMs: 200,
  workMaxMs: 0,
  releasePercent: 0,
  rejectPercent: 0,
};

/** What a run of one seed gave. */
export interface Outcome {
  readonly seed: number;
  /** Same seed, same hash. */
  readonly hash: string;
  readonly problems: readonly string[];
  readonly eventCount: number;
  readonly virtualMs: number;
  /** How many of which observations there were. */
  readonly counts: ReadonlyMap<string, number>;
}

/** What a test may change about a run. */
export interface SimulationOptions {
  readonly onTrace?: (line: string) => void;
  /** Puts something between the node and its disk: a planted bug. */
  readonly wrapDisk?: NonNullable<SimNodeOptions['wrapDisk']>;
  /** Puts something between the node and its codecs: a planted bug. */
  readonly wrapCompression?: NonNullable<SimNodeOptions['wrapCompression']>;
  /** What is broken on purpose in share groups. */
  readonly shareBugs?: NonNullable<SimNodeOptions['shareBugs']>;
  /** What is broken on purpose in logs. */
  readonly logBugs?: NonNullable<SimNodeOptions['logBugs']>;
  /** What is broken on purpose in the log cleaner. */
  readonly cleanerBugs?: NonNullable<SimNodeOptions['cleanerBugs']>;
}

/** Thrown when a phase does not come to its end; what was seen so far is still checked. */
class Stuck extends Error {}

/** The life of one world: set up, load with faults, heal and drain, one last crash, and a look at what is left. */
export class Simulation {
  readonly #seed: number;
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #admin: SimAdmin;
  readonly #faults: FaultRunner;
  readonly #problems: string[] = [];
  readonly #members: SimMember[] = [];
  readonly #scans = new Set<SimScan>();
  readonly #committers: SimCommitter[] = [];
  readonly #tails: SimTail[] = [];
  readonly #topics: SimTopics;
  #isLoading = false;

  constructor(seed: number, plan: Plan, options: SimulationOptions = {}) {
    this.#seed = seed;
    this.#plan = plan;
    const world = new World(seed, options.onTrace ?? null);
    const network = new SimNetwork(world);
    const { settings, diskLatencyMs } = plan;
    const { wrapDisk, wrapCompression, shareBugs, logBugs, cleanerBugs } = options;
    const planted = {
      ...(wrapDisk && { wrapDisk }),
      ...(wrapCompression && { wrapCompression }),
      ...(shareBugs && { shareBugs }),
      ...(logBugs && { logBugs }),
      ...(cleanerBugs && { cleanerBugs }),
    };
    const node = new SimNode(world, network, { settings, diskLatencyMs, ...planted });
    this.#stage = new Stage(world, network, node);
    this.#admin = new SimAdmin(this.#stage);
    this.#topics = new SimTopics(this.#stage, this.#admin, plan);
    this.#faults = new FaultRunner(this.#stage, () => [
      ...this.#topics.producers,
      ...this.#members,
      ...this.#scans,
      ...this.#tails,
      this.#admin,
    ]);
  }

  /** Runs everything; never throws for what the node did. */
  run(): Outcome {
    try {
      this.#setUp();
      this.#load();
      this.#drain();
      this.#lookAtEnd();
      this.#check();
    } catch (error) {
      this.#problems.push(error instanceof Stuck ? error.message : `the node threw: ${describe(error)}`);
    }
    const { world, node, history } = this.#stage;
    for (const fatal of node.fatals) this.#problems.push(`the node ended by itself: ${fatal}`);
    for (const warning of node.warnings) {
      if (!EXPECTED_WARNINGS.some((pattern) => pattern.test(warning)))
        this.#problems.push(`the node complained: ${warning}`);
    }
    for (const failure of this.#admin.failures) this.#problems.push(`admin: ${failure}`);
    for (const member of this.#members) this.#problems.push(...member.fatals);
    const counts = new Map<string, number>();
    for (const { kind } of history) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return {
      seed: this.#seed,
      hash: world.traceHash(),
      problems: this.#problems,
      eventCount: world.eventCount,
      virtualMs: world.nowMs,
      counts,
    };
  }

  #setUp(): void {
    const { node } = this.#stage;
    node.start();
    this.#topics.create();
    for (const group of this.#plan.groups) this.#admin.ask(alterGroup(group, () => undefined));
    this.#await('topics and groups are set up', () => this.#admin.isIdle);
  }

  #load(): void {
    const { world } = this.#stage;
    this.#isLoading = true;
    for (const group of this.#plan.groups) for (const member of group.members) this.#planMember(group, member);
    this.#topics.schedule((delayMs, action) => this.#at(delayMs, action));
    for (const pauseMs of this.#plan.scanPausesMs) this.#scanAgain(pauseMs);
    this.#startCommitters();
    this.#startTails();
    for (const fault of this.#plan.faults) this.#faults.plan(fault);
    world.runFor(this.#plan.loadMs);
    this.#isLoading = false;
    this.#topics.close();
    for (const committer of this.#committers) committer.stop();
    for (const tail of this.#tails) tail.stop();
    this.#faults.heal();
    // A node that was just told to stop ends first.
    this.#await('the node is back', () => {
      this.#faults.heal();
      return this.#stage.node.isReady;
    });
    this.#await('deletions are done', () => this.#topics.isQuiet && this.#admin.isIdle);
  }

  /** Runs `action` at a time of the load, if that is not over by then. */
  #at(delayMs: number, action: () => void): void {
    this.#stage.world.schedule(delayMs, () => {
      if (this.#isLoading) action();
    });
  }

  #planMember(group: GroupPlan, plan: MemberPlan): void {
    this.#at(plan.joinMs, () => {
      const member = new SimMember(this.#stage, group, plan);
      this.#members.push(member);
      if (plan.endMs === null) return;
      this.#at(plan.endMs - plan.joinMs, () => {
        if (plan.ending === 'kill') member.die();
        else member.close();
      });
    });
  }

  #scanAgain(pauseMs: number): void {
    this.#at(pauseMs, () => {
      const topics = this.#plan.topics.filter((topic) => topic.deletedAtMs === null).map(({ name }) => name);
      const scan = new SimScan(this.#stage, topics, false);
      this.#scans.add(scan);
      this.#whenDone(scan, () => this.#scanAgain(pauseMs));
    });
  }

  #whenDone(scan: SimScan, then: () => void): void {
    this.#stage.world.schedule(20, () => {
      if (!scan.isDone) {
        this.#whenDone(scan, then);
        return;
      }
      this.#scans.delete(scan);
      if (scan.failure !== '') this.#problems.push(`a scan failed: ${scan.failure}`);
      then();
    });
  }

  #startTails(): void {
    const stable = this.#plan.topics.filter((topic) => topic.deletedAtMs === null && !isCompacted(topic));
    const { prng } = this.#stage.world;
    for (const pauseMs of this.#plan.tailPausesMs) {
      const topic = stable[prng.below(stable.length)];
      if (topic === undefined) return;
      const where = { topic: topic.name, partition: prng.below(topic.partitionCount) };
      this.#tails.push(new SimTail(this.#stage, where, pauseMs));
    }
  }

  #startCommitters(): void {
    const topics = this.#plan.topics.filter((topic) => topic.deletedAtMs === null);
    if (topics.length === 0) return;
    const ask = topicIds(
      topics.map(({ name }) => name),
      (ids) => {
        const named = topics.map(({ name, partitionCount }) => ({
          name,
          topicId: ids.get(name) ?? '',
          partitions: Array.from({ length: partitionCount }, (_, index) => index),
        }));
        this.#plan.commitPausesMs.forEach((pauseMs, index) => {
          const options = { group: `commits-${index}`, topics: named, pauseMs };
          this.#committers.push(new SimCommitter(this.#stage, this.#admin, options));
        });
      },
    );
    this.#admin.ask(ask);
  }

  /** Everything is well again: producers come to their end, groups to that of their topics. */
  #drain(): void {
    for (const scan of this.#scans) scan.die();
    this.#await('producers are done', () => this.#topics.producers.every((producer) => producer.isDone));
    for (const member of this.#members) member.hurry();
    for (const group of this.#plan.groups) this.#members.push(new SimMember(this.#stage, group, DRAINER));
    for (const group of this.#plan.groups) {
      this.#awaitDrained(group);
      this.#stage.note({ kind: 'drained', atMs: this.#stage.world.nowMs, group: group.id });
    }
    for (const member of this.#members) member.close();
    this.#await('members leave', () => this.#members.every((member) => member.isOver));
  }

  #awaitDrained(group: GroupPlan): void {
    let progress: readonly ShareProgress[] = [];
    const isDrained = (): boolean => progress.length > 0 && progress.every(({ lag }) => lag === 0);
    const topics = this.#sharedTopics(group);
    if (topics.length === 0) return;
    const look = (): void => {
      this.#admin.ask(
        describeProgress(group.id, topics, (answer) => {
          progress = answer;
          if (!isDrained()) this.#stage.world.schedule(100, look);
        }),
      );
    };
    look();
    this.#await(`${group.id} is drained`, isDrained, () => JSON.stringify(progress.filter(({ lag }) => lag !== 0)));
  }

  /** Topics of a group whose offsets mean one record each. */
  #sharedTopics(group: GroupPlan): { name: string; partitions: number[] }[] {
    const { history } = this.#stage;
    const powerLost = lastPowerLossMs(history) > 0;
    return group.topics.flatMap((name) => {
      const topic = this.#topics.get(name);
      if (topic === undefined || (powerLost && wasReplicated(history, this.#stage.label(name), this.#planOf(name))))
        return [];
      return [{ name, partitions: Array.from({ length: topic.partitionCount }, (_, index) => index) }];
    });
  }

  /** A topic as it was planned. */
  #planOf(name: string): TopicPlan {
    const topic = this.#plan.topics.find((one) => one.name === name);
    if (topic === undefined) throw new Error(`bug: no topic ${name} was planned`);
    return topic;
  }

  /** A scan, one more crash, and everything that must have outlived it. */
  #lookAtEnd(): void {
    const { node, world } = this.#stage;
    this.#scanAll(false);
    this.#settleMetadata();
    const before = node.view === null ? [] : metadataText(node.view);
    this.#faults.crash(world.prng.chance(0.7) ? 'power' : 'process');
    this.#faults.heal();
    this.#await('the node is back after the last crash', () => node.isReady);
    const after = node.view === null ? [] : metadataText(node.view);
    for (const line of difference(before, after)) this.#problems.push(`M1: after the last crash metadata ${line}`);
    this.#scanAll(true);
    this.#askAtEnd();
    for (const group of this.#plan.groups) this.#members.push(new SimMember(this.#stage, group, DRAINER));
    world.runFor(AFTERMATH_MS);
    for (const group of this.#plan.groups) this.#awaitDrained(group);
  }

  /** Waits until no change of the metadata is under way. */
  #settleMetadata(): void {
    const { node, world } = this.#stage;
    for (let offset = -2; offset !== node.view?.offset; ) {
      offset = node.view?.offset ?? -1;
      world.runFor(QUIET_MS);
    }
  }

  #scanAll(isFinal: boolean): void {
    const topics = this.#topics.names;
    if (topics.length === 0) return;
    const scan = new SimScan(this.#stage, topics, isFinal);
    this.#await(
      'the scan comes to its end',
      () => scan.isDone,
      () => scan.describe(),
    );
    if (scan.failure !== '') this.#problems.push(`the scan failed: ${scan.failure}`);
  }

  #askAtEnd(): void {
    const { world } = this.#stage;
    for (const group of this.#plan.groups) {
      const wanted = groupSettings(group);
      this.#admin.ask(
        describeGroup(group, (settings) => {
          for (const [name, value] of Object.entries(wanted)) {
            const found = settings.get(name);
            if (found !== value)
              this.#problems.push(`M2: ${name} of ${group.id} is ${found ?? 'not set'}, was set to ${value}`);
          }
        }),
      );
    }
    const topics = this.#plan.topics.filter((topic) => topic.deletedAtMs === null);
    for (const { group } of this.#committers) {
      const ids = topicIds(
        topics.map(({ name }) => name),
        (found) => {
          const asked = topics.map(({ name, partitionCount }) => ({
            name,
            topicId: found.get(name) ?? '',
            partitions: Array.from({ length: partitionCount }, (_, index) => index),
          }));
          this.#admin.ask(
            fetchOffsets(group, asked, (offsets) => {
              for (const offset of offsets)
                this.#stage.note({ kind: 'committed', atMs: world.nowMs, group, ...offset });
            }),
          );
        },
      );
      this.#admin.ask(ids);
    }
    this.#await('questions are answered', () => this.#admin.isIdle);
  }

  #check(): void {
    const { history } = this.#stage;
    const topics = new Map<string, TopicFacts>();
    for (const topic of this.#plan.topics)
      for (const label of [topic.name, `${topic.name}#2`])
        topics.set(label, { ...topic, isCompacted: isCompacted(topic) });
    const gone = deletedTopics(history);
    const groups = new Map<string, GroupFacts>();
    for (const group of this.#plan.groups) {
      const labels = group.topics.map((name) => this.#stage.label(name)).filter((label) => !gone.has(label));
      groups.set(group.id, { ...group, topics: labels });
    }
    this.#problems.push(...checkLog(history, topics));
    this.#problems.push(...checkOwnership(history, groups, topics));
    this.#problems.push(...checkDrained(history, groups, topics));
    this.#problems.push(...checkCommits(history));
  }

  /** Lets the world run until `condition` holds. */
  #await(what: string, condition: () => boolean, describeState: () => string = () => ''): void {
    const { world, node } = this.#stage;
    if (world.runUntil(() => condition() || node.fatals.length > 0, PATIENCE_MS) && condition()) return;
    const state = [
      describeState(),
      this.#admin.describe(),
      ...this.#topics.producers.filter((one) => !one.isDone).map((one) => one.describe()),
    ];
    throw new Stuck(`L0: not within ${PATIENCE_MS} ms: ${what}. ${state.join('; ')}`);
  }
}

function isCompacted({ config }: TopicPlan): boolean {
  return config['cleanup.policy'] === 'compact';
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
