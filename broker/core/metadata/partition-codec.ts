import { Reader } from '../codec/reader.ts';
import type { Writer } from '../codec/writer.ts';
import { encodeOwned } from '../protocol/define-message.ts';
import type { PartitionChange, PartitionChangesRecord, PartitionFields, PartitionsRecord } from './records.ts';

// The two records that hold many partitions, in the bytes that their schemas say: written out, since a fencing may have
// 100,000 changes and the load of a snapshot as many partitions. A schema is walked at a third of the speed.

/** The least that a partition takes: five numbers, five lists and the tagged fields. */
const PARTITION_SIZE_MIN = 26;
const CHANGE_SIZE_MIN = 24;
/** A topic's id, its list and the tagged fields. */
const TOPIC_SIZE_MIN = 18;
const ID_SIZE = 16;
const INT_SIZE = 4;

/** The body of a `partitions` record. */
export function encodePartitions(
  record: Pick<PartitionsRecord, 'topicId' | 'partitions'>,
  version: number,
): Uint8Array {
  return encodeOwned((writer) => {
    writer.uuid(record.topicId);
    writer.length(record.partitions.length, true, 'int32');
    for (const one of record.partitions) {
      writeNumbers(writer, one);
      writeInts(writer, one.replicas);
      writeIds(writer, one.directories);
      writeInts(writer, one.isr);
      writeInts(writer, one.elr);
      writeInts(writer, one.lastKnownElr);
      if (version >= 1) {
        writeInts(writer, one.addingReplicas);
        writeInts(writer, one.removingReplicas);
      }
      writer.unsignedVarint(0);
    }
    writer.unsignedVarint(0);
  });
}

/** Reads what `encodePartitions` wrote. Throws `DecodeError`. */
export function decodePartitions(body: Uint8Array, version: number): PartitionsRecord {
  const reader = new Reader(body, 0, body.length, 'PartitionsRecord');
  const topicId = reader.uuid();
  const partitions: PartitionFields[] = [];
  for (let left = countOf(reader, PARTITION_SIZE_MIN); left > 0; left -= 1)
    partitions.push(readPartition(reader, version));
  reader.skipTagged();
  return { kind: 'partitions', topicId, partitions };
}

/** The body of a `partitionChanges` record. */
export function encodeChanges(record: Pick<PartitionChangesRecord, 'topics'>, version: number): Uint8Array {
  return encodeOwned((writer) => {
    writer.length(record.topics.length, true, 'int32');
    for (const { topicId, partitions } of record.topics) {
      writer.uuid(topicId);
      writer.length(partitions.length, true, 'int32');
      for (const one of partitions) {
        writeNumbers(writer, one);
        writeInts(writer, one.isr);
        writeInts(writer, one.elr);
        writeInts(writer, one.lastKnownElr);
        if (version >= 1) {
          writeInts(writer, one.replicas);
          writeIds(writer, one.directories);
          writeInts(writer, one.addingReplicas);
          writeInts(writer, one.removingReplicas);
        }
        writer.unsignedVarint(0);
      }
      writer.unsignedVarint(0);
    }
    writer.unsignedVarint(0);
  });
}

/** Reads what `encodeChanges` wrote. Throws `DecodeError`. */
export function decodeChanges(body: Uint8Array, version: number): PartitionChangesRecord {
  const reader = new Reader(body, 0, body.length, 'PartitionChangesRecord');
  const topics: { topicId: string; partitions: PartitionChange[] }[] = [];
  for (let left = countOf(reader, TOPIC_SIZE_MIN); left > 0; left -= 1) {
    const topicId = reader.uuid();
    const partitions: PartitionChange[] = [];
    for (let more = countOf(reader, CHANGE_SIZE_MIN); more > 0; more -= 1) partitions.push(readChange(reader, version));
    reader.skipTagged();
    topics.push({ topicId, partitions });
  }
  reader.skipTagged();
  return { kind: 'partitionChanges', topics };
}

function writeNumbers(writer: Writer, one: PartitionFields | PartitionChange): void {
  writer.int32(one.index);
  writer.int32(one.leader);
  writer.int32(one.leaderEpoch);
  writer.int32(one.partitionEpoch);
  writer.int32(one.durableFromEpoch);
}

function writeInts(writer: Writer, list: readonly number[] | null): void {
  writer.length(list === null ? null : list.length, true, 'int32');
  if (list !== null) for (const one of list) writer.int32(one);
}

function writeIds(writer: Writer, list: readonly string[] | null): void {
  writer.length(list === null ? null : list.length, true, 'int32');
  if (list !== null) for (const one of list) writer.uuid(one);
}

function readPartition(reader: Reader, version: number): PartitionFields {
  const partition = {
    index: reader.int32(),
    leader: reader.int32(),
    leaderEpoch: reader.int32(),
    partitionEpoch: reader.int32(),
    durableFromEpoch: reader.int32(),
    replicas: readInts(reader) ?? reader.fail('null'),
    directories: readIds(reader) ?? reader.fail('null'),
    isr: readInts(reader) ?? reader.fail('null'),
    elr: readInts(reader) ?? reader.fail('null'),
    lastKnownElr: readInts(reader) ?? reader.fail('null'),
    addingReplicas: version >= 1 ? (readInts(reader) ?? reader.fail('null')) : [],
    removingReplicas: version >= 1 ? (readInts(reader) ?? reader.fail('null')) : [],
  };
  reader.skipTagged();
  return partition;
}

function readChange(reader: Reader, version: number): PartitionChange {
  const change = {
    index: reader.int32(),
    leader: reader.int32(),
    leaderEpoch: reader.int32(),
    partitionEpoch: reader.int32(),
    durableFromEpoch: reader.int32(),
    isr: readInts(reader),
    elr: readInts(reader),
    lastKnownElr: readInts(reader),
    replicas: version >= 1 ? readInts(reader) : null,
    directories: version >= 1 ? readIds(reader) : null,
    addingReplicas: version >= 1 ? readInts(reader) : null,
    removingReplicas: version >= 1 ? readInts(reader) : null,
  };
  reader.skipTagged();
  return change;
}

function readInts(reader: Reader): number[] | null {
  const count = reader.count(true, INT_SIZE);
  if (count < 0) return null;
  const list: number[] = [];
  for (let left = count; left > 0; left -= 1) list.push(reader.int32());
  return list;
}

function readIds(reader: Reader): string[] | null {
  const count = reader.count(true, ID_SIZE);
  if (count < 0) return null;
  const list: string[] = [];
  for (let left = count; left > 0; left -= 1) list.push(reader.uuid());
  return list;
}

function countOf(reader: Reader, sizeMin: number): number {
  const count = reader.count(true, sizeMin);
  return count < 0 ? reader.fail('null') : count;
}
