import { Buffer } from 'node:buffer';
import type {
  CoordinatorRecord,
  CoordinatorShard,
  Now,
  Outbox,
  Ticket,
} from '../../../../broker/core/coordinator/shard.ts';
import type { MetadataDelta } from '../../../../broker/core/metadata/view.ts';
import type { MetadataCommand, MetadataOutcome, OutcomeOf } from '../../../../broker/core/metadata/commands.ts';
import { DecodeError } from '../../../../broker/core/codec/decode-error.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { Log } from '../../../../broker/ports/log.ts';
import {
  CoordinatorHost,
  type CoordinatorHostDeps,
  type CoordinatorOutcome,
} from '../../../../broker/server/coordinators/host.ts';
import type { MetadataClient } from '../../../../broker/server/metadata-client.ts';
import { FakePartition, FakePartitions } from '../../../support/fake-partition.ts';
import { FakeView } from '../../../support/fake-view.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

/** Commands of the shard of these tests: a register of numbers by name. */
export type RegisterCommand =
  | { readonly kind: 'set'; readonly name: string; readonly value: number }
  | { readonly kind: 'get'; readonly name: string }
  /** Answered by the next `set`. */
  | { readonly kind: 'next' }
  | { readonly kind: 'effect'; readonly name: string }
  | { readonly kind: 'alarm'; readonly inMs: number };

/** Names to numbers; enough state to see what a host does to a shard. */
export class RegisterShard implements CoordinatorShard<RegisterCommand, string, string> {
  readonly values = new Map<string, number>();
  readonly offsets: number[] = [];
  isLoaded = false;
  private waiting: Ticket[] = [];
  private alarmMs = Number.POSITIVE_INFINITY;

  replay(record: CoordinatorRecord, offset: number): void {
    this.offsets.push(offset);
    const name = Buffer.from(record.key).toString();
    if (name === 'unreadable' && !this.isLoaded) throw new DecodeError(name, 'planted');
    if (record.value === null) this.values.delete(name);
    else this.values.set(name, Number(Buffer.from(record.value).toString()));
  }

  loaded(): void {
    this.isLoaded = true;
  }

  decide(command: RegisterCommand, ticket: Ticket, now: Now, out: Outbox<string, string>): void {
    switch (command.kind) {
      case 'set':
        out.append({ key: Buffer.from(command.name), value: Buffer.from(String(command.value)) });
        out.reply(ticket, `${command.name}=${this.values.get(command.name)}`);
        for (const waiting of this.waiting) out.reply(waiting, `next ${command.value}`);
        this.waiting = [];
        break;
      case 'get':
        out.reply(ticket, `${command.name}=${this.values.get(command.name) ?? 'nothing'}`);
        break;
      case 'next':
        this.waiting.push(ticket);
        break;
      case 'effect':
        out.append({ key: Buffer.from(command.name), value: Buffer.from('0') });
        out.effect(command.name);
        break;
      case 'alarm':
        this.alarmMs = now.monotonicMs + command.inMs;
        out.reply(ticket, 'armed');
        break;
    }
  }

  nextDeadlineMs(): number {
    return this.alarmMs;
  }

  onTime(now: Now, out: Outbox<string, string>): void {
    if (now.monotonicMs < this.alarmMs) return;
    this.alarmMs = Number.POSITIVE_INFINITY;
    out.append({ key: Buffer.from('alarm'), value: Buffer.from(String(now.monotonicMs)) });
  }

  describe(): string {
    return [...this.values].map(([name, value]) => `${name}=${value}`).join(' ');
  }
}

/** A metadata client whose controller answers through the loop, or never while it is `down`. */
export class FakeMetadata implements MetadataClient {
  readonly view: FakeView;
  down = false;
  readonly submitted: MetadataCommand[] = [];
  private readonly loop: VirtualLoop;
  private readonly listeners: ((delta: MetadataDelta) => void)[] = [];
  private readonly created: (name: string) => void;

  constructor(view: FakeView, loop: VirtualLoop, created: (name: string) => void) {
    this.view = view;
    this.loop = loop;
    this.created = created;
  }

  submit<C extends MetadataCommand>(command: C, _timeoutMs: number, done: (outcome: OutcomeOf<C>) => void): void {
    this.submitted.push(command);
    // An outcome fits the command that it is for.
    this.loop.post(() => done(this.carryOut(command) as OutcomeOf<C>));
  }

  private carryOut(command: MetadataCommand): MetadataOutcome {
    if (this.down || command.kind !== 'createTopics')
      return { kind: 'failed', errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: null };
    for (const topic of command.topics) {
      this.view.setTopic(topic.name, topic.partitionCount);
      this.created(topic.name);
    }
    return { kind: 'createTopics', errorCode: 0, errorMessage: null, topics: [] };
  }

  onDelta(listener: (delta: MetadataDelta) => void): void {
    this.listeners.push(listener);
  }

  /** Tells the listeners of a change. */
  announce(delta: Partial<MetadataDelta>): void {
    const empty = {
      offset: 0,
      topicsCreated: [],
      topicsDeleted: [],
      partitionsChanged: [],
      configsChanged: [],
      brokersChanged: [],
    };
    for (const listener of this.listeners) listener({ ...empty, ...delta });
  }
}

/** A host of registers on one node in memory. */
export class HostBench {
  readonly loop = new VirtualLoop();
  readonly view = new FakeView();
  readonly partitions = new FakePartitions();
  readonly metadata: FakeMetadata;
  readonly warnings: string[] = [];
  readonly shards: RegisterShard[] = [];
  readonly performed: string[] = [];
  readonly host: CoordinatorHost<RegisterCommand, string, string>;

  constructor(options: { readonly partitionCount?: number; readonly leadAtOnce?: boolean } = {}) {
    const { partitionCount = 1, leadAtOnce = true } = options;
    this.metadata = new FakeMetadata(this.view, this.loop, (name) => {
      if (leadAtOnce) for (let index = 0; index < partitionCount; index += 1) this.lead(index, name);
    });
    this.host = this.newHost(partitionCount);
  }

  /** A host on this node, as at its start. */
  newHost(partitionCount = 1): CoordinatorHost<RegisterCommand, string, string> {
    return new CoordinatorHost(this.deps(), {
      topic: {
        name: '__registers',
        partitionCount: () => partitionCount,
        replicationFactor: () => 3,
        configs: () => [{ name: 'cleanup.policy', value: 'compact' }],
      },
      createShard: () => {
        const shard = new RegisterShard();
        this.shards.push(shard);
        return shard;
      },
      perform: (effect, index) => this.performed.push(`${effect}@${index}`),
      commitTimeoutMs: () => 5_000,
    });
  }

  /** What hosts and coordinators of this node are built on. */
  deps(): CoordinatorHostDeps {
    const warn = (_fields: unknown, message: string): void => {
      this.warnings.push(message);
    };
    const log: Log = { debug: () => {}, info: () => {}, warn, error: warn };
    const { loop, metadata, partitions } = this;
    return { clock: loop, timers: loop, log, crc32c, nodeId: 0, metadata, partitions, afterTurn: loop.afterTurn };
  }

  /** Creates the topic and leads all of its partitions. */
  start(): void {
    this.host.ensureTopic(() => {});
    this.loop.run();
  }

  /** Leads a partition, with the log that it had. */
  lead(index: number, name = '__registers'): FakePartition {
    const earlier = this.partitions.byName(name, index);
    const next =
      earlier?.reelect() ?? new FakePartition({ id: name.padEnd(22, 'A').slice(0, 22), name }, index, this.loop.post);
    this.partitions.lead(next);
    return next;
  }

  /** The partition as it is led now. */
  partition(index = 0): FakePartition {
    const partition = this.partitions.byName('__registers', index);
    if (partition === null) throw new Error(`partition ${index} is not led`);
    return partition;
  }

  /** Sends a command; outcomes come to the list in their order. */
  send(command: RegisterCommand, index = 0): string[] {
    const outcomes: string[] = [];
    this.host.submitTo(index, command, (outcome) => outcomes.push(shown(outcome)));
    return outcomes;
  }
}

/** An outcome as text. */
export function shown(outcome: CoordinatorOutcome<string>): string {
  return outcome.kind === 'answered' ? outcome.response : `refused ${outcome.errorCode}`;
}
