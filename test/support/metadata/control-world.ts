import type { OutcomeOf, CreateTopicsCommand, MetadataCommand } from '../../../broker/core/metadata/commands.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import type { Disk } from '../../../broker/ports/disk.ts';
import type { Log } from '../../../broker/ports/log.ts';
import type { Random } from '../../../broker/ports/random.ts';
import { ControlNode } from '../../../broker/server/control/control-node.ts';
import { createMemoryLink, type DataLink } from '../../../broker/server/control/link.ts';
import { RemoteControlPlane } from '../../../broker/server/control/remote-control-plane.ts';
import { SimDisk } from '../../sim/disk.ts';
import { World } from '../../sim/world.ts';
import { newTopic } from './lab.ts';

/** Longest virtual time that a test waits for anything, ms. */
const PATIENCE_MS = 60_000;

/** A running control isolate with the data isolate's end of its link. */
export interface Life {
  readonly node: ControlNode;
  readonly plane: RemoteControlPlane;
  readonly link: DataLink;
  /** Set when the control isolate said that it can't go on. */
  fatal: string | null;
}

/** A node's control plane on virtual time and disk, which may crash and start again. */
export class ControlWorld {
  readonly world: World;
  readonly disk: SimDisk;
  readonly warnings: string[] = [];
  readonly #fixed: ReadonlyMap<string, string>;
  /** The disk that the next life is given; tests put faulty ones in front. */
  diskForNode: Disk;
  #generation = 0;

  constructor(seed: number, fixed: Readonly<Record<string, string>> = {}) {
    this.world = new World(seed);
    this.disk = new SimDisk({
      schedule: (delayMs, callback) => this.world.schedule(delayMs, callback),
      prng: this.world.prng,
    });
    this.diskForNode = this.disk;
    this.#fixed = new Map(Object.entries({ 'log.dirs': 'data', ...fixed }));
  }

  /** Starts a life; nothing of it runs before the world does. */
  start(fixed: Readonly<Record<string, string>> = {}): Life {
    this.#generation += 1;
    const generation = this.#generation;
    const schedule = (delayMs: number, callback: () => void) =>
      this.world.schedule(delayMs, () => {
        if (generation === this.#generation) callback();
      });
    const timers = { after: schedule };
    const clock = { monotonicMs: () => this.world.nowMs, wallMs: () => this.world.wallMs };
    const { prng } = this.world;
    const random: Random = { uint32: () => prng.uint32(), bytes: (size) => prng.bytes(size) };
    const link = createMemoryLink((callback) => schedule(0, callback));
    const settings = new Map([...this.#fixed, ...Object.entries(fixed)]);
    const node = new ControlNode(
      { clock, timers, random, disk: this.diskForNode, crc32c, log: this.#log(), controlNet: null },
      { directory: 'data', fixed: settings },
      link.control,
    );
    const plane = new RemoteControlPlane({
      clock,
      sessionTimeoutMs: 2000,
      timers,
      random,
      nodeId: Number(settings.get('node.id') ?? 0),
      link: link.data,
    });
    const life: Life = { node, plane, link: link.data, fatal: null };
    plane.onFatal((message) => {
      life.fatal = message;
    });
    node.start();
    return life;
  }

  /** Starts a life, registers its broker and lets it in. */
  ready(): Life {
    const life = this.start();
    this.wait<string | null>((done) => this.register(life, done));
    this.wait<string | null>((done) => life.plane.unfence(done));
    return life;
  }

  register(life: Life, done: (failure: string | null) => void): void {
    life.plane.register(
      {
        endpoints: [{ listener: 'PLAINTEXT', host: 'h', port: 9092 }],
        rack: null,
        host: '',
        previousBrokerEpoch: -1,
        lastUnfencedEpoch: -1,
        damaged: [],
        suspect: [],
      },
      done,
    );
  }

  /** Runs the world until something has completed. */
  wait<T>(start: (done: (value: T) => void) => void): T {
    const result: { value?: T; there: boolean } = { there: false };
    start((value) => {
      result.value = value;
      result.there = true;
    });
    if (!this.world.runUntil(() => result.there, PATIENCE_MS)) throw new Error('nothing came of it');
    return result.value as T;
  }

  /** The outcome of a command. */
  submit<C extends MetadataCommand>(life: Life, command: C): OutcomeOf<C> {
    return this.wait<OutcomeOf<C>>((done) => life.plane.submit(command, 10_000, done));
  }

  /** Everything that runs ends; `keepPageCache`: only the process. */
  crash(keepPageCache = false): void {
    this.#generation += 1;
    this.disk.crash({ keepPageCache });
  }

  /** Names of the files in the metadata directory. */
  files(): readonly string[] {
    return this.disk
      .files()
      .filter(({ path }) => path.startsWith('/data/__cluster_metadata-0/'))
      .map(({ path }) => path.slice('/data/__cluster_metadata-0/'.length));
  }

  #log(): Log {
    const warn = (_fields: Readonly<Record<string, unknown>>, message: string): void => {
      this.warnings.push(message);
    };
    return { debug: () => undefined, info: () => undefined, warn, error: warn };
  }
}

/** The command that creates one topic. */
export function creation(name: string, partitionCount = 1): CreateTopicsCommand {
  return { kind: 'createTopics', topics: [newTopic(name, { partitionCount })], validateOnly: false };
}
