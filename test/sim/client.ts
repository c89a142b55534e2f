import type { ClientEffect, ClientInput, ClientMachine } from '../../broker/core/client/machine.ts';
import type { NetConnection } from '../../broker/ports/net.ts';
import type { TimerHandle } from '../../broker/ports/clock.ts';
import type { SimHost } from './net.ts';
import type { World } from './world.ts';

/** Effects that every machine has; anything else is an event of its own. */
const EFFECTS: ReadonlySet<string> = new Set(['dial', 'send', 'close', 'decompress']);

/**
 * Runs one client machine (the same code as `weir put` and `weir take`) in a simulated world: its effects become traffic
 * of its host, its events go to `onEvent`.
 */
export class SimClient<Command extends { readonly kind: string }, Event extends { readonly kind: string }> {
  readonly #world: World;
  readonly #host: SimHost;
  readonly #machine: ClientMachine<Command, Event>;
  readonly #onEvent: (event: Event) => void;
  readonly #connections = new Map<number, NetConnection>();
  #wake: TimerHandle | null = null;
  #wakeMs = Number.POSITIVE_INFINITY;
  #dead = false;

  constructor(world: World, host: SimHost, machine: ClientMachine<Command, Event>, onEvent: (event: Event) => void) {
    this.#world = world;
    this.#host = host;
    this.#machine = machine;
    this.#onEvent = onEvent;
    this.step({ kind: 'wake' });
  }

  /** Hands the machine a command or an input and does what follows. */
  step(input: ClientInput | Command): void {
    if (this.#dead) return;
    const out: (ClientEffect | Event)[] = [];
    this.#machine.step(input, this.#world.nowMs, out);
    for (const one of out) {
      if (isEffect(one)) this.#perform(one);
      else this.#onEvent(one);
    }
    this.#schedule();
  }

  /** The process of this client dies: its connections are reset. */
  die(): void {
    this.#dead = true;
    this.#wake?.cancel();
    this.#host.die();
  }

  #schedule(): void {
    const nextMs = this.#machine.nextWakeMs();
    if (nextMs === this.#wakeMs && this.#wake !== null) return;
    this.#wake?.cancel();
    this.#wake = null;
    this.#wakeMs = nextMs;
    if (nextMs === Number.POSITIVE_INFINITY || this.#dead) return;
    this.#wake = this.#world.schedule(nextMs - this.#world.nowMs, () => {
      this.#wake = null;
      this.step({ kind: 'wake' });
    });
  }

  #perform(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'dial':
        this.#dial(effect);
        return;
      case 'send':
        this.#connections.get(effect.connectionId)?.write(effect.chunks);
        return;
      case 'close':
        this.#connections.get(effect.connectionId)?.close({ flush: true });
        this.#connections.delete(effect.connectionId);
        return;
      case 'decompress':
        throw new Error('simulated clients send uncompressed batches');
    }
  }

  #dial(effect: Extract<ClientEffect, { kind: 'dial' }>): void {
    const { connectionId } = effect;
    this.#host.dial(
      effect,
      {
        onData: (bytes) => this.step({ kind: 'received', connectionId, bytes }),
        onDrain: () => undefined,
        onClose: (reason) => {
          this.#connections.delete(connectionId);
          this.step({ kind: 'closed', connectionId, reason });
        },
      },
      (failure, connection) => {
        if (connection === null) {
          this.step({ kind: 'dial-failed', connectionId, code: failure?.code ?? 'EUNKNOWN' });
          return;
        }
        this.#connections.set(connectionId, connection);
        this.step({ kind: 'dialed', connectionId });
      },
    );
  }
}

function isEffect<E extends { readonly kind: string }>(one: ClientEffect | E): one is ClientEffect {
  return EFFECTS.has(one.kind);
}
