import { describe, expect, test } from '@jest/globals';
import { FileShortage } from '../../../../broker/server/logs/file-shortage.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';
import { VirtualTime } from '../../../support/logs/virtual-time.ts';

describe('a shortage of files', () => {
  test('has one round at a time however many wait, and another while it lasts', () => {
    const time = new VirtualTime();
    const rounds: (() => void)[] = [];
    let isShort = true;
    const shortage = new FileShortage(
      time,
      () => isShort,
      (done) => rounds.push(done),
    );
    for (let count = 0; count < 10_000; count += 1) shortage.noticed();
    time.advance(100);
    expect(rounds).toHaveLength(1);
    shortage.noticed();
    rounds[0]?.();
    time.advance(100);
    expect(rounds).toHaveLength(2);
    isShort = false;
    rounds[1]?.();
    time.advance(100);
    expect(rounds).toHaveLength(2);
    shortage.noticed();
    time.advance(100);
    expect(rounds).toHaveLength(3);
  });

  test.each(['lazy', 'always'] as const)('of %s logs ends long before the next checkpoint', (syncMode) => {
    const w = new LogWorld(7, { openFilesMax: 8, checkpointIntervalMs: 3_600_000 });
    w.start();
    const logs = w.create(...Array.from({ length: 200 }, (_, i) => spec(`t${i}`, { syncMode, segmentBytes: 200 })));
    // Into a second segment: its file is wanted while that of the first is in use.
    for (let round = 0; round < 4; round += 1) for (const log of logs) w.append(log, { values: ['v'.repeat(50)] });
    w.time.advance(10_000);
    expect(logs.filter((log) => log.writtenOffset < 4)).toEqual([]);
  });
});
