import { Leadership, type LeaseDecision, type LeaseRecord, type LeaseTimes } from '../core/leadership.ts';
import type { Clock } from '../ports/clock.ts';
import type { KubernetesApi, KubernetesObject, ObjectName, ResourceType } from '../ports/kubernetes.ts';
import { asOperatorError, type OperatorError } from '../ports/operator-error.ts';

/** The type of a Lease. */
export const LEASES: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  isNamespaced: true,
};

/** What a candidate tells. */
export interface LeaderListener {
  /** It holds the lease: the work may begin. Told once. */
  lead(): void;
  /** It held the lease and doesn't: the process has to end, whatever is under way. Told once; nothing is told after it. */
  lost(why: string): void;
  /** Reading or writing the lease failed, and is tried again. */
  trouble(error: OperatorError): void;
}

/** What of the API a candidate needs. */
export type LeaseApi = Pick<KubernetesApi, 'get' | 'create' | 'replace'>;

/** When a lease is looked at, and how long it's held. */
export interface LeaderTimes extends LeaseTimes {
  readonly retryMs: number;
}

/** As other operators have it: a new leader acts at most 17 s after the old one died, and at once when that one ended well. */
export const LEADER_TIMES: LeaderTimes = { durationMs: 15_000, holdMs: 10_000, retryMs: 2000 };

/**
 * One candidate for a Lease. `api` should be a client of its own with a deadline well below `holdMs`, so that neither a crowd of
 * requests nor a single hanging one keeps a renewal away.
 */
export class Leader {
  readonly #api: LeaseApi;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #wallTime: () => string;
  readonly #name: ObjectName;
  readonly #identity: string;
  readonly #times: LeaderTimes;
  readonly #listener: LeaderListener;
  readonly #leadership: Leadership;
  readonly #over: Promise<void>;
  #lease: KubernetesObject | null = null;
  #state: 'candidate' | 'leader' | 'ended' = 'candidate';
  #cancelExpiry: () => void = () => undefined;
  #wake: () => void = () => undefined;

  /**
   * Begins at once. `identity` must be this process's alone, `wallTime` gives an RFC 3339 time with
   * microseconds, another one each time: a renewal that changes nothing is none.
   */
  constructor(
    tools: {
      readonly api: LeaseApi;
      readonly clock: Clock;
      readonly random: () => number;
      readonly wallTime: () => string;
    },
    candidate: { readonly lease: ObjectName; readonly identity: string; readonly times?: LeaderTimes },
    listener: LeaderListener,
  ) {
    this.#api = tools.api;
    this.#clock = tools.clock;
    this.#random = tools.random;
    this.#wallTime = tools.wallTime;
    this.#name = candidate.lease;
    this.#identity = candidate.identity;
    this.#times = candidate.times ?? LEADER_TIMES;
    this.#listener = listener;
    this.#leadership = new Leadership(this.#identity, this.#times);
    this.#over = this.#run();
  }

  /** May this process act now? To be asked before every effect (E1). */
  isHolding(): boolean {
    return this.#state === 'leader' && this.#leadership.isHolding(this.#clock.monotonicMs());
  }

  /** Ends the candidature and gives the lease back, so that another needs not wait. The work must have ended before. */
  async stop(): Promise<void> {
    this.#end();
    await this.#over;
    const isOurs = this.#lease !== null && recordOf(this.#lease)?.holder === this.#identity;
    if (this.#lease === null || !isOurs) return;
    try {
      await this.#api.replace(LEASES, this.#leaseOf('', this.#lease, transitionsOf(this.#lease)));
    } catch (error) {
      // Whoever comes next waits for the lease to run out.
      this.#listener.trouble(asOperatorError(error));
    }
  }

  #end(): void {
    this.#state = 'ended';
    this.#cancelExpiry();
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#isOver()) {
      try {
        await this.#round();
      } catch (error) {
        // What the lease is now is not known: read it before the next write.
        this.#lease = null;
        if (this.#isOver()) return;
        this.#listener.trouble(asOperatorError(error));
      }
      if (this.#isOver()) return;
      await this.#pause();
    }
  }

  #isOver(): boolean {
    return this.#state === 'ended';
  }

  /** Reads the lease unless it's as we wrote it, and writes it if that is our turn. */
  async #round(): Promise<void> {
    if (this.#state !== 'leader' || this.#lease === null) this.#lease = await this.#api.get(LEASES, this.#name);
    if (this.#isOver()) return;
    const decision = this.#leadership.observe(recordOf(this.#lease), this.#clock.monotonicMs());
    if (decision.kind === 'lost') this.#lose(decision.why);
    if (decision.kind === 'write') await this.#write(decision);
  }

  async #write({ transitions }: LeaseDecision & { kind: 'write' }): Promise<void> {
    const sentMs = this.#clock.monotonicMs();
    const next = this.#leaseOf(this.#identity, this.#lease, transitions);
    const written = await (this.#lease === null ? this.#api.create(LEASES, next) : this.#api.replace(LEASES, next));
    this.#lease = written;
    const record = recordOf(written);
    if (this.#isOver() || record === null) return;
    this.#leadership.wrote(record, sentMs, this.#clock.monotonicMs());
    this.#watchExpiry();
    if (this.#state === 'leader' || !this.#leadership.isHolding(this.#clock.monotonicMs())) return;
    this.#state = 'leader';
    this.#listener.lead();
  }

  /** Nobody needs to ask for the loss to be noticed. */
  #watchExpiry(): void {
    this.#cancelExpiry();
    const leftMs = this.#leadership.heldUntilMs - this.#clock.monotonicMs();
    this.#cancelExpiry = this.#clock.after(Math.max(0, leftMs), () => {
      if (this.#state === 'leader') this.#lose('the Lease was not renewed in time');
    });
  }

  #lose(why: string): void {
    this.#end();
    this.#listener.lost(why);
  }

  #leaseOf(holderIdentity: string, over: KubernetesObject | null, leaseTransitions: number): KubernetesObject {
    const now = this.#wallTime();
    const before = specOf(over);
    const isSame = before['holderIdentity'] === holderIdentity;
    return {
      apiVersion: `${LEASES.group}/${LEASES.version}`,
      kind: LEASES.kind,
      metadata: over?.metadata ?? { ...this.#name },
      spec: {
        holderIdentity,
        leaseDurationSeconds: this.#times.durationMs / 1000,
        acquireTime: isSame ? (before['acquireTime'] ?? now) : now,
        renewTime: now,
        leaseTransitions,
      },
    };
  }

  /** Candidates don't come all at once. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.#times.retryMs * (1 - this.#random() / 4), resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

function specOf(lease: KubernetesObject | null): Readonly<Record<string, unknown>> {
  const spec = lease?.['spec'];
  // Foreign JSON; each field is judged where it is read.
  return typeof spec === 'object' && spec !== null ? (spec as Readonly<Record<string, unknown>>) : {};
}

function transitionsOf(lease: KubernetesObject): number {
  const transitions = specOf(lease)['leaseTransitions'];
  return typeof transitions === 'number' ? transitions : 0;
}

/** What a Lease says; a field that is missing has the value that makes us wait least dangerously. */
function recordOf(lease: KubernetesObject | null): LeaseRecord | null {
  if (lease === null) return null;
  const { holderIdentity, leaseDurationSeconds } = specOf(lease);
  return {
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    durationMs: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1000 : 60_000,
    transitions: transitionsOf(lease),
    resourceVersion: lease.metadata.resourceVersion ?? '',
  };
}
