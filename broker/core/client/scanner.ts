import { ApiKey } from '../protocol/apis.ts';
import { ErrorCode, errorName, isRetriable } from '../protocol/errors.ts';
import type { Crc32c } from '../base/checksum.ts';
import type { ApiResponses } from '../protocol/messages.ts';
import type { ReadRecord } from '../record/iterate.ts';
import type { CallOutcome } from './call.ts';
import { readFetched } from './fetched-records.ts';
import type { ClientEffect, ClientInput, ClientMachine, ClientOptions } from './machine.ts';
import { Metadata } from './metadata.ts';
import { Network } from './network.ts';

/** A record of a scan. */
export interface ScannedRecord extends ReadRecord {
  readonly topic: string;
  readonly partition: number;
}

/** What a scanner is told. */
export type ScannerCommand = { readonly kind: 'close' };

/** What a scanner tells. */
export type ScannerEvent =
  /** Records of one partition, in the order of offsets. */
  | { readonly kind: 'records'; readonly records: readonly ScannedRecord[] }
  /** A partition was read up to the high watermark that the scan found. */
  | {
      readonly kind: 'partition-end';
      readonly topic: string;
      readonly partition: number;
      readonly startOffset: number;
      readonly endOffset: number;
    }
  | { readonly kind: 'trouble'; readonly code: number; readonly reason: string }
  | { readonly kind: 'fatal'; readonly code: number; readonly reason: string }
  /** Every partition is read. */
  | { readonly kind: 'done' };

/** What a scanner is made with. */
export interface ScannerOptions extends ClientOptions {
  readonly topics: readonly string[];
  /** 0 read_uncommitted, 1 read_committed. */
  readonly isolationLevel: 0 | 1;
  readonly maxWaitMs: number;
  readonly crc32c: Crc32c;
}

interface Position {
  readonly topic: string;
  readonly partition: number;
  offset: number;
  start: number;
  /** High watermark at the beginning, −1 before it is known: the scan ends there. */
  end: number;
  state: 'offsets' | 'fetch' | 'busy' | 'done';
}

type PartitionAnswer = ApiResponses[typeof ApiKey.Fetch]['responses'][number]['partitions'][number];

const EARLIEST = -2;
const LATEST = -1;
const BYTES_MAX = 16 << 20;
const PARTITION_BYTES_MAX = 4 << 20;

/** Reads whole topics once, from their first record to the high watermark at the beginning: for checkers and tools. */
export class Scanner implements ClientMachine<ScannerCommand, ScannerEvent> {
  readonly #options: ScannerOptions;
  readonly #network: Network;
  readonly #metadata: Metadata;
  #positions: Position[] = [];
  #state: 'new' | 'finding' | 'running' | 'done' = 'new';
  #refreshing = false;
  #attempt = 0;
  #out: (ClientEffect | ScannerEvent)[] = [];

  constructor(options: ScannerOptions) {
    this.#options = options;
    this.#network = new Network(options);
    this.#metadata = new Metadata(this.#network, false);
  }

  step(input: ClientInput | ScannerCommand, nowMs: number, out: (ClientEffect | ScannerEvent)[]): void {
    this.#out = out;
    if (this.#state === 'done') return;
    this.#network.begin(nowMs, out);
    if (input.kind === 'close') {
      this.#finish();
      return;
    }
    this.#network.take(input);
    this.#pump();
  }

  nextWakeMs(): number {
    return this.#state === 'done' ? Number.POSITIVE_INFINITY : this.#network.nextWakeMs();
  }

  describe(): string {
    const left = this.#positions.filter((one) => one.state !== 'done').length;
    return `scan ${this.#state} ${left} of ${this.#positions.length} partitions left`;
  }

  #pump(): void {
    if (this.#state === 'new') this.#find();
    if (this.#state !== 'running') return;
    const byLeader = new Map<number, Position[]>();
    for (const position of this.#positions) {
      if (position.state === 'done' || position.state === 'busy') continue;
      const leader = this.#metadata.topic(position.topic)?.partitions[position.partition]?.leader ?? -1;
      if (leader < 0) this.#refresh();
      else byLeader.set(leader, [...(byLeader.get(leader) ?? []), position]);
    }
    for (const [leader, positions] of byLeader) {
      const unknown = positions.filter((one) => one.state === 'offsets');
      if (unknown.length > 0) this.#askOffsets(leader, unknown, EARLIEST);
      const known = positions.filter((one) => one.state === 'fetch');
      if (known.length > 0) this.#fetch(leader, known);
    }
    if (this.#positions.every((one) => one.state === 'done')) {
      this.#out.push({ kind: 'done' });
      this.#finish();
    }
  }

  #find(): void {
    this.#state = 'finding';
    this.#metadata.refresh(this.#options.topics, ({ code, reason, failed }) => {
      const [first] = failed;
      if (code === ErrorCode.NONE && first === undefined) {
        this.#positions = this.#options.topics.flatMap((topic) =>
          (this.#metadata.topic(topic)?.partitions ?? []).map((_, partition) => ({
            topic,
            partition,
            offset: -1,
            start: -1,
            end: -1,
            state: 'offsets' as const,
          })),
        );
        this.#state = 'running';
        this.#pump();
        return;
      }
      const failure =
        first === undefined
          ? { code, reason }
          : { code: first[1], reason: `topic ${first[0]}: ${errorName(first[1])}` };
      this.#trouble(failure.code, failure.reason);
      this.#later(() => {
        this.#state = 'new';
        this.#pump();
      });
    });
  }

  #askOffsets(leader: number, positions: readonly Position[], timestamp: number): void {
    for (const one of positions) one.state = 'busy';
    this.#network.call(leader, {
      key: ApiKey.ListOffsets,
      body: (version) => ({
        replicaId: -1,
        ...(version >= 2 ? { isolationLevel: this.#options.isolationLevel } : {}),
        topics: positions.map(({ topic, partition }) => ({
          name: topic,
          partitions: [{ partitionIndex: partition, timestamp }],
        })),
      }),
      done: (outcome) => {
        for (const position of positions) this.#takeOffset(position, timestamp, outcome);
        if (outcome.ok && timestamp === EARLIEST) {
          const rest = positions.filter((one) => one.start >= 0 && one.end < 0);
          if (rest.length > 0) this.#askOffsets(leader, rest, LATEST);
        }
        this.#pump();
      },
    });
  }

  #takeOffset(position: Position, timestamp: number, outcome: CallOutcome<typeof ApiKey.ListOffsets>): void {
    position.state = 'offsets';
    if (!outcome.ok) {
      this.#failed(position, outcome.code, outcome.reason);
      return;
    }
    const topics = outcome.body.topics.filter((topic) => topic.name === position.topic);
    const answer = topics.flatMap((topic) => topic.partitions).find((one) => one.partitionIndex === position.partition);
    if (answer === undefined || answer.errorCode !== ErrorCode.NONE) {
      const code = answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
      this.#failed(position, code, errorName(code));
    } else if (timestamp === EARLIEST) {
      position.start = answer.offset;
      position.offset = Math.max(position.offset, answer.offset);
      // Asked again, because records were deleted under it: the end is known already.
      if (position.end >= 0) this.#advance(position, position.offset);
      // The end is known when records were deleted under the scan: it stays, or there is nothing left to read.
      if (position.end >= 0) {
        position.end = Math.max(position.end, position.start);
        this.#advance(position, position.offset);
      }
    } else {
      position.end = answer.offset;
      this.#advance(position, position.offset);
    }
  }

  #fetch(leader: number, positions: readonly Position[]): void {
    for (const one of positions) one.state = 'busy';
    this.#network.call(leader, {
      key: ApiKey.Fetch,
      extraTimeMs: this.#options.maxWaitMs,
      body: (version) => ({
        maxWaitMs: this.#options.maxWaitMs,
        minBytes: 1,
        maxBytes: BYTES_MAX,
        isolationLevel: this.#options.isolationLevel,
        ...(version >= 7 ? { sessionId: 0, sessionEpoch: -1 } : {}),
        topics: positions.map(({ topic, partition, offset }) => ({
          topic,
          partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: PARTITION_BYTES_MAX }],
        })),
      }),
      done: (outcome) => {
        for (const position of positions) this.#fetched(position, outcome);
        this.#pump();
      },
    });
  }

  #fetched(position: Position, outcome: CallOutcome<typeof ApiKey.Fetch>): void {
    position.state = 'fetch';
    if (!outcome.ok || outcome.body.errorCode !== ErrorCode.NONE) {
      const failure = outcome.ok
        ? { code: outcome.body.errorCode, reason: errorName(outcome.body.errorCode) }
        : outcome;
      this.#failed(position, failure.code, failure.reason);
      return;
    }
    const topics = outcome.body.responses.filter((topic) => topic.topic === position.topic);
    const answer = topics.flatMap((topic) => topic.partitions).find((one) => one.partitionIndex === position.partition);
    if (answer === undefined || answer.errorCode !== ErrorCode.NONE) {
      const code = answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
      if (code === ErrorCode.OFFSET_OUT_OF_RANGE) position.state = 'offsets';
      this.#failed(position, code, errorName(code));
    } else this.#read(position, answer);
  }

  #read(position: Position, answer: PartitionAnswer): void {
    position.state = 'busy';
    readFetched(answer.records, this.#network, this.#options.crc32c, ({ records, nextOffset, problem }) => {
      const { topic, partition } = position;
      const wanted = records
        .filter((record) => record.offset >= position.offset && record.offset < position.end)
        .map((record) => ({ ...record, topic, partition }));
      if (wanted.length > 0) this.#out.push({ kind: 'records', records: wanted });
      if (problem !== '' && nextOffset < 0) {
        position.state = 'done';
        this.#out.push({
          kind: 'fatal',
          code: ErrorCode.CORRUPT_MESSAGE,
          reason: `${topic}-${partition} at ${position.offset}: ${problem}`,
        });
        return;
      }
      this.#attempt = 0;
      this.#advance(position, Math.max(position.offset, nextOffset));
    });
  }

  #advance(position: Position, offset: number): void {
    position.offset = offset;
    position.state = offset >= position.end ? 'done' : 'fetch';
    if (position.state !== 'done') return;
    const { topic, partition, start, end } = position;
    this.#out.push({ kind: 'partition-end', topic, partition, startOffset: start, endOffset: end });
  }

  #failed(position: Position, code: number, reason: string): void {
    const again = position.state;
    this.#trouble(code, `${position.topic}-${position.partition}: ${reason}`);
    if (this.#state === 'done') return;
    position.state = 'busy';
    this.#later(() => {
      position.state = again;
      this.#refresh();
      this.#pump();
    });
  }

  #trouble(code: number, reason: string): void {
    const hopeless =
      !isRetriable(code) && code !== ErrorCode.BROKER_NOT_AVAILABLE && code !== ErrorCode.OFFSET_OUT_OF_RANGE;
    this.#out.push({ kind: hopeless ? 'fatal' : 'trouble', code, reason });
    if (hopeless) this.#finish();
  }

  #refresh(): void {
    if (this.#refreshing) return;
    this.#refreshing = true;
    this.#metadata.refresh(this.#options.topics, () => {
      this.#refreshing = false;
      this.#pump();
    });
  }

  #later(run: () => void): void {
    const pause = this.#network.backoffMs(this.#attempt);
    this.#attempt = Math.min(16, this.#attempt + 1);
    this.#network.schedule.at(this.#network.nowMs + pause, () => {
      if (this.#state !== 'done') run();
    });
  }

  #finish(): void {
    this.#state = 'done';
    this.#network.close();
  }
}
