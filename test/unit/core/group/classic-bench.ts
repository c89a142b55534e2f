import { expect } from '@jest/globals';
import type { JoinGroupResult } from '../../../../broker/core/group/commands.ts';
import { type Call, GroupBench } from './bench.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Bytes as text. */
export const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);

interface JoinOptions {
  readonly memberId?: string;
  readonly instance?: string;
  readonly protocols?: readonly string[];
  readonly protocolType?: string;
  readonly metadata?: string;
  readonly requireKnownMemberId?: boolean;
  readonly skip?: boolean;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
}

/** A classic group `g` on a bench. */
export class Classic extends GroupBench {
  join(newMemberId: string, options: JoinOptions = {}): Call<JoinGroupResult> {
    const { protocols = ['range'], metadata = `of ${newMemberId}` } = options;
    return this.send({
      kind: 'joinGroup',
      groupId: 'g',
      client: { clientId: 'client', clientHost: '/host' },
      memberId: options.memberId ?? '',
      newMemberId,
      groupInstanceId: options.instance ?? null,
      protocolType: options.protocolType ?? 'consumer',
      protocols: protocols.map((name) => ({ name, metadata: bytes(metadata) })),
      sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
      requireKnownMemberId: options.requireKnownMemberId ?? false,
      supportsSkippingAssignment: options.skip ?? false,
    });
  }

  rejoin(memberId: string, options: JoinOptions = {}): Call<JoinGroupResult> {
    return this.join('', { metadata: `of ${memberId}`, ...options, memberId });
  }

  sync(
    memberId: string,
    generationId: number,
    assignments: Readonly<Record<string, string>> = {},
    options: { instance?: string; protocolType?: string; protocolName?: string } = {},
  ) {
    return this.send({
      kind: 'syncGroup',
      groupId: 'g',
      generationId,
      memberId,
      groupInstanceId: options.instance ?? null,
      protocolType: options.protocolType ?? null,
      protocolName: options.protocolName ?? null,
      assignments: Object.entries(assignments).map(([id, value]) => ({ memberId: id, assignment: bytes(value) })),
    });
  }

  beat(memberId: string, generationId: number, instance: string | null = null): number | undefined {
    return this.send({ kind: 'heartbeat', groupId: 'g', generationId, memberId, groupInstanceId: instance }).response
      ?.errorCode;
  }

  leave(...members: { memberId: string; groupInstanceId: string | null }[]) {
    return this.send({ kind: 'leaveGroup', groupId: 'g', members });
  }

  state(): string | undefined {
    return this.send({ kind: 'describeGroup', groupId: 'g' }).response?.groupState;
  }

  /** A stable group of these members, the first of which leads. */
  stable(...memberIds: string[]): number {
    const joins = memberIds.map((memberId) => this.join(memberId));
    this.advance(3_000);
    const generationId = joins[0]?.response?.generationId ?? -1;
    const assignments = Object.fromEntries(memberIds.map((memberId) => [memberId, `for ${memberId}`]));
    for (const memberId of memberIds) this.sync(memberId, generationId, assignments);
    expect(this.state()).toBe('Stable');
    return generationId;
  }
}
