import type { Prng } from '../../../broker/core/base/prng.ts';
import type { Stage } from '../stage.ts';
import type { SimAdmin } from './admin.ts';
import { commitOffset, findCoordinator } from './requests.ts';

/** A topic that offsets are committed for. */
export interface CommittedTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** Commits rising offsets of a group without members, one at a time. */
export class SimCommitter {
  readonly group: string;
  readonly #stage: Stage;
  readonly #admin: SimAdmin;
  readonly #topics: readonly CommittedTopic[];
  readonly #pauseMs: number;
  readonly #prng: Prng;
  #offset = 0;
  #stopped = false;

  constructor(
    stage: Stage,
    admin: SimAdmin,
    options: { group: string; topics: readonly CommittedTopic[]; pauseMs: number },
  ) {
    this.#stage = stage;
    this.#admin = admin;
    this.group = options.group;
    this.#topics = options.topics;
    this.#pauseMs = options.pauseMs;
    this.#prng = stage.fork();
    admin.ask(findCoordinator(this.group, () => this.#later()));
  }

  /** Commits nothing further. */
  stop(): void {
    this.#stopped = true;
  }

  #later(): void {
    this.#stage.world.schedule(this.#prng.below(2 * this.#pauseMs), () => {
      if (!this.#stopped) this.#commit();
    });
  }

  #commit(): void {
    const topic = this.#topics[this.#prng.below(this.#topics.length)];
    if (topic === undefined) return;
    this.#offset += 1 + this.#prng.below(5);
    const partition = this.#prng.below(topic.partitions.length);
    const where = { topic: topic.name, topicId: topic.topicId, partition, offset: this.#offset };
    this.#note(where, false);
    this.#admin.ask(
      commitOffset(this.group, where, () => {
        this.#note(where, true);
        this.#later();
      }),
    );
  }

  #note({ topic, partition, offset }: { topic: string; partition: number; offset: number }, confirmed: boolean): void {
    const atMs = this.#stage.world.nowMs;
    this.#stage.note({ kind: 'commit', atMs, group: this.group, topic, partition, offset, confirmed });
  }
}
