import { createHash } from 'node:crypto';

/** A voter that a cluster began with: a node, and the disk that it is to have (V11). */
export interface FormationVoter {
  /** `node.id`. */
  readonly id: number;
  /** 22 characters of base64url. null in records of an earlier release, whose one voter made its own. */
  readonly directoryId: string | null;
}

/** A cluster's identity, fixed when it is formed (V11, O3). */
export interface Formation {
  /** 22 characters of unpadded base64url, as Kafka prints it. */
  readonly clusterId: string;
  /** The first voters, each id once, in order. */
  readonly initialVoters: readonly FormationVoter[];
  /** Something was committed: from now on an empty disk is a lost disk. Never false again. */
  readonly formed: boolean;
}

/** What the text of a formation record is: one, a sound one of a version that is not known here, or nothing anybody wrote. */
export type ParsedFormation =
  | { readonly kind: 'record'; readonly formation: Formation }
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'damaged' };

/** Version 1 named voters by id alone. */
const FORMAT_VERSION = 2;
/** 16 bytes: whatever else the last character says would be another text once it was written and read (D4 compares texts). */
const ID = /^[A-Za-z0-9_-]{21}[AQgw]$/;
const DAMAGED = { kind: 'damaged' } as const;

/** The record as a file holds it: one line of JSON. */
export function encodeFormation(formation: Formation): string {
  const initialVoters = formation.initialVoters.map(({ id, directoryId }) => ({ id, directoryId }));
  const sealed = { version: FORMAT_VERSION, clusterId: formation.clusterId, initialVoters, formed: formation.formed };
  return `${JSON.stringify({ ...sealed, checksum: checksumOf(sealed) })}\n`;
}

/** Reads a record back. Nothing is guessed: a character that was changed makes it damaged, not another cluster. */
export function parseFormation(text: string): ParsedFormation {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return DAMAGED;
  }
  if (typeof value !== 'object' || value === null) return DAMAGED;
  const { version, clusterId, initialVoters, formed, checksum } = value as Readonly<Record<string, unknown>>;
  if (typeof version !== 'number' || typeof clusterId !== 'string' || typeof formed !== 'boolean') return DAMAGED;
  const isSealed = checksum === checksumOf({ version, clusterId, initialVoters, formed });
  if (version !== 1 && version !== FORMAT_VERSION) return isSealed ? { kind: 'newer', version } : DAMAGED;
  // Before there were checksums, records of version 1 had none.
  if (!isSealed && !(version === 1 && checksum === undefined)) return DAMAGED;
  const voters = version === 1 ? parseIds(initialVoters) : parseVoters(initialVoters);
  return voters === null ? DAMAGED : { kind: 'record', formation: { clusterId, initialVoters: voters, formed } };
}

function parseIds(value: unknown): readonly FormationVoter[] | null {
  if (!Array.isArray(value)) return null;
  return parseVoters(value.map((id: unknown) => ({ id, directoryId: null })));
}

function parseVoters(value: unknown): readonly FormationVoter[] | null {
  if (!Array.isArray(value)) return null;
  const voters: FormationVoter[] = [];
  for (const voter of value) {
    const { id, directoryId } = (voter ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) return null;
    if (directoryId !== null && (typeof directoryId !== 'string' || !ID.test(directoryId))) return null;
    if (voters.some((other) => other.id === id)) return null;
    voters.push({ id, directoryId });
  }
  return voters.length === 0 ? null : voters;
}

/** First 16 hex digits of the SHA-256 of the record's fields: a changed character must not make another cluster of it. */
function checksumOf(record: {
  readonly version: number;
  readonly clusterId: string;
  readonly initialVoters: unknown;
  readonly formed: boolean;
}): string {
  const { version, clusterId, initialVoters, formed } = record;
  const text = JSON.stringify([version, clusterId, initialVoters, formed]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
