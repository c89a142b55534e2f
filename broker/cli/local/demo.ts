import { UserFault } from '../fault.ts';
import type { ParsedFlags } from '../flags.ts';
import type { Terminal } from '../verb.ts';
import type { LocalCall } from './local.ts';

/** The demonstration; see `--demo`. */
export async function runDemo(_call: LocalCall, _flags: ParsedFlags, _terminal: Terminal): Promise<number> {
  throw new UserFault('the demonstration is not there yet');
}
