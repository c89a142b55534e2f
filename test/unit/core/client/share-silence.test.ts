import { describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { metadataOf } from '../../../support/client-harness.ts';
import { type Harness, start, joined, batchOf, fetched, acknowledge } from '../../../support/share-harness.ts';

describe('a member of a share group whose broker says nothing', () => {
  const silenceMs = 1_000;

  it('asks another one who leads, and opens a session with the new leader at once', () => {
    const harness = joined({ silenceMs });
    const first = harness.next(ApiKey.ShareFetch);
    harness.untilAsked();
    expect(harness.nowMs).toBe(silenceMs);
    const asked = harness.next(ApiKey.Metadata);
    expect(asked.connectionId).not.toBe(first.connectionId);
    harness.reply(asked, metadataOf({ t: [1, 1] }, 4));
    expect(harness.closed).toEqual([first.connectionId]);
    const again = harness.next(ApiKey.ShareFetch);
    expect([again.connectionId, again.body]).toEqual([asked.connectionId, first.body]);
    expect(harness.nowMs).toBe(silenceMs);
  });

  it('does not know then what became of its acknowledgements', () => {
    const harness = joined({ silenceMs });
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(0, 2), acquired: [[0, 1, 1]] }]);
    acknowledge(harness, 0);
    harness.next(ApiKey.ShareAcknowledge);
    harness.untilAsked();
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [1, 1] }, 4));
    expect(harness.told('settled')).toMatchObject([{ offset: 0, code: ErrorCode.NETWORK_EXCEPTION, certain: false }]);
    acknowledge(harness, 1);
    expect(harness.told('settled')[1]).toMatchObject({ offset: 1, code: ErrorCode.INVALID_RECORD_STATE });
  });

  it('leaves one that was known not to lead any more when it was told something', () => {
    const harness = joined({ silenceMs }, [0, 1]);
    const refused = { partition: 1, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER };
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(0, 1), acquired: [[0, 0, 1]] }, refused]);
    harness.untilAsked();
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [1, 1] }, 4));
    acknowledge(harness, 0);
    const beganMs = harness.nowMs;
    const { connectionId } = harness.next(ApiKey.ShareAcknowledge);
    harness.connect();
    fetched(harness, harness.next(ApiKey.ShareFetch));
    harness.step({ kind: 'want', count: 0 });
    fetched(harness, harness.next(ApiKey.ShareFetch));
    harness.untilAsked();
    expect([harness.nowMs - beganMs, harness.closed]).toEqual([silenceMs, []]);
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [1, 1] }, 4));
    expect(harness.closed).toEqual([connectionId]);
  });

  it('stays with a leader that is one still, and goes on asking', () => {
    const harness = joined({ silenceMs });
    const first = harness.next(ApiKey.ShareFetch);
    const asked: number[] = [];
    while (asked.length < 4) {
      harness.untilAsked();
      asked.push(harness.nowMs);
      harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0, 0] }));
    }
    expect(asked).toEqual([1_000, 1_500, 2_000, 2_500]);
    fetched(harness, first, [{ records: batchOf(0, 1), acquired: [[0, 0, 1]] }]);
    expect([harness.closed, harness.told('records').length]).toEqual([[], 1]);
  });

  const coordinatedBy = (harness: Harness, nodeId: number): void =>
    harness.reply(harness.next(ApiKey.FindCoordinator), { errorCode: 0, nodeId, host: 'b', port: 1 + nodeId });

  /** One that broker 0 coordinates, broker 1 leading both partitions, and whose second heartbeat is on its way. */
  function beating(): { readonly harness: Harness; readonly connectionId: number } {
    const harness = joined({ silenceMs }, [0], [1, 1]);
    harness.connect();
    harness.step({ kind: 'want', count: 0 });
    fetched(harness, harness.next(ApiKey.ShareFetch));
    harness.untilAsked();
    return { harness, connectionId: harness.next(ApiKey.ShareGroupHeartbeat).connectionId };
  }

  it('leaves its coordinator once that is another, and goes there', () => {
    const { harness, connectionId } = beating();
    const beganMs = harness.nowMs;
    harness.untilAsked();
    expect(harness.nowMs).toBe(beganMs + silenceMs);
    coordinatedBy(harness, 1);
    expect(harness.closed).toEqual([connectionId]);
    harness.untilAsked();
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [1, 1] }));
    coordinatedBy(harness, 1);
    const again = harness.next(ApiKey.ShareGroupHeartbeat);
    expect([again.connectionId === connectionId, again.body.memberEpoch]).toEqual([false, 1]);
    expect(harness.nowMs).toBeLessThan(beganMs + 2 * silenceMs);
  });

  it('stays with a coordinator that is one still, and goes on asking', () => {
    const { harness } = beating();
    const beganMs = harness.nowMs;
    const asked: number[] = [];
    while (asked.length < 3) {
      harness.untilAsked();
      asked.push(harness.nowMs - beganMs);
      coordinatedBy(harness, 0);
    }
    expect([asked, harness.closed]).toEqual([[1_000, 1_500, 2_000], []]);
  });

  it('asks another one who coordinates when the one that it asked is gone', () => {
    const harness = start({ silenceMs });
    harness.connect();
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [1, 1] }));
    const first = harness.next(ApiKey.FindCoordinator);
    harness.untilAsked();
    expect(harness.nowMs).toBe(silenceMs);
    const second = harness.next(ApiKey.FindCoordinator);
    expect(second.connectionId).not.toBe(first.connectionId);
    harness.reply(second, { errorCode: 0, nodeId: 1, host: 'b', port: 2 });
    expect(harness.next(ApiKey.ShareGroupHeartbeat).connectionId).toBe(second.connectionId);
  });
});
