import { minFreeBytes } from '../../core/log/min-free.ts';
import type { Disk, DiskFailure } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import { Ballast } from './ballast.ts';

/** How much room a file system has, in bytes; all 0 until it is known. */
export interface Space {
  readonly totalBytes: number;
  readonly usableBytes: number;
  /** Less than this is little (D11). */
  readonly minFreeBytes: number;
}

/** What the watch works with. */
export interface SpaceWatchDeps {
  readonly disk: Disk;
  readonly directory: string;
  readonly log: Log;
  /** `weir.disk.min.free` as it is set now. */
  readonly minFree: () => number;
  /** Bytes appended to logs so far: what was appended since the last look is taken off. */
  readonly appendedBytes: () => number;
  /** The disk failed, and not for want of space. */
  readonly onFatal: (failure: DiskFailure) => void;
}

/** Knows how much room the data directory has left; asked anew by `check`. */
export class SpaceWatch {
  readonly #deps: SpaceWatchDeps;
  readonly #ballast: Ballast;
  #space: Space = { totalBytes: 0, usableBytes: 0, minFreeBytes: 0 };
  #appendedBytes = 0;
  #low = false;
  #asking = false;

  constructor(deps: SpaceWatchDeps) {
    this.#deps = deps;
    this.#ballast = new Ballast(deps);
  }

  /** Client records should be refused; everything that frees room goes on. */
  get isLow(): boolean {
    if (this.#low || this.#space.totalBytes === 0) return this.#low;
    const since = this.#deps.appendedBytes() - this.#appendedBytes;
    return this.#space.usableBytes - since < this.#space.minFreeBytes;
  }

  /** What the last look found. */
  get space(): Space {
    return this.#space;
  }

  /** Bytes kept for what frees room. */
  get ballastBytes(): number {
    return this.#ballast.sizeInBytes;
  }

  /** Why client records are refused, if they are. */
  troubles(): readonly string[] {
    const { usableBytes, minFreeBytes } = this.#space;
    const left = `the data directory has ${usableBytes} bytes left, less than the ${minFreeBytes} of weir.disk.min.free`;
    return this.isLow ? [`${left}: client records are refused`] : [];
  }

  /** Looks again; `done` when it knows. A system that cannot tell counts as having room. */
  check(done: () => void): void {
    if (this.#asking) {
      done();
      return;
    }
    this.#asking = true;
    const { disk, directory, minFree, appendedBytes } = this.#deps;
    const before = appendedBytes();
    disk.space(directory, (failure, found) => {
      this.#asking = false;
      if (failure === null && found !== undefined) {
        this.#space = { ...found, minFreeBytes: minFreeBytes(minFree(), found.totalBytes) };
        this.#appendedBytes = before;
        this.#ballast.update(this.#space);
        this.#turn(this.#space.usableBytes < this.#space.minFreeBytes);
      }
      done();
    });
  }

  #turn(low: boolean): void {
    if (low === this.#low) return;
    this.#low = low;
    const { directory, log } = this.#deps;
    const fields = { directory, ...this.#space };
    if (low) {
      log.error(
        fields,
        'the data directory is nearly full: client records are refused until weir.disk.min.free is left again',
      );
    } else log.info(fields, 'the data directory has room again: client records are taken');
  }
}
