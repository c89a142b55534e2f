import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import { nodeTlsListener, resolveListeners } from './core/config/listeners.ts';
import { overruled } from './core/config/overruled.ts';
import { refusedOf } from './core/config/refused.ts';
import { rowsOf } from './core/config/rows.ts';
import { Settings } from './core/config/settings.ts';
import { tlsFiles } from './core/config/tls-files.ts';
import { validateBrokerFile, withOldNames } from './core/config/validate.ts';
import { createCompression } from './io/compression/compression.ts';
import { startControlThread } from './io/control/start-worker.ts';
import { crc32c } from './io/crc32c.ts';
import { claimDirectory } from './io/disk/directory-claim.ts';
import { planDescriptors, readDescriptorLimit } from './io/disk/descriptors.ts';
import { NodeDisk } from './io/disk/node-disk.ts';
import { createPinoLog, type PinoLog } from './io/logging/pino-log.ts';
import { EventLoop } from './io/loop/event-loop.ts';
import { keepGarbageRoom } from './io/memory/garbage-room.ts';
import { diskMetrics } from './io/metrics/disk-metrics.ts';
import { processMetrics } from './io/metrics/process-metrics.ts';
import { createTcpNet, type NodeNet } from './io/net/tcp-net.ts';
import { parseSettingsText, SETTINGS_FILE_BYTES_MAX, settingsOfEnvironment } from './io/settings/settings-file.ts';
import type { Log } from './ports/log.ts';
import type { MetricSource } from './ports/metrics.ts';
import type { Random } from './ports/random.ts';
import type { Ports } from './server/context.ts';
import type { ToControl, ToData } from './server/control/link.ts';
import { RemoteControlPlane } from './server/control/remote-control-plane.ts';
import { MetricRegistry } from './server/metrics.ts';
import { type Node, startNode } from './server/node.ts';

/** How a broker process was called. */
export interface BrokerCall {
  readonly configFile: string;
  /** Only says whether the settings are good. */
  readonly check: boolean;
  /** Stops when standard input ends: the process that started this one is gone. */
  readonly exitWithParent: boolean;
}

/** Threads of libuv's pool (B6): at most 8 syncs, 4 cold reads and 2 codecs at a time, and room for the rest. */
const POOL_THREADS = '16';
/** A controlled shutdown that takes longer is cut off: what was acknowledged is safe without it. */
const STOP_TIMEOUT_MS = 60_000;
/** A node that is told to stop while it starts may come to an orderly end within this time. */
const START_GRACE_MS = 2000;
const EXIT_FATAL = 1;

/** Runs `weir broker` until it is told to stop; gives the exit code. Problems of the settings are written to standard error. */
export async function runBroker(call: BrokerCall): Promise<number> {
  process.env['UV_THREADPOOL_SIZE'] ??= POOL_THREADS;
  const read = readSettings(call.configFile);
  if (read.settings === null) {
    for (const problem of read.problems) process.stderr.write(`weir broker: ${call.configFile}: ${problem}\n`);
    return 1;
  }
  if (call.check) {
    process.stdout.write(`${call.configFile} is fine\n`);
    return 0;
  }
  const level = process.env['WEIR_LOG_LEVEL'] ?? 'info';
  const pino = createPinoLog({ level, fields: { node: read.settings.broker('node.id') } });
  const claim = await claimDirectory(resolve(read.settings.broker('log.dirs')));
  if (typeof claim === 'string') {
    process.stderr.write(`weir broker: ${claim}\n`);
    return EXIT_FATAL;
  }
  const broker = new BrokerProcess(read.settings, pino, call.exitWithParent);
  let nodes: NodeNet | null;
  try {
    nodes = await openNodeNet(read.settings, pino.log, () => broker.clusterId);
  } catch (error) {
    process.stderr.write(`weir broker: weir.grpc.tls.*: ${error instanceof Error ? error.message : String(error)}\n`);
    claim.release();
    return EXIT_FATAL;
  }
  const exitCode = await broker.run(nodes);
  pino.flush();
  claim.release();
  return exitCode;
}

/**
 * How brokers reach each other by TLS, loaded where they do; null where they speak in the clear. Throws when the files with the
 * certificate can't be read.
 */
async function openNodeNet(settings: Settings, log: Log, clusterId: () => string): Promise<NodeNet | null> {
  const map = settings.broker('listener.security.protocol.map');
  const listener = nodeTlsListener(settings.broker('inter.broker.listener.name'), map);
  const files = tlsFiles(settings);
  if (listener === null || files === null || !settings.broker('process.roles').includes('broker')) return null;
  const { NodeTls } = await import('./io/net/node-tls.ts');
  const { Certificates } = await import('./io/tls/certificates.ts');
  return { listener, tls: new NodeTls({ certificates: new Certificates(files, log), clusterId, log }) };
}

/** The settings of a file and of the environment, or what is wrong with them. */
export function readSettings(
  file: string,
):
  | { readonly settings: Settings; readonly problems: readonly [] }
  | { readonly settings: null; readonly problems: readonly string[] } {
  let text: string;
  try {
    if (statSync(file).size > SETTINGS_FILE_BYTES_MAX) return { settings: null, problems: ['is larger than 1 MiB'] };
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { settings: null, problems: [error instanceof Error ? error.message : String(error)] };
  }
  const parsed = parseSettingsText(text);
  const environment = settingsOfEnvironment(process.env, [...rowsOf('broker').keys(), ...refusedOf('broker').keys()]);
  const fixed = new Map([...parsed.values, ...environment.values]);
  const invalid = validateBrokerFile(fixed);
  const problems = [...parsed.problems, ...environment.problems, ...invalid];
  return problems.length > 0
    ? { settings: null, problems }
    : { settings: new Settings(withOldNames(fixed)), problems: [] };
}

/** What this process may use: the limit of its control group, or the machine's memory when there is none. */
function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** One broker process from its ports to its exit code. */
class BrokerProcess {
  readonly #settings: Settings;
  readonly #pino: PinoLog;
  readonly #exitWithParent: boolean;
  readonly #turnCounter = new Int32Array(new SharedArrayBuffer(4));
  readonly #loop = new EventLoop(this.#turnCounter);
  #control: RemoteControlPlane | null = null;
  #node: Node | null = null;
  #stopWished = false;
  #exit: (code: number) => void = () => undefined;

  constructor(settings: Settings, pino: PinoLog, exitWithParent: boolean) {
    this.#settings = settings;
    this.#pino = pino;
    this.#exitWithParent = exitWithParent;
  }

  /** Id of the cluster; '' as long as it is not known. */
  get clusterId(): string {
    return this.#control?.view.clusterId ?? '';
  }

  run(nodes: NodeNet | null): Promise<number> {
    const exited = new Promise<number>((settle) => {
      this.#exit = settle;
    });
    process.on('SIGTERM', () => this.#stop('SIGTERM'));
    process.on('SIGINT', () => this.#stop('SIGINT'));
    if (this.#exitWithParent) {
      process.stdin.on('end', () => this.#stop('the end of the parent process'));
      process.stdin.on('error', () => this.#stop('the end of the parent process'));
      process.stdin.resume();
    }
    this.#start(nodes);
    return exited;
  }

  #ports(disk: NodeDisk, nodes: NodeNet | null): Ports {
    const loop = this.#loop;
    const random: Random = {
      uint32: () => randomBytes(4).readUInt32BE(0),
      bytes: (size) => new Uint8Array(randomBytes(size)),
    };
    return {
      clock: loop,
      timers: loop,
      random,
      disk,
      net: createTcpNet(loop, { nodes }),
      compression: createCompression({ post: loop.post }),
      crc32c,
      log: this.#pino.log,
      afterTurn: loop.afterTurn,
    };
  }

  #start(nodes: NodeNet | null): void {
    const settings = this.#settings;
    const directory = resolve(settings.broker('log.dirs'));
    const disk = new NodeDisk(this.#loop.post, (path) => {
      this.#pino.log.warn({ path }, 'no file descriptor is left: what needs one waits (raise ulimit -n)');
    });
    const descriptors = planDescriptors(readDescriptorLimit());
    this.#pino.log.info({ ...descriptors }, 'open files and connections within the limit of the process');
    const ports = this.#ports(disk, nodes);
    const start = { fixed: [...settings.fixed], directory, turnCounter: this.#turnCounter };
    const thread = startControlThread<ToControl, ToData>(start, this.#loop.post);
    const nodeId = settings.broker('node.id');
    const control = new RemoteControlPlane({
      clock: this.#loop,
      timers: this.#loop,
      random: ports.random,
      nodeId,
      link: thread,
      sessionTimeoutMs: settings.broker('broker.session.timeout.ms'),
    });
    this.#control = control;
    thread.onEnd((message) => control.lost(message));
    if (!settings.broker('process.roles').includes('broker')) {
      this.#startController(control, processMetrics(this.#loop));
      return;
    }
    const resolved = resolveListeners(settings.broker('listeners'), settings.broker('advertised.listeners'));
    const listeners = resolved.listeners ?? [];
    startNode(
      {
        settings,
        ports,
        control,
        directory,
        descriptors,
        listeners: listeners.map((one) => ({ name: one.name, host: one.bindHost, port: one.bindPort })),
        advertised: new Map(listeners.map((one) => [one.name, { host: one.advertisedHost, port: one.advertisedPort }])),
        memoryBytes: memoryBytes(),
        metricSources: [
          processMetrics(this.#loop),
          diskMetrics(disk.syncStats),
          ...(nodes === null ? [] : [nodes.tls.metrics]),
        ],
        loopStats: this.#loop.stats,
        onFatal: (message, hung) => this.#fatal(message, hung),
      },
      (failure, node) => {
        if (node === null) this.#fatal(failure ?? 'start failed');
        else this.#ready(node, control.httpPort);
      },
    );
  }

  /** A node that is a controller alone holds no records and serves no clients. */
  #startController(control: RemoteControlPlane, metrics: MetricSource): void {
    const registry = new MetricRegistry();
    registry.add(metrics);
    let isKnown = false;
    control.setHealth({
      ready: () => (isKnown ? [] : ['waiting for the quorum']),
      metrics: () => registry.collect(),
      load: () => null,
      diskStalledMs: () => 0,
    });
    control.onFatal((message, hung) => this.#fatal(message, hung));
    control.whenStarted(() => {
      isKnown = true;
      const cluster = control.view.configOverrides('cluster', '');
      for (const sentence of overruled(this.#settings.fixed, cluster)) this.#pino.log.warn({}, sentence);
      this.#ready({ boundPorts: new Map(), stop: (done) => control.shutdown(done) }, control.httpPort);
    });
  }

  #ready(node: Node, httpPort: number | null): void {
    this.#node = node;
    keepGarbageRoom();
    const http = httpPort === null ? null : `${this.#settings.broker('weir.http.host')}:${httpPort}`;
    const bound = resolveListeners(this.#settings.broker('listeners'), '').listeners ?? [];
    const listeners = Object.fromEntries(
      (node.boundPorts.size === 0 ? [] : bound).map(({ name, bindHost }) => [
        name,
        `${bindHost}:${node.boundPorts.get(name) ?? 0}`,
      ]),
    );
    const readyMs = Math.round(performance.now());
    this.#pino.log.info({ event: 'ready', listeners, http, readyMs, pid: process.pid }, `ready in ${readyMs} ms`);
    if (this.#stopWished) this.#stop('an earlier signal');
  }

  #stop(reason: string): void {
    this.#stopWished = true;
    this.#pino.log.info({ reason }, 'asked to stop');
    if (this.#node === null) {
      // It may wait for a quorum for ever. What was promised by others of its roles is on the disk, as after a crash.
      setTimeout(() => {
        if (this.#node !== null) return;
        this.#pino.log.warn({}, 'stopped before it was ready');
        this.#exit(0);
      }, START_GRACE_MS);
      return;
    }
    const late = setTimeout(
      () => this.#fatal(`the controlled shutdown took over ${STOP_TIMEOUT_MS} ms`),
      STOP_TIMEOUT_MS,
    );
    const node = this.#node;
    this.#loop.post(() => {
      node.stop(() => {
        clearTimeout(late);
        this.#pino.log.info({}, 'stopped cleanly');
        this.#exit(0);
      });
    });
  }

  /** Nothing may be acknowledged after this: the process ends at once, loudly. */
  #fatal(message: string, hung = false): void {
    this.#pino.log.error({ event: 'fatal' }, message);
    this.#pino.flush();
    process.stderr.write(`weir broker: ${message}\n`);
    // An exit would wait for the threads of the pool, and so for what hangs.
    if (hung) process.kill(process.pid, 'SIGKILL');
    process.exit(EXIT_FATAL);
  }
}
