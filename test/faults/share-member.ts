import { type Driver, type DriverPorts, drive } from '../../broker/cli/client/drive.ts';
import { type ClientRuntime, createMemberId } from '../../broker/cli/client/runtime.ts';
import type { Prng } from '../../broker/core/base/prng.ts';
import type { Address } from '../../broker/core/client/machine.ts';
import { ShareConsumer } from '../../broker/core/client/share-consumer.ts';
import {
  Acknowledgement,
  type ShareConsumerCommand,
  type ShareConsumerEvent,
  type ShareRecord,
} from '../../broker/core/client/share-types.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import type { TimerHandle } from '../../broker/ports/clock.ts';
import type { Net, NetConnection } from '../../broker/ports/net.ts';
import type { Answer, Delivery, MemberEnd } from './share-history.ts';

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

/** A delivery whose answer is still to come. */
type Noted = { -readonly [Key in keyof Omit<Delivery, 'answer'>]: Delivery[Key] } & { answer: Open | null };
type Open = { -readonly [Key in keyof Answer]: Answer[Key] };

const HELD_MAX = 8;
const HASTY_HELD_MAX = 50;
const MAX_WAIT_MS = 300;
const CLOSE_TIMEOUT_MS = 2_000;
/** Longer than a member stands still, and a fetch takes. */
const UNSEEN_MS_MAX = 10_000;
const WORK_MS_MAX = 200;
/** Of a hundred records; what is late comes when its lock has ended. */
const PERCENT = { released: 8, rejected: 3, late: 2 } as const;
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
  readonly #open = new Map<string, Noted[]>();
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
    const noted: Noted = { ...what, askedMs, atMs: this.#nowMs, lockMs, answer: null };
    deliveries.push(noted);
    this.#held.set(keyOf(record), noted);
    const { verdict, workMs } = this.#decide(Number(id) % POISON_EVERY === 0);
    this.#after(workMs, () => this.#answer(noted, verdict));
  }

  #decide(isPoison: boolean): { readonly verdict: Answer['verdict']; readonly workMs: number } {
    const { prng, lockMs } = this.#world;
    if (this.#isHasty) return { verdict: isPoison ? 'reject' : 'accept', workMs: 0 };
    const workMs = prng.below(WORK_MS_MAX);
    const dice = prng.below(100);
    if (dice < PERCENT.late) return { verdict: 'accept', workMs: lockMs + prng.below(lockMs) };
    if (isPoison) return { verdict: 'release', workMs };
    const { released, rejected } = PERCENT;
    if (dice >= 100 - released) return { verdict: 'release', workMs };
    return { verdict: dice >= 100 - released - rejected ? 'reject' : 'accept', workMs };
  }

  #answer(noted: Noted, verdict: Answer['verdict']): void {
    const key = keyOf(noted);
    if (this.#isLeaving || this.#held.get(key) !== noted) return;
    noted.answer = { verdict, sentMs: this.#nowMs, atMs: Number.POSITIVE_INFINITY, outcome: 'unknown' };
    this.#open.set(key, [...(this.#open.get(key) ?? []), noted]);
    const { partition, offset } = noted;
    const { topic } = this.#world;
    this.#driver.send({ kind: 'acknowledge', topic, partition, offset, type: Acknowledgement[verdict] });
  }

  #settled(event: Extract<ShareConsumerEvent, { kind: 'settled' }>): void {
    const key = keyOf(event);
    const [noted, ...more] = this.#open.get(key) ?? [];
    if (more.length === 0) this.#open.delete(key);
    else this.#open.set(key, more);
    if (noted === undefined) return;
    if (this.#held.get(key) === noted) this.#held.delete(key);
    if (noted.answer === null) return;
    noted.answer.atMs = this.#nowMs;
    if (event.code === ErrorCode.NONE) {
      noted.answer.outcome = 'done';
      if (noted.answer.verdict === 'accept') this.#world.accepted();
    } else noted.answer.outcome = event.certain ? 'refused' : 'unknown';
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
