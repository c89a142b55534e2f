import { describe, expect, it } from '@jest/globals';
import { brokerId, leaderEpoch } from '../../../../broker/core/base/ids.ts';
import { RECOVERY_BATCH_SIZE_MAX } from '../../../../broker/core/log/recovery.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import * as batch from '../../../../broker/core/record/batch.ts';
import { buildBatch } from '../../../../broker/core/record/builder.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { Compression } from '../../../../broker/ports/compression.ts';
import { compressedForm, HandLog, lead, records, RULES } from '../../../support/leader-lab.ts';

describe('a led partition', () => {
  it('says that its log is damaged, at once or when it is found', () => {
    const log = new HandLog();
    const { partition, complaints } = lead({ log });
    partition.onState('read-only');
    expect(complaints).toEqual([]);
    log.state = 'damaged';
    partition.onState('damaged');
    expect(complaints).toEqual(['damaged']);
    expect(lead({ log }).complaints).toEqual(['damaged']);
  });

  it('tells whoever waited who leads next, since it knows (KIP-951)', () => {
    const { partition, view } = lead();
    const told: number[][] = [];
    partition.onResign(() => told.push([partition.leader, partition.leaderEpoch]));
    partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER, { ...view, leader: brokerId(2), leaderEpoch: leaderEpoch(8) });
    expect(told).toEqual([[2, 8]]);
  });

  it('gives a batch the next offsets and its leader epoch', () => {
    const { append, log } = lead();
    expect(append(records('a', 'b'))).toMatchObject({ errorCode: ErrorCode.NONE, baseOffset: 0, endOffset: 2 });
    expect(append(records('c'))).toMatchObject({ baseOffset: 2, endOffset: 3 });
    const second = batch.bufferOf(log.appended[1] ?? new Uint8Array());
    expect([batch.baseOffset(second, 0), batch.partitionLeaderEpoch(second, 0)]).toEqual([2, 7]);
  });

  it('moves the high watermark with synced offsets only under fsync durability (D2)', () => {
    const { partition, append, log } = lead();
    append(records('a'));
    log.progress(1, 0);
    expect(partition.highWatermark).toBe(0);
    log.progress(1, 1);
    expect(partition.highWatermark).toBe(1);
    expect(log.highWatermark).toBe(1);
  });

  it('moves the high watermark with written offsets under replicated durability', () => {
    const { partition, append, log } = lead({ rules: { durability: 'replicated' } });
    append(records('a'));
    log.progress(1, 0);
    expect(partition.highWatermark).toBe(1);
  });

  it('answers who waits in order, once the offset is reached', () => {
    const { partition, append, log } = lead();
    append(records('a'));
    append(records('b'));
    const calls: string[] = [];
    partition.awaitCommitted(2, () => calls.push('second'));
    partition.awaitCommitted(1, () => calls.push('first'));
    partition.awaitCommitted(0, () => calls.push('at once'));
    expect(calls).toEqual(['at once']);
    log.progress(2, 1);
    expect(calls).toEqual(['at once', 'first']);
    log.progress(2, 2);
    expect(calls).toEqual(['at once', 'first', 'second']);
  });

  it('refuses acks=all while the ISR is smaller than min.insync.replicas, and never exceeds the replication factor', () => {
    const { append, partition, view } = lead({ rules: { minInsyncReplicas: 2 } });
    expect(append(records('a'))?.errorCode).toBe(ErrorCode.NONE);
    partition.update({ ...view, replicas: [brokerId(0), brokerId(1)] }, { ...RULES, minInsyncReplicas: 2 });
    expect(append(records('b'))?.errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS);
    expect(append(records('b'), 1)?.errorCode).toBe(ErrorCode.NONE);
  });

  it('answers a duplicate of an idempotent producer with its first place and appends nothing', () => {
    const { append, log } = lead();
    log.verdict = { kind: 'duplicate', baseOffset: 40, lastOffset: 41, timestampMs: 1 };
    const producer = { producerId: 9, producerEpoch: 0, baseSequence: 0 };
    const bytes = buildBatch([{ key: null, value: Buffer.from('a') }], { timestamp: 1000, ...producer }, crc32c);
    expect(append(bytes)).toMatchObject({ errorCode: ErrorCode.NONE, baseOffset: 40, endOffset: 42 });
    expect(log.appended).toEqual([]);
  });

  it('answers a duplicate with the time of the first append under LogAppendTime only', () => {
    const producer = { producerId: 9, producerEpoch: 0, baseSequence: 0 };
    for (const logAppendTime of [true, false]) {
      const { append, log } = lead({ rules: { produce: { ...RULES.produce, logAppendTime } } });
      log.verdict = { kind: 'duplicate', baseOffset: 40, lastOffset: 41, timestampMs: 77 };
      const bytes = buildBatch([{ key: null, value: Buffer.from('a') }], { timestamp: 1000, ...producer }, crc32c);
      expect(append(bytes)?.logAppendTimeMs).toBe(logAppendTime ? 77 : -1);
    }
  });

  it('asks a new idempotent producer to come again when the partition has no room for it', () => {
    const { append, log } = lead();
    log.verdict = { kind: 'too-many-producers' };
    const producer = { producerId: 9, producerEpoch: 0, baseSequence: 0 };
    const bytes = buildBatch([{ key: null, value: Buffer.from('a') }], { timestamp: 1000, ...producer }, crc32c);
    const outcome = append(bytes);
    expect(outcome?.errorCode).toBe(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    expect(outcome?.errorMessage).toMatch(/10000 live idempotent producers.*producer\.id\.expiration\.ms/);
    expect(log.appended).toEqual([]);
  });

  it('tells everybody who waits when the leadership ends, and refuses what comes after', () => {
    const { partition, append } = lead();
    append(records('a'));
    const codes: number[] = [];
    let resigned = 0;
    partition.awaitCommitted(1, (code) => codes.push(code));
    partition.awaitLocal(1, (code) => codes.push(code));
    partition.onResign(() => {
      resigned += 1;
    });
    partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(codes).toEqual([ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_LEADER_OR_FOLLOWER]);
    expect(resigned).toBe(1);
    expect(append(records('b'))?.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    partition.awaitCommitted(0, (code) => codes.push(code));
    expect(codes.at(-1)).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  });

  it('fails who waits when the log takes no writes any more, and refuses appends with a storage error', () => {
    const { partition, append, log } = lead();
    append(records('a'));
    const codes: number[] = [];
    partition.awaitCommitted(1, (code) => codes.push(code));
    log.fill();
    expect(codes).toEqual([ErrorCode.KAFKA_STORAGE_ERROR]);
    expect(append(records('b'))?.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
  });

  it('takes no batch of a coordinator that recovery would not believe', () => {
    const { partition, log } = lead();
    const outcome = partition.appendInternalBatch(new Uint8Array(RECOVERY_BATCH_SIZE_MAX + 1));
    expect(outcome.errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE);
    expect(log.appended).toEqual([]);
  });

  it('refuses clients while the disk is nearly full, and still takes what coordinators append (D11)', () => {
    const { partition, append } = lead({ lowOnSpace: true });
    expect(append(records('a'))?.errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS);
    expect(partition.appendInternalBatch(records('b'))).toMatchObject({ errorCode: ErrorCode.NONE, baseOffset: 0 });
  });

  it('checks the leader epoch that a client believes in (KIP-320)', () => {
    const { partition } = lead();
    expect([-1, 6, 7, 8].map((epoch) => partition.status(epoch))).toEqual([
      ErrorCode.NONE,
      ErrorCode.FENCED_LEADER_EPOCH,
      ErrorCode.NONE,
      ErrorCode.UNKNOWN_LEADER_EPOCH,
    ]);
  });

  it('shows by time only what is below the high watermark', () => {
    const { partition, append, log } = lead();
    append(records('a', 'b', 'c', 'd', 'e', 'f'));
    const seen: number[] = [];
    partition.offsetForTimestamp(0, (outcome) => seen.push(outcome.offset));
    partition.offsetOfMaxTimestamp((outcome) => seen.push(outcome.offset));
    log.progress(6, 5);
    partition.offsetForTimestamp(0, (outcome) => seen.push(outcome.offset));
    partition.offsetOfMaxTimestamp(() => undefined);
    expect(log.searchedEnd).toBe(5);
    log.progress(6, 6);
    partition.offsetForTimestamp(0, (outcome) => seen.push(outcome.offset));
    partition.offsetOfMaxTimestamp((outcome) => seen.push(outcome.offset));
    expect(seen).toEqual([-1, -1, -1, 5, 5]);
  });

  it('deletes records up to the high watermark and no further', () => {
    const { partition, append, log } = lead();
    append(records('a', 'b', 'c'));
    log.progress(3, 2);
    const outcomes: unknown[] = [];
    partition.deleteRecords(3, (outcome) => outcomes.push(outcome));
    partition.deleteRecords(-2, (outcome) => outcomes.push(outcome));
    expect(log.logStartOffset).toBe(0);
    partition.deleteRecords(-1, (outcome) => outcomes.push(outcome));
    const refused = { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, lowWatermark: -1 };
    expect(outcomes).toEqual([refused, refused, { errorCode: ErrorCode.NONE, lowWatermark: 2 }]);
  });

  it('refuses a batch whose checksum does not hold, and appends nothing of it', () => {
    const { append, log } = lead();
    const bytes = records('a');
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    expect(append(bytes)?.errorCode).toBe(ErrorCode.CORRUPT_MESSAGE);
    expect(log.appended).toEqual([]);
  });

  it('appends nothing of a batch that waited for a codec while the leadership ended, or the log its writes', () => {
    for (const end of ['leadership', 'log'] as const) {
      const pending: (() => void)[] = [];
      const plain = records('a').subarray(batch.HEADER_SIZE);
      const compression: Compression = {
        decompress: (_codec, _bytes, _max, done) => pending.push(() => done(plain)),
        compress: () => undefined,
      };
      const rules = { produce: { ...RULES.produce, validateCompressed: true } };
      const { append, outcomes, log, partition } = lead({ compression, rules });
      append(compressedForm(records('a')));
      if (end === 'leadership') partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER);
      else log.fill();
      for (const finish of pending) finish();
      const expected = end === 'leadership' ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.KAFKA_STORAGE_ERROR;
      expect(outcomes.map((one) => one.errorCode)).toEqual([expected]);
      expect(log.appended).toEqual([]);
    }
  });

  it('keeps the order of arrival when an earlier batch has to be decompressed first', () => {
    const pending: (() => void)[] = [];
    const compression: Compression = {
      decompress: (_codec, _bytes, _max, done) => pending.push(() => done('malformed')),
      compress: () => undefined,
    };
    const { append, outcomes } = lead({
      compression,
      rules: { produce: { ...RULES.produce, validateCompressed: true } },
    });
    append(compressedForm(records('a')));
    append(records('b'));
    expect(outcomes).toEqual([]);
    for (const finish of pending) finish();
    expect(outcomes.map((one) => one.errorCode)).toEqual([ErrorCode.INVALID_RECORD, ErrorCode.NONE]);
  });
});
