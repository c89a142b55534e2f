import type { MetadataCommand, MetadataOutcome } from '../../core/metadata/commands.ts';
import type { BrokerLoad, ChangeQuorumRequest, ChangeQuorumResponse, QuorumResponse } from '../../ports/control-net.ts';
import type { MetricSample } from '../../ports/metrics.ts';

/** What is asked of the data isolate from outside. */
export type HealthQuestion = 'ready' | 'metrics' | 'load';

/** What the data isolate says to the control isolate (F1). Plain data: it is copied from one to the other. */
export type ToControl =
  | { readonly kind: 'submit'; readonly id: number; readonly command: MetadataCommand; readonly timeoutMs: number }
  | { readonly kind: 'describe-quorum'; readonly id: number; readonly timeoutMs: number }
  | {
      readonly kind: 'change-quorum';
      readonly id: number;
      readonly request: ChangeQuorumRequest;
      readonly timeoutMs: number;
    }
  /**
   * The data loop has turned, has applied the metadata up to `offset`, its clock stands at `atMs`, and its oldest write or sync
   * has been under way for `diskStalledMs` (F5). Sent at a steady pace while the loop is well, and after what it applied.
   */
  | { readonly kind: 'beat'; readonly offset: number; readonly atMs: number; readonly diskStalledMs: number }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly reasons: readonly string[] | null;
      readonly samples: readonly MetricSample[] | null;
      readonly load: BrokerLoad | null;
    }
  /** The last message: everything submitted before is carried out first. */
  | { readonly kind: 'stop' };

/** What the control isolate says to the data isolate. */
export type ToData =
  /** The state of the cluster at a metadata offset; comes first, and once. */
  | {
      readonly kind: 'started';
      readonly clusterId: string;
      readonly directoryId: string;
      readonly controllerId: number;
      readonly offset: number;
      readonly payload: Uint8Array;
    }
  /** A committed batch, in order. */
  | { readonly kind: 'batch'; readonly baseOffset: number; readonly payload: Uint8Array }
  /** The state in place of all that came before: this node was too far behind. */
  | { readonly kind: 'snapshot'; readonly offset: number; readonly payload: Uint8Array }
  /** Another node is the active controller; −1: none is known. */
  | { readonly kind: 'controller'; readonly controllerId: number }
  /**
   * The active controller has heard a heartbeat that was sent when the data loop's clock stood at `fromMs` or later, and had
   * committed the metadata up to `offset` (S0).
   */
  | { readonly kind: 'lease'; readonly fromMs: number; readonly offset: number }
  /** Whether the wall clock of this node is too far from the active controller's to tell the age of records (F6). */
  | { readonly kind: 'clock'; readonly isFar: boolean }
  /** null: no active controller answered in time. */
  | { readonly kind: 'quorum'; readonly id: number; readonly response: QuorumResponse | null }
  | { readonly kind: 'quorum-changed'; readonly id: number; readonly response: ChangeQuorumResponse | null }
  /** Comes after every batch that it depends on. */
  | { readonly kind: 'outcome'; readonly id: number; readonly outcome: MetadataOutcome }
  /** Somebody looks at the health page, or asks how much there is to do. */
  | { readonly kind: 'ask'; readonly id: number; readonly what: HealthQuestion }
  /** Port of the health page; comes before `started`. */
  | { readonly kind: 'http'; readonly port: number }
  /** The control isolate can't go on. */
  | { readonly kind: 'fatal'; readonly message: string; readonly hung: boolean }
  | { readonly kind: 'stopped' };

/** One end of the link between the two isolates of a node. Messages arrive in order, as inputs of the receiver's loop. */
export interface Link<Outgoing, Incoming> {
  send(message: Outgoing): void;
  /** There is one listener; messages that came before wait for it. */
  onMessage(listener: (message: Incoming) => void): void;
}

/** The data isolate's end. */
export type DataLink = Link<ToControl, ToData>;
/** The control isolate's end. */
export type ControlLink = Link<ToData, ToControl>;

/**
 * Both ends inside one loop, for the simulator. `schedule` runs a callback as a later input of that loop, in order.
 * Messages are shared, not copied: neither side may change one.
 */
export function createMemoryLink(schedule: (callback: () => void) => void): {
  readonly data: DataLink;
  readonly control: ControlLink;
} {
  const toControl = new Pipe<ToControl>(schedule);
  const toData = new Pipe<ToData>(schedule);
  return {
    data: { send: (message) => toControl.send(message), onMessage: (listener) => toData.listen(listener) },
    control: { send: (message) => toData.send(message), onMessage: (listener) => toControl.listen(listener) },
  };
}

class Pipe<M> {
  readonly #schedule: (callback: () => void) => void;
  #listener: ((message: M) => void) | null = null;
  #early: M[] = [];

  constructor(schedule: (callback: () => void) => void) {
    this.#schedule = schedule;
  }

  send(message: M): void {
    this.#schedule(() => {
      if (this.#listener === null) this.#early.push(message);
      else this.#listener(message);
    });
  }

  listen(listener: (message: M) => void): void {
    this.#listener = listener;
    for (const message of this.#early.splice(0)) this.#schedule(() => listener(message));
  }
}
