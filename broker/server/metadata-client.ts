import type { MetadataDelta, MetadataView } from '../core/metadata/view.ts';
import type { ChangeQuorumRequest, ChangeQuorumResponse, QuorumResponse } from '../ports/control-net.ts';
import type { MetadataCommand, OutcomeOf } from '../core/metadata/commands.ts';

/**
 * The data isolate's face of the control plane (F1): the metadata image as far as it was applied here, and a way to
 * change it. Everything arrives as an input of the event loop.
 */
export interface MetadataClient {
  readonly view: MetadataView;
  /**
   * Sends a command to the active controller. `done` gets the outcome after its records are committed *and applied to
   * `view`* (read-your-writes), or an outcome of kind `failed` with REQUEST_TIMED_OUT after `timeoutMs`. It is called
   * once, never before `submit` has returned.
   */
  submit<C extends MetadataCommand>(command: C, timeoutMs: number, done: (outcome: OutcomeOf<C>) => void): void;
  /** Called after each applied batch, in offset order. */
  onDelta(listener: (delta: MetadataDelta) => void): void;
}

/** The data isolate's way to the quorum of controllers. `done` is called once, never before the call has returned. */
export interface QuorumClient {
  /** null: no active controller answered in time. */
  describeQuorum(timeoutMs: number, done: (response: QuorumResponse | null) => void): void;
  /** null: no active controller answered in time; the change may still happen. */
  changeQuorum(
    request: ChangeQuorumRequest,
    timeoutMs: number,
    done: (response: ChangeQuorumResponse | null) => void,
  ): void;
}
