import { readLogFiles, snapshotName } from './log-files.ts';
import { STATE_FILE } from './raft-state-file.ts';

/** A segment of the log: frames from `firstFrame` on. */
export interface SegmentName {
  readonly name: string;
  readonly firstFrame: number;
}

/** What a directory of the Raft log holds. */
export interface RaftFiles {
  readonly hasState: boolean;
  /** In order of their first frame. */
  readonly segments: readonly SegmentName[];
  /** Indexes, ascending. */
  readonly checkpoints: readonly number[];
  /** Files of release 0.1.0, from before there was Raft. */
  readonly legacy: readonly string[];
  /** Left over from something that was not finished. */
  readonly unfinished: readonly string[];
}

/** Where the pieces of a leader's snapshot gather. */
export const INCOMING_FILE = 'incoming.checkpoint.tmp';

const LEGACY_MARK = 'durable.mark';
const DIGITS = 20;
const SEGMENT = /^([0-9]{20})\.rounds$/;
const CHECKPOINT = /^([0-9]{20})\.checkpoint$/;

/** File name of the segment that begins with a frame. */
export function roundsName(firstFrame: number): string {
  return `${String(firstFrame).padStart(DIGITS, '0')}.rounds`;
}

/** File name of the checkpoint at an index. */
export function checkpointName(index: number): string {
  return `${String(index).padStart(DIGITS, '0')}.checkpoint`;
}

/** Sorts out the entries of the log's directory; foreign names are ignored. */
export function readRaftFiles(names: readonly string[]): RaftFiles {
  const segments: SegmentName[] = [];
  const checkpoints: number[] = [];
  for (const name of names) {
    const segment = SEGMENT.exec(name);
    const checkpoint = CHECKPOINT.exec(name);
    if (segment !== null) segments.push({ name, firstFrame: Number(segment[1]) });
    else if (checkpoint !== null) checkpoints.push(Number(checkpoint[1]));
  }
  segments.sort((a, b) => a.firstFrame - b.firstFrame);
  checkpoints.sort((a, b) => a - b);
  const old = readLogFiles(names);
  const legacy = [
    ...old.segments.map(({ name }) => name),
    ...old.snapshotIndexes.map(snapshotName),
    ...names.filter((name) => name === LEGACY_MARK),
  ];
  return {
    hasState: names.includes(STATE_FILE),
    segments,
    checkpoints,
    legacy,
    unfinished: names.filter((name) => name.endsWith('.tmp')),
  };
}
