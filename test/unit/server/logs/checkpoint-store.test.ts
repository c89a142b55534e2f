import { describe, expect, test } from '@jest/globals';
import { createPrng } from '../../../../broker/core/base/prng.ts';
import { CheckpointStore } from '../../../../broker/server/logs/checkpoint-store.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { runTask } from '../../../../broker/server/task.ts';
import { SimDisk } from '../../../sim/disk.ts';
import { VirtualTime } from '../../../support/logs/virtual-time.ts';

const MARKS = { recoveryPoint: 18, highWatermark: 18, logStartOffset: 0, firstDirtyOffset: 0 };

describe('the checkpoints', () => {
  test('name a log from the moment on when its marks are being written, until a later round leaves it out', () => {
    const time = new VirtualTime();
    const disk = new SimDisk({ schedule: time.schedule, prng: createPrng(1) });
    disk.makeDirectory('/data', () => undefined);
    time.settle();
    const store = new CheckpointStore(disk, '/data', crc32c);
    const write = (logs: Parameters<CheckpointStore['write']>[0]): void => runTask(store.write(logs), () => undefined);
    write([{ topic: 'orders', partition: 0, marks: MARKS }]);
    // A log of this name that is made now would be taken for the one with these marks after a crash.
    expect(store.names('orders-0')).toBe(true);
    time.settle();
    expect(store.names('orders-0')).toBe(true);
    write([]);
    expect(store.names('orders-0')).toBe(true);
    time.settle();
    expect(store.names('orders-0')).toBe(false);
  });
});
