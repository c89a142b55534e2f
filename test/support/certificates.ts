import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A certificate and its key, in PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** A root that issues certificates (X.509 v3, Ed25519), valid for a day. */
export interface Authority {
  /** The root's own certificate, in PEM. */
  readonly ca: string;
  /** A certificate that names its holder by these URIs, or names of machines. */
  issue(...uris: readonly string[]): Issued;
  /** One whose day is over. */
  issueExpired(...uris: readonly string[]): Issued;
}

const DAY_MS = 86_400_000;

/** One element of DER. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...size), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (...bytes: readonly number[]): Buffer => der(0x06, Uint8Array.from(bytes));
const time = (ms: number): Buffer =>
  der(0x18, Buffer.from(`${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`));
const nameOf = (text: string): Buffer => sequence(der(0x31, sequence(oid(0x55, 4, 3), der(0x0c, Buffer.from(text)))));
const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;

const ED25519 = sequence(oid(0x2b, 0x65, 0x70));
const BASIC_CONSTRAINTS = oid(0x55, 0x1d, 0x13);
const SUBJECT_ALT_NAME = oid(0x55, 0x1d, 0x11);

let serial = 1;

function certificate(holder: {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extension: Buffer;
  readonly nowMs?: number;
}): string {
  serial += 1;
  const now = holder.nowMs ?? Date.now();
  const body = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))),
    der(0x02, Uint8Array.of(1, serial >> 8, serial & 0xff)),
    ED25519,
    nameOf(holder.issuer),
    sequence(time(now - DAY_MS), time(now + DAY_MS)),
    nameOf(holder.subject),
    holder.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(holder.extension)),
  );
  const signature = der(0x03, Uint8Array.of(0), sign(null, body, holder.signer));
  return pem('CERTIFICATE', sequence(body, ED25519, signature));
}

/** Makes a root of its own. */
export function createAuthority(name: string): Authority {
  const root = generateKeyPairSync('ed25519');
  const isCa = sequence(
    BASIC_CONSTRAINTS,
    der(0x01, Uint8Array.of(0xff)),
    der(0x04, sequence(der(0x01, Uint8Array.of(0xff)))),
  );
  const ca = certificate({
    subject: name,
    issuer: name,
    publicKey: root.publicKey,
    signer: root.privateKey,
    extension: isCa,
  });
  const issue = (uris: readonly string[], nowMs: number): Issued => {
    const own = generateKeyPairSync('ed25519');
    const names = uris.map((uri) => der(uri.includes(':') ? 0x86 : 0x82, Buffer.from(uri)));
    const extension = sequence(SUBJECT_ALT_NAME, der(0x04, sequence(...names)));
    const keys = { publicKey: own.publicKey, signer: root.privateKey };
    const cert = certificate({ subject: 'holder', issuer: name, ...keys, extension, nowMs });
    return { cert, key: String(own.privateKey.export({ type: 'pkcs8', format: 'pem' })) };
  };
  return {
    ca,
    issue: (...uris) => issue(uris, Date.now()),
    issueExpired: (...uris) => issue(uris, Date.now() - 2 * DAY_MS),
  };
}
