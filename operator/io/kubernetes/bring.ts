import type { KubernetesApi, KubernetesObject, ResourceType } from '../../ports/kubernetes.ts';
import { isOperatorError } from '../../ports/operator-error.ts';
import { isMade, verdictOn } from './drift.ts';
import type { Owner } from './objects/ownership.ts';

/** What writes an object. */
export type Writes = Pick<KubernetesApi, 'create' | 'apply' | 'disown'>;

/** How often an object is judged anew that others write at the same time. */
const ATTEMPTS = 5;
const OVERTAKEN: readonly string[] = ['CONFLICT', 'ALREADY_EXISTS'];

/**
 * Writes an object as it was rendered over what was read, null: there was none. Applying alone makes what is not there and takes over
 * what is, so what was read is a condition of every write: where there is another object by now, or another version of it, this fails with
 * `ALREADY_EXISTS` or `CONFLICT`, and nothing was done to it. `live` has all its `managedFields`.
 */
export async function writeOver(
  api: Writes,
  type: ResourceType,
  rendered: KubernetesObject,
  { live, owner }: { readonly live: KubernetesObject | null; readonly owner: Owner },
): Promise<'done' | 'nothing' | 'taken'> {
  const verdict = verdictOn(rendered, live, owner);
  if (verdict === 'nothing' || verdict === 'taken') return verdict;
  const applied = verdict === 'disown' && live !== null ? live : await applyOver(api, type, rendered, live);
  if (isMade(applied)) await api.disown(type, applied);
  return 'done';
}

async function applyOver(
  api: Writes,
  type: ResourceType,
  rendered: KubernetesObject,
  live: KubernetesObject | null,
): Promise<KubernetesObject> {
  const { uid = '', resourceVersion = '' } = (live ?? (await api.create(type, rendered))).metadata;
  const metadata = { ...rendered.metadata, uid, resourceVersion };
  return api.apply(type, { ...rendered, metadata }, { force: true });
}

/** Brings an object to what was rendered, whatever others write meanwhile; false: its name is somebody else's. */
export async function bring(
  api: Writes & Pick<KubernetesApi, 'get'>,
  type: ResourceType,
  rendered: KubernetesObject,
  { read, owner }: { readonly read: KubernetesObject | null; readonly owner: Owner },
): Promise<boolean> {
  // Caches have no more of `managedFields` than what is ours.
  const isWhole = verdictOn(rendered, read, owner) !== 'disown';
  let live = isWhole ? read : await api.get(type, rendered.metadata);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await writeOver(api, type, rendered, { live, owner })) !== 'taken';
    } catch (error) {
      if (!isOperatorError(error) || !OVERTAKEN.includes(error.code) || attempt === ATTEMPTS) throw error;
      live = await api.get(type, rendered.metadata);
    }
  }
}
