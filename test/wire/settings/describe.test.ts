import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Calls } from '../../../broker/cli/local/calls.ts';
import { rowsOf } from '../../../broker/core/config/rows.ts';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ensureKafka } from '../../setup/kafka.ts';
import { cliOf } from '../harness/cli.ts';
import type { Peer } from '../harness/peer.ts';
import { makePeer } from '../harness/session.ts';
import { startToolHost, ToolHost, type ToolHostProcess } from '../harness/tool-host.ts';
import { waitFor } from '../harness/wait.ts';
import { type Change, changesOf, type Outcome } from './changes.ts';
import { type Entry, judgeAnswers } from './describe.ts';
import { CHANGED_OTHERWISE, SHOWN_OTHERWISE } from './differences.ts';
import { knownSettings } from './known.ts';

const TOPIC = 'described';
const RESOURCES = { topic: [2, TOPIC], broker: [4, '1'], group: [32, 'described-group'] } as const;
const SCOPES = ['topic', 'broker', 'group'] as const;
const READY_MS = 120_000;

/** Settings that both peers are given, so that every place a value can come from is seen. */
const GIVEN = { 'log.retention.minutes': '600', 'message.max.bytes': '2000000', 'num.io.threads': '4' };
/** What the other peer's harness gives it, so that it works alone. */
const ALONE = {
  'inter.broker.listener.name': 'PLAINTEXT',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT',
  'offsets.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.replication.factor': '1',
};
const OVERRIDES = { 'retention.ms': '86400000', 'segment.bytes': '2097152' };
const GROUP = { 'share.record.lock.duration.ms': '20000' };

function callsTo(peer: Peer): Calls {
  const [host = '', port = ''] = peer.bootstrap.split(':');
  return new Calls([{ host, port: Number(port) }], { clientId: 'settings', requestTimeoutMs: 20_000 });
}

async function prepare(peer: Peer): Promise<void> {
  const calls = callsTo(peer);
  const created = await calls.call(ApiKey.CreateTopics, () => ({
    topics: [
      {
        name: TOPIC,
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(OVERRIDES).map(([name, value]) => ({ name, value })),
      },
    ],
    timeoutMs: 20_000,
    validateOnly: false,
  }));
  expect(created.topics.map(({ errorCode, errorMessage }) => [errorCode, errorMessage])).toEqual([[0, null]]);
  const altered = await calls.call(ApiKey.IncrementalAlterConfigs, () => ({
    resources: [
      {
        resourceType: RESOURCES.group[0],
        resourceName: RESOURCES.group[1],
        configs: Object.entries(GROUP).map(([name, value]) => ({ name, value, configOperation: 0 })),
      },
      {
        resourceType: 4,
        resourceName: '',
        configs: [{ name: 'log.retention.ms', value: '90000000', configOperation: 0 }],
      },
    ],
    validateOnly: false,
  }));
  expect(altered.responses.map(({ errorCode }) => errorCode)).toEqual([0, 0]);
  calls.close();
}

async function entriesOf(peer: Peer, scope: keyof typeof RESOURCES): Promise<readonly Entry[]> {
  const [resourceType, resourceName] = RESOURCES[scope];
  const calls = callsTo(peer);
  const answer = await calls.call(ApiKey.DescribeConfigs, () => ({
    resources: [{ resourceType, resourceName, configurationKeys: null }],
    includeSynonyms: true,
    includeDocumentation: true,
  }));
  calls.close();
  const [result] = answer.results;
  expect(result?.errorCode).toBe(0);
  return result?.configs ?? [];
}

/** As `entriesOf`, once the dynamic setting of all brokers has arrived, for it comes with the metadata. */
async function settledEntries(peer: Peer, scope: keyof typeof RESOURCES): Promise<readonly Entry[]> {
  await waitFor('the dynamic default is in force', async () =>
    (await entriesOf(peer, 'broker')).some(({ name, value }) => name === 'log.retention.ms' && value === '90000000'),
  );
  return entriesOf(peer, scope);
}

/** What each change, tried and not made, is answered with. */
async function outcomesOf(peer: Peer, changes: readonly Change[]): Promise<ReadonlyMap<string, Outcome>> {
  const calls = callsTo(peer);
  const outcomes = new Map<string, Outcome>();
  for (const { title, scope, name, value, operation } of changes) {
    const [resourceType, resourceName] = scope === 'cluster' ? ([4, ''] as const) : RESOURCES[scope];
    const answer = await calls.call(ApiKey.IncrementalAlterConfigs, () => ({
      resources: [{ resourceType, resourceName, configs: [{ name, value, configOperation: operation }] }],
      validateOnly: true,
    }));
    const [result] = answer.responses;
    outcomes.set(title, { errorCode: result?.errorCode ?? -1, message: result?.errorMessage ?? '' });
  }
  calls.close();
  return outcomes;
}

describe('DescribeConfigs beside Apache Kafka', () => {
  let directory = '';
  let kafka: Peer;
  let weir: Peer;
  let toolHost: ToolHostProcess;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weir-settings-'));
    kafka = await makePeer('kafka', { directory: join(directory, 'kafka'), settings: GIVEN });
    weir = await makePeer('weir', { directory: join(directory, 'weir'), settings: { ...ALONE, ...GIVEN } });
    const [host] = await Promise.all([startToolHost(await ensureKafka(), directory), kafka.start(), weir.start()]);
    toolHost = host;
    await Promise.all([prepare(kafka), prepare(weir)]);
  }, READY_MS);

  afterAll(async () => {
    await Promise.all([toolHost.child.kill(), kafka.kill(), weir.kill()]);
    await rm(directory, { recursive: true, force: true });
  });

  for (const scope of SCOPES) {
    test(`shows the settings of a ${scope} as Kafka does, or has a reason`, async () => {
      const answers = { kafka: await settledEntries(kafka, scope), weir: await settledEntries(weir, scope) };
      const shown = new Set(answers.kafka.map(({ name }) => name));
      const newer = new Set(
        knownSettings().flatMap((known) => (known.scope === scope && !shown.has(known.name) ? [known.name] : [])),
      );
      const problems = judgeAnswers({ scope, ...answers, newer, table: SHOWN_OTHERWISE[scope] });
      expect(problems).toEqual([]);
    });

    test(`documents every setting of a ${scope}, and says which have no effect`, async () => {
      for (const { name, documentation } of await settledEntries(weir, scope)) {
        const reason = rowsOf(scope).get(name)?.withoutEffect;
        expect([name, documentation]).toEqual([name, expect.stringMatching(/\.$/)]);
        if (reason !== undefined) expect(documentation).toContain(`No effect in Weir: ${reason}`);
      }
    });
  }

  test("is read as a whole by Kafka's own tool, from both", async () => {
    const tools = await ToolHost.connect(toolHost.port);
    for (const peer of [kafka, weir]) {
      const cli = cliOf({ bootstrap: peer.bootstrap, tools });
      for (const scope of SCOPES) {
        const [, name] = RESOURCES[scope];
        const printed = await cli.ok('configs', [
          '--describe',
          '--all',
          '--entity-type',
          `${scope}s`,
          '--entity-name',
          name,
        ]);
        const pairs = printed.split('\n').flatMap((line) => {
          const [, key = '', value = ''] = /^  (\S+?)=(.*) sensitive=false synonyms=\{.*\}$/.exec(line) ?? [];
          return key === '' ? [] : [`${key}=${value}`];
        });
        const entries = (await entriesOf(peer, scope)).filter(({ isSensitive }) => !isSensitive);
        // The tool prints null where there is no value.
        const expected = entries.map(({ name: key, value }) => `${key}=${value ?? 'null'}`);
        expect([peer.name, scope, pairs.sort()]).toEqual([peer.name, scope, expected.sort()]);
      }
    }
    tools.close();
  });

  test(
    'refuses the values and operations that Kafka refuses, with its code, or has a reason',
    async () => {
      const shown = new Set(
        (await Promise.all(SCOPES.map((scope) => entriesOf(kafka, scope)))).flat().map(({ name }) => name),
      );
      const changes = changesOf(knownSettings().filter(({ name }) => shown.has(name)));
      expect(changes.length).toBeGreaterThan(500);
      const [theirs, ours] = [await outcomesOf(kafka, changes), await outcomesOf(weir, changes)];
      const found = Object.fromEntries(
        changes.flatMap(({ title }) => {
          const [kafkaOutcome, weirOutcome] = [theirs.get(title), ours.get(title)];
          if (kafkaOutcome?.errorCode === weirOutcome?.errorCode) return [];
          return [[title, [kafkaOutcome?.errorCode, weirOutcome?.errorCode]]];
        }),
      );
      const expected = Object.fromEntries(CHANGED_OTHERWISE.flatMap(({ changes: all }) => Object.entries(all)));
      expect(found).toEqual(expected);
      for (const { title, name } of changes) {
        const { errorCode, message } = ours.get(title) ?? { errorCode: -1, message: '' };
        // Whoever is refused reads which setting it was.
        if (errorCode !== 0) expect([title, message]).toEqual([title, expect.stringContaining(name)]);
      }
    },
    READY_MS,
  );

  test('would name a spoiled answer', async () => {
    const theirs = await entriesOf(kafka, 'topic');
    const ours = (await entriesOf(weir, 'topic')).map((entry) => ({
      ...entry,
      readOnly: entry.name === 'retention.ms' ? true : entry.readOnly,
    }));
    const judged = { scope: 'topic', kafka: theirs, newer: new Set<string>(), table: SHOWN_OTHERWISE.topic } as const;
    const missing = ours.filter(({ name }) => name !== 'segment.bytes');
    const problems = judgeAnswers({ ...judged, weir: missing }).join('\n');
    expect(problems).toMatch(/^retention\.ms: differs in \[read-only\]/m);
    expect(problems).toMatch(/^segment\.bytes: only Apache Kafka shows it/m);
    const table = { ...SHOWN_OTHERWISE.topic, 'no.such': { differs: ['value'], why: 'None.' } } as const;
    expect(judgeAnswers({ ...judged, weir: ours, table }).join('\n')).toMatch(/^no\.such: stands in the table/m);
  });
});
