import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import { openText, otherVersion, sealText } from './sealed-text.ts';

/** One log that the node has. */
export interface ManifestEntry {
  readonly topic: string;
  /** 22 characters of base64url. */
  readonly topicId: string;
  readonly partition: number;
  /** Found bad below its durable mark (D7) and kept aside until somebody accepts the loss. */
  readonly damaged: boolean;
}

/** Largest manifest that is read, bytes. */
export const MANIFEST_SIZE_MAX = 300_000_000;

const HEAD = 'weir-logs-manifest 1';
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const TOPIC_ID = /^[a-zA-Z0-9_-]{22}$/;

/**
 * Text of `logs.manifest`, version 1: a head line, `topicId partition state topic` per log, and the CRC-32C of all
 * that precedes it. A log exists if and only if it is listed (D9).
 */
export function encodeManifest(entries: readonly ManifestEntry[], crc32c: Crc32c): Buffer {
  const lines = entries.map(
    (entry) => `${entry.topicId} ${entry.partition} ${entry.damaged ? 'damaged' : 'live'} ${entry.topic}`,
  );
  return sealText([HEAD, ...lines], crc32c);
}

/** Reads the manifest; null when its version is unknown, its CRC is wrong or a line is malformed. */
export function decodeManifest(bytes: Uint8Array, crc32c: Crc32c): readonly ManifestEntry[] | null {
  const lines = openText(bytes, HEAD, crc32c);
  if (lines === null) return null;
  const entries = lines.map(decodeEntry);
  return entries.every((entry) => entry !== null) ? entries : null;
}

/** The version of a manifest that `decodeManifest` did not read because it is of another release; null otherwise. */
export function otherManifestVersion(bytes: Uint8Array, crc32c: Crc32c): string | null {
  return otherVersion(bytes, HEAD, crc32c);
}

function decodeEntry(line: string): ManifestEntry | null {
  const [topicId = '', partition = '', state = '', topic = '', ...rest] = line.split(' ');
  if (rest.length > 0 || !TOPIC_ID.test(topicId) || !/^\d{1,9}$/.test(partition) || !TOPIC.test(topic)) return null;
  if (state !== 'live' && state !== 'damaged') return null;
  return { topic, topicId, partition: Number(partition), damaged: state === 'damaged' };
}
