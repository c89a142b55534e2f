import { describe, expect, test } from '@jest/globals';
import { settingsReference } from '../../../../broker/core/config/reference.ts';
import { refusedReason } from '../../../../broker/core/config/refused.ts';
import { groupRow, rowsOf, type SettingScope, topicRow } from '../../../../broker/core/config/rows.ts';
import { type KnownSetting, knownSettings } from '../../../wire/settings/known.ts';
import { CHANGED_OTHERWISE, DEFINED_OTHERWISE, SHOWN_OTHERWISE } from '../../../wire/settings/differences.ts';

const SCOPES = ['topic', 'broker', 'group'] as const;
const CHANGES = { static: 'read-only', broker: 'per-broker', cluster: 'cluster-wide', 'cluster-only': 'cluster-wide' };

/** A null default and an empty text are the same here: there is no value. */
const textOf = (text: string | null): string => text ?? '';

/** The range that Kafka's validator allows, as far as it is one. */
function rangeOf(allowed: string | null): { readonly min: number | undefined; readonly max: number | undefined } {
  const match = /^\[(-?\d+),\.\.\.(?:,(-?\d+))?\]$/.exec(allowed ?? '');
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
  return { min: number(match?.[1]), max: number(match?.[2]) };
}

/** In what a row of ours differs from Kafka's definition: `what: Kafka's, ours`. */
function differencesOf(known: KnownSetting, scope: SettingScope): readonly string[] {
  const row = rowsOf(scope).get(known.name);
  if (row === undefined) return [];
  // What a check of ours allows beyond a range is its own test's matter.
  const { min, max } = row.check === undefined ? rangeOf(known.allowed) : row;
  const fallBack =
    scope === 'topic'
      ? topicRow(known.name)
          .synonyms.map(({ name }) => name)
          .join(',')
      : scope === 'group'
        ? (groupRow(known.name).brokerDefault ?? '')
        : '';
  const pairs: readonly (readonly [string, string, string])[] = [
    ['type', known.type, row.type],
    ['default', textOf(known.default), textOf(row.default)],
    ['smallest', String(min), String(row.min)],
    ['largest', String(max), String(row.max)],
    ['change', scope === 'broker' ? textOf(known.change) : '', scope === 'broker' ? CHANGES[row.change] : ''],
    ['fall-back', textOf(known.fallBack), fallBack],
  ];
  return pairs.flatMap(([what, theirs, ours]) => (theirs === ours ? [] : [`${what}: ${theirs}, ${ours}`]));
}

/** Kafka keeps these beside its list, since no file can hold them: they are set while a broker runs. */
const DYNAMIC_ONLY = ['leader.replication.throttled.rate', 'follower.replication.throttled.rate'];

describe('the settings that Apache Kafka defines', () => {
  const all = knownSettings();

  test('are a list worth comparing with', () => {
    expect(all.length).toBeGreaterThan(400);
    for (const name of ['retention.ms', 'log.dirs', 'share.record.lock.duration.ms']) {
      expect([name, all.some((one) => one.name === name)]).toEqual([name, true]);
    }
  });

  for (const scope of SCOPES) {
    test(`are each honoured, without effect or refused: ${scope}`, () => {
      const known = all.filter((one) => one.scope === scope);
      const unjudged = known.filter(({ name }) => !rowsOf(scope).has(name) && refusedReason(scope, name) === null);
      expect(unjudged.map(({ name }) => name)).toEqual([]);
      const twice = known.filter(({ name }) => rowsOf(scope).has(name) && refusedReason(scope, name) !== null);
      expect(twice.map(({ name }) => name)).toEqual([]);
    });

    test(`have the same type, default, range and reach here, or a reason: ${scope}`, () => {
      const found = Object.fromEntries(
        all
          .filter((one) => one.scope === scope)
          .map((one) => [one.name, differencesOf(one, scope)] as const)
          .filter(([, differences]) => differences.length > 0),
      );
      const expected = Object.fromEntries(
        Object.entries(DEFINED_OTHERWISE[scope]).map(([name, { differences }]) => [name, differences]),
      );
      expect(found).toEqual(expected);
    });

    test(`are told from ours by name: ${scope}`, () => {
      const listed = all.filter((one) => one.scope === scope).map(({ name }) => name);
      const known = new Set(scope === 'broker' ? [...listed, ...DYNAMIC_ONLY] : listed);
      const ours = [...rowsOf(scope).keys()].filter((name) => !known.has(name) && !name.startsWith('weir.'));
      expect(ours).toEqual([]);
    });
  }

  test('of client metrics are refused as a whole, which the reference page says', () => {
    const names = all.filter(({ scope }) => scope === 'client-metrics').map(({ name }) => name);
    expect(names.length).toBeGreaterThan(0);
    const [, section = ''] = settingsReference().split('## Client metrics\n');
    for (const name of names) expect(section).toContain(`\`${name}\``);
  });

  test('have no difference without a sentence that says why', () => {
    for (const scope of SCOPES) {
      for (const table of [DEFINED_OTHERWISE[scope], SHOWN_OTHERWISE[scope]]) {
        for (const [name, { why }] of Object.entries(table)) {
          expect([name, why]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
        }
      }
    }
    for (const { why } of CHANGED_OTHERWISE) expect(why).toMatch(/^[A-Z].*\.$/);
  });

  test('would be missed when one were not judged, or differed', () => {
    const stranger: KnownSetting = {
      scope: 'topic',
      name: 'retention.ms',
      type: 'long',
      default: '5',
      allowed: '[0,...]',
      change: null,
      fallBack: 'log.retention.ms',
      internal: false,
    };
    expect(differencesOf(stranger, 'topic')).toEqual([
      'default: 5, 604800000',
      'smallest: 0, -1',
      'fall-back: log.retention.ms, log.retention.ms,log.retention.minutes,log.retention.hours',
    ]);
    expect(refusedReason('topic', 'a.new.setting')).toBeNull();
  });
});
