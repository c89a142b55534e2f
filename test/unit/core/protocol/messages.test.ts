import { describe, expect, test } from '@jest/globals';
import { ApiKey, advertisedVersions, apiByKey, apis, isValidVersion } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode, errorName, errorTable, isRetriable } from '../../../../broker/core/protocol/errors.ts';
import type { WireKey } from '../../../../broker/core/protocol/messages.ts';
import * as messages from '../../../../broker/core/protocol/messages.ts';
import {
  decodeRecordMessage,
  encodeRecordMessage,
  recordKeyType,
} from '../../../../broker/core/protocol/record-messages.ts';
import { inVersions, parseVersions, VERSION_MAX } from '../../../../broker/core/protocol/schema.ts';

describe('Requests and responses', () => {
  test('A produce request is read with its records as a view of the frame, and sent without copying them.', () => {
    const records = new Uint8Array(4_096).fill(3);
    const header = { apiKey: ApiKey.Produce, version: 12, correlationId: 9, clientId: 'c' };
    const chunks = messages.encodeRequest(header, {
      acks: -1,
      timeoutMs: 100,
      topicData: [{ name: 'orders', partitionData: [{ index: 2, records }] }],
    });
    expect(chunks.some((chunk) => chunk === records)).toBe(true);
    const frame = Buffer.concat(chunks);
    const { bodyOffset } = messages.decodeRequestHeader(frame, 4);
    const body = messages.decodeRequestBody(ApiKey.Produce, 12, frame, bodyOffset);
    const view = body.topicData[0]?.partitionData[0]?.records;
    expect(view?.buffer).toBe(frame.buffer);
    expect(view).toEqual(Buffer.from(records));
    expect(body.transactionalId).toBeNull();
  });

  test('The records of a fetch response may come in several chunks.', () => {
    const records = [new Uint8Array(2_000).fill(1), new Uint8Array(10).fill(2), new Uint8Array(3_000).fill(3)];
    const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 9, abortedTransactions: null, records };
    const body = { responses: [{ partitions: [partition] }] };
    const chunks = messages.encodeResponse(ApiKey.Fetch, 17, 1, body);
    expect(chunks).toContain(records[0]);
    expect(chunks).toContain(records[2]);
    const decoded = messages.decodeResponse(ApiKey.Fetch, 17, Buffer.concat(chunks), 4);
    expect(decoded.body.responses[0]?.partitions[0]?.records).toEqual(Buffer.concat(records));
  });

  test('A response drops what the version of the asker has no room for.', () => {
    const partition = { partitionIndex: 0, errorCode: 0, timestamp: 5, offset: 7, leaderEpoch: 3 };
    const chunks = messages.encodeResponse(ApiKey.ListOffsets, 1, 9, {
      topics: [{ name: 'jobs', partitions: [partition] }],
    });
    const frame = Buffer.concat(chunks);
    const { body } = messages.decodeResponse(ApiKey.ListOffsets, 1, frame, 4);
    expect(body.topics[0]?.partitions[0]).toMatchObject({ offset: 7, timestamp: 5, leaderEpoch: -1 });
  });

  test('The header of an ApiVersions request of a version from the future can be read.', () => {
    const frame = Buffer.from('0012006300000007000361626300ffff', 'hex');
    const header = messages.decodeRequestHeader(frame);
    expect(header).toEqual({ apiKey: 18, version: 99, correlationId: 7, clientId: 'abc', bodyOffset: 14 });
    expect(() => messages.decodeRequestBody(ApiKey.ApiVersions, 99, frame, 14)).toThrow(
      'ApiVersionsRequest: no version 99',
    );
  });

  test('The header of a request whose API nobody knows can be read.', () => {
    const header = messages.decodeRequestHeader(Buffer.from('7fff000000000007ffff', 'hex'));
    expect(header).toEqual({ apiKey: 32_767, version: 0, correlationId: 7, clientId: null, bodyOffset: 10 });
    expect(messages.isWireKey(32_767)).toBe(false);
    expect(messages.isWireKey(-1)).toBe(false);
    expect(messages.isWireKey(ApiKey.Vote)).toBe(false);
    expect(messages.isWireKey(ApiKey.Fetch)).toBe(true);
    expect(() => messages.decodeRequestBody(32_767 as WireKey, 0, new Uint8Array(4))).toThrow('unknown API key 32767');
  });

  test('The answer to ApiVersions has the old header in every version.', () => {
    for (const version of [0, 3, 5]) {
      const frame = Buffer.concat(
        messages.encodeResponse(ApiKey.ApiVersions, version, 7, { errorCode: 35, apiKeys: [] }),
      );
      expect(frame.readInt16BE(8)).toBe(35);
      expect(messages.decodeResponse(ApiKey.ApiVersions, version, frame, 4).body.errorCode).toBe(35);
    }
    const flexible = Buffer.concat(messages.encodeResponse(ApiKey.Heartbeat, 4, 7, { errorCode: 35 }));
    expect(flexible.toString('hex', 4)).toBe('00000007' + '00' + '00000000' + '0023' + '00');
  });

  test('A foreign int64 beyond 2^53 is refused by name where it means something here, and passes through where it is legal.', () => {
    const commit = messages.encodeRequest(
      { apiKey: ApiKey.OffsetCommit, version: 9, correlationId: 1, clientId: null },
      {
        groupId: 'g',
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 77, committedMetadata: null }] }],
      },
    );
    const frame = Buffer.concat(commit);
    const at = frame.indexOf(Buffer.from('000000000000004d', 'hex'));
    frame.fill(0x7f, at, at + 8);
    const { bodyOffset } = messages.decodeRequestHeader(frame, 4);
    expect(() => messages.decodeRequestBody(ApiKey.OffsetCommit, 9, frame, bodyOffset)).toThrow(
      'OffsetCommitRequest.topics.partitions.committedOffset: int64 beyond ±(2^53 − 1)',
    );
    const list = Buffer.concat(
      messages.encodeRequest(
        { apiKey: ApiKey.ListOffsets, version: 1, correlationId: 1, clientId: null },
        { replicaId: -1, topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: 2n ** 63n - 1n }] }] },
      ),
    );
    const { topics } = messages.decodeRequestBody(
      ApiKey.ListOffsets,
      1,
      list,
      messages.decodeRequestHeader(list, 4).bodyOffset,
    );
    expect(topics[0]?.partitions[0]?.timestamp).toBe(2n ** 63n - 1n);
  });
});

describe('Record messages', () => {
  test('A key has its record type in front and is refused as another one.', () => {
    const bytes = encodeRecordMessage('OffsetCommitKey', 0, { group: 'g', topic: 't', partition: 3 });
    expect(Buffer.from(bytes).toString('hex')).toBe('0001' + '000167' + '000174' + '00000003');
    expect(recordKeyType(bytes)).toBe(1);
    expect(decodeRecordMessage('OffsetCommitKey', bytes)).toEqual({ group: 'g', topic: 't', partition: 3 });
    expect(() => decodeRecordMessage('GroupMetadataKey', bytes)).toThrow('GroupMetadataKey: record type 1');
    expect(() => recordKeyType(new Uint8Array(1))).toThrow('record type: 2 bytes needed, 1 left');
  });

  test('A value has its version in front; one from the future is read as far as it is known.', () => {
    const value = { offset: 5, metadata: '', commitTimestamp: 6 };
    const bytes = encodeRecordMessage('OffsetCommitValue', 3, value);
    expect(decodeRecordMessage('OffsetCommitValue', bytes)).toMatchObject({ ...value, leaderEpoch: -1 });
    const future = Buffer.concat([
      encodeRecordMessage('ConsumerProtocolSubscription', 3, { topics: ['t'] }),
      Buffer.from([1, 2, 3]),
    ]);
    future.writeInt16BE(9);
    expect(decodeRecordMessage('ConsumerProtocolSubscription', future).topics).toEqual(['t']);
    future.writeInt16BE(-1);
    expect(() => decodeRecordMessage('ConsumerProtocolSubscription', future)).toThrow('no version -1');
  });
});

describe('The tables', () => {
  test('Every API stands at its key.', () => {
    expect(apis).toHaveLength(95);
    for (const [index, api] of apis.entries()) expect(api.key).toBe(index);
    expect(apiByKey(78)?.name).toBe('ShareFetch');
    expect(apiByKey(95)).toBeUndefined();
    expect(apiByKey(-1)).toBeUndefined();
  });

  test('A version is valid from the first to the last, and never for an API that was removed.', () => {
    expect([2, 3, 13, 14].map((version) => isValidVersion(ApiKey.Produce, version))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(isValidVersion(ApiKey.LeaderAndIsr, 0)).toBe(false);
    expect(isValidVersion(300, 0)).toBe(false);
  });

  test('Produce is advertised from 0 on, unstable versions are not, and keys ascend.', () => {
    const served = [
      { key: ApiKey.InitProducerId, min: 0, max: 6 },
      { key: ApiKey.Produce, min: 3, max: 13 },
      { key: ApiKey.Fetch, min: 4, max: 17 },
    ];
    expect(advertisedVersions(served)).toEqual([
      { key: ApiKey.Produce, min: 0, max: 13 },
      { key: ApiKey.Fetch, min: 4, max: 17 },
      { key: ApiKey.InitProducerId, min: 0, max: 5 },
    ]);
    expect(advertisedVersions([{ key: ApiKey.InitProducerId, min: 0, max: 4 }])[0]?.max).toBe(4);
  });

  test('Errors are found by name and by code.', () => {
    expect(ErrorCode.UNKNOWN_TOPIC_ID).toBe(100);
    expect(errorName(100)).toBe('UNKNOWN_TOPIC_ID');
    expect(errorName(-1)).toBe('UNKNOWN_SERVER_ERROR');
    expect(errorName(999)).toBe('ERROR_999');
    expect([isRetriable(100), isRetriable(0), isRetriable(999)]).toEqual([true, false, false]);
    const codes = Object.values(errorTable).map((error) => error.code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('Version ranges are read in each of their forms.', () => {
    expect(parseVersions('3')).toEqual({ from: 3, to: 3 });
    expect(parseVersions('1-4')).toEqual({ from: 1, to: 4 });
    expect(parseVersions('2+')).toEqual({ from: 2, to: VERSION_MAX });
    for (const none of ['none', undefined]) expect(inVersions(none, 0)).toBe(false);
    expect([0, 1, 4, 5].map((version) => inVersions('1-4', version))).toEqual([false, true, true, false]);
  });
});
