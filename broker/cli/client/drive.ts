import type { ClientEffect, ClientInput, ClientMachine } from '../../core/client/machine.ts';
import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';
import type { Compression } from '../../ports/compression.ts';
import type { Net, NetConnection } from '../../ports/net.ts';

/** What a driver needs of the world; the simulator hands in its own. */
export interface DriverPorts {
  readonly net: Net;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly compression: Compression;
}

/** A running client machine. */
export interface Driver<Command> {
  /** Gives the machine a command. Must be called from within the loop that serves the ports. */
  send(command: Command): void;
  describe(): string;
}

interface Kind {
  readonly kind: string;
}

const EFFECT_KINDS: ReadonlySet<string> = new Set(['dial', 'send', 'close', 'decompress']);

function isEffect(one: Kind): one is ClientEffect {
  return EFFECT_KINDS.has(one.kind);
}

/**
 * Connects a client machine to ports: carries out its effects, brings what comes of them back, wakes it in time.
 * `onEvent` runs within the step; commands that it sends are taken right after.
 */
export function drive<Command extends Kind, Event extends Kind>(
  machine: ClientMachine<Command, Event>,
  ports: DriverPorts,
  onEvent: (event: Event) => void,
): Driver<Command> {
  return new MachineDriver(machine, ports, onEvent);
}

class MachineDriver<Command extends Kind, Event extends Kind> implements Driver<Command> {
  readonly #machine: ClientMachine<Command, Event>;
  readonly #ports: DriverPorts;
  readonly #onEvent: (event: Event) => void;
  readonly #connections = new Map<number, NetConnection>();
  readonly #dialing = new Set<number>();
  readonly #inputs: (ClientInput | Command)[] = [];
  #stepping = false;
  #timer: TimerHandle | null = null;

  constructor(machine: ClientMachine<Command, Event>, ports: DriverPorts, onEvent: (event: Event) => void) {
    this.#machine = machine;
    this.#ports = ports;
    this.#onEvent = onEvent;
    this.#step({ kind: 'wake' });
  }

  send(command: Command): void {
    this.#step(command);
  }

  describe(): string {
    return this.#machine.describe();
  }

  #step(input: ClientInput | Command): void {
    this.#inputs.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const out: (ClientEffect | Event)[] = [];
      this.#machine.step(next, this.#ports.clock.monotonicMs(), out);
      for (const one of out) {
        if (isEffect(one)) this.#carryOut(one);
        else this.#onEvent(one);
      }
    }
    this.#stepping = false;
    this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const atMs = this.#machine.nextWakeMs();
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#ports.timers.after(Math.max(0, atMs - this.#ports.clock.monotonicMs()), () => {
      this.#timer = null;
      this.#step({ kind: 'wake' });
    });
  }

  #carryOut(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'dial':
        this.#dial(effect);
        break;
      case 'send':
        this.#connections.get(effect.connectionId)?.write(effect.chunks);
        break;
      case 'close': {
        const connection = this.#connections.get(effect.connectionId);
        this.#connections.delete(effect.connectionId);
        this.#dialing.delete(effect.connectionId);
        connection?.close({ flush: false });
        break;
      }
      case 'decompress':
        this.#ports.compression.decompress(effect.codec, effect.bytes, effect.sizeMax, (result) => {
          const bytes = typeof result === 'string' ? null : result;
          this.#step({ kind: 'decompressed', jobId: effect.jobId, bytes });
        });
        break;
    }
  }

  #dial({ connectionId, host, port, timeoutMs }: Extract<ClientEffect, { kind: 'dial' }>): void {
    this.#dialing.add(connectionId);
    const handlers = {
      onData: (bytes: Uint8Array) => {
        if (this.#connections.has(connectionId)) this.#step({ kind: 'received', connectionId, bytes });
      },
      onDrain: () => undefined,
      onClose: (reason: string) => {
        if (this.#connections.delete(connectionId)) this.#step({ kind: 'closed', connectionId, reason });
      },
    };
    this.#ports.net.dial({ host, port, timeoutMs }, handlers, (failure, connection) => {
      const wanted = this.#dialing.delete(connectionId);
      if (connection === null) {
        if (wanted) this.#step({ kind: 'dial-failed', connectionId, code: failure?.code ?? 'UNKNOWN' });
      } else if (wanted) {
        this.#connections.set(connectionId, connection);
        this.#step({ kind: 'dialed', connectionId });
      } else connection.close({ flush: false });
    });
  }
}
