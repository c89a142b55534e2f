import type { RaftLog } from '../../core/raft/log.ts';
import type { Effect, Entry, HardState, LogIndex } from '../../core/raft/types.ts';

/** What Raft wants written of the log and its state. */
export type RaftWrite = Extract<Effect, { kind: 'write' }>;
/** A piece of a leader's snapshot that Raft wants kept. */
export type RaftSnapshotWrite = Extract<Effect, { kind: 'write-snapshot' }>;

/** Payload bytes, and writes, after which a round takes no further one. */
const ROUND_BYTES_MAX = 4 * 1024 * 1024;
const ROUND_WRITES_MAX = 4096;

/** Takes what one round may carry from the front of a queue. */
export function takeWrites(queue: (RaftWrite | RaftSnapshotWrite)[]): readonly RaftWrite[] {
  const writes: RaftWrite[] = [];
  let bytes = 0;
  for (const effect of queue) {
    if (effect.kind !== 'write') break;
    bytes += payloadBytes(effect);
    if (writes.length > 0 && (bytes > ROUND_BYTES_MAX || writes.length === ROUND_WRITES_MAX)) break;
    writes.push(effect);
  }
  queue.splice(0, writes.length);
  return writes;
}

/** Makes writes part of the log; gives the frame that does the same: entries from an index on, 0 when nothing changed. */
export function mergeWrites(
  log: RaftLog,
  writes: readonly RaftWrite[],
): { readonly fromIndex: LogIndex; readonly entries: Entry[] } {
  let fromIndex = 0;
  const entries: Entry[] = [];
  for (const write of writes) {
    if (write.truncateFrom !== undefined) {
      log.truncateFrom(write.truncateFrom);
      if (fromIndex === 0 || write.truncateFrom < fromIndex) fromIndex = write.truncateFrom;
      entries.length = write.truncateFrom - fromIndex;
    }
    if (write.entries === undefined) continue;
    if (fromIndex === 0) fromIndex = log.lastIndex + 1;
    log.append(write.entries, write.write);
    for (const entry of write.entries) entries.push(entry);
  }
  log.written(Number.POSITIVE_INFINITY);
  return { fromIndex, entries };
}

/** The hard state after these writes; undefined when none of them names one. */
export function lastHardState(writes: readonly RaftWrite[]): HardState | undefined {
  return writes.findLast(({ hardState }) => hardState !== undefined)?.hardState;
}

/** Bytes of the payloads that a write appends. */
export function payloadBytes({ entries }: RaftWrite): number {
  let bytes = 0;
  for (const { body } of entries ?? []) if (body.kind === 'batch') bytes += body.payload.length;
  return bytes;
}
