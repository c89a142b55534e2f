import { GroupBench } from './bench.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const GROUP = 'g';
const DEFAULTS = { 'offsets.retention.minutes': '10', 'offsets.retention.check.interval.ms': '60000' };

/** What one line of a script does. */
type Verb = (bench: GroupBench, words: readonly string[], options: Readonly<Record<string, string>>) => void;

const VERBS: Readonly<Record<string, Verb>> = {
  topic: (bench, [name = '', partitions = '1']) => {
    bench.view.setTopic(name, Number(partitions));
    bench.tell({ kind: 'metadataChanged', topicNames: [name], deletedTopics: [] });
  },
  'delete-topic': (bench, [name = '']) => {
    const topicId = bench.view.topicByName(name)?.id ?? '';
    bench.view.removeTopic(name);
    bench.tell({ kind: 'metadataChanged', topicNames: [], deletedTopics: [{ name, topicId }] });
  },
  join: (bench, [name = ''], options) => {
    const { member = '', instance, protocols = 'range', metadata = `of-${name}`, known, skip } = options;
    bench.send(
      {
        kind: 'joinGroup',
        groupId: GROUP,
        client: { clientId: 'client', clientHost: '/host' },
        memberId: member,
        newMemberId: name,
        groupInstanceId: instance ?? null,
        protocolType: 'consumer',
        protocols: protocols.split('+').map((protocol) => ({ name: protocol, metadata: encode(metadata) })),
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 60_000,
        requireKnownMemberId: known === 'yes',
        supportsSkippingAssignment: skip === 'yes',
      },
      `join ${name}`,
    );
  },
  sync: (bench, [memberId = '', generation = '1'], assignments) => {
    bench.send(
      {
        kind: 'syncGroup',
        groupId: GROUP,
        generationId: Number(generation),
        memberId,
        groupInstanceId: null,
        protocolType: null,
        protocolName: null,
        assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: encode(text) })),
      },
      `sync ${memberId}`,
    );
  },
  beat: (bench, [memberId = '', generation = '1'], { instance }) => {
    const command = { kind: 'heartbeat', groupId: GROUP, generationId: Number(generation), memberId } as const;
    bench.send({ ...command, groupInstanceId: instance ?? null }, `beat ${memberId}`);
  },
  leave: (bench, memberIds) => {
    const members = memberIds.map((memberId) => ({ memberId, groupInstanceId: null }));
    bench.send({ kind: 'leaveGroup', groupId: GROUP, members }, `leave ${memberIds.join(' ')}`);
  },
  commit: (bench, [memberId = '', generation = '-1'], offsets) => {
    bench.send(
      {
        kind: 'offsetCommit',
        groupId: GROUP,
        memberId: memberId === '-' ? '' : memberId,
        groupInstanceId: null,
        generationIdOrMemberEpoch: Number(generation),
        supportsMemberEpochs: false,
        offsets: Object.entries(offsets).map(([place, offset]) => {
          const [topic = '', partition = '0'] = place.split('-');
          const topicId = bench.view.topicByName(topic)?.id ?? '';
          return {
            topic,
            topicId,
            partition: Number(partition),
            offset: Number(offset),
            leaderEpoch: -1,
            metadata: null,
          };
        }),
      },
      `commit ${memberId}`,
    );
  },
  share: (bench, [memberId = '', epoch = '0', ...topics]) => {
    bench.send(
      {
        kind: 'shareHeartbeat',
        groupId: GROUP,
        client: { clientId: 'client', clientHost: '/host' },
        memberId,
        memberEpoch: Number(epoch),
        rackId: null,
        subscribedTopicNames: topics.length === 0 ? null : topics,
      },
      `share ${memberId}`,
    );
  },
  delete: (bench) => {
    bench.send({ kind: 'deleteGroup', groupId: GROUP }, 'delete');
  },
  'alter-offsets': (bench, [name = '', ...starts]) => {
    const partitions = starts.map((text) => {
      const [partition = '0', startOffset = '0'] = text.split('@');
      return { partition: Number(partition), startOffset: Number(startOffset) };
    });
    const topics = [{ topicName: name, topicId: bench.view.topicByName(name)?.id ?? '', partitions }];
    bench.send({ kind: 'alterShareOffsets', groupId: GROUP, topics }, 'alter-offsets');
  },
  'delete-offsets': (bench, names) => {
    const topicIds = names.map((name) => bench.view.topicByName(name)?.id ?? '');
    bench.send({ kind: 'deleteShareOffsets', groupId: GROUP, topicIds }, 'delete-offsets');
  },
  'share-coordinator': (bench, [mode = 'auto']) => {
    bench.shareStateCode = mode === 'silent' ? null : Number(mode);
  },
  answer: (bench, [code = '0']) => bench.answerEffect(Number(code)),
  advance: (bench, [ms = '0']) => bench.advance(Number(ms)),
  failover: (bench) => bench.failOver(),
};

/**
 * Runs a script and gives it back with what happened under each command. A line is a command, its outcome begins with two
 * spaces, a comment with `#`. After each command the state of the shard is shown if it changed.
 */
export function runScript(script: string): string {
  const lines = script.split('\n').filter((line) => !line.startsWith('  '));
  const settings =
    lines
      .find((line) => line.startsWith('settings '))
      ?.split(' ')
      .slice(1) ?? [];
  const bench = new GroupBench({ ...DEFAULTS, ...parseOptions(settings).options });
  let state = bench.shard.describe();
  const output: string[] = [];
  for (const line of lines) {
    output.push(line);
    if (line === '' || line.startsWith('#') || line.startsWith('settings ')) continue;
    const [verb = '', ...rest] = line.split(' ');
    const { words, options } = parseOptions(rest);
    const run = VERBS[verb];
    if (run === undefined) throw new Error(`unknown command: ${line}`);
    run(bench, words, options);
    for (const event of bench.events.splice(0)) output.push(`  ${event}`);
    const after = bench.shard.describe();
    if (after !== state) for (const each of after.split('\n')) output.push(`  = ${each}`);
    state = after;
  }
  return output.join('\n');
}

function parseOptions(words: readonly string[]): { words: string[]; options: Record<string, string> } {
  const plain = words.filter((word) => !word.includes('='));
  const pairs = words
    .filter((word) => word.includes('='))
    .map((word): [string, string] => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]);
  return { words: plain, options: Object.fromEntries(pairs) };
}
