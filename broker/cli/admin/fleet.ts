import { ErrorCode, errorName } from '../../core/protocol/errors.ts';
import type { MoveName, MoveResponse, UnaryCalls } from '../../ports/control-net.ts';
import { UserFault, usageFault } from '../fault.ts';
import { FleetCalls, operatorNet } from '../fleet-calls.ts';
import { bootstrapFlag } from '../flags.ts';
import { Calls } from '../local/calls.ts';
import type { Terminal } from '../verb.ts';
import type { Action, ActionCall } from './action.ts';

const CALL_TIMEOUT_MS = 5000;
/** How often the controller is asked how far it is. */
const LOOK_MS = 500;
/** Looks without a move after which there is nothing to wait for. */
const STUCK_LOOKS = 4;

const pause = (ms: number): Promise<void> => new Promise((settle) => setTimeout(settle, ms));

/** `weir admin drain`: moves all replicas off a broker. */
export const drainOf: Action = async (call, terminal) => {
  const brokerId = brokerOf(call);
  const done = `broker ${brokerId} holds no replicas any more and gets no new ones (weir admin undrain ${brokerId})`;
  return withFleet(call, (fleet) =>
    follow(fleet, { call, terminal, name: 'Fleet.Drain', request: { brokerId }, done }),
  );
};

/** `weir admin undrain`: ends a drain. */
export const undrainOf: Action = async (call, terminal) => {
  const brokerId = brokerOf(call);
  return withFleet(call, async (fleet) => {
    const { movingCount, obstacles } = sound(await fleet.ask('Fleet.Undrain', { brokerId }));
    if (movingCount > 0) terminal.note(`weir: ${movingCount} moves off it could not be called back and go on`);
    for (const obstacle of obstacles) terminal.note(`weir: ${obstacle}`);
    terminal.note(`weir: broker ${brokerId} may hold replicas again; weir admin rebalance gives it its part`);
    return 0;
  });
};

/** `weir admin cordon`: keeps new replicas away from a broker, or with --off lets them come. */
export const cordonOf: Action = async (call, terminal) => {
  const brokerId = brokerOf(call);
  const cordoned = !call.has('off');
  return withFleet(call, async (fleet) => {
    sound(await fleet.ask('Fleet.Cordon', { brokerId, cordoned }));
    terminal.note(`weir: broker ${brokerId} gets ${cordoned ? 'no new replicas' : 'new replicas again'}`);
    return 0;
  });
};

/** `weir admin rebalance`: moves the least for balance. */
export const rebalanceOf: Action = async (call, terminal) =>
  withFleet(call, (fleet) =>
    follow(fleet, { call, terminal, name: 'Fleet.Rebalance', request: {}, done: 'replicas are balanced' }),
  );

/** `weir admin can-restart`: exit code 0 when a node, or all of a host, may be restarted without harm, else 1 with the reasons. */
export const canRestartOf: Action = async (call, terminal) => {
  const host = call.text('host') ?? null;
  if (host !== null && call.rest.length > 0) throw usageFault('admin', 'name a node or a host, not both');
  const nodeId = host === null ? brokerOf(call) : -1;
  return withFleet(call, async (fleet) => {
    const { reasons } = await fleet.ask('Fleet.CanRestart', { nodeId, host, losingDisk: false });
    const whom = host === null ? `node ${nodeId}` : `host ${host}`;
    for (const reason of reasons) terminal.out(reason);
    terminal.note(`weir: ${whom} ${reasons.length === 0 ? 'may be restarted' : 'should not be restarted now'}`);
    return reasons.length === 0 ? 0 : 1;
  });
};

function brokerOf({ rest }: ActionCall): number {
  const [text] = rest;
  if (text === undefined) throw usageFault('admin', 'name the node by its id');
  if (!/^\d{1,9}$/.test(text)) throw usageFault('admin', `${JSON.stringify(text)} is no id of a node`);
  return Number(text);
}

/** Asks until it is done, and says how far it is; with --once only once. Exit code 1: something can't be moved. */
async function follow<N extends MoveName>(
  fleet: FleetCalls,
  wish: {
    readonly call: ActionCall;
    readonly terminal: Terminal;
    readonly name: N;
    readonly request: UnaryCalls[N]['request'];
    readonly done: string;
  },
): Promise<number> {
  const { call, terminal, name, request, done } = wish;
  for (let last = '', stuckCount = 0; ; ) {
    const response = sound(await fleet.ask(name, request));
    const { waitingCount, movingCount, obstacles } = response;
    const text = [`${movingCount} partitions are being moved, ${waitingCount} wait`, ...obstacles].join('\nweir: ');
    if (waitingCount === 0 && movingCount === 0) {
      for (const obstacle of obstacles) terminal.note(`weir: ${obstacle}`);
      if (obstacles.length === 0) terminal.note(`weir: ${done}`);
      return obstacles.length === 0 ? 0 : 1;
    }
    if (text !== last) terminal.note(`weir: ${text}`);
    last = text;
    stuckCount = movingCount === 0 && obstacles.length > 0 ? stuckCount + 1 : 0;
    if (stuckCount > STUCK_LOOKS) {
      terminal.note('weir: nothing moves; it goes on by itself when brokers come');
      return 1;
    }
    if (call.has('once')) return 0;
    await pause(LOOK_MS);
  }
}

function sound(response: MoveResponse): MoveResponse {
  if (response.errorCode === ErrorCode.NONE) return response;
  throw new UserFault(response.errorMessage ?? errorName(response.errorCode));
}

async function withFleet(call: ActionCall, work: (fleet: FleetCalls) => Promise<number>): Promise<number> {
  const bootstrap = bootstrapFlag('admin', call.text('bootstrap') ?? '127.0.0.1:9092');
  const certFile = call.text('cert');
  const tls = certFile === undefined ? null : { certFile, keyFile: call.need('key'), caFile: call.need('ca') };
  const calls = new Calls(bootstrap, { clientId: 'weir-admin', requestTimeoutMs: CALL_TIMEOUT_MS });
  const fleet = new FleetCalls(calls, operatorNet(tls));
  try {
    return await work(fleet);
  } finally {
    fleet.close();
    calls.close();
  }
}
