/** Kafka's types of settings. `int`, `short`, `long` and `double` become numbers, `list` an array of texts. */
export type SettingType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list';

/** Checks that a type and a range can't express; `checks.ts` holds them. */
export type SettingCheck =
  | 'listeners'
  | 'share-offset-reset'
  | 'cluster-id'
  | 'roles'
  | 'controllers'
  | 'address-limits'
  | 'one-path'
  | 'host'
  | 'optional-host'
  | 'gzip-level'
  | 'protocol-map'
  | 'throttled-replicas';

/**
 * When a change takes effect. `static`: read at start, from the file or the environment only. `broker`: may be altered
 * for one broker while it runs. `cluster`: for one broker or, with an empty broker name, for all. `cluster-only`: for
 * all brokers, never for one of them. Topic and group settings are always dynamic.
 */
export type SettingChange = 'static' | 'broker' | 'cluster' | 'cluster-only';

/** One setting: the row behind parsing, validation, DescribeConfigs, manifests and the reference page. */
export interface SettingRow {
  readonly type: SettingType;
  /** As text, the way it is written in a file; null: there is none, it must be given. */
  readonly default: string | null;
  /** Smallest value, inclusive, for numbers. Absent: the type's own limit. */
  readonly min?: number;
  /** Largest value, inclusive, for numbers. Absent: the type's own limit. */
  readonly max?: number;
  /** The only texts allowed, for strings and elements of lists. */
  readonly values?: readonly string[];
  readonly check?: SettingCheck;
  readonly change: SettingChange;
  /**
   * Why a setting that Kafka knows changes nothing here, as a sentence: it is accepted, checked and shown. Absent: the
   * setting is honoured.
   */
  readonly withoutEffect?: string;
  /** Purpose and effect, for DescribeConfigs and the reference page. */
  readonly doc: string;
}

/** Where a topic setting's default comes from, in order of precedence: a broker setting times `factor`. */
export interface Synonym {
  readonly name: string;
  readonly factor: number;
}

/** A setting that can be set on a topic; brokers carry its default under `synonyms`. */
export interface TopicSettingRow extends SettingRow {
  readonly synonyms: readonly Synonym[];
}

/** A setting that can be set on a group; the broker's settings hold its default and its allowed range. */
export interface GroupSettingRow extends SettingRow {
  readonly brokerDefault?: string;
  readonly brokerMin?: string;
  readonly brokerMax?: string;
}

/** What a setting's text becomes when it is read. */
export type ValueOf<Row extends SettingRow> = Row['type'] extends 'boolean'
  ? boolean
  : Row['type'] extends 'list'
    ? readonly ElementOf<Row>[]
    : Row['type'] extends 'string'
      ? ElementOf<Row>
      : number;

type ElementOf<Row extends SettingRow> = Row extends { readonly values: readonly (infer V)[] } ? V : string;
