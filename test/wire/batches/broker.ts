import { Buffer } from 'node:buffer';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';
import * as batch from '../../../broker/core/record/batch.ts';
import { checkBatch } from '../../../broker/core/record/check.ts';
import { forEachBatch, type ReadRecord, readRecords } from '../../../broker/core/record/iterate.ts';
import type { Codec } from '../../../broker/core/record/validate.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import { RawClient } from '../../support/raw-client.ts';
import { waitFor } from '../harness/wait.ts';
import { UNPACK } from './samples.ts';

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** How a broker answered one produced batch. */
export interface Produced {
  readonly error: string;
  readonly baseOffset: number;
  readonly logAppendTimeMs: number;
  /** Indexes of the records that were refused one by one. */
  readonly recordErrors: readonly number[];
}

/** A batch as it is stored. */
export interface Stored {
  readonly bytes: Buffer;
  readonly codec: Codec;
  readonly isLogAppendTime: boolean;
  readonly maxTimestamp: number;
  readonly records: readonly ReadRecord[] | null;
}

/** A broker, asked in the plain protocol: what no client library would send can be sent. */
export class Broker {
  readonly client: RawClient;

  private constructor(client: RawClient) {
    this.client = client;
  }

  static async connect(bootstrap: string): Promise<Broker> {
    return new Broker(await RawClient.connect(bootstrap));
  }

  /** Creates a topic of one partition and waits until it is led. */
  async createTopic(name: string, configs: Readonly<Record<string, string>>): Promise<void> {
    const settings = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
    const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: settings };
    const { topics } = await this.client.call(ApiKey.CreateTopics, 7, {
      topics: [topic],
      timeoutMs: 10_000,
      validateOnly: false,
    });
    const [answer] = topics;
    if (answer?.errorCode !== ErrorCode.NONE) throw new Error(`${name}: ${answer?.errorMessage}`);
    await waitFor(`${name} is led`, async () => {
      const { topics: found } = await this.client.call(ApiKey.ListOffsets, 7, offsetsOf(name, -1));
      return found[0]?.partitions[0]?.errorCode === ErrorCode.NONE;
    });
  }

  async produce(topic: string, records: Buffer, version = 12): Promise<Produced> {
    const { responses } = await this.client.call(ApiKey.Produce, version, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: topic, topicId: '', partitionData: [{ index: 0, records: Buffer.from(records) }] }],
    });
    const answer = responses[0]?.partitionResponses[0];
    if (answer === undefined) throw new Error('no answer for the partition');
    return {
      error: NAMES.get(answer.errorCode) ?? String(answer.errorCode),
      baseOffset: Number(answer.baseOffset),
      logAppendTimeMs: Number(answer.logAppendTimeMs),
      recordErrors: answer.recordErrors.map((one) => one.batchIndex),
    };
  }

  /** Everything of a topic that can be read, whole batches from offset 0 on. */
  async read(topic: string): Promise<Stored[]> {
    const stored: Stored[] = [];
    for (let next = 0; ; ) {
      const found = await this.#fetch(topic, next);
      if (found.length === 0) return stored;
      forEachBatch(found, 0, found.length, (pos, size) => {
        const bytes = Buffer.from(found.subarray(pos, pos + size));
        const fault = checkBatch(bytes, 0, size, crc32c);
        if (fault !== null) throw new Error(`a served batch has a bad ${fault}`);
        next = batch.nextOffset(bytes, 0);
        stored.push(describeStored(bytes));
        return true;
      });
    }
  }

  /** Offset and time of the record that ListOffsets finds. */
  async offsetFor(topic: string, timestamp: number): Promise<{ readonly offset: number; readonly timestamp: number }> {
    const { topics } = await this.client.call(ApiKey.ListOffsets, 7, offsetsOf(topic, timestamp));
    const answer = topics[0]?.partitions[0];
    if (answer?.errorCode !== ErrorCode.NONE) throw new Error(NAMES.get(answer?.errorCode ?? -1));
    return { offset: Number(answer.offset), timestamp: Number(answer.timestamp) };
  }

  async deleteRecordsBefore(topic: string, offset: number): Promise<void> {
    const { topics } = await this.client.call(ApiKey.DeleteRecords, 2, {
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset }] }],
      timeoutMs: 10_000,
    });
    const code = topics[0]?.partitions[0]?.errorCode;
    if (code !== ErrorCode.NONE) throw new Error(NAMES.get(code ?? -1));
  }

  async newProducerId(): Promise<number> {
    const asked = { transactionalId: null, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 };
    // A broker that has just started may not have a block of ids yet.
    return waitFor('a producer id', async () => {
      const answer = await this.client.call(ApiKey.InitProducerId, 4, asked);
      return answer.errorCode === ErrorCode.NONE ? Number(answer.producerId) : null;
    });
  }

  close(): void {
    this.client.close();
  }

  async #fetch(topic: string, offset: number): Promise<Buffer> {
    const asked = {
      partition: 0,
      currentLeaderEpoch: -1,
      fetchOffset: offset,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
      partitionMaxBytes: 50_000_000,
    };
    const { responses } = await this.client.call(ApiKey.Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 50_000_000,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ topic, partitions: [asked] }],
      forgottenTopicsData: [],
      rackId: '',
    });
    const answer = responses[0]?.partitions[0];
    if (answer?.errorCode !== ErrorCode.NONE) throw new Error(NAMES.get(answer?.errorCode ?? -1));
    return answer.records === null ? Buffer.alloc(0) : batch.bufferOf(answer.records);
  }
}

const offsetsOf = (name: string, timestamp: number) => ({
  replicaId: -1,
  isolationLevel: 0,
  topics: [{ name, partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }] }],
});

function describeStored(bytes: Buffer): Stored {
  const codec = batch.compressionCodec(bytes, 0) as Codec;
  let records: readonly ReadRecord[] | null = null;
  try {
    records = readRecords(bytes, 0, UNPACK[codec](bytes.subarray(batch.HEADER_SIZE)));
  } catch {
    // Stored unseen: what is not readable stays null.
  }
  return {
    bytes,
    codec,
    isLogAppendTime: batch.isLogAppendTime(bytes, 0),
    maxTimestamp: batch.maxTimestamp(bytes, 0),
    records,
  };
}
