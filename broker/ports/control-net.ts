import type { MetadataCommand, MetadataOutcome } from '../core/metadata/commands.ts';
import type { TopicAssessment } from '../core/metadata/assess-topics.ts';
import type { EndpointView } from '../core/metadata/view.ts';
import type { Message, ReplicaKey } from '../core/raft/types.ts';

/** Where a node's control plane listens. */
export interface ControlAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Why a call has no answer. `unavailable`: not connected, or the connection broke; the call may have been carried out.
 * `late`: no answer within its time. `refused`: the other side does not serve this (another cluster, another identity, a node
 * without that role, a limit); `message` says why. `unserved`: the other side does not know this call, as one of an older version.
 */
export interface CallFailure {
  readonly code: 'unavailable' | 'late' | 'refused' | 'unserved';
  readonly message: string;
}

/** A node that is not the active controller says who is, as far as it knows. */
export interface ControllerHint {
  readonly id: number;
  readonly address: ControlAddress;
}

/** Who a node is, and whether its disk holds a log (V11). */
export interface IdentifyResponse {
  readonly node: ReplicaKey;
  /** `empty`: nothing was ever committed on this disk. `formed`: something was. `none`: the node is no controller. */
  readonly quorum: 'none' | 'empty' | 'formed';
}

/** One command for the active controller. */
export interface SubmitRequest {
  readonly command: MetadataCommand;
}

/** `outcome` null: not carried out here, the active controller is elsewhere. */
export interface SubmitResponse {
  readonly outcome: MetadataOutcome | null;
  /** Metadata offset that shows all the outcome depends on. */
  readonly offset: number;
  readonly controller: ControllerHint | null;
}

/** One replica of the quorum as its leader sees it (V12). */
export interface QuorumReplica {
  readonly replica: ReplicaKey;
  readonly logEndOffset: number;
  /** Wall time, ms; −1: never. */
  readonly lastFetchMs: number;
  readonly lastCaughtUpMs: number;
}

/** State of the quorum (DescribeQuorum). */
export interface QuorumResponse {
  /** False: this node does not lead, and the rest is what it knows. */
  readonly isLeader: boolean;
  readonly controller: ControllerHint | null;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly voters: readonly QuorumReplica[];
  readonly observers: readonly QuorumReplica[];
  /** Address of every controller that is known. */
  readonly nodes: readonly ControllerHint[];
}

/** Adds or removes one voter (KIP-853), or hands the leadership over. */
export interface ChangeQuorumRequest {
  readonly change: 'add-voter' | 'remove-voter' | 'transfer';
  /** In a transfer the id alone counts; −1: whoever is furthest. */
  readonly replica: ReplicaKey;
}

/** `errorCode` is Kafka's; NOT_CONTROLLER comes with `controller`. */
export interface ChangeQuorumResponse {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly controller: ControllerHint | null;
}

/** What the operator sees of one node. */
export interface StatusResponse {
  readonly node: ReplicaKey;
  readonly clusterId: string;
  readonly roles: readonly ('broker' | 'controller')[];
  readonly version: string;
  /** Reasons why it can't serve; none when it can. */
  readonly troubles: readonly string[];
  readonly leaderId: number;
  readonly leaderEpoch: number;
  /** Last metadata offset applied here. */
  readonly metadataOffset: number;
  readonly brokerEpoch: number;
  /** What `Fleet.SetAdvertised` has said of brokers, as far as it knows; those of which nothing was said are left out. */
  readonly advertised: readonly SetAdvertisedRequest[];
  /** A controller that began with an empty disk, and that nothing has come to since; false, too, from a node that is too old to say. */
  readonly hasNoMetadata: boolean;
}

/** What a broker holds, and totals since it started: of two of one start the difference is what it did between them. */
export interface BrokerLoad {
  /** When it was measured, on the broker's monotonic clock, whole ms. */
  readonly atMs: number;
  /** Time that its data loop was in turns, whole ms. */
  readonly busyMs: number;
  /** Bytes of requests and of answers, of clients and of other brokers. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly logBytes: number;
  /** Size of the file system of the logs. */
  readonly diskBytes: number;
  readonly shareSessions: number;
  /** `group.share.max.share.sessions`. */
  readonly shareSessionsMax: number;
}

/** `brokerEpoch` is another one after every start of it. */
export interface LoadResponse extends BrokerLoad {
  readonly brokerEpoch: number;
}

/** Whether a node may be restarted now without harm, and if not, why not. */
export interface CanRestartResponse {
  readonly reasons: readonly string[];
  /** As asked; false, too, from a node that is too old to know the question. */
  readonly losingDisk: boolean;
}

/** How the partitions of all topics are; `errorCode` is Kafka's, and NOT_CONTROLLER comes with `controller` and with nothing counted. */
export interface AssessTopicsResponse extends TopicAssessment {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly controller: ControllerHint | null;
}

/** So many of each kind are named, of ten at most. */
export interface AssessTopicsRequest {
  readonly examplesMax: number;
}

/** A node, or all brokers of a host. */
export interface CanRestartRequest {
  /** Of no meaning beside a host. */
  readonly nodeId: number;
  readonly host: string | null;
  /** Whether it would come back with an empty disk. */
  readonly losingDisk: boolean;
}

/** How far the active controller is with moving replicas: done when nothing waits or moves. NOT_CONTROLLER comes with `controller`. */
export interface MoveResponse {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly controller: ControllerHint | null;
  /** Partitions whose move has not begun. */
  readonly waitingCount: number;
  /** Partitions that are being moved. */
  readonly movingCount: number;
  /** Why some can't be moved, one sentence each. */
  readonly obstacles: readonly string[];
}

/** What moves replicas, or says where none may come (B3: for the operator alone). */
export interface MoveCalls {
  'Fleet.Cordon': {
    readonly request: { readonly brokerId: number; readonly cordoned: boolean };
    readonly response: MoveResponse;
  };
  'Fleet.Drain': { readonly request: { readonly brokerId: number }; readonly response: MoveResponse };
  'Fleet.Undrain': { readonly request: { readonly brokerId: number }; readonly response: MoveResponse };
  'Fleet.Rebalance': { readonly request: Record<never, never>; readonly response: MoveResponse };
}

/** Where clients are told to find a broker, by listener: all at once. */
export interface SetAdvertisedRequest {
  readonly brokerId: number;
  readonly endpoints: readonly EndpointView[];
}

/** `errorCode` is Kafka's; NOT_CONTROLLER comes with `controller`. */
export interface SetAdvertisedResponse {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly controller: ControllerHint | null;
}

/** Name of a call that moves replicas. */
export type MoveName = keyof MoveCalls;

/** Questions with one answer, by gRPC's names. */
export interface UnaryCalls extends MoveCalls {
  'Raft.Identify': { readonly request: Record<never, never>; readonly response: IdentifyResponse };
  'Controller.Submit': { readonly request: SubmitRequest; readonly response: SubmitResponse };
  'Controller.DescribeQuorum': { readonly request: Record<never, never>; readonly response: QuorumResponse };
  'Controller.ChangeQuorum': { readonly request: ChangeQuorumRequest; readonly response: ChangeQuorumResponse };
  'Fleet.Status': { readonly request: Record<never, never>; readonly response: StatusResponse };
  'Fleet.Load': { readonly request: Record<never, never>; readonly response: LoadResponse };
  'Fleet.CanRestart': { readonly request: CanRestartRequest; readonly response: CanRestartResponse };
  'Fleet.AssessTopics': { readonly request: AssessTopicsRequest; readonly response: AssessTopicsResponse };
  'Fleet.SetAdvertised': { readonly request: SetAdvertisedRequest; readonly response: SetAdvertisedResponse };
}

/** A broker says that it lives (KIP-631). */
export interface HeartbeatRequest {
  readonly brokerId: number;
  readonly brokerEpoch: number;
  /** Last metadata offset that its data isolate applied. */
  readonly appliedOffset: number;
  /** It is ready to lead. */
  readonly wantsUnfenced: boolean;
  /** How long its data loop has not turned, and its oldest disk operation has been under way, ms (F1, F5). */
  readonly loopStalledMs: number;
  readonly diskStalledMs: number;
  /** For how long its heartbeats have had no answer, by their number, ms; 0 from a node that is too old to say. */
  readonly unansweredMs: number;
}

/** What the active controller says to it. */
export interface HeartbeatResponse {
  /** NONE, STALE_BROKER_EPOCH, BROKER_ID_NOT_REGISTERED, or NOT_CONTROLLER with `controller`. */
  readonly errorCode: number;
  readonly isFenced: boolean;
  /** Committed metadata offset, for the lease of share groups (S0). */
  readonly offset: number;
  /** Wall clock of the controller, ms (F6). */
  readonly wallMs: number;
  readonly controller: ControllerHint | null;
  /** This answer grants no lease (S0): another controller may be active before it ends. */
  readonly withholdsLease: boolean;
}

/** What a watcher has: it is sent what follows. */
export interface WatchRequest {
  readonly brokerId: number;
  /** Last offset that it applied; −1: nothing. */
  readonly offset: number;
}

/** Committed metadata, in order (P3). */
export type WatchResponse =
  /** A piece of a snapshot at `offset`; the last one replaces all that the watcher has. */
  | { readonly kind: 'snapshot'; readonly offset: number; readonly data: Uint8Array; readonly isLast: boolean }
  | {
      readonly kind: 'batch';
      readonly baseOffset: number;
      readonly recordCount: number;
      readonly payload: Uint8Array;
    }
  /** Who leads has changed; also the first message. */
  | { readonly kind: 'controller'; readonly controllerId: number };

/** Streams that stay open, by gRPC's names. A watch has one message from its client. */
export interface StreamCalls {
  'Controller.Heartbeat': { readonly request: HeartbeatRequest; readonly response: HeartbeatResponse };
  'Controller.WatchMetadata': { readonly request: WatchRequest; readonly response: WatchResponse };
}

/** Name of a question with one answer. */
export type UnaryName = keyof UnaryCalls;
/** Name of a stream. */
export type StreamName = keyof StreamCalls;

/** Who calls: as its certificate says, or, without certificates, as it says itself. */
export interface Caller {
  readonly role: 'node' | 'operator';
  /** null: not a certain node. */
  readonly nodeId: number | null;
}

/** One end of an open stream. Callbacks are inputs of the node's event loop. */
export interface ControlStream<Outgoing> {
  send(message: Outgoing): void;
  /** Bytes handed to `send` that the other side has not taken yet, about. */
  queuedBytes(): number;
  /** Called when `queuedBytes` has fallen after being above 1 MiB. */
  onDrain(listener: () => void): void;
  /** Ends it; the other side's `onEnd` gets `failure`, null for an ordinary end. */
  end(failure: CallFailure | null): void;
}

/** What the owner of a stream is told. */
export interface StreamHandlers<Incoming> {
  onMessage(message: Incoming): void;
  /** Once, whoever ended it or whatever broke; not after the owner's own `end`. */
  onEnd(failure: CallFailure | null): void;
}

/** What a node serves to others. Everything arrives as an input of its event loop. */
export interface ControlService {
  /** A message of Raft. Its answer, if there is one, goes to `reply`, later; harmless when the asker is gone by then. */
  raft(message: Message, reply: (response: Message) => void): void;
  /** The stream on which a replica sent its appends has ended: its process may be gone (V8). */
  raftEnded(from: ReplicaKey): void;
  /** `done` exactly once. */
  call<N extends UnaryName>(
    name: N,
    request: UnaryCalls[N]['request'],
    caller: Caller,
    done: (failure: CallFailure | null, response: UnaryCalls[N]['response'] | null) => void,
  ): void;
  /** A stream was opened; its handlers, or why not. */
  open<N extends StreamName>(
    name: N,
    stream: ControlStream<StreamCalls[N]['response']>,
    caller: Caller,
  ): StreamHandlers<StreamCalls[N]['request']> | CallFailure;
}

/** A way to another node. Connects when it is used, and again by itself after 50 ms to 1 s. */
export interface ControlChannel {
  /**
   * Sends a message of Raft, or drops it: Raft repeats what matters. Requests of one kind arrive in order. Answers come to
   * `onReply` of `connect`.
   */
  raft(message: Message): void;
  call<N extends UnaryName>(
    name: N,
    request: UnaryCalls[N]['request'],
    timeoutMs: number,
    done: (failure: CallFailure | null, response: UnaryCalls[N]['response'] | null) => void,
  ): void;
  open<N extends StreamName>(
    name: N,
    handlers: StreamHandlers<StreamCalls[N]['response']>,
  ): ControlStream<StreamCalls[N]['request']>;
  /** The other side was heard of: what waits before it connects again waits no longer. */
  wake(): void;
  /** Ends everything; nobody is told any more. */
  close(): void;
}

/** The control plane between nodes: gRPC in production, a faulty network of messages in the simulator (B2: no records). */
export interface ControlNet {
  /** Serves; port 0 takes a free one. `clusterId` and `self` go with every message and are checked in every message. */
  listen(
    options: {
      readonly address: ControlAddress;
      readonly clusterId: string;
      readonly self: ReplicaKey;
      readonly service: ControlService;
    },
    done: (failure: string | null, listener: { readonly port: number; close(): void } | null) => void,
  ): void;
  /** A channel with a connection of its own, so that a snapshot on one never delays heartbeats on another (P3). */
  connect(options: {
    readonly address: ControlAddress;
    readonly clusterId: string;
    readonly self: ReplicaKey;
    readonly onReply: (response: Message) => void;
  }): ControlChannel;
  /** Whether anybody listens: `refused` means that no process does (V8, F3). */
  probe(
    address: ControlAddress,
    timeoutMs: number,
    done: (outcome: 'accepted' | 'refused' | 'unreachable') => void,
  ): void;
}
