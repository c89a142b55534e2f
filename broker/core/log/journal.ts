import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import { TRY_NEWER_RELEASE } from '../base/format.ts';
import { readInt64, writeInt64 } from '../base/int64.ts';

/*
 * The journal (D10): a file of two halves, written in turn. Each half is a row of rounds, each round what one sync made
 * durable: bytes of segments, and logs whose earlier bytes are not to be written again. A half that is begun anew gets the
 * next generation.
 *
 *   round    head (60 bytes, then its CRC-32C) · entries · up to the next multiple of 4,096
 *   head     magic u32, version u32, session 2 × u32, generation u32, index u32, liveFrom u32, previousCount u32,
 *            entryCount u32, bodySize u32, CRC-32C of the body u32
 *   entry    kind u8, topic id (22 characters), partition i32, segment base i64, end offset i64, position u32, size u32, bytes
 */

/** Rounds begin at multiples of this, so that a torn round spoils nothing of the one before. Bytes. */
export const JOURNAL_BLOCK = 4096;
/** Largest round, bytes. */
export const ROUND_SIZE_MAX = 1024 * 1024;
/** Behind a round that is not what was written the next one begins within this, if there is one. Bytes. */
const NEXT_WITHIN = ROUND_SIZE_MAX + JOURNAL_BLOCK;
/** Bytes of a round's head. */
export const ROUND_HEAD_SIZE = 64;
/** Bytes of an entry beside those that it carries. */
export const ENTRY_HEAD_SIZE = 52;

const MAGIC = 0x574a_4e4c;
const VERSION = 1;
const HEAD_CRC = 60;
const TOPIC_ID_SIZE = 22;
const KIND_WRITE = 1;
const KIND_FORGET = 2;

/** Which log an entry belongs to. */
export interface JournalLog {
  /** 22 characters of base64url. */
  readonly topicId: string;
  readonly partition: number;
}

/** Bytes of a segment. */
export interface JournalWrite {
  readonly kind: 'write';
  readonly log: JournalLog;
  /** Base offset of the segment. */
  readonly segmentBase: number;
  /** Offset after the last record in the bytes. */
  readonly endOffset: number;
  /** Where they lie in the segment's file, bytes. */
  readonly position: number;
  readonly chunks: readonly Uint8Array[];
  /** Of all chunks. */
  readonly sizeInBytes: number;
}

/** Nothing of the log that stands before this is to be written again. */
export interface JournalForget {
  readonly kind: 'forget';
  readonly log: JournalLog;
}

/** What a round is made of. */
export type JournalEntry = JournalWrite | JournalForget;

/** What a round says of itself. */
export interface RoundHead {
  /** Drawn anew for each journal: what clients send can't look like a round. */
  readonly session: readonly [number, number];
  /** Rises by one whenever the other half is begun. */
  readonly generation: number;
  /** Place among the rounds of its generation, from 0. */
  readonly index: number;
  /** Oldest generation that was still needed when the round was written; older ones are not to be read. */
  readonly liveFrom: number;
  /** Rounds of the generation before. */
  readonly previousCount: number;
}

/** Bytes that an entry takes in a round. */
export function entrySize(entry: JournalEntry): number {
  return ENTRY_HEAD_SIZE + (entry.kind === 'write' ? entry.sizeInBytes : 0);
}

/** Bytes that a round of so many bytes of entries takes in the file. */
export function roundSize(bodySize: number): number {
  return Math.ceil((ROUND_HEAD_SIZE + bodySize) / JOURNAL_BLOCK) * JOURNAL_BLOCK;
}

/** Writes a round to the front of `target` and gives its bytes, a multiple of `JOURNAL_BLOCK`. */
export function encodeRound(target: Buffer, head: RoundHead, entries: readonly JournalEntry[], crc32c: Crc32c): Buffer {
  let end = ROUND_HEAD_SIZE;
  for (const entry of entries) end = writeEntry(target, end, entry);
  const size = roundSize(end - ROUND_HEAD_SIZE);
  target.fill(0, end, size);
  target.fill(0, 0, ROUND_HEAD_SIZE);
  const fields = [
    MAGIC,
    VERSION,
    ...head.session,
    head.generation,
    head.index,
    head.liveFrom,
    head.previousCount,
    entries.length,
    end - ROUND_HEAD_SIZE,
    crc32c(target, ROUND_HEAD_SIZE, end),
  ];
  for (const [i, field] of fields.entries()) target.writeUInt32BE(field, i * 4);
  target.writeUInt32BE(crc32c(target, 0, HEAD_CRC), HEAD_CRC);
  return target.subarray(0, size);
}

function writeEntry(target: Buffer, pos: number, entry: JournalEntry): number {
  const isWrite = entry.kind === 'write';
  target[pos] = isWrite ? KIND_WRITE : KIND_FORGET;
  target.write(entry.log.topicId, pos + 1, TOPIC_ID_SIZE, 'latin1');
  target[pos + 23] = 0;
  target.writeInt32BE(entry.log.partition, pos + 24);
  writeInt64(target, pos + 28, isWrite ? entry.segmentBase : 0);
  writeInt64(target, pos + 36, isWrite ? entry.endOffset : 0);
  target.writeUInt32BE(isWrite ? entry.position : 0, pos + 44);
  target.writeUInt32BE(isWrite ? entry.sizeInBytes : 0, pos + 48);
  let end = pos + ENTRY_HEAD_SIZE;
  if (!isWrite) return end;
  for (const chunk of entry.chunks) {
    target.set(chunk, end);
    end += chunk.length;
  }
  return end;
}

/** Bytes of one segment that a start writes again, in the order in which they were written. */
export interface SegmentReplay {
  readonly log: JournalLog;
  readonly segmentBase: number;
  /** Runs without a gap; `position` is that of the first byte in the segment's file. */
  readonly runs: { readonly position: number; endPosition: number; readonly chunks: Uint8Array[] }[];
}

/** What a start finds in the journal. */
export interface JournalReading {
  /** Why it can't be believed; null when it can. */
  readonly problem: string | null;
  readonly segments: readonly SegmentReplay[];
}

interface Round {
  readonly head: RoundHead;
  /** Body, bytes of the file. */
  readonly start: number;
  readonly entryCount: number;
}

interface Half {
  readonly rounds: readonly Round[];
  /** Generations of rounds behind the first that is not what was written. */
  readonly later: readonly number[];
}

/**
 * Reads the journal, whose halves are of equal size. A round that is not what was written is torn when nothing of its
 * generation follows: nobody was told of it, for the next one is written only after the sync of the one before. Else it is
 * a `problem`. `isWanted` tells of a write whether the segments may lack it.
 */
export function readJournal(
  file: Buffer,
  crc32c: Crc32c,
  isWanted: (write: Pick<JournalWrite, 'log' | 'endOffset'>) => boolean,
): JournalReading {
  // A start that was cut off while it made the file leaves a part of it, with nothing in it.
  if (file.length % (2 * JOURNAL_BLOCK) !== 0) {
    const isBegun = file.length >= JOURNAL_BLOCK && versionAt(file, 0, crc32c) !== null;
    return { problem: isBegun ? `its size of ${file.length} bytes is not what was written` : null, segments: [] };
  }
  const halves: Half[] = [];
  for (const bounds of journalHalves(file.length)) {
    const half = readHalf(file, bounds, crc32c);
    if (typeof half === 'string') return { problem: half, segments: [] };
    halves.push(half);
  }
  const live = judgeHalves(halves);
  if (typeof live === 'string') return { problem: live, segments: [] };
  return { problem: null, segments: replayOf(file, live, isWanted) };
}

/**
 * Up to where the half that begins at `start` has to be read, given what of it was read so far; the rest of `file` is zeros.
 * Bytes of the file.
 */
export function journalNeededEnd(file: Buffer, bounds: JournalBounds, crc32c: Crc32c): number {
  const walked = walkRounds(file, bounds, crc32c);
  return typeof walked === 'string' ? bounds.start : Math.min(bounds.end, walked.end + NEXT_WITHIN);
}

/** The two halves of a journal of so many bytes. */
export function journalHalves(sizeInBytes: number): readonly JournalBounds[] {
  const middle = sizeInBytes / 2;
  return [
    { start: 0, end: middle },
    { start: middle, end: sizeInBytes },
  ];
}

/** A half of the file, bytes. */
export interface JournalBounds {
  readonly start: number;
  readonly end: number;
}

/** The rounds from the front of a half up to the first that is not what was written, and where that begins. */
function walkRounds(
  file: Buffer,
  { start, end }: JournalBounds,
  crc32c: Crc32c,
): { readonly rounds: readonly Round[]; readonly end: number } | string {
  const rounds: Round[] = [];
  let pos = start;
  while (pos + JOURNAL_BLOCK <= end) {
    const version = versionAt(file, pos, crc32c);
    if (version !== null && version !== VERSION) return `its version ${version} is not known; ${TRY_NEWER_RELEASE}`;
    if (version === null) break;
    const head = headAt(file, pos);
    const bodySize = file.readUInt32BE(pos + 36);
    const bodyStart = pos + ROUND_HEAD_SIZE;
    const isNext = head.index === rounds.length && isSameRow(head, rounds[0]?.head ?? head);
    if (!isNext || pos + roundSize(bodySize) > end) break;
    if (file.readUInt32BE(pos + 40) !== crc32c(file, bodyStart, bodyStart + bodySize)) break;
    rounds.push({ head, start: bodyStart, entryCount: file.readUInt32BE(pos + 32) });
    pos += roundSize(bodySize);
  }
  return { rounds, end: pos };
}

function readHalf(file: Buffer, bounds: JournalBounds, crc32c: Crc32c): Half | string {
  const walked = walkRounds(file, bounds, crc32c);
  if (typeof walked === 'string') return walked;
  const { rounds, end: pos } = walked;
  const { end } = bounds;
  const session = rounds[0]?.head.session;
  const later: number[] = [];
  for (let at = pos + JOURNAL_BLOCK; at + JOURNAL_BLOCK <= Math.min(end, pos + NEXT_WITHIN); at += JOURNAL_BLOCK) {
    if (versionAt(file, at, crc32c) === null) continue;
    const head = headAt(file, at);
    if (session === undefined || isSameSession(head.session, session)) later.push(head.generation);
  }
  return { rounds, later };
}

/** The version of the round that begins at `pos`; null when there is none. */
function versionAt(file: Buffer, pos: number, crc32c: Crc32c): number | null {
  if (file.readUInt32BE(pos) !== MAGIC) return null;
  return file.readUInt32BE(pos + HEAD_CRC) === crc32c(file, pos, pos + HEAD_CRC) ? file.readUInt32BE(pos + 4) : null;
}

function headAt(file: Buffer, pos: number): RoundHead {
  return {
    session: [file.readUInt32BE(pos + 8), file.readUInt32BE(pos + 12)],
    generation: file.readUInt32BE(pos + 16),
    index: file.readUInt32BE(pos + 20),
    liveFrom: file.readUInt32BE(pos + 24),
    previousCount: file.readUInt32BE(pos + 28),
  };
}

function isSameSession(a: RoundHead['session'], b: RoundHead['session']): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function isSameRow(a: RoundHead, b: RoundHead): boolean {
  return a.generation === b.generation && isSameSession(a.session, b.session);
}

/** The rounds to be read, oldest first; or what is wrong. */
function judgeHalves(halves: readonly Half[]): readonly Round[] | string {
  const generationOf = (half: Half): number => half.rounds[0]?.head.generation ?? 0;
  const [newest, other] = halves.toSorted((a, b) => generationOf(b) - generationOf(a));
  const last = newest?.rounds.at(-1)?.head;
  if (newest === undefined || other === undefined || last === undefined) {
    return halves.every(({ later }) => later.length === 0) ? [] : 'its first round is not what was written';
  }
  if (halves.some(({ later }) => later.some((generation) => generation >= last.generation))) {
    return `a round of generation ${last.generation} or later is not what was written`;
  }
  if (last.liveFrom === last.generation) return newest.rounds;
  const isWhole = generationOf(other) === last.generation - 1 && other.rounds.length >= last.previousCount;
  if (!isWhole) return `a round of generation ${last.generation - 1} is not what was written`;
  return [...other.rounds, ...newest.rounds];
}

function replayOf(
  file: Buffer,
  rounds: readonly Round[],
  isWanted: (write: Pick<JournalWrite, 'log' | 'endOffset'>) => boolean,
): readonly SegmentReplay[] {
  /** Segments by log; a log that is forgotten begins anew. */
  const logs = new Map<string, Map<number, SegmentReplay>>();
  for (const { start, entryCount } of rounds) {
    let pos = start;
    for (let i = 0; i < entryCount; i++) {
      const log = {
        topicId: file.toString('latin1', pos + 1, pos + 1 + TOPIC_ID_SIZE),
        partition: file.readInt32BE(pos + 24),
      };
      const key = `${log.topicId}-${log.partition}`;
      const bytes = file.subarray(pos + ENTRY_HEAD_SIZE, pos + ENTRY_HEAD_SIZE + file.readUInt32BE(pos + 48));
      if (file[pos] === KIND_FORGET) logs.delete(key);
      else if (isWanted({ log, endOffset: readInt64(file, pos + 36) })) {
        const segments = logs.get(key) ?? new Map<number, SegmentReplay>();
        logs.set(key, segments);
        const segmentBase = readInt64(file, pos + 28);
        const segment = segments.get(segmentBase) ?? { log, segmentBase, runs: [] };
        segments.set(segmentBase, segment);
        addRun(segment, file.readUInt32BE(pos + 44), bytes);
      }
      pos += ENTRY_HEAD_SIZE + bytes.length;
    }
  }
  return [...logs.values()].flatMap((segments) => [...segments.values()]);
}

function addRun(segment: SegmentReplay, position: number, bytes: Uint8Array): void {
  const last = segment.runs.at(-1);
  if (last?.endPosition === position) {
    last.chunks.push(bytes);
    last.endPosition += bytes.length;
  } else segment.runs.push({ position, endPosition: position + bytes.length, chunks: [bytes] });
}
