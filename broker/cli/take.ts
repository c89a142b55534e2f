import { ShareConsumer } from '../core/client/share-consumer.ts';
import {
  Acknowledgement,
  type AcknowledgementType,
  type ShareConsumerCommand,
  type ShareConsumerEvent,
  type ShareRecord,
} from '../core/client/share-types.ts';
import { ErrorCode, errorName } from '../core/protocol/errors.ts';
import { crc32c } from '../io/crc32c.ts';
import type { TimerHandle } from '../ports/clock.ts';
import { type Driver, drive } from './client/drive.ts';
import { createClientRuntime, createMemberId } from './client/runtime.ts';
import { UserFault, usageFault } from './fault.ts';
import { bootstrapFlag, numberFlag, parseFlags } from './flags.ts';
import { Reach } from './reach.ts';
import type { RunVerb, Terminal } from './verb.ts';
import { helpOf } from './verbs.ts';

const MAX_WAIT_MS = 500;
const RECORDS_HELD_MAX = 500;
const WORK_RECORDS_HELD_MAX = 5;
const CLOSE_TIMEOUT_MS = 5_000;
/** A broker that has said nothing for so long, ms, may be gone without a word: twice as long as a fetch waits. */
const SILENCE_MS = 1_000;

const ACK_TYPES: ReadonlyMap<string, AcknowledgementType> = new Map([
  ['accept', Acknowledgement.accept],
  ['release', Acknowledgement.release],
  ['reject', Acknowledgement.reject],
]);

interface TakeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly bootstrap: string;
  readonly type: AcknowledgementType;
  readonly max: number;
  readonly idleMs: number;
  readonly workMs: number;
  readonly json: boolean;
}

type Place = Pick<ShareRecord, 'topic' | 'partition' | 'offset'> &
  Partial<Pick<ShareRecord, 'deliveryCount' | 'value'>>;

/** `weir take`: a member of a share group that prints each record and then acknowledges it. */
export const runTake: RunVerb = async (args, terminal) => {
  const flags = parseFlags('take', helpOf('take').flags, args);
  const [groupId, ...surplus] = flags.positionals;
  if (groupId === undefined) throw usageFault('take', 'name the share group to take from');
  if (surplus.length > 0) throw usageFault('take', `one group only, not also ${surplus.join(' ')}`);
  const topics = flags.texts('topic');
  if (topics.length === 0) throw usageFault('take', 'name a topic with --topic');
  const ack = flags.text('ack') ?? 'accept';
  const type = ACK_TYPES.get(ack);
  if (type === undefined)
    throw usageFault('take', `--ack must be accept, release or reject, not ${JSON.stringify(ack)}`);
  const number = (name: string, unset: number, max: number): number => {
    const text = flags.text(name);
    return text === undefined ? unset : numberFlag('take', name, text, { min: name === 'work' ? 0 : 1, max });
  };
  const take = new Take(
    {
      groupId,
      topics,
      bootstrap: flags.text('bootstrap') ?? '127.0.0.1:9092',
      type,
      max: number('max', Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER),
      idleMs: number('idle', Number.POSITIVE_INFINITY, 1_000_000) * 1_000,
      workMs: number('work', 0, 600_000),
      json: flags.has('json'),
    },
    terminal,
  );
  return take.run();
};

class Take {
  readonly #options: TakeOptions;
  readonly #terminal: Terminal;
  readonly #runtime = createClientRuntime();
  readonly #driver: Driver<ShareConsumerCommand>;
  readonly #reach: Reach;
  #queue: ShareRecord[] = [];
  #working = false;
  #settled = 0;
  #closing = false;
  #failure: string | null = null;
  #idle: TimerHandle | null = null;
  #finish: () => void = () => undefined;

  constructor(options: TakeOptions, terminal: Terminal) {
    this.#options = options;
    this.#terminal = terminal;
    this.#reach = new Reach(options.bootstrap, this.#runtime.clock);
    const consumer = new ShareConsumer({
      bootstrap: bootstrapFlag('take', options.bootstrap),
      clientId: 'weir-take',
      random: this.#runtime.random,
      groupId: options.groupId,
      memberId: createMemberId(),
      topics: options.topics,
      rack: null,
      maxWaitMs: MAX_WAIT_MS,
      // Who pretends to work holds few records, as a worker would.
      want: options.workMs > 0 ? WORK_RECORDS_HELD_MAX : RECORDS_HELD_MAX,
      limit: options.max,
      closeTimeoutMs: CLOSE_TIMEOUT_MS,
      silenceMs: SILENCE_MS,
      crc32c,
    });
    this.#driver = drive(consumer, this.#runtime, (event) => {
      this.#handle(event);
    });
  }

  async run(): Promise<number> {
    const done = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const stop = (): void => {
      this.#runtime.post(() => {
        this.#close();
      });
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    this.#armIdle();
    await done;
    process.removeListener('SIGINT', stop);
    process.removeListener('SIGTERM', stop);
    this.#idle?.cancel();
    const verb =
      this.#options.type === Acknowledgement.accept
        ? 'acknowledged'
        : this.#options.type === Acknowledgement.release
          ? 'released'
          : 'rejected';
    if (this.#failure !== null) throw new UserFault(this.#failure);
    this.#terminal.note(`weir: ${this.#settled} record${this.#settled === 1 ? '' : 's'} ${verb}`);
    return 0;
  }

  #handle(event: ShareConsumerEvent): void {
    switch (event.kind) {
      case 'records':
        this.#reach.reached();
        this.#armIdle();
        for (const record of event.records) {
          this.#print('delivered', record);
          this.#queue.push(record);
        }
        this.#next();
        break;
      case 'settled':
        this.#settle(event);
        break;
      case 'assigned':
        this.#reach.reached();
        if (this.#options.json) this.#terminal.out(JSON.stringify({ event: 'assigned', partitions: event.partitions }));
        break;
      case 'joined':
        this.#reach.reached();
        break;
      case 'trouble':
        this.#trouble(event.reason);
        break;
      case 'fatal':
        this.#failure ??= `group ${this.#options.groupId}: ${event.reason}`;
        this.#close();
        break;
      case 'closed':
        this.#finish();
        break;
    }
  }

  #settle(event: Extract<ShareConsumerEvent, { kind: 'settled' }>): void {
    const where = { topic: event.topic, partition: event.partition, offset: event.offset };
    if (event.code === ErrorCode.NONE) {
      this.#settled += 1;
      this.#print('acknowledged', where);
    } else {
      this.#driver.send({ kind: 'more', count: 1 });
      this.#print('not-acknowledged', where, { error: errorName(event.code), certain: event.certain });
      const result = event.certain ? 'was not acknowledged' : 'may not have been acknowledged';
      if (!this.#options.json)
        this.#terminal.note(
          `weir: ${event.topic}-${event.partition} offset ${event.offset} ${result}: ${errorName(event.code)}`,
        );
    }
    if (this.#settled >= this.#options.max) this.#close();
    else this.#next();
  }

  /** Works on the next record: prints it, waits, acknowledges. Without pretended work all at once. */
  #next(): void {
    while (!this.#working && !this.#closing) {
      const record = this.#queue.shift();
      if (record === undefined) return;
      if (this.#options.workMs === 0) {
        this.#acknowledge(record);
        continue;
      }
      this.#working = true;
      this.#print('working', record);
      this.#runtime.timers.after(this.#options.workMs, () => {
        this.#working = false;
        this.#acknowledge(record);
        this.#next();
      });
    }
  }

  #acknowledge(record: ShareRecord): void {
    if (this.#closing) return;
    const { topic, partition, offset } = record;
    if (!this.#options.json) this.#terminal.out(record.value === null ? '' : record.value.toString('utf8'));
    this.#print('acknowledging', record);
    this.#driver.send({ kind: 'acknowledge', topic, partition, offset, type: this.#options.type });
  }

  #print(event: string, where: Place, extra: Readonly<Record<string, unknown>> = {}): void {
    if (!this.#options.json) return;
    const { topic, partition, offset, deliveryCount } = where;
    const value = where.value?.toString('utf8');
    const at = this.#runtime.clock.wallMs();
    this.#terminal.out(JSON.stringify({ event, topic, partition, offset, deliveryCount, value, ...extra, at }));
  }

  #trouble(reason: string): void {
    const verdict = this.#reach.trouble(reason);
    if (verdict.kind === 'note') this.#terminal.note(verdict.text);
    else if (verdict.kind === 'give-up') {
      this.#failure ??= verdict.text;
      this.#close();
    }
  }

  #armIdle(): void {
    this.#idle?.cancel();
    if (this.#options.idleMs === Number.POSITIVE_INFINITY) return;
    this.#idle = this.#runtime.timers.after(this.#options.idleMs, () => {
      this.#close();
    });
  }

  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#driver.send({ kind: 'close' });
  }
}
