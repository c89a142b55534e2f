import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { ManifestFile } from '../manifests.ts';

/** Looks at the files at least this often: not every file system tells of changes. */
const POLL_MS = 1_000;
/** Editors write in several steps: a change is read when this long nothing followed. */
const SETTLE_MS = 50;

/** Reads manifest files; the message of the error names the file. */
export function readManifestFiles(paths: readonly string[]): readonly ManifestFile[] {
  return paths.map((path) => ({ name: path, text: readFileSync(path, 'utf8') }));
}

/** Tells when the contents of files change. Directories are watched, since editors replace files. */
export class ManifestWatch {
  readonly #paths: readonly string[];
  readonly #changed: () => void;
  readonly #watchers: FSWatcher[] = [];
  readonly #poll: ReturnType<typeof setInterval>;
  #settle: ReturnType<typeof setTimeout> | null = null;
  #stamp: string;

  constructor(paths: readonly string[], changed: () => void) {
    this.#paths = paths;
    this.#changed = changed;
    this.#stamp = stampOf(paths);
    for (const path of paths) this.#watch(path);
    this.#poll = setInterval(() => {
      this.#look();
    }, POLL_MS);
  }

  close(): void {
    clearInterval(this.#poll);
    if (this.#settle !== null) clearTimeout(this.#settle);
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(path: string): void {
    try {
      const watcher = watch(dirname(path), (_event, name) => {
        if (name === null || name === basename(path)) this.#look();
      });
      // Watching is only the quick way: without it the poll finds the change.
      watcher.on('error', () => {
        watcher.close();
      });
      this.#watchers.push(watcher);
    } catch {
      // As above.
    }
  }

  #look(): void {
    const stamp = stampOf(this.#paths);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    if (this.#settle !== null) clearTimeout(this.#settle);
    this.#settle = setTimeout(() => {
      this.#settle = null;
      this.#changed();
    }, SETTLE_MS);
  }
}

function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      try {
        const { mtimeMs, size, ino } = statSync(path);
        return `${ino}:${size}:${mtimeMs}`;
      } catch {
        return 'absent';
      }
    })
    .join(' ');
}
