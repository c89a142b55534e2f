import { assert } from '../../../core/base/assert.ts';
import { parseControllers } from '../../../core/config/controllers.ts';
import type { Settings } from '../../../core/config/settings.ts';
import type { RegisterControllerCommand } from '../../../core/metadata/commands.ts';
import { weirVersionRange } from '../../../core/metadata/features.ts';
import { isReplicating } from '../../../core/metadata/partition-changes.ts';
import type { MetadataDelta } from '../../../core/metadata/view.ts';
import type { MetadataBugs } from '../../../core/metadata/planted-bugs.ts';
import type { RaftBugs } from '../../../core/raft/planted-bugs.ts';
import { isSame, type Message, type ReplicaKey } from '../../../core/raft/types.ts';
import type {
  BrokerLoad,
  Caller,
  CallFailure,
  ControlAddress,
  ControlChannel,
  ControllerHint,
  ControlNet,
  IdentifyResponse,
} from '../../../ports/control-net.ts';
import type { ControlPorts } from '../control-node.ts';
import type { ToControl, ToData } from '../link.ts';
import type { ControlBugs } from '../planted-bugs.ts';
import { randomId } from '../identity.ts';
import { ErrorCode } from '../../../core/protocol/errors.ts';
import { type OpenedRaft } from '../raft-storage.ts';
import { AddressBook } from './address-book.ts';
import { BrokerAgent } from './broker-agent.ts';
import { NodeControlService } from './control-service.ts';
import { ControllerClient } from './controller-client.ts';
import { advertisedBrokers } from './fleet-service.ts';
import { LogElections } from './log-elections.ts';
import { LocalChannel } from './local-channel.ts';
import { MissedVoter } from './missed-voter.ts';
import { PreferredLeaders } from './preferred-leaders.ts';
import { QuorumNode } from './quorum-node.ts';
import { RaftPeers } from './raft-peers.ts';
import { redial } from './redial.ts';
import { ReplicaMover } from './replica-mover.ts';
import { SessionKeeper } from './session-keeper.ts';
import { StuckLeader } from './stuck-leader.ts';

/** What the hub works with. */
export interface ControlHubDeps {
  readonly ports: ControlPorts;
  readonly settings: Settings;
  readonly send: (message: ToData) => void;
  readonly loopStalledMs: () => number;
  readonly diskStalledMs: () => number;
  readonly onFatal: (message: string) => void;
  /** What the data isolate holds and has done; null where it serves no clients, or does not answer. */
  readonly load: (done: (load: BrokerLoad | null) => void) => void;
  /** Reasons why this node can't serve, for whoever asks from outside. */
  readonly troubles: () => readonly string[];
  readonly version: string;
  /** What a test breaks on purpose in Raft. */
  readonly raftBugs: RaftBugs;
  /** What a test breaks on purpose in the controller's decisions. */
  readonly metadataBugs: MetadataBugs;
  /** What a test breaks on purpose in the rest of the control plane. */
  readonly controlBugs: ControlBugs;
}

/** Who this node is among others. */
export interface HubIdentity {
  readonly clusterId: string;
  readonly self: ReplicaKey;
}

/** How long a question to another node may take while a cluster is formed, ms. */
const IDENTIFY_TIMEOUT_MS = 1000;
/** How long a controller tries to make itself known, at a time, ms. */
const REGISTER_TIMEOUT_MS = 30_000;
/** Pause before a controller that its cluster can't register yet tries again, ms. */
const REGISTER_AGAIN_MS = 10_000;
/** How long a node is not heard anew, as far as the ways to it go, ms. */
const WAKE_PAUSE_MS = 200;
/** A leader that stops waits this long for another to take over, ms. */
const TRANSFER_WAIT_MS = 500;

/**
 * The control plane of one node: what it serves to others and asks of them, its place in the quorum if it is a controller, and
 * its agent if it is a broker. It is put together here and nowhere else; what it consists of does not know how.
 */
export class ControlHub {
  readonly #deps: ControlHubDeps;
  readonly #book: AddressBook;
  readonly #service: NodeControlService;
  readonly #client: ControllerClient;
  readonly #peers: RaftPeers;
  readonly #channels = new Map<string, ControlChannel>();
  /** When the ways to a node were last told that it is there; nodes whose address is known. */
  readonly #wokenAtMs = new Map<number, number>();
  readonly #roles: readonly string[];
  #identity: HubIdentity | null = null;
  #local: LocalChannel | null = null;
  #listener: { readonly port: number; close(): void } | null = null;
  #quorum: QuorumNode | null = null;
  #missed: MissedVoter | null = null;
  /** Something was committed on this disk before this life. */
  #hadLog = false;
  /** What others are to know of this controller. */
  #registration: RegisterControllerCommand | null = null;
  #keeper: SessionKeeper | null = null;
  #mover: ReplicaMover | null = null;
  #elections: LogElections | null = null;
  #preferred: PreferredLeaders | null = null;
  #stuck: StuckLeader | null = null;
  #agent: BrokerAgent | null = null;
  #isStopped = false;

  constructor(deps: ControlHubDeps) {
    this.#deps = deps;
    const { clock, timers } = deps.ports;
    const { controllers } = parseControllers(deps.settings.broker('controller.quorum.voters'));
    assert(controllers !== null, 'settings are checked before');
    this.#roles = deps.settings.broker('process.roles');
    this.#book = new AddressBook(controllers, () => this.#quorum?.image ?? null);
    this.#client = new ControllerClient({
      clock,
      timers,
      controllers: () => this.#controllers(),
      leaderId: () => this.#quorum?.controllerId ?? -1,
      channelTo: (controller) => this.#channelTo(controller),
    });
    this.#peers = new RaftPeers(
      (id) => this.#book.of(id),
      (address) => this.#connect(address),
    );
    this.#service = new NodeControlService({
      clock,
      timers,
      log: deps.ports.log,
      quorum: () => this.#quorum,
      keeper: () => this.#keeper,
      mover: () => this.#mover,
      elections: () => this.#elections,
      settings: deps.settings,
      identify: (asker) => this.#identify(asker),
      status: () => this.#status(),
      load: (done) =>
        deps.load((load) => done(load === null ? null : { ...load, brokerEpoch: this.#agent?.brokerEpoch ?? -1 })),
      isKnown: (id) => this.#isSelf(id) || this.#book.of(id) !== null,
      controllers: () => this.#controllers(),
      heard: (nodeId) => this.#wake(nodeId),
      raft: (message, reply) => this.#receive(message, reply),
      raftEnded: (from) => this.#leaderMayBeGone(from),
    });
  }

  get isController(): boolean {
    return this.#roles.includes('controller');
  }

  /** The last metadata offset that was handed to the data isolate. */
  get offset(): number {
    return this.#agent?.offset ?? this.#quorum?.offset ?? -1;
  }

  /** By how much the wall clock here is ahead of the active controller's, ms (F6). */
  get clockOffsetMs(): number {
    return this.#agent?.clockOffsetMs ?? 0;
  }

  get quorum(): QuorumNode | null {
    return this.#quorum;
  }

  /** See `MissedVoter.ask`; nobody misses a node that is no controller. */
  askMissed(done: (reasons: readonly string[]) => void): void {
    if (this.#missed === null) done([]);
    else this.#missed.ask(done);
  }

  /** Serves others under an identity, if this node has an address; another identity takes the place of the first. */
  listen(identity: HubIdentity, done: (failure: string | null) => void): void {
    const { ports, settings } = this.#deps;
    const port = settings.broker('weir.grpc.port');
    const { controlNet } = ports;
    const before = this.#identity;
    this.#identity = identity;
    if (port === -1 || controlNet === null || (before !== null && isSame(before.self, identity.self))) {
      done(null);
      return;
    }
    // What was opened under another name goes.
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
    const bound = this.#listener?.port ?? port;
    this.#listener?.close();
    this.#listener = null;
    const address = { host: settings.broker('weir.grpc.host'), port: bound };
    controlNet.listen({ address, ...identity, service: this.#service }, (failure, listener) => {
      this.#listener = listener;
      done(failure);
    });
  }

  /** Asks another node who it is. */
  identify(id: number, done: (failure: CallFailure | null, response: IdentifyResponse | null) => void): void {
    const address = this.#book.of(id);
    if (address === null) done({ code: 'refused', message: `node ${id} is not in controller.quorum.voters` }, null);
    else this.#channelTo({ id, address }).call('Raft.Identify', {}, IDENTIFY_TIMEOUT_MS, done);
  }

  /** Takes part in the quorum with what is on the disk. */
  joinQuorum(opened: OpenedRaft, isFresh: boolean): void {
    const { ports, settings, onFatal, raftBugs, metadataBugs, controlBugs, diskStalledMs } = this.#deps;
    const { clusterId, self } = this.#knownIdentity();
    const { start, snapshot, storage } = opened;
    assert(start !== null, 'the log was made before');
    this.#hadLog = !isFresh && (start.hardState.term > 0 || start.entries.length > 0 || start.snapshot.place.index > 0);
    const { clock, timers, random, log } = ports;
    const deps = {
      ...{ clock, timers, random, log, settings, self, clusterId, storage, onFatal },
      bugs: raftBugs,
      metadataBugs,
      send: (message: Message) => this.#peers.send(message),
      isAlive: (id: number) => this.#keeper?.isAlive(id) ?? false,
      isSlow: (id: number) => this.#keeper?.isSlow(id) ?? false,
      onActive: (controller: QuorumNode['active']) => this.#becameActive(controller),
      onFeatures: () => this.#completeRegistration(),
      onDecided: (delta: MetadataDelta) => {
        this.#keeper?.decided(delta);
        this.#mover?.decided(delta);
        this.#preferred?.decided(delta);
        this.#elections?.decided(delta);
      },
    };
    const quorum = new QuorumNode(deps, { raft: start, snapshot });
    this.#quorum = quorum;
    const stalledMs = (): number => this.#agent?.diskStalledMs ?? diskStalledMs();
    this.#stuck = new StuckLeader({ timers, log, diskStalledMs: stalledMs, host: quorum.host, bugs: controlBugs });
    this.#missed = new MissedVoter({
      self,
      isVoter: () => quorum.isVoter && quorum.controllerId !== -1,
      client: this.#client,
    });
    if (this.#listener !== null) this.#registerController();
  }

  /** Follows the metadata for the data isolate, and speaks for it. */
  startAgent(): void {
    const { ports, settings, send, onFatal, loopStalledMs, diskStalledMs, controlBugs } = this.#deps;
    const { clusterId, self } = this.#knownIdentity();
    const { clock, timers, log } = ports;
    this.#agent = new BrokerAgent({
      ...{ clock, timers, log, clusterId, send, onFatal, loopStalledMs, diskStalledMs },
      bugs: controlBugs,
      nodeId: self.id,
      directoryId: self.directoryId,
      heartbeatIntervalMs: settings.broker('broker.heartbeat.interval.ms'),
      client: this.#client,
      controllers: () => this.#controllers(),
      channelTo: (controller) => this.#channelTo(controller),
      watchChannelTo: (controller) =>
        this.#isSelf(controller.id) ? this.#newLocalChannel() : this.#connect(controller.address),
      address: () => this.#ownAddress(),
    });
    this.#agent.start();
  }

  /** Something that the data isolate wants. */
  take(message: Extract<ToControl, { readonly kind: 'submit' | 'beat' | 'describe-quorum' | 'change-quorum' }>): void {
    if (message.kind === 'beat') this.#agent?.beat(message);
    else if (message.kind === 'submit') this.#agent?.submit(message.id, message.command, message.timeoutMs);
    else if (message.kind === 'describe-quorum') this.#agent?.describeQuorum(message.id, message.timeoutMs);
    else this.#agent?.changeQuorum(message.id, message.request, message.timeoutMs);
  }

  /** Ends: a leader hands over first, where there is somebody; what was appended is durable when `done` is called. */
  stop(done: () => void): void {
    this.#isStopped = true;
    this.#stuck?.end();
    this.#agent?.stop();
    const finish = (): void => {
      this.#endDuties();
      this.#listener?.close();
      this.#peers.close();
      for (const channel of this.#channels.values()) channel.close();
      if (this.#quorum === null) done();
      else this.#quorum.stop(done);
    };
    const { host, active } = this.#quorum ?? { host: null, active: null };
    if (host === null || active === null || host.state.voters.length === 1) {
      finish();
      return;
    }
    let isOver = false;
    const once = (): void => {
      if (isOver) return;
      isOver = true;
      // What the hand-over still has to write and send comes first.
      this.#deps.ports.timers.after(0, finish);
    };
    host.ask({ kind: 'transfer', to: null }, () => once());
    this.#deps.ports.timers.after(TRANSFER_WAIT_MS, once);
  }

  #knownIdentity(): HubIdentity {
    assert(this.#identity !== null, 'a node knows who it is before it takes part');
    return this.#identity;
  }

  /** A node that is alone needs no address to find itself. */
  #controllers(): readonly ControllerHint[] {
    const known = this.#book.controllers();
    const { self } = this.#knownIdentity();
    if (!this.isController || known.some(({ id }) => id === self.id)) return known;
    return [...known, { id: self.id, address: { host: '', port: 0 } }];
  }

  #isSelf(id: number): boolean {
    return this.isController && id === this.#knownIdentity().self.id;
  }

  #channelTo(controller: ControllerHint): ControlChannel {
    if (this.#isSelf(controller.id)) {
      this.#local ??= this.#newLocalChannel();
      return this.#local;
    }
    const key = `${controller.id} ${controller.address.host} ${controller.address.port}`;
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = this.#connect(controller.address);
      this.#channels.set(key, channel);
    }
    return channel;
  }

  #newLocalChannel(): LocalChannel {
    return new LocalChannel(this.#service, this.#deps.ports.timers, this.#knownIdentity().self.id);
  }

  #connect(address: ControlAddress): ControlChannel {
    const { controlNet } = this.#deps.ports;
    assert(controlNet !== null, 'a node with neighbours has a way to them');
    return controlNet.connect({
      address,
      ...this.#knownIdentity(),
      onReply: (message) => {
        this.#peers.heard(message.from);
        this.#quorum?.host.receive(message);
      },
    });
  }

  /** A node that is heard is there again, so that the ways to it need not wait; one that is not to be reached is not tried all the time. */
  #wake(id: number): void {
    const nowMs = this.#deps.ports.clock.monotonicMs();
    const againMs = (this.#wokenAtMs.get(id) ?? Number.NEGATIVE_INFINITY) + WAKE_PAUSE_MS;
    if (nowMs < againMs || this.#book.of(id) === null) return;
    this.#wokenAtMs.set(id, nowMs);
    this.#peers.wake(id);
    for (const [key, channel] of this.#channels) if (key.startsWith(`${id} `)) channel.wake();
  }

  /** Where others are told that this node is; null while it serves nobody. */
  #ownAddress(): ControlAddress | null {
    if (this.#listener === null) return null;
    const { settings } = this.#deps;
    const host = settings.broker('weir.grpc.advertised.host') || settings.broker('weir.grpc.host');
    return { host, port: this.#listener.port };
  }

  #receive(message: Message, reply: (response: Message) => void): void {
    if (this.#quorum === null) return;
    this.#peers.received(message, reply);
    this.#quorum.host.receive(message);
  }

  /** The leader's connection closed; if its address refuses a new one, its process is gone (V8). */
  #leaderMayBeGone(from: ReplicaKey): void {
    const { controlNet, timers } = this.#deps.ports;
    const address = this.#book.of(from.id);
    const { host } = this.#quorum ?? { host: null };
    if (controlNet === null || address === null || host === null || !isSame(host.state.leader, from)) return;
    const { contactAtMs } = host.state;
    const isHeard = (): boolean => host.state.contactAtMs > contactAtMs || !isSame(host.state.leader, from);
    const probe: ControlNet['probe'] = (at, timeoutMs, done) => controlNet.probe(at, timeoutMs, done);
    redial({ timers, probe }, { address, refusals: 1, isHeard }, () => host.leaderRefuses(from));
  }

  #becameActive(controller: QuorumNode['active']): void {
    this.#endDuties();
    this.#keeper = null;
    this.#mover = null;
    this.#preferred = null;
    this.#elections = null;
    if (controller === null || this.#isStopped) return;
    const { ports, settings } = this.#deps;
    const { clock, timers, log, controlNet } = ports;
    this.#keeper = new SessionKeeper(
      {
        ...{ clock, timers, log, settings },
        probe: (address, timeoutMs, done) => {
          if (controlNet === null) done('unreachable');
          else controlNet.probe(address, timeoutMs, done);
        },
        addressOf: (id) => this.#book.of(id),
      },
      controller,
    );
    this.#mover = new ReplicaMover({ timers, log, settings }, controller);
    this.#preferred = new PreferredLeaders({ timers, log, settings }, controller);
    this.#elections = new LogElections({ clock, timers, log }, controller);
    this.#client.changed();
  }

  /** What only the active controller does. */
  #endDuties(): void {
    this.#keeper?.end();
    this.#mover?.end();
    this.#preferred?.end();
    this.#elections?.end();
  }

  #identify(asker: Caller): IdentifyResponse {
    const { self } = this.#knownIdentity();
    if (!this.isController) return { node: self, quorum: 'none' };
    const hasHeard = asker.nodeId !== null && this.#peers.hasHeard(asker.nodeId);
    return { node: self, quorum: this.#hadLog || hasHeard ? 'formed' : 'empty' };
  }

  #status(): ReturnType<ConstructorParameters<typeof NodeControlService>[0]['status']> {
    const { self, clusterId } = this.#knownIdentity();
    const state = this.#quorum?.host.state;
    return {
      node: self,
      clusterId,
      roles: this.#roles.filter((role) => role === 'broker' || role === 'controller'),
      version: this.#deps.version,
      troubles: this.#deps.troubles(),
      leaderId: this.#quorum?.controllerId ?? -1,
      leaderEpoch: state?.term ?? -1,
      metadataOffset: this.offset,
      brokerEpoch: this.#agent?.brokerEpoch ?? -1,
      advertised: this.#quorum === null ? [] : advertisedBrokers(this.#quorum.image),
      // Where its own log is not read yet nothing is known.
      hasNoMetadata: this.isController && this.#quorum?.offset === -1 && !this.#hadLog,
    };
  }

  /** Makes this controller and its address known to all, however long that takes. */
  #registerController(): void {
    const { ports, settings } = this.#deps;
    const { self } = this.#knownIdentity();
    const endpoint = this.#ownAddress();
    if (endpoint === null) return;
    const command = {
      kind: 'registerController',
      controllerId: self.id,
      directoryId: self.directoryId,
      incarnationId: randomId(ports.random),
      machine: settings.broker('weir.host'),
      ...weirVersionRange(),
      ...endpoint,
    } as const;
    this.#registration = command;
    this.#register(command);
  }

  #register(command: RegisterControllerCommand): void {
    const { timers, log } = this.#deps.ports;
    if (this.#isStopped) return;
    this.#client.ask('Controller.Submit', { command }, REGISTER_TIMEOUT_MS, (response) => {
      const outcome = response?.outcome ?? null;
      if (outcome === null) this.#register(command);
      // A cluster that was formed by an earlier release has no place for it until its features are raised.
      else if (outcome.errorCode === ErrorCode.UNSUPPORTED_VERSION)
        timers.after(REGISTER_AGAIN_MS, () => this.#register(command));
      else if (outcome.errorCode !== ErrorCode.NONE)
        log.warn({ ...outcome }, 'this controller could not be registered: others may not find it');
    });
  }

  /** What was registered before the features were raised that tell of machines is registered again, with this one's. */
  #completeRegistration(): void {
    const { image } = this.#quorum ?? { image: null };
    const command = this.#registration;
    if (image === null || command === null || !isReplicating(image)) return;
    const stored = image.controllers().find(({ incarnationId }) => incarnationId === command.incarnationId);
    if (stored !== undefined && stored.machine !== command.machine) this.#register(command);
  }
}
