import type { Address } from './machine.ts';
import type { Metadata } from './metadata.ts';
import type { Network } from './network.ts';
import type { ReadyBatch } from './producer-queue.ts';

/** How often metadata is asked for while a leader says nothing. */
const ASK_MS = 500;

interface Sent {
  readonly address: Address;
  readonly batches: readonly ReadyBatch[];
}

/** What a watch over leaders needs of its producer. */
export interface SilentLeadersOwner {
  readonly network: Network;
  readonly metadata: Metadata;
  /** Asks for metadata of topics; `leaveMoved` follows. */
  ask(topics: ReadonlySet<string>): void;
}

/**
 * Requests whose leaders have yet to answer. A machine that vanished ends no connection: while a leader says nothing metadata is asked for,
 * and when that tells of another leader the connection is given up, long before the request times out. Its batches are in doubt then, as
 * after a reset: only who may repeat them (with sequence numbers) has them watched over.
 */
export class SilentLeaders {
  readonly #owner: SilentLeadersOwner;
  readonly #sent = new Set<Sent>();
  #isLooking = false;

  constructor(owner: SilentLeadersOwner) {
    this.#owner = owner;
  }

  /** Watches over what is about to be sent to a leader, until the function that it gives is called. */
  watch(leader: number, batches: readonly ReadyBatch[]): () => void {
    const address = this.#owner.network.addressOf(leader);
    if (address === undefined) return () => undefined;
    const sent = { address, batches };
    this.#sent.add(sent);
    if (!this.#isLooking) this.#lookAfter(this.#owner.network.silenceMs);
    return () => this.#sent.delete(sent);
  }

  /** Whether a batch's partition has had another leader since, as far as metadata tells. */
  hasMoved({ queue, leaderEpoch }: ReadyBatch): boolean {
    const known = this.#owner.metadata.topic(queue.topic)?.partitions[queue.partition];
    return known !== undefined && known.leader >= 0 && known.leaderEpoch > leaderEpoch;
  }

  /** Gives up connections to leaders that say nothing and are not leaders any more. */
  leaveMoved(): void {
    const { network } = this.#owner;
    for (const { address, batches } of [...this.#sent])
      if (network.silentMs(address) >= network.silenceMs && batches.some((batch) => this.hasMoved(batch)))
        network.disconnect(address);
  }

  #lookAfter(pauseMs: number): void {
    const { network } = this.#owner;
    this.#isLooking = true;
    network.schedule.at(network.nowMs + pauseMs, () => {
      this.#isLooking = false;
      this.#askForSilent();
    });
  }

  #askForSilent(): void {
    const { network } = this.#owner;
    const topics = new Set<string>();
    let pauseMs = ASK_MS;
    for (const { address, batches } of this.#sent) {
      const leftMs = network.silenceMs - network.silentMs(address);
      if (leftMs <= 0) for (const { queue } of batches) topics.add(queue.topic);
      else pauseMs = Math.min(pauseMs, leftMs);
    }
    if (this.#sent.size > 0) this.#lookAfter(pauseMs);
    if (topics.size > 0) this.#owner.ask(topics);
  }
}
