import { describe, expect, it } from '@jest/globals';
import { fc } from '../support/properties.ts';
import type { Cluster } from '../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../operator/api/settings.ts';
import type { AdminObservation, HostObservation } from '../../operator/core/observed.ts';
import { plan } from '../../operator/core/plan.ts';
import { splitSettings, wantedNodes } from '../../operator/core/plan-nodes.ts';
import { type Blueprint, blueprintOf } from '../../operator/io/kubernetes/objects/blueprint.ts';
import { type HostView, type Listed, readCluster } from '../../operator/io/kubernetes/read.ts';
import { render } from '../../operator/io/kubernetes/render.ts';
import type { KubernetesObject } from '../../operator/ports/kubernetes.ts';
import { clusterOf, disksOf, listedOf, READ, settledBlueprint, SITE, UID } from '../support/kubernetes/rendered.ts';

const storage = fc.record(
  {
    size: fc.constantFrom('1Gi', '20Gi', '1500M'),
    storageClassName: fc.constantFrom('fast', 'slow'),
  },
  { requiredKeys: ['size'] },
);
const pod = fc.record(
  {
    labels: fc.constant({ team: 'queues' }),
    tolerations: fc.constant([{ operator: 'Exists' }]),
    priorityClassName: fc.constant('high'),
  },
  { requiredKeys: [] },
);
const resources = fc.record({ limits: fc.record({ memory: fc.constantFrom('1Gi', 2 ** 30) }) });
const HOSTS = { bootstrap: 'kafka.example.com', node: 'b-{id}.example.com', port: 443 };
const listeners = fc
  .uniqueArray(fc.constantFrom('internal', 'nodeport', 'loadbalancer', 'hosts'), { minLength: 1 })
  .map((types) =>
    types.map((type, at) => ({
      name: `l-${at}`,
      port: 9092 + at,
      type,
      ...(type === 'hosts' ? { hosts: HOSTS } : {}),
    })),
  );
const clusters = fc
  .record(
    {
      brokers: fc.record(
        { replicas: fc.integer({ min: 1, max: 6 }), storage, pod, resources },
        { requiredKeys: ['replicas'] },
      ),
      controllers: fc.record({ replicas: fc.constantFrom(1, 3, 5), storage, pod }, { requiredKeys: ['replicas'] }),
      listeners,
      config: fc.dictionary(fc.constantFrom('num.partitions', 'log.retention.ms'), fc.constantFrom('1', '2')),
      version: fc.constantFrom('1.0.0', '1.1.0'),
    },
    { requiredKeys: ['brokers'] },
  )
  .map((spec) => clusterOf(spec));

/** What the brokers of such a cluster would answer when nothing is left to be done. */
function settledAdmin(cluster: Cluster, { nodes }: HostObservation): AdminObservation {
  const wanted = wantedNodes(cluster, isDynamicSetting);
  const voters = (wanted[0]?.voters ?? []).map((id) => ({
    id,
    directoryId: nodes.find((node) => node.id === id)?.directoryId ?? '',
    lag: 0,
    silentMs: 0,
  }));
  const brokers = wanted.flatMap(({ id, roles }) => (roles.includes('broker') ? [id] : []));
  const none = new Map<string, never>();
  return {
    brokers,
    unfenced: brokers,
    quorum: { leaderId: voters[0]?.id ?? -1, voters, observers: [] },
    members: new Map(),
    obstacles: new Map(),
    losses: new Map(),
    topics: none,
    groups: none,
    config: splitSettings(cluster, isDynamicSetting).dynamic,
  };
}

const read = (listed: Listed): HostView => readCluster(READ, listed, disksOf(listed));
const again = (cluster: Cluster, view: HostView): Blueprint | null =>
  blueprintOf({ cluster, uid: UID, floor: view.observation.floor ?? null, isDynamic: isDynamicSetting }, view, SITE);

describe('a cluster as objects', () => {
  it('is read back as settled: nothing is left to be done, and it is rendered as it was', () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const objects = render(settledBlueprint(cluster));
        const view = read(listedOf(objects));
        const desired = { cluster, topics: [], shareGroups: [] };
        const { observation: host } = view;
        expect(plan(desired, { host, admin: settledAdmin(cluster, host) }, isDynamicSetting)).toEqual({
          asksAgain: false,
          steps: [],
          held: [],
          conditions: [],
          ready: true,
        });
        const blueprint = again(cluster, view);
        expect(blueprint === null ? null : render(blueprint)).toEqual(objects);
      }),
    );
  });

  it('keeps what the manifest does not say: who leaves and is stopped, marks, a replaced disk, grown volumes, and a floor', () => {
    const marks = fc.array(fc.constantFrom(null, 'joining' as const, 'leaving' as const), {
      minLength: 6,
      maxLength: 6,
    });
    const more = fc.record({ grown: fc.nat(6), floor: fc.option(fc.integer({ min: 1, max: 1_000 })) });
    fc.assert(
      fc.property(
        clusters,
        fc.nat(2),
        fc.nat(2),
        marks,
        more,
        (declared, leaving, stopped, markOf, { grown, floor }) => {
          const annotations = new Map([['weir.dev/replace-node', '0']]);
          const cluster = { ...declared, metadata: { ...declared.metadata, annotations } };
          const { brokers, controllers } = cluster.spec;
          // Of fewer than three some are controllers that the manifest does not ask for any more: they are made otherwise.
          const replicas = brokers.replicas + (brokers.replicas < 3 && controllers === undefined ? 0 : leaving);
          const settled = settledBlueprint({
            ...cluster,
            spec: { ...cluster.spec, brokers: { ...brokers, replicas } },
          });
          const nodes = settled.nodes.map((node, index) => ({
            ...node,
            isRunning:
              node.spec.id >= 1_000 || node.spec.id < replicas - Math.min(replicas - brokers.replicas, stopped),
            mark: markOf[index] ?? null,
            replacedDisk: node.spec.id === 0 ? 'uid-of-a-claim' : null,
            volumeSize: index === grown ? '30Gi' : null,
          }));
          const objects = render({ ...settled, nodes, floor });
          const blueprint = again(cluster, read(listedOf(objects)));
          expect(blueprint === null ? null : render(blueprint)).toEqual(objects);
          const { replacedDisks, observation } = read({ ...listedOf(objects), services: [] });
          const isKept = brokers.storage !== undefined;
          expect(replacedDisks.get(0)).toBe(isKept ? 'uid-of-a-claim' : undefined);
          expect(observation.nodes[0]?.replacement).toBe(isKept ? 'done' : 'none');
        },
      ),
    );
  });

  it('is read whatever there is: nodes are found at most, never made up', () => {
    const lists = ['statefulSets', 'pods', 'claims', 'configMaps', 'services'] as const;
    const junk = fc.oneof(fc.constant(undefined), fc.jsonValue() as fc.Arbitrary<unknown>);
    const spoils = fc.array(
      fc.record({
        list: fc.constantFrom(...lists),
        index: fc.nat(20),
        field: fc.constantFrom('spec', 'status', 'data', 'gone', 'annotations'),
        junk,
      }),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(clusters, spoils, (cluster, all) => {
        const settled = listedOf(render(settledBlueprint(cluster)));
        const listed: Record<(typeof lists)[number], readonly KubernetesObject[]> = { ...settled };
        for (const { list, index, field, junk: value } of all) {
          listed[list] = listed[list].flatMap((one, at) => {
            if (at !== index % listed[list].length) return [one];
            if (field === 'gone') return [];
            // Foreign JSON, as foreign as it can be.
            const metadata = (
              field === 'annotations' ? { ...one.metadata, annotations: value } : one.metadata
            ) as KubernetesObject['metadata'];
            return [field === 'annotations' ? { ...one, metadata } : { ...one, [field]: value }];
          });
        }
        const known = new Set(wantedNodes(cluster, isDynamicSetting).map(({ id }) => id));
        const { observation } = readCluster(READ, listed, disksOf(settled));
        const ids = observation.nodes.map(({ id }) => id);
        expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
        const made = ids.filter((id) => !known.has(id));
        // A number of replicas that somebody wrote is all that can ask for more.
        const asked = listed.statefulSets.some((one, at) => one !== settled.statefulSets[at]);
        if (!asked) expect(made).toEqual([]);
      }),
    );
  });
});
