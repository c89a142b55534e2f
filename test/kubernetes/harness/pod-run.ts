import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { pathOf } from '../../../operator/io/kubernetes/api-client.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import type { Child } from '../../wire/harness/child.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Pod } from './pod.ts';
import { startContainer } from './pod-process.ts';

const PROBE_MS = 1000;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 5000;

/** Where pods run. */
export interface PodHost {
  readonly plane: ControlPlane;
  readonly directory: string;
  readonly hostsFile: string;
  /** Where the program is. */
  readonly root: string;
}

/** One pod as a process: started, started again when it ends, told of, and ended when it is deleted. */
export class PodRun {
  readonly ip: string;
  readonly #hostIP: string;
  readonly #host: PodHost;
  readonly #directory: string;
  #pod: Pod;
  #child: Child | null = null;
  #isReady = false;
  #restarts = 0;
  #startMs = 0;
  #awayMs = 0;
  #last: { readonly exitCode: number; readonly message: string } | null = null;
  #told = '';

  constructor(host: PodHost, pod: Pod, { ip, hostIP }: { readonly ip: string; readonly hostIP: string }) {
    this.#host = host;
    this.#pod = pod;
    this.ip = ip;
    this.#hostIP = hostIP;
    this.#directory = join(host.directory, pod.metadata.uid ?? '');
  }

  get pod(): Pod {
    return this.#pod;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** What it said last. */
  describe(): string {
    return `--- ${this.#pod.metadata.name}\n${this.#child?.tail() ?? this.#last?.message ?? 'not started'}`;
  }

  /** Does what is due for the pod as it is by now; false: it is gone. */
  async step(pod: Pod): Promise<boolean> {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) {
      await this.#end();
      return false;
    }
    if (this.#child === null && !this.#isOver() && performance.now() >= this.#startMs) {
      this.#child = await startContainer(this.#host.plane, pod, {
        ...this.#host,
        ip: this.ip,
        directory: this.#directory,
      });
    }
    if (this.#child !== null && this.#child.exitCode !== null) {
      this.#last = { exitCode: this.#child.exitCode, message: this.#child.tail() };
      this.#child = null;
      const pauseMs = Math.min(RESTART_MS_MAX, RESTART_MS_MIN * 2 ** this.#restarts);
      this.#startMs = performance.now() + Math.max(this.#awayMs, pauseMs);
      this.#restarts += 1;
    }
    this.#isReady = this.#child !== null && (await isServing(pod, this.ip));
    await this.#tell();
    return true;
  }

  /** Whether it ended and is not started again. */
  #isOver(): boolean {
    return this.#last !== null && this.#pod.spec.restartPolicy === 'Never';
  }

  /** Its process ends without a word, as if it had run out of memory, and is started again after `awayMs` at the soonest. */
  async kill(awayMs: number): Promise<void> {
    this.#awayMs = awayMs;
    await this.#child?.kill();
  }

  async #end(): Promise<void> {
    this.#isReady = false;
    await this.#child?.stop();
    const { namespace = '', name, uid } = this.#pod.metadata;
    const body = { gracePeriodSeconds: 0, preconditions: { uid } };
    await this.#host.plane.ask({ method: 'DELETE', path: pathOf(TYPES.pods, { namespace, name }), body });
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #tell(): Promise<void> {
    const status = this.#status();
    const text = JSON.stringify(status);
    if (text === this.#told) return;
    const { namespace = '', name } = this.#pod.metadata;
    await this.#host.plane.patchStatus(pathOf(TYPES.pods, { namespace, name }), status);
    this.#told = text;
  }

  #status(): object {
    const [{ name, image }] = this.#pod.spec.containers;
    const ready = this.#isReady ? 'True' : 'False';
    const reason = this.#last?.exitCode === 0 ? 'Completed' : 'Error';
    const terminated = this.#last === null ? null : { ...this.#last, reason };
    const waiting = { reason: terminated === null ? 'ContainerCreating' : 'CrashLoopBackOff' };
    const container = {
      name,
      image,
      imageID: image,
      ready: this.#isReady,
      restartCount: this.#restarts,
      state: this.#isOver() ? { terminated } : this.#child === null ? { waiting } : { running: {} },
      ...(terminated === null ? {} : { lastState: { terminated } }),
    };
    const over = terminated?.exitCode === 0 ? 'Succeeded' : 'Failed';
    return {
      phase: this.#isOver() ? over : this.#child === null && terminated === null ? 'Pending' : 'Running',
      podIP: this.ip,
      podIPs: [{ ip: this.ip }],
      hostIP: this.#hostIP,
      hostIPs: [{ ip: this.#hostIP }],
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'ContainersReady', status: ready },
        { type: 'Ready', status: ready },
      ],
      containerStatuses: [container],
    };
  }
}

/** Whether the readiness probe succeeds. */
async function isServing({ spec: { containers } }: Pod, host: string): Promise<boolean> {
  const [{ readinessProbe, ports = [] }] = containers;
  if (readinessProbe === undefined) return true;
  const { path, port } = readinessProbe.httpGet;
  const number = typeof port === 'number' ? port : ports.find(({ name }) => name === port)?.containerPort;
  return new Promise((resolve) => {
    const asked = request({ host, port: number, path, timeout: PROBE_MS, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}
