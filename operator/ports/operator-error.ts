/** A failure that its reader can do something about. `fatal`: trying again cannot help. */
export class OperatorError extends Error {
  readonly code: string;
  readonly fatal: boolean;
  constructor(code: string, message: string, options: { readonly fatal?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'OperatorError';
    this.code = code;
    this.fatal = options.fatal ?? false;
  }
}

/** Whether a caught value is an `OperatorError`, whichever realm made it. */
export function isOperatorError(error: unknown): error is OperatorError {
  return isNamed(error, 'OperatorError') && 'code' in error && 'fatal' in error;
}

/** The errno name of a caught error, '' when it has none. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

/** An operator's or the system's failure as an `OperatorError`; anything else is a bug and thrown on. */
export function asOperatorError(error: unknown): OperatorError {
  if (isOperatorError(error)) return error;
  const code = codeOf(error);
  if (code === '' || code.startsWith('ERR_')) throw error;
  return new OperatorError(code, messageOf(error), { fatal: true, cause: error });
}

/** What a caught value says of itself. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

function isNamed(error: unknown, name: string): error is object {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === name;
}
