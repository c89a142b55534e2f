import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { ReplicaBug } from '../../../broker/core/replica/planted-bugs.ts';
import { ReplicaScript } from '../../support/replica-script.ts';

const DIRECTORY = new URL('.', import.meta.url);
const scripts = readdirSync(DIRECTORY).filter((file) => file.endsWith('.txt'));

describe('a leader and its followers, step by step', () => {
  test.each(scripts)('%s', (file) => {
    const url = new URL(file, DIRECTORY);
    const text = readFileSync(url, 'utf8');
    const replayed = new ReplicaScript().run(text);
    if (process.env['WEIR_TEST_UPDATE'] === '1') writeFileSync(url, replayed);
    else expect(replayed).toBe(text);
  });

  test.each<[string, ReplicaBug]>([
    ['the-slowest-member-bounds-the-watermark.txt', 'acks-before-isr'],
    ['the-slowest-member-bounds-the-watermark.txt', 'counts-own-unsynced'],
    ['the-watermark-stands-below-min-isr.txt', 'watermark-past-min-isr'],
    ['who-joins-has-everything.txt', 'joins-early'],
  ])('%s notices the planted bug %s', (file, bug) => {
    const text = readFileSync(new URL(file, DIRECTORY), 'utf8');
    expect(new ReplicaScript(new Set([bug])).run(text)).not.toBe(text);
  });
});
