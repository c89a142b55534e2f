import { Settings } from '../../../../broker/core/config/settings.ts';
import type { ShareStatePersister } from '../../../../broker/core/group/persister.ts';
import type {
  ApiRequests,
  ApiResponses,
  RequestInput,
  ResponseInput,
  WireKey,
} from '../../../../broker/core/protocol/messages.ts';
import {
  decodeRequestBody,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../../../broker/core/protocol/messages.ts';
import type { ApiRow, AuthorizationNeed } from '../../../../broker/server/api/row.ts';
import { CoordinatorFinder } from '../../../../broker/server/coordinators/finder.ts';
import { GROUP_TOPIC, GroupCoordinator } from '../../../../broker/server/coordinators/groups.ts';
import type { RequestContext } from '../../../../broker/server/request-context.ts';
import { FakePartition } from '../../../support/fake-partition.ts';
import { HostBench } from '../coordinators/bench.ts';

const FRAME_LENGTH_SIZE = 4;

/** The group coordinator of a node in memory, asked through the rows with encoded requests. */
export class GroupApiBench {
  readonly node = new HostBench();
  readonly settings = new Settings(new Map([['offsets.topic.num.partitions', '5']]));
  readonly groups: GroupCoordinator;
  readonly coordinatorFinder: CoordinatorFinder;
  /** What nobody may do: a need as `operation type name`. */
  readonly denied = new Set<string>();
  /** Code for every share state that is set up or deleted. */
  shareStateCode = 0;
  /** What the share coordinators were asked, partitions with their start. */
  readonly asked: string[] = [];
  correlationId = 0;

  constructor() {
    const { node } = this;
    const deps = node.deps();
    const persister: ShareStatePersister = {
      initialize: (request, done) => {
        const partitions = request.topics.flatMap((topic) => topic.partitions);
        const starts = partitions.map(({ partition, startOffset }) => `${partition}@${startOffset}`);
        this.asked.push(`initialize ${request.groupId} ${starts.join(' ')}`);
        node.loop.post(() => done(this.stateAnswer(request.topics)));
      },
      remove: (request, done) => {
        const partitions = request.topics.flatMap((topic) => topic.partitions);
        this.asked.push(`remove ${request.groupId} ${partitions.map(({ partition }) => partition).join(' ')}`);
        node.loop.post(() => done(this.stateAnswer(request.topics)));
      },
    };
    let seed = 0;
    const random = {
      uint32: () => 4,
      bytes: (size: number) => {
        seed += 1;
        return new Uint8Array(size).fill(seed);
      },
    };
    this.groups = new GroupCoordinator({ ...deps, settings: this.settings, random, persister });
    this.coordinatorFinder = new CoordinatorFinder(deps.metadata, { groups: this.groups.host, share: node.host });
  }

  /** Services as the rows see them. */
  get metadata(): HostBench['metadata'] {
    return this.node.metadata;
  }

  /** Creates the groups' topic and leads its partitions. */
  start(): void {
    this.groups.host.ensureTopic(() => {});
    this.node.loop.run();
    for (let index = 0; index < 5; index += 1) {
      this.node.partitions.lead(
        new FakePartition({ id: 'groupsAAAAAAAAAAAAAAAA', name: GROUP_TOPIC }, index, this.node.loop.post),
      );
    }
    this.node.loop.run();
  }

  /** Sends a request through the wire's bytes both ways; null while there is no answer. */
  call<K extends WireKey>(
    row: ApiRow<K, this>,
    apiVersion: number,
    body: RequestInput<K>,
  ): { response: ApiResponses[K] | null } {
    this.correlationId += 1;
    const header = { apiKey: row.key, version: apiVersion, correlationId: this.correlationId, clientId: 'test' };
    const frame = Buffer.concat(encodeRequest(header, body)).subarray(FRAME_LENGTH_SIZE);
    const { bodyOffset } = decodeRequestHeader(frame);
    const request: ApiRequests[K] = decodeRequestBody(row.key, apiVersion, frame, bodyOffset);
    const call: { response: ApiResponses[K] | null } = { response: null };
    row.handle(this, request, this.context(row.key, apiVersion), (answer) => {
      if (answer === null) throw new Error('these APIs always answer');
      if (call.response !== null) throw new Error('answered twice');
      // What dispatch does: the throttle time is its own.
      const bytes = Buffer.concat(encodeResponse(row.key, apiVersion, this.correlationId, answer as ResponseInput<K>));
      call.response = decodeResponse(row.key, apiVersion, bytes.subarray(FRAME_LENGTH_SIZE)).body;
    });
    // What was read from the socket is used again: nobody may have kept a view of it.
    this.node.loop.run();
    frame.fill(0xff);
    return call;
  }

  /** As `call`, for requests that are answered without time passing. */
  ask<K extends WireKey>(row: ApiRow<K, this>, apiVersion: number, body: RequestInput<K>): ApiResponses[K] {
    const { response } = this.call(row, apiVersion, body);
    if (response === null) throw new Error('no answer');
    return response;
  }

  private context(apiKey: number, apiVersion: number): RequestContext {
    const name = ({ operation, resourceType, resourceName }: AuthorizationNeed): string =>
      `${operation} ${resourceType} ${resourceName}`;
    return {
      connection: {
        connectionId: 1,
        principal: 'User:test',
        listener: 'plain',
        address: '127.0.0.1',
        onClose: () => () => {},
        admitBroker: () => undefined,
        disconnect: () => {},
      },
      apiKey,
      apiVersion,
      correlationId: this.correlationId,
      clientId: 'test',
      receivedMs: 0,
      allowed: (need) => !this.denied.has(name(need)),
    };
  }

  private stateAnswer(
    topics: readonly { readonly topicId: string; readonly partitions: readonly { readonly partition: number }[] }[],
  ) {
    const errorCode = this.shareStateCode;
    const results = topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partition }) => ({ partition, errorCode, errorMessage: null })),
    }));
    return { results };
  }
}

/** Id of the topic `t`. */
export const TOPIC_ID = 't'.padEnd(22, 'A');

/** Every version that a row serves. */
export function versionsOf(row: { readonly versions: { readonly min: number; readonly max: number } }): number[] {
  const { min, max } = row.versions;
  return Array.from({ length: max - min + 1 }, (_, index) => min + index);
}

/** A bench whose coordinator runs, with a topic `t` of two partitions. */
export function startedBench(): GroupApiBench {
  const bench = new GroupApiBench();
  bench.start();
  bench.node.view.setTopic('t', 2);
  return bench;
}
