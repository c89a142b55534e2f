import type { ControlStream, WatchResponse } from '../../../ports/control-net.ts';
import type { Timers } from '../../../ports/clock.ts';
import type { MachineSnapshot } from './raft-host.ts';

/** Bytes of committed batches that are kept for those who come back or are slow; who is further behind gets a snapshot. */
const KEPT_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes that may be under way to one watcher: more is given when it has taken some. */
const UNDER_WAY_BYTES_MAX = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
/** How often those who have as much under way as they may are looked at: who has taken nothing since is let go, ms. */
const STALL_MS = 15_000;
/** Watchers at a time; further ones are refused. */
export const WATCHERS_MAX = 1000;

interface Batch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** One object for all watchers: the network encodes it once. */
  readonly message: Extract<WatchResponse, { readonly kind: 'batch' }>;
}

type Piece = Extract<WatchResponse, { readonly kind: 'snapshot' }>;

/** A snapshot for all who need one: its pieces are one object for all of them, too. */
class SharedSnapshot {
  readonly offset: number;
  readonly #payload: Uint8Array;
  readonly #pieces: Piece[] = [];

  constructor({ payload, offset }: MachineSnapshot) {
    this.#payload = payload;
    this.offset = offset;
  }

  piece(index: number): Piece {
    const position = index * PIECE_BYTES;
    const data = this.#payload.subarray(position, position + PIECE_BYTES);
    const isLast = position + data.length >= this.#payload.length;
    return (this.#pieces[index] ??= { kind: 'snapshot', offset: this.offset, data, isLast });
  }
}

interface Watcher {
  readonly stream: ControlStream<WatchResponse>;
  /** Last offset that was sent. */
  offset: number;
  toldController: number | null;
  /** A snapshot that is being sent, and which piece is next. */
  snapshot: { readonly shared: SharedSnapshot; next: number } | null;
  /** It was asked for and is being made. */
  isAwaitingSnapshot: boolean;
  sentBytes: number;
  /** What it had taken when it was last found with as much under way as it may have; −1: it was not. */
  takenBytes: number;
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
 * are encoded once for all streams; who is too far behind gets a snapshot, the same for all as long as what is kept leads on
 * from it. Whoever is so slow that it needs a newer one meanwhile, or takes nothing at all, is let go.
 */
export class MetadataFeed {
  readonly #source: FeedSource;
  readonly #timers: Timers;
  readonly #watchers = new Set<Watcher>();
  #kept: Batch[] = [];
  #keptBytes = 0;
  #isPumping = false;
  /** The last snapshot, while somebody is sent it, and whether one is being made. */
  #snapshot: SharedSnapshot | null = null;
  #isMaking = false;
  #isLooking = false;

  constructor(source: FeedSource, timers: Timers) {
    this.#source = source;
    this.#timers = timers;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Begins to send what follows an offset; gives back how to end it. */
  watch(stream: ControlStream<WatchResponse>, offset: number): () => void {
    const watcher: Watcher = {
      ...{ stream, offset, toldController: null, snapshot: null, isAwaitingSnapshot: false },
      ...{ sentBytes: 0, takenBytes: -1 },
    };
    this.#watchers.add(watcher);
    stream.onDrain(() => this.#pumpSoon());
    this.#pumpSoon();
    return () => this.#forget(watcher);
  }

  /** Lets everybody go: they find what they need elsewhere. */
  endAll(): void {
    for (const { stream } of this.#watchers)
      stream.end({ code: 'unavailable', message: 'this controller is no voter any more' });
    this.#watchers.clear();
    this.#snapshot = null;
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
    while (!isFull(watcher)) {
      if (watcher.snapshot !== null) this.#sendPiece(watcher, watcher.snapshot);
      else if (watcher.offset >= offset) return;
      else if (!this.#sendBatch(watcher)) {
        this.#beginSnapshot(watcher);
        if (watcher.isAwaitingSnapshot) return;
      }
    }
    this.#lookLater();
  }

  #sendBatch(watcher: Watcher): boolean {
    const first = this.#kept[0];
    if (first === undefined || first.baseOffset > watcher.offset + 1) return false;
    const batch = this.#kept[this.#find(watcher.offset + 1)];
    if (batch === undefined) return false;
    send(watcher, batch.message, batch.message.payload);
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
    if (this.#snapshot !== null && this.#leadsOnFrom(this.#snapshot.offset)) {
      watcher.snapshot = { shared: this.#snapshot, next: 0 };
      return;
    }
    watcher.isAwaitingSnapshot = true;
    if (this.#isMaking) return;
    this.#isMaking = true;
    this.#source.snapshot((state) => {
      this.#isMaking = false;
      this.#made(new SharedSnapshot(state));
    });
  }

  #made(shared: SharedSnapshot): void {
    for (const watcher of this.#watchers) {
      if (watcher.isAwaitingSnapshot) {
        watcher.isAwaitingSnapshot = false;
        watcher.snapshot = { shared, next: 0 };
        this.#snapshot = shared;
        // It would need another one behind it.
      } else if (watcher.snapshot !== null && !this.#leadsOnFrom(watcher.snapshot.shared.offset))
        this.#letGo(watcher, 'the metadata has moved on by more than is kept while a snapshot was sent');
    }
    this.#pumpSoon();
  }

  /** Whether who has everything up to an offset can be given the rest. */
  #leadsOnFrom(offset: number): boolean {
    const first = this.#kept[0];
    return offset >= this.#source.offset || (first !== undefined && first.baseOffset <= offset + 1);
  }

  #sendPiece(watcher: Watcher, sending: NonNullable<Watcher['snapshot']>): void {
    const piece = sending.shared.piece(sending.next);
    sending.next += 1;
    send(watcher, piece, piece.data);
    if (!piece.isLast) return;
    watcher.snapshot = null;
    watcher.offset = piece.offset;
    this.#dropUnused();
  }

  #forget(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    this.#dropUnused();
  }

  #dropUnused(): void {
    const shared = this.#snapshot;
    if (shared !== null && ![...this.#watchers].some(({ snapshot }) => snapshot?.shared === shared))
      this.#snapshot = null;
  }

  #letGo(watcher: Watcher, message: string): void {
    watcher.stream.end({ code: 'unavailable', message });
    this.#forget(watcher);
  }

  /** Looks after a while whether those who are full take anything. */
  #lookLater(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#timers.after(STALL_MS, () => {
      this.#isLooking = false;
      for (const watcher of this.#watchers) {
        if (!isFull(watcher)) {
          watcher.takenBytes = -1;
          continue;
        }
        const takenBytes = watcher.sentBytes - watcher.stream.queuedBytes();
        if (watcher.takenBytes >= 0 && takenBytes <= watcher.takenBytes)
          this.#letGo(watcher, `nothing was taken for ${STALL_MS} ms`);
        else {
          watcher.takenBytes = Math.max(0, takenBytes);
          this.#lookLater();
        }
      }
    });
  }
}

/** Whether a watcher has as much under way as it may have. */
function isFull({ stream }: Watcher): boolean {
  return stream.queuedBytes() >= UNDER_WAY_BYTES_MAX;
}

function send(watcher: Watcher, message: WatchResponse, { length }: Uint8Array): void {
  watcher.sentBytes += length;
  watcher.stream.send(message);
}
