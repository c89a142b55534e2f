import { setTimeout as delay } from 'node:timers/promises';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { ClusterProbe } from '../../support/cluster-probe.ts';
import { at } from '../../support/kubernetes/rendered.ts';
import { brokersOf } from './brokers.ts';
import type { ControlPlane } from './control-plane.ts';

const LOOK_MS = 100;

/** Whether a pod is ready. */
function isReady({ status }: KubernetesObject): boolean {
  const conditions = at(status, 'conditions');
  return (
    Array.isArray(conditions) &&
    conditions.some((one: unknown) => at(one, 'type') === 'Ready' && at(one, 'status') === 'True')
  );
}

/** What is looked at. */
interface Watched {
  readonly cluster: string;
  readonly namespace: string;
  /** One with partitions that have more than one copy; null: brokers can't be asked from here. */
  readonly topic: string | null;
}

/** Looks again and again at the brokers of a cluster, by the API server, and at how many copies are in sync, by the brokers themselves. */
export class BrokerWatch {
  readonly #plane: ControlPlane;
  readonly #watched: Watched;
  readonly #probes = new Map<string, ClusterProbe>();
  #fewestReady = Number.POSITIVE_INFINITY;
  #fewestInSync = Number.POSITIVE_INFINITY;
  #isOver = false;
  readonly #live: Promise<void>;

  constructor(plane: ControlPlane, watched: Watched) {
    this.#plane = plane;
    this.#watched = watched;
    this.#live = this.#run();
  }

  /** How many brokers were ready at least, and how many copies of any partition were in sync, null where that was not asked. */
  async stop(): Promise<{ readonly ready: number; readonly inSync: number | null }> {
    this.#isOver = true;
    await this.#live;
    for (const probe of this.#probes.values()) probe.close();
    return { ready: this.#fewestReady, inSync: this.#watched.topic === null ? null : this.#fewestInSync };
  }

  async #run(): Promise<void> {
    const { cluster, namespace, topic } = this.#watched;
    while (!this.#isOver) {
      // Where the API server can't be asked nothing is known.
      const brokers = await brokersOf(this.#plane, cluster, namespace).catch(() => null);
      const ready = brokers?.filter(isReady) ?? [];
      if (brokers !== null) this.#fewestReady = Math.min(this.#fewestReady, ready.length);
      const [first] = ready;
      if (first !== undefined && topic !== null) await this.#ask(topic, String(at(first, 'status', 'podIP')));
      await delay(LOOK_MS);
    }
  }

  async #ask(topic: string, host: string): Promise<void> {
    const probe = this.#probes.get(host) ?? new ClusterProbe(`${host}:9092`);
    this.#probes.set(host, probe);
    // It may end just now.
    const copies = await probe.copies(topic).catch(() => []);
    for (const { inSync } of copies) this.#fewestInSync = Math.min(this.#fewestInSync, inSync);
  }
}
