import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { RaftBug } from '../../../broker/core/raft/planted-bugs.ts';
import { RaftScript } from '../../support/raft/raft-script.ts';

const DIRECTORY = new URL('.', import.meta.url);
const scripts = readdirSync(DIRECTORY).filter((file) => file.endsWith('.txt'));

describe('a quorum, step by step', () => {
  test.each(scripts)('%s', (file) => {
    const url = new URL(file, DIRECTORY);
    const text = readFileSync(url, 'utf8');
    const replayed = new RaftScript().run(text);
    if (process.env['WEIR_TEST_UPDATE'] === '1') writeFileSync(url, replayed);
    else expect(replayed).toBe(text);
  });

  // Rare in random histories, so that a script holds them.
  test.each<[string, RaftBug]>([
    ['old-terms-commit-through-the-leaders-own.txt', 'commits-old-term'],
    ['voters-change-one-at-a-time.txt', 'two-changes'],
    ['pre-vote-changes-nothing.txt', 'no-pre-vote'],
    ['vote-is-refused-with-contact.txt', 'ignores-contact'],
  ])('%s notices the planted bug %s', (file, bug) => {
    const text = readFileSync(new URL(file, DIRECTORY), 'utf8');
    expect(new RaftScript(new Set([bug])).run(text)).not.toBe(text);
  });
});
