import { assert } from '../../core/base/assert.ts';
import { segmentIndexAt } from '../../core/log/recovery.ts';
import type { Segment } from './segment.ts';

/** The segments of a log in order; the last is the active one. */
export class SegmentList {
  readonly #segments: Segment[];
  readonly #bases: number[];
  /** Raised whenever segments are replaced: what was found out about the old ones may mean nothing. */
  version = 0;

  constructor(segments: readonly Segment[]) {
    assert(segments.length > 0, 'a log has a segment');
    this.#segments = [...segments];
    this.#bases = segments.map((segment) => segment.baseOffset);
  }

  /** All, first to last; a view that the next change replaces. */
  get all(): readonly Segment[] {
    return this.#segments;
  }

  /** The one that is appended to. */
  get active(): Segment {
    const last = this.#segments.at(-1);
    assert(last !== undefined, 'a log has a segment');
    return last;
  }

  /** Bytes of all segments. */
  get sizeInBytes(): number {
    let sum = 0;
    for (const segment of this.#segments) sum += segment.sizeInBytes;
    return sum;
  }

  /** The segment that holds `offset`, or the last before it. */
  at(offset: number): Segment {
    return this.#segments[segmentIndexAt(this.#bases, offset)] ?? this.active;
  }

  /** The segment after the given one; null for the active one. */
  after(segment: Segment): Segment | null {
    const next = this.#segments[segmentIndexAt(this.#bases, segment.baseOffset) + 1];
    return next ?? null;
  }

  /** Adds the new active segment. */
  push(segment: Segment): void {
    this.#segments.push(segment);
    this.#bases.push(segment.baseOffset);
  }

  /** Puts one segment in the place of neighbours, the first of which begins where it does. The active one stays. */
  replace(group: readonly Segment[], segment: Segment): void {
    const at = this.#segments.indexOf(group[0] ?? segment);
    assert(at >= 0 && at + group.length < this.#segments.length, 'the active segment is not replaced');
    assert(segment.baseOffset === this.#bases[at], 'a segment keeps its base offset');
    this.version += 1;
    this.#segments.splice(at, group.length, segment);
    this.#bases.splice(at, group.length, segment.baseOffset);
  }

  /** Takes out the oldest `count`; one stays at least. */
  removeOldest(count: number): readonly Segment[] {
    assert(count < this.#segments.length, 'the active segment stays');
    this.#bases.splice(0, count);
    return this.#segments.splice(0, count);
  }
}
