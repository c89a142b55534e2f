import { type Driver, type DriverPorts, drive } from '../../broker/cli/client/drive.ts';
import { type ClientRuntime, createMemberId } from '../../broker/cli/client/runtime.ts';
import type { Prng } from '../../broker/core/base/prng.ts';
import type { Address } from '../../broker/core/client/machine.ts';
import { ShareConsumer } from '../../broker/core/client/share-consumer.ts';
import {
  Acknowledgement,
  type AcknowledgementType,
  type ShareConsumerCommand,
  type ShareConsumerEvent,
  type ShareRecord,
} from '../../broker/core/client/share-types.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import type { TimerHandle } from '../../broker/ports/clock.ts';
import type { Net, NetConnection } from '../../broker/ports/net.ts';
import type { Answer, Delivery, MemberEnd, Said } from './share-history.ts';

/** Where members work, and where they write down what they see. */
export interface MemberWorld {
  readonly runtime: ClientRuntime;
  readonly prng: Prng;
  readonly bootstrap: readonly Address[];
  readonly group: string;
  readonly topic: string;
  readonly lockMs: number;
  /** Which broker listens at a port; null: none. */
  readonly nodeAt: (port: number) => number | null;
  readonly portOf: (node: number) => number;
  readonly deliveries: Delivery[];
  readonly ends: MemberEnd[];
  /** A record is accepted. */
  readonly accepted: () => void;
  /** Something after which no member can go on. */
  readonly fatal: (reason: string) => void;
}

type Open<T extends Said = Said> = { -readonly [Key in keyof T]: T[Key] };
/** A delivery whose answer is still to come. */
type Noted = Omit<Delivery, 'answer' | 'renewals'> & { readonly renewals: Open[]; answer: Open<Answer> | null };
/** What a member does with a record: it works for so long, renewing its lock meanwhile or not, then says so. */
interface Plan {
  readonly verdict: Answer['verdict'];
  readonly workMs: number;
  readonly renews: boolean;
}

const HELD_MAX = 8;
const HASTY_HELD_MAX = 50;
const MAX_WAIT_MS = 300;
const CLOSE_TIMEOUT_MS = 2_000;
/** Longer than a member stands still, and a fetch takes. */
const UNSEEN_MS_MAX = 10_000;
const WORK_MS_MAX = 200;
/** Until it looks again whether it was told of its renewal. */
const RETRY_MS = 20;
/** Of a hundred records; what is late comes when its lock has ended, and so does what is renewed, but that is held. */
const PERCENT = { released: 8, rejected: 3, late: 2, renewed: 3 } as const;
/** Renewals within the time of a lock. */
const RENEWALS_PER_LOCK = 3;
/** Every so many records one is poison: it is given back until it is dead. */
const POISON_EVERY = 40;

/** One member of a share group with connections of its own, which may die, stand still and leave. */
export class ShareMember {
  readonly id = createMemberId();
  readonly #world: MemberWorld;
  readonly #driver: Driver<ShareConsumerCommand>;
  readonly #connections = new Map<NetConnection, number>();
  /** When the last fetch left, by port. */
  readonly #fetchedMs = new Map<number, number>();
  /** The last delivery of each record. */
  readonly #held = new Map<string, Noted>();
  /** Acknowledgements that wait for what comes of them. */
  readonly #open = new Map<string, { readonly noted: Noted; readonly said: Open }[]>();
  readonly #timers = new Set<TimerHandle>();
  /** What happened while it stood still. */
  #missed: (() => void)[] | null = null;
  #isHasty = false;
  #isLeaving = false;
  #isOver = false;

  constructor(world: MemberWorld) {
    this.#world = world;
    const { bootstrap, group: groupId, topic, runtime } = world;
    const consumer = new ShareConsumer({
      bootstrap,
      clientId: this.id,
      random: runtime.random,
      groupId,
      memberId: this.id,
      topics: [topic],
      rack: null,
      maxWaitMs: MAX_WAIT_MS,
      want: HELD_MAX,
      closeTimeoutMs: CLOSE_TIMEOUT_MS,
      crc32c,
    });
    this.#driver = drive(consumer, this.#ports(), (event) => this.#take(event));
  }

  /** It takes nothing any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get isStill(): boolean {
    return this.#missed !== null;
  }

  /** Its process is killed: nobody hears what was on its way. */
  die(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended(null);
    for (const connection of this.#connections.keys()) connection.close({ flush: false });
    this.#cancelTimers();
  }

  /** Its process stands still: its connections stay. */
  freeze(): void {
    this.#missed ??= [];
  }

  thaw(): void {
    const missed = this.#missed ?? [];
    this.#missed = null;
    for (const one of missed) if (!this.#isOver) one();
  }

  /** It gives back what it has and leaves its group. */
  leave(): void {
    if (this.#isOver || this.#isLeaving) return;
    this.#isLeaving = true;
    this.#ended(null);
    this.#driver.send({ kind: 'close' });
  }

  /** From now on it accepts everything at once, but what is poison. */
  hurry(): void {
    this.thaw();
    this.#isHasty = true;
    if (!this.#isOver && !this.#isLeaving) this.#driver.send({ kind: 'want', count: HASTY_HELD_MAX });
  }

  describe(): string {
    return this.#driver.describe();
  }

  get #nowMs(): number {
    return this.#world.runtime.clock.monotonicMs();
  }

  /** Does it now, or when it goes on. */
  #soon(action: () => void): void {
    if (this.#isOver) return;
    if (this.#missed === null) action();
    else this.#missed.push(action);
  }

  #ended(port: number | null): void {
    const { nodeAt, ends } = this.#world;
    const atMs = this.#nowMs;
    const fetched = port === null ? [...this.#fetchedMs.values()] : [this.#fetchedMs.get(port) ?? atMs];
    const sinceMs = Math.max(Math.min(atMs, ...fetched), atMs - UNSEEN_MS_MAX);
    ends.push({ member: this.id, node: port === null ? null : nodeAt(port), sinceMs, atMs });
  }

  #take(event: ShareConsumerEvent): void {
    switch (event.kind) {
      case 'records':
        for (const record of event.records) this.#delivered(record, event.node, event.lockTimeoutMs);
        break;
      case 'settled':
        this.#settled(event);
        break;
      case 'trouble':
        // Maybe of a session: with it what is held ends.
        this.#ended(null);
        break;
      case 'fatal':
        this.#world.fatal(`${this.id}: ${event.reason} (${event.code})`);
        break;
      case 'closed':
        this.#isOver = true;
        this.#cancelTimers();
        break;
      case 'joined':
      case 'assigned':
        break;
    }
  }

  #delivered(record: ShareRecord, node: number, lockMs: number): void {
    const { portOf, deliveries } = this.#world;
    const { partition, offset, deliveryCount: count } = record;
    const askedMs = this.#fetchedMs.get(portOf(node)) ?? 0;
    const id = record.value?.toString('utf8') ?? '';
    const what = { member: this.id, node, partition, offset, id, count };
    const noted: Noted = { ...what, askedMs, atMs: this.#nowMs, lockMs, renewals: [], answer: null };
    deliveries.push(noted);
    this.#held.set(keyOf(record), noted);
    this.#work(noted, this.#decide(Number(id) % POISON_EVERY === 0));
  }

  #decide(isPoison: boolean): Plan {
    const { prng, lockMs } = this.#world;
    if (this.#isHasty) return { verdict: isPoison ? 'reject' : 'accept', workMs: 0, renews: false };
    const soon = { workMs: prng.below(WORK_MS_MAX), renews: false };
    const long = { workMs: lockMs + prng.below(lockMs) };
    const dice = prng.below(100);
    const { released, rejected, late, renewed } = PERCENT;
    if (dice < late) return { verdict: 'accept', ...long, renews: false };
    if (dice < late + renewed) return { verdict: isPoison ? 'release' : 'accept', ...long, renews: true };
    if (isPoison) return { verdict: 'release', ...soon };
    if (dice >= 100 - released) return { verdict: 'release', ...soon };
    return { verdict: dice >= 100 - released - rejected ? 'reject' : 'accept', ...soon };
  }

  /** One record is worked on until it is answered, or not this member's any more. */
  #work(noted: Noted, { verdict, workMs, renews }: Plan): void {
    const pauseMs = Math.floor(this.#world.lockMs / RENEWALS_PER_LOCK);
    if (!renews || workMs <= pauseMs) {
      this.#after(workMs, () => this.#answer(noted, verdict));
      return;
    }
    this.#after(pauseMs, () => {
      this.#renew(noted);
      this.#work(noted, { verdict, workMs: workMs - pauseMs, renews });
    });
  }

  #answer(noted: Noted, verdict: Answer['verdict']): void {
    if (!this.#mayAnswer(noted)) return;
    // What it says while nothing is known of its last renewal its consumer would not send.
    if (noted.renewals.some((one) => this.#isOpen(noted, one))) {
      this.#after(RETRY_MS, () => this.#answer(noted, verdict));
      return;
    }
    noted.answer = { ...this.#nowSaid(), verdict };
    this.#say(noted, noted.answer, Acknowledgement[verdict]);
  }

  #renew(noted: Noted): void {
    if (!this.#mayAnswer(noted) || noted.renewals.some((one) => this.#isOpen(noted, one))) return;
    const said = this.#nowSaid();
    noted.renewals.push(said);
    this.#say(noted, said, Acknowledgement.renew);
  }

  #mayAnswer(noted: Noted): boolean {
    return !this.#isLeaving && this.#held.get(keyOf(noted)) === noted;
  }

  #isOpen(noted: Noted, said: Open): boolean {
    return (this.#open.get(keyOf(noted)) ?? []).some((one) => one.said === said);
  }

  #nowSaid(): Open {
    return { sentMs: this.#nowMs, atMs: Number.POSITIVE_INFINITY, outcome: 'unknown' };
  }

  #say(noted: Noted, said: Open, type: AcknowledgementType): void {
    const key = keyOf(noted);
    this.#open.set(key, [...(this.#open.get(key) ?? []), { noted, said }]);
    const { partition, offset } = noted;
    this.#driver.send({ kind: 'acknowledge', topic: this.#world.topic, partition, offset, type });
  }

  #settled(event: Extract<ShareConsumerEvent, { kind: 'settled' }>): void {
    const key = keyOf(event);
    const [first, ...more] = this.#open.get(key) ?? [];
    if (more.length === 0) this.#open.delete(key);
    else this.#open.set(key, more);
    if (first === undefined) return;
    const { noted, said } = first;
    const isDone = event.code === ErrorCode.NONE;
    const isHeld = isDone && event.type === Acknowledgement.renew;
    if (!isHeld && this.#held.get(key) === noted) this.#held.delete(key);
    said.atMs = this.#nowMs;
    if (isDone) said.outcome = 'done';
    else said.outcome = event.certain ? 'refused' : 'unknown';
    if (isDone && event.type === Acknowledgement.accept) this.#world.accepted();
  }

  /** The runtime's, but that nothing reaches a member that is dead or stands still. */
  #ports(): DriverPorts {
    const { clock, compression, net } = this.#world.runtime;
    return {
      clock,
      compression,
      timers: { after: (delayMs, callback) => this.#after(delayMs, callback) },
      net: this.#net(net),
    };
  }

  #cancelTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /** Its timers end with it. */
  #after(delayMs: number, callback: () => void): TimerHandle {
    if (this.#isOver) return { cancel: () => undefined };
    const timer = this.#world.runtime.timers.after(delayMs, () => {
      this.#timers.delete(timer);
      this.#soon(callback);
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  #net(net: Net): Net {
    return {
      listen: (...args) => net.listen(...args),
      dial: (address, handlers, done) => {
        const { port } = address;
        const held: NetConnection[] = [];
        const heard = {
          onData: (bytes: Uint8Array) => this.#soon(() => handlers.onData(bytes)),
          onDrain: () => this.#soon(() => handlers.onDrain()),
          onClose: (reason: string) => {
            for (const connection of held) this.#forget(connection);
            this.#soon(() => handlers.onClose(reason));
          },
        };
        net.dial(address, heard, (failure, connection) => {
          if (connection === null) {
            this.#soon(() => done(failure, null));
            return;
          }
          if (this.#isOver) connection.close({ flush: false });
          held.push(connection);
          this.#connections.set(connection, port);
          this.#soon(() => done(null, this.#tapped(connection, port)));
        });
      },
    };
  }

  /** The connection is gone, however it ended. */
  #forget(connection: NetConnection): void {
    const port = this.#connections.get(connection);
    if (this.#connections.delete(connection) && port !== undefined && !this.#isOver) this.#ended(port);
  }

  #tapped(connection: NetConnection, port: number): NetConnection {
    const { remoteAddress, remotePort } = connection;
    return {
      remoteAddress,
      remotePort,
      write: (chunks) => {
        const [first] = chunks;
        // Size, then the API key: int32, int16.
        const apiKey = ((first?.[4] ?? 0) << 8) | (first?.[5] ?? 0);
        if (apiKey === ApiKey.ShareFetch) this.#fetchedMs.set(port, this.#nowMs);
        connection.write(chunks);
      },
      unsentBytes: () => connection.unsentBytes(),
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      close: (options) => {
        this.#forget(connection);
        connection.close(options);
      },
    };
  }
}

function keyOf({ partition, offset }: { readonly partition: number; readonly offset: number }): string {
  return `${partition}:${offset}`;
}
