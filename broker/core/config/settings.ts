import { assert } from '../base/assert.ts';
import { parseSetting } from './parse.ts';
import type { SettingRow, ValueOf } from './row.ts';
import { brokerRow, groupRow, topicRow } from './rows.ts';
import type {
  BROKER_SETTINGS,
  BrokerSettingName,
  GROUP_SETTINGS,
  GroupSettingName,
  TOPIC_SETTINGS,
  TopicSettingName,
} from './table.ts';

/** Typed value of a broker setting. */
export type BrokerValue<N extends BrokerSettingName> = ValueOf<(typeof BROKER_SETTINGS)[N]>;
/** Typed value of a topic setting. */
export type TopicValue<N extends TopicSettingName> = ValueOf<(typeof TOPIC_SETTINGS)[N]>;
/** Typed value of a group setting. */
export type GroupValue<N extends GroupSettingName> = ValueOf<(typeof GROUP_SETTINGS)[N]>;

/** Explicit settings by name, as text. */
export type Overrides = ReadonlyMap<string, string>;

/** Where a broker's value comes from, as DescribeConfigs numbers it: dynamic broker 2, dynamic default 3, static 4, default 5. */
export interface BrokerText {
  readonly text: string;
  readonly source: 2 | 3 | 4 | 5;
}

const NOTHING: Overrides = new Map();

type Value = boolean | number | string | readonly string[];

/**
 * Resolves every setting of one node to a typed value: broker settings from dynamic overrides of this broker, those of
 * the whole cluster, the node's own file and environment, then the default; topic and group settings from their
 * overrides, then from the broker. Values are cached per overrides map, so reading is a look-up; maps of overrides must
 * not change once they were handed in (the metadata image replaces them). All texts must have passed validation.
 */
export class Settings {
  readonly #static: Overrides;
  #broker: Overrides = NOTHING;
  #cluster: Overrides = NOTHING;
  #brokerValues = new Map<string, Value>();
  #topicValues = new WeakMap<Overrides, Map<string, Value>>();
  #groupValues = new WeakMap<Overrides, Map<string, Value>>();

  /** `fixed` are the settings of the file, with those of the environment laid over. */
  constructor(fixed: Overrides) {
    this.#static = fixed;
  }

  /** Takes over the dynamic settings of this broker and of all brokers, whenever metadata changed them. */
  setDynamic(broker: Overrides, cluster: Overrides): void {
    this.#broker = broker;
    this.#cluster = cluster;
    this.#brokerValues = new Map();
    this.#topicValues = new WeakMap();
    this.#groupValues = new WeakMap();
  }

  /** A broker setting. Numbers beyond 2^53 − 1 read as that, which no time or size reaches. */
  broker<N extends BrokerSettingName>(name: N): BrokerValue<N> {
    let value = this.#brokerValues.get(name);
    if (value === undefined) {
      const { text } = this.brokerText(name);
      value = parsed(brokerRow(name), name, text);
      this.#brokerValues.set(name, value);
    }
    // The row's type decides both the parser and the static type.
    return value as BrokerValue<N>;
  }

  /** A topic setting under the topic's overrides. */
  topic<N extends TopicSettingName>(overrides: Overrides, name: N): TopicValue<N> {
    const values = valuesOf(this.#topicValues, overrides);
    let value = values.get(name);
    if (value === undefined) {
      value = this.#readTopic(overrides, name);
      values.set(name, value);
    }
    return value as TopicValue<N>;
  }

  /** A group setting under the group's overrides, kept within the bounds that the broker sets now. */
  group<N extends GroupSettingName>(overrides: Overrides, name: N): GroupValue<N> {
    const values = valuesOf(this.#groupValues, overrides);
    let value = values.get(name);
    if (value === undefined) {
      value = this.#readGroup(overrides, name);
      values.set(name, value);
    }
    return value as GroupValue<N>;
  }

  /** Text and source of a broker setting; the text is empty when there is neither a value nor a default. */
  brokerText(name: string): BrokerText {
    const own = this.#broker.get(name);
    if (own !== undefined) return { text: own, source: 2 };
    const all = this.#cluster.get(name);
    if (all !== undefined) return { text: all, source: 3 };
    const fixed = this.#static.get(name);
    if (fixed !== undefined) return { text: fixed, source: 4 };
    return { text: brokerRow(name).default ?? '', source: 5 };
  }

  /** Every place that has a text for a broker setting, the one in force first; an empty default is none. */
  brokerPlaces(name: string): readonly BrokerText[] {
    const places: BrokerText[] = [];
    const own = this.#broker.get(name);
    if (own !== undefined) places.push({ text: own, source: 2 });
    const all = this.#cluster.get(name);
    if (all !== undefined) places.push({ text: all, source: 3 });
    const fixed = this.#static.get(name);
    if (fixed !== undefined) places.push({ text: fixed, source: 4 });
    const { default: byDefault } = brokerRow(name);
    if (byDefault !== null && byDefault !== '') places.push({ text: byDefault, source: 5 });
    return places;
  }

  /** The explicit settings of file and environment. */
  get fixed(): Overrides {
    return this.#static;
  }

  #readTopic(overrides: Overrides, name: string): Value {
    const row = topicRow(name);
    const own = overrides.get(name);
    if (own !== undefined) return parsed(row, name, own);
    for (const synonym of row.synonyms) {
      const { text } = this.brokerText(synonym.name);
      if (text === '' && brokerRow(synonym.name).default === '') continue;
      const value = parsed(brokerRow(synonym.name), synonym.name, text);
      return typeof value === 'number' && value > 0 ? Math.min(value * synonym.factor, Number.MAX_SAFE_INTEGER) : value;
    }
    return parsed(row, name, row.default ?? '');
  }

  #readGroup(overrides: Overrides, name: string): Value {
    const row = groupRow(name);
    const own = overrides.get(name);
    const text =
      own ?? (row.brokerDefault === undefined ? (row.default ?? '') : this.brokerText(row.brokerDefault).text);
    const value = parsed(row, name, text);
    if (typeof value !== 'number') return value;
    const min = row.brokerMin === undefined ? value : this.#number(row.brokerMin);
    const max = row.brokerMax === undefined ? value : this.#number(row.brokerMax);
    return Math.min(Math.max(value, min), Math.max(min, max));
  }

  #number(name: string): number {
    return Number(this.brokerText(name).text);
  }
}

function valuesOf(cache: WeakMap<Overrides, Map<string, Value>>, overrides: Overrides): Map<string, Value> {
  const known = cache.get(overrides);
  if (known !== undefined) return known;
  const values = new Map<string, Value>();
  cache.set(overrides, values);
  return values;
}

function parsed(row: SettingRow, name: string, text: string): Value {
  const result = parseSetting(row, text);
  assert(result.problem === null, `stored setting ${name} is not valid: ${result.problem}`);
  return result.value;
}
