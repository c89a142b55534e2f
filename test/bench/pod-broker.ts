// What a kubelet does of the one pod of a Cluster in a benchmark: a broker as a process, at the address of the pod.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject } from '../../operator/ports/kubernetes.ts';
import { PATHS } from '../../operator/io/kubernetes/objects/config-maps.ts';
import { at } from '../support/kubernetes/rendered.ts';
import type { ObjectStore } from '../support/kubernetes/store.ts';
import { TYPES } from '../support/kubernetes/types.ts';

type Files = Readonly<Record<string, string>>;

/** Starts a broker when a pod is made, with the files that its volumes name by then. */
export class PodBroker {
  readonly #store: ObjectStore;
  readonly #directory: string;
  readonly #program: string;
  #child: ChildProcess | null = null;
  #text = '';

  constructor(store: ObjectStore, options: { readonly directory: string; readonly program: string }) {
    this.#store = store;
    this.#directory = options.directory;
    this.#program = options.program;
    store.subscribe(({ type, object }) => {
      // Its address comes with its status.
      if (type === TYPES.pods && this.#child === null && typeof at(object, 'status', 'podIP') === 'string')
        this.#start(object);
    });
  }

  /** What it said. */
  get text(): string {
    return this.#text;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
  }

  #start(pod: KubernetesObject): void {
    const { name, namespace } = pod.metadata;
    const host = String(at(pod, 'status', 'podIP'));
    const volumes = at(pod, 'spec', 'volumes') as readonly object[];
    const find = (type: (typeof TYPES)[keyof typeof TYPES], one: unknown): KubernetesObject | null =>
      this.#store.find(type, namespace, String(one));
    const volume = (which: string): unknown => volumes.find((one) => at(one, 'name') === which);
    const decoded = Object.entries(at(find(TYPES.secrets, at(volume('tls'), 'secret', 'secretName')), 'data') as Files);
    const files: Readonly<Record<string, Files>> = {
      config: at(find(TYPES.configMaps, at(volume('config'), 'configMap', 'name')), 'data') as Files,
      quorum: at(find(TYPES.configMaps, at(volume('quorum'), 'configMap', 'name')), 'data') as Files,
      tls: Object.fromEntries(decoded.map(([key, text]) => [key, Buffer.from(text, 'base64').toString()])),
    };
    const place = (path: string): string => join(this.#directory, path);
    for (const [folder, all] of Object.entries(files)) {
      mkdirSync(place(folder), { recursive: true });
      for (const [file, text] of Object.entries(all)) writeFileSync(join(place(folder), file), this.#moved(text, host));
    }
    const file = join(place('config'), `${name}.properties`);
    const env = { ...process.env, WEIR_WEIR_GRPC_HOST: host, WEIR_WEIR_HTTP_HOST: host };
    this.#child = spawn(process.execPath, [this.#program, 'broker', '--config', file], { env });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk) => (this.#text += String(chunk)));
  }

  /** Settings of a container as they are on this machine. */
  #moved(text: string, host: string): string {
    const paths = [[PATHS.volume, 'data'], ...(['config', 'quorum', 'tls'] as const).map((one) => [PATHS[one], one])];
    const moved = paths.reduce(
      (before, [from = '', to = '']) => before.replaceAll(from, join(this.#directory, to)),
      text,
    );
    return moved.replace(/^listeners=.*$/m, (line) => line.replaceAll('://:', `://${host}:`));
  }
}
