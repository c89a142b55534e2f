import { topicId as asTopicId } from '../../core/base/ids.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import type { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests, ApiResponses } from '../../core/protocol/messages.ts';
import type { ShareStateCommand, ShareStateResponse } from '../../core/share/state.ts';
import { keyText, type SharePartitionKey } from '../../core/share/state-records.ts';
import { gather } from '../gather.ts';
import type { ShareCoordinator } from './coordinator.ts';

type Req<K extends keyof ApiRequests> = ApiRequests[K];
type Res<K extends keyof ApiResponses> = ApiResponses[K];

interface Named<P> {
  readonly topicId: string;
  readonly partitions: readonly P[];
}

/** What a partition's answer always has. */
interface Verdict {
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: null;
}

/**
 * The requests 83 to 87, with the codec's types: how leaders of share-partitions and group coordinators speak to the
 * share coordinator, on this node or another. Each partition is answered by itself, after its records are committed.
 */
export class ShareStateRequests {
  readonly #coordinator: ShareCoordinator;
  readonly #metadata: { readonly view: MetadataView };

  constructor(coordinator: ShareCoordinator, metadata: { readonly view: MetadataView }) {
    this.#coordinator = coordinator;
    this.#metadata = metadata;
  }

  /** InitializeShareGroupState. */
  initialize(
    request: Req<typeof ApiKey.InitializeShareGroupState>,
    reply: (response: Res<typeof ApiKey.InitializeShareGroupState>) => void,
  ): void {
    const command = (
      key: SharePartitionKey,
      asked: { stateEpoch: number; startOffset: number },
    ): ShareStateCommand => ({
      kind: 'initialize',
      key,
      stateEpoch: asked.stateEpoch,
      startOffset: asked.startOffset,
    });
    this.#forEach(
      request,
      command,
      (verdict) => verdict,
      (results) => reply({ results }),
    );
  }

  /** ReadShareGroupState. */
  read(
    request: Req<typeof ApiKey.ReadShareGroupState>,
    reply: (response: Res<typeof ApiKey.ReadShareGroupState>) => void,
  ): void {
    this.#forEach(
      request,
      (key, asked) => ({ kind: 'read', key, leaderEpoch: asked.leaderEpoch }),
      (verdict, { state }) => ({
        ...verdict,
        stateEpoch: state?.stateEpoch ?? 0,
        startOffset: state?.startOffset ?? 0,
        stateBatches: state?.stateBatches ?? [],
      }),
      (results) => reply({ results }),
    );
  }

  /** WriteShareGroupState. */
  write(
    request: Req<typeof ApiKey.WriteShareGroupState>,
    reply: (response: Res<typeof ApiKey.WriteShareGroupState>) => void,
  ): void {
    this.#forEach(
      request,
      (key, asked) => ({ kind: 'write', key, change: asked }),
      (verdict) => verdict,
      (results) => reply({ results }),
    );
  }

  /** DeleteShareGroupState. */
  remove(
    request: Req<typeof ApiKey.DeleteShareGroupState>,
    reply: (response: Res<typeof ApiKey.DeleteShareGroupState>) => void,
  ): void {
    this.#forEach(
      request,
      (key) => ({ kind: 'delete', key }),
      (verdict) => verdict,
      (results) => reply({ results }),
    );
  }

  /** ReadShareGroupStateSummary. Of a partition without state everything is −1 (state epoch 0). */
  readSummary(
    request: Req<typeof ApiKey.ReadShareGroupStateSummary>,
    reply: (response: Res<typeof ApiKey.ReadShareGroupStateSummary>) => void,
  ): void {
    this.#forEach(
      request,
      (key) => ({ kind: 'read-summary', key }),
      (verdict, { state }) => ({
        ...verdict,
        stateEpoch: state?.stateEpoch ?? 0,
        leaderEpoch: state?.leaderEpoch ?? -1,
        startOffset: state?.startOffset ?? -1,
        deliveryCompleteCount: state?.deliveryCompleteCount ?? -1,
      }),
      (results) => reply({ results }),
    );
  }

  /** Asks for each partition of a request and answers in its order. */
  #forEach<P extends { readonly partition: number }, R extends Verdict>(
    request: { readonly groupId: string; readonly topics: readonly Named<P>[] },
    toCommand: (key: SharePartitionKey, asked: P) => ShareStateCommand,
    toResult: (verdict: Verdict, response: ShareStateResponse) => R,
    done: (results: { topicId: string; partitions: readonly R[] }[]) => void,
  ): void {
    const { groupId } = request;
    const topics = request.topics.map(({ topicId, partitions }) => (finish: (result: Named<R>) => void): void => {
      const work = partitions.map((asked) => (settle: (result: R) => void): void => {
        const key = { groupId, topicId, partition: asked.partition };
        this.#ask(toCommand(key, asked), (response) => {
          settle(toResult({ partition: asked.partition, errorCode: response.errorCode, errorMessage: null }, response));
        });
      });
      gather(work, (results) => finish({ topicId, partitions: results }));
    });
    gather(topics, (results) => done([...results]));
  }

  #ask(command: ShareStateCommand, done: (response: ShareStateResponse) => void): void {
    const { topicId, partition } = command.key;
    // State outlives its topic until it is deleted; everything else needs a partition that is there.
    const known = this.#metadata.view.topicById(asTopicId(topicId))?.partition(partition) !== undefined;
    if (!known && command.kind !== 'delete' && command.kind !== 'read-summary') {
      done({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, state: null });
      return;
    }
    this.#coordinator.submit(keyText(command.key), command, (outcome) => {
      done(outcome.kind === 'answered' ? outcome.response : { errorCode: outcome.errorCode, state: null });
    });
  }
}
