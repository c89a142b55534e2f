import type { SettingRow, SettingType } from './row.ts';
import { brokerRow, groupRow, rowsOf, topicRow } from './rows.ts';
import type { Overrides, Settings } from './settings.ts';

/** Where a value comes from, as the protocol numbers it. */
export const ConfigSource = {
  DYNAMIC_TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  DYNAMIC_GROUP: 8,
} as const;

/** One place that a value can come from. */
export interface ConfigSynonym {
  readonly name: string;
  readonly value: string;
  readonly source: number;
}

/** One setting of a resource as DescribeConfigs shows it. */
export interface ConfigEntry {
  readonly name: string;
  /** Null: the setting has no value. */
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  /** Every place that has a value, the one in force first. */
  readonly synonyms: readonly ConfigSynonym[];
  /** The protocol's number of the type. */
  readonly configType: number;
  readonly documentation: string;
}

const TYPE_NUMBERS: Readonly<Record<SettingType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
};

/** All settings of a topic, in the table's order. */
export function describeTopic(settings: Settings, overrides: Overrides): ConfigEntry[] {
  return [...rowsOf('topic').keys()].map((name) => {
    const row = topicRow(name);
    const own = overrides.get(name);
    const synonyms: ConfigSynonym[] = [];
    if (own !== undefined) synonyms.push({ name, value: own, source: ConfigSource.DYNAMIC_TOPIC });
    for (const synonym of row.synonyms) synonyms.push(...brokerPlaces(settings, synonym.name));
    return entry(name, row, synonyms, own ?? effectiveDefault(settings, name));
  });
}

/** All settings of a group, in the table's order; values as they are stored, before the broker's bounds. */
export function describeGroup(settings: Settings, overrides: Overrides): ConfigEntry[] {
  return [...rowsOf('group').keys()].map((name) => {
    const row = groupRow(name);
    const own = overrides.get(name);
    const synonyms: ConfigSynonym[] = [];
    if (own !== undefined) synonyms.push({ name, value: own, source: ConfigSource.DYNAMIC_GROUP });
    if (row.brokerDefault !== undefined) synonyms.push(...brokerPlaces(settings, row.brokerDefault));
    else if (row.default !== null) synonyms.push({ name, value: row.default, source: ConfigSource.DEFAULT });
    return entry(name, row, synonyms);
  });
}

/** All settings of this broker, in the table's order. A setting that falls back on others shows them as synonyms. */
export function describeBroker(settings: Settings): ConfigEntry[] {
  return [...rowsOf('broker').keys()].map((name) => {
    const own = brokerPlaces(settings, name);
    const synonyms = [...own, ...chainOf(name).flatMap((other) => brokerPlaces(settings, other))];
    const shown = entry(name, brokerRow(name), synonyms);
    return own.length > 0 ? shown : { ...shown, value: null, configSource: ConfigSource.DEFAULT, synonyms: [] };
  });
}

/** What is set dynamically for all brokers, and nothing else. */
export function describeCluster(overrides: Overrides): ConfigEntry[] {
  const entries: ConfigEntry[] = [];
  for (const [name, row] of rowsOf('broker')) {
    const value = overrides.get(name);
    if (value !== undefined)
      entries.push(entry(name, row, [{ name, value, source: ConfigSource.DYNAMIC_DEFAULT_BROKER }]));
  }
  return entries;
}

const FALL_BACKS: ReadonlyMap<string, readonly string[]> = new Map(
  [...rowsOf('topic').keys()].flatMap((name) => {
    const names = topicRow(name).synonyms.map((synonym) => synonym.name);
    return names.map((first, index) => [first, names.slice(index + 1)] as const);
  }),
);

/** The broker settings that one falls back on, in order. */
function chainOf(name: string): readonly string[] {
  return FALL_BACKS.get(name) ?? [];
}

function brokerPlaces(settings: Settings, name: string): ConfigSynonym[] {
  return settings.brokerPlaces(name).map(({ text, source }) => ({ name, value: text, source }));
}

function effectiveDefault(settings: Settings, name: string): string {
  for (const { name: broker, factor } of topicRow(name).synonyms) {
    const { text } = settings.brokerText(broker);
    if (text === '' && brokerRow(broker).default === '') continue;
    const amount = Number(text);
    return factor === 1 || amount < 0 ? text : String(amount * factor);
  }
  return topicRow(name).default ?? '';
}

function entry(name: string, row: SettingRow, synonyms: readonly ConfigSynonym[], value?: string): ConfigEntry {
  const first = synonyms[0];
  return {
    name,
    value: value ?? first?.value ?? null,
    readOnly: row.change === 'static',
    configSource: first?.source ?? ConfigSource.DEFAULT,
    isSensitive: false,
    synonyms,
    configType: TYPE_NUMBERS[row.type],
    documentation: row.withoutEffect === undefined ? row.doc : `${row.doc} No effect in Weir: ${row.withoutEffect}`,
  };
}
