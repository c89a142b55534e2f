import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { ShareNode, TOPIC_ID } from './bench.ts';

const UNKNOWN = 'AAAAAAAAAAAAAAAAAAAAZg';

describe('share state requests', () => {
  test('answer each partition of each topic by itself, in the order of the request', () => {
    const node = new ShareNode();
    let answer: unknown = null;
    node.groups.shareState.initialize(
      {
        groupId: 'h',
        topics: [
          {
            topicId: TOPIC_ID,
            partitions: [
              { partition: 1, stateEpoch: 3, startOffset: 0 },
              { partition: 7, stateEpoch: 3, startOffset: 0 },
            ],
          },
          { topicId: UNKNOWN, partitions: [{ partition: 0, stateEpoch: 3, startOffset: 0 }] },
        ],
      },
      (response) => {
        answer = response;
      },
    );
    expect(answer).toBeNull();
    node.loop.run();
    const unknown = { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null };
    expect(answer).toEqual({
      results: [
        {
          topicId: TOPIC_ID,
          partitions: [
            { partition: 1, errorCode: 0, errorMessage: null },
            { partition: 7, ...unknown },
          ],
        },
        { topicId: UNKNOWN, partitions: [{ partition: 0, ...unknown }] },
      ],
    });
  });

  test('are answered after their records are committed', () => {
    const node = new ShareNode();
    node.stateLog.hold = true;
    const codes: number[] = [];
    node.groups.sharePersister.initialize('h', node.log().topicId, 0, 1, 0, (errorCode) => codes.push(errorCode));
    node.loop.run();
    expect(codes).toEqual([]);
    node.stateLog.commit();
    expect(codes).toEqual([ErrorCode.NONE]);
  });

  test('delete the state of topics that are gone', () => {
    const node = new ShareNode();
    const topicId = node.log().topicId;
    node.metadata.byName.delete('jobs');
    const codes: number[] = [];
    node.groups.sharePersister.remove('g', topicId, 0, (errorCode) => codes.push(errorCode));
    node.groups.sharePersister.remove('g', topicId, 1, (errorCode) => codes.push(errorCode));
    node.groups.sharePersister.read('g', topicId, 1, 1, ({ errorCode }) => codes.push(errorCode));
    node.loop.run();
    expect(codes.sort((left, right) => left - right)).toEqual([0, 0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    expect(node.remembered()).toBe('');
  });

  test('survive a restart of the coordinator', () => {
    const node = new ShareNode();
    node.initialize(0, 4, 2);
    const before = node.remembered();
    node.restart();
    expect(node.remembered()).toBe(before);
  });
});
