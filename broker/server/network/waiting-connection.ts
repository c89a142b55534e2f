import type { NetConnection, NetHandlers } from '../../ports/net.ts';

/** What a connection that waits may send ahead; more stays with the system. */
const BYTES_AHEAD_MAX = 16_384;

/** A connection that waits until there is room for it. It is listened to only so far that its end is noticed. */
export class WaitingConnection implements NetHandlers {
  readonly net: NetConnection;
  readonly listener: string;
  readonly #onGone: () => void;
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #served: NetHandlers | null = null;

  constructor(net: NetConnection, listener: string, onGone: () => void) {
    this.net = net;
    this.listener = listener;
    this.#onGone = onGone;
  }

  /** From now on `served` is the owner; it gets what was sent meanwhile. */
  admit(served: NetHandlers): void {
    this.#served = served;
    const early = this.#early;
    this.#early = [];
    if (this.#earlyBytes >= BYTES_AHEAD_MAX) this.net.resume();
    for (const bytes of early) served.onData(bytes);
  }

  onData(bytes: Uint8Array): void {
    if (this.#served !== null) {
      this.#served.onData(bytes);
      return;
    }
    this.#early.push(bytes);
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes >= BYTES_AHEAD_MAX) this.net.pause();
  }

  onDrain(): void {
    this.#served?.onDrain();
  }

  onClose(reason: string): void {
    if (this.#served === null) this.#onGone();
    else this.#served.onClose(reason);
  }
}
