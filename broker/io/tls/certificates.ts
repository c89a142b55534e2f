import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Log } from '../../ports/log.ts';
import { readRoots, trustOf } from './trust.ts';

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
/** The longest time between two looks at the clock: somebody may set it, and no timer can wait for longer than 24 days. */
const LOOK_MS = 3_600_000;

/** What time it is, ms since 1970, and the longest time between two looks at it. */
export interface Clock {
  readonly nowMs: () => number;
  readonly lookMs: number;
}

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
 * for those that are made when one with the old does not come about. Connections that are open are watched (`watch`).
 */
export class Certificates {
  readonly #log: Log;
  readonly #listeners = new Set<(material: TlsMaterial) => void>();
  readonly #clock: Clock;
  #material: TlsMaterial;
  #context: SecureContext;
  #roots: readonly X509Certificate[];

  /** Throws when the files can't be read or don't fit together: a node must not start without. */
  constructor(
    from: TlsFiles | TlsMaterial,
    log: Log,
    reloadMs = RELOAD_MS,
    clock: Clock = { nowMs: Date.now, lookMs: LOOK_MS },
  ) {
    this.#log = log;
    this.#clock = clock;
    this.#material =
      'certFile' in from
        ? { cert: readFileSync(from.certFile), key: readFileSync(from.keyFile), ca: readFileSync(from.caFile) }
        : from;
    this.#context = createSecureContext({ ...this.#material, ...TLS_VERSION });
    this.#roots = readRoots(this.#material.ca);
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

  /**
   * Calls `end` once, when what the peer of an open connection has shown counts no longer: it expires, or the authority behind it
   * is not trusted any more. `who` is what the log says of the peer. Returns what ends the watch.
   */
  watch(peer: X509Certificate, who: Readonly<Record<string, unknown>>, end: () => void): () => void {
    const wasRooted = trustOf(peer, this.#roots).isRooted;
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      clearTimeout(timer);
      const { untilMs, isRooted } = trustOf(peer, this.#roots);
      const leftMs = untilMs - this.#clock.nowMs();
      if (leftMs > 0 && (isRooted || !wasRooted)) {
        timer = setTimeout(look, Math.min(leftMs, this.#clock.lookMs)).unref();
        return;
      }
      stop();
      const reason =
        leftMs > 0
          ? 'the authority behind its certificate is not trusted any more'
          : `its certificate, or that of its authority, expired at ${new Date(untilMs).toISOString()}`;
      this.#log.info({ ...who, reason }, 'connection closed: its peer has to show another certificate');
      end();
    };
    const stop = (): void => {
      clearTimeout(timer);
      this.#listeners.delete(look);
    };
    this.#listeners.add(look);
    look();
    return stop;
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
    const roots = readRoots(ca);
    this.#context = createSecureContext({ ...material, ...TLS_VERSION });
    this.#roots = roots;
    this.#material = material;
    this.#log.info({ certFile }, 'certificates were read again');
    for (const listener of this.#listeners) listener(material);
  }
}

/** Breaks a connection when what its peer has shown counts no longer; `who` is what the log says of the peer besides its address. */
export function watchSocket(certificates: Certificates, socket: TLSSocket, who: { readonly node?: number } = {}): void {
  const peer = socket.getPeerX509Certificate();
  if (peer === undefined || socket.destroyed) return;
  const { remoteAddress: address } = socket;
  socket.once(
    'close',
    certificates.watch(peer, { address, ...who }, () => socket.destroy()),
  );
}
