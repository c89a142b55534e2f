import { expect } from '@jest/globals';
import { drive, type Driver } from '../../broker/cli/client/drive.ts';
import { createClientRuntime } from '../../broker/cli/client/runtime.ts';
import { bootstrapFlag } from '../../broker/cli/flags.ts';
import { Producer, type ProducerCommand, type ProducerEvent } from '../../broker/core/client/producer.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { type Ground, type Program, until } from './program.ts';

/** A pause between an acknowledgement and the next line. */
const PAUSE_MS = 10;
/** As long as it takes a node to come back on a busy machine. */
const PATIENCE_MS = 60_000;

/** Values that `weir take` has told of when it acknowledged them. */
class Taken {
  readonly program: Program;
  readonly #values = new Set<string>();
  #at = 0;

  constructor(program: Program) {
    this.program = program;
  }

  get values(): ReadonlySet<string> {
    const { out } = this.program;
    for (let end = out.indexOf('\n', this.#at); end >= 0; end = out.indexOf('\n', this.#at)) {
      // The program is ours: it writes one object a line.
      const { event, value = '' } = JSON.parse(out.slice(this.#at, end)) as { event: string; value?: string };
      this.#at = end + 1;
      if (event === 'acknowledging') this.#values.add(value);
    }
    return this.#values;
  }
}

/** An idempotent producer with acks=all and a member of a share group that go on until they are told to end. */
export class Load {
  readonly #runtime = createClientRuntime();
  readonly #driver: Driver<ProducerCommand>;
  readonly #taken: Taken;
  readonly #topic: string;
  readonly #acknowledged = new Set<string>();
  readonly #failures: string[] = [];
  #sent = 0;
  #isOver = false;

  constructor(ground: Ground, where: { readonly bootstrap: string; readonly topic: string; readonly group: string }) {
    const { bootstrap, topic, group } = where;
    this.#topic = topic;
    const producer = new Producer({
      bootstrap: bootstrapFlag('put', bootstrap),
      clientId: 'load',
      random: this.#runtime.random,
      acks: -1,
      idempotent: true,
      lingerMs: 0,
      batchSizeMax: 1 << 16,
      bufferBytesMax: 1 << 20,
      deliveryTimeoutMs: PATIENCE_MS,
      missingTopicMs: PATIENCE_MS,
      offlineMs: PATIENCE_MS,
      allowCreate: false,
      crc32c,
    });
    this.#driver = drive(producer, this.#runtime, (event) => this.#onEvent(event));
    this.#taken = new Taken(ground.run(['take', group, '-t', topic, '-b', bootstrap, '--json']));
    this.#next();
  }

  /** Waits until so many more lines are acknowledged. */
  async more(count: number): Promise<void> {
    const goal = this.#acknowledged.size + count;
    await until(
      `${goal} lines are acknowledged`,
      () => this.#acknowledged.size >= goal || this.#failures.length > 0,
      () => `${this.#acknowledged.size} are`,
    );
    expect(this.#failures).toEqual([]);
  }

  /** Ends it: every line was acknowledged and came to the member, and nothing failed. */
  async end(): Promise<void> {
    this.#isOver = true;
    await until('every line is acknowledged', () => this.#acknowledged.size + this.#failures.length >= this.#sent);
    expect(this.#failures).toEqual([]);
    const { program } = this.#taken;
    await until(
      'every line is taken',
      () => this.#taken.values.size >= this.#sent,
      () => `${this.#taken.values.size} of ${this.#sent} are\n${program.err}`,
    );
    expect(this.#taken.values).toEqual(this.#acknowledged);
    program.kill('SIGINT');
    expect(await program.ended()).toBe(0);
    this.#runtime.post(() => this.#driver.send({ kind: 'close' }));
  }

  #onEvent(event: ProducerEvent): void {
    if (event.kind === 'acknowledged') {
      this.#acknowledged.add(`line ${event.token}`);
      setTimeout(() => this.#next(), PAUSE_MS);
    } else if (event.kind === 'failed') this.#failures.push(`line ${event.token}: ${event.reason}`);
  }

  /** Puts a line; the next one comes a moment after its acknowledgement. */
  #next(): void {
    if (this.#isOver) return;
    const token = this.#sent;
    this.#sent += 1;
    const record = { token, topic: this.#topic, key: null, value: Buffer.from(`line ${token}`), timestamp: Date.now() };
    this.#runtime.post(() => this.#driver.send({ kind: 'produce', record }));
  }
}
