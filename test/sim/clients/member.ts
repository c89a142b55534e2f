import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';
import { ShareConsumer } from '../../../broker/core/client/share-consumer.ts';
import {
  Acknowledgement,
  type AcknowledgementType,
  type ShareConsumerCommand,
  type ShareConsumerEvent,
  type ShareRecord,
} from '../../../broker/core/client/share-types.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import { SimClient } from '../client.ts';
import type { Holding, Verdict } from '../history.ts';
import type { GroupPlan, MemberPlan } from '../plan.ts';
import type { Served, Stage } from '../stage.ts';

/** Longest time between the moment when a lock ended and when the broker must have noticed, ms. */
const EXPIRY_SLACK_MS = 50;

/** Records that a member in a hurry takes at a time. */
const HASTY_COUNT = 100;

interface Held extends Holding {
  /** Whom it has them from. */
  readonly node: number;
  /** −1: not acknowledged. */
  sentMs: number;
  verdict: Verdict;
}

type Settled = Extract<ShareConsumerEvent, { readonly kind: 'settled' }>;
type Brought = Extract<ShareConsumerEvent, { readonly kind: 'records' }>;

/** A member of a share group: takes records, works on each for a while, says what its plan's dice say. */
export class SimMember {
  readonly id: string;
  readonly group: string;
  /** Reasons for which it can't go on. */
  readonly fatals: string[] = [];
  readonly #stage: Stage<Served>;
  readonly #plan: MemberPlan;
  readonly #prng;
  /** How much faster or slower than the world's the clocks of brokers may be, as a part of one. */
  readonly #driftMax: number;
  readonly #client: SimClient<ShareConsumerCommand, ShareConsumerEvent>;
  readonly #held = new Map<string, Held>();
  #isHasty = false;
  #isClosed = false;

  constructor(stage: Stage<Served>, group: GroupPlan, plan: MemberPlan, driftMax = 0) {
    this.#driftMax = driftMax;
    this.#stage = stage;
    this.#plan = plan;
    this.#prng = stage.fork();
    this.group = group.id;
    this.id = `m-${this.#prng.uint32().toString(36)}`;
    const machine = new ShareConsumer({
      bootstrap: stage.node.bootstrap,
      clientId: this.id,
      random: stage.fork(),
      requestTimeoutMs: 4000,
      groupId: group.id,
      memberId: this.id,
      topics: group.topics,
      rack: null,
      maxWaitMs: plan.maxWaitMs,
      want: plan.wantCount,
      closeTimeoutMs: 2000,
      crc32c,
    });
    this.#client = new SimClient(stage.world, stage.network, machine, {
      name: this.id,
      onEvent: (event) => this.#take(event),
      onDisconnect: (address) => this.#gone(address),
    });
  }

  /** It takes nothing any more. */
  get isOver(): boolean {
    return this.#client.isDead || this.#isClosed;
  }

  /** From now on it accepts everything at once. */
  hurry(): void {
    this.#isHasty = true;
    this.#client.send({ kind: 'want', count: HASTY_COUNT });
  }

  cut(): void {
    this.#client.cut();
  }

  die(): void {
    if (this.isOver) return;
    this.#gone(null);
    this.#leaveOpen();
    this.#client.die();
  }

  close(): void {
    if (this.isOver) return;
    this.#gone(null);
    this.#client.send({ kind: 'close' });
  }

  describe(): string {
    return `${this.group}/${this.id}: ${this.#client.describe()}`;
  }

  /** Nobody will hear what became of the acknowledgements that are under way. */
  #leaveOpen(): void {
    const atMs = this.#stage.world.nowMs;
    for (const { group, member, place, sentMs, verdict } of this.#held.values()) {
      if (sentMs >= 0) this.#stage.note({ kind: 'unsettled', atMs, group, member, place, verdict });
    }
    this.#held.clear();
  }

  /** The connection to an address ended, or all of them. */
  #gone(address: string | null): void {
    const { world, node } = this.#stage;
    const cause = node.runs(address) ? 'connection' : 'node';
    const who = { group: this.group, member: this.id, node: address === null ? null : node.idAt(address) };
    this.#stage.note({ kind: 'member-gone', atMs: world.nowMs, ...who, cause });
  }

  #take(event: ShareConsumerEvent): void {
    switch (event.kind) {
      case 'records':
        for (const record of event.records) this.#delivered(record, event);
        break;
      case 'settled':
        this.#settled(event);
        break;
      case 'closed':
        this.#isClosed = true;
        this.#leaveOpen();
        break;
      case 'fatal':
        this.fatals.push(`${this.group}/${this.id}: ${event.reason} (${event.code})`);
        break;
      default:
        this.#stage.world.trace(`${this.id} ${JSON.stringify(event)}`);
    }
  }

  #delivered(record: ShareRecord, { node, lockTimeoutMs }: Pick<Brought, 'node' | 'lockTimeoutMs'>): void {
    const { world } = this.#stage;
    const value = this.#stage.readValue(record.value);
    const label = this.#stage.labelOf(value);
    const place = { topic: label, partition: record.partition, offset: record.offset };
    const held: Held = { group: this.group, member: this.id, place, node, sentMs: -1, verdict: 'accept' };
    const askedMs = this.#client.lastSentMs(ApiKey.ShareFetch, this.#stage.node.addressOf(node));
    this.#held.set(keyOf(record), held);
    this.#stage.note({
      kind: 'delivered',
      atMs: world.nowMs,
      askedMs,
      node,
      value,
      group: this.group,
      member: this.id,
      place,
      untilMs: askedMs + lockTimeoutMs * (1 - this.#driftMax),
      expiredMs: world.nowMs + lockTimeoutMs * (1 + this.#driftMax) + EXPIRY_SLACK_MS,
      deliveryCount: record.deliveryCount,
    });
    const workMs = this.#isHasty ? 0 : this.#prng.below(this.#plan.workMaxMs + 1);
    world.schedule(workMs, () => this.#acknowledge(record, held, this.#isHasty ? 'accept' : this.#decide()));
  }

  #decide(): Verdict {
    const dice = this.#prng.below(100);
    if (dice < this.#plan.releasePercent) return 'release';
    return dice < this.#plan.releasePercent + this.#plan.rejectPercent ? 'reject' : 'accept';
  }

  #acknowledge(record: ShareRecord, held: Held, verdict: Verdict): void {
    if (this.isOver || this.#held.get(keyOf(record)) !== held) return;
    const { group, member, place } = held;
    held.sentMs = this.#stage.world.nowMs;
    held.verdict = verdict;
    this.#stage.note({ kind: 'giving-up', atMs: held.sentMs, group, member, place, verdict });
    const { topic, partition, offset } = record;
    this.#client.send({ kind: 'acknowledge', topic, partition, offset, type: Acknowledgement[verdict] });
  }

  #settled(event: Settled): void {
    const key = keyOf(event);
    const held = this.#held.get(key);
    const verdict = verdictOf(event.type);
    if (held === undefined || verdict === null) return;
    this.#held.delete(key);
    const { group, member, place, node, sentMs } = held;
    const atMs = this.#stage.world.nowMs;
    if (event.code === ErrorCode.NONE) {
      this.#stage.note({ kind: 'settled', atMs, sentMs, node, group, member, place, verdict });
    } else if (!event.certain) this.#stage.note({ kind: 'unsettled', atMs, group, member, place, verdict });
    else this.#stage.world.trace(`${member} may not ${verdict} ${key}: ${event.code}`);
  }
}

function keyOf(record: { readonly topic: string; readonly partition: number; readonly offset: number }): string {
  return `${record.topic}-${record.partition}@${record.offset}`;
}

function verdictOf(type: AcknowledgementType): Verdict | null {
  switch (type) {
    case Acknowledgement.accept:
      return 'accept';
    case Acknowledgement.release:
      return 'release';
    case Acknowledgement.reject:
      return 'reject';
    default:
      return null;
  }
}
