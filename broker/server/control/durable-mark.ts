import { TRY_NEWER_RELEASE } from '../../core/base/format.ts';
import { Buffer } from 'node:buffer';
import type { Crc32c } from '../../core/base/checksum.ts';
import { readInt64, writeInt64 } from '../../core/base/int64.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { readIfExists } from '../logs/disk-tasks.ts';
import { FrameFormatError } from './frames.ts';
import { runTask, step, type Task } from '../task.ts';

/** Name of the file beside the log's segments. */
const FILE_NAME = 'durable.mark';
const MAGIC = 0x574d_4d31;
const FORMAT_VERSION = 1;
/** Magic (4), CRC-32C of the rest (4), format version (4), index (8), term (8). */
const SLOT_BYTES = 28;
const CRC_START = 8;
/** The two slots lie in sectors of their own: a write that is torn spoils one, the other holds the mark before. */
const SLOT_DISTANCE = 512;
const FILE_BYTES_MAX = 64 * 1024;

/** The last entry that is known to have been synced (V10). */
export interface DurableMark {
  readonly index: number;
  readonly term: number;
}

const NO_MARK: DurableMark = { index: 0, term: 0 };

function encodeSlot(mark: DurableMark, crc32c: Crc32c): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(FORMAT_VERSION, 8);
  writeInt64(bytes, 12, mark.index);
  writeInt64(bytes, 20, mark.term);
  bytes.writeUInt32BE(crc32c(bytes, CRC_START, bytes.length), 4);
  return bytes;
}

function decodeSlot(file: Buffer, position: number, crc32c: Crc32c): DurableMark {
  const end = position + SLOT_BYTES;
  if (end > file.length || file.readUInt32BE(position) !== MAGIC) return NO_MARK;
  if (crc32c(file, position + CRC_START, end) !== file.readUInt32BE(position + 4)) return NO_MARK;
  const version = file.readUInt32BE(position + 8);
  if (version !== FORMAT_VERSION) {
    throw new FrameFormatError(`format ${version} of ${FILE_NAME} is not known to this release; ${TRY_NEWER_RELEASE}`);
  }
  return { index: readInt64(file, position + 12), term: readInt64(file, position + 20) };
}

/** Reads the mark of a metadata log; index 0 when there is none. Throws `FrameFormatError` for one of a newer format. */
export function* readMark(disk: Disk, directory: string, crc32c: Crc32c): Task<DurableMark> {
  const bytes = yield* readIfExists(disk, `${directory}/${FILE_NAME}`, FILE_BYTES_MAX);
  if (bytes === null) return NO_MARK;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots = [decodeSlot(file, 0, crc32c), decodeSlot(file, SLOT_DISTANCE, crc32c)];
  return slots.reduce((highest, slot) => (slot.index > highest.index ? slot : highest), NO_MARK);
}

/**
 * Keeps the mark behind the log: written after a round's sync returned and after its commit, so that it costs no round any
 * time, and never names what a power cut may still tear. One write at a time; the next takes the newest.
 */
export class MarkWriter {
  readonly #deps: { readonly disk: Disk; readonly crc32c: Crc32c; readonly directory: string };
  readonly #onIdle: () => void;
  readonly #onFailure: (error: unknown) => void;
  #file: DiskFile | null = null;
  #next: DurableMark | null = null;
  #writing = false;
  #slot = 0;

  constructor(
    deps: { readonly disk: Disk; readonly crc32c: Crc32c; readonly directory: string },
    host: { readonly onIdle: () => void; readonly onFailure: (error: unknown) => void },
  ) {
    this.#deps = deps;
    this.#onIdle = host.onIdle;
    this.#onFailure = host.onFailure;
  }

  /** Whether nothing is under way or waits. */
  get isIdle(): boolean {
    return !this.#writing && this.#next === null;
  }

  /** Everything up to `mark` is synced. */
  advance(mark: DurableMark): void {
    this.#next = mark;
    if (!this.#writing) this.#write();
  }

  /** Closes the file; to be called when idle. */
  close(): void {
    this.#file?.close(() => undefined);
    this.#file = null;
  }

  #write(): void {
    const mark = this.#next;
    if (mark === null) return;
    this.#next = null;
    this.#writing = true;
    runTask(this.#put(mark), (error) => {
      this.#writing = false;
      if (error !== null) {
        this.#next = null;
        this.close();
        this.#onFailure(error);
        return;
      }
      if (this.#next === null) this.#onIdle();
      else this.#write();
    });
  }

  *#put(mark: DurableMark): Task<void> {
    const { disk, directory, crc32c } = this.#deps;
    const isFirst = this.#file === null;
    const file =
      this.#file ?? (yield* step<DiskFile>((done) => disk.open(`${directory}/${FILE_NAME}`, { create: true }, done)));
    this.#file = file;
    const bytes = encodeSlot(mark, crc32c);
    // The first of a life takes both, for it is not known which of them holds the newer one.
    const slots = isFirst ? [0, 1] : [this.#slot];
    for (const slot of slots) {
      yield* step<void>((done) => file.write(slot * SLOT_DISTANCE, [bytes], done));
      yield* step<void>((done) => file.sync(done));
    }
    this.#slot = 1 - (slots.at(-1) ?? 0);
    if (isFirst) yield* step<void>((done) => disk.syncDirectory(directory, done));
  }
}
