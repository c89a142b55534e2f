import { unreachable } from '../base/assert.ts';
import { brokerId } from '../base/ids.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { epochProblem } from './decide-brokers.ts';
import { levelProblem } from './decide-features.ts';
import { WEIR_REPLICATION } from './features.ts';
import type {
  AlterPartitionCommand,
  AlterReassignmentsCommand,
  ControlledShutdownCommand,
  ElectLeadersCommand,
  ReportDamageCommand,
  ReportLogsCommand,
  SetBrokerPlacementCommand,
} from './replica-commands.ts';
import { ok, problem } from './result.ts';

type ReplicaCommand =
  | AlterPartitionCommand
  | ReportLogsCommand
  | ReportDamageCommand
  | ControlledShutdownCommand
  | ElectLeadersCommand
  | AlterReassignmentsCommand
  | SetBrokerPlacementCommand;

/** Decides what concerns partitions with several replicas. UNSUPPORTED_VERSION below `weir.version` 3. */
export function decideReplicas(context: DecisionContext, command: ReplicaCommand): Decision {
  const { image } = context;
  const tooOld = levelProblem(image, WEIR_REPLICATION, 'partitions have several replicas');
  const stale = 'brokerEpoch' in command ? epochProblem(image, command) : null;
  const refusal = tooOld ?? stale;
  switch (command.kind) {
    case 'alterPartition':
    case 'electLeaders':
    case 'alterReassignments':
      return { records: [], outcome: { kind: command.kind, ...(refusal ?? notDone()), partitions: [] } };
    case 'controlledShutdown':
      return { records: [], outcome: { kind: command.kind, ...(refusal ?? ok()), remaining: 0 } };
    case 'reportLogs':
    case 'reportDamage':
      return { records: [], outcome: { kind: command.kind, ...(refusal ?? ok()) } };
    case 'setBrokerPlacement':
      return setBrokerPlacement(context, command, refusal);
    default:
      return unreachable(command);
  }
}

function notDone(): CodedResult {
  return problem(ErrorCode.UNSUPPORTED_VERSION, 'the controller does not do this yet');
}

/** BROKER_ID_NOT_REGISTERED for a broker that is not known. */
function setBrokerPlacement(
  { image }: DecisionContext,
  { brokerId: id, cordoned, draining }: SetBrokerPlacementCommand,
  refusal: CodedResult | null,
): Decision {
  const kind = 'setBrokerPlacement';
  if (refusal !== null) return { records: [], outcome: { kind, ...refusal } };
  const broker = image.broker(brokerId(id));
  if (broker === null) {
    const unknown = problem(ErrorCode.BROKER_ID_NOT_REGISTERED, `no broker ${id} is registered`);
    return { records: [], outcome: { kind, ...unknown } };
  }
  const outcome = { kind, ...ok() } as const;
  if (broker.cordoned === cordoned && broker.draining === draining) return { records: [], outcome };
  const { epoch: brokerEpoch, shuttingDown } = broker;
  return {
    records: [{ kind: 'brokerPlacement', brokerId: id, brokerEpoch, cordoned, draining, shuttingDown }],
    outcome,
  };
}
