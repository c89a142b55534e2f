import { type Formation, parseFormation } from '../../../core/config/formation.ts';
import { TRY_NEWER_RELEASE } from '../../../core/base/format.ts';
import type { CallFailure, IdentifyResponse } from '../../../ports/control-net.ts';
import type { Timers } from '../../../ports/clock.ts';
import type { Disk } from '../../../ports/disk.ts';
import type { Log } from '../../../ports/log.ts';
import { readIfExists } from '../../logs/disk-tasks.ts';
import { step, type Task } from '../../task.ts';

const FILE_BYTES_MAX = 64 * 1024;
/** Pause before another voter is asked again, ms. */
const ASK_AGAIN_MS = 30;
/** How often somebody is told who is waited for, ms. */
const TELL_AFTER_MS = 5000;

/** The formation record can't be used. The message is for the user. */
export class FormationError extends Error {
  readonly code = 'FORMATION';
}

/** Reads the record that a cluster is formed from (V11). Throws `FormationError`. */
export function* readFormation(disk: Disk, path: string): Task<Formation> {
  const bytes = yield* readIfExists(disk, path, FILE_BYTES_MAX);
  if (bytes === null) throw new FormationError(`the formation record ${path} (weir.formation.file) is missing`);
  const parsed = parseFormation(new TextDecoder().decode(bytes));
  if (parsed.kind === 'record') return parsed.formation;
  throw new FormationError(
    parsed.kind === 'newer'
      ? `version ${parsed.version} of the formation record ${path} is not known to this release; ${TRY_NEWER_RELEASE}`
      : `the formation record ${path} is damaged; it has to be restored`,
  );
}

/**
 * Whether this empty disk may be the one that a formation record means (V11, O3): every other first voter was asked, and none
 * of them has ever worked with it. Waits for those who do not answer: a cluster is formed by all its first voters, or not yet.
 */
export function* confirmEmpty(
  deps: { readonly timers: Timers; readonly log: Log },
  others: readonly number[],
  identify: (id: number, done: (failure: CallFailure | null, response: IdentifyResponse | null) => void) => void,
): Task<boolean> {
  for (const id of others) {
    for (let waitedMs = 0; ; waitedMs += ASK_AGAIN_MS) {
      const response = yield* step<IdentifyResponse | null>((done) =>
        identify(id, (_failure, answer) => done(null, answer)),
      );
      if (response?.quorum === 'formed') return false;
      if (response?.quorum === 'empty') break;
      if (response !== null)
        throw new FormationError(`the formation record names node ${id} as a voter, which is no controller`);
      if (waitedMs % TELL_AFTER_MS < ASK_AGAIN_MS && waitedMs > 0)
        deps.log.warn({ voter: id }, 'the cluster is formed when all its first voters are there: one does not answer');
      yield* step<void>((done) => void deps.timers.after(ASK_AGAIN_MS, () => done(null, undefined)));
    }
  }
  return true;
}
