import { checkDrained, checkOwnership } from '../check-share.ts';
import { SimAdmin } from '../clients/admin.ts';
import { SimMember } from '../clients/member.ts';
import { alterGroup, alterTopic, createTopic, describeProgress, topicIds } from '../clients/requests.ts';
import type { GroupFacts, TopicFacts } from '../history.ts';
import type { GroupPlan, MemberPlan, TopicPlan } from '../plan.ts';
import type { Served, Stage } from '../stage.ts';
import { checkLetters } from './check-letters.ts';
import { partitionOf } from './check-records.ts';
import { LettersReader, noteGivenUp } from './letters.ts';
import type { Wait } from './records-load.ts';
import { SHARE_TOPICS, type SharesPlan } from './shares-plan.ts';

/** How much faster or slower than the world's the clocks of nodes may be, as a part of one. */
const DRIFT_MAX = 0.06;
/** How often it is looked whether a group has everything, ms. */
const LOOK_EVERY_MS = 200;
/** For how long a drained group is watched, in which nothing may come back, ms. */
const AFTERMATH_MS = 1500;
/** A member that takes everything and accepts it at once. */
const DRAINER: MemberPlan = {
  ...{ joinMs: 0, endMs: null, ending: 'close', wantCount: 100, maxWaitMs: 300 },
  ...{ workMaxMs: 0, releasePercent: 0, rejectPercent: 0 },
};

/** Members of share groups, whoever leads and coordinates, and what has to be true of what they saw. */
export class SharesLoad {
  readonly #stage: Stage<Served>;
  readonly #plan: SharesPlan;
  readonly #topics: readonly TopicPlan[];
  readonly #admin: SimAdmin | null;
  readonly #members: SimMember[] = [];
  /** Groups that have everything at the end. */
  readonly #drained = new Set<string>();
  #isLoading = false;
  #isHealed = false;
  #areLettersRead = false;

  /** `topics`: those that the groups may read. */
  constructor(stage: Stage<Served>, plan: SharesPlan, topics: readonly TopicPlan[]) {
    this.#stage = stage;
    this.#plan = plan;
    this.#topics = topics;
    this.#admin = plan.groups.length === 0 ? null : new SimAdmin(stage);
  }

  /** Records that were handed out. */
  get deliveredCount(): number {
    return this.#stage.history.filter(({ kind }) => kind === 'delivered').length;
  }

  /** Dead letters that were read at the end. */
  get letterCount(): number {
    return this.#stage.history.filter(({ kind }) => kind === 'letter').length;
  }

  /** A node complains about something. */
  warned(text: string, fields: Readonly<Record<string, unknown>>): void {
    noteGivenUp(this.#stage, text, fields);
  }

  /** Makes the groups, lets their first members in, and waits for the topics that all this rests on. */
  setUp(wait: Wait): void {
    const admin = this.#admin;
    if (admin === null) return;
    const { letters, groups } = this.#plan;
    const makeGroups = (): void => {
      for (const group of groups) {
        const [first] = group.members;
        admin.ask(
          alterGroup(group, () => {
            if (first !== undefined) this.#join(group, first);
          }),
        );
      }
    };
    if (letters === null) makeGroups();
    else admin.ask(createTopic(letters, makeGroups));
    // Otherwise one replica may be alone in sync, and lose its disk.
    const twice = (): void =>
      SHARE_TOPICS.forEach((topic) => admin.ask(alterTopic(topic, ['min.insync.replicas', '2'], () => undefined)));
    admin.ask(topicIds(SHARE_TOPICS, twice));
    wait(
      'share groups are set up',
      () => admin.isIdle,
      () => admin.describe(),
    );
  }

  /** Lets members come and go as their plans say. */
  begin(): void {
    this.#isLoading = true;
    for (const group of this.#plan.groups) {
      for (const member of group.members.slice(1)) this.#at(member.joinMs, () => this.#join(group, member));
      this.#askAgain(group);
    }
  }

  /** Nobody new comes, and nobody goes any more. */
  stop(): void {
    this.#isLoading = false;
  }

  /** Everything works and nothing is produced any more: what is left is taken, but what nobody has any more (`lost`). */
  finish(lost: ReadonlySet<string>, wait: Wait): void {
    const { world } = this.#stage;
    if (this.#admin === null) return;
    this.#isHealed = true;
    for (const member of this.#members) member.hurry();
    for (const group of this.#plan.groups) this.#join(group, DRAINER);
    for (const group of this.#plan.groups) {
      this.#lookUntilDrained(group, lost);
      wait(
        `${group.id} has taken everything`,
        () => this.#drained.has(group.id),
        () => this.#members.map((member) => member.describe()).join('; '),
      );
      this.#stage.note({ kind: 'drained', atMs: world.nowMs, group: group.id });
    }
    world.runFor(AFTERMATH_MS);
    for (const member of this.#members) member.close();
    wait(
      'members leave',
      () => this.#members.every((member) => member.isOver),
      () => this.#members.map((member) => member.describe()).join('; '),
    );
    if (this.#plan.letters === null) return;
    const reader = new LettersReader(this.#stage, this.#plan.letters);
    wait(
      'dead letters are read',
      () => reader.isDone,
      () => reader.describe(),
    );
    this.#areLettersRead = true;
  }

  /** What is wrong with what members saw, but of what nobody has any more. */
  problems(lost: ReadonlySet<string>): string[] {
    if (this.#admin === null) return [];
    const topics = new Map<string, TopicFacts>(
      this.#topics.map(({ name, durability }) => [name, { durability, retentionMs: null, isCompacted: false }]),
    );
    const groups = new Map<string, GroupFacts>(this.#plan.groups.map((group) => [group.id, group]));
    const drained = new Map([...groups].filter(([id]) => this.#drained.has(id)));
    const kept = this.#stage.history.filter((one) => !lost.has(partitionOf(one)));
    const failures = [...this.#admin.failures, ...this.#members.flatMap(({ fatals }) => fatals)];
    return [
      ...failures.map((failure) => `L: ${failure}`),
      ...checkOwnership(kept, groups, topics),
      ...checkDrained(kept, drained, topics),
      ...checkLetters(kept, groups, new Set(this.#areLettersRead ? drained.keys() : [])),
    ];
  }

  /** Runs `action` at a time of the load, if that is not over by then. */
  #at(delayMs: number, action: () => void): void {
    this.#stage.world.schedule(delayMs, () => {
      if (this.#isLoading) action();
    });
  }

  #join(group: GroupPlan, plan: MemberPlan): void {
    const member = new SimMember(this.#stage, group, plan, DRIFT_MAX);
    this.#members.push(member);
    if (plan.endMs === null) return;
    this.#at(plan.endMs - plan.joinMs, () => {
      if (plan.ending === 'kill') member.die();
      else member.close();
    });
  }

  #askAgain(group: GroupPlan): void {
    this.#at(this.#plan.askEveryMs, () => {
      // Before it has members it is not there.
      const isThere = this.#stage.history.some((one) => one.kind === 'delivered' && one.group === group.id);
      if (isThere) this.#ask(group, () => this.#askAgain(group));
      else this.#askAgain(group);
    });
  }

  /** Asks how far a group is; `then` hears which of its partitions have records that it has not finished. */
  #ask(group: GroupPlan, then: (behind: readonly string[]) => void): void {
    const topics = this.#topics
      .filter(({ name }) => group.topics.includes(name))
      .map(({ name, partitionCount }) => ({ name, partitions: Array.from({ length: partitionCount }, (_, i) => i) }));
    const isHealed = this.#isHealed;
    const ask = describeProgress(group.id, topics, (progress) => {
      const atMs = this.#stage.world.nowMs;
      for (const { topic, partition, startOffset } of progress) {
        const told = { group: group.id, topic, partition, startOffset, isHealed };
        this.#stage.note({ kind: 'progress', atMs, ...told });
      }
      then(progress.flatMap((one) => (one.lag === 0 ? [] : [`${one.topic}-${one.partition}`])));
    });
    this.#admin?.ask(ask, { coordinatorOf: group.id });
  }

  #lookUntilDrained(group: GroupPlan, lost: ReadonlySet<string>): void {
    this.#ask(group, (behind) => {
      if (behind.every((partition) => lost.has(partition))) this.#drained.add(group.id);
      else this.#stage.world.schedule(LOOK_EVERY_MS, () => this.#lookUntilDrained(group, lost));
    });
  }
}
