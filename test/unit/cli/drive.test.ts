import { describe, expect, it } from '@jest/globals';
import { drive } from '../../../broker/cli/client/drive.ts';
import type { ClientEffect, ClientInput, ClientMachine } from '../../../broker/core/client/machine.ts';
import type { NetConnection, NetHandlers } from '../../../broker/ports/net.ts';

interface Command {
  readonly kind: 'say';
  readonly effects: readonly ClientEffect[];
  readonly event?: string;
}
interface Event {
  readonly kind: 'told';
  readonly what: string;
}

/** A machine that does what it is told and remembers what came in. */
class Puppet implements ClientMachine<Command, Event> {
  readonly inputs: string[] = [];
  wakeMs = Number.POSITIVE_INFINITY;

  step(input: ClientInput | Command, _nowMs: number, out: (ClientEffect | Event)[]): void {
    this.inputs.push(input.kind);
    if (input.kind !== 'say') return;
    out.push(...input.effects);
    if (input.event !== undefined) out.push({ kind: 'told', what: input.event });
  }

  nextWakeMs(): number {
    return this.wakeMs;
  }

  describe(): string {
    return 'puppet';
  }
}

function stage() {
  const puppet = new Puppet();
  const dials: {
    handlers: NetHandlers;
    done: (failure: { code: string; message: string } | null, connection: NetConnection | null) => void;
  }[] = [];
  const timers: { atMs: number; run: () => void; live: boolean }[] = [];
  const log: string[] = [];
  const connection: NetConnection = {
    remoteAddress: 'b',
    remotePort: 1,
    write: (chunks) => log.push(`write ${chunks.length}`),
    unsentBytes: () => 0,
    pause: () => undefined,
    resume: () => undefined,
    close: () => log.push('close'),
  };
  const driver = drive(
    puppet,
    {
      net: { listen: () => undefined, dial: (_address, handlers, done) => dials.push({ handlers, done }) },
      clock: { monotonicMs: () => 100, wallMs: () => 0 },
      timers: {
        after: (delayMs, run) => {
          const timer = { atMs: 100 + delayMs, run, live: true };
          timers.push(timer);
          return {
            cancel: () => {
              timer.live = false;
            },
          };
        },
      },
      compression: {
        decompress: (_codec, bytes, _max, done) => done(bytes),
        compress: (_codec, bytes, done) => done(bytes),
      },
    },
    (event) => {
      log.push(event.what);
      if (event.what === 'echo') driver.send({ kind: 'say', effects: [] });
    },
  );
  const dial = { kind: 'dial', connectionId: 7, host: 'b', port: 1, timeoutMs: 5 } as const;
  return { puppet, driver, dials, timers, log, connection, dial };
}

describe('a driver', () => {
  it('wakes its machine once at the start', () => {
    expect(stage().puppet.inputs).toEqual(['wake']);
  });

  it('dials, hands bytes on and tells of the end', () => {
    const { puppet, driver, dials, connection, dial } = stage();
    driver.send({ kind: 'say', effects: [dial] });
    dials[0]?.done(null, connection);
    dials[0]?.handlers.onData(new Uint8Array(3));
    dials[0]?.handlers.onClose('');
    dials[0]?.handlers.onClose('');
    expect(puppet.inputs.slice(2)).toEqual(['dialed', 'received', 'closed']);
  });

  it('tells of a failed dial', () => {
    const { puppet, driver, dials, dial } = stage();
    driver.send({ kind: 'say', effects: [dial] });
    dials[0]?.done({ code: 'ECONNREFUSED', message: '' }, null);
    expect(puppet.inputs.at(-1)).toBe('dial-failed');
  });

  it('closes a connection that comes after the machine gave it up, and says nothing', () => {
    const { puppet, driver, dials, log, connection, dial } = stage();
    driver.send({ kind: 'say', effects: [dial, { kind: 'close', connectionId: 7 }] });
    dials[0]?.done(null, connection);
    dials[0]?.handlers.onData(new Uint8Array(1));
    expect(log).toEqual(['close']);
    expect(puppet.inputs).toEqual(['wake', 'say']);
  });

  it('writes on open connections only', () => {
    const { driver, dials, log, connection, dial } = stage();
    const send = { kind: 'send', connectionId: 7, chunks: [new Uint8Array(1)] } as const;
    driver.send({ kind: 'say', effects: [dial, send] });
    dials[0]?.done(null, connection);
    driver.send({ kind: 'say', effects: [send] });
    expect(log).toEqual(['write 1']);
  });

  it('keeps one timer, for the time that the machine names', () => {
    const { puppet, driver, timers } = stage();
    puppet.wakeMs = 130;
    driver.send({ kind: 'say', effects: [] });
    puppet.wakeMs = 120;
    driver.send({ kind: 'say', effects: [] });
    expect(timers.filter((timer) => timer.live).map((timer) => timer.atMs)).toEqual([120]);
    puppet.wakeMs = Number.POSITIVE_INFINITY;
    timers.at(-1)?.run();
    expect(puppet.inputs.at(-1)).toBe('wake');
  });

  it('takes commands given from within an event after the step that told it', () => {
    const { puppet, driver, log } = stage();
    driver.send({
      kind: 'say',
      effects: [{ kind: 'decompress', jobId: 1, codec: 1, bytes: new Uint8Array(), sizeMax: 1 }],
      event: 'echo',
    });
    expect(log).toEqual(['echo']);
    expect(puppet.inputs).toEqual(['wake', 'say', 'decompressed', 'say']);
  });
});
