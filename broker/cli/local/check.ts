import { OperatorError } from '../../../operator/ports/operator-error.ts';
import { ErrorCode, errorName, isRetriable } from '../../core/protocol/errors.ts';

/** Fails with Kafka's name of an error, unless there is none. */
export function check(code: number, message: string | null): void {
  if (code === ErrorCode.NONE) return;
  const name = errorName(code);
  throw new OperatorError(name, message === null || message === '' ? name : `${name}: ${message}`, {
    fatal: !isRetriable(code),
  });
}
