import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TRY_NEWER_RELEASE } from '../../../broker/core/base/format.ts';
import type { Formation } from '../../core/observed.ts';
import { codeOf, OperatorError } from '../../ports/operator-error.ts';

const FORMAT_VERSION = 1;

/** The formation record of a cluster in its directory (V11, O3): made once, marked used after the first start. */
export class FormationFile {
  readonly #path: string;

  constructor(clusterDirectory: string) {
    this.#path = join(clusterDirectory, 'cluster.json');
  }

  /** null: the cluster was never formed here. A file that cannot be read is an `OperatorError`. */
  read(): (Formation & { readonly formed: boolean }) | null {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
    const parsed = parse(text);
    if (typeof parsed === 'number') {
      throw new OperatorError(
        'FORMATION_NEWER',
        `${this.#path} has version ${parsed}, which is not known to this release; ${TRY_NEWER_RELEASE}`,
        { fatal: true },
      );
    }
    if (parsed === null) {
      throw new OperatorError(
        'FORMATION_DAMAGED',
        `${this.#path} is damaged; it holds the cluster's identity and has to be restored`,
        { fatal: true },
      );
    }
    return parsed;
  }

  /** Makes the record with a new cluster id, durably, before any node can write under it. */
  create(initialVoters: readonly number[]): Formation {
    const formation = { clusterId: newClusterId(), initialVoters: [...initialVoters], formed: false };
    mkdirSync(dirname(this.#path), { recursive: true });
    this.#write(formation);
    return formation;
  }

  /** Marks the record used: from now on an empty disk is a lost disk, not a new one. */
  markFormed(): void {
    const record = this.read();
    if (record !== null && !record.formed) this.#write({ ...record, formed: true });
  }

  #write(record: Formation & { readonly formed: boolean }): void {
    const fresh = `${this.#path}.new`;
    const file = openSync(fresh, 'w');
    const sealed = { version: FORMAT_VERSION, ...record };
    writeSync(file, `${JSON.stringify({ ...sealed, checksum: checksumOf(sealed) })}\n`);
    fsyncSync(file);
    closeSync(file);
    renameSync(fresh, this.#path);
    const directory = openSync(dirname(this.#path), 'r');
    fsyncSync(directory);
    closeSync(directory);
  }
}

/** The record, the number of a version that is not known but sound, or null for what nobody wrote. */
function parse(text: string): (Formation & { readonly formed: boolean }) | number | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const { version, clusterId, initialVoters, formed, checksum } = value as Readonly<Record<string, unknown>>;
    if (typeof version !== 'number' || typeof clusterId !== 'string' || typeof formed !== 'boolean') return null;
    if (!Array.isArray(initialVoters) || !initialVoters.every((id): id is number => Number.isSafeInteger(id)))
      return null;
    // Records of an earlier release have no checksum.
    const record = { clusterId, initialVoters, formed };
    const isSealed = checksum === checksumOf({ version, ...record });
    if (version !== FORMAT_VERSION) return isSealed ? version : null;
    return checksum === undefined || isSealed ? record : null;
  } catch {
    return null;
  }
}

/** First 16 hex digits of the SHA-256 of the record's fields: a changed character must not make another cluster of it. */
function checksumOf(record: Formation & { readonly version: number; readonly formed: boolean }): string {
  const { version, clusterId, initialVoters, formed } = record;
  const text = JSON.stringify([version, clusterId, initialVoters, formed]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** 16 random bytes in base64url that do not begin with '-', which command lines would take for a flag (as in Kafka). */
function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}
