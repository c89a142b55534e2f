import type {
  Caller,
  CallFailure,
  ControlChannel,
  ControlService,
  ControlStream,
  StreamCalls,
  StreamHandlers,
  StreamName,
  UnaryCalls,
  UnaryName,
} from '../../../ports/control-net.ts';
import type { Timers } from '../../../ports/clock.ts';

/** Bytes below which a stream that was full is told that it has room. */
const DRAINED_BYTES = 1024 * 1024;

/** The way from a node to itself: the same questions and streams as to others, a turn later, without a network. */
export class LocalChannel implements ControlChannel {
  readonly #service: ControlService;
  readonly #timers: Timers;
  readonly #caller: Caller;
  #isClosed = false;

  constructor(service: ControlService, timers: Timers, nodeId: number) {
    this.#service = service;
    this.#timers = timers;
    this.#caller = { role: 'node', nodeId };
  }

  /** Raft never sends to itself. */
  raft(): void {}

  call<N extends UnaryName>(
    name: N,
    request: UnaryCalls[N]['request'],
    timeoutMs: number,
    done: (failure: CallFailure | null, response: UnaryCalls[N]['response'] | null) => void,
  ): void {
    let isOver = false;
    const finish = (failure: CallFailure | null, response: UnaryCalls[N]['response'] | null): void => {
      if (isOver || this.#isClosed) return;
      isOver = true;
      timer.cancel();
      done(failure, response);
    };
    const timer = this.#timers.after(timeoutMs, () =>
      finish({ code: 'late', message: `no answer within ${timeoutMs} ms` }, null),
    );
    this.#later(() =>
      this.#service.call(name, request, this.#caller, (failure, response) => {
        this.#later(() => finish(failure, response));
      }),
    );
  }

  open<N extends StreamName>(
    name: N,
    handlers: StreamHandlers<StreamCalls[N]['response']>,
  ): ControlStream<StreamCalls[N]['request']> {
    const toClient = new End<StreamCalls[N]['response']>((run) => this.#later(run));
    const toService = new End<StreamCalls[N]['request']>((run) => this.#later(run));
    toClient.handlers = handlers;
    const opened = this.#service.open(name, toClient, this.#caller);
    if ('code' in opened) toClient.end(opened);
    else toService.handlers = opened;
    toClient.other = toService;
    toService.other = toClient;
    return toService;
  }

  wake(): void {
    // There is nothing to connect.
  }

  close(): void {
    this.#isClosed = true;
  }

  #later(run: () => void): void {
    this.#timers.after(0, () => {
      if (!this.#isClosed) run();
    });
  }
}

/** What one side sends; it arrives at the other's handlers, in order, in a later turn. */
class End<M> implements ControlStream<M> {
  readonly #later: (run: () => void) => void;
  handlers: StreamHandlers<M> | null = null;
  other: { isOver: boolean } | null = null;
  isOver = false;
  #queuedBytes = 0;
  #onDrain: () => void = () => undefined;

  constructor(later: (run: () => void) => void) {
    this.#later = later;
  }

  send(message: M): void {
    const bytes = sizeOf(message);
    this.#queuedBytes += bytes;
    this.#later(() => {
      const wasFull = this.#queuedBytes > DRAINED_BYTES;
      this.#queuedBytes -= bytes;
      if (!this.isOver) this.handlers?.onMessage(message);
      if (wasFull && this.#queuedBytes <= DRAINED_BYTES) this.#onDrain();
    });
  }

  queuedBytes(): number {
    return this.#queuedBytes;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  end(failure: CallFailure | null): void {
    // The one who ends it hears no more; the other side hears that.
    if (this.other !== null) this.other.isOver = true;
    this.#later(() => {
      if (!this.isOver) this.handlers?.onEnd(failure);
      this.isOver = true;
    });
  }
}

function sizeOf(message: unknown): number {
  const { payload, data } = message as { readonly payload?: Uint8Array; readonly data?: Uint8Array };
  return 64 + (payload?.length ?? 0) + (data?.length ?? 0);
}
