import { allowedValues } from './parse.ts';
import { refusedOf } from './refused.ts';
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
    '<!-- Generated from broker/core/config; a test fails when it is not current and tells how to write it anew. -->',
    '',
    'Every setting of Apache Kafka 4.4 and of Weir is one of three things here:',
    '',
    "- *honoured*: it does what Kafka's documentation says. Names, defaults and ranges are Kafka's where Kafka has the setting.",
    '- *without effect*: it is accepted, checked and shown, and changes nothing; the reason stands beside it.',
    '- *refused*: it can not be set, because accepting it would promise something that does not happen.',
    '',
    'A name that is not listed and a value outside the range are refused, with `INVALID_CONFIG` for a topic or group and',
    '`INVALID_REQUEST` for a broker, as in Kafka; nothing is ignored in silence.',
    '',
    'Broker settings come from the file of `weir broker --config` (`name=value` lines), from the environment',
    '(`WEIR_LOG_RETENTION_MS` for `log.retention.ms`) and, where the table says *running*, from the cluster itself through',
    '`kafka-configs` or a manifest, which win over both. In manifests a `config` map takes the same names.',
    '',
    ...section('Topics', 'topic'),
    ...section('Brokers', 'broker'),
    ...section('Groups', 'group'),
    '## Client metrics',
    '',
    'Resources of this type are refused, and so are their settings `interval.ms`, `match` and `metrics` (KIP-714): the broker',
    'does not ask clients for their metrics.',
    '',
  ].join('\n');
}

function section(title: string, scope: SettingScope): string[] {
  return [`## ${title}`, '', ...honoured(scope), ...withoutEffect(scope), ...refused(scope)];
}

function honoured(scope: SettingScope): string[] {
  const isBroker = scope === 'broker';
  const head = isBroker
    ? '| Name | Type | Default | Allowed | Changes | Meaning |'
    : '| Name | Type | Default | Allowed | Default from | Meaning |';
  const rows = sorted(rowsOf(scope))
    .filter(([, row]) => row.withoutEffect === undefined)
    .map(([name, row]) => {
      const fifth = isBroker ? CHANGES[row.change] : sourceOf(scope, name);
      return `| ${[`\`${name}\``, row.type, defaultOf(row), allowedOf(scope, name, row), fifth, cell(row.doc)].join(' | ')} |`;
    });
  return [head, '|--|--|--|--|--|--|', ...rows, ''];
}

function withoutEffect(scope: SettingScope): string[] {
  const rows = sorted(rowsOf(scope)).flatMap(([name, row]) =>
    row.withoutEffect === undefined
      ? []
      : [
          `| ${[`\`${name}\``, row.type, defaultOf(row), allowedOf(scope, name, row), cell(row.withoutEffect)].join(' | ')} |`,
        ],
  );
  return table('### Without effect', '| Name | Type | Default | Allowed | Why |\n|--|--|--|--|--|', rows);
}

function refused(scope: SettingScope): string[] {
  const rows = sorted(refusedOf(scope)).map(([name, why]) => `| \`${name}\` | ${cell(why)} |`);
  return table('### Refused', '| Name | Why |\n|--|--|', rows);
}

function table(title: string, head: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : [title, '', head, ...rows, ''];
}

function sorted<T>(byName: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1));
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
