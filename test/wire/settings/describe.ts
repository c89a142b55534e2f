import { refusedReason } from '../../../broker/core/config/refused.ts';
import { rowsOf, type SettingScope } from '../../../broker/core/config/rows.ts';
import type { ApiKey } from '../../../broker/core/protocol/apis.ts';
import type { ApiResponses } from '../../../broker/core/protocol/messages.ts';
import type { Shown } from './differences.ts';

/** One setting in an answer to DescribeConfigs. */
export type Entry = ApiResponses[typeof ApiKey.DescribeConfigs]['results'][number]['configs'][number];

/** In what two answers can differ about a setting that both show. */
export type Aspect = 'value' | 'source' | 'read-only' | 'sensitive' | 'type' | 'synonyms';

/** Aspects of two entries that differ. */
function aspectsOf(kafka: Entry, weir: Entry): readonly Aspect[] {
  const synonyms = (entry: Entry): string => entry.synonyms.map(({ name, source }) => `${name}/${source}`).join(',');
  const pairs: readonly (readonly [Aspect, unknown, unknown])[] = [
    ['value', kafka.value ?? '', weir.value ?? ''],
    ['source', kafka.configSource, weir.configSource],
    ['read-only', kafka.readOnly, weir.readOnly],
    ['sensitive', kafka.isSensitive, weir.isSensitive],
    ['type', kafka.configType, weir.configType],
    ['synonyms', synonyms(kafka), synonyms(weir)],
  ];
  return pairs.flatMap(([aspect, theirs, ours]) => (theirs === ours ? [] : [aspect]));
}

/** What the judge of two answers works with. */
export type Answers = {
  readonly scope: SettingScope;
  readonly kafka: readonly Entry[];
  readonly weir: readonly Entry[];
  /** Names that a newer Apache Kafka knows than the one that answered. */
  readonly newer: ReadonlySet<string>;
  readonly table: Readonly<Record<string, Shown>>;
};

/**
 * Everything that is wrong with two answers about the same kind of resource, a sentence each: a name that only one shows
 * without a reason, aspects that differ and do not stand in the table, entries of the table that do not occur. What is
 * refused has its reason in the table of refused settings.
 */
export function judgeAnswers({ scope, kafka, weir, newer, table }: Answers): readonly string[] {
  const problems: string[] = [];
  const ours = new Map(weir.map((entry) => [entry.name, entry]));
  const theirs = new Map(kafka.map((entry) => [entry.name, entry]));
  const left = new Set(Object.keys(table));
  for (const [name, entry] of theirs) {
    const own = ours.get(name);
    if (own === undefined) {
      if (refusedReason(scope, name) === null)
        problems.push(`${name}: only Apache Kafka shows it, and it is not refused`);
      continue;
    }
    const found = aspectsOf(entry, own).join(', ');
    const known = table[name]?.differs.join(', ') ?? '';
    left.delete(name);
    if (found !== known)
      problems.push(`${name}: differs in [${found}], the table says [${known}]: ${sides(entry, own)}`);
  }
  for (const name of ours.keys()) {
    const isOurs = name.startsWith('weir.') && rowsOf(scope).has(name);
    if (theirs.has(name) || isOurs || newer.has(name)) continue;
    if (table[name]?.differs.join() === 'shown') left.delete(name);
    else problems.push(`${name}: only Weir shows it`);
  }
  for (const name of left) problems.push(`${name}: stands in the table, and one of the two does not show it`);
  return problems;
}

function sides(kafka: Entry, weir: Entry): string {
  const side = (entry: Entry): string =>
    JSON.stringify({
      value: entry.value,
      source: entry.configSource,
      readOnly: entry.readOnly,
      sensitive: entry.isSensitive,
      type: entry.configType,
      synonyms: entry.synonyms.map(({ name, source }) => `${name}/${source}`),
    });
  return `Apache Kafka ${side(kafka)}, Weir ${side(weir)}`;
}
