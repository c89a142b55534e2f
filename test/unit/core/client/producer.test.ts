import { describe, expect, it } from '@jest/globals';
import { PUT_TIMES } from '../../../../broker/cli/put.ts';
import {
  Producer,
  type ProducerCommand,
  type ProducerEvent,
  type ProducerOptions,
} from '../../../../broker/core/client/producer.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { baseSequence, bufferOf, producerId } from '../../../../broker/core/record/batch.ts';
import { readRecords } from '../../../../broker/core/record/iterate.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { type Asked, CLIENT, ClientHarness, metadataOf } from '../../../support/client-harness.ts';

type Harness = ClientHarness<ProducerCommand, ProducerEvent>;
type Produce = Asked<typeof ApiKey.Produce>;

function start(options: Partial<ProducerOptions> = {}): Harness {
  return new ClientHarness(
    new Producer({
      ...CLIENT,
      acks: -1,
      idempotent: false,
      lingerMs: 0,
      batchSizeMax: 1_000,
      bufferBytesMax: 100_000,
      deliveryTimeoutMs: 5_000,
      missingTopicMs: 1_000,
      allowCreate: false,
      crc32c,
      ...options,
    }),
  );
}

function put(
  harness: Harness,
  token: number,
  fields: { readonly key?: string; readonly partition?: number; readonly size?: number } = {},
): void {
  const { key, partition, size } = fields;
  const value = Buffer.from(`v${token}`.padEnd(size ?? 0, '.'));
  harness.step({
    kind: 'produce',
    record: {
      token,
      topic: 't',
      key: key === undefined ? null : Buffer.from(key),
      value,
      timestamp: 1_000 + token,
      ...(partition === undefined ? {} : { partition }),
    },
  });
}

/** A producer that knows topic t with two partitions led by brokers 0 and 1. */
function ready(options: Partial<ProducerOptions> = {}): Harness {
  const harness = start(options);
  put(harness, 0, { partition: 0 });
  harness.connect();
  harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0, 1] }));
  return harness;
}

function batches(asked: Produce): { readonly index: number; readonly values: string[] }[] {
  return asked.body.topicData.flatMap((topic) =>
    topic.partitionData.map(({ index, records }) => {
      const buf = bufferOf(records ?? new Uint8Array());
      return { index, values: (readRecords(buf, 0) ?? []).map((record) => String(record.value)) };
    }),
  );
}

function answer(harness: Harness, asked: Produce, errorCode: number = ErrorCode.NONE, baseOffset = 0): void {
  harness.reply(asked, {
    responses: asked.body.topicData.map((topic) => ({
      name: topic.name,
      partitionResponses: topic.partitionData.map(({ index }) => ({
        index,
        errorCode,
        baseOffset: errorCode === 0 ? baseOffset : -1,
      })),
    })),
  });
}

describe('a producer', () => {
  it('finds the leader, sends, and gives each record its offset', () => {
    const harness = ready();
    const asked = harness.next(ApiKey.Produce);
    expect(asked.body).toMatchObject({ acks: -1, topicData: [{ name: 't', partitionData: [{ index: 0 }] }] });
    answer(harness, asked, ErrorCode.NONE, 7);
    expect(harness.events).toEqual([{ kind: 'acknowledged', token: 0, topic: 't', partition: 0, offset: 7 }]);
  });

  it('gathers what comes while a batch is under way, and keeps the order of a partition', () => {
    const harness = ready();
    const first = harness.next(ApiKey.Produce);
    for (let token = 1; token <= 3; token += 1) put(harness, token, { partition: 0 });
    expect(harness.pending).toEqual([]);
    answer(harness, first);
    const second = harness.next(ApiKey.Produce);
    expect(batches(second)).toEqual([{ index: 0, values: ['v1', 'v2', 'v3'] }]);
    answer(harness, second, ErrorCode.NONE, 10);
    expect(harness.told('acknowledged').map(({ token, offset }) => [token, offset])).toEqual([
      [0, 0],
      [1, 10],
      [2, 11],
      [3, 12],
    ]);
  });

  it('cuts batches at their size', () => {
    const harness = ready();
    answer(harness, harness.next(ApiKey.Produce));
    for (let token = 1; token <= 3; token += 1) put(harness, token, { partition: 0, size: 400 });
    const asked = harness.next(ApiKey.Produce);
    expect(batches(asked)[0]?.values).toHaveLength(1);
    answer(harness, asked);
    expect(batches(harness.next(ApiKey.Produce))[0]?.values).toHaveLength(2);
  });

  it('waits for lingerMs, or until it is flushed', () => {
    const harness = ready({ lingerMs: 20 });
    expect(harness.pending).toEqual([]);
    expect(harness.wake()).toBe(20);
    answer(harness, harness.next(ApiKey.Produce));
    put(harness, 1, { partition: 0 });
    expect(harness.pending).toEqual([]);
    harness.step({ kind: 'flush' });
    answer(harness, harness.next(ApiKey.Produce));
    expect(harness.events.at(-1)).toEqual({ kind: 'drained' });
  });

  it('sends a key always to the same partition', () => {
    const harness = ready();
    answer(harness, harness.next(ApiKey.Produce));
    const seen = new Set<number>();
    for (let token = 1; token <= 3; token += 1) {
      put(harness, token, { key: 'foobar' });
      if (harness.dials.length > 0) harness.connect();
      const asked = harness.next(ApiKey.Produce);
      seen.add(batches(asked)[0]?.index ?? -1);
      answer(harness, asked);
    }
    expect(seen.size).toBe(1);
  });

  it('fails a record for a partition that the topic does not have', () => {
    const harness = ready();
    put(harness, 9, { partition: 5 });
    expect(harness.told('failed')).toMatchObject([
      { token: 9, code: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, certain: true },
    ]);
  });

  it('asks for the leader again and retries when the broker is not it any more', () => {
    const harness = ready();
    answer(harness, harness.next(ApiKey.Produce), ErrorCode.NOT_LEADER_OR_FOLLOWER);
    harness.wake();
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [1, 1] }));
    harness.connect();
    const again = harness.next(ApiKey.Produce);
    expect(again.connectionId).toBe(2);
    answer(harness, again, ErrorCode.NONE, 3);
    expect(harness.events).toEqual([{ kind: 'acknowledged', token: 0, topic: 't', partition: 0, offset: 3 }]);
  });

  it('says that a record may be in the log when its answer was lost', () => {
    const harness = ready();
    const asked = harness.next(ApiKey.Produce);
    harness.step({ kind: 'closed', connectionId: asked.connectionId, reason: 'ECONNRESET' });
    while (harness.told('failed').length === 0) {
      const dial = harness.dials.shift();
      if (dial === undefined) harness.wake();
      else harness.step({ kind: 'dial-failed', connectionId: dial.connectionId, code: 'ECONNREFUSED' });
    }
    expect(harness.told('failed')).toMatchObject([{ token: 0, code: ErrorCode.REQUEST_TIMED_OUT, certain: false }]);
    expect(harness.nowMs).toBeGreaterThanOrEqual(5_000);
  });

  it('has turned from a leader that went silent to its successor before a line of `weir put` is given up', () => {
    const harness = ready(PUT_TIMES);
    harness.next(ApiKey.Produce);
    while (harness.told('acknowledged').length === 0) {
      expect(harness.told('failed')).toEqual([]);
      const [key] = harness.pending;
      if (harness.dials.length > 0) harness.connect();
      else if (key === ApiKey.Metadata) harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [1, 1] }));
      else if (key === ApiKey.Produce) answer(harness, harness.next(ApiKey.Produce));
      else harness.wake();
    }
    // Half of the time is left for an election.
    expect(harness.nowMs).toBeLessThanOrEqual(PUT_TIMES.deliveryTimeoutMs / 2 + 1_000);
  });

  it('says that a record may be in the log when its leader lost the leadership', () => {
    const harness = ready();
    answer(harness, harness.next(ApiKey.Produce), ErrorCode.NOT_LEADER_OR_FOLLOWER);
    while (harness.told('failed').length === 0) {
      if (harness.pending[0] === ApiKey.Metadata)
        harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [-1, -1] }));
      else harness.wake();
    }
    expect(harness.told('failed')).toMatchObject([{ token: 0, code: ErrorCode.REQUEST_TIMED_OUT, certain: false }]);
  });

  it('fails at once what cannot succeed, and goes on with the next batch', () => {
    const harness = ready();
    const first = harness.next(ApiKey.Produce);
    put(harness, 1, { partition: 0 });
    answer(harness, first, ErrorCode.MESSAGE_TOO_LARGE);
    expect(harness.told('failed')).toMatchObject([{ token: 0, code: ErrorCode.MESSAGE_TOO_LARGE, certain: true }]);
    expect(batches(harness.next(ApiKey.Produce))).toEqual([{ index: 0, values: ['v1'] }]);
  });

  it('gives a topic that nobody knows a second to appear', () => {
    const harness = start();
    put(harness, 0);
    harness.connect();
    while (harness.told('failed').length === 0) {
      if (harness.pending.length > 0)
        harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }));
      else harness.wake();
    }
    expect(harness.events).toMatchObject([{ token: 0, code: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, certain: true }]);
    expect(harness.nowMs).toBeGreaterThanOrEqual(1_000);
    expect(harness.nowMs).toBeLessThan(3_000);
  });

  it('refuses records over its buffer and tells when there is room', () => {
    const harness = ready({ bufferBytesMax: 1_000, batchSizeMax: 100_000 });
    for (let token = 1; token <= 3; token += 1) put(harness, token, { partition: 0, size: 400 });
    expect(harness.told('refused')).toEqual([{ kind: 'refused', token: 3 }]);
    answer(harness, harness.next(ApiKey.Produce));
    expect(harness.told('room')).toEqual([]);
    answer(harness, harness.next(ApiKey.Produce));
    expect(harness.told('room')).toHaveLength(1);
  });

  it('asks for no answer under acks=0', () => {
    const harness = ready({ acks: 0 });
    expect(harness.next(ApiKey.Produce).body.acks).toBe(0);
    expect(harness.events).toEqual([{ kind: 'acknowledged', token: 0, topic: 't', partition: 0, offset: -1 }]);
  });

  it('settles everything once when it is closed', () => {
    const harness = ready();
    put(harness, 1, { partition: 0 });
    harness.step({ kind: 'close' });
    expect(harness.events.map((event) => event.kind)).toEqual(['failed', 'failed', 'closed']);
    expect(harness.told('failed').map(({ token, certain }) => [token, certain])).toEqual([
      [0, false],
      [1, true],
    ]);
  });
});

describe('a producer whose partition has no replica that is up', () => {
  const OFFLINE = { offlineMs: 5_000, deliveryTimeoutMs: 30_000 };

  function metadata(leader: number) {
    const told = metadataOf({ t: [leader] });
    const [topic] = told.topics;
    const partitions = topic?.partitions.map((one) =>
      leader < 0 ? { ...one, errorCode: ErrorCode.LEADER_NOT_AVAILABLE, replicaNodes: [1], offlineReplicas: [1] } : one,
    );
    return {
      ...told,
      topics: [{ name: 't', errorCode: 0, topicId: topic?.topicId ?? '', partitions: partitions ?? [] }],
    };
  }

  /** Answers every question about the topic until `untilMs` or until the producer asks or tells something else. */
  function waitOut(harness: Harness, leader: number, untilMs: number): void {
    while (harness.nowMs < untilMs && harness.told('failed').length === 0) {
      if (harness.pending.length === 0) harness.wake();
      else if (harness.pending[0] === ApiKey.Metadata) harness.reply(harness.next(ApiKey.Metadata), metadata(leader));
      else return;
    }
  }

  function offline(options: Partial<ProducerOptions>): Harness {
    const harness = start(options);
    put(harness, 0, { partition: 0 });
    harness.connect();
    return harness;
  }

  it('gives its records up after `offlineMs`, and names the nodes', () => {
    const harness = offline(OFFLINE);
    waitOut(harness, -1, 4_900);
    expect(harness.told('failed')).toEqual([]);
    waitOut(harness, -1, 20_000);
    expect(harness.told('failed')).toMatchObject([
      { reason: expect.stringContaining('offline (node 1)'), certain: true },
    ]);
    expect(harness.nowMs).toBeLessThan(6_500);
  });

  it('sends them when one comes back before that, and counts anew when all go again', () => {
    const harness = offline(OFFLINE);
    waitOut(harness, -1, 4_500);
    waitOut(harness, 0, 10_000);
    const asked = harness.next(ApiKey.Produce);
    answer(harness, asked, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    const since = harness.nowMs;
    waitOut(harness, -1, since + 4_500);
    expect(harness.told('failed')).toEqual([]);
    waitOut(harness, -1, 20_000);
    expect(harness.told('failed')).toHaveLength(1);
  });

  it('waits for the delivery time-out when it was not told how long', () => {
    const harness = offline({ deliveryTimeoutMs: 30_000 });
    waitOut(harness, -1, 29_000);
    expect(harness.told('failed')).toEqual([]);
    waitOut(harness, -1, 60_000);
    expect(harness.told('failed')).toHaveLength(1);
  });
});

describe('an idempotent producer', () => {
  function sequenceOf(asked: Produce): { readonly id: number; readonly sequence: number } {
    const buf = bufferOf(asked.body.topicData[0]?.partitionData[0]?.records ?? new Uint8Array());
    return { id: producerId(buf, 0), sequence: baseSequence(buf, 0) };
  }

  function readyWithId(): Harness {
    const harness = ready({ idempotent: true });
    harness.reply(harness.next(ApiKey.InitProducerId), { errorCode: 0, producerId: 44, producerEpoch: 0 });
    return harness;
  }

  it('numbers its batches under the id that it was given', () => {
    const harness = readyWithId();
    const first = harness.next(ApiKey.Produce);
    expect(sequenceOf(first)).toEqual({ id: 44, sequence: 0 });
    put(harness, 1, { partition: 0 });
    put(harness, 2, { partition: 0 });
    answer(harness, first);
    answer(harness, harness.next(ApiKey.Produce));
    put(harness, 3, { partition: 0 });
    expect(sequenceOf(harness.next(ApiKey.Produce))).toEqual({ id: 44, sequence: 3 });
  });

  it('retries with the same bytes, and takes a known duplicate for success', () => {
    const harness = readyWithId();
    const first = harness.next(ApiKey.Produce);
    answer(harness, first, ErrorCode.REQUEST_TIMED_OUT);
    while (harness.pending[0] !== ApiKey.Produce) {
      if (harness.pending[0] === ApiKey.Metadata)
        harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0, 1] }));
      else harness.wake();
    }
    const again = harness.next(ApiKey.Produce);
    expect(again.body).toEqual(first.body);
    answer(harness, again, ErrorCode.DUPLICATE_SEQUENCE_NUMBER);
    expect(harness.told('acknowledged')).toHaveLength(1);
  });

  it('goes on under a new id when a batch is lost in doubt', () => {
    const harness = readyWithId();
    const first = harness.next(ApiKey.Produce);
    put(harness, 1, { partition: 0 });
    answer(harness, first, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect(harness.told('failed')).toMatchObject([{ token: 0 }]);
    harness.reply(harness.next(ApiKey.InitProducerId), { errorCode: 0, producerId: 45, producerEpoch: 0 });
    expect(sequenceOf(harness.next(ApiKey.Produce))).toEqual({ id: 45, sequence: 0 });
  });
});

describe('an idempotent producer whose leader says nothing', () => {
  /** A producer whose first batch is on its way to broker 0. */
  function waiting(options: Partial<ProducerOptions> = {}): { readonly harness: Harness; readonly first: Produce } {
    const harness = ready({ idempotent: true, silenceMs: 1_000, ...options });
    harness.reply(harness.next(ApiKey.InitProducerId), { errorCode: 0, producerId: 44, producerEpoch: 0 });
    return { harness, first: harness.next(ApiKey.Produce) };
  }

  it('asks another broker who leads, and sends the same bytes to the new leader at once', () => {
    const { harness, first } = waiting();
    harness.untilAsked();
    expect(harness.nowMs).toBe(1_000);
    const asked = harness.next(ApiKey.Metadata);
    expect(asked.connectionId).not.toBe(first.connectionId);
    harness.reply(asked, metadataOf({ t: [1, 1] }, 4));
    expect(harness.closed).toEqual([first.connectionId]);
    const again = harness.next(ApiKey.Produce);
    expect([again.connectionId, again.body]).toEqual([asked.connectionId, first.body]);
    answer(harness, again, ErrorCode.NONE, 7);
    expect([harness.nowMs, harness.events]).toEqual([
      1_000,
      [{ kind: 'acknowledged', token: 0, topic: 't', partition: 0, offset: 7 }],
    ]);
  });

  it('stays with a leader that is one still, and goes on asking', () => {
    const { harness, first } = waiting();
    const asked: number[] = [];
    while (asked.length < 4) {
      harness.untilAsked();
      asked.push(harness.nowMs);
      harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0, 0] }));
    }
    expect(asked).toEqual([1_000, 1_500, 2_000, 2_500]);
    answer(harness, first);
    expect([harness.closed, harness.told('acknowledged').length]).toEqual([[], 1]);
  });

  it('asks nobody while the leader answers something else', () => {
    const harness = start({ idempotent: true, silenceMs: 1_000 });
    put(harness, 0, { partition: 0 });
    harness.connect();
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0, 0] }));
    harness.reply(harness.next(ApiKey.InitProducerId), { errorCode: 0, producerId: 44, producerEpoch: 0 });
    put(harness, 1, { partition: 1 });
    const first = harness.next(ApiKey.Produce);
    harness.next(ApiKey.Produce);
    harness.nowMs = 900;
    answer(harness, first);
    harness.untilAsked();
    expect(harness.nowMs).toBe(1_900);
  });

  it('asks a third broker when the one that it asked is gone as well', () => {
    const { harness, first } = waiting({ bootstrap: [...CLIENT.bootstrap, { host: 'c', port: 9 }] });
    const connections = [first.connectionId];
    for (const atMs of [1_000, 2_000]) {
      harness.untilAsked();
      expect(harness.nowMs).toBe(atMs);
      connections.push(harness.next(ApiKey.Metadata).connectionId);
    }
    expect(new Set(connections).size).toBe(3);
  });

  it('waits where a record that is sent again would be stored again', () => {
    const harness = ready({ silenceMs: 1_000 });
    harness.next(ApiKey.Produce);
    harness.wake();
    expect([harness.nowMs, harness.pending]).toEqual([40_000, []]);
  });
});
