import { CHECKS } from './checks.ts';
import type { SettingRow } from './row.ts';

/** A parsed value, or why the text is refused: a sentence that says what is allowed. */
export type Parsed =
  | { readonly problem: null; readonly value: boolean | number | string | readonly string[] }
  | { readonly problem: string; readonly value: null };

const INT_LIMITS: Readonly<Record<string, { readonly min: bigint; readonly max: bigint }>> = {
  short: { min: -32_768n, max: 32_767n },
  int: { min: -2_147_483_648n, max: 2_147_483_647n },
  long: { min: -9_223_372_036_854_775_808n, max: 9_223_372_036_854_775_807n },
};

/** Longest text of one setting in UTF-16 units; longer ones are refused before they are looked at. */
export const SETTING_TEXT_MAX = 32_767;

/**
 * Reads a setting's text as its row says. Surrounding white space is ignored, as in Kafka. A `long` beyond 2^53 − 1 is
 * valid and reads as 2^53 − 1: as a time or size both mean "without limit". An optional number left empty is 0 here;
 * callers that care test the text.
 */
export function parseSetting(row: SettingRow, text: string): Parsed {
  if (text.length > SETTING_TEXT_MAX) return refused(`must not be longer than ${SETTING_TEXT_MAX} characters`);
  const trimmed = text.trim();
  switch (row.type) {
    case 'boolean':
      return parseBoolean(trimmed);
    case 'list':
      return parseList(row, trimmed);
    case 'string':
      return parseString(row, trimmed);
    case 'double':
      return parseDouble(row, trimmed);
    case 'short':
    case 'int':
    case 'long':
      return parseInteger(row, trimmed);
  }
}

/** The values that a row allows, in words; empty when its type says it all. */
export function allowedValues(row: SettingRow): string {
  if (row.values !== undefined) return row.values.join(', ');
  if (row.check !== undefined) return CHECKS[row.check].allowed;
  if (row.min !== undefined && row.max !== undefined) return `${row.min} to ${row.max}`;
  if (row.min !== undefined) return `at least ${row.min}`;
  return row.max === undefined ? '' : `at most ${row.max}`;
}

function parseBoolean(text: string): Parsed {
  const lower = text.toLowerCase();
  if (lower === 'true') return { problem: null, value: true };
  if (lower === 'false') return { problem: null, value: false };
  return refused('must be true or false');
}

function parseInteger(row: SettingRow, text: string): Parsed {
  if (text === '' && row.default === '') return { problem: null, value: 0 };
  const limits = INT_LIMITS[row.type];
  if (limits === undefined || !/^[+-]?[0-9]{1,19}$/.test(text))
    return refused(`must be a whole number${rangeWords(row)}`);
  const exact = BigInt(text.startsWith('+') ? text.slice(1) : text);
  const min = row.min === undefined ? limits.min : BigInt(row.min);
  const max = row.max === undefined ? limits.max : BigInt(row.max);
  if (exact < min || exact > max) return refused(`must be a whole number from ${min} to ${max}`);
  const problem = row.check === undefined ? null : CHECKS[row.check].problem(text);
  if (problem !== null) return refused(problem);
  const safe = BigInt(Number.MAX_SAFE_INTEGER);
  return { problem: null, value: Number(exact > safe ? safe : exact < -safe ? -safe : exact) };
}

function parseDouble(row: SettingRow, text: string): Parsed {
  const value = Number(text);
  const inRange = value >= (row.min ?? Number.NEGATIVE_INFINITY) && value <= (row.max ?? Number.POSITIVE_INFINITY);
  if (text === '' || !Number.isFinite(value) || !inRange) return refused(`must be a number${rangeWords(row)}`);
  return { problem: null, value };
}

function parseString(row: SettingRow, text: string): Parsed {
  if (row.values !== undefined && !row.values.includes(text)) return refused(`must be one of ${row.values.join(', ')}`);
  if (row.default === null && text === '') return refused('must not be empty');
  const problem = row.check === undefined ? null : CHECKS[row.check].problem(text);
  return problem === null ? { problem: null, value: text } : refused(problem);
}

function parseList(row: SettingRow, text: string): Parsed {
  const elements = [...new Set(splitList(text))];
  const allowed = row.values;
  if (allowed !== undefined && !elements.every((element) => allowed.includes(element))) {
    return refused(`may only hold ${allowed.join(', ')}`);
  }
  const problem = row.check === undefined ? null : CHECKS[row.check].problem(text);
  return problem === null ? { problem: null, value: elements } : refused(problem);
}

/** The elements of a list setting: separated by commas, trimmed; an empty text has none. */
export function splitList(text: string): readonly string[] {
  const trimmed = text.trim();
  return trimmed === '' ? [] : trimmed.split(',').map((element) => element.trim());
}

function rangeWords(row: SettingRow): string {
  const words = allowedValues(row);
  return words === '' ? '' : `, ${words}`;
}

function refused(problem: string): Parsed {
  return { problem, value: null };
}
