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

async function shared(
  lines: readonly string[],
  partitions = 1,
): Promise<{ readonly topic: string; readonly group: string }> {
  const topic = wire.unique('jobs');
  const group = wire.unique('workers');
  await cli.createTopic(topic, partitions);
  await cli.configure('groups', group, { 'share.auto.offset.reset': 'earliest' });
  if (lines.length > 0) await cli.produce(topic, lines);
  return { topic, group };
}

/** What the group takes when a new line arrives: that line alone, unless something older was still to be had. */
async function nextAfter(topic: string, group: string): Promise<readonly string[]> {
  await cli.produce(topic, ['marker']);
  const member = cli.start('consoleShareConsumer', ['--topic', topic, '--group', group]);
  await waitFor('the marker', () => member.lines.includes('marker'));
  await member.stop();
  return member.lines;
}

const DELIVERY = ['offset', 'delivery'].flatMap((field) => ['--formatter-property', `print.${field}=true`]);

describe('the console share consumer', () => {
  it('takes every line once and leaves none for the next member', async () => {
    const lines = numbered('job', 300);
    const { topic, group } = await shared(lines, 3);
    const args = ['--topic', topic, '--group', group];
    const taken = linesOf(await cli.ok('consoleShareConsumer', [...args, '--max-messages', '300']));
    expect([...taken].sort()).toEqual([...lines].sort());
    expect(await nextAfter(topic, group)).toEqual(['marker']);
  });

  it('shares one partition among three members without handing a line out twice', async () => {
    const { topic, group } = await shared([]);
    const members = [1, 2, 3].map(() => cli.start('consoleShareConsumer', ['--topic', topic, '--group', group]));
    await waitFor('three members', async () => {
      const { stdout } = await cli.run('shareGroups', ['--describe', '--group', group, '--members']);
      return linesOf(stdout).filter((line) => line.startsWith(group)).length === 3;
    });
    const lines = numbered('job', 2000);
    for (let at = 0; at < lines.length; at += 400) await cli.produce(topic, lines.slice(at, at + 400));
    const all = (): readonly string[] => members.flatMap((member) => member.lines);
    await waitFor('every line', () => all().length >= 2000);
    for (const member of members) await member.stop();
    expect([...all()].sort()).toEqual([...lines].sort());
  });

  it('starts at the end of a topic unless the group says otherwise', async () => {
    const topic = wire.unique('jobs');
    const group = wire.unique('workers');
    await cli.createTopic(topic);
    await cli.produce(topic, ['before']);
    const member = cli.start('consoleShareConsumer', ['--topic', topic, '--group', group]);
    // Nothing tells from outside when the member has its place at the end: lines are sent until one arrives.
    let sent = 0;
    await waitFor(
      'a line',
      async () => {
        sent += 1;
        await cli.produce(topic, [`after-${sent}`]);
        return member.lines.length > 0;
      },
      { pollMs: 200 },
    );
    await member.stop();
    expect(member.lines.every((line) => line.startsWith('after-'))).toBe(true);
  });

  it('hands a released line out again, with its delivery count, up to the limit', async () => {
    const { topic, group } = await shared(['poison']);
    const releaser = cli.start('consoleShareConsumer', ['--topic', topic, '--group', group, ...DELIVERY, '--release']);
    await waitFor('five deliveries', () => releaser.lines.length >= 5);
    await cli.produce(topic, ['fresh']);
    await waitFor('what comes after it', () => releaser.lines.length >= 6);
    await releaser.stop();
    const poisoned = [1, 2, 3, 4, 5].map((count) => `Offset:0\tDelivery:${count}\tpoison`);
    expect(releaser.lines.slice(0, 6)).toEqual([...poisoned, 'Offset:1\tDelivery:1\tfresh']);
  });

  it('obeys a delivery limit of its group', async () => {
    const { topic, group } = await shared(['poison']);
    await cli.configure('groups', group, { 'share.delivery.count.limit': '2' });
    const releaser = cli.start('consoleShareConsumer', ['--topic', topic, '--group', group, ...DELIVERY, '--release']);
    await waitFor('two deliveries', () => releaser.lines.length >= 2);
    await cli.produce(topic, ['fresh']);
    await waitFor('what comes after it', () => releaser.lines.length >= 3);
    await releaser.stop();
    const poisoned = [1, 2].map((count) => `Offset:0\tDelivery:${count}\tpoison`);
    expect(releaser.lines.slice(0, 3)).toEqual([...poisoned, 'Offset:1\tDelivery:1\tfresh']);
  });

  it('never sees a rejected line again', async () => {
    const { topic, group } = await shared(numbered('bad', 5));
    const args = ['--topic', topic, '--group', group];
    const rejected = linesOf(await cli.ok('consoleShareConsumer', [...args, '--reject', '--max-messages', '5']));
    expect(rejected).toHaveLength(5);
    expect(await nextAfter(topic, group)).toEqual(['marker']);
  });
});

describe('the verifiable share consumer', () => {
  it.each(['auto', 'sync', 'async'])('acknowledges everything in mode %s', async (mode) => {
    const { topic, group } = await shared([], 2);
    await cli.ok('verifiableProducer', ['--topic', topic, '--max-messages', '1000']);
    const member = cli.start('verifiableShareConsumer', [
      '--topic',
      topic,
      '--group-id',
      group,
      '--acknowledgement-mode',
      mode,
      '--verbose',
    ]);
    const total = (name: string): number =>
      eventsOf(member.lines)
        .filter((event) => event['name'] === name)
        .reduce((sum, event) => sum + Number(event['count']), 0);
    await waitFor('every acknowledgement', () => total('offsets_acknowledged') === 1000);
    await member.stop();
    expect(total('records_consumed')).toBe(1000);
    const seen = eventsOf(member.lines).filter((event) => event['name'] === 'record_data');
    expect(new Set(seen.map((event) => `${String(event['partition'])}:${String(event['offset'])}`)).size).toBe(1000);
    expect(
      eventsOf(member.lines).every((event) => event['name'] !== 'offsets_acknowledged' || event['success'] === true),
    ).toBe(true);
  });
});

describe('the share consumer performance tool', () => {
  it('counts every record with two threads', async () => {
    const { topic, group } = await shared([], 2);
    await cli.ok('producerPerformance', [
      '--topic',
      topic,
      '--num-records',
      '20000',
      '--record-size',
      '100',
      '--throughput',
      '-1',
    ]);
    const text = await cli.ok('shareConsumerPerformance', [
      '--topic',
      topic,
      '--group',
      group,
      '--num-records',
      '20000',
      '--threads',
      '2',
      '--timeout',
      '20000',
    ]);
    const [header = '', values = ''] = linesOf(text);
    const at = header.split(',').findIndex((name) => name.trim() === 'data.consumed.in.nMsg');
    expect(Number(values.split(',')[at])).toBeGreaterThanOrEqual(20_000);
  });
});
