import { brokerId, topicId } from '../base/ids.ts';
import type { ConfigScope, MetadataDelta, MetadataView, PartitionView, TopicView } from './view.ts';

/** Collects what a batch touches, each thing once, and turns it into a delta against the image after the batch. */
export class DeltaBuilder {
  readonly #created = new Set<string>();
  readonly #deleted = new Map<string, TopicView>();
  readonly #partitions = new Map<string, Set<number>>();
  readonly #configs = new Map<string, { readonly scope: ConfigScope; readonly name: string }>();
  readonly #brokers = new Set<number>();

  topicCreated(id: string): void {
    this.#created.add(id);
  }

  /** A topic that was created in the same batch leaves no trace. */
  topicDeleted(topic: TopicView): void {
    this.#partitions.delete(topic.id);
    if (!this.#created.delete(topic.id)) this.#deleted.set(topic.id, topic);
  }

  partitionChanged(id: string, index: number): void {
    const indexes = this.#partitions.get(id) ?? new Set();
    indexes.add(index);
    this.#partitions.set(id, indexes);
  }

  configChanged(scope: ConfigScope, name: string): void {
    this.#configs.set(`${scope} ${name}`, { scope, name });
  }

  brokerChanged(id: number): void {
    this.#brokers.add(id);
  }

  /** `view` is the image with the whole batch applied. */
  build(view: MetadataView, offset: number): MetadataDelta {
    const topicsCreated: TopicView[] = [];
    for (const id of this.#created) {
      const topic = view.topicById(topicId(id));
      if (topic !== null) topicsCreated.push(topic);
    }
    const parts: [TopicView, ReadonlySet<number>][] = [];
    for (const [id, indexes] of this.#partitions) {
      const topic = view.topicById(topicId(id));
      if (topic !== null) parts.push([topic, indexes]);
    }
    let partitionsChanged: MetadataDelta['partitionsChanged'] | null = null;
    return {
      offset,
      topicsCreated,
      topicsDeleted: [...this.#deleted.values()],
      // An object a partition, for those who look; topics do not change any more.
      get partitionsChanged() {
        partitionsChanged ??= parts.flatMap(([topic, indexes]) => changedOf(topic, indexes));
        return partitionsChanged;
      },
      configsChanged: [...this.#configs.values()],
      brokersChanged: [...this.#brokers].map(brokerId),
    };
  }
}

function changedOf(topic: TopicView, indexes: ReadonlySet<number>): MetadataDelta['partitionsChanged'] {
  const changed: { readonly topic: TopicView; readonly partition: PartitionView }[] = [];
  for (const index of indexes) {
    const partition = topic.partition(index);
    if (partition !== undefined) changed.push({ topic, partition });
  }
  return changed;
}
