import type { Prng } from '../../../broker/core/base/prng.ts';
import type { SimControlNetwork } from '../control-net.ts';
import type { SimNode } from '../node.ts';
import type { World } from '../world.ts';

/** How long a disk hangs, ms: what is under way for 30 s ends its process (F5). */
const HANG_MIN_MS = 10_000;
const HANG_MAX_MS = 40_000;
const LOOK_MS = 500;
/** When a broker may not count any more, ms after something began to hang: 3 s, and until that is known, told and decided. */
const RELIEVED_MS = 6000;
/** Looks after each other at which a broker has to be found to count: it may have come in while a new controller knew nothing. */
const SEEN_MIN = 3;
/** Weather in which news get through soon enough. */
const GENTLE = { delayMaxMs: 100, lossChance: 0.01, breakChance: 0.001 };

/** Where a broker counts though others could do without it. */
export interface Place {
  /** Topic and index. */
  readonly name: string;
  readonly leads: boolean;
}

/** What disks hang with. */
export interface HangsDeps {
  readonly world: World;
  readonly prng: Prng;
  readonly network: SimControlNetwork;
  readonly nodes: readonly SimNode[];
  /** Where a broker is in sync, and so is another one that may lead; as far as anybody was told. */
  readonly replaceable: (id: number) => readonly Place[];
  /** Leaders that the quorum has had. */
  readonly leaderCount: () => number;
  /** Whether a node is left alone now. */
  readonly isWell: (node: SimNode) => boolean;
  readonly later: (delayMs: number, run: () => void) => void;
}

/** Disks that hang for longer than a broker may lead and count meanwhile (F5); one at a time. */
export class Hangs {
  readonly problems: string[] = [];
  /** Leaderships that brokers had when their disks began to hang, and had no more when that was over. */
  movedCount = 0;
  /** Looks at which a broker had to count nowhere. */
  judgedCount = 0;
  readonly #deps: HangsDeps;
  /** Nodes whose disks ever hung: they may have ended for it. */
  readonly #struck = new Set<number>();
  #hanging: SimNode | null = null;

  constructor(deps: HangsDeps) {
    this.#deps = deps;
  }

  /** Whether a disk ever hung. */
  has(node: SimNode): boolean {
    return this.#struck.has(node.id);
  }

  /** Lets the disk of a node hang, all of it or what has to get to the platter; gives for how long, ms; 0 while another one does. */
  begin(node: SimNode): number {
    const { world, prng, replaceable, later } = this.#deps;
    if (this.#hanging !== null) return 0;
    const forMs = HANG_MIN_MS + prng.below(HANG_MAX_MS - HANG_MIN_MS);
    const isAll = prng.chance(0.5);
    world.trace(`strike: the disk of node ${node.id} hangs for ${forMs} ms, ${isAll ? 'all of it' : 'its syncs'}`);
    this.#hanging = node;
    this.#struck.add(node.id);
    node.disk.faults.hangs = isAll ? () => true : (operation) => operation === 'sync' || operation === 'syncDirectory';
    const led = replaceable(node.id).filter(({ leads }) => leads);
    this.#watch(node);
    later(forMs, () => {
      const still = new Set(replaceable(node.id).map(({ name, leads }) => (leads ? name : '')));
      this.movedCount += led.filter(({ name }) => !still.has(name)).length;
      this.end();
    });
    return forMs;
  }

  /** No disk hangs any more. */
  end(): void {
    this.#hanging?.disk.resume();
    this.#hanging = null;
  }

  /** Looks, while the disk hangs, where its broker counts. */
  #watch(node: SimNode): void {
    const { world, replaceable, leaderCount } = this.#deps;
    const { life } = node;
    const seen = new Map<string, number>();
    let leaders = leaderCount();
    let sinceMs = world.nowMs;
    const look = (): void => {
      if (this.#hanging !== node || node.life !== life) return;
      if (!node.disk.isHolding || leaders !== leaderCount() || !this.#isCalmBut(node)) {
        leaders = leaderCount();
        sinceMs = world.nowMs;
      }
      const isDue = world.nowMs - sinceMs >= RELIEVED_MS;
      if (isDue) this.judgedCount += 1;
      const found = isDue ? replaceable(node.id) : [];
      for (const name of [...seen.keys()]) if (!found.some((place) => place.name === name)) seen.delete(name);
      for (const { name, leads } of found) {
        const times = (seen.get(name) ?? 0) + 1;
        seen.set(name, times);
        if (times === SEEN_MIN)
          this.problems.push(`F5: broker ${node.id} ${leads ? 'leads' : 'is in sync of'} ${name}, and its disk hangs`);
      }
      world.schedule(LOOK_MS, look);
    };
    world.schedule(LOOK_MS, look);
  }

  /** Nothing else is wrong: everybody hears everybody. */
  #isCalmBut(node: SimNode): boolean {
    const { nodes, network, isWell } = this.#deps;
    const { delayMaxMs, lossChance, breakChance } = network.weather;
    const isGentle =
      delayMaxMs <= GENTLE.delayMaxMs && lossChance <= GENTLE.lossChance && breakChance <= GENTLE.breakChance;
    const isUp = (one: SimNode): boolean => one.isReady && !one.isAsleep && (one === node || isWell(one));
    const hears = (one: SimNode): boolean => nodes.every(({ address }) => network.reaches(one.address, address));
    return isGentle && nodes.every((one) => isUp(one) && hears(one));
  }
}
