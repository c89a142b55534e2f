import type { AdminObservation, ListenerAddress } from '../../../operator/core/observed.ts';
import type { Progress } from '../../../operator/ports/cluster-admin.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import { ErrorCode, errorName, isRetriable } from '../../core/protocol/errors.ts';
import type { MoveName, UnaryCalls } from '../../ports/control-net.ts';
import type { FleetCalls } from '../fleet-calls.ts';

/** What is asked of the active controller. */
export type FleetAsker = Pick<FleetCalls, 'try' | 'close'>;

/** Partitions and topics of each kind that a status names. */
const EXAMPLES_MAX = 10;
const ATTEMPTS = 2;

/** What the operator asks of the active controller; the way to it is opened for the first question. */
export class Moves {
  readonly #connect: () => Promise<FleetAsker>;
  #fleet: Promise<FleetAsker> | null = null;

  constructor(connect: () => Promise<FleetAsker>) {
    this.#connect = connect;
  }

  /** See `ClusterAdmin.drain`. No drained broker is where another one's replicas go. */
  async drain(ids: readonly number[]): Promise<number> {
    for (const brokerId of ids) await this.#move('Fleet.Cordon', { brokerId, cordoned: true });
    const stuck: string[] = [];
    let left = 0;
    for (const brokerId of ids) {
      const { waitingCount, movingCount, obstacles } = await this.#move('Fleet.Drain', { brokerId });
      left += waitingCount + movingCount;
      if (movingCount === 0) stuck.push(...obstacles);
    }
    blocked(stuck);
    return left;
  }

  /** See `ClusterAdmin.undrain`. */
  async undrain(brokerId: number): Promise<void> {
    await this.#move('Fleet.Undrain', { brokerId });
  }

  /** See `ClusterAdmin.rebalance`. */
  async rebalance(): Promise<Progress> {
    const { waitingCount, movingCount, obstacles } = await this.#move('Fleet.Rebalance', {});
    if (waitingCount + movingCount > 0) return { left: waitingCount + movingCount };
    blocked(obstacles);
    return 'done';
  }

  /** See `AdminObservation.obstacles`, or with `losingDisk` its `losses`; a node that nobody can tell about is left out. */
  async obstacles(ids: readonly number[], losingDisk = false): Promise<ReadonlyMap<number, readonly string[]>> {
    const found = new Map<number, readonly string[]>();
    for (const nodeId of ids) {
      const fleet = await this.#open();
      const { response } = await fleet.try('Fleet.CanRestart', { nodeId, host: null, losingDisk });
      if (response?.losingDisk === losingDisk) found.set(nodeId, response.reasons);
    }
    return found;
  }

  /** See `AdminObservation.assessed`. Who has just become the controller is not known to everybody yet. */
  async assessed(): Promise<NonNullable<AdminObservation['assessed']>> {
    const fleet = await this.#open();
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { failure, response } = await fleet.try('Fleet.AssessTopics', { examplesMax: EXAMPLES_MAX });
      if (response?.errorCode === ErrorCode.NONE) return response;
      if (failure?.code === 'unserved') return 'unserved';
    }
    return 'unsaid';
  }

  /** See `AdminObservation.advertised`; null when nobody tells. */
  async advertised(): Promise<ReadonlyMap<number, readonly ListenerAddress[]> | null> {
    const fleet = await this.#open();
    const { response } = await fleet.try('Fleet.Status', {});
    return response === null
      ? null
      : new Map(response.advertised.map(({ brokerId, endpoints }) => [brokerId, endpoints]));
  }

  /** See `ClusterAdmin.setAdvertised`. */
  async setAdvertised(brokerId: number, endpoints: readonly ListenerAddress[]): Promise<void> {
    await this.#move('Fleet.SetAdvertised', { brokerId, endpoints });
  }

  close(): void {
    void this.#fleet?.then((fleet) => fleet.close());
  }

  /** Fails when the controller refuses, or none answers. */
  async #move<N extends MoveName | 'Fleet.SetAdvertised'>(
    name: N,
    request: UnaryCalls[N]['request'],
  ): Promise<UnaryCalls[N]['response']> {
    const fleet = await this.#open();
    const { failure, response } = await fleet.try(name, request);
    if (response === null) throw new OperatorError('UNREACHABLE', failure?.message ?? 'no active controller answers');
    const { errorCode, errorMessage } = response;
    if (errorCode !== ErrorCode.NONE)
      throw new OperatorError(errorName(errorCode), errorMessage ?? errorName(errorCode), {
        fatal: !isRetriable(errorCode),
      });
    return response;
  }

  #open(): Promise<FleetAsker> {
    this.#fleet ??= this.#connect();
    return this.#fleet;
  }
}

/** Fails with what can't be moved. */
function blocked(obstacles: readonly string[]): void {
  if (obstacles.length > 0) throw new OperatorError('BLOCKED', [...new Set(obstacles)].join('; '));
}
