import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cli, cliOf, eventsOf, linesOf, numbered } from '../harness/cli.ts';
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

async function topicWith(lines: readonly string[], partitions = 1): Promise<string> {
  const topic = wire.unique('stream');
  await cli.createTopic(topic, partitions);
  if (lines.length > 0) await cli.produce(topic, lines);
  return topic;
}

async function readAll(topic: string, count: number, more: readonly string[] = []): Promise<readonly string[]> {
  const args = [
    '--topic',
    topic,
    '--from-beginning',
    '--max-messages',
    String(count),
    '--timeout-ms',
    '30000',
    ...more,
  ];
  return linesOf(await cli.ok('consoleConsumer', args));
}

describe('the console producer and consumer', () => {
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('bring every line across with %s', async (codec) => {
    const topic = await topicWith([]);
    const lines = numbered(`${codec} äöü 日本語`, 500);
    await cli.produce(topic, lines, ['--compression-codec', codec]);
    expect(await readAll(topic, 500)).toEqual(lines);
  });

  it.each(['0', '1', 'all'])('bring every line across with acks=%s', async (acks) => {
    const topic = await topicWith([]);
    const lines = numbered(`acks ${acks}`, 50);
    const idempotence = acks === 'all' ? 'true' : 'false';
    await cli.produce(topic, lines, [
      '--command-property',
      `acks=${acks}`,
      '--command-property',
      `enable.idempotence=${idempotence}`,
    ]);
    expect(await readAll(topic, 50)).toEqual(lines);
  });

  it('carry keys, headers, timestamps, partitions and offsets', async () => {
    const topic = await topicWith([]);
    const input = 'trace:1,lang:de\tkey-a\thallo\nNULL\tkey-b\tNULL\n';
    await cli.ok(
      'consoleProducer',
      [
        '--topic',
        topic,
        ...['parse.key=true', 'parse.headers=true', 'null.marker=NULL'].flatMap((each) => ['--reader-property', each]),
      ],
      { stdin: input },
    );
    const printed = ['key', 'headers', 'timestamp', 'partition', 'offset'].flatMap((field) => [
      '--formatter-property',
      `print.${field}=true`,
    ]);
    const [first = '', second = ''] = await readAll(topic, 2, printed);
    expect(first).toMatch(/^CreateTime:\d{13}\tPartition:0\tOffset:0\ttrace:1,lang:de\tkey-a\thallo$/);
    expect(second).toMatch(/^CreateTime:\d{13}\tPartition:0\tOffset:1\tNO_HEADERS\tkey-b\tnull$/);
  });

  it('create a topic by producing to it, with the default partitions', async () => {
    const topic = wire.unique('auto');
    await cli.produce(topic, ['first']);
    expect(await readAll(topic, 1)).toEqual(['first']);
  });

  it('read one partition from an offset', async () => {
    const topic = await topicWith(numbered('line', 10));
    const args = ['--topic', topic, '--partition', '0', '--offset', '7', '--max-messages', '3'];
    expect(linesOf(await cli.ok('consoleConsumer', args))).toEqual(['line-7', 'line-8', 'line-9']);
  });

  it('wait for records that come later', async () => {
    const topic = await topicWith(['one']);
    const consumer = cli.start('consoleConsumer', ['--topic', topic, '--from-beginning']);
    await waitFor('the first line', () => consumer.lines.length === 1);
    await cli.produce(topic, ['two', 'three']);
    await waitFor('all lines', () => consumer.lines.length === 3);
    await consumer.stop();
    expect(consumer.lines).toEqual(['one', 'two', 'three']);
  });

  it('refuse a record larger than the topic allows', async () => {
    const topic = wire.unique('small');
    await cli.createTopic(topic, 1, { 'max.message.bytes': '2000' });
    const result = await cli.run('consoleProducer', ['--topic', topic], { stdin: `${'x'.repeat(5000)}\n` });
    expect(result.exitCode).toBe(0);
    expect(linesOf(await cli.ok('getOffsets', ['--topic', topic]))).toEqual([`${topic}:0:0`]);
    await cli.produce(topic, ['fits']);
    expect(await readAll(topic, 1)).toEqual(['fits']);
  });

  it('resume a group where it committed', async () => {
    const topic = await topicWith(numbered('line', 20));
    const group = wire.unique('group');
    const read = (count: number): Promise<readonly string[]> =>
      readAll(topic, count, ['--group', group, '--command-property', 'max.poll.records=1']);
    expect(await read(8)).toEqual(numbered('line', 8));
    expect(await read(12)).toEqual(numbered('line', 20).slice(8));
  });

  it('read transactions as read_committed where there are none', async () => {
    const topic = await topicWith(numbered('line', 5));
    expect(await readAll(topic, 5, ['--isolation-level', 'read_committed'])).toEqual(numbered('line', 5));
  });
});

describe('the verifiable producer and consumer', () => {
  it('agree on every record, its partition and offset', async () => {
    const topic = await topicWith([], 3);
    const produced = await cli.ok('verifiableProducer', ['--topic', topic, '--max-messages', '3000']);
    const sent = eventsOf(linesOf(produced));
    expect(sent.filter((event) => event['name'] === 'producer_send_success')).toHaveLength(3000);
    expect(sent.at(-1)).toMatchObject({ name: 'tool_data', sent: 3000, acked: 3000 });
    const group = wire.unique('group');
    const consumed = await cli.ok('verifiableConsumer', [
      '--topic',
      topic,
      '--group-id',
      group,
      '--max-messages',
      '3000',
      '--verbose',
    ]);
    const events = eventsOf(linesOf(consumed));
    const key = (event: Readonly<Record<string, unknown>>): string =>
      `${String(event['partition'])}:${String(event['offset'])}:${String(event['value'])}`;
    const read = events
      .filter((event) => event['name'] === 'record_data')
      .map(key)
      .sort();
    expect(read).toEqual(
      sent
        .filter((event) => event['name'] === 'producer_send_success')
        .map(key)
        .sort(),
    );
    expect(events.some((event) => event['name'] === 'offsets_committed' && event['success'] === true)).toBe(true);
  });

  it('share the partitions of a topic among the members of a group, and take over from one that leaves', async () => {
    const topic = await topicWith([], 4);
    const group = wire.unique('group');
    const member = () => cli.start('verifiableConsumer', ['--topic', topic, '--group-id', group]);
    const assigned = (lines: readonly string[]): number => {
      const last = eventsOf(lines).findLast((event) => event['name'] === 'partitions_assigned');
      return Array.isArray(last?.['partitions']) ? last['partitions'].length : 0;
    };
    const first = member();
    await waitFor('one member has all', () => assigned(first.lines) === 4);
    const second = member();
    await waitFor('each has half', () => assigned(first.lines) === 2 && assigned(second.lines) === 2);
    await first.stop();
    await waitFor('the other has all', () => assigned(second.lines) === 4);
    await second.stop();
  });
});

describe('the performance tools', () => {
  it('produce and consume at whatever rate, and count every record', async () => {
    const topic = await topicWith([], 2);
    const produced = await cli.ok('producerPerformance', [
      '--topic',
      topic,
      '--num-records',
      '20000',
      '--record-size',
      '200',
      '--throughput',
      '-1',
      '--command-property',
      'compression.type=lz4',
    ]);
    expect(produced).toMatch(/20000 records sent/);
    const consumed = await cli.ok('consumerPerformance', ['--topic', topic, '--num-records', '20000', '--hide-header']);
    const fields = (linesOf(consumed).at(-1) ?? '').split(',').map((field) => field.trim());
    expect(Number(fields[4])).toBe(20_000);
  });

  it('measure the way of a record from end to end', async () => {
    const topic = await topicWith([]);
    const text = await wire.tools.mustRun('org.apache.kafka.tools.EndToEndLatency', [
      wire.bootstrap,
      topic,
      '200',
      'all',
      '100',
    ]);
    expect(text).toMatch(/Percentiles: 50th = \d+, 99th = \d+, 99\.9th = \d+/);
  });
});
