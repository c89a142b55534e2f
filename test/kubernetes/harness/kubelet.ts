import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathOf } from '../../../operator/io/kubernetes/api-client.ts';
import type { KubernetesObject, ResourceType } from '../../../operator/ports/kubernetes.ts';
import { at } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { ROOT } from '../../tidy/tree.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Pod } from './pod.ts';
import { PodRun } from './pod-run.ts';

const LOOK_MS = 200;
const CAPACITY = { cpu: '64', memory: '256Gi', pods: '200' };
/** The last byte of the first address of a pod, of a machine and of a load balancer. */
const FIRST_ADDRESS = 10;
const FIRST_MACHINE = 200;
const FIRST_BALANCER = 210;
const MACHINE = 'machine-';

/** What a kubelet has. */
export interface KubeletOptions {
  readonly machines?: number;
  /** Where programs of other releases than this tree are, by tags of images. */
  readonly releases?: ReadonlyMap<string, string>;
}

/**
 * Stands in for machines and their kubelets: pods run as processes of this one, on addresses in 127.0.0.0/8. A hosts file has the names
 * of Services with the addresses of the pods behind them; a pod has the address of its predecessor of the same name, as its Service would.
 */
export class Kubelet {
  readonly #plane: ControlPlane;
  readonly #directory: string;
  readonly #releases: ReadonlyMap<string, string>;
  readonly #runs = new Map<string, PodRun>();
  readonly #busy = new Map<PodRun, Promise<void>>();
  readonly #addresses = new Map<string, string>();
  readonly #troubles: string[] = [];
  #hosts = '';
  #isOver = false;
  #balancers = 0;
  #live: Promise<void> = Promise.resolve();

  private constructor(plane: ControlPlane, releases: ReadonlyMap<string, string>) {
    this.#plane = plane;
    this.#releases = releases;
    this.#directory = join(plane.directory, 'pods');
  }

  /** Machines join the control plane, which must have a scheduler. */
  static async start(
    plane: ControlPlane,
    { machines = 3, releases = new Map() }: KubeletOptions = {},
  ): Promise<Kubelet> {
    const kubelet = new Kubelet(plane, releases);
    await mkdir(kubelet.#directory);
    await writeFile(kubelet.hostsFile, '');
    for (let index = 0; index < machines; index += 1) {
      const name = `${MACHINE}${index}`;
      await plane.apply({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels: { 'kubernetes.io/hostname': name } },
      });
      await plane.patchStatus(`/api/v1/nodes/${name}`, { capacity: CAPACITY, allocatable: CAPACITY });
      // Nobody else says that a machine is ready: the controller that judges their heartbeats is off.
      await plane.kubectl('taint', 'node', name, 'node.kubernetes.io/not-ready-');
    }
    kubelet.#live = kubelet.#run();
    return kubelet;
  }

  /** For programs that are to know the names of Services. */
  get hostsFile(): string {
    return join(this.#plane.directory, 'hosts');
  }

  /** What the pods here said last, and what failed. */
  describe(): string {
    return [...[...this.#runs.values()].map((run) => run.describe()), ...this.#troubles.slice(-20)].join('\n');
  }

  /** Where a machine is reached from outside. */
  machineAddress(name: string): string {
    return this.#address(FIRST_MACHINE + Number(name.slice(MACHINE.length)));
  }

  /** An address that nobody has, for whatever stands in front of pods. */
  freeAddress(): string {
    this.#balancers += 1;
    return this.#address(FIRST_BALANCER + this.#balancers);
  }

  #address(last: number): string {
    return [...this.#plane.address.split('.').slice(0, 3), last].join('.');
  }

  /** Ends the process of a pod, which is started again after `awayMs` at the soonest. */
  async kill(name: string, awayMs = 0): Promise<void> {
    for (const run of this.#runs.values()) if (run.pod.metadata.name === name) await run.kill(awayMs);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#live;
    await Promise.all(this.#busy.values());
    await Promise.all([...this.#runs.values()].map((run) => run.kill(0)));
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.#look().catch((error: unknown) => this.#troubles.push(String(error)));
      await delay(LOOK_MS);
    }
  }

  async #look(): Promise<void> {
    const [pods, services] = await Promise.all([this.#list(TYPES.pods), this.#list(TYPES.services)]);
    // What an API server says of pods.
    for (const pod of pods as readonly Pod[]) if (pod.spec.nodeName !== undefined) this.#step(pod);
    const text = ['127.0.0.1 localhost', ...services.flatMap((service) => this.#namesOf(service)), ''].join('\n');
    if (text !== this.#hosts) await writeFile(this.hostsFile, text);
    this.#hosts = text;
  }

  async #list(type: ResourceType): Promise<readonly KubernetesObject[]> {
    const { items } = await this.#plane.ask({ method: 'GET', path: pathOf(type, {}) });
    // What an API server says of a list.
    return items as readonly KubernetesObject[];
  }

  /** A pod that takes long keeps none of the others waiting. */
  #step(pod: Pod): void {
    const { uid = '', namespace, name } = pod.metadata;
    const run = this.#runs.get(uid) ?? this.#begin(pod, `${namespace}/${name}`);
    this.#runs.set(uid, run);
    if (this.#busy.has(run)) return;
    const stepped = run
      .step(pod)
      .then((isThere) => {
        if (!isThere) this.#runs.delete(uid);
      })
      .catch((error: unknown) => void this.#troubles.push(String(error)))
      .finally(() => this.#busy.delete(run));
    this.#busy.set(run, stepped);
  }

  #begin(pod: Pod, key: string): PodRun {
    const ip = this.#addresses.get(key) ?? this.#address(FIRST_ADDRESS + this.#addresses.size);
    this.#addresses.set(key, ip);
    const hostIP = this.machineAddress(pod.spec.nodeName ?? '');
    const tag = pod.spec.containers[0].image.replace(/^.*:/, '');
    const root = this.#releases.get(tag) ?? ROOT;
    const host = { plane: this.#plane, directory: this.#directory, hostsFile: this.hostsFile, root };
    return new PodRun(host, pod, { ip, hostIP });
  }

  #namesOf(service: KubernetesObject): readonly string[] {
    const { namespace, name } = service.metadata;
    const selector = Object.entries(at(service, 'spec', 'selector') ?? {});
    const isAny = at(service, 'spec', 'publishNotReadyAddresses') === true;
    const behind = [...this.#runs.values()].filter(
      ({ isReady, pod: { metadata } }) =>
        (isAny || isReady) &&
        metadata.namespace === namespace &&
        selector.length > 0 &&
        selector.every(([label, value]) => metadata.labels?.[label] === value),
    );
    const short = `${name}.${namespace}.svc`;
    return behind.map(({ ip }) => `${ip} ${short} ${short}.cluster.local ${short}.cluster.local.`).sort();
  }
}
