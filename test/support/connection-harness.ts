import type { NetConnection } from '../../broker/ports/net.ts';
import { ClientConnection } from '../../broker/server/network/client-connection.ts';
import { MemoryBudget } from '../../broker/server/network/memory-budget.ts';

type Reply = (response: readonly Uint8Array[] | null) => void;

/** A request that a connection started, by the third byte of its frame. */
export interface Started {
  readonly marker: number;
  readonly reply: Reply;
}

/** Connections on networks that the test plays, with one budget and a clock that the test moves. */
export class ConnectionHarness {
  readonly memory: MemoryBudget;
  readonly errors: string[] = [];
  readonly evicted: ClientConnection[] = [];
  readonly short: string[] = [];
  readonly state = { open: true, nowMs: 0 };
  readonly #deferred: (() => void)[] = [];
  readonly #frameSizeMax: number;

  constructor(
    options: { readonly frameSizeMax?: number; readonly limitBytes?: number; readonly waitingMax?: number } = {},
  ) {
    this.#frameSizeMax = options.frameSizeMax ?? 1000;
    this.memory = new MemoryBudget({
      limitBytes: options.limitBytes ?? 1 << 30,
      waitingMax: options.waitingMax ?? 500,
      defer: (callback) => this.#deferred.push(callback),
      onShort: (kind) => this.short.push(kind),
    });
  }

  /** What was put off to the end of the turn runs. */
  endTurn(): void {
    for (let round = 0; this.#deferred.length > 0; round += 1) {
      if (round > 1000) throw new Error('the turn does not end');
      for (const callback of this.#deferred.splice(0)) callback();
    }
  }

  connect() {
    const sent: number[] = [];
    const state = { paused: false, closed: false, unsent: 0 };
    const started: Started[] = [];
    const net: NetConnection = {
      remoteAddress: '127.0.0.1',
      remotePort: 1,
      write: (chunks) => {
        for (const chunk of chunks) for (const byte of chunk) sent.push(byte);
      },
      unsentBytes: () => state.unsent,
      pause: () => {
        state.paused = true;
      },
      resume: () => {
        state.paused = false;
      },
      close: () => {
        state.closed = true;
      },
    };
    const connection = new ClientConnection({
      connectionId: 1,
      listener: 'plain',
      net,
      frameSizeMax: this.#frameSizeMax,
      host: {
        serve: (bytes, _connection, reply) => started.push({ marker: bytes[2] ?? -1, reply }),
        memory: this.memory,
        isOpen: () => this.state.open,
        now: () => this.state.nowMs,
        defer: (callback) => this.#deferred.push(callback),
        onProtocolError: (_connection, reason) => this.errors.push(reason),
        onEvicted: (from) => this.evicted.push(from),
      },
    });
    const receive = (...frames: number[][]): void => connection.onData(Uint8Array.from(frames.flat()));
    const answer = (marker: number): void =>
      started.find((one) => one.marker === marker)?.reply([Uint8Array.from([marker])]);
    return { connection, receive, answer, started, sent, state };
  }
}
