import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyResource, Cluster } from '../../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../../operator/api/settings.ts';
import { type Condition, type Desired, desiredOf } from '../../../operator/core/desired.ts';
import type { ClusterAdmin } from '../../../operator/ports/cluster-admin.ts';
import { asOperatorError, isOperatorError, OperatorError } from '../../../operator/ports/operator-error.ts';
import { ClusterRunner } from '../../../operator/controllers/cluster-runner.ts';
import { LocalHost } from '../../../operator/io/local/local-host.ts';
import { acquireOwnerLock, type OwnerLock } from '../../../operator/io/local/owner-lock.ts';
import {
  assignPorts,
  describePort,
  findFreePort,
  portsNeeded,
  type PortUse,
} from '../../../operator/io/local/ports.ts';
import { systemClock } from '../../../operator/io/system-clock.ts';

/** What happens in a fleet; `cluster` is a name. */
export type FleetEvent =
  | { readonly kind: 'step' | 'progress'; readonly cluster: string; readonly text: string }
  | { readonly kind: 'condition'; readonly cluster: string; readonly condition: Condition }
  | { readonly kind: 'trouble'; readonly cluster: string; readonly text: string }
  | { readonly kind: 'converged'; readonly cluster: string; readonly steps: number }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'gone'; readonly cluster: string }
  | { readonly kind: 'fatal'; readonly error: OperatorError };

/** What a fleet works with. */
export interface FleetOptions {
  readonly directory: string;
  /** See `LocalHostOptions.command`. */
  readonly command: readonly string[];
  readonly bind: string;
  /** Port of the first listener of the first cluster; null: as declared; 0: free ports. */
  readonly basePort: number | null;
  /** Opens the administration of a cluster by the addresses of its brokers (`host:port`). */
  readonly connect: (addresses: readonly string[]) => Promise<ClusterAdmin>;
  readonly report: (event: FleetEvent) => void;
}

/** So many brokers are enough to find the others by. */
const BOOTSTRAP_BROKERS_MAX = 3;

interface Member {
  readonly host: LocalHost;
  readonly runner: ClusterRunner;
  admin: { readonly addresses: readonly string[]; readonly client: Promise<ClusterAdmin> } | null;
}

/** The clusters of some manifests on this machine: one data directory, one owner, one runner per cluster. */
export class LocalFleet {
  readonly #options: FleetOptions;
  readonly #lock: OwnerLock;
  readonly #members = new Map<string, Member>();
  #ports: ReadonlyMap<string, number> = new Map();
  readonly #freePorts = new Map<string, number>();
  #clusters: readonly Cluster[] = [];

  /** Claims the data directory; fails with an `OperatorError` when it has another owner. */
  constructor(options: FleetOptions) {
    this.#options = options;
    try {
      mkdirSync(options.directory, { recursive: true });
      this.#lock = acquireOwnerLock(options.directory);
    } catch (error) {
      throw asOperatorError(error);
    }
  }

  /** Brings the fleet to what valid manifests say. Fails with an `OperatorError` when ports clash; then nothing changed. */
  async apply(resources: readonly AnyResource[]): Promise<void> {
    const desired = desiredOf(resources);
    const clusters = desired.map((one) => one.cluster);
    const twice = clusters.find((one, index) =>
      clusters.some((other, at) => at < index && nameOfCluster(other) === nameOfCluster(one)),
    );
    if (twice !== undefined) {
      const message = `Cluster ${nameOfCluster(twice)} is in two namespaces; on one machine the names of clusters must differ`;
      throw new OperatorError('NAME_TAKEN', message, { fatal: true });
    }
    const present = clusters.map((one) => this.#withPresent(one));
    const uses =
      this.#options.basePort === 0 ? await this.#findPorts(present) : assignPorts(present, this.#options.basePort);
    this.#ports = new Map(uses.map((use) => [describePort(use), use.port]));
    this.#clusters = clusters;
    for (const one of desired) this.#applyCluster(one);
    const names = new Set(clusters.map(nameOfCluster));
    for (const [name, member] of this.#members) if (!names.has(name)) member.runner.apply(null);
  }

  /** Where the first listener of a cluster's first brokers is, as `host:port`, at most three with commas between. */
  bootstrapOf(cluster: string): string {
    const spec = this.#clusters.find((one) => nameOfCluster(one) === cluster)?.spec;
    const listener = spec?.listeners[0]?.name ?? '';
    const bind = this.#options.bind === '0.0.0.0' || this.#options.bind === '::' ? '127.0.0.1' : this.#options.bind;
    const host = bind.includes(':') ? `[${bind}]` : bind;
    const count = Math.min(spec?.brokers.replicas ?? 0, BOOTSTRAP_BROKERS_MAX);
    return Array.from({ length: count }, (_, node) => `${host}:${this.#portOf({ cluster, node, listener })}`).join(',');
  }

  #portOf(use: Omit<PortUse, 'port'>): number {
    return this.#ports.get(describePort(use)) ?? 0;
  }

  /** Stops every broker and gives the data directory up. */
  async close(): Promise<void> {
    const members = [...this.#members.values()];
    await Promise.all(
      members.map(async (member) => {
        const stopping = member.runner.stop();
        const client = await member.admin?.client.catch(() => null);
        await client?.close();
        await member.host.close();
        await stopping;
      }),
    );
    this.#lock.release();
  }

  async #findPorts(clusters: readonly Cluster[]): Promise<readonly PortUse[]> {
    const uses: PortUse[] = [];
    for (const cluster of clusters) {
      for (const use of portsNeeded(cluster)) {
        const key = describePort(use);
        let port = this.#freePorts.get(key);
        // A port that was found a moment ago is free still, and may be found again.
        while (port === undefined || uses.some((other) => other.port === port))
          port = await findFreePort(this.#options.bind);
        this.#freePorts.set(key, port);
        uses.push({ ...use, port });
      }
    }
    return uses;
  }

  /** The cluster with all brokers that have data here: those that are to go run until they are empty. */
  #withPresent(cluster: Cluster): Cluster {
    let { replicas } = cluster.spec.brokers;
    while (existsSync(join(this.#options.directory, nameOfCluster(cluster), `node-${replicas}`))) replicas += 1;
    return { ...cluster, spec: { ...cluster.spec, brokers: { ...cluster.spec.brokers, replicas } } };
  }

  #applyCluster(desired: Desired): void {
    const name = nameOfCluster(desired.cluster);
    const member = this.#members.get(name);
    if (member === undefined) this.#members.set(name, this.#open(name, desired));
    else member.runner.apply(desired);
  }

  #open(name: string, desired: Desired): Member {
    const { report } = this.#options;
    const host = new LocalHost({
      clusterName: name,
      directory: join(this.#options.directory, name),
      command: this.#options.command,
      bind: this.#options.bind,
      portOf: (node, listener) => this.#portOf({ cluster: name, node, listener }),
      changed: () => {
        this.#members.get(name)?.runner.nudge();
      },
      notice: (text) => {
        report({ kind: 'notice', text });
      },
    });
    const tools = {
      host,
      admin: (addresses: readonly string[]) => this.#admin(name, addresses),
      isDynamic: isDynamicSetting,
      clock: systemClock,
    };
    const runner = new ClusterRunner(desired, tools, {
      step: (text) => {
        report({ kind: 'step', cluster: name, text });
      },
      progress: (text) => {
        report({ kind: 'progress', cluster: name, text });
      },
      condition: (condition) => {
        report({ kind: 'condition', cluster: name, condition });
      },
      trouble: (text) => {
        report({ kind: 'trouble', cluster: name, text });
      },
      converged: (steps) => {
        report({ kind: 'converged', cluster: name, steps });
      },
      fatal: (error) => {
        report({ kind: 'fatal', error });
      },
      gone: () => {
        closeAdmin(this.#members.get(name)?.admin ?? null);
        this.#members.delete(name);
        report({ kind: 'gone', cluster: name });
      },
    });
    return { host, runner, admin: null };
  }

  async #admin(cluster: string, addresses: readonly string[]): Promise<ClusterAdmin> {
    const member = this.#members.get(cluster);
    if (member === undefined) return this.#options.connect(addresses);
    if (member.admin?.addresses.join() !== addresses.join()) {
      closeAdmin(member.admin);
      member.admin = { addresses, client: this.#options.connect(addresses) };
    }
    return member.admin.client;
  }
}

function closeAdmin(admin: Member['admin']): void {
  admin?.client.then((client) => client.close()).catch(ignoreOperatorError);
}

function ignoreOperatorError(error: unknown): void {
  if (!isOperatorError(error)) throw error;
}

function nameOfCluster(cluster: Cluster): string {
  return cluster.metadata.name;
}
