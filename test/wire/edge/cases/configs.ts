import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { type Ask, ask, edge } from '../ask.ts';

const TOPIC = 2;
const BROKER = 4;
const LOGGER = 8;
const METRICS = 16;
const GROUP = 32;

/** Settings by name; null for all of them, of which only the error is compared: each broker has its own. */
const describeOne = (
  resourceType: number,
  resourceName: string,
  keys: readonly string[] | null,
  more: { version?: number; includeSynonyms?: boolean; includeDocumentation?: boolean } = {},
): Ask => {
  const { version = 4, ...flags } = more;
  return ask(
    ApiKey.DescribeConfigs,
    version,
    { resources: [{ resourceType, resourceName, configurationKeys: keys }], ...flags },
    {
      look: ({ results }) =>
        results.map(({ configs, ...result }) =>
          keys === null || keys.length === 0
            ? { ...result, hasSettings: configs.length > 0 }
            : // A text says the same in other words.
              {
                ...result,
                configs: configs.map(({ documentation, ...config }) => ({
                  ...config,
                  isDocumented: documentation !== null && documentation !== '',
                })),
              },
        ),
    },
  );
};

const describeCases = [
  edge('DescribeConfigs of no resources', ask(ApiKey.DescribeConfigs, 4, { resources: [] })),
  edge('DescribeConfigs of all settings of a topic', describeOne(TOPIC, 'plain', null)),
  edge('DescribeConfigs of some settings of a topic', describeOne(TOPIC, 'plain', ['retention.ms', 'cleanup.policy'])),
  edge('DescribeConfigs of no settings of a topic', describeOne(TOPIC, 'plain', [])),
  edge('DescribeConfigs of an unknown setting of a topic', describeOne(TOPIC, 'plain', ['no.such'])),
  edge(
    'DescribeConfigs of a setting that is named twice',
    describeOne(TOPIC, 'plain', ['retention.ms', 'retention.ms']),
  ),
  edge('DescribeConfigs of version 1', describeOne(TOPIC, 'plain', ['retention.ms'], { version: 1 })),
  edge(
    'DescribeConfigs of an overridden setting with synonyms',
    describeOne(TOPIC, 'plain', ['retention.ms'], { includeSynonyms: true }),
  ),
  edge(
    'DescribeConfigs of a default with synonyms',
    describeOne(TOPIC, 'plain', ['cleanup.policy', 'max.message.bytes'], { includeSynonyms: true }),
  ),
  edge(
    'DescribeConfigs with documentation',
    describeOne(TOPIC, 'plain', ['retention.ms'], { includeDocumentation: true }),
  ),
  edge('DescribeConfigs of an unknown topic', describeOne(TOPIC, 'unknown', null)),
  edge('DescribeConfigs of a topic without a name', describeOne(TOPIC, '', null)),
  edge('DescribeConfigs of a topic with a bad name', describeOne(TOPIC, 'a/b', null)),
  edge('DescribeConfigs of the broker', describeOne(BROKER, '1', null)),
  edge('DescribeConfigs of all brokers', describeOne(BROKER, '', ['no.such'])),
  edge('DescribeConfigs of another broker', describeOne(BROKER, '2', null)),
  edge('DescribeConfigs of a broker that is no number', describeOne(BROKER, 'one', null)),
  edge('DescribeConfigs of a negative broker', describeOne(BROKER, '-1', null)),
  edge(
    'DescribeConfigs of a group that nobody configured',
    describeOne(GROUP, 'nobody', ['share.auto.offset.reset', 'share.session.timeout.ms']),
  ),
  edge('DescribeConfigs of a group without a name', describeOne(GROUP, '', null)),
  edge('DescribeConfigs of resource type 0', describeOne(0, 'x', null)),
  edge('DescribeConfigs of resource type 3', describeOne(3, 'x', null)),
  edge('DescribeConfigs of a negative resource type', describeOne(-1, 'x', null)),
  edge(
    'DescribeConfigs of a resource that is named twice',
    ask(
      ApiKey.DescribeConfigs,
      4,
      {
        resources: [
          { resourceType: TOPIC, resourceName: 'plain', configurationKeys: ['retention.ms'] },
          { resourceType: TOPIC, resourceName: 'plain', configurationKeys: ['retention.ms'] },
        ],
      },
      { look: ({ results }) => results.map(({ errorCode, configs }) => ({ errorCode, count: configs.length })) },
    ),
  ),
];

type Change = RequestInput<typeof ApiKey.IncrementalAlterConfigs>['resources'][number];
type One = readonly [name: string, operation: number, value: string | null];
const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;
const change = (resourceType: number, resourceName: string, ...ones: readonly One[]): Change => ({
  resourceType,
  resourceName,
  configs: ones.map(([name, configOperation, value]) => ({ name, configOperation, value })),
});
const incremental = (resources: readonly Change[], validateOnly = false, version = 1): Ask =>
  ask(ApiKey.IncrementalAlterConfigs, version, { resources, validateOnly });
const alterTopic = (...ones: readonly One[]): Ask => incremental([change(TOPIC, 'strict', ...ones)]);
/** Waits until the setting has the value, for an answer may come before every broker knows of the change. */
const shown = (name: string, value: string): Ask =>
  ask(
    ApiKey.DescribeConfigs,
    4,
    { resources: [{ resourceType: TOPIC, resourceName: 'strict', configurationKeys: [name] }] },
    { until: ({ results }) => results[0]?.configs[0]?.value === value },
  );

const incrementalCases = [
  edge('IncrementalAlterConfigs of no resources', incremental([])),
  edge('IncrementalAlterConfigs of a topic without settings', alterTopic()),
  edge(
    'IncrementalAlterConfigs sets a setting',
    alterTopic(['retention.ms', SET, '777000']),
    shown('retention.ms', '777000'),
  ),
  edge(
    'IncrementalAlterConfigs deletes a setting',
    alterTopic(['segment.bytes', SET, '2000000']),
    shown('segment.bytes', '2000000'),
    alterTopic(['segment.bytes', DELETE, null]),
    shown('segment.bytes', '1073741824'),
  ),
  edge('IncrementalAlterConfigs deletes a setting that is not set', alterTopic(['segment.ms', DELETE, null])),
  edge('IncrementalAlterConfigs deletes a setting that does not exist', alterTopic(['no.such', DELETE, null])),
  edge(
    'IncrementalAlterConfigs appends to a list',
    alterTopic(['cleanup.policy', APPEND, 'compact']),
    shown('cleanup.policy', 'delete,compact'),
  ),
  edge('IncrementalAlterConfigs appends what is there', alterTopic(['cleanup.policy', APPEND, 'delete'])),
  edge(
    'IncrementalAlterConfigs subtracts from a list',
    alterTopic(['cleanup.policy', SUBTRACT, 'compact']),
    shown('cleanup.policy', 'delete'),
  ),
  edge('IncrementalAlterConfigs subtracts what is not there', alterTopic(['cleanup.policy', SUBTRACT, 'compact'])),
  edge('IncrementalAlterConfigs appends to what is no list', alterTopic(['retention.ms', APPEND, '5'])),
  edge('IncrementalAlterConfigs subtracts from what is no list', alterTopic(['retention.ms', SUBTRACT, '5'])),
  edge('IncrementalAlterConfigs appends to a list that does not exist', alterTopic(['no.such', APPEND, '5'])),
  edge('IncrementalAlterConfigs refuses operation 4', alterTopic(['retention.ms', 4, '5'])),
  edge('IncrementalAlterConfigs refuses operation -1', alterTopic(['retention.ms', -1, '5'])),
  edge('IncrementalAlterConfigs refuses to set null', alterTopic(['retention.ms', SET, null])),
  edge('IncrementalAlterConfigs refuses to append null', alterTopic(['cleanup.policy', APPEND, null])),
  edge('IncrementalAlterConfigs refuses an unknown setting', alterTopic(['no.such', SET, '1'])),
  edge('IncrementalAlterConfigs refuses a setting without a name', alterTopic(['', SET, '1'])),
  edge('IncrementalAlterConfigs refuses a bad value', alterTopic(['retention.ms', SET, 'soon'])),
  edge('IncrementalAlterConfigs refuses an empty value', alterTopic(['retention.ms', SET, ''])),
  edge('IncrementalAlterConfigs takes a value with spaces around it', alterTopic(['retention.ms', SET, ' 888000 '])),
  edge('IncrementalAlterConfigs refuses a value out of range', alterTopic(['min.insync.replicas', SET, '0'])),
  edge('IncrementalAlterConfigs refuses a number past int64', alterTopic(['retention.ms', SET, '9223372036854775808'])),
  edge('IncrementalAlterConfigs refuses a decimal number', alterTopic(['retention.ms', SET, '1.5'])),
  edge('IncrementalAlterConfigs refuses a boolean that is none', alterTopic(['preallocate', SET, 'yes'])),
  edge(
    'IncrementalAlterConfigs refuses a setting that is named twice',
    alterTopic(['retention.ms', SET, '1000'], ['retention.ms', SET, '2000']),
  ),
  edge(
    'IncrementalAlterConfigs refuses a resource that is named twice',
    incremental([
      change(TOPIC, 'strict', ['retention.ms', SET, '1000']),
      change(TOPIC, 'strict', ['segment.ms', SET, '2000']),
    ]),
  ),
  edge(
    'IncrementalAlterConfigs of an unknown topic',
    incremental([change(TOPIC, 'unknown', ['retention.ms', SET, '1000'])]),
  ),
  edge(
    'IncrementalAlterConfigs of a topic without a name',
    incremental([change(TOPIC, '', ['retention.ms', SET, '1000'])]),
  ),
  edge(
    'IncrementalAlterConfigs of good and bad topics side by side',
    incremental([
      change(TOPIC, 'unknown', ['retention.ms', SET, '1000']),
      change(TOPIC, 'strict', ['retention.ms', SET, '999000']),
    ]),
    shown('retention.ms', '999000'),
  ),
  edge(
    'IncrementalAlterConfigs only validates when asked to',
    incremental([change(TOPIC, 'strict', ['retention.ms', SET, '1000'])], true),
    shown('retention.ms', '999000'),
  ),
  edge(
    'IncrementalAlterConfigs finds a bad value when it only validates',
    incremental([change(TOPIC, 'strict', ['retention.ms', SET, 'x'])], true),
  ),
  edge(
    'IncrementalAlterConfigs of another broker',
    incremental([change(BROKER, '2', ['log.retention.ms', SET, '1000'])]),
  ),
  edge(
    'IncrementalAlterConfigs of a broker that is no number',
    incremental([change(BROKER, 'one', ['log.retention.ms', SET, '1000'])]),
  ),
  edge(
    'IncrementalAlterConfigs of an unknown setting of all brokers',
    incremental([change(BROKER, '', ['no.such', SET, '1000'])], true),
  ),
  edge(
    'IncrementalAlterConfigs keeps min.insync.replicas of all brokers',
    incremental([change(BROKER, '', ['min.insync.replicas', DELETE, null])]),
  ),
  edge(
    'IncrementalAlterConfigs alters min.insync.replicas of all brokers',
    incremental([change(BROKER, '', ['min.insync.replicas', SET, '1'])]),
  ),
  edge(
    'IncrementalAlterConfigs of min.insync.replicas of one broker',
    incremental([change(BROKER, '1', ['min.insync.replicas', SET, '1'])]),
  ),
  edge(
    'IncrementalAlterConfigs refuses a setting that is read at start',
    incremental([change(BROKER, '1', ['node.id', SET, '7'])]),
  ),
  edge(
    'IncrementalAlterConfigs sets a setting of a group',
    incremental([change(GROUP, 'configured', ['share.auto.offset.reset', SET, 'earliest'])]),
  ),
  edge(
    'IncrementalAlterConfigs refuses an unknown setting of a group',
    incremental([change(GROUP, 'configured', ['no.such', SET, 'earliest'])]),
  ),
  edge(
    'IncrementalAlterConfigs refuses a bad value of a group',
    incremental([change(GROUP, 'configured', ['share.auto.offset.reset', SET, 'middle'])]),
  ),
  edge(
    'IncrementalAlterConfigs refuses a group without a name',
    incremental([change(GROUP, '', ['share.auto.offset.reset', SET, 'earliest'])]),
  ),
  edge('IncrementalAlterConfigs of resource type 0', incremental([change(0, 'x', ['a', SET, 'b'])])),
  edge('IncrementalAlterConfigs of resource type 3', incremental([change(3, 'x', ['a', SET, 'b'])])),
];

const alter = (
  resourceName: string,
  configs: readonly (readonly [string, string | null])[],
  more: { resourceType?: number; validateOnly?: boolean; version?: number } = {},
): Ask =>
  ask(ApiKey.AlterConfigs, more.version ?? 2, {
    resources: [
      {
        resourceType: more.resourceType ?? TOPIC,
        resourceName,
        configs: configs.map(([name, value]) => ({ name, value })),
      },
    ],
    validateOnly: more.validateOnly ?? false,
  });

const alterCases = [
  edge('AlterConfigs of no resources', ask(ApiKey.AlterConfigs, 2, { resources: [], validateOnly: false })),
  edge('AlterConfigs of an unknown topic', alter('unknown', [['retention.ms', '1000']])),
  edge('AlterConfigs of a topic without a name', alter('', [['retention.ms', '1000']])),
  edge('AlterConfigs refuses an unknown setting', alter('strict', [['no.such', '1']])),
  edge('AlterConfigs refuses a bad value', alter('strict', [['retention.ms', 'x']], { version: 0 })),
  edge('AlterConfigs refuses a null value', alter('strict', [['retention.ms', null]])),
  edge(
    'AlterConfigs refuses a setting that is named twice',
    alter(
      'strict',
      [
        ['retention.ms', '1000'],
        ['retention.ms', '2000'],
      ],
      { validateOnly: true },
    ),
  ),
  edge(
    'AlterConfigs replaces all settings',
    alter('strict', [['retention.ms', '444000']]),
    shown('retention.ms', '444000'),
    shown('message.timestamp.before.max.ms', '9223372036854775807'),
  ),
  edge('AlterConfigs without settings takes all away', alter('strict', []), shown('retention.ms', '604800000')),
  edge(
    'AlterConfigs only validates when asked to',
    alter('strict', [['retention.ms', '1']], { validateOnly: true, version: 1 }),
    shown('retention.ms', '604800000'),
  ),
  edge('AlterConfigs of resource type 3', alter('x', [['a', 'b']], { resourceType: 3 })),
  edge(
    'AlterConfigs of all brokers that leaves out min.insync.replicas',
    alter('', [['log.retention.ms', '1000']], { resourceType: BROKER, validateOnly: true }),
  ),
  edge('AlterConfigs of another broker', alter('9', [['log.retention.ms', '1000']], { resourceType: BROKER })),
];

const listResources = (version: number, resourceTypes: readonly number[]): Ask =>
  ask(ApiKey.ListConfigResources, version, version === 0 ? {} : { resourceTypes }, {
    // Earlier cases have made more topics.
    look: ({ errorCode, configResources }) => ({
      errorCode,
      some: configResources.filter(({ resourceName }) => ['plain', 'configured', '1'].includes(resourceName)),
      types: [...new Set(configResources.map(({ resourceType }) => resourceType))].sort((a, b) => a - b).join(),
    }),
  });

const listCases = [
  edge('ListConfigResources of version 0 lists client metrics', listResources(0, [])),
  edge('ListConfigResources lists everything for no types', listResources(1, [])),
  edge('ListConfigResources lists topics', listResources(1, [TOPIC])),
  edge('ListConfigResources lists brokers', listResources(1, [BROKER])),
  edge('ListConfigResources lists groups', listResources(1, [GROUP])),
  edge('ListConfigResources lists broker loggers', listResources(1, [LOGGER])),
  edge('ListConfigResources lists client metrics of version 1', listResources(1, [METRICS])),
  edge('ListConfigResources takes a type twice', listResources(1, [TOPIC, TOPIC])),
  edge('ListConfigResources refuses type 0', listResources(1, [0])),
  edge('ListConfigResources refuses type 3 beside a good one', listResources(1, [TOPIC, 3])),
  edge('ListConfigResources refuses a negative type', listResources(1, [-1])),
];

/** Sizes depend on the broker's files; that there is one is compared. */
const logDirs = (version: number, topics: RequestInput<typeof ApiKey.DescribeLogDirs>['topics']): Ask =>
  ask(
    ApiKey.DescribeLogDirs,
    version,
    { topics },
    {
      look: ({ results, ...body }) => ({
        ...body,
        results: results.map((result) => ({
          ...result,
          topics: result.topics.map((topic) => ({
            ...topic,
            partitions: topic.partitions.map(({ partitionSize, ...partition }) => ({
              ...partition,
              hasBytes: partitionSize > 0,
            })),
          })),
        })),
      }),
    },
  );

const logDirCases = [
  edge('DescribeLogDirs of a topic without partitions gives none', logDirs(4, [{ topic: 'plain', partitions: [] }])),
  edge('DescribeLogDirs of no topics gives none', logDirs(4, [])),
  edge('DescribeLogDirs of some partitions', logDirs(4, [{ topic: 'plain', partitions: [0, 2] }])),
  edge('DescribeLogDirs of version 1', logDirs(1, [{ topic: 'plain', partitions: [0] }])),
  edge('DescribeLogDirs of an unknown partition', logDirs(4, [{ topic: 'plain', partitions: [0, 9] }])),
  edge('DescribeLogDirs of a negative partition', logDirs(4, [{ topic: 'plain', partitions: [-1] }])),
  edge('DescribeLogDirs of an unknown topic', logDirs(4, [{ topic: 'unknown', partitions: [0] }])),
  edge('DescribeLogDirs of a partition that is named twice', logDirs(4, [{ topic: 'plain', partitions: [0, 0] }])),
  edge(
    'DescribeLogDirs of a topic that is named twice',
    logDirs(4, [
      { topic: 'plain', partitions: [0] },
      { topic: 'plain', partitions: [1] },
    ]),
  ),
];

/** Settings and what has them. */
export const describedConfigCases = [...describeCases, ...listCases, ...logDirCases];
/** Changing settings. */
export const alteredConfigCases = [...incrementalCases, ...alterCases];
