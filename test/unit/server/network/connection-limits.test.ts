import { describe, expect, it } from '@jest/globals';
import { Settings } from '../../../../broker/core/config/settings.ts';
import { ConnectionLimits } from '../../../../broker/server/network/connection-limits.ts';

const limits = (settings: Readonly<Record<string, string>>): ConnectionLimits =>
  new ConnectionLimits(new Settings(new Map(Object.entries({ 'log.dirs': '/data', ...settings }))));

describe('the limits of connections', () => {
  it('let nobody overtake those who wait, even when there is room again', () => {
    const rated = limits({ 'max.connection.creation.rate': '1' });
    const arrive = (nowMs: number): string => rated.arrive('10.0.0.1', nowMs).kind;
    expect([arrive(0), arrive(0), arrive(1000)]).toEqual(['admit', 'wait', 'wait']);
    expect([rated.admitWaiting(1000), rated.admitWaiting(1000)]).toEqual([true, false]);
    expect(rated.counts).toEqual({ open: 2, waiting: 1 });
  });

  it('save no more than one second of the rate up, however long nobody came', () => {
    const rated = limits({ 'max.connection.creation.rate': '2' });
    const arrive = (nowMs: number): string => rated.arrive('10.0.0.1', nowMs).kind;
    expect(arrive(0)).toBe('admit');
    expect([arrive(3_600_000), arrive(3_600_000), arrive(3_600_000)]).toEqual(['admit', 'admit', 'wait']);
  });
});
