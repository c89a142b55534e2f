import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CLIENTS_VERSION, ensureClients44 } from '../../setup/kafka.ts';
import { type Cli, cellsOf, cliOf, eventsOf, linesOf, numbered } from '../harness/cli.ts';
import { openWire, type Wire } from '../harness/session.ts';
import { startToolHost, ToolHost } from '../harness/tool-host.ts';
import type { Child } from '../harness/child.ts';
import { waitFor } from '../harness/wait.ts';

let wire: Wire;
let cli: Cli;
let newest: { readonly tools: ToolHost; readonly child: Child; readonly directory: string };
let close: () => Promise<void>;

beforeAll(async () => {
  ({ wire, close } = await openWire());
  cli = cliOf(wire);
  const directory = await mkdtemp(join(tmpdir(), 'weir-java-'));
  const { port, child } = await startToolHost(await ensureClients44(), directory);
  newest = { tools: await ToolHost.connect(port), child, directory };
});
afterAll(async () => {
  newest.tools.close();
  await newest.child.kill();
  await rm(newest.directory, { recursive: true, force: true });
  await close();
});

type Taken = { readonly partition: number; readonly offset: number; readonly value: string; readonly delivery: number };
type Step = {
  readonly step: string;
  readonly records?: readonly Taken[];
  readonly errors?: Readonly<Record<string, string | null>>;
};

const EXPLICIT = 'share.acknowledgement.mode=explicit';

function script(tools: ToolHost, group: string, topic: string, steps: readonly string[]) {
  const running = tools.start({ className: 'ShareMember', args: [wire.bootstrap, group, topic, ...steps] });
  // Each line that ShareMember prints is one of these.
  const done = running.done.then(({ exitCode, stdout, stderr }) => {
    if (exitCode !== 0) throw new Error(stderr);
    return eventsOf(linesOf(stdout)) as unknown as readonly Step[];
  });
  done.catch(() => undefined);
  return { running, done };
}

const offsets = (step: Step | undefined): readonly number[] =>
  (step?.records ?? []).map(({ offset }) => offset).sort((a, b) => a - b);
const counts = (step: Step | undefined): readonly number[] => [
  ...new Set((step?.records ?? []).map(({ delivery }) => delivery)),
];
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

async function shared(
  count: number,
  config: Readonly<Record<string, string>> = {},
): Promise<{ readonly topic: string; readonly group: string }> {
  const topic = wire.unique('jobs');
  const group = wire.unique('workers');
  await cli.createTopic(topic);
  await cli.configure('groups', group, { 'share.auto.offset.reset': 'earliest', ...config });
  await cli.produce(topic, numbered('job', count));
  return { topic, group };
}

describe.each(["the tools' own kafka-clients", `kafka-clients ${CLIENTS_VERSION}`])(
  'a share consumer of %s',
  (library) => {
    const tools = (): ToolHost => (library.endsWith(CLIENTS_VERSION) ? newest.tools : wire.tools);
    const member = (group: string, topic: string, ...steps: readonly string[]) =>
      script(tools(), group, topic, [EXPLICIT, ...steps]);

    it('accepts, rejects and releases by offset: only what was released comes again', async () => {
      const { topic, group } = await shared(10);
      const [take, commit, again, last] = await member(
        group,
        topic,
        'take=10',
        'accept=0-3',
        'reject=4-5',
        'release=6-9',
        'commit',
        'take=4',
        'accept=6-9',
        'commit',
      ).done;
      expect(offsets(take)).toEqual(range(0, 10));
      expect(counts(take)).toEqual([1]);
      expect(commit?.errors).toEqual({ 0: null });
      expect(offsets(again)).toEqual([6, 7, 8, 9]);
      expect(counts(again)).toEqual([2]);
      expect(last?.errors).toEqual({ 0: null });
      await cli.produce(topic, ['marker']);
      const [rest] = await member(group, topic, 'take=1').done;
      expect(offsets(rest)).toEqual([10]);
    });

    it('hands to the next member what a closed one has not acknowledged, counting the delivery', async () => {
      const { topic, group } = await shared(6);
      await member(group, topic, 'take=6', 'accept=0-1', 'commit').done;
      const [taken] = await member(group, topic, 'take=4', 'accept=2-5', 'commit').done;
      expect(offsets(taken)).toEqual([2, 3, 4, 5]);
      expect(counts(taken)).toEqual([2]);
    });

    it('loses a record whose lock expires, and is told when it acknowledges late', async () => {
      const { topic, group } = await shared(3, { 'share.record.lock.duration.ms': '1500' });
      const [first, late] = await member(group, topic, 'take=3', 'sleep=3000', 'accept=0-2', 'commit').done;
      expect(offsets(first)).toEqual([0, 1, 2]);
      expect(late?.errors).toEqual({ 0: 'InvalidRecordStateException' });
      const [again] = await member(group, topic, 'take=3', 'accept=0-2', 'commit').done;
      expect(counts(again)).toEqual([2]);
    });

    it('keeps a record beyond the lock by renewing it', async () => {
      const { topic, group } = await shared(1, { 'share.record.lock.duration.ms': '2000' });
      const holder = member(
        group,
        topic,
        'take=1',
        'sleep=1200',
        'renew=0-0',
        'commit',
        'sleep=1200',
        'take=1',
        'accept=0-0',
        'commit',
      );
      await waitFor('the holder has it', () => holder.running.lines.length > 0);
      const [other] = await member(group, topic, 'poll=3500').done;
      const [, renewed, , accepted] = await holder.done;
      expect(renewed?.errors).toEqual({ 0: null });
      expect(accepted?.errors).toEqual({ 0: null });
      expect(offsets(other)).toEqual([]);
    });

    it('takes no more than max.poll.records under record_limit and whole batches otherwise', async () => {
      const limited = await shared(50);
      const [few] = await member(
        limited.group,
        limited.topic,
        'share.acquire.mode=record_limit',
        'max.poll.records=7',
        'take=1',
      ).done;
      expect(offsets(few)).toEqual(range(0, 7));
      const whole = await shared(50);
      const [many] = await member(whole.group, whole.topic, 'max.poll.records=7', 'take=1').done;
      expect(offsets(many)).toEqual(range(0, 50));
    });

    it('sends a poison record alone towards the delivery limit and archives it there', async () => {
      const { topic, group } = await shared(4, { 'share.delivery.count.limit': '3' });
      const steps = range(0, 30).flatMap(() => ['poll=200']);
      const seen = await script(tools(), group, topic, [
        EXPLICIT,
        'take=4',
        'accept=0-2',
        'release=3-3',
        'commit',
        'take=1',
        'release=3-3',
        'commit',
        'take=1',
        'release=3-3',
        'commit',
        ...steps.slice(0, 5),
      ]).done;
      const deliveries = seen
        .flatMap((step) => step.records ?? [])
        .filter(({ offset }) => offset === 3)
        .map(({ delivery }) => delivery);
      expect(deliveries).toEqual([1, 2, 3]);
    });

    it('acknowledges implicitly what the next poll finds taken', async () => {
      const { topic, group } = await shared(20);
      const [taken] = await script(tools(), group, topic, ['take=20', 'poll=500']).done;
      expect(offsets(taken)).toEqual(range(0, 20));
      await cli.produce(topic, ['marker']);
      const [rest] = await script(tools(), group, topic, ['take=1']).done;
      expect(offsets(rest)).toEqual([20]);
    });

    const keyed = ['parse.key=true', 'key.separator=:'].flatMap((each) => ['--reader-property', each]);
    const partitionsOf = (step: Step | undefined): readonly number[] => [
      ...new Set((step?.records ?? []).map(({ partition }) => partition)),
    ];

    /** Each waits 20 s at most, within which Kafka's members do not hear of every change. */
    const awaited = (count: number): readonly string[] =>
      Array.from({ length: wire.peer === 'kafka' ? 3 : 1 }, () => `take=${count}`);
    const joined = ([, ...later]: readonly Step[]): Step => ({
      step: 'take',
      records: later.flatMap(({ records }) => records ?? []),
    });

    it('is given partitions that are added while it polls, from their first record although the group reads what is new', async () => {
      const topic = wire.unique('growing');
      const group = wire.unique('workers');
      await cli.createTopic(topic);
      const { running, done } = script(tools(), group, topic, ['take=5', ...awaited(60)]);
      // Until its start is chosen there is nothing new.
      await waitFor('it took five', async () => {
        if (running.lines.length === 0) await cli.produce(topic, numbered('before', 5));
        return running.lines.length > 0;
      });
      const before = eventsOf(running.lines)[0] as unknown as Step;
      await cli.ok('topics', ['--alter', '--topic', topic, '--partitions', '4']);
      await cli.produce(
        topic,
        [...Array(60).keys()].map((at) => `key-${at}:after-${at}`),
        keyed,
      );
      const after = joined(await done);
      expect(partitionsOf(before)).toEqual([0]);
      expect([...partitionsOf(after)].sort()).toEqual([0, 1, 2, 3]);
      for (const partition of [1, 2, 3]) {
        const taken = (after.records ?? []).filter((record) => record.partition === partition);
        expect(taken.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(range(0, taken.length));
      }
    });

    it('goes on with a topic that is deleted and made anew while it polls', async () => {
      const { topic, group } = await shared(5);
      const { running, done } = script(tools(), group, topic, ['take=5', ...awaited(5)]);
      await waitFor('it took five', () => running.lines.length > 0);
      await cli.ok('topics', ['--delete', '--topic', topic]);
      // Made by whoever asks for it first, the producer or the member.
      await cli.produce(topic, numbered('again', 5));
      const after = joined(await done);
      expect((after.records ?? []).map(({ value }) => value).sort()).toEqual(numbered('again', 5));
      expect(offsets(after)).toEqual(range(0, 5));
      expect(counts(after)).toEqual([1]);
    });
  },
);

describe(`the tools with kafka-clients ${CLIENTS_VERSION}`, () => {
  const cli44 = (): Cli => cliOf({ bootstrap: wire.bootstrap, tools: newest.tools });

  it('create, describe and configure a topic', async () => {
    const topic = wire.unique('newest');
    await cli44().createTopic(topic, 2);
    await cli44().configure('topics', topic, { 'retention.ms': '5000000' });
    await waitFor('the setting', async () =>
      (await cli44().ok('topics', ['--describe', '--topic', topic])).includes('retention.ms=5000000'),
    );
  });

  it('produce, consume in a group and show its lag', async () => {
    const topic = wire.unique('newest');
    const group = wire.unique('group');
    await cli44().createTopic(topic);
    await cli44().produce(topic, numbered('line', 30), ['--compression-codec', 'zstd']);
    const args = ['--topic', topic, '--group', group, '--from-beginning', '--max-messages', '30'];
    expect(linesOf(await cli44().ok('consoleConsumer', args))).toEqual(numbered('line', 30));
    const row = cellsOf(await cli44().ok('consumerGroups', ['--describe', '--group', group])).find(
      (cells) => cells[1] === topic,
    );
    expect(row?.slice(2, 6)).toEqual(['0', '30', '30', '0']);
  });

  it('share-consume and describe the group', async () => {
    const { topic, group } = await shared(30);
    const taken = await cli44().ok('consoleShareConsumer', [
      '--topic',
      topic,
      '--group',
      group,
      '--max-messages',
      '30',
    ]);
    expect(linesOf(taken)).toEqual(numbered('job', 30));
    expect(await cli44().ok('shareGroups', ['--describe', '--group', group, '--offsets'])).toContain(topic);
  });
});
