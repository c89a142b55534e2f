import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../../../operator/api/settings.ts';
import type { Address, ListenerAddress, NodeObservation, Observed } from '../../../../operator/core/observed.ts';
import { plan } from '../../../../operator/core/plan.ts';
import { rehearse } from '../../../../operator/core/rehearsal.ts';
import { describeStep } from '../../../../operator/core/steps.ts';
import { cluster } from '../../../support/operator-manifests.ts';
import { PerfectCluster } from '../../../support/operator-model.ts';
import { fc } from '../../../support/properties.ts';

type Listener = Cluster['spec']['listeners'][number];

const HOSTS = { bootstrap: 'kafka.example.com', node: 'b-{id}.example.com', port: 443 };
const listener = (name: string, type: Listener['type']): Listener => ({
  name,
  port: 9092,
  type,
  ...(type === 'hosts' ? { hosts: HOSTS } : {}),
});
const listening = (listeners: readonly Listener[], brokers = 3): Cluster => {
  const one = cluster({}, { brokers });
  return { ...one, spec: { ...one.spec, listeners } };
};
const planOf = (wanted: Cluster, observed: Observed) =>
  plan({ cluster: wanted, topics: [], shareGroups: [] }, observed, isDynamicSetting);

/** Addresses outside that nodes have, by id. */
type Outside = (id: number) => Readonly<Record<string, Address>>;

/** A cluster that is as its manifest says, but for what clients are told of it. */
class World {
  readonly brokers = new PerfectCluster();
  outside: Outside = () => ({});
  change: (node: NodeObservation) => NodeObservation = (node) => node;

  constructor(wanted: Cluster, told: readonly (readonly [number, readonly ListenerAddress[]])[] = []) {
    for (;;) {
      const [step] = planOf(wanted, this.brokers.observe()).steps;
      if (step === undefined || step.kind === 'SetAdvertised') break;
      this.brokers.carryOut(step);
    }
    this.brokers.advertised.clear();
    for (const [id, endpoints] of told) this.brokers.advertised.set(id, endpoints);
  }

  observe(): Observed {
    const { host, admin } = this.brokers.observe();
    const nodes = host.nodes.map((node) =>
      this.change({ ...node, outside: new Map(Object.entries(this.outside(node.id))) }),
    );
    return { host: { ...host, nodes }, admin };
  }

  /** Takes all steps; gives what was done. */
  converge(wanted: Cluster): readonly string[] {
    const taken: string[] = [];
    for (;;) {
      const [step] = planOf(wanted, this.observe()).steps;
      if (step === undefined) return taken;
      taken.push(describeStep(step));
      this.brokers.carryOut(step);
      if (taken.length > 50) throw new Error(`the plan does not end: ${taken.join('; ')}`);
    }
  }
}

const balanced: Outside = (id) => ({ wan: { host: `lb-${id}.example.com`, port: 9094 } });

describe('clients outside', () => {
  it('are told of load balancers, machines and names, in one step for each broker', () => {
    const wanted = listening([
      listener('plain', 'internal'),
      listener('wan', 'loadbalancer'),
      listener('lan', 'nodeport'),
      listener('named', 'hosts'),
    ]);
    const world = new World(wanted);
    world.outside = (id) => ({ ...balanced(id), lan: { host: `10.0.0.${id}`, port: 30_000 + id } });
    expect(world.converge(wanted)).toEqual(
      [0, 1, 2].map(
        (id) =>
          `tell clients where node ${id} is: lan at 10.0.0.${id}:${30_000 + id}, named at b-${id}.example.com:443, wan at lb-${id}.example.com:9094`,
      ),
    );
    expect(world.brokers.advertised.get(1)?.map((one) => one.listener)).toEqual(['LAN', 'NAMED', 'WAN']);
    expect(planOf(wanted, world.observe())).toMatchObject({ steps: [], conditions: [], ready: true });
  });

  it('are served inside until there is an address: nobody waits for it, and it is said', () => {
    const wanted = listening([listener('plain', 'internal'), listener('wan', 'loadbalancer')]);
    const world = new World(wanted);
    world.outside = (id) => (id === 1 ? balanced(id) : {});
    expect(world.converge(wanted)).toEqual(['tell clients where node 1 is: wan at lb-1.example.com:9094']);
    const { conditions, ready } = planOf(wanted, world.observe());
    expect(ready).toBe(true);
    expect(conditions).toEqual([
      {
        resource: 'Cluster c',
        type: 'AddressPending',
        reason: 'WaitingForAddress',
        message: expect.stringContaining('nobody has said yet where clients find listener wan of node 0, 2: they are'),
      },
    ]);
  });

  it('are told the last address while there is none, and another one as soon as there is', () => {
    const wanted = listening([listener('wan', 'loadbalancer')]);
    const world = new World(wanted);
    world.outside = balanced;
    world.converge(wanted);
    world.outside = () => ({});
    expect(planOf(wanted, world.observe())).toMatchObject({ steps: [], conditions: [] });
    world.outside = (id) => (id === 0 ? { wan: { host: '203.0.113.5', port: 9094 } } : {});
    expect(world.converge(wanted)).toEqual(['tell clients where node 0 is: wan at 203.0.113.5:9094']);
  });

  it('are told so in a rehearsal, too, of a cluster that is there and of one that is not', () => {
    const wanted = listening([listener('named', 'hosts')]);
    const told = [0, 1, 2].map((id) => `tell clients where node ${id} is: named at b-${id}.example.com:443`);
    const ahead = (observed: Observed) =>
      rehearse({ cluster: wanted, topics: [], shareGroups: [] }, observed, isDynamicSetting).steps.map(describeStep);
    expect(ahead(new World(wanted).observe())).toEqual(told);
    expect(ahead(new PerfectCluster().observe())).toEqual(expect.arrayContaining(told));
  });

  it('are told what brokers say of themselves when a listener is no longer one of them', () => {
    const world = new World(listening([listener('wan', 'loadbalancer')]));
    world.outside = balanced;
    world.converge(listening([listener('wan', 'loadbalancer')]));
    expect(world.converge(listening([listener('wan', 'internal')]))).toEqual(
      [0, 1, 2].map((id) => `tell clients where node ${id} is: at its own address`),
    );
  });

  it.each<[string, readonly number[], (node: NodeObservation) => NodeObservation]>([
    ['does not serve', [0, 2], (node) => ({ ...node, ready: node.id !== 1 })],
    [
      'runs with other listeners',
      [0, 1, 2],
      (node) => (node.id === 1 ? { ...node, specHash: 'other', declaredHash: '' } : node),
    ],
  ])('are told nothing new of a broker that %s', (_what, unfenced, change) => {
    const wanted = listening([listener('wan', 'loadbalancer')]);
    const world = new World(wanted);
    world.outside = balanced;
    world.change = change;
    world.brokers.blocked.add(1);
    const { admin, ...seen } = world.observe();
    const steps = (ids: readonly number[]) =>
      planOf(wanted, { ...seen, admin: admin && { ...admin, unfenced: ids } }).steps.flatMap((step) =>
        step.kind === 'SetAdvertised' ? [step.id] : [],
      );
    expect(steps(unfenced)).toEqual([0, 2]);
    // One that is not ready and not fenced serves.
    if (unfenced.length === 2) expect(steps([0, 1, 2])).toEqual([0, 1, 2]);
  });

  it('are not asked about where nobody is outside, or nobody tells', () => {
    const wanted = listening([listener('wan', 'loadbalancer')]);
    const world = new World(wanted);
    world.outside = balanced;
    const { host, admin } = world.observe();
    const { advertised: _advertised, ...silent } = admin ?? {};
    expect(planOf(wanted, { host, admin: silent as Observed['admin'] })).toMatchObject({ steps: [], conditions: [] });
  });
});

const NAMES = ['a', 'b', 'c'] as const;
const address = fc.record({ host: fc.constantFrom('x', 'y'), port: fc.constantFrom(1, 2) });
const listenerLists = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...NAMES),
    type: fc.constantFrom('internal', 'loadbalancer', 'nodeport', 'hosts'),
  }),
  { minLength: 1, selector: ({ name }) => name },
);
const someAddresses = fc.dictionary(fc.constantFrom(...NAMES), address);

describe('whatever is known and was said', () => {
  it('a plan leads to what the manifest says in one step for each broker, takes away nothing that it has no other for, and is empty then', () => {
    fc.assert(
      fc.property(
        listenerLists,
        fc.array(someAddresses, { minLength: 2, maxLength: 2 }),
        fc.array(someAddresses, { minLength: 2, maxLength: 2 }),
        (list, known, before) => {
          const wanted = listening(
            list.map(({ name, type }) => listener(name, type as Listener['type'])),
            2,
          );
          const told = before.map((one, id) => {
            const sorted = Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1));
            return [id, sorted.map(([name, at]) => ({ listener: name.toUpperCase(), ...at }))] as const;
          });
          const world = new World(wanted, told);
          world.outside = (id) => known[id] ?? {};
          expect(world.converge(wanted).length).toBeLessThanOrEqual(2);
          for (const [id, earlier] of told) {
            const expected = list.flatMap(({ name, type }) => {
              const own = type === 'hosts' ? { host: `b-${id}.example.com`, port: 443 } : known[id]?.[name];
              const found = own ?? earlier.find((one) => one.listener === name.toUpperCase());
              return type === 'internal' || found === undefined
                ? []
                : [`${name.toUpperCase()} ${found.host}:${found.port}`];
            });
            const now = world.brokers.admin()?.advertised?.get(id) ?? [];
            expect(now.map((one) => `${one.listener} ${one.host}:${one.port}`)).toEqual(expected.sort());
          }
          expect(planOf(wanted, world.observe()).steps).toEqual([]);
        },
      ),
    );
  });
});
