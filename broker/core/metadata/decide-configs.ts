import { brokerId } from '../base/ids.ts';
import { refusalOf } from '../config/refused.ts';
import { findRow, type SettingScope } from '../config/rows.ts';
import { splitList } from '../config/parse.ts';
import { Settings } from '../config/settings.ts';
import { changeProblem, validateOverrides } from '../config/validate.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { AlterConfigsCommand, AlterConfigsOutcome, CodedResult } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { effectsOn } from './config-effects.ts';
import { duplicatesOf, namedTwice } from './decide-topics.ts';
import type { MetadataImage } from './image.ts';
import { MIN_ISR } from './min-isr.ts';
import { hasElr } from './partition-changes.ts';
import type { ConfigRecord, MetadataRecord } from './records.ts';
import { ok, problem } from './result.ts';
import type { ConfigScope } from './view.ts';

type Resource = AlterConfigsCommand['resources'][number];
type Texts = ReadonlyMap<string, string>;

/** The overrides of a resource after its operations. */
interface Altered {
  readonly before: Texts;
  readonly after: Texts;
}

/** Most resources whose settings one command changes; a larger one is refused as a whole. */
export const ALTERED_RESOURCE_COUNT_MAX = 10_000;
const NUMBERS: ReadonlySet<string> = new Set(['short', 'int', 'long', 'double']);
const GROUP_NAME_LENGTH_MAX = 32_767;

/** Changes settings, each resource as a whole or not at all; a resource named twice is INVALID_REQUEST every time. */
export function alterConfigs(context: DecisionContext, command: AlterConfigsCommand): Decision {
  if (command.resources.length > ALTERED_RESOURCE_COUNT_MAX) {
    const refusal = problem(
      ErrorCode.POLICY_VIOLATION,
      `one request may change ${ALTERED_RESOURCE_COUNT_MAX} resources at most`,
    );
    return { records: [], outcome: { kind: 'alterConfigs', ...refusal, resources: [] } };
  }
  const duplicates = duplicatesOf(command.resources.map(keyOf));
  const records: MetadataRecord[] = [];
  const resources: AlterConfigsOutcome['resources'][number][] = [];
  const altered: { cluster: Texts | null; readonly topics: Map<string, Texts> } = { cluster: null, topics: new Map() };
  for (const resource of command.resources) {
    const { scope, name } = resource;
    const result = duplicates.has(keyOf(resource)) ? namedTwice(`${scope} ${name}`) : alterResource(context, resource);
    if ('errorCode' in result) {
      resources.push({ ...result, scope, name });
      continue;
    }
    records.push(...configRecords(scope, name, result));
    if (scope === 'cluster') altered.cluster = result.after;
    else if (scope === 'topic') altered.topics.set(name, result.after);
    resources.push({ ...ok(), scope, name });
  }
  if (command.validateOnly) records.length = 0;
  const effects = records.length === 0 ? null : effectsOn(context, altered);
  if (effects !== null) records.push(effects);
  return { records, outcome: { kind: 'alterConfigs', ...ok(), resources } };
}

function alterResource(context: DecisionContext, resource: Resource): Altered | CodedResult {
  const missing = resourceProblem(context.image, resource.scope, resource.name);
  if (missing !== null) return missing;
  const table = tableOf(resource.scope);
  const before = context.image.configOverrides(resource.scope, resource.name);
  const after = new Map(resource.replaceAll === true ? [] : before);
  const named = new Set<string>();
  for (const change of resource.operations) {
    if (named.has(change.name)) return problem(ErrorCode.INVALID_REQUEST, `setting ${change.name} is given twice`);
    named.add(change.name);
    const refusal = applyOperation(table, resource.scope, after, change);
    if (refusal !== null) return refusal;
  }
  if (resource.scope === 'cluster' && before.has(MIN_ISR) && !after.has(MIN_ISR) && hasElr(context.image))
    return problem(ErrorCode.INVALID_CONFIG, KEPT);
  const invalid = validateOverrides(table, after, settingsOf(context, resource, after));
  // Apache Kafka has the broker itself judge its settings first, which answers with another code.
  const code = table === 'broker' ? ErrorCode.INVALID_REQUEST : ErrorCode.INVALID_CONFIG;
  return invalid === null ? { before, after } : problem(code, invalid);
}

const KEPT = `${MIN_ISR} of all brokers can be altered, not deleted: who may be elected hangs on it (KIP-966)`;

function applyOperation(
  table: SettingScope,
  scope: ConfigScope,
  texts: Map<string, string>,
  change: Resource['operations'][number],
): CodedResult | null {
  const { name, value, operation } = change;
  const row = findRow(table, name);
  const by = scope === 'cluster' ? 'cluster' : 'broker';
  const fixed = row !== null && table === 'broker' ? changeProblem(row, name, by) : null;
  if (fixed !== null && row?.change === 'cluster-only') return problem(ErrorCode.INVALID_CONFIG, fixed);
  // What is not set need not be known: a setting of another release, or one with a slip in its name, is gone as asked.
  if (operation === 'delete') {
    texts.delete(name);
    return null;
  }
  if (row === null) return problem(ErrorCode.INVALID_CONFIG, refusalOf(table, name));
  if (operation !== 'set' && row.type !== 'list') {
    return problem(ErrorCode.INVALID_CONFIG, `${operation} is for lists, which ${name} is not`);
  }
  if (fixed !== null) return problem(ErrorCode.INVALID_REQUEST, fixed);
  if (value === null) return problem(ErrorCode.INVALID_REQUEST, `setting ${name} has no value`);
  if (NUMBERS.has(row.type) && value.trim() === '' && operation === 'set') {
    // In a file an empty text leaves an optional number unset; here that is what deleting is for.
    const code = table === 'broker' ? ErrorCode.INVALID_REQUEST : ErrorCode.INVALID_CONFIG;
    return problem(code, `${name} must be a number; delete the setting to return to its default`);
  }
  if (operation === 'set') {
    texts.set(name, value);
    return null;
  }
  const current = [...splitList(texts.get(name) ?? row.default ?? '')];
  const wanted = splitList(value);
  const left = operation === 'append' ? union(current, wanted) : current.filter((element) => !wanted.includes(element));
  texts.set(name, left.join(','));
  return null;
}

function union(current: readonly string[], added: readonly string[]): readonly string[] {
  return [...current, ...added.filter((element) => !current.includes(element))];
}

/** The settings that the overrides are judged against: for broker scopes those that would then be in force. */
function settingsOf({ image, settings }: DecisionContext, resource: Resource, after: Texts): Settings {
  if (resource.scope === 'topic' || resource.scope === 'group') return settings;
  const wanted = new Settings(settings.fixed);
  if (resource.scope === 'cluster') wanted.setDynamic(new Map(), after);
  else wanted.setDynamic(after, image.configOverrides('cluster', ''));
  return wanted;
}

function configRecords(scope: ConfigScope, resource: string, { before, after }: Altered): ConfigRecord[] {
  const records: ConfigRecord[] = [];
  for (const [name, value] of after) {
    if (before.get(name) !== value) records.push({ kind: 'config', scope, resource, name, value });
  }
  for (const name of before.keys()) {
    if (!after.has(name)) records.push({ kind: 'config', scope, resource, name, value: null });
  }
  return records;
}

function resourceProblem(image: MetadataImage, scope: ConfigScope, name: string): CodedResult | null {
  switch (scope) {
    case 'cluster':
      return name === '' ? null : problem(ErrorCode.INVALID_REQUEST, 'the settings of all brokers have an empty name');
    case 'topic':
      if (name === '') return problem(ErrorCode.INVALID_REQUEST, 'there are no default settings of all topics');
      return image.topicByName(name) === null
        ? problem(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `no topic ${name}`)
        : null;
    case 'group':
      if (name === '') return problem(ErrorCode.INVALID_REQUEST, 'there are no default settings of all groups');
      return name.length > GROUP_NAME_LENGTH_MAX
        ? problem(ErrorCode.INVALID_REQUEST, 'the group name is too long')
        : null;
    case 'broker': {
      if (!/^(0|[1-9][0-9]{0,9})$/.test(name)) return problem(ErrorCode.INVALID_REQUEST, `"${name}" is no broker id`);
      const known = image.broker(brokerId(Number(name))) !== null;
      return known ? null : problem(ErrorCode.BROKER_ID_NOT_REGISTERED, `no broker ${name} is registered`);
    }
  }
}

function tableOf(scope: ConfigScope): SettingScope {
  return scope === 'topic' || scope === 'group' ? scope : 'broker';
}

function keyOf(resource: { readonly scope: ConfigScope; readonly name: string }): string {
  return `${resource.scope} ${resource.name}`;
}
