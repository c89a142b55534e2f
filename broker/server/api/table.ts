import type { AnyRow } from '../dispatch.ts';
import type { Services } from '../services.ts';
import { row as addRaftVoter } from './add-raft-voter.ts';
import { row as alterConfigs } from './alter-configs.ts';
import { row as alterPartitionReassignments } from './alter-partition-reassignments.ts';
import { row as alterShareGroupOffsets } from './alter-share-group-offsets.ts';
import { row as apiVersions } from './api-versions.ts';
import { row as createPartitions } from './create-partitions.ts';
import { row as createTopics } from './create-topics.ts';
import { row as deleteGroups } from './delete-groups.ts';
import { row as deleteRecords } from './delete-records.ts';
import { row as deleteShareGroupOffsets } from './delete-share-group-offsets.ts';
import { row as deleteShareGroupState } from './delete-share-group-state.ts';
import { row as deleteTopics } from './delete-topics.ts';
import { row as describeCluster } from './describe-cluster.ts';
import { row as describeConfigs } from './describe-configs.ts';
import { row as describeGroups } from './describe-groups.ts';
import { row as describeLogDirs } from './describe-log-dirs.ts';
import { row as describeQuorum } from './describe-quorum.ts';
import { row as describeShareGroupOffsets } from './describe-share-group-offsets.ts';
import { row as describeTopicPartitions } from './describe-topic-partitions.ts';
import { row as electLeaders } from './elect-leaders.ts';
import { row as fetch } from './fetch.ts';
import { row as findCoordinator } from './find-coordinator.ts';
import { row as heartbeat } from './heartbeat.ts';
import { row as incrementalAlterConfigs } from './incremental-alter-configs.ts';
import { row as initProducerId } from './init-producer-id.ts';
import { row as initializeShareGroupState } from './initialize-share-group-state.ts';
import { row as joinGroup } from './join-group.ts';
import { row as leaveGroup } from './leave-group.ts';
import { row as listConfigResources } from './list-config-resources.ts';
import { row as listGroups } from './list-groups.ts';
import { row as listOffsets } from './list-offsets.ts';
import { row as listPartitionReassignments } from './list-partition-reassignments.ts';
import { row as metadata } from './metadata.ts';
import { row as offsetCommit } from './offset-commit.ts';
import { row as offsetFetch } from './offset-fetch.ts';
import { row as offsetForLeaderEpoch } from './offset-for-leader-epoch.ts';
import { row as produce } from './produce.ts';
import { row as readShareGroupState } from './read-share-group-state.ts';
import { row as readShareGroupStateSummary } from './read-share-group-state-summary.ts';
import { row as removeRaftVoter } from './remove-raft-voter.ts';
import { row as shareAcknowledge } from './share-acknowledge.ts';
import { row as shareFetch } from './share-fetch.ts';
import { row as shareGroupDescribe } from './share-group-describe.ts';
import { row as shareGroupHeartbeat } from './share-group-heartbeat.ts';
import { row as syncGroup } from './sync-group.ts';
import { row as unregisterBroker } from './unregister-broker.ts';
import { row as unregisterController } from './unregister-controller.ts';
import { row as updateFeatures } from './update-features.ts';
import { row as writeShareGroupState } from './write-share-group-state.ts';

/** Every API that a broker answers. What isn't here isn't advertised; the rows of the replication listener are to brokers alone. */
export const apiTable: readonly AnyRow<Services>[] = [
  addRaftVoter,
  alterConfigs,
  alterPartitionReassignments,
  alterShareGroupOffsets,
  apiVersions,
  createPartitions,
  createTopics,
  deleteGroups,
  deleteRecords,
  deleteShareGroupOffsets,
  deleteShareGroupState,
  deleteTopics,
  describeCluster,
  describeConfigs,
  describeGroups,
  describeLogDirs,
  describeQuorum,
  describeShareGroupOffsets,
  describeTopicPartitions,
  electLeaders,
  fetch,
  findCoordinator,
  heartbeat,
  incrementalAlterConfigs,
  initProducerId,
  initializeShareGroupState,
  joinGroup,
  leaveGroup,
  listConfigResources,
  listGroups,
  listOffsets,
  listPartitionReassignments,
  metadata,
  offsetCommit,
  offsetFetch,
  offsetForLeaderEpoch,
  produce,
  readShareGroupState,
  readShareGroupStateSummary,
  removeRaftVoter,
  shareAcknowledge,
  shareFetch,
  shareGroupDescribe,
  shareGroupHeartbeat,
  syncGroup,
  unregisterBroker,
  unregisterController,
  updateFeatures,
  writeShareGroupState,
];

/** Versions of all rows, by key: what brokers are told on the listener on which they reach each other. */
export const brokerVersions = apiTable
  .map((row) => ({ key: row.key, min: row.versions.min, max: row.versions.max }))
  .sort((a, b) => a.key - b.key);

const clientKeys = new Set<number>(apiTable.filter((row) => row.listener === 'client').map((row) => row.key));

/** Versions of the rows for clients, by key. */
export const clientVersions = brokerVersions.filter(({ key }) => clientKeys.has(key));
