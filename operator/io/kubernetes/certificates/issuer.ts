import { createPrivateKey, KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';

/** A certificate and its key, in PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Whom a certificate is for. */
export interface Subject {
  /** `weir://CLUSTER/node/ID` or `weir://CLUSTER/operator`: the name that nodes go by. */
  readonly uri: string;
  /** Names under which it is reached, without a dot at the end. */
  readonly dnsNames: readonly string[];
  /** How long the certificate holds, ms; never longer than that of its signer. */
  readonly lifeMs: number;
}

/** How long an authority holds, ms: three years. */
const AUTHORITY_LIFE_MS = 3 * 365 * 86_400_000;
/** A certificate holds from a little before it is made: clocks differ. */
const SKEW_MS = 300_000;
const KEYS = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { ...KEYS, hash: 'SHA-256' } as const;

/** The library takes half a second and 30 MB to load: only who signs needs it. */
const library = async () => (await import('./library.ts')).x509;

/** As Node.js writes them, which reads them as well. */
const pairOf = (der: ArrayBuffer, { privateKey }: webcrypto.CryptoKeyPair): Pair => ({
  cert: new X509Certificate(Buffer.from(der)).toString(),
  key: String(KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' })),
});
const makeKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(KEYS, true, ['sign', 'verify']);
/** 16 random bytes, as a number above 0. */
const serialNumber = (): string => `01${randomBytes(15).toString('hex')}`;

/** Makes an authority of a cluster. Its name is its own: while two are trusted, who signed what is told by it. */
export async function makeAuthority(clusterId: string, nowMs: number): Promise<Pair> {
  const x509 = await library();
  const keys = await makeKeys();
  const serial = serialNumber();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial,
    name: [{ CN: [`Weir ${clusterId} ${serial.slice(2, 10)}`] }],
    notBefore: new Date(nowMs - SKEW_MS),
    notAfter: new Date(nowMs + AUTHORITY_LIFE_MS),
    keys,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pairOf(cert.rawData, keys);
}

/** Makes a certificate with a new key, for both sides of a connection. */
export async function issue(signer: Pair, { uri, dnsNames, lifeMs }: Subject, nowMs: number): Promise<Pair> {
  const x509 = await library();
  const [keys, authority] = [await makeKeys(), new x509.X509Certificate(signer.cert)];
  const untilMs = Math.min(nowMs + lifeMs, authority.notAfter.getTime());
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [uri.slice(uri.indexOf('/', 'weir://'.length) + 1)] }],
    issuer: authority.subject,
    notBefore: new Date(nowMs - SKEW_MS),
    notAfter: new Date(untilMs),
    publicKey: keys.publicKey,
    signingKey: createPrivateKey(signer.key).toCryptoKey(KEYS, false, ['sign']),
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'url', value: uri },
        ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  return pairOf(cert.rawData, keys);
}

/** A certificate, null when it can't be read. */
export function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

/** Whether a key, in PEM, is that of a certificate. */
export function isKeyOf(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** Whether a certificate names exactly this subject. */
export function isFor(certificate: X509Certificate, { uri, dnsNames }: Subject): boolean {
  const named = (certificate.subjectAltName ?? '').split(', ').sort();
  const wanted = [`URI:${uri}`, ...dnsNames.map((name) => `DNS:${name}`)].sort();
  return named.length === wanted.length && named.every((name, index) => name === wanted[index]);
}
