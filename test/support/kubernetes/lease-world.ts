import { ManualClock } from './manual-clock.ts';
import { ObjectStore } from './store.ts';
import { TYPES } from './types.ts';
import { createPrng, type Prng } from '../../../broker/core/base/prng.ts';
import { Leader, type LeaderTimes, type LeaseApi } from '../../../operator/controllers/leader.ts';
import type { Clock } from '../../../operator/ports/clock.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';

const NAME = { namespace: 'ns', name: 'weir-operator' };
const WRITER = { manager: 'test', subresource: '' } as const;
const CALL_DEADLINE_MS = 3000;

/** A process that can be stopped in its tracks: its timers go off when it goes on, and time has passed for it. */
class PausableClock implements Clock {
  readonly #clock: ManualClock;
  #held: (() => void)[] = [];
  isPaused = false;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, run: () => void): () => void {
    let isCancelled = false;
    const cancel = this.#clock.after(delayMs, () => {
      const go = (): void => {
        if (!isCancelled) run();
      };
      if (this.isPaused) this.#held.push(go);
      else go();
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  resume(): void {
    this.isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const go of held) go();
  }
}

interface Candidate {
  readonly clock: PausableClock;
  readonly leader: Leader;
  isCut: boolean;
  isEnded: boolean;
}

/** Candidates for one Lease, with slow and lossy connections, on one virtual clock. */
export class LeaseWorld {
  readonly clock = new ManualClock();
  readonly #store = new ObjectStore();
  readonly #prng: Prng;
  readonly #times: LeaderTimes;
  readonly #candidates: Candidate[] = [];
  #born = 0;
  /** How often somebody began to lead. */
  terms = 0;
  /** Moments at which more than one could act; must stay empty (E1). */
  readonly violations: string[] = [];

  constructor(seed: number, times: LeaderTimes) {
    this.#prng = createPrng(seed);
    this.#times = times;
    for (let count = 0; count < 3; count += 1) this.#candidates.push(this.#candidate());
  }

  /** Runs for so long, in steps of some 100 ms, and lets things happen to the candidates. */
  async run(ms: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + ms;
    while (this.clock.monotonicMs() < endMs) {
      this.#mishap();
      this.clock.advance(50 + this.#prng.below(200));
      await new Promise((resolve) => setImmediate(resolve));
      this.#check();
    }
    for (const { leader, clock } of this.#candidates) {
      clock.resume();
      const stopped = leader.stop();
      for (let turn = 0; turn < 20; turn += 1) {
        this.clock.advance(CALL_DEADLINE_MS);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await stopped;
    }
  }

  #mishap(): void {
    for (const [index, candidate] of this.#candidates.entries()) {
      if (candidate.isEnded) this.#candidates[index] = this.#candidate();
      if (this.#prng.chance(candidate.isCut ? 0.02 : 0.01)) candidate.isCut = !candidate.isCut;
      if (!this.#prng.chance(candidate.clock.isPaused ? 0.02 : 0.01)) continue;
      if (candidate.clock.isPaused) this.#resume(candidate);
      else candidate.clock.isPaused = true;
    }
  }

  /** What a process was about to do it does first, before any timer. */
  #resume({ clock }: Candidate): void {
    clock.isPaused = false;
    this.#check();
    clock.resume();
  }

  #check(): void {
    const acting = this.#candidates.filter(({ clock, leader }) => !clock.isPaused && leader.isHolding());
    if (acting.length > 1) this.violations.push(`${acting.length} act at ${this.clock.monotonicMs()}`);
  }

  #candidate(): Candidate {
    const clock = new PausableClock(this.clock);
    const api: LeaseApi = {
      get: (type) =>
        this.#call(candidate, () => this.#store.find({ ...TYPES.leases, ...type }, NAME.namespace, NAME.name)),
      create: (_, lease) => this.#call(candidate, () => this.#store.create(TYPES.leases, lease, WRITER)),
      replace: (_, lease) =>
        this.#call(candidate, () =>
          this.#store.update(TYPES.leases, NAME, WRITER, () => lease),
        ) as Promise<KubernetesObject>,
    };
    this.#born += 1;
    const random = (): number => this.#prng.below(1000) / 1000;
    const listener = {
      lead: () => {
        this.terms += 1;
        if (!candidate.leader.isHolding()) this.violations.push(`${identity} begins without holding`);
      },
      lost: () => void (candidate.isEnded = true),
      trouble: () => undefined,
    };
    const tools = { api, clock, random, wallTime: () => `at ${this.clock.monotonicMs()}` };
    const identity = `candidate-${this.#born}`;
    // Made in two steps, since the leader calls at once.
    const candidate: Candidate = { clock, isCut: false, isEnded: false } as unknown as Candidate;
    Object.assign(candidate, { leader: new Leader(tools, { lease: NAME, identity, times: this.#times }, listener) });
    return candidate;
  }

  /** A call whose request and answer take their time, or get lost. */
  #call<T>(candidate: Candidate, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        const message = String(error);
        reject(new OperatorError('CONFLICT', message, { cause: error }));
      };
      const giveUp = candidate.clock.after(CALL_DEADLINE_MS, () => {
        fail('no answer');
      });
      const answer = (act: () => void): void => {
        if (candidate.isCut) return;
        candidate.clock.after(this.#latencyMs(), () => {
          giveUp();
          act();
        });
      };
      if (candidate.isCut) return;
      if (this.#prng.chance(0.02)) candidate.clock.isPaused = true;
      // The request is on its way even if its sender is paused or gives up.
      this.clock.after(this.#latencyMs(), () => {
        try {
          const result = effect();
          answer(() => {
            resolve(result);
          });
        } catch (error) {
          answer(() => {
            fail(error);
          });
        }
      });
    });
  }

  /** Mostly short, at times longer than any deadline. */
  #latencyMs(): number {
    return this.#prng.chance(0.03) ? this.#prng.below(20_000) : this.#prng.below(100);
  }
}
