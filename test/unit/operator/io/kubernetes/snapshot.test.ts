import { describe, expect, it } from '@jest/globals';
import { CUSTOM, OWNED } from '../../../../../operator/io/kubernetes/resources.ts';
import { Snapshot } from '../../../../../operator/io/kubernetes/snapshot.ts';
import type { KubernetesObject, ObjectPage } from '../../../../../operator/ports/kubernetes.ts';
import { OperatorError } from '../../../../../operator/ports/operator-error.ts';

const service = (name: string, data = '', labels: Record<string, string> = { 'weir.dev/cluster': 'c' }) =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'ns', labels }, data }) satisfies KubernetesObject;

/** A server that has two pages of Services, a Service of somebody else's and no CRD of Topics. */
const SERVER = {
  get: async (_type: unknown, { name }: { readonly name: string }) => (name === 'foreign' ? service(name) : null),
  list: async (
    type: unknown,
    _selection: unknown,
    { next }: { readonly next?: string | null },
  ): Promise<ObjectPage> => {
    if (type === CUSTOM.Topic) throw new OperatorError('NOT_FOUND', 'no such resource');
    const items = type === OWNED.Service ? [service(next === 'more' ? 'b' : 'a')] : [];
    return { items, resourceVersion: '1', next: type === OWNED.Service && next !== 'more' ? 'more' : null };
  },
};

describe('a snapshot', () => {
  it('has all pages of what is labelled, and says what kinds there are not', async () => {
    const snapshot = await Snapshot.take(SERVER, []);
    expect([...snapshot.ownedOf('Service', 'ns/c').keys()]).toEqual(['ns/a', 'ns/b']);
    expect([...snapshot.ownedOf('Service', 'ns/other')]).toEqual([]);
    expect(snapshot.unknown).toEqual(['Topic']);
  });

  it('reads as if what was written had been, and keeps count of it', async () => {
    const snapshot = await Snapshot.take(SERVER, []);
    const read = async (name: string): Promise<unknown> =>
      (await snapshot.get(OWNED.Service, { namespace: 'ns', name }))?.['data'];
    await snapshot.apply(OWNED.Service, service('a', 'new'));
    await snapshot.apply(OWNED.Service, service('foreign', 'new', {}));
    await snapshot.apply(OWNED.Service, service('c', 'new'));
    await snapshot.create(OWNED.Service, service('d', 'new'));
    expect(await snapshot.delete(OWNED.Service, { namespace: 'ns', name: 'b' })).toBe(true);
    expect([await read('a'), await read('b'), await read('c')]).toEqual(['new', undefined, 'new']);
    expect(snapshot.find('Service', { namespace: 'ns', name: 'd' })?.['data']).toBe('new');
    expect(snapshot.writes.map(({ verb, name }) => `${verb} ${name}`)).toEqual([
      'change a',
      'change foreign',
      'create c',
      'create d',
      'delete b',
    ]);
  });
});
