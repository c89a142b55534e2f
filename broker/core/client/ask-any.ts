import type { WireKey } from '../protocol/messages.ts';
import type { Call } from './call.ts';
import type { Network } from './network.ts';
import type { Scheduled } from './schedule.ts';

/** So many brokers are asked at most until one answers. */
const ASKED_MAX = 3;

/**
 * Asks a broker what any of them can answer, however often it is asked, and another one while it says nothing. `done` is called once,
 * with the first answer, or with the last failure when none is left that may answer.
 */
export function askAny<K extends WireKey>(network: Network, { key, body, done }: Call<K>): void {
  let [asked, open, isSettled] = [0, 0, false];
  let next: Scheduled | null = null;
  const ask = (): void => {
    asked += 1;
    open += 1;
    const { schedule, nowMs, silenceMs } = network;
    if (asked < ASKED_MAX && silenceMs < Number.POSITIVE_INFINITY)
      next = schedule.at(nowMs + silenceMs, () => {
        if (network.isAnotherLeft()) ask();
      });
    network.call('any', {
      key,
      body,
      done: (outcome) => {
        open -= 1;
        if (isSettled || (!outcome.ok && open > 0)) return;
        isSettled = true;
        next?.cancel();
        done(outcome);
      },
    });
  };
  ask();
}
