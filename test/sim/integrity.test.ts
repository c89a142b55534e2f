import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode, errorName } from '../../broker/core/protocol/errors.ts';
import { bufferOf } from '../../broker/core/record/batch.ts';
import { buildBatch, buildCompressedBatch, encodeRecords } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { Asker } from './asker.ts';
import type { DiskImage } from './disk-tree.ts';

const GZIP = 1;
const TOPIC = 'jobs';
const BATCHES = 9;

/** What clients are told while something is not there, in place of an answer. */
const HONEST = new Set<number>([
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.LEADER_NOT_AVAILABLE,
  // A damaged log without another copy has no leader (D7).
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.UNKNOWN_SERVER_ERROR,
]);

/** An answer as it was given, or the name of an honest error. */
type Seen = readonly [what: string, answer: unknown];

/** A node with files of every kind on its disk. */
class Lab {
  readonly asker = new Asker(21);
  topicId = '';
  producerId = -1;

  fill(): void {
    this.#prepare();
    for (let round = 0; round < BATCHES; round++) {
      for (const index of [0, 1]) this.#must(this.produce(index, round).errorCode);
      if (round === 3 || round === 6) this.#live();
      else this.asker.world.runFor(1500);
    }
    this.#groups();
    // Long enough for the checkpoints to have all of it.
    this.asker.world.runFor(12_000);
  }

  #prepare(): void {
    const configs = [
      { name: 'segment.ms', value: '1000' },
      { name: 'index.interval.bytes', value: '0' },
    ];
    const topics = [{ name: TOPIC, numPartitions: 2, replicationFactor: 1, assignments: [], configs }];
    const created = this.#call(ApiKey.CreateTopics, 7, { topics, timeoutMs: 5000 });
    this.topicId = created.topics[0]?.topicId ?? '';
    const initialised = this.#call(ApiKey.InitProducerId, 2, { transactionalId: null, transactionTimeoutMs: 1000 });
    this.producerId = initialised.producerId;
    const reset = { name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' };
    const resources = [{ resourceType: 32, resourceName: 'share', configs: [reset] }];
    this.#call(ApiKey.IncrementalAlterConfigs, 1, { resources, validateOnly: false });
  }

  /** A power cut and a new leader epoch. */
  #live(): void {
    this.asker.powerCycle();
  }

  /** An offset that a group committed, and a share group that holds one record and is done with another. */
  #groups(): void {
    this.commit(4);
    const member = { groupId: 'share', memberId: 'member', rackId: null, subscribedTopicNames: [TOPIC] };
    this.#call(ApiKey.ShareGroupHeartbeat, 1, { ...member, memberEpoch: 0 });
    this.#call(ApiKey.ShareFetch, 1, this.#shareFetch(0));
    const acknowledgementBatches = [{ firstOffset: 0, lastOffset: 0, acknowledgeTypes: [1] }];
    const topics = [{ topicId: this.topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches }] }];
    const acknowledge = { groupId: 'share', memberId: 'member', shareSessionEpoch: 1, topics };
    const answer = this.#call(ApiKey.ShareAcknowledge, 1, acknowledge);
    this.#must(answer.responses[0]?.partitions[0]?.errorCode ?? -1);
  }

  #shareFetch(shareSessionEpoch: number) {
    const partitions = [{ partitionIndex: 0, acknowledgementBatches: [] }];
    return {
      groupId: 'share',
      memberId: 'member',
      shareSessionEpoch,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1_000_000,
      maxRecords: 1,
      batchSize: 1,
      topics: [{ topicId: this.topicId, partitions }],
      forgottenTopicsData: [],
    };
  }

  commit(committedOffset: number): void {
    const partitions = [{ partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: '' }];
    const body = {
      groupId: 'group',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: TOPIC, partitions }],
    };
    const deadline = this.asker.world.nowMs + 60_000;
    for (;;) {
      const answer = this.#call(ApiKey.OffsetCommit, 8, body);
      const code = answer.topics[0]?.partitions[0]?.errorCode ?? -1;
      if (code === ErrorCode.NONE) return;
      if (this.asker.world.nowMs > deadline) throw new Error(`no commit: ${errorName(code)}`);
      this.#call(ApiKey.FindCoordinator, 3, { key: 'group', keyType: 0 });
      this.asker.world.runFor(500);
    }
  }

  /** The batch of a round: plain in partition 0, compressed in partition 1; the producer's sequence is the round. */
  produce(index: number, round: number) {
    const timestamp = 1_700_000_000_000 + round * 1000;
    const values = [{ key: null, value: Buffer.from(`record ${index} ${round} ${'.'.repeat(round * 3)}`) }];
    const producer = { producerId: this.producerId, producerEpoch: 0, baseSequence: round };
    const encoded = encodeRecords(values, timestamp);
    const records =
      index === 0
        ? buildBatch(values, { timestamp, ...producer }, crc32c)
        : buildCompressedBatch(encoded, gzipSync(encoded.bytes), { codec: GZIP, ...producer }, crc32c);
    const topicData = [{ name: TOPIC, partitionData: [{ index, records }] }];
    const answer = this.#call(ApiKey.Produce, 9, { acks: -1, timeoutMs: 5000, topicData });
    const partition = answer.responses[0]?.partitionResponses[0];
    return { errorCode: partition?.errorCode ?? -1, baseOffset: partition?.baseOffset ?? -1 };
  }

  /** Everything that clients can learn. */
  look(rounds: number): readonly Seen[] {
    const seen: Seen[] = [];
    const note = (what: string, errorCode: number, answer: unknown): void => {
      seen.push([what, errorCode === ErrorCode.NONE ? answer : errorCode]);
    };
    for (const index of [0, 1]) {
      for (const time of [-3, -2, -1, 0, 2500, 8000, 99_000]) {
        const found = this.#listOffsets(index, time < 0 ? time : 1_700_000_000_000 + time);
        note(`ListOffsets ${index} ${time}`, found.errorCode, [found.offset, found.timestamp]);
      }
      for (let offset = 0; offset < rounds; ) {
        const { errorCode, records, nextOffset } = this.#fetch(index, offset);
        note(`Fetch ${index} ${offset}`, errorCode, records);
        if (errorCode !== ErrorCode.NONE || nextOffset === offset) break;
        offset = nextOffset;
      }
      const again = this.produce(index, rounds - 1);
      note(`duplicate ${index}`, again.errorCode, again.baseOffset);
    }
    seen.push(...this.#lookAtGroups());
    return seen;
  }

  #lookAtGroups(): Seen[] {
    const asked = { groupId: 'group', topics: [{ name: TOPIC, partitionIndexes: [0] }] };
    const offsets = this.#call(ApiKey.OffsetFetch, 7, asked);
    const committed = offsets.topics[0]?.partitions[0];
    const group = { groupId: 'share', topics: [{ topicName: TOPIC, partitions: [0] }] };
    const share = this.#call(ApiKey.DescribeShareGroupOffsets, 0, { groups: [group] }).groups[0];
    const start = share?.topics[0]?.partitions[0];
    const shareCode = share?.errorCode === ErrorCode.NONE ? (start?.errorCode ?? -1) : (share?.errorCode ?? -1);
    const groupCode = offsets.errorCode === ErrorCode.NONE ? (committed?.errorCode ?? -1) : offsets.errorCode;
    return [
      ['OffsetFetch', groupCode === ErrorCode.NONE ? committed?.committedOffset : groupCode],
      ['share start', shareCode === ErrorCode.NONE ? start?.startOffset : shareCode],
    ];
  }

  #listOffsets(partitionIndex: number, timestamp: number) {
    const topics = [{ name: TOPIC, partitions: [{ partitionIndex, timestamp, currentLeaderEpoch: -1 }] }];
    const answer = this.#call(ApiKey.ListOffsets, 7, { replicaId: -1, isolationLevel: 0, topics });
    const found = answer.topics[0]?.partitions[0];
    return found ?? { errorCode: -1, offset: -1, timestamp: -1 };
  }

  #fetch(partition: number, fetchOffset: number) {
    const topics = [{ topic: TOPIC, partitions: [{ partition, fetchOffset, partitionMaxBytes: 150 }] }];
    const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, sessionId: 0, sessionEpoch: -1 };
    const answer = this.#call(ApiKey.Fetch, 12, { ...limits, topics, forgottenTopicsData: [] });
    const found = answer.responses[0]?.partitions[0];
    const bytes = found?.records ?? new Uint8Array();
    const count = bytes.length === 0 ? 0 : lastOffsetOf(bytes) + 1 - fetchOffset;
    const errorCode = found?.errorCode ?? -1;
    return { errorCode, records: Buffer.from(bytes).toString('hex'), nextOffset: fetchOffset + count };
  }

  /** Begins a life; the sentence with which it refuses to, null when it serves. */
  start(): string | null {
    const { node, world } = this.asker;
    const before = node.fatals.length;
    node.start();
    world.runUntil(() => node.isReady || node.fatals.length > before, 60_000);
    this.asker.hangUp();
    if (node.isReady) return null;
    return node.fatals[before] ?? 'neither ready nor refused';
  }

  /** The node is gone and its disk is as in the image. */
  restore(image: DiskImage): void {
    if (this.asker.node.isAlive) this.asker.node.crash('process');
    this.asker.node.disk.restore(image);
  }

  #call<K extends Parameters<Asker['call']>[0]>(key: K, version: number, body: Parameters<Asker['call']>[2]) {
    // The key and the body go together where this is called; the compiler has lost sight of it.
    const answer = this.asker.call(key, version, body as never);
    if (typeof answer === 'string') throw new Error(`API ${key}: ${answer}; ${this.asker.node.fatals.join()}`);
    return answer;
  }

  #must(errorCode: number): void {
    if (errorCode !== ErrorCode.NONE) throw new Error(errorName(errorCode));
  }
}

function lastOffsetOf(bytes: Uint8Array): number {
  const buf = bufferOf(bytes);
  let last = -1;
  for (let pos = 0; pos + 61 <= buf.length; pos += 12 + buf.readInt32BE(pos + 8)) {
    last = Number(buf.readBigInt64BE(pos)) + buf.readInt32BE(pos + 23);
  }
  return last;
}

/** Each answer is the right one, or an honest error; gives whether there was an error. */
function judge(seen: readonly Seen[], right: readonly Seen[]): boolean {
  const due = new Map(right);
  let failed = false;
  for (const [what, answer] of seen) {
    const isError = typeof answer === 'number' && HONEST.has(answer) && answer !== due.get(what);
    if (isError) failed = true;
    else expect([what, answer]).toEqual([what, due.get(what)]);
  }
  return failed;
}

const PLACES = process.env['WEIR_TEST_MINUTES'] === undefined ? 4 : 60;

describe.each(['a clean stop', 'a power cut'])('a bit that flips in a file of a node after %s', (stop) => {
  const lab = new Lab();
  lab.fill();
  const right = lab.look(BATCHES);
  const { node, world } = lab.asker;
  if (stop === 'a clean stop') {
    let stopped = false;
    node.stop(() => {
      stopped = true;
    });
    world.runUntil(() => stopped, 60_000);
  } else node.crash('power');
  const image = node.disk.image();
  const files = node.disk.files().filter(({ size }) => size > 0);

  it('is looked for in every kind of file, and without one everything is as it was', () => {
    const names = files.map(({ path }) => path.replace(/\d{20}/, '#').replace(/-\d+\//, '/'));
    for (const name of ['__consumer_offsets/#.log', '__share_group_state/#.log', `${TOPIC}/#.timeindex`])
      expect(names.some((path) => path.endsWith(name))).toBe(true);
    for (const name of ['#.rounds', 'quorum.state', 'meta.properties', 'logs.manifest', 'logs.marks', '#.snapshot'])
      expect(names.some((path) => path.endsWith(name))).toBe(true);
    expect(files.filter(({ path }) => /jobs-0.*\.log$/.test(path)).length).toBeGreaterThan(2);
    lab.restore(image);
    expect(lab.start()).toBeNull();
    expect(judge(lab.look(BATCHES), right)).toBe(false);
  });

  it.each(files.map(({ path }) => path))('%s: what is wrong is named or made good', (path) => {
    const size = files.find((file) => file.path === path)?.size ?? 0;
    for (let place = 0; place < PLACES && place < size; place++) {
      const position = size <= PLACES ? place : Math.floor(((place + (place % 3) / 3) * size) / PLACES);
      lab.restore(image);
      const byte = node.disk.peek(path)?.[position] ?? 0;
      node.disk.poke(path, position, Buffer.from([byte ^ (1 << ((position * 5) % 8))]));
      const warned = node.warnings.length;
      try {
        const refused = lab.start();
        if (refused === null) {
          const failed = judge(lab.look(BATCHES), right);
          // Whoever gives an error in place of an answer has named the file.
          if (failed) expect(node.warnings.slice(warned).join('\n')).toContain(path);
          for (const index of [0, 1]) {
            const { errorCode } = lab.produce(index, BATCHES);
            expect([ErrorCode.NONE, ...HONEST]).toContain(errorCode);
          }
          node.crash('power');
          expect(lab.start()).toBeNull();
          judge(
            lab.look(BATCHES).filter(([what]) => !/-1$|-3$|duplicate|99000/.test(what)),
            right,
          );
        } else expect(refused).toContain(path);
      } catch (error) {
        throw new Error(`byte ${position} of ${path}: ${String(error)}`, { cause: error });
      }
    }
  });
});
