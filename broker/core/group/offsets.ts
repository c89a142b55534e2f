import { ZERO_TOPIC_ID } from '../base/ids.ts';
import type { Ticket } from '../coordinator/shard.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { ClassicGroup } from './classic/group.ts';
import type { ClassicGroups } from './classic/groups.ts';
import { extendSession } from './classic/rebalance.ts';
import type { FetchedOffset, OffsetCommitCommand, OffsetFetchCommand, OffsetFetchResult } from './commands.ts';
import type { OffsetStore } from './offset-store.ts';
import type { Step } from './step.ts';

/** What commits and fetches work on. */
export interface OffsetGroups {
  readonly offsets: OffsetStore;
  readonly classic: ClassicGroups;
  /** Whether the id belongs to a share group, which has no committed offsets. */
  isShareGroup(groupId: string): boolean;
  /** Whether the shard may hold one more group. */
  hasRoom(): boolean;
}

/** OffsetCommit by a member, or by anybody for a group without members. */
export function commitOffsets(step: Step, groups: OffsetGroups, command: OffsetCommitCommand, ticket: Ticket): void {
  const group = groups.classic.get(command.groupId);
  const errorCode = groups.isShareGroup(command.groupId)
    ? ErrorCode.GROUP_ID_NOT_FOUND
    : group === null
      ? checkUnknownGroup(groups, command)
      : checkGroup(group, command);
  if (errorCode !== ErrorCode.NONE) {
    const partitionErrors = command.offsets.map(() => errorCode);
    step.reply('offsetCommit', ticket, { errorCode, partitionErrors });
    return;
  }
  const member = group?.members.get(command.memberId);
  if (member !== undefined && command.generationIdOrMemberEpoch >= 0) extendSession(step, member);
  const metadataBytesMax = step.settings.broker('offset.metadata.max.bytes');
  const partitionErrors = command.offsets.map((offset) => {
    // Kafka measures the text in UTF-16 units, whatever the setting's name says.
    if (offset.metadata !== null && offset.metadata.length > metadataBytesMax)
      return ErrorCode.OFFSET_METADATA_TOO_LARGE;
    step.write({
      kind: 'offset',
      groupId: command.groupId,
      topic: offset.topic,
      partition: offset.partition,
      value: {
        offset: offset.offset,
        leaderEpoch: offset.leaderEpoch,
        metadata: offset.metadata ?? '',
        commitTimestamp: step.now.wallMs,
        expireTimestamp: -1,
        topicId: offset.topicId,
      },
    });
    return ErrorCode.NONE;
  });
  step.reply('offsetCommit', ticket, { errorCode: ErrorCode.NONE, partitionErrors });
}

/** A commit for a group that does not run: only one that claims no membership makes or keeps it. */
function checkUnknownGroup(groups: OffsetGroups, command: OffsetCommitCommand): number {
  if (command.generationIdOrMemberEpoch < 0) {
    return groups.offsets.has(command.groupId) || groups.hasRoom()
      ? ErrorCode.NONE
      : ErrorCode.COORDINATOR_NOT_AVAILABLE;
  }
  return command.supportsMemberEpochs ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION;
}

function checkGroup(group: ClassicGroup, command: OffsetCommitCommand): number {
  const { generationIdOrMemberEpoch: generationId, memberId, groupInstanceId } = command;
  if (generationId < 0 && group.state === 'Empty') return ErrorCode.NONE;
  if (generationId < 0 && memberId === '' && groupInstanceId === null) return ErrorCode.UNKNOWN_MEMBER_ID;
  const errorCode = group.checkMember(memberId, groupInstanceId);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  // The member has no assignment of this generation yet: what it commits belongs to an earlier one.
  return group.state === 'CompletingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

/** OffsetFetch: what is committed, −1 elsewhere. A group that does not exist has committed nothing. */
export function fetchOffsets(groups: OffsetGroups, command: OffsetFetchCommand): OffsetFetchResult {
  const { groupId } = command;
  const isHidden = groups.isShareGroup(groupId);
  const asked = command.topics ?? groups.offsets.list(groupId).map((topic) => ({ ...topic, topicId: null }));
  const topics = asked.map(({ topic, topicId, partitions }) => {
    const found = partitions.map((partition) => {
      const value = isHidden ? null : groups.offsets.get(groupId, { name: topic, topicId }, partition);
      const fetched: FetchedOffset =
        value === null
          ? { partition, offset: -1, leaderEpoch: -1, metadata: '' }
          : { partition, offset: value.offset, leaderEpoch: value.leaderEpoch, metadata: value.metadata };
      return fetched;
    });
    return { topic, topicId: topicId ?? ZERO_TOPIC_ID, partitions: found };
  });
  return { errorCode: ErrorCode.NONE, topics };
}
