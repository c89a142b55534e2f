import type { Disk } from '../../ports/disk.ts';

/** When the disk counts as nearly full (D11): below the larger of a part of its size and a number of bytes. */
export interface SpaceLimits {
  /** Part of the file system, in [0, 1]. */
  readonly minFreePart: number;
  readonly minFreeBytes: number;
}

/** Knows how much room the data directory has left; asked anew by `check`. */
export class SpaceWatch {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #limits: SpaceLimits;
  #low = false;
  #asking = false;

  constructor(disk: Disk, directory: string, limits: SpaceLimits) {
    this.#disk = disk;
    this.#directory = directory;
    this.#limits = limits;
  }

  /** Client records should be refused; everything that frees room goes on. */
  get isLow(): boolean {
    return this.#low;
  }

  /** Looks again; `done` when it knows. A system that cannot tell counts as having room. */
  check(done: () => void): void {
    if (this.#asking) {
      done();
      return;
    }
    this.#asking = true;
    this.#disk.space(this.#directory, (failure, space) => {
      this.#asking = false;
      if (failure === null && space !== undefined) {
        const { minFreePart, minFreeBytes } = this.#limits;
        this.#low = space.usableBytes < Math.max(space.totalBytes * minFreePart, minFreeBytes);
      }
      done();
    });
  }
}
