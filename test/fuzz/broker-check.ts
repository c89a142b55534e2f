import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createPrng } from '../../broker/core/base/prng.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { soundBatch } from './batches.ts';
import { RawClient } from '../support/raw-client.ts';
import { checkRecords } from './record-check.ts';
import type { Targets, TargetTopic } from './targets.ts';

/** The topic that no case names: whoever still answers well for it is well. */
const GOOD_TOPIC = 'witness';
const FUZZED = ['fuzz-a', 'fuzz-b'];
const DOOMED = 'fuzz-doomed';
const PARTITIONS = 3;
const GROUPS = ['g1', 'g2', 'g:3'];
const TOPIC_EXISTS = 36;
const EARLIEST = -2;
/** After so many rounds the caches of a broker are full, or nearly so. */
const GROWTH_ROUNDS_MIN = 90;
/** From one moment to the next memory moves by a tenth, as the collector pleases. */
const GROWTH_MAX = 1.12;
const FETCH_BYTES = 8 * 1024 * 1024;
/** Fetch and Produce by topic id. */
const VERSION = 13;

/** Resident memory (bytes) and open descriptors of a process. */
export interface Usage {
  readonly rssBytes: number;
  readonly descriptors: number;
}

/** Reads them from the system. */
export async function usageOf(pid: number): Promise<Usage> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const rss = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? '0';
  return { rssBytes: Number(rss) * 1024, descriptors: (await readdir(`/proc/${pid}/fd`)).length };
}

/** What is over its limit; empty when nothing is. */
export function overLimit(usage: Usage, limit: Usage): readonly string[] {
  const problems: string[] = [];
  if (usage.rssBytes > limit.rssBytes) {
    problems.push(`resident memory is ${usage.rssBytes >> 20} MiB, at most ${limit.rssBytes >> 20} MiB were expected`);
  }
  if (usage.descriptors > limit.descriptors) {
    problems.push(`${usage.descriptors} descriptors are open, at most ${limit.descriptors} were expected`);
  }
  return problems;
}

/**
 * What the last third of many rounds took more of than the third before; empty when it levelled off. Fewer rounds than
 * `GROWTH_ROUNDS_MIN` say nothing: caches fill up.
 */
export function overGrowth(usages: readonly Usage[]): readonly string[] {
  if (usages.length < GROWTH_ROUNDS_MIN) return [];
  const third = Math.floor(usages.length / 3);
  return (['rssBytes', 'descriptors'] as const).flatMap((kind) => {
    const [before, last] = [usages.slice(-2 * third, -third), usages.slice(-third)].map((part) =>
      median(part.map((usage) => usage[kind])),
    );
    if (before === undefined || last === undefined || last <= before * GROWTH_MAX) return [];
    return [`${kind} grew from ${before} to ${last} in ${third} rounds and does not level off`];
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Makes the topics that the cases name, if they aren't there (any more), and tells their ids. */
export async function prepareTargets(client: RawClient): Promise<Targets> {
  const topics = [...FUZZED, DOOMED, GOOD_TOPIC].map((name) => ({
    name,
    numPartitions: name === GOOD_TOPIC ? 1 : PARTITIONS,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }));
  const made = await client.call(ApiKey.CreateTopics, 7, { topics, timeoutMs: 10_000, validateOnly: false });
  for (const { name, errorCode } of made.topics) {
    if (errorCode !== 0 && errorCode !== TOPIC_EXISTS) throw new Error(`topic ${name}: error ${errorCode}`);
  }
  const ids = await idsOf(client, [...FUZZED, DOOMED]);
  const target = (name: string): TargetTopic => ({ name, id: ids.get(name) ?? '', partitionCount: PARTITIONS });
  return {
    topics: FUZZED.map(target),
    doomed: target(DOOMED),
    groups: GROUPS,
    nowMs: Date.now(),
  };
}

/**
 * Deletes what cases made, groups with members excepted: a group, a topic or a partition is kept, and takes memory, until
 * somebody deletes it, so that a broker whose clients make new ones all the time grows as long as they do.
 */
export async function clearAway(client: RawClient): Promise<void> {
  const { groups } = await client.call(ApiKey.ListGroups, 5, { statesFilter: [], typesFilter: [] });
  const groupsNames = groups.map(({ groupId }) => groupId);
  await client.call(ApiKey.DeleteGroups, 2, { groupsNames });
  const { topics: found } = await client.call(ApiKey.Metadata, 12, { topics: null, allowAutoTopicCreation: false });
  const topics = found
    .filter(({ name, isInternal }) => !isInternal && ![...FUZZED, GOOD_TOPIC].includes(name ?? ''))
    .map(({ name }) => ({ name }));
  await client.call(ApiKey.DeleteTopics, 6, { topics, timeoutMs: 10_000 });
}

async function idsOf(client: RawClient, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const topics = names.map((name) => ({ name }));
  const { topics: found } = await client.call(ApiKey.Metadata, 12, { topics, allowAutoTopicCreation: false });
  return new Map(found.map(({ name, topicId }) => [name ?? '', topicId]));
}

/** Produces one batch to the witness topic and reads it back; counts what was acknowledged. */
export class Witness {
  readonly #bootstrap: string;
  #nextOffset = 0;

  constructor(bootstrap: string) {
    this.#bootstrap = bootstrap;
  }

  /** One good answer; rejects with what is wrong. */
  async ask(): Promise<void> {
    const client = await RawClient.connect(this.#bootstrap);
    try {
      const ids = await idsOf(client, [GOOD_TOPIC]);
      const topicId = ids.get(GOOD_TOPIC) ?? '';
      const records = soundBatch(createPrng(this.#nextOffset), Date.now());
      const produced = await client.call(ApiKey.Produce, VERSION, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ topicId, partitionData: [{ index: 0, records }] }],
      });
      const answer = produced.responses[0]?.partitionResponses[0];
      if (answer?.errorCode !== 0 || answer.baseOffset !== this.#nextOffset) {
        throw new Error(`produce at ${this.#nextOffset}: error ${answer?.errorCode}, offset ${answer?.baseOffset}`);
      }
      this.#nextOffset += records.readInt32BE(57);
      const found = await readPartition(client, topicId, 0, 0);
      if (found.problem !== '' || found.nextOffset !== this.#nextOffset) {
        throw new Error(
          `the witness ends at ${found.nextOffset}, ${this.#nextOffset} was acknowledged; ${found.problem}`,
        );
      }
    } finally {
      client.close();
    }
  }
}

/** Reads every record of the topics that cases wrote to; says where a consumer would stumble, or that nothing is there. */
export async function readEverything(
  client: RawClient,
  topics: readonly string[] = FUZZED,
): Promise<readonly string[]> {
  const problems: string[] = [];
  let records = 0;
  const ids = await idsOf(client, topics);
  for (const topic of topics) {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const start = await startOf(client, topic, partition);
      const { problem, records: found } = await readPartition(client, ids.get(topic) ?? '', partition, start);
      if (problem !== '') problems.push(`${topic}-${partition}: ${problem}`);
      records += found;
    }
  }
  return records > 0 ? problems : [...problems, 'there is not one record'];
}

/** The segments of one data directory that a broker left, walked batch by batch: where a reader of the files would stumble. */
export async function walkLogs(dataDirectory: string): Promise<readonly string[]> {
  const problems: string[] = [];
  let records = 0;
  for (const path of await readdir(dataDirectory, { recursive: true })) {
    if (!/-\d+\/\d{20}\.log$/.test(path)) continue;
    const bytes = await readFile(join(dataDirectory, path));
    const found = checkRecords(bytes, Number(basename(path, '.log')));
    if (found.problem !== '') problems.push(`${path}: ${found.problem}`);
    records += found.records;
  }
  return records > 0 ? problems : [...problems, 'there is not one record'];
}

/** First offset that may be read; some were deleted. */
async function startOf(client: RawClient, topic: string, partition: number): Promise<number> {
  const partitions = [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: EARLIEST }];
  const answer = await client.call(ApiKey.ListOffsets, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions }],
    timeoutMs: 10_000,
  });
  return answer.topics[0]?.partitions[0]?.offset ?? 0;
}

async function readPartition(client: RawClient, topicId: string, partition: number, startOffset: number) {
  let fetchOffset = startOffset;
  let total = { batches: 0, records: 0, nextOffset: startOffset, problem: '' };
  for (;;) {
    const answer = await client.call(ApiKey.Fetch, VERSION, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topicId,
          partitions: [
            {
              partition,
              currentLeaderEpoch: -1,
              fetchOffset: Math.max(0, fetchOffset),
              partitionMaxBytes: FETCH_BYTES,
            },
          ],
        },
      ],
      forgottenTopicsData: [],
    });
    const one = answer.responses[0]?.partitions[0];
    if (one === undefined) return { ...total, problem: `no answer, error ${answer.errorCode}` };
    if (one.errorCode !== 0) return { ...total, problem: `error ${one.errorCode} at ${fetchOffset}` };
    if ((one.records?.length ?? 0) === 0) return { ...total, nextOffset: fetchOffset };
    const bytes = Buffer.from(one.records ?? []);
    const found = checkRecords(bytes, Number(bytes.readBigInt64BE(0)));
    if (found.problem !== '') return found;
    fetchOffset = found.nextOffset;
    total = { ...found, batches: total.batches + found.batches, records: total.records + found.records };
  }
}
