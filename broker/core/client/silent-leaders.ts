import type { Address } from './machine.ts';
import type { Metadata, SentPartition } from './metadata.ts';
import type { Network } from './network.ts';

/** How often metadata is asked for while a leader says nothing. */
const ASK_MS = 500;

interface Sent {
  readonly address: Address;
  readonly partitions: readonly SentPartition[];
}

/** What a watch over leaders needs of its client. */
export interface SilentLeadersOwner {
  readonly network: Network;
  readonly metadata: Metadata;
  /** Asks for metadata of topics; `leaveMoved` follows. */
  ask(topics: ReadonlySet<string>): void;
}

/**
 * Requests whose leaders have yet to answer. A machine that vanished ends no connection: while a leader says nothing metadata is asked for,
 * and when that tells of another leader the connection is given up, long before the request times out. What was sent is in doubt then, as
 * after a reset: only who can live with that has it watched over.
 */
export class SilentLeaders {
  readonly #owner: SilentLeadersOwner;
  readonly #sent = new Set<Sent>();
  #isLooking = false;

  constructor(owner: SilentLeadersOwner) {
    this.#owner = owner;
  }

  /** Watches over what is about to be sent to a leader, until the function that it gives is called. */
  watch(leader: number, partitions: readonly SentPartition[]): () => void {
    const { network } = this.#owner;
    const address = network.addressOf(leader);
    if (address === undefined || partitions.length === 0 || network.silenceMs === Number.POSITIVE_INFINITY)
      return () => undefined;
    const sent = { address, partitions };
    this.#sent.add(sent);
    if (!this.#isLooking) this.#lookAfter(network.silenceMs);
    return () => this.#sent.delete(sent);
  }

  /** Gives up connections to leaders that say nothing and are not leaders any more. */
  leaveMoved(): void {
    const { network, metadata } = this.#owner;
    for (const { address, partitions } of [...this.#sent])
      if (network.silentMs(address) >= network.silenceMs && partitions.some((one) => metadata.hasMoved(one)))
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
    for (const { address, partitions } of this.#sent) {
      const leftMs = network.silenceMs - network.silentMs(address);
      if (leftMs <= 0) for (const { topic } of partitions) topics.add(topic);
      else pauseMs = Math.min(pauseMs, leftMs);
    }
    if (this.#sent.size > 0) this.#lookAfter(pauseMs);
    if (topics.size > 0) this.#owner.ask(topics);
  }
}
