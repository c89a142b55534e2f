import { Buffer } from 'node:buffer';
import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { ask, askRaw, edge, type Moment, UNKNOWN_TOPIC_ID } from '../ask.ts';

const LONG_NAME = 'n'.repeat(250);

type MetadataTopics = RequestInput<typeof ApiKey.Metadata>['topics'];

/** Topics by name, none of them to be created. */
function metadata(version: number, topics: MetadataTopics | ((moment: Moment) => MetadataTopics)) {
  return ask(ApiKey.Metadata, version, (moment) => ({
    topics: typeof topics === 'function' ? topics(moment) : topics,
    ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
  }));
}

const apiVersions = (
  version: number,
  body: Partial<RequestInput<typeof ApiKey.ApiVersions>>,
  // The APIs and features are other ones; that some are named is compared.
  look = (answer: { readonly errorCode: number; readonly apiKeys: readonly object[] }): unknown => ({
    errorCode: answer.errorCode,
    namesApis: answer.apiKeys.length > 0,
  }),
) => ask(ApiKey.ApiVersions, version, { clientSoftwareName: 'edge', clientSoftwareVersion: '1.0', ...body }, { look });

const refusedVersion = (version: number) =>
  askRaw(ApiKey.ApiVersions, version, Buffer.from([0, 0, 0, 0]), {
    answeredIn: 0,
    look: (body) => ({
      errorCode: Reflect.get(body, 'errorCode') as unknown,
      // So that the client finds the version to ask again in; the last one is another.
      first: (Reflect.get(body, 'apiKeys') as { apiKey: number; minVersion: number }[]).find(
        ({ apiKey }) => apiKey === ApiKey.ApiVersions,
      )?.minVersion,
    }),
  });

const apiVersionsCases = [
  edge('ApiVersions of version 0 names the APIs', apiVersions(0, {})),
  edge('ApiVersions of version 1 names the APIs', apiVersions(1, {})),
  edge('ApiVersions of version 2 names the APIs', apiVersions(2, {})),
  edge(
    'ApiVersions names Produce from version 0 on, though it serves less',
    ask(
      ApiKey.ApiVersions,
      4,
      { clientSoftwareName: 'edge', clientSoftwareVersion: '1' },
      { look: ({ apiKeys }) => apiKeys.find(({ apiKey }) => apiKey === ApiKey.Produce)?.minVersion },
    ),
  ),
  edge('ApiVersions refuses an empty software name', apiVersions(3, { clientSoftwareName: '' })),
  edge('ApiVersions refuses a software name that begins with a dash', apiVersions(3, { clientSoftwareName: '-edge' })),
  edge('ApiVersions refuses a software name that ends with a dot', apiVersions(3, { clientSoftwareName: 'edge.' })),
  edge('ApiVersions refuses a software version with a space', apiVersions(4, { clientSoftwareVersion: '1 0' })),
  edge(
    'ApiVersions refuses a software version in letters past ASCII',
    apiVersions(4, { clientSoftwareVersion: 'één' }),
  ),
  edge('ApiVersions takes a software name of one letter', apiVersions(3, { clientSoftwareName: 'e' })),
  edge(
    'ApiVersions takes a software name of a thousand letters',
    apiVersions(3, { clientSoftwareName: 'e'.repeat(1000) }),
  ),
  edge('ApiVersions of a version to come is answered in version 0', refusedVersion(99)),
  edge('ApiVersions of a negative version is answered in version 0', refusedVersion(-1)),
];

const metadataCases = [
  edge('Metadata of version 1 gives no topic for an empty list', metadata(1, [])),
  edge('Metadata of version 12 gives no topic for an empty list', metadata(12, [])),
  edge('Metadata of version 0 names a topic with its leaders', metadata(0, [{ name: 'plain' }])),
  edge('Metadata of version 5 names offline replicas', metadata(5, [{ name: 'plain' }])),
  edge('Metadata of version 10 names a topic with its id', metadata(10, [{ name: 'plain' }])),
  edge('Metadata answers a topic that is named twice', metadata(9, [{ name: 'plain' }, { name: 'plain' }])),
  edge('Metadata does not know an unknown topic', metadata(9, [{ name: 'unknown' }])),
  edge('Metadata does not know a topic without a name', metadata(9, [{ name: '' }])),
  edge('Metadata does not know a topic with a slash in its name', metadata(9, [{ name: 'a/b' }])),
  edge('Metadata does not know the topic "."', metadata(9, [{ name: '.' }])),
  edge('Metadata does not know the topic ".."', metadata(9, [{ name: '..' }])),
  edge('Metadata does not know a topic in Unicode', metadata(9, [{ name: 'thé' }])),
  edge('Metadata does not know a topic of 250 letters', metadata(9, [{ name: LONG_NAME }])),
  edge('Metadata answers known and unknown topics side by side', metadata(9, [{ name: 'unknown' }, { name: 'plain' }])),
  edge(
    'Metadata finds a topic by its id',
    metadata(12, ({ topicId }) => [{ name: null, topicId: topicId('plain') }]),
  ),
  edge('Metadata does not know an unknown topic id', metadata(12, [{ name: null, topicId: UNKNOWN_TOPIC_ID }])),
  edge('Metadata refuses a topic with neither name nor id', metadata(12, [{ name: null, topicId: ZERO_TOPIC_ID }])),
  edge(
    'Metadata takes the id where a topic has both a name and an id',
    metadata(12, ({ topicId }) => [{ name: 'plain', topicId: topicId('written') }]),
  ),
  edge(
    'Metadata mixes topics by id and by name',
    metadata(12, ({ topicId }) => [{ name: null, topicId: topicId('small') }, { name: 'plain' }]),
  ),
  edge(
    'Metadata refuses an id in version 10',
    metadata(10, ({ topicId }) => [{ name: '', topicId: topicId('plain') }]),
  ),
  edge('Metadata refuses an id in version 11', metadata(11, [{ name: '', topicId: UNKNOWN_TOPIC_ID }])),
  edge('Metadata refuses a null name in version 10', metadata(10, [{ name: null }])),
  edge(
    'Metadata gives the operations of a topic and the cluster in version 8',
    ask(ApiKey.Metadata, 8, {
      topics: [{ name: 'plain' }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
      includeClusterAuthorizedOperations: true,
    }),
  ),
  edge(
    'Metadata gives the operations of a topic alone in version 12',
    ask(ApiKey.Metadata, 12, {
      topics: [{ name: 'plain' }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
    }),
  ),
  edge(
    'Metadata gives no operations of an unknown topic',
    ask(ApiKey.Metadata, 12, {
      topics: [{ name: 'unknown' }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
    }),
  ),
  edge(
    'Metadata refuses to create a topic with a bad name',
    ask(ApiKey.Metadata, 9, { topics: [{ name: 'bad name' }], allowAutoTopicCreation: true }),
  ),
  edge(
    'Metadata refuses to create a topic without a name',
    ask(ApiKey.Metadata, 9, { topics: [{ name: '' }], allowAutoTopicCreation: true }),
  ),
  edge(
    'Metadata refuses to create a topic whose name is too long',
    ask(ApiKey.Metadata, 9, { topics: [{ name: LONG_NAME }], allowAutoTopicCreation: true }),
  ),
  edge(
    'Metadata creates a topic on first use',
    ask(
      ApiKey.Metadata,
      9,
      { topics: [{ name: 'made-on-use' }], allowAutoTopicCreation: true },
      { until: ({ topics }) => topics[0]?.errorCode === 0 },
    ),
  ),
  edge(
    'Metadata of version 3 creates a topic on first use, since it can not say otherwise',
    ask(
      ApiKey.Metadata,
      3,
      { topics: [{ name: 'made-of-old' }] },
      { until: ({ topics }) => topics[0]?.errorCode === 0 },
    ),
  ),
];

const describeTopics = (body: RequestInput<typeof ApiKey.DescribeTopicPartitions>) =>
  ask(ApiKey.DescribeTopicPartitions, 0, body);

const describeTopicsCases = [
  edge('DescribeTopicPartitions describes a topic', describeTopics({ topics: [{ name: 'plain' }] })),
  edge(
    'DescribeTopicPartitions answers a topic that is named twice',
    describeTopics({ topics: [{ name: 'plain' }, { name: 'plain' }] }),
  ),
  edge('DescribeTopicPartitions does not know an unknown topic', describeTopics({ topics: [{ name: 'unknown' }] })),
  edge('DescribeTopicPartitions refuses a topic with a bad name', describeTopics({ topics: [{ name: 'a b' }] })),
  edge('DescribeTopicPartitions refuses a topic without a name', describeTopics({ topics: [{ name: '' }] })),
  edge(
    'DescribeTopicPartitions stops at the limit and gives a cursor',
    describeTopics({ topics: [{ name: 'plain' }, { name: 'small' }], responsePartitionLimit: 2 }),
  ),
  edge(
    'DescribeTopicPartitions stops between topics and gives a cursor',
    describeTopics({ topics: [{ name: 'plain' }, { name: 'small' }], responsePartitionLimit: 3 }),
  ),
  edge(
    'DescribeTopicPartitions goes on from a cursor',
    describeTopics({
      topics: [{ name: 'plain' }, { name: 'small' }],
      responsePartitionLimit: 100,
      cursor: { topicName: 'plain', partitionIndex: 2 },
    }),
  ),
  edge(
    'DescribeTopicPartitions goes on from a topic that is not asked for',
    describeTopics({
      topics: [{ name: 'plain' }, { name: 'small' }],
      responsePartitionLimit: 100,
      cursor: { topicName: 'quick', partitionIndex: 1 },
    }),
  ),
  edge(
    'DescribeTopicPartitions goes on behind the last partition',
    describeTopics({
      topics: [{ name: 'plain' }],
      responsePartitionLimit: 100,
      cursor: { topicName: 'plain', partitionIndex: 3 },
    }),
  ),
  edge(
    'DescribeTopicPartitions refuses a cursor at a negative partition',
    describeTopics({
      topics: [{ name: 'plain' }],
      responsePartitionLimit: 100,
      cursor: { topicName: 'plain', partitionIndex: -1 },
    }),
  ),
  edge(
    'DescribeTopicPartitions takes a limit of zero for one',
    describeTopics({ topics: [{ name: 'plain' }], responsePartitionLimit: 0 }),
  ),
  edge(
    'DescribeTopicPartitions takes a negative limit for one',
    describeTopics({ topics: [{ name: 'plain' }], responsePartitionLimit: -5 }),
  ),
  edge(
    'DescribeTopicPartitions takes a huge limit',
    describeTopics({ topics: [{ name: 'plain' }], responsePartitionLimit: 2_147_483_647 }),
  ),
  edge(
    'DescribeTopicPartitions counts an unknown topic',
    describeTopics({ topics: [{ name: 'plain' }, { name: 'unknown' }], responsePartitionLimit: 3 }),
  ),
];

const describeCluster = (version: number, body: RequestInput<typeof ApiKey.DescribeCluster>) =>
  ask(ApiKey.DescribeCluster, version, body);

const describeClusterCases = [
  edge(
    'DescribeCluster of version 0 names the broker',
    describeCluster(0, { includeClusterAuthorizedOperations: false }),
  ),
  edge(
    'DescribeCluster of version 2 names fenced brokers too',
    describeCluster(2, { includeClusterAuthorizedOperations: true, endpointType: 1, includeFencedBrokers: true }),
  ),
  edge(
    'DescribeCluster of controllers',
    describeCluster(1, { includeClusterAuthorizedOperations: false, endpointType: 2 }),
  ),
  edge(
    'DescribeCluster refuses endpoint type 0',
    describeCluster(1, { includeClusterAuthorizedOperations: false, endpointType: 0 }),
  ),
  edge(
    'DescribeCluster refuses endpoint type 3',
    describeCluster(1, { includeClusterAuthorizedOperations: false, endpointType: 3 }),
  ),
  edge(
    'DescribeCluster refuses a negative endpoint type',
    describeCluster(2, { includeClusterAuthorizedOperations: false, endpointType: -1 }),
  ),
];

const findCoordinator = (version: number, body: RequestInput<typeof ApiKey.FindCoordinator>) =>
  ask(ApiKey.FindCoordinator, version, body);

const findCoordinatorCases = [
  edge('FindCoordinator of version 0 finds that of a group', findCoordinator(0, { key: 'group' })),
  edge('FindCoordinator of version 0 finds that of a group without a name', findCoordinator(0, { key: '' })),
  edge(
    'FindCoordinator of version 4 finds nothing for no keys',
    findCoordinator(4, { keyType: 0, coordinatorKeys: [] }),
  ),
  edge(
    'FindCoordinator answers a key that is named twice',
    findCoordinator(4, { keyType: 0, coordinatorKeys: ['g', 'g'] }),
  ),
  edge(
    'FindCoordinator answers a group without a name beside another',
    findCoordinator(5, { keyType: 0, coordinatorKeys: ['', 'g'] }),
  ),
  edge('FindCoordinator takes a group in Unicode', findCoordinator(5, { keyType: 0, coordinatorKeys: ['grüppe-☃'] })),
  edge('FindCoordinator refuses key type 3', findCoordinator(6, { keyType: 3, coordinatorKeys: ['g'] })),
  edge('FindCoordinator refuses a negative key type', findCoordinator(4, { keyType: -1, coordinatorKeys: ['g'] })),
  edge('FindCoordinator of version 1 refuses key type 7', findCoordinator(1, { keyType: 7, key: 'g' })),
  edge(
    'FindCoordinator of version 5 refuses to find share state',
    findCoordinator(5, { keyType: 2, coordinatorKeys: [`g:${UNKNOWN_TOPIC_ID}:0`] }),
  ),
  edge(
    'FindCoordinator of version 6 refuses a share key without parts',
    findCoordinator(6, { keyType: 2, coordinatorKeys: ['g'] }),
  ),
  edge(
    'FindCoordinator of version 6 refuses a share key with a bad partition',
    findCoordinator(6, { keyType: 2, coordinatorKeys: [`g:${UNKNOWN_TOPIC_ID}:x`] }),
  ),
  edge(
    'FindCoordinator of version 6 refuses a share key with a bad topic id',
    findCoordinator(6, { keyType: 2, coordinatorKeys: ['g:short:0'] }),
  ),
  edge(
    'FindCoordinator of version 6 refuses a share key without a group',
    findCoordinator(6, { keyType: 2, coordinatorKeys: [`:${UNKNOWN_TOPIC_ID}:0`] }),
  ),
  edge(
    'FindCoordinator of version 6 takes a share key whose group has colons',
    ask(ApiKey.FindCoordinator, 6, ({ topicId }) => ({ keyType: 2, coordinatorKeys: [`a:b:${topicId('plain')}:0`] }), {
      until: ({ coordinators }) => coordinators[0]?.errorCode !== 15,
    }),
  ),
];

const versionCases = [
  edge('Metadata of a version to come closes the connection', askRaw(ApiKey.Metadata, 99, Buffer.alloc(8))),
  edge('Metadata of a negative version closes the connection', askRaw(ApiKey.Metadata, -1, Buffer.alloc(8))),
  edge('Produce of version 2 closes the connection', askRaw(ApiKey.Produce, 2, Buffer.alloc(10))),
  edge('Fetch of version 3 closes the connection', askRaw(ApiKey.Fetch, 3, Buffer.alloc(24))),
  edge('ListOffsets of version 0 closes the connection', askRaw(ApiKey.ListOffsets, 0, Buffer.alloc(8))),
  edge('ShareFetch of version 0 closes the connection', askRaw(ApiKey.ShareFetch, 0, Buffer.alloc(40))),
  edge('an API that was removed closes the connection', askRaw(ApiKey.LeaderAndIsr, 0, Buffer.alloc(8))),
  edge('an API of controllers closes the connection', askRaw(ApiKey.Vote, 0, Buffer.alloc(8))),
  edge('an API that was never given out closes the connection', askRaw(1000, 0, Buffer.alloc(8))),
  edge('a negative API key closes the connection', askRaw(-1, 0, Buffer.alloc(8))),
  edge('a body that ends too soon closes the connection', askRaw(ApiKey.Metadata, 1, Buffer.alloc(2))),
  edge(
    'a null array where none may be closes the connection',
    askRaw(ApiKey.CreateTopics, 2, Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0])),
  ),
  edge('a body that is followed by more bytes is answered', askRaw(ApiKey.Metadata, 1, Buffer.alloc(20))),
  edge(
    'a null text where none may be closes the connection',
    askRaw(ApiKey.Heartbeat, 0, Buffer.from([0xff, 0xff, 0, 0, 0, 1, 0, 0])),
  ),
];

/** What the cluster says of itself and its topics, and how it takes versions that it does not serve. */
export const clusterCases = [
  ...apiVersionsCases,
  ...metadataCases,
  ...describeTopicsCases,
  ...describeClusterCases,
  ...findCoordinatorCases,
  ...versionCases,
];
