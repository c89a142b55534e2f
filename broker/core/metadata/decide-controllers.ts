import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult, RegisterControllerCommand, UnregisterControllerCommand } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { levelProblem, rangeProblem } from './decide-features.ts';
import { WEIR_CONTROLLERS } from './features.ts';
import { isReplicating } from './partition-changes.ts';
import { ok, problem } from './result.ts';

/**
 * Registers an incarnation of a controller, from `weir.version` 3 on with its machine; asked again by the same one it changes
 * nothing else. INVALID_REGISTRATION without a formed cluster, UNSUPPORTED_VERSION below `weir.version` 2 or outside the finalised
 * level.
 */
export function registerController({ image }: DecisionContext, command: RegisterControllerCommand): Decision {
  const refusal =
    image.clusterId === ''
      ? problem(ErrorCode.INVALID_REGISTRATION, 'the cluster is not formed yet')
      : (levelProblem(image, WEIR_CONTROLLERS, 'controllers are registered') ??
        rangeProblem(image, command, `controller ${command.controllerId}`));
  if (refusal !== null) return { records: [], outcome: { kind: 'registerController', ...refusal } };
  const outcome = { kind: 'registerController', ...ok() } as const;
  const before = image.controllers().find(({ id }) => id === command.controllerId);
  const machine = isReplicating(image) ? command.machine : '';
  if (before?.incarnationId === command.incarnationId && before.machine === machine) return { records: [], outcome };
  return { records: [{ ...command, kind: 'controller', machine }], outcome };
}

/**
 * Forgets a controller. CONTROLLER_ID_NOT_REGISTERED, INVALID_REQUEST for a voter, which would only register again, and
 * UNSUPPORTED_VERSION below `weir.version` 2.
 */
export function unregisterController(
  { image, members }: DecisionContext,
  { controllerId: id }: UnregisterControllerCommand,
): Decision {
  const refuse = (refusal: CodedResult): Decision => ({
    records: [],
    outcome: { kind: 'unregisterController', ...refusal },
  });
  const tooOld = levelProblem(image, WEIR_CONTROLLERS, 'controllers are registered');
  if (tooOld !== null) return refuse(tooOld);
  if (!image.controllers().some((each) => each.id === id))
    return refuse(problem(ErrorCode.CONTROLLER_ID_NOT_REGISTERED, `Controller ID ${id} is not currently registered`));
  if (members.isVoter(id))
    return refuse(problem(ErrorCode.INVALID_REQUEST, `controller ${id} is a voter: remove it from the quorum first`));
  return {
    records: [{ kind: 'controllerRemoved', controllerId: id }],
    outcome: { kind: 'unregisterController', ...ok() },
  };
}
