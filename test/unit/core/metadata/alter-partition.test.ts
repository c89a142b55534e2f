import { expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';

test('a partition that a request names twice is changed once', () => {
  const lab = MetadataLab.withBrokers([0, 1]);
  lab.create(newTopic('t', { replicationFactor: 2 }));
  const topicId = lab.image.topicByName('t')?.id ?? '';
  const brokerEpoch = lab.image.broker(brokerId(0))?.epoch ?? -1;
  const isr = [{ brokerId: 0, brokerEpoch: -1 }];
  const wish = { topicId, index: 0, leaderEpoch: 0, partitionEpoch: 0, isr };
  expect(lab.run({ kind: 'alterPartition', brokerId: 0, brokerEpoch, partitions: [wish, wish] })).toMatchObject({
    partitions: [{ errorCode: ErrorCode.NONE }, { errorCode: ErrorCode.INVALID_REQUEST }],
  });
  expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ isr: [0], partitionEpoch: 1 });
});
