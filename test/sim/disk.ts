import { Buffer } from 'node:buffer';
import type { Prng } from '../../broker/core/base/prng.ts';
import {
  type Change,
  copyDirectory,
  type DirectoryNode,
  type DiskImage,
  type EntryChange,
  type FileNode,
  newDirectory,
  newFile,
  type Node,
} from './disk-tree.ts';
import type { DirectoryEntry, Disk, DiskDone, DiskFailure, DiskFile } from '../../broker/ports/disk.ts';

/** Smallest unit that a crash keeps or loses of an unsynced write, bytes. */
const SECTOR_SIZE = 512;

/** What a simulated disk is made of. Times are virtual milliseconds. */
export interface SimDiskOptions {
  /** Runs `callback` as an input of the simulated loop after `delayMs`. */
  readonly schedule: (delayMs: number, callback: () => void) => void;
  readonly prng: Prng;
  /** Longest time of an operation; each takes a seeded part of it. Syncs take up to ten times as long. */
  readonly latencyMaxMs?: number;
  /** Bytes of file contents that fit; beyond that writes fail with ENOSPC after a short write. */
  readonly capacityBytes?: number;
}

/** Faults that a test turns on and off while the disk is in use. */
export interface SimDiskFaults {
  /** Syncs of files report success and make nothing durable. */
  loseFileSyncs: boolean;
  /** Syncs of directories report success and make nothing durable. */
  loseDirectorySyncs: boolean;
  /** Asked before each operation: an errno name makes it fail, null lets it pass. */
  fail: (operation: string, path: string) => string | null;
  /** What every operation takes besides, ms. */
  slowMs: number;
  /** Asked when an operation would end: true keeps it under way until `resume`. */
  hangs: (operation: string) => boolean;
}

const NO_FAULTS: Readonly<SimDiskFaults> = {
  loseFileSyncs: false,
  loseDirectorySyncs: false,
  fail: () => null,
  slowMs: 0,
  hangs: () => false,
};

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/**
 * A disk in memory that forgets like a real one: data of files, directory entries, renames, removals and truncations
 * become durable apart (D9), each only by the sync that covers it (D1). Deterministic: same seed, same calls, same disk.
 * The object outlives a simulated crash; files opened before it are dead after it.
 */
export class SimDisk implements Disk {
  readonly faults: SimDiskFaults = { ...NO_FAULTS };
  /** Operations issued so far, by name. */
  readonly operationCounts = new Map<string, number>();
  /** Raised by every crash; completions of an earlier life never arrive. */
  #life = 0;
  /** What hangs, in the order in which it would have ended. */
  #held: { readonly operation: string; readonly end: () => void }[] = [];
  readonly #root = newDirectory();
  readonly #options: SimDiskOptions;
  #capacityBytes: number;
  readonly #latencyMaxMs: number;

  constructor(options: SimDiskOptions) {
    this.#options = options;
    this.#capacityBytes = options.capacityBytes ?? Number.MAX_SAFE_INTEGER;
    this.#latencyMaxMs = options.latencyMaxMs ?? 1;
  }

  open(path: string, options: { readonly create: boolean }, done: DiskDone<DiskFile>): void {
    this.#perform('open', path, done, () => {
      const { parent, name } = this.#parentOf(path);
      let node = parent.entries.get(name);
      if (node === undefined) {
        if (!options.create) throw errno('ENOENT');
        node = newFile();
        change(parent, { kind: 'set', name, node });
      }
      if (node.kind !== 'file') throw errno('EISDIR');
      return this.#handle(path, node);
    });
  }

  readFile(path: string, sizeMax: number, done: DiskDone<Uint8Array>): void {
    this.#perform('readFile', path, done, () => {
      const { content } = this.#fileAt(path);
      if (content.size > sizeMax) throw errno('EFBIG');
      return content.copy(0, content.size);
    });
  }

  fileSize(path: string, done: DiskDone<number>): void {
    this.#perform('fileSize', path, done, () => this.#fileAt(path).content.size);
  }

  list(path: string, done: DiskDone<readonly DirectoryEntry[]>): void {
    this.#perform('list', path, done, () =>
      [...this.#directoryAt(path).entries]
        .map(([name, node]) => ({ name, kind: node.kind }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    );
  }

  makeDirectory(path: string, done: DiskDone<void>): void {
    this.#perform('makeDirectory', path, done, () => {
      let at = this.#root;
      for (const name of split(path)) {
        let next = at.entries.get(name);
        if (next === undefined) {
          next = newDirectory();
          change(at, { kind: 'set', name, node: next });
        }
        if (next.kind !== 'directory') throw errno('ENOTDIR');
        at = next;
      }
    });
  }

  rename(from: string, to: string, done: DiskDone<void>): void {
    this.#perform('rename', from, done, () => {
      const source = this.#parentOf(from);
      const target = this.#parentOf(to);
      const node = source.parent.entries.get(source.name);
      if (node === undefined) throw errno('ENOENT');
      if (source.parent !== target.parent) throw errno('EXDEV');
      change(source.parent, { kind: 'rename', from: source.name, to: target.name, node });
    });
  }

  remove(path: string, done: DiskDone<void>): void {
    this.#perform('remove', path, done, () => {
      const { parent, name } = this.#parentOf(path);
      const node = parent.entries.get(name);
      if (node === undefined) throw errno('ENOENT');
      if (node.kind === 'directory' && node.entries.size > 0) throw errno('ENOTEMPTY');
      change(parent, { kind: 'remove', name });
    });
  }

  syncDirectory(path: string, done: DiskDone<void>): void {
    const issued = this.#tryDirectory(path);
    const covered = issued === null ? 0 : issued.syncedCount + issued.unsynced.length;
    this.#perform('syncDirectory', path, done, () => {
      const node = this.#directoryAt(path);
      if (this.faults.loseDirectorySyncs) return;
      for (const entry of takeCovered(node, covered)) applyEntry(node.durable, entry);
    });
  }

  space(path: string, done: DiskDone<{ readonly totalBytes: number; readonly usableBytes: number }>): void {
    this.#perform('space', path, done, () => ({
      totalBytes: this.#capacityBytes,
      usableBytes: this.#free(),
    }));
  }

  /**
   * The machine stops. With `keepPageCache` only the process dies: every completed change stays, one under way may be
   * partly done. Else power goes: what was synced stays, of the rest a seeded part: whole, not at all, or torn by sector
   * and in any order. What a power cut leaves is durable from then on; what a process leaves in the page cache is not.
   */
  crash(options: { readonly keepPageCache: boolean }): void {
    this.#life += 1;
    this.#held = [];
    this.#crashNode(this.#root, options.keepPageCache);
  }

  /** Whether a write or sync hangs. */
  get isHolding(): boolean {
    return this.#held.some(({ operation }) => operation === 'write' || operation === 'sync');
  }

  /** It hangs no more: what was under way ends. */
  resume(): void {
    this.faults.hangs = NO_FAULTS.hangs;
    const held = this.#held;
    this.#held = [];
    for (const { end } of held) this.#options.schedule(0, end);
  }

  /** The bytes of a file as a reader sees them now; null when it does not exist. For checks and for spoiling. */
  peek(path: string): Buffer | null {
    const { parent, name } = this.#parentOf(path);
    const node = parent.entries.get(name);
    return node?.kind === 'file' ? node.content.copy(0, node.content.size) : null;
  }

  /** Spoils a file on the platter itself, durably, as a broken disk would. */
  poke(path: string, position: number, bytes: Uint8Array): void {
    const node = this.#fileAt(path);
    node.content.writeAt(position, bytes);
    node.durable.writeAt(position, bytes);
  }

  /** Removes an entry durably, as a broken disk would. */
  vanish(path: string): void {
    const { parent, name } = this.#parentOf(path);
    parent.entries.delete(name);
    parent.durable.delete(name);
  }

  /** Puts a file there, durably, as somebody else would, with the directories that it needs. */
  place(path: string, bytes: Uint8Array): void {
    let parent = this.#root;
    const parts = split(path);
    const name = parts.pop() ?? '';
    for (const part of parts) {
      const directory = parent.entries.get(part) ?? newDirectory();
      if (directory.kind !== 'directory') throw errno('ENOTDIR');
      parent.entries.set(part, directory);
      parent.durable.set(part, directory);
      parent = directory;
    }
    const node = newFile();
    node.content.writeAt(0, bytes);
    node.durable.writeAt(0, bytes);
    parent.entries.set(name, node);
    parent.durable.set(name, node);
  }

  /** Everything becomes durable as readers see it now. */
  settle(): void {
    const visit = (node: Node): void => {
      if (node.kind === 'file') {
        node.durable = node.content.clone();
      } else {
        node.durable = new Map(node.entries);
        for (const child of node.entries.values()) visit(child);
      }
      node.syncedCount += node.unsynced.length;
      node.unsynced = [];
    };
    visit(this.#root);
  }

  /** Somebody makes the volume larger. */
  grow(sizeInBytes: number): void {
    this.#capacityBytes += sizeInBytes;
  }

  /** All that is on the disk now; to be called at rest. `restore` brings it back, as often as wanted. */
  image(): DiskImage {
    return { root: copyDirectory(this.#root) };
  }

  /** Puts the disk back to an image; whatever was open or under way is dead, as after a crash. */
  restore(image: DiskImage): void {
    this.#life += 1;
    this.#held = [];
    const { entries, durable, unsynced, syncedCount } = copyDirectory(image.root);
    Object.assign(this.#root, { entries, durable, unsynced, syncedCount });
  }

  /** Every file path with its size, sorted; for traces and tests. */
  files(): readonly { readonly path: string; readonly size: number }[] {
    const found: { path: string; size: number }[] = [];
    const visit = (node: Node, path: string): void => {
      if (node.kind === 'file') found.push({ path, size: node.content.size });
      else for (const [name, child] of node.entries) visit(child, `${path}/${name}`);
    };
    visit(this.#root, '');
    return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  #handle(path: string, node: FileNode): DiskFile {
    const life = this.#life;
    const perform = <T>(operation: string, done: DiskDone<T>, run: () => T): void => {
      if (life === this.#life) this.#perform(operation, path, done, run);
    };
    return {
      path,
      write: (position, chunks, done) => {
        const pending: Change = { kind: 'write', position, bytes: Buffer.concat(chunks) };
        const before = Buffer.concat(chunks);
        node.inFlight.add(pending);
        const finished: DiskDone<void> = (failure, value) => {
          node.inFlight.delete(pending);
          done(failure, value);
        };
        perform('write', finished, () => {
          if (!Buffer.concat(chunks).equals(before)) throw new Error(`bytes changed while they were written: ${path}`);
          this.#write(node, pending);
        });
      },
      read: (position, length, done) => {
        perform('read', done, () => node.content.copy(position, position + length));
      },
      sync: (done) => {
        const covered = node.syncedCount + node.unsynced.length;
        perform('sync', done, () => {
          if (this.faults.loseFileSyncs) return;
          for (const entry of takeCovered(node, covered)) node.durable.apply(entry);
        });
      },
      truncate: (size, done) => {
        perform('truncate', done, () => {
          node.content.resize(size);
          node.unsynced.push({ kind: 'truncate', size });
        });
      },
      size: (done) => {
        perform('size', done, () => node.content.size);
      },
      close: (done) => {
        perform('close', done, () => undefined);
      },
    };
  }

  #write(node: FileNode, pending: Extract<Change, { kind: 'write' }>): void {
    const growth = pending.position + pending.bytes.length - node.content.size;
    const excess = growth - this.#free();
    const fits =
      excess <= 0
        ? pending
        : { ...pending, bytes: pending.bytes.subarray(0, Math.max(0, pending.bytes.length - excess)) };
    node.content.apply(fits);
    node.unsynced.push(fits);
    if (excess > 0) throw errno('ENOSPC');
  }

  #free(): number {
    if (this.#capacityBytes === Number.MAX_SAFE_INTEGER) return this.#capacityBytes;
    const used = this.files().reduce((sum, file) => sum + file.size, 0);
    return Math.max(0, this.#capacityBytes - used);
  }

  /** Runs an operation after its latency; `run` throws an errno to fail it. */
  #perform<T>(operation: string, path: string, done: DiskDone<T>, run: () => T): void {
    const life = this.#life;
    const slow = operation === 'sync' || operation === 'syncDirectory' ? 10 : 1;
    const delayMs = (this.#options.prng.below(1024) / 1024) * this.#latencyMaxMs * slow + this.faults.slowMs;
    this.operationCounts.set(operation, (this.operationCounts.get(operation) ?? 0) + 1);
    const refused = this.faults.fail(operation, path);
    const end = (): void => {
      if (life !== this.#life) return;
      let failure: DiskFailure | null = null;
      let value: T | undefined;
      try {
        if (refused !== null) throw errno(refused);
        value = run();
      } catch (error) {
        failure = toFailure(operation, path, error);
      }
      done(failure, value);
    };
    this.#options.schedule(delayMs, () => {
      if (life !== this.#life) return;
      if (this.faults.hangs(operation)) this.#held.push({ operation, end });
      else end();
    });
  }

  #crashNode(node: Node, keepPageCache: boolean): void {
    if (node.kind === 'file') {
      this.#crashFile(node, keepPageCache);
      return;
    }
    if (!keepPageCache) {
      node.entries = this.#survivingEntries(node);
      node.durable = new Map(node.entries);
      node.unsynced = [];
    }
    for (const child of node.entries.values()) this.#crashNode(child, keepPageCache);
  }

  #crashFile(node: FileNode, keepPageCache: boolean): void {
    const underWay = this.#survivingChanges([...node.inFlight]);
    node.inFlight = new Set();
    if (keepPageCache) {
      for (const entry of underWay) {
        node.content.apply(entry);
        node.unsynced.push(entry);
      }
      return;
    }
    for (const entry of [...this.#survivingChanges(node.unsynced), ...underWay]) node.durable.apply(entry);
    node.content = node.durable.clone();
    node.unsynced = [];
  }

  /** All, none, a prefix, or any part of the unsynced changes, in any order. */
  #survivingChanges(changes: readonly Change[]): Change[] {
    const { prng } = this.#options;
    const mode = prng.below(4);
    if (mode === 0) return [...changes];
    if (mode === 1) return [];
    if (mode === 2) {
      const whole = prng.below(changes.length + 1);
      const next = changes[whole];
      return [...changes.slice(0, whole), ...(next === undefined ? [] : this.#torn(next, 'prefix'))];
    }
    return changes.flatMap((entry) => (prng.chance(0.5) ? [entry] : this.#torn(entry, 'sectors')));
  }

  #torn(entry: Change, how: 'prefix' | 'sectors'): Change[] {
    const { prng } = this.#options;
    if (entry.kind === 'truncate') return prng.chance(0.5) ? [entry] : [];
    const { position, bytes } = entry;
    if (how === 'prefix') return [{ kind: 'write', position, bytes: bytes.subarray(0, prng.below(bytes.length + 1)) }];
    const kept: Change[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + SECTOR_SIZE - ((position + at) % SECTOR_SIZE));
      if (prng.chance(0.5)) kept.push({ kind: 'write', position: position + at, bytes: bytes.subarray(at, end) });
      at = end;
    }
    return kept;
  }

  /** The durable entries and a seeded part of the unsynced changes; those of one name stay in order. */
  #survivingEntries(node: DirectoryNode): Map<string, Node> {
    const { prng } = this.#options;
    const survivors = new Map(node.durable);
    const lost = new Set<string>();
    const keep = prng.below(3);
    for (const entry of node.unsynced) {
      const names = entry.kind === 'rename' ? [entry.from, entry.to] : [entry.name];
      const survives = keep === 0 || (keep === 1 && prng.chance(0.5) && names.every((name) => !lost.has(name)));
      if (survives) applyEntry(survivors, entry);
      else for (const name of names) lost.add(name);
    }
    return survivors;
  }

  #directoryAt(path: string): DirectoryNode {
    let at = this.#root;
    for (const name of split(path)) {
      const next = at.entries.get(name);
      if (next === undefined) throw errno('ENOENT');
      if (next.kind !== 'directory') throw errno('ENOTDIR');
      at = next;
    }
    return at;
  }

  #tryDirectory(path: string): DirectoryNode | null {
    try {
      return this.#directoryAt(path);
    } catch {
      return null;
    }
  }

  #parentOf(path: string): { parent: DirectoryNode; name: string } {
    const parts = split(path);
    const name = parts.pop() ?? '';
    return { parent: this.#directoryAt(parts.join('/')), name };
  }

  #fileAt(path: string): FileNode {
    const { parent, name } = this.#parentOf(path);
    const node = parent.entries.get(name);
    if (node === undefined) throw errno('ENOENT');
    if (node.kind !== 'file') throw errno('EISDIR');
    return node;
  }
}

function change(node: DirectoryNode, entry: EntryChange): void {
  applyEntry(node.entries, entry);
  node.unsynced.push(entry);
}

function applyEntry(entries: Map<string, Node>, entry: EntryChange): void {
  if (entry.kind === 'set') entries.set(entry.name, entry.node);
  else if (entry.kind === 'remove') entries.delete(entry.name);
  else {
    entries.delete(entry.from);
    entries.set(entry.to, entry.node);
  }
}

/** The unsynced changes up to number `covered`, counted from the start; another sync may have taken some already. */
function takeCovered<T>(node: { readonly unsynced: T[]; syncedCount: number }, covered: number): T[] {
  const taken = node.unsynced.splice(0, Math.max(0, covered - node.syncedCount));
  node.syncedCount += taken.length;
  return taken;
}

function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function toFailure(operation: string, path: string, error: unknown): DiskFailure {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') throw error;
  return { code: error.code, operation, path, message: error.message };
}
