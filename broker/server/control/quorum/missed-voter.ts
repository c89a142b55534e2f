import { hasVoter } from '../../../core/raft/quorum.ts';
import type { ReplicaKey } from '../../../core/raft/types.ts';
import type { ControllerClient } from './controller-client.ts';

/** How long the active controller may take to tell who votes, ms: a readiness probe waits for it. */
const ASK_TIMEOUT_MS = 500;
const WAY = 'the operator does that, or kafka-metadata-quorum.sh';

/** What is known of this controller's place in the quorum. */
interface Place {
  readonly self: ReplicaKey;
  /** Its own log counts it as a voter, and a leader keeps that log up to date: one that was removed is sent nothing, its own removal neither. */
  readonly isVoter: () => boolean;
  readonly client: Pick<ControllerClient, 'ask'>;
}

/**
 * Whether the quorum misses this controller (O7): then no voter may be taken away by those who go by readiness alone. A controller that
 * is no voter is sent no log, so that the active controller is asked. While none answers what was told last holds.
 */
export class MissedVoter {
  readonly #place: Place;
  #told: readonly string[] = ['who votes is not known: no active controller has answered yet'];
  /** Who waits for the answer that is under way; null: nobody has asked. */
  #waiting: ((reasons: readonly string[]) => void)[] | null = null;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Why nobody may be taken away as long as this controller is no voter, a sentence each; none where it is one, or is not missed. */
  ask(done: (reasons: readonly string[]) => void): void {
    if (this.#place.isVoter()) {
      this.#told = [];
      done([]);
      return;
    }
    if (this.#waiting !== null) {
      this.#waiting.push(done);
      return;
    }
    this.#waiting = [done];
    this.#place.client.ask('Controller.DescribeQuorum', {}, ASK_TIMEOUT_MS, (response) => {
      if (response !== null)
        this.#told = missedAs(
          this.#place.self,
          response.voters.map(({ replica }) => replica),
        );
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      for (const one of waiting) one(this.#told);
    });
  }
}

/**
 * The voter of its id has another disk and won't come back, or the voters are even in number, so that they spare one less than they would
 * with this one.
 */
function missedAs(self: ReplicaKey, voters: readonly ReplicaKey[]): readonly string[] {
  if (hasVoter(voters, self)) return [];
  if (voters.some(({ id }) => id === self.id))
    return [
      `this controller is not the voter that it was: its disk is another, which has to take the place of that one (${WAY})`,
    ];
  if (voters.length % 2 === 1) return [];
  return [`this controller is no voter: of ${voters.length} none can be spared until it is added (${WAY})`];
}
