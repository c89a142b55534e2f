import { readFileSync } from 'node:fs';

/** How the descriptors of the process are shared out. */
export interface DescriptorPlan {
  /** What the system allows the process. */
  readonly limit: number;
  /** Segment and index files open at once, at most. */
  readonly files: number;
  /** Client connections at once, at most. */
  readonly connections: number;
}

/** Runtime, listeners, both threads' own files, small files of upkeep and cold paths: all bounded elsewhere. */
const RESERVED = 128;
const FILES_MAX = 4096;
const FILES_MIN = 32;
/** What is assumed where the limit can't be read: what systems give at least. */
const LIMIT_ASSUMED = 1024;

/**
 * The open files that the system allows this process, from `/proc/self/limits`; a careful guess elsewhere. Read once at
 * the start, before anything is served.
 */
export function readDescriptorLimit(path = '/proc/self/limits'): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync(path, 'utf8'))?.[1];
    if (soft === undefined) return LIMIT_ASSUMED;
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft);
  } catch {
    return LIMIT_ASSUMED;
  }
}

/** Half of what is free goes to files, as far as they gain from it, the rest to connections: neither starves the other. */
export function planDescriptors(limit: number): DescriptorPlan {
  const free = Math.max(0, limit - RESERVED);
  const files = Math.max(FILES_MIN, Math.min(FILES_MAX, Math.floor(free / 2)));
  return { limit, files, connections: Math.max(1, free - files) };
}
