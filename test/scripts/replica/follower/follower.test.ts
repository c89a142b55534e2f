import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { ReplicaBug } from '../../../../broker/core/replica/planted-bugs.ts';
import { FollowerScript } from '../../../support/replication/follower-script.ts';

const DIRECTORY = new URL('.', import.meta.url);
const scripts = readdirSync(DIRECTORY).filter((file) => file.endsWith('.txt'));

describe('a follower and its leaders, step by step', () => {
  test.each(scripts)('%s', (file) => {
    const url = new URL(file, DIRECTORY);
    const text = readFileSync(url, 'utf8');
    const replayed = new FollowerScript().run(text);
    if (process.env['WEIR_TEST_UPDATE'] === '1') writeFileSync(url, replayed);
    else expect(replayed).toBe(text);
  });

  test.each<[string, ReplicaBug]>([
    ['the-logs-part-where-the-epochs-do.txt', 'truncates-to-watermark'],
    ['what-is-written-is-not-asked-past.txt', 'counts-written'],
  ])('%s notices the planted bug %s', (file, bug) => {
    const text = readFileSync(new URL(file, DIRECTORY), 'utf8');
    expect(new FollowerScript(new Set([bug])).run(text)).not.toBe(text);
  });
});
