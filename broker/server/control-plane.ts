import type { TopicPart } from '../core/metadata/topic-table.ts';
import type { EndpointView } from '../core/metadata/view.ts';
import type { BrokerLoad } from '../ports/control-net.ts';
import type { MetricSample } from '../ports/metrics.ts';
import type { MetadataClient, QuorumClient } from './metadata-client.ts';

/**
 * Told why the process must end. `hung`: a call to the system that does not return is the reason, and the process must not
 * wait for it when it ends.
 */
export type FatalListener = (message: string, hung: boolean) => void;

/** What the control isolate asks of the data isolate when somebody looks at its health page. */
export interface HealthAnswers {
  /** Reasons why clients can't be served yet; none when they can. */
  ready(): readonly string[];
  /** Every figure of the data isolate at this moment. */
  metrics(): readonly MetricSample[];
  /** What it holds and has done; null before it serves clients, or where it serves none. */
  load(): BrokerLoad | null;
  /** Age of the oldest write or sync of its logs that has not ended, ms; 0: there is none (F5). */
  diskStalledMs(): number;
}

/**
 * The control isolate as a node's data isolate sees it (F1): membership of this incarnation, the metadata, and the end of
 * both. Everything arrives as an input of the data isolate's event loop.
 */
export interface ControlPlane extends MetadataClient, QuorumClient {
  /** Epoch of this incarnation; −1 before `register` is done. */
  readonly brokerEpoch: number;
  /** Registers this incarnation (D5); `done` after its record is applied to `view`, with a sentence when it was refused. */
  register(
    registration: {
      readonly endpoints: readonly EndpointView[];
      readonly rack: string | null;
      /** `weir.host`. */
      readonly host: string;
      /** Broker epoch of the clean-shutdown proof, −1 without one (D4). */
      readonly previousBrokerEpoch: number;
      /** What the broker-epoch file of this disk says, −1 without one (D4). */
      readonly lastUnfencedEpoch: number;
      /** Logs that are damaged (D4, D7). */
      readonly damaged: readonly { readonly topicId: string; readonly index: number }[];
      /** Logs that may have lost their end, and not to a write that was cut short (D8). */
      readonly suspect: readonly { readonly topicId: string; readonly index: number }[];
    },
    done: (failure: string | null) => void,
  ): void;
  /** Whether nobody else can have been given what this broker leads (S0). */
  readonly holdsLease: boolean;
  /** Whether the wall clock of this node tells the age of records: it is not far from the active controller's (F6). */
  readonly isClockTrusted: boolean;
  /** Asks to be counted in; `done` after the elections of this broker are applied to `view`. */
  unfence(done: (failure: string | null) => void): void;
  /**
   * Controlled shutdown, first part: others take over what this broker leads, and it leaves ISRs. `done` when nobody can take over
   * what is left, or the time is up; this broker has applied by then what it leads no more.
   */
  handOver(done: () => void): void;
  /** Controlled shutdown, last part: the broker is fenced in the metadata, then the control isolate stops. */
  shutdown(done: () => void): void;
  /** Partitions with a replica here that nobody leads. */
  leaderless(): Iterable<TopicPart>;
  /** Called when another controller is active. */
  onController(listener: () => void): void;
  /** The control isolate can't go on (damaged metadata, identity mismatch): the process must end with this message. */
  onFatal(listener: FatalListener): void;
  /** Who answers health requests; without one the node is not ready. */
  setHealth(answers: HealthAnswers): void;
}
