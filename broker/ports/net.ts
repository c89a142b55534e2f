/** One established stream connection. All callbacks are inputs of the server's event loop. */
export interface NetConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Which node of the cluster the peer has shown to be; absent where nobody has to show it. */
  readonly node?: number;
  /** Queues the chunks; they leave in order with at most one flush per loop turn. The chunks must not change afterwards. */
  write(chunks: readonly Uint8Array[]): void;
  /** Bytes handed to `write` that the system has not taken yet. */
  unsentBytes(): number;
  /** Stops and restarts `onData`; the peer is held back by TCP meanwhile. */
  pause(): void;
  resume(): void;
  /** Closes; `flush` sends what is queued first. `onClose` follows. */
  close(options: { readonly flush: boolean }): void;
}

/** What the owner of a connection is told. */
export interface NetHandlers {
  /** Bytes arrived; from now on they are the receiver's. What is kept long is copied: a view pins its whole chunk (B6). */
  onData(bytes: Uint8Array): void;
  /** Everything queued was taken by the system. */
  onDrain(): void;
  /** The connection is gone, once. `reason` is '' for an ordinary end, else the errno name. */
  onClose(reason: string): void;
}

/** A listening socket. */
export interface NetListener {
  readonly port: number;
  close(): void;
}

/** Streams between processes. */
export interface Net {
  /**
   * Port 0 takes a free one; `backlog` is how many connections the system holds that were not accepted yet. `accept` returns the handlers of each new connection, or null to refuse it; it may
   * pause the connection at once. `listener` is a name by which the network may know what connections have to show before.
   */
  listen(
    address: { readonly host: string; readonly port: number; readonly backlog: number; readonly listener?: string },
    accept: (connection: NetConnection) => NetHandlers | null,
    done: (failure: { readonly code: string; readonly message: string } | null, listener: NetListener | null) => void,
  ): void;
  /** Opens a connection, to a certain node of the cluster where one is named; exactly one of `failure` and `connection` is given. */
  dial(
    address: { readonly host: string; readonly port: number; readonly timeoutMs: number; readonly node?: number },
    handlers: NetHandlers,
    done: (
      failure: { readonly code: string; readonly message: string } | null,
      connection: NetConnection | null,
    ) => void,
  ): void;
}
