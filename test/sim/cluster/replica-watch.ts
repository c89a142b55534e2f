import { FrameReader } from '../../../broker/core/client/frames.ts';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import {
  type ApiRequests,
  type ApiResponses,
  decodeRequestBody,
  decodeRequestHeader,
  decodeResponse,
} from '../../../broker/core/protocol/messages.ts';
import { bufferOf, nextOffset, partitionLeaderEpoch, sizeInBytes } from '../../../broker/core/record/batch.ts';
import type { Eavesdropper } from '../net.ts';

const FRAME_MAX = 1 << 28;

type FetchRequest = ApiRequests[typeof ApiKey.Fetch];
type FetchResponse = ApiResponses[typeof ApiKey.Fetch];

/** The end of a log: an offset, and the epoch of the last batch before it. */
interface LogEnd {
  readonly offset: number;
  readonly epoch: number;
}

/** What a follower told the leader of an epoch of its log, and where batches end that it was given since then. */
interface Told {
  readonly leaderEpoch: number;
  readonly end: LogEnd;
  readonly given: LogEnd[];
}

/**
 * Reads what brokers fetch from each other: where a follower says that its log ends, it ends, power cuts or not, until a leader
 * gives it more (D6). What it has cut does not come back.
 */
export class ReplicaWatch {
  readonly problems: string[] = [];
  /** By topic id and partition: who leads each epoch. */
  readonly #leaders = new Map<string, Map<number, number>>();
  /** By follower, topic id and partition. */
  readonly #told = new Map<string, Told>();
  readonly #isTrusted: (follower: number) => boolean;
  /** What is to be done when a follower says that it has less than before. */
  readonly #whenCut = new Map<number, () => void>();

  /** `isTrusted`: a follower's disk was never exchanged for another one. */
  constructor(isTrusted: (follower: number) => boolean) {
    this.#isTrusted = isTrusted;
  }

  /** Runs something when a follower next says that it has less than before. */
  whenCut(follower: number, then: () => void): void {
    this.#whenCut.set(follower, then);
  }

  /** Who leads a partition in an epoch; only partitions of which all epochs are told are looked at. */
  leads(topicId: string, partition: number, leader: number, leaderEpoch: number): void {
    const name = `${topicId}-${partition}`;
    const leaders = this.#leaders.get(name) ?? new Map<number, number>();
    this.#leaders.set(name, leaders.set(leaderEpoch, leader));
  }

  /** Of a connection that one broker has made to another. */
  connection(follower: number): Eavesdropper {
    const [requests, answers] = [new FrameReader(FRAME_MAX), new FrameReader(FRAME_MAX)];
    /** Versions of the fetches among the requests that wait for their answers; null: another request. */
    const open: (number | null)[] = [];
    return {
      sent: (bytes) =>
        void requests.push(bytes, (frame) => {
          const { apiKey, version, bodyOffset } = decodeRequestHeader(frame);
          const isFetch = apiKey === ApiKey.Fetch;
          open.push(isFetch ? version : null);
          if (isFetch) this.fetches(follower, decodeRequestBody(ApiKey.Fetch, version, frame, bodyOffset));
        }),
      answered: (bytes) =>
        void answers.push(bytes, (frame) => {
          const version = open.shift() ?? null;
          if (version !== null) this.given(follower, decodeResponse(ApiKey.Fetch, version, frame).body);
        }),
    };
  }

  /** A follower asks for what comes next. */
  fetches(follower: number, { topics }: Pick<FetchRequest, 'topics'>): void {
    for (const { topicId, partitions } of topics) {
      for (const { partition, fetchOffset: offset, lastFetchedEpoch: epoch, currentLeaderEpoch } of partitions) {
        const name = `${topicId}-${partition}`;
        const before = this.#told.get(`${follower} ${name}`);
        const told: Told = { leaderEpoch: currentLeaderEpoch, end: { offset, epoch }, given: [] };
        this.#told.set(`${follower} ${name}`, told);
        if (before === undefined) continue;
        if (offset < before.end.offset) this.#isCut(follower);
        else if (this.#isTrusted(follower) && this.#followed(follower, name, before.leaderEpoch, currentLeaderEpoch))
          this.#compare(`broker ${follower} of ${name}`, before, told);
      }
    }
  }

  #isCut(follower: number): void {
    const then = this.#whenCut.get(follower);
    this.#whenCut.delete(follower);
    then?.();
  }

  #compare(who: string, before: Told, { end }: Told): void {
    const isKnown = [before.end, ...before.given].some(
      ({ offset, epoch }) => offset === end.offset && epoch === end.epoch,
    );
    if (isKnown) return;
    const was = `in epoch ${before.leaderEpoch} it was ${textOf(before.end)}, and it was given ${before.given.map(textOf).join(', ') || 'nothing'}`;
    this.problems.push(`D6: the log's end is told as ${textOf(end)} by ${who}; ${was}`);
  }

  /** A leader answers. */
  given(follower: number, { responses }: Pick<FetchResponse, 'responses'>): void {
    for (const { topicId, partitions } of responses) {
      for (const { partitionIndex, errorCode, records } of partitions) {
        const name = `${follower} ${topicId}-${partitionIndex}`;
        const told = this.#told.get(name);
        // Whoever is refused may begin anew where the leader's log does.
        if (errorCode !== 0) this.#told.delete(name);
        else if (told !== undefined && records !== null) told.given.push(...endsOf(records));
      }
    }
  }

  /** Whether others led in all epochs between two, and all are known. */
  #followed(follower: number, name: string, from: number, to: number): boolean {
    const leaders = this.#leaders.get(name);
    for (let epoch = from; epoch <= to; epoch += 1) {
      const leader = leaders?.get(epoch) ?? follower;
      if (leader === follower) return false;
    }
    return true;
  }
}

function endsOf(records: Uint8Array): LogEnd[] {
  const buf = bufferOf(records);
  const ends: LogEnd[] = [];
  for (let pos = 0; pos < buf.length; pos += sizeInBytes(buf, pos))
    ends.push({ offset: nextOffset(buf, pos), epoch: partitionLeaderEpoch(buf, pos) });
  return ends;
}

function textOf({ offset, epoch }: LogEnd): string {
  return `${offset} behind epoch ${epoch}`;
}
