import { allowedValues } from './parse.ts';
import type { SettingRow } from './row.ts';
import { groupRow, rowsOf, topicRow, type SettingScope } from './rows.ts';

const CHANGES: Readonly<Record<SettingRow['change'], string>> = {
  static: 'at start',
  broker: 'one broker, running',
  cluster: 'running',
  'cluster-only': 'all brokers, running',
};

/** The reference page of every setting, as Markdown (`docs/reference/settings.md`; a test keeps it current). */
export function settingsReference(): string {
  return [
    '# Settings',
    '',
    '<!-- Generated from broker/core/config/table.ts; a test fails when it is not current and tells how to write it anew. -->',
    '',
    "Every setting that Weir honours. Names, defaults and ranges are Kafka's where Kafka has the setting. A name that is not",
    'listed and a value outside the range are refused with `INVALID_CONFIG`; nothing is accepted and ignored.',
    '',
    'Broker settings come from the file of `weir broker --config` (`name=value` lines), from the environment',
    '(`WEIR_LOG_RETENTION_MS` for `log.retention.ms`) and, where the table says *running*, from the cluster itself through',
    '`kafka-configs` or a manifest, which win over both. In manifests a `config` map takes the same names.',
    '',
    ...section('Topics', 'topic'),
    ...section('Brokers', 'broker'),
    ...section('Groups', 'group'),
  ].join('\n');
}

function section(title: string, scope: SettingScope): string[] {
  const isBroker = scope === 'broker';
  const head = isBroker
    ? '| Name | Type | Default | Allowed | Changes | Meaning |'
    : '| Name | Type | Default | Allowed | Default from | Meaning |';
  const rows = [...rowsOf(scope)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, row]) => {
      const fifth = isBroker ? CHANGES[row.change] : sourceOf(scope, name);
      return `| ${[`\`${name}\``, row.type, defaultOf(row), allowedOf(scope, name, row), fifth, cell(row.doc)].join(' | ')} |`;
    });
  return [`## ${title}`, '', head, '|--|--|--|--|--|--|', ...rows, ''];
}

function defaultOf(row: SettingRow): string {
  if (row.default === null) return '*must be set*';
  return row.default === '' ? '*none*' : `\`${cell(row.default)}\``;
}

function allowedOf(scope: SettingScope, name: string, row: SettingRow): string {
  const bounds = scope === 'group' ? groupRow(name) : undefined;
  if (bounds?.brokerMin !== undefined) return `from \`${bounds.brokerMin}\` to \`${bounds.brokerMax ?? ''}\``;
  return cell(allowedValues(row));
}

function sourceOf(scope: SettingScope, name: string): string {
  const names =
    scope === 'topic' ? topicRow(name).synonyms.map((synonym) => synonym.name) : [groupRow(name).brokerDefault];
  return names.flatMap((one) => (one === undefined ? [] : [`\`${one}\``])).join(', ');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
