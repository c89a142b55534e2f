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
  HistoryByPartition,
  Position,
  Read,
  Scanned,
  Sent,
} from './history.ts';
import { mustFindSecondOwner, shortestWorkMs } from './second-owner.ts';

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
/** Members of the share group work for 20 ms at least; both ends are rounded. */
const WORK_MS_MIN = 19;

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

  /** When records of each partition were acknowledged after the producer's first `line` lines, ms of the wall clock, in order. */
  acknowledgedMsAfter(line: number): readonly (readonly number[])[] {
    const times = Array.from({ length: this.#options.partitions }, (): number[] => []);
    for (const [partition, , , atMs] of fieldsOf(this.#producer.lines.slice(line), 'A'))
      times[Number(partition)]?.push(Number(atMs));
    return times;
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

  /** Stops the producer, waits until both groups have everything, stops them and scans the log. Throws unless a second owner would be found. */
  async finish(crashes: readonly Crash[]): Promise<WrittenHistory> {
    this.#isEnding = true;
    await this.#producer.stop();
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
    const { partitions, lockMs } = this.#options;
    const history = writtenHistory({
      partitions,
      lockMs,
      crashes,
      producer: this.#producer.lines,
      members: new Map([...this.#members].map(([name, { lines }]) => [name, lines])),
      consumer: this.#consumer.lines,
      scan: await scanLines(this.#options),
      committedAtEnd: await this.#positions(),
    });
    const first = history.of(0);
    const workMs = shortestWorkMs(first);
    if (workMs < WORK_MS_MIN) throw new Error(`a member of the share group held a record for ${workMs} ms`);
    mustFindSecondOwner(first, []);
    return history;
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

type ScanOptions = Pick<LoadOptions, 'bootstrap' | 'tools' | 'topic' | 'partitions'> & { readonly timeoutMs?: number };

/** Every record of a topic, read from its beginning to its end by a consumer that checks each checksum. */
export async function scan(where: ScanOptions): Promise<readonly Scanned[]> {
  return parseScan(await scanLines(where));
}

async function scanLines({ tools, bootstrap, topic, partitions, timeoutMs }: ScanOptions): Promise<readonly string[]> {
  const args = ['scan', bootstrap, topic, String(partitions)];
  const text = await tools.mustRun('KillLoad', args, timeoutMs === undefined ? {} : { timeoutMs });
  return text.split('\n');
}

/** What the clients of `KillLoad` have written. */
export type WrittenLines = {
  readonly partitions: number;
  readonly lockMs: number;
  readonly producer: readonly string[];
  /** By the name of the member of the share group. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly consumer: readonly string[];
  readonly scan: readonly string[];
  readonly committedAtEnd: readonly Position[];
  readonly crashes: readonly Crash[];
};

/** The history in those lines, made partition by partition: of half an hour it is too much to hold all at once. */
export type WrittenHistory = HistoryByPartition & {
  readonly acknowledgedCount: number;
  readonly acquiredCount: number;
  /** Records that the consumer group was handed. */
  readonly readCount: number;
};

/** Throws when a record failed, or the producer has not ended cleanly. */
export function writtenHistory(written: WrittenLines): WrittenHistory {
  const { partitions, lockMs, producer, members, consumer, committedAtEnd, crashes } = written;
  const all = [...members.values()];
  return {
    partitions: Array.from({ length: partitions }, (_, partition) => partition),
    acknowledgedCount: countOf(producer, 'A'),
    acquiredCount: all.reduce((sum, lines) => sum + countOf(lines, 'Q'), 0),
    readCount: countOf(consumer, 'G'),
    of: (partition): History => ({
      ...parseProducer(producer, partitions, partition),
      ...parseShare(members, lockMs, partition),
      ...parseGroup(consumer, partition),
      scanned: parseScan(written.scan, partition),
      committedAtEnd: committedAtEnd.filter((position) => position.partition === partition),
      crashes,
    }),
  };
}

/** What a scan has found, from the lines that it wrote; of one partition where one is named. */
export function parseScan(lines: readonly string[], only?: number): readonly Scanned[] {
  const scanned: Scanned[] = [];
  for (const [place, offset, id = ''] of eachOf(lines, 'R')) {
    const partition = Number(place);
    if (only === undefined || partition === only) scanned.push({ partition, offset: Number(offset), id });
  }
  return scanned;
}

/** The fields of each line of one kind. */
export function fieldsOf(lines: readonly string[], kind: string): readonly (readonly string[])[] {
  return [...eachOf(lines, kind)];
}

/** The same, one after the other. */
function* eachOf(lines: readonly string[], kind: string): Generator<readonly string[]> {
  const start = `${kind} `;
  for (const line of lines) if (line.startsWith(start)) yield line.slice(start.length).split(' ');
}

function countOf(lines: readonly string[], kind: string): number {
  return lines.reduce((sum, line) => (line.startsWith(`${kind} `) ? sum + 1 : sum), 0);
}

/** What the producer of `KillLoad` has sent and what was confirmed, from the lines that it wrote; of one partition where one is named. */
export function parseProducer(
  lines: readonly string[],
  partitions: number,
  only?: number,
): Pick<History, 'sent' | 'acknowledged'> {
  const failed = fieldsOf(lines, 'F');
  if (failed.length > 0) throw new Error(`${failed.length} records failed, the first: ${failed[0]?.join(' ')}`);
  const count = Number(fieldsOf(lines, 'N')[0]?.[0] ?? Number.NaN);
  if (!Number.isInteger(count)) throw new Error('the producer has not ended cleanly');
  const sent: Sent[] = [];
  for (let index = only ?? 0; index < count; index += only === undefined ? 1 : partitions)
    sent.push({ id: String(index), producer: PRODUCER, partition: index % partitions, sequence: index });
  const acknowledged: Acknowledged[] = [];
  for (const [place, offset, id = ''] of eachOf(lines, 'A')) {
    const partition = Number(place);
    if (only === undefined || partition === only) acknowledged.push({ partition, offset: Number(offset), id });
  }
  return { sent, acknowledged };
}

/** What members of a share group were handed and how they ended it, from the lines that each wrote; of one partition where one is named. */
export function parseShare(
  members: ReadonlyMap<string, readonly string[]>,
  lockMs: number,
  only?: number,
): Pick<History, 'acquired' | 'finished'> {
  const acquired: Acquired[] = [];
  const finished: Finished[] = [];
  for (const [member, lines] of members) {
    for (const [atMs, place, offset, id = ''] of eachOf(lines, 'Q')) {
      const partition = Number(place);
      if (only !== undefined && partition !== only) continue;
      acquired.push({ member, partition, offset: Number(offset), atMs: Number(atMs), lockMs, id });
    }
    for (const [outcome, sentMs, atMs, place, offset] of eachOf(lines, 'K')) {
      const partition = Number(place);
      if (only !== undefined && partition !== only) continue;
      // KillLoad writes one of the outcomes.
      const end = { member, outcome: outcome as Finished['outcome'], sentMs: Number(sentMs), atMs: Number(atMs) };
      finished.push({ ...end, partition, offset: Number(offset) });
    }
  }
  return { acquired, finished };
}

/** What the consumer of `KillLoad` was handed of one partition, and what it committed there. */
export function parseGroup(lines: readonly string[], only: number): Required<Pick<History, 'committed' | 'read'>> {
  const committed: Committed[] = [];
  const read: Read[] = [];
  for (const line of lines) {
    const [kind, ...fields] = line.split(' ');
    if (kind === 'C' && Number(fields[1]) === only)
      committed.push({ isConfirmed: fields[0] === '1', partition: only, offset: Number(fields[2]) });
    else if (kind === 'G' && Number(fields[0]) === only) {
      const [, offset, id = ''] = fields;
      read.push({ partition: only, offset: Number(offset), id, commitCount: committed.length });
    }
  }
  return { committed, read };
}
