import { describe, expect, test } from '@jest/globals';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { decodeResponse, encodeResponse } from '../../../../broker/core/protocol/messages.ts';
import {
  type DescribeShareGroupOffsetsServices,
  row,
} from '../../../../broker/server/api/describe-share-group-offsets.ts';
import type { RequestContext } from '../../../../broker/server/request-context.ts';
import { PartitionEnds } from '../../../../broker/server/peers/partition-ends.ts';
import { ALONE, ShareNode } from '../share/bench.ts';

type Request = Parameters<typeof row.handle>[1];
type Response = NonNullable<Parameters<Parameters<typeof row.handle>[3]>[0]>;

const KNOWN = [
  { topicId: '', topicName: 'jobs', partitions: [0, 1] },
  { topicId: '', topicName: 'secret', partitions: [0] },
];

function ask(node: ShareNode, groups: Request['groups'], denied: readonly string[] = []): Response {
  const services: DescribeShareGroupOffsetsServices = {
    sharePersister: node.groups.sharePersister,
    metadata: node.metadata,
    partitionEnds: new PartitionEnds({ metadata: node.metadata, partitions: node.partitions, peers: ALONE }),
    groups: {
      // Answers the one kind of command that this row sends.
      ask: ((command: { groupId: string }, done: (outcome: unknown) => void): void => {
        if (command.groupId === 'loading') done({ kind: 'refused', errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS });
        else if (command.groupId !== 'g')
          done({ kind: 'answered', response: { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, groupEpoch: 0, topics: [] } });
        else done({ kind: 'answered', response: { errorCode: ErrorCode.NONE, groupEpoch: 1, topics: KNOWN } });
      }) as DescribeShareGroupOffsetsServices['groups']['ask'],
    },
  };
  const context: RequestContext = {
    connection: {
      connectionId: 1,
      principal: 'User:ANONYMOUS',
      listener: 'plain',
      address: '127.0.0.1',
      onClose: () => () => {},
      admitBroker: () => undefined,
      disconnect: () => {},
    },
    apiKey: 90,
    apiVersion: 1,
    correlationId: 1,
    clientId: null,
    receivedMs: 0,
    allowed: ({ resourceName }) => !denied.includes(resourceName),
  };
  let answer: Response | null = null;
  row.handle(services, { groups }, context, (response) => {
    answer = response;
  });
  node.loop.run();
  if (answer === null) throw new Error('not answered');
  return answer;
}

describe('DescribeShareGroupOffsets', () => {
  test('tells start, leader epoch and lag of every partition with state', () => {
    const node = new ShareNode();
    node.produce(10);
    const member = node.member('a');
    member.fetch();
    member.acknowledge({
      0: [
        [0, 3, 1],
        [6, 7, 1],
      ],
    });
    const [group] = ask(node, [{ groupId: 'g', topics: null }]).groups;
    expect(group?.topics[0]?.partitions).toEqual([
      { partitionIndex: 0, startOffset: 4, leaderEpoch: 0, lag: 4, errorCode: 0 },
      { partitionIndex: 1, startOffset: 0, leaderEpoch: 0, lag: 0, errorCode: 0 },
    ]);
  });

  test('has a lag of zero when everything is acknowledged', () => {
    const node = new ShareNode();
    node.produce(10);
    const member = node.member('a');
    member.fetch();
    member.acknowledge({ 0: [[0, 9, 1]] });
    expect(ask(node, [{ groupId: 'g', topics: null }]).groups[0]?.topics[0]?.partitions[0]?.lag).toBe(0);
  });

  test('does not count as lag what was deleted from the log', () => {
    const node = new ShareNode();
    node.produce(10);
    const member = node.member('a');
    member.fetch();
    member.acknowledge({ 0: [[0, 1, 1]] });
    node.log().deleteRecords(7, () => {});
    const place = () => ask(node, [{ groupId: 'g', topics: null }]).groups[0]?.topics[0]?.partitions[0];
    expect(place()).toMatchObject({ startOffset: 2, lag: 3 });
    member.acknowledge({ 0: [[7, 9, 1]] });
    expect(place()).toMatchObject({ startOffset: 10, lag: 0 });
  });

  test('follows with the start when a member meets a deleted front', () => {
    const node = new ShareNode();
    node.produce(10);
    const member = node.member('a');
    member.fetch();
    node.log().deleteRecords(10, () => {});
    member.fetch();
    const place = ask(node, [{ groupId: 'g', topics: null }]).groups[0]?.topics[0]?.partitions[0];
    expect(place).toMatchObject({ startOffset: 10, lag: 0 });
  });

  test('tells −1 of a start that is not chosen yet', () => {
    const node = new ShareNode();
    node.produce(3);
    node.initialize(0, -1, 2);
    const partition = ask(node, [{ groupId: 'g', topics: [{ topicName: 'jobs', partitions: [0] }] }]).groups[0]
      ?.topics[0];
    expect(partition?.partitions).toEqual([
      { partitionIndex: 0, startOffset: -1, leaderEpoch: 0, lag: -1, errorCode: 0 },
    ]);
  });

  test('says of unknown topics and groups that nothing was read, and refuses partitions and loading groups each by itself', () => {
    const node = new ShareNode();
    const answer = ask(node, [
      {
        groupId: 'g',
        topics: [
          { topicName: 'jobs', partitions: [9] },
          { topicName: 'none', partitions: [0] },
        ],
      },
      { groupId: 'other', topics: null },
      { groupId: 'loading', topics: null },
    ]);
    expect(answer.groups.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.NONE,
      ErrorCode.NONE,
      ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ]);
    expect(answer.groups[1]?.topics).toEqual([]);
    const told = answer.groups[0]?.topics.map(({ partitions }) => [
      partitions[0]?.errorCode,
      partitions[0]?.startOffset,
    ]);
    expect(told).toEqual([
      [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1],
      [ErrorCode.NONE, -1],
    ]);
  });

  test('shows nobody what it may not describe', () => {
    const node = new ShareNode();
    const all = ask(node, [{ groupId: 'g', topics: null }], ['secret']);
    expect(all.groups[0]?.topics.map(({ topicName }) => topicName)).toEqual(['jobs']);
    const named = ask(node, [{ groupId: 'g', topics: [{ topicName: 'secret', partitions: [0] }] }], ['secret']);
    expect(named.groups[0]?.topics[0]?.partitions[0]?.errorCode).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    expect(ask(node, [{ groupId: 'g', topics: null }], ['g']).groups[0]?.errorCode).toBe(
      ErrorCode.GROUP_AUTHORIZATION_FAILED,
    );
  });

  test.each([0, 1])('travels in version %i', (version) => {
    const node = new ShareNode();
    const answer = ask(node, [{ groupId: 'g', topics: [{ topicName: 'jobs', partitions: [0] }] }]);
    const frame = Buffer.concat(
      encodeResponse(ApiKey.DescribeShareGroupOffsets, version, 7, { ...answer, throttleTimeMs: 0 }),
    );
    const { body } = decodeResponse(ApiKey.DescribeShareGroupOffsets, version, frame.subarray(4));
    expect(body.groups[0]?.topics[0]?.partitions[0]?.startOffset).toBe(0);
  });
});
