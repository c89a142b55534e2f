import { brokerId } from '../base/ids.ts';
import { CONTROLLER_LISTENER } from '../config/listeners.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type {
  CodedResult,
  FenceBrokerCommand,
  RegisterBrokerCommand,
  UnfenceBrokerCommand,
  UnregisterBrokerCommand,
} from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { levelProblem, rangeProblem } from './decide-features.ts';
import { WEIR_CONTROLLERS, WEIR_REPLICATION, WEIR_VERSION } from './features.ts';
import type { MetadataImage } from './image.ts';
import { changeAlike, rulesOf } from './partition-changes.ts';
import type { MetadataRecord, PartitionChangesRecord } from './records.ts';
import { takeFrom } from './restart.ts';
import { ok, problem } from './result.ts';

/** What metadata below `weir.version` 2 keeps of it. */
const UNKNOWN_RANGE = { weirVersionMin: -1, weirVersionMax: -1, uncleanRestart: true } as const;
/** And what it keeps below 3. */
const NO_PLACEMENT = {
  host: '',
  cordoned: false,
  draining: false,
  shuttingDown: false,
  unfencedEpoch: -1,
  advertised: [],
} as const;

/**
 * Registers an incarnation, fenced; in the same batch everything that the earlier one led loses its leader (D5) and
 * other replicas take over where they can. Asked again by the same incarnation, whose answer was lost, it changes nothing.
 * INVALID_REGISTRATION without a formed cluster, without a usable endpoint, with the disk of another broker, or
 * with one that has seen more metadata than there is,
 * DUPLICATE_BROKER_REGISTRATION while the earlier incarnation lives, UNSUPPORTED_VERSION outside the finalised
 * `weir.version`.
 */
export function registerBroker(context: DecisionContext, command: RegisterBrokerCommand): Decision {
  const { image } = context;
  const before = image.broker(brokerId(command.brokerId));
  if (before?.incarnationId === command.incarnationId)
    return { records: [], outcome: { kind: 'registerBroker', ...ok(), brokerEpoch: before.epoch } };
  const refusal = registrationProblem(context, command);
  if (refusal !== null) return { records: [], outcome: { kind: 'registerBroker', ...refusal, brokerEpoch: -1 } };
  const { weirVersionMin, weirVersionMax } = command;
  const level = image.features().get(WEIR_VERSION) ?? 0;
  // A broker that was never seen may have held anything (KIP-966).
  const uncleanRestart = before === null || before.epoch !== command.previousBrokerEpoch;
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
      ...(level < WEIR_CONTROLLERS ? UNKNOWN_RANGE : { weirVersionMin, weirVersionMax, uncleanRestart }),
      ...(level < WEIR_REPLICATION
        ? NO_PLACEMENT
        : {
            host: command.host,
            cordoned: before?.cordoned ?? false,
            draining: before?.draining ?? false,
            shuttingDown: false,
            unfencedEpoch: before?.unfencedEpoch ?? -1,
            advertised: before?.advertised ?? [],
          }),
    },
  ];
  const changes = takeFrom(context, command, uncleanRestart);
  if (changes !== null) records.push(changes);
  return { records, outcome: { kind: 'registerBroker', ...ok(), brokerEpoch: image.offset + 1 } };
}

/** Lets a registered broker in and elects what it may lead. STALE_BROKER_EPOCH for an earlier incarnation. */
export function unfenceBroker(context: DecisionContext, command: UnfenceBrokerCommand): Decision {
  const { image } = context;
  const refusal = epochProblem(image, command);
  if (refusal !== null) return { records: [], outcome: { kind: 'unfenceBroker', ...refusal } };
  const outcome = { kind: 'unfenceBroker', ...ok() } as const;
  if (image.broker(brokerId(command.brokerId))?.fenced === false) return { records: [], outcome };
  const { brokerId: id, brokerEpoch } = command;
  const records: MetadataRecord[] = [{ kind: 'brokerFence', brokerId: id, brokerEpoch, fenced: false }];
  const mayLead = image.broker(brokerId(id))?.shuttingDown !== true;
  const rules = rulesOf(context, { broker: { id, mayLead } });
  const changes = changeAlike(image.partitionsOn(brokerId(id), 'leaderless'), rules, () => ({}));
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

/**
 * Forgets a broker that is gone: others lead what it led, where they can, and what is assigned to it stays so. INVALID_REQUEST
 * for one that is heard of (Kafka takes its partitions away from under its clients), BROKER_ID_NOT_REGISTERED, and
 * UNSUPPORTED_VERSION below `weir.version` 2.
 */
export function unregisterBroker(context: DecisionContext, command: UnregisterBrokerCommand): Decision {
  const { image, members } = context;
  const { brokerId: id } = command;
  const refuse = (refusal: CodedResult): Decision => ({
    records: [],
    outcome: { kind: 'unregisterBroker', ...refusal },
  });
  const broker = image.broker(brokerId(id));
  if (broker === null)
    return refuse(problem(ErrorCode.BROKER_ID_NOT_REGISTERED, `Broker ID ${id} is not currently registered`));
  const tooOld = levelProblem(image, WEIR_CONTROLLERS, 'brokers are unregistered');
  if (tooOld !== null) return refuse(tooOld);
  if (members.isAlive(id)) return refuse(problem(ErrorCode.INVALID_REQUEST, `broker ${id} is running; stop it first`));
  const records: MetadataRecord[] = [{ kind: 'brokerRemoved', brokerId: id, brokerEpoch: broker.epoch }];
  const changes = departure(context, id);
  if (changes !== null) records.push(changes);
  return { records, outcome: { kind: 'unregisterBroker', ...ok() } };
}

/** A broker leads nothing and is in no ISR any more: others lead, where they can. */
function departure(context: DecisionContext, id: number): PartitionChangesRecord | null {
  const rules = rulesOf(context, { broker: { id, mayLead: false } });
  return changeAlike(context.image.partitionsOn(brokerId(id), 'counting'), rules, () => ({ out: id }));
}

function registrationProblem({ image, members }: DecisionContext, command: RegisterBrokerCommand): CodedResult | null {
  const { brokerId: id } = command;
  if (image.clusterId === '') return problem(ErrorCode.INVALID_REGISTRATION, 'the cluster is not formed yet');
  const lastEpoch = Math.max(command.previousBrokerEpoch, command.lastUnfencedEpoch);
  if (lastEpoch > image.offset) {
    const lost = `broker ${id} has lived in epoch ${lastEpoch}, and the metadata ends at ${image.offset}: that of an empty disk, or an older copy?`;
    return problem(
      ErrorCode.INVALID_REGISTRATION,
      `${lost} Bring the controllers' disks back, or accept the loss with \`weir admin recover-quorum --accept-data-loss\``,
    );
  }
  if (!command.endpoints.some(({ listener }) => listener !== CONTROLLER_LISTENER))
    return problem(ErrorCode.INVALID_REGISTRATION, 'a broker needs at least one listener');
  const owner = image.brokers().find(({ directoryId }) => directoryId === command.directoryId);
  if (owner !== undefined && owner.id !== id)
    return problem(ErrorCode.INVALID_REGISTRATION, `broker ${owner.id} is registered with the disk of broker ${id}`);
  // A disk has one process at a time: whoever comes with the same one follows on one that has ended.
  const isOtherDisk = image.broker(brokerId(id))?.directoryId !== command.directoryId;
  if (isOtherDisk && members.isAlive(id))
    return problem(ErrorCode.DUPLICATE_BROKER_REGISTRATION, `another process is registered as broker ${id} and lives`);
  return rangeProblem(image, command, `broker ${id}`);
}

/** Why a command of a broker incarnation is refused: BROKER_ID_NOT_REGISTERED or STALE_BROKER_EPOCH; null when it is current. */
export function epochProblem(
  image: MetadataImage,
  command: { readonly brokerId: number; readonly brokerEpoch: number },
): CodedResult | null {
  const broker = image.broker(brokerId(command.brokerId));
  if (broker === null)
    return problem(ErrorCode.BROKER_ID_NOT_REGISTERED, `no broker ${command.brokerId} is registered`);
  if (broker.epoch === command.brokerEpoch) return null;
  return problem(
    ErrorCode.STALE_BROKER_EPOCH,
    `broker ${command.brokerId} is at epoch ${broker.epoch}, not ${command.brokerEpoch}`,
  );
}
