import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult } from './commands.ts';

/** Success. */
export function ok(): CodedResult {
  return { errorCode: ErrorCode.NONE, errorMessage: null };
}

/** A refusal with a sentence for the user. */
export function problem(errorCode: number, errorMessage: string): CodedResult {
  return { errorCode, errorMessage };
}
