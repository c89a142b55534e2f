import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { type Ask, ask, edge, UNKNOWN_TOPIC_ID } from '../ask.ts';
import { newTopic } from '../world.ts';

type NewTopic = RequestInput<typeof ApiKey.CreateTopics>['topics'][number];

/** The settings of a new topic are each broker's defaults: those that the case sets are compared. */
const create = (
  version: number,
  topics: readonly NewTopic[],
  more: { validateOnly?: boolean; timeoutMs?: number } = {},
): Ask =>
  ask(
    ApiKey.CreateTopics,
    version,
    { topics, timeoutMs: 10_000, ...more },
    {
      look: (body) => ({
        ...body,
        topics: body.topics.map((topic) => ({
          ...topic,
          configs:
            topic.configs?.filter(({ name }) =>
              topics.some((asked) => asked.configs.some((one) => one.name === name)),
            ) ?? null,
        })),
      }),
    },
  );

const topic = (name: string, more: Partial<NewTopic> = {}): NewTopic => ({ ...newTopic(name), ...more });
const onBroker = (...brokerIds: readonly number[]) => ({ brokerIds });

const createCases = [
  edge('CreateTopics of no topics is answered with none', create(7, [])),
  edge('CreateTopics of version 2 creates a topic', create(2, [topic('made-2')])),
  edge('CreateTopics of version 5 tells what it created', create(5, [topic('made-5', { numPartitions: 2 })])),
  edge('CreateTopics refuses a topic that exists', create(7, [topic('plain')])),
  edge(
    'CreateTopics refuses a topic that exists, when it only validates too',
    create(7, [topic('plain')], { validateOnly: true }),
  ),
  edge('CreateTopics refuses a topic that is named twice', create(7, [topic('twice'), topic('twice')])),
  edge(
    'CreateTopics refuses a topic that is named twice and creates the other',
    create(7, [topic('twin'), topic('twin'), topic('single')]),
  ),
  edge('CreateTopics refuses an empty name', create(7, [topic('')])),
  edge('CreateTopics refuses the name "."', create(7, [topic('.')])),
  edge('CreateTopics refuses the name ".."', create(7, [topic('..')])),
  edge('CreateTopics refuses a name with a slash', create(7, [topic('a/b')])),
  edge('CreateTopics refuses a name with a space', create(7, [topic('a b')])),
  edge('CreateTopics refuses a name in Unicode', create(7, [topic('thé')])),
  edge('CreateTopics refuses a name of 250 letters', create(7, [topic('n'.repeat(250))])),
  edge('CreateTopics takes a name of 249 letters', create(7, [topic('n'.repeat(249))], { validateOnly: true })),
  edge(
    'CreateTopics refuses a name that collides in metrics',
    create(7, [topic('co.llide')]),
    create(7, [topic('co_llide')]),
  ),
  edge('CreateTopics refuses two names that collide with each other', create(7, [topic('bo.th'), topic('bo_th')])),
  edge('CreateTopics refuses the name of the metadata topic', create(7, [topic('__cluster_metadata')])),
  edge('CreateTopics refuses no partitions', create(7, [topic('none', { numPartitions: 0 })])),
  edge('CreateTopics refuses a negative partition count', create(7, [topic('none', { numPartitions: -2 })])),
  edge(
    'CreateTopics takes -1 partitions for the default',
    create(7, [topic('defaults', { numPartitions: -1, replicationFactor: -1 })]),
  ),
  edge(
    'CreateTopics of version 3 refuses -1 partitions',
    create(3, [topic('old-defaults', { numPartitions: -1, replicationFactor: -1 })]),
  ),
  edge('CreateTopics refuses no replicas', create(7, [topic('none', { replicationFactor: 0 })])),
  edge('CreateTopics refuses a negative replication factor', create(7, [topic('none', { replicationFactor: -2 })])),
  edge('CreateTopics refuses more replicas than brokers', create(7, [topic('none', { replicationFactor: 2 })])),
  edge(
    'CreateTopics refuses very many partitions or replicas',
    create(7, [topic('none', { replicationFactor: 32_767 })]),
  ),
  edge(
    'CreateTopics only validates when asked to',
    create(7, [topic('dry')], { validateOnly: true }),
    ask(ApiKey.Metadata, 12, { topics: [{ name: 'dry' }], allowAutoTopicCreation: false }),
  ),
  edge(
    'CreateTopics takes assignments',
    create(7, [
      topic('placed', {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [
          { partitionIndex: 0, ...onBroker(1) },
          { partitionIndex: 1, ...onBroker(1) },
        ],
      }),
    ]),
  ),
  edge(
    'CreateTopics refuses assignments beside a partition count',
    create(7, [
      topic('none', { numPartitions: 1, replicationFactor: -1, assignments: [{ partitionIndex: 0, ...onBroker(1) }] }),
    ]),
  ),
  edge(
    'CreateTopics refuses assignments beside a replication factor',
    create(7, [
      topic('none', { numPartitions: -1, replicationFactor: 1, assignments: [{ partitionIndex: 0, ...onBroker(1) }] }),
    ]),
  ),
  edge(
    'CreateTopics refuses an assignment to an unknown broker',
    create(7, [
      topic('none', {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, ...onBroker(77) }],
      }),
    ]),
  ),
  edge(
    'CreateTopics refuses an assignment to a negative broker',
    create(7, [
      topic('none', {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, ...onBroker(-1) }],
      }),
    ]),
  ),
  edge(
    'CreateTopics refuses an assignment that names a broker twice',
    create(7, [
      topic('none', {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, ...onBroker(1, 1) }],
      }),
    ]),
  ),
  edge(
    'CreateTopics refuses an assignment without brokers',
    create(7, [
      topic('none', { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, ...onBroker() }] }),
    ]),
  ),
  edge(
    'CreateTopics refuses assignments that leave a partition out',
    create(7, [
      topic('none', {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [
          { partitionIndex: 0, ...onBroker(1) },
          { partitionIndex: 2, ...onBroker(1) },
        ],
      }),
    ]),
  ),
  edge(
    'CreateTopics refuses assignments that do not begin at 0',
    create(7, [
      topic('none', { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 1, ...onBroker(1) }] }),
    ]),
  ),
  edge(
    'CreateTopics refuses a partition that is assigned twice',
    create(7, [
      topic('none', {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [
          { partitionIndex: 0, ...onBroker(1) },
          { partitionIndex: 0, ...onBroker(1) },
        ],
      }),
    ]),
  ),
  edge(
    'CreateTopics keeps settings',
    create(7, [topic('kept', { configs: [{ name: 'retention.ms', value: '5000' }] })]),
  ),
  edge(
    'CreateTopics refuses an unknown setting',
    create(7, [topic('none', { configs: [{ name: 'no.such', value: '1' }] })]),
  ),
  edge(
    'CreateTopics refuses a bad value',
    create(7, [topic('none', { configs: [{ name: 'retention.ms', value: 'soon' }] })]),
  ),
  edge(
    'CreateTopics refuses a value out of range',
    create(7, [topic('none', { configs: [{ name: 'segment.bytes', value: '1' }] })]),
  ),
  edge(
    'CreateTopics refuses an empty value',
    create(7, [topic('none', { configs: [{ name: 'retention.ms', value: '' }] })]),
  ),
  edge(
    'CreateTopics refuses a null value',
    create(7, [topic('none', { configs: [{ name: 'retention.ms', value: null }] })]),
  ),
  edge(
    'CreateTopics takes the last of a setting that is named twice',
    create(7, [
      topic('last-wins', {
        configs: [
          { name: 'retention.ms', value: '5000' },
          { name: 'retention.ms', value: '6000' },
        ],
      }),
    ]),
  ),
  edge(
    'CreateTopics refuses an unknown cleanup policy',
    create(7, [topic('none', { configs: [{ name: 'cleanup.policy', value: 'shred' }] })]),
  ),
  edge(
    'CreateTopics takes both cleanup policies with spaces between',
    create(7, [topic('spaced', { configs: [{ name: 'cleanup.policy', value: 'compact, delete' }] })]),
  ),
  edge(
    'CreateTopics refuses a minimum larger than its maximum',
    create(7, [topic('none', { configs: [{ name: 'min.insync.replicas', value: '0' }] })]),
  ),
  edge('CreateTopics with a time-out of zero', create(7, [topic('hurried')], { timeoutMs: 0, validateOnly: true })),
  edge('CreateTopics with a negative time-out', create(7, [topic('hurried-2')], { timeoutMs: -5, validateOnly: true })),
];

type MorePartitions = RequestInput<typeof ApiKey.CreatePartitions>['topics'][number];
const grow = (topics: readonly MorePartitions[], more: { validateOnly?: boolean; version?: number } = {}): Ask =>
  ask(ApiKey.CreatePartitions, more.version ?? 3, {
    topics,
    timeoutMs: 10_000,
    validateOnly: more.validateOnly ?? false,
  });
const to = (
  name: string,
  count: number,
  assignments: readonly { brokerIds: readonly number[] }[] | null = null,
): MorePartitions => ({ name, count, assignments });

const growCases = [
  edge('CreatePartitions of no topics is answered with none', grow([])),
  edge('CreatePartitions refuses as many as there are', grow([to('small', 4)])),
  edge('CreatePartitions refuses fewer', grow([to('small', 3)])),
  edge('CreatePartitions refuses zero', grow([to('small', 0)])),
  edge('CreatePartitions refuses a negative count', grow([to('small', -1)])),
  edge('CreatePartitions of an unknown topic', grow([to('unknown', 3)])),
  edge('CreatePartitions of a topic without a name', grow([to('', 3)])),
  edge('CreatePartitions of a topic with a bad name', grow([to('a/b', 3)])),
  edge('CreatePartitions refuses a topic that is named twice', grow([to('small', 5), to('small', 6)])),
  edge(
    'CreatePartitions only validates when asked to',
    grow([to('small', 5)], { validateOnly: true }),
    ask(ApiKey.Metadata, 12, { topics: [{ name: 'small' }] }),
  ),
  edge('CreatePartitions adds partitions', grow([to('made-5', 3)], { version: 0 })),
  edge('CreatePartitions refuses too few assignments', grow([to('small', 7, [onBroker(1)])])),
  edge('CreatePartitions refuses too many assignments', grow([to('small', 5, [onBroker(1), onBroker(1)])])),
  edge('CreatePartitions refuses no assignments that are not null', grow([to('small', 5, [])])),
  edge('CreatePartitions refuses an unknown broker', grow([to('small', 5, [onBroker(9)])])),
  edge('CreatePartitions refuses a broker twice', grow([to('small', 5, [onBroker(1, 1)])])),
  edge('CreatePartitions refuses an assignment without brokers', grow([to('small', 5, [onBroker()])])),
  edge('CreatePartitions takes an assignment', grow([to('made-5', 4, [onBroker(1)])])),
  edge('CreatePartitions refuses a huge count', grow([to('small', 2_147_483_647)])),
  edge('CreatePartitions of an internal topic', grow([to('__consumer_offsets', 1)])),
];

const removeByName = (version: number, ...topicNames: readonly string[]): Ask =>
  ask(ApiKey.DeleteTopics, version, { topicNames, timeoutMs: 10_000 });
type Doomed = RequestInput<typeof ApiKey.DeleteTopics>['topics'];
const remove = (topics: NonNullable<Doomed>): Ask => ask(ApiKey.DeleteTopics, 6, { topics, timeoutMs: 10_000 });

const deleteCases = [
  edge('DeleteTopics of no topics by name is answered with none', removeByName(5)),
  edge('DeleteTopics of no topics by id is answered with none', remove([])),
  edge('DeleteTopics of an unknown name', removeByName(1, 'unknown')),
  edge('DeleteTopics of an unknown name in version 6', remove([{ name: 'unknown', topicId: ZERO_TOPIC_ID }])),
  edge('DeleteTopics of an unknown id', remove([{ name: null, topicId: UNKNOWN_TOPIC_ID }])),
  edge('DeleteTopics of neither name nor id', remove([{ name: null, topicId: ZERO_TOPIC_ID }])),
  edge('DeleteTopics of both name and id', remove([{ name: 'plain', topicId: UNKNOWN_TOPIC_ID }])),
  edge('DeleteTopics of an empty name', remove([{ name: '', topicId: ZERO_TOPIC_ID }])),
  edge('DeleteTopics of a bad name', remove([{ name: 'a/b', topicId: ZERO_TOPIC_ID }])),
  edge('DeleteTopics of an unknown name that is given twice', removeByName(5, 'unknown', 'unknown')),
  edge(
    'DeleteTopics of an unknown id that is given twice',
    remove([
      { name: null, topicId: UNKNOWN_TOPIC_ID },
      { name: null, topicId: UNKNOWN_TOPIC_ID },
    ]),
  ),
  edge(
    'DeleteTopics refuses a name that is given twice, and keeps the topic',
    remove([
      { name: 'small', topicId: ZERO_TOPIC_ID },
      { name: 'small', topicId: ZERO_TOPIC_ID },
    ]),
    ask(ApiKey.Metadata, 12, { topics: [{ name: 'small' }], allowAutoTopicCreation: false }),
  ),
  edge(
    'DeleteTopics refuses the same topic by name and by id',
    ask(ApiKey.DeleteTopics, 6, ({ topicId }) => ({
      topics: [
        { name: 'small', topicId: ZERO_TOPIC_ID },
        { name: null, topicId: topicId('small') },
      ],
      timeoutMs: 10_000,
    })),
  ),
  edge('DeleteTopics deletes by name', removeByName(1, 'made-2')),
  edge(
    'DeleteTopics with a time-out of zero',
    ask(ApiKey.DeleteTopics, 6, { topics: [{ name: 'unknown', topicId: ZERO_TOPIC_ID }], timeoutMs: 0 }),
  ),
];

const cut = (name: string, partitions: readonly { partitionIndex: number; offset: number }[], version = 2): Ask =>
  ask(ApiKey.DeleteRecords, version, { timeoutMs: 10_000, topics: [{ name, partitions }] });

const cutCases = [
  edge('DeleteRecords of no topics', ask(ApiKey.DeleteRecords, 2, { timeoutMs: 1000, topics: [] })),
  edge('DeleteRecords of a topic without partitions', cut('plain', [])),
  edge('DeleteRecords before the start of the log keeps it', cut('plain', [{ partitionIndex: 2, offset: 2 }])),
  edge('DeleteRecords at the start of the log keeps it', cut('plain', [{ partitionIndex: 2, offset: 4 }], 0)),
  edge('DeleteRecords past the end is out of range', cut('plain', [{ partitionIndex: 2, offset: 11 }])),
  edge('DeleteRecords at offset -2 is out of range', cut('plain', [{ partitionIndex: 2, offset: -2 }])),
  edge('DeleteRecords of an empty partition up to its end', cut('plain', [{ partitionIndex: 1, offset: -1 }])),
  edge('DeleteRecords of an unknown partition', cut('plain', [{ partitionIndex: 8, offset: 0 }])),
  edge('DeleteRecords of a negative partition', cut('plain', [{ partitionIndex: -1, offset: 0 }])),
  edge('DeleteRecords of an unknown topic', cut('unknown', [{ partitionIndex: 0, offset: 0 }])),
  edge('DeleteRecords of a topic without a name', cut('', [{ partitionIndex: 0, offset: 0 }])),
  edge('DeleteRecords of an internal topic', cut('__consumer_offsets', [{ partitionIndex: 0, offset: 0 }])),
  edge('DeleteRecords of a compacted topic', cut('compacted', [{ partitionIndex: 3, offset: 0 }])),
  edge(
    'DeleteRecords of a partition that is named twice',
    cut('plain', [
      { partitionIndex: 2, offset: 4 },
      { partitionIndex: 2, offset: 4 },
    ]),
  ),
  edge(
    'DeleteRecords with a time-out of zero',
    ask(ApiKey.DeleteRecords, 2, {
      timeoutMs: 0,
      topics: [{ name: 'plain', partitions: [{ partitionIndex: 1, offset: 0 }] }],
    }),
  ),
];

/** Creating, growing, cutting and deleting topics. */
export const topicCases = [...createCases, ...growCases, ...deleteCases, ...cutCases];
