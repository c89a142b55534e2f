import type { Declared } from '../../core/declared.ts';
import type { AnyResource, Recorded } from '../../api/kinds.ts';
import { API_VERSION, type Kind } from '../../api/names.ts';
import { CLUSTER_SPEC } from '../../api/cluster-spec.ts';
import { validateManifest } from '../../api/manifest.ts';
import { checkSetting } from '../../api/settings.ts';
import { isRecord } from '../../api/validate.ts';
import type { KubernetesObject } from '../../ports/kubernetes.ts';
import { at, listAt, textAt, timeOf } from './objects/fields.ts';

/** Reads a custom resource. The API server has judged its shape; settings are judged here (`api/settings.ts`). */
export function declaredOf(kind: Kind, object: KubernetesObject): Declared {
  const {
    name,
    namespace = '',
    uid = '',
    generation = 0,
    resourceVersion = '',
    labels,
    annotations = {},
  } = object.metadata;
  const spec = asWritten(kind, object);
  const written = { name, namespace, ...(labels === undefined ? {} : { labels }), annotations };
  const document = { apiVersion: API_VERSION, kind, metadata: written, spec };
  const validated = validateManifest(document, checkSetting);
  const ref = textAt(spec, 'clusterRef', 'name');
  const deletedAtMs = timeOf(object.metadata.deletionTimestamp ?? null);
  const refNamespace = textAt(spec, 'clusterRef', 'namespace') ?? namespace;
  return {
    kind,
    namespace,
    name,
    uid,
    generation,
    resourceVersion,
    createdAt: textAt(object, 'metadata', 'creationTimestamp') ?? '',
    isLeaving: object.metadata.deletionTimestamp !== undefined,
    ...(deletedAtMs === null ? {} : { deletedAtMs }),
    finalizers: object.metadata.finalizers ?? [],
    annotations,
    status: at(object, 'status'),
    cluster: kind === 'Cluster' ? `${namespace}/${name}` : ref === null ? '' : `${refNamespace}/${ref}`,
    ...(kind === 'Topic' ? { topicName: textAt(spec, 'topicName') ?? name } : {}),
    manifest: validated.ok ? withRecord(validated.resource, at(object, 'status')) : null,
    issues: validated.ok ? [] : validated.issues,
  };
}

/** A Cluster with what its status remembers. */
function withRecord(manifest: AnyResource, status: unknown): AnyResource {
  if (manifest.kind !== 'Cluster') return manifest;
  const [featureLevel, level] = [at(status, 'featureLevel'), at(status, 'nextFeatureLevel', 'level')];
  const sinceMs = timeOf(textAt(status, 'nextFeatureLevel', 'since'));
  const recorded: Recorded = {
    featureLevel: typeof featureLevel === 'number' ? featureLevel : null,
    nextLevel: typeof level === 'number' && sinceMs !== null ? { level, sinceMs } : null,
  };
  return { ...manifest, recorded };
}

/** Younger than all there are. */
const NOT_YET = '9999-12-31T23:59:59Z';

/** A manifest as it would be read once `kubectl apply` has written it over what there is; null: there is nothing. */
export function asDeclared(manifest: AnyResource, before: Declared | null): Declared {
  const { kind, metadata, spec } = manifest;
  const { namespace, name } = metadata;
  const applied = at(parsed(before?.annotations[LAST_APPLIED] ?? ''), 'metadata', 'annotations');
  // What somebody else wrote stays, what was in an earlier manifest goes.
  const kept = Object.entries(before?.annotations ?? {}).filter(([one]) => at(applied, one) === undefined);
  const annotations = new Map([...kept, ...(metadata.annotations ?? [])]);
  const ref = 'clusterRef' in spec ? spec.clusterRef : { name };
  return {
    kind,
    namespace,
    name,
    uid: before?.uid ?? `${kind} ${namespace}/${name}`,
    generation: before?.generation ?? 0,
    resourceVersion: '',
    createdAt: before?.createdAt ?? NOT_YET,
    isLeaving: before?.isLeaving ?? false,
    finalizers: before?.finalizers ?? [],
    annotations: Object.fromEntries(annotations),
    status: before?.status,
    cluster: `${('namespace' in ref ? ref.namespace : undefined) ?? namespace}/${ref.name}`,
    // Of the same kind as it was.
    manifest: withRecord({ ...manifest, metadata: { ...metadata, annotations } } as AnyResource, before?.status),
    issues: [],
  };
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** What the API server fills in. */
const REPLICAS_DEFAULT = CLUSTER_SPEC.properties.brokers.properties.replicas.default;

/**
 * The spec without a number of brokers that nobody wrote: the API server fills the default in, and then it looks like any other (O10). It
 * is somebody's if it's another number than the default, or was set by apply, by scale, or by an apply of the client's.
 */
function asWritten(kind: Kind, object: KubernetesObject): unknown {
  const spec = object['spec'];
  const brokers = at(spec, 'brokers');
  const isOther =
    kind !== 'Cluster' || !isRecord(spec) || !isRecord(brokers) || brokers['replicas'] !== REPLICAS_DEFAULT;
  if (isOther || isReplicasWritten(object)) return spec;
  const { replicas: _replicas, ...rest } = brokers;
  return { ...spec, brokers: rest };
}

function isReplicasWritten(object: KubernetesObject): boolean {
  const applied = textAt(object, 'metadata', 'annotations', LAST_APPLIED);
  if (applied !== null && at(parsed(applied), 'spec', 'brokers', 'replicas') !== undefined) return true;
  return listAt(object, 'metadata', 'managedFields').some(
    (entry) =>
      (at(entry, 'operation') === 'Apply' || at(entry, 'subresource') === 'scale') &&
      at(entry, 'fieldsV1', 'f:spec', 'f:brokers', 'f:replicas') !== undefined,
  );
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Whoever wrote it wrote no number that anybody could read.
    return null;
  }
}
