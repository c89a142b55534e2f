import { createPrng, type Prng } from '../../../broker/core/base/prng.ts';
import type { ControlWeather } from '../control-net.ts';
import type { PlantedKind } from './planted-strikes.ts';

/** What the network does to single messages, all the time. */
export const WEATHER_KINDS = ['loss', 'delay', 'duplicate', 'break'] as const;
/** What is done to a node, or between nodes, at a time. */
export const STRIKE_KINDS = [
  'isolate',
  'one-way',
  'flap',
  'split',
  'half-split',
  'power',
  'process',
  'blackout',
  'restart',
  'rolling',
  'pause',
  'blink',
  'slow-disk',
  'failing-disk',
  'lost-sync',
  'rot',
  'jump',
  'drift',
  'wipe',
  'exchange',
  'restore',
  'membership',
  'transfer',
  'reassign',
  'hang',
  'log-rot',
] as const;
/** Those of them that a part of the worlds has; drawn apart, so that the others stay what they are. */
const RARE_KINDS = ['hang', 'log-rot'] as const;
const RARE_PART = 0.25;

/** A fault of single messages. */
export type WeatherKind = (typeof WEATHER_KINDS)[number];
/** A fault that strikes somebody at a time. */
export type StrikeKind = (typeof STRIKE_KINDS)[number] | PlantedKind;
/** Any fault. */
export type FaultKind = WeatherKind | StrikeKind;

/** A node of a simulated cluster. */
export interface ClusterNodePlan {
  readonly id: number;
  readonly roles: readonly ('broker' | 'controller')[];
}

/** Everything that a seed decides beforehand about a cluster. */
export interface ClusterPlan {
  readonly size: 'small' | 'middle' | 'large';
  readonly nodes: readonly ClusterNodePlan[];
  readonly settings: Readonly<Record<string, string>>;
  readonly diskLatencyMs: number;
  /** How long clients and faults go on, ms. */
  readonly loadMs: number;
  /** Which faults there are in this world; none in some. */
  readonly swarm: readonly FaultKind[];
  /** Times of strikes after the load began, ms; what strikes is drawn then. */
  readonly strikesAtMs: readonly number[];
  /** The weather from a time on, ms after the load began. */
  readonly weathers: readonly { readonly atMs: number; readonly weather: ControlWeather }[];
  readonly clientCount: number;
  /** Longest pause of a client between two requests, ms. */
  readonly clientPauseMs: number;
  /** Topics that stay, and names of topics that come and go. */
  readonly lastingCount: number;
  readonly passingCount: number;
}

/** Strikes that can come one after the other; a seed has at least one of them, or too little would happen. */
const QUICK_KINDS = ['isolate', 'one-way', 'split', 'process', 'power', 'pause', 'blink', 'transfer'] as const;
const LOAD_MIN_MS = 60_000;
const LOAD_MORE_MS = 6000;
/** More than the ten that a seed must have to count: some find nothing to strike. */
const STRIKES_MIN = 14;
const STRIKES_MAX = 26;
/** After this part of the load nothing new strikes, so that what was begun comes to its end. */
const STRIKING_PART = 0.85;

function pick<T>(prng: Prng, choices: readonly T[]): T {
  const chosen = choices[prng.below(choices.length)];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
}

function between(prng: Prng, min: number, max: number): number {
  return min + prng.below(max - min + 1);
}

/** Decides what happens to the cluster of a seed; `kinds` in place of the faults that it would draw. */
export function planCluster(seed: number, kinds: readonly FaultKind[] | null = null): ClusterPlan {
  const prng = createPrng(seed ^ 0xc1_05_7e_12);
  const size = pick(prng, ['small', 'small', 'small', 'middle', 'middle', 'large'] as const);
  const loadMs = LOAD_MIN_MS + prng.below(LOAD_MORE_MS);
  const drawn = planSwarm(prng);
  const swarm = kinds ?? [...drawn, ...(drawn.length === 0 ? [] : planRare(seed))];
  const strikes = swarm.some((kind) => !isWeather(kind)) ? between(prng, STRIKES_MIN, STRIKES_MAX) : 0;
  return {
    size,
    nodes: planNodes(prng, size),
    settings: {
      'metadata.log.max.record.bytes.between.snapshots': pick(prng, ['3000', '20000', '20971520']),
      'offsets.topic.num.partitions': '1',
      'share.coordinator.state.topic.num.partitions': '1',
      'weir.journal.bytes': pick(prng, ['0', '65536']),
    },
    diskLatencyMs: pick(prng, [0.2, 1, 1, 3]),
    loadMs,
    swarm,
    strikesAtMs: Array.from({ length: strikes }, () => between(prng, 500, loadMs * STRIKING_PART)).toSorted(
      (a, b) => a - b,
    ),
    weathers: planWeathers(prng, swarm, loadMs),
    clientCount: between(prng, 12, 16),
    clientPauseMs: between(prng, 600, 1100),
    lastingCount: between(prng, 2, 5),
    passingCount: between(prng, 2, 5),
  };
}

/** Whether a kind of fault is one of the weather. */
export function isWeather(kind: FaultKind): kind is WeatherKind {
  return WEATHER_KINDS.some((one) => one === kind);
}

function planNodes(prng: Prng, size: ClusterPlan['size']): ClusterNodePlan[] {
  const both = ['broker', 'controller'] as const;
  const combined = (id: number): ClusterNodePlan => ({ id, roles: both });
  const controller = (id: number): ClusterNodePlan => ({ id, roles: ['controller'] });
  const broker = (id: number): ClusterNodePlan => ({ id, roles: ['broker'] });
  switch (size) {
    case 'small':
      return [combined(0), combined(1), combined(2)];
    case 'middle': {
      const brokers = between(prng, 2, 4);
      const isApart = prng.chance(0.6);
      return [
        ...[0, 1, 2].map(isApart ? controller : combined),
        ...Array.from({ length: isApart ? brokers : brokers - 1 }, (_, index) => broker(3 + index)),
      ];
    }
    default: {
      const controllers = between(prng, 4, 5);
      const isApart = prng.chance(0.5);
      const ids = Array.from({ length: controllers }, (_, index) => index);
      const brokerCount = between(prng, 5, 7);
      const apart = Array.from({ length: isApart ? brokerCount : brokerCount - controllers }, (_, index) =>
        broker(controllers + index),
      );
      return [...ids.map(isApart ? controller : combined), ...apart];
    }
  }
}

/** A random part of all kinds; lost syncs and rot are never in one world, a tenth of the worlds has none at all. */
function planSwarm(prng: Prng): FaultKind[] {
  if (prng.chance(0.1)) return [];
  const density = pick(prng, [0.1, 0.25, 0.5]);
  const without = pick(prng, ['lost-sync', 'rot'] as const);
  const isRare = (kind: FaultKind): boolean => RARE_KINDS.some((one) => one === kind);
  const kinds: FaultKind[] = [...WEATHER_KINDS, ...STRIKE_KINDS].filter(
    (kind) => !isRare(kind) && kind !== without && prng.chance(density),
  );
  if (!kinds.some((kind) => QUICK_KINDS.some((quick) => quick === kind))) kinds.push(pick(prng, QUICK_KINDS));
  return kinds;
}

function planRare(seed: number): FaultKind[] {
  const prng = createPrng(seed ^ 0x7a_4e_55);
  return RARE_KINDS.filter(() => prng.chance(RARE_PART));
}

function planWeathers(prng: Prng, swarm: readonly FaultKind[], loadMs: number): ClusterPlan['weathers'] {
  if (!swarm.some(isWeather)) return [];
  return Array.from({ length: between(prng, 1, 4) }, () => {
    const isFair = prng.chance(0.3);
    const has = (kind: WeatherKind): boolean => !isFair && swarm.includes(kind);
    return {
      atMs: prng.below(loadMs * STRIKING_PART),
      weather: {
        delayMaxMs: has('delay') ? pick(prng, [20, 100, 400, 1200]) : 2,
        lossChance: has('loss') ? pick(prng, [0.01, 0.05, 0.2]) : 0,
        duplicateChance: has('duplicate') ? pick(prng, [0.05, 0.3]) : 0,
        breakChance: has('break') ? pick(prng, [0.001, 0.01, 0.05]) : 0,
        keepaliveMs: between(prng, 1000, 8000),
      },
    };
  }).toSorted((a, b) => a.atMs - b.atMs);
}
