import { assert } from '../base/assert.ts';
import type { GroupSettingRow, SettingRow, TopicSettingRow } from './row.ts';
import { BROKER_SETTINGS, GROUP_SETTINGS, TOPIC_SETTINGS } from './table.ts';
import { BROKER_WITHOUT_EFFECT, TOPIC_WITHOUT_EFFECT } from './without-effect.ts';

const TOPIC_ROWS: ReadonlyMap<string, TopicSettingRow> = new Map<string, TopicSettingRow>([
  ...Object.entries(TOPIC_SETTINGS),
  ...Object.entries(TOPIC_WITHOUT_EFFECT),
]);
const BROKER_ROWS: ReadonlyMap<string, SettingRow> = new Map<string, SettingRow>([
  ...Object.entries(BROKER_SETTINGS),
  ...Object.entries(BROKER_WITHOUT_EFFECT),
]);
const GROUP_ROWS: ReadonlyMap<string, GroupSettingRow> = new Map(Object.entries(GROUP_SETTINGS));

/** What a table of settings belongs to; the dynamic default of all brokers uses `broker`. */
export type SettingScope = 'topic' | 'broker' | 'group';

/** The row of a topic setting; the name must be in the table. */
export function topicRow(name: string): TopicSettingRow {
  const row = TOPIC_ROWS.get(name);
  assert(row !== undefined, `no topic setting ${name}`);
  return row;
}

/** The row of a broker setting; the name must be in the table. */
export function brokerRow(name: string): SettingRow {
  const row = BROKER_ROWS.get(name);
  assert(row !== undefined, `no broker setting ${name}`);
  return row;
}

/** The row of a group setting; the name must be in the table. */
export function groupRow(name: string): GroupSettingRow {
  const row = GROUP_ROWS.get(name);
  assert(row !== undefined, `no group setting ${name}`);
  return row;
}

/** A row by scope and name, null when there is no such setting. */
export function findRow(scope: SettingScope, name: string): SettingRow | null {
  return rowsOf(scope).get(name) ?? null;
}

/** All rows of a scope by name, in the table's order. */
export function rowsOf(scope: SettingScope): ReadonlyMap<string, SettingRow> {
  if (scope === 'topic') return TOPIC_ROWS;
  return scope === 'broker' ? BROKER_ROWS : GROUP_ROWS;
}
