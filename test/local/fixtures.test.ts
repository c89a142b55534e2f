import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Calls } from '../../broker/cli/local/calls.ts';
import type { AdminCall } from '../../broker/cli/local/copies.ts';
import { observeFeatures, raiseFeature } from '../../broker/cli/local/feature-levels.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { type FixtureBroker, fixtureBroker } from '../fixtures/broker.ts';
import type { LogReadResult } from '../../broker/server/logs/partition-log.ts';
import { textsOf } from '../support/logs/log-world.ts';
import { openRealLogs, promised } from '../support/logs/real-logs.ts';
import { Asker } from '../fixtures/client.ts';
import type { Content, Expected, ProducerText } from '../fixtures/content.ts';
import { observe } from '../fixtures/observe.ts';

const DATA = fileURLToPath(new URL('../fixtures/data/', import.meta.url));
const DEADLINE_MS = 60_000;
const UNSUPPORTED_VERSION = 35;
const OUT_OF_ORDER_SEQUENCE_NUMBER = 45;

const releases = readdirSync(DATA).filter((name) => existsSync(join(DATA, name, 'expected.json')));

/** How the directory was left: by a clean stop, or as a crash would have. */
const ENDS = [
  ['a clean stop', async () => undefined],
  ['a crash', async (directory: string) => rm(join(directory, '.kafka_cleanshutdown'))],
] as const;

function expectedOf(release: string): Expected {
  // Written by test/fixtures/make.ts.
  return JSON.parse(readFileSync(join(DATA, release, 'expected.json'), 'utf8')) as Expected;
}

/** Copies a release's directory, with what Git does not keep. */
async function copyOf(release: string, target: string): Promise<void> {
  await cp(join(DATA, release, 'data'), target, { recursive: true });
  for (const name of expectedOf(release).emptyDirectories) await mkdir(join(target, name), { recursive: true });
}

/** A broker on the directory that `prepare` fills, from its start to its clean stop. */
async function withBroker(
  prepare: (directory: string) => Promise<void>,
  act: (peer: FixtureBroker['peer']) => Promise<void>,
): Promise<void> {
  const { peer, remove } = await fixtureBroker(prepare);
  try {
    await peer.start();
    await act(peer);
    await peer.stop();
  } finally {
    await peer.kill().catch(() => undefined);
    await remove();
  }
}

/** Sends a batch of the fixture's idempotent producer and gives error code and base offset. */
async function send(
  asker: Asker,
  { topic, producerId, producerEpoch, values }: ProducerText,
  baseSequence: number,
): Promise<readonly [errorCode: number, baseOffset: number]> {
  const contents = values.map((value) => ({ key: null, value: Buffer.from(value) }));
  const options = { timestamp: Date.now(), producerId, producerEpoch, baseSequence };
  const { responses } = await asker.ask(ApiKey.Produce, 9, {
    acks: -1,
    timeoutMs: 20_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: buildBatch(contents, options, crc32c) }] }],
  });
  const answer = responses[0]?.partitionResponses[0];
  return [answer?.errorCode ?? -1, answer?.baseOffset ?? -1];
}

describe('the data directories that were written by', () => {
  it('releases until now are there', () => {
    expect(releases).toContain('0.1.0');
    for (const release of releases) {
      const { partitions, committed, shared, settings } = expectedOf(release);
      expect(Object.values(partitions).reduce((sum, { records }) => sum + records.length, 0)).toBeGreaterThan(300);
      for (const part of [committed, shared, settings]) expect(Object.keys(part).length).toBeGreaterThan(0);
    }
  });

  it(
    'are compared with what was written: a segment that is gone is missed',
    () =>
      withBroker(
        async (directory) => {
          await copyOf('0.1.0', directory);
          await rm(join(directory, 'rolled-0', '00000000000000000020.log'));
        },
        async ({ bootstrap }) => {
          await expect(observe(bootstrap, expectedOf('0.1.0'))).rejects.toThrow(/rolled-0/);
        },
      ),
    DEADLINE_MS,
  );

  describe.each(releases)('Weir %s', (release) => {
    it.each(ENDS)(
      'open after %s with every record, offset, share group and setting',
      async (_end, spoil) => {
        const expected = expectedOf(release);
        const prepare = async (directory: string): Promise<void> => {
          await copyOf(release, directory);
          await spoil(directory);
        };
        await withBroker(prepare, async (peer) => {
          const { partitions, committed, shared, settings, epochs }: Content = expected;
          expect(await observe(peer.bootstrap, expected)).toEqual({ partitions, committed, shared, settings, epochs });
          const asker = await Asker.open(peer.bootstrap);
          const { producer } = expected;
          const { baseSequence, baseOffset, values } = producer;
          // The last batch again is known, one that leaves a gap is refused, the next one is taken.
          expect(await send(asker, producer, baseSequence)).toEqual([0, baseOffset]);
          const next = baseSequence + values.length;
          expect((await send(asker, producer, next + 1))[0]).toBe(OUT_OF_ORDER_SEQUENCE_NUMBER);
          expect(await send(asker, producer, next)).toEqual([0, baseOffset + values.length]);
          asker.close();
        });
      },
      DEADLINE_MS,
    );
  });
});

describe('a cluster that an earlier release formed (B4)', () => {
  const copyOfFirst = (directory: string): Promise<void> => copyOf('0.1.0', directory);

  /** Levels in use, and the highest supported one of `weir.version`. */
  async function levels(
    asker: Asker,
  ): Promise<{ readonly inUse: number | undefined; readonly max: number | undefined }> {
    const body = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };
    const { finalizedFeatures, supportedFeatures } = await asker.ask(ApiKey.ApiVersions, 4, body);
    return {
      inUse: finalizedFeatures.find(({ name }) => name === 'weir.version')?.maxVersionLevel,
      max: supportedFeatures.find(({ name }) => name === 'weir.version')?.maxVersion,
    };
  }

  /** The level in use of each of Kafka's features that come with a `weir.version`. */
  async function broughtIn(asker: Asker): Promise<readonly (number | undefined)[]> {
    const body = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };
    const { finalizedFeatures } = await asker.ask(ApiKey.ApiVersions, 4, body);
    const levelOf = (name: string) => finalizedFeatures.find((one) => one.name === name)?.maxVersionLevel;
    return [levelOf('share.version'), levelOf('eligible.leader.replicas.version')];
  }

  it(
    'has what a new one has once an operator has raised its level',
    () =>
      withBroker(copyOfFirst, async (peer) => {
        const asker = await Asker.open(peer.bootstrap);
        expect(await broughtIn(asker)).not.toEqual([2, 1]);
        const [host = '', port] = peer.bootstrap.split(':');
        const calls = new Calls([{ host, port: Number(port) }], { clientId: 'operator', requestTimeoutMs: 20_000 });
        const call: AdminCall = (key, body, target = 'any', minVersion = 0) =>
          calls.call(key, body, { target, minVersion });
        try {
          expect(await observeFeatures(call)).toEqual({ level: 1, next: 4 });
          await raiseFeature(call, 4);
        } finally {
          calls.close();
        }
        expect(await levels(asker)).toEqual({ inUse: 4, max: 4 });
        expect(await broughtIn(asker)).toEqual([2, 1]);
        asker.close();
      }),
    DEADLINE_MS,
  );

  it(
    'stays at its weir.version, says what needs a later one, and keeps the level that it is raised to',
    () =>
      withBroker(copyOfFirst, async (peer) => {
        const asker = await Asker.open(peer.bootstrap);
        expect(await levels(asker)).toEqual({ inUse: 1, max: 4 });
        const refused = await asker.ask(ApiKey.UnregisterController, 0, { controllerId: 9 });
        expect(refused.errorCode).toBe(UNSUPPORTED_VERSION);
        expect(refused.errorMessage).toContain('kafka-features upgrade --feature weir.version=2');
        const featureUpdates = [{ feature: 'weir.version', maxVersionLevel: 4 }];
        const raised = await asker.ask(ApiKey.UpdateFeatures, 1, { timeoutMs: 20_000, featureUpdates });
        expect([raised.errorCode, raised.results[0]?.errorCode]).toEqual([0, 0]);
        asker.close();
        await peer.stop();
        await peer.start();
        const again = await Asker.open(peer.bootstrap);
        expect(await levels(again)).toEqual({ inUse: 4, max: 4 });
        again.close();
      }),
    DEADLINE_MS,
  );
});

describe('the journals that were left by', () => {
  const JOURNALS = fileURLToPath(new URL('../fixtures/journals/', import.meta.url));

  it.each(readdirSync(JOURNALS))('release %s give back what no segment has', async (release) => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-journal-'));
    try {
      await cp(join(JOURNALS, release), directory, { recursive: true });
      const { manager, abandon } = await openRealLogs(directory);
      expect(manager.all()).toHaveLength(3);
      for (const log of manager.all()) {
        const options = { fetchOffset: 0, maxBytes: 100_000, minOneBatch: true, endOffset: log.logEndOffset };
        const { chunks } = await promised<LogReadResult>((done) => log.read(options, done));
        const texts = textsOf(chunks).map(({ text }) => text);
        expect(texts).toEqual(['a', 'b', 'c', 'd', 'e'].map((value) => `${log.partition}:${value}`));
      }
      expect(existsSync(join(directory, 'logs.journal'))).toBe(false);
      abandon();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
