import { describe, expect, it } from '@jest/globals';
import { isDynamicSetting } from '../../../../operator/api/settings.ts';
import type { AnyResource } from '../../../../operator/api/kinds.ts';
import { ClusterRunner } from '../../../../operator/controllers/cluster-runner.ts';
import { type Desired, desiredOf } from '../../../../operator/core/desired.ts';
import type { Step } from '../../../../operator/core/steps.ts';
import type { ClusterAdmin } from '../../../../operator/ports/cluster-admin.ts';
import type { NodeHost } from '../../../../operator/ports/node-host.ts';
import { OperatorError } from '../../../../operator/ports/operator-error.ts';
import { cluster, PerfectCluster, topic } from '../../../support/operator-model.ts';

function desired(...resources: AnyResource[]): Desired {
  const [one] = desiredOf(resources);
  if (one === undefined) throw new Error('the test needs a Cluster');
  return one;
}

/** The administration of a perfect cluster. */
function adminOf(world: PerfectCluster, carryOut: (step: Step) => Promise<void>): ClusterAdmin {
  return {
    observe: async () => {
      const seen = world.admin();
      if (seen === null) throw new OperatorError('UNREACHABLE', 'nobody answers');
      return seen;
    },
    addVoter: ({ id, directoryId, address }) => carryOut({ kind: 'AddVoter', id, directoryId, address }),
    removeVoter: ({ id, directoryId }) => carryOut({ kind: 'RemoveVoter', id, directoryId }),
    createTopic: ({ name, ...change }) =>
      carryOut({ kind: 'EnsureTopic', topic: name, resource: '', change: { kind: 'create', ...change } }),
    growTopic: async () => undefined,
    alterConfig: async () => undefined,
    close: async () => undefined,
  };
}

/** A runner over a perfect cluster, whose steps a test may spoil; time passes only when the runner waits. */
function stage(first: Desired, spoil: (step: Step) => OperatorError | null = () => null) {
  const world = new PerfectCluster();
  const log: string[] = [];
  let nowMs = 0;
  const waits: { readonly atMs: number; run: (() => void) | null }[] = [];
  const carryOut = async (step: Step): Promise<void> => {
    const failure = spoil(step);
    if (failure !== null) throw failure;
    world.carryOut(step);
  };
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
    grow: async () => undefined,
  };
  const admin = adminOf(world, carryOut);
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

describe('the runner of a cluster', () => {
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

  it('does nothing on a second apply of the same, and tells so', async () => {
    const wanted = desired(cluster(), topic('t'));
    const { runner, log, settle } = stage(wanted);
    await settle();
    runner.apply(wanted);
    await settle();
    expect(log.at(-1)).toBe('converged after 0');
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

  it('tells a condition once', async () => {
    const { runner, log, settle, pass } = stage(
      desired(cluster(), topic('a', { topicName: 't' }), topic('b', { topicName: 't' })),
    );
    await settle();
    await pass();
    expect(log.filter((line) => line.startsWith('Conflict'))).toEqual(['Conflict: Topic b']);
    await runner.stop();
  });

  it('ends with its cluster', async () => {
    const { runner, world, log, settle } = stage(desired(cluster()));
    await settle();
    runner.apply(null);
    await settle();
    expect(world.nodes.size).toBe(0);
    expect(log.slice(-2)).toEqual(['stop node 0', 'gone']);
    await runner.stop();
  });
});
