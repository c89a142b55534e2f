import { judge, type Crash, type History, type Violation } from '../../faults/history.ts';
import { fieldsOf, parseProducer, parseScan, parseShare } from '../../faults/kill-load.ts';
import { mustFindSecondOwner } from '../../faults/second-owner.ts';
import { GiveUp, waitFor } from '../../wire/harness/wait.ts';
import type { RunningClient, StartClient } from './running.ts';

/** Where the load goes, how much of it there is, and who runs it. */
export interface ClientLoadOptions {
  readonly start: StartClient;
  /** For the producer. */
  readonly bootstrap: string;
  /** For the others; absent: the same. */
  readonly inside?: string;
  readonly topic: string;
  readonly partitions: number;
  /** It has to begin at the first record. */
  readonly group: string;
  /** `share.record.lock.duration.ms` of the group. */
  readonly lockMs: number;
  /** Records a second. */
  readonly rate?: number;
  readonly members?: number;
  /** Settings of the producer. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * For how long a partition may be without an acknowledgement: several times what is seen here where something was asked for (up to 1.9 s
 * while others work on the same processors), and three times of what is wanted where a broker was gone from one moment to the next.
 */
export const GAP_MS_MAX = { planned: 5_000, sudden: 3 * 4_000 } as const;

const RATE = 500;
const MEMBERS = 2;
const PATIENCE_MS = 120_000;
const POLL_MS = 200;

/** A producer of Java's client and members of a share group of franz-go, which work through whatever happens to the cluster, and what they saw. */
export class ClientLoad {
  readonly #options: ClientLoadOptions;
  readonly #producer: RunningClient;
  readonly #members: ReadonlyMap<string, RunningClient>;
  readonly #ending = new Set<RunningClient>();
  /** Clients that were run for an answer. */
  #told = 0;

  private constructor(
    options: ClientLoadOptions,
    producer: RunningClient,
    members: ReadonlyMap<string, RunningClient>,
  ) {
    this.#options = options;
    this.#producer = producer;
    this.#members = members;
  }

  /** Starts all clients and waits until each has done something. */
  static async start(options: ClientLoadOptions): Promise<ClientLoad> {
    const { start, bootstrap, topic, partitions, group, rate = RATE, members = MEMBERS, settings = {} } = options;
    const more = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    const producer = await start('producer', 'java', [
      'producer',
      bootstrap,
      topic,
      String(partitions),
      String(rate),
      ...more,
    ]);
    const names = Array.from({ length: members }, (_, index) => `member-${index}`);
    const all = new Map<string, RunningClient>();
    for (const name of names) all.set(name, await start(name, 'member', [options.inside ?? bootstrap, topic, group]));
    const load = new ClientLoad(options, producer, all);
    await load.progress('the start');
    return load;
  }

  /** Waits until every partition was written to since, and every member has finished something. */
  async progress(after: string): Promise<void> {
    const acknowledged = this.#producer.lines.length;
    const finished = this.#clients.map(({ lines }) => lines.length);
    await waitFor(
      `progress after ${after}`,
      () => {
        this.#check();
        const partitions = new Set(
          fieldsOf(this.#producer.lines.slice(acknowledged), 'A').map(([partition]) => partition),
        );
        const idle = this.#clients.filter(
          ({ lines }, index) => fieldsOf(lines.slice(finished[index]), 'K').length === 0,
        );
        if (partitions.size === this.#options.partitions && idle.length === 0) return true;
        throw new Error(
          `acknowledged in partitions ${[...partitions].join(', ')}, ${idle.length} idle members\n${this.describe()}`,
        );
      },
      { deadlineMs: PATIENCE_MS, pollMs: POLL_MS },
    );
  }

  /** The longest time for which a partition had no acknowledgement between two moments of the wall clock, ms. */
  gapMs(span: { readonly fromMs: number; readonly untilMs: number }): number {
    return longestGapMs(this.#producer.lines, this.#options.partitions, span);
  }

  /** Ends the producer, waits until the group has finished everything, and ends the group. */
  async end(): Promise<void> {
    const { partitions } = this.#options;
    await this.#end(this.#producer);
    const produced = parseProducer(this.#producer.lines, partitions);
    await waitFor('the group has finished everything', () => this.#isFinished(produced.acknowledged.length), {
      deadlineMs: PATIENCE_MS,
      pollMs: POLL_MS,
    });
    for (const member of this.#clients) await this.#end(member);
  }

  /**
   * Reads all that is stored after the end, and holds what clients saw against it. `crashes` is when leaderships may have moved. Throws
   * unless a second owner in the midst of that would have been found.
   */
  async judge(
    crashes: readonly Crash[],
  ): Promise<{ readonly history: History; readonly violations: readonly Violation[] }> {
    const { partitions, lockMs } = this.#options;
    const produced = parseProducer(this.#producer.lines, partitions);
    const lines = new Map([...this.#members].map(([name, member]) => [name, member.lines]));
    const scanned = parseScan(await this.#tell('scan', String(partitions)));
    const nothing = { committed: [], committedAtEnd: [] };
    const history = { ...produced, ...parseShare(lines, lockMs), ...nothing, scanned, crashes };
    mustFindSecondOwner(history);
    return { history, violations: judge(history) };
  }

  /** All of both. */
  async finish(
    crashes: readonly Crash[],
  ): Promise<{ readonly history: History; readonly violations: readonly Violation[] }> {
    await this.end();
    return this.judge(crashes);
  }

  /** Ends all clients, whatever they have done. */
  async abandon(): Promise<void> {
    await Promise.all([this.#producer, ...this.#clients].map((client) => this.#end(client)));
  }

  async #end(client: RunningClient): Promise<void> {
    this.#ending.add(client);
    await client.stop();
  }

  describe(): string {
    return [this.#producer, ...this.#clients].map((client) => client.describe()).join('\n');
  }

  get #clients(): readonly RunningClient[] {
    return [...this.#members.values()];
  }

  /** No client has failed, nor said that something is not as it should be. */
  #check(): void {
    const failed = fieldsOf(this.#producer.lines, 'F');
    const errors = this.#clients.flatMap(({ lines }) => fieldsOf(lines, 'E'));
    const ended = [this.#producer, ...this.#clients].filter(
      (client) => client.exitCode !== null && !this.#ending.has(client),
    );
    if (failed.length > 0 || errors.length > 0 || ended.length > 0) {
      const said = [...failed, ...errors].slice(0, 5).map((fields) => fields.join(' '));
      throw new GiveUp([`${ended.length} clients ended by themselves`, ...said, this.describe()].join('\n'));
    }
  }

  async #isFinished(acknowledged: number): Promise<boolean> {
    this.#check();
    const ends = this.#clients.flatMap(({ lines }) => fieldsOf(lines, 'K'));
    const places = new Set(
      ends.flatMap(([outcome, , , partition, offset]) =>
        outcome === 'accepted' || outcome === 'unknown' ? [`${partition}:${offset}`] : [],
      ),
    );
    if (places.size < acknowledged)
      throw new Error(`${places.size} of ${acknowledged} records are finished\n${this.describe()}`);
    const lags = fieldsOf(await this.#tell('lag', this.#options.group), 'L');
    return lags.length === this.#options.partitions && lags.every(([, lag]) => lag === '0');
  }

  /** Runs a role of KillLoad to its end; what it wrote. */
  async #tell(role: string, argument: string): Promise<readonly string[]> {
    const { start, bootstrap, inside = bootstrap, topic } = this.#options;
    this.#told += 1;
    const client = await start(`${role}-${this.#told}`, 'java', [role, inside, topic, argument]);
    await waitFor(`${role} has ended`, () => client.exitCode !== null, { pollMs: POLL_MS });
    if (client.exitCode !== 0) throw new Error(`${role}: exit code ${client.exitCode}\n${client.describe()}`);
    return client.lines;
  }
}

/** `ClientLoad.gapMs` of the lines of a producer. */
export function longestGapMs(
  lines: readonly string[],
  partitions: number,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): number {
  const lastMs = Array.from({ length: partitions }, () => fromMs);
  let longestMs = 0;
  const saw = (partition: number, atMs: number): void => {
    longestMs = Math.max(longestMs, atMs - (lastMs[partition] ?? atMs));
    lastMs[partition] = atMs;
  };
  for (const [partition, , , at] of fieldsOf(lines, 'A')) {
    const atMs = Number(at);
    if (atMs >= fromMs && atMs <= untilMs) saw(Number(partition), atMs);
  }
  lastMs.forEach((_, partition) => saw(partition, untilMs));
  return longestMs;
}
