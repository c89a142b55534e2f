import { Buffer } from 'node:buffer';
import { createPrng, type Prng } from '../../broker/core/base/prng.ts';
import type { Observation } from './history.ts';
import type { SimNetwork } from './net.ts';
import type { SimNode } from './node.ts';
import type { World } from './world.ts';

const FILLER = '.';

/** Who serves the clients of a world: a node, or brokers of a cluster. */
export interface Served {
  readonly bootstrap: readonly { readonly host: string; readonly port: number }[];
  /** Everybody serves. */
  readonly isReady: boolean;
  /** Address of a node's machine, and the other way round. */
  addressOf(id: number): string;
  idAt(address: string): number;
  /** Whether the node of a machine (null: one that serves) runs: what its connections carried is known to it. */
  runs(address: string | null): boolean;
}

/**
 * What the clients of one world share: the world itself, the history, which topic is meant by a name now, and what the
 * value of every record must be.
 */
export class Stage<Node extends Served = SimNode> {
  readonly world: World;
  readonly network: SimNetwork;
  readonly node: Node;
  readonly history: Observation[] = [];
  /** Current label of each topic name; a re-created topic gets another one. */
  readonly labels = new Map<string, string>();
  readonly #values = new Map<string, string>();

  constructor(world: World, network: SimNetwork, node: Node) {
    this.world = world;
    this.network = network;
    this.node = node;
  }

  /** Writes down what a client saw, at this moment. */
  note(observation: Observation): void {
    this.history.push(observation);
    this.world.trace(JSON.stringify(observation));
  }

  /** Randomness for one client, apart from that of all others. */
  fork(): Prng {
    return createPrng(this.world.prng.uint32());
  }

  /** The label of a topic name; the name itself when it was never given one. */
  label(topic: string): string {
    return this.labels.get(topic) ?? topic;
  }

  /** A new record's value: its id, and filler up to about `size` bytes. */
  makeValue(id: string, size: number): Uint8Array {
    const text = `${id}|${FILLER.repeat(Math.max(0, size - id.length - 1))}`;
    this.#values.set(id, text);
    return Buffer.from(text);
  }

  /** The id of a value; a text that names what is wrong when it is not a value that was made here. */
  readValue(bytes: Uint8Array | null): string {
    if (bytes === null) return 'null';
    const text = Buffer.from(bytes).toString('latin1');
    const id = text.slice(0, Math.max(0, text.indexOf('|')));
    return this.#values.get(id) === text ? id : `a spoiled value of ${bytes.length} bytes: ${text.slice(0, 60)}`;
  }

  /** The label of the topic that a value was made for. */
  labelOf(value: string): string {
    return value.split(' ')[0] ?? '';
  }
}
