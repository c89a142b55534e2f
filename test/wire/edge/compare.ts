import type { Buffer } from 'node:buffer';
import { ZERO_TOPIC_ID } from '../../../broker/core/base/ids.ts';
import * as batch from '../../../broker/core/record/batch.ts';
import { type EdgeCase, UNKNOWN_TOPIC_ID } from './ask.ts';
import type { Outcome, Side } from './talk.ts';

/** A value of a field as it is compared and as the table of differences holds it. */
export type Leaf = string | number | boolean | null;

/** Field paths, such as `2.topics[0].errorCode` for the third request's answer, and their values. */
export type Fields = ReadonlyMap<string, Leaf>;

/** One known difference: the case, the reason in a sentence, and both values of each field in which the brokers differ. */
export interface Difference {
  readonly case: string;
  readonly reason: string;
  /** By field: what Weir answers and what Apache Kafka answers; `undefined` where one of them has no such field. */
  readonly fields: Readonly<Record<string, { readonly weir: Leaf | undefined; readonly kafka: Leaf | undefined }>>;
}

/** The same difference in several cases. */
export function inEach(cases: readonly string[], reason: string, fields: Difference['fields']): Difference[] {
  return cases.map((title) => ({ case: title, reason, fields }));
}

/** Ids of members that a broker made up. */
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const OWN_IDS: readonly string[] = [ZERO_TOPIC_ID, UNKNOWN_TOPIC_ID];
/** Later than every timestamp that a case sends; what is greater was given by a broker's clock. */
const CLOCK_MS = 1_500_000_000_000;

/** Producer ids from here on are made up by cases; smaller ones were given out by a broker. */
const OWN_PRODUCER_ID_MIN = 900_000;

/** Fields that tell of the run and not of behaviour: their values stand for themselves. */
const STAND_INS: Readonly<Record<string, (value: unknown) => Leaf>> = {
  throttleTimeMs: () => '(throttle)',
  port: (value) => (Number(value) > 0 ? '(port)' : Number(value)),
  clusterId: (value) => (value === null || value === '' ? (value as null | '') : '(cluster id)'),
  finalizedFeaturesEpoch: (value) => (Number(value) >= 0 ? '(epoch)' : Number(value)),
  logDir: () => '(path)',
  totalBytes: (value) => (Number(value) > 0 ? '(bytes)' : Number(value)),
  usableBytes: (value) => (Number(value) > 0 ? '(bytes)' : Number(value)),
  sessionId: (value) => (value === 0 ? 0 : '(session)'),
  producerId: (value) => (Number(value) >= 0 ? '(producer id)' : Number(value)),
  // The wording is each broker's own; whether there is any is not.
  errorMessage: (value) => textOrNot(value),
  acknowledgeErrorMessage: (value) => textOrNot(value),
  batchIndexErrorMessage: (value) => textOrNot(value),
};

function textOrNot(value: unknown): Leaf {
  return value === null || value === '' ? (value as null | '') : '(text)';
}

/** Names of fields that say which element of an array is meant, so that order alone is no difference. */
const SORT_FIELDS = [
  'name',
  'topic',
  'topicName',
  'topicId',
  'resourceType',
  'resourceName',
  'groupId',
  'key',
  'configName',
  'apiKey',
  'memberId',
  'groupInstanceId',
  'brokerId',
  'nodeId',
  'partitionIndex',
  'partition',
  'index',
  'firstOffset',
] as const;

/** The fields of all answers of a case, normalised: what two right brokers must agree on. */
export function fieldsOf(one: EdgeCase, outcomes: readonly Outcome[], side: Side): Fields {
  const fields = new Map<string, Leaf>();
  outcomes.forEach((outcome, index) => {
    const { look } = one.asks[index] ?? {};
    fields.set(`${index}`, outcome.kind);
    if (outcome.kind !== 'answer') return;
    const seen = look === undefined ? outcome.body : look(outcome.body);
    flatten(fields, { path: `${index}`, name: '' }, seen, namesOf(side));
  });
  return fields;
}

function namesOf(side: Side): ReadonlyMap<string, string> {
  return new Map([...side.topicIds].map(([name, id]) => [id, name]));
}

type Place = { readonly path: string; readonly name: string };

function flatten(fields: Map<string, Leaf>, at: Place, value: unknown, topics: ReadonlyMap<string, string>): void {
  const { path, name } = at;
  if (value instanceof Uint8Array) {
    flattenBytes(fields, at, value);
  } else if (Array.isArray(value)) {
    fields.set(`${path}.length`, value.length);
    sorted(value, topics).forEach((element, index) =>
      flatten(fields, { path: `${path}[${index}]`, name }, element, topics),
    );
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value))
      flatten(fields, { path: `${path}.${key}`, name: key }, inner, topics);
  } else fields.set(path, leaf(name, value, topics));
}

function leaf(name: string, value: unknown, topics: ReadonlyMap<string, string>): Leaf {
  const standIn = STAND_INS[name];
  if (standIn !== undefined) return standIn(value);
  if (typeof value === 'string') return name === 'topicId' ? idText(value, topics) : text(value, topics);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return value > CLOCK_MS && value < 10 * CLOCK_MS ? '(now)' : value;
  // Decoded messages hold nothing else; what is not set is absent.
  return value as Leaf;
}

function text(value: string, topics: ReadonlyMap<string, string>): string {
  const named = [...topics].reduce((rest, [id, name]) => rest.replaceAll(id, `(id of ${name})`), value);
  return named.replace(UUID, '(uuid)');
}

function idText(value: string, topics: ReadonlyMap<string, string>): string {
  const named = text(value, topics);
  return named !== value || OWN_IDS.includes(value) ? named : '(new id)';
}

/** Record batches are compared by what their headers say, other bytes as they are. */
function flattenBytes(fields: Map<string, Leaf>, { path, name }: Place, bytes: Uint8Array): void {
  const buf = batch.bufferOf(bytes);
  if (name !== 'records') {
    fields.set(path, buf.toString('hex'));
    return;
  }
  let pos = 0;
  let count = 0;
  while (buf.length - pos >= batch.HEADER_SIZE && buf.length - pos >= batch.sizeInBytes(buf, pos)) {
    fields.set(`${path}[${count}]`, describeBatch(buf, pos));
    pos += batch.sizeInBytes(buf, pos);
    count += 1;
  }
  fields.set(`${path}.length`, count);
  fields.set(`${path}.rest`, buf.length - pos);
}

function describeBatch(buf: Buffer, pos: number): string {
  const producer = batch.producerId(buf, pos);
  const time = (value: number): Leaf => leaf('', value, new Map());
  return [
    `${batch.baseOffset(buf, pos)}+${batch.lastOffsetDelta(buf, pos)}`,
    `count ${batch.recordCount(buf, pos)}`,
    `epoch ${batch.partitionLeaderEpoch(buf, pos)}`,
    `magic ${batch.magic(buf, pos)}`,
    `attributes ${batch.attributes(buf, pos)}`,
    `times ${time(batch.baseTimestamp(buf, pos))} ${time(batch.maxTimestamp(buf, pos))}`,
    `producer ${producer >= 0 && producer < OWN_PRODUCER_ID_MIN ? '(id)' : producer} ${batch.producerEpoch(buf, pos)} ${batch.baseSequence(buf, pos)}`,
    `bytes ${batch.sizeInBytes(buf, pos)}`,
  ].join(', ');
}

function sorted(values: readonly unknown[], topics: ReadonlyMap<string, string>): unknown[] {
  const key = (value: unknown): readonly (string | number)[] => {
    if (typeof value === 'string') return [value];
    if (typeof value !== 'object' || value === null) return [];
    const struct = value as Readonly<Record<string, unknown>>;
    return SORT_FIELDS.flatMap((name): (string | number)[] => {
      const part = struct[name];
      if (typeof part === 'string') return [text(part, topics)];
      return typeof part === 'number' ? [part] : [];
    });
  };
  return values
    .map((value, index) => ({ value, index, key: key(value) }))
    .sort((a, b) => compareKeys(a.key, b.key) || a.index - b.index)
    .map(({ value }) => value);
}

function compareKeys(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  return a.length - b.length;
}

/**
 * What is wrong with a case, one line each: a field in which the brokers differ and the table does not say so, one that
 * differs in another way than the table says, and an entry of the table for a difference that does not occur.
 */
export function judge(
  title: string,
  answers: { readonly weir: Fields; readonly kafka: Fields },
  table: readonly Difference[],
): string[] {
  const { weir, kafka } = answers;
  const known = new Map(table.filter((entry) => entry.case === title).flatMap((entry) => Object.entries(entry.fields)));
  const problems: string[] = [];
  const say = (value: Leaf | undefined): string => (value === undefined ? 'no such field' : JSON.stringify(value));
  for (const field of [...new Set([...weir.keys(), ...kafka.keys()])].sort()) {
    const [ours, theirs] = [weir.get(field), kafka.get(field)];
    if (isImplied(field, weir, kafka)) continue;
    const entry = known.get(field);
    known.delete(field);
    if (ours === theirs) {
      if (entry !== undefined) problems.push(`${title}: ${field} is ${say(ours)} on both, but stands in the table`);
      continue;
    }
    const found = `Weir ${say(ours)}, Apache Kafka ${say(theirs)}`;
    if (entry === undefined) problems.push(`${title}: ${field}: ${found}`);
    else if (entry.weir !== ours || entry.kafka !== theirs) {
      problems.push(
        `${title}: ${field}: ${found}; the table says Weir ${say(entry.weir)}, Apache Kafka ${say(entry.kafka)}`,
      );
    }
  }
  for (const field of known.keys())
    problems.push(`${title}: ${field} stands in the table, but neither broker answers it`);
  return problems;
}

/** Whether only one broker has the field because the other's array ends before it, or its connection: that is told already. */
function isImplied(field: string, weir: Fields, kafka: Fields): boolean {
  if (weir.has(field) === kafka.has(field)) return false;
  const without = weir.has(field) ? kafka : weir;
  const [index = ''] = field.split('.');
  if (index !== field && without.get(index) !== 'answer') return true;
  for (const { index: at, 1: element } of field.matchAll(/\[(\d+)\]/g)) {
    const length = without.get(`${field.slice(0, at)}.length`);
    if (typeof length === 'number' && Number(element) >= length) return true;
  }
  return false;
}
