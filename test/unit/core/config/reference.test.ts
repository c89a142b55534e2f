import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { settingsReference } from '../../../../broker/core/config/reference.ts';

const PAGE = new URL('../../../../docs/reference/settings.md', import.meta.url);

test('docs/reference/settings.md is what the table says (WEIR_TEST_UPDATE=1 writes it anew)', () => {
  if (process.env['WEIR_TEST_UPDATE'] === '1') writeFileSync(PAGE, settingsReference());
  expect(existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '').toBe(settingsReference());
});
