import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';

/** Lines a second for each limit; more are counted, and told by the next line that is written. */
const LINES_PER_SECOND = 10;

/**
 * Log lines about limits that clients run into. Each limit has its own allowance, so that a flood at one doesn't hide another.
 */
export class LimitLog {
  readonly #ports: { readonly clock: Clock; readonly log: Log };
  readonly #limits = new Map<string, { second: number; lines: number; suppressed: number }>();

  constructor(ports: { readonly clock: Clock; readonly log: Log }) {
    this.#ports = ports;
  }

  /** `limit` is one of a few fixed names. */
  write(level: 'info' | 'warn', limit: string, fields: Readonly<Record<string, unknown>>, message: string): void {
    const second = Math.floor(this.#ports.clock.monotonicMs() / 1000);
    let state = this.#limits.get(limit);
    if (state === undefined) {
      state = { second, lines: 0, suppressed: 0 };
      this.#limits.set(limit, state);
    }
    if (state.second !== second) {
      state.second = second;
      state.lines = 0;
    }
    if (state.lines >= LINES_PER_SECOND) {
      state.suppressed += 1;
      return;
    }
    state.lines += 1;
    const { suppressed } = state;
    state.suppressed = 0;
    this.#ports.log[level](suppressed === 0 ? fields : { ...fields, linesNotWritten: suppressed }, message);
  }
}
