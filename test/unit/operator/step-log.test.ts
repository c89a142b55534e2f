import { describe, expect, it } from '@jest/globals';
import { LineBudget } from '../../../operator/core/line-budget.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { clusterOf } from '../../support/kubernetes/rendered.ts';
import { topic } from '../../support/operator-manifests.ts';

const inNs = (name: string) => ({ metadata: { name, namespace: 'ns' } });
const three = (version?: string) =>
  clusterOf({ brokers: { replicas: 3 }, ...(version === undefined ? {} : { version }) }, inNs('orders').metadata);
const topicOf = (name: string) => ({ ...topic(name, { clusterRef: { name: 'orders' } }), ...inNs(name) });

/** A stage where this Cluster is all that it should be. */
async function settled(): Promise<OperatorStage> {
  const stage = new OperatorStage();
  stage.world.declare(three());
  stage.start();
  await stage.calm();
  return stage;
}

describe('the log of an operator', () => {
  it('has a line for each step, with what is done and why, and none while nothing is', async () => {
    const stage = await settled();
    const say = (from: number): string[] => stage.lines.slice(from).map(({ what, why }) => `${what} (${why})`);
    for (const line of stage.lines) expect(line).toMatchObject({ cluster: 'ns/orders', failure: null, omitted: 0 });
    expect(say(0)).toEqual([
      'form the cluster with voters 0, 1, 2 (it was never formed)',
      ...[0, 1, 2].map((id) => `start node ${id} (it is wanted and not there)`),
      'give node 2 a share of the partitions (brokers came that have none)',
    ]);
    const count = stage.lines.length;
    await stage.pass(120_000);
    expect(stage.lines).toHaveLength(count);
    stage.world.declare(topicOf('jobs'));
    await stage.calm();
    expect(say(count)).toEqual(['Topic ns/jobs: create topic jobs (the manifest of Topic ns/jobs says so)']);
  });

  it('tells of a step that fails, and why', async () => {
    const stage = await settled();
    const count = stage.lines.length;
    const full = new OperatorError('POLICY_VIOLATION', 'not here');
    const { effect } = stage.world;
    stage.world.effect = (name, change, isChange) => {
      if (name === 'EnsureTopic') throw full;
      return effect(name, change, isChange);
    };
    stage.world.declare(topicOf('jobs'));
    await stage.pass(60_000);
    const lines = stage.lines.slice(count);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({ cluster: 'ns/orders', kind: 'EnsureTopic', failure: 'not here' });
    // It is tried again every ten seconds, and told once.
    expect(lines).toHaveLength(1);
  });
});

describe('the budget of lines', () => {
  it('is one for each subject, fills again with time, and counts what it left out', () => {
    const budget = new LineBudget({ burst: 2, refillMs: 1_000, subjectsMax: 10 });
    expect([0, 0, 0, 0].map((ms) => budget.take('a', ms))).toEqual([0, 0, null, null]);
    expect(budget.take('b', 0)).toBe(0);
    expect(budget.take('a', 999)).toBeNull();
    expect([1_000, 1_500, 2_000].map((ms) => budget.take('a', ms))).toEqual([3, null, 1]);
    expect([60_000, 60_000, 60_000].map((ms) => budget.take('a', ms))).toEqual([0, 0, null]);
  });

  it('remembers so many subjects, those with the last lines', () => {
    const budget = new LineBudget({ burst: 1, refillMs: 1_000, subjectsMax: 2 });
    expect(['a', 'b', 'a', 'c', 'b', 'c'].map((one) => budget.take(one, 0))).toEqual([0, 0, null, 0, 0, null]);
  });
});
