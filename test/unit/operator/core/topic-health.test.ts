import { describe, expect, it } from '@jest/globals';
import type { AnyResource } from '../../../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../../../operator/api/settings.ts';
import { type Desired, desiredOf } from '../../../../operator/core/desired.ts';
import type { Observed } from '../../../../operator/core/observed.ts';
import { plan } from '../../../../operator/core/plan.ts';
import { clusterStatus } from '../../../../operator/core/status.ts';
import { cluster, topic } from '../../../support/operator-manifests.ts';
import { PerfectCluster, PLAIN_TOPIC } from '../../../support/operator-model.ts';

function desired(...resources: AnyResource[]): Desired {
  const [one] = desiredOf(resources);
  if (one === undefined) throw new Error('the test needs a Cluster');
  return one;
}

/** A cluster that is as its manifests say. */
function settled(wanted: Desired): PerfectCluster {
  const world = new PerfectCluster();
  for (;;) {
    const [step] = plan(wanted, world.observe(), isDynamicSetting).steps;
    if (step === undefined) return world;
    world.carryOut(step);
  }
}

/** The conditions of the Cluster. */
function saysCluster(wanted: Desired, observed: Observed): string[] {
  const seen = { observed, plan: plan(wanted, observed, isDynamicSetting) };
  const findings = { desired: wanted, seen, trouble: null, failures: new Map(), isDynamic: isDynamicSetting };
  const facts = { listeners: [], selector: '', version: null, operatorVersion: '0.3.0' };
  return clusterStatus(findings, facts).judgements.map(
    ({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`,
  );
}

const SERVING = 'Available=True Serving: clients are served';
const ENOUGH =
  'ReplicationSufficient=True Sufficient: every topic has more than one copy, and more than its min.insync.replicas';

describe('the topics of a Cluster', () => {
  it('are judged whether somebody declared them or not, those of Weir itself among them', () => {
    const wanted = desired(cluster({}, { brokers: 3 }), topic('t', { replicationFactor: 3 }));
    const world = settled(wanted);
    const last = (count: number): string[] => saysCluster(wanted, world.observe()).slice(-count);
    world.topics.set('__consumer_offsets', { ...PLAIN_TOPIC, partitions: 50, copies: [1] });
    expect(last(2)).toEqual([
      SERVING,
      'ReplicationSufficient=False TooFewCopies: one broker less is too few for topics __consumer_offsets: they have one copy, or no more than their min.insync.replicas',
    ]);
    world.topics.set('__consumer_offsets', { ...PLAIN_TOPIC, partitions: 50, copies: [3], leaderless: 12 });
    const [available] = last(2);
    expect(available).toMatch(
      /^Available=False PartitionsOffline: 12 of 51 partitions have no leader: __consumer_offsets-0, .*-9 and 2 more$/,
    );
  });

  it('are served while partitions take not all records and copies are not in sync, which is told', () => {
    const wanted = desired(cluster({}, { brokers: 3 }), topic('t', { partitions: 4, replicationFactor: 3 }));
    const world = settled(wanted);
    world.underMinIsr = { count: 1, examples: ['t-0'] };
    world.underReplicated = { count: 3, examples: ['t-0', 't-1'] };
    expect(saysCluster(wanted, world.observe())).toEqual([
      'Ready=True AsDeclared: all is as the manifest says',
      'Available=True Serving: clients are served, but not all records with acks=all are taken: 1 of 4 partitions has fewer copies in sync than min.insync.replicas: t-0',
      `${ENOUGH}; 3 of 4 partitions have a copy that is not in sync: t-0, t-1 and 1 more`,
    ]);
  });

  it('may have damaged logs, which somebody may have to give up', () => {
    const wanted = desired(cluster({}, { brokers: 3 }), topic('t', { partitions: 4, replicationFactor: 3 }));
    const { host, admin } = settled(wanted).observe();
    if (admin === null || typeof admin.assessed !== 'object') throw new Error('it answers');
    const assessed = {
      ...admin.assessed,
      leaderless: { count: 2, examples: ['t-0', 't-3'] },
      damaged: { count: 1, examples: ['t-3'] },
    };
    expect(saysCluster(wanted, { host, admin: { ...admin, assessed } })[2]).toBe(
      'Available=False PartitionsOffline: 2 of 4 partitions have no leader: t-0, t-3; partition t-3 has a damaged log, and waits for a copy on another broker, or for weir admin accept-loss',
    );
  });

  it('are not known while the active controller does not tell, and asked for again; what brokers know of declared ones counts all the same', () => {
    const wanted = desired(cluster({}, { brokers: 3 }), topic('t', { replicationFactor: 3 }));
    const world = settled(wanted);
    expect(plan(wanted, world.observe(), isDynamicSetting)).toMatchObject({ ready: true, asksAgain: false });
    world.assessesAs = 'unsaid';
    const told = 'NotTold: the active controller did not tell how topics are; it is asked again';
    expect(saysCluster(wanted, world.observe())).toEqual([
      `Ready=Unknown ${told}`,
      `Reconciling=True ${told}`,
      `Available=Unknown ${told}`,
      `ReplicationSufficient=Unknown ${told}`,
    ]);
    expect(plan(wanted, world.observe(), isDynamicSetting)).toMatchObject({ ready: true, asksAgain: true });
    world.topics.set('t', { ...PLAIN_TOPIC, copies: [3], leaderless: 1 });
    expect(saysCluster(wanted, world.observe())[2]).toBe(
      'Available=False PartitionsOffline: partitions without a leader: topics t',
    );
  });

  it('are not known to an active controller of before, which is asked at the next look, and what to do is told', () => {
    const wanted = desired(cluster({}, { brokers: 3 }), topic('t', { replicationFactor: 3 }));
    const world = settled(wanted);
    world.assessesAs = 'unserved';
    const told =
      'ControllerTooOld: the active controller runs a version of Weir that does not tell how topics are: raise spec.version, or take it out of the manifest, so that nodes run a newer one';
    expect(saysCluster(wanted, world.observe())).toEqual([
      `Ready=Unknown ${told}`,
      `Reconciling=True ${told}`,
      `Available=Unknown ${told}`,
      `ReplicationSufficient=Unknown ${told}`,
    ]);
    expect(plan(wanted, world.observe(), isDynamicSetting)).toMatchObject({ ready: true, asksAgain: false, steps: [] });
    world.topics.set('t', { ...PLAIN_TOPIC, copies: [3], leaderless: 1 });
    expect(saysCluster(wanted, world.observe())[2]).toBe(
      'Available=False PartitionsOffline: partitions without a leader: topics t',
    );
  });

  it('are looked at again soon while partitions of any wait for their leader', () => {
    const wanted = desired(cluster({}, { brokers: 3 }));
    const world = settled(wanted);
    world.topics.set('__share_group_state', { ...PLAIN_TOPIC, copies: [3], leaderless: 1 });
    expect(plan(wanted, world.observe(), isDynamicSetting)).toMatchObject({ ready: true, asksAgain: true });
  });

  it('are named, the first of many, where one broker less is too few for them', () => {
    const many = Array.from({ length: 12 }, (_, n) => topic(`t${n}`, { replicationFactor: 3 }));
    const wanted = desired(cluster({}, { brokers: 3 }), ...many);
    const world = settled(wanted);
    const last = (): string | undefined => saysCluster(wanted, world.observe()).at(-1);
    expect(last()).toBe(ENOUGH);
    world.topics.set('t3', { ...PLAIN_TOPIC, copies: [2, 3], minInsyncReplicas: 2 });
    world.topics.set('t5', { ...PLAIN_TOPIC, copies: [1] });
    expect(last()).toMatch(/^ReplicationSufficient=False TooFewCopies: one broker less is too few for topics t3, t5: /);
    for (const { metadata } of many) world.topics.set(metadata.name, { ...PLAIN_TOPIC, copies: [1] });
    expect(last()).toMatch(/ topics t0, t1, t10, .*, t7 and 2 more: /);
  });
});

it('topics that nobody leads are named by their names where no controller was asked', () => {
  const wanted = desired(cluster(), topic('b'), topic('a'), topic('c'));
  const observed = settled(wanted).observe();
  const { admin } = observed;
  if (admin === null) throw new Error('the brokers answer');
  const { assessed: _asked, ...rest } = admin;
  const topics = new Map(['b', 'a', 'c'].map((name) => [name, { ...PLAIN_TOPIC, leaderless: name === 'c' ? 0 : 1 }]));
  expect(saysCluster(wanted, { ...observed, admin: { ...rest, topics } })).toContain(
    'Available=False PartitionsOffline: partitions without a leader: topics a, b',
  );
});
