import type { Difference } from './compare.ts';
import { clusterDifferences } from './differences/cluster.ts';
import { configDifferences } from './differences/configs.ts';
import { groupDifferences } from './differences/groups.ts';
import { produceDifferences } from './differences/produce.ts';
import { readingDifferences } from './differences/reading.ts';
import { shareDifferences } from './differences/share.ts';
import { topicDifferences } from './differences/topics.ts';

/** Where Weir and Apache Kafka answer differently, and why that is meant. */
export const DIFFERENCES: readonly Difference[] = [
  ...clusterDifferences,
  ...configDifferences,
  ...groupDifferences,
  ...produceDifferences,
  ...readingDifferences,
  ...shareDifferences,
  ...topicDifferences,
];
