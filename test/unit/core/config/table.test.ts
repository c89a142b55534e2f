import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseSetting } from '../../../../broker/core/config/parse.ts';
import { refusedOf } from '../../../../broker/core/config/refused.ts';
import { groupRow, rowsOf, topicRow } from '../../../../broker/core/config/rows.ts';
import { RECOVERY_BATCH_SIZE_MAX } from '../../../../broker/core/log/recovery.ts';
import { checkSetting } from '../../../../broker/core/config/validate.ts';

const ROOT = new URL('../../../../broker/', import.meta.url);

/** Everything under broker/ but the table itself and what only lists its rows. */
function sources(): string {
  const names = readdirSync(ROOT, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts') && !/core\/config\/table\b/.test(name))
    .map((name) => readFileSync(new URL(name, ROOT), 'utf8'))
    .join('\n');
}

/** Whether some source file resolves a setting by its name: `settings.broker('name')`, `settings.topic(overrides, 'name')`. */
const isRead = (code: string, name: string): boolean =>
  new RegExp(
    `\\b(broker|topic|group|groupSetting)\\(\\s*([^()]*(\\([^()]*\\))?[^()]*,\\s*)?'${name.replaceAll('.', '\\.')}'`,
  ).test(code);

describe('the table of settings', () => {
  const code = sources();
  const synonyms = new Set(
    [...rowsOf('topic').keys()].flatMap((name) => topicRow(name).synonyms.map((one) => one.name)),
  );
  const bounds = new Set(
    [...rowsOf('group').keys()].flatMap((name) => {
      const { brokerDefault, brokerMin, brokerMax } = groupRow(name);
      return [brokerDefault, brokerMin, brokerMax].flatMap((one) => (one === undefined ? [] : [one]));
    }),
  );

  for (const scope of ['topic', 'broker', 'group'] as const) {
    // Synonyms and bounds are read through the topic or group setting that they belong to.
    // A setting with one allowed value is honoured by refusing all others.
    const names = [...rowsOf(scope)]
      .filter(
        ([name, row]) =>
          row.withoutEffect === undefined &&
          row.values?.length !== 1 &&
          (scope !== 'broker' || !(synonyms.has(name) || bounds.has(name))),
      )
      .map(([name]) => name);

    test(`every ${scope} setting is read by the code: nothing is accepted and ignored`, () => {
      expect(names.filter((name) => !isRead(code, name))).toEqual([]);
    });
  }

  test('no setting without effect is read by the code, and each says why in sentences', () => {
    for (const scope of ['topic', 'broker', 'group'] as const) {
      for (const [name, { withoutEffect }] of rowsOf(scope)) {
        if (withoutEffect === undefined) continue;
        expect([name, isRead(code, name)]).toEqual([name, false]);
        expect([name, withoutEffect]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
      }
    }
  });

  test('a refused setting is in no table and says what to do instead', () => {
    for (const scope of ['topic', 'broker', 'group'] as const) {
      for (const [name, why] of refusedOf(scope)) {
        expect([name, rowsOf(scope).has(name)]).toEqual([name, false]);
        expect([name, why]).toEqual([name, expect.stringMatching(/^[a-z].*\.$/i)]);
        const example = name.replace('*', 'example');
        expect(checkSetting(scope, example, '1')).toBe(`${scope} setting ${example} is not supported: ${why}`);
      }
    }
  });

  test('the search for readers can fail', () => {
    expect(isRead(code, 'no.such.setting')).toBe(false);
  });

  test('no batch may be accepted that recovery would not believe', () => {
    expect(rowsOf('topic').get('max.message.bytes')?.max).toBe(RECOVERY_BATCH_SIZE_MAX);
    expect(rowsOf('broker').get('message.max.bytes')?.max).toBe(RECOVERY_BATCH_SIZE_MAX);
  });

  test('every default passes its own row', () => {
    for (const scope of ['topic', 'broker', 'group'] as const) {
      for (const [name, row] of rowsOf(scope)) {
        if (row.default !== null) expect([name, parseSetting(row, row.default).problem]).toEqual([name, null]);
      }
    }
  });

  test('every synonym and bound that is named exists', () => {
    for (const name of [...synonyms, ...bounds]) expect([name, rowsOf('broker').has(name)]).toEqual([name, true]);
  });

  test('every setting says what it does in sentences', () => {
    for (const scope of ['topic', 'broker', 'group'] as const) {
      for (const [name, row] of rowsOf(scope))
        expect([name, row.doc]).toEqual([name, expect.stringMatching(/^[A-Za-z_].*\.$/)]);
    }
  });

  test('a name that is not in the table is refused in every scope', () => {
    for (const scope of ['topic', 'broker', 'group'] as const) {
      expect(checkSetting(scope, 'no.such.setting', '1')).toBe(`there is no ${scope} setting no.such.setting`);
    }
  });
});
