import { setTimeout as delay } from 'node:timers/promises';
import type { TopicSeen } from '../support/cluster-probe.ts';
import type { Life } from './share-history.ts';

const SAMPLE_PAUSE_MS = 100;

/** A leadership while it is watched. */
type Watched = { -readonly [Key in keyof Life]: Life[Key] };

/** How brokers are asked which partitions they lead themselves. */
export interface LivesOptions {
  readonly nodes: readonly number[];
  /** What a broker, and no other, says of the topic; rejects when it does not answer. */
  readonly ask: (node: number) => Promise<TopicSeen | null>;
  readonly nowMs: () => number;
}

/** Asks every broker all the time what it leads. What it says before and after, in one process, held in between. */
export class Lives {
  readonly lives: Life[] = [];
  readonly #options: LivesOptions;
  readonly #current = new Map<string, Watched>();
  /** How often a broker's process ended: an answer of an earlier one says nothing. */
  readonly #endings = new Map<number, number>();
  readonly #watching: Promise<unknown>;
  #isOver = false;

  constructor(options: LivesOptions) {
    this.#options = options;
    this.#watching = Promise.all(options.nodes.map((node) => this.#watch(node)));
  }

  /** The process of a broker is about to end. */
  ended(node: number): void {
    this.#endings.set(node, this.#endingsOf(node) + 1);
    for (const [key, life] of this.#current) if (life.node === node) this.#current.delete(key);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
  }

  #endingsOf(node: number): number {
    return this.#endings.get(node) ?? 0;
  }

  async #watch(node: number): Promise<void> {
    const { ask, nowMs } = this.#options;
    while (!this.#isOver) {
      const askedMs = nowMs();
      const endings = this.#endingsOf(node);
      const seen = await ask(node).catch(() => null);
      if (endings === this.#endingsOf(node)) this.#note(node, seen, askedMs);
      await delay(SAMPLE_PAUSE_MS);
    }
  }

  #note(node: number, seen: TopicSeen | null, askedMs: number): void {
    const epochs = new Map<number, number>();
    seen?.leaders.forEach((leader, partition) => {
      if (leader === node) epochs.set(partition, seen.leaderEpochs[partition] ?? -1);
    });
    for (const [key, life] of this.#current)
      if (life.node === node && epochs.get(life.partition) !== life.epoch) this.#current.delete(key);
    for (const [partition, epoch] of epochs) {
      const key = `${node}:${partition}`;
      const life = this.#current.get(key);
      if (life !== undefined) {
        life.untilMs = askedMs;
        continue;
      }
      const fromMs = this.#options.nowMs();
      const begun: Watched = { node, partition, epoch, fromMs, untilMs: fromMs };
      this.#current.set(key, begun);
      this.lives.push(begun);
    }
  }
}
