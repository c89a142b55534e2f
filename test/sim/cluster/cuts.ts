import type { SimNode } from '../node.ts';
import type { Prng } from '../../../broker/core/base/prng.ts';

/** From one machine's address to another's: nothing gets through. */
type Pair = readonly [from: string, to: string];
/** Which ways are cut: what goes out from some, what comes in to them, or both. */
export type Way = 'out' | 'in' | 'both';

/** Machines that do not reach others for a while: so long, or as long as is drawn, ms. */
export interface Cut {
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
