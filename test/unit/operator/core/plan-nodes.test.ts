import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../../../operator/api/settings.ts';
import type { AdminObservation, Observed, QuorumReplica } from '../../../../operator/core/observed.ts';
import { plan } from '../../../../operator/core/plan.ts';
import { wantedNodes } from '../../../../operator/core/plan-nodes.ts';
import { describeStep } from '../../../../operator/core/steps.ts';
import { cluster, topic } from '../../../support/operator-manifests.ts';
import { PerfectCluster, PLAIN_TOPIC } from '../../../support/operator-model.ts';

const planOf = (wanted: Cluster, observed: Observed, topics = [topic('t')]) =>
  plan({ cluster: wanted, topics, shareGroups: [] }, observed, isDynamicSetting);

/** Takes steps until there is none, letting time pass where a plan waits; gives what was done, `·` for a wait. */
function converge(wanted: Cluster, world: PerfectCluster): string[] {
  const taken: string[] = [];
  for (let turn = 0; turn < 100; turn += 1) {
    const { steps, ready } = planOf(wanted, world.observe());
    const [step] = steps;
    if (step !== undefined) {
      if (taken.at(-1) !== describeStep(step)) taken.push(describeStep(step));
      if (world.carryOut(step) !== 'done') world.tick();
    } else if (ready) return taken;
    else {
      taken.push('·');
      world.tick();
    }
  }
  throw new Error(`the plan does not end: ${taken.join(', ')}`);
}

const RESTART = 'its settings changed';
const SETTING = { 'num.partitions': '3' };

function settled(wanted: Cluster): PerfectCluster {
  const world = new PerfectCluster('slow');
  converge(wanted, world);
  return world;
}

describe('the nodes of a Cluster', () => {
  const shape = (brokers: number, controllers?: number): string[] =>
    wantedNodes(cluster({}, { brokers, ...(controllers === undefined ? {} : { controllers }) }), isDynamicSetting).map(
      ({ id, roles, voters, listeners }) => `${id} ${roles.join('+')} of ${voters.join()} ${listeners.length}`,
    );

  it.each([
    [1, ['0 broker+controller of 0 1']],
    [2, ['0 broker+controller of 0 1', '1 broker+controller of 0 1']],
    [
      4,
      [
        '0 broker+controller of 0,1,2 1',
        '1 broker+controller of 0,1,2 1',
        '2 broker+controller of 0,1,2 1',
        '3 broker of 0,1,2 1',
      ],
    ],
  ])('are %i brokers, the first of them controllers', (brokers, expected) => {
    expect(shape(brokers)).toEqual(expected);
  });

  it('are brokers and controllers apart, with ids from 1000', () => {
    expect(shape(1, 3)).toEqual([
      '0 broker of 1000,1001,1002 1',
      '1000 controller of 1000,1001,1002 0',
      '1001 controller of 1000,1001,1002 0',
      '1002 controller of 1000,1001,1002 0',
    ]);
  });
});

describe('what a manifest says of a node', () => {
  const digest = (value: unknown): string =>
    createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
  const [node] = wantedNodes(cluster(SETTING, { brokers: 3 }), isDynamicSetting);

  it('is known by its own words, however this version of the operator makes nodes of them', () => {
    const listeners = [{ name: 'plain', port: 9092 }];
    expect(node?.declaredHash).toBe(digest([listeners, Object.entries(SETTING), [], undefined, undefined, undefined]));
  });
});

describe('a plan for several nodes', () => {
  it('forms with all voters, starts all nodes at once and makes topics when all are there', () => {
    expect(converge(cluster({}, { brokers: 3 }), new PerfectCluster('slow'))).toEqual([
      'form the cluster with voters 0, 1, 2',
      'start node 0',
      'start node 1',
      'start node 2',
      '·',
      'Topic t: create topic t',
    ]);
  });

  it('does not place partitions while a broker starts, but sets what needs no place', () => {
    const wanted = cluster({ 'log.retention.ms': '5' }, { brokers: 3 });
    const world = settled(cluster({}, { brokers: 3 }));
    world.crash(2, 'kept');
    const topics = [topic('t'), topic('new', { partitions: 2 })];
    expect(planOf(wanted, world.observe(), topics).steps.map(describeStep)).toEqual([
      'set for the cluster: log.retention.ms=5',
    ]);
  });

  it('grows from one to three: the newcomers catch up, then become voters one after the other', () => {
    const world = settled(cluster());
    expect(converge(cluster({}, { brokers: 3 }), world)).toEqual([
      'start node 1',
      'start node 2',
      '·',
      'give nodes 1, 2 a share of the partitions',
      '·',
      'make node 1 a voter',
      'make node 2 a voter',
    ]);
    expect(world.voters.map((voter) => voter.id)).toEqual([0, 1, 2]);
  });

  it('adds no voter for a second broker, nor for a fourth and fifth', () => {
    const world = settled(cluster());
    converge(cluster({}, { brokers: 2 }), world);
    expect(world.voters.map((voter) => voter.id)).toEqual([0]);
    converge(cluster({}, { brokers: 5 }), world);
    expect(world.voters.map((voter) => voter.id)).toEqual([0, 1, 2]);
  });

  it('gives brokers that joined their share, each once', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    for (const id of [0, 1, 2]) world.fill(id, 4);
    expect(converge(cluster({}, { brokers: 4 }), world)).toEqual([
      'start node 3',
      '·',
      'give node 3 a share of the partitions',
    ]);
    expect([...world.nodes.values()].map((node) => node.replicas)).toEqual([3, 3, 3, 3]);
    world.fill(3, 9);
    expect(converge(cluster({}, { brokers: 4 }), world)).toEqual([]);
  });

  it('is ready while newcomers wait for a share that they do not get', () => {
    const wanted = cluster({}, { brokers: 2 });
    const world = settled(wanted);
    Object.assign(world.nodes.get(1) ?? {}, { mark: 'joining' });
    expect(planOf(wanted, world.observe())).toMatchObject({ steps: [{ kind: 'Rebalance', ids: [1] }], ready: true });
  });

  describe('that takes brokers away', () => {
    const five = (): PerfectCluster => {
      const world = settled(cluster({}, { brokers: 5 }));
      for (let id = 0; id < 5; id += 1) world.fill(id, 6);
      return world;
    };
    const next = (world: PerfectCluster, brokers = 3): readonly string[] =>
      planOf(cluster({}, { brokers }), world.observe()).steps.map(describeStep);

    it('drains all of them at once, then stops and forgets one after the other, the highest first', () => {
      const world = five();
      expect(converge(cluster({}, { brokers: 3 }), world)).toEqual([
        'drain nodes 3, 4',
        'drain node 4',
        'stop node 4',
        'forget node 4, which holds nothing any more',
        'stop node 3',
        'forget node 3, which holds nothing any more',
      ]);
      expect([...world.nodes.values()].map((node) => node.replicas)).toEqual([10, 10, 10]);
    });

    it('stops none that holds something, and is not ready meanwhile', () => {
      const world = five();
      world.carryOut({ kind: 'Drain', ids: [3, 4] });
      world.fill(4, 0);
      world.fill(3, 1);
      expect(planOf(cluster({}, { brokers: 3 }), world.observe())).toMatchObject({
        steps: [
          { kind: 'Drain', ids: [3] },
          { kind: 'RemoveNode', id: 4 },
        ],
        ready: false,
      });
    });

    it('is not ready while one of them stops', () => {
      const world = five();
      world.carryOut({ kind: 'Drain', ids: [3, 4] });
      for (const id of [3, 4]) world.fill(id, 0);
      const seen = world.observe();
      const nodes = seen.host.nodes.map((node) => (node.id === 4 ? { ...node, phase: 'stopping' as const } : node));
      const host = { ...seen.host, nodes };
      expect(planOf(cluster({}, { brokers: 3 }), { ...seen, host })).toMatchObject({ steps: [], ready: false });
    });

    it('drains an empty one, too, before it stops it: nothing comes to it then', () => {
      const world = settled(cluster({}, { brokers: 4 }));
      expect(next(world)).toEqual(['drain node 3']);
      world.carryOut({ kind: 'Drain', ids: [3] });
      expect(next(world)).toEqual(['stop node 3']);
    });

    it('starts one that stopped before it was empty, and nothing moves meanwhile from or to one that is down', () => {
      const world = five();
      world.carryOut({ kind: 'RemoveNode', id: 4 });
      expect(next(world)[0]).toBe('start node 4');
      world.crash(1, 'kept');
      expect(next(world)).toEqual(['start node 4']);
    });

    it('keeps those that are wanted again, with a share of the partitions', () => {
      const world = five();
      world.carryOut({ kind: 'Drain', ids: [3, 4] });
      world.fill(4, 0);
      expect(converge(cluster({}, { brokers: 5 }), world)).toEqual([
        'keep node 3',
        'keep node 4',
        'give nodes 3, 4 a share of the partitions',
      ]);
      expect(world.draining.size).toBe(0);
    });

    it('forgets the second of two as a controller, too', () => {
      const world = settled(cluster({}, { brokers: 2 }));
      world.carryOut({ kind: 'Drain', ids: [1] });
      world.carryOut({ kind: 'RemoveNode', id: 1 });
      expect(planOf(cluster(), world.observe()).steps).toEqual([{ kind: 'ForgetNode', id: 1, isController: true }]);
    });

    it('takes nobody for empty of whom it knows nothing', () => {
      const world = settled(cluster({}, { brokers: 4 }));
      world.carryOut({ kind: 'Drain', ids: [3] });
      const { host, admin } = world.observe();
      const blind = admin && { ...admin, members: new Map() };
      const { steps } = planOf(cluster({}, { brokers: 3 }), { host, admin: blind });
      expect(steps.map(describeStep)).toEqual(['drain node 3']);
    });

    it('does nothing while no broker answers', () => {
      const { host } = five().observe();
      expect(planOf(cluster({}, { brokers: 3 }), { host, admin: null }).steps).toEqual([]);
    });
  });

  it('restarts none that the cluster says it cannot spare', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    world.leaderId = 0;
    world.blocked.add(1);
    const wanted = cluster(SETTING, { brokers: 3 });
    expect(planOf(wanted, world.observe())).toMatchObject({ steps: [], ready: false });
    world.blocked.clear();
    expect(planOf(wanted, world.observe()).steps).toHaveLength(1);
  });

  it('tells all nodes of added controllers before they vote, the active one last', () => {
    const world = settled(cluster({}, { brokers: 2, controllers: 1 }));
    world.leaderId = 1000;
    const taken = converge(cluster({}, { brokers: 2, controllers: 3 }), world).filter((step) => step !== '·');
    expect(taken).toEqual([
      'start node 1001',
      'start node 1002',
      `restart node 0: ${RESTART}`,
      `restart node 1: ${RESTART}`,
      `restart node 1000: ${RESTART}`,
      'make node 1001 a voter',
      'make node 1002 a voter',
    ]);
  });

  it('restarts brokers alone for a listener, which controllers apart do not have', () => {
    const world = settled(cluster({}, { brokers: 2, controllers: 3 }));
    const changed = cluster({}, { brokers: 2, controllers: 3, port: 9_192 });
    expect(converge(changed, world).filter((step) => step !== '·')).toEqual([
      `restart node 0: ${RESTART}`,
      `restart node 1: ${RESTART}`,
    ]);
  });

  it('restarts one node after the other, the active controller last', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    world.leaderId = 1;
    expect(converge(cluster(SETTING, { brokers: 3 }), world)).toEqual([
      `restart node 0: ${RESTART}`,
      '·',
      `restart node 2: ${RESTART}`,
      '·',
      `restart node 1: ${RESTART}`,
      '·',
    ]);
  });

  it('waits with a restart while partitions of the last one have no leader', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    const leader = (leaderless: number): void => {
      world.topics.set('t', { ...PLAIN_TOPIC, leaderless });
    };
    leader(1);
    expect(planOf(cluster(SETTING, { brokers: 3 }), world.observe()).steps).toEqual([]);
    leader(0);
    expect(planOf(cluster(SETTING, { brokers: 3 }), world.observe()).steps).toHaveLength(1);
  });

  it('restarts a node that does not serve before those that do, without waiting for anybody', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    world.crash(2, 'kept');
    expect(planOf(cluster(SETTING, { brokers: 3 }), world.observe()).steps.map(describeStep)).toEqual([
      `restart node 2: ${RESTART}`,
    ]);
  });

  it('exchanges a lost disk among the voters: the old one goes, the new one comes when it has caught up', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    world.crash(2, 'lost');
    expect(converge(cluster({}, { brokers: 3 }), world)).toEqual([
      '·',
      'remove the lost disk of node 2 from the voters',
      '·',
      'make node 2 a voter',
    ]);
    expect(world.voters).toContainEqual({ id: 2, directoryId: 'd2.1' });
  });

  it('restarts nobody whom the quorum needs: a lost disk is exchanged first, and two voters become three', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    world.crash(2, 'lost');
    world.tick();
    const next = (): string | undefined => {
      const [step] = planOf(cluster(SETTING, { brokers: 3 }), world.observe()).steps;
      if (step !== undefined) world.carryOut(step);
      return step === undefined ? undefined : describeStep(step);
    };
    expect(next()).toBe('remove the lost disk of node 2 from the voters');
    world.tick();
    expect([next(), next()]).toEqual(['make node 2 a voter', `restart node 1: ${RESTART}`]);
  });

  it('does nothing about the vote of a node that does not tell which disk it has, nor of one that nobody hears of', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    world.crash(2, 'lost');
    const wanted = cluster({}, { brokers: 3 });
    expect(planOf(wanted, world.observe()).steps).toEqual([]);
    world.tick();
    world.carryOut({ kind: 'RemoveVoter', id: 2, directoryId: 'd2.0' });
    world.tick();
    const { host, admin } = world.observe();
    const stepsWith = (observers: readonly QuorumReplica[]) =>
      planOf(wanted, { host, admin: admin?.quorum ? { ...admin, quorum: { ...admin.quorum, observers } } : null })
        .steps;
    const [self] = admin?.quorum?.observers ?? [];
    if (self === undefined) throw new Error('node 2 observes');
    expect(stepsWith([])).toEqual([]);
    expect(stepsWith([{ ...self, silentMs: 20_000 }])).toEqual([]);
    expect(stepsWith([self]).map(describeStep)).toEqual(['make node 2 a voter']);
  });

  it('goes on with what else is due while a voter is not taken in', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    world.carryOut({ kind: 'RemoveVoter', id: 0, directoryId: 'd0.0' });
    const of = (wanted: Cluster) => planOf(wanted, world.observe()).steps.map(describeStep);
    expect(of(cluster(SETTING, { brokers: 3 }))).toEqual(['make node 0 a voter', `restart node 0: ${RESTART}`]);
    const five = cluster({}, { brokers: 1, controllers: 5 });
    const many = settled(five);
    for (const id of [1003, 1004]) many.crash(id, 'lost');
    many.tick();
    const next = () => planOf(five, many.observe()).steps.map(describeStep);
    const lost = (id: number) => `remove the lost disk of node ${id} from the voters`;
    expect(next()).toEqual([lost(1003), lost(1004)]);
    many.carryOut({ kind: 'RemoveVoter', id: 1003, directoryId: 'd1003.0' });
    expect(next()).toEqual([lost(1004), 'make node 1003 a voter']);
  });

  it('makes topics, and waits for its window, while a broker serves that the quorum misses', () => {
    const windows = [{ start: '02:00', durationMinutes: 60, timeZone: 'UTC' }];
    const wanted = cluster({}, { brokers: 3, windows });
    const world = settled(wanted);
    world.carryOut({ kind: 'RemoveVoter', id: 1, directoryId: 'd1.0' });
    for (const node of world.nodes.values()) node.hasForeignMaking = true;
    const { host, admin } = world.observe();
    const quorum = admin?.quorum ? { ...admin.quorum, observers: [] } : null;
    const nowMs = Date.parse('2026-11-29T12:00:00Z');
    const seen = { host, admin: admin && { ...admin, quorum }, nowMs };
    expect(host.nodes.map(({ ready }) => ready)).toEqual([true, false, true]);
    expect(planOf(wanted, seen, [topic('t'), topic('new')]).steps.map(describeStep)).toEqual([
      'Topic new: create topic new',
    ]);
  });

  it('restarts a broker that is not ready, and holds what others lack, only when it can be spared', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    const wanted = cluster(SETTING, { brokers: 3 });
    const stepsWith = (change: Partial<AdminObservation>, unready = [2]) => {
      const { host, admin } = world.observe();
      const nodes = host.nodes.map((node) => ({ ...node, ready: !unready.includes(node.id) }));
      return planOf(wanted, { host: { ...host, nodes }, admin: admin && { ...admin, ...change } }).steps.map(
        describeStep,
      );
    };
    const restarts = [`restart node 2: ${RESTART}`];
    expect(stepsWith({})).toEqual(restarts);
    world.blocked.add(2);
    expect(stepsWith({})).toEqual([]);
    expect(stepsWith({ unfenced: [0, 1] })).toEqual(restarts);
    world.blocked.clear();
    expect(stepsWith({}, [1, 2])).toEqual([]);
  });

  it('touches no voter while too few of the others follow', () => {
    const world = settled(cluster({}, { brokers: 3 }));
    world.crash(2, 'lost');
    world.tick();
    const { host, admin } = world.observe();
    const behind = admin?.quorum?.voters.map((voter) => (voter.id === 1 ? { ...voter, lag: 5_000 } : voter)) ?? [];
    const quorum = admin?.quorum ? { ...admin.quorum, voters: behind } : null;
    expect(planOf(cluster({}, { brokers: 3 }), { host, admin: admin && { ...admin, quorum } }).steps).toEqual([]);
  });

  it('is not ready before every broker answers', () => {
    const wanted = cluster({}, { brokers: 3 });
    const { host, admin } = settled(wanted).observe();
    expect(planOf(wanted, { host, admin })).toMatchObject({ steps: [], ready: true });
    const two = admin && { ...admin, brokers: [0, 1] };
    expect(planOf(wanted, { host, admin: two })).toMatchObject({ steps: [], ready: false });
  });

  it('knows a cluster that has grown to three voters by its nodes', () => {
    const world = settled(cluster());
    converge(cluster({}, { brokers: 3 }), world);
    expect(world.observe().host.formation?.initialVoters.map((voter) => voter.id)).toEqual([0]);
    expect(planOf(cluster({}, { brokers: 2 }), world.observe())).toMatchObject({
      steps: [],
      conditions: [{ type: 'Stalled', reason: 'ScaleDownBlocked' }],
    });
  });

  it.each([
    [
      'fewer brokers',
      { brokers: 3 },
      { brokers: 1 },
      'spec.brokers.replicas must be at least 3, not 1: brokers 0 to 2 of this cluster are its controllers',
    ],
    [
      'fewer controllers',
      { brokers: 1, controllers: 3 },
      { brokers: 1, controllers: 1 },
      'spec.controllers.replicas must be at least 3: node 1002 is a member, and controllers can only be added',
    ],
    [
      'controllers of its own',
      { brokers: 1 },
      { brokers: 1, controllers: 1 },
      'spec.controllers cannot be added: the first brokers of this cluster are its controllers',
    ],
    [
      'no controllers of its own any more',
      { brokers: 1, controllers: 1 },
      { brokers: 1 },
      'spec.controllers cannot be taken away: this cluster has controllers of its own',
    ],
  ])('for %s touches no node and says why', (_name, before, after, message) => {
    const world = settled(cluster({}, before));
    const { host, admin } = world.observe();
    const stopped = host.nodes.map((node) => ({ ...node, phase: 'stopped' as const, ready: false, specHash: '' }));
    for (const observed of [
      { host, admin },
      { host: { ...host, nodes: stopped }, admin: null },
    ]) {
      const { steps, conditions } = planOf(cluster(SETTING, after), observed);
      expect(steps).toEqual([]);
      expect(conditions).toMatchObject([{ resource: 'Cluster c', type: 'Stalled', message }]);
    }
  });
});
