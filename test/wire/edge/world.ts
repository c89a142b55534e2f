import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../broker/core/protocol/messages.ts';
import { ask, type EdgeCase, edge } from './ask.ts';
import { batchOf, batchOfCount, numbered, T0 } from './records.ts';
import { play, type Side } from './talk.ts';

type NewTopic = RequestInput<typeof ApiKey.CreateTopics>['topics'][number];

/** A topic of one replica, with settings. */
export function newTopic(name: string, numPartitions = 1, configs: Readonly<Record<string, string>> = {}): NewTopic {
  return {
    name,
    numPartitions,
    replicationFactor: 1,
    assignments: [],
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  };
}

// Nothing may go while the cases run: their records are of the year 2001.
const KEPT = { 'retention.ms': '-1' };

/**
 * The topics that both brokers have before the first case:
 * - `plain`: partition 0 has offsets 0–2 in one batch, 3–4 in another (the younger record first); 1 is empty; 2 begins at 4 of 10.
 * - `written`: empty, 64 partitions; each case that produces takes one of its own.
 * - `stamped`: LogAppendTime. `compacted`: cleanup.policy=compact. `small`: batches of 200 bytes at most.
 * - `shared`: 32 partitions of 10 records in two batches, for share groups.
 */
const TOPICS: readonly NewTopic[] = [
  newTopic('plain', 3, KEPT),
  newTopic('written', 64, KEPT),
  newTopic('stamped', 4, { ...KEPT, 'message.timestamp.type': 'LogAppendTime' }),
  newTopic('compacted', 4, { ...KEPT, 'cleanup.policy': 'compact' }),
  newTopic('small', 4, { ...KEPT, 'max.message.bytes': '200' }),
  newTopic('strict', 4, {
    ...KEPT,
    'message.timestamp.before.max.ms': '1000',
    'message.timestamp.after.max.ms': '1000',
  }),
  newTopic('shared', 32, KEPT),
];

const PLAIN_BATCHES = [
  { index: 0, records: batchOf([T0, T0 + 10, T0 + 20].map((timestamp) => ({ key: null, value: null, timestamp }))) },
  { index: 0, records: batchOf([T0 + 100, T0 + 50].map((timestamp) => ({ key: null, value: null, timestamp }))) },
  { index: 2, records: batchOfCount(10) },
];

function produce(topic: string, index: number, records: Uint8Array) {
  return ask(
    ApiKey.Produce,
    9,
    { acks: -1, timeoutMs: 10_000, topicData: [{ name: topic, partitionData: [{ index, records }] }] },
    { until: (body) => body.responses[0]?.partitionResponses[0]?.errorCode === 0 },
  );
}

function coordinator(keyType: number, key: string) {
  return ask(
    ApiKey.FindCoordinator,
    6,
    { keyType, coordinatorKeys: [key] },
    { until: (body) => body.coordinators[0]?.errorCode === 0 },
  );
}

const PREPARATION: readonly EdgeCase[] = [
  edge(
    'the topics of the cases are created',
    ask(
      ApiKey.CreateTopics,
      7,
      { topics: TOPICS, timeoutMs: 20_000 },
      { until: (body) => body.topics.every(({ errorCode }) => errorCode === 0 || errorCode === 36) },
    ),
    ask(
      ApiKey.Metadata,
      12,
      { topics: TOPICS.map(({ name }) => ({ name })), allowAutoTopicCreation: false },
      {
        until: (body) =>
          body.topics.every(
            ({ errorCode, partitions }) => errorCode === 0 && partitions.every((one) => one.leaderId === 1),
          ),
      },
    ),
  ),
  edge('the coordinators are there', coordinator(0, 'nobody')),
  edge(
    'records stand in the topics',
    ...PLAIN_BATCHES.map(({ index, records }) => produce('plain', index, records)),
    ...Array.from({ length: 32 }, (_, index) => [
      produce('shared', index, batchOf(numbered(6))),
      produce('shared', index, batchOf(numbered(4, T0 + 1000))),
    ]).flat(),
    ask(ApiKey.DeleteRecords, 2, {
      timeoutMs: 10_000,
      topics: [{ name: 'plain', partitions: [{ partitionIndex: 2, offset: 4 }] }],
    }),
  ),
];

/** Brings one broker to where the cases begin, and learns its topic ids. Rejects when it can't be brought there. */
export async function prepare(side: Side): Promise<void> {
  for (const step of PREPARATION) {
    const outcomes = await play(side, step);
    for (const [index, outcome] of outcomes.entries()) {
      const { until } = step.asks[index] ?? {};
      const isDone = outcome.kind === 'answer' && until?.(outcome.body) !== false;
      if (!isDone) throw new Error(`${side.name}: ${step.title}: not so, but ${JSON.stringify(outcome)}`);
      if (outcome.kind === 'answer') learnTopicIds(side, outcome.body);
    }
  }
}

/** Keeps the ids of the topics that an answer names with their ids. */
export function learnTopicIds(side: Side, body: object): void {
  const topics: unknown = Reflect.get(body, 'topics');
  if (!Array.isArray(topics)) return;
  for (const topic of topics) {
    const { name, topicId, errorCode } = Object(topic) as { name?: unknown; topicId?: unknown; errorCode?: unknown };
    if (typeof name !== 'string' || typeof topicId !== 'string' || errorCode !== 0) continue;
    side.topicIds.set(name, topicId);
  }
}
