import type { Settings } from '../config/settings.ts';
import type { Deadlines } from '../base/deadlines.ts';
import type { Now, Outbox, Ticket } from '../coordinator/shard.ts';
import type { MetadataView } from '../metadata/view.ts';
import type { GroupCommandKind, GroupEffect, GroupExchanges, GroupResponse } from './commands.ts';
import { NO_BUGS, type PlantedBug, type PlantedBugs } from './planted-bugs.ts';
import { encodeGroupRecord, type GroupRecord } from './records.ts';

/** What a timer of a group shard is about. */
export type GroupTimer =
  | { readonly kind: 'classicSession'; readonly groupId: string; readonly memberId: string }
  /** The join phase ends: first rebalance delay or rebalance time-out. */
  | { readonly kind: 'classicJoin'; readonly groupId: string }
  /** Members that were told to sync had a whole rebalance time-out for it. */
  | { readonly kind: 'classicSync'; readonly groupId: string }
  | { readonly kind: 'shareSession'; readonly groupId: string; readonly memberId: string }
  /** A share group's next own work: an assignment that had to wait, a retry, answers that were held back. */
  | { readonly kind: 'shareGroup'; readonly groupId: string }
  | { readonly kind: 'expireOffsets' };

/** What a shard is built on: read, never changed by it. */
export interface GroupEnvironment {
  readonly settings: Settings;
  readonly view: MetadataView;
  /** For tests alone; none when left out. */
  readonly bugs?: PlantedBugs;
}

/** One step of a shard: the time it happens at and the places where its outcome goes. */
export class Step {
  readonly now: Now;
  readonly environment: GroupEnvironment;
  readonly deadlines: Deadlines<GroupTimer>;
  private readonly out: Outbox<GroupResponse, GroupEffect>;

  constructor(
    now: Now,
    environment: GroupEnvironment,
    deadlines: Deadlines<GroupTimer>,
    out: Outbox<GroupResponse, GroupEffect>,
  ) {
    this.now = now;
    this.environment = environment;
    this.deadlines = deadlines;
    this.out = out;
  }

  /** The node's settings. */
  get settings(): Settings {
    return this.environment.settings;
  }

  /** The metadata as far as this node has applied it. */
  get view(): MetadataView {
    return this.environment.view;
  }

  /** Planted bugs; none but in tests. */
  get bugs(): PlantedBugs {
    return this.environment.bugs ?? NO_BUGS;
  }

  /** Whether a bug is planted. */
  has(bug: PlantedBug): boolean {
    return this.bugs.has(bug);
  }

  /** Writes a record; durable state has changed when this returns. */
  write(record: GroupRecord): void {
    this.out.append(encodeGroupRecord(record));
  }

  /** Answers a caller; `kind` is that of the caller's command and only checks the type of the response. */
  reply<K extends GroupCommandKind>(_kind: K, ticket: Ticket, response: GroupExchanges[K]['response']): void {
    this.out.reply(ticket, response);
  }

  /** Asks for work outside the shard. */
  effect(effect: GroupEffect): void {
    this.out.effect(effect);
  }

  /** Starts or moves a timer to `delayMs` from now. */
  startTimer(timer: ReturnType<Deadlines<GroupTimer>['create']>, delayMs: number): void {
    this.deadlines.set(timer, this.now.monotonicMs + delayMs);
  }
}
