import type { AnyResource, Cluster, ShareGroup, Topic } from '../../operator/api/kinds.ts';
import type {
  AdminObservation,
  GroupObservation,
  NodeObservation,
  Observed,
  TopicObservation,
} from '../../operator/core/observed.ts';
import type { ConfigChange, NodeSpec, Step } from '../../operator/core/steps.ts';

type Metadata = AnyResource['metadata'];

const metadata = (name: string): Metadata => ({ name, namespace: 'default' });

/** A Cluster with one broker. */
export function cluster(config: Readonly<Record<string, string>> = {}, port = 9092): Cluster {
  const listeners = [{ name: 'plain', port }];
  return {
    kind: 'Cluster',
    metadata: metadata('c'),
    spec: { brokers: { replicas: 1 }, listeners, config: new Map(Object.entries(config)) },
  };
}

/** A Topic of cluster `c`. */
export function topic(name: string, spec: Partial<Topic['spec']> = {}): Topic {
  return { kind: 'Topic', metadata: metadata(name), spec: { clusterRef: { name: 'c' }, config: new Map(), ...spec } };
}

/** A ShareGroup of cluster `c`. */
export function group(name: string, topics: readonly string[], spec: Partial<ShareGroup['spec']> = {}): ShareGroup {
  return {
    kind: 'ShareGroup',
    metadata: metadata(name),
    spec: { clusterRef: { name: 'c' }, topics, config: new Map(), ...spec },
  };
}

/** A cluster that does at once what steps say; what the planner would observe of a perfect host and broker. */
export class PerfectCluster {
  formed = false;
  readonly nodes = new Map<number, NodeSpec>();
  readonly topics = new Map<string, TopicObservation>();
  readonly groups = new Map<string, GroupObservation>();
  config = new Map<string, string>();

  observe(): Observed {
    const nodes: NodeObservation[] = [...this.nodes.values()].map((node) => ({
      id: node.id,
      specHash: node.specHash,
      phase: 'running',
      ready: true,
      address: '127.0.0.1:9092',
      volumeBytes: null,
    }));
    const formation = this.formed
      ? { clusterId: 'id', initialVoters: [{ id: 0, directoryId: 'd0' }], formed: true }
      : null;
    const admin: AdminObservation = { topics: this.topics, groups: this.groups, config: this.config };
    return { host: { formation, nodes }, admin: nodes.length > 0 ? admin : null };
  }

  carryOut(step: Step): void {
    switch (step.kind) {
      case 'Form':
        this.formed = true;
        break;
      case 'AddNode':
      case 'Restart':
        this.nodes.set(step.node.id, step.node);
        break;
      case 'RemoveNode':
        this.nodes.delete(step.id);
        break;
      case 'SetConfig':
        this.config = changed(this.config, step.change);
        break;
      case 'EnsureGroup': {
        const old = this.groups.get(step.groupId);
        this.groups.set(step.groupId, { type: old?.type ?? null, config: changed(old?.config, step.change) });
        break;
      }
      case 'EnsureTopic':
        this.#ensureTopic(step);
        break;
    }
  }

  #ensureTopic({ topic: name, change }: Extract<Step, { kind: 'EnsureTopic' }>): void {
    const old = this.topics.get(name);
    if (change.kind === 'create') {
      const partitions = change.partitions === -1 ? 1 : change.partitions;
      this.topics.set(name, { partitions, replicationFactor: 1, leaderless: 0, config: change.config });
    } else if (old !== undefined) {
      const after =
        change.kind === 'grow' ? { partitions: change.partitions } : { config: changed(old.config, change.change) };
      this.topics.set(name, { ...old, ...after });
    }
  }
}

function changed(config: ReadonlyMap<string, string> | undefined, change: ConfigChange): Map<string, string> {
  const after = new Map([...(config ?? []), ...change.set]);
  for (const name of change.unset) after.delete(name);
  return after;
}
