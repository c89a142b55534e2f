import { setTimeout as delay } from 'node:timers/promises';
import { type Driver, drive } from '../../broker/cli/client/drive.ts';
import { type ClientRuntime, createClientRuntime } from '../../broker/cli/client/runtime.ts';
import { createPrng, type Prng } from '../../broker/core/base/prng.ts';
import type { Address } from '../../broker/core/client/machine.ts';
import { Producer, type ProducerCommand, type ProducerEvent } from '../../broker/core/client/producer.ts';
import { Scanner, type ScannedRecord } from '../../broker/core/client/scanner.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { GiveUp, waitFor } from '../wire/harness/wait.ts';
import type { Acknowledged } from './history.ts';
import type { QuorumFleet } from './quorum-fleet.ts';
import { ShareAdmin } from './share-admin.ts';
import {
  type Deletion,
  type Delivery,
  judgeDeliveries,
  type Letter,
  type MemberEnd,
  type SentRecord,
  type ShareHistory,
  type ShareViolation,
  type Stretch,
} from './share-history.ts';
import { Lives } from './share-lives.ts';
import { ShareMember } from './share-member.ts';

/** What a load is made with. */
export interface ShareLoadOptions {
  readonly fleet: QuorumFleet;
  readonly seed: number;
  /** Whether members die, stand still and leave. */
  readonly isUnruly: boolean;
}

const TOPIC = 'jobs';
const LETTERS = 'dlq.jobs';
const GROUP = 'workers';
/** Of the last one records are deleted all the time; what comes of those of the others is known to the end. */
const PARTITIONS = 5;
const DELETED_PARTITION = PARTITIONS - 1;
/** Between two deletions, and how many of the newest records they leave: fewer than there are while somebody holds one for long. */
const DELETION_PAUSE_MS = 1_000;
const LEFT = { min: 10, max: 25 } as const;
const MEMBERS = 20;
/** Records a second. */
const RATE = 125;
const LOCK_MS = 2_000;
const LIMIT = 4;
const TICK_MS = 50;
/** Records that nobody confirmed yet; while there are more nothing is sent. */
const UNCONFIRMED_MAX = 1_000;
const DELIVERY_TIMEOUT_MS = 300_000;
/** Between two members that die, stand still or leave. */
const UNRULY_MS = { min: 200, max: 1_500 } as const;
const DRAIN_DEADLINE_MS = 180_000;
const REPLACE_MS = 500;

/** Settings of the brokers under this load: locks are short, and members that died are soon forgotten. */
export const SHARE_SETTINGS: Readonly<Record<string, string>> = {
  'group.share.min.record.lock.duration.ms': '1000',
  'group.share.min.session.timeout.ms': '1000',
  'group.share.session.timeout.ms': '8000',
  'group.share.min.heartbeat.interval.ms': '500',
  'group.share.heartbeat.interval.ms': '1500',
  'share.coordinator.state.topic.num.partitions': '4',
  'offsets.topic.num.partitions': '4',
};

/** A producer and twenty members of a share group in one process, each with connections of its own, and the history that they write down. */
export class ShareLoad {
  readonly #fleet: QuorumFleet;
  readonly #runtime: ClientRuntime = createClientRuntime();
  readonly #prng: Prng;
  readonly #admin: ShareAdmin;
  readonly #producer: Driver<ProducerCommand>;
  readonly #lives: Lives;
  readonly #members: ShareMember[] = [];
  readonly #sent: SentRecord[] = [];
  readonly #acknowledged: Acknowledged[] = [];
  readonly #deliveries: Delivery[] = [];
  readonly #ends: MemberEnd[] = [];
  readonly #strikes: Stretch[] = [];
  readonly #deletions: Deletion[] = [];
  readonly #deleting: Promise<void>;
  /** Offset of the newest confirmed record of that partition. */
  #lastDeletable = -1;
  readonly #ticking: NodeJS.Timeout;
  /** Confirmed records by partition. */
  readonly #confirmed = Array.from({ length: PARTITIONS }, () => 0);
  #accepted = 0;
  #tickedMs: number;
  #slackMs = 0;
  #isProducing = true;
  #isWild: boolean;
  #isOver = false;
  #failure: string | null = null;

  private constructor({ fleet, seed, isUnruly }: ShareLoadOptions, admin: ShareAdmin) {
    this.#fleet = fleet;
    this.#prng = createPrng(seed);
    this.#isWild = isUnruly;
    this.#admin = admin;
    this.#producer = drive(
      new Producer({
        ...this.#clientOptions('producer'),
        ...{ acks: -1, idempotent: true, lingerMs: 5, batchSizeMax: 16_384, bufferBytesMax: 1 << 20 },
        ...{ deliveryTimeoutMs: DELIVERY_TIMEOUT_MS, missingTopicMs: DELIVERY_TIMEOUT_MS, allowCreate: false, crc32c },
      }),
      this.#runtime,
      (event) => this.#produced(event),
    );
    this.#lives = new Lives({
      nodes: fleet.ids,
      ask: (node) => fleet.probe(node).topic(TOPIC),
      nowMs: () => this.nowMs,
    });
    for (let count = 0; count < MEMBERS; count += 1) this.#join();
    this.#tickedMs = this.nowMs;
    this.#ticking = setInterval(() => this.#runtime.post(() => this.#tick()), TICK_MS);
    this.#deleting = this.#deleteOften().catch((error: unknown) => this.#fail(String(error)));
    if (isUnruly) this.#disturbSoon();
  }

  /** Makes the topics and the group, and begins. */
  static async start(options: ShareLoadOptions): Promise<ShareLoad> {
    const { fleet } = options;
    const admin = new ShareAdmin(bootstrapOf(fleet));
    const size = { partitions: PARTITIONS, replicas: fleet.ids.length };
    await admin.createTopic(TOPIC, size, {});
    await admin.createTopic(LETTERS, size, { 'errors.deadletterqueue.group.enable': 'true' });
    await admin.configureGroup(GROUP, {
      'share.auto.offset.reset': 'earliest',
      'share.record.lock.duration.ms': String(LOCK_MS),
      'share.delivery.count.limit': String(LIMIT),
      'errors.deadletterqueue.topic.name': LETTERS,
    });
    return new ShareLoad(options, admin);
  }

  get nowMs(): number {
    return this.#runtime.clock.monotonicMs();
  }

  /** What was confirmed by partition, how often records came to members, and how many were accepted. Throws when a client has failed. */
  progress(): { readonly acknowledged: readonly number[]; readonly delivered: number; readonly accepted: number } {
    if (this.#failure !== null) throw new GiveUp(this.#failure);
    return { acknowledged: [...this.#confirmed], delivered: this.#deliveries.length, accepted: this.#accepted };
  }

  /** Does something to brokers, and notes from when to when. */
  async strike(act: () => Promise<void>): Promise<void> {
    const strike = { fromMs: this.nowMs, untilMs: Number.POSITIVE_INFINITY };
    this.#strikes.push(strike);
    try {
      await act();
    } finally {
      strike.untilMs = this.nowMs;
    }
  }

  /** The process of a broker is about to end. */
  nodeEnds(node: number): void {
    this.#lives.ended(node);
  }

  /** What is wrong with what was seen so far. */
  judgeSoFar(): readonly ShareViolation[] {
    return judgeDeliveries(this.#history());
  }

  /** Lets the group finish everything that was sent; what came of it all. */
  async finish(): Promise<ShareHistory> {
    this.#isWild = false;
    await this.#stopProducing();
    await this.#deleting;
    this.#runtime.post(() => {
      for (const member of this.#members) member.hurry();
    });
    await waitFor('the share group has finished everything', () => this.#isDrained(), {
      deadlineMs: DRAIN_DEADLINE_MS,
      pollMs: 250,
    });
    await this.#letAllLeave();
    const found = await this.#scan();
    const stored = found
      .filter(({ topic }) => topic === TOPIC)
      .map(({ partition, offset, value }) => ({ partition, offset, id: value?.toString('utf8') ?? '' }));
    const letters = found.filter(({ topic }) => topic === LETTERS).map(readLetter);
    return { ...this.#history(), acknowledged: this.#acknowledged, stored, letters };
  }

  /** Ends all clients, whatever they do. */
  async abandon(): Promise<void> {
    this.#isWild = false;
    this.#isProducing = false;
    this.#isOver = true;
    clearInterval(this.#ticking);
    this.#runtime.post(() => {
      for (const member of this.#members) member.die();
      this.#producer.send({ kind: 'close' });
    });
    this.#admin.close();
    await Promise.all([this.#lives.stop(), this.#deleting]);
  }

  #history(): Omit<ShareHistory, 'stored' | 'letters' | 'acknowledged'> {
    return {
      limit: LIMIT,
      slackMs: this.#slackMs,
      sent: this.#sent,
      deliveries: this.#deliveries,
      ends: this.#ends,
      strikes: this.#strikes,
      deletions: this.#deletions,
      lives: this.#lives.lives,
    };
  }

  #clientOptions(clientId: string) {
    return { bootstrap: bootstrapOf(this.#fleet), clientId, random: this.#runtime.random };
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
  }

  #join(): void {
    const fleet = this.#fleet;
    const portOf = (node: number): number => fleet.addressesOf(node).client.port;
    this.#members.push(
      new ShareMember({
        runtime: this.#runtime,
        prng: this.#prng,
        bootstrap: bootstrapOf(fleet),
        ...{ group: GROUP, topic: TOPIC, lockMs: LOCK_MS, portOf },
        nodeAt: (port) => fleet.ids.find((node) => portOf(node) === port) ?? null,
        deliveries: this.#deliveries,
        ends: this.#ends,
        accepted: () => {
          this.#accepted += 1;
        },
        fatal: (reason) => this.#fail(reason),
      }),
    );
  }

  /** Sends what is due, and learns how late this process may see things. */
  #tick(): void {
    const nowMs = this.nowMs;
    const passedMs = nowMs - this.#tickedMs;
    this.#tickedMs = nowMs;
    this.#slackMs = Math.max(this.#slackMs, passedMs);
    const dueCount = Math.ceil((Math.min(passedMs, 1_000) * RATE) / 1_000);
    for (let count = 0; count < dueCount; count += 1) {
      if (!this.#isProducing || this.#sent.length - this.#acknowledged.length >= UNCONFIRMED_MAX) return;
      const token = this.#sent.length;
      const partition = token % PARTITIONS;
      this.#sent.push({ id: String(token), partition, sentMs: nowMs });
      const record = { token, topic: TOPIC, partition, timestamp: this.#runtime.clock.wallMs(), key: null };
      this.#producer.send({ kind: 'produce', record: { ...record, value: Buffer.from(String(token)) } });
    }
  }

  #produced(event: ProducerEvent): void {
    if (event.kind === 'acknowledged') {
      const { partition, offset, token } = event;
      this.#acknowledged.push({ partition, offset, id: String(token) });
      this.#confirmed[partition] = (this.#confirmed[partition] ?? 0) + 1;
      if (partition === DELETED_PARTITION) this.#lastDeletable = Math.max(this.#lastDeletable, offset);
    } else if (event.kind === 'failed') this.#fail(`record ${event.token}: ${event.reason} (${event.code})`);
    else if (event.kind === 'refused') this.#fail(`record ${event.token} was not taken`);
  }

  /** While records are sent, those of one partition are deleted but for the newest: some that nobody has finished, too. */
  async #deleteOften(): Promise<void> {
    while (this.#isProducing && this.#failure === null) {
      await delay(DELETION_PAUSE_MS);
      const left = LEFT.min + this.#prng.below(LEFT.max - LEFT.min);
      const before = this.#lastDeletable + 1 - left;
      if (before <= (this.#deletions.at(-1)?.before ?? 0)) continue;
      const deletion = { partition: DELETED_PARTITION, before, sentMs: this.nowMs, atMs: Number.POSITIVE_INFINITY };
      this.#deletions.push(deletion);
      await this.#delete(before);
      deletion.atMs = this.nowMs;
    }
  }

  /** Asks every broker in turn until the leader says that it is done. */
  async #delete(before: number): Promise<void> {
    const place = { topic: TOPIC, partition: DELETED_PARTITION, before };
    await waitFor(
      `records below ${before} are deleted`,
      async () => {
        if (this.#isOver) return true;
        const asked = await Promise.allSettled(this.#fleet.ids.map((id) => this.#fleet.probe(id).deleteRecords(place)));
        return asked.some(({ status }) => status === 'fulfilled');
      },
      { deadlineMs: DRAIN_DEADLINE_MS, pollMs: 100 },
    );
  }

  /** Again and again a member dies, stands still or leaves, and another one comes. */
  #disturbSoon(): void {
    const { timers } = this.#runtime;
    timers.after(UNRULY_MS.min + this.#prng.below(UNRULY_MS.max - UNRULY_MS.min), () => {
      if (!this.#isWild) return;
      const awake = this.#members.filter((member) => !member.isStill && !member.isOver);
      const member = awake[this.#prng.below(Math.max(1, awake.length))];
      const dice = this.#prng.below(10);
      if (member !== undefined && dice < 5) {
        member.freeze();
        timers.after(LOCK_MS + this.#prng.below(LOCK_MS), () => member.thaw());
      } else if (member !== undefined) {
        if (dice < 8) member.die();
        else member.leave();
        this.#members.splice(this.#members.indexOf(member), 1);
        timers.after(REPLACE_MS, () => {
          if (this.#isWild) this.#join();
        });
      }
      this.#disturbSoon();
    });
  }

  async #stopProducing(): Promise<void> {
    this.#isProducing = false;
    await waitFor('everything sent is confirmed', () => this.#sent.length === this.#acknowledged.length, {
      deadlineMs: DRAIN_DEADLINE_MS,
    });
    this.#runtime.post(() => this.#producer.send({ kind: 'close' }));
  }

  async #isDrained(): Promise<boolean> {
    if (this.#failure !== null) throw new GiveUp(this.#failure);
    return (await this.#admin.lag(GROUP, TOPIC, PARTITIONS)) === 0;
  }

  async #letAllLeave(): Promise<void> {
    this.#runtime.post(() => {
      for (const member of this.#members) member.leave();
    });
    await waitFor('members have left', () => this.#members.every((member) => member.isOver));
  }

  /** Every record of both topics. */
  #scan(): Promise<readonly ScannedRecord[]> {
    const scanner = new Scanner({
      ...this.#clientOptions('scan'),
      ...{ topics: [TOPIC, LETTERS], isolationLevel: 0, maxWaitMs: 100, crc32c },
    });
    return new Promise((resolve, reject) => {
      const found: ScannedRecord[] = [];
      drive(scanner, this.#runtime, (event) => {
        if (event.kind === 'records') found.push(...event.records);
        else if (event.kind === 'done') resolve(found);
        else if (event.kind === 'fatal') reject(new Error(event.reason));
      });
    });
  }
}

function bootstrapOf(fleet: QuorumFleet): readonly Address[] {
  return fleet.ids.map((id) => fleet.addressesOf(id).client);
}

/** Which record a dead letter is about (KIP-1191). */
function readLetter({ headers }: ScannedRecord): Letter {
  const header = (name: string): string =>
    Buffer.from(headers.find(({ key }) => key === `__dlq.errors.${name}`)?.value ?? []).toString('utf8');
  const isOurs = header('topic') === TOPIC && header('group') === GROUP;
  return {
    partition: isOurs ? Number(header('partition')) : -1,
    offset: Number(header('offset')),
    count: Number(header('delivery.count')),
  };
}
