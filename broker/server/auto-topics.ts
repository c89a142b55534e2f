import { ErrorCode } from '../core/protocol/errors.ts';
import type { AutoTopics } from './api/metadata.ts';
import type { MetadataClient } from './metadata-client.ts';

/** How long a Metadata request waits for the topics that it names. */
const CREATION_TIMEOUT_MS = 5000;
/** Topics created for one request; the client asks again for the others. */
const TOPICS_PER_REQUEST_MAX = 100;

/** Who creates an internal topic. */
interface InternalTopic {
  readonly topicName: string;
  ensureTopic(done: (errorCode: number) => void): void;
}

/** Creates topics that clients name, with the defaults of the cluster. */
export class AutoTopicCreator implements AutoTopics {
  readonly #metadata: MetadataClient;
  readonly #internal: ReadonlyMap<string, InternalTopic>;

  /** `internal`: the coordinators, which create their own topics by their own rules. */
  constructor(metadata: MetadataClient, internal: readonly InternalTopic[]) {
    this.#metadata = metadata;
    this.#internal = new Map(internal.map((one) => [one.topicName, one]));
  }

  create(names: readonly string[], done: (errorCodes: ReadonlyMap<string, number>) => void): void {
    const codes = new Map<string, number>();
    const own = names.filter((name) => this.#internal.has(name));
    const others = names.filter((name) => !this.#internal.has(name)).slice(0, TOPICS_PER_REQUEST_MAX);
    let open = own.length + 1;
    const settle = (): void => {
      open -= 1;
      if (open === 0) done(codes);
    };
    for (const name of own) {
      this.#internal.get(name)?.ensureTopic((errorCode) => {
        codes.set(name, errorCode);
        settle();
      });
    }
    if (others.length === 0) settle();
    else this.#createOrdinary(others, codes, settle);
  }

  #createOrdinary(names: readonly string[], codes: Map<string, number>, settle: () => void): void {
    const topics = names.map((name) => ({
      name,
      partitionCount: -1,
      replicationFactor: -1,
      assignments: [],
      configs: [],
    }));
    this.#metadata.submit({ kind: 'createTopics', topics, validateOnly: false }, CREATION_TIMEOUT_MS, (outcome) => {
      if (outcome.kind === 'createTopics') {
        for (const topic of outcome.topics) codes.set(topic.name, topic.errorCode);
      } else {
        for (const name of names) codes.set(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      }
      settle();
    });
  }
}
