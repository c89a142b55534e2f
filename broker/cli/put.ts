import { createInterface } from 'node:readline';
import { Producer, type ProducerCommand, type ProducerEvent } from '../core/client/producer.ts';
import { crc32c } from '../io/crc32c.ts';
import { type Driver, drive } from './client/drive.ts';
import { createClientRuntime } from './client/runtime.ts';
import { UserFault, usageFault } from './fault.ts';
import { bootstrapFlag, parseFlags } from './flags.ts';
import { Reach } from './reach.ts';
import type { RunVerb, Terminal } from './verb.ts';
import { helpOf } from './verbs.ts';

const BUFFER_BYTES_MAX = 32 << 20;
const BATCH_SIZE_MAX = 256 << 10;
/** What it is waited for, ms: a leader that went silent is left for its successor long before a line is given up. */
export const PUT_TIMES = { deliveryTimeoutMs: 30_000, requestTimeoutMs: 5_000, silenceMs: 1_000 } as const;
/** A topic that was created a moment ago is known to every broker by then. */
const MISSING_TOPIC_MS = 2_000;
/** A broker that restarts is back by then; a log that is damaged stays away. */
const OFFLINE_MS = 5_000;
const LINE_BYTES_MAX = 1 << 20;

interface PutOptions {
  readonly topic: string;
  readonly bootstrap: string;
  readonly create: boolean;
  readonly separator: string | null;
  readonly json: boolean;
}

/** `weir put`: each line of the input becomes a record; done when all of them are acknowledged. */
export const runPut: RunVerb = async (args, terminal) => {
  const flags = parseFlags('put', helpOf('put').flags, args);
  const [topic, ...surplus] = flags.positionals;
  if (topic === undefined) throw usageFault('put', 'name the topic to put into');
  if (surplus.length > 0) throw usageFault('put', `one topic only, not also ${surplus.join(' ')}`);
  const options: PutOptions = {
    topic,
    bootstrap: flags.text('bootstrap') ?? '127.0.0.1:9092',
    create: flags.has('create'),
    separator: flags.text('key') ?? null,
    json: flags.has('json'),
  };
  const put = new Put(options, terminal);
  return put.run();
};

class Put {
  readonly #options: PutOptions;
  readonly #terminal: Terminal;
  readonly #runtime = createClientRuntime();
  readonly #driver: Driver<ProducerCommand>;
  readonly #reach: Reach;
  readonly #lines: ReturnType<typeof createInterface>;
  readonly #texts = new Map<number, string>();
  #refused: number[] = [];
  #next = 0;
  #acknowledged = 0;
  #failure: string | null = null;
  #ended = false;
  #finish: () => void = () => undefined;

  constructor(options: PutOptions, terminal: Terminal) {
    this.#options = options;
    this.#terminal = terminal;
    this.#reach = new Reach(options.bootstrap, this.#runtime.clock);
    const producer = new Producer({
      bootstrap: bootstrapFlag('put', options.bootstrap),
      clientId: 'weir-put',
      random: this.#runtime.random,
      acks: -1,
      idempotent: true,
      lingerMs: 0,
      batchSizeMax: BATCH_SIZE_MAX,
      bufferBytesMax: BUFFER_BYTES_MAX,
      ...PUT_TIMES,
      missingTopicMs: MISSING_TOPIC_MS,
      offlineMs: OFFLINE_MS,
      allowCreate: options.create,
      crc32c,
    });
    this.#driver = drive(producer, this.#runtime, (event) => {
      this.#handle(event);
    });
    this.#lines = createInterface({ input: terminal.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  }

  async run(): Promise<number> {
    if (this.#terminal.isInteractive)
      this.#terminal.note(`weir: one record a line to ${this.#options.topic}; Ctrl-D ends`);
    const done = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    this.#lines.on('line', (line) => {
      this.#runtime.post(() => {
        this.#take(line);
      });
    });
    this.#lines.on('close', () => {
      this.#runtime.post(() => {
        this.#ended = true;
        this.#checkEnd();
      });
    });
    await done;
    this.#runtime.post(() => {
      this.#driver.send({ kind: 'close' });
    });
    return this.#report();
  }

  #take(line: string): void {
    if (this.#failure !== null) return;
    if (Buffer.byteLength(line) > LINE_BYTES_MAX) {
      this.#fail(`line ${this.#next + 1} is longer than ${LINE_BYTES_MAX} bytes`);
      return;
    }
    const token = this.#next;
    this.#next += 1;
    this.#texts.set(token, line);
    this.#offer(token);
  }

  #offer(token: number): void {
    const line = this.#texts.get(token) ?? '';
    const cut = this.#options.separator === null ? -1 : line.indexOf(this.#options.separator);
    const key = cut < 0 ? null : Buffer.from(line.slice(0, cut));
    const value = Buffer.from(cut < 0 ? line : line.slice(cut + (this.#options.separator?.length ?? 0)));
    const timestamp = this.#runtime.clock.wallMs();
    this.#driver.send({ kind: 'produce', record: { token, topic: this.#options.topic, key, value, timestamp } });
  }

  #handle(event: ProducerEvent): void {
    switch (event.kind) {
      case 'acknowledged':
        this.#reach.reached();
        this.#print({
          event: 'acknowledged',
          partition: event.partition,
          offset: event.offset,
          value: this.#texts.get(event.token),
        });
        this.#texts.delete(event.token);
        this.#acknowledged += 1;
        this.#checkEnd();
        break;
      case 'failed':
        this.#print({ event: 'failed', reason: event.reason, value: this.#texts.get(event.token) });
        this.#texts.delete(event.token);
        this.#fail(event.reason);
        break;
      case 'refused':
        this.#refused.push(event.token);
        this.#lines.pause();
        break;
      case 'room': {
        const again = this.#refused;
        this.#refused = [];
        this.#lines.resume();
        for (const token of again) this.#offer(token);
        break;
      }
      case 'trouble':
        this.#trouble(event.reason);
        break;
      case 'drained':
      case 'closed':
        break;
    }
  }

  #print(fields: Readonly<Record<string, unknown>>): void {
    if (this.#options.json) this.#terminal.out(JSON.stringify({ ...fields, at: this.#runtime.clock.wallMs() }));
  }

  #trouble(reason: string): void {
    const verdict = this.#reach.trouble(reason);
    if (verdict.kind === 'note') this.#terminal.note(verdict.text);
    else if (verdict.kind === 'give-up') this.#fail(verdict.text);
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
    this.#lines.close();
    this.#checkEnd();
  }

  #checkEnd(): void {
    if (this.#failure !== null || (this.#ended && this.#texts.size === 0)) this.#finish();
  }

  #report(): number {
    const { topic, bootstrap, create } = this.#options;
    const count = `${this.#acknowledged} line${this.#acknowledged === 1 ? '' : 's'}`;
    if (this.#failure === null) {
      this.#terminal.note(`weir: ${count} put into ${topic}`);
      return 0;
    }
    const hint =
      /INVALID_TOPIC|UNKNOWN_TOPIC|not available in time/.test(this.#failure) && !create
        ? `\nDeclare the topic in a manifest, or let the broker create it with --create. Is ${bootstrap} the right cluster?`
        : /replicas are offline/.test(this.#failure)
          ? "\nIs that broker running? If it is, its log of this partition is damaged: see the broker's log or its /readyz."
          : '';
    throw new UserFault(`${count} put into ${topic}, then: ${this.#failure}${hint}`);
  }
}
