import { createPrng } from '../../../broker/core/base/prng.ts';
import { type ReplicationWorldOptions, ReplicationWorld } from './replication-world.ts';

const TOPIC = 't';
const PARTITIONS = 3;
const PATIENCE_MS = 120_000;

/** What a run of one seed gave. */
export interface ChaosOutcome {
  readonly problems: readonly string[];
  readonly acknowledged: number;
  readonly strikes: readonly string[];
}

/**
 * Three brokers under load while their processes die, their power goes and they stand still, one at a time; at the end every acknowledged
 * record has to be there once and in the order sent, and the replicas have to be the same.
 */
export function runChaos(
  seed: number,
  options: ReplicationWorldOptions & {
    /** Replicas move between the brokers all the time. */
    readonly moves?: boolean;
  } = {},
  durationMs = 20_000,
): ChaosOutcome {
  const prng = createPrng(seed);
  const world = new ReplicationWorld(seed, { diskLatencyMs: 1 + prng.below(20), ...options }).start();
  const settings = { 'min.insync.replicas': '2' };
  world.createTopic(TOPIC, { partitions: PARTITIONS, replicas: 3, settings });
  const sent: string[][] = Array.from({ length: PARTITIONS }, () => []);
  const strikes: string[] = [];
  const problems: string[] = [];
  const endMs = world.world.nowMs + durationMs;
  const load = (): void => {
    if (world.world.nowMs > endMs) return;
    const partition = prng.below(PARTITIONS);
    const list = sent[partition] ?? [];
    const values = Array.from(
      { length: 1 + prng.below(20) },
      (_, i) => `${partition}:${list.length + i}${'.'.repeat(prng.below(200))}`,
    );
    list.push(...values);
    world.send(TOPIC, values, { partition });
    world.world.schedule(prng.below(60), load);
  };
  load();
  const strike = (): void => {
    if (world.world.nowMs > endMs) return;
    strikes.push(strikeOne(world, prng));
    world.world.schedule(500 + prng.below(4000), strike);
  };
  world.world.schedule(500, strike);
  const move = (): void => {
    if (world.world.nowMs > endMs) return;
    moveOne(world, prng);
    world.world.schedule(prng.below(1200), move);
  };
  if (options.moves === true) move();
  try {
    world.world.runUntil(() => world.world.nowMs > endMs, durationMs * 2);
    for (const node of world.nodes) if (!node.isAlive) node.start();
    world.until('everything is in', () => world.nodes.every(({ isReady }) => isReady), PATIENCE_MS);
    const count = sent.reduce((sum, list) => sum + list.length, 0);
    world.until(
      'all is answered',
      () => world.produced.acknowledged.size + world.produced.failed.size >= count,
      PATIENCE_MS,
    );
    world.until('nothing moves any more', () => isAtRest(world), PATIENCE_MS);
    world.untilInSync(TOPIC);
    for (let index = 0; index < PARTITIONS; index++) {
      world.untilSame(TOPIC, index);
      problems.push(...judge(world, sent[index] ?? [], index));
    }
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? '') : String(error));
  }
  for (const node of world.nodes) problems.push(...node.fatals.map((sentence) => `node ${node.id} ended: ${sentence}`));
  return { problems, acknowledged: world.produced.acknowledged.size, strikes };
}

/** Gives a partition other replicas, or takes that back; whatever the answer. */
function moveOne(world: ReplicationWorld, prng: { below: (bound: number) => number }): void {
  const node = world.nodes.find(({ isReady }) => isReady);
  const index = prng.below(PARTITIONS);
  const ids = world.nodes.map(({ id }) => id);
  for (let i = ids.length - 1; i > 0; i--) {
    const other = prng.below(i + 1);
    [ids[i], ids[other]] = [ids[other] ?? 0, ids[i] ?? 0];
  }
  const replicas = prng.below(5) === 0 ? null : ids.slice(0, 3);
  const partitions = [{ topic: TOPIC, index, replicas }];
  node?.submit({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true }, () => undefined);
}

function isAtRest(world: ReplicationWorld): boolean {
  return Array.from({ length: PARTITIONS }, (_, index) => world.partition(TOPIC, index)).every(
    ({ addingReplicas, removingReplicas }) => addingReplicas.length + removingReplicas.length === 0,
  );
}

function strikeOne(world: ReplicationWorld, prng: { below: (bound: number) => number }): string {
  const down = world.nodes.filter(({ isReady }) => !isReady);
  const node = world.node(prng.below(world.nodes.length));
  const at = `${Math.round(world.world.nowMs)}`;
  if (down.length > 0) return `${at} -`;
  switch (prng.below(4)) {
    case 0:
    case 1: {
      const kind = prng.below(2) === 0 ? 'power' : 'process';
      world.kill(node.id, kind);
      world.world.schedule(prng.below(6000), () => {
        if (!node.isAlive) node.start();
      });
      return `${at} ${kind} ${node.id}`;
    }
    case 2: {
      const ms = 50 + prng.below(4000);
      node.pause(ms);
      return `${at} pause ${node.id} for ${ms}`;
    }
    default: {
      // All of them at once.
      for (const one of world.nodes) {
        if (one.isAlive) world.kill(one.id, prng.below(2) === 0 ? 'power' : 'process');
        world.world.schedule(prng.below(1500), () => {
          if (!one.isAlive) one.start();
        });
      }
      return `${at} all`;
    }
  }
}

/** L1, L2: what was acknowledged is there once, and in order. */
function judge(world: ReplicationWorld, sent: readonly string[], index: number): string[] {
  const found = world.logOf(world.leader(TOPIC, index), TOPIC, index).map((line) => line.slice(line.indexOf(' ') + 1));
  const places = new Map<string, number>();
  const problems: string[] = [];
  for (const [at, value] of found.entries()) {
    if (places.has(value)) problems.push(`${value.split('.')[0]} is there twice`);
    places.set(value, at);
  }
  const known = new Set(sent);
  for (const value of found) if (!known.has(value)) problems.push(`nobody sent ${value}`);
  let last = -1;
  for (const value of sent) {
    const place = places.get(value);
    if (place === undefined) {
      if (world.produced.acknowledged.has(value)) problems.push(`${value.split('.')[0]} is lost`);
      continue;
    }
    if (place < last) problems.push(`${value.split('.')[0]} is out of order`);
    last = place;
  }
  return problems;
}
