import { unreachable } from '../../../core/base/assert.ts';
import type { Settings } from '../../../core/config/settings.ts';
import type { MetadataCommand } from '../../../core/metadata/commands.ts';
import { describeShared, sharedMachines } from '../../../core/metadata/voter-machines.ts';
import { ErrorCode } from '../../../core/protocol/errors.ts';
import type { Message, Refusal, ReplicaKey } from '../../../core/raft/types.ts';
import type { Clock, Timers } from '../../../ports/clock.ts';
import type { Log } from '../../../ports/log.ts';
import type {
  AssessTopicsRequest,
  Caller,
  CallFailure,
  ChangeQuorumRequest,
  ChangeQuorumResponse,
  CanRestartRequest,
  ControllerHint,
  ControlService,
  ControlStream,
  HeartbeatRequest,
  HeartbeatResponse,
  IdentifyResponse,
  LoadResponse,
  MoveCalls,
  MoveName,
  QuorumResponse,
  SetAdvertisedRequest,
  SetAdvertisedResponse,
  StatusResponse,
  StreamCalls,
  StreamHandlers,
  StreamName,
  SubmitRequest,
  SubmitResponse,
  UnaryCalls,
  UnaryName,
} from '../../../ports/control-net.ts';
import { inSteps } from '../../task.ts';
import { WATCHERS_MAX } from './metadata-feed.ts';
import { describeQuorum } from './describe-quorum.ts';
import { assessAll, canRestart, moveReplicas } from './fleet-service.ts';
import type { LogElections } from './log-elections.ts';
import type { QuorumNode } from './quorum-node.ts';
import type { ReplicaMover } from './replica-mover.ts';
import type { SessionKeeper } from './session-keeper.ts';

/** What a node answers from. */
export interface ControlServiceDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly settings: Settings;
  /** null: this node is no controller, or its log is not open yet. */
  readonly quorum: () => QuorumNode | null;
  /** Set while this node is the active controller. */
  readonly keeper: () => SessionKeeper | null;
  readonly mover: () => ReplicaMover | null;
  readonly elections: () => LogElections | null;
  readonly identify: (asker: Caller) => IdentifyResponse;
  readonly status: () => StatusResponse;
  /** null: this node is no broker, or its data isolate does not answer. */
  readonly load: (done: (load: LoadResponse | null) => void) => void;
  /** Whether anybody knows where this controller listens. */
  readonly isKnown: (controllerId: number) => boolean;
  /** Every controller whose address is known. */
  readonly controllers: () => readonly ControllerHint[];
  /** A node asks or tells something. */
  readonly heard: (nodeId: number) => void;
  readonly raft: (message: Message, reply: (response: Message) => void) => void;
  readonly raftEnded: (from: ReplicaKey) => void;
}

type Done<N extends UnaryName> = (failure: CallFailure | null, response: UnaryCalls[N]['response'] | null) => void;

const NO_LOAD: CallFailure = { code: 'unavailable', message: 'no broker of this node tells what it does' };
const NO_CONTROLLER: CallFailure = { code: 'refused', message: 'this node is no controller' };

/** What a node serves to others (and to itself). Whoever is not the active controller says who is. */
export class NodeControlService implements ControlService {
  readonly #deps: ControlServiceDeps;

  constructor(deps: ControlServiceDeps) {
    this.#deps = deps;
  }

  raft(message: Message, reply: (response: Message) => void): void {
    this.#deps.heard(message.from.id);
    this.#deps.raft(message, reply);
  }

  raftEnded(from: ReplicaKey): void {
    this.#deps.raftEnded(from);
  }

  call<N extends UnaryName>(name: N, request: UnaryCalls[N]['request'], caller: Caller, done: Done<N>): void {
    // Each name goes with its own types, which the compiler can't follow through the switch.
    const answer = done as Done<UnaryName>;
    if (caller.nodeId !== null) this.#deps.heard(caller.nodeId);
    switch (name) {
      case 'Raft.Identify':
        answer(null, this.#deps.identify(caller));
        return;
      case 'Controller.Submit':
        this.#submit(request as SubmitRequest, caller, (response) => answer(null, response));
        return;
      case 'Controller.DescribeQuorum':
        this.#onQuorum(answer, (quorum) =>
          this.#confirmed(quorum, (isLeader) => answer(null, { ...this.#describe(quorum), isLeader })),
        );
        return;
      case 'Controller.ChangeQuorum':
        this.#onQuorum(answer, (quorum) =>
          this.#change(quorum, request as ChangeQuorumRequest, (response) => answer(null, response)),
        );
        return;
      case 'Fleet.Status':
        answer(null, this.#deps.status());
        return;
      case 'Fleet.Load':
        this.#deps.load((load) => answer(load === null ? NO_LOAD : null, load));
        return;
      case 'Fleet.CanRestart':
        this.#onQuorum(answer, (quorum) =>
          this.#confirmed(quorum, (isLeader) => {
            const { settings, clock, timers } = this.#deps;
            const described = { ...this.#describe(quorum), isLeader };
            const asker = { settings, wallMs: clock.wallMs() };
            inSteps(timers, canRestart(asker, quorum, described, request as CanRestartRequest), (response) =>
              answer(null, response),
            );
          }),
        );
        return;
      case 'Fleet.AssessTopics':
        this.#onQuorum(answer, (quorum) =>
          this.#confirmed(quorum, (isLeader) => {
            const { settings, timers } = this.#deps;
            const asked = { isLeader, hint: () => this.#hint() };
            inSteps(timers, assessAll(settings, quorum, asked, request as AssessTopicsRequest), (response) =>
              answer(null, response),
            );
          }),
        );
        return;
      case 'Fleet.SetAdvertised':
        this.#setAdvertised(request as SetAdvertisedRequest, (response) => answer(null, response));
        return;
      case 'Fleet.Cordon':
      case 'Fleet.Drain':
      case 'Fleet.Undrain':
      case 'Fleet.Rebalance': {
        const hint = (): ControllerHint | null => this.#hint();
        moveReplicas({ mover: this.#deps.mover(), hint }, name, request as MoveCalls[MoveName]['request'], (response) =>
          answer(null, response),
        );
        return;
      }
      default:
        unreachable(name);
    }
  }

  open<N extends StreamName>(
    name: N,
    stream: ControlStream<StreamCalls[N]['response']>,
    caller: Caller,
  ): StreamHandlers<StreamCalls[N]['request']> | CallFailure {
    switch (name) {
      case 'Controller.Heartbeat':
        return this.#heartbeats(stream as ControlStream<HeartbeatResponse>, caller) as StreamHandlers<
          StreamCalls[N]['request']
        >;
      case 'Controller.WatchMetadata':
        return this.#watch(stream as ControlStream<StreamCalls['Controller.WatchMetadata']['response']>);
      default:
        return unreachable(name);
    }
  }

  #onQuorum(done: Done<UnaryName>, run: (quorum: QuorumNode) => void): void {
    const quorum = this.#deps.quorum();
    if (quorum === null) done(NO_CONTROLLER, null);
    else run(quorum);
  }

  /** Whether this node leads for certain: one that was cut off and deposed does not know it (thesis §6.4). */
  #confirmed(quorum: QuorumNode, done: (isLeader: boolean) => void): void {
    if (quorum.active === null) done(false);
    else quorum.host.ask({ kind: 'read' }, ({ kind }) => done(kind === 'readable' && quorum.active !== null));
  }

  #hint(): ControllerHint | null {
    const leaderId = this.#deps.quorum()?.controllerId ?? -1;
    return this.#deps.controllers().find(({ id }) => id === leaderId) ?? null;
  }

  #submit(request: SubmitRequest, caller: Caller, done: (response: SubmitResponse) => void): void {
    const elsewhere = (): void => done({ outcome: null, offset: -1, controller: this.#hint() });
    const quorum = this.#deps.quorum();
    const keeper = this.#deps.keeper();
    if (quorum === null || keeper === null) {
      elsewhere();
      return;
    }
    const { command } = request;
    const errorMessage = refusedOf(caller, command);
    if (errorMessage !== null) {
      const outcome = { kind: 'failed', errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage } as const;
      done({ outcome, offset: -1, controller: null });
      return;
    }
    if (command.kind === 'reportLogs') this.#deps.elections()?.reported(command);
    if (command.kind === 'fenceBroker') keeper.left(command.brokerId, command.brokerEpoch);
    quorum.submit(command, (outcome, offset) => {
      if (outcome === null) elsewhere();
      else done({ outcome, offset, controller: null });
      if (command.kind === 'registerController') this.#warnOfShared(quorum, command.controllerId);
    });
  }

  #setAdvertised(request: SetAdvertisedRequest, done: (response: SetAdvertisedResponse) => void): void {
    const elsewhere = (): void =>
      done({ errorCode: ErrorCode.NOT_CONTROLLER, errorMessage: null, controller: this.#hint() });
    const quorum = this.#deps.quorum();
    if (quorum === null) elsewhere();
    else
      quorum.submit({ kind: 'setAdvertised', ...request }, (outcome) => {
        if (outcome === null) elsewhere();
        else done({ errorCode: outcome.errorCode, errorMessage: outcome.errorMessage, controller: null });
      });
  }

  /** Voters on one machine stop together (P1). */
  #warnOfShared(quorum: QuorumNode, id: number): void {
    const shared = this.#sharing(quorum, quorum.host.state.voters, id);
    if (shared !== null) this.#deps.log.warn({}, `${shared}: the quorum stands and falls with it`);
  }

  /** Which of some voters run where one of them does; null when none do, or when they may. */
  #sharing(quorum: QuorumNode, voters: readonly ReplicaKey[], id: number): string | null {
    if (this.#deps.settings.broker('weir.placement.host.relaxed')) return null;
    const shared = sharedMachines(quorum.image.controllers(), voters).find(({ ids }) => ids.includes(id));
    return shared === undefined ? null : describeShared(shared);
  }

  #describe(quorum: QuorumNode): QuorumResponse {
    return describeQuorum(quorum, {
      controller: this.#hint(),
      nodes: this.#deps.controllers(),
      observers: this.#deps.keeper()?.observers() ?? [],
      wallMs: this.#deps.clock.wallMs(),
    });
  }

  #change(quorum: QuorumNode, request: ChangeQuorumRequest, done: (response: ChangeQuorumResponse) => void): void {
    if (quorum.active === null) {
      done({ errorCode: ErrorCode.NOT_CONTROLLER, errorMessage: null, controller: this.#hint() });
      return;
    }
    const { change, replica } = request;
    if (change === 'add-voter' && !this.#deps.isKnown(replica.id)) {
      const errorMessage = `node ${replica.id} is not known: it has to run as a controller of this cluster first`;
      done({ errorCode: ErrorCode.INVALID_REQUEST, errorMessage, controller: null });
      return;
    }
    const shared =
      change === 'add-voter' ? this.#sharing(quorum, [...quorum.host.state.voters, replica], replica.id) : null;
    if (shared !== null) {
      const errorMessage = `${shared} then, and weir.placement.host.relaxed is false`;
      done({ errorCode: ErrorCode.INVALID_REQUEST, errorMessage, controller: null });
      return;
    }
    if (change === 'transfer' && replica.id === quorum.controllerId) {
      done({ errorCode: ErrorCode.NONE, errorMessage: null, controller: null });
      return;
    }
    const asked =
      change === 'transfer'
        ? ({ kind: 'transfer', to: replica.id === -1 ? null : replica.id } as const)
        : ({ kind: change, voter: replica } as const);
    quorum.host.ask(asked, (outcome) => {
      if (outcome.kind === 'refused') done({ ...refusalError(outcome.refusal, replica), controller: this.#hint() });
      else done({ errorCode: ErrorCode.NONE, errorMessage: null, controller: null });
    });
  }

  #heartbeats(stream: ControlStream<HeartbeatResponse>, caller: Caller): StreamHandlers<HeartbeatRequest> {
    let last: HeartbeatRequest | null = null;
    return {
      onMessage: (request) => {
        const keeper = this.#deps.keeper();
        const quorum = this.#deps.quorum();
        const about = { offset: quorum?.offset ?? -1, wallMs: this.#deps.clock.wallMs() };
        if (keeper === null || quorum === null) {
          const controller = this.#hint();
          stream.send({
            ...about,
            errorCode: ErrorCode.NOT_CONTROLLER,
            isFenced: true,
            controller,
            withholdsLease: true,
          });
          return;
        }
        if (isAnother(caller, request.brokerId)) {
          stream.end({ code: 'refused', message: `node ${caller.nodeId} speaks for broker ${request.brokerId}` });
          return;
        }
        last = request;
        const answer = keeper.heartbeat(request, about);
        stream.send({ ...about, ...answer, controller: null, withholdsLease: !quorum.isConfirmed });
      },
      onEnd: () => {
        if (last !== null) this.#deps.keeper()?.streamEnded(last.brokerId, last.brokerEpoch);
      },
    };
  }

  #watch(
    stream: ControlStream<StreamCalls['Controller.WatchMetadata']['response']>,
  ): StreamHandlers<StreamCalls['Controller.WatchMetadata']['request']> | CallFailure {
    const quorum = this.#deps.quorum();
    if (quorum === null) return NO_CONTROLLER;
    if (!quorum.isVoter) return { code: 'refused', message: 'this controller is no voter' };
    if (quorum.feed.watcherCount >= WATCHERS_MAX)
      return { code: 'refused', message: `${WATCHERS_MAX} watchers are here already` };
    let end: (() => void) | null = null;
    return {
      onMessage: (request) => {
        end ??= quorum.feed.watch(stream, request.offset);
      },
      onEnd: () => end?.(),
    };
  }
}

/** Kafka's error for what Raft refuses. */
function refusalError(
  refusal: Refusal,
  replica: ReplicaKey,
): { readonly errorCode: number; readonly errorMessage: string } {
  switch (refusal.reason) {
    case 'not-leader':
      return { errorCode: ErrorCode.NOT_CONTROLLER, errorMessage: 'this node does not lead' };
    case 'busy':
    case 'pending':
      return { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: 'another change of the voters is not done yet' };
    case 'known-voter':
      return { errorCode: ErrorCode.DUPLICATE_VOTER, errorMessage: `node ${replica.id} is a voter already` };
    case 'unknown-voter': {
      const errorMessage = `no voter ${replica.id} with the directory ${replica.directoryId}`;
      return { errorCode: ErrorCode.VOTER_NOT_FOUND, errorMessage };
    }
    case 'last-voter':
      // Kafka's answer: without it the set would be empty.
      return { errorCode: ErrorCode.VOTER_NOT_FOUND, errorMessage: 'the only voter stays' };
    case 'too-slow': {
      const errorMessage = `node ${replica.id} does not catch up with the log: is it running and reachable?`;
      return { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage };
    }
    case 'unknown-outcome': {
      const errorMessage = 'the leadership ended meanwhile: the change may be made or not';
      return { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage };
    }
    default:
      return unreachable(refusal);
  }
}

/** What a broker says of itself, and nobody else for it (B3). */
const OWN_COMMANDS: ReadonlySet<MetadataCommand['kind']> = new Set([
  'registerBroker',
  'unfenceBroker',
  'fenceBroker',
  'allocateProducerIds',
  'markDurable',
  'alterPartition',
  'reportLogs',
  'reportDamage',
  'controlledShutdown',
]);

/** Why a node may not ask for something; null: it may. */
function refusedOf(caller: Caller, command: MetadataCommand): string | null {
  if (command.kind === 'setAdvertised')
    return 'where clients find brokers is for the operator to say, by Fleet.SetAdvertised';
  if (!OWN_COMMANDS.has(command.kind) || !('brokerId' in command) || !isAnother(caller, command.brokerId)) return null;
  return `node ${caller.nodeId} speaks for broker ${command.brokerId}`;
}

function isAnother(caller: Caller, brokerId: number): boolean {
  return caller.nodeId !== null && caller.nodeId !== brokerId;
}
