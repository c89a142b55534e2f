/** A failure that is told to the user as it is, without a stack: what is wrong and what to do. `exitCode` ends the program. */
export class UserFault extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'UserFault';
    this.exitCode = exitCode;
  }
}

/** A wrong command line: exit code 2, with a hint at the help of the verb. */
export function usageFault(verb: string, message: string): UserFault {
  return new UserFault(`${message}\ntry: weir ${verb} --help`, 2);
}

/** Whether a caught value is a `UserFault`, whichever realm made it. */
export function isUserFault(error: unknown): error is UserFault {
  return (
    typeof error === 'object' && error !== null && 'name' in error && error.name === 'UserFault' && 'exitCode' in error
  );
}

/** What a caught value says of itself. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

/** Whether a caught value is the system's refusal of a file or socket (`EACCES`, `ENOSPC` …): told without a stack, too. */
export function isSystemFault(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error;
}
