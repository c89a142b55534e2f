import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/properties.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import type { GroupRules } from '../../broker/core/share/in-flight.ts';
import { SharePartition, type SharePartitionEffect } from '../../broker/core/share/partition.ts';
import { NO_BUGS, type PlantedBug, type PlantedBugs } from '../../broker/core/share/planted-bugs.ts';
import { STANDARD_POLICY } from '../../broker/core/share/policy.ts';
import { mergeStateBatches } from '../../broker/core/share/state-batches.ts';
import type { StateBatch } from '../../broker/core/share/persistence.ts';
import { judgeShareHistory, type ShareEvent, type Verdict } from './share-history.ts';

type Write = Extract<SharePartitionEffect, { kind: 'persist' }>;

type Command =
  /** `isWithheld`: a marker, or records of an aborted transaction. */
  | { readonly kind: 'produce'; readonly size: number; readonly isWithheld: boolean }
  | {
      readonly kind: 'fetch';
      readonly member: string;
      readonly mode: 0 | 1;
      readonly max: number;
      readonly batchSize: number;
    }
  | {
      readonly kind: 'ack';
      readonly member: string;
      readonly whose: string;
      readonly picks: readonly (readonly [number, number, number])[];
    }
  | { readonly kind: 'write-ends'; readonly fate: 'committed' | 'failed' | 'failed-but-kept' }
  | { readonly kind: 'pass'; readonly ms: number; readonly timerLate: boolean }
  | { readonly kind: 'close'; readonly member: string }
  | { readonly kind: 'crash'; readonly writeKept: boolean }
  /** All sessions end, and the memory goes once everything is written; the leader stays. */
  | { readonly kind: 'retire'; readonly failures: number }
  | { readonly kind: 'trim'; readonly at: number }
  | { readonly kind: 'letter-ends' };

const LOCK_MS = 1_000;
const RULES: GroupRules = {
  deliveryCountLimit: 3,
  lockDurationMs: LOCK_MS,
  recordLocksMax: 12,
  renewEnabled: true,
  deadLetters: false,
};

const member = fc.constantFrom('a', 'b', 'c');
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('produce' as const),
      size: fc.integer({ min: 1, max: 5 }),
      isWithheld: fc.integer({ min: 0, max: 3 }).map((dice) => dice === 0),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('fetch' as const),
      member,
      mode: fc.constantFrom(0 as const, 1 as const),
      max: fc.integer({ min: 1, max: 8 }),
      batchSize: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ack' as const),
      member,
      whose: member,
      picks: fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 3 }), fc.constantFrom(0, 1, 1, 2, 3, 4)), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write-ends' as const),
      fate: fc.constantFrom('committed' as const, 'committed' as const, 'failed' as const, 'failed-but-kept' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.integer({ min: 1, max: LOCK_MS + 200 }),
      timerLate: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), writeKept: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retire' as const), failures: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const), at: fc.nat({ max: 30 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'letter-ends' as const }) },
);

/** A world of one share-partition: its log, what is persisted, the members' view, and the history of it all. */
class World {
  readonly events: ShareEvent[] = [];
  readonly log: [number, number][] = [];
  #bugs: PlantedBugs;
  #nowMs = 1;
  #partition: SharePartition;
  #write: Write | null = null;
  #saved: { startOffset: number; stateBatches: readonly StateBatch[] } = { startOffset: 0, stateBatches: [] };
  /** Offsets that each member was given and did not hear the end of. */
  #held = new Map<string, Set<number>>([
    ['a', new Set()],
    ['b', new Set()],
    ['c', new Set()],
  ]);
  #ticket = 0;
  #start = 0;
  #logStart = 0;
  readonly problems: string[] = [];

  readonly #rules: GroupRules;
  /** Dead letters that are being written, oldest first, and what came of them. */
  #letters: { readonly start: number; readonly end: number }[] = [];
  readonly #lettered = new Set<number>();
  /** Verdicts that no dead letter follows, by ticket, and the offsets that they finished, perhaps. */
  readonly #open = new Map<number, readonly Verdict[]>();
  readonly #accepted = new Set<number>();

  /** Batches whose records nobody may get (S10). */
  readonly #withheld: [number, number][] = [];
  readonly #withholds: boolean;

  constructor(bugs: PlantedBugs, deadLetters: boolean, withholds: boolean) {
    this.#bugs = bugs;
    this.#withholds = withholds;
    this.#rules = { ...RULES, deadLetters };
    this.#partition = this.#load();
  }

  run(step: Command): void {
    switch (step.kind) {
      case 'produce': {
        const start = (this.log[this.log.length - 1]?.[1] ?? -1) + 1;
        this.log.push([start, start + step.size - 1]);
        if (step.isWithheld && this.#withholds) this.#withheld.push([start, start + step.size - 1]);
        else this.events.push({ kind: 'produced', start, end: start + step.size });
        break;
      }
      case 'fetch':
        this.fetch(step.member, step.mode, step.max, step.batchSize);
        break;
      case 'ack':
        this.#acknowledge(step.member, step.whose, step.picks);
        break;
      case 'write-ends':
        this.endWrite(step.fate);
        break;
      case 'pass':
        if (step.timerLate) this.#nowMs += step.ms;
        else this.pass(step.ms);
        break;
      case 'close':
        this.#close(step.member);
        break;
      case 'crash':
        if (this.#write !== null && step.writeKept) this.#keep(this.#write);
        this.#write = null;
        this.#letters = [];
        this.events.push({ kind: 'leader-changed' });
        for (const offsets of this.#held.values()) offsets.clear();
        this.#partition = this.#load();
        break;
      case 'retire':
        this.#retire(step.failures);
        break;
      case 'letter-ends':
        this.#endLetter();
        break;
      default:
        this.#trim(step.at);
    }
    this.#checkStart();
  }

  /** Lets everything heal and accepts what is there until nothing comes any more. */
  drain(): void {
    for (let idle = 0, rounds = 0; idle < 4 && rounds < 500; rounds += 1) {
      while (this.#write !== null || this.#letters.length > 0) {
        this.endWrite('committed');
        this.#endLetter();
      }
      const offsets = this.fetch('a', 0, 100, 100);
      if (offsets.length === 0) {
        idle += 1;
        this.pass(LOCK_MS);
        continue;
      }
      idle = 0;
      this.#send('a', verdictsOf(offsets.map((offset) => [offset, 1])));
    }
    while (this.#write !== null) this.endWrite('committed');
    this.events.push({ kind: 'drained' });
    const end = (this.log[this.log.length - 1]?.[1] ?? -1) + 1;
    const { isBehind } = this.#partition;
    if (this.#withholds && this.#saved.startOffset < end && !isBehind)
      this.problems.push(`S10: ${this.#saved.startOffset} is kept as the start, all is finished before ${end}`);
    if (this.#withholds && this.#partition.startOffset < end)
      this.problems.push(`S10: the start stays at ${this.#partition.startOffset}, the log ends at ${end}`);
    if (this.#rules.deadLetters) this.#checkLetters();
  }

  /** S4: what nobody accepted, and retention did not take, left a dead letter. */
  #checkLetters(): void {
    for (const verdicts of this.#open.values()) this.#accept(verdicts);
    const end = (this.log[this.log.length - 1]?.[1] ?? -1) + 1;
    for (let offset = this.#logStart; offset < end; offset += 1) {
      if (!this.#accepted.has(offset) && !this.#lettered.has(offset) && !this.#isWithheld(offset))
        this.problems.push(`S4: record ${offset} was neither accepted nor left a dead letter`);
    }
  }

  #accept(verdicts: readonly Verdict[]): void {
    for (const { start, end, type } of verdicts)
      for (let offset = start; offset < end; offset += 1) if (type === 0 || type === 1) this.#accepted.add(offset);
  }

  #endLetter(): void {
    const letter = this.#letters.shift();
    if (letter === undefined) return;
    for (let offset = letter.start; offset < letter.end; offset += 1) this.#lettered.add(offset);
    this.#step({ kind: 'buried', ranges: [letter] });
  }

  fetch(memberId: string, mode: 0 | 1, max: number, batchSize: number): number[] {
    const fetchOffset = this.#partition.fetchOffset(this.#rules, this.#nowMs);
    if (fetchOffset < 0) return [];
    const bounds = this.log.filter(([, last]) => last >= fetchOffset).flat();
    const request = {
      memberId,
      mode,
      recordsMax: max,
      batchSize,
      fetchOffset,
      bounds,
      withheld: this.#withheld.filter(([, last]) => last >= fetchOffset).flat(),
    };
    const takeable = this.#takeableCount();
    const offsets: number[] = [];
    for (const effect of this.#step({ kind: 'acquire', request, rules: this.#rules })) {
      if (effect.kind !== 'acquired' || effect.ranges.length === 0) continue;
      const { ranges } = effect;
      this.events.push({
        kind: 'delivered',
        atMs: this.#nowMs,
        member: memberId,
        ranges,
        lockMs: LOCK_MS,
        limit: this.#rules.deliveryCountLimit,
      });
      for (const { start, end } of ranges) for (let offset = start; offset < end; offset += 1) offsets.push(offset);
      if (mode === 1 && offsets.length > max)
        this.problems.push(`S11: ${offsets.length} records for a limit of ${max}`);
    }
    if (mode === 1 && offsets.length > takeable)
      this.problems.push(`S11: ${offsets.length} records where ${takeable} could be taken`);
    const stolen = offsets.find((offset) => this.#isWithheld(offset));
    if (stolen !== undefined) this.problems.push(`S10: record ${stolen} went to ${memberId}`);
    // What nobody gets is settled on the way, and then counts no more.
    if (offsets.length === 0 && takeable > 0 && bounds.length > 0 && this.#withheld.length === 0)
      this.problems.push(`S6: nothing was taken where ${takeable} could be`);
    const held = this.#held.get(memberId);
    for (const offset of offsets) {
      for (const others of this.#held.values()) others.delete(offset);
      held?.add(offset);
    }
    return offsets;
  }

  #isWithheld(offset: number): boolean {
    return this.#withheld.some(([first, last]) => first <= offset && offset <= last);
  }

  endWrite(fate: 'committed' | 'failed' | 'failed-but-kept'): void {
    const write = this.#write;
    if (write === null) return;
    this.#write = null;
    if (fate !== 'failed') this.#keep(write);
    const errorCode = fate === 'committed' ? ErrorCode.NONE : ErrorCode.COORDINATOR_NOT_AVAILABLE;
    this.#step({ kind: 'persisted', errorCode, rules: this.#rules });
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    if (this.#nowMs >= this.#partition.deadlineMs) this.#step({ kind: 'time', rules: this.#rules });
  }

  #close(memberId: string): void {
    this.#step({ kind: 'release', memberId, rules: this.#rules });
    this.events.push({ kind: 'session-ended', member: memberId });
    this.#held.get(memberId)?.clear();
  }

  #retire(failures: number): void {
    for (const memberId of this.#held.keys()) this.#close(memberId);
    for (let left = failures; this.#write !== null || this.#letters.length > 0 || this.#partition.isBehind; left -= 1) {
      this.#endLetter();
      if (this.#write === null && this.#partition.isBehind) this.#step({ kind: 'save', rules: this.#rules });
      this.endWrite(left > 0 ? 'failed' : 'committed');
    }
    const start = this.#start;
    this.#partition = this.#load();
    this.#start = Math.max(start, this.#start);
  }

  /** Retention takes the log below `offset`. */
  #trim(offset: number): void {
    if (offset > (this.log[this.log.length - 1]?.[1] ?? -1)) return;
    this.events.push({ kind: 'trimmed', end: offset });
    this.#logStart = Math.max(this.#logStart, offset);
    this.#step({ kind: 'log-start', offset });
  }

  #acknowledge(memberId: string, whose: string, picks: readonly (readonly [number, number, number])[]): void {
    const held = [...(this.#held.get(whose) ?? [])].sort((left, right) => left - right);
    if (held.length === 0) return;
    const wanted = new Map<number, number>();
    for (const [at, length, type] of picks) {
      for (let step = 0; step <= length; step += 1) {
        const offset = held[(at + step) % held.length];
        if (offset !== undefined) wanted.set(offset, type);
      }
    }
    this.#send(memberId, verdictsOf([...wanted].sort(([left], [right]) => left - right)));
  }

  #send(memberId: string, verdicts: readonly Verdict[]): void {
    this.#ticket += 1;
    const ticket = this.#ticket;
    this.events.push({ kind: 'sent', atMs: this.#nowMs, ticket, member: memberId, verdicts });
    this.#open.set(ticket, verdicts);
    const batches = verdicts.map(({ start, end, type }) => ({
      firstOffset: start,
      lastOffset: end - 1,
      acknowledgeTypes: [type],
    }));
    this.#step({ kind: 'acknowledge', request: { ticket, memberId, batches }, rules: this.#rules });
  }

  #step(input: Parameters<SharePartition['step']>[0]): SharePartitionEffect[] {
    const out: SharePartitionEffect[] = [];
    const takeable = this.#takeableCount();
    this.#partition.step(input, this.#nowMs, out);
    const isTold = input.kind === 'acquire' || out.some(({ kind }) => kind === 'available');
    if (takeable === 0 && this.#takeableCount() > 0 && !isTold) this.problems.push(`I13: ${input.kind} wakes nobody`);
    for (const effect of out) {
      if (effect.kind === 'acknowledged')
        this.events.push({ kind: 'answered', ticket: effect.ticket, errorCode: effect.errorCode });
      if (effect.kind === 'acknowledged') this.#settleVerdict(effect.ticket, effect.errorCode);
      if (effect.kind === 'dead-letter') this.#letters.push({ start: effect.start, end: effect.end });
      if (effect.kind !== 'persist') continue;
      if (this.#write !== null) this.problems.push('I8: two writes at a time');
      this.#write = effect;
    }
    return out;
  }

  #settleVerdict(ticket: number, errorCode: number): void {
    const isRefused = errorCode === ErrorCode.INVALID_RECORD_STATE || errorCode === ErrorCode.INVALID_REQUEST;
    if (errorCode === ErrorCode.NONE) this.#accept(this.#open.get(ticket) ?? []);
    if (errorCode === ErrorCode.NONE || isRefused) this.#open.delete(ticket);
  }

  #takeableCount(): number {
    const logEnd = (this.log[this.log.length - 1]?.[1] ?? -1) + 1;
    return this.#partition.takeableCount(logEnd, this.#rules, this.#nowMs);
  }

  /** What the share coordinator does with a write. */
  #keep(write: Write): void {
    const startOffset = Math.max(this.#saved.startOffset, write.startOffset);
    this.#saved = {
      startOffset,
      stateBatches: mergeStateBatches(this.#saved.stateBatches, write.stateBatches, startOffset),
    };
  }

  #load(): SharePartition {
    const partition = SharePartition.load(this.#saved, STANDARD_POLICY, this.#bugs);
    if (partition === null) throw new Error(`state does not load: ${JSON.stringify(this.#saved)}`);
    const out: SharePartitionEffect[] = [];
    if (this.#logStart > partition.startOffset)
      partition.step({ kind: 'log-start', offset: this.#logStart }, this.#nowMs, out);
    partition.resume(this.#rules, out);
    for (const effect of out) {
      if (effect.kind === 'persist') this.#write = effect;
      if (effect.kind === 'dead-letter') this.#letters.push({ start: effect.start, end: effect.end });
    }
    this.#start = partition.startOffset;
    return partition;
  }

  #checkStart(): void {
    if (this.#partition.startOffset < this.#start)
      this.problems.push(`S9: the start went back to ${this.#partition.startOffset}`);
    this.#start = this.#partition.startOffset;
    const runs = this.#partition.snapshot();
    let position = this.#partition.startOffset;
    for (const run of runs) {
      if (run.start !== position || run.end <= run.start) this.problems.push(`I1: no tiling at ${position}`);
      position = run.end;
    }
    if (position !== this.#partition.endOffset) this.problems.push('I1: the runs do not reach the end');
  }
}

/** Joins neighbours of one type. */
function verdictsOf(types: readonly (readonly [number, number])[]): Verdict[] {
  const verdicts: { start: number; end: number; type: number }[] = [];
  for (const [offset, type] of types) {
    const last = verdicts[verdicts.length - 1];
    if (last !== undefined && last.end === offset && last.type === type) last.end = offset + 1;
    else verdicts.push({ start: offset, end: offset + 1, type });
  }
  return verdicts;
}

function findings(
  commands: readonly Command[],
  bugs: PlantedBugs,
  { deadLetters = false, withholds = false } = {},
): readonly string[] {
  const world = new World(bugs, deadLetters, withholds);
  for (const step of commands) world.run(step);
  world.drain();
  return [...world.problems, ...judgeShareHistory(world.events)];
}

const commands = fc.array(command, { minLength: 1, maxLength: 80, size: 'max' });

describe('a share-partition under any sequence of fetches, acknowledgements, failures and crashes', () => {
  test('keeps S1 to S9, S11 and S13', () => {
    fc.assert(
      fc.property(commands, (steps) => {
        expect(findings(steps, NO_BUGS)).toEqual([]);
      }),
      { numRuns: Number(process.env['WEIR_PROPERTY_RUNS'] ?? 1_500) },
    );
  });

  test('and S10: nobody gets markers and what was aborted, and the start moves over them', () => {
    fc.assert(
      fc.property(commands, fc.boolean(), (steps, deadLetters) => {
        expect(findings(steps, NO_BUGS, { deadLetters, withholds: true })).toEqual([]);
      }),
      { numRuns: Number(process.env['WEIR_PROPERTY_RUNS'] ?? 1_500) },
    );
  });

  test('and S4 with dead letters: what is given up leaves one', () => {
    fc.assert(
      fc.property(commands, (steps) => {
        expect(findings(steps, NO_BUGS, { deadLetters: true })).toEqual([]);
      }),
      { numRuns: Number(process.env['WEIR_PROPERTY_RUNS'] ?? 1_500) },
    );
  });

  const planted: PlantedBug[] = [
    'owner-unchecked',
    'first-batch-judged',
    'answer-before-commit',
    'count-stands-still',
    'no-delivery-limit',
    'no-roll-back',
    'gap-skipped',
    'lock-never-ends',
    'renewal-never-ends',
    'cut-taken-twice',
    'count-rolled-back',
    'wakes-nobody',
    'archived-before-letter',
  ];
  test.each(planted)('does not keep them with the planted bug %s, and the checker says so within 2,000 runs', (bug) => {
    const outcome = fc.check(
      fc.property(
        commands,
        (steps) => findings(steps, new Set([bug]), { deadLetters: bug === 'archived-before-letter' }).length === 0,
      ),
      { numRuns: 2_000, endOnFailure: true, seed: 7 },
    );
    expect(outcome.failed).toBe(true);
  });
});
