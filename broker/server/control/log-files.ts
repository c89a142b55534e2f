/** A segment of the metadata log: frames from `firstIndex` on. */
export interface SegmentFile {
  readonly name: string;
  readonly firstIndex: number;
}

/** What a directory of the metadata log holds. */
export interface LogFiles {
  /** In order of their first index. */
  readonly segments: readonly SegmentFile[];
  /** Ascending. */
  readonly snapshotIndexes: readonly number[];
  /** Left over from a snapshot that was not finished. */
  readonly unfinished: readonly string[];
}

/** Name of the directory inside the data directory. */
export const METADATA_DIRECTORY = '__cluster_metadata-0';

const DIGITS = 20;
const SEGMENT = /^([0-9]{20})\.frames$/;
const SNAPSHOT = /^([0-9]{20})\.snapshot$/;

/** File name of the segment that begins with an index. */
export function segmentName(firstIndex: number): string {
  return `${String(firstIndex).padStart(DIGITS, '0')}.frames`;
}

/** File name of the snapshot at an index. */
export function snapshotName(index: number): string {
  return `${String(index).padStart(DIGITS, '0')}.snapshot`;
}

/** Sorts out the entries of the log's directory; foreign names are ignored. */
export function readLogFiles(names: readonly string[]): LogFiles {
  const segments: SegmentFile[] = [];
  const snapshotIndexes: number[] = [];
  const unfinished: string[] = [];
  for (const name of names) {
    const segment = SEGMENT.exec(name);
    const snapshot = SNAPSHOT.exec(name);
    if (segment !== null) segments.push({ name, firstIndex: Number(segment[1]) });
    else if (snapshot !== null) snapshotIndexes.push(Number(snapshot[1]));
    else if (name.endsWith('.tmp')) unfinished.push(name);
  }
  segments.sort((a, b) => a.firstIndex - b.firstIndex);
  snapshotIndexes.sort((a, b) => a - b);
  return { segments, snapshotIndexes, unfinished };
}

/** The segments whose entries all have indexes up to `index`; the last segment is never among them. */
export function segmentsUpTo(segments: readonly SegmentFile[], index: number): readonly SegmentFile[] {
  return segments.filter((_, position) => {
    const next = segments[position + 1];
    return next !== undefined && next.firstIndex <= index + 1;
  });
}
