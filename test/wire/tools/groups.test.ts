import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cli, cellsOf, cliOf, linesOf, numbered } from '../harness/cli.ts';
import { openWire, type Wire } from '../harness/session.ts';
import type { RunningTool } from '../harness/tool-host.ts';
import { waitFor } from '../harness/wait.ts';

let wire: Wire;
let cli: Cli;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ wire, close } = await openWire());
  cli = cliOf(wire);
});
afterAll(() => close());

async function consumedGroup(count: number): Promise<{ readonly topic: string; readonly group: string }> {
  const topic = wire.unique('topic');
  const group = wire.unique('group');
  await cli.createTopic(topic);
  await cli.produce(topic, numbered('line', 10));
  await cli.ok('consoleConsumer', [
    '--topic',
    topic,
    '--group',
    group,
    '--from-beginning',
    '--max-messages',
    String(count),
    '--command-property',
    'max.poll.records=1',
  ]);
  return { topic, group };
}

/** The row of a table with its columns by name. */
function rowOf(text: string, topic: string): Readonly<Record<string, string>> {
  const rows = cellsOf(text);
  const header = rows.find((row) => row.includes('PARTITION')) ?? [];
  const row = rows.find((each) => each.includes(topic)) ?? [];
  return Object.fromEntries(header.map((name, index) => [name, row[index] ?? '']));
}

async function describeGroup(group: string, ...more: readonly string[]): Promise<string> {
  return cli.ok('consumerGroups', ['--describe', '--group', group, ...more]);
}

describe('ConsumerGroupCommand', () => {
  it('lists groups and shows offsets and lag of an empty one', async () => {
    const { topic, group } = await consumedGroup(6);
    expect(linesOf(await cli.ok('consumerGroups', ['--list']))).toContain(group);
    expect(rowOf(await describeGroup(group), topic)).toMatchObject({
      GROUP: group,
      TOPIC: topic,
      PARTITION: '0',
      'CURRENT-OFFSET': '6',
      'LOG-END-OFFSET': '10',
      LAG: '4',
      'CONSUMER-ID': '-',
    });
  });

  it('lists states, and describes state and members of a group at work', async () => {
    const topic = wire.unique('topic');
    const group = wire.unique('group');
    await cli.createTopic(topic, 2);
    const member: RunningTool = cli.start('consoleConsumer', [
      '--topic',
      topic,
      '--group',
      group,
      '--command-property',
      'client.id=worker',
    ]);
    try {
      await waitFor('the group is stable', async () => (await describeGroup(group, '--state')).includes('Stable'));
      const state = await describeGroup(group, '--state');
      expect(state).toMatch(/range/);
      const members = await describeGroup(group, '--members', '--verbose');
      expect(members).toContain('worker');
      expect(members).toMatch(new RegExp(`${topic}[:(]0,1`));
      const list = await cli.ok('consumerGroups', ['--list', '--state', 'stable']);
      expect(list).toMatch(new RegExp(`${group}\\s+(Classic|classic)?\\s*Stable`));
      const refused = await cli.run('consumerGroups', ['--delete', '--group', group]);
      expect(refused.stdout + refused.stderr).toContain('GroupNotEmptyException');
    } finally {
      await member.stop();
    }
  });

  it('resets offsets of an empty group, after a dry run that changes nothing', async () => {
    const { topic, group } = await consumedGroup(6);
    const reset = (...args: readonly string[]) =>
      cli.ok('consumerGroups', ['--reset-offsets', '--group', group, '--topic', topic, ...args]);
    await reset('--to-earliest', '--dry-run');
    expect(rowOf(await describeGroup(group), topic)).toMatchObject({ 'CURRENT-OFFSET': '6' });
    await reset('--to-earliest', '--execute');
    expect(rowOf(await describeGroup(group), topic)).toMatchObject({ 'CURRENT-OFFSET': '0' });
    await reset('--to-offset', '4', '--execute');
    expect(rowOf(await describeGroup(group), topic)).toMatchObject({ 'CURRENT-OFFSET': '4', LAG: '6' });
    await reset('--to-latest', '--execute');
    expect(rowOf(await describeGroup(group), topic)).toMatchObject({ 'CURRENT-OFFSET': '10', LAG: '0' });
    await reset('--shift-by', '-3', '--execute');
    const rest = await cli.ok('consoleConsumer', ['--topic', topic, '--group', group, '--max-messages', '3']);
    expect(linesOf(rest)).toEqual(['line-7', 'line-8', 'line-9']);
  });

  it('refuses to reset the offsets of a group with members', async () => {
    const topic = wire.unique('topic');
    const group = wire.unique('group');
    await cli.createTopic(topic);
    await cli.produce(topic, ['one']);
    const member = cli.start('consoleConsumer', ['--topic', topic, '--group', group, '--from-beginning']);
    try {
      await waitFor('the member reads', () => member.lines.length === 1);
      const { stdout, stderr } = await cli.run('consumerGroups', [
        '--reset-offsets',
        '--group',
        group,
        '--topic',
        topic,
        '--to-earliest',
        '--execute',
      ]);
      expect(stdout + stderr).toMatch(/can only be reset if the group .* is inactive/);
    } finally {
      await member.stop();
    }
  });

  it('deletes an empty group', async () => {
    const { group } = await consumedGroup(2);
    await cli.ok('consumerGroups', ['--delete', '--group', group]);
    await waitFor(
      'the group is gone',
      async () => !linesOf(await cli.ok('consumerGroups', ['--list'])).includes(group),
    );
    const absent = await cli.run('consumerGroups', ['--delete', '--group', group]);
    expect(absent.stdout + absent.stderr).toContain('GroupIdNotFoundException');
  });
});

describe('ShareGroupCommand', () => {
  it('lists a share group and describes its state, members and offsets', async () => {
    const topic = wire.unique('topic');
    const group = wire.unique('share');
    await cli.createTopic(topic, 2);
    await cli.configure('groups', group, { 'share.auto.offset.reset': 'earliest' });
    await cli.produce(topic, numbered('line', 10));
    const member = cli.start('consoleShareConsumer', [
      '--topic',
      topic,
      '--group',
      group,
      '--command-property',
      'client.id=sharer',
    ]);
    const describeShare = (...more: readonly string[]) =>
      cli.ok('shareGroups', ['--describe', '--group', group, ...more]);
    try {
      await waitFor('every line', () => member.lines.length === 10);
      expect(linesOf(await cli.ok('shareGroups', ['--list']))).toContain(group);
      expect(await cli.ok('shareGroups', ['--list', '--state'])).toMatch(new RegExp(`${group}\\s+Stable`));
      expect(await describeShare('--state')).toMatch(/Stable/);
      const members = await describeShare('--members', '--verbose');
      expect(members).toContain('sharer');
      expect(members).toMatch(new RegExp(`${topic}[:(]0,1`));
    } finally {
      await member.stop();
    }
    // The start offset may follow later, and is a dash where nothing was finished yet: the lag says what is left.
    await waitFor('no lag', async () => {
      const rows = cellsOf(await describeShare('--offsets')).filter((row) => row[1] === topic);
      return (
        rows.length === 2 && rows.some((row) => row[4] === '0') && rows.every((row) => row[4] === '0' || row[3] === '-')
      );
    });
    expect(await describeShare('--state')).toMatch(/Empty/);
  });

  it('resets offsets of a group without members, after a dry run that changes nothing', async () => {
    const topic = wire.unique('topic');
    const group = wire.unique('share');
    await cli.createTopic(topic);
    await cli.configure('groups', group, { 'share.auto.offset.reset': 'earliest' });
    await cli.produce(topic, numbered('line', 10));
    const args = ['--topic', topic, '--group', group];
    await cli.ok('consoleShareConsumer', [...args, '--max-messages', '10']);
    const start = async (): Promise<string | undefined> => {
      const rows = cellsOf(await cli.ok('shareGroups', ['--describe', '--group', group, '--offsets']));
      return rows.find((row) => row[1] === topic)?.[3];
    };
    const reset = (...more: readonly string[]) => cli.ok('shareGroups', ['--reset-offsets', ...args, ...more]);
    await waitFor('nobody is there', async () =>
      (await cli.ok('shareGroups', ['--describe', '--group', group, '--state'])).includes('Empty'),
    );
    const before = await start();
    await reset('--to-earliest', '--dry-run');
    expect(await start()).toBe(before);
    await reset('--to-latest', '--execute');
    expect(await start()).toBe('10');
    await reset('--to-earliest', '--execute');
    expect(await start()).toBe('0');
    const again = linesOf(await cli.ok('consoleShareConsumer', [...args, '--max-messages', '10']));
    expect([...again].sort()).toEqual([...numbered('line', 10)].sort());
  });

  it('starts a group that nobody was in where it is told, and deletes its offsets again', async () => {
    const topic = wire.unique('topic');
    const group = wire.unique('share');
    await cli.createTopic(topic, 2);
    await cli.produce(topic, numbered('line', 10));
    const args = ['--group', group, '--topic', topic];
    await cli.ok('shareGroups', ['--reset-offsets', ...args, '--to-earliest', '--execute']);
    const described = await cli.ok('shareGroups', ['--describe', '--group', group, '--offsets']);
    const rows = cellsOf(described).filter((row) => row[1] === topic);
    expect(rows.map((row) => [row[2], row[3]]).sort()).toEqual([
      ['0', '0'],
      ['1', '0'],
    ]);
    expect(rows.reduce((sum, row) => sum + Number(row[4]), 0)).toBe(10);
    const deleted = await cli.ok('shareGroups', ['--delete-offsets', ...args]);
    expect(deleted).toMatch(new RegExp(`${topic}\\s+Successful`));
    const gone = await cli.ok('shareGroups', ['--describe', '--group', group, '--offsets']);
    expect(cellsOf(gone).filter((row) => row[1] === topic)).toEqual([]);
  });

  it('refuses to change the offsets of a group with members', async () => {
    const topic = wire.unique('topic');
    const group = wire.unique('share');
    await cli.createTopic(topic);
    await cli.configure('groups', group, { 'share.auto.offset.reset': 'earliest' });
    await cli.produce(topic, ['one']);
    const args = ['--group', group, '--topic', topic];
    const member = cli.start('consoleShareConsumer', args);
    try {
      await waitFor('the member reads', () => member.lines.length === 1);
      const reset = await cli.run('shareGroups', ['--reset-offsets', ...args, '--to-earliest', '--execute']);
      expect(reset.stdout + reset.stderr).toMatch(/GroupNotEmptyException|not empty|active/i);
      const deleted = await cli.run('shareGroups', ['--delete-offsets', ...args]);
      expect(deleted.stdout + deleted.stderr).toMatch(/GroupNotEmptyException|not empty|active/i);
    } finally {
      await member.stop();
    }
  });

  it('is kept apart from the consumer groups', async () => {
    const topic = wire.unique('topic');
    const group = wire.unique('share');
    await cli.createTopic(topic);
    await cli.configure('groups', group, { 'share.auto.offset.reset': 'earliest' });
    await cli.produce(topic, ['one']);
    await cli.ok('consoleShareConsumer', ['--topic', topic, '--group', group, '--max-messages', '1']);
    expect(linesOf(await cli.ok('consumerGroups', ['--list']))).not.toContain(group);
    expect(await cli.ok('groups', ['--list', '--share'])).toMatch(new RegExp(`${group}\\s+Share\\s+share`));
    // The tool logs the refusal and ends with 0: what counts is that it reads nothing.
    const classic = await cli.run('consoleConsumer', [
      '--topic',
      topic,
      '--group',
      group,
      '--from-beginning',
      '--timeout-ms',
      '3000',
    ]);
    expect(classic.stdout).toBe('');
  });

  it('reports a group that does not exist', async () => {
    const { stdout, stderr } = await cli.run('shareGroups', ['--describe', '--group', wire.unique('absent')]);
    expect(stdout + stderr).toMatch(/not found|does not exist/);
  });
});
