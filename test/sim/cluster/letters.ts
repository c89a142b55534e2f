import type { ReadRecord } from '../../../broker/core/record/iterate.ts';
import type { Seen } from '../history.ts';
import type { TopicPlan } from '../plan.ts';
import type { Served, Stage } from '../stage.ts';
import { PartitionReader } from './reader.ts';
import { GIVES_LETTERS_UP } from './sentences.ts';

/** How long a reader waits before it asks again, ms. */
const PAUSE_MS = 50;

const REASONS: Readonly<Record<string, Seen<'letter'>['reason']>> = {
  'Offset rejected by client.': 'rejected',
  'Offset delivery count exceeded the threshold.': 'exhausted',
};

/** Reads the topic of dead letters once, from end to end, and writes down what each letter says. */
export class LettersReader {
  readonly #stage: Stage<Served>;
  readonly #readers: readonly PartitionReader[];

  constructor(stage: Stage<Served>, topic: TopicPlan) {
    this.#stage = stage;
    this.#readers = Array.from({ length: topic.partitionCount }, (_, partition) => {
      const onRecord = (record: ReadRecord): void => this.#take(record);
      const options = { name: 'reader of letters', pauseMs: PAUSE_MS, isFinal: true, onRecord };
      return new PartitionReader(stage, { topic: topic.name, partition }, options);
    });
  }

  get isDone(): boolean {
    return this.#readers.every((reader) => reader.isDone);
  }

  describe(): string {
    return this.#readers.map((reader) => reader.describe()).join('; ');
  }

  #take({ headers, value }: ReadRecord): void {
    const said = new Map(headers.map((header) => [header.key, header.value?.toString() ?? '']));
    const of = (name: string): string => said.get(`__dlq.errors.${name}`) ?? '';
    this.#stage.note({
      kind: 'letter',
      atMs: this.#stage.world.nowMs,
      group: of('group'),
      place: { topic: of('topic'), partition: Number(of('partition')), offset: Number(of('offset')) },
      deliveryCount: Number(of('delivery.count')),
      reason: REASONS[of('message')] ?? 'other',
      value: value === null ? null : this.#stage.readValue(value),
    });
  }
}

/** Writes down that a node gave letters up, if that is what it says. */
export function noteGivenUp(stage: Stage<Served>, text: string, fields: Readonly<Record<string, unknown>>): void {
  if (!GIVES_LETTERS_UP.test(text)) return;
  const { group, topic, partition, count } = fields;
  const where = { group: String(group), topic: String(topic), partition: Number(partition) };
  stage.note({ kind: 'letters-given-up', atMs: stage.world.nowMs, ...where, count: Number(count) });
}
