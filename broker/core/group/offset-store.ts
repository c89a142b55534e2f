import { ZERO_TOPIC_ID } from '../base/ids.ts';
import type { RecordMessages } from '../protocol/record-messages.ts';

/** A committed offset as it stands in the log. */
export type CommittedOffset = RecordMessages['OffsetCommitValue'];

type TopicOffsets = Map<number, CommittedOffset>;

/** The committed offsets of all groups of one shard; durable state, changed by `apply` alone. */
export class OffsetStore {
  private readonly groups = new Map<string, Map<string, TopicOffsets>>();

  /** Takes over one offset record; null removes the offset. */
  apply(
    at: { readonly groupId: string; readonly topic: string; readonly partition: number },
    value: CommittedOffset | null,
  ): void {
    let topics = this.groups.get(at.groupId);
    let offsets = topics?.get(at.topic);
    if (value !== null) {
      if (topics === undefined) this.groups.set(at.groupId, (topics = new Map()));
      if (offsets === undefined) topics.set(at.topic, (offsets = new Map()));
      offsets.set(at.partition, value);
      return;
    }
    if (topics === undefined || offsets?.delete(at.partition) !== true) return;
    if (offsets.size === 0) topics.delete(at.topic);
    if (topics.size === 0) this.groups.delete(at.groupId);
  }

  /** Whether the group has committed anything. */
  has(groupId: string): boolean {
    return this.groups.has(groupId);
  }

  /** Number of groups with offsets. */
  get size(): number {
    return this.groups.size;
  }

  /** Groups with offsets, in the order of their first one. */
  groupIds(): string[] {
    return [...this.groups.keys()];
  }

  /** The committed offset, or null; also null when it was committed for another topic of the same name. */
  get(
    groupId: string,
    topic: { readonly name: string; readonly topicId: string | null },
    partition: number,
  ): CommittedOffset | null {
    const value = this.groups.get(groupId)?.get(topic.name)?.get(partition) ?? null;
    if (value === null || topic.topicId === null || value.topicId === ZERO_TOPIC_ID) return value;
    return value.topicId === topic.topicId ? value : null;
  }

  /** Everything that a group has committed, topics by name and partitions by number. */
  list(groupId: string): { readonly topic: string; readonly partitions: readonly number[] }[] {
    const topics = [...(this.groups.get(groupId) ?? [])];
    topics.sort(([a], [b]) => (a < b ? -1 : 1));
    return topics.map(([topic, offsets]) => ({ topic, partitions: [...offsets.keys()].sort((a, b) => a - b) }));
  }

  /** One line for a group: `topic-partition=offset`, sorted; empty when there is nothing. */
  describe(groupId: string): string {
    const parts: string[] = [];
    for (const { topic, partitions } of this.list(groupId)) {
      for (const partition of partitions) {
        const value = this.groups.get(groupId)?.get(topic)?.get(partition);
        if (value !== undefined)
          parts.push(`${topic}-${partition}=${value.offset}${value.metadata === '' ? '' : `"${value.metadata}"`}`);
      }
    }
    return parts.join(' ');
  }
}
