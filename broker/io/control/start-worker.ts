import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Settings, type Overrides } from '../../core/config/settings.ts';
import type { Timers } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { ControlPlane } from '../../server/control-plane.ts';
import type { DataLink, ToControl, ToData } from '../../server/control/link.ts';
import { RemoteControlPlane } from '../../server/control/remote-control-plane.ts';
import { isToData, type WorkerStart } from './messages.ts';

/** Heap of the control isolate: metadata of about a million partitions. */
const OLD_GENERATION_MB_MAX = 1024;
/** Small, so that an idle node stays small. */
const YOUNG_GENERATION_MB_MAX = 4;

/** What the control isolate is started with. */
export interface ControlWorkerOptions {
  /** Settings of the node's file and environment, validated. */
  readonly fixed: Overrides;
  /** The node's one data directory. */
  readonly directory: string;
  /** `[0]` is raised with every turn of the data loop, in shared memory. */
  readonly turnCounter: Int32Array;
  /** Queues an input of the data loop. */
  readonly post: (input: () => void) => void;
  /** Timers of the data loop. */
  readonly timers: Timers;
  readonly log: Log;
}

/** A control isolate in a thread of its own. */
export interface ControlWorker {
  readonly plane: ControlPlane;
  /** `host:port` of the health page; null while it is not bound, or when there is none. Known before `register` is done. */
  httpAddress(): string | null;
}

/** Starts the thread; problems are told through `plane.onFatal`. */
export function startControlWorker(options: ControlWorkerOptions): ControlWorker {
  const settings = new Settings(options.fixed);
  const start: WorkerStart = { fixed: [...options.fixed], directory: options.directory, turnCounter: options.turnCounter };
  const worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: start,
    name: 'control',
    resourceLimits: { maxOldGenerationSizeMb: OLD_GENERATION_MB_MAX, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB_MAX },
  });
  const plane = new RemoteControlPlane({
    timers: options.timers,
    random: { uint32: () => randomBytes(4).readUInt32BE(0), bytes: (size) => new Uint8Array(randomBytes(size)) },
    nodeId: settings.broker('node.id'),
    link: linkOf(worker, options.post),
  });
  const lost = (message: string): void => options.post(() => plane.lost(message));
  worker.on('error', (error: unknown) => lost(`the control isolate failed: ${error instanceof Error ? error.message : String(error)}`));
  worker.on('exit', (code) => lost(`the control isolate ended with code ${code}`));
  let httpPort: number | null = null;
  plane.onHttp((port) => {
    httpPort = port;
    options.log.debug({ port }, 'health page bound');
  });
  return {
    plane,
    httpAddress: () => (httpPort === null ? null : `${settings.broker('weir.http.host')}:${httpPort}`),
  };
}

function linkOf(worker: Worker, post: (input: () => void) => void): DataLink {
  return {
    send: (message: ToControl) => worker.postMessage(message),
    onMessage: (listener: (message: ToData) => void) => {
      worker.on('message', (message: unknown) => {
        if (isToData(message)) post(() => listener(message));
      });
    },
  };
}
