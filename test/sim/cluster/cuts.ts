import type { Prng } from '../../../broker/core/base/prng.ts';
import type { SimControlNetwork } from '../control-net.ts';
import type { SimNode } from '../node.ts';
import type { World } from '../world.ts';

const CUT_MS = [300, 1500, 4000, 15_000] as const;
const FLAP_MS = 400;

/** From one machine's address to another's: nothing gets through. */
type Pair = readonly [from: string, to: string];
/** Which ways are cut: what goes out from some, what comes in to them, or both. */
export type Way = 'out' | 'in' | 'both';

/** Machines that do not reach others for a while: so long, or as long as is drawn, ms. */
interface Cut {
  readonly some: readonly SimNode[];
  readonly rest: readonly SimNode[];
  readonly way: Way;
  readonly forMs?: number;
}

interface Machine {
  readonly address: string;
}

/** What has to be cut between some machines and the rest. */
export function between(some: readonly Machine[], rest: readonly Machine[], way: Way): Pair[] {
  return some.flatMap((one) =>
    rest.flatMap((other): Pair[] => {
      const out: Pair = [one.address, other.address];
      const back: Pair = [other.address, one.address];
      return [...(way === 'in' ? [] : [out]), ...(way === 'out' ? [] : [back])];
    }),
  );
}

/** Draws less than half of some voters, at least one; and those that are left. */
export function drawMinority<T>(prng: Prng, voters: readonly T[]): readonly [readonly T[], readonly T[]] {
  const count = 1 + prng.below(Math.max(1, Math.ceil(voters.length / 2) - 1));
  const left = [...voters];
  const some = Array.from({ length: count }, () => left.splice(prng.below(left.length), 1)).flat();
  return [some, left];
}

/** What is cut with. */
export interface CutsDeps {
  readonly world: World;
  readonly prng: Prng;
  readonly network: SimControlNetwork;
  readonly nodes: readonly SimNode[];
  readonly isController: (node: SimNode) => boolean;
  readonly trouble: (node: SimNode, forMs: number) => void;
  readonly later: (delayMs: number, run: () => void) => void;
}

/** Strikes that keep machines from hearing each other. */
export class Cuts {
  readonly #deps: CutsDeps;

  constructor(deps: CutsDeps) {
    this.#deps = deps;
  }

  /** A machine and the others, or most of them, do not hear each other, or one does not hear the other, or now and then. */
  isolate(kind: 'isolate' | 'one-way' | 'flap', node: SimNode): boolean {
    const { nodes, prng } = this.#deps;
    const others = nodes.filter((other) => other !== node && (kind !== 'one-way' || prng.chance(0.7)));
    const way = kind === 'one-way' ? this.#pick(['out', 'in'] as const) : 'both';
    this.cut(kind, { some: [node], rest: others, way });
    return true;
  }

  /** A minority of the controllers and the others do not hear each other; what else talks to either goes on. */
  split(kind: 'split' | 'half-split'): boolean {
    const { nodes, prng, isController } = this.#deps;
    const [some, rest] = drawMinority(prng, nodes.filter(isController));
    this.cut(kind, { some, rest, way: kind === 'split' ? 'both' : this.#pick(['out', 'in'] as const) });
    return true;
  }

  /** Cuts some machines off others for a while, in the name of a strike. */
  cut(kind: string, { some, rest, way, forMs = this.#pick(CUT_MS) }: Cut): void {
    const { network, world, trouble, later } = this.#deps;
    const pairs = between(some, rest, way);
    world.trace(`strike: ${kind} node ${some.map(({ id }) => id).join()} for ${forMs} ms`);
    for (const node of some) trouble(node, forMs + 500);
    const cut = (): void => pairs.forEach(([from, to]) => network.cut(from, to));
    const mend = (): void => pairs.forEach(([from, to]) => network.mend(from, to));
    cut();
    const flips = kind === 'flap' ? Math.ceil(forMs / FLAP_MS) : 0;
    for (let i = 1; i < flips; i += 1) later(i * FLAP_MS, i % 2 === 1 ? mend : cut);
    later(forMs, mend);
  }

  #pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.#deps.prng.below(choices.length)];
    if (chosen === undefined) throw new Error('bug: nothing to choose from');
    return chosen;
  }
}
