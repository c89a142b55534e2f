import { expect, test } from '@jest/globals';
import { createPrng } from '../../../broker/core/base/prng.ts';
import { BROKER_EPOCH } from '../../../broker/core/log/file-names.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import { keepBrokerEpoch, readBrokerEpoch } from '../../../broker/server/broker-epoch.ts';
import { runTask, type Task } from '../../../broker/server/task.ts';
import { SimDisk } from '../../sim/disk.ts';
import { VirtualTime } from '../../support/logs/virtual-time.ts';

function bench() {
  const time = new VirtualTime();
  const disk = new SimDisk({ schedule: time.schedule, prng: createPrng(1) });
  const place = { disk, crc32c, directory: '/data' };
  const outcome = <T>(task: Task<T>): T => {
    let result: T | undefined;
    runTask(task, (error, value) => {
      if (error !== null) throw error;
      result = value;
    });
    time.settle();
    return result as T;
  };
  disk.makeDirectory('/data', () => disk.syncDirectory('/', () => undefined));
  time.settle();
  return {
    disk,
    keep: (epoch: number) => outcome(keepBrokerEpoch(place, epoch)),
    read: () => outcome(readBrokerEpoch(place)),
  };
}

test('the broker epoch that was kept is there after a power cut; before the first there is none (D4)', () => {
  const { disk, keep, read } = bench();
  expect(read()).toBe(-1);
  for (const epoch of [7, 9_007_199_254, 12]) {
    keep(epoch);
    disk.crash({ keepPageCache: false });
    expect(read()).toBe(epoch);
  }
});

test('a file that is not what was written tells nothing', () => {
  const { disk, keep, read } = bench();
  keep(17);
  const before = disk.files().find(({ path }) => path.endsWith(BROKER_EPOCH));
  expect(before).toBeDefined();
  disk.place(`/data/${BROKER_EPOCH}`, Buffer.from('weir-broker-epoch 1\n99\ncrc32c 00000000\n'));
  expect(read()).toBe(-1);
});
