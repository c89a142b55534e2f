import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { KNOWN_FILE, printKnownSettings } from './known.ts';

test('the committed list is what the newest Apache Kafka defines (WEIR_TEST_UPDATE=1 writes it anew)', async () => {
  const printed = await printKnownSettings();
  if (process.env['WEIR_TEST_UPDATE'] === '1') writeFileSync(KNOWN_FILE, printed);
  expect(readFileSync(KNOWN_FILE, 'utf8')).toBe(printed);
}, 240_000);
