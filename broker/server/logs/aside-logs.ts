import type { TopicId } from '../../core/base/ids.ts';
import { asideDirectoryName, logDirectoryName } from '../../core/log/file-names.ts';
import type { Disk } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { faultCode, removeIfExists, removeLogFiles } from './disk-tasks.ts';
import type { LogContext } from './log-context.ts';

/** One log by its place. */
interface Place {
  readonly topicId: TopicId;
  readonly partition: number;
}

/** Damaged logs that are kept beside those that take their places, until these have everything (D7). */
export class AsideLogs {
  readonly #context: () => LogContext;
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #names = new Set<string>();

  constructor(disk: Disk, directory: string, context: () => LogContext) {
    this.#disk = disk;
    this.#directory = directory;
    this.#context = context;
  }

  /** A start found such a directory. */
  found(name: string): void {
    this.#names.add(name);
  }

  has({ topicId, partition }: Place): boolean {
    return this.#names.has(asideDirectoryName(topicId, partition));
  }

  /** Sets the directory of a closed log aside, in place of what was set aside before. */
  *take(log: Place & { readonly topic: string }): Task<void> {
    yield* this.drop(log);
    const from = `${this.#directory}/${logDirectoryName(log.topic, log.partition)}`;
    const name = asideDirectoryName(log.topicId, log.partition);
    const { files, indexes } = this.#context();
    for (const cache of [files, indexes]) cache.forgetUnder(`${from}/`);
    try {
      yield* step<void>((done) => this.#disk.rename(from, `${this.#directory}/${name}`, done));
    } catch (error) {
      // The damage is that its directory is gone.
      if (faultCode(error) === 'ENOENT') return;
      throw error;
    }
    this.#names.add(name);
    for (const cache of [files, indexes]) cache.forgetUnder(`${from}/`);
  }

  /** Removes what was set aside. */
  *drop(place: Place): Task<void> {
    if (!this.has(place)) return;
    const name = asideDirectoryName(place.topicId, place.partition);
    const path = `${this.#directory}/${name}`;
    yield* removeLogFiles(this.#context(), path);
    yield* removeIfExists(this.#disk, path);
    this.#names.delete(name);
  }
}
