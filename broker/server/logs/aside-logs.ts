import type { TopicId } from '../../core/base/ids.ts';
import { asideDirectoryName, DELETED_SUFFIX, logDirectoryName } from '../../core/log/file-names.ts';
import type { Disk } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { faultCode, removeIfExists, removeLogFiles } from './disk-tasks.ts';
import type { LogContext } from './log-context.ts';

/** One log by its place. */
interface Place {
  readonly topicId: TopicId;
  readonly partition: number;
}

/**
 * Damaged logs that are kept beside those that take their places, until these have everything (D7). As long as one is kept the log
 * in its place is not whole, and the node names it as damaged whenever it registers.
 */
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

  /**
   * Sets the directory of a closed log aside. Where one is kept already that one stays: what took its place never had everything,
   * and is removed. Durable when the directory is synced next.
   */
  *take(log: Place & { readonly topic: string }): Task<void> {
    const from = `${this.#directory}/${logDirectoryName(log.topic, log.partition)}`;
    const name = asideDirectoryName(log.topicId, log.partition);
    const { files, indexes } = this.#context();
    for (const cache of [files, indexes]) cache.forgetUnder(`${from}/`);
    try {
      if (this.#names.has(name)) yield* this.#remove(from);
      else yield* step<void>((done) => this.#disk.rename(from, `${this.#directory}/${name}`, done));
    } catch (error) {
      if (faultCode(error) !== 'ENOENT') throw error;
      // The damage is that its directory is gone: an empty one stands for that.
      yield* step<void>((done) => this.#disk.makeDirectory(`${this.#directory}/${name}`, done));
    }
    this.#names.add(name);
    for (const cache of [files, indexes]) cache.forgetUnder(`${from}/`);
  }

  /** Removes what was set aside: it is gone as a whole, and for good, before any of it is removed. */
  *drop(place: Place): Task<void> {
    if (!this.has(place)) return;
    const name = asideDirectoryName(place.topicId, place.partition);
    const path = `${this.#directory}/${name}${DELETED_SUFFIX}`;
    yield* step<void>((done) => this.#disk.rename(`${this.#directory}/${name}`, path, done));
    yield* step<void>((done) => this.#disk.syncDirectory(this.#directory, done));
    this.#names.delete(name);
    yield* this.#remove(path);
  }

  *#remove(path: string): Task<void> {
    yield* removeLogFiles(this.#context(), path);
    yield* removeIfExists(this.#disk, path);
  }
}
