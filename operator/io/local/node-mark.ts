import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeMark } from '../../core/observed.ts';
import { codeOf } from '../../ports/operator-error.ts';

/** What is still to be done about the node in this directory, as a file beside its data has it; null: nothing. */
export function readMark(nodeDirectory: string): NodeMark | null {
  let text: string;
  try {
    text = readFileSync(fileIn(nodeDirectory), 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  return text === 'joining' || text === 'leaving' ? text : null;
}

/** Keeps the mark, synced. */
export function writeMark(nodeDirectory: string, mark: NodeMark | null): void {
  if (mark === null) rmSync(fileIn(nodeDirectory), { force: true });
  else writeFileSync(fileIn(nodeDirectory), `${mark}\n`, { flush: true });
}

function fileIn(nodeDirectory: string): string {
  return join(nodeDirectory, 'mark');
}
