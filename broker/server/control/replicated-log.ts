import type { LogEntry } from './frames.ts';

/**
 * The log that makes controllers agree. On one node it is a file; Raft takes its place without a change to the
 * controller. Entries are committed in the order of their indexes.
 */
export interface ReplicatedLog {
  /** Index of the last entry that was appended here, 0 before the first. */
  readonly lastIndex: number;
  /** Index up to which entries can't be lost any more. */
  readonly committedIndex: number;
  /** Appends one atomic batch and gives its index; it is durable once it is committed. */
  append(batch: { readonly baseOffset: number; readonly recordCount: number; readonly payload: Uint8Array }): number;
  /** Called with newly committed entries, in order. There is one listener. */
  onCommit(listener: (entries: readonly LogEntry[]) => void): void;
  /** Bytes appended and not committed yet: the caller keeps them within bounds. */
  readonly uncommittedBytes: number;
  /** Bytes appended since the last snapshot. */
  readonly bytesSinceSnapshot: number;
  /** Keeps the state at `index` (committed or not yet), so that entries up to it need not be kept. */
  snapshot(state: { readonly index: number; readonly offset: number; readonly payload: Uint8Array }): void;
  /** Ends after what was appended is durable. */
  close(done: () => void): void;
}
