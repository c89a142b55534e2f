import type { BrokerLoad } from '../../../operator/core/observed.ts';
import type { ControlAddress, ControlChannel, ControlNet } from '../../ports/control-net.ts';

/** One that has not answered by then is left out: how busy it is can't be told. */
const CALL_TIMEOUT_MS = 3000;
/** The operator is no node. */
const OPERATOR = { id: -1, directoryId: '' };

/** Asks brokers what they have to do, each over a connection of its own that stays open. */
export class Loads {
  readonly #net: ControlNet;
  readonly #clusterId: string;
  readonly #controls: ReadonlyMap<number, ControlAddress>;
  readonly #channels = new Map<number, ControlChannel>();

  constructor(net: ControlNet, clusterId: string, controls: ReadonlyMap<number, ControlAddress>) {
    this.#net = net;
    this.#clusterId = clusterId;
    this.#controls = controls;
  }

  /** What these brokers say; those that don't answer are left out. */
  async of(ids: readonly number[]): Promise<ReadonlyMap<number, BrokerLoad>> {
    const asked = await Promise.all(ids.map(async (id) => [id, await this.#loadOf(id)] as const));
    return new Map(asked.flatMap(([id, load]) => (load === null ? [] : [[id, load] as const])));
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
  }

  #loadOf(id: number): Promise<BrokerLoad | null> {
    const address = this.#controls.get(id);
    if (address === undefined) return Promise.resolve(null);
    const known = this.#channels.get(id);
    const channel =
      known ?? this.#net.connect({ address, clusterId: this.#clusterId, self: OPERATOR, onReply: () => undefined });
    this.#channels.set(id, channel);
    return new Promise((settle) => {
      channel.call('Fleet.Load', {}, CALL_TIMEOUT_MS, (_failure, load) => settle(load));
    });
  }
}
