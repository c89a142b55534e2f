import { expect, it } from '@jest/globals';
import type { AdminCall } from '../../../broker/cli/local/copies.ts';
import { beginGroup } from '../../../broker/cli/local/share-groups.ts';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';

it('a group leaves alone what has begun while it was looked up where to begin', async () => {
  const partitionOf = (partitionIndex: number) => ({ partitionIndex, errorCode: 0, leaderId: 0, lag: 0, offset: 7 });
  const both = [partitionOf(0), partitionOf(1)];
  const [groupId, name] = ['workers', 'jobs'];
  let begun: readonly object[] = [];
  const altered: unknown[] = [];
  const answers = new Map<number, (body: unknown) => object>([
    [ApiKey.Metadata, () => ({ topics: [{ name, errorCode: 0, partitions: both }] })],
    [
      ApiKey.ListOffsets,
      () => {
        // Meanwhile a member comes, takes all that is in the first partition, and goes.
        begun = [{ topicName: name, partitions: [partitionOf(0)] }];
        return { topics: [{ name, partitions: both }] };
      },
    ],
    [
      ApiKey.DescribeShareGroupOffsets,
      () => ({ groups: [{ groupId, errorCode: 0, errorMessage: null, topics: begun }] }),
    ],
    [
      ApiKey.AlterShareGroupOffsets,
      (body) => {
        altered.push(body);
        return { errorCode: 0, errorMessage: null, responses: [] };
      },
    ],
  ]);
  const call = (async (key: number, body: () => unknown) => answers.get(key)?.(body())) as AdminCall;
  await beginGroup(call, 0, groupId, [{ topic: name, partitions: [0, 1], at: 'earliest' }]);
  const partitions = [{ partitionIndex: 1, startOffset: 7 }];
  expect(altered).toEqual([{ groupId, topics: [{ topicName: name, partitions }] }]);
});
