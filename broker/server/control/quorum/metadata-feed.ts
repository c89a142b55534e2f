import type { ControlStream, WatchResponse } from '../../../ports/control-net.ts';
import type { Timers } from '../../../ports/clock.ts';
import type { MachineSnapshot } from './raft-host.ts';

/** Bytes of committed batches that are kept for those who come back or are slow; who is further behind gets a snapshot. */
const KEPT_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes that may be under way to one watcher: more is given when it has taken some. */
const UNDER_WAY_BYTES_MAX = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
/** Watchers at a time; further ones are refused. */
export const WATCHERS_MAX = 1000;

interface Batch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** One object for all watchers: the network encodes it once. */
  readonly message: Extract<WatchResponse, { readonly kind: 'batch' }>;
}

interface Watcher {
  readonly stream: ControlStream<WatchResponse>;
  /** Last offset that was sent. */
  offset: number;
  toldController: number | null;
  /** A snapshot that is being sent. */
  snapshot: { readonly state: MachineSnapshot; position: number } | null;
  /** It was asked for and is being made. */
  isAwaitingSnapshot: boolean;
}

/** What the feed asks of the state machine. */
export interface FeedSource {
  /** Offset of the last committed record; −1 before the first. */
  readonly offset: number;
  readonly controllerId: number;
  /** Makes a snapshot of what is committed, over several turns if it is large. */
  snapshot(done: (snapshot: MachineSnapshot) => void): void;
}

/**
 * Committed metadata for all who watch it (P3), from any controller. Batches are kept as they are in the log, so that they
 * are encoded once for all streams; who is too far behind gets a snapshot, and nobody holds more than a piece in memory.
 */
export class MetadataFeed {
  readonly #source: FeedSource;
  readonly #timers: Timers;
  readonly #watchers = new Set<Watcher>();
  #kept: Batch[] = [];
  #keptBytes = 0;
  #isPumping = false;

  constructor(source: FeedSource, timers: Timers) {
    this.#source = source;
    this.#timers = timers;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Begins to send what follows an offset; gives back how to end it. */
  watch(stream: ControlStream<WatchResponse>, offset: number): () => void {
    const watcher: Watcher = { stream, offset, toldController: null, snapshot: null, isAwaitingSnapshot: false };
    this.#watchers.add(watcher);
    stream.onDrain(() => this.#pumpSoon());
    this.#pumpSoon();
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /** Lets everybody go: they find what they need elsewhere. */
  endAll(): void {
    for (const { stream } of this.#watchers)
      stream.end({ code: 'unavailable', message: 'this controller is no voter any more' });
    this.#watchers.clear();
  }

  /** A batch was committed and applied. */
  batch(baseOffset: number, lastOffset: number, payload: Uint8Array): void {
    const message = { kind: 'batch', baseOffset, recordCount: lastOffset - baseOffset + 1, payload } as const;
    this.#kept.push({ baseOffset, lastOffset, message });
    this.#keptBytes += payload.length;
    while (this.#keptBytes > KEPT_BYTES_MAX && this.#kept.length > 1) {
      this.#keptBytes -= this.#kept.shift()?.message.payload.length ?? 0;
    }
    this.#pumpSoon();
  }

  /** A snapshot took the place of the state: what is kept does not lead to it. */
  replaced(): void {
    this.#kept = [];
    this.#keptBytes = 0;
    this.#pumpSoon();
  }

  /** Another node leads. */
  controllerChanged(): void {
    this.#pumpSoon();
  }

  /** Once a turn, however many batches it brings. */
  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#timers.after(0, () => {
      this.#isPumping = false;
      for (const watcher of this.#watchers) this.#pump(watcher);
    });
  }

  #pump(watcher: Watcher): void {
    const { controllerId, offset } = this.#source;
    if (watcher.toldController !== controllerId) {
      watcher.toldController = controllerId;
      watcher.stream.send({ kind: 'controller', controllerId });
    }
    if (watcher.isAwaitingSnapshot) return;
    while (watcher.stream.queuedBytes() < UNDER_WAY_BYTES_MAX) {
      if (watcher.snapshot !== null) this.#sendPiece(watcher, watcher.snapshot);
      else if (watcher.offset >= offset) return;
      else if (!this.#sendBatch(watcher)) {
        this.#beginSnapshot(watcher);
        return;
      }
    }
  }

  #sendBatch(watcher: Watcher): boolean {
    const first = this.#kept[0];
    if (first === undefined || first.baseOffset > watcher.offset + 1) return false;
    const batch = this.#kept[this.#find(watcher.offset + 1)];
    if (batch === undefined) return false;
    watcher.stream.send(batch.message);
    watcher.offset = batch.lastOffset;
    return true;
  }

  /** Position of the kept batch that begins with an offset. */
  #find(baseOffset: number): number {
    let low = 0;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle]?.baseOffset ?? 0) < baseOffset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #beginSnapshot(watcher: Watcher): void {
    watcher.isAwaitingSnapshot = true;
    this.#source.snapshot((state) => {
      watcher.isAwaitingSnapshot = false;
      watcher.snapshot = { state, position: 0 };
      this.#pumpSoon();
    });
  }

  #sendPiece(watcher: Watcher, sending: NonNullable<Watcher['snapshot']>): void {
    const { payload, offset } = sending.state;
    const data = payload.subarray(sending.position, sending.position + PIECE_BYTES);
    sending.position += data.length;
    const isLast = sending.position >= payload.length;
    watcher.stream.send({ kind: 'snapshot', offset, data, isLast });
    if (!isLast) return;
    watcher.snapshot = null;
    watcher.offset = offset;
  }
}
