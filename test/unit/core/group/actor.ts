import { fc } from '../../../support/properties.ts';
import type { JoinGroupResult, ShareHeartbeatResult } from '../../../../broker/core/group/commands.ts';
import type { Call, GroupBench } from './bench.ts';

const GROUPS = ['g', 'h'] as const;
const TOPICS = ['jobs', 'mail', 'audit'] as const;

/** One thing that somebody does to a shard. */
export interface GroupAction {
  readonly kind: (typeof KINDS)[number];
  readonly group: (typeof GROUPS)[number];
  readonly member: number;
  /** Picks among what the kind leaves open: time, topic, code. */
  readonly choice: number;
}

const KINDS = [
  'join',
  'joinStatic',
  'rejoin',
  'rejoin',
  'rejoin',
  'sync',
  'sync',
  'sync',
  'beat',
  'beat',
  'leave',
  'commit',
  'shareJoin',
  'shareJoin',
  'shareBeat',
  'shareBeat',
  'shareLeave',
  'deleteGroup',
  'alterOffsets',
  'deleteOffsets',
  'topic',
  'deleteTopic',
  'answerEffect',
  'effects',
  'wait',
  'wait',
  'wait',
  'failOver',
] as const;

/** Histories of up to 120 actions. */
export const groupActions = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    group: fc.constantFrom(...GROUPS),
    member: fc.nat(3),
    choice: fc.nat(1_000),
  }),
  { maxLength: 120, size: 'max' },
);

interface ClassicClient {
  join: Call<JoinGroupResult>;
  readonly instance: string | null;
}

/** Clients that behave by the protocol as far as they know, and are often late, gone or mistaken. */
export class GroupActor {
  private readonly bench: GroupBench;
  private readonly classic = new Map<string, ClassicClient>();
  private readonly share = new Map<string, { epoch: number; call: Call<ShareHeartbeatResult> }>();
  private idCount = 0;
  private topicCount = 0;

  constructor(bench: GroupBench) {
    this.bench = bench;
  }

  /** Does one thing. */
  act(action: GroupAction): void {
    const { kind, group, member, choice } = action;
    const { bench } = this;
    switch (kind) {
      case 'join':
        this.join(group, member, null, choice);
        break;
      case 'joinStatic':
        this.join(group, member, `instance-${member}`, choice);
        break;
      case 'rejoin':
        this.rejoin(group, member, choice);
        break;
      case 'sync':
        this.sync(group, member, choice);
        break;
      case 'beat':
        this.beat(group, member, choice);
        break;
      case 'leave':
        this.leave(group, member);
        break;
      case 'commit':
        this.commit(group, member, choice);
        break;
      case 'shareJoin':
      case 'shareBeat':
      case 'shareLeave':
        this.shareBeat(action);
        break;
      case 'deleteGroup':
        bench.send({ kind: 'deleteGroup', groupId: choice % 2 === 0 ? group : `share-${group}` });
        break;
      case 'alterOffsets':
      case 'deleteOffsets':
        this.changeOffsets(action);
        break;
      case 'topic':
        this.changeTopic(choice);
        break;
      case 'deleteTopic':
        this.deleteTopic(choice);
        break;
      case 'answerEffect':
        if (bench.effects.length > 0) bench.answerEffect(choice % 3 === 0 ? 15 : 0, choice % bench.effects.length);
        break;
      case 'effects':
        bench.shareStateCode = [null, 0, 0, 16][choice % 4] ?? null;
        break;
      case 'wait':
        bench.advance([1, 100, 500, 3_000, 3_000, 20_000][choice % 6] ?? 1);
        break;
      case 'failOver':
        bench.failOver();
        break;
    }
  }

  private client(group: string, member: number): ClassicClient | undefined {
    return this.classic.get(`${group}/${member}`);
  }

  private join(group: string, member: number, instance: string | null, choice: number): void {
    this.idCount += 1;
    const join = this.bench.send({
      kind: 'joinGroup',
      groupId: group,
      client: { clientId: `c${member}`, clientHost: '/h' },
      memberId: '',
      newMemberId: `m${this.idCount}`,
      groupInstanceId: instance,
      protocolType: choice % 37 === 0 ? 'connect' : 'consumer',
      protocols: this.protocols(choice),
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      requireKnownMemberId: instance === null && choice % 2 === 0,
      supportsSkippingAssignment: choice % 3 === 0,
    });
    this.classic.set(`${group}/${member}`, { join, instance });
  }

  private protocols(choice: number): { name: string; metadata: Uint8Array }[] {
    const names = choice % 5 === 0 ? ['sticky'] : ['range', 'sticky'];
    return names.map((name) => ({ name, metadata: Uint8Array.of(choice % 2) }));
  }

  private rejoin(group: string, member: number, choice: number): void {
    const client = this.client(group, member);
    if (client?.join.response === null || client === undefined || client.join.response.memberId === '') return;
    client.join = this.bench.send({
      kind: 'joinGroup',
      groupId: group,
      client: { clientId: `c${member}`, clientHost: '/h' },
      memberId: client.join.response.memberId,
      newMemberId: '',
      groupInstanceId: client.instance,
      protocolType: 'consumer',
      protocols: this.protocols(choice),
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      requireKnownMemberId: false,
      supportsSkippingAssignment: false,
    });
  }

  private sync(group: string, member: number, choice: number): void {
    const client = this.client(group, member);
    const joined = client?.join.response;
    if (client === undefined || joined === null || joined === undefined) return;
    this.bench.send({
      kind: 'syncGroup',
      groupId: group,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupInstanceId: client.instance,
      protocolType: null,
      protocolName: null,
      assignments: joined.members.map(({ memberId }) => ({ memberId, assignment: Uint8Array.of(choice % 250) })),
    });
  }

  private beat(group: string, member: number, choice: number): void {
    const client = this.client(group, member);
    const joined = client?.join.response;
    if (client === undefined || joined === null || joined === undefined) return;
    const generationId = joined.generationId + (choice % 13 === 0 ? 1 : 0);
    this.bench.send({
      kind: 'heartbeat',
      groupId: group,
      generationId,
      memberId: joined.memberId,
      groupInstanceId: client.instance,
    });
  }

  private leave(group: string, member: number): void {
    const client = this.client(group, member);
    const memberId = client?.join.response?.memberId ?? 'nobody';
    this.bench.send({
      kind: 'leaveGroup',
      groupId: group,
      members: [{ memberId, groupInstanceId: client?.instance ?? null }],
    });
  }

  private commit(group: string, member: number, choice: number): void {
    const joined = choice % 3 === 0 ? null : this.client(group, member)?.join.response;
    const topic = this.bench.view.topics()[choice % 3];
    if (topic === undefined) return;
    this.bench.send({
      kind: 'offsetCommit',
      groupId: group,
      memberId: joined?.memberId ?? '',
      groupInstanceId: null,
      generationIdOrMemberEpoch: joined?.generationId ?? -1,
      supportsMemberEpochs: choice % 2 === 0,
      offsets: [
        {
          topic: topic.name,
          topicId: topic.id,
          partition: choice % topic.partitions.length,
          offset: choice,
          leaderEpoch: -1,
          metadata: null,
        },
      ],
    });
  }

  private shareBeat({ kind, group: classicGroup, member, choice }: GroupAction): void {
    // Now and then under the id of a classic group.
    const group = choice % 20 === 0 ? classicGroup : `share-${classicGroup}`;
    const memberId = `s${member}`;
    const known = this.share.get(`${group}/${member}`);
    const epoch = known?.call.response?.memberEpoch ?? known?.epoch ?? 0;
    const topics = TOPICS.filter((_, index) => ((choice >> index) & 1) === 1);
    const isJoin = kind === 'shareJoin' || epoch < 1;
    const memberEpoch = kind === 'shareLeave' ? -1 : isJoin ? 0 : epoch;
    const isFull = isJoin || choice % 7 === 0;
    const call = this.bench.send({
      kind: 'shareHeartbeat',
      groupId: group,
      client: { clientId: `c${member}`, clientHost: '/h' },
      memberId,
      memberEpoch,
      rackId: null,
      subscribedTopicNames: isFull && memberEpoch >= 0 ? (topics.length === 0 ? ['jobs'] : topics) : null,
    });
    this.share.set(`${group}/${member}`, { epoch, call });
  }

  private changeOffsets({ kind, group: classicGroup, choice }: GroupAction): void {
    const groupId = choice % 20 === 0 ? classicGroup : `share-${classicGroup}`;
    const topics = this.bench.view.topics().filter((_, index) => ((choice >> index) & 1) === 1);
    if (kind === 'deleteOffsets') {
      this.bench.send({ kind: 'deleteShareOffsets', groupId, topicIds: topics.map(({ id }) => id) });
      return;
    }
    this.bench.send({
      kind: 'alterShareOffsets',
      groupId,
      topics: topics.map(({ id, name, partitions }) => ({
        topicId: id,
        topicName: name,
        partitions: partitions.slice(choice % 2).map(({ index }) => ({ partition: index, startOffset: choice })),
      })),
    });
  }

  private changeTopic(choice: number): void {
    const name = TOPICS[choice % TOPICS.length] ?? 'jobs';
    const before = this.bench.view.topicByName(name);
    this.topicCount += 1;
    const id = before?.id ?? `${name}-${this.topicCount}-`.padEnd(22, 'A');
    this.bench.view.setTopic(name, (before?.partitions.length ?? 0) + 1 + (choice % 3), id);
    this.bench.tell({ kind: 'metadataChanged', topicNames: [name], deletedTopics: [] });
  }

  private deleteTopic(choice: number): void {
    const name = TOPICS[choice % TOPICS.length] ?? 'jobs';
    const topic = this.bench.view.topicByName(name);
    if (topic === null) return;
    this.bench.view.removeTopic(name);
    this.bench.tell({ kind: 'metadataChanged', topicNames: [], deletedTopics: [{ name, topicId: topic.id }] });
  }
}
