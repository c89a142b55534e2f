import type { X509Certificate } from 'node:crypto';
import type { CertificateState, HeldCertificate, Holder, Validity } from '../../../core/certificates.ts';
import type { KubernetesObject } from '../../../ports/kubernetes.ts';
import { textAt } from '../objects/fields.ts';
import { ANNOTATIONS, hashOf } from '../objects/names.ts';
import { isFor, isKeyOf, type Pair, readCertificate, type Subject } from './issuer.ts';

/** Key of the trusted authorities in every Secret of certificates. */
export const AUTHORITIES_KEY = 'ca.crt';

/** Somebody who is to have a certificate, and where it is. */
export interface Recipient extends Holder {
  readonly subject: Subject;
  readonly secret: 'nodes' | 'operator';
  /** Names of its files without their ending: `<stem>.crt` and `<stem>.key`. */
  readonly stem: string;
}

/** The Secrets of a cluster, as they are; null: there is none. */
export interface Secrets {
  readonly authorities: KubernetesObject | null;
  readonly nodes: KubernetesObject | null;
  readonly operator: KubernetesObject | null;
}

/** What the Secrets hold. */
export interface Found {
  readonly state: CertificateState;
  /** Authorities by id; an empty key where it is not there. */
  readonly authorities: ReadonlyMap<string, Pair>;
  /** What holders have, by name. */
  readonly pairs: ReadonlyMap<string, Pair>;
}

/** Name of an authority's key in its Secret. */
export function authorityKey(id: string): string {
  return `${id}.key`;
}

/** Since when nodes are given a set of authorities, as the annotation says it; of another set it says nothing. */
export function sinceText(authorities: string, ms: number): string {
  return `${hashOf(authorities, 16)} ${new Date(ms).toISOString()}`;
}

/** A text in a Secret, '' when there is none. */
export function dataIn(secret: KubernetesObject | null, key: string): string {
  return Buffer.from(textAt(secret, 'data', key) ?? '', 'base64').toString();
}

/** The certificates in a text, one after the other; what is none is left out. */
function certificatesIn(text: string): readonly X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => readCertificate(block) ?? []);
}

const validityOf = ({ validFromDate, validToDate }: X509Certificate): Validity => ({
  fromMs: validFromDate.getTime(),
  untilMs: validToDate.getTime(),
});
/** What tells an authority from others. */
export const idOf = ({ fingerprint256 }: X509Certificate): string =>
  fingerprint256.replaceAll(':', '').toLowerCase().slice(0, 32);
const isSignedBy = (one: X509Certificate, authority: X509Certificate): boolean =>
  one.checkIssued(authority) && one.verify(authority.publicKey);

/** Reads what there is. Nothing of it is believed: what is damaged or foreign is as if it were not there. */
export function readSecrets(secrets: Secrets, recipients: readonly Recipient[]): Found {
  const held = recipients.flatMap((recipient) => {
    const files = secrets[recipient.secret];
    const pair = { cert: dataIn(files, `${recipient.stem}.crt`), key: dataIn(files, `${recipient.stem}.key`) };
    const certificate = readCertificate(pair.cert);
    if (certificate === null) return [];
    const isFitting = isFor(certificate, recipient.subject) && isKeyOf(certificate, pair.key);
    return [{ name: recipient.name, certificate, pair, isFitting }];
  });
  const kept = certificatesIn(dataIn(secrets.authorities, AUTHORITIES_KEY));
  // Whoever lost them all: nodes go on trusting those that signed what they have, until they have heard of the next one.
  const left = certificatesIn(dataIn(secrets.nodes, AUTHORITIES_KEY));
  const authorities =
    kept.length > 0
      ? kept
      : left.filter((one) => held.some(({ certificate, isFitting }) => isFitting && isSignedBy(certificate, one)));
  const pairs = authorities.map((one) => {
    const key = dataIn(secrets.authorities, authorityKey(idOf(one)));
    return [idOf(one), { cert: one.toString(), key: isKeyOf(one, key) ? key : '' }] as const;
  });
  const signerOf = (one: X509Certificate): string | null => {
    const signer = authorities.find((authority) => isSignedBy(one, authority));
    return signer === undefined ? null : idOf(signer);
  };
  return {
    state: {
      authorities: authorities.map((one, age) => ({
        id: idOf(one),
        hasKey: pairs[age]?.[1].key !== '',
        ...validityOf(one),
      })),
      trustedSinceMs: trustedSince(secrets.nodes, pairs.map(([, { cert }]) => cert).join('')),
      held: new Map(
        held.map(({ name, certificate, isFitting }): readonly [string, HeldCertificate] => [
          name,
          { signer: signerOf(certificate), isFitting, ...validityOf(certificate) },
        ]),
      ),
    },
    authorities: new Map(pairs),
    pairs: new Map(held.map(({ name, pair }) => [name, pair])),
  };
}

/** Since when nodes are given these authorities, null when they are given others or nothing says when. */
function trustedSince(nodes: KubernetesObject | null, authorities: string): number | null {
  const text = nodes?.metadata.annotations?.[ANNOTATIONS.trustedSince] ?? '';
  const ms = Date.parse(text.slice(text.indexOf(' ') + 1));
  const isSo = dataIn(nodes, AUTHORITIES_KEY) === authorities && text === sinceText(authorities, ms || 0);
  return isSo ? ms : null;
}
