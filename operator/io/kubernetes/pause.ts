import type { Clock } from '../../ports/clock.ts';

/** Waits, `signal` makes it shorter: whoever waits looks at it afterwards. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      cancel();
      signal?.removeEventListener('abort', over);
      resolve();
    };
    const cancel = clock.after(delayMs, over);
    if (signal?.aborted === true) over();
    else signal?.addEventListener('abort', over);
  });
}
