/** Something of each of many partitions. A look-up makes no key of topic and index: that costs more than all the rest. */
export class PartitionMap<T> {
  readonly #topics = new Map<string, Map<number, T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(topicId: string, index: number): T | undefined {
    return this.#topics.get(topicId)?.get(index);
  }

  set(topicId: string, index: number, value: T): void {
    const partitions = this.#topics.get(topicId) ?? new Map<number, T>();
    this.#topics.set(topicId, partitions);
    if (!partitions.has(index)) this.#size += 1;
    partitions.set(index, value);
  }

  delete(topicId: string, index: number): void {
    const partitions = this.#topics.get(topicId);
    if (partitions?.delete(index) !== true) return;
    this.#size -= 1;
    if (partitions.size === 0) this.#topics.delete(topicId);
  }

  clear(): void {
    this.#topics.clear();
    this.#size = 0;
  }

  /** In the order in which their topics, and then they, came. */
  *values(): Generator<T> {
    for (const partitions of this.#topics.values()) yield* partitions.values();
  }
}
