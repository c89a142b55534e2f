import type { BrokerId, TopicId } from '../../core/base/ids.ts';
import type { MetadataView, PartitionView } from '../../core/metadata/view.ts';
import type { Clock } from '../../ports/clock.ts';

/** After so long a node counts as caught up whatever it lacks, ms: a leader that lets nobody in must not keep clients from it for ever (O7). */
const PATIENCE_MS = 600_000;
/** Copies that are looked at for one question. */
const LOOKS_MAX = 10_000;

/** A copy on this node that follows. */
interface Copy {
  readonly topicId: TopicId;
  readonly topicName: string;
  readonly index: number;
}

/**
 * Whether each copy that this node had when it came in has been in sync once since then (O7). Until it was, another node must not be taken
 * away by those who go by readiness alone, such as `kubectl drain`. What falls behind later is no matter of this.
 */
export class FirstCatchUp {
  readonly #nodeId: BrokerId;
  readonly #clock: Clock;
  readonly #view: () => MetadataView;
  readonly #sinceMs: number;
  #left: Copy[];

  /** `copies`: those that follow as this node comes in. */
  constructor(
    { nodeId, clock, view }: { readonly nodeId: BrokerId; readonly clock: Clock; readonly view: () => MetadataView },
    copies: Iterable<Copy>,
  ) {
    this.#nodeId = nodeId;
    this.#clock = clock;
    this.#view = view;
    this.#sinceMs = clock.monotonicMs();
    this.#left = [...copies];
  }

  /** What this node still waits for, none from when it has caught up on. */
  reasons(): readonly string[] {
    if (this.#clock.monotonicMs() - this.#sinceMs >= PATIENCE_MS) this.#left = [];
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      const copy = this.#left.at(-1);
      if (copy === undefined) return [];
      const partition = this.#view().topicById(copy.topicId)?.partition(copy.index);
      if (partition !== undefined && this.#isBehind(partition))
        return [`catching up: ${copy.topicName}-${copy.index} is not in sync yet, ${this.#left.length} to look at`];
      this.#left.pop();
    }
    return [`catching up: ${this.#left.length} copies to look at`];
  }

  /** One that comes with a reassignment is missed by nobody, and without a leader there is nobody to catch up with. */
  #isBehind({ replicas, addingReplicas, isr, leader }: PartitionView): boolean {
    const id = this.#nodeId;
    return replicas.includes(id) && !addingReplicas.includes(id) && leader !== -1 && !isr.includes(id);
  }
}
