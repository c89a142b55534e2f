import { type Difference, inEach } from '../compare.ts';
/** Differences in what is read. */
export const readingDifferences: readonly Difference[] = [
  ...inEach(
    ['Fetch with a negative partition limit', 'Fetch with a negative limit'],
    'A limit below zero leaves no more room than zero does, which Apache Kafka answers with one batch; a negative one it trips over and reports a fault of its own.',
    {
      '0.responses[0].partitions[0].errorCode': { weir: 0, kafka: -1 },
      '0.responses[0].partitions[0].highWatermark': { weir: 5, kafka: -1 },
      '0.responses[0].partitions[0].lastStableOffset': { weir: 5, kafka: -1 },
      '0.responses[0].partitions[0].logStartOffset': { weir: 0, kafka: -1 },
      '0.responses[0].partitions[0].records.length': { weir: 1, kafka: 0 },
    },
  ),
  ...inEach(
    ['Fetch of isolation level 2', 'Fetch of a negative isolation level'],
    'The request is at fault, and Weir says so; Apache Kafka trips over the number and reports a fault of its own.',
    { '0.errorCode': { weir: 42, kafka: -1 }, '0.responses[0].partitions[0].errorCode': { weir: 42, kafka: -1 } },
  ),
  ...inEach(
    ['ListOffsets of isolation level 3', 'ListOffsets of a negative isolation level'],
    'The request is at fault, and Weir says so; Apache Kafka trips over the number and reports a fault of its own.',
    { '0.topics[0].partitions[0].errorCode': { weir: 42, kafka: -1 } },
  ),
];
