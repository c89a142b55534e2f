import { Buffer } from 'node:buffer';
import type { Settings } from '../../core/config/settings.ts';
import type {
  GroupCommand,
  GroupCommandKind,
  GroupEffect,
  GroupExchanges,
  GroupResponse,
  ListGroupsResult,
} from '../../core/group/commands.ts';
import type { ShareStatePersister } from '../../core/group/persister.ts';
import { GroupShard } from '../../core/group/shard.ts';
import { INTERNAL_MIN_ISR } from '../../core/metadata/internal-min-isr.ts';
import { MIN_ISR } from '../../core/metadata/min-isr.ts';
import type { MetadataDelta } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Random } from '../../ports/random.ts';
import { gather } from '../gather.ts';
import { CoordinatorHost, type CoordinatorHostDeps, type CoordinatorOutcome } from './host.ts';

/** Name of the group coordinators' topic. */
export const GROUP_TOPIC = '__consumer_offsets';

/** What the group coordinator is built on. */
export interface GroupCoordinatorDeps extends CoordinatorHostDeps {
  readonly settings: Settings;
  readonly random: Random;
  readonly persister: ShareStatePersister;
}

/** What a node answers to ListGroups. */
export interface ListedGroups extends ListGroupsResult {
  readonly errorCode: number;
}

/** Commands about one group. */
export type GroupKind = {
  [K in GroupCommandKind]: GroupExchanges[K]['command'] extends { readonly groupId: string } ? K : never;
}[GroupCommandKind];

/**
 * The group coordinator of this node: the shards of `__consumer_offsets` that it leads, as the handlers see them. It
 * tells them of changed topics and carries their wishes to the share coordinators.
 */
export class GroupCoordinator {
  /** The shards. */
  readonly host: CoordinatorHost<GroupCommand, GroupResponse, GroupEffect>;
  private readonly random: Random;
  private readonly persister: ShareStatePersister;

  constructor(deps: GroupCoordinatorDeps) {
    const { settings, metadata } = deps;
    this.random = deps.random;
    this.persister = deps.persister;
    this.host = new CoordinatorHost(deps, {
      topic: {
        name: GROUP_TOPIC,
        partitionCount: () => settings.broker('offsets.topic.num.partitions'),
        replicationFactor: () => settings.broker('offsets.topic.replication.factor'),
        configs: () => [
          { name: 'cleanup.policy', value: 'compact' },
          { name: 'compression.type', value: 'producer' },
          { name: MIN_ISR, value: String(INTERNAL_MIN_ISR) },
          { name: 'segment.bytes', value: String(settings.broker('offsets.topic.segment.bytes')) },
        ],
      },
      createShard: () => new GroupShard({ settings, view: metadata.view }),
      perform: (effect, partitionIndex) => this.perform(effect, partitionIndex),
      commitTimeoutMs: () => settings.broker('offsets.commit.timeout.ms'),
    });
    metadata.onDelta((delta) => this.onDelta(delta));
  }

  /** Brings a command to the shard of its group. `done` is called once. */
  ask<K extends GroupKind>(
    command: GroupExchanges[K]['command'] & { readonly kind: K; readonly groupId: string },
    done: (outcome: CoordinatorOutcome<GroupExchanges[K]['response']>) => void,
  ): void {
    // A shard answers each kind of command with that kind's response (`Step.reply` checks it).
    this.host.submit(command.groupId, command, done as (outcome: CoordinatorOutcome<GroupResponse>) => void);
  }

  /** Lists the groups of all shards led here, sorted by id. Filters are lower case; empty ones let everything pass. */
  list(
    filters: { readonly statesFilter: readonly string[]; readonly typesFilter: readonly string[] },
    done: (listed: ListedGroups) => void,
  ): void {
    const work = this.host
      .partitionIndices()
      .map((index) => (settle: (outcome: CoordinatorOutcome<ListGroupsResult>) => void): void => {
        this.host.submitTo(
          index,
          { kind: 'listGroups', ...filters },
          settle as (outcome: CoordinatorOutcome<GroupResponse>) => void,
        );
      });
    gather(work, (outcomes) => {
      // A shard that has just moved away lists its groups elsewhere.
      const failed = outcomes.find(
        (outcome) => outcome.kind === 'refused' && outcome.errorCode !== ErrorCode.NOT_COORDINATOR,
      );
      if (failed?.kind === 'refused') {
        done({ errorCode: failed.errorCode, groups: [] });
        return;
      }
      const groups = outcomes.flatMap((outcome) => (outcome.kind === 'answered' ? outcome.response.groups : []));
      done({ errorCode: ErrorCode.NONE, groups: groups.sort((a, b) => (a.groupId < b.groupId ? -1 : 1)) });
    });
  }

  /** An id for a classic member that has none: its instance's or client's name and 128 random bits. */
  newMemberId(name: string): string {
    const hex = Buffer.from(this.random.bytes(16)).toString('hex');
    const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
    return `${name}-${groups.join('-')}`;
  }

  private perform(effect: GroupEffect, partitionIndex: number): void {
    const { groupId } = effect.request;
    if (effect.kind === 'initializeShareState') {
      const { request } = effect;
      this.persister.initialize(request, (response) => {
        this.tell(partitionIndex, { kind: 'shareStateInitialized', groupId, request, response });
      });
      return;
    }
    const { request } = effect;
    this.persister.remove(request, (response) => {
      this.tell(partitionIndex, { kind: 'shareStateDeleted', groupId, request, response });
    });
  }

  /** A shard that was dropped meanwhile does not need the answer: its successor asks again. */
  private tell(partitionIndex: number, command: GroupCommand): void {
    if (this.host.isActive(partitionIndex)) this.host.submitTo(partitionIndex, command, () => {});
  }

  private onDelta(delta: MetadataDelta): void {
    const topicNames = new Set(delta.topicsCreated.map(({ name }) => name));
    for (const { topic } of delta.partitionsChanged) topicNames.add(topic.name);
    const deletedTopics = delta.topicsDeleted.map(({ name, id }) => ({ name, topicId: id }));
    if (topicNames.size === 0 && deletedTopics.length === 0) return;
    this.host.broadcast({ kind: 'metadataChanged', topicNames: [...topicNames], deletedTopics });
  }
}
