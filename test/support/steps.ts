import type { Steps } from '../../broker/core/codec/pace.ts';

/** Runs steps one after the other; gives how many there were, too. */
export function whole<T>(steps: Steps<T>): { readonly value: T; readonly stepCount: number } {
  for (let stepCount = 1; ; stepCount += 1) {
    const { done, value } = steps.next();
    if (done === true) return { value, stepCount };
  }
}
