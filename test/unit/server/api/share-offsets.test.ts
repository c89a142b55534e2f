import { describe, expect, test } from '@jest/globals';
import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import type { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { row as alter } from '../../../../broker/server/api/alter-share-group-offsets.ts';
import { row as forget } from '../../../../broker/server/api/delete-share-group-offsets.ts';
import { row as shareGroupDescribe } from '../../../../broker/server/api/share-group-describe.ts';
import { row as shareGroupHeartbeat } from '../../../../broker/server/api/share-group-heartbeat.ts';
import { type GroupApiBench, startedBench as started, TOPIC_ID } from './group-bench.ts';

type Topics = RequestInput<typeof ApiKey.AlterShareGroupOffsets>['topics'];

const topic = (topicName: string, ...starts: (readonly [number, number])[]): Topics[number] => ({
  topicName,
  partitions: starts.map(([partitionIndex, startOffset]) => ({ partitionIndex, startOffset })),
});
const altered = (bench: GroupApiBench, topics: Topics, groupId = 'g') => bench.ask(alter, 0, { groupId, topics });
const forgotten = (bench: GroupApiBench, names: readonly string[], groupId = 'g') =>
  bench.ask(forget, 0, { groupId, topics: names.map((topicName) => ({ topicName })) });

function beat(bench: GroupApiBench, memberEpoch: number): void {
  const subscribedTopicNames = memberEpoch === 0 ? ['t'] : null;
  bench.ask(shareGroupHeartbeat, 1, { groupId: 'g', memberId: 'm', memberEpoch, rackId: null, subscribedTopicNames });
}

describe('AlterShareGroupOffsets', () => {
  test('answers each partition for itself, in the order in which topics were named', () => {
    const bench = started();
    bench.denied.add('read topic secret');
    bench.node.view.setTopic('secret', 1);
    const answer = altered(bench, [
      topic('none', [0, 1]),
      topic('t', [0, 5], [7, 5], [1, -2]),
      topic('secret', [0, 1]),
      topic('t', [0, 6]),
    ]);
    expect(answer).toMatchObject({
      errorCode: 0,
      errorMessage: null,
      responses: [
        {
          topicName: 'none',
          topicId: ZERO_TOPIC_ID,
          partitions: [{ partitionIndex: 0, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }],
        },
        {
          topicName: 't',
          topicId: TOPIC_ID,
          partitions: [
            { partitionIndex: 0, errorCode: 0 },
            { partitionIndex: 7, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
            { partitionIndex: 1, errorCode: ErrorCode.INVALID_REQUEST },
          ],
        },
        {
          topicName: 'secret',
          topicId: ZERO_TOPIC_ID,
          partitions: [{ partitionIndex: 0, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }],
        },
      ],
    });
    expect(bench.asked).toEqual(['initialize g 0@6']);
  });

  test('says what the share coordinators say', () => {
    const bench = started();
    bench.shareStateCode = ErrorCode.COORDINATOR_NOT_AVAILABLE;
    expect(altered(bench, [topic('t', [1, 5])]).responses[0]?.partitions).toMatchObject([
      { partitionIndex: 1, errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE },
    ]);
  });

  test('is refused as a whole without leave, without a name, and while the group has members', () => {
    const bench = started();
    expect(altered(bench, [topic('t', [0, 5])], '')).toMatchObject({ errorCode: ErrorCode.INVALID_GROUP_ID });
    beat(bench, 0);
    expect(altered(bench, [topic('t', [0, 5])])).toMatchObject({
      errorCode: ErrorCode.NON_EMPTY_GROUP,
      responses: [],
    });
    bench.denied.add('read group g');
    expect(altered(bench, [topic('t', [0, 5])])).toMatchObject({
      errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED,
      responses: [],
    });
  });

  test('of nothing that is there makes no group', () => {
    const bench = started();
    expect(altered(bench, [topic('none', [0, 5])]).errorCode).toBe(0);
    const described = bench.ask(shareGroupDescribe, 1, { groupIds: ['g'], includeAuthorizedOperations: false });
    expect(described.groups[0]?.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
  });
});

describe('DeleteShareGroupOffsets', () => {
  test('answers each topic for itself', () => {
    const bench = started();
    for (const name of ['secret', 'unread']) bench.node.view.setTopic(name, 1);
    bench.denied.add('read topic secret');
    beat(bench, 0);
    beat(bench, -1);
    const unknown = { topicId: ZERO_TOPIC_ID, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
    expect(forgotten(bench, ['unread', 't', 'secret', 'none', 't'])).toMatchObject({
      errorCode: 0,
      responses: [
        { topicName: 'unread', ...unknown, errorMessage: 'There is no offset information to delete.' },
        { topicName: 't', topicId: TOPIC_ID, errorCode: 0, errorMessage: null },
        { topicName: 'secret', topicId: ZERO_TOPIC_ID, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED },
        { topicName: 'none', ...unknown },
      ],
    });
    expect(bench.asked.slice(1)).toEqual(['remove g 0 1']);
    expect(forgotten(bench, ['t']).responses).toMatchObject([{ topicName: 't', ...unknown }]);
  });

  test('is refused as a whole without leave, without a name, of no group, and while it has members', () => {
    const bench = started();
    expect(forgotten(bench, ['t'], '').errorCode).toBe(ErrorCode.INVALID_GROUP_ID);
    expect(forgotten(bench, ['t'])).toMatchObject({ errorCode: ErrorCode.GROUP_ID_NOT_FOUND, responses: [] });
    beat(bench, 0);
    expect(forgotten(bench, ['t'])).toMatchObject({ errorCode: ErrorCode.NON_EMPTY_GROUP, responses: [] });
    bench.denied.add('delete group g');
    expect(forgotten(bench, ['t'])).toMatchObject({ errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, responses: [] });
  });

  test('says that the share coordinators could not be reached', () => {
    const bench = started();
    beat(bench, 0);
    beat(bench, -1);
    bench.shareStateCode = ErrorCode.COORDINATOR_NOT_AVAILABLE;
    expect(forgotten(bench, ['t']).responses).toMatchObject([
      { topicName: 't', topicId: ZERO_TOPIC_ID, errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE },
    ]);
  });
});
