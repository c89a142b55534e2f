/**
 * Ends the process (by an uncaught error) when the program contradicts itself. Never for bad input or a failed
 * operation: those are values. On in production.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`);
}

/** Closes a `switch` over a union: the compiler refuses it while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`bug: unreachable case ${String(value)}`);
}
