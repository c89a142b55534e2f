import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/base/assert.ts';
import { Settings } from '../../core/config/settings.ts';
import { tlsFiles } from '../../core/config/tls-files.ts';
import type { ControlNet } from '../../ports/control-net.ts';
import { ControlNode } from '../../server/control/control-node.ts';
import type { ControlLink, ToControl } from '../../server/control/link.ts';
import { crc32c } from '../crc32c.ts';
import { NodeDisk } from '../disk/node-disk.ts';
import { startHealthServer } from '../http/health-server.ts';
import { EventLoop } from '../loop/event-loop.ts';
import { createLineLog } from './line-log.ts';
import type { WorkerStart } from './messages.ts';
import { postMessage } from './post-message.ts';

/*
 * Entry of the control isolate's thread (F1). It has a loop, a disk and a log of its own, so that nothing here waits for
 * the data isolate; the health page is served here, so that it answers while the data loop hangs.
 */

const port = parentPort;
assert(port !== null, 'the control isolate runs in a worker thread');
// Handed over by start-worker.ts of the same build.
const start = workerData as WorkerStart;
const fixed = new Map(start.fixed);
const settings = new Settings(fixed);
const loop = new EventLoop();
const log = createLineLog(process.env['WEIR_LOG_LEVEL'] ?? 'info', {
  node: settings.broker('node.id'),
  isolate: 'control',
});

let closeHealth = (): void => undefined;

/** Nothing is left to do: the thread ends when nothing keeps its loop busy. */
function end(): void {
  closeHealth();
  control.end();
  port?.close();
}

const link: ControlLink = {
  send: (message) => {
    postMessage(port, message);
    if (message.kind === 'stopped' || message.kind === 'fatal') end();
  },
  onMessage: (listener) => {
    // Both threads run the same build, so that a message is what it says.
    port.on('message', (message: ToControl) => loop.post(() => listener(message)));
  },
};

/** Loaded where there are neighbours: a node that is alone does without its 10 MB and its time to start. */
async function startControlNet(): Promise<ControlNet | null> {
  if (settings.broker('weir.grpc.port') === -1) return null;
  const { createGrpcNet } = await import('../grpc/grpc-net.ts');
  return createGrpcNet({
    post: loop.post,
    log,
    tls: tlsFiles(settings),
    insecure: settings.broker('weir.grpc.insecure'),
  });
}

const control = new ControlNode(
  {
    controlNet: await startControlNet(),
    clock: loop,
    timers: loop,
    random: { uint32: () => randomBytes(4).readUInt32BE(0), bytes: (size) => new Uint8Array(randomBytes(size)) },
    disk: new NodeDisk(loop.post),
    crc32c,
    log,
  },
  { directory: start.directory, fixed, turns: () => Atomics.load(start.turnCounter, 0) },
  link,
);

const httpPort = settings.broker('weir.http.port');
if (httpPort === -1) {
  control.start();
} else {
  const source = {
    live: () => control.live(),
    ready: () => new Promise<readonly string[]>((settle) => control.askReady(settle)),
    metrics: () =>
      new Promise<Parameters<Parameters<typeof control.askMetrics>[0]>[0]>((settle) => control.askMetrics(settle)),
  };
  const server = startHealthServer(
    { host: settings.broker('weir.http.host'), port: httpPort },
    source,
    (failure, bound) => {
      if (failure === null) {
        link.send({ kind: 'http', port: bound });
        control.start();
      } else {
        link.send({ kind: 'fatal', message: failure, hung: false });
      }
    },
  );
  closeHealth = () => {
    server.close();
    server.closeAllConnections();
  };
}
