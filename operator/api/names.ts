/** Group, version and kinds of the custom resources, in one place (O19). CRDs, docs and messages are made from it. */
export const API = {
  group: 'weir.dev',
  version: 'v1alpha1',
  category: 'weir',
  kinds: {
    Cluster: { plural: 'clusters', singular: 'cluster', shortName: 'wcl' },
    ShareGroup: { plural: 'sharegroups', singular: 'sharegroup', shortName: 'wsg' },
    Topic: { plural: 'topics', singular: 'topic', shortName: 'wtopic' },
  },
} as const;

/** What a manifest's `apiVersion` says. */
export const API_VERSION = `${API.group}/${API.version}` as const;

/** Keeps a Topic or ShareGroup that is deleted until its topic or group is; only those with `deletionPolicy: Delete` have it. */
export const FINALIZER = `${API.group}/delete` as const;

/** A kind of custom resource. */
export type Kind = keyof typeof API.kinds;

/** The kinds in the order in which messages list them. */
export const KINDS: readonly Kind[] = ['Cluster', 'ShareGroup', 'Topic'];

/** Whether a text is one of the kinds. */
export function isKind(text: string): text is Kind {
  return Object.hasOwn(API.kinds, text);
}
