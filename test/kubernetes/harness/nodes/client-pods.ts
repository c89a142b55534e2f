import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { at } from '../../../support/kubernetes/rendered.ts';
import { waitFor } from '../../../wire/harness/wait.ts';
import type { ClientImages } from '../../clients/images.ts';
import { GrowingFile, type RunningClient, type StartClient } from '../../clients/running.ts';
import type { Nodes } from './nodes.ts';

/** Where clients are: pods that write to a directory of their node may be nowhere else. */
export const CLIENTS = 'clients';
const LOOK_MS = 500;
const START_MS = 120_000;
/** Longer than a producer waits for its last acknowledgements. */
const GRACE_SECONDS = 75;

/** What is known of a pod. */
interface Seen {
  phase: string;
  exitCode: number | null;
}

/**
 * Runs clients as pods of one node, which takes in their images; power cuts and drains are for the others. What they write goes to
 * directories below `directory`.
 */
export async function clientsInPods(
  nodes: Nodes,
  images: ClientImages,
  { node, directory }: { readonly node: string; readonly directory: string },
): Promise<StartClient> {
  for (const { archive } of Object.values(images)) await nodes.machine(node).load(archive);
  await nodes.plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: CLIENTS } });
  return async (name, image, args) => {
    const own = join(directory, name);
    const path = join(own, 'log');
    await mkdir(own, { recursive: true });
    await writeFile(path, '');
    // Their user is nobody.
    await chmod(own, 0o777);
    await chmod(path, 0o666);
    await nodes.plane.apply(podOf({ name, node, directory: own, image: images[image].reference, args }));
    const pod = new ClientPod(nodes, { name, node, path });
    await pod.started();
    return pod;
  };
}

function podOf(pod: {
  readonly name: string;
  readonly node: string;
  readonly directory: string;
  readonly image: string;
  readonly args: readonly string[];
}): object {
  const { name, node, directory, image, args } = pod;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    // Whoever drains a node leaves those alone.
    metadata: { name, namespace: CLIENTS, labels: { 'weir-test': name } },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      securityContext: { runAsUser: 65_532, runAsGroup: 65_532 },
      containers: [
        { name: 'client', image, imagePullPolicy: 'Never', args, volumeMounts: [{ name: 'out', mountPath: '/out' }] },
      ],
      volumes: [{ name: 'out', hostPath: { path: directory, type: 'Directory' } }],
    },
  };
}

/** A client in a pod, which is looked at again and again until it has ended. */
class ClientPod implements RunningClient {
  readonly #nodes: Nodes;
  readonly #name: string;
  readonly #node: string;
  readonly #file: GrowingFile;
  readonly #seen: Seen = { phase: 'Pending', exitCode: null };
  readonly #live: Promise<void>;
  #isOver = false;

  constructor(
    nodes: Nodes,
    { name, node, path }: { readonly name: string; readonly node: string; readonly path: string },
  ) {
    this.#nodes = nodes;
    this.#name = name;
    this.#node = node;
    this.#file = new GrowingFile(path);
    this.#live = this.#watch();
  }

  get lines(): readonly string[] {
    return this.#file.lines;
  }

  get exitCode(): number | null {
    return this.#seen.exitCode;
  }

  describe(): string {
    const { phase, exitCode } = this.#seen;
    const said = this.#nodes.machine(this.#node).podLog(CLIENTS, this.#name, 'client');
    return `--- ${this.#name}: ${phase}, exit code ${exitCode ?? 'none'}\n${said}`;
  }

  /** Waits until it runs, or has. */
  async started(): Promise<void> {
    await waitFor(`${this.#name} runs`, () => this.#seen.phase !== 'Pending', { deadlineMs: START_MS, pollMs: 100 });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#live;
    await this.#nodes.plane.kubectl('-n', CLIENTS, 'delete', 'pod', this.#name, '--ignore-not-found', '--timeout=100s');
  }

  async #watch(): Promise<void> {
    const path = `/api/v1/namespaces/${CLIENTS}/pods/${this.#name}`;
    while (!this.#isOver && !this.#nodes.hasEnded && this.#seen.exitCode === null) {
      // Where the API server can't be asked nothing is known.
      const pod = await this.#nodes.plane.ask({ method: 'GET', path }).catch(() => ({}));
      const status = at(pod, 'status');
      this.#seen.phase = String(at(status, 'phase') ?? this.#seen.phase);
      const code = at(status, 'containerStatuses', 0, 'state', 'terminated', 'exitCode');
      if (typeof code === 'number') this.#seen.exitCode = code;
      await delay(LOOK_MS);
    }
  }
}
