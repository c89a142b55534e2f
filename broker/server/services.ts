import type { Settings } from '../core/config/settings.ts';
import type { ServedVersions } from '../core/protocol/apis.ts';
import type { FetchSessions } from '../core/replica/fetch-session.ts';
import type { AutoTopics } from './api/metadata.ts';
import type { TopicAnswers } from './api/topic-answers.ts';
import type { Ports } from './context.ts';
import type { CoordinatorFinder } from './coordinators/finder.ts';
import type { GroupCoordinator } from './coordinators/groups.ts';
import type { LimitLog } from './network/limit-log.ts';
import type { AnswerMemory } from './network/memory-budget.ts';
import type { MetadataClient, QuorumClient } from './metadata-client.ts';
import type { LeadWaits } from './partitions/lead-waits.ts';
import type { PartitionManager } from './partitions/partition-manager.ts';
import type { PartitionEnds } from './peers/partition-ends.ts';
import type { ProducerIds } from './producer-ids.ts';
import type { Throttle } from './replication/throttle.ts';
import type { ShareGroups } from './share/start.ts';

/** Everything that the handlers of all rows need together; each row names its own small part. */
export interface Services extends ShareGroups {
  readonly ports: Ports;
  readonly settings: Settings;
  readonly nodeId: number;
  readonly metadata: MetadataClient;
  readonly quorum: QuorumClient;
  readonly partitions: PartitionManager;
  readonly partitionEnds: PartitionEnds;
  readonly leadWaits: LeadWaits;
  /** Versions of the rows that clients may use. */
  readonly servedVersions: readonly ServedVersions[];
  /** Those of all rows, for brokers on `brokerListener`. */
  readonly brokerVersions: readonly ServedVersions[];
  /** Name of the listener on which brokers reach each other (B2). */
  readonly brokerListener: string;
  readonly groups: GroupCoordinator;
  readonly coordinatorFinder: CoordinatorFinder;
  readonly autoTopics: AutoTopics;
  readonly topicAnswers: TopicAnswers;
  readonly fetchSessions: FetchSessions;
  readonly limitLog: LimitLog;
  readonly producerIds: ProducerIds;
  readonly answerMemory: AnswerMemory;
  readonly leaderThrottle: Throttle;
}
