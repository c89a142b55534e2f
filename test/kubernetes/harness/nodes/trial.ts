import { join } from 'node:path';
import { ROOT } from '../../../tidy/tree.ts';
import type { Child } from '../../../wire/harness/child.ts';
import type { Nodes } from './nodes.ts';

const LINES = Array.from({ length: 200 }, (_, index) => `line ${index}`);

/**
 * Puts some lines into a topic and takes them as a member of a share group that has yet to be given its first record, with `weir` beside the
 * pods. Gives what was put and what was taken, sorted.
 */
export async function tryOut(
  nodes: Nodes,
  { bootstrap, topic, group }: { readonly bootstrap: string; readonly topic: string; readonly group: string },
): Promise<{ readonly put: readonly string[]; readonly taken: readonly string[] }> {
  const taken: string[] = [];
  const weir = async (args: readonly string[], onLine: (line: string) => void): Promise<Child> => {
    const program = ['--no-warnings', join(ROOT, 'broker/cli/weir.ts'), ...args, '--bootstrap', bootstrap];
    return nodes.beside(process.execPath, program, { onLine });
  };
  const putter = await weir(['put', topic], () => undefined);
  putter.write(`${LINES.join('\n')}\n`);
  putter.endInput();
  const max = String(LINES.length);
  const taker = await weir(['take', group, '--topic', topic, '--max', max], (line) => taken.push(line));
  for (const program of [putter, taker]) if ((await program.exited) !== 0) throw new Error(program.tail());
  return { put: LINES.toSorted(), taken: taken.toSorted() };
}
