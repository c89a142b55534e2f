import { Buffer } from 'node:buffer';
import { EpochCache } from '../../../broker/core/log/epoch-cache.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';
import * as batch from '../../../broker/core/record/batch.ts';
import { buildBatch } from '../../../broker/core/record/builder.ts';
import {
  type FetchedPartition,
  type FetchPosition,
  type FollowerLog,
  FollowerReplica,
  type FollowerStep,
} from '../../../broker/core/replica/follower.ts';
import type { Durability } from '../../../broker/core/replica/leader.ts';
import { NO_REPLICA_BUGS, type ReplicaBugs } from '../../../broker/core/replica/planted-bugs.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';

/** A log as a script writes it: batches like `0..5@2`, records 0 to 4 of epoch 2. */
class ScriptedLog implements FollowerLog {
  readonly epochs = new EpochCache();
  logStartOffset = 0;
  logEndOffset = 0;
  writtenOffset = 0;
  durableOffset = 0;
  highWatermark = 0;

  get durableStartOffset(): number {
    return this.logStartOffset;
  }

  get latestEpoch(): number {
    return this.epochs.latestEpoch;
  }

  endOffsetForEpoch(epoch: number): { readonly leaderEpoch: number; readonly endOffset: number } {
    return this.epochs.endOffsetFor(epoch, this.logEndOffset);
  }

  append(buf: Buffer): void {
    for (let pos = 0; pos < buf.length; pos += batch.sizeInBytes(buf, pos)) {
      this.epochs.assign(batch.partitionLeaderEpoch(buf, pos), batch.baseOffset(buf, pos));
      this.logEndOffset = batch.nextOffset(buf, pos);
    }
  }

  sync(): void {
    this.writtenOffset = this.logEndOffset;
    this.durableOffset = this.logEndOffset;
  }

  cut(offset: number): void {
    this.epochs.truncateFromEnd(offset);
    this.logEndOffset = offset;
    this.highWatermark = Math.min(this.highWatermark, offset);
    this.sync();
  }

  restart(offset: number): void {
    this.epochs.truncateFromEnd(0);
    this.logStartOffset = offset;
    this.logEndOffset = offset;
    this.highWatermark = offset;
    this.sync();
  }
}

/**
 * Runs the commands of a script against one follower; gives the script with what it does after each command, and how it is then.
 *
 * `log BATCH... [start=N] [hw=N]` its log, synced · `follow EPOCH [fsync|replicated] [out]`, `out` of the ISR · `ask` · `answer [hw=N] [start=N] [BATCH...]`
 * to what was asked last, `!` behind a batch spoils it · `diverges EPOCH END` · `refuses ERROR` · `write` what was appended is in the page cache ·
 * `sync` it is durable · `cut` what is being cut is synced · `leader-starts N [epoch=E]` · `pause-over` · `disk STATE`.
 */
export class FollowerScript {
  readonly #out: string[] = [];
  readonly #bugs: ReplicaBugs;
  #log = new ScriptedLog();
  #follower: FollowerReplica | null = null;
  #asked: FetchPosition | null = null;
  #pending: (() => void) | null = null;

  constructor(bugs: ReplicaBugs = NO_REPLICA_BUGS) {
    this.#bugs = bugs;
  }

  run(text: string): string {
    for (const line of text.split('\n')) {
      if (line.startsWith('> ')) this.#command(line);
      else if (line.startsWith('#') || line === '') this.#out.push(line);
    }
    return this.#out.join('\n');
  }

  #command(line: string): void {
    const [name = '', ...words] = line.slice(2).split(' ');
    const plain = words.filter((word) => !word.includes('='));
    const option = (key: string, other: number): number =>
      Number(words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1) ?? other);
    this.#out.push(line);
    const log = this.#log;
    switch (name) {
      case 'log':
        this.#open(plain, option('start', 0), option('hw', 0));
        return;
      case 'follow':
        this.#follow(Number(plain[0]), plain.includes('replicated') ? 'replicated' : 'fsync', !plain.includes('out'));
        break;
      case 'ask':
        this.#ask();
        return;
      case 'answer':
        this.#answer({ records: batches(plain), highWatermark: option('hw', 0), logStartOffset: option('start', 0) });
        break;
      case 'diverges':
        this.#answer({ divergingEpoch: { epoch: Number(plain[0]), endOffset: Number(plain[1]) } });
        break;
      case 'refuses':
        this.#answer({ errorCode: ErrorCode[plain[0] as keyof typeof ErrorCode] });
        break;
      case 'write':
        log.writtenOffset = log.logEndOffset;
        break;
      case 'sync':
        log.sync();
        break;
      case 'cut':
        this.#following.onTruncated();
        this.#pending?.();
        this.#pending = null;
        break;
      case 'leader-starts':
        this.#run(this.#following.onLeaderStart(log, option('epoch', this.#following.leaderEpoch), Number(plain[0])));
        break;
      case 'pause-over':
        this.#following.onPauseOver();
        break;
      case 'disk':
        this.#following.onLog(plain[0] as 'open' | 'read-only' | 'damaged');
        break;
      default:
        throw new Error(`no command ${name}`);
    }
    this.#out.push(`  ${this.#following.describe(log)}`);
  }

  get #following(): FollowerReplica {
    if (this.#follower === null) throw new Error('the script does not follow');
    return this.#follower;
  }

  #open(written: readonly string[], start: number, watermark: number): void {
    this.#log = new ScriptedLog();
    this.#log.restart(start);
    const buf = batches(written);
    if (buf !== null) this.#log.append(buf);
    this.#log.sync();
    this.#log.highWatermark = watermark;
    this.#follower = null;
  }

  #follow(leaderEpoch: number, durability: Durability, isCandidate: boolean): void {
    const pauseMaxMs = (): number => 1000;
    if (this.#follower === null)
      this.#follower = new FollowerReplica({
        ...{ leaderEpoch, durability, isCandidate },
        crc32c,
        pauseMaxMs,
        bugs: this.#bugs,
      });
    else this.#follower.follow(leaderEpoch, durability, isCandidate);
  }

  #ask(): void {
    this.#asked = this.#following.position(this.#log);
    if (this.#asked === null) {
      this.#out.push('  nothing is asked');
      return;
    }
    const { fetchOffset, lastFetchedEpoch, currentLeaderEpoch } = this.#asked;
    this.#out.push(
      `  asks from ${fetchOffset}, last epoch ${lastFetchedEpoch}, of the leader of ${currentLeaderEpoch}`,
    );
  }

  #answer(told: Partial<FetchedPartition>): void {
    if (this.#asked === null) throw new Error('the script asks nothing');
    const none = {
      errorCode: 0,
      highWatermark: -1,
      logStartOffset: -1,
      divergingEpoch: { epoch: -1, endOffset: -1 },
      records: null,
    };
    this.#run(this.#following.onAnswer(this.#log, this.#asked, { ...none, ...told }));
  }

  #run(steps: readonly FollowerStep[]): void {
    for (const [at, step] of steps.entries()) {
      this.#out.push(`  ${describe(step)}`);
      this.#do(step, () => this.#run(steps.slice(at + 1)));
      if (step.kind === 'restart') return;
    }
  }

  /** `then` runs behind what is not done at once. */
  #do(step: FollowerStep, then: () => void): void {
    const log = this.#log;
    switch (step.kind) {
      case 'append':
        log.append(step.records);
        break;
      case 'watermark':
        log.highWatermark = step.offset;
        break;
      case 'log-start':
        log.logStartOffset = step.offset;
        log.epochs.truncateFromStart(step.offset);
        break;
      case 'truncate':
        log.logEndOffset = step.offset;
        this.#pending = () => log.cut(step.offset);
        break;
      case 'restart':
        this.#pending = () => {
          log.restart(step.offset);
          if (step.records !== null) log.append(step.records);
          then();
        };
        break;
      default:
    }
  }
}

/** Batches as they are written in a script; null without any. */
function batches(words: readonly string[]): Buffer | null {
  if (words.length === 0) return null;
  return Buffer.concat(words.map(oneBatch));
}

function oneBatch(word: string): Buffer {
  const [, base, end, epoch, spoiled] = /^(\d+)\.\.(\d+)@(\d+)(!?)$/.exec(word) ?? [];
  if (epoch === undefined) throw new Error(`no batch: ${word}`);
  const count = Number(end) - Number(base);
  const records = Array.from({ length: count }, () => ({ key: null, value: Buffer.from('x') }));
  const buf = buildBatch(records, { baseOffset: Number(base), leaderEpoch: Number(epoch), timestamp: 1 }, crc32c);
  if (spoiled === '!') buf.writeUInt8(buf.readUInt8(buf.length - 1) ^ 1, buf.length - 1);
  return buf;
}

function describe(step: FollowerStep): string {
  switch (step.kind) {
    case 'append':
      return `append ${step.records.length} bytes${step.gapEnd === -1 ? '' : `, gaps up to ${step.gapEnd}`}`;
    case 'restart':
      return `restart at ${step.offset}${step.records === null ? '' : ` with ${step.records.length} bytes`}`;
    case 'pause':
      return `pause ${step.pauseMs}${step.warning === '' ? '' : `: ${step.warning}`}`;
    case 'watermark':
    case 'log-start':
    case 'truncate':
      return `${step.kind} ${step.offset}`;
    default:
      return step.kind;
  }
}
