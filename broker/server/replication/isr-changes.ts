import type { AlterPartitionOutcome } from '../../core/metadata/replica-commands.ts';
import { ErrorCode, errorName } from '../../core/protocol/errors.ts';
import type { IsrProposal } from '../../core/replica/leader.ts';
import type { Timers } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { Insistence } from './insistence.ts';

/** A leadership that may want its ISR changed, or its log marked as durable. */
export interface IsrSource {
  readonly topicId: string;
  readonly topicName: string;
  readonly index: number;
  readonly leaderEpoch: number;
  /** The ISR to be committed; null when nothing is, and after the leadership ended. */
  readonly proposal: IsrProposal | null;
  /** D3: everything of before this leadership is durable on all members, and the metadata does not know. */
  readonly wantsDurableMark: boolean;
  /** See `LeaderReplica.onOutcome`. */
  onOutcome(proposal: IsrProposal, outcome: 'unknown' | 'refused' | 'superseded'): void;
}

/** What is needed to ask the controller. */
export interface IsrChangesDeps {
  readonly metadata: Pick<MetadataClient, 'submit'>;
  readonly timers: Timers;
  readonly log: Log;
  /** This broker, in this incarnation. */
  incarnation(): { readonly brokerId: number; readonly brokerEpoch: number };
}

const SUBMIT_TIMEOUT_MS = 5_000;
const RETRY_MS = 200;
/** A mark is not given as long as the controller's files say `replicated`, which nobody is told. */
const MARK_RETRY_MAX_MS = 30_000;

/** Answers under which a change was not made and will not be. */
const REFUSALS: ReadonlySet<number> = new Set([ErrorCode.INELIGIBLE_REPLICA, ErrorCode.INVALID_REQUEST]);

/** Answers under which another state of the partition is on its way, or here; success is one. */
const NEWS: ReadonlySet<number> = new Set([
  ErrorCode.NONE,
  ErrorCode.INVALID_UPDATE_VERSION,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.NEW_LEADER_ELECTED,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
]);

/**
 * Brings what the leaderships of this node want of the controller to it: changes of ISRs (KIP-497), and the marks of D3.
 * What is not granted is asked for again, as long as the leadership wants it.
 */
export class IsrChanges {
  /** Changes that the controller did not make, since the start of the process. */
  failedCount = 0;
  readonly #deps: IsrChangesDeps;
  readonly #isrs: Insistence<IsrSource>;
  readonly #marks: Insistence<IsrSource>;

  constructor(deps: IsrChangesDeps) {
    this.#deps = deps;
    const { timers } = deps;
    this.#isrs = new Insistence({
      timers,
      retryMs: RETRY_MS,
      retryMaxMs: RETRY_MS,
      isOpen: (source) => source.proposal !== null,
      send: (sources, done) => this.#alter(sources, done),
    });
    this.#marks = new Insistence({
      timers,
      retryMs: RETRY_MS,
      retryMaxMs: MARK_RETRY_MAX_MS,
      isOpen: (source) => source.wantsDurableMark,
      send: (sources, done) => this.#mark(sources, done),
    });
  }

  /** A leadership has a proposal. */
  propose(source: IsrSource): void {
    this.#isrs.add(source);
  }

  /** A leadership wants its mark. */
  mark(source: IsrSource): void {
    this.#marks.add(source);
  }

  /** The controller has other members or settings of it: a mark may be given now that was not. */
  changed(source: IsrSource): void {
    this.#marks.renew(source);
  }

  #alter(sources: readonly IsrSource[], done: () => void): void {
    const asked = sources.flatMap((source) => {
      const { proposal } = source;
      return proposal === null ? [] : [{ source, proposal }];
    });
    const partitions = asked.map(({ source: { topicId, index, leaderEpoch }, proposal }) => ({
      topicId,
      index,
      leaderEpoch,
      ...proposal,
    }));
    const command = { kind: 'alterPartition', ...this.#deps.incarnation(), partitions } as const;
    this.#deps.metadata.submit(command, SUBMIT_TIMEOUT_MS, (outcome) => {
      asked.forEach(({ source, proposal }, position) => {
        const told = outcome.kind === 'failed' ? undefined : outcome.partitions[position];
        this.#settle(source, proposal, told, outcome.errorCode);
      });
      done();
    });
  }

  #settle(
    source: IsrSource,
    proposal: IsrProposal,
    told: AlterPartitionOutcome['partitions'][number] | undefined,
    requestCode: number,
  ): void {
    const errorCode =
      requestCode === ErrorCode.NONE ? (told?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR) : requestCode;
    if (errorCode !== ErrorCode.NONE) {
      this.failedCount += 1;
      const place = { topic: source.topicName, partition: source.index, error: errorName(errorCode) };
      this.#deps.log.debug(place, 'the ISR was not changed');
    }
    const isJudged = told !== undefined && requestCode === ErrorCode.NONE;
    if (isJudged && REFUSALS.has(errorCode)) source.onOutcome(proposal, 'refused');
    else source.onOutcome(proposal, isJudged && NEWS.has(errorCode) ? 'superseded' : 'unknown');
  }

  #mark(sources: readonly IsrSource[], done: () => void): void {
    const partitions = sources.map(({ topicId, index, leaderEpoch }) => ({ topicId, index, leaderEpoch }));
    const command = { kind: 'markDurable', ...this.#deps.incarnation(), partitions } as const;
    this.#deps.metadata.submit(command, SUBMIT_TIMEOUT_MS, done);
  }
}
