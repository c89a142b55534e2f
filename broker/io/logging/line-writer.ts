import { Buffer } from 'node:buffer';
import { write, writeSync } from 'node:fs';

/** Bytes that wait for a slow reader; lines beyond them are dropped and counted, never kept. */
const PENDING_BYTES_MAX = 4 << 20;
const RETRY_MS = 10;
/** A flush waits this long for a reader that takes nothing. */
const FLUSH_STALL_MS = 1_000;

/**
 * Writes lines to a file descriptor off the loop, one write at a time. A reader that is gone ends the writing, not the
 * process: pino's own destination tries for ever to flush to a broken pipe, which kept orphaned brokers alive.
 */
export class LineWriter {
  readonly #fd: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** What is being written, or waits to be tried again. */
  #current: Buffer | null = null;
  #underWay = false;
  #gone = false;
  #dropped = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Queues one line, its end included. */
  write(line: string): void {
    if (this.#gone) return;
    const bytes = Buffer.from(line);
    if (this.#pendingBytes + bytes.length > PENDING_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#current === null) this.#writeNext();
  }

  /** Writes out what waits, blocking; returns early when the reader is gone or takes nothing. */
  flush(): void {
    // What is under way may be written by its own thread at any moment: its bytes are not written here again.
    const begun = this.#underWay || this.#current === null ? [] : [this.#current];
    if (!this.#underWay) this.#current = null;
    const rest = Buffer.concat([...begun, this.#takePending()]);
    let pos = 0;
    let stalledMs = 0;
    while (!this.#gone && pos < rest.length && stalledMs < FLUSH_STALL_MS) {
      try {
        pos += writeSync(this.#fd, rest, pos);
        stalledMs = 0;
      } catch (error) {
        if (isBusy(error)) stalledMs += sleep(RETRY_MS);
        else this.#gone = true;
      }
    }
  }

  #takePending(): Buffer {
    if (this.#dropped > 0) {
      this.#pending.push(
        Buffer.from(`{"level":40,"msg":"${this.#dropped} log lines were dropped: nobody read them in time"}\n`),
      );
      this.#dropped = 0;
    }
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    return bytes;
  }

  #writeNext(): void {
    if (this.#underWay) return;
    this.#current ??= this.#takePending();
    if (this.#current.length === 0) {
      this.#current = null;
      return;
    }
    const current = this.#current;
    this.#underWay = true;
    write(this.#fd, current, 0, current.length, null, (error, written) => {
      this.#underWay = false;
      if (error === null) this.#current = written < current.length ? current.subarray(written) : null;
      else if (!isBusy(error)) {
        this.#gone = true;
        this.#current = null;
        this.#pending = [];
        return;
      }
      if (error === null) this.#writeNext();
      else setTimeout(() => this.#writeNext(), RETRY_MS).unref();
    });
  }
}

function isBusy(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    (error.code === 'EAGAIN' || error.code === 'EBUSY')
  );
}

function sleep(ms: number): number {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return ms;
}
