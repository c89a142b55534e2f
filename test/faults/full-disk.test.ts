import { open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { hasCode } from '../setup/cache.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { Machine } from './machine.ts';
import { findCoordinator, only } from './coordinators.ts';
import { Book, GROUP, STEADY } from './power-load.ts';
import { RawClient } from '../support/raw-client.ts';

const MIB = 1024 * 1024;
const SIZE_MIB = 96;
const VOLUME = { sizeMiB: SIZE_MIB, format: ['-J', 'size=4'], mount: ['commit=300'] };
const DEADLINE_MS = 120_000;

let machine: Machine | null = null;
afterEach(async () => {
  await machine?.remove();
  machine = null;
});

async function started(settings: Readonly<Record<string, string>> = {}): Promise<Machine> {
  machine = await Machine.make({ volume: VOLUME, settings });
  await machine.peer.start();
  return machine;
}

async function usable(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** Something else on the volume that takes all of its room. */
async function takeAll(path: string): Promise<() => Promise<void>> {
  const name = join(path, 'filler');
  const file = await open(name, 'w');
  for (const size of [MIB, 4096]) {
    for (const chunk = Buffer.alloc(size, 1); ; ) {
      try {
        await file.write(chunk);
      } catch (error) {
        if (!hasCode(error, 'ENOSPC')) throw error;
        break;
      }
    }
  }
  await file.close();
  return () => rm(name);
}

/** One client that does one thing at a time and writes into the machine's book what it was told. */
class Client {
  readonly #client: RawClient;
  readonly #book: Book;
  readonly #topic: ReturnType<Book['open']>;

  private constructor(client: RawClient, book: Book) {
    this.#client = client;
    this.#book = book;
    this.#topic = book.open(STEADY, 1);
  }

  static async connect({ peer, book }: Machine): Promise<Client> {
    const client = new Client(await RawClient.connect(peer.bootstrap), book);
    expect(await client.#create(client.#topic)).toBe(ErrorCode.NONE);
    await findCoordinator(client.#client, GROUP, 0);
    await waitFor('a first commit', async () => (await client.commit()) === ErrorCode.NONE);
    return client;
  }

  /** Creates a further topic; gives the error code. */
  create(): Promise<number> {
    return this.#create(this.#book.open(`more-${this.#book.topics.length}`, 1));
  }

  async #create(topic: ReturnType<Book['open']>): Promise<number> {
    const configs = [{ name: 'segment.bytes', value: String(MIB) }];
    const answer = await this.#client.call(ApiKey.CreateTopics, 7, {
      timeoutMs: 2000,
      topics: [{ name: topic.name, numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
    });
    const { errorCode, topicId } = only(answer.topics);
    topic.created = errorCode === ErrorCode.NONE;
    if (topic.created) topic.id = topicId;
    return errorCode;
  }

  async produce(): Promise<number> {
    const book = this.#book;
    const id = `r${book.sent.length}`;
    const partition = this.#topic.firstPartition;
    book.sent.push({ id, partition, producer: 'p', sequence: book.sent.length });
    const value = Buffer.from(Book.textOf(id, 200_000));
    const records = buildBatch([{ key: null, value }], { timestamp: Date.now() }, crc32c);
    const answer = await this.#client.call(ApiKey.Produce, 9, {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: STEADY, partitionData: [{ index: 0, records }] }],
    });
    const { errorCode, baseOffset } = only(only(answer.responses).partitionResponses);
    if (errorCode === ErrorCode.NONE) {
      book.acknowledged.push({ partition, offset: baseOffset, id });
      book.ends.set(partition, baseOffset + 1);
    }
    return errorCode;
  }

  /** Produces until that is refused; gives the error code. */
  async produceUntilRefused(): Promise<number> {
    for (;;) {
      const errorCode = await this.produce();
      if (errorCode !== ErrorCode.NONE) return errorCode;
    }
  }

  async commit(): Promise<number> {
    const { commits } = this.#book;
    const partition = this.#topic.firstPartition;
    const before = commits.get(partition) ?? { confirmed: -1, asked: -1 };
    const asked = before.asked + 1;
    commits.set(partition, { ...before, asked });
    const partitions = [{ partitionIndex: 0, committedOffset: asked, committedMetadata: '' }];
    const answer = await this.#client.call(ApiKey.OffsetCommit, 7, {
      groupId: GROUP,
      topics: [{ name: STEADY, partitions }],
    });
    const { errorCode } = only(only(answer.topics).partitions);
    if (errorCode === ErrorCode.NONE) commits.set(partition, { asked, confirmed: asked });
    return errorCode;
  }

  /** Deletes all records but the last few. */
  async deleteRecords(): Promise<number> {
    const partition = this.#topic.firstPartition;
    const asked = (this.#book.ends.get(partition) ?? 0) - 3;
    this.#book.deletions.set(partition, { confirmed: -1, asked });
    const answer = await this.#client.call(ApiKey.DeleteRecords, 1, {
      timeoutMs: 30_000,
      topics: [{ name: STEADY, partitions: [{ partitionIndex: 0, offset: asked }] }],
    });
    const { errorCode } = only(only(answer.topics).partitions);
    if (errorCode === ErrorCode.NONE) this.#book.deletions.set(partition, { confirmed: asked, asked });
    return errorCode;
  }
}

/** Bytes of the ballast. */
async function ballast(machine: Machine): Promise<number> {
  return (await stat(join(machine.data, 'ballast')).catch(() => ({ size: 0 }))).size;
}

describe('a broker whose disk fills up', () => {
  it(
    'refuses records while there is room for all that frees some, says so, and takes records again after',
    async () => {
      const machine = await started();
      const { peer } = machine;
      const pid = peer.pid();
      const client = await Client.connect(machine);
      expect(await machine.page('/readyz')).toMatch(/^200/);
      expect(await client.produceUntilRefused()).toBe(ErrorCode.NOT_ENOUGH_REPLICAS);
      expect(await usable(machine.data)).toBeGreaterThan((SIZE_MIB / 8) * MIB);
      expect(await machine.page('/readyz')).toMatch(
        /^503 the data directory has \d+ bytes left.*weir\.disk\.min\.free/,
      );
      expect(await machine.page('/metrics')).toMatch(/^weir_disk_low 1$/m);
      await waitFor('a line in the log', async () => /the data directory is nearly full/.test(await machine.output()));
      expect([await client.commit(), await client.create()]).toEqual([ErrorCode.NONE, ErrorCode.NONE]);
      expect(await machine.judge()).toEqual([]);
      expect(await client.deleteRecords()).toBe(ErrorCode.NONE);
      await waitFor('records are taken again', async () => (await client.produce()) === ErrorCode.NONE);
      expect(await machine.page('/readyz')).toMatch(/^200/);
      expect(await machine.judge()).toEqual([]);
      expect(peer.pid()).toBe(pid);
      await peer.kill();
      expect(await machine.judgeAfterPowerCut()).toEqual([]);
    },
    DEADLINE_MS,
  );

  it(
    'gives its ballast up when somebody else takes everything, so that records can be deleted then',
    async () => {
      const machine = await started();
      const client = await Client.connect(machine);
      for (let count = 0; count < 40; count++) expect(await client.produce()).toBe(ErrorCode.NONE);
      await waitFor('the ballast', async () => (await ballast(machine)) >= 4 * MIB);
      const giveBack = await takeAll(machine.volume.path);
      expect(await client.deleteRecords()).toBe(ErrorCode.NONE);
      expect(await client.create()).toBe(ErrorCode.NONE);
      expect(await ballast(machine)).toBe(0);
      expect(await machine.output()).toMatch(/the ballast is given up/);
      expect(await machine.judge()).toEqual([]);
      await giveBack();
      await waitFor('records are taken again', async () => (await client.produce()) === ErrorCode.NONE);
      await waitFor('the ballast again', async () => (await ballast(machine)) >= 4 * MIB);
      await machine.peer.kill();
      expect(await machine.judgeAfterPowerCut()).toEqual([]);
    },
    DEADLINE_MS,
  );

  it(
    'stops acknowledging when the last byte is taken, serves what it has, and comes back by itself when there is room',
    async () => {
      const machine = await started({ 'weir.disk.min.free': '0' });
      const { peer } = machine;
      const client = await Client.connect(machine);
      for (let count = 0; count < 20; count++) expect(await client.produce()).toBe(ErrorCode.NONE);
      const giveBack = await takeAll(machine.volume.path);
      expect(await client.produceUntilRefused()).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
      expect(await machine.page('/readyz')).toMatch(/^503 .*because the disk was full/);
      expect(await machine.output()).toMatch(/the disk is full/);
      expect(await machine.judge()).toEqual([]);
      await giveBack();
      await waitFor('records are taken again', async () => (await client.produce()) === ErrorCode.NONE);
      await waitFor('commits are taken again', async () => (await client.commit()) === ErrorCode.NONE);
      await waitFor('topics are made again', async () => (await client.create()) === ErrorCode.NONE);
      await waitFor('readiness', async () => (await machine.page('/readyz')).startsWith('200'));
      expect(await machine.judge()).toEqual([]);
      await peer.kill();
      expect(await machine.judgeAfterPowerCut()).toEqual([]);
    },
    DEADLINE_MS,
  );
});
