import { describe, expect, test } from '@jest/globals';
import type { CoordinatorRecord, Now, Outbox } from '../../../../broker/core/coordinator/shard.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import {
  PRUNE_INTERVAL_MS,
  type PruneEffect,
  type ShareStateCommand,
  type ShareStateResponse,
  ShareStateShard,
  type StateChange,
} from '../../../../broker/core/share/state.ts';
import { decodeStateRecord } from '../../../../broker/core/share/state-records.ts';

const TOPIC = 'AAAAAAAAAAAAAAAAAAAAAQ';
const KEY = { groupId: 'g', topicId: TOPIC, partition: 0 };

/** A shard with its log. */
class Host {
  readonly log: CoordinatorRecord[] = [];
  readonly effects: PruneEffect[] = [];
  shard: ShareStateShard;
  now: Now = { monotonicMs: 0, wallMs: 1_000_000 };
  #response: ShareStateResponse | null = null;
  readonly #updatesPerSnapshot: number;

  constructor(updatesPerSnapshot = 500) {
    this.#updatesPerSnapshot = updatesPerSnapshot;
    this.shard = new ShareStateShard(() => updatesPerSnapshot);
  }

  get out(): Outbox<ShareStateResponse, PruneEffect> {
    return {
      append: (record) => {
        this.log.push(record);
        this.shard.replay(record, this.log.length - 1);
      },
      reply: (_, response) => {
        this.#response = response;
      },
      effect: (effect) => {
        this.effects.push(effect);
      },
    };
  }

  ask(command: ShareStateCommand): ShareStateResponse {
    this.#response = null;
    this.shard.decide(command, 1, this.now, this.out);
    if (this.#response === null) throw new Error('not answered');
    return this.#response;
  }

  write(change: Partial<StateChange>): number {
    const whole = {
      stateEpoch: 1,
      leaderEpoch: 1,
      startOffset: -1,
      deliveryCompleteCount: -1,
      stateBatches: [],
      ...change,
    };
    return this.ask({ kind: 'write', key: KEY, change: whole }).errorCode;
  }

  initialize(stateEpoch = 1, startOffset = 0): number {
    return this.ask({ kind: 'initialize', key: KEY, stateEpoch, startOffset }).errorCode;
  }

  /** Loads a new shard from the log, `from` an offset on. */
  reload(from = 0): void {
    this.shard = new ShareStateShard(() => this.#updatesPerSnapshot);
    this.log.forEach((record, offset) => {
      if (offset >= from) this.shard.replay(record, offset);
    });
  }

  kinds(): (string | undefined)[] {
    return this.log.map((record) => decodeStateRecord(record)?.kind);
  }
}

const batch = (firstOffset: number, lastOffset: number, deliveryState: number, deliveryCount: number) => ({
  firstOffset,
  lastOffset,
  deliveryState,
  deliveryCount,
});

describe('the share coordinator', () => {
  test('knows nothing of a partition before it is initialised', () => {
    const host = new Host();
    expect(host.write({})).toBe(ErrorCode.INVALID_REQUEST);
    expect(host.ask({ kind: 'read', key: KEY, leaderEpoch: 0 }).errorCode).toBe(ErrorCode.INVALID_REQUEST);
    expect(host.ask({ kind: 'read-summary', key: KEY })).toEqual({ errorCode: ErrorCode.NONE, state: null });
    expect(host.log).toHaveLength(0);
  });

  test('keeps what is written, and gives it to a new leader', () => {
    const host = new Host();
    host.initialize();
    expect(
      host.write({ startOffset: 3, deliveryCompleteCount: 2, stateBatches: [batch(3, 4, 0, 2), batch(5, 6, 2, 1)] }),
    ).toBe(0);
    host.reload();
    const { state } = host.ask({ kind: 'read', key: KEY, leaderEpoch: 2 });
    expect(state).toMatchObject({ startOffset: 3, deliveryCompleteCount: 2, stateEpoch: 1, leaderEpoch: 2 });
    expect(state?.stateBatches).toEqual([batch(3, 4, 0, 2), batch(5, 6, 2, 1)]);
    expect(host.kinds()).toEqual(['snapshot', 'update', 'update']);
  });

  test('fences leaders of an epoch before the one that read last', () => {
    const host = new Host();
    host.initialize();
    host.ask({ kind: 'read', key: KEY, leaderEpoch: 5 });
    expect(host.write({ leaderEpoch: 4 })).toBe(ErrorCode.FENCED_LEADER_EPOCH);
    expect(host.ask({ kind: 'read', key: KEY, leaderEpoch: 4 }).errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
    expect(host.write({ leaderEpoch: 5 })).toBe(ErrorCode.NONE);
    expect(host.write({ leaderEpoch: 6 })).toBe(ErrorCode.NONE);
    host.reload();
    expect(host.write({ leaderEpoch: 5 })).toBe(ErrorCode.FENCED_LEADER_EPOCH);
  });

  test('KAFKA-20694: does not fence an epoch of -1, which asks for no check', () => {
    const host = new Host();
    host.initialize();
    host.ask({ kind: 'read', key: KEY, leaderEpoch: 5 });
    const { errorCode, state } = host.ask({ kind: 'read', key: KEY, leaderEpoch: -1 });
    expect([errorCode, state?.leaderEpoch]).toEqual([ErrorCode.NONE, 5]);
    expect(host.write({ leaderEpoch: -1 })).toBe(ErrorCode.NONE);
    expect(host.write({ leaderEpoch: 4 })).toBe(ErrorCode.FENCED_LEADER_EPOCH);
  });

  test('fences writers and initialisers of an earlier state epoch', () => {
    const host = new Host();
    host.initialize(1, 0);
    host.write({ startOffset: 10, stateBatches: [batch(12, 14, 2, 1)] });
    expect(host.initialize(2, 5)).toBe(ErrorCode.NONE);
    expect(host.write({ stateEpoch: 1 })).toBe(ErrorCode.FENCED_STATE_EPOCH);
    expect(host.initialize(1, 0)).toBe(ErrorCode.FENCED_STATE_EPOCH);
    expect(host.ask({ kind: 'read', key: KEY, leaderEpoch: -1 }).state).toMatchObject({
      startOffset: 5,
      stateBatches: [],
    });
  });

  test('takes a repeated initialisation for the same one, and keeps what came since', () => {
    const host = new Host();
    host.initialize(1, 0);
    host.write({ startOffset: 7 });
    expect(host.initialize(1, 0)).toBe(ErrorCode.NONE);
    expect(host.ask({ kind: 'read-summary', key: KEY }).state?.startOffset).toBe(7);
  });

  test('never lets the start go back', () => {
    const host = new Host();
    host.initialize();
    host.write({ startOffset: 9, deliveryCompleteCount: 3 });
    host.write({ startOffset: 4, deliveryCompleteCount: 8 });
    host.reload();
    expect(host.ask({ kind: 'read-summary', key: KEY }).state).toMatchObject({
      startOffset: 9,
      deliveryCompleteCount: 3,
    });
  });

  test('#23112: the completed count follows the start, and never goes back under one start', () => {
    const host = new Host();
    host.initialize();
    host.write({ startOffset: 5, deliveryCompleteCount: 4 });
    host.write({ startOffset: 5, deliveryCompleteCount: 2 });
    expect(host.ask({ kind: 'read-summary', key: KEY }).state?.deliveryCompleteCount).toBe(4);
    host.write({ startOffset: 9, deliveryCompleteCount: 1 });
    expect(host.ask({ kind: 'read-summary', key: KEY }).state?.deliveryCompleteCount).toBe(1);
    host.write({});
    expect(host.ask({ kind: 'read-summary', key: KEY }).state).toMatchObject({
      startOffset: 9,
      deliveryCompleteCount: 1,
    });
  });

  test('an uninitialised start has no count, one that is known counts from zero', () => {
    const host = new Host();
    host.initialize(1, -1);
    expect(host.ask({ kind: 'read-summary', key: KEY }).state).toMatchObject({
      startOffset: -1,
      deliveryCompleteCount: -1,
    });
    host.initialize(2, 0);
    expect(host.ask({ kind: 'read-summary', key: KEY }).state).toMatchObject({
      startOffset: 0,
      deliveryCompleteCount: 0,
    });
  });

  test('writes a snapshot after so many updates', () => {
    const host = new Host(2);
    host.initialize();
    for (let offset = 1; offset <= 6; offset += 1)
      host.write({ startOffset: offset, stateBatches: [batch(offset, offset + 3, 0, 1)] });
    expect(host.kinds()).toEqual(['snapshot', 'update', 'update', 'snapshot', 'update', 'update', 'snapshot']);
    const before = host.shard.describe();
    host.reload();
    expect(host.shard.describe()).toBe(before);
    host.reload(6);
    expect(host.shard.describe()).toBe(before);
  });

  test('forgets a deleted partition, in the log too', () => {
    const host = new Host();
    host.initialize();
    expect(host.ask({ kind: 'delete', key: KEY }).errorCode).toBe(ErrorCode.NONE);
    expect(host.ask({ kind: 'delete', key: KEY }).errorCode).toBe(ErrorCode.NONE);
    expect(host.kinds()).toEqual(['snapshot', 'tombstone']);
    host.reload();
    expect(host.shard.describe()).toBe('');
    expect(host.initialize(1, 3)).toBe(ErrorCode.NONE);
  });

  test('skips records of types that it does not know', () => {
    const host = new Host();
    host.shard.replay({ key: Uint8Array.of(0, 77, 1, 2), value: Uint8Array.of(0, 0) }, 0);
    expect(host.shard.describe()).toBe('');
  });
});

describe('pruning', () => {
  const other = { groupId: 'h', topicId: TOPIC, partition: 3 };

  test('lets go what lies before the oldest snapshot that is needed', () => {
    const host = new Host(1);
    host.initialize();
    for (let offset = 1; offset <= 5; offset += 1) host.write({ startOffset: offset });
    host.now = { monotonicMs: PRUNE_INTERVAL_MS, wallMs: 2_000_000 };
    expect(host.shard.nextDeadlineMs()).toBe(PRUNE_INTERVAL_MS);
    host.shard.onTime(host.now, host.out);
    expect(host.effects).toEqual([{ kind: 'prune', beforeOffset: 4 }]);
    expect(host.shard.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
    const before = host.shard.describe();
    host.reload(4);
    expect(host.shard.describe()).toBe(before);
  });

  test('renews snapshots of partitions at rest, so that they do not hold the log back', () => {
    const host = new Host(1);
    host.ask({ kind: 'initialize', key: other, stateEpoch: 1, startOffset: 0 });
    host.initialize();
    for (let round = 1; round <= 2; round += 1) {
      host.write({ startOffset: round });
      host.now = { monotonicMs: round * 2 * PRUNE_INTERVAL_MS, wallMs: 2_000_000 };
      host.shard.onTime(host.now, host.out);
    }
    expect(host.effects.map(({ beforeOffset }) => beforeOffset)).toEqual([0, 3]);
    const before = host.shard.describe();
    host.reload(3);
    expect(host.shard.describe()).toBe(before);
  });

  test('renews a bounded number at a time', () => {
    const host = new Host();
    const many = 1_200;
    for (let partition = 0; partition < many; partition += 1) {
      host.ask({ kind: 'initialize', key: { ...KEY, partition }, stateEpoch: 1, startOffset: 0 });
    }
    host.shard.onTime({ monotonicMs: PRUNE_INTERVAL_MS, wallMs: 0 }, host.out);
    host.ask({ kind: 'delete', key: KEY });
    const written: number[] = [];
    let nowMs = 3 * PRUNE_INTERVAL_MS;
    for (let turn = 0; turn < 4 && host.shard.nextDeadlineMs() !== Number.POSITIVE_INFINITY; turn += 1) {
      const before = host.log.length;
      host.shard.onTime({ monotonicMs: nowMs, wallMs: 0 }, host.out);
      written.push(host.log.length - before);
      nowMs += 2_000;
    }
    expect(written).toEqual([500, 500, 199]);
    expect(host.effects.at(-1)?.beforeOffset).toBe(many + 1);
  });
});
