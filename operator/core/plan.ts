import { configChange } from './config-change.ts';
import { type Condition, declaredTopics, type Desired, resolveOwnership } from './desired.ts';
import type { HostObservation, Observed } from './observed.ts';
import { planGroups } from './plan-groups.ts';
import { type IsDynamic, planNodes, planRemoval, splitSettings, wantedNodes } from './plan-nodes.ts';
import { planTopics } from './plan-topics.ts';
import type { Step } from './steps.ts';

/** What is to be done now, in order, and what the owners of the manifests should know. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly conditions: readonly Condition[];
  /** Every node is ready and every declared topic has its leaders: clients are served as the manifests say. */
  readonly ready: boolean;
}

/**
 * Plans one cluster: pure, and empty on a converged state. Only the first step is carried out before the next
 * observation, so later ones may assume nothing about it.
 */
export function plan(desired: Desired, observed: Observed, isDynamic: IsDynamic): Plan {
  const ownership = resolveOwnership(desired);
  const wanted = wantedNodes(desired.cluster, isDynamic);
  const nodeSteps = planNodes(wanted, observed.host);
  const { admin } = observed;
  if (nodeSteps.length > 0 || admin === null) {
    return { steps: nodeSteps, conditions: ownership.conflicts, ready: false };
  }
  const topics = planTopics(desired, ownership, admin);
  const groups = planGroups(ownership, admin);
  const change = configChange(splitSettings(desired.cluster, isDynamic).dynamic, admin.config, 'declared');
  const steps: Step[] = change === null ? [] : [{ kind: 'SetConfig', change }];
  steps.push(...topics.steps, ...groups.steps);
  const nodesReady = wanted.every((node) => observed.host.nodes.some((one) => one.id === node.id && one.ready));
  const led = declaredTopics(ownership).every((name) => admin.topics.get(name)?.leaderless === 0);
  return {
    steps,
    conditions: [...ownership.conflicts, ...topics.conditions, ...groups.conditions],
    ready: steps.length === 0 && nodesReady && led,
  };
}

/** Plans the end of a cluster whose manifest is gone. Ready: nothing runs any more. */
export function planGone(host: HostObservation): Plan {
  const steps = planRemoval(host);
  return { steps, conditions: [], ready: host.nodes.every((node) => node.phase === 'stopped') };
}
