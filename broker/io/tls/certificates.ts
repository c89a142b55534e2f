import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Log } from '../../ports/log.ts';

/** Files in PEM: this node's certificate with those between it and the root, its key, and the roots that are trusted. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** What the files hold, or what was handed over instead and stays as it is. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/** Who a certificate says its holder is: one node, or the operator. */
export type CertifiedName =
  | { readonly clusterId: string; readonly role: 'node'; readonly nodeId: number }
  | { readonly clusterId: string; readonly role: 'operator' };

/** What nodes and the operator speak to each other, in both directions. */
export const TLS_VERSION = { minVersion: 'TLSv1.3' } as const;

/** How often the files are looked at. */
const RELOAD_MS = 5000;

/** Names of a certificate: `weir://CLUSTER/node/ID`, `weir://CLUSTER/operator`. */
const NAME = /^URI:weir:\/\/([A-Za-z0-9_-]{1,64})\/(?:node\/(\d{1,10})|operator)$/;

/** Who the holder of a certificate is, by its one name of this form; null when it has none, or several. */
export function nameOf(subjectAltName: string | undefined): CertifiedName | null {
  const found = (subjectAltName ?? '').split(', ').flatMap((entry): CertifiedName[] => {
    const match = NAME.exec(entry);
    if (match === null) return [];
    const [, clusterId = '', id] = match;
    return [id === undefined ? { clusterId, role: 'operator' } : { clusterId, role: 'node', nodeId: Number(id) }];
  });
  const [only] = found;
  return found.length === 1 && only !== undefined ? only : null;
}

/**
 * The node's certificates, read again when their files change: a new one counts for connections that come from then on, and
 * for those that are made when one with the old does not come about.
 */
export class Certificates {
  readonly #log: Log;
  readonly #listeners = new Set<(material: TlsMaterial) => void>();
  #material: TlsMaterial;
  #context: SecureContext;

  /** Throws when the files can't be read or don't fit together: a node must not start without. */
  constructor(from: TlsFiles | TlsMaterial, log: Log, reloadMs = RELOAD_MS) {
    this.#log = log;
    this.#material =
      'certFile' in from
        ? { cert: readFileSync(from.certFile), key: readFileSync(from.keyFile), ca: readFileSync(from.caFile) }
        : from;
    this.#context = createSecureContext({ ...this.#material, ...TLS_VERSION });
    if ('certFile' in from) this.#schedule(from, reloadMs);
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  get context(): SecureContext {
    return this.#context;
  }

  /** Calls a listener with what the files hold after every change, until it is taken back. */
  onChange(listener: (material: TlsMaterial) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #schedule(files: TlsFiles, reloadMs: number): void {
    setTimeout(() => {
      this.#reload(files)
        .catch((error: unknown) => {
          // They are replaced one after the other: what doesn't fit together yet will the next time.
          this.#log.warn(
            { error: error instanceof Error ? error.message : String(error) },
            'certificates changed and could not be read; the old ones stay',
          );
        })
        .finally(() => this.#schedule(files, reloadMs));
    }, reloadMs).unref();
  }

  async #reload({ certFile, keyFile, caFile }: TlsFiles): Promise<void> {
    const [cert, key, ca] = await Promise.all([readFile(certFile), readFile(keyFile), readFile(caFile)]);
    const old = this.#material;
    if (cert.equals(old.cert) && key.equals(old.key) && ca.equals(old.ca)) return;
    const material = { cert, key, ca };
    this.#context = createSecureContext({ ...material, ...TLS_VERSION });
    this.#material = material;
    this.#log.info({ certFile }, 'certificates were read again');
    for (const listener of this.#listeners) listener(material);
  }
}
