import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureKafka } from '../../setup/kafka.ts';
import { mustRun } from '../../setup/run.ts';
import { Child } from './child.ts';
import type { Peer, PeerOptions } from './peer.ts';
import { answersClients } from './probe.ts';
import { freePort, GiveUp, waitFor } from './wait.ts';

const CLUSTER_ID = 'd2VpcndlaXJ3ZWlyd2Vpcg';
// Small: the bench counts the start with it.
const POLL_MS = 5;
const START_DEADLINE_MS = 60_000;

/** Settings that make one node of Apache Kafka usable alone. */
const SINGLE_NODE = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'PLAINTEXT',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
};

/**
 * One combined node of Apache Kafka, formatted and ready to `start`. `jvmFlags` replaces the small heap; settings of
 * `options` win over those that a single node needs.
 */
export async function kafkaPeer(
  options: PeerOptions,
  jvmFlags: readonly string[] = ['-Xms256m', '-Xmx1g'],
): Promise<Peer> {
  const { java, classpath, version } = await ensureKafka();
  const [port, controllerPort] = [await freePort(), await freePort()];
  const bootstrap = `127.0.0.1:${port}`;
  const dataDirectory = join(options.directory, 'data');
  await mkdir(dataDirectory, { recursive: true });
  const settings = {
    ...SINGLE_NODE,
    listeners: `PLAINTEXT://${bootstrap},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    'log.dirs': dataDirectory,
    ...options.settings,
  };
  const file = join(options.directory, 'server.properties');
  await writeFile(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  await mustRun(java, [
    '-cp',
    classpath,
    'kafka.tools.StorageTool',
    'format',
    '--standalone',
    '-t',
    CLUSTER_ID,
    '-c',
    file,
  ]);
  const logFile = join(options.directory, 'kafka.log');
  let child: Child | null = null;
  const current = (): Child => {
    if (child === null) throw new Error('Apache Kafka does not run');
    return child;
  };
  return {
    name: 'kafka',
    version,
    bootstrap,
    dataDirectory,
    pid: () => current().pid,
    start: async () => {
      const started = new Child({ command: java, args: [...jvmFlags, '-cp', classpath, 'KafkaNode', file], logFile });
      child = started;
      await waitFor(
        'Apache Kafka answers',
        () => {
          if (started.exitCode !== null) throw new GiveUp(started.tail());
          return answersClients(bootstrap);
        },
        { deadlineMs: START_DEADLINE_MS, pollMs: POLL_MS },
      );
    },
    stop: async () => {
      await current().stop();
    },
    kill: () => current().kill(),
    tail: () => current().tail(),
  };
}
