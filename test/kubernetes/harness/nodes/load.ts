import { join } from 'node:path';
import { isRecord } from '../../../../operator/api/validate.ts';
import { judgeLog } from '../../../faults/history.ts';
import { ROOT } from '../../../tidy/tree.ts';
import type { Child } from '../../../wire/harness/child.ts';
import { GiveUp, waitFor } from '../../../wire/harness/wait.ts';
import type { Nodes } from './nodes.ts';

const EVERY_MS = 10;
const PATIENCE_MS = 120_000;

/** Where records go, and who takes them. */
export interface LoadTarget {
  readonly bootstrap: string;
  readonly topic: string;
  readonly group: string;
}

type Place = { readonly partition: number; readonly offset: number };
type Fields = Readonly<Record<string, unknown>>;

const placeOf = ({ partition, offset }: Place): string => `${partition}:${offset}`;

/** Runs `weir` beside the pods and takes each line of JSON that it writes. */
async function weir(nodes: Nodes, args: readonly string[], onFields: (fields: Fields) => void): Promise<Child> {
  const program = ['--no-warnings', join(ROOT, 'broker/cli/weir.ts'), ...args, '--json'];
  const onLine = (line: string): void => {
    const fields: unknown = JSON.parse(line);
    if (isRecord(fields)) onFields(fields);
  };
  return nodes.beside(process.execPath, program, { onLine });
}

const placeIn = (fields: Fields): Place => ({
  partition: Number(fields['partition']),
  offset: Number(fields['offset']),
});

/**
 * An idempotent producer that sends a line every 10 ms and waits for all copies, and a member of a share group that takes what comes, both
 * beside the pods. They go on, and write down what they see, until they are told to end.
 */
export class Load {
  readonly #nodes: Nodes;
  readonly #target: LoadTarget;
  readonly #sentMs: number[] = [];
  readonly #acknowledged = new Map<string, Place>();
  readonly #taken = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  readonly #failures: string[] = [];
  #putter: Child | null = null;
  #taker: Child | null = null;
  #longestMs = 0;

  private constructor(nodes: Nodes, target: LoadTarget) {
    this.#nodes = nodes;
    this.#target = target;
    this.#timer = setInterval(() => this.#send(), EVERY_MS);
  }

  /** Begins, and waits until a line has gone the whole way. */
  static async start(nodes: Nodes, target: LoadTarget): Promise<Load> {
    const load = new Load(nodes, target);
    const { bootstrap, topic, group } = target;
    const on = ['--bootstrap', bootstrap] as const;
    load.#putter = await weir(nodes, ['put', topic, ...on], (fields) => load.#onPut(fields));
    load.#taker = await weir(nodes, ['take', group, '--topic', topic, ...on], (fields) => load.#onTake(fields));
    await load.more(1);
    return load;
  }

  /** How many lines are acknowledged. */
  get count(): number {
    return this.#acknowledged.size;
  }

  /** Waits until so many more lines are acknowledged and everything up to here is taken. */
  async more(count = 100): Promise<void> {
    const goal = this.count + count;
    await this.#wait(`${goal} lines are acknowledged`, () => this.count >= goal);
    const missing = [...this.#acknowledged.keys()].filter((value) => !this.#taken.has(value));
    await this.#wait('they are taken', () => missing.every((value) => this.#taken.has(value)));
  }

  /** For how long a line has waited at most for its acknowledgement since this was asked before, ms. */
  longestMs(): number {
    const now = Date.now();
    const waiting = this.#sentMs.find((_, index) => !this.#acknowledged.has(lineOf(index)));
    const longest = Math.max(this.#longestMs, waiting === undefined ? 0 : now - waiting);
    this.#longestMs = 0;
    return longest;
  }

  /** Nothing more is sent; every line was acknowledged, and taken, and nobody failed. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    this.#putter?.endInput();
    const { length } = this.#sentMs;
    await this.#wait('every line is acknowledged', () => this.count === length);
    await this.#wait('every line is taken', () => this.#taken.size === length);
    const codes = [await this.#putter?.exited, await this.#taker?.stop()];
    if (codes.some((code) => code !== 0) || this.#failures.length > 0) throw new Error(this.describe());
  }

  /** Reads everything that there is, as a group that has taken nothing yet; gives what is wrong with it, in words. */
  async judge(group: string): Promise<readonly string[]> {
    const found = new Map<string, Place & { readonly id: string }>();
    const { topic, bootstrap } = this.#target;
    const args = ['take', group, '--topic', topic, '--bootstrap', bootstrap, '--idle', '10'];
    const scan = await weir(this.#nodes, args, (fields) => {
      const place = placeIn(fields);
      if (fields['event'] === 'delivered') found.set(placeOf(place), { ...place, id: String(fields['value']) });
    });
    if ((await scan.exited) !== 0) throw new Error(scan.tail());
    const scanned = [...found.values()];
    const acknowledged = [...this.#acknowledged].map(([id, place]) => ({ id, ...place }));
    const sent = acknowledged.map(({ id, partition }) => ({ id, partition, producer: 'put', sequence: numberOf(id) }));
    const byPlace = scanned.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
    return judgeLog({ sent, acknowledged, scanned: byPlace }).map(
      ({ rule, record, detail }) => `${rule}: ${record}: ${detail}`,
    );
  }

  /** What was seen, and what the programs said last. */
  describe(): string {
    const figures = `${this.#sentMs.length} sent, ${this.count} acknowledged, ${this.#taken.size} taken`;
    return [figures, ...this.#failures.slice(0, 10), this.#putter?.tail() ?? '', this.#taker?.tail() ?? ''].join('\n');
  }

  /** Ends it, whatever comes of it. */
  async kill(): Promise<void> {
    clearInterval(this.#timer);
    await this.#putter?.kill();
    await this.#taker?.kill();
  }

  async #wait(what: string, isSo: () => boolean): Promise<void> {
    const probe = (): boolean => {
      const ended = this.#putter?.exitCode === 1 || (this.#taker !== null && this.#taker.exitCode !== null);
      if (ended || this.#failures.length > 0) throw new GiveUp(`${what}: ${this.describe()}`);
      return isSo();
    };
    await waitFor(what, probe, { deadlineMs: PATIENCE_MS }).catch((error: unknown) => {
      throw error instanceof GiveUp ? error : new Error(`${what}: not in time\n${this.describe()}`, { cause: error });
    });
  }

  #send(): void {
    if (this.#putter === null) return;
    this.#putter.write(`${lineOf(this.#sentMs.length)}\n`);
    this.#sentMs.push(Date.now());
  }

  #onPut(fields: Fields): void {
    const value = String(fields['value']);
    if (fields['event'] !== 'acknowledged') this.#failures.push(JSON.stringify(fields));
    else {
      this.#acknowledged.set(value, placeIn(fields));
      const waitedMs = Number(fields['at']) - (this.#sentMs[numberOf(value)] ?? 0);
      this.#longestMs = Math.max(this.#longestMs, waitedMs);
    }
  }

  #onTake(fields: Fields): void {
    const { event } = fields;
    if (event === 'delivered') this.#deliver(fields);
  }

  #deliver(fields: Fields): void {
    const [value, place] = [String(fields['value']), placeOf(placeIn(fields))];
    const before = this.#taken.get(value);
    if (before !== undefined && before !== place)
      this.#failures.push(`${value} is stored at ${before} and at ${place}`);
    this.#taken.set(value, place);
  }
}

const lineOf = (index: number): string => `line ${index}`;
const numberOf = (line: string): number => Number(line.slice('line '.length));
