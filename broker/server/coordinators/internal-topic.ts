import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { MetadataClient } from '../metadata-client.ts';

/** An internal topic as it is created when it is first needed. */
export interface CoordinatorTopic {
  readonly name: string;
  /** Read when the topic is created; afterwards the topic's own count holds. */
  partitionCount(): number;
  /** Wanted replicas; fewer when fewer brokers are there. */
  replicationFactor(): number;
  configs(): readonly { readonly name: string; readonly value: string }[];
}

const CREATE_TIMEOUT_MS = 10_000;
/** Callers that may wait for one creation; more are turned away. */
const WAITING_MAX = 10_000;

/** Creates an internal topic once, however many callers need it at the same time. */
export class InternalTopic {
  private readonly deps: { readonly metadata: MetadataClient; readonly log: Log };
  private readonly topic: CoordinatorTopic;
  private waiting: ((errorCode: number) => void)[] = [];

  constructor(deps: { readonly metadata: MetadataClient; readonly log: Log }, topic: CoordinatorTopic) {
    this.deps = deps;
    this.topic = topic;
  }

  /** The topic's partitions, 0 while it does not exist here. */
  partitionCount(): number {
    return this.deps.metadata.view.topicByName(this.topic.name)?.partitionCount ?? 0;
  }

  /** `done` gets NONE once the topic is in this node's metadata, else COORDINATOR_NOT_AVAILABLE. */
  ensure(done: (errorCode: number) => void): void {
    if (this.partitionCount() > 0) {
      done(ErrorCode.NONE);
      return;
    }
    if (this.waiting.length >= WAITING_MAX) {
      done(ErrorCode.COORDINATOR_NOT_AVAILABLE);
      return;
    }
    this.waiting.push(done);
    if (this.waiting.length === 1) this.create();
  }

  private create(): void {
    const topic = {
      name: this.topic.name,
      partitionCount: this.topic.partitionCount(),
      replicationFactor: this.topic.replicationFactor(),
      shrinkToBrokers: true,
      assignments: [],
      configs: this.topic.configs(),
    };
    this.deps.metadata.submit(
      { kind: 'createTopics', topics: [topic], validateOnly: false },
      CREATE_TIMEOUT_MS,
      (outcome) => {
        const exists = this.partitionCount() > 0;
        if (!exists) this.deps.log.warn({ topic: topic.name, outcome }, 'internal topic was not created');
        const { waiting } = this;
        this.waiting = [];
        for (const done of waiting) done(exists ? ErrorCode.NONE : ErrorCode.COORDINATOR_NOT_AVAILABLE);
      },
    );
  }
}
