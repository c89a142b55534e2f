import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TRY_NEWER_RELEASE } from '../../../broker/core/base/format.ts';
import { encodeFormation, type Formation, parseFormation } from '../../../broker/core/config/formation.ts';
import { codeOf, OperatorError } from '../../ports/operator-error.ts';
import { newId } from '../new-id.ts';

/** The formation record of a cluster in its directory (V11, O3): made once, marked used after the first start. */
export class FormationFile {
  readonly path: string;

  constructor(clusterDirectory: string) {
    this.path = join(clusterDirectory, 'cluster.json');
  }

  /** null: the cluster was never formed here. A file that cannot be read is an `OperatorError`. */
  read(): Formation | null {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
    const parsed = parseFormation(text);
    if (parsed.kind === 'record') return parsed.formation;
    if (parsed.kind === 'newer') {
      throw new OperatorError(
        'FORMATION_NEWER',
        `${this.path} has version ${parsed.version}, which is not known to this release; ${TRY_NEWER_RELEASE}`,
        { fatal: true },
      );
    }
    throw new OperatorError(
      'FORMATION_DAMAGED',
      `${this.path} is damaged; it holds the cluster's identity and has to be restored`,
      { fatal: true },
    );
  }

  /** Makes the record with a new cluster id and a directory id for each voter, durably, before any node can write under it. */
  create(initialVoters: readonly number[]): Formation {
    const voters = initialVoters.map((id) => ({ id, directoryId: newId() }));
    const formation = { clusterId: newId(), initialVoters: voters, formed: false };
    mkdirSync(dirname(this.path), { recursive: true });
    this.#write(formation);
    return formation;
  }

  /** Marks the record used: from now on an empty disk is a lost disk, not a new one. */
  markFormed(): void {
    const record = this.read();
    if (record !== null && !record.formed) this.#write({ ...record, formed: true });
  }

  #write(record: Formation): void {
    const fresh = `${this.path}.new`;
    const file = openSync(fresh, 'w');
    writeSync(file, encodeFormation(record));
    fsyncSync(file);
    closeSync(file);
    renameSync(fresh, this.path);
    const directory = openSync(dirname(this.path), 'r');
    fsyncSync(directory);
    closeSync(directory);
  }
}
