import { getHeapStatistics, setFlagsFromString } from 'node:v8';

const MIB = 1024 * 1024;
/** Memory that may become garbage between two full collections, while the heap is small. */
const ROOM_BYTES = 32 * MIB;
/** The same of a large heap, in percent of it: what is collected must be worth going through the heap. */
const GROWTH_MIN_PERCENT = 25;
const LOOK_INTERVAL_MS = 1000;

/** How much may be allocated after a full collection until the next one begins, in percent of a heap that holds `usedBytes`. */
export function growthPercent(usedBytes: number): number {
  return Math.max(GROWTH_MIN_PERCENT, Math.round((100 * ROOM_BYTES) / Math.max(MIB, usedBytes)));
}

/**
 * Sees to it that V8 does not collect all the time. It counts the buffers of received frames and of reads against a
 * heap that holds little else, and by itself goes through all of it after each 10 MiB or so: half of the processor time of a
 * consumed byte. Its own limit is proportional to the heap, so the proportion follows the heap to keep the room.
 */
export function keepGarbageRoom(): void {
  let percent = 0;
  const look = (): void => {
    const next = growthPercent(getHeapStatistics().used_heap_size);
    if (next === percent) return;
    percent = next;
    setFlagsFromString(`--heap-growing-percent=${percent}`);
  };
  look();
  setInterval(look, LOOK_INTERVAL_MS).unref();
}
