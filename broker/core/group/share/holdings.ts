/** Who has what while an assignment is worked out, counted from both sides. */
export class Holdings {
  private readonly sets: Set<number>[];
  private readonly holderCounts: number[];

  /** Begins with `current`: per member the partitions that it has. */
  constructor(partitionCount: number, current: readonly (readonly number[])[]) {
    this.sets = current.map((partitions) => new Set(partitions));
    this.holderCounts = new Array<number>(partitionCount).fill(0);
    for (const set of this.sets) for (const partition of set) this.change(partition, 1);
  }

  /** Number of partitions that a member has. */
  load(member: number): number {
    return this.sets[member]?.size ?? 0;
  }

  /** Number of members that have a partition. */
  holderCount(partition: number): number {
    return this.holderCounts[partition] ?? 0;
  }

  /** Whether the member has the partition. */
  has(member: number, partition: number): boolean {
    return this.sets[member]?.has(partition) === true;
  }

  /** What a member has, in the order in which it got it; safe to change holdings while walking through it. */
  of(member: number): number[] {
    return [...(this.sets[member] ?? [])];
  }

  /** Gives a partition to a member that does not have it. */
  give(member: number, partition: number): void {
    this.sets[member]?.add(partition);
    this.change(partition, 1);
  }

  /** Takes a partition from a member that has it. */
  take(member: number, partition: number): void {
    this.sets[member]?.delete(partition);
    this.change(partition, -1);
  }

  /** Everything, per member. */
  result(): number[][] {
    return this.sets.map((set) => [...set]);
  }

  private change(partition: number, by: 1 | -1): void {
    this.holderCounts[partition] = this.holderCount(partition) + by;
  }
}
