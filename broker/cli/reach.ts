import type { Clock } from '../ports/clock.ts';

/** How long a client that never reached the cluster keeps trying, and how often a person hears of lasting trouble. */
const GIVE_UP_MS = 5_000;
const NOTE_MS = 3_000;

/** Judges a client's trouble: when to tell of it, and when to give up because nothing answers at all. */
export class Reach {
  readonly #bootstrap: string;
  readonly #clock: Clock;
  readonly #startedMs: number;
  #reached = false;
  #troubleSinceMs = -1;

  constructor(bootstrap: string, clock: Clock) {
    this.#bootstrap = bootstrap;
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  /** Something came back from the cluster. */
  reached(): void {
    this.#reached = true;
    this.#troubleSinceMs = -1;
  }

  /** A try failed. Gives what to do about it: nothing, tell a person, or end with a message. */
  trouble(reason: string): { readonly kind: 'quiet' } | { readonly kind: 'note' | 'give-up'; readonly text: string } {
    const nowMs = this.#clock.monotonicMs();
    if (!this.#reached && nowMs - this.#startedMs >= GIVE_UP_MS) {
      const text = `no broker answers at ${this.#bootstrap} (${reason.replace(`${this.#bootstrap}: `, '')})\nIs it running? weir local starts one; --bootstrap names another.`;
      return { kind: 'give-up', text };
    }
    if (this.#troubleSinceMs < 0) this.#troubleSinceMs = nowMs;
    if (nowMs - this.#troubleSinceMs < NOTE_MS) return { kind: 'quiet' };
    this.#troubleSinceMs = nowMs;
    return { kind: 'note', text: `weir: still trying: ${reason}` };
  }
}
