import type { Flag } from './flags.ts';

/** Where a verb reads and writes; tests hand in their own. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  out(text: string): void;
  /** Notices for a person; never data. */
  note(text: string): void;
  readonly isInteractive: boolean;
}

/** What the help says about a verb; what it does is loaded only when it runs. */
export interface VerbHelp {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly details: readonly string[];
  readonly flags: readonly Flag[];
}

/** A verb's program: gives the exit code. Throws `UserFault` for what its user can mend. */
export type RunVerb = (args: readonly string[], terminal: Terminal) => Promise<number>;
