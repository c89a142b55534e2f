import { assert } from '../core/base/assert.ts';
import { brokerId } from '../core/base/ids.ts';
import { overruled, overruledAddresses } from '../core/config/overruled.ts';
import type { Settings } from '../core/config/settings.ts';
import type { EndpointView } from '../core/metadata/view.ts';
import type { CleanerBugs, PlantedLogBugs } from '../core/log/planted-bugs.ts';
import type { PlantedBugs } from '../core/share/planted-bugs.ts';
import type { ReplicaBugs } from '../core/replica/planted-bugs.ts';
import { FetchSessions } from '../core/replica/fetch-session.ts';
import { TopicAnswers } from './api/topic-answers.ts';
import { AutoTopicCreator } from './auto-topics.ts';
import { apiTable, brokerVersions, clientVersions } from './api/table.ts';
import { keepBrokerEpoch } from './broker-epoch.ts';
import { allowAll, unlimited } from './authorizer.ts';
import type { Ports } from './context.ts';
import type { ControlPlane, FatalListener } from './control-plane.ts';
import { CoordinatorFinder } from './coordinators/finder.ts';
import { GroupCoordinator } from './coordinators/groups.ts';
import { fatalSentence, isDiskFull } from './disk-failure.ts';
import { WatchedDisk } from './disk-watch.ts';
import { Dispatcher } from './dispatch.ts';
import { failureOf } from './logs/disk-tasks.ts';
import { openLogManager, type OpenedLogs } from './logs/log-manager.ts';
import type { BrokerLoad } from '../ports/control-net.ts';
import type { PartitionLog } from './logs/partition-log.ts';
import { HEALTH_NOTE } from '../ports/health.ts';
import type { MetricSource } from '../ports/metrics.ts';
import type { MetadataClient } from './metadata-client.ts';
import { MetricRegistry } from './metrics.ts';
import { Acceptor, type ListenerAddress } from './network/acceptor.ts';
import { LimitLog } from './network/limit-log.ts';
import { followerMetrics } from './partitions/follower-metrics.ts';
import { logMetrics } from './partitions/log-metrics.ts';
import { LeadWaits } from './partitions/lead-waits.ts';
import { PartitionManager } from './partitions/partition-manager.ts';
import { replicationMetrics } from './partitions/replication-metrics.ts';
import { resolveCleanerConfig, resolveTopicRules } from './partitions/topic-rules.ts';
import { PartitionEnds } from './peers/partition-ends.ts';
import { Peers } from './peers/peers.ts';
import { ProducerIds } from './producer-ids.ts';
import { ReplicaFetcher } from './replication/fetcher.ts';
import { FirstCatchUp } from './replication/first-catch-up.ts';
import { askLeaderStart } from './replication/leader-start.ts';
import { fetchLimits } from './replication/limits.ts';
import { ReplicaReports } from './replica-reports.ts';
import { FollowerWatch } from './replication/follower-watch.ts';
import { IsrChanges } from './replication/isr-changes.ts';
import { membershipOf } from './replication/membership.ts';
import { Throttle } from './replication/throttle.ts';
import type { Services } from './services.ts';
import { shareMetrics } from './share/metrics.ts';
import { startShareGroups } from './share/start.ts';
import { runTask } from './task.ts';

/** Pause before a full disk is tried again, ms. */
const ROOM_RETRY_MS = 1000;

/** What a node is started with. */
export interface NodeOptions {
  readonly settings: Settings;
  readonly ports: Ports;
  readonly control: ControlPlane;
  /** The node's one data directory. */
  readonly directory: string;
  readonly listeners: readonly ListenerAddress[];
  /** Where clients are told to go, by listener; port 0 stands for the bound port. */
  readonly advertised: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  /** Memory that this process may use, in bytes: the budget for requests and answers is a part of it. */
  readonly memoryBytes: number;
  /** Files and connections that the process may have open at once; without it the log's own default and no bound. */
  readonly descriptors?: { readonly files: number; readonly connections: number };
  /** Figures that only the outside knows: process, loop, disk. */
  readonly metricSources: readonly MetricSource[];
  /** How long the data loop was in turns so far, ms; absent where time stands still meanwhile. */
  readonly loopStats?: { readonly busyMs: number };
  /** What a test breaks on purpose in share groups; nobody else hands it in. */
  readonly shareBugs?: PlantedBugs;
  /** What a test breaks on purpose in the log cleaner. */
  readonly cleanerBugs?: CleanerBugs;
  /** What is broken on purpose in replication; tests only. */
  readonly replicaBugs?: ReplicaBugs;
  /** What is broken on purpose in logs; tests only. */
  readonly logBugs?: PlantedLogBugs;
  /** The node can't go on safely: the process ends with this sentence. */
  readonly onFatal: FatalListener;
}

/** A started node. */
export interface Node {
  /** Bound ports by listener name. */
  readonly boundPorts: ReadonlyMap<string, number>;
  /** Controlled shutdown: leaderships given up, producers sent on, no new requests, everything synced, the clean-shutdown proof left. */
  stop(done: () => void): void;
}

/**
 * Builds and starts one node's data isolate; the simulator calls this very function with its own ports. The order is the
 * safety of D5: logs are recovered, this incarnation is registered, only then is stored metadata acted on.
 */
export function startNode(options: NodeOptions, done: (failure: string | null, node: Node | null) => void): void {
  new NodeStart(options, done).run();
}

class NodeStart {
  readonly #options: NodeOptions;
  readonly #done: (failure: string | null, node: Node | null) => void;
  readonly #metrics = new MetricRegistry();
  #dispatcher: Dispatcher<Services> | null = null;
  #load: (() => BrokerLoad) | null = null;
  readonly #acceptor: Acceptor;
  readonly #disk: WatchedDisk;
  #logs: OpenedLogs | null = null;
  #watch: FollowerWatch | null = null;
  #catchUp: FirstCatchUp | null = null;
  #boundPorts: ReadonlyMap<string, number> | null = null;
  #phase = 'recovering logs';
  #failed = false;

  constructor(options: NodeOptions, done: (failure: string | null, node: Node | null) => void) {
    this.#options = options;
    this.#done = done;
    const { ports, settings } = options;
    this.#disk = new WatchedDisk(ports.disk, {
      timers: ports.timers,
      log: ports.log,
      stallMs: settings.broker('weir.disk.stall.ms'),
      onStall: (sentence) => this.#fatal(sentence, true),
    });
    this.#acceptor = new Acceptor({
      ports,
      settings,
      memoryBytes: options.memoryBytes,
      ...(options.descriptors === undefined ? {} : { connectionsMax: options.descriptors.connections }),
      serve: (frame, connection, reply) => {
        assert(this.#dispatcher !== null, 'requests are held until the dispatcher is there');
        this.#dispatcher.serve(frame, connection, reply);
      },
    });
  }

  run(): void {
    const { control, descriptors, listeners, ports, settings, directory } = this.#options;
    for (const source of [...this.#options.metricSources, this.#acceptor.metrics]) this.#metrics.add(source);
    control.setHealth({
      ready: () => (this.#phase === '' ? [...(this.#catchUp?.reasons() ?? []), ...this.#troubles()] : [this.#phase]),
      metrics: () => this.#metrics.collect(),
      load: () => this.#load?.() ?? null,
      diskStalledMs: () => this.#disk.stalledForMs(),
    });
    control.onFatal((message, hung) => this.#fatal(message, hung));
    const opening = openLogManager({
      disk: this.#disk,
      clock: ports.clock,
      timers: ports.timers,
      compression: ports.compression,
      crc32c: ports.crc32c,
      log: ports.log,
      directory,
      defaultConfig: resolveTopicRules(settings, new Map()).log,
      options: {
        isClockTrusted: () => control.isClockTrusted,
        minFree: () => settings.broker('weir.disk.min.free'),
        producerCheckIntervalMs: settings.broker('producer.id.expiration.check.interval.ms'),
        checkpointIntervalMs: settings.broker('replica.high.watermark.checkpoint.interval.ms'),
        retentionCheckIntervalMs: settings.broker('log.retention.check.interval.ms'),
        cleaner: () => resolveCleanerConfig(settings),
        hashSecret: () => [ports.random.uint32(), ports.random.uint32(), ports.random.uint32(), ports.random.uint32()],
        journalBytes: settings.broker('weir.journal.bytes'),
        directSyncsMax: settings.broker('weir.journal.direct.syncs.max'),
        journalSession: () => [ports.random.uint32(), ports.random.uint32()],
        ...(this.#options.cleanerBugs === undefined ? {} : { cleanerBugs: this.#options.cleanerBugs }),
        ...(descriptors === undefined ? {} : { openFilesMax: descriptors.files }),
      },
      onFatal: (failure) => this.#fatal(fatalSentence(failure), false),
      ...(this.#options.logBugs === undefined ? {} : { bugs: this.#options.logBugs }),
    });
    runTask(opening, (error, opened) => {
      if (opened === undefined) {
        this.#fail(error instanceof Error ? error.message : String(error));
        return;
      }
      this.#logs = opened;
      this.#register();
    });
    this.#acceptor.listen(listeners, (failure, bound) => {
      if (failure !== null) {
        this.#fail(failure);
        return;
      }
      this.#boundPorts = bound;
      this.#register();
    });
  }

  /** Clients are let go first: a process whose disk hangs may keep its sockets long after it was killed. */
  #fatal(sentence: string, hung: boolean): void {
    this.#acceptor.abort();
    this.#options.onFatal(sentence, hung);
  }

  #troubles(): readonly string[] {
    return [...(this.#logs?.manager.troubles() ?? []), ...this.#disk.troubles(), ...damageNotes(this.#logs)];
  }

  #fail(sentence: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#disk.stop();
    this.#acceptor.stop(() => undefined);
    this.#done(sentence, null);
  }

  /** Once logs and listeners are there: tells the cluster about this incarnation (D5). */
  #register(): void {
    if (this.#failed || this.#logs === null || this.#boundPorts === null) return;
    this.#phase = 'registering with the controller';
    const { control, settings } = this.#options;
    const logs = this.#logs;
    const all = logs.manager.all();
    const rack = settings.broker('broker.rack');
    const registration = {
      endpoints: this.#endpoints(this.#boundPorts),
      rack: rack === '' ? null : rack,
      host: settings.broker('weir.host'),
      previousBrokerEpoch: logs.previousBrokerEpoch,
      lastUnfencedEpoch: logs.lastUnfencedEpoch,
      damaged: all.filter((log) => logs.manager.isIncomplete(log)).map(referenceOf),
      suspect: all.filter(({ isSuspect }) => isSuspect).map(referenceOf),
    };
    control.register(registration, (failure) => {
      if (failure !== null) {
        this.#fail(failure);
        return;
      }
      this.#followSettings();
      this.#serve(logs);
    });
  }

  /** The listener on which brokers reach each other: everybody's first one when it is not named. */
  #brokerListener(): string {
    const wanted = this.#options.settings.broker('inter.broker.listener.name').toUpperCase();
    const { listeners } = this.#options;
    return (listeners.find(({ name }) => name.toUpperCase() === wanted) ?? listeners[0])?.name ?? '';
  }

  #endpoints(bound: ReadonlyMap<string, number>): EndpointView[] {
    return this.#options.listeners.map(({ name, host }) => {
      const boundPort = bound.get(name) ?? 0;
      const advertised = this.#options.advertised.get(name) ?? { host, port: 0 };
      return { listener: name, host: advertised.host, port: advertised.port === 0 ? boundPort : advertised.port };
    });
  }

  /** Dynamic broker settings count from the metadata, now and whenever they change. */
  #followSettings(): void {
    const { control, ports, settings } = this.#options;
    const nodeId = String(settings.broker('node.id'));
    const apply = (): void => {
      settings.setDynamic(control.view.configOverrides('broker', nodeId), control.view.configOverrides('cluster', ''));
    };
    apply();
    const cluster = control.view.configOverrides('cluster', '');
    for (const sentence of overruled(settings.fixed, cluster)) ports.log.warn({}, sentence);
    const self = control.view.broker(brokerId(Number(nodeId)));
    for (const sentence of overruledAddresses(settings.fixed, self)) ports.log.info({}, sentence);
    control.onDelta((delta) => {
      if (delta.configsChanged.some(({ scope }) => scope === 'broker' || scope === 'cluster')) apply();
    });
  }

  /** The partitions of this node, led and followed. */
  #partitions(logs: OpenedLogs, peers: Peers): PartitionManager {
    const { control, ports, settings, replicaBugs } = this.#options;
    const nodeId = brokerId(settings.broker('node.id'));
    const incarnation = () => ({ brokerId: nodeId, brokerEpoch: control.brokerEpoch });
    const changes = new IsrChanges({ ...ports, metadata: control, incarnation });
    const stats = { isrShrinks: 0, isrExpands: 0 };
    const membership = membershipOf(control);
    const partitions = new PartitionManager({
      nodeId,
      ports,
      settings,
      metadata: control,
      logs: logs.manager,
      fetcher: new ReplicaFetcher({
        ...ports,
        nodeId,
        peers,
        brokerEpoch: () => control.brokerEpoch,
        limits: () => fetchLimits(settings),
        throttle: new Throttle(ports.clock, () => settings.broker('follower.replication.throttled.rate')),
      }),
      askStart: (follower, answered) => askLeaderStart(peers, follower, answered),
      cluster: {
        nodeId,
        membership,
        rackOf: (id) => control.view.broker(id)?.rack ?? null,
        changes,
        stats,
        ...(replicaBugs && { bugs: replicaBugs }),
      },
    });
    this.#watch = new FollowerWatch({ ...ports, settings, metadata: control, partitions });
    this.#metrics.add(replicationMetrics(partitions, stats, changes));
    return partitions;
  }

  #serve(logs: OpenedLogs): void {
    this.#phase = 'opening partitions';
    const { control, ports, settings } = this.#options;
    const nodeId = settings.broker('node.id');
    const brokerListener = this.#brokerListener();
    const peers = new Peers({ ...ports, nodeId, metadata: control, listener: brokerListener });
    const partitions = this.#partitions(logs, peers);
    const metadata = this.#served(partitions);
    const { clock, timers, log, crc32c, afterTurn } = ports;
    const shared = { clock, timers, log, crc32c, afterTurn, settings, nodeId, metadata, partitions };
    const share = startShareGroups({
      ...shared,
      peers,
      compression: ports.compression,
      leaseHeld: () => control.holdsLease,
      ...(this.#options.shareBugs === undefined ? {} : { bugs: this.#options.shareBugs }),
    });
    const groups = new GroupCoordinator({ ...shared, random: ports.random, persister: share.shareStateRouter });
    const topics = { groups: groups.host, share: share.shareCoordinator };
    const services: Services = {
      ...share,
      groups,
      coordinatorFinder: new CoordinatorFinder(metadata, topics),
      ports,
      settings,
      nodeId,
      metadata,
      quorum: control,
      partitions,
      partitionEnds: new PartitionEnds({ metadata, partitions, peers }),
      leadWaits: new LeadWaits({ clock, timers, metadata, partitions, nodeId: brokerId(nodeId) }),
      servedVersions: clientVersions,
      brokerVersions,
      brokerListener,
      autoTopics: new AutoTopicCreator(metadata, [topics.groups, topics.share]),
      topicAnswers: new TopicAnswers(metadata),
      answerMemory: this.#acceptor.answerMemory,
      leaderThrottle: new Throttle(clock, () => settings.broker('leader.replication.throttled.rate')),
      fetchSessions: new FetchSessions(() => settings.broker('max.incremental.fetch.session.cache.slots')),
      limitLog: new LimitLog(ports),
      producerIds: new ProducerIds(metadata, () => ({ brokerId: nodeId, brokerEpoch: control.brokerEpoch })),
    };
    const limits = { clock, timers, brokerListener, authorizer: allowAll, quotas: unlimited };
    const dispatcher = new Dispatcher(apiTable, services, limits);
    this.#dispatcher = dispatcher;
    this.#load = () => {
      const { sizeInBytes, space } = logs.manager.stats();
      return {
        atMs: Math.round(clock.monotonicMs()),
        busyMs: Math.round(this.#options.loopStats?.busyMs ?? 0),
        ...dispatcher.traffic(),
        logBytes: sizeInBytes,
        diskBytes: space.totalBytes,
        shareSessions: share.share.sessions.count,
        shareSessionsMax: settings.broker('group.share.max.share.sessions'),
      };
    };
    this.#metrics.add(dispatcher.metrics);
    this.#metrics.add(logMetrics(logs.manager, partitions));
    this.#metrics.add(followerMetrics(partitions, partitions.followerStats));
    this.#metrics.add(shareMetrics(share.share, share.deadLetters.stats));
    this.#metrics.add(peers.metrics);
    partitions.start(() => this.#keepEpoch(() => this.#comeIn(logs, partitions)));
  }

  /** The metadata: an answer to a change of it means that this node serves what was created. */
  #served(partitions: PartitionManager): MetadataClient {
    const { control } = this.#options;
    return {
      view: control.view,
      submit: (command, timeoutMs, done) => {
        control.submit(command, timeoutMs, (outcome) => partitions.settled(() => done(outcome)));
      },
      onDelta: (listener) => control.onDelta(listener),
    };
  }

  #comeIn(logs: OpenedLogs, partitions: PartitionManager): void {
    this.#phase = 'waiting to be unfenced';
    this.#options.control.unfence((failure) => {
      if (failure !== null) {
        this.#fail(failure);
        return;
      }
      this.#phase = '';
      const { control, ports, settings } = this.#options;
      const nodeId = brokerId(settings.broker('node.id'));
      const deps = { nodeId, clock: ports.clock, view: () => control.view };
      this.#catchUp = new FirstCatchUp(deps, partitions.followings());
      this.#acceptor.open();
      this.#done(null, this.#running(logs, partitions));
    });
  }

  /** Before it asks to be let in (D4): a copy of this disk that was made earlier tells what it lacks. A full disk is waited for (D11). */
  #keepEpoch(done: () => void): void {
    const { control, directory, ports } = this.#options;
    const place = { disk: this.#disk, crc32c: ports.crc32c, directory };
    runTask(keepBrokerEpoch(place, control.brokerEpoch), (error) => {
      if (error === null) done();
      else if (isDiskFull(failureOf(error))) {
        this.#phase = 'waiting for room on the disk';
        ports.timers.after(ROOM_RETRY_MS, () => this.#keepEpoch(done));
      } else this.#fail(error instanceof Error ? error.message : String(error));
    });
  }

  #running(logs: OpenedLogs, partitions: PartitionManager): Node {
    const { control, ports, settings } = this.#options;
    const { timers, log } = ports;
    const nodeId = settings.broker('node.id');
    const reports = new ReplicaReports({ timers, log, nodeId, control, logs: logs.manager });
    let stopping = false;
    return {
      boundPorts: this.#boundPorts ?? new Map(),
      stop: (done) => {
        if (stopping) return;
        stopping = true;
        this.#phase = 'stopping';
        ports.log.info(
          { brokerEpoch: control.brokerEpoch },
          'stopping: handing leaderships over, answering what was produced, then syncing logs',
        );
        reports.stop();
        const close = (): void =>
          this.#acceptor.stop(() => {
            this.#watch?.stop();
            partitions.stop();
            logs.manager.shutdown(control.brokerEpoch, () =>
              control.shutdown(() => {
                this.#disk.stop();
                done();
              }),
            );
          });
        if (!settings.broker('controlled.shutdown.enable')) {
          close();
          return;
        }
        const ledCount = partitions.all().length;
        control.handOver(() => {
          if (partitions.all().length < ledCount) this.#acceptor.letProducersGo(close);
          else close();
        });
      },
    };
  }
}

function referenceOf({ topicId, partition }: PartitionLog): { readonly topicId: string; readonly index: number } {
  return { topicId, index: partition };
}

/** What `/readyz` tells besides: logs that are kept aside keep nobody from the others. */
function damageNotes(logs: OpenedLogs | null): string[] {
  const damaged = (logs?.manager.all() ?? []).filter(({ state }) => state === 'damaged');
  return damaged.map(
    (log) => `${HEALTH_NOTE}${log.topic}-${log.partition} is damaged and not served: ${log.stateReason}`,
  );
}
