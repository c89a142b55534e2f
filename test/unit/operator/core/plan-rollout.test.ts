import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../operator/api/kinds.ts';
import type { NodeObservation, Observed } from '../../../../operator/core/observed.ts';
import { describeStep } from '../../../../operator/core/steps.ts';
import { cluster } from '../../../support/operator-manifests.ts';
import { type PerfectCluster, PLAIN_TOPIC } from '../../../support/operator-model.ts';
import { planOf, settled, told } from '../../../support/plans.ts';

const three = (value = '1') => cluster({ 'num.partitions': value }, { brokers: 3 });

/** Takes so many steps, letting time pass where there is none; gives what was done. */
function take(wanted: Cluster, world: PerfectCluster, turns: number): string[] {
  const taken: string[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const [step] = planOf(wanted, world.observe()).steps;
    if (step !== undefined) taken.push(describeStep(step));
    if (step === undefined || world.carryOut(step) !== 'done') world.tick();
  }
  return taken;
}

function ailing(wanted: Cluster): PerfectCluster {
  const world = settled(wanted);
  world.badValue = 'bad';
  return world;
}

const SETTINGS = 'its settings changed';

describe('a roll whose first node does not come up', () => {
  const STOPPED =
    'Stalled RolloutBlocked: node 1 does not come up as the manifest says: it ends; no other one is restarted until it does, or the manifest says something else';

  it('stops, and tells why', () => {
    const world = ailing(three());
    expect(take(three('bad'), world, 20)).toEqual([`restart node 1: ${SETTINGS}`]);
    expect(told(three('bad'), world.observe())).toEqual({ steps: [], ready: false, said: [STOPPED] });
  });

  it('touches no second one, though that one goes down by itself', () => {
    const world = ailing(three());
    take(three('bad'), world, 20);
    world.crash(2, 'kept');
    expect(told(three('bad'), world.observe())).toEqual({ steps: [], ready: false, said: [STOPPED] });
  });

  it('goes on when the manifest says something else: that one first, which serves nobody', () => {
    const world = ailing(three());
    take(three('bad'), world, 20);
    expect(take(three('2'), world, 30)).toEqual([1, 2, 0].map((id) => `restart node ${id}: ${SETTINGS}`));
    expect(told(three('2'), world.observe())).toEqual({ steps: [], ready: true, said: [] });
  });

  it('goes on, too, when it does come up', () => {
    const world = ailing(three());
    take(three('bad'), world, 20);
    world.badValue = null;
    expect(take(three('bad'), world, 30)).toEqual([2, 0].map((id) => `restart node ${id}: ${SETTINGS}`));
  });
});

describe('a roll whose next node can not be spared', () => {
  const waits = (why: string) => ({
    steps: [],
    ready: false,
    said: [`Progressing RestartWaits: no node is restarted now: node 1: ${why}`],
  });

  it('waits, and tells what for', () => {
    const world = ailing(three());
    world.blocked.add(1);
    expect(told(three('2'), world.observe())).toEqual(waits('not now'));
    const { host, admin } = world.observe();
    if (admin?.quorum === null || admin?.quorum === undefined) throw new Error('a controller is active');
    const { quorum } = admin;
    const seen = (more: Partial<typeof admin>): Observed => ({
      host,
      admin: { ...admin, obstacles: new Map([[1, []]]), ...more },
    });
    expect(told(three('2'), seen({ obstacles: new Map() }))).toEqual(
      waits('no controller is active that can tell whether it can be spared'),
    );
    const topics = new Map(['b', 'a', 'c'].map((name) => [name, { ...PLAIN_TOPIC, leaderless: name === 'c' ? 0 : 1 }]));
    expect(told(three('2'), seen({ topics }))).toEqual(waits('topic a, b has partitions without a leader'));
    const voters = quorum.voters.map((voter) => ({ ...voter, lag: voter.id === 2 ? 5_000 : 0 }));
    expect(told(three('2'), seen({ quorum: { ...quorum, voters } }))).toEqual(
      waits('the other voters are no majority, or not caught up'),
    );
    expect(told(three('2'), seen({})).steps).toEqual([`restart node 1: ${SETTINGS}`]);
  });

  it('tells which other Clusters wait for it', () => {
    const world = ailing(three());
    const rollsLater = ['Cluster d', 'Cluster e', 'Cluster f', 'Cluster g'];
    const message =
      'until the nodes here are as this operator makes them, and serve, none is restarted for that of Cluster d, Cluster e, Cluster f and 1 more';
    expect(told(three(), { ...world.observe(), rollsLater })).toEqual({
      steps: [],
      ready: true,
      said: [`RollAwaited OthersWait: ${message}`],
    });
  });
});

it('nodes that all went down by their settings are restarted one after the other, though the first waits for the others', () => {
  const world = ailing(three());
  for (const id of [0, 1, 2]) world.crash(id, 'kept');
  const steps: string[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const [step] = planOf(three('2'), world.observe()).steps;
    if (step === undefined) break;
    steps.push(describeStep(step));
    world.carryOut(step);
  }
  expect(steps).toEqual([0, 1, 2].map((id) => `restart node ${id}: ${SETTINGS}`));
});

it('a node that does not come up while nobody else is to be restarted is told, and is no reason to act for anybody', () => {
  const world = ailing(three());
  const { host, admin } = world.observe();
  const nodes = host.nodes.map((node) => (node.id === 2 ? { ...node, ready: false, failure: 'no disk' } : node));
  expect(told(three(), { host: { ...host, nodes }, admin })).toEqual({
    steps: [],
    ready: false,
    said: ['Progressing NodeFailing: node 2 does not come up as the manifest says: no disk'],
  });
});

describe('a node on a lost machine', () => {
  const LOST = { sinceMs: 1_000_000, remedy: 'switch it off' };
  const seen = (nowMs: number | null, lost: NodeObservation['lost']): Observed => {
    const { host, admin } = ailing(three()).observe();
    const nodes = host.nodes.map((node) =>
      node.id === 1 && lost !== undefined ? ({ ...node, phase: 'stopping', ready: false, lost } as const) : node,
    );
    return { host: { ...host, nodes }, admin, ...(nowMs === null ? {} : { nowMs }) };
  };

  it('is told with what a person can do, once it should long have ended, and nothing is done', () => {
    const said = ['Stalled BrokerLost: node 1 is lost: switch it off'];
    expect(told(three(), seen(1_060_000, LOST))).toEqual({ steps: [], ready: false, said });
    expect(told(three('2'), seen(1_060_000, LOST))).toMatchObject({ steps: [], said });
    expect(told(three(), seen(1_059_999, LOST))).toEqual({ steps: [], ready: false, said: [] });
    // Without a clock nobody can tell.
    expect(told(three(), seen(null, LOST)).said).toEqual([]);
  });
});
