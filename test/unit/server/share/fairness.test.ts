import { describe, expect, test } from '@jest/globals';
import { type Member, ShareNode, type Verdicts } from './bench.ts';

const ACCEPT = 1;
const WORK_MS = 5;
const MEMBERS = 8;

/** A consumer as Java's: it works through what it got, then says so with its next fetch. */
class Worker {
  /** Records worked through. */
  records = 0;
  readonly #node: ShareNode;
  readonly #member: Member;
  #pending: ReturnType<Member['fetch']>;
  #left = 0;
  #held: Verdicts = {};

  constructor(node: ShareNode, id: string) {
    this.#node = node;
    this.#member = node.member(id);
    this.#pending = this.#member.fetch();
  }

  /** The time of one record passes. */
  step(): void {
    if (this.#left > 0) {
      this.records += 1;
      this.#left -= 1;
      if (this.#left > 0) return;
      this.#pending = this.#member.fetch({ verdicts: this.#held });
    }
    if (this.#pending.answer === null) return;
    const ranges = this.#pending.answer.responses.flatMap(({ partitions }) =>
      partitions.flatMap(({ acquiredRecords }) => acquiredRecords),
    );
    this.#left = ranges.reduce((sum, { firstOffset, lastOffset }) => sum + lastOffset - firstOffset + 1, 0);
    this.#held = { 0: ranges.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset, ACCEPT]) };
    if (this.#left === 0) this.#pending = this.#member.fetch();
    this.#node.settle();
  }
}

/** What each of eight members, who came one after the other, worked through in 5 s after a while. */
function workOf(apartMs: number, batchSize: number): number[] {
  const node = new ShareNode();
  for (let count = 0; count < 20_000; count += batchSize) node.produce(batchSize);
  const workers: Worker[] = [];
  const run = (ms: number): void => {
    for (let at = 0; at < ms; at += WORK_MS) {
      if (workers.length < MEMBERS && at >= workers.length * apartMs)
        workers.push(new Worker(node, `m${workers.length}`));
      for (const worker of workers) worker.step();
      node.loop.advance(WORK_MS);
    }
  };
  run(4000);
  const before = workers.map(({ records }) => records);
  run(5000);
  return workers.map(({ records }, index) => records - (before[index] ?? 0));
}

describe('members of a share group that fetch 500 records at a time', () => {
  test.each([
    [0, 150],
    [20, 150],
    [100, 150],
    [300, 150],
    [20, 10],
    [20, 250],
  ])('get about equally much, and none is idle: %d ms apart, batches of %d', (apartMs, batchSize) => {
    const each = workOf(apartMs, batchSize);
    const possible = 5000 / WORK_MS;
    expect(Math.min(...each) / possible).toBeGreaterThan(0.9);
    expect(Math.max(...each) / possible).toBeLessThanOrEqual(1);
  });
});
