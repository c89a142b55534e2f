import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chosenPeer, type Peer, type PeerName } from '../harness/peer.ts';
import { makePeer } from '../harness/session.ts';
import { Broker } from './broker.ts';

/** A broker of its own for one test file, whose data directory and process may be looked at. */
export interface Batches {
  readonly peer: Peer;
  readonly broker: Broker;
  /** Makes a topic of one partition and gives its name. */
  readonly newTopic: (configs: Readonly<Record<string, string>>) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Starts the chosen peer in a new directory, or the one that is named. */
export async function openBatches(name: PeerName = chosenPeer()): Promise<Batches> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-batches-'));
  const peer = await makePeer(name, { directory });
  await peer.start();
  const broker = await Broker.connect(peer.bootstrap);
  let count = 0;
  const newTopic = async (configs: Readonly<Record<string, string>>): Promise<string> => {
    count += 1;
    const name = `batches-${count}`;
    await broker.createTopic(name, configs);
    return name;
  };
  const close = async (): Promise<void> => {
    broker.close();
    await peer.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { peer, broker, newTopic, close };
}
