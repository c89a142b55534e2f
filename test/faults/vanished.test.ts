// A machine that vanishes ends no connection: `weir put` and `weir take`, the clients of the command line, have to find out by themselves.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { drive } from '../../broker/cli/client/drive.ts';
import { createClientRuntime } from '../../broker/cli/client/runtime.ts';
import { bootstrapFlag } from '../../broker/cli/flags.ts';
import { Scanner, type ScannerCommand, type ScannerEvent } from '../../broker/core/client/scanner.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { Child } from '../wire/harness/child.ts';
import { GiveUp, waitFor } from '../wire/harness/wait.ts';
import { type Acknowledged, judgeLog, type Scanned } from './history.ts';
import { Network } from './network.ts';
import { QuorumFleet } from './quorum-fleet.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EVERY_MS = 10;
/** Three seconds are wanted, of a session and of the second after which silence is taken for what it may be; a request times out after 15. */
const GAP_MS_MAX = 12_000;
const STEP_MS = 120_000;

/** `weir put`, which gets a line every 10 ms, and what it tells. */
class Putter {
  readonly #child: Child;
  readonly #timer: NodeJS.Timeout;
  readonly #sentMs: number[] = [];
  readonly #failures: string[] = [];
  readonly acknowledged = new Map<number, Acknowledged>();
  /** When each was. */
  readonly acknowledgedMs = new Map<number, number>();
  /** For how long a line has waited for its acknowledgement at most. */
  longestMs = 0;

  constructor(options: { readonly bootstrap: string; readonly topic: string; readonly directory: string }) {
    const { bootstrap, topic, directory } = options;
    this.#child = new Child({
      command: join(ROOT, 'node_modules/.bin/node'),
      args: ['--no-warnings', join(ROOT, 'broker/cli/weir.ts'), 'put', topic, '--bootstrap', bootstrap, '--json'],
      logFile: join(directory, `${topic}.log`),
      onLine: (line) => this.#hear(line),
    });
    this.#timer = setInterval(() => {
      this.#child.write(`${this.#sentMs.length}\n`);
      this.#sentMs.push(performance.now());
    }, EVERY_MS);
  }

  #hear(line: string): void {
    // The program is ours: it writes one object a line.
    const told = JSON.parse(line) as { event: string; partition: number; offset: number; value: string };
    if (told.event !== 'acknowledged') this.#failures.push(line);
    const [number, { partition, offset }] = [Number(told.value), told];
    this.acknowledged.set(number, { id: told.value, partition, offset });
    const nowMs = performance.now();
    this.acknowledgedMs.set(number, nowMs);
    this.longestMs = Math.max(this.longestMs, nowMs - (this.#sentMs[number] ?? 0));
  }

  /** Waits until so many more lines were sent, and every one of them and of those before is acknowledged. */
  async more(count: number): Promise<void> {
    const goal = this.#sentMs.length + count;
    await waitFor(`${goal} lines are acknowledged`, () => {
      if (this.#failures.length > 0 || this.#child.exitCode !== null)
        throw new GiveUp([...this.#failures, this.#child.tail()].join('\n'));
      return this.#sentMs.length >= goal && this.#areAcknowledged(goal);
    });
  }

  #areAcknowledged(count: number): boolean {
    for (let number = 0; number < count; number += 1) if (!this.acknowledged.has(number)) return false;
    return true;
  }

  /** Sends nothing more, and gives the exit code and how many lines there were. */
  async end(): Promise<{ readonly code: number; readonly count: number }> {
    clearInterval(this.#timer);
    this.#child.endInput();
    return { code: await this.#child.exited, count: this.#sentMs.length };
  }

  async kill(): Promise<void> {
    clearInterval(this.#timer);
    await this.#child.kill();
  }
}

/** `weir take`, and what it tells. */
class Taker {
  readonly #child: Child;
  /** When it was given each line first. */
  readonly #deliveredMs = new Map<number, number>();
  /** Where it began in each partition. */
  readonly #firstOffsets = new Map<number, number>();

  constructor(options: { readonly bootstrap: string; readonly topic: string; readonly directory: string }) {
    const { bootstrap, topic, directory } = options;
    const args = ['take', `of-${topic}`, '--topic', topic, '--bootstrap', bootstrap, '--json'];
    this.#child = new Child({
      command: join(ROOT, 'node_modules/.bin/node'),
      args: ['--no-warnings', join(ROOT, 'broker/cli/weir.ts'), ...args],
      logFile: join(directory, `take-${topic}.log`),
      onLine: (line) => {
        // The program is ours: it writes one object a line.
        const told = JSON.parse(line) as { event: string; partition: number; offset: number; value: string };
        if (told.event !== 'delivered') return;
        const [number, { partition, offset }] = [Number(told.value), told];
        if (!this.#deliveredMs.has(number)) this.#deliveredMs.set(number, performance.now());
        if (!this.#firstOffsets.has(partition)) this.#firstOffsets.set(partition, offset);
      },
    });
  }

  /** Waits until it was given so many lines, and some of so many partitions. */
  async some(count: number, partitions: number): Promise<void> {
    const hasSome = (): boolean => this.#deliveredMs.size >= count && this.#firstOffsets.size >= partitions;
    await this.#until(`${count} lines are taken`, hasSome);
  }

  /** Waits until it was given every line that is acknowledged now, and tells for how long one was there without it at most, ms. */
  async rest(putter: Putter): Promise<number> {
    const due = [...putter.acknowledged]
      // What was in a partition before the group began there is not for it.
      .filter(([, { partition, offset }]) => offset >= (this.#firstOffsets.get(partition) ?? 0))
      .map(([number]) => ({ number, sinceMs: putter.acknowledgedMs.get(number) ?? 0 }));
    await this.#until('everything is taken', () => due.every(({ number }) => this.#deliveredMs.has(number)));
    return Math.max(...due.map(({ number, sinceMs }) => (this.#deliveredMs.get(number) ?? 0) - sinceMs));
  }

  #until(what: string, isSo: () => boolean): Promise<unknown> {
    return waitFor(what, () => {
      if (this.#child.exitCode !== null) throw new GiveUp(this.#child.tail());
      return isSo();
    });
  }

  async kill(): Promise<void> {
    await this.#child.kill();
  }
}

/** Every record of a topic, partition by partition. */
async function scan(bootstrap: string, topic: string): Promise<readonly Scanned[]> {
  const runtime = createClientRuntime();
  const { random } = runtime;
  const found: Scanned[] = [];
  let [isDone, failure] = [false, ''];
  const onEvent = (event: ScannerEvent): void => {
    if (event.kind === 'records')
      for (const { partition, offset, value } of event.records)
        found.push({ partition, offset, id: value?.toString() ?? '' });
    else if (event.kind === 'fatal') failure = event.reason;
    else if (event.kind === 'done') isDone = true;
  };
  const options = { clientId: 'scan', topics: [topic], isolationLevel: 0, maxWaitMs: 50, crc32c } as const;
  const scanner = new Scanner({ bootstrap: bootstrapFlag('take', bootstrap), random, ...options });
  let close = (): void => undefined;
  runtime.post(() => {
    const driver = drive<ScannerCommand, ScannerEvent>(scanner, runtime, onEvent);
    close = () => driver.send({ kind: 'close' });
  });
  await waitFor('the topic is read', () => {
    if (failure !== '') throw new GiveUp(failure);
    return isDone;
  });
  runtime.post(() => close());
  return found.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
}

let directory: string;
let network: Network;
let fleet: QuorumFleet;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-vanished-'));
  network = await Network.create(3);
  fleet = await QuorumFleet.start({
    nodes: 3,
    network,
    isWatched: false,
    settings: { 'min.insync.replicas': '2' },
  });
}, STEP_MS);
beforeEach(async () => {
  await network.heal();
  for (const id of fleet.ids) await fleet.untilItCreates(id);
}, STEP_MS);
afterAll(async () => {
  await fleet?.remove();
  await network?.remove();
  await rm(directory, { recursive: true, force: true });
});

describe('weir put and weir take', () => {
  it.each([1, 3])(
    'leave a leader that vanished as soon as there is another one (of %d partitions), and lose, repeat and reorder nothing',
    async (partitions) => {
      const topic = `of-${partitions}`;
      await fleet.probe(0).createTopic(topic, partitions, { replicationFactor: 3 });
      const leader = await waitFor('it has leaders', async () => {
        const leaders = (await fleet.probe(0).topic(topic))?.leaders ?? [];
        return leaders.length === partitions && leaders.every((id) => id >= 0) ? leaders : null;
      });
      const options = { bootstrap: fleet.bootstrap, topic, directory };
      const [taker, putter] = [new Taker(options), new Putter(options)];
      try {
        await taker.some(100, partitions);
        putter.longestMs = 0;
        await network.vanish(leader[0] ?? -1);
        await putter.more(300);
        const { longestMs } = putter;
        const takenMs = await taker.rest(putter);
        const waits = `acknowledgement ${Math.round(longestMs)} ms, for its delivery after that ${Math.round(takenMs)} ms`;
        console.info(`${partitions} partitions: longest wait for an ${waits}`);
        // What it said to the one that vanished arrives now.
        await network.heal();
        await putter.more(100);
        const { code, count } = await putter.end();
        expect([code, putter.acknowledged.size]).toEqual([0, count]);
        const acknowledged = [...putter.acknowledged.values()];
        const sent = acknowledged.map(({ id, partition }) => ({
          id,
          partition,
          producer: 'put',
          sequence: Number(id),
        }));
        expect(judgeLog({ sent, acknowledged, scanned: await scan(fleet.bootstrap, topic) })).toEqual([]);
        for (const waitedMs of [longestMs, takenMs]) expect(waitedMs).toBeLessThan(GAP_MS_MAX);
      } finally {
        await Promise.all([putter.kill(), taker.kill()]);
      }
    },
    STEP_MS,
  );
});
