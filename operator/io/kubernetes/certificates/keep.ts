import { X509Certificate } from 'node:crypto';
import { planCertificates, SETTLE_MS } from '../../../core/certificates.ts';
import type { OperatorFiles } from '../../../ports/cluster-dialer.ts';
import type { KubernetesApi, KubernetesObject, ResourceType } from '../../../ports/kubernetes.ts';
import { OperatorError } from '../../../ports/operator-error.ts';
import { type Writes, writeOver } from '../bring.ts';
import type { Blueprint } from '../objects/blueprint.ts';
import { metadataOf } from '../objects/metadata.ts';
import { ANNOTATIONS, namesOf, nodeHost, nodeName } from '../objects/names.ts';
import { isOurs } from '../objects/ownership.ts';
import { sealed } from '../render.ts';
import { AUTHORITIES_KEY, authorityKey, idOf, readSecrets, type Recipient, type Secrets, sinceText } from './found.ts';
import { issue, makeAuthority, type Pair } from './issuer.ts';

/** What keeps certificates. */
export interface CertificateTools {
  readonly api: Writes & Pick<KubernetesApi, 'get'>;
  /** Wall clock, ms since 1970. */
  readonly wallMs: () => number;
}

/** How it went: `taken` are names of Secrets that belong to somebody else, with which nothing was done. */
export type Kept =
  | { readonly taken: readonly string[]; readonly operator: null }
  | { readonly taken: readonly []; readonly operator: OperatorFiles };

/** Sees to the certificates of a cluster, see `keepCertificates`. */
export type Certify = (api: CertificateTools['api'], blueprint: Blueprint) => Promise<Kept>;

const SECRET: ResourceType = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true };
const DAY_MS = 86_400_000;
const NODE_LIFE_MS = 90 * DAY_MS;
/** Whoever stole it has it for a day. */
const OPERATOR_LIFE_MS = DAY_MS;
const OPERATOR = 'operator';

/**
 * Brings the Secrets with a cluster's authorities, with the certificates of its nodes and with the operator's to what they should be: issues what
 * is missing, damaged or due and writes what changed, authorities first. Called again it writes nothing until something is due.
 */
export async function keepCertificates({ api, wallMs }: CertificateTools, blueprint: Blueprint): Promise<Kept> {
  const { name, namespace } = blueprint.cluster.metadata;
  const { caSecret, nodeSecret, operatorSecret } = namesOf(name);
  const get = (secret: string): Promise<KubernetesObject | null> => api.get(SECRET, { namespace, name: secret });
  const [authorities, nodes, operator] = await Promise.all([get(caSecret), get(nodeSecret), get(operatorSecret)]);
  const owner = { name, uid: blueprint.uid };
  const live = [authorities, nodes, operator].filter((one) => one !== null);
  const taken = live.filter((one) => !isOurs(one, owner)).map(({ metadata }) => metadata.name);
  if (taken.length > 0) return { taken, operator: null };
  const wanted = await wantedSecrets({ authorities, nodes, operator }, blueprint, wallMs());
  for (const secret of wanted.secrets) {
    const before = live.find(({ metadata }) => metadata.name === secret.metadata.name) ?? null;
    // Only on what was read: a key that somebody else wrote meanwhile is in use.
    await writeOver(api, SECRET, secret, { live: before, owner });
  }
  return { taken: [], operator: wanted.operator };
}

/** The Secrets as they should be, given how they are. */
async function wantedSecrets(
  secrets: Secrets,
  blueprint: Blueprint,
  nowMs: number,
): Promise<{ readonly secrets: readonly KubernetesObject[]; readonly operator: OperatorFiles }> {
  const recipients = recipientsOf(blueprint);
  const { state, ...found } = readSecrets(secrets, recipients);
  const plan = planCertificates(recipients, state, nowMs);
  if (plan === null) {
    const message =
      'certificates of this cluster hold from a later time on than it is by the clock of the operator: check the clocks';
    throw new OperatorError('CLOCK_BEHIND', message);
  }
  const made = plan.makesAuthority ? await makeAuthority(blueprint.formation.clusterId, nowMs) : null;
  const trusted = plan.trusted.map((id) => known(found.authorities.get(id)));
  const authorities = made === null ? trusted : [...trusted, made];
  const signer = plan.signer === null ? known(made) : known(found.authorities.get(plan.signer));
  const pairs = new Map(found.pairs);
  for (const { name, subject } of recipients)
    if (plan.issue.includes(name)) pairs.set(name, await issue(signer, subject, nowMs));
  const ca = authorities.map(({ cert }) => cert).join('');
  const isSame = made === null && trusted.length === state.authorities.length;
  const sinceMs = isSame ? (state.trustedSinceMs ?? nowMs) : nowMs;
  const filesOf = (which: Recipient['secret']): Record<string, string> => ({
    [AUTHORITIES_KEY]: ca,
    ...Object.fromEntries(
      recipients.flatMap(({ name, secret, stem }) => {
        const pair = pairs.get(name);
        return secret !== which || pair === undefined
          ? []
          : [[`${stem}.crt`, pair.cert] as const, [`${stem}.key`, pair.key] as const];
      }),
    ),
  });
  const names = namesOf(blueprint.cluster.metadata.name);
  return {
    secrets: [
      secretOf(blueprint, names.caSecret, { [AUTHORITIES_KEY]: ca, ...keysOf(authorities) }),
      secretOf(blueprint, names.nodeSecret, filesOf('nodes'), { [ANNOTATIONS.trustedSince]: sinceText(ca, sinceMs) }),
      secretOf(blueprint, names.operatorSecret, filesOf('operator')),
    ],
    operator: { ...known(pairs.get(OPERATOR)), ca },
  };
}

/** Everybody who is to have a certificate. */
function recipientsOf({ cluster, formation, nodes, site }: Blueprint): readonly Recipient[] {
  const place = { cluster: cluster.metadata.name, namespace: cluster.metadata.namespace, domain: site.domain };
  const { clusterId } = formation;
  const ofNodes = nodes.map(({ spec: { id } }): Recipient => {
    const name = nodeName(place.cluster, id);
    const service = nodeHost(place, id).replace(/\.$/, '');
    const pod = service.replace(name, `${name}.${namesOf(place.cluster).nodes}`);
    const dnsNames = [service, service.slice(0, -place.domain.length - 1), pod];
    const subject = { uri: `weir://${clusterId}/node/${id}`, dnsNames, lifeMs: NODE_LIFE_MS };
    return { name, subject, secret: 'nodes', stem: name, settleMs: SETTLE_MS };
  });
  const subject = { uri: `weir://${clusterId}/operator`, dnsNames: [], lifeMs: OPERATOR_LIFE_MS };
  // Nobody waits for it: whoever issues it has it.
  return [...ofNodes, { name: OPERATOR, subject, secret: 'operator', stem: 'tls', settleMs: 0 }];
}

function keysOf(authorities: readonly Pair[]): Record<string, string> {
  const keys = authorities.flatMap(({ cert, key }) =>
    key === '' ? [] : [[authorityKey(idOf(new X509Certificate(cert))), key] as const],
  );
  return Object.fromEntries(keys);
}

function secretOf(
  blueprint: Blueprint,
  name: string,
  files: Readonly<Record<string, string>>,
  annotations: Record<string, string> = {},
): KubernetesObject {
  const data = Object.entries(files).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  const metadata = metadataOf(blueprint, name, {}, annotations);
  return sealed({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: Object.fromEntries(data) });
}

function known(pair: Pair | null | undefined): Pair {
  if (pair === null || pair === undefined) throw new Error('bug: a plan names what is not there');
  return pair;
}
