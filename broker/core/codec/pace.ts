import { STEP_ELEMENT_COUNT } from './limits.ts';

/** Work that yields where it may be put off to a later turn. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Tells when a step has had its elements. */
export class Pace {
  #count = 0;

  /** Counts one element; whether it was the last of its step. */
  isDue(): boolean {
    this.#count += 1;
    return this.#count % STEP_ELEMENT_COUNT === 0;
  }
}
