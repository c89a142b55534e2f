/** How a program is started that ends with the process that starts it, however that ends. */
export function mortal(
  program: string,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  return { command: 'setpriv', args: ['--pdeathsig', 'KILL', program, ...args] };
}
