import { type Difference, inEach } from '../compare.ts';
/** Differences in settings. */
export const configDifferences: readonly Difference[] = [
  ...inEach(
    ['IncrementalAlterConfigs refuses operation 4', 'IncrementalAlterConfigs refuses operation -1'],
    'The request is at fault, and Weir says so; Apache Kafka trips over the number and reports a fault of its own.',
    {
      '0.responses[0].errorCode': { weir: 42, kafka: -1 },
      '0.responses[0].errorMessage': { weir: '(text)', kafka: null },
    },
  ),
  {
    case: 'IncrementalAlterConfigs of an unknown setting of all brokers',
    reason:
      'Weir refuses each setting that it does not know; Apache Kafka keeps unknown ones of brokers for plug-ins, which Weir does not have.',
    fields: {
      '0.responses[0].errorCode': { weir: 40, kafka: 0 },
      '0.responses[0].errorMessage': { weir: '(text)', kafka: null },
    },
  },
  {
    case: 'DescribeConfigs of an overridden setting with synonyms',
    reason:
      "Weir also names the broker's setting whose default would hold without the override; Apache Kafka finds none where a setting has several units.",
    fields: {
      '0[0].configs[0].synonyms.length': { weir: 2, kafka: 1 },
      '0[0].configs[0].synonyms[0].name': { weir: 'log.retention.hours', kafka: 'retention.ms' },
      '0[0].configs[0].synonyms[0].source': { weir: 5, kafka: 1 },
      '0[0].configs[0].synonyms[0].value': { weir: '168', kafka: '-1' },
    },
  },
  {
    case: 'DescribeConfigs of an unknown topic',
    reason: 'Weir says in words that there is no such topic; Apache Kafka leaves the text empty.',
    fields: { '0[0].errorMessage': { weir: '(text)', kafka: '' } },
  },
  {
    case: 'ListConfigResources lists everything for no types',
    reason: 'Weir has no loggers whose levels could be set, so a broker is no resource of that kind.',
    fields: {
      '0.some.length': { weir: 3, kafka: 4 },
      '0.some[2].resourceName': { weir: 'configured', kafka: '1' },
      '0.some[2].resourceType': { weir: 32, kafka: 8 },
      '0.types': { weir: '2,4,32', kafka: '2,4,8,32' },
    },
  },
  {
    case: 'ListConfigResources lists broker loggers',
    reason: 'Weir has no loggers whose levels could be set, so a broker is no resource of that kind.',
    fields: { '0.some.length': { weir: 0, kafka: 1 }, '0.types': { weir: '', kafka: '8' } },
  },
];
