import { keyOf, type Message, type ReplicaKey } from '../../../core/raft/types.ts';
import type { ControlAddress, ControlChannel } from '../../../ports/control-net.ts';

/** Calls that wait for an answer, at most; the oldest is forgotten. */
const REPLIES_MAX = 64;

/** The request that each answer belongs to. */
const REQUEST_OF: Readonly<Partial<Record<Message['kind'], Message['kind']>>> = {
  'pre-vote-response': 'pre-vote',
  'vote-response': 'vote',
  'append-response': 'append',
  'snapshot-response': 'snapshot',
};

/** Where Raft's messages go: requests through a channel to their replica, answers back on the way that their request came. */
export class RaftPeers {
  readonly #addressOf: (id: number) => ControlAddress | null;
  readonly #connect: (address: ControlAddress) => ControlChannel;
  readonly #channels = new Map<number, { readonly address: ControlAddress; readonly channel: ControlChannel }>();
  readonly #replies = new Map<string, (response: Message) => void>();
  /** Ids of nodes that said anything in this life of the process. */
  readonly #heard = new Set<number>();

  constructor(addressOf: (id: number) => ControlAddress | null, connect: (address: ControlAddress) => ControlChannel) {
    this.#addressOf = addressOf;
    this.#connect = connect;
  }

  /** A request arrived: its answer goes to `reply`. */
  received(message: Message, reply: (response: Message) => void): void {
    this.heard(message.from);
    const key = `${keyOf(message.from)} ${message.kind}`;
    this.#replies.delete(key);
    this.#replies.set(key, reply);
    if (this.#replies.size <= REPLIES_MAX) return;
    for (const oldest of this.#replies.keys()) {
      this.#replies.delete(oldest);
      return;
    }
  }

  /** A node was heard of. */
  wake(id: number): void {
    this.#channels.get(id)?.channel.wake();
  }

  /** A replica took part. */
  heard(from: ReplicaKey): void {
    if (this.#heard.size < REPLIES_MAX) this.#heard.add(from.id);
  }

  hasHeard(id: number): boolean {
    return this.#heard.has(id);
  }

  /** Sends, or drops when nobody knows where to. */
  send(message: Message): void {
    const request = REQUEST_OF[message.kind];
    if (request !== undefined) this.#replies.get(`${keyOf(message.to)} ${request}`)?.(message);
    else this.#channelTo(message.to.id)?.raft(message);
  }

  close(): void {
    for (const { channel } of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  #channelTo(id: number): ControlChannel | null {
    const address = this.#addressOf(id);
    const known = this.#channels.get(id);
    if (known !== undefined && known.address.host === address?.host && known.address.port === address.port)
      return known.channel;
    known?.channel.close();
    this.#channels.delete(id);
    if (address === null) return null;
    const channel = this.#connect(address);
    this.#channels.set(id, { address, channel });
    return channel;
  }
}
