import { Settings } from '../../../../broker/core/config/settings.ts';
import type { CoordinatorRecord, Ticket } from '../../../../broker/core/coordinator/shard.ts';
import { NO_TICKET } from '../../../../broker/core/coordinator/shard.ts';
import type {
  GroupCommand,
  GroupCommandKind,
  GroupEffect,
  GroupExchanges,
  GroupResponse,
} from '../../../../broker/core/group/commands.ts';
import { NO_BUGS, type PlantedBugs } from '../../../../broker/core/group/planted-bugs.ts';
import { decodeGroupRecord } from '../../../../broker/core/group/records.ts';
import { GroupShard } from '../../../../broker/core/group/shard.ts';
import { FakeView } from '../../../support/fake-view.ts';

const WALL_START_MS = 1_700_000_000_000;

/** A pending or given answer. */
export interface Call<R> {
  response: R | null;
}

/** One shard on virtual time, with its log: everything it writes, answers and wants is kept. */
export class GroupBench {
  readonly view: FakeView;
  readonly settings: Settings;
  shard: GroupShard;
  nowMs = 0;
  readonly log: CoordinatorRecord[] = [];
  /** Effects not taken yet. */
  effects: GroupEffect[] = [];
  /** Describes records, answers and effects as they come; for scripts. */
  readonly events: string[] = [];
  readonly calls = new Map<Ticket, { readonly name: string; readonly call: Call<GroupResponse> }>();
  private nextTicket = 1;
  /** Answers `initializeShareState` and `deleteShareState` at once with these codes; null: the test does it. */
  shareStateCode: number | null = 0;

  private readonly bugs: PlantedBugs;

  constructor(settings: Readonly<Record<string, string>> = {}, bugs: PlantedBugs = NO_BUGS) {
    this.bugs = bugs;
    this.view = new FakeView();
    this.settings = new Settings(new Map(Object.entries(settings)));
    this.shard = this.newShard();
    this.shard.loaded(this.now(), this.outbox());
  }

  /** A shard that has replayed the first `count` records, not loaded yet. */
  replayed(count = this.log.length): GroupShard {
    const shard = this.newShard();
    for (const record of this.log.slice(0, count)) shard.replay(record);
    return shard;
  }

  /** The coordinator moves: a fresh shard takes over from the log. Waiting calls are forgotten. */
  failOver(): void {
    this.shard = this.replayed();
    this.calls.clear();
    this.effects = [];
    this.shard.loaded(this.now(), this.outbox());
    this.carryOut();
  }

  /** Sends a command; the answer stands in the call once it is given. */
  send<K extends GroupCommandKind>(
    command: GroupExchanges[K]['command'] & { readonly kind: K },
    name = command.kind as string,
  ): Call<GroupExchanges[K]['response']> {
    const ticket = this.nextTicket;
    this.nextTicket += 1;
    const call: Call<GroupResponse> = { response: null };
    this.calls.set(ticket, { name, call });
    this.shard.decide(command, ticket, this.now(), this.outbox());
    this.carryOut();
    return call as Call<GroupExchanges[K]['response']>;
  }

  /** Sends a command that nobody waits for. */
  tell(command: GroupCommand): void {
    this.shard.decide(command, NO_TICKET, this.now(), this.outbox());
    this.carryOut();
  }

  /** Lets time pass, timer by timer. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.shard.nextDeadlineMs() <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.shard.nextDeadlineMs());
      this.shard.onTime(this.now(), this.outbox());
      this.carryOut();
    }
    this.nowMs = endMs;
    this.shard.onTime(this.now(), this.outbox());
    this.carryOut();
  }

  /** Answers an effect that waits (the oldest if not told), with the same code for every partition. */
  answerEffect(errorCode: number, index = 0): void {
    const [effect] = this.effects.splice(index, 1);
    if (effect === undefined) throw new Error('no effect waits');
    const results = effect.request.topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partition }) => ({ partition, errorCode, errorMessage: null })),
    }));
    const { groupId } = effect.request;
    if (effect.kind === 'initializeShareState')
      this.tell({ kind: 'shareStateInitialized', groupId, request: effect.request, response: { results } });
    else this.tell({ kind: 'shareStateDeleted', groupId, request: effect.request, response: { results } });
  }

  private carryOut(): void {
    while (this.shareStateCode !== null && this.effects.length > 0) this.answerEffect(this.shareStateCode);
  }

  private newShard(): GroupShard {
    return new GroupShard({ settings: this.settings, view: this.view, bugs: this.bugs });
  }

  private now(): { readonly monotonicMs: number; readonly wallMs: number } {
    return { monotonicMs: this.nowMs, wallMs: WALL_START_MS + this.nowMs };
  }

  private outbox(): Parameters<GroupShard['decide']>[3] {
    return {
      append: (record) => {
        this.log.push(record);
        this.events.push(`record ${describeRecord(record)}`);
        this.shard.replay(record);
      },
      reply: (ticket, response) => {
        if (ticket === NO_TICKET) return;
        const entry = this.calls.get(ticket);
        if (entry === undefined || entry.call.response !== null)
          throw new Error(`ticket ${ticket} was answered twice or never given`);
        entry.call.response = response;
        this.events.push(`reply ${entry.name} ${describeResponse(response)}`);
      },
      effect: (effect) => {
        this.effects.push(effect);
        this.events.push(`effect ${effect.kind} ${effect.request.groupId} ${describeTopics(effect.request.topics)}`);
      },
    };
  }
}

function describeTopics(
  topics: readonly {
    readonly topicId: string;
    readonly partitions: readonly { readonly partition: number; readonly startOffset?: number }[];
  }[],
): string {
  return topics
    .map(
      ({ topicId, partitions }) =>
        `${topicId}(${partitions.map(({ partition, startOffset }) => (startOffset === undefined ? partition : `${partition}@${startOffset}`)).join(',')})`,
    )
    .join(' ');
}

function describeRecord(bytes: CoordinatorRecord): string {
  const record = decodeGroupRecord(bytes);
  if (record === null) return 'unknown';
  const { kind, value, ...key } = record;
  return `${kind} ${Object.values(key).join(' ')} ${value === null ? 'tombstone' : describeResponse(value)}`;
}

/** JSON with bytes as text and without what says nothing. */
export function describeResponse(value: unknown): string {
  return JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key, field: unknown) {
    const bytes = this[key]; // `field` is what Buffer's toJSON made of it
    if (bytes instanceof Uint8Array) return new TextDecoder().decode(bytes);
    if (key === 'errorMessage' && field === null) return undefined;
    return field;
  });
}
