import { type Cli, cellsOf, cliOf } from '../wire/harness/cli.ts';
import type { RunningTool, ToolHost } from '../wire/harness/tool-host.ts';
import { GiveUp, waitFor } from '../wire/harness/wait.ts';
import type {
  Acknowledged,
  Acquired,
  Committed,
  Crash,
  Finished,
  History,
  Position,
  Scanned,
  Sent,
} from './history.ts';

/** Where the load goes and how much of it there is. */
export type LoadOptions = {
  readonly bootstrap: string;
  readonly tools: ToolHost;
  readonly topic: string;
  readonly partitions: number;
  /** Records a second. */
  readonly rate: number;
  readonly shareGroup: string;
  readonly consumerGroup: string;
  readonly lockMs: number;
};

const PRODUCER = 'producer';
const FOREVER_MS = 3_600_000;
const DRAIN_DEADLINE_MS = 60_000;

/**
 * A producer, two members of a share group and one of a consumer group (test/wire/java/KillLoad.java) which work through
 * crashes of their broker, and the history that they write down.
 */
export class KillLoad {
  readonly #options: LoadOptions;
  readonly #cli: Cli;
  readonly #producer: RunningTool;
  readonly #members: ReadonlyMap<string, RunningTool>;
  readonly #consumer: RunningTool;
  #isEnding = false;
  /** What a client that ended by itself said last. */
  #ended: string | null = null;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#cli = cliOf(options);
    const { partitions, rate, shareGroup, consumerGroup } = options;
    this.#producer = this.#start('producer', String(partitions), String(rate));
    this.#members = new Map(['a', 'b'].map((name) => [name, this.#start('share', shareGroup)]));
    this.#consumer = this.#start('group', consumerGroup);
  }

  #start(role: string, ...more: readonly string[]): RunningTool {
    const { tools, bootstrap, topic } = this.#options;
    const tool = tools.start({ className: 'KillLoad', args: [role, bootstrap, topic, ...more], timeoutMs: FOREVER_MS });
    tool.done.then(
      ({ exitCode, stderr }) => {
        if (!this.#isEnding) this.#ended ??= `the ${role} ended by itself, exit code ${exitCode}: ${stderr}`;
      },
      (error: unknown) => {
        this.#ended ??= String(error);
      },
    );
    return tool;
  }

  /** Lines that each client has written so far: they grow while it makes progress. Throws when one has ended by itself. */
  progress(): Readonly<{ producer: number; share: number; consumer: number }> {
    if (this.#ended !== null) throw new GiveUp(this.#ended);
    const share = [...this.#members.values()].reduce((sum, { lines }) => sum + lines.length, 0);
    return { producer: this.#producer.lines.length, share, consumer: this.#consumer.lines.length };
  }

  /** How many records of each partition were acknowledged after the producer's first `line` lines. */
  acknowledgedAfter(line: number): readonly number[] {
    const counts = Array.from({ length: this.#options.partitions }, () => 0);
    for (const [partition] of fieldsOf(this.#producer.lines.slice(line), 'A')) {
      const index = Number(partition);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    return counts;
  }

  /** Ends the producer; what it sent, and what was confirmed. */
  async stopProducer(): Promise<Pick<History, 'sent' | 'acknowledged'>> {
    this.#isEnding = true;
    await this.#producer.stop();
    return parseProducer(this.#producer.lines, this.#options.partitions);
  }

  /** Ends the consumers, whatever they have done. */
  async abandon(): Promise<void> {
    this.#isEnding = true;
    await Promise.all([...this.#members.values(), this.#consumer].map((tool) => tool.stop()));
  }

  /** Stops the producer, waits until both groups have everything, stops them and scans the log. */
  async finish(crashes: readonly Crash[]): Promise<History> {
    const produced = await this.stopProducer();
    await waitFor('the share group has finished everything', async () => (await this.#shareLag()) === 0, {
      deadlineMs: DRAIN_DEADLINE_MS,
      pollMs: 250,
    });
    const ends = await this.#ends();
    await waitFor(
      'the consumer group has read everything',
      async () => {
        const positions = await this.#positions();
        return ends.every(({ partition, offset }) =>
          positions.some((each) => each.partition === partition && each.offset === offset),
        );
      },
      { deadlineMs: DRAIN_DEADLINE_MS, pollMs: 250 },
    );
    await this.abandon();
    return {
      ...produced,
      ...parseShare(new Map([...this.#members].map(([name, { lines }]) => [name, lines])), this.#options.lockMs),
      scanned: await scan(this.#options),
      committed: fieldsOf(this.#consumer.lines, 'C').map(
        ([confirmed, partition, offset]): Committed => ({
          isConfirmed: confirmed === '1',
          partition: Number(partition),
          offset: Number(offset),
        }),
      ),
      committedAtEnd: await this.#positions(),
      crashes,
    };
  }

  async #shareLag(): Promise<number> {
    const { topic, shareGroup, partitions } = this.#options;
    const rows = cellsOf(await this.#cli.ok('shareGroups', ['--describe', '--group', shareGroup, '--offsets'])).filter(
      (row) => row[1] === topic,
    );
    return rows.length < partitions ? Number.POSITIVE_INFINITY : rows.reduce((sum, row) => sum + Number(row[4]), 0);
  }

  async #positions(): Promise<readonly Position[]> {
    const { topic, consumerGroup } = this.#options;
    const rows = cellsOf(await this.#cli.ok('consumerGroups', ['--describe', '--group', consumerGroup])).filter(
      (row) => row[1] === topic,
    );
    return rows.map((row) => ({ partition: Number(row[2]), offset: Number(row[3]) }));
  }

  async #ends(): Promise<readonly Position[]> {
    const text = await this.#cli.ok('getOffsets', ['--topic', this.#options.topic]);
    return text
      .trim()
      .split('\n')
      .map((line) => line.split(':'))
      .map(([, partition, offset]) => ({ partition: Number(partition), offset: Number(offset) }));
  }
}

/** Every record of a topic, read from its beginning to its end by a consumer that checks each checksum. */
export async function scan(
  where: Pick<LoadOptions, 'bootstrap' | 'tools' | 'topic' | 'partitions'> & { readonly timeoutMs?: number },
): Promise<readonly Scanned[]> {
  const { tools, bootstrap, topic, partitions, timeoutMs } = where;
  const args = ['scan', bootstrap, topic, String(partitions)];
  const text = await tools.mustRun('KillLoad', args, timeoutMs === undefined ? {} : { timeoutMs });
  return parseScan(text.split('\n'));
}

/** What a scan has found, from the lines that it wrote. */
export function parseScan(lines: readonly string[]): readonly Scanned[] {
  return fieldsOf(lines, 'R').map(
    ([partition, offset, id]): Scanned => ({ partition: Number(partition), offset: Number(offset), id: id ?? '' }),
  );
}

/** The fields of each line of one kind. */
export function fieldsOf(lines: readonly string[], kind: string): readonly (readonly string[])[] {
  return lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.split(' ').slice(1));
}

/** What the producer of `KillLoad` has sent and what was confirmed, from the lines that it wrote. */
export function parseProducer(lines: readonly string[], partitions: number): Pick<History, 'sent' | 'acknowledged'> {
  const failed = fieldsOf(lines, 'F');
  if (failed.length > 0) throw new Error(`${failed.length} records failed, the first: ${failed[0]?.join(' ')}`);
  const count = Number(fieldsOf(lines, 'N')[0]?.[0] ?? Number.NaN);
  if (!Number.isInteger(count)) throw new Error('the producer has not ended cleanly');
  const sent = Array.from(
    { length: count },
    (_, index): Sent => ({
      id: String(index),
      producer: PRODUCER,
      partition: index % partitions,
      sequence: index,
    }),
  );
  const acknowledged = fieldsOf(lines, 'A').map(
    ([partition, offset, id]): Acknowledged => ({
      partition: Number(partition),
      offset: Number(offset),
      id: id ?? '',
    }),
  );
  return { sent, acknowledged };
}

/** What members of a share group were handed and how they ended it, from the lines that each wrote. */
export function parseShare(
  members: ReadonlyMap<string, readonly string[]>,
  lockMs: number,
): Pick<History, 'acquired' | 'finished'> {
  const acquired: Acquired[] = [];
  const finished: Finished[] = [];
  for (const [member, lines] of members) {
    for (const [atMs, partition, offset, id = ''] of fieldsOf(lines, 'Q')) {
      acquired.push({ member, partition: Number(partition), offset: Number(offset), atMs: Number(atMs), lockMs, id });
    }
    for (const [outcome, sentMs, atMs, partition, offset] of fieldsOf(lines, 'K')) {
      // KillLoad writes one of the outcomes.
      const end = { member, outcome: outcome as Finished['outcome'], sentMs: Number(sentMs), atMs: Number(atMs) };
      finished.push({ ...end, partition: Number(partition), offset: Number(offset) });
    }
  }
  return { acquired, finished };
}
