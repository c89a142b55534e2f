import { describe, expect, it } from '@jest/globals';
import { maintenanceAt, unknownTimeZones } from '../../../../operator/core/maintenance.ts';

type Windows = NonNullable<Parameters<typeof maintenanceAt>[0]>;

const window = (part: Partial<Windows[number]> = {}): Windows[number] => ({
  start: '02:00',
  durationMinutes: 60,
  timeZone: 'UTC',
  ...part,
});
const at = (windows: Windows, time: string) => maintenanceAt(windows, Date.parse(time));
const isOpen = (windows: Windows, time: string): boolean => at(windows, time).isOpen;
const next = (windows: Windows, time: string): string | null => {
  const state = at(windows, time);
  return state.isOpen || state.nextMs === null ? null : new Date(state.nextMs).toISOString();
};

describe('maintenance windows', () => {
  it('are always open when there are none', () => {
    expect(maintenanceAt(undefined, 0)).toEqual({ isOpen: true });
  });

  it('are open from their start on, up to their end and not at it', () => {
    const daily = [window()];
    expect(isOpen(daily, '2026-11-29T01:59:59.999Z')).toBe(false);
    expect(isOpen(daily, '2026-11-29T02:00:00.000Z')).toBe(true);
    expect(isOpen(daily, '2026-11-29T02:59:59.999Z')).toBe(true);
    expect(isOpen(daily, '2026-11-29T03:00:00.000Z')).toBe(false);
    expect(next(daily, '2026-11-29T03:00:00.000Z')).toBe('2026-11-30T02:00:00.000Z');
  });

  it('go on after midnight, by the day on which they began', () => {
    const saturdays = [window({ days: ['Sat'], start: '23:30', durationMinutes: 120 })];
    expect(isOpen(saturdays, '2026-11-28T23:30:00Z')).toBe(true);
    expect(isOpen(saturdays, '2026-11-29T01:29:59Z')).toBe(true);
    expect(isOpen(saturdays, '2026-11-29T01:30:00Z')).toBe(false);
    expect(isOpen(saturdays, '2026-11-29T23:40:00Z')).toBe(false);
    expect(next(saturdays, '2026-11-29T01:30:00Z')).toBe('2026-12-05T23:30:00.000Z');
    expect(isOpen([window({ days: ['Sat'], durationMinutes: 1440 })], '2026-11-29T01:59:59Z')).toBe(true);
  });

  it('begin by the clocks of their time zone, in summer and winter', () => {
    const berlin = [window({ timeZone: 'Europe/Berlin' })];
    expect(next(berlin, '2026-07-01T12:00:00Z')).toBe('2026-07-02T00:00:00.000Z');
    expect(next(berlin, '2026-12-01T12:00:00Z')).toBe('2026-12-02T01:00:00.000Z');
    // Monday has begun in Auckland while it is Sunday elsewhere.
    expect(isOpen([window({ days: ['Mon'], timeZone: 'Pacific/Auckland' })], '2026-11-29T13:30:00Z')).toBe(true);
    expect(isOpen([window({ days: ['Sun'], timeZone: 'Pacific/Auckland' })], '2026-11-29T13:30:00Z')).toBe(false);
  });

  it('last as long as they say on days that have an hour less or more', () => {
    const berlin = [window({ start: '02:30', timeZone: 'Europe/Berlin' })];
    // 02:00 to 03:00 is not there on the 29th of March, and twice on the 25th of October.
    expect(isOpen(berlin, '2026-03-29T01:29:59Z')).toBe(false);
    expect(isOpen(berlin, '2026-03-29T01:30:00Z')).toBe(true);
    expect(isOpen(berlin, '2026-03-29T02:30:00Z')).toBe(false);
    expect(isOpen(berlin, '2026-10-25T00:30:00Z')).toBe(true);
    expect(isOpen(berlin, '2026-10-25T01:30:00Z')).toBe(false);
  });

  it('any of several will do, and the next is that of the soonest', () => {
    const two = [window({ days: ['Wed'] }), window({ days: ['Tue'], start: '04:00' })];
    expect(next(two, '2026-11-29T12:00:00Z')).toBe('2026-12-01T04:00:00.000Z');
    expect(isOpen(two, '2026-12-02T02:30:00Z')).toBe(true);
  });

  it('in a time zone that nobody knows never open', () => {
    const mars = [window({ timeZone: 'Mars/Base' })];
    expect(unknownTimeZones([...mars, window()])).toEqual(['Mars/Base']);
    expect(at(mars, '2026-11-29T02:30:00Z')).toEqual({ isOpen: false, nextMs: null });
  });
});
