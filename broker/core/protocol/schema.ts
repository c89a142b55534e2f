/**
 * Schemas as data: the same form for Kafka's messages (the `*.generated.ts` tables) and for Weir's own. Version ranges are
 * written as in Kafka: `3`, `1-4`, `2+`, `none`.
 */

/** A default value; absent means zero, false, empty text, empty bytes, no elements or a struct of defaults. */
export type FieldDefault = boolean | number | bigint | string | null;

/** One field of a message or struct. */
export interface FieldSchema {
  /** The protocol's name with a small first letter. */
  readonly name: string;
  /**
   * `bool`, `int8`, `int16`, `uint16`, `int32`, `uint32`, `int64`, `float64`, `string`, `uuid`, `bytes`, `records`, the name of a
   * struct, or `[]` before any of these.
   */
  readonly type: string;
  /** Message versions that carry the field. */
  readonly versions: string;
  /** Message versions in which it may be null. */
  readonly nullable?: string;
  /** Message versions in which it travels as a tagged field; always the end of `versions`. */
  readonly tagged?: string;
  /** Its tag, 0 or more; present together with `tagged`. */
  readonly tag?: number;
  readonly default?: FieldDefault;
  /** May be dropped silently when a version cannot carry it. Otherwise only its default may. */
  readonly ignorable?: true;
  /** int64 only: values past ±(2^53 − 1) pass through as bigint instead of being refused (SAFETY.md B5). */
  readonly wide?: true;
  /** Text of the old length form even in flexible versions (the request header's client id). */
  readonly inflexible?: true;
  /** Fields of the struct that `type` names, when it is used only here. */
  readonly fields?: readonly FieldSchema[];
}

/** One message in all of its versions. */
export interface MessageSchema {
  readonly name: string;
  /** API key of requests and responses; record type of coordinator keys and values. */
  readonly apiKey?: number;
  /** Coordinator keys and values carry their type or version in front. */
  readonly kind?: 'coordinator-key' | 'coordinator-value';
  /** Versions that exist. */
  readonly versions: string;
  /** Versions with compact lengths and tagged fields. */
  readonly flexible: string;
  readonly fields: readonly FieldSchema[];
  /** Structs used in more than one place, by name. */
  readonly structs?: Readonly<Record<string, readonly FieldSchema[]>>;
}

/** Versions `from` to `to`, both inclusive; empty when `to` < `from`. */
export interface VersionRange {
  readonly from: number;
  readonly to: number;
}

/** The highest version number an int16 can carry: the end of an open range. */
export const VERSION_MAX = 32_767;

const NO_VERSIONS: VersionRange = { from: 0, to: -1 };

/** Reads `3`, `1-4`, `2+` or `none`; absent is `none`. */
export function parseVersions(text: string | undefined): VersionRange {
  if (text === undefined || text === 'none') return NO_VERSIONS;
  if (text.endsWith('+')) return { from: Number(text.slice(0, -1)), to: VERSION_MAX };
  const dash = text.indexOf('-');
  if (dash < 0) return { from: Number(text), to: Number(text) };
  return { from: Number(text.slice(0, dash)), to: Number(text.slice(dash + 1)) };
}

/** Whether `version` lies in a range that is written as in `parseVersions`. */
export function inVersions(text: string | undefined, version: number): boolean {
  const range = parseVersions(text);
  return version >= range.from && version <= range.to;
}
