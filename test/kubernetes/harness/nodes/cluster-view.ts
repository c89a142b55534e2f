import { isRecord } from '../../../../operator/api/validate.ts';
import type { KubernetesObject } from '../../../../operator/ports/kubernetes.ts';
import { at } from '../../../support/kubernetes/rendered.ts';
import { waitFor } from '../../../wire/harness/wait.ts';
import type { ControlPlane } from '../control-plane.ts';

/** A pod as a test looks at it. */
export interface PodView {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly address: string;
  readonly image: string;
  readonly isReady: boolean;
  readonly restarts: number;
}

/** A Cluster in a namespace, as kubectl shows it and what belongs to it. */
export class ClusterView {
  readonly name: string;
  readonly namespace: string;
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane, { name, namespace }: { readonly name: string; readonly namespace: string }) {
    this.#plane = plane;
    this.name = name;
    this.namespace = namespace;
  }

  /** Where clients begin. */
  get bootstrap(): string {
    return `${this.name}-bootstrap.${this.namespace}.svc.cluster.local:9092`;
  }

  /** kubectl in the namespace. */
  async kubectl(...args: readonly string[]): Promise<string> {
    return this.#plane.kubectl('-n', this.namespace, ...args);
  }

  /** Changes the spec. */
  async patch(spec: object): Promise<void> {
    await this.kubectl('patch', 'wcl', this.name, '--type=merge', '-p', JSON.stringify({ spec }));
  }

  /** Waits until the Cluster, or another of our kinds, is as its manifest says. Gives how long that took, ms. */
  async ready(kind = 'cluster', name = this.name, timeoutMs = 120_000): Promise<number> {
    const startMs = performance.now();
    await this.kubectl('wait', `${kind}.weir.dev/${name}`, '--for=condition=Ready', `--timeout=${timeoutMs / 1000}s`);
    return performance.now() - startMs;
  }

  /** A condition of the Cluster, as its status and its reason; null while there is none. */
  async condition(type: string): Promise<string | null> {
    const { status } = await this.#plane.get('-n', this.namespace, 'clusters.weir.dev', this.name);
    const conditions = at(status, 'conditions');
    const found = Array.isArray(conditions)
      ? conditions.find((one) => isRecord(one) && one['type'] === type)
      : undefined;
    return found === undefined ? null : `${String(at(found, 'status'))} ${String(at(found, 'reason'))}`;
  }

  /** Its pods in the order of their names. */
  async pods(): Promise<readonly PodView[]> {
    const items = await this.#list('pods');
    return items.map(({ metadata: { name, uid = '' }, spec, status }) => ({
      name,
      uid,
      node: String(at(spec, 'nodeName')),
      address: String(at(status, 'podIP')),
      image: String(at(spec, 'containers', 0, 'image')),
      isReady: at(status, 'containerStatuses', 0, 'ready') === true,
      restarts: Number(at(status, 'containerStatuses', 0, 'restartCount') ?? 0),
    }));
  }

  /** One of its pods. */
  async pod(name: string): Promise<PodView> {
    const found = (await this.pods()).find((one) => one.name === name);
    if (found === undefined) throw new Error(`no pod ${name}`);
    return found;
  }

  /** Its claims, by name, with their `metadata.uid`. */
  async claims(): Promise<ReadonlyMap<string, string>> {
    return new Map((await this.#list('pvc')).map(({ metadata: { name, uid = '' } }) => [name, uid]));
  }

  /** Waits until nothing of it is there but its claims. */
  async gone(): Promise<void> {
    const kinds = 'pods,services,configmaps,statefulsets,pdb,networkpolicies,serviceaccounts,secrets';
    await waitFor('its objects are gone', async () => (await this.#list(kinds)).length === 0, { deadlineMs: 120_000 });
  }

  async #list(kinds: string): Promise<readonly KubernetesObject[]> {
    const { items } = await this.#plane.get('-n', this.namespace, kinds, '-l', `weir.dev/cluster=${this.name}`);
    // What an API server says of a list.
    const list = items as readonly KubernetesObject[];
    return list.toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  }
}
