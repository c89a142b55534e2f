import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureKafka } from '../../setup/kafka.ts';
import { kafkaPeer } from './kafka-peer.ts';
import { chosenPeer, type Peer, type PeerName, type PeerOptions } from './peer.ts';
import { startToolHost, ToolHost } from './tool-host.ts';
import { weirPeer } from './weir-peer.ts';

/** What a test of the wire works with: a broker that runs, and a JVM that runs Kafka's tools. */
export type Wire = {
  readonly peer: PeerName;
  readonly bootstrap: string;
  readonly tools: ToolHost;
  /** A name that no other test uses, for a topic or a group. */
  readonly unique: (prefix: string) => string;
};

/** A broker and a tool host that were started here, and how to end them. */
export type Session = {
  readonly peer: Peer;
  readonly toolPort: number;
  readonly close: () => Promise<void>;
};

/** Settings that let tests wait less; both peers know them. */
const QUICK = {
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'group.share.min.record.lock.duration.ms': '1000',
  'offsets.topic.num.partitions': '4',
  'share.coordinator.state.topic.num.partitions': '4',
};

/** A peer of the chosen kind, not started yet. */
export async function makePeer(name: PeerName, options: PeerOptions): Promise<Peer> {
  return name === 'kafka' ? kafkaPeer(options) : weirPeer(options);
}

/** Starts the chosen peer and a tool host in a new temporary directory; `close` ends both and removes it. */
export async function openSession(name: PeerName = chosenPeer()): Promise<Session> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-wire-'));
  const peer = await makePeer(name, { directory, settings: QUICK });
  const [host] = await Promise.all([startToolHost(await ensureKafka(), directory), peer.start()]);
  const close = async (): Promise<void> => {
    await Promise.all([host.child.kill(), peer.stop()]);
    await rm(directory, { recursive: true, force: true });
  };
  return { peer, toolPort: host.port, close };
}

/** The environment by which test files find the session that the runner of the suite has opened. */
export function sessionEnvironment(session: Session): Record<string, string> {
  const { peer, toolPort } = session;
  return { WEIR_WIRE_PEER: peer.name, WEIR_WIRE_BOOTSTRAP: peer.bootstrap, WEIR_WIRE_TOOL_PORT: String(toolPort) };
}

/**
 * The broker and tools for one test file: those of the suite's runner when it has opened some (`sessionEnvironment`),
 * otherwise new ones. To be called in `beforeAll`; `close` belongs in `afterAll`.
 */
export async function openWire(): Promise<{ readonly wire: Wire; readonly close: () => Promise<void> }> {
  const { WEIR_WIRE_BOOTSTRAP: bootstrap, WEIR_WIRE_TOOL_PORT: toolPort } = process.env;
  const unique = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`;
  if (bootstrap !== undefined && toolPort !== undefined) {
    const tools = await ToolHost.connect(Number(toolPort));
    return { wire: { peer: chosenPeer(), bootstrap, tools, unique }, close: async () => tools.close() };
  }
  const session = await openSession();
  const tools = await ToolHost.connect(session.toolPort);
  const close = async (): Promise<void> => {
    tools.close();
    await session.close();
  };
  return { wire: { peer: session.peer.name, bootstrap: session.peer.bootstrap, tools, unique }, close };
}
