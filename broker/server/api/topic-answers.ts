import type { TopicId } from '../../core/base/ids.ts';
import type { MetadataDelta } from '../../core/metadata/view.ts';
import type { Encoded } from '../../core/protocol/encoded.ts';
import type { MetadataClient } from '../metadata-client.ts';

/** Bytes that all encoded topics may take together; when there would be more they are dropped. Twice 100,000 partitions fit. */
const SIZE_MAX = 8 * 1024 * 1024;

/**
 * Topics as the answer to Metadata has them, each encoded once per version of the API and state of the metadata (P2): after
 * an election every client asks at once. What a batch did not touch stays.
 */
export class TopicAnswers {
  readonly #metadata: MetadataClient;
  readonly #byVersion = new Map<number, Map<TopicId, Encoded>>();
  #size = 0;
  /** What is kept is true at this offset. */
  #offset = -1;

  constructor(metadata: MetadataClient) {
    this.#metadata = metadata;
    metadata.onDelta((delta) => this.#follow(delta));
  }

  /** Bytes kept. */
  get sizeInBytes(): number {
    return this.#size;
  }

  /** Whether the topic is kept in this version of the API. */
  has(version: number, id: TopicId): boolean {
    if (this.#offset !== this.#metadata.view.offset) this.#clear(this.#metadata.view.offset);
    return this.#byVersion.get(version)?.has(id) === true;
  }

  /** The topic in this version of the API; `encode` makes it where it is not kept. */
  topic(version: number, id: TopicId, encode: () => Encoded): Encoded {
    const known = this.has(version, id) ? this.#byVersion.get(version)?.get(id) : undefined;
    if (known !== undefined) return known;
    const made = encode();
    if (this.#size + made.bytes.length > SIZE_MAX) this.#clear(this.#offset);
    if (made.bytes.length > SIZE_MAX) return made;
    const topics = this.#byVersion.get(version) ?? new Map<TopicId, Encoded>();
    this.#byVersion.set(version, topics.set(id, made));
    this.#size += made.bytes.length;
    return made;
  }

  #follow(delta: MetadataDelta): void {
    if (this.#size === 0) return;
    // Which replicas are offline is told for every topic.
    if (delta.brokersChanged.length > 0) {
      this.#clear(delta.offset);
      return;
    }
    const touched = new Set(delta.topicsDeleted.map(({ id }) => id));
    for (const { topic } of delta.partitionsChanged) touched.add(topic.id);
    for (const id of touched) this.#drop(id);
    this.#offset = delta.offset;
  }

  #drop(id: TopicId): void {
    for (const topics of this.#byVersion.values()) {
      this.#size -= topics.get(id)?.bytes.length ?? 0;
      topics.delete(id);
    }
  }

  #clear(offset: number): void {
    this.#byVersion.clear();
    this.#size = 0;
    this.#offset = offset;
  }
}
