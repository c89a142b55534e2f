import type { MetadataCommand } from '../../../broker/core/metadata/commands.ts';
import { fc } from '../properties.ts';
import { type MetadataLab, newTopic, sampleId } from './lab.ts';

const NAMES = ['a', 'b.c', 'b_c', '__consumer_offsets', 'long-name'] as const;
const name = fc.constantFrom(...NAMES);
/** Ids of the brokers that steps are about. */
export const broker = fc.integer({ min: 0, max: 3 });

/** A command, or an incarnation of a broker that comes. Epochs are filled in when it runs. */
export type Step =
  | {
      readonly kind: 'join';
      readonly brokerId: number;
      readonly unfence: boolean;
      readonly disk: number;
      readonly isSuspect: boolean;
    }
  | { readonly kind: 'fence' | 'unfence' | 'ids'; readonly brokerId: number; readonly stale: boolean }
  | { readonly kind: 'controller'; readonly controllerId: number }
  /** Something that is asked of one partition, or of a broker. */
  | {
      readonly kind: 'replicas';
      readonly what: (typeof REPLICA_STEPS)[number];
      readonly pick: number;
      readonly ids: readonly number[];
    }
  | { readonly kind: 'command'; readonly command: MetadataCommand };

const REPLICA_STEPS = ['isr', 'prefer', 'unclean', 'move', 'cancel', 'damage', 'shutdown', 'place', 'durable'] as const;

const createTopics = fc
  .array(
    fc.record({
      name,
      partitionCount: fc.constantFrom(-1, 0, 1, 2, 5),
      replicationFactor: fc.constantFrom(-1, 0, 1, 2, 3),
      durability: fc.constantFrom(null, 'fsync', 'replicated', 'bad'),
      shrinkToBrokers: fc.boolean(),
    }),
    { maxLength: 3 },
  )
  .chain((topics) =>
    fc.boolean().map(
      (validateOnly): Step => ({
        kind: 'command',
        command: {
          kind: 'createTopics',
          validateOnly,
          topics: topics.map(({ durability, ...topic }) =>
            newTopic(topic.name, {
              ...topic,
              configs: durability === null ? [] : [{ name: 'weir.durability', value: durability }],
            }),
          ),
        },
      }),
    ),
  );

const deleteTopic = name.map(
  (one): Step => ({ kind: 'command', command: { kind: 'deleteTopics', topics: [{ name: one, topicId: null }] } }),
);

const grow = fc.record({ name, partitionCount: fc.integer({ min: 0, max: 8 }) }).map(
  (topic): Step => ({
    kind: 'command',
    command: { kind: 'createPartitions', topics: [{ ...topic, assignments: null }], validateOnly: false },
  }),
);

const alter = fc
  .record({
    resource: fc.oneof(
      name.map((one) => ({ scope: 'topic' as const, name: one as string })),
      fc.constantFrom(
        { scope: 'cluster' as const, name: '' },
        { scope: 'broker' as const, name: '0' },
        { scope: 'group' as const, name: 'g' },
      ),
    ),
    setting: fc.constantFrom(
      'weir.durability',
      'min.insync.replicas',
      'unclean.leader.election.enable',
      'retention.ms',
      'cleanup.policy',
      'share.isolation.level',
      'log.retention.ms',
      'foo',
    ),
    operation: fc.constantFrom('set' as const, 'delete' as const, 'append' as const, 'subtract' as const),
    value: fc.constantFrom(null, 'fsync', 'replicated', '2', '5', 'true', 'false', 'compact', 'read_committed'),
  })
  .map(
    ({ resource, setting, operation, value }): Step => ({
      kind: 'command',
      command: {
        kind: 'alterConfigs',
        resources: [{ ...resource, operations: [{ name: setting, operation, value }] }],
        validateOnly: false,
      },
    }),
  );

const forget = fc
  .record({ kind: fc.constantFrom('unregisterBroker' as const, 'unregisterController' as const), id: broker })
  .map(
    ({ kind, id }): Step => ({
      kind: 'command',
      command: kind === 'unregisterBroker' ? { kind, brokerId: id } : { kind, controllerId: id },
    }),
  );

/** Anything that may happen to a cluster of four brokers. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: forget },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('replicas' as const),
      what: fc.constantFrom(...REPLICA_STEPS),
      pick: fc.nat(50),
      ids: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
    }),
  },
  { weight: 1, arbitrary: broker.map((controllerId): Step => ({ kind: 'controller', controllerId })) },
  { weight: 3, arbitrary: createTopics },
  { weight: 1, arbitrary: deleteTopic },
  { weight: 1, arbitrary: grow },
  { weight: 2, arbitrary: alter },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('join' as const),
      brokerId: broker,
      unfence: fc.boolean(),
      disk: fc.constantFrom(0, 0, 0, 1),
      isSuspect: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('fence' as const, 'unfence' as const, 'ids' as const),
      brokerId: broker,
      stale: fc.boolean(),
    }),
  },
);

/** Lets it happen. */
export function take(lab: MetadataLab, one: Step): void {
  if (one.kind === 'command') {
    lab.run(one.command);
  } else if (one.kind === 'controller') {
    lab.run(lab.controllerRegistration(one.controllerId));
  } else if (one.kind === 'replicas') {
    const command = replicaCommand(lab, one);
    if (command !== null) lab.run(command);
  } else if (one.kind === 'join') {
    // A broker that is there comes back by itself, mostly; each has two disks.
    const directoryId = sampleId(500_000 + one.brokerId + 100 * one.disk);
    const held = lab.image
      .topics()
      .flatMap(({ id: topicId, partitions }) => partitions.map(({ index }) => ({ topicId, index })));
    const registered = lab.run(lab.registration(one.brokerId, { directoryId, suspect: one.isSuspect ? held : [] }));
    const brokerEpoch = registered.kind === 'registerBroker' ? registered.brokerEpoch : -1;
    if (one.unfence) lab.run({ kind: 'unfenceBroker', brokerId: one.brokerId, brokerEpoch });
  } else {
    const epoch = lab.image.brokers().find(({ id }) => id === one.brokerId)?.epoch ?? -1;
    const kind = ({ fence: 'fenceBroker', unfence: 'unfenceBroker', ids: 'allocateProducerIds' } as const)[one.kind];
    lab.run({ kind, brokerId: one.brokerId, brokerEpoch: one.stale ? epoch - 1 : epoch });
  }
}

/** A command as a node would send it in the state that there is; null when there is nobody to send it. */
function replicaCommand(
  lab: MetadataLab,
  { what, pick, ids }: Step & { readonly kind: 'replicas' },
): MetadataCommand | null {
  const { image } = lab;
  const all = image.topics().flatMap((topic) => topic.partitions.map((partition) => ({ topic, partition })));
  const at = all[pick % Math.max(1, all.length)];
  const epochOf = (id: number): number => image.brokers().find((each) => each.id === id)?.epoch ?? -1;
  const anyId = ids[0] ?? 0;
  if (what === 'shutdown') return { kind: 'controlledShutdown', brokerId: anyId, brokerEpoch: epochOf(anyId) };
  if (what === 'place' && pick % 5 === 0) {
    const face = { listener: 'PLAINTEXT', host: `outside-${anyId}`, port: 30_000 + pick };
    return { kind: 'setAdvertised', brokerId: anyId, endpoints: pick % 2 === 0 ? [face] : [] };
  }
  if (what === 'place')
    return { kind: 'setBrokerPlacement', brokerId: anyId, cordoned: pick % 2 === 0, draining: pick % 3 === 0 };
  if (at === undefined) return null;
  const { topic, partition } = at;
  const { index, leader, leaderEpoch, partitionEpoch, replicas } = partition;
  const where = { topic: topic.name, index };
  const own = { brokerId: leader, brokerEpoch: epochOf(leader) };
  switch (what) {
    case 'isr': {
      const isr = replicas
        .filter((id) => id === leader || ids.includes(id))
        .map((id) => ({ brokerId: id, brokerEpoch: epochOf(id) }));
      return {
        kind: 'alterPartition',
        ...own,
        partitions: [{ topicId: topic.id, index, leaderEpoch, partitionEpoch, isr }],
      };
    }
    case 'prefer':
      return { kind: 'electLeaders', electionType: 'preferred', partitions: pick % 4 === 0 ? null : [where] };
    case 'unclean':
      return { kind: 'electLeaders', electionType: 'unclean', partitions: [where] };
    case 'move':
    case 'cancel': {
      const wish = { ...where, replicas: what === 'move' ? ids : null };
      return { kind: 'alterReassignments', partitions: [wish], allowReplicationFactorChange: pick % 2 === 0 };
    }
    case 'damage': {
      const id = replicas[pick % replicas.length] ?? -1;
      return {
        kind: 'reportDamage',
        brokerId: id,
        brokerEpoch: epochOf(id),
        partitions: [{ topicId: topic.id, index }],
      };
    }
    default:
      return { kind: 'markDurable', ...own, partitions: [{ topicId: topic.id, index, leaderEpoch }] };
  }
}
