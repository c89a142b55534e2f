import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { runScript } from './script.ts';

const DIRECTORY = fileURLToPath(new URL('../../../scripts/group/', import.meta.url));
/** Set to 1: the outcomes in the scripts are written anew; the difference is for a reviewer. */
const isRewriting = process.env['WEIR_REWRITE_SCRIPTS'] === '1';

const names = readdirSync(DIRECTORY).filter((name) => name.endsWith('.txt'));

test('there are scripts', () => {
  expect(names.length).toBeGreaterThanOrEqual(8);
});

test.each(names)('%s happens as it is written', (name) => {
  const script = readFileSync(`${DIRECTORY}${name}`, 'utf8');
  const outcome = runScript(script);
  if (isRewriting) writeFileSync(`${DIRECTORY}${name}`, outcome);
  else expect(outcome).toBe(script);
});
