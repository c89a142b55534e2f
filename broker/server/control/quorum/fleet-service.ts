import { brokerId } from '../../../core/base/ids.ts';
import type { Steps } from '../../../core/codec/pace.ts';
import { assessTopics, NOTHING_ASSESSED } from '../../../core/metadata/assess-topics.ts';
import { restartReasons } from '../../../core/metadata/can-restart.ts';
import type { MetadataImage } from '../../../core/metadata/image.ts';
import { ErrorCode } from '../../../core/protocol/errors.ts';
import type { Settings } from '../../../core/config/settings.ts';
import type {
  AssessTopicsRequest,
  AssessTopicsResponse,
  CanRestartRequest,
  CanRestartResponse,
  ControllerHint,
  MoveCalls,
  MoveName,
  MoveResponse,
  QuorumResponse,
  SetAdvertisedRequest,
} from '../../../ports/control-net.ts';
import type { QuorumNode } from './quorum-node.ts';
import type { MoveOutcome, ReplicaMover } from './replica-mover.ts';

/** A voter that had everything within this time counts as there, ms: some missed heartbeats are a pause, more are not. */
const FRESH_MS = 700;

/** What was said of where clients find brokers, of those of which something was. */
export function advertisedBrokers(image: MetadataImage): readonly SetAdvertisedRequest[] {
  return image
    .brokers()
    .flatMap(({ id, advertised }) => (advertised.length === 0 ? [] : [{ brokerId: id, endpoints: advertised }]));
}

/** Moves replicas, or says where none may come; whoever is not the active controller says who is. */
export function moveReplicas<N extends MoveName>(
  {
    mover,
    hint,
  }: {
    /** Set while this node is the active controller. */
    readonly mover: ReplicaMover | null;
    /** The active controller, as far as it is known here. */
    readonly hint: () => ControllerHint | null;
  },
  name: N,
  request: MoveCalls[N]['request'],
  done: (response: MoveResponse) => void,
): void {
  const answer = (outcome: MoveOutcome | null): void => {
    if (outcome !== null) done({ ...outcome, controller: null });
    else done({ ...NOT_HERE, controller: hint() });
  };
  if (mover === null) answer(null);
  else if (name === 'Fleet.Rebalance') mover.rebalance(answer);
  else {
    // Each other name's request has the broker's id.
    const { brokerId } = request as MoveCalls['Fleet.Drain']['request'];
    if (name === 'Fleet.Drain') mover.drain(brokerId, answer);
    else if (name === 'Fleet.Undrain') mover.undrain(brokerId, answer);
    else mover.cordon(brokerId, (request as MoveCalls['Fleet.Cordon']['request']).cordoned, answer);
  }
}

const NOT_HERE: MoveOutcome = {
  errorCode: ErrorCode.NOT_CONTROLLER,
  errorMessage: 'this node is not the active controller',
  waitingCount: 0,
  movingCount: 0,
  obstacles: [],
};

/**
 * Why a node, or all of a host, should not be restarted now, or lose its disk: for the quorum of controllers, and for partitions. In
 * steps, of what was so at the first one.
 */
export function* canRestart(
  { settings, wallMs }: { readonly settings: Settings; readonly wallMs: number },
  quorum: QuorumNode,
  described: QuorumResponse,
  { nodeId, host, losingDisk }: CanRestartRequest,
): Steps<CanRestartResponse> {
  const told = (...reasons: readonly string[]): CanRestartResponse => ({ reasons, losingDisk });
  const image = quorum.active?.image.clone();
  if (!described.isLeader || image === undefined) return told('the active controller has to be asked');
  const onHost = host === null ? [] : nodesOn(image, host);
  if (host !== null && onHost.length === 0) return told(`no node says that it runs on host ${host}`);
  const isKnown =
    image.broker(brokerId(nodeId)) !== null ||
    image.controllers().some(({ id }) => id === nodeId) ||
    described.voters.some(({ replica }) => replica.id === nodeId);
  if (host === null && !isKnown) return told(`no node ${nodeId} is known`);
  const ids = host === null ? [nodeId] : onHost;
  const ofVoters = [...voterReasons(described, ids, wallMs), ...(losingDisk ? loneVoterReasons(described, ids) : [])];
  return told(...ofVoters, ...(yield* restartReasons(image, settings, ids, losingDisk ? 'losing-disk' : 'restart')));
}

/**
 * How the partitions of all topics are, as it is committed. `isLeader`: whether this node is the active controller for certain. In
 * steps, of what was so at the first one.
 */
export function* assessAll(
  settings: Settings,
  quorum: QuorumNode,
  {
    isLeader,
    hint,
  }: {
    readonly isLeader: boolean;
    /** The active controller, as far as it is known here. */
    readonly hint: () => ControllerHint | null;
  },
  { examplesMax }: AssessTopicsRequest,
): Steps<AssessTopicsResponse> {
  if (!isLeader) {
    const { errorCode, errorMessage } = NOT_HERE;
    return { ...NOTHING_ASSESSED, errorCode, errorMessage, controller: hint() };
  }
  const assessed = yield* assessTopics(quorum.image.clone(), settings, examplesMax);
  return { ...assessed, errorCode: ErrorCode.NONE, errorMessage: null, controller: null };
}

/** Brokers and controllers of a host; a node that is both once. */
function nodesOn(image: MetadataImage, host: string): readonly number[] {
  const brokers = image.brokers().filter((broker) => broker.host === host);
  const controllers = image.controllers().filter(({ machine }) => machine === host);
  return [...new Set([...brokers, ...controllers].map(({ id }) => id))];
}

/** A lone voter may be restarted, since nothing else helps; its disk is all that there is of the metadata (V11). */
function loneVoterReasons({ voters }: QuorumResponse, ids: readonly number[]): readonly string[] {
  const isLost = voters.every(({ replica }) => ids.includes(replica.id));
  return isLost && voters.length === 1 ? [`node ${ids.join(', ')} is the only voter`] : [];
}

/** The voters that are left have to be a majority, caught up. */
function voterReasons(quorum: QuorumResponse, ids: readonly number[], wallMs: number): readonly string[] {
  const others = quorum.voters.filter(({ replica }) => !ids.includes(replica.id));
  if (quorum.voters.length === 1 || others.length === quorum.voters.length) return [];
  const well = others.filter(
    ({ replica, lastCaughtUpMs }) => replica.id === quorum.leaderId || wallMs - lastCaughtUpMs < FRESH_MS,
  );
  const needed = Math.floor(quorum.voters.length / 2) + 1;
  if (well.length >= needed) return [];
  const ill = others.filter((voter) => !well.includes(voter)).map(({ replica }) => replica.id);
  const why = ill.length === 0 ? `only ${well.length} voters are left` : `voter ${ill.join(', ')} is not caught up`;
  return [`without node ${ids.join(', ')} the quorum has no majority: ${why}`];
}
