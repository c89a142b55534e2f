import { isOperatorError, OperatorError } from '../../ports/node-host.ts';
import { codeOf } from './owner-lock.ts';

/** An operator's or the system's failure as an `OperatorError`; anything else is a bug and thrown on. */
export function asOperatorError(error: unknown): OperatorError {
  if (isOperatorError(error)) return error;
  const code = codeOf(error);
  if (code === '' || code.startsWith('ERR_')) throw error;
  return new OperatorError(code, error instanceof Error ? error.message : code, { fatal: true, cause: error });
}
