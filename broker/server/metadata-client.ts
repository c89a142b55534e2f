import type { MetadataDelta, MetadataView } from '../core/metadata/view.ts';
import type { MetadataCommand, MetadataOutcome } from '../core/metadata/commands.ts';

/**
 * The data isolate's face of the control plane (F1): the metadata image as far as it was applied here, and a way to
 * change it. Everything arrives as an input of the event loop.
 */
export interface MetadataClient {
  readonly view: MetadataView;
  /**
   * Sends a command to the active controller. `done` gets the outcome after its records are committed *and applied to
   * `view`* (read-your-writes), or error code REQUEST_TIMED_OUT after `timeoutMs`.
   */
  submit(command: MetadataCommand, timeoutMs: number, done: (outcome: MetadataOutcome) => void): void;
  /** Called after each applied batch, in offset order. */
  onDelta(listener: (delta: MetadataDelta) => void): void;
}
