// Three real nodes with exactly the files that the operator issues, as a kubelet hands them over: they trust each other, and nobody else.
import { mkdtemp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createConnection, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, expect, it } from '@jest/globals';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { Calls } from '../../broker/cli/local/calls.ts';
import { PodDialer } from '../../broker/cli/operator/pod-dialer.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { encodeRequest } from '../../broker/core/protocol/messages.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { createGrpcNet } from '../../broker/io/grpc/grpc-net.ts';
import type { CallFailure } from '../../broker/ports/control-net.ts';
import { isKeyOf, issue } from '../../operator/io/kubernetes/certificates/issuer.ts';
import type { OperatorFiles } from '../../operator/ports/cluster-dialer.ts';
import { createAuthority } from '../support/certificates.ts';
import { CertificateLab, DAY_MS } from '../support/kubernetes/certificate-lab.ts';
import { CLUSTER_ID } from '../support/kubernetes/rendered.ts';
import { onStage } from '../support/kubernetes/stage.ts';
import { RawClient } from '../support/raw-client.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { QuorumFleet } from './quorum-fleet.ts';

const IDS = [0, 1, 2];
const quiet = (): void => undefined;
const LOG = { debug: quiet, info: quiet, warn: quiet, error: quiet };

let directory: string;
let fleet: QuorumFleet | null = null;

afterEach(async () => {
  await fleet?.remove();
  fleet = null;
  await rm(directory, { recursive: true, force: true });
});

/** Gives a node the Secret as it is: all files at once, as a kubelet does. */
async function hand(lab: CertificateLab, id: number): Promise<void> {
  const version = join(directory, `${id}-${lab.nowMs}`);
  await mkdir(version);
  for (const [name, text] of Object.entries(lab.files('orders-node-tls'))) await writeFile(join(version, name), text);
  await symlink(version, join(directory, `${id}.next`));
  await rename(join(directory, `${id}.next`), join(directory, String(id)));
}

const settingsOf = (id: number): Readonly<Record<string, string>> => ({
  'weir.grpc.tls.cert.file': join(directory, String(id), `orders-broker-${id}.crt`),
  'weir.grpc.tls.key.file': join(directory, String(id), `orders-broker-${id}.key`),
  'weir.grpc.tls.ca.file': join(directory, String(id), 'ca.crt'),
});

const TOPIC = 'kept';

/** Creates a topic with a partition led by each broker, of which nothing is acknowledged that is not on all three. */
async function createKept(nodes: QuorumFleet): Promise<void> {
  const calls = new Calls([nodes.addressesOf(0).client], { clientId: 'create', requestTimeoutMs: 10_000 });
  const assignments = IDS.map((id) => ({ partitionIndex: id, brokerIds: [id, (id + 1) % 3, (id + 2) % 3] }));
  const configs = [{ name: 'min.insync.replicas', value: '3' }];
  const topics = [{ name: TOPIC, numPartitions: -1, replicationFactor: -1, assignments, configs }];
  const answer = await calls.call(ApiKey.CreateTopics, () => ({ topics, timeoutMs: 10_000, validateOnly: false }));
  calls.close();
  expect(answer.topics.map(({ errorCode }) => errorCode)).toEqual([0]);
}

/** Each broker leads a partition, and the others store what it takes: all of them reach each other. */
function allStore(nodes: QuorumFleet): Promise<unknown> {
  const records = buildBatch([{ key: null, value: Buffer.from('x') }], { timestamp: Date.now() }, crc32c);
  return waitFor('every broker has what it takes stored by the others', async () => {
    const leaders = (await nodes.probe(0).topic(TOPIC))?.leaders ?? [];
    if (leaders.toSorted().join() !== IDS.join()) return false;
    const codes = leaders.map(async (leader, index) => {
      const { host, port } = nodes.addressesOf(leader).client;
      const client = await RawClient.connect(`${host}:${port}`);
      const topicData = [{ name: TOPIC, partitionData: [{ index, records }] }];
      const { responses } = await client.call(ApiKey.Produce, 9, { acks: -1, timeoutMs: 5_000, topicData });
      client.close();
      return responses[0]?.partitionResponses[0]?.errorCode;
    });
    return (await Promise.all(codes)).every((code) => code === 0);
  });
}

/** Asks a node on the listener of brokers, with these certificates or in the clear: what comes before the end. */
function askBroker(
  nodes: QuorumFleet,
  id: number,
  files: Partial<OperatorFiles> | null,
): Promise<'answered' | 'closed'> {
  const [host = '', port] = nodes.addressesOf(id).brokers.split(':');
  const at = { host, port: Number(port) };
  const socket: Socket =
    files === null ? createConnection(at) : connect({ ...at, ...files, checkServerIdentity: () => undefined });
  const head = { apiKey: ApiKey.ApiVersions, version: 0, correlationId: 1, clientId: 'stranger' } as const;
  socket.on('error', () => undefined);
  socket.once(files === null ? 'connect' : 'secureConnect', () => {
    for (const chunk of encodeRequest(head, {})) socket.write(chunk);
  });
  return new Promise((settle) => {
    socket.once('data', () => {
      settle('answered');
      socket.destroy();
    });
    socket.once('close', () => settle('closed'));
  });
}

function controlOf(id: number): { readonly host: string; readonly port: number } {
  const [host = '', port] = fleet?.addressesOf(id).control.split(':') ?? [];
  return { host, port: Number(port) };
}

/** Asks a node for its status with these certificates: why it doesn't answer, or null. */
function ask(id: number, files: OperatorFiles): Promise<CallFailure | null> {
  const tls = { cert: Buffer.from(files.cert), key: Buffer.from(files.key), ca: Buffer.from(files.ca) };
  const net = createGrpcNet({
    post: (input) => void setImmediate(input),
    tls,
    insecure: false,
    role: 'operator',
    log: LOG,
  });
  const self = { id: -1, directoryId: '' };
  const channel = net.connect({ address: controlOf(id), clusterId: CLUSTER_ID, self, onReply: quiet });
  return new Promise((settle) => {
    channel.call('Fleet.Status', {}, 5_000, (failure) => {
      channel.close();
      settle(failure);
    });
  });
}

/** Number of the certificate that a node shows. */
function shown(id: number, { cert, key, ca }: OperatorFiles): Promise<string> {
  return new Promise((settle, fail) => {
    const socket = connect({
      ...controlOf(id),
      cert,
      key,
      ca,
      ALPNProtocols: ['h2'],
      checkServerIdentity: () => undefined,
    });
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      settle(socket.getPeerX509Certificate()?.serialNumber ?? '');
      socket.destroy();
    });
  });
}

/** What the operator would have of one of the authorities, now. */
function operatorBy(lab: CertificateLab, age: number): Promise<OperatorFiles> {
  const [secret, ca] = [lab.files('orders-ca'), lab.files('orders-node-tls')['ca.crt'] ?? ''];
  const authority = lab.authorities()[age];
  const key = Object.values(secret).find((text) => authority !== undefined && isKeyOf(authority, text));
  const subject = { uri: `weir://${CLUSTER_ID}/operator`, dnsNames: [], lifeMs: DAY_MS };
  return issue({ cert: String(authority), key: key ?? '' }, subject, Date.now()).then((pair) => ({ ...pair, ca }));
}

/** Nobody but the operator calls as such, and nobody but nodes speaks to brokers where these do. */
async function expectStrangersOut(lab: CertificateLab, nodes: QuorumFleet, operator: OperatorFiles): Promise<void> {
  const { ca } = operator;
  const ofNode = filesOfNode(lab, 1);
  expect(await ask(0, ofNode)).toMatchObject({ code: 'refused' });
  const stranger = createAuthority('a stranger');
  const likeOperator = stranger.issue(`weir://${CLUSTER_ID}/operator`);
  expect(await ask(0, { ...likeOperator, ca })).toMatchObject({ code: 'unavailable' });
  const likeNode = stranger.issue(`weir://${CLUSTER_ID}/node/1`);
  for (const files of [null, { ca }, { ...likeNode, ca }, operator])
    expect(await askBroker(nodes, 0, files)).toBe('closed');
  expect(await askBroker(nodes, 0, ofNode)).toBe('answered');
}

/** What a node has been given last. */
function filesOfNode(lab: CertificateLab, id: number): OperatorFiles {
  const files = lab.files('orders-node-tls');
  const of = (name: string): string => files[name] ?? '';
  return { cert: of(`orders-broker-${id}.crt`), key: of(`orders-broker-${id}.key`), ca: of('ca.crt') };
}

it(
  'three nodes form a quorum over mutual TLS, go on while certificates and authorities are exchanged, and let nobody else in',
  () =>
    onStage(async (stage) => {
      directory = await mkdtemp(join(tmpdir(), 'weir-certificates-'));
      // Issued in the past, so that what follows is due by now: the clocks of nodes are those of this machine.
      const now = Date.now();
      const lab = new CertificateLab(stage, now - 733.5 * DAY_MS);
      const keptAt = (days: number): ReturnType<CertificateLab['keep']> => {
        lab.nowMs = now - days * DAY_MS;
        return lab.keep();
      };
      await lab.keep();
      await keptAt(62.6);
      for (const id of IDS) await hand(lab, id);
      const nodes = await QuorumFleet.start({ nodes: 3, clusterId: CLUSTER_ID, ofNode: settingsOf, isTls: true });
      fleet = nodes;
      await nodes.agreed();
      const [ofFirst, ofNode] = [await operatorBy(lab, 0), filesOfNode(lab, 1)];
      for (const id of IDS) expect(await ask(id, ofFirst)).toBeNull();
      await createKept(nodes);
      await allStore(nodes);

      await expectStrangersOut(lab, nodes, ofFirst);

      // A second authority is trusted by nodes that run, and signs for nobody yet.
      await keptAt(2.7);
      expect(lab.authorities()).toHaveLength(2);
      const ofSecond = await operatorBy(lab, 1);
      expect(await ask(0, ofSecond)).toMatchObject({ code: 'unavailable' });
      for (const id of IDS) await hand(lab, id);
      for (const id of IDS) await waitFor(`node ${id} trusts it`, async () => (await ask(id, ofSecond)) === null);

      // Nodes are renewed by it: one that starts anew and has heard of it gets on with those that have not.
      await keptAt(1.6);
      await hand(lab, 0);
      await nodes.kill(0);
      await nodes.start(0);
      await nodes.agreed();
      await nodes.untilItCreates(0);
      await allStore(nodes);
      const pids = [1, 2].map((id) => nodes.pid(id));
      for (const id of [1, 2]) await hand(lab, id);
      for (const id of IDS)
        await waitFor(
          `node ${id} shows its new one`,
          async () => (await shown(id, ofSecond)) === lab.node(id).serialNumber,
        );
      expect([1, 2].map((id) => nodes.pid(id))).toEqual(pids);

      // The first authority is trusted no longer, once the operator has another certificate too.
      await keptAt(0.5);
      const { operator } = await keptAt(0.5);
      if (operator === null) throw new Error('the names are taken');
      expect(lab.authorities()).toHaveLength(1);
      for (const id of IDS) await hand(lab, id);
      for (const id of IDS) {
        await waitFor(`node ${id} trusts the first one no more`, async () => (await ask(id, ofFirst)) !== null);
        expect(await ask(id, operator)).toBeNull();
      }
      // The isolate of records reads its files by itself.
      await waitFor('neither do brokers', async () => (await askBroker(nodes, 1, ofNode)) === 'closed');
      const dialed = { namespace: 'prod', name: 'orders', clusterId: CLUSTER_ID, tls: operator };
      const { host, port: controlPort } = controlOf(2);
      const reach = { id: 2, host, controlPort, listenerPort: null, instance: '' };
      expect(await new PodDialer().diskOf(dialed, reach)).toMatch(/^[\w-]{22}$/);
      const { leaderId } = await nodes.agreed();
      await nodes.kill(leaderId);
      await nodes.start(leaderId);
      await allStore(nodes);
      expect(await nodes.judge()).toEqual([]);
    }),
  300_000,
);
