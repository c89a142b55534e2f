import { expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';

const epochOf = (lab: MetadataLab, id: number): number => lab.image.broker(brokerId(id))?.epoch ?? -1;
const partition = (lab: MetadataLab, topic: string) => lab.image.topicByName(topic)?.partition(0);

function cluster(): MetadataLab {
  const lab = MetadataLab.withBrokers([0, 1, 2]);
  lab.create(newTopic('many', { replicationFactor: 3 }));
  lab.create(
    newTopic('single', {
      partitionCount: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds: [0] }],
    }),
  );
  return lab;
}

const shed = (lab: MetadataLab) => lab.carryOut({ kind: 'shedLeaders', brokerId: 0, brokerEpoch: epochOf(lab, 0) });

test('a broker whose disk hangs leaves the ISRs in which another can lead, and leads on what nobody else can (F5)', () => {
  const lab = cluster();
  shed(lab);
  expect(partition(lab, 'many')).toMatchObject({ leader: 1, isr: [1, 2] });
  expect(partition(lab, 'single')).toMatchObject({ leader: 0, isr: [0] });
  expect(lab.image.broker(brokerId(0))).toMatchObject({ fenced: false });
  const { offset } = lab.image;
  shed(lab);
  expect(lab.image.offset).toBe(offset);
});

test('it joins no ISR while its disk hangs, and any that it is in keeps it (F5)', () => {
  const lab = cluster();
  shed(lab);
  const propose = (...isr: readonly number[]): number | undefined => {
    const { leaderEpoch = -1, partitionEpoch = -1 } = partition(lab, 'many') ?? {};
    const outcome = lab.run({
      kind: 'alterPartition',
      brokerId: 1,
      brokerEpoch: epochOf(lab, 1),
      partitions: [
        {
          topicId: lab.image.topicByName('many')?.id ?? '',
          index: 0,
          leaderEpoch,
          partitionEpoch,
          isr: isr.map((id) => ({ brokerId: id, brokerEpoch: epochOf(lab, id) })),
        },
      ],
    });
    return outcome.kind === 'alterPartition' ? outcome.partitions[0]?.errorCode : outcome.errorCode;
  };
  lab.slow.add(0);
  expect(propose(1, 2, 0)).toBe(ErrorCode.INELIGIBLE_REPLICA);
  lab.slow.add(2);
  expect(propose(1, 2)).toBe(ErrorCode.NONE);
  lab.slow.delete(0);
  expect(propose(1, 2, 0)).toBe(ErrorCode.NONE);
  expect(partition(lab, 'many')?.isr).toEqual([0, 1, 2]);
});
