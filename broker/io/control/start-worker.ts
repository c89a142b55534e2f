import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { WorkerStart } from './messages.ts';

/** Heap of the control isolate: metadata of about a million partitions. */
const OLD_GENERATION_MB_MAX = 1024;
/** Small, so that an idle node stays small. */
const YOUNG_GENERATION_MB_MAX = 4;

/** The data isolate's end of the link to the control isolate's thread. */
export interface ControlThread<Outgoing, Incoming> {
  send(message: Outgoing): void;
  /** There is one listener; it runs as an input of the data loop. Both threads run the same build, so messages are what they say. */
  onMessage(listener: (message: Incoming) => void): void;
  /** Called once with a sentence when the thread is gone, wished or not. */
  onEnd(listener: (message: string) => void): void;
}

/** Starts the control isolate (F1) in a thread of its own; `post` queues an input of the data loop. */
export function startControlThread<Outgoing, Incoming>(
  start: WorkerStart,
  post: (input: () => void) => void,
): ControlThread<Outgoing, Incoming> {
  const worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: start,
    name: 'control',
    resourceLimits: {
      maxOldGenerationSizeMb: OLD_GENERATION_MB_MAX,
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB_MAX,
    },
  });
  return {
    send: (message) => worker.postMessage(message),
    onMessage: (listener) => {
      worker.on('message', (message: Incoming) => post(() => listener(message)));
    },
    onEnd: (listener) => {
      let ended = false;
      const end = (message: string): void => {
        if (ended) return;
        ended = true;
        post(() => listener(message));
      };
      worker.on('error', (error: unknown) => {
        end(`the control isolate failed: ${error instanceof Error ? error.message : String(error)}`);
      });
      worker.on('exit', (code) => end(`the control isolate ended with code ${code}`));
    },
  };
}
