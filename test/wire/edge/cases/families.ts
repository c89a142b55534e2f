import type { EdgeCase } from '../ask.ts';
import { clusterCases } from './cluster.ts';
import { offsetCommitCases } from './commits.ts';
import { alteredConfigCases, describedConfigCases } from './configs.ts';
import { groupCases, memberCases } from './groups.ts';
import { produceCases } from './produce.ts';
import { producerCases } from './producers.ts';
import { quorumCases } from './quorum.ts';
import { fetchingCases, offsetCases } from './reading.ts';
import { reassigningCases } from './reassigning.ts';
import { shareCases } from './share.ts';
import { shareOffsetCases } from './share-offsets.ts';
import { heldRecordCases } from './share-records.ts';
import { topicCases } from './topics.ts';

/** Cases that look at one part of the protocol, in the order in which they are played. */
export interface Family {
  readonly name: string;
  readonly cases: readonly EdgeCase[];
}

/** Every case. */
export const FAMILIES: readonly Family[] = [
  { name: 'the cluster and its topics', cases: clusterCases },
  { name: 'the quorum, features and registrations', cases: quorumCases },
  { name: 'producing', cases: produceCases },
  { name: 'idempotent producers', cases: producerCases },
  { name: 'fetching', cases: fetchingCases },
  { name: 'offsets of times and epochs', cases: offsetCases },
  { name: 'topics', cases: topicCases },
  { name: 'elections and moves of partitions', cases: reassigningCases },
  { name: 'changed settings', cases: alteredConfigCases },
  { name: 'settings and log directories', cases: describedConfigCases },
  { name: 'members of groups', cases: memberCases },
  { name: 'groups', cases: groupCases },
  { name: 'committed offsets', cases: offsetCommitCases },
  { name: 'share and acknowledge', cases: shareCases },
  { name: 'offsets of share groups', cases: shareOffsetCases },
  { name: 'records that members of share groups hold', cases: heldRecordCases },
];
