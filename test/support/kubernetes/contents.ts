import { ANNOTATIONS } from '../../../operator/io/kubernetes/objects/names.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import type { ObjectStore } from './store.ts';
import { TYPES } from './types.ts';

/** Fields of metadata that a server gives, and that say when and how often something was written. */
const SERVER_FIELDS = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields'];
/** Hashes of what is compared itself, made of ids that are drawn. */
const DRAWN_HASHES = [ANNOTATIONS.rendered, ANNOTATIONS.podHash];

/** What is in an object, as far as it does not depend on when it was made. */
function contentOf({ metadata: { annotations = {}, ...metadata }, ...rest }: KubernetesObject): unknown {
  const lasting = <T extends object>(all: T, left: readonly string[]): Partial<T> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !left.includes(name))) as Partial<T>;
  return {
    ...rest,
    metadata: { ...lasting(metadata, SERVER_FIELDS), annotations: lasting(annotations, DRAWN_HASHES) },
  };
}

/** What is in all objects, in some order of its own, with the same word for each id that was drawn. */
export function contentsOf(store: ObjectStore): readonly unknown[] {
  const all = Object.values(TYPES).flatMap((type) => store.all(type));
  const objects = all.filter(({ kind }) => kind !== 'Lease' && kind !== 'Event');
  const names = objects.map(({ kind, metadata: { name } }) => `${kind} ${name}`);
  const record = objects.find(({ metadata }) => metadata.name === 'c-quorum');
  const ids = JSON.stringify(record ?? null).match(/(?<=(?:clusterId|directoryId)\\":\\")[^\\]+/g) ?? [];
  const words = [
    ...[...new Set(ids)].map((id, index) => [id, `ID-${index}`] as const),
    ...objects.map(({ metadata: { uid = '' } }, index) => [uid, `UID of ${names[index]}`] as const),
  ];
  const text = words.reduce(
    (made, [id, word]) => made.replaceAll(id, word),
    JSON.stringify(
      objects.map((one, index) => [names[index], contentOf(one)]),
      (name, value: unknown) => (name === 'lastTransitionTime' || name === 'time' ? '' : value),
    ),
  );
  // Names of settings, and what records are checked by, are made of what is in them, such as the cluster's id.
  const entries = JSON.parse(
    text
      .replaceAll(/-[0-9a-f]{10}(?=")/g, '-SETTINGS')
      .replaceAll(/(?<=checksum\\":\\")[0-9a-f]+/g, 'CHECKSUM')
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID of what is gone'),
  ) as readonly (readonly [name: string, content: unknown])[];
  const lines = entries.map((entry) => JSON.stringify(entry));
  return lines.sort().map((line) => JSON.parse(line) as unknown);
}
