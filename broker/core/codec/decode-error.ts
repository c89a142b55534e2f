/**
 * Bytes that are not what the protocol says. The one exception of the codec: thrown deep inside, caught once at the edge of
 * dispatch, which closes the connection. Classify by `code`.
 */
export class DecodeError extends Error {
  readonly code = 'DECODE';
  /** What was being read, like `FetchRequest.topics.partitions.fetchOffset`. */
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.name = 'DecodeError';
    this.field = field;
  }
}

/** Whether a caught value is a `DecodeError`, whichever realm made it. */
export function isDecodeError(error: unknown): error is DecodeError {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'DECODE';
}
