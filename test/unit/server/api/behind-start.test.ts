import { describe, expect, it } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { row as deleteRecords } from '../../../../broker/server/api/delete-records.ts';
import { row as listOffsets } from '../../../../broker/server/api/list-offsets.ts';
import { FakePartition, FakePartitions } from '../../../support/fake-partition.ts';
import { FakeView } from '../../../support/fake-view.ts';
import { requestContext } from '../../../support/request-context.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

const LATEST = -1;
const EARLIEST = -2;

/** A new leader whose high watermark has not come to the end that it found. */
function behind() {
  const loop = new VirtualLoop();
  const view = new FakeView();
  const topic = view.setTopic('jobs', 1);
  const partition = new FakePartition(topic, 0, loop.post);
  partition.isBehindStart = true;
  const partitions = new FakePartitions();
  partitions.lead(partition);
  const server = { metadata: { view }, partitions, ports: { timers: loop } };
  const list = (timestamp: number, apiVersion: number): number | undefined => {
    let code: number | undefined;
    const asked = { partitionIndex: 0, currentLeaderEpoch: -1, timestamp };
    listOffsets.handle(
      server,
      { replicaId: -1, isolationLevel: 0, topics: [{ name: 'jobs', partitions: [asked] }], timeoutMs: 0 },
      requestContext({ apiKey: 2, apiVersion }),
      (response) => {
        code = response?.topics?.[0]?.partitions[0]?.errorCode;
      },
    );
    loop.run();
    return code;
  };
  return { loop, partition, server, list };
}

describe('after an election', () => {
  it('the end of what is committed is not told before it is known (KIP-207)', () => {
    const { list, partition } = behind();
    expect(list(LATEST, 11)).toBe(ErrorCode.OFFSET_NOT_AVAILABLE);
    expect(list(LATEST, 4)).toBe(ErrorCode.LEADER_NOT_AVAILABLE);
    expect(list(5_000, 11)).toBe(ErrorCode.OFFSET_NOT_AVAILABLE);
    expect(list(EARLIEST, 11)).toBe(ErrorCode.NONE);
    partition.isBehindStart = false;
    expect([list(LATEST, 11), list(5_000, 11)]).toEqual([ErrorCode.NONE, ErrorCode.NONE]);
  });
});

describe('records are deleted', () => {
  it('within the time of the request, or the client is told that it took longer', () => {
    const { loop, partition, server } = behind();
    const done: ((outcome: { readonly errorCode: number; readonly lowWatermark: number }) => void)[] = [];
    partition.deleteRecords = (_offset, answered) => void done.push(answered);
    const answers: unknown[] = [];
    const ask = (): void =>
      deleteRecords.handle(
        server,
        { topics: [{ name: 'jobs', partitions: [{ partitionIndex: 0, offset: 3 }] }], timeoutMs: 1_000 },
        requestContext({ apiKey: 21, apiVersion: 2 }),
        (response) => answers.push(response?.topics?.[0]?.partitions),
      );
    ask();
    loop.advance(1_000);
    expect(answers).toEqual([[{ partitionIndex: 0, lowWatermark: -1, errorCode: ErrorCode.REQUEST_TIMED_OUT }]]);
    ask();
    done[1]?.({ errorCode: 0, lowWatermark: 3 });
    loop.advance(2_000);
    done[0]?.({ errorCode: 0, lowWatermark: 3 });
    expect(answers.slice(1)).toEqual([[{ partitionIndex: 0, lowWatermark: 3, errorCode: 0 }]]);
  });
});
