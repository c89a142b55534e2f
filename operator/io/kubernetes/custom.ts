import type { Declared } from '../../core/declared.ts';
import { API_VERSION, type Kind } from '../../api/names.ts';
import { validateManifest } from '../../api/manifest.ts';
import { checkSetting } from '../../api/settings.ts';
import type { KubernetesObject } from '../../ports/kubernetes.ts';
import { at, textAt } from './objects/fields.ts';

/** Reads a custom resource. The API server has judged its shape; settings are judged here (`api/settings.ts`). */
export function declaredOf(kind: Kind, object: KubernetesObject): Declared {
  const { name, namespace = '', uid = '', generation = 0, labels, annotations = {} } = object.metadata;
  const spec = object['spec'];
  const written = { name, namespace, ...(labels === undefined ? {} : { labels }), annotations };
  const document = { apiVersion: API_VERSION, kind, metadata: written, spec };
  const validated = validateManifest(document, checkSetting);
  const ref = textAt(spec, 'clusterRef', 'name');
  const refNamespace = textAt(spec, 'clusterRef', 'namespace') ?? namespace;
  return {
    kind,
    namespace,
    name,
    uid,
    generation,
    createdAt: textAt(object, 'metadata', 'creationTimestamp') ?? '',
    isLeaving: object.metadata.deletionTimestamp !== undefined,
    finalizers: object.metadata.finalizers ?? [],
    annotations,
    status: at(object, 'status'),
    cluster: kind === 'Cluster' ? `${namespace}/${name}` : ref === null ? '' : `${refNamespace}/${ref}`,
    manifest: validated.ok ? validated.resource : null,
    issues: validated.ok ? [] : validated.issues,
  };
}
