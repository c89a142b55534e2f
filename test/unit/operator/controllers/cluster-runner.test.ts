import { describe, expect, it } from '@jest/globals';
import { isDynamicSetting } from '../../../../operator/api/settings.ts';
import type { AnyResource } from '../../../../operator/api/kinds.ts';
import { ClusterRunner } from '../../../../operator/controllers/cluster-runner.ts';
import { type Desired, desiredOf } from '../../../../operator/core/desired.ts';
import type { Step } from '../../../../operator/core/steps.ts';
import type { ClusterAdmin, Progress } from '../../../../operator/ports/cluster-admin.ts';
import type { NodeHost } from '../../../../operator/ports/node-host.ts';
import { OperatorError } from '../../../../operator/ports/operator-error.ts';
import { cluster, group, topic } from '../../../support/operator-manifests.ts';
import { PerfectCluster } from '../../../support/operator-model.ts';
import { adminBySteps } from '../../../support/perfect-admin.ts';

function desired(...resources: AnyResource[]): Desired {
  const [one] = desiredOf(resources);
  if (one === undefined) throw new Error('the test needs a Cluster');
  return one;
}

/** The administration of a perfect cluster. */
function adminOf(world: PerfectCluster, move: (step: Step) => Promise<Progress>): ClusterAdmin {
  return {
    observe: async () => {
      const seen = world.admin();
      if (seen === null) throw new OperatorError('UNREACHABLE', 'nobody answers');
      return seen;
    },
    ...adminBySteps(move),
    close: async () => undefined,
  };
}

/** A runner over a perfect cluster, whose steps a test may spoil; time passes only when the runner waits. */
function stage(first: Desired, spoil: (step: Step) => OperatorError | null = () => null, world = new PerfectCluster()) {
  const log: string[] = [];
  let nowMs = 0;
  const waits: { readonly atMs: number; run: (() => void) | null }[] = [];
  const move = async (step: Step): Promise<Progress> => {
    const failure = spoil(step);
    if (failure !== null) throw failure;
    return world.carryOut(step);
  };
  const carryOut = async (step: Step): Promise<void> => void (await move(step));
  const host: NodeHost = {
    observe: async () => world.observe().host,
    form: async (initialVoters) => {
      await carryOut({ kind: 'Form', initialVoters });
      return {
        clusterId: 'id',
        initialVoters: initialVoters.map((id) => ({ id, directoryId: `d${id}` })),
        formed: false,
      };
    },
    ensure: (node) => carryOut({ kind: 'AddNode', node }),
    restart: (node, reason) => carryOut({ kind: 'Restart', node, reason }),
    remove: (id) => carryOut({ kind: 'RemoveNode', id }),
    mark: async (id, mark) => void Object.assign(world.nodes.get(id) ?? {}, { mark }),
    discard: (id) => carryOut({ kind: 'ForgetNode', id, isController: false }),
  };
  const admin = adminOf(world, move);
  const clock = {
    monotonicMs: () => nowMs,
    after: (delayMs: number, run: () => void) => {
      const wait: (typeof waits)[number] = { atMs: nowMs + delayMs, run };
      waits.push(wait);
      return () => {
        wait.run = null;
      };
    },
  };
  const runner = new ClusterRunner(
    first,
    { host, admin: async () => admin, isDynamic: isDynamicSetting, clock },
    {
      step: (text) => log.push(text),
      progress: (text) => log.push(`${Math.floor(nowMs / 1000)} s: ${text}`),
      condition: (condition) => log.push(`${condition.reason}: ${condition.resource}`),
      trouble: (text) => log.push(`trouble: ${text}`),
      converged: (steps) => log.push(`converged after ${steps}`),
      fatal: (error) => log.push(`fatal: ${error.message}`),
      gone: () => log.push('gone'),
    },
  );
  /** Lets the runner do all that it does without waiting. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
  };
  /** Ends the runner's wait; gives how long it was. */
  const pass = async (): Promise<number> => {
    const wait = waits.findLast((one) => one.run !== null);
    const before = nowMs;
    nowMs = wait?.atMs ?? nowMs;
    wait?.run?.();
    await settle();
    return nowMs - before;
  };
  return { runner, world, log, settle, pass };
}

/** Lets time go by in a world, one look after the other, until it is as wanted; a hundred looks at most. */
async function passUntil(world: PerfectCluster, pass: () => Promise<unknown>, isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn += 1) {
    expect(turn).toBeLessThan(100);
    world.tick();
    await pass();
  }
}

describe('the runner of a cluster', () => {
  it('looks every half minute at what is paused, however much is left to be done', async () => {
    const paused = cluster({}, { annotations: { 'weir.dev/pause': 'true' } });
    const { runner, log, settle, pass } = stage(desired(paused, topic('orders')));
    await settle();
    expect(log).toEqual(['Paused: Cluster c']);
    expect(await pass()).toBe(30_000);
    const ending = runner.stop();
    await settle();
    await ending;
  });

  it('takes step after step and tells when everything is so', async () => {
    const { runner, log, settle } = stage(desired(cluster(), topic('t')));
    await settle();
    expect(log).toEqual([
      'form the cluster with voter 0',
      'start node 0',
      'Topic t: create topic t',
      'converged after 3',
    ]);
    await runner.stop();
  });

  it('deletes a group before its settings, which one that has members keeps', async () => {
    const workers = group('g', ['t']);
    const wanted = desired(cluster(), topic('t'), workers);
    let isBusy = true;
    const full = new OperatorError('NON_EMPTY_GROUP', 'group g has members');
    const unset: string[] = [];
    const { runner, world, log, settle, pass } = stage(wanted, (step) => {
      if (step.kind === 'EnsureGroup') unset.push(...step.change.unset);
      return step.kind === 'DeleteGroup' && isBusy ? full : null;
    });
    await settle();
    runner.apply({ ...wanted, ending: new Set([workers]) });
    await settle();
    expect(log.at(-1)).toBe('trouble: ShareGroup g: delete group g: group g has members');
    expect(world.groups.get('g')?.config.size).toBe(1);
    isBusy = false;
    for (let passed = 0; passed < 20 && unset.length === 0; passed += 1) await pass();
    await runner.stop();
    expect(log.at(-1)).toBe('ShareGroup g: delete group g');
    expect(unset).toEqual(['share.auto.offset.reset']);
  });

  it('does nothing on a second apply of the same, and tells so', async () => {
    const wanted = desired(cluster(), topic('t'));
    const { runner, log, settle } = stage(wanted);
    await settle();
    runner.apply(wanted);
    await settle();
    expect(log.at(-1)).toBe('converged after 0');
    await runner.stop();
  });

  it('does not take what holds for earlier manifests for what holds for those that came meanwhile', async () => {
    const { runner, world, log, settle, pass } = stage(desired(cluster(), topic('t')));
    await settle();
    const observe = world.observe.bind(world);
    world.observe = () => {
      world.observe = observe;
      runner.apply(desired(cluster(), topic('t'), topic('u')));
      return observe();
    };
    log.splice(0);
    await pass();
    expect(log).toEqual(['Topic u: create topic u', 'converged after 1']);
    await runner.stop();
  });

  it('looks again by itself every 30 s and mends what drifted', async () => {
    const { runner, world, log, settle, pass } = stage(desired(cluster(), topic('t')));
    await settle();
    world.topics.delete('t');
    expect(await pass()).toBe(30_000);
    expect(log.slice(-2)).toEqual(['Topic t: create topic t', 'converged after 1']);
    await runner.stop();
  });

  it('holds a step back that failed, longer each time, and takes the others meanwhile', async () => {
    const refusal = new OperatorError('POLICY_VIOLATION', 'not here');
    const { runner, log, settle, pass } = stage(desired(cluster(), topic('a'), topic('b')), (step) =>
      step.kind === 'EnsureTopic' && step.topic === 'a' ? refusal : null,
    );
    await settle();
    for (let turn = 0; turn < 5; turn += 1) await pass();
    expect(log).toEqual([
      'form the cluster with voter 0',
      'start node 0',
      'trouble: Topic a: create topic a: not here',
      'Topic b: create topic b',
    ]);
    await runner.stop();
  });

  it('tells of a node that cannot be started, for good', async () => {
    const { runner, log, settle } = stage(desired(cluster()), (step) =>
      step.kind === 'AddNode' ? new OperatorError('PORT_TAKEN', 'port 9092 is taken', { fatal: true }) : null,
    );
    await settle();
    expect(log).toEqual(['form the cluster with voter 0', 'fatal: port 9092 is taken']);
    await runner.stop();
  });

  it.each([
    ['for now', {}],
    ['for good', { fatal: true }],
  ])(
    'does for topics and groups what is to be done while a node can not be added %s, and tries that again',
    async (_title, options) => {
      const full = new OperatorError('FORBIDDEN', 'exceeded quota', options);
      let isFull = true;
      const world = new PerfectCluster('slow');
      const spoil = (step: Step) => (step.kind === 'AddNode' && step.node.id === 3 && isFull ? full : null);
      const { runner, log, settle, pass } = stage(desired(cluster({}, { brokers: 3 }), topic('t')), spoil, world);
      const until = (isSo: () => boolean) => passUntil(world, pass, isSo);
      await settle();
      await until(() => log.at(-1)?.startsWith('converged') === true);
      log.splice(0);
      const more = [topic('t'), topic('u'), group('g', ['t', 'u'])] as const;
      runner.apply(desired(cluster({}, { brokers: 4 }), ...more));
      await settle();
      await until(() => world.topics.has('u') && world.groups.has('g'));
      expect(log).toContain('Topic u: create topic u');
      expect(world.nodes.has(3)).toBe(false);
      isFull = false;
      await until(() => log.at(-1)?.startsWith('converged') === true);
      expect(world.nodes.get(3)?.isReady).toBe(true);
      await runner.stop();
    },
  );

  it('tells a condition once', async () => {
    const { runner, log, settle, pass } = stage(
      desired(cluster(), topic('a', { topicName: 't' }), topic('b', { topicName: 't' })),
    );
    await settle();
    await pass();
    expect(log.filter((line) => line.startsWith('Conflict'))).toEqual(['Conflict: Topic b']);
    await runner.stop();
  });

  it('remembers who has no share yet until a rebalance is over', async () => {
    const world = new PerfectCluster('slow');
    const { runner, log, settle, pass } = stage(desired(cluster({}, { brokers: 3 })), () => null, world);
    const until = (isSo: () => boolean) => passUntil(world, pass, isSo);
    await settle();
    await until(() => log.at(-1)?.startsWith('converged') === true);
    for (const id of [0, 1, 2]) world.fill(id, 12);
    runner.apply(desired(cluster({}, { brokers: 4 })));
    await settle();
    await until(() => log.some((line) => line.startsWith('give')));
    expect(world.nodes.get(3)?.mark).toBe('joining');
    await until(() => world.nodes.get(3)?.mark !== 'joining');
    expect([...world.nodes.values()].map((node) => node.replicas)).toEqual([9, 9, 9, 9]);
    await runner.stop();
  });

  it('tells once of a drain that takes its time, how far it is every few seconds, and asks for it until it is over', async () => {
    const world = new PerfectCluster('slow');
    const { runner, log, settle, pass } = stage(desired(cluster({}, { brokers: 4 })), () => null, world);
    const until = (isSo: () => boolean) => passUntil(world, pass, isSo);
    await settle();
    await until(() => log.at(-1) === 'converged after 5');
    world.fill(3, 60);
    log.splice(0);
    runner.apply(desired(cluster({}, { brokers: 3 })));
    await settle();
    await until(() => log.at(-1)?.startsWith('converged') === true);
    expect(log).toEqual([
      'drain node 3',
      '3 s: drain node 3: 32 partitions left',
      '6 s: drain node 3: 17 partitions left',
      '9 s: drain node 3: 2 partitions left',
      'stop node 3',
      'forget node 3, which holds nothing any more',
      'converged after 3',
    ]);
    expect([...world.nodes.values()].map((node) => node.replicas)).toEqual([20, 20, 20]);
    await runner.stop();
  });

  it('serves while copies come, and is as the manifests say when they are there', async () => {
    const world = new PerfectCluster('slow');
    const wanted = (replicationFactor: number): Desired =>
      desired(cluster({}, { brokers: 3 }), topic('t', { replicationFactor, partitions: 40 }));
    const { runner, log, settle, pass } = stage(wanted(1), () => null, world);
    const until = (isSo: () => boolean) => passUntil(world, pass, isSo);
    await settle();
    await until(() => log.at(-1)?.startsWith('converged') === true);
    log.splice(0);
    runner.apply(wanted(3));
    await settle();
    await until(() => log.at(-1)?.startsWith('converged') === true);
    expect(log).toEqual([
      'Topic t: give topic t 3 copies',
      '3 s: Topic t: give topic t 3 copies: 12 partitions left',
      'converged after 1',
    ]);
    expect(world.topics.get('t')).toMatchObject({ copies: [3], resizing: 0 });
    await runner.stop();
  });

  it('ends with its cluster', async () => {
    const { runner, world, log, settle } = stage(desired(cluster()));
    await settle();
    runner.apply(null);
    await settle();
    expect([...world.nodes.values()].map((node) => node.isStopped)).toEqual([true]);
    expect(log.slice(-2)).toEqual(['stop node 0', 'gone']);
    await runner.stop();
  });

  it('takes steps about different topics and groups in one look, and goes on with the others when one fails', async () => {
    const topics = ['a', 'b', 'c'].map((name) => topic(name));
    const broken = new OperatorError('INVALID_CONFIG', 'no', { fatal: true });
    const { runner, world, log, settle, pass } = stage(desired(cluster(), ...topics), (step) =>
      step.kind === 'EnsureTopic' && step.topic === 'b' ? broken : null,
    );
    let looks = 0;
    const observe = world.admin.bind(world);
    world.admin = () => {
      looks += 1;
      return observe();
    };
    await settle();
    expect(log.filter((line) => line.includes('create topic'))).toEqual([
      'Topic a: create topic a',
      'trouble: Topic b: create topic b: no',
      'Topic c: create topic c',
    ]);
    const before = looks;
    await pass();
    expect(looks - before).toBeLessThanOrEqual(2);
    await runner.stop();
  });

  it('begins no group in the look in which a topic of it is changed', async () => {
    const world = new PerfectCluster();
    const first = stage(desired(cluster(), topic('t'), group('g', ['t'])), () => null, world);
    await first.settle();
    await first.runner.stop();
    const order: string[] = [];
    const observe = world.admin.bind(world);
    world.admin = () => {
      order.push('look');
      return observe();
    };
    world.groups.set('g', { type: null, config: new Map(), ...world.groups.get('g'), begun: new Map() });
    const other = topic('t', { config: new Map([['retention.ms', '5']]) });
    const { runner, settle, pass } = stage(
      desired(cluster(), other, group('g', ['t'])),
      (step) => {
        order.push(step.kind);
        return null;
      },
      world,
    );
    await settle();
    await pass();
    await runner.stop();
    expect(order.filter((one, at) => one !== 'look' || order[at - 1] !== 'look')).toEqual([
      'look',
      'EnsureTopic',
      'look',
      'BeginGroup',
      'look',
    ]);
  });

  it('takes no further step in a look when nobody answers', async () => {
    const gone = new OperatorError('UNREACHABLE', 'nobody answers');
    const tried: string[] = [];
    const { runner, settle, pass } = stage(desired(cluster(), topic('a'), topic('b')), (step) => {
      if (step.kind !== 'EnsureTopic') return null;
      tried.push(step.topic);
      return gone;
    });
    await settle();
    expect(tried).toEqual(['a']);
    // The other one has its turn in the next look.
    await pass();
    await runner.stop();
    expect(tried).toEqual(['a', 'b']);
  });

  it('tells that clients are served before it says where a group begins, and tries that again soon', async () => {
    const busy = new OperatorError('COORDINATOR_NOT_AVAILABLE', 'not yet');
    let isBusy = true;
    const { runner, world, log, settle, pass } = stage(desired(cluster(), topic('t'), group('g', ['t'])), (step) =>
      step.kind === 'BeginGroup' && isBusy ? busy : null,
    );
    await settle();
    expect(log.at(-1)).toBe('converged after 4');
    let waitedMs = 0;
    for (let passed = 0; passed < 5; passed += 1) waitedMs += await pass();
    expect(log.at(-1)).toMatch(/^trouble: ShareGroup g: begin group g: .*not yet$/);
    isBusy = false;
    while (world.begun.size === 0 && waitedMs < 10_000) waitedMs += await pass();
    expect(waitedMs).toBeLessThan(2_000);
    expect(log.filter((line) => line.startsWith('converged'))).toEqual(['converged after 4']);
    runner.apply(desired(cluster(), topic('t'), group('g', ['t'])));
    await pass();
    expect(log.at(-1)).toBe('converged after 0');
    await runner.stop();
  });

  it('asks soon again where a group begins while its coordinator does not say', async () => {
    const world = new PerfectCluster();
    const { runner, log, settle, pass } = stage(desired(cluster(), topic('t'), group('g', ['t'])), () => null, world);
    await settle();
    await pass();
    expect(log.slice(-2)).toEqual(['converged after 4', 'ShareGroup g: begin group g: t at earliest']);
    const { begun: _begun, ...unsaid } = world.groups.get('g') ?? { type: null, config: new Map() };
    world.groups.set('g', unsaid);
    await pass();
    expect(log).toContain('CoordinatorNotAvailable: ShareGroup g');
    expect(await pass()).toBeLessThan(1000);
    await runner.stop();
  });
});
