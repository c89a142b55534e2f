import { describe, expect, test } from '@jest/globals';
import type { StateBatch } from '../../../../broker/core/share/persistence.ts';
import { mergeStateBatches } from '../../../../broker/core/share/state-batches.ts';

/** `first-last:state:count` of each batch. */
const read = (text: string): StateBatch[] =>
  text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const [range = '', state, count] = part.split(':');
      const [first, last] = range.split('-').map(Number);
      return {
        firstOffset: first ?? 0,
        lastOffset: last ?? 0,
        deliveryState: Number(state),
        deliveryCount: Number(count),
      };
    });

const write = (list: readonly StateBatch[]): string =>
  list.map((one) => `${one.firstOffset}-${one.lastOffset}:${one.deliveryState}:${one.deliveryCount}`).join(' ');

describe('merging state batches', () => {
  const cases: [string, string, string, number, string][] = [
    ['keeps what does not meet', '0-4:2:1', '6-9:0:1', 0, '0-4:2:1 6-9:0:1'],
    ['joins equal neighbours', '0-4:2:1', '5-9:2:1', 0, '0-9:2:1'],
    ['lets the higher delivery count win', '0-9:2:1', '3-5:0:2', 0, '0-2:2:1 3-5:0:2 6-9:2:1'],
    ['lets the higher state win among equal counts', '0-9:0:1', '3-5:2:1', 0, '0-2:0:1 3-5:2:1 6-9:0:1'],
    ['does not let an old state return', '0-9:2:2', '0-9:0:1', 0, '0-9:2:2'],
    ['forgets what lies below the start', '0-9:2:1', '10-12:0:1', 5, '5-9:2:1 10-12:0:1'],
    ['forgets batches wholly below the start', '0-4:2:1', '', 5, ''],
    ['takes incoming batches that overlap', '', '0-9:0:1 5-12:2:2 6-7:4:3', 0, '0-4:0:1 5-5:2:2 6-7:4:3 8-12:2:2'],
    ['takes incoming batches in any order', '', '5-9:2:1 0-4:2:1', 0, '0-9:2:1'],
    ['covers several with one', '0-1:2:1 3-4:2:1 6-7:0:1', '0-9:0:2', 0, '0-9:0:2'],
  ];
  test.each(cases)('%s', (_, existing, incoming, start, merged) => {
    expect(write(mergeStateBatches(read(existing), read(incoming), start))).toBe(merged);
  });
});
