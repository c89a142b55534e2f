import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureKafka } from '../../setup/kafka.ts';
import { mustRun } from '../../setup/run.ts';
import { Child } from './child.ts';
import { answersClients } from './probe.ts';
import { freePort, GiveUp, waitFor } from './wait.ts';

const CLUSTER_ID = 'd2VpcndlaXJ3ZWlyd2Vpcg';
const POLL_MS = 5;
const START_DEADLINE_MS = 60_000;

interface KafkaNode {
  readonly id: number;
  readonly file: string;
  readonly address: string;
  process: Child | null;
}

/** Combined nodes of Apache Kafka: what Weir's are measured against. */
export class KafkaFleet {
  readonly #directory: string;
  readonly #nodes: KafkaNode[] = [];
  readonly #jvmFlags: readonly string[];

  private constructor(directory: string, jvmFlags: readonly string[]) {
    this.#directory = directory;
    this.#jvmFlags = jvmFlags;
  }

  /** Makes, formats and starts it, and waits until every node answers. `hosts`: the address of each node. */
  static async start(options: {
    readonly directory: string;
    readonly hosts: readonly string[];
    readonly settings?: Readonly<Record<string, string>>;
    readonly jvmFlags: readonly string[];
    /** What stands before the command of a node. */
    readonly prefixOf?: (id: number) => readonly string[];
  }): Promise<KafkaFleet> {
    const fleet = new KafkaFleet(options.directory, options.jvmFlags);
    await fleet.#make(options.hosts, options.settings ?? {});
    fleet.#prefixOf = options.prefixOf ?? fleet.#prefixOf;
    await Promise.all(fleet.ids.map((id) => fleet.start(id)));
    return fleet;
  }

  #prefixOf: (id: number) => readonly string[] = () => [];

  get ids(): readonly number[] {
    return this.#nodes.map(({ id }) => id);
  }

  get bootstrap(): string {
    return this.#nodes.map(({ address }) => address).join(',');
  }

  pid(id: number): number {
    return this.#node(id).process?.pid ?? 0;
  }

  async start(id: number): Promise<void> {
    const { java, classpath } = await ensureKafka();
    const node = this.#node(id);
    const words = [...this.#prefixOf(id), java, ...this.#jvmFlags, '-cp', classpath, 'KafkaNode', node.file];
    const [command = '', ...args] = words;
    const started = new Child({ command, args, logFile: join(this.#directory, `kafka-${id}.log`) });
    node.process = started;
    await waitFor(
      'Apache Kafka answers',
      () => {
        if (started.exitCode !== null) throw new GiveUp(started.tail());
        return answersClients(node.address);
      },
      { deadlineMs: START_DEADLINE_MS, pollMs: POLL_MS },
    );
  }

  async kill(id: number): Promise<void> {
    await this.#node(id).process?.kill();
  }

  async stop(id: number): Promise<void> {
    await this.#node(id).process?.stop();
  }

  tail(id: number): string {
    return this.#node(id).process?.tail() ?? '';
  }

  async remove(): Promise<void> {
    await Promise.all(this.ids.map((id) => this.kill(id)));
  }

  #node(id: number): KafkaNode {
    const node = this.#nodes[id];
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  async #make(hosts: readonly string[], more: Readonly<Record<string, string>>): Promise<void> {
    const { java, classpath } = await ensureKafka();
    const ports: number[] = [];
    while (ports.length < 2 * hosts.length) {
      const port = await freePort();
      if (!ports.includes(port)) ports.push(port);
    }
    const voters = hosts.map((host, id) => `${id}@${host}:${ports[hosts.length + id]}`).join(',');
    for (const [id, host] of hosts.entries()) {
      const address = `${host}:${ports[id]}`;
      const data = join(this.#directory, `kafka-data-${id}`);
      await mkdir(data, { recursive: true });
      const settings = {
        'process.roles': 'broker,controller',
        'node.id': id,
        'controller.listener.names': 'CONTROLLER',
        'controller.quorum.voters': voters,
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'inter.broker.listener.name': 'PLAINTEXT',
        listeners: `PLAINTEXT://${address},CONTROLLER://${host}:${ports[hosts.length + id]}`,
        'log.dirs': data,
        ...more,
      };
      const file = join(this.#directory, `kafka-${id}.properties`);
      await writeFile(
        file,
        Object.entries(settings)
          .map(([key, value]) => `${key}=${value}\n`)
          .join(''),
      );
      await mustRun(java, ['-cp', classpath, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file]);
      this.#nodes.push({ id, file, address, process: null });
    }
  }
}
