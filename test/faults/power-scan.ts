import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { bufferOf, nextOffset } from '../../broker/core/record/batch.ts';
import { checkBatch } from '../../broker/core/record/check.ts';
import { forEachBatch, readRecords } from '../../broker/core/record/iterate.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { findCoordinator, LOADING, loading, must, only } from './coordinators.ts';
import type { Scanned } from './history.ts';
import type { Found } from './power-history.ts';
import { Book, GROUP, STEADY } from './power-load.ts';
import { RawClient } from '../support/raw-client.ts';

const EARLIEST = -2;
const LATEST = -1;
const FETCH_MAX = 8 << 20;

/** Reads everything that a broker has of what the book knows; what can't be read hides nothing of the rest. */
export async function findAll(bootstrap: string, book: Book): Promise<Found> {
  const client = await RawClient.connect(bootstrap);
  const { topics } = await client.call(ApiKey.Metadata, 12, { topics: null });
  const ids = new Map(topics.map(({ name, topicId }) => [name ?? '', topicId]));
  const scanned: Scanned[] = [];
  const starts = new Map<number, number>();
  const unreadable = new Map<number, string>();
  for (const topic of book.topics) {
    if (topic.id === '' || ids.get(topic.name) !== topic.id) continue;
    for (let index = 0; index < topic.partitions; index++) {
      const partition = topic.firstPartition + index;
      const place = { topic: topic.name, partition: index };
      const { errorCode, offset: start } = await offsetAt(client, place, EARLIEST);
      if (errorCode !== ErrorCode.NONE) {
        unreadable.set(partition, `error ${errorCode}`);
        continue;
      }
      const records = await scan(client, place, start);
      if (typeof records === 'string') {
        unreadable.set(partition, records);
        continue;
      }
      starts.set(partition, start);
      for (const { offset, text } of records) scanned.push({ partition, offset, id: Book.idOf(text) });
    }
  }
  const commits = await commitsOf(client, book);
  client.close();
  const [found, commitsFault] = typeof commits === 'string' ? [new Map<number, number>(), commits] : [commits, ''];
  return { topics: ids, scanned, starts, commits: found, commitsFault, unreadable };
}

type Place = { readonly topic: string; readonly partition: number };

type OffsetAnswer = { readonly errorCode: number; readonly offset: number };

async function offsetAt(client: RawClient, { topic, partition }: Place, timestamp: number): Promise<OffsetAnswer> {
  const answer = await client.call(ApiKey.ListOffsets, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }],
  });
  return only(only(answer.topics).partitions);
}

/** Every record from `start` to the end, each batch held against its checksum; or why they can't be read. */
async function scan(
  client: RawClient,
  place: Place,
  start: number,
): Promise<readonly { readonly offset: number; readonly text: string }[] | string> {
  const { errorCode, offset: end } = await offsetAt(client, place, LATEST);
  if (errorCode !== ErrorCode.NONE) return `error ${errorCode}`;
  const found: { offset: number; text: string }[] = [];
  for (let next = start; next < end; ) {
    const { errorCode: failed, records } = await fetchFrom(client, place, next);
    if (failed !== ErrorCode.NONE) return `error ${failed}`;
    const buf = bufferOf(records ?? new Uint8Array(0));
    const before = next;
    let bad = '';
    forEachBatch(buf, 0, buf.length, (pos, size) => {
      const fault = checkBatch(buf, pos, pos + size, crc32c);
      if (fault !== null) {
        bad = `a batch behind ${next} has a bad ${fault}`;
        return false;
      }
      for (const { offset, value } of readRecords(buf, pos) ?? []) {
        if (offset >= start) found.push({ offset, text: value?.toString() ?? '' });
      }
      next = nextOffset(buf, pos);
      return true;
    });
    if (bad !== '') return bad;
    if (next === before) return `it gives nothing at ${next}, below ${end}`;
  }
  return found;
}

type FetchAnswer = { readonly errorCode: number; readonly records: Uint8Array | null };

async function fetchFrom(client: RawClient, { topic, partition }: Place, fetchOffset: number): Promise<FetchAnswer> {
  const answer = await client.call(ApiKey.Fetch, 11, {
    replicaId: -1,
    maxWaitMs: 1000,
    minBytes: 1,
    maxBytes: FETCH_MAX,
    topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: FETCH_MAX }] }],
  });
  return only(only(answer.responses).partitions);
}

/** What was committed, or why nobody tells. */
async function commitsOf(client: RawClient, book: Book): Promise<ReadonlyMap<number, number> | string> {
  try {
    return await committed(client, book);
  } catch (error) {
    return String(error);
  }
}

async function committed(client: RawClient, book: Book): Promise<ReadonlyMap<number, number>> {
  const topic = book.topics.find(({ name }) => name === STEADY);
  if (topic === undefined || book.commits.size === 0) return new Map();
  await findCoordinator(client, GROUP, 0);
  const loads = loading();
  for (;;) {
    loads();
    const answer = await client.call(ApiKey.OffsetFetch, 5, {
      groupId: GROUP,
      topics: [{ name: STEADY, partitionIndexes: Array.from({ length: topic.partitions }, (_, index) => index) }],
    });
    // The coordinator may still be reading its log.
    if (LOADING.has(answer.errorCode)) continue;
    must('offset fetch', answer.errorCode);
    return new Map(
      only(answer.topics).partitions.map(({ partitionIndex, committedOffset }) => [
        topic.firstPartition + partitionIndex,
        committedOffset,
      ]),
    );
  }
}
