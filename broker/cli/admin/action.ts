import type { Terminal } from '../verb.ts';

/** What an action of `weir admin` was called with. */
export interface ActionCall {
  readonly has: (flag: string) => boolean;
  /** A flag's value; a usage fault without one. */
  readonly need: (flag: string) => string;
  /** A flag's value, or undefined. */
  readonly text: (flag: string) => string | undefined;
  /** What stands behind the action's name. */
  readonly rest: readonly string[];
}

/** One action of `weir admin`; gives the exit code. */
export type Action = (call: ActionCall, terminal: Terminal) => Promise<number>;
