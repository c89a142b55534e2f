import { expect } from '@jest/globals';
import { API_VERSION } from '../../../operator/api/names.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import type { Crash } from '../../faults/history.ts';
import { at } from '../../support/kubernetes/rendered.ts';
import { waitFor } from '../../wire/harness/wait.ts';
import { BrokerWatch } from '../harness/broker-watch.ts';
import { brokersOf } from '../harness/brokers.ts';
import type { ControlPlane } from '../harness/control-plane.ts';
import { ClientLoad, GAP_MS_MAX } from './load.ts';
import type { StartClient } from './running.ts';

const CLUSTER = 'drained';
const TOPIC = 'jobs';
const PARTITIONS = 4;
const LOCK_MS = 30_000;
/** Members may have been handed what they tell of so long before, by the leader of then. */
const ECHO_MS = 10_000;
const READY = ['--for=condition=Ready', '--timeout=180s'] as const;
const DRAIN = ['--ignore-daemonsets', '--delete-emptydir-data', '--pod-selector=!weir-test'] as const;
/** Which is a setting of the file alone: changed, it takes new pods. */
const STATIC_SETTING = 'queued.max.requests';

/** A cluster of three brokers with volumes, and clients that work with it. */
export class DrainScenario {
  readonly #plane: ControlPlane;
  readonly #load: ClientLoad;
  readonly #isReached: boolean;
  readonly #crashes: Crash[] = [];

  private constructor(plane: ControlPlane, load: ClientLoad, isReached: boolean) {
    this.#plane = plane;
    this.#load = load;
    this.#isReached = isReached;
  }

  /** Where clients find the cluster. */
  static readonly bootstrap = `${CLUSTER}-bootstrap.default.svc.cluster.local:9092`;

  /** Declares the cluster and starts its clients. `isReached`: pods are reached from here. */
  static async start(plane: ControlPlane, start: StartClient, isReached: boolean): Promise<DrainScenario> {
    const declared = (kind: string, name: string, spec: object) => ({
      apiVersion: API_VERSION,
      kind,
      metadata: { name },
      spec,
    });
    const clusterRef = { name: CLUSTER };
    await plane.apply(
      declared('Cluster', CLUSTER, {
        brokers: { replicas: 3, storage: { size: '1Gi' } },
        storage: { onDelete: 'Delete' },
        config: { 'default.replication.factor': '3', 'min.insync.replicas': '2' },
      }),
      declared('Topic', TOPIC, { clusterRef, partitions: PARTITIONS }),
      declared('ShareGroup', 'workers', { clusterRef, topics: [TOPIC] }),
    );
    for (const one of [`cluster.weir.dev/${CLUSTER}`, `topic.weir.dev/${TOPIC}`, 'sharegroup.weir.dev/workers'])
      await plane.kubectl('wait', one, ...READY);
    const { bootstrap } = DrainScenario;
    const load = await ClientLoad.start({
      start,
      bootstrap,
      topic: TOPIC,
      partitions: PARTITIONS,
      group: 'workers',
      lockMs: LOCK_MS,
    });
    return new DrainScenario(plane, load, isReached);
  }

  /** Does something to the cluster while its clients work: one broker is away at a time, and the others are in sync. */
  async #during(what: string, act: () => Promise<void>): Promise<void> {
    const watch = new BrokerWatch(this.#plane, {
      cluster: CLUSTER,
      namespace: 'default',
      topic: this.#isReached ? TOPIC : null,
    });
    const fromMs = Date.now();
    try {
      await act();
      await this.#load.progress(what);
    } catch (error) {
      await watch.stop();
      throw error;
    }
    const untilMs = Date.now();
    const fewest = await watch.stop();
    this.#crashes.push({ fromMs, untilMs: untilMs + ECHO_MS });
    const gapMs = this.#load.gapMs({ fromMs, untilMs });
    console.info(`${what}: ${untilMs - fromMs} ms, longest time without an acknowledgement ${gapMs} ms`);
    expect(gapMs).toBeLessThan(GAP_MS_MAX.planned);
    expect(fewest).toEqual({ ready: 2, inSync: this.#isReached ? 2 : null });
  }

  /** Every machine is drained, the next one as soon as the one before may be used again. */
  async drainAll(): Promise<void> {
    const machines = await this.#machines();
    await this.#during(`draining ${machines.join(', ')}`, async () => {
      for (const machine of machines) {
        const fromMs = Date.now();
        await this.#plane.kubectl('drain', machine, ...DRAIN, '--timeout=240s');
        expect(await this.#machines()).not.toContain(machine);
        await this.#plane.kubectl('uncordon', machine);
        const untilMs = Date.now();
        const gapMs = this.#load.gapMs({ fromMs, untilMs });
        console.info(`${machine}: ${untilMs - fromMs} ms, longest time without an acknowledgement ${gapMs} ms`);
      }
      await this.#settled();
    });
  }

  /** While a machine is drained a roll touches none of the other brokers, and it goes on afterwards. */
  async rollDuringDrain(): Promise<void> {
    const before = await this.#pods();
    const [machine, name] = await this.#victim(before);
    const others = before.filter((pod) => pod.metadata.name !== name);
    await this.#during('a roll that waits for a drain', async () => {
      await this.#plane.kubectl('drain', machine, ...DRAIN, '--timeout=240s');
      await this.#setStatic('600');
      await waitFor('the operator waits for the drained one', async () => {
        const { metadata, status } = await this.#plane.get('clusters.weir.dev', CLUSTER);
        const conditions = at(status, 'conditions');
        const ready = Array.isArray(conditions) ? conditions.find((one: unknown) => at(one, 'type') === 'Ready') : null;
        return at(ready, 'observedGeneration') === metadata.generation && at(ready, 'status') === 'False';
      });
      await this.#made(name, '600');
      expect(uidsOf(await this.#pods())).toEqual(expect.arrayContaining([...uidsOf(others)]));
      await this.#plane.kubectl('uncordon', machine);
      await this.#settled();
    });
    expect(uidsOf(await this.#pods()).filter((uid) => uidsOf(before).includes(uid))).toEqual([]);
  }

  /** While a roll has taken a broker away no machine of the others is drained, and it is afterwards. */
  async drainDuringRoll(): Promise<void> {
    const before = await this.#pods();
    const [machine, name] = await this.#victim(before);
    const other = (await this.#machines()).find((one) => one !== machine) ?? '';
    await this.#during('a drain that waits for a roll', async () => {
      // It ends, and nobody is there to run it.
      await this.#plane.kubectl('cordon', machine);
      await this.#setStatic('700');
      const isAway = (pod: KubernetesObject): boolean =>
        pod.metadata.name !== name || at(pod, 'spec', 'nodeName') === undefined;
      await waitFor('the roll has taken it away', async () => (await this.#pods()).every(isAway), {
        deadlineMs: 180_000,
      });
      const drained = (await this.#pods()).find((pod) => at(pod, 'spec', 'nodeName') === other);
      const { exitCode, stderr } = await this.#plane.tryKubectl(['drain', other, ...DRAIN, '--timeout=15s']);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('disruption budget')]);
      expect(uidsOf(await this.#pods())).toContain(drained?.metadata.uid);
      await this.#plane.kubectl('uncordon', machine);
      await this.#plane.kubectl('drain', other, ...DRAIN, '--timeout=240s');
      await this.#plane.kubectl('uncordon', other);
      await this.#settled();
    });
    expect(uidsOf(await this.#pods()).filter((uid) => uidsOf(before).includes(uid))).toEqual([]);
  }

  /** What clients saw of all this is right. */
  async finish(): Promise<void> {
    const { history, violations } = await this.#load.finish(this.#crashes);
    expect(violations).toEqual([]);
    console.info(`${history.acknowledged.length} acknowledged, ${history.acquired.length} deliveries`);
  }

  /** Ends the clients, whatever they have done. */
  async abandon(): Promise<void> {
    await this.#load.abandon();
  }

  describe(): string {
    return this.#load.describe();
  }

  async #pods(): Promise<readonly KubernetesObject[]> {
    return brokersOf(this.#plane, CLUSTER);
  }

  /** Those on which brokers run, sorted. */
  async #machines(): Promise<readonly string[]> {
    const names = (await this.#pods()).flatMap((pod) => at(pod, 'spec', 'nodeName') ?? []);
    return names.map(String).toSorted();
  }

  /** The machine and the name of the broker that a roll takes first. */
  async #victim(pods: readonly KubernetesObject[]): Promise<readonly [machine: string, name: string]> {
    const { status } = await this.#plane.get('clusters.weir.dev', CLUSTER);
    const leader = `${CLUSTER}-broker-${String(at(status, 'leaderId'))}`;
    const first = pods.find(({ metadata }) => metadata.name !== leader);
    return [String(at(first, 'spec', 'nodeName')), first?.metadata.name ?? ''];
  }

  async #setStatic(value: string): Promise<void> {
    const patch = JSON.stringify({ spec: { config: { [STATIC_SETTING]: value } } });
    await this.#plane.kubectl('patch', 'wcl', CLUSTER, '--type=merge', '-p', patch);
  }

  /** Waits until a pod is made with a value of the setting. */
  async #made(name: string, value: string): Promise<void> {
    await waitFor(`${name} is made with ${value}`, async () => {
      const pod = (await this.#pods()).find(({ metadata }) => metadata.name === name);
      const volumes = at(pod, 'spec', 'volumes');
      const config = Array.isArray(volumes) ? volumes.find((one: unknown) => at(one, 'name') === 'config') : null;
      const { data } = await this.#plane.get('configmap', String(at(config, 'configMap', 'name')));
      return String(at(data, `${name}.properties`)).includes(`${STATIC_SETTING}=${value}\n`);
    });
  }

  async #settled(): Promise<void> {
    await this.#plane.kubectl('wait', `cluster.weir.dev/${CLUSTER}`, ...READY);
    await waitFor('all brokers have machines', async () => (await this.#machines()).length === 3);
  }
}

const uidsOf = (pods: readonly KubernetesObject[]): readonly string[] => pods.map(({ metadata: { uid = '' } }) => uid);
