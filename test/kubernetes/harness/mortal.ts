/** A command. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** How a program is started that ends with the process that starts it, however that ends. */
export function mortal(program: string, args: readonly string[]): Program {
  return { command: 'setpriv', args: ['--pdeathsig', 'KILL', program, ...args] };
}
