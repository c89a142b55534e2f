import { API, API_VERSION, isKind, type Kind, KINDS } from './names.ts';
import type { Issue } from './issue.ts';
import { nearest, show } from './issue.ts';
import { type AnyResource, METADATA, SPECS } from './kinds.ts';
import { checkRules } from './rules.ts';
import { unservedLocally } from './unserved.ts';
import { type CheckSetting, isRecord, validate, type Validation } from './validate.ts';

/** Settings that a manifest's `config` must not hold, each with what sets it instead. */
export const MANAGED_SETTINGS: ReadonlyMap<string, string> = new Map([
  ['listeners', 'spec.listeners'],
  ['advertised.listeners', 'spec.listeners'],
  ['controller.listener.names', 'the operator'],
  ['inter.broker.listener.name', 'the operator'],
  ['listener.security.protocol.map', 'spec.listeners'],
  ['node.id', 'the operator'],
  ['broker.id', 'the operator'],
  ['broker.rack', 'the operator'],
  ['process.roles', 'the operator'],
  ['controller.quorum.voters', 'the operator'],
  ['controller.quorum.bootstrap.servers', 'the operator'],
  ['log.dir', 'the operator'],
  ['log.dirs', 'the operator'],
  ['metadata.log.dir', 'the operator'],
  ['weir.cluster.id', 'the operator'],
  ['weir.formation.file', 'the operator'],
  ['weir.grpc.advertised.host', 'the operator'],
  ['weir.grpc.host', 'the operator'],
  ['weir.grpc.insecure', 'the operator'],
  ['weir.grpc.port', 'the operator'],
  ['weir.grpc.tls.ca.file', 'the operator'],
  ['weir.grpc.tls.cert.file', 'the operator'],
  ['weir.grpc.tls.key.file', 'the operator'],
  ['weir.host', 'the operator'],
  ['weir.http.host', 'the operator'],
  ['weir.http.port', 'the operator'],
]);

/** Either a manifest with its defaults and what of it only Kubernetes can do, or everything that is wrong with it. */
export type Validated =
  | { readonly ok: true; readonly resource: AnyResource; readonly unserved: readonly Issue[] }
  | { readonly ok: false; readonly issues: readonly Issue[]; readonly subject: string };

/**
 * Validates one parsed document. `subject` names it in messages even when it is broken. Reads nothing but its
 * arguments: whether a referenced Cluster exists is `checkReferences`' business.
 */
export function validateManifest(document: unknown, checkSetting: CheckSetting): Validated {
  const issues: Issue[] = [];
  const kind = readKind(document, issues);
  if (kind === null || !isRecord(document)) return { ok: false, issues, subject: 'manifest' };
  const run: Validation = { checkSetting: kind === 'Cluster' ? refusingManaged(checkSetting) : checkSetting, issues };
  for (const field of Object.keys(document)) {
    if (['apiVersion', 'kind', 'metadata', 'spec'].includes(field)) continue;
    const meant = nearest(field, ['metadata', 'spec']);
    const hint =
      field === 'status' ? '; status is written by the operator' : meant === null ? '' : `; did you mean ${meant}?`;
    issues.push({ path: [field], message: `is not a known field${hint}` });
  }
  const root = {
    type: 'object',
    description: '',
    properties: { metadata: METADATA, spec: SPECS[kind] },
    required: ['metadata', 'spec'],
  } as const;
  const known = Object.fromEntries(Object.entries(document).filter(([name]) => name === 'metadata' || name === 'spec'));
  const value = validate(run, root, known, []);
  const subject = `${kind} ${nameIn(document)}`;
  if (issues.length > 0) return { ok: false, issues, subject };
  // The schema has just been held against it, and the types are derived from the same schema.
  const resource = { kind, ...(value as object), ...omitted(kind, document['spec']) } as AnyResource;
  const broken = checkRules(resource);
  if (broken.length > 0) return { ok: false, issues: broken, subject };
  return { ok: true, resource, unserved: unservedLocally(kind, document['spec']) };
}

function refusingManaged(checkSetting: CheckSetting): CheckSetting {
  return (scope, name, value) => {
    const owner = MANAGED_SETTINGS.get(name);
    return owner === undefined ? checkSetting(scope, name, value) : `is set by ${owner}, not here`;
  };
}

/** See `Resource.omitsReplicas`. */
function omitted(kind: Kind, spec: unknown): Pick<AnyResource, 'omitsReplicas'> {
  const brokers = isRecord(spec) ? spec['brokers'] : undefined;
  return kind === 'Cluster' && isRecord(brokers) && brokers['replicas'] === undefined ? { omitsReplicas: true } : {};
}

function nameIn(document: Readonly<Record<string, unknown>>): string {
  const metadata = document['metadata'];
  const name = isRecord(metadata) ? metadata['name'] : undefined;
  return typeof name === 'string' && name.length <= 253 ? name : '(no name)';
}

function readKind(document: unknown, issues: Issue[]): Kind | null {
  if (!isRecord(document)) {
    issues.push({
      path: [],
      message: `must be an object with apiVersion, kind, metadata and spec, not ${show(document)}`,
    });
    return null;
  }
  const { apiVersion, kind } = { apiVersion: document['apiVersion'], kind: document['kind'] };
  if (apiVersion === undefined || kind === undefined) {
    issues.push({ path: [apiVersion === undefined ? 'apiVersion' : 'kind'], message: 'is required' });
    return null;
  }
  if (apiVersion !== API_VERSION) {
    const group = typeof apiVersion === 'string' && apiVersion.startsWith(`${API.group}/`);
    const message = group
      ? `must be ${API_VERSION}, not ${show(apiVersion)}`
      : `must be ${API_VERSION}: only Weir's own kinds belong here, not ${show(apiVersion)}`;
    issues.push({ path: ['apiVersion'], message });
    return null;
  }
  if (typeof kind === 'string' && isKind(kind)) return kind;
  const meant = typeof kind === 'string' ? nearest(kind, KINDS) : null;
  issues.push({
    path: ['kind'],
    message: `must be one of ${KINDS.join(', ')}, not ${show(kind)}${meant === null ? '' : `; did you mean ${meant}?`}`,
  });
  return null;
}
