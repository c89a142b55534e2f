import type { ClientEffect, ClientMachine } from '../../core/client/machine.ts';
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

const EFFECT_KINDS: ReadonlySet<string> = new Set(['dial', 'send', 'close', 'decompress']);

function isEffect(one: { readonly kind: string }): one is ClientEffect {
  return EFFECT_KINDS.has(one.kind);
}

/**
 * Connects a client machine to ports: carries out its effects, brings what comes of them back, wakes it in time.
 * `onEvent` runs within the step; commands that it sends are taken right after.
 */
export function drive<Command extends { readonly kind: string }, Event extends { readonly kind: string }>(
  machine: ClientMachine<Command, Event>,
  ports: DriverPorts,
  onEvent: (event: Event) => void,
): Driver<Command> {
  type Input = Parameters<typeof machine.step>[0];
  const connections = new Map<number, NetConnection>();
  const dialing = new Set<number>();
  const inputs: Input[] = [];
  let stepping = false;
  let timer: TimerHandle | null = null;

  const step = (input: Input): void => {
    inputs.push(input);
    if (stepping) return;
    stepping = true;
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      const out: (ClientEffect | Event)[] = [];
      machine.step(next, ports.clock.monotonicMs(), out);
      for (const one of out) {
        if (isEffect(one)) carryOut(one);
        else onEvent(one);
      }
    }
    stepping = false;
    arm();
  };

  const arm = (): void => {
    timer?.cancel();
    timer = null;
    const atMs = machine.nextWakeMs();
    if (atMs === Number.POSITIVE_INFINITY) return;
    timer = ports.timers.after(Math.max(0, atMs - ports.clock.monotonicMs()), () => {
      timer = null;
      step({ kind: 'wake' });
    });
  };

  const carryOut = (effect: ClientEffect): void => {
    switch (effect.kind) {
      case 'dial':
        dial(effect);
        break;
      case 'send':
        connections.get(effect.connectionId)?.write(effect.chunks);
        break;
      case 'close': {
        const connection = connections.get(effect.connectionId);
        connections.delete(effect.connectionId);
        dialing.delete(effect.connectionId);
        connection?.close({ flush: false });
        break;
      }
      case 'decompress':
        ports.compression.decompress(effect.codec, effect.bytes, effect.sizeMax, (bytes) => {
          step({ kind: 'decompressed', jobId: effect.jobId, bytes });
        });
        break;
    }
  };

  const dial = ({ connectionId, host, port, timeoutMs }: Extract<ClientEffect, { kind: 'dial' }>): void => {
    dialing.add(connectionId);
    const handlers = {
      onData: (bytes: Uint8Array) => {
        if (connections.has(connectionId)) step({ kind: 'received', connectionId, bytes });
      },
      onDrain: () => undefined,
      onClose: (reason: string) => {
        if (connections.delete(connectionId)) step({ kind: 'closed', connectionId, reason });
      },
    };
    ports.net.dial({ host, port, timeoutMs }, handlers, (failure, connection) => {
      const wanted = dialing.delete(connectionId);
      if (connection === null) {
        if (wanted) step({ kind: 'dial-failed', connectionId, code: failure?.code ?? 'UNKNOWN' });
      } else if (wanted) {
        connections.set(connectionId, connection);
        step({ kind: 'dialed', connectionId });
      } else connection.close({ flush: false });
    });
  };

  step({ kind: 'wake' });
  return { send: step, describe: () => machine.describe() };
}
