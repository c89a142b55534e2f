import { brokerId, topicId } from '../base/ids.ts';
import type { ConfigScope, MetadataDelta, MetadataView, PartitionView, TopicView } from './view.ts';

/** Who is told what a record touches. */
export type Touched = Pick<
  DeltaBuilder,
  'topicCreated' | 'topicDeleted' | 'partitionsChanged' | 'configChanged' | 'brokerChanged'
>;

const ignore = (): void => undefined;

/** For records that nobody asks about one by one. */
export const UNTOLD: Touched = {
  topicCreated: ignore,
  topicDeleted: ignore,
  partitionsChanged: ignore,
  configChanged: ignore,
  brokerChanged: ignore,
};

/** Collects what a batch touches, each thing once, and turns it into a delta against the image after the batch. */
export class DeltaBuilder {
  readonly #created = new Set<string>();
  readonly #deleted = new Map<string, TopicView>();
  readonly #partitions: { readonly id: string; readonly changes: readonly { readonly index: number }[] }[] = [];
  readonly #configs = new Map<string, { readonly scope: ConfigScope; readonly name: string }>();
  readonly #brokers = new Set<number>();

  topicCreated(id: string): void {
    this.#created.add(id);
  }

  /** A topic that was created in the same batch leaves no trace. */
  topicDeleted(topic: TopicView): void {
    if (!this.#created.delete(topic.id)) this.#deleted.set(topic.id, topic);
  }

  /** `changes` is kept, and must not change any more. */
  partitionsChanged(id: string, changes: readonly { readonly index: number }[]): void {
    this.#partitions.push({ id, changes });
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
    const topics = this.#partitions.map(({ id }) => view.topicById(topicId(id)));
    const parts = this.#partitions;
    let partitionsChanged: MetadataDelta['partitionsChanged'] | null = null;
    return {
      offset,
      topicsCreated,
      topicsDeleted: [...this.#deleted.values()],
      // An object a partition, for those who look; topics do not change any more.
      get partitionsChanged() {
        partitionsChanged ??= told(parts, topics);
        return partitionsChanged;
      },
      configsChanged: [...this.#configs.values()],
      brokersChanged: [...this.#brokers].map(brokerId),
    };
  }
}

/** Each partition once, where it is named first. */
function told(
  parts: readonly { readonly id: string; readonly changes: readonly { readonly index: number }[] }[],
  topics: readonly (TopicView | null)[],
): MetadataDelta['partitionsChanged'] {
  const seen = new Map<string, Set<number>>();
  const changed: { readonly topic: TopicView; readonly partition: PartitionView }[] = [];
  for (const [position, { id, changes }] of parts.entries()) {
    const topic = topics[position];
    if (topic === null || topic === undefined) continue;
    const indexes = seen.get(id) ?? new Set();
    seen.set(id, indexes);
    for (const { index } of changes) {
      const partition = indexes.has(index) ? undefined : topic.partition(index);
      indexes.add(index);
      if (partition !== undefined) changed.push({ topic, partition });
    }
  }
  return changed;
}
