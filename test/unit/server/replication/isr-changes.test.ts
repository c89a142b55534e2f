import { describe, expect, it } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import type { MetadataCommand, MetadataOutcome } from '../../../../broker/core/metadata/commands.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { IsrProposal } from '../../../../broker/core/replica/leader.ts';
import type { MetadataClient } from '../../../../broker/server/metadata-client.ts';
import { IsrChanges, type IsrSource } from '../../../../broker/server/replication/isr-changes.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

const SELF = { brokerId: 0, brokerEpoch: 9 };

class Source implements IsrSource {
  readonly topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
  readonly topicName = 'jobs';
  readonly index: number;
  readonly leaderEpoch = 3;
  proposal: IsrProposal | null;
  wantsDurableMark = false;
  readonly told: string[] = [];

  constructor(index: number) {
    this.index = index;
    this.proposal = { partitionEpoch: 5, isr: [{ brokerId: brokerId(0), brokerEpoch: -1 }] };
  }

  onOutcome(_proposal: IsrProposal, outcome: string): void {
    this.told.push(outcome);
    if (outcome === 'refused') this.proposal = null;
  }
}

/** Submits are kept until the test answers them. */
function changes() {
  const loop = new VirtualLoop();
  const sent: { readonly command: MetadataCommand; readonly done: (outcome: MetadataOutcome) => void }[] = [];
  const log = { debug: () => undefined } as unknown as ConstructorParameters<typeof IsrChanges>[0]['log'];
  const submit = ((command: MetadataCommand, _timeoutMs: number, done: (outcome: MetadataOutcome) => void) => {
    sent.push({ command, done });
  }) as MetadataClient['submit'];
  const made = new IsrChanges({ metadata: { submit }, timers: loop, log, incarnation: () => SELF });
  const partitionsOf = (position: number): readonly number[] => {
    const command = sent[position]?.command;
    return command?.kind === 'alterPartition' || command?.kind === 'markDurable'
      ? command.partitions.map(({ index }) => index)
      : [];
  };
  const answer = (position: number, errorCodes: readonly number[], errorCode = 0): void => {
    const partitions = errorCodes.map((code, index) => ({
      topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
      index,
      errorCode: code,
      leader: 0,
      leaderEpoch: 3,
      partitionEpoch: 6,
      isr: [0],
    }));
    sent[position]?.done({ kind: 'alterPartition', errorCode, errorMessage: null, partitions });
    loop.run();
  };
  return { loop, made, sent, answer, partitionsOf };
}

describe('changes of ISRs', () => {
  it('of one turn go together, one request at a time', () => {
    const { loop, made, sent, answer, partitionsOf } = changes();
    const sources = [0, 1, 2].map((index) => new Source(index));
    for (const source of sources.slice(0, 2)) made.propose(source);
    expect(sent).toEqual([]);
    loop.run();
    expect(sent[0]?.command).toMatchObject({ kind: 'alterPartition', ...SELF });
    expect(partitionsOf(0)).toEqual([0, 1]);
    for (const source of sources) made.propose(source);
    loop.run();
    expect(sent).toHaveLength(1);
    for (const source of sources) if (source.index < 2) source.proposal = null;
    answer(0, [0, 0]);
    expect(partitionsOf(1)).toEqual([2]);
  });

  it('of very many partitions go in several requests, one after the other', () => {
    const { loop, made, sent, answer, partitionsOf } = changes();
    const sources = Array.from({ length: 2_001 }, (_, index) => new Source(index));
    for (const source of sources) made.propose(source);
    loop.run();
    expect([sent.length, partitionsOf(0).length]).toEqual([1, 2_000]);
    for (const source of sources.slice(0, 2_000)) source.proposal = null;
    answer(
      0,
      sources.slice(1).map(() => 0),
    );
    expect([sent.length, partitionsOf(1)]).toEqual([2, [2_000]]);
  });

  it('are brought forward again when a leadership wants another one later', () => {
    const { loop, made, sent, answer } = changes();
    const source = new Source(0);
    made.propose(source);
    loop.run();
    const { proposal } = source;
    source.proposal = null;
    answer(0, [0]);
    source.proposal = proposal;
    made.propose(source);
    loop.run();
    expect(sent).toHaveLength(2);
  });

  it('are asked for again until metadata or a refusal ends them', () => {
    const { loop, made, sent, answer, partitionsOf } = changes();
    const sources = [0, 1, 2].map((index) => new Source(index));
    for (const source of sources) made.propose(source);
    loop.run();
    const { INELIGIBLE_REPLICA, INVALID_UPDATE_VERSION } = ErrorCode;
    answer(0, [INELIGIBLE_REPLICA, INVALID_UPDATE_VERSION, ErrorCode.UNKNOWN_SERVER_ERROR]);
    expect(sources.map(({ told }) => told)).toEqual([['refused'], ['superseded'], ['unknown']]);
    for (const source of sources) made.propose(source);
    loop.advance(100);
    expect(sent).toHaveLength(1);
    const [, second] = sources;
    if (second !== undefined) second.proposal = null;
    loop.advance(100);
    expect(partitionsOf(1)).toEqual([2]);
    expect(made.failedCount).toBe(3);
  });

  it.each([
    ['NONE', 'superseded'],
    ['INVALID_UPDATE_VERSION', 'superseded'],
    ['FENCED_LEADER_EPOCH', 'superseded'],
    ['NEW_LEADER_ELECTED', 'superseded'],
    ['UNKNOWN_TOPIC_ID', 'superseded'],
    ['UNKNOWN_TOPIC_OR_PARTITION', 'superseded'],
    ['INELIGIBLE_REPLICA', 'refused'],
    ['INVALID_REQUEST', 'refused'],
    ['NOT_CONTROLLER', 'unknown'],
  ] as const)('that are answered with %s are %s', (code, outcome) => {
    const { loop, made, answer } = changes();
    const source = new Source(0);
    made.propose(source);
    loop.run();
    answer(0, [ErrorCode[code]]);
    expect(source.told).toEqual([outcome]);
  });

  it('that nobody answered may have been made', () => {
    const { loop, made, sent } = changes();
    const source = new Source(0);
    made.propose(source);
    loop.run();
    sent[0]?.done({ kind: 'failed', errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: null });
    loop.run();
    expect(source.told).toEqual(['unknown']);
    loop.advance(200);
    expect(sent).toHaveLength(2);
    source.proposal = null;
    sent[1]?.done({
      kind: 'alterPartition',
      errorCode: ErrorCode.STALE_BROKER_EPOCH,
      errorMessage: null,
      partitions: [],
    });
    loop.advance(1_000);
    expect([source.told, sent.length]).toEqual([['unknown', 'unknown'], 2]);
  });
});

describe('marks of what is durable (D3)', () => {
  it('are asked for until the metadata has them', () => {
    const { loop, made, sent, partitionsOf } = changes();
    const source = new Source(4);
    source.wantsDurableMark = true;
    made.mark(source);
    loop.run();
    expect(sent[0]?.command).toMatchObject({ kind: 'markDurable', ...SELF });
    expect(partitionsOf(0)).toEqual([4]);
    const done = (): void => sent.at(-1)?.done({ kind: 'markDurable', errorCode: 0, errorMessage: null });
    done();
    loop.advance(200);
    expect(sent).toHaveLength(2);
    source.wantsDurableMark = false;
    done();
    loop.advance(1_000);
    expect(sent).toHaveLength(2);
  });

  it('are asked for ever more seldom while the metadata does not get them', () => {
    const { loop, made, sent } = changes();
    const source = new Source(4);
    source.wantsDurableMark = true;
    made.mark(source);
    const times: number[] = [];
    const startMs = loop.monotonicMs();
    for (let ms = 0; ms <= 100_000; ms += 100) {
      // It is said again with every fetch of a follower.
      made.mark(source);
      loop.advance(100);
      if (sent.length === times.length) continue;
      times.push((loop.monotonicMs() - startMs) / 1000);
      sent.at(-1)?.done({ kind: 'markDurable', errorCode: 0, errorMessage: null });
    }
    expect(times).toEqual([0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 12.7, 25.5, 51.1, 81.1]);
  });

  it('are asked for soon again when the controller has another ISR or other settings, also while they are asked for', () => {
    const { loop, made, sent } = changes();
    const source = new Source(4);
    source.wantsDurableMark = true;
    made.mark(source);
    const answer = (): void => sent.at(-1)?.done({ kind: 'markDurable', errorCode: 0, errorMessage: null });
    const timesUntil = (endMs: number): readonly number[] => {
      const times: number[] = [];
      for (const startMs = loop.monotonicMs(); loop.monotonicMs() - startMs < endMs; ) {
        const { length } = sent;
        loop.advance(100);
        if (sent.length === length) continue;
        times.push((loop.monotonicMs() - startMs) / 1000);
        answer();
      }
      return times;
    };
    expect(timesUntil(14_000)).toEqual([0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 12.7]);
    made.changed(source);
    expect(timesUntil(13_000)).toEqual([0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 12.7]);
    loop.advance(1_000);
    made.changed(source);
    // News while it is asked for, and not answered.
    loop.run();
    made.changed(source);
    answer();
    expect(timesUntil(2_000)).toEqual([0.2, 0.6, 1.4]);
    source.wantsDurableMark = false;
    timesUntil(4_000);
    made.changed(source);
    expect(timesUntil(40_000)).toEqual([]);
  });

  it('that wait behind those of others are not asked for more often for that', () => {
    const { loop, made, sent, partitionsOf } = changes();
    const sources = [4, 5].map((index) => new Source(index));
    const [first, second] = sources;
    for (const source of sources) source.wantsDurableMark = true;
    const answer = (): void => sent.at(-1)?.done({ kind: 'markDurable', errorCode: 0, errorMessage: null });
    if (first !== undefined) made.mark(first);
    loop.run();
    answer();
    loop.advance(100);
    if (second !== undefined) made.mark(second);
    loop.advance(100);
    expect(partitionsOf(1)).toEqual([5]);
    // The first is due again, and says so.
    if (first !== undefined) made.mark(first);
    if (second !== undefined) second.wantsDurableMark = false;
    answer();
    loop.run();
    expect(partitionsOf(2)).toEqual([4]);
    answer();
    loop.advance(399);
    expect(sent).toHaveLength(3);
    loop.advance(1);
    expect(sent).toHaveLength(4);
  });
});
