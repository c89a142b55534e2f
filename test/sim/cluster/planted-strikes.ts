import type { Prng } from '../../../broker/core/base/prng.ts';
import type { SimNode } from '../node.ts';

/**
 * Faults that only worlds with a planted bug have: no seed draws them. Each brings about at once what takes several strikes of other
 * kinds, in the right order, and all of them are faults that a cluster has to endure.
 */
export const PLANTED_KINDS = ['slow-blackout', 'late-join', 'lone-leader', 'power-behind-cut'] as const;
/** One of them. */
export type PlantedKind = (typeof PLANTED_KINDS)[number];

/** How long every sync takes before the power goes, ms, and for how long. */
const SLOW_MS = 300;
const SLOW_FOR_MS = 2500;
/** Longest until a node is back, ms. */
const BACK_MAX_MS = 2000;
/** How long a broker is away that then joins on a slow disk, ms; and what is struck looks at it so often. */
const AWAY_MS = 2500;
const LOOK_MS = 10;
const LOOKS_MAX = 1900;
/** How slow its disk is, ms, and for how long at most. */
const JOINS_SLOW_MS = 700;
const JOINS_FOR_MS = 20_000;
/** How long one broker leads alone, ms: others are counted out meanwhile. */
const ALONE_MS = 12_000;
/** How long a broker goes on by itself before its log is to be cut; how soon power goes then, and for how long, ms. */
const APART_MS = 5000;
const BEHIND_CUT_MS = 5;
const DARK_MS = 500;

/** What they act with. */
export interface PlantedStrikeDeps {
  readonly prng: Prng;
  readonly isBroker: (node: SimNode) => boolean;
  readonly isController: (node: SimNode) => boolean;
  /** Nobody is down, troubled or spoiled: an earlier strike is over. */
  readonly isCalm: () => boolean;
  readonly trouble: (node: SimNode, forMs: number) => void;
  /** Cuts a machine off the others for a while. */
  readonly isolate: (node: SimNode, forMs: number) => void;
  /** Runs something when a node next tells a leader that its log has become shorter. */
  readonly whenCut: (node: SimNode, then: () => void) => void;
  readonly crash: (kind: 'power' | 'process', node: SimNode) => void;
  readonly start: (node: SimNode) => void;
  readonly wipe: (node: SimNode, downMs: number) => boolean;
  readonly later: (delayMs: number, run: () => void) => void;
}

/** Strikes; false when there is nobody whom it could strike now. */
export function strikePlanted(kind: PlantedKind, running: readonly SimNode[], deps: PlantedStrikeDeps): boolean {
  if (!deps.isCalm()) return false;
  const brokers = running.filter((node) => deps.isBroker(node));
  if (brokers.length < 3) return false;
  switch (kind) {
    case 'slow-blackout':
      return slowBlackout(running, deps);
    case 'late-join':
      return lateJoin(brokers, deps);
    case 'lone-leader':
      return loneLeader(brokers, deps);
    case 'power-behind-cut':
      return powerBehindCut(brokers, deps);
  }
}

/** Disks get slow, so that much is written and not synced; then power goes everywhere. */
function slowBlackout(running: readonly SimNode[], deps: PlantedStrikeDeps): boolean {
  for (const node of running) {
    deps.trouble(node, SLOW_FOR_MS + BACK_MAX_MS + 3000);
    node.disk.faults.slowMs = SLOW_MS;
  }
  deps.later(SLOW_FOR_MS, () => {
    for (const node of running) node.disk.faults.slowMs = 0;
    crashAll('power', running, deps);
  });
  return true;
}

function crashAll(kind: 'power' | 'process', nodes: readonly SimNode[], deps: PlantedStrikeDeps): void {
  for (const node of nodes) {
    deps.crash(kind, node);
    deps.trouble(node, BACK_MAX_MS + 3000);
    deps.later(deps.prng.below(BACK_MAX_MS), () => deps.start(node));
  }
}

/** A broker comes back on a disk so slow that it is behind all the time; soon after it is let in, all others die. */
function lateJoin(brokers: readonly SimNode[], deps: PlantedStrikeDeps): boolean {
  const [late, ...others] = shuffled(brokers, deps.prng);
  if (late === undefined) return false;
  deps.trouble(late, AWAY_MS + JOINS_FOR_MS);
  deps.crash('process', late);
  deps.later(AWAY_MS, () => {
    deps.start(late);
    deps.later(JOINS_FOR_MS, () => {
      late.disk.faults.slowMs = 0;
    });
    when(
      deps,
      () => (late.view?.offset ?? -1) > 0,
      () => {
        late.disk.faults.slowMs = JOINS_SLOW_MS;
      },
    );
    when(
      deps,
      () => late.isReady,
      () => {
        deps.later(deps.prng.below(2 * JOINS_SLOW_MS), () => {
          late.disk.faults.slowMs = 0;
          crashAll('process', others, deps);
        });
      },
    );
  });
  return true;
}

/** Runs something as soon as a condition holds, if that is within a while. */
function when(deps: PlantedStrikeDeps, condition: () => boolean, then: () => void, looks = 0): void {
  if (condition()) then();
  else if (looks < LOOKS_MAX) deps.later(LOOK_MS, () => when(deps, condition, then, looks + 1));
}

/** All brokers but one die; when that one has led alone for a while, it comes back first, on an empty disk. */
function loneLeader(brokers: readonly SimNode[], deps: PlantedStrikeDeps): boolean {
  const [lone, ...others] = shuffled(brokers, deps.prng);
  if (lone === undefined || others.some((node) => deps.isController(node))) return false;
  for (const node of others) {
    deps.trouble(node, ALONE_MS + 5000);
    deps.crash('process', node);
  }
  deps.later(ALONE_MS, () => {
    deps.wipe(lone, 0);
    for (const node of others) deps.later(deps.prng.below(2 * BACK_MAX_MS), () => deps.start(node));
  });
  return true;
}

/** A broker that led goes on by itself; others lead, a log of it is cut when it hears them again, and its power goes. */
function powerBehindCut(brokers: readonly SimNode[], deps: PlantedStrikeDeps): boolean {
  const [node] = shuffled(brokers, deps.prng);
  if (node === undefined) return false;
  deps.isolate(node, APART_MS);
  deps.trouble(node, APART_MS + 2000);
  deps.whenCut(node, () =>
    deps.later(deps.prng.below(BEHIND_CUT_MS), () => {
      deps.crash('power', node);
      deps.later(DARK_MS, () => deps.start(node));
    }),
  );
  return true;
}

function shuffled(nodes: readonly SimNode[], prng: Prng): SimNode[] {
  const left = [...nodes];
  return nodes.flatMap(() => left.splice(prng.below(left.length), 1));
}
