import { expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { LogReports } from '../../../../broker/core/metadata/log-reports.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';

const IDS = [0, 1, 2];

/** A partition whose three replicas have restarted uncleanly, and have told how far they have it; the first has most. */
function heard() {
  const lab = MetadataLab.withBrokers(IDS);
  const configs = [
    { name: 'weir.durability', value: 'replicated' },
    { name: 'min.insync.replicas', value: '2' },
  ];
  lab.create(newTopic('t', { replicationFactor: 3, configs }));
  for (const id of IDS) lab.join(id, false);
  const reports = new LogReports();
  for (const id of IDS) {
    const incarnation = { brokerId: id, brokerEpoch: lab.image.broker(brokerId(id))?.epoch ?? -1 };
    lab.run({ kind: 'unfenceBroker', ...incarnation });
    const topicId = lab.image.topicByName('t')?.id ?? '';
    const partitions = [{ topicId, index: 0, lastEpoch: 0, endOffset: 90 - id }];
    reports.report(lab.image, { kind: 'reportLogs', ...incarnation, partitions });
  }
  return { lab, reports };
}

test('an election that does not come to pass is asked for again, after a while (D8)', () => {
  const { lab, reports } = heard();
  expect(reports.nextWakeMs(1000)).toBe(1000);
  expect(reports.elect(lab.image, 1000)).toMatchObject({ partitions: [{ brokerId: 0 }] });
  expect(reports.nextWakeMs(1000)).toBe(1250);
  expect(reports.elect(lab.image, 1250)).toMatchObject({ partitions: [{ brokerId: 0 }] });
});

test('who has another disk now has no log that anybody would wait for (D8)', () => {
  const { lab, reports } = heard();
  lab.run(lab.registration(0, { directoryId: 'AAAAAAAAAAAAAAAAAAAABw' }));
  expect(reports.elect(lab.image, 1000)).toMatchObject({ partitions: [{ brokerId: 1 }] });
});

test('nobody is elected who runs on another disk than its log, whoever asks (D4 b)', () => {
  const { lab } = heard();
  const topicId = lab.image.topicByName('t')?.id ?? '';
  lab.run(lab.registration(0, { directoryId: 'AAAAAAAAAAAAAAAAAAAABw' }));
  const brokerEpoch = lab.image.broker(brokerId(0))?.epoch ?? -1;
  lab.run({ kind: 'unfenceBroker', brokerId: 0, brokerEpoch });
  const elect = (id: number): void =>
    lab.carryOut({ kind: 'electMostComplete', partitions: [{ topicId, index: 0, brokerId: brokerId(id) }] });
  elect(0);
  expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ leader: -1 });
  elect(1);
  expect(lab.image.topicByName('t')?.partition(0)).toMatchObject({ leader: 1 });
});
