import { X509Certificate } from 'node:crypto';

/** Certificates between that of a peer and a root, itself among them. */
const CHAIN_LENGTH_MAX = 8;

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates of a file in PEM; those that can't be read are left out, as TLS itself does. */
export function readRoots(pem: Buffer): readonly X509Certificate[] {
  return (pem.toString('latin1').match(PEM) ?? []).flatMap((text) => {
    try {
      return [new X509Certificate(text)];
    } catch {
      return [];
    }
  });
}

/** Until when a certificate counts, ms since 1970, and whether one of the roots stands behind it. */
interface Trust {
  readonly untilMs: number;
  readonly isRooted: boolean;
}

/**
 * How long what a peer has shown counts: until the first of its certificate, of those up to a root, and of that root ends. TLS
 * has judged it when the connection came about; this says for how long that judgement holds.
 */
export function trustOf(peer: X509Certificate, roots: readonly X509Certificate[]): Trust {
  let untilMs = Number.POSITIVE_INFINITY;
  let certificate: X509Certificate | undefined = peer;
  for (let length = 0; certificate !== undefined && length < CHAIN_LENGTH_MAX; length += 1) {
    const one: X509Certificate = certificate;
    untilMs = Math.min(untilMs, one.validToDate.getTime());
    const signers = roots.filter((root) => one.checkIssued(root) && one.verify(root.publicKey));
    if (signers.length > 0) {
      const rootMs = Math.max(...signers.map(({ validToDate }) => validToDate.getTime()));
      return { untilMs: Math.min(untilMs, rootMs), isRooted: true };
    }
    certificate = one.issuerCertificate;
  }
  return { untilMs, isRooted: false };
}
