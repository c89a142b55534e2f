import { Buffer } from 'node:buffer';

/** A change of a file's content that no sync made durable yet. */
export type Change =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number };

/** A change of a directory's entries. */
export type EntryChange =
  | { readonly kind: 'set'; readonly name: string; readonly node: Node }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly node: Node };

/** A file: as readers see it, as a power cut leaves it, and what lies between. */
export interface FileNode {
  readonly kind: 'file';
  content: Bytes;
  durable: Bytes;
  /** Completed since the last sync, in order. */
  unsynced: Change[];
  /** Number of changes that were made durable since the start of this life. */
  syncedCount: number;
  /** Issued and not completed: a crash may leave any part of it. */
  inFlight: Set<Change>;
}

/** A directory, likewise. */
export interface DirectoryNode {
  readonly kind: 'directory';
  entries: Map<string, Node>;
  durable: Map<string, Node>;
  unsynced: EntryChange[];
  syncedCount: number;
}

/** What a path can name. */
export type Node = FileNode | DirectoryNode;

/** A disk's contents at one moment. */
export interface DiskImage {
  readonly root: DirectoryNode;
}

/** A growable file content. */
export class Bytes {
  #buf = Buffer.alloc(0);
  size = 0;

  apply(change: Change): void {
    if (change.kind === 'truncate') this.resize(change.size);
    else this.writeAt(change.position, change.bytes);
  }

  writeAt(position: number, bytes: Uint8Array): void {
    if (position + bytes.length > this.size) this.resize(position + bytes.length);
    this.#buf.set(bytes, position);
  }

  resize(size: number): void {
    if (size > this.#buf.length) {
      const grown = Buffer.alloc(Math.max(size, this.#buf.length * 2, 1024));
      this.#buf.copy(grown, 0, 0, this.size);
      this.#buf = grown;
    }
    if (size < this.size) this.#buf.fill(0, size, this.size);
    this.size = size;
  }

  copy(start: number, end: number): Buffer {
    return Buffer.from(this.#buf.subarray(start, Math.min(end, this.size)));
  }

  clone(): Bytes {
    const cloned = new Bytes();
    cloned.writeAt(0, this.copy(0, this.size));
    return cloned;
  }
}

/** An empty file. */
export function newFile(): FileNode {
  return {
    kind: 'file',
    content: new Bytes(),
    durable: new Bytes(),
    unsynced: [],
    syncedCount: 0,
    inFlight: new Set(),
  };
}

/** An empty directory. */
export function newDirectory(): DirectoryNode {
  return { kind: 'directory', entries: new Map(), durable: new Map(), unsynced: [], syncedCount: 0 };
}

/** A copy of a tree in which a file of several names stays one file. */
export function copyDirectory(root: DirectoryNode): DirectoryNode {
  const copies = new Map<Node, Node>();
  const copy = (node: Node): Node => {
    const known = copies.get(node);
    if (known !== undefined) return known;
    if (node.kind === 'file') {
      const file = { ...newFile(), content: node.content.clone(), durable: node.durable.clone() };
      file.unsynced = [...node.unsynced];
      file.syncedCount = node.syncedCount;
      copies.set(node, file);
      return file;
    }
    const directory = { ...newDirectory(), syncedCount: node.syncedCount };
    copies.set(node, directory);
    for (const [name, child] of node.entries) directory.entries.set(name, copy(child));
    for (const [name, child] of node.durable) directory.durable.set(name, copy(child));
    directory.unsynced = node.unsynced.map((entry) => ('node' in entry ? { ...entry, node: copy(entry.node) } : entry));
    return directory;
  };
  const copied = copy(root);
  if (copied.kind !== 'directory') throw new Error('bug: the root is a directory');
  return copied;
}
