import { expect, test } from '@jest/globals';
import { CONTROL } from '../../../../broker/core/record/control.ts';
import { buildTransactionMarker } from '../../../../broker/core/record/builder.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { acquired, ShareNode, verdictsOf } from './bench.ts';

const ACCEPT = 1;

/** The end of a transaction, as its coordinator has it written. */
function mark(node: ShareNode): void {
  const fields = { type: CONTROL.commit, producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1 };
  node.log().appendInternalBatch(buildTransactionMarker(fields, crc32c));
  node.loop.run();
}

test('markers are not handed out, whatever stands around them', () => {
  const node = new ShareNode();
  node.produce(2);
  mark(node);
  node.produce(3);
  mark(node);
  const member = node.member('a');
  expect(acquired(member.fetch())).toEqual(['0:0-1 x1', '0:3-5 x1']);
  expect(
    verdictsOf(
      member.acknowledge({
        0: [
          [0, 1, ACCEPT],
          [3, 5, ACCEPT],
        ],
      }),
    ),
  ).toEqual([0]);
});

test('a fetch that finds markers alone waits for records behind them', () => {
  const node = new ShareNode();
  mark(node);
  const pending = node.member('a').fetch();
  expect(acquired(pending)).toBeNull();
  node.produce(2);
  expect(acquired(pending)).toEqual(['0:1-2 x1']);
});

test('the start moves over markers at the end of the log, and is kept', () => {
  const node = new ShareNode();
  mark(node);
  mark(node);
  node.member('a').fetch();
  node.loop.advance(500);
  node.restart();
  expect(node.remembered()).toContain('start 2');
});

test('a fetch whose bytes end within markers goes on behind them at once', () => {
  const node = new ShareNode();
  node.produce(2);
  // The start stays where it is, so that nothing is written which would wake anybody.
  node.member('a').fetch();
  mark(node);
  mark(node);
  node.produce(2);
  expect(acquired(node.member('b').fetch({ maxBytes: 80 }))).toEqual(['0:4-5 x1']);
});
