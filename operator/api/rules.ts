import { unreachable } from '../../broker/core/base/assert.ts';
import type { Issue, Path } from './issue.ts';
import { type AnyResource, CLUSTER_NAME, type Cluster, type Resource, type ShareGroup, type Topic } from './kinds.ts';
import type { Kind } from './names.ts';
import { bytesOf } from './quantity.ts';
import { SCALING } from './scaling-schema.ts';

/** Ports that every node keeps for itself (O6): replication, gRPC, health and metrics, console. */
export const RESERVED_PORTS: readonly number[] = [9091, 9180, 9185, 9190];

/** Names that brokers give no listener of clients: their control plane has one, the other says that what is sent is encrypted. */
const REFUSED_LISTENERS: readonly string[] = ['controller', 'ssl'];

/** Combined clusters of so many brokers have that many voters, which stay (O2). */
const COMBINED_VOTERS = 3;

/** What names of labels and annotations of Weir's own begin with. */
const OWN_PREFIX = 'weir.dev/';

/** Labels of others' making that the operator gives to every pod: what a manifest says of them would have no effect. */
export const OWN_LABELS: readonly string[] = ['name', 'component', 'managed-by'].map(
  (name) => `app.kubernetes.io/${name}`,
);

/** Where a rule stands and what it says. */
interface RuleText {
  /** The schema that has the rule, from the root; `*` stands for the items of a list. */
  readonly path: readonly string[];
  /** The field below it that the rule is about, which messages name; absent: the value itself. */
  readonly field?: readonly string[];
  readonly cel: string;
  /** A sentence without its subject, which is the field: what to do, or why not. */
  readonly message: string;
}

/** Whether a rule is broken, at its field; or at which places, for rules over the items of a list. */
type Broken = boolean | readonly Path[];

/** A rule over one state. */
interface StateRule<K extends Kind> extends RuleText {
  readonly on: 'state';
  readonly broken: (now: Resource<K>) => Broken;
}

/** A rule over a change: its CEL names `oldSelf`. */
interface ChangeRule<K extends Kind> extends RuleText {
  readonly on: 'change';
  readonly broken: (now: Resource<K>, before: Resource<K>) => Broken;
}

/**
 * A rule that the shape of a kind can't say, twice: `cel` for the API server, and its twin `broken` for `weir local`. One
 * table of manifests is held against both.
 */
export type Rule<K extends Kind> = StateRule<K> | ChangeRule<K>;

/** Rules that brokers and controllers have alike. */
function nodeRules(role: 'brokers' | 'controllers'): readonly Rule<'Cluster'>[] {
  const storage = (cluster: Cluster) => cluster.spec[role]?.storage;
  const ownNames = (field: 'labels' | 'annotations'): Rule<'Cluster'> => {
    const taken: readonly string[] = field === 'labels' ? OWN_LABELS : [];
    const others = taken.length === 0 ? '' : ` && !(name in [${taken.map((name) => `'${name}'`).join(', ')}])`;
    return {
      path: ['spec', role, 'pod', field],
      on: 'state',
      cel: `self.all(name, !name.startsWith('${OWN_PREFIX}')${others})`,
      message: `must not have ${[`names that begin with ${OWN_PREFIX}`, ...taken].join(', ')}, which are the operator's own`,
      broken: (now) =>
        [...(now.spec[role]?.pod?.[field]?.keys() ?? [])].some(
          (name) => name.startsWith(OWN_PREFIX) || taken.includes(name),
        ),
    };
  };
  return [
    {
      path: ['spec', role],
      field: ['storage'],
      on: 'change',
      cel: 'has(self.storage) == has(oldSelf.storage)',
      message: 'cannot be added or taken away: make a new Cluster, whose nodes begin with the other kind of storage',
      broken: (now, before) =>
        now.spec[role] !== undefined &&
        before.spec[role] !== undefined &&
        (storage(now) === undefined) !== (storage(before) === undefined),
    },
    {
      path: ['spec', role, 'storage'],
      field: ['size'],
      on: 'change',
      cel: 'quantity(string(self.size)).compareTo(quantity(string(oldSelf.size))) >= 0',
      message: 'must not shrink: volumes can only grow',
      broken: (now, before) => {
        const [is, was] = [storage(now), storage(before)];
        return is !== undefined && was !== undefined && bytesOf(is.size) < bytesOf(was.size);
      },
    },
    {
      path: ['spec', role, 'storage'],
      field: ['storageClassName'],
      on: 'change',
      cel: stays('storageClassName'),
      message: 'cannot be changed, added or taken away: volumes keep the class that they were made with',
      broken: (now, before) => {
        const [is, was] = [storage(now), storage(before)];
        return is !== undefined && was !== undefined && is.storageClassName !== was.storageClassName;
      },
    },
    ownNames('labels'),
    ownNames('annotations'),
  ];
}

const CLUSTER_RULES: readonly Rule<'Cluster'>[] = [
  {
    path: [],
    field: ['metadata', 'name'],
    on: 'state',
    cel: `self.metadata.name.matches('${CLUSTER_NAME.pattern}')`,
    message: `must be ${CLUSTER_NAME.patternHint}`,
    broken: (now) => !new RegExp(CLUSTER_NAME.pattern).test(now.metadata.name),
  },
  {
    path: ['spec'],
    field: ['controllers'],
    on: 'change',
    cel: 'has(self.controllers) == has(oldSelf.controllers)',
    message:
      'cannot be added or taken away: make a new Cluster, since this one keeps the kind of controllers it began with',
    broken: (now, before) => (now.spec.controllers === undefined) !== (before.spec.controllers === undefined),
  },
  {
    path: ['spec'],
    field: ['brokers', 'replicas'],
    on: 'change',
    cel: `has(self.controllers) || oldSelf.brokers.replicas < ${COMBINED_VOTERS} || self.brokers.replicas >= ${COMBINED_VOTERS}`,
    message: `must stay at least ${COMBINED_VOTERS}: brokers 0 to ${COMBINED_VOTERS - 1} of this Cluster are its controllers`,
    broken: ({ spec: now }, { spec: before }) =>
      now.controllers === undefined &&
      before.brokers.replicas >= COMBINED_VOTERS &&
      now.brokers.replicas < COMBINED_VOTERS,
  },
  {
    path: ['spec', 'controllers'],
    field: ['replicas'],
    on: 'state',
    cel: 'self.replicas in [1, 3, 5]',
    message: 'must be 1, 3 or 5: of an even number no more may fail than of one fewer',
    broken: (now) => (now.spec.controllers?.replicas ?? 1) % 2 === 0,
  },
  {
    path: ['spec', 'controllers'],
    field: ['replicas'],
    on: 'change',
    cel: 'self.replicas >= oldSelf.replicas',
    message: 'must not become fewer: controllers can only be added',
    broken: (now, before) => (now.spec.controllers?.replicas ?? 5) < (before.spec.controllers?.replicas ?? 1),
  },
  {
    path: ['spec', 'brokers'],
    field: ['autoscale', 'maxReplicas'],
    on: 'state',
    cel: '!has(self.autoscale) || self.autoscale.maxReplicas >= self.replicas',
    message: 'must be at least spec.brokers.replicas, which is the least number of brokers',
    broken: ({ spec: { brokers } }) => (brokers.autoscale?.maxReplicas ?? brokers.replicas) < brokers.replicas,
  },
  {
    path: ['spec', 'brokers', 'autoscale'],
    field: ['scaleInSeconds'],
    on: 'state',
    cel: '!has(self.scaleInSeconds) || !has(self.scaleOutSeconds) || self.scaleInSeconds >= self.scaleOutSeconds',
    message: 'must be at least scaleOutSeconds: a broker that came takes longer to go',
    broken: ({ spec: { brokers } }) =>
      brokers.autoscale !== undefined && brokers.autoscale.scaleInSeconds < brokers.autoscale.scaleOutSeconds,
  },
  {
    path: ['spec', 'listeners', '*', 'name'],
    on: 'state',
    cel: `!(self in [${REFUSED_LISTENERS.map((name) => `'${name}'`).join(', ')}])`,
    message: `must not be ${REFUSED_LISTENERS.join(' or ')}, which brokers refuse: choose another name`,
    broken: (now) =>
      now.spec.listeners.flatMap(({ name }, at) =>
        REFUSED_LISTENERS.includes(name) ? [['spec', 'listeners', at, 'name']] : [],
      ),
  },
  {
    path: ['spec', 'listeners', '*', 'port'],
    on: 'state',
    cel: `!(self in [${RESERVED_PORTS.join(', ')}])`,
    message: `must not be ${RESERVED_PORTS.join(', ')}: nodes keep these ports for themselves`,
    broken: (now) =>
      now.spec.listeners.flatMap(({ port }, at) =>
        RESERVED_PORTS.includes(port) ? [['spec', 'listeners', at, 'port']] : [],
      ),
  },
  {
    path: ['spec', 'listeners'],
    on: 'state',
    cel: 'self.all(one, self.exists_one(other, other.port == one.port))',
    message: 'must not have the port of another listener: each needs its own',
    broken: ({ spec: { listeners } }) =>
      listeners.flatMap(({ port }, at) =>
        listeners.findIndex((one) => one.port === port) < at ? [['spec', 'listeners', at, 'port']] : [],
      ),
  },
  {
    path: ['spec', 'listeners', '*'],
    field: ['hosts'],
    on: 'state',
    cel: "(self.type == 'hosts') == has(self.hosts)",
    message: 'must be there if the type of the listener is hosts, and only then',
    broken: (now) =>
      now.spec.listeners.flatMap(({ type, hosts }, at) =>
        (type === 'hosts') === (hosts !== undefined) ? [] : [['spec', 'listeners', at, 'hosts']],
      ),
  },
  ...nodeRules('brokers'),
  ...nodeRules('controllers'),
];

const CLUSTER_REF_STAYS = {
  path: ['spec', 'clusterRef'],
  on: 'change',
  cel: 'self == oldSelf',
  message: 'cannot be changed: make a new object for the other Cluster',
  broken: ({ spec: { clusterRef: now } }: ShareGroup | Topic, { spec: { clusterRef: before } }: ShareGroup | Topic) =>
    now.name !== before.name || now.namespace !== before.namespace,
} as const;

/** That a field stays as it is, also when it is not there. */
function stays(field: string): string {
  return `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`;
}

/** Topics that nobody but brokers makes, or nobody at all: in CEL, and its twin. */
const refusedTopicCel = (name: string): string => `${name}.startsWith('__') || ${name} in ['.', '..']`;
const isRefusedTopic = (name: string): boolean => name.startsWith('__') || name === '.' || name === '..';

/** What a ScaledObject says of how many consumers there are, by what a ShareGroup says of them if mode is Builtin. */
const OF_SCALED_OBJECT = {
  minReplicas: 'minReplicaCount',
  maxReplicas: 'maxReplicaCount',
  stabilizationSeconds: 'cooldownPeriod and advanced.horizontalPodAutoscalerConfig.behavior',
  scaleUpPercent: 'advanced.horizontalPodAutoscalerConfig.behavior.scaleUp',
  scaleDownPercent: 'advanced.horizontalPodAutoscalerConfig.behavior.scaleDown',
} as const;

/** Fields that would have no effect. One that is what it is by itself can't be told from none: an API server fills it in. */
function isBuiltinAlone(field: keyof typeof OF_SCALED_OBJECT): Rule<'ShareGroup'> {
  const { default: own } = SCALING.properties[field];
  return {
    path: ['spec', 'scaling'],
    field: [field],
    on: 'state',
    cel: `self.mode == 'Builtin' || self.${field} == ${own}`,
    message: `has no effect if mode is External: a ScaledObject has ${OF_SCALED_OBJECT[field]} for it`,
    broken: ({ spec: { scaling } }) => scaling?.mode === 'External' && scaling[field] !== own,
  };
}

const SHARE_GROUP_RULES: readonly Rule<'ShareGroup'>[] = [
  CLUSTER_REF_STAYS,
  {
    path: ['spec'],
    field: ['groupId'],
    on: 'change',
    cel: stays('groupId'),
    message: 'cannot be changed, added or taken away: make a new ShareGroup for another group',
    broken: (now, before) => now.spec.groupId !== before.spec.groupId,
  },
  {
    // The brokers' own topics have settings of their own: made otherwise, state would be deleted after a week.
    path: ['spec'],
    field: ['topics'],
    on: 'state',
    cel: `!has(self.createTopics) || !self.topics.exists(name, ${refusedTopicCel('name')})`,
    message:
      "must not have '.', '..' or names that begin with '__' where createTopics is there: brokers make their own topics themselves",
    broken: ({ spec: { createTopics, topics } }) => createTopics !== undefined && topics.some(isRefusedTopic),
  },
  {
    path: ['spec', 'scaling'],
    field: ['maxReplicas'],
    on: 'state',
    cel: 'self.maxReplicas >= self.minReplicas',
    message: 'must be at least minReplicas, which is the least number of replicas',
    broken: ({ spec: { scaling } }) => scaling !== undefined && scaling.maxReplicas < scaling.minReplicas,
  },
  {
    path: ['spec', 'scaling'],
    field: ['targetRef'],
    on: 'state',
    cel: "has(self.targetRef) == (self.mode == 'Builtin')",
    message: 'must be there if mode is Builtin, and only then: KEDA has it in its ScaledObject',
    broken: ({ spec: { scaling } }) =>
      scaling !== undefined && (scaling.targetRef !== undefined) !== (scaling.mode === 'Builtin'),
  },
  isBuiltinAlone('minReplicas'),
  isBuiltinAlone('maxReplicas'),
  isBuiltinAlone('stabilizationSeconds'),
  isBuiltinAlone('scaleUpPercent'),
  isBuiltinAlone('scaleDownPercent'),
];

const TOPIC_RULES: readonly Rule<'Topic'>[] = [
  CLUSTER_REF_STAYS,
  {
    path: ['spec'],
    field: ['topicName'],
    on: 'change',
    cel: stays('topicName'),
    message: 'cannot be changed, added or taken away: make a new Topic, since a topic keeps its name',
    broken: (now, before) => now.spec.topicName !== before.spec.topicName,
  },
  {
    path: ['spec', 'topicName'],
    on: 'state',
    cel: `!(${refusedTopicCel('self')})`,
    message: "must not begin with '__', as the topics of the brokers themselves do, nor be '.' or '..'",
    broken: ({ spec: { topicName = '' } }) => isRefusedTopic(topicName),
  },
  {
    path: ['spec', 'partitions'],
    on: 'change',
    cel: 'self >= oldSelf',
    message: 'must not shrink: partitions can only be added; make a new Topic for fewer',
    broken: (now, before) => (now.spec.partitions ?? Infinity) < (before.spec.partitions ?? 0),
  },
];

/** The rules of every kind. */
export const RULES: { readonly [K in Kind]: readonly Rule<K>[] } = {
  Cluster: CLUSTER_RULES,
  ShareGroup: SHARE_GROUP_RULES,
  Topic: TOPIC_RULES,
};

/** What a manifest that has the shape of its kind breaks, by itself and as a change of an earlier one of the same name. */
export function checkRules(now: AnyResource, before: AnyResource | null = null): readonly Issue[] {
  switch (now.kind) {
    case 'Cluster':
      return findings(RULES.Cluster, now, before?.kind === now.kind ? before : null);
    case 'ShareGroup':
      return findings(RULES.ShareGroup, now, before?.kind === now.kind ? before : null);
    case 'Topic':
      return findings(RULES.Topic, now, before?.kind === now.kind ? before : null);
    default:
      return unreachable(now);
  }
}

function findings<K extends Kind>(
  rules: readonly Rule<K>[],
  now: Resource<K>,
  before: Resource<K> | null,
): readonly Issue[] {
  return rules.flatMap((rule) => {
    const { path, field = [], message } = rule;
    const broken = rule.on === 'state' ? rule.broken(now) : before !== null && rule.broken(now, before);
    const places = typeof broken === 'boolean' ? (broken ? [[...path, ...field]] : []) : broken;
    return places.map((place) => ({ path: place, message }));
  });
}
