import type { MetadataView, TopicView } from '../../core/metadata/view.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiResponses } from '../../core/protocol/messages.ts';
import { gather } from '../gather.ts';
import type { Partitions } from '../partitions/partition.ts';
import type { Peers } from './peers.ts';

/** Where the records of a partition begin and end; `highWatermark` is exclusive. */
export interface Ends {
  readonly logStartOffset: number;
  readonly highWatermark: number;
}

/** What is known of partitions, and by whom. */
export interface PartitionEndsDeps {
  readonly metadata: { readonly view: MetadataView };
  readonly partitions: Pick<Partitions, 'byId'>;
  readonly peers: Pick<Peers, 'call'>;
}

type Listed = ApiResponses[typeof ApiKey.ListOffsets];

/** Timestamps that stand for the ends of a partition in ListOffsets. */
const EARLIEST = -2;
const LATEST = -1;
/** Flexible, and with a leader epoch in the answer. */
const LIST_OFFSETS_VERSION = 6;

/** Where partitions begin and end, as their leaders say, whichever brokers those are. */
export class PartitionEnds {
  readonly #deps: PartitionEndsDeps;

  constructor(deps: PartitionEndsDeps) {
    this.#deps = deps;
  }

  /** `done` gets the ends by index; of partitions whose leader does not tell now there are none. */
  of(topic: TopicView, indexes: readonly number[], done: (ends: ReadonlyMap<number, Ends>) => void): void {
    const ends = new Map<number, Ends>();
    const elsewhere = new Map<number, number[]>();
    for (const index of indexes) {
      const led = this.#deps.partitions.byId(topic.id, index);
      const leader = topic.partition(index)?.leader ?? -1;
      if (led !== null) ends.set(index, { logStartOffset: led.logStartOffset, highWatermark: led.highWatermark });
      else if (leader !== -1) elsewhere.set(leader, [...(elsewhere.get(leader) ?? []), index]);
    }
    const work = [...elsewhere].map(([node, asked]) => (settle: (found: ReadonlyMap<number, Ends>) => void): void => {
      const lists = [EARLIEST, LATEST].map((timestamp) => (listed: (answer: Listed | null) => void): void => {
        this.#list(node, { topic: topic.name, indexes: asked, timestamp }, listed);
      });
      gather(lists, ([earliest = null, latest = null]) => settle(both(earliest, latest)));
    });
    gather(work, (found) => {
      for (const some of found) for (const [index, one] of some) ends.set(index, one);
      done(ends);
    });
  }

  #list(
    node: number,
    asked: { readonly topic: string; readonly indexes: readonly number[]; readonly timestamp: number },
    done: (answer: Listed | null) => void,
  ): void {
    const { timestamp, topic: name } = asked;
    const partitions = asked.indexes.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp }));
    this.#deps.peers.call(node, {
      key: ApiKey.ListOffsets,
      minVersion: LIST_OFFSETS_VERSION,
      body: () => ({ replicaId: -1, isolationLevel: 0, topics: [{ name, partitions }] }),
      done: (outcome) => done(outcome.ok ? outcome.body : null),
    });
  }
}

function both(earliest: Listed | null, latest: Listed | null): ReadonlyMap<number, Ends> {
  const starts = offsetsOf(earliest);
  const ends = new Map<number, Ends>();
  for (const [index, highWatermark] of offsetsOf(latest)) {
    const logStartOffset = starts.get(index);
    if (logStartOffset !== undefined) ends.set(index, { logStartOffset, highWatermark });
  }
  return ends;
}

function offsetsOf(listed: Listed | null): ReadonlyMap<number, number> {
  const told = (listed?.topics[0]?.partitions ?? []).filter(({ errorCode }) => errorCode === ErrorCode.NONE);
  return new Map(told.map(({ partitionIndex, offset }) => [partitionIndex, offset]));
}
