import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDERS = ['broker/core', 'broker/server'] as const;

/** What V8 writes of one script (NODE_V8_COVERAGE): ranges of characters, the inner ones after those around them. */
interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
  }[];
}

/** Prints how much of the code workers ran, by folder, and removes what they left. */
export async function printCoverage(directory: string, print: (line: string) => void): Promise<void> {
  const ran = new Map<string, Uint8Array>();
  for (const name of await readdir(directory)) {
    const text = await readFile(join(directory, name), 'utf8');
    // V8's own form.
    const { result } = JSON.parse(text) as { readonly result: readonly ScriptCoverage[] };
    for (const script of result) mark(script, ran);
  }
  await rm(directory, { recursive: true });
  const folders = new Map<string, { lines: number; ran: number }>();
  for (const [path, characters] of [...ran].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const { lines, ranLines } = countLines(await readFile(join(ROOT, path), 'utf8'), characters);
    const parts = path.split('/');
    for (const folder of [parts.slice(0, 2).join('/'), parts.slice(0, Math.max(2, parts.length - 1)).join('/')]) {
      const sum = folders.get(folder) ?? { lines: 0, ran: 0 };
      sum.lines += lines;
      sum.ran += ranLines;
      folders.set(folder, sum);
      if (parts.length <= 3) break;
    }
  }
  for (const [folder, sum] of [...folders].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    print(`${folder}: ${((100 * sum.ran) / sum.lines).toFixed(1)} % of ${sum.lines} lines of code ran`);
}

/** Marks the characters of a script that ran in this process. */
function mark(script: ScriptCoverage, ran: Map<string, Uint8Array>): void {
  if (!script.url.startsWith('file:')) return;
  const path = relative(ROOT, fileURLToPath(script.url));
  if (!FOLDERS.some((folder) => path.startsWith(`${folder}/`))) return;
  const ranges = script.functions.flatMap((one) => one.ranges);
  const size = Math.max(...ranges.map(({ endOffset }) => endOffset));
  const now = new Uint8Array(size);
  // Larger ranges first: what lies inside says it better.
  for (const { startOffset, endOffset, count } of ranges.toSorted(
    (a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset),
  ))
    now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  const known = ran.get(path);
  if (known === undefined) ran.set(path, now);
  else now.forEach((value, index) => (known[index] = (known[index] ?? 0) | value));
}

/** Lines that hold code, and those of them that ran: no character of them was left out. */
function countLines(text: string, characters: Uint8Array): { readonly lines: number; readonly ranLines: number } {
  let lines = 0;
  let ranLines = 0;
  let start = 0;
  for (const line of text.split('\n')) {
    const code = line.trim();
    if (code !== '' && !/^(\/\/|\/\*|\*|[)\]}>;,]+$|import |export type |export interface |readonly )/.test(code)) {
      lines += 1;
      const from = start + line.indexOf(code);
      if (characters.subarray(from, from + code.length).every((value) => value === 1)) ranLines += 1;
    }
    start += line.length + 1;
  }
  return { lines, ranLines };
}
