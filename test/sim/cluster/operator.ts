import { isSame, keyOf, type ReplicaKey } from '../../../broker/core/raft/types.ts';
import type {
  ChangeQuorumRequest,
  ChangeQuorumResponse,
  ControlChannel,
  QuorumResponse,
} from '../../../broker/ports/control-net.ts';
import type { SimControlNetwork } from '../control-net.ts';
import type { SimHost } from '../net.ts';
import type { World } from '../world.ts';

/** What the operator knows of a controller. */
export interface OperatorNode {
  readonly id: number;
  readonly address: string;
}

const PORT = 9093;
const LOOK_EVERY_MS = 700;
const ASK_TIMEOUT_MS = 1500;
const CHANGE_TIMEOUT_MS = 8000;
/** An answer about the quorum counts for so long, ms. */
const FRESH_MS = 2000;

/**
 * Somebody who sees to it that the controllers which are meant to vote do: asks who is there, takes out voters whose disk is
 * gone, and brings in the disks that stand in their place, one change at a time. Works through the same calls as the tools do.
 */
export class SimOperator {
  /** Directory ids of controllers as they last said. */
  readonly #seen = new Map<number, ReplicaKey>();
  readonly #world: World;
  readonly #controllers: readonly OperatorNode[];
  readonly #channels: ReadonlyMap<number, ControlChannel>;
  /** Those that shall not vote for now. */
  readonly #banned = new Set<number>();
  #quorum: QuorumResponse | null = null;
  /** When the last answer about the quorum was asked for, and when the last change ended, ms. */
  #askedMs = -1;
  #changedMs = 0;
  #openCount = 0;
  #isStopped = false;
  /** Changes that were made. */
  changeCount = 0;

  constructor(
    world: World,
    network: SimControlNetwork,
    process: SimHost,
    options: { readonly controllers: readonly OperatorNode[]; readonly clusterId: string },
  ) {
    this.#world = world;
    this.#controllers = options.controllers;
    const net = network.of(process, 'operator');
    this.#channels = new Map(
      options.controllers.map(({ id, address }) => [
        id,
        net.connect({
          address: { host: address, port: PORT },
          clusterId: options.clusterId,
          self: { id: -1, directoryId: '' },
          onReply: () => undefined,
        }),
      ]),
    );
    this.#look();
  }

  /** The voters as an active controller last named them; none when none ever did. */
  get voters(): readonly ReplicaKey[] {
    return this.#quorum?.voters.map(({ replica }) => replica) ?? [];
  }

  /** True when every controller that shall vote does, with the disk that it has, and nobody else. */
  get isSettled(): boolean {
    // What was said before the last change, or long ago, may not be true any more.
    const isFresh = this.#askedMs > this.#changedMs && this.#world.nowMs - this.#askedMs < FRESH_MS;
    if (this.#quorum === null || this.#openCount > 0 || !isFresh) return false;
    const wanted = this.#wanted();
    return (
      wanted.length === this.#controllers.length - this.#banned.size &&
      this.voters.length === wanted.length &&
      wanted.every((key) => this.voters.some((voter) => isSame(voter, key)))
    );
  }

  /** A voter is as far as the quorum, as its leader last said. */
  isCaughtUp(id: number): boolean {
    const quorum = this.#quorum;
    const voter = quorum?.voters.find(({ replica }) => replica.id === id);
    return quorum !== null && voter !== undefined && voter.logEndOffset >= quorum.highWatermark;
  }

  /** A controller shall not vote, until it is `allowed`. */
  ban(id: number): void {
    this.#banned.add(id);
  }

  allow(id: number): void {
    this.#banned.delete(id);
  }

  /** What a controller said of itself is not true any more: it has another disk. */
  forget(id: number): void {
    this.#seen.delete(id);
  }

  /** Hands the leadership to a voter, or to whoever is furthest (−1). */
  transfer(to: number): void {
    this.#change({ change: 'transfer', replica: { id: to, directoryId: '' } });
  }

  stop(): void {
    this.#isStopped = true;
    for (const channel of this.#channels.values()) channel.close();
  }

  describe(): string {
    const wanted = this.#wanted().map(keyOf);
    return `operator: voters ${this.voters.map(keyOf).join(' ')}, wanted ${wanted.join(' ')}${this.#openCount > 0 ? ', changing' : ''}`;
  }

  /** Controllers that are known and shall vote. */
  #wanted(): ReplicaKey[] {
    return [...this.#seen.values()].filter(({ id }) => !this.#banned.has(id));
  }

  #look(): void {
    if (this.#isStopped) return;
    for (const [id, channel] of this.#channels) {
      channel.call('Fleet.Status', {}, ASK_TIMEOUT_MS, (_failure, status) => {
        if (status !== null) this.#seen.set(id, status.node);
      });
      const askedMs = this.#world.nowMs;
      channel.call('Controller.DescribeQuorum', {}, ASK_TIMEOUT_MS, (_failure, quorum) => {
        if (quorum?.isLeader !== true || quorum.leaderEpoch < (this.#quorum?.leaderEpoch ?? 0)) return;
        this.#quorum = quorum;
        this.#askedMs = askedMs;
        this.#settle();
      });
    }
    this.#world.schedule(LOOK_EVERY_MS, () => this.#look());
  }

  /** One step towards the voters that are wanted. */
  #settle(): void {
    const { voters } = this;
    const wanted = this.#wanted();
    if (this.#openCount > 0 || this.#isStopped || wanted.length === 0) return;
    const isMeant = (voter: ReplicaKey): boolean => {
      // Nothing is known of a node that does not answer: it stays.
      const now = this.#seen.get(voter.id);
      return !this.#banned.has(voter.id) && (now === undefined || isSame(now, voter));
    };
    const gone = voters.find((voter) => !isMeant(voter));
    const come = wanted.find((key) => !voters.some((voter) => voter.id === key.id));
    if (gone !== undefined && voters.length > 1) this.#change({ change: 'remove-voter', replica: gone });
    // Both at once, if it comes to that: the second one is refused until the first is made.
    const back = wanted.find((key) => !voters.some((voter) => isSame(voter, key)));
    if (come !== undefined) this.#change({ change: 'add-voter', replica: come });
    else if (back !== undefined && gone !== undefined) this.#change({ change: 'add-voter', replica: back });
  }

  #change(request: ChangeQuorumRequest): void {
    const leaderId = this.#quorum?.leaderId ?? -1;
    const channel = this.#channels.get(leaderId);
    if (channel === undefined) return;
    this.#openCount += 1;
    this.#world.trace(`operator: ${request.change} ${keyOf(request.replica)}`);
    channel.call('Controller.ChangeQuorum', request, CHANGE_TIMEOUT_MS, (failure, response) => {
      this.#openCount -= 1;
      this.#changedMs = this.#world.nowMs;
      const result = response === null ? (failure?.message ?? '') : outcomeText(response);
      this.#world.trace(`operator: ${request.change} ${keyOf(request.replica)}: ${result}`);
      if (response?.errorCode === 0) this.changeCount += 1;
    });
  }
}

function outcomeText({ errorCode, errorMessage }: ChangeQuorumResponse): string {
  return errorCode === 0 ? 'done' : `${errorCode} ${errorMessage ?? ''}`;
}
