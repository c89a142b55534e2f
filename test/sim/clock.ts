import type { Clock } from '../../broker/ports/clock.ts';
import { WALL_START_MS, type World } from './world.ts';

/** The clocks of one machine: they run at their own pace, and the wall clock may jump. The monotonic one never goes back. */
export class SimClock implements Clock {
  readonly #world: World;
  #rate = 1;
  /** Where the world and this clock were when the rate last changed, ms. */
  #worldMs = 0;
  #ownMs = 0;
  #wallOffsetMs = 0;

  constructor(world: World) {
    this.#world = world;
  }

  monotonicMs(): number {
    return this.#ownMs + (this.#world.nowMs - this.#worldMs) * this.#rate;
  }

  wallMs(): number {
    return WALL_START_MS + Math.floor(this.monotonicMs() + this.#wallOffsetMs);
  }

  /** Virtual time that goes by while this clock counts `ownMs`. */
  worldMs(ownMs: number): number {
    return ownMs / this.#rate;
  }

  /** From now on it counts `rate` ms in one of the world. */
  drift(rate: number): void {
    this.#ownMs = this.monotonicMs();
    this.#worldMs = this.#world.nowMs;
    this.#rate = rate;
  }

  /** Somebody sets the wall clock, forward or back. */
  jump(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }
}
