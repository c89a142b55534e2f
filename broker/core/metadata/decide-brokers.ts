import { brokerId } from '../base/ids.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type {
  AllocateProducerIdsCommand,
  FenceBrokerCommand,
  FormatClusterCommand,
  RegisterBrokerCommand,
  UnfenceBrokerCommand,
} from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { changed, changesRecord, dropBroker, electLeader, merged } from './election.ts';
import { SUPPORTED_FEATURES, WEIR_VERSION } from './features.ts';
import type { MetadataImage } from './image.ts';
import type { MetadataRecord, PartitionChangesRecord } from './records.ts';
import { ok, problem } from './result.ts';

/** Producer ids are handed to brokers in blocks of this size. */
export const PRODUCER_ID_BLOCK_SIZE = 1000;

/** Names a new cluster and fixes its features. INVALID_REQUEST when it has a name. */
export function formatCluster({ image }: DecisionContext, command: FormatClusterCommand): Decision {
  if (image.clusterId !== '') {
    const refusal = problem(ErrorCode.INVALID_REQUEST, `the cluster is formed already, as ${image.clusterId}`);
    return { records: [], outcome: { kind: 'formatCluster', ...refusal } };
  }
  const records: MetadataRecord[] = [{ kind: 'cluster', clusterId: command.clusterId }];
  for (const { name, initial } of SUPPORTED_FEATURES) records.push({ kind: 'feature', name, level: initial });
  return { records, outcome: { kind: 'formatCluster', ...ok() } };
}

/**
 * Registers an incarnation, fenced; in the same batch everything that the earlier one led loses its leader (D5) and
 * other replicas take over where they can. INVALID_REGISTRATION without a formed cluster or a usable endpoint,
 * UNSUPPORTED_VERSION outside the finalised `weir.version`.
 */
export function registerBroker(context: DecisionContext, command: RegisterBrokerCommand): Decision {
  const { image } = context;
  const refusal = registrationProblem(image, command);
  if (refusal !== null) return { records: [], outcome: { kind: 'registerBroker', ...refusal, brokerEpoch: -1 } };
  const records: MetadataRecord[] = [
    {
      kind: 'broker',
      brokerId: command.brokerId,
      brokerEpoch: -1,
      incarnationId: command.incarnationId,
      directoryId: command.directoryId,
      rack: command.rack,
      fenced: true,
      endpoints: command.endpoints,
    },
  ];
  const changes = departure(context, command.brokerId);
  if (changes !== null) records.push(changes);
  return { records, outcome: { kind: 'registerBroker', ...ok(), brokerEpoch: image.offset + 1 } };
}

/** Lets a registered broker in and elects what it may lead. STALE_BROKER_EPOCH for an earlier incarnation. */
export function unfenceBroker(context: DecisionContext, command: UnfenceBrokerCommand): Decision {
  const { image, settings } = context;
  const refusal = epochProblem(image, command);
  if (refusal !== null) return { records: [], outcome: { kind: 'unfenceBroker', ...refusal } };
  const outcome = { kind: 'unfenceBroker', ...ok() } as const;
  if (image.broker(brokerId(command.brokerId))?.fenced === false) return { records: [], outcome };
  const { brokerId: id, brokerEpoch } = command;
  const records: MetadataRecord[] = [{ kind: 'brokerFence', brokerId: id, brokerEpoch, fenced: false }];
  const mayLead = (candidate: number): boolean => candidate === id || image.isUnfenced(candidate);
  const changes = changesRecord(image.topicStates(), (topic, partition) => {
    if (partition.leader !== -1 || !partition.replicas.includes(brokerId(id))) return null;
    const unclean = settings.topic(image.configOverrides('topic', topic), 'unclean.leader.election.enable');
    return electLeader(partition, { mayLead, unclean });
  });
  if (changes !== null) records.push(changes);
  return { records, outcome };
}

/** Takes a broker out: others lead what it led, where they can. STALE_BROKER_EPOCH for an earlier incarnation. */
export function fenceBroker(context: DecisionContext, command: FenceBrokerCommand): Decision {
  const refusal = epochProblem(context.image, command);
  if (refusal !== null) return { records: [], outcome: { kind: 'fenceBroker', ...refusal } };
  const outcome = { kind: 'fenceBroker', ...ok() } as const;
  const { brokerId: id, brokerEpoch } = command;
  if (context.image.broker(brokerId(id))?.fenced === true) return { records: [], outcome };
  const records: MetadataRecord[] = [{ kind: 'brokerFence', brokerId: id, brokerEpoch, fenced: true }];
  const changes = departure(context, id);
  if (changes !== null) records.push(changes);
  return { records, outcome };
}

/** Gives a broker the next block of producer ids. STALE_BROKER_EPOCH for an earlier incarnation. */
export function allocateProducerIds({ image }: DecisionContext, command: AllocateProducerIdsCommand): Decision {
  const refusal = epochProblem(image, command);
  const nothing = { firstProducerId: -1, producerIdCount: 0 };
  if (refusal !== null) return { records: [], outcome: { kind: 'allocateProducerIds', ...refusal, ...nothing } };
  const first = image.nextProducerId;
  const next = first + PRODUCER_ID_BLOCK_SIZE;
  if (!Number.isSafeInteger(next)) {
    const spent = problem(ErrorCode.UNKNOWN_SERVER_ERROR, 'all producer ids are used up');
    return { records: [], outcome: { kind: 'allocateProducerIds', ...spent, ...nothing } };
  }
  return {
    records: [{ kind: 'producerIds', nextProducerId: next }],
    outcome: { kind: 'allocateProducerIds', ...ok(), firstProducerId: first, producerIdCount: PRODUCER_ID_BLOCK_SIZE },
  };
}

function departure({ image, settings }: DecisionContext, id: number): PartitionChangesRecord | null {
  const mayLead = (candidate: number): boolean => candidate !== id && image.isUnfenced(candidate);
  return changesRecord(image.topicStates(), (topic, partition) => {
    const dropped = dropBroker(partition, id);
    if (dropped === null) return null;
    const unclean = settings.topic(image.configOverrides('topic', topic), 'unclean.leader.election.enable');
    return merged(dropped, electLeader(changed(partition, dropped), { mayLead, unclean }));
  });
}

function registrationProblem(image: MetadataImage, command: RegisterBrokerCommand): ReturnType<typeof problem> | null {
  if (image.clusterId === '') return problem(ErrorCode.INVALID_REGISTRATION, 'the cluster is not formed yet');
  if (command.endpoints.length === 0)
    return problem(ErrorCode.INVALID_REGISTRATION, 'a broker needs at least one listener');
  const level = image.features().get(WEIR_VERSION) ?? 0;
  if (level < command.weirVersionMin || level > command.weirVersionMax) {
    const range = `${command.weirVersionMin} to ${command.weirVersionMax}`;
    return problem(
      ErrorCode.UNSUPPORTED_VERSION,
      `the cluster is at ${WEIR_VERSION} ${level}, broker ${command.brokerId} can do ${range}`,
    );
  }
  return null;
}

/** Why a command of a broker incarnation is refused: BROKER_ID_NOT_REGISTERED or STALE_BROKER_EPOCH; null when it is current. */
export function epochProblem(
  image: MetadataImage,
  command: { readonly brokerId: number; readonly brokerEpoch: number },
): ReturnType<typeof problem> | null {
  const broker = image.broker(brokerId(command.brokerId));
  if (broker === null)
    return problem(ErrorCode.BROKER_ID_NOT_REGISTERED, `no broker ${command.brokerId} is registered`);
  if (broker.epoch === command.brokerEpoch) return null;
  return problem(
    ErrorCode.STALE_BROKER_EPOCH,
    `broker ${command.brokerId} is at epoch ${broker.epoch}, not ${command.brokerEpoch}`,
  );
}
