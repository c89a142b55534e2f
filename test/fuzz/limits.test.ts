import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { encodeRequest } from '../../broker/core/protocol/messages.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import type { Peer } from '../wire/harness/peer.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { weirPeer } from '../wire/harness/weir-peer.ts';
import { prepareTargets, usageOf, Witness } from './broker-check.ts';
import { type Behaviour, Crowd, linesNaming } from './crowd.ts';
import { RawClient } from '../support/raw-client.ts';

const MIB = 1024 * 1024;
const ANNOUNCED = 90 * MIB;
/** The smallest budget that still takes the largest request. */
const BUDGET = 104_857_600;
const CROWD = 300;
/** What the collector may leave lying about, and what a busy broker takes beside its budget. */
const SLACK = 160 * MIB;
/** Peers that read no answers, and how often each asks: what the system buffers is soon full. */
const DEAF = 40;
const QUESTIONS = 30;
/** Partitions that one request names and that are not there. */
const UNKNOWN = 18_000;
const DEADLINE_MS = 120_000;

/** Size of a frame, then API key and version of a Produce request. */
function produceHeader(size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(size, 0);
  bytes.writeInt16BE(ApiKey.Produce, 4);
  bytes.writeInt16BE(9, 6);
  return bytes;
}

describe('a running broker and connections that want too much', () => {
  let directory = '';
  let peer: Peer;
  let crowds: Crowd[] = [];

  const start = async (settings: Readonly<Record<string, string>>): Promise<Witness> => {
    peer = await weirPeer({ directory, settings });
    await peer.start();
    const client = await RawClient.connect(peer.bootstrap);
    await prepareTargets(client);
    client.close();
    const witness = new Witness(peer.bootstrap);
    for (let round = 0; round < 20; round += 1) await witness.ask();
    return witness;
  };
  const crowd = async (count: number, behaviour: Behaviour): Promise<Crowd> => {
    const made = await Crowd.open(peer.bootstrap, count, behaviour);
    crowds.push(made);
    return made;
  };
  const rss = async (): Promise<number> => (await usageOf(peer.pid())).rssBytes;
  const lines = (setting: string): Promise<readonly string[]> => linesNaming(join(directory, 'weir.log'), setting);

  /** Others produce and fetch all the while; gives the most memory that was seen. */
  const goOn = async (witness: Witness, rounds: number): Promise<number> => {
    let most = await rss();
    for (let round = 0; round < rounds; round += 1) {
      await witness.ask();
      most = Math.max(most, await rss());
    }
    return most;
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weir-limits-'));
  });
  afterEach(async () => {
    for (const one of crowds) one.leave();
    crowds = [];
    await peer.kill();
    await rm(directory, { recursive: true, force: true });
  });

  it(
    `spends next to nothing on ${CROWD} connections that announce 90 MiB and send 100 bytes`,
    async () => {
      const witness = await start({});
      const before = await rss();
      const opening = Buffer.concat([produceHeader(ANNOUNCED), Buffer.alloc(100)]);
      const { closed } = await crowd(CROWD, { opening });
      const most = await goOn(witness, 100);
      console.info(`${CROWD} announcements: ${before >> 20} MiB before, ${most >> 20} MiB at most`);
      expect(most - before).toBeLessThan(48 * MIB);
      expect(closed).toBe(0);
    },
    DEADLINE_MS,
  );

  it(
    `keeps to queued.max.request.bytes while ${CROWD} connections send 89 of 90 MiB, and serves others`,
    async () => {
      const witness = await start({ 'queued.max.request.bytes': String(BUDGET) });
      const before = await rss();
      const greedy = await crowd(CROWD, { opening: produceHeader(ANNOUNCED), more: 89 * MIB });
      const most = await goOn(witness, 100);
      console.info(`${CROWD} × 89 MiB: ${before >> 20} MiB before, ${most >> 20} MiB at most, ${greedy.closed} closed`);
      // The budget, and the one request that may always finish.
      expect(most - before).toBeLessThan(BUDGET + ANNOUNCED + SLACK);
      expect((await lines('queued.max.request.bytes')).length).toBeGreaterThan(0);
    },
    DEADLINE_MS,
  );

  it(
    'notices by the same figure that a budget is too large for its promise',
    async () => {
      await start({ 'queued.max.request.bytes': String(4096 * MIB) });
      const before = await rss();
      await crowd(12, { opening: produceHeader(ANNOUNCED), more: 89 * MIB });
      await waitFor('memory beyond the bound', async () => (await rss()) - before > BUDGET + ANNOUNCED + SLACK);
    },
    DEADLINE_MS,
  );

  it(
    'closes who trickles after weir.request.receive.timeout.ms, and serves others meanwhile',
    async () => {
      const witness = await start({ 'weir.request.receive.timeout.ms': '1500' });
      const opening = Buffer.concat([produceHeader(ANNOUNCED), Buffer.alloc(100)]);
      const slow = await crowd(100, { opening, trickleMs: 50 });
      await goOn(witness, 20);
      await waitFor('all are closed', () => slow.closed === 100);
      expect((await lines('weir.request.receive.timeout.ms')).length).toBeGreaterThan(0);
      await witness.ask();
    },
    DEADLINE_MS,
  );

  it(
    'bounds answers that nobody reads, and closes who does not take them after weir.response.send.timeout.ms',
    async () => {
      const witness = await start({
        'queued.max.request.bytes': String(BUDGET),
        'weir.response.send.timeout.ms': '3000',
      });
      await fill(peer.bootstrap, 24 * MIB);
      // Then each answer has memory of its own: nothing is shared from what was just written.
      await peer.stop();
      await peer.start();
      const before = await rss();
      const { descriptors } = await usageOf(peer.pid());
      await crowd(DEAF, { opening: fetchAll(), deaf: true });
      const most = await goOn(witness, 50);
      console.info(`${DEAF} deaf: ${before >> 20} MiB before, ${most >> 20} MiB at most`);
      expect(most - before).toBeLessThan(BUDGET / 2 + SLACK);
      // Who reads nothing does not notice its end: the broker's side is looked at.
      await waitFor('all are closed', async () => (await usageOf(peer.pid())).descriptors <= descriptors);
      const said = [...(await lines('weir.response.send.timeout.ms')), ...(await lines('queued.max.request.bytes'))];
      expect(said.length).toBeGreaterThan(0);
      await witness.ask();
    },
    DEADLINE_MS,
  );

  it(
    'closes idle connections soon after connections.max.idle.ms, and none that waits for its answer',
    async () => {
      const witness = await start({ 'connections.max.idle.ms': '1000' });
      const idle = await crowd(20, { opening: Buffer.alloc(0) });
      const waiting = await RawClient.connect(peer.bootstrap);
      const correlationId = waiting.nextCorrelationId();
      for (const chunk of longPoll(correlationId, 4000)) waiting.send(chunk);
      const startMs = performance.now();
      await waitFor('the idle are closed', () => idle.closed === 20);
      expect(performance.now() - startMs).toBeLessThan(1000 * 3);
      expect(await waiting.awaitFrame(correlationId, 20_000, () => undefined)).toBeInstanceOf(Buffer);
      expect((await lines('connections.max.idle.ms')).length).toBeGreaterThan(0);
      waiting.close();
      await witness.ask();
    },
    DEADLINE_MS,
  );

  it(
    'spends little on sessions that name millions of partitions which are not there, and says why it drops them',
    async () => {
      const witness = await start({});
      const before = await rss();
      const client = await RawClient.connect(peer.bootstrap);
      let [sessions, dropped, refused] = [0, 0, 0];
      for (let round = 0; round < 40; round += 1) {
        const { sessionId, errorCode } = await client.call(ApiKey.Fetch, 12, unknownFetch(0, 0, 0));
        if (sessionId !== 0) sessions += 1;
        expect(errorCode).toBe(ErrorCode.NONE);
        const more = await client.call(ApiKey.Fetch, 12, unknownFetch(sessionId, sessionId === 0 ? -1 : 1, UNKNOWN));
        if (more.errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND) dropped += 1;
        const share = await client.call(ApiKey.ShareFetch, 1, unknownShareFetch(`member-${round}`));
        if (share.errorCode === ErrorCode.SHARE_SESSION_LIMIT_REACHED) refused += 1;
      }
      await witness.ask();
      const most = await rss();
      console.info(`millions of unknown partitions: ${before >> 20} MiB before, ${most >> 20} MiB after`);
      expect(most - before).toBeLessThan(SLACK + 128 * MIB);
      expect([sessions > 0, dropped > 0, refused > 0]).toEqual([true, true, true]);
      expect((await lines('max.incremental.fetch.session.cache.slots')).length).toBeGreaterThan(0);
      expect((await lines('share session ended')).length).toBeGreaterThan(0);
      client.close();
    },
    DEADLINE_MS,
  );

  it(
    'refuses over max.connections.per.ip, and lets connections over max.connections wait',
    async () => {
      await start({
        'max.connections': '3',
        'max.connections.per.ip': '6',
        'connections.max.idle.ms': '-1',
      });
      const holders = await crowd(3, { opening: Buffer.alloc(0) });
      const waiting = await RawClient.connect(peer.bootstrap);
      const correlationId = waiting.nextCorrelationId();
      for (const chunk of question(correlationId)) waiting.send(chunk);
      await waitFor('it is told to wait', async () => (await lines('max.connections is reached')).length > 0);
      const more = await crowd(6, { opening: Buffer.alloc(0) });
      await waitFor('four of six are refused', () => more.closed === 4);
      expect((await lines('max.connections.per.ip is reached')).length).toBeGreaterThan(0);
      const answer = waiting.awaitFrame(correlationId, 20_000, () => undefined);
      holders.leave();
      expect(await answer).toBeInstanceOf(Buffer);
      waiting.close();
    },
    DEADLINE_MS,
  );
});

/** Partitions that are not there, from `first` on. */
const unknown = (count: number, first = 0): number[] =>
  Array.from({ length: count }, (_, index) => 1000 + first + index);

function unknownFetch(sessionId: number, sessionEpoch: number, first: number) {
  const partitions = unknown(UNKNOWN, first).map((partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1000,
  }));
  const topics = [{ topic: 'fuzz-a', partitions }];
  const session = { sessionId, sessionEpoch, forgottenTopicsData: [] };
  return { maxWaitMs: 0, minBytes: 0, maxBytes: 1000, isolationLevel: 0, topics, ...session };
}

function unknownShareFetch(memberId: string) {
  const partitions = unknown(UNKNOWN / 2).map((partitionIndex) => ({ partitionIndex, acknowledgementBatches: [] }));
  const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1000, maxRecords: 10, batchSize: 10 };
  const topics = [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions }];
  return { groupId: 'g1', memberId, shareSessionEpoch: 0, forgottenTopicsData: [], topics, ...limits };
}

/** Puts so many bytes into fuzz-a-0. */
async function fill(bootstrap: string, bytes: number): Promise<void> {
  const client = await RawClient.connect(bootstrap);
  const value = Buffer.alloc(900_000, 7);
  const records = buildBatch([{ key: null, value, headers: [] }], { timestamp: Date.now() }, crc32c);
  for (let sent = 0; sent < bytes; sent += records.length) {
    const answer = await client.call(ApiKey.Produce, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: 'fuzz-a', partitionData: [{ index: 0, records }] }],
    });
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
  }
  client.close();
}

/** Fetches of everything in fuzz-a-0, as bytes. */
function fetchAll(): Buffer {
  const once = fetchRequest({ correlationId: 1, topic: 'fuzz-a', minBytes: 1, maxWaitMs: 100 });
  return Buffer.concat(Array.from({ length: QUESTIONS }, () => once));
}

/** A Fetch that waits, from the end of a topic without records. */
function longPoll(correlationId: number, maxWaitMs: number): readonly Uint8Array[] {
  return [fetchRequest({ correlationId, topic: 'fuzz-b', minBytes: 1, maxWaitMs })];
}

function fetchRequest(options: {
  readonly correlationId: number;
  readonly topic: string;
  readonly minBytes: number;
  readonly maxWaitMs: number;
}): Buffer {
  const { correlationId, topic, minBytes, maxWaitMs } = options;
  const partitions = [{ partition: 0, currentLeaderEpoch: -1, fetchOffset: 0, partitionMaxBytes: 50 * MIB }];
  return Buffer.concat(
    encodeRequest(
      { apiKey: ApiKey.Fetch, version: 12, correlationId, clientId: 'limits' },
      {
        maxWaitMs,
        minBytes,
        maxBytes: 50 * MIB,
        isolationLevel: 0,
        sessionId: 0,
        sessionEpoch: -1,
        topics: [{ topic, partitions }],
        forgottenTopicsData: [],
      },
    ),
  );
}

const question = (correlationId: number): readonly Uint8Array[] =>
  encodeRequest({ apiKey: ApiKey.ApiVersions, version: 0, correlationId, clientId: null }, {});
