import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cli, cellsOf, cliOf, linesOf, numbered, TOOL } from '../harness/cli.ts';
import { openWire, type Wire } from '../harness/session.ts';
import { waitFor } from '../harness/wait.ts';

let wire: Wire;
let cli: Cli;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ wire, close } = await openWire());
  cli = cliOf(wire);
});
afterAll(() => close());

describe('TopicCommand', () => {
  it('creates a topic, lists it and describes every partition with its leader', async () => {
    const topic = wire.unique('topic');
    await cli.createTopic(topic, 3);
    expect(linesOf(await cli.ok('topics', ['--list']))).toContain(topic);
    const text = await cli.ok('topics', ['--describe', '--topic', topic]);
    expect(text).toContain('PartitionCount: 3');
    expect(text).toContain('ReplicationFactor: 1');
    expect(text).toMatch(/TopicId: [A-Za-z0-9_-]{22}/);
    const partitions = linesOf(text).filter((line) => line.includes('Partition: '));
    expect(partitions).toHaveLength(3);
    for (const line of partitions) expect(line).toMatch(/Leader: (\d+)\tReplicas: \1\tIsr: \1/);
  });

  it('keeps the settings that a topic is created with', async () => {
    const topic = wire.unique('topic');
    await cli.createTopic(topic, 1, { 'retention.ms': '3600000', 'cleanup.policy': 'delete' });
    const text = await cli.ok('topics', ['--describe', '--topic', topic]);
    expect(text).toContain('retention.ms=3600000');
  });

  it('refuses to create a topic that exists, and not with --if-not-exists', async () => {
    const topic = wire.unique('topic');
    await cli.createTopic(topic);
    const again = await cli.run('topics', ['--create', '--topic', topic]);
    expect(again.exitCode).toBe(1);
    expect(again.stdout + again.stderr).toMatch(/exists/);
    await cli.ok('topics', ['--create', '--topic', topic, '--if-not-exists']);
  });

  it('refuses a bad name, no partitions and more replicas than brokers', async () => {
    const bad = await cli.run('topics', ['--create', '--topic', 'not/allowed']);
    expect(bad.exitCode).toBe(1);
    const none = await cli.run('topics', ['--create', '--topic', wire.unique('topic'), '--partitions', '0']);
    expect(none.exitCode).toBe(1);
    const many = await cli.run('topics', ['--create', '--topic', wire.unique('topic'), '--replication-factor', '3']);
    expect(many.exitCode).toBe(1);
    expect(many.stdout + many.stderr).toMatch(/replication factor|InvalidReplicationFactor/i);
  });

  it('adds partitions and refuses to take some away', async () => {
    const topic = wire.unique('topic');
    await cli.createTopic(topic, 1);
    await cli.ok('topics', ['--alter', '--topic', topic, '--partitions', '4']);
    await waitFor('four partitions', async () =>
      (await cli.ok('topics', ['--describe', '--topic', topic])).includes('PartitionCount: 4'),
    );
    const fewer = await cli.run('topics', ['--alter', '--topic', topic, '--partitions', '2']);
    expect(fewer.exitCode).toBe(1);
    expect(fewer.stdout + fewer.stderr).toMatch(/would not be an increase/);
  });

  it('deletes a topic, and one of the same name is a new one', async () => {
    const topic = wire.unique('topic');
    await cli.createTopic(topic);
    await cli.produce(topic, ['gone']);
    const idOf = async (): Promise<string | undefined> =>
      /TopicId: (\S+)/.exec(await cli.ok('topics', ['--describe', '--topic', topic]))?.[1];
    const first = await idOf();
    await cli.ok('topics', ['--delete', '--topic', topic]);
    await waitFor('the topic is gone', async () => !linesOf(await cli.ok('topics', ['--list'])).includes(topic));
    await cli.createTopic(topic);
    expect(await idOf()).not.toBe(first);
    expect(linesOf(await cli.ok('getOffsets', ['--topic', topic]))).toEqual([`${topic}:0:0`]);
  });

  it('fails to describe or delete what does not exist', async () => {
    const topic = wire.unique('absent');
    expect((await cli.run('topics', ['--describe', '--topic', topic])).exitCode).toBe(1);
    expect((await cli.run('topics', ['--delete', '--topic', topic])).exitCode).toBe(1);
  });

  it('lists the topics with overridden settings', async () => {
    const topic = wire.unique('special');
    await cli.createTopic(topic, 1, { 'segment.bytes': '2097152' });
    const text = await cli.ok('topics', ['--describe', '--topics-with-overrides']);
    expect(linesOf(text).find((line) => line.includes(topic))).toContain('segment.bytes=2097152');
  });
});

describe('GetOffsetShell', () => {
  it('gives the first and the last offset, and the one for a timestamp', async () => {
    const topic = wire.unique('offsets');
    await cli.createTopic(topic, 2);
    const beforeMs = Date.now() - 60_000;
    await cli.produce(topic, numbered('line', 40));
    const total = (text: string): number => linesOf(text).reduce((sum, line) => sum + Number(line.split(':')[2]), 0);
    expect(total(await cli.ok('getOffsets', ['--topic', topic, '--time', 'latest']))).toBe(40);
    expect(total(await cli.ok('getOffsets', ['--topic', topic, '--time', 'earliest']))).toBe(0);
    expect(total(await cli.ok('getOffsets', ['--topic', topic, '--time', String(beforeMs)]))).toBe(0);
    const future = linesOf(await cli.ok('getOffsets', ['--topic', topic, '--time', String(Date.now() + 3_600_000)]));
    // Nothing is that young: the broker answers offset -1 and the tool prints no line.
    expect(future).toEqual([]);
  });

  it('finds the record with the largest timestamp', async () => {
    const topic = wire.unique('offsets');
    await cli.createTopic(topic);
    await cli.produce(topic, ['a', 'b', 'c']);
    const [line = ''] = linesOf(await cli.ok('getOffsets', ['--topic', topic, '--time', 'max-timestamp']));
    const offset = Number(line.split(':')[2]);
    expect(offset).toBeGreaterThanOrEqual(0);
    expect(offset).toBeLessThan(3);
  });
});

describe('DeleteRecordsCommand', () => {
  it('moves the start of the log, so that consumers begin there', async () => {
    const topic = wire.unique('cut');
    await cli.createTopic(topic);
    await cli.produce(topic, numbered('line', 20));
    const directory = await mkdtemp(join(tmpdir(), 'weir-cut-'));
    try {
      const file = join(directory, 'offsets.json');
      await writeFile(file, JSON.stringify({ version: 1, partitions: [{ topic, partition: 0, offset: 12 }] }));
      const text = await cli.ok('deleteRecords', ['--offset-json-file', file]);
      expect(text).toMatch(/low_watermark: 12/);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
    expect(linesOf(await cli.ok('getOffsets', ['--topic', topic, '--time', 'earliest']))).toEqual([`${topic}:0:12`]);
    const read = await cli.ok('consoleConsumer', ['--topic', topic, '--from-beginning', '--max-messages', '8']);
    expect(linesOf(read)).toEqual(numbered('line', 20).slice(12));
  });
});

describe('ConfigCommand', () => {
  it('alters, describes and resets a setting of a topic', async () => {
    const topic = wire.unique('config');
    await cli.createTopic(topic);
    await cli.configure('topics', topic, { 'retention.ms': '7200000', 'max.message.bytes': '2000000' });
    const describe = async (): Promise<string> =>
      cli.ok('configs', ['--describe', '--entity-type', 'topics', '--entity-name', topic]);
    await waitFor('both settings', async () => {
      const text = await describe();
      return text.includes('retention.ms=7200000') && text.includes('max.message.bytes=2000000');
    });
    await cli.ok('configs', [
      '--alter',
      '--entity-type',
      'topics',
      '--entity-name',
      topic,
      '--delete-config',
      'retention.ms',
    ]);
    await waitFor('one setting', async () => {
      const text = await describe();
      return !text.includes('retention.ms=7200000') && text.includes('max.message.bytes=2000000');
    });
  });

  it('gives every setting of a topic with its source under --all', async () => {
    const topic = wire.unique('config');
    await cli.createTopic(topic, 1, { 'retention.ms': '1000000' });
    const text = await cli.ok('configs', ['--describe', '--all', '--entity-type', 'topics', '--entity-name', topic]);
    expect(text).toMatch(/retention\.ms=1000000 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:retention\.ms=1000000/);
    expect(text).toMatch(/cleanup\.policy=delete sensitive=false synonyms=\{/);
  });

  it('refuses an unknown setting and a bad value', async () => {
    const topic = wire.unique('config');
    await cli.createTopic(topic);
    const alter = (pair: string) =>
      cli.run('configs', ['--alter', '--entity-type', 'topics', '--entity-name', topic, '--add-config', pair]);
    const unknown = await alter('no.such.setting=1');
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stdout + unknown.stderr).toMatch(/InvalidConfig|Unknown topic config name/);
    const bad = await alter('retention.ms=soon');
    expect(bad.exitCode).toBe(1);
    expect(bad.stdout + bad.stderr).toContain('InvalidConfigurationException');
  });

  it('sets what TopicCommand refuses to know', async () => {
    const topic = wire.unique('config');
    // TopicCommand checks names in the client, so that settings of Weir's own never reach the broker through it.
    const created = await cli.run('topics', ['--create', '--topic', topic, '--config', 'weir.durability=replicated']);
    expect(created.exitCode).toBe(1);
    if (wire.peer === 'kafka') return;
    await cli.createTopic(topic);
    await cli.configure('topics', topic, { 'weir.durability': 'replicated' });
    const described = ['--describe', '--entity-type', 'topics', '--entity-name', topic];
    await waitFor('the setting', async () =>
      (await cli.ok('configs', described)).includes('weir.durability=replicated'),
    );
    await cli.produce(topic, ['one']);
    expect(linesOf(await cli.ok('getOffsets', ['--topic', topic]))).toEqual([`${topic}:0:1`]);
  });

  it('describes the settings of a broker', async () => {
    const [row = []] = cellsOf(await cli.ok('topics', ['--describe', '--topic', await newTopic()])).slice(1);
    const broker = row[row.indexOf('Leader:') + 1] ?? '';
    const text = await cli.ok('configs', ['--describe', '--all', '--entity-type', 'brokers', '--entity-name', broker]);
    expect(text).toMatch(/group\.share\.record\.lock\.duration\.ms=/);
    expect(text).toMatch(/log\.segment\.bytes=|log\.retention\.ms=|log\.retention\.hours=/);
  });

  it('alters and describes the settings of a group', async () => {
    const group = wire.unique('group');
    await cli.configure('groups', group, {
      'share.auto.offset.reset': 'earliest',
      'share.record.lock.duration.ms': '15000',
    });
    const text = await waitFor('the settings', async () => {
      const found = await cli.ok('configs', ['--describe', '--entity-type', 'groups', '--entity-name', group]);
      return found.includes('share.auto.offset.reset=earliest') ? found : null;
    });
    expect(text).toContain('share.record.lock.duration.ms=15000');
    const bad = await cli.run('configs', [
      '--alter',
      '--entity-type',
      'groups',
      '--entity-name',
      group,
      '--add-config',
      'share.auto.offset.reset=sometimes',
    ]);
    expect(bad.exitCode).toBe(1);
    expect(bad.stdout + bad.stderr).toContain('InvalidConfigurationException');
  });
});

async function newTopic(): Promise<string> {
  const topic = wire.unique('topic');
  await cli.createTopic(topic);
  return topic;
}

describe('LogDirsCommand', () => {
  it('reports the size of a partition', async () => {
    const topic = wire.unique('dirs');
    await cli.createTopic(topic);
    await cli.produce(topic, numbered('line', 100));
    const text = await cli.ok('logDirs', ['--describe', '--topic-list', topic]);
    const line = linesOf(text).find((each) => each.startsWith('{')) ?? '{}';
    // The tool prints one JSON document after two lines of prose.
    type Report = {
      brokers: { logDirs: { error: string | null; partitions: { partition: string; size: number }[] }[] }[];
    };
    const report = JSON.parse(line) as Report;
    const partitions = report.brokers.flatMap((broker) => broker.logDirs).flatMap((dir) => dir.partitions);
    expect(partitions).toEqual([expect.objectContaining({ partition: `${topic}-0` })]);
    expect(partitions[0]?.size).toBeGreaterThan(100);
  });
});

describe('ClusterTool', () => {
  const run = (...args: readonly string[]) =>
    wire.tools.mustRun(TOOL.cluster, [...args, '--bootstrap-server', wire.bootstrap]);

  it('prints the cluster id and the endpoints of its broker', async () => {
    expect(await run('cluster-id')).toMatch(/Cluster ID: [A-Za-z0-9_-]{22}/);
    expect(await run('list-endpoints')).toContain(wire.bootstrap.split(':')[1]);
  });
});

describe('BrokerApiVersionsCommand', () => {
  it('understands what the broker advertises', async () => {
    const text = await cli.ok('apiVersions', []);
    expect(text).toMatch(/Produce\(0\): \d+ to \d+/);
    expect(text).toMatch(/ShareFetch\(78\): 1 to 2/);
    expect(text).toMatch(/ShareGroupHeartbeat\(76\): 1/);
  });
});
