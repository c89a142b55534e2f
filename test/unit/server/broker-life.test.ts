import { expect, test } from '@jest/globals';
import { brokerId } from '../../../broker/core/base/ids.ts';
import { BROKER_EPOCH } from '../../../broker/core/log/file-names.ts';
import { Asker } from '../../sim/asker.ts';

test('a broker that is let in has its epoch on the disk, in every life (D4)', () => {
  const asker = new Asker(1, { settings: { 'weir.host': 'machine-7' } });
  const epochs: number[] = [];
  for (let life = 0; life < 3; life += 1) {
    const broker = asker.node.view?.broker(brokerId(0));
    expect(broker).toMatchObject({ fenced: false, host: 'machine-7' });
    epochs.push(broker?.epoch ?? -1);
    asker.node.crash('power');
    const text = Buffer.from(asker.node.disk.peek(`/data/${BROKER_EPOCH}`) ?? []).toString();
    expect(text.split('\n')[1]).toBe(String(epochs.at(-1)));
    asker.node.start();
    asker.world.runUntil(() => asker.node.isReady, 60_000);
  }
  expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
});

test('a broker on a full disk waits for room, and is let in when there is some', () => {
  const asker = new Asker(2);
  asker.node.crash('process');
  const { faults } = asker.node.disk;
  faults.fail = (operation, path) => (operation === 'write' && path.includes(BROKER_EPOCH) ? 'ENOSPC' : null);
  asker.node.start();
  asker.world.runFor(5000);
  expect([asker.node.isReady, asker.node.fatals]).toEqual([false, []]);
  expect(asker.node.view?.broker(brokerId(0))).toMatchObject({ fenced: true });
  faults.fail = () => null;
  expect(asker.world.runUntil(() => asker.node.isReady, 5000)).toBe(true);
});
