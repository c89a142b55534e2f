/** Who sends or takes this much within a time limit, or everything, keeps the pace. */
const PACE_BYTES = 65_536;

/** Watches one direction of a connection for a peer that is too slow, by looking at it every now and then. */
export class Pace {
  #active = false;
  #sinceMs = 0;
  #sinceBytes = 0;
  #changedMs = 0;
  #lastBytes = 0;

  /** What is watched has come to its end; a next one starts afresh. */
  restart(): void {
    this.#active = false;
  }

  /** A look: `active` while something is to be moved, `totalBytes` what was moved in all. */
  look(nowMs: number, active: boolean, totalBytes: number): void {
    if (!active) {
      this.#active = false;
      return;
    }
    if (!this.#active) {
      this.#active = true;
      this.#changedMs = nowMs;
      this.#lastBytes = totalBytes;
      this.#sinceMs = nowMs;
      this.#sinceBytes = totalBytes;
      return;
    }
    if (totalBytes !== this.#lastBytes) {
      this.#lastBytes = totalBytes;
      this.#changedMs = nowMs;
    }
    if (totalBytes - this.#sinceBytes >= PACE_BYTES) {
      this.#sinceMs = nowMs;
      this.#sinceBytes = totalBytes;
    }
  }

  /** How long, at the last look, less than 64 KiB had been moved, in milliseconds; 0 when nothing is to be moved. */
  lateMs(nowMs: number): number {
    return this.#active ? nowMs - this.#sinceMs : 0;
  }

  /** How long nothing at all had been moved, in milliseconds. */
  quietMs(nowMs: number): number {
    return this.#active ? nowMs - this.#changedMs : 0;
  }
}
