import { parseAddressLimits, plainAddress } from '../../core/config/address-limits.ts';
import type { Settings } from '../../core/config/settings.ts';

/** What becomes of a new connection: served, held until there is room, or closed for the reason given. */
export type Admission =
  | { readonly kind: 'admit' }
  | { readonly kind: 'wait'; readonly setting: Obstacle }
  | { readonly kind: 'refuse'; readonly setting: LimitSetting; readonly limit: number };

/** Settings over which a connection may be closed at once. */
export type LimitSetting = 'max.connections.per.ip' | 'max.connections.per.ip.overrides' | 'socket.listen.backlog.size';

/** What a connection waits for. */
type Obstacle = 'max.connections' | 'max.connection.creation.rate' | 'the limit of open files (ulimit -n)';

const SECOND_MS = 1000;
/** When a rate of 0 is looked at again. */
const RATE_LOOK_MS = 10_000;

/**
 * How many connections there may be, in all and by address, and how quickly new ones are taken. As in Kafka one too many from
 * an address is closed, and one too many in all waits, as does one that comes too soon: up to `socket.listen.backlog.size` of
 * them.
 */
export class ConnectionLimits {
  readonly #settings: Settings;
  readonly #connectionsMax: number;
  readonly #perAddress = new Map<string, number>();
  #open = 0;
  #waiting = 0;
  /** Connections that may be taken at once, and when that was true. */
  #tokens = 0;
  #tokensMs: number | null = null;
  #overridesText = '';
  #overrides: ReadonlyMap<string, number> = new Map();

  /** `connectionsMax`: connections for which the process has descriptors; `max.connections` may allow more. */
  constructor(settings: Settings, connectionsMax = Number.POSITIVE_INFINITY) {
    this.#settings = settings;
    this.#connectionsMax = connectionsMax;
  }

  /** Connections that are served, and those that wait. */
  get counts(): { readonly open: number; readonly waiting: number } {
    return { open: this.#open, waiting: this.#waiting };
  }

  /** Decides about a new connection and counts it unless it is refused. */
  arrive(remoteAddress: string, nowMs: number): Admission {
    const address = plainAddress(remoteAddress);
    const fromAddress = this.#perAddress.get(address) ?? 0;
    const { limit, setting } = this.#limitOf(address);
    if (fromAddress >= limit) return { kind: 'refuse', setting, limit };
    // Nobody overtakes those who wait.
    const waitsFor = this.#firstObstacle(nowMs) ?? (this.#waiting > 0 ? 'max.connections' : null);
    if (waitsFor !== null) {
      const room = this.#settings.broker('socket.listen.backlog.size');
      if (room >= 0 && this.#waiting >= room)
        return { kind: 'refuse', setting: 'socket.listen.backlog.size', limit: room };
      this.#waiting += 1;
    } else {
      this.#take();
    }
    this.#perAddress.set(address, fromAddress + 1);
    return waitsFor === null ? { kind: 'admit' } : { kind: 'wait', setting: waitsFor };
  }

  /** Whether the one that waited longest may come in now; it is counted as open then. */
  admitWaiting(nowMs: number): boolean {
    if (this.#waiting === 0 || this.#firstObstacle(nowMs) !== null) return false;
    this.#waiting -= 1;
    this.#take();
    return true;
  }

  /** A connection is gone. */
  leave(remoteAddress: string, was: 'open' | 'waiting'): void {
    if (was === 'open') this.#open -= 1;
    else this.#waiting -= 1;
    const address = plainAddress(remoteAddress);
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, left);
  }

  /** When the next connection may be taken as far as the rate goes, in milliseconds from now. */
  rateDelayMs(nowMs: number): number {
    const rate = this.#settings.broker('max.connection.creation.rate');
    this.#refill(nowMs, rate);
    if (this.#tokens >= 1) return 0;
    return rate === 0 ? RATE_LOOK_MS : Math.ceil(((1 - this.#tokens) * SECOND_MS) / rate);
  }

  #take(): void {
    this.#open += 1;
    this.#tokens -= 1;
  }

  #firstObstacle(nowMs: number): Obstacle | null {
    if (this.#open >= this.#connectionsMax) return 'the limit of open files (ulimit -n)';
    if (this.#open >= this.#settings.broker('max.connections')) return 'max.connections';
    return this.rateDelayMs(nowMs) > 0 ? 'max.connection.creation.rate' : null;
  }

  /** A bucket that holds what one second allows. */
  #refill(nowMs: number, rate: number): void {
    const passedMs = this.#tokensMs === null ? SECOND_MS : nowMs - this.#tokensMs;
    this.#tokens = Math.min(rate, this.#tokens + (passedMs * rate) / SECOND_MS);
    this.#tokensMs = nowMs;
  }

  #limitOf(address: string): { readonly limit: number; readonly setting: LimitSetting } {
    const text = this.#settings.broker('max.connections.per.ip.overrides');
    if (text !== this.#overridesText) {
      this.#overridesText = text;
      this.#overrides = parseAddressLimits(text).limits ?? new Map<string, number>();
    }
    const own = this.#overrides.get(address);
    if (own !== undefined) return { limit: own, setting: 'max.connections.per.ip.overrides' };
    return { limit: this.#settings.broker('max.connections.per.ip'), setting: 'max.connections.per.ip' };
  }
}
