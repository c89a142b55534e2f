import { unreachable } from '../base/assert.ts';
import { brokerId } from '../base/ids.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { epochProblem } from './decide-brokers.ts';
import { levelProblem } from './decide-features.ts';
import { alterPartition, reportDamage } from './decide-isr.ts';
import { controlledShutdown, electLeaders } from './decide-leaders.ts';
import { alterReassignments } from './decide-reassignments.ts';
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

/**
 * Decides what concerns partitions with several replicas. UNSUPPORTED_VERSION below `weir.version` 3; BROKER_ID_NOT_REGISTERED and
 * STALE_BROKER_EPOCH for what an earlier incarnation says.
 */
export function decideReplicas(context: DecisionContext, command: ReplicaCommand): Decision {
  const { image } = context;
  const tooOld = levelProblem(image, WEIR_REPLICATION, 'partitions have several replicas');
  const refusal = tooOld ?? ('brokerEpoch' in command ? epochProblem(image, command) : null);
  switch (command.kind) {
    case 'alterPartition':
      return alterPartition(context, command, refusal);
    case 'reportDamage':
      return reportDamage(context, command, refusal);
    case 'controlledShutdown':
      return controlledShutdown(context, command, refusal);
    case 'electLeaders':
      return electLeaders(context, command, refusal);
    case 'alterReassignments':
      return alterReassignments(context, command, refusal);
    case 'setBrokerPlacement':
      return setBrokerPlacement(context, command, refusal);
    case 'reportLogs':
      // The active controller takes note of it (log-reports.ts); what comes of it is decided when all are heard (D8).
      return { records: [], outcome: { kind: command.kind, ...(refusal ?? ok()) } };
    default:
      return unreachable(command);
  }
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
