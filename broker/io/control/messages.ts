import type { ToControl, ToData } from '../../server/control/link.ts';

/** What the thread of the control isolate is handed when it starts. */
export interface WorkerStart {
  /** Settings of the node's file and environment. */
  readonly fixed: readonly (readonly [string, string])[];
  readonly directory: string;
  readonly turnCounter: Int32Array;
}

/** Both threads run the same build, so that the shape of a message is what its kind says. */
export function isToData(message: unknown): message is ToData {
  return typeof message === 'object' && message !== null && 'kind' in message;
}

/** As `isToData`, the other way. */
export function isToControl(message: unknown): message is ToControl {
  return typeof message === 'object' && message !== null && 'kind' in message;
}
