import { Buffer } from 'node:buffer';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { encodeRequest, encodeResponse } from '../../../broker/core/protocol/messages.ts';
import { makeBatch } from '../../support/logs/log-world.ts';
import type { Eavesdropper } from '../net.ts';
import { ReplicaWatch } from './replica-watch.ts';

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
const VERSION = 17;
const FOLLOWER = 2;

let watch: ReplicaWatch;
let connection: Eavesdropper;
let isTrusted: boolean;

/** The follower asks the leader of an epoch. */
function asks(leaderEpoch: number, fetchOffset: number, lastFetchedEpoch: number): void {
  const partition = {
    partition: 0,
    fetchOffset,
    lastFetchedEpoch,
    currentLeaderEpoch: leaderEpoch,
    partitionMaxBytes: 1,
  };
  const body = { maxWaitMs: 0, minBytes: 0, topics: [{ topicId: TOPIC_ID, partitions: [partition] }] };
  const head = { apiKey: ApiKey.Fetch, version: VERSION, correlationId: 1, clientId: 'broker 2' };
  for (const bytes of encodeRequest(head, body)) connection.sent(bytes);
}

/** The leader answers: batches of one record each, by base offset and epoch. */
function gives(batches: readonly (readonly [number, number])[], errorCode = 0): void {
  const records = Buffer.concat(
    batches.map(([offset, epoch]) => makeBatch(offset, { values: ['v'], leaderEpoch: epoch })),
  );
  const partition = { partitionIndex: 0, errorCode, highWatermark: 0, records };
  const body = { responses: [{ topicId: TOPIC_ID, partitions: [partition] }] };
  for (const bytes of encodeResponse(ApiKey.Fetch, VERSION, 1, body)) connection.answered(bytes);
}

beforeEach(() => {
  isTrusted = true;
  watch = new ReplicaWatch(() => isTrusted);
  connection = watch.connection(FOLLOWER);
  for (const [epoch, leader] of [1, 3, FOLLOWER, 1, -1, 3].entries()) watch.leads(TOPIC_ID, 0, leader, epoch);
});

describe('the watch over what followers say of their logs (D6)', () => {
  it('takes what was given, in part or as a whole, less, and the same again after a restart', () => {
    asks(0, 5, 0);
    gives([
      [5, 0],
      [6, 0],
    ]);
    asks(0, 6, 0);
    asks(0, 6, 0);
    gives([[6, 0]]);
    connection = watch.connection(FOLLOWER);
    asks(0, 7, 0);
    asks(1, 4, 0);
    gives([[4, 1]]);
    asks(1, 5, 1);
    expect(watch.problems).toEqual([]);
  });

  it('names a log that is longer again than it was said to be', () => {
    asks(0, 9, 0);
    asks(1, 5, 0);
    connection = watch.connection(FOLLOWER);
    asks(1, 9, 0);
    expect(watch.problems).toEqual([
      `D6: the log's end is told as 9 behind epoch 0 by broker 2 of ${TOPIC_ID}-0; in epoch 1 it was 5 behind epoch 0, and it was given nothing`,
    ]);
  });

  it('names a log that ends where it should, with batches of another epoch', () => {
    asks(1, 5, 0);
    gives([[5, 1]]);
    asks(1, 6, 0);
    expect(watch.problems).toEqual([
      `D6: the log's end is told as 6 behind epoch 0 by broker 2 of ${TOPIC_ID}-0; in epoch 1 it was 5 behind epoch 0, and it was given 6 behind epoch 1`,
    ]);
  });

  it('says nothing of who has led in between, or may have, was refused, or has another disk', () => {
    asks(1, 5, 0);
    asks(3, 9, 2);
    asks(3, 5, 0);
    asks(6, 9, 0);
    asks(4, 5, 0);
    gives([], 1);
    asks(5, 9, 0);
    isTrusted = false;
    asks(5, 12, 0);
    expect(watch.problems).toEqual([]);
  });

  it('tells once of a log that has become shorter', () => {
    const cuts: number[] = [];
    watch.whenCut(FOLLOWER, () => cuts.push(FOLLOWER));
    asks(0, 5, 0);
    expect(cuts).toEqual([]);
    asks(1, 4, 0);
    asks(1, 3, 0);
    expect(cuts).toEqual([FOLLOWER]);
  });
});
