import { brokerId } from '../base/ids.ts';
import { CHECKS } from '../config/checks.ts';
import { CONTROLLER_LISTENER, isEveryAddress } from '../config/listeners.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { BrokerState } from './broker-state.ts';
import type { CodedResult, SetAdvertisedCommand } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { levelProblem } from './decide-features.ts';
import { WEIR_REPLICATION } from './features.ts';
import { byCodeUnits } from './image.ts';
import { ok, problem } from './result.ts';
import type { EndpointView } from './view.ts';

const HOST_LENGTH_MAX = 255;
const PORT_MAX = 65_535;

/**
 * Says where clients are told to find a broker, all listeners at once: one that is left out is where the broker says. UNSUPPORTED_VERSION
 * below `weir.version` 3, BROKER_ID_NOT_REGISTERED, INVALID_REQUEST for what no client could use.
 */
export function setAdvertised({ image }: DecisionContext, command: SetAdvertisedCommand): Decision {
  const kind = 'setAdvertised';
  const refuse = (refusal: CodedResult): Decision => ({ records: [], outcome: { kind, ...refusal } });
  const { brokerId: id } = command;
  const tooOld = levelProblem(image, WEIR_REPLICATION, 'brokers are told of under other addresses');
  if (tooOld !== null) return refuse(tooOld);
  const broker = image.broker(brokerId(id));
  if (broker === null) return refuse(problem(ErrorCode.BROKER_ID_NOT_REGISTERED, `no broker ${id} is registered`));
  if (command.endpoints.length > broker.registered.length)
    return refuse(
      problem(
        ErrorCode.INVALID_REQUEST,
        `broker ${id} has ${broker.registered.length} listeners, ${command.endpoints.length} are named`,
      ),
    );
  const advertised = command.endpoints
    .map(({ listener, host, port }) => ({ listener: listener.toUpperCase(), host, port }))
    .sort((a, b) => byCodeUnits(a.listener, b.listener));
  const wrong = advertised
    .map((face, index) => faceProblem(broker, face, advertised[index + 1]))
    .find((one) => one !== null);
  if (wrong !== undefined) return refuse(problem(ErrorCode.INVALID_REQUEST, wrong ?? ''));
  const outcome = { kind, ...ok() } as const;
  if (JSON.stringify(advertised) === JSON.stringify(broker.advertised)) return { records: [], outcome };
  return { records: [{ kind: 'brokerAdvertised', brokerId: id, brokerEpoch: broker.epoch, advertised }], outcome };
}

function faceProblem(
  { id, registered }: BrokerState,
  { listener, host, port }: EndpointView,
  next: EndpointView | undefined,
): string | null {
  if (listener === CONTROLLER_LISTENER || !registered.some((one) => one.listener === listener))
    return `broker ${id} has no listener ${listener.slice(0, 100)} for clients`;
  if (next?.listener === listener) return `listener ${listener} is named twice`;
  const hostProblem = CHECKS.host.problem(host);
  if (hostProblem !== null || host.length > HOST_LENGTH_MAX)
    return `the host of listener ${listener} ${hostProblem ?? `must not be longer than ${HOST_LENGTH_MAX} characters`}`;
  if (isEveryAddress(host)) return `the host of listener ${listener} must be an address of its own, not ${host}`;
  return port >= 1 && port <= PORT_MAX
    ? null
    : `the port of listener ${listener} must be from 1 to ${PORT_MAX}, not ${port}`;
}
