import type {
  AlterShareOffsetsResult,
  DeleteShareOffsetsResult,
  ShareHeartbeatResult,
  TopicPartitions,
} from '../../../../broker/core/group/commands.ts';
import { type Call, GroupBench } from './bench.ts';

/** A share group `g` on a bench, with a topic `jobs` of four partitions. */
export class Share extends GroupBench {
  constructor(settings: Readonly<Record<string, string>> = {}) {
    super(settings);
    this.view.setTopic('jobs', 4);
  }

  beat(
    memberId: string,
    memberEpoch: number,
    options: { topics?: readonly string[] | null; rack?: string; groupId?: string; clientId?: string } = {},
  ): Call<ShareHeartbeatResult> {
    return this.send({
      kind: 'shareHeartbeat',
      groupId: options.groupId ?? 'g',
      client: { clientId: options.clientId ?? 'c', clientHost: '/h' },
      memberId,
      memberEpoch,
      rackId: options.rack ?? null,
      subscribedTopicNames: options.topics === undefined ? null : options.topics,
    });
  }

  join(memberId: string, ...topics: string[]): Call<ShareHeartbeatResult> {
    return this.beat(memberId, 0, { topics: topics.length === 0 ? ['jobs'] : topics });
  }

  described(groupId = 'g') {
    const { response } = this.send({ kind: 'describeShareGroup', groupId });
    if (response === null) throw new Error('describe waits for nothing');
    return response;
  }

  partitions() {
    return this.send({ kind: 'shareGroupPartitions', groupId: 'g' }).response?.topics.map(
      ({ topicName, partitions }) => `${topicName}: ${partitions.join(' ')}`,
    );
  }

  remove() {
    return this.send({ kind: 'deleteGroup', groupId: 'g' });
  }

  /** Alters the start of partitions of `jobs`, or of another topic: offsets by partition. */
  alter(starts: Readonly<Record<number, number>>, topicName = 'jobs', groupId = 'g'): Call<AlterShareOffsetsResult> {
    const partitions = Object.entries(starts).map(([partition, startOffset]) => ({
      partition: Number(partition),
      startOffset,
    }));
    const topics = partitions.length === 0 ? [] : [{ topicName, topicId: this.topicId(topicName), partitions }];
    return this.send({ kind: 'alterShareOffsets', groupId, topics });
  }

  /** Deletes the offsets of topics. */
  forget(...topicNames: string[]): Call<DeleteShareOffsetsResult> {
    const topicIds = topicNames.map((name) => this.topicId(name));
    return this.send({ kind: 'deleteShareOffsets', groupId: 'g', topicIds });
  }

  topicId(name: string): string {
    const topic = this.view.topicByName(name);
    if (topic === null) throw new Error(`there is no topic ${name}`);
    return topic.id;
  }

  topicsChanged(...topicNames: string[]): void {
    this.tell({ kind: 'metadataChanged', topicNames, deletedTopics: [] });
  }

  topicDeleted(name: string): void {
    const topicId = this.view.topicByName(name)?.id ?? '';
    this.view.removeTopic(name);
    this.tell({ kind: 'metadataChanged', topicNames: [], deletedTopics: [{ name, topicId }] });
  }
}

/** The assignment in an answer as text; null when it has none, undefined while there is no answer. */
export const shown = (call: Call<ShareHeartbeatResult>): string[] | null | undefined =>
  call.response?.assignment?.topicPartitions.map(
    ({ topicId, partitions }) => `${topicId.replace(/A*$/, '')}: ${partitions.join(' ')}`,
  ) ??
  call.response?.assignment?.topicPartitions.map(String) ??
  (call.response === null ? undefined : null);
/** Partitions in an assignment. */
export const count = (topics: readonly TopicPartitions[] | undefined): number =>
  (topics ?? []).reduce((sum, { partitions }) => sum + partitions.length, 0);
