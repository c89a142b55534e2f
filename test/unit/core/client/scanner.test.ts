import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { Scanner, type ScannerCommand, type ScannerEvent } from '../../../../broker/core/client/scanner.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { assignOffset } from '../../../../broker/core/record/batch.ts';
import { buildBatch } from '../../../../broker/core/record/builder.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { CLIENT, ClientHarness, metadataOf } from '../../../support/client-harness.ts';

type Harness = ClientHarness<ScannerCommand, ScannerEvent>;

/** A scanner that knows where t-0 begins and ends, with its first fetch under way. */
function fetching(startOffset: number, endOffset: number): Harness {
  const harness: Harness = new ClientHarness(
    new Scanner({ ...CLIENT, topics: ['t'], isolationLevel: 0, maxWaitMs: 10, crc32c }),
  );
  harness.step({ kind: 'wake' });
  harness.connect();
  harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0] }));
  tellOffset(harness, startOffset);
  tellOffset(harness, endOffset);
  return harness;
}

function tellOffset(harness: Harness, offset: number): void {
  const partitions = [{ partitionIndex: 0, errorCode: 0, timestamp: -1, offset, leaderEpoch: 0 }];
  harness.reply(harness.next(ApiKey.ListOffsets), { topics: [{ name: 't', partitions }] });
}

function answerFetch(
  harness: Harness,
  fetched: { readonly errorCode?: number; readonly from?: number; readonly count?: number },
): void {
  const { errorCode = ErrorCode.NONE, from = 0, count = 0 } = fetched;
  const values = Array.from({ length: count }, (_, index) => ({ key: null, value: Buffer.from(`v${from + index}`) }));
  const records = count === 0 ? null : buildBatch(values, { timestamp: 1 }, crc32c);
  if (records !== null) assignOffset(records, 0, { baseOffset: from, leaderEpoch: 0 });
  const partitions = [{ partitionIndex: 0, errorCode, highWatermark: 10, abortedTransactions: null, records }];
  harness.reply(harness.next(ApiKey.Fetch), { errorCode: 0, sessionId: 0, responses: [{ topic: 't', partitions }] });
}

const offsetsOf = (harness: Harness): number[] =>
  harness.events.flatMap((event) => (event.kind === 'records' ? event.records.map(({ offset }) => offset) : []));

describe('a scanner', () => {
  it('reads a partition from its start to the end that it found', () => {
    const harness = fetching(2, 6);
    answerFetch(harness, { from: 2, count: 3 });
    answerFetch(harness, { from: 5, count: 3 });
    expect(offsetsOf(harness)).toEqual([2, 3, 4, 5]);
    expect(harness.events.slice(-2)).toEqual([
      { kind: 'partition-end', topic: 't', partition: 0, startOffset: 2, endOffset: 6 },
      { kind: 'done' },
    ]);
  });

  it('goes on at the new start when records were deleted under it', () => {
    const harness = fetching(0, 6);
    answerFetch(harness, { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
    harness.nowMs += 1000;
    harness.step({ kind: 'wake' });
    while (harness.pending[0] === ApiKey.Metadata) harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0] }));
    tellOffset(harness, 4);
    answerFetch(harness, { from: 4, count: 2 });
    expect(offsetsOf(harness)).toEqual([4, 5]);
    expect(harness.events.at(-1)).toEqual({ kind: 'done' });
  });

  it('is done when everything that it wanted was deleted under it', () => {
    const harness = fetching(0, 6);
    answerFetch(harness, { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
    harness.nowMs += 1000;
    harness.step({ kind: 'wake' });
    while (harness.pending[0] === ApiKey.Metadata) harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0] }));
    tellOffset(harness, 6);
    expect(harness.events.at(-1)).toEqual({ kind: 'done' });
  });
});
