import { ErrorCode, errorName } from '../protocol/errors.ts';
import type { ApiResponses } from '../protocol/messages.ts';
import type { ApiKey } from '../protocol/apis.ts';
import { readFetched } from './fetched-records.ts';
import type { ClientEffect, ClientInput, ClientMachine } from './machine.ts';
import { Metadata, type SentPartition } from './metadata.ts';
import { Network } from './network.ts';
import { ShareMember } from './share-member.ts';
import { type PendingAck, ShareSession } from './share-session.ts';
import {
  Acknowledgement,
  type ShareConsumerCommand,
  type ShareConsumerEvent,
  type ShareConsumerOptions,
  shareKey,
  type SharePartitionName,
  type ShareRecord,
} from './share-types.ts';
import { SilentLeaders } from './silent-leaders.ts';

type Out = (ClientEffect | ShareConsumerEvent)[];
type PartitionAnswer = ApiResponses[typeof ApiKey.ShareFetch]['responses'][number]['partitions'][number];
type Assignment = readonly { readonly topicId: string; readonly partitions: readonly number[] }[];

/** A record handed out and not settled: which session it came through. */
interface Held {
  readonly where: SharePartitionName;
  readonly node: number;
  acknowledged: boolean;
}

/**
 * A member of a share group (KIP-932): membership, one share session per leader, explicit acknowledgements. Records of a
 * broker are fetched only when all earlier ones from it are settled, so acknowledgements never wait behind a long poll.
 */
export class ShareConsumer implements ClientMachine<ShareConsumerCommand, ShareConsumerEvent> {
  readonly #options: ShareConsumerOptions;
  readonly #network: Network;
  readonly #metadata: Metadata;
  readonly #member: ShareMember;
  readonly #silent: SilentLeaders;
  readonly #sessions = new Map<number, ShareSession>();
  readonly #held = new Map<string, Held>();
  #assignment: Assignment = [];
  #assigned = new Map<string, SharePartitionName>();
  /** Partitions whose leader refused them: not asked again before this time. */
  readonly #blocked = new Map<string, number>();
  #want: number;
  /** Records that may still be handed out. */
  #credit: number;
  /** Records that fetches under way may bring, by node. */
  readonly #reserved = new Map<number, number>();
  #refreshing = false;
  #attempt = 0;
  #state: 'running' | 'closing' | 'leaving' | 'closed' = 'running';
  #reading = 0;
  /** When each session fetched last, in fetches. */
  readonly #fetchedAt = new WeakMap<ShareSession, number>();
  #fetchCount = 0;
  #out: Out = [];

  constructor(options: ShareConsumerOptions) {
    this.#options = options;
    this.#want = options.want;
    this.#credit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#network = new Network(options);
    this.#metadata = new Metadata(this.#network, false);
    const [network, metadata] = [this.#network, this.#metadata];
    this.#silent = new SilentLeaders({
      network,
      metadata,
      ask: (topics) => metadata.refresh([...topics], () => this.#silent.leaveMoved()),
    });
    this.#member = new ShareMember({
      network: this.#network,
      metadata: this.#metadata,
      who: { groupId: options.groupId, memberId: options.memberId, rack: options.rack, topics: options.topics },
      listener: {
        joined: (memberEpoch) => {
          this.#out.push({ kind: 'joined', memberEpoch });
        },
        assigned: (partitions) => {
          this.#assignment = partitions;
          this.#resolveAssignment();
        },
        trouble: (code, reason) => {
          this.#out.push({ kind: 'trouble', code, reason });
        },
        fatal: (code, reason) => {
          this.#out.push({ kind: 'fatal', code, reason });
        },
        left: () => {
          this.#end();
        },
      },
    });
  }

  step(input: ClientInput | ShareConsumerCommand, nowMs: number, out: Out): void {
    this.#out = out;
    if (this.#state === 'closed') return;
    this.#network.begin(nowMs, out);
    switch (input.kind) {
      case 'acknowledge':
        this.#acknowledge(input);
        break;
      case 'want':
        this.#want = input.count;
        break;
      case 'more':
        this.#credit += input.count;
        break;
      case 'close':
        this.#close();
        break;
      default:
        this.#network.take(input);
    }
    this.#pump();
  }

  nextWakeMs(): number {
    return this.#state === 'closed' ? Number.POSITIVE_INFINITY : this.#network.nextWakeMs();
  }

  describe(): string {
    const sessions = [...this.#sessions.values()].map((session) => session.describe()).join(' ');
    return `share ${this.#state} ${this.#member.describe()} held=${this.#held.size} ${sessions}`;
  }

  #pump(): void {
    if (this.#state === 'closed') return;
    this.#member.start();
    if (this.#state !== 'running') {
      this.#pumpClosing();
      return;
    }
    this.#route();
    for (const session of this.#inTurn()) {
      if (session.isEmpty) this.#sessions.delete(session.node);
      if (!session.free || session.isEmpty) continue;
      if (session.hasAcks) session.sendAcks({ final: false });
      else if (this.#reading > 0 || this.#holdsFrom(session.node)) continue;
      else if (!session.wantsAny) session.sendAcks({ final: true });
      else this.#fetch(session);
    }
  }

  #fetch(session: ShareSession): void {
    const count = this.#shareOf(session);
    if (count <= 0) return;
    this.#reserved.set(session.node, count);
    this.#fetchCount += 1;
    this.#fetchedAt.set(session, this.#fetchCount);
    session.fetch(count);
  }

  /** Sessions, the one that has not fetched for longest first: a fetch for the last record wanted keeps others from theirs while it waits. */
  #inTurn(): readonly ShareSession[] {
    const last = (session: ShareSession): number => this.#fetchedAt.get(session) ?? 0;
    return [...this.#sessions.values()].sort((a, b) => last(a) - last(b));
  }

  /** How many records a session may ask for now: its share of what is wanted, less what others may bring already. */
  #shareOf(session: ShareSession): number {
    let reserved = 0;
    for (const count of this.#reserved.values()) reserved += count;
    let wanting = 0;
    for (const one of this.#sessions.values()) if (one === session || one.wantsAny) wanting += 1;
    const most = Math.min(this.#want - this.#held.size, this.#credit);
    return Math.min(most - reserved, Math.max(1, Math.ceil(most / wanting)));
  }

  #holdsFrom(node: number): boolean {
    for (const held of this.#held.values()) if (held.node === node) return true;
    return false;
  }

  /** Gives each session the assigned partitions that its broker leads. */
  #route(): void {
    const byNode = new Map<number, Map<string, SharePartitionName>>();
    let unled = false;
    for (const [key, where] of this.#assigned) {
      if ((this.#blocked.get(key) ?? 0) > this.#network.nowMs) continue;
      const leader = this.#metadata.topic(where.topic)?.partitions[where.partition]?.leader ?? -1;
      if (leader < 0) {
        unled = true;
        continue;
      }
      const partitions = byNode.get(leader) ?? new Map<string, SharePartitionName>();
      partitions.set(key, where);
      byNode.set(leader, partitions);
    }
    for (const node of byNode.keys()) if (!this.#sessions.has(node)) this.#sessions.set(node, this.#openSession(node));
    for (const session of this.#sessions.values())
      session.want(byNode.get(session.node) ?? new Map<string, SharePartitionName>());
    if (unled) this.#refresh();
  }

  #openSession(node: number): ShareSession {
    const { groupId, memberId, maxWaitMs } = this.#options;
    return new ShareSession(node, {
      network: this.#network,
      identity: { groupId, memberId, maxWaitMs },
      watch: (partitions) =>
        this.#silent.watch(
          node,
          partitions.map((where) => this.#sentTo(node, where)),
        ),
      listener: {
        fetched: (where, answer, lockTimeoutMs) => {
          this.#fetched(node, where, { answer, lockTimeoutMs });
        },
        settled: (where, ack, code, certain) => {
          this.#settled(where, ack, code, certain);
        },
        moved: (where, { code, leader, leaderEpoch }) => {
          const untilMs = this.#network.nowMs + this.#network.backoffMs(this.#attempt);
          this.#blocked.set(shareKey(where.topicId, where.partition), untilMs);
          this.#network.schedule.at(untilMs, () => undefined);
          this.#metadata.learnLeader(where.topic, where.partition, { leader, leaderEpoch });
          this.#out.push({ kind: 'trouble', code, reason: `${where.topic}-${where.partition}: ${errorName(code)}` });
          this.#refresh();
        },
        trouble: (code, reason) => {
          this.#reserved.delete(node);
          this.#out.push({ kind: 'trouble', code, reason });
          this.#dropUnacknowledged(node);
          this.#refresh();
        },
        fatal: (code, reason) => {
          this.#reserved.delete(node);
          this.#out.push({ kind: 'fatal', code, reason });
        },
        idle: () => {
          this.#reserved.delete(node);
        },
      },
    });
  }

  #sentTo(node: number, { topic, partition }: SharePartitionName): SentPartition {
    const known = this.#metadata.topic(topic)?.partitions[partition];
    return { topic, partition, leaderEpoch: known?.leader === node ? known.leaderEpoch : -1 };
  }

  /** Asks for leaders again, with growing pauses while it does not help. */
  #refresh(): void {
    if (this.#refreshing) return;
    this.#refreshing = true;
    const pause = this.#network.backoffMs(this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 16);
    this.#network.schedule.at(this.#network.nowMs + pause, () => {
      this.#metadata.refresh(this.#options.topics, ({ code }) => {
        this.#refreshing = false;
        if (code === ErrorCode.NONE) this.#resolveAssignment();
        else if (this.#state === 'running') this.#refresh();
      });
    });
  }

  /** Names for the assigned topic ids; ids that metadata does not know yet are asked for. */
  #resolveAssignment(): void {
    const assigned = new Map<string, SharePartitionName>();
    let unknown = false;
    for (const { topicId, partitions } of this.#assignment) {
      const topic = this.#metadata.topicById(topicId);
      if (topic === undefined) unknown = true;
      else
        for (const partition of partitions)
          assigned.set(shareKey(topicId, partition), { topic: topic.name, topicId, partition });
    }
    const before = names(this.#assigned);
    this.#assigned = assigned;
    const after = names(assigned);
    if (after.join() !== before.join()) this.#out.push({ kind: 'assigned', partitions: after });
    if (unknown) this.#refresh();
  }

  #fetched(
    node: number,
    where: SharePartitionName,
    got: { readonly answer: PartitionAnswer; readonly lockTimeoutMs: number },
  ): void {
    this.#attempt = 0;
    this.#reading += 1;
    readFetched(got.answer.records, this.#network, this.#options.crc32c, ({ records, problem }) => {
      this.#reading -= 1;
      const byOffset = new Map(records.map((record) => [record.offset, record]));
      const delivered: ShareRecord[] = [];
      for (const range of got.answer.acquiredRecords) {
        for (let offset = range.firstOffset; offset <= range.lastOffset; offset += 1) {
          const record = byOffset.get(offset);
          const name = { topic: where.topic, partition: where.partition, deliveryCount: range.deliveryCount };
          if (record !== undefined && this.#state === 'running') delivered.push({ ...record, ...name });
          else
            this.#sessions.get(node)?.acknowledge(where, {
              offset,
              type: record === undefined && problem === '' ? Acknowledgement.gap : Acknowledgement.release,
            });
        }
      }
      for (const record of delivered) this.#held.set(heldKey(record), { where, node, acknowledged: false });
      if (problem !== '')
        this.#out.push({
          kind: 'trouble',
          code: ErrorCode.CORRUPT_MESSAGE,
          reason: `${where.topic}-${where.partition}: ${problem}`,
        });
      this.#credit = Math.max(0, this.#credit - delivered.length);
      if (delivered.length > 0)
        this.#out.push({ kind: 'records', records: delivered, lockTimeoutMs: got.lockTimeoutMs, node });
    });
  }

  #acknowledge(command: Extract<ShareConsumerCommand, { kind: 'acknowledge' }>): void {
    const { topic, partition, offset, type } = command;
    const held = this.#held.get(heldKey(command));
    const session = held === undefined ? undefined : this.#sessions.get(held.node);
    if (held === undefined || held.acknowledged || session === undefined) {
      this.#out.push({
        kind: 'settled',
        topic,
        partition,
        offset,
        type,
        code: ErrorCode.INVALID_RECORD_STATE,
        certain: true,
      });
      return;
    }
    held.acknowledged = true;
    session.acknowledge(held.where, { offset, type });
  }

  #settled(where: SharePartitionName, ack: PendingAck, code: number, certain: boolean): void {
    const { topic, partition } = where;
    // Gaps, surplus and closing are acknowledged by the machine itself: nobody waits for those.
    const key = heldKey({ topic, partition, offset: ack.offset });
    const held = this.#held.get(key);
    if (held === undefined) return;
    if (ack.type === Acknowledgement.renew && code === ErrorCode.NONE) held.acknowledged = false;
    else this.#held.delete(key);
    this.#out.push({ kind: 'settled', topic, partition, offset: ack.offset, type: ack.type, code, certain });
  }

  /** The session with a broker is gone, and with it the locks: what was not acknowledged is not held any more. */
  #dropUnacknowledged(node: number): void {
    for (const [key, held] of this.#held) if (held.node === node && !held.acknowledged) this.#held.delete(key);
  }

  #close(): void {
    if (this.#state !== 'running') return;
    this.#state = 'closing';
    for (const [key, held] of this.#held) {
      if (held.acknowledged) continue;
      const [, , offset] = key.split('/');
      this.#sessions.get(held.node)?.acknowledge(held.where, { offset: Number(offset), type: Acknowledgement.release });
      this.#held.delete(key);
    }
    this.#network.schedule.at(this.#network.nowMs + this.#options.closeTimeoutMs, () => {
      this.#end();
    });
  }

  /** First the sessions end, each with its last acknowledgements; then the member leaves. */
  #pumpClosing(): void {
    for (const session of this.#sessions.values()) {
      if (session.free && this.#reading === 0) session.sendAcks({ final: true });
    }
    if (this.#state !== 'closing') return;
    const busy = [...this.#sessions.values()].some((session) => session.busy);
    if (busy || this.#reading > 0) return;
    this.#state = 'leaving';
    this.#member.leave();
  }

  #end(): void {
    if (this.#state === 'closed') return;
    for (const session of this.#sessions.values()) session.abandon(ErrorCode.NETWORK_EXCEPTION);
    this.#network.close();
    this.#state = 'closed';
    this.#out.push({ kind: 'closed' });
  }
}

function heldKey(record: { readonly topic: string; readonly partition: number; readonly offset: number }): string {
  return `${record.topic}/${record.partition}/${record.offset}`;
}

function names(partitions: ReadonlyMap<string, SharePartitionName>): string[] {
  return [...partitions.values()].map(({ topic, partition }) => `${topic}-${partition}`).sort();
}
