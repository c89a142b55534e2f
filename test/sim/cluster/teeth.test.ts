import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { PLANTED } from './planted.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const TIMEOUT_MS = 600_000;

describe('the checkers of clusters notice a planted bug', () => {
  // In processes of their own: the same code takes three times as long in the modules of a test.
  it.each(PLANTED)(
    '$name, within $withinSeeds seeds',
    async ({ name, finding }) => {
      const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--planted', name]);
      const [, problem = ''] = /^seed \d+ found it: (.*)$/m.exec(stdout) ?? [];
      expect(problem).toMatch(finding);
      expect(stdout).not.toMatch(/^found without it/m);
    },
    TIMEOUT_MS,
  );
});
