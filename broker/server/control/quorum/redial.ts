import type { Timers } from '../../../ports/clock.ts';
import type { ControlAddress, ControlNet } from '../../../ports/control-net.ts';

/** Pause before a redial (F3), ms. */
const PAUSE_MS = 50;
/** A redial that takes longer is no refusal, ms. */
const TIMEOUT_MS = 500;
/** Redials of a process that takes every connection and says nothing. */
const COUNT_MAX = 40;

/** What dials. */
export interface RedialDeps {
  readonly timers: Timers;
  readonly probe: ControlNet['probe'];
}

/**
 * Dials where a connection broke, and tells when it is refused so many times in a row: no process is there any more (F3, V8). The
 * system goes on to take connections for a process that is being killed until it has closed what listens, which is long after
 * the first connection broke when much memory is freed or the processors are busy: so one that is taken proves nothing while
 * nobody is heard, and it is dialed again. Anything but an answer at once proves nothing, and ends it.
 */
export function redial(
  { timers, probe }: RedialDeps,
  {
    address,
    refusals,
    isHeard,
  }: {
    readonly address: ControlAddress;
    readonly refusals: number;
    /** Whether the other side was heard since, or it does not matter any more. */
    readonly isHeard: () => boolean;
  },
  gone: () => void,
): void {
  let refused = 0;
  const dial = (left: number): void => {
    probe(address, TIMEOUT_MS, (outcome) => {
      // A refusal may be older than what was heard meanwhile.
      if (isHeard()) return;
      refused = outcome === 'refused' ? refused + 1 : 0;
      if (refused === refusals) gone();
      else if (outcome !== 'unreachable' && left > 0) timers.after(PAUSE_MS, () => dial(left - 1));
    });
  };
  dial(COUNT_MAX);
}
