import type { Issue } from './issue.ts';
import type { Cluster } from './kinds.ts';

/** Combined clusters of so many brokers have that many voters, which stay (O2). */
const COMBINED_VOTERS = 3;

/** What is wrong with a valid Cluster as a change of an earlier one: what an API server tells by rules over `oldSelf` (O2). */
export function checkTransition(before: Cluster, after: Cluster): readonly Issue[] {
  const issues: Issue[] = [];
  const [was, is] = [before.spec.controllers?.replicas, after.spec.controllers?.replicas];
  const [from, to] = [before.spec.brokers.replicas, after.spec.brokers.replicas];
  if (was === undefined && is !== undefined) {
    issues.push({
      path: ['spec', 'controllers'],
      message: 'cannot be added: the first brokers of this cluster are its controllers',
    });
  } else if (was !== undefined && is === undefined) {
    issues.push({
      path: ['spec', 'controllers'],
      message: 'cannot be taken away: this cluster has controllers of its own',
    });
  } else if (was !== undefined && is !== undefined && is < was) {
    issues.push({
      path: ['spec', 'controllers', 'replicas'],
      message: `must be at least ${was}, not ${is}: controllers can only be added`,
    });
  }
  const path = ['spec', 'brokers', 'replicas'];
  if (was === undefined && from >= COMBINED_VOTERS && to < COMBINED_VOTERS) {
    const message = `must be at least ${COMBINED_VOTERS}, not ${to}: brokers 0 to ${COMBINED_VOTERS - 1} of this cluster are its controllers`;
    issues.push({ path, message });
  }
  return issues;
}
