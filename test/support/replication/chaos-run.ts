import { createPrng } from '../../../broker/core/base/prng.ts';
import type { PartitionView } from '../../../broker/core/metadata/view.ts';
import type { Disk } from '../../../broker/ports/disk.ts';
import type { SimDisk } from '../../sim/disk.ts';
import type { SimNode } from '../../sim/node.ts';
import type { World } from '../../sim/world.ts';
import { wrapFiles } from '../wrapped-disk.ts';
import { type ReplicationWorldOptions, ReplicationWorld } from './replication-world.ts';

const TOPIC = 't';
const PARTITIONS = 3;
const PATIENCE_MS = 120_000;
/** What the syncs of the topic's logs take besides where durability is switched, by node: the metadata is ahead of them. */
const SLOW_SYNCS_MS = [100, 300, 500];

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
    /** Durability is switched all the time; what strikes is what nothing may be lost by (D3). */
    readonly switches?: boolean;
  } = {},
  durationMs = 20_000,
): ChaosOutcome {
  const prng = createPrng(seed);
  const latencies = {
    diskLatencyMs: 1 + prng.below(20),
    ...(options.switches === true && { wrapDisk: withSlowSyncs }),
  };
  const world = new ReplicationWorld(seed, { ...latencies, ...options }).start();
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
    strikes.push(options.switches === true ? strikeSafely(world, prng) : strikeOne(world, prng));
    world.world.schedule(500 + prng.below(4000), strike);
  };
  world.world.schedule(500, strike);
  if (options.switches === true) switchAllTheTime(world, prng, { endMs, strikes });
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
      startLater(world, node, prng.below(6000));
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
        startLater(world, one, prng.below(1500));
      }
      return `${at} all`;
    }
  }
}

function withSlowSyncs(id: number, time: World, disk: SimDisk): Disk {
  const slowMs = SLOW_SYNCS_MS[id % SLOW_SYNCS_MS.length] ?? 0;
  const isSlow = (path: string): boolean => path.startsWith(`/data/${TOPIC}-`) && path.endsWith('.log');
  return wrapFiles(disk, isSlow, (file) => ({ sync: (done) => void time.schedule(slowMs, () => file.sync(done)) }));
}

function setDurability(world: ReplicationWorld, value: 'fsync' | 'replicated'): void {
  const node = world.nodes.find(({ isReady }) => isReady);
  const operations = [{ name: 'weir.durability', operation: 'set', value }] as const;
  const resources = [{ scope: 'topic', name: TOPIC, operations }] as const;
  node?.submit({ kind: 'alterConfigs', resources, validateOnly: false }, () => undefined);
}

/** Switches durability to and fro. When everything counts as synced the power of all goes: a mark that came too early loses records. */
function switchAllTheTime(
  world: ReplicationWorld,
  prng: { below: (bound: number) => number },
  { endMs, strikes }: { readonly endMs: number; readonly strikes: string[] },
): void {
  const strikeWhenMarked = (): void => {
    if (isMarked(world)) strikes.push(strikeAll(world, prng));
    else if (world.world.nowMs < endMs) world.world.schedule(1, strikeWhenMarked);
  };
  const turn = (isDurable: boolean): void => {
    if (world.world.nowMs > endMs) return;
    setDurability(world, isDurable ? 'fsync' : 'replicated');
    if (isDurable) strikeWhenMarked();
    world.world.schedule(500 + prng.below(2000), () => turn(!isDurable));
  };
  turn(false);
}

/** Whether every node runs, and all know the partitions to be so. */
function everywhere(world: ReplicationWorld, isSo: (partition: PartitionView) => boolean): boolean {
  return world.nodes.every((node) => {
    const partitions = node.isReady && !node.isAsleep ? node.view?.topicByName(TOPIC)?.partitions : undefined;
    return partitions?.every(isSo) === true;
  });
}

/** Whether everything that counts is synced on all that count. */
const isMarked = (world: ReplicationWorld): boolean =>
  everywhere(world, ({ durableFromEpoch }) => durableFromEpoch >= 0);

/** Strikes one while all are in sync, or all of them when what counts is synced. */
function strikeSafely(world: ReplicationWorld, prng: { below: (bound: number) => number }): string {
  const at = `${Math.round(world.world.nowMs)}`;
  if (prng.below(3) === 0 && isMarked(world)) return strikeAll(world, prng);
  if (!everywhere(world, ({ isr, replicas }) => isr.length === replicas.length)) return `${at} -`;
  const node = world.node(prng.below(world.nodes.length));
  if (prng.below(3) === 0) {
    node.pause(50 + prng.below(4000));
    return `${at} pause ${node.id}`;
  }
  world.kill(node.id, 'power');
  startLater(world, node, prng.below(4000));
  return `${at} power ${node.id}`;
}

function strikeAll(world: ReplicationWorld, prng: { below: (bound: number) => number }): string {
  for (const node of world.nodes) {
    world.kill(node.id, 'power');
    startLater(world, node, prng.below(1500));
  }
  return `${Math.round(world.world.nowMs)} power of all`;
}

function startLater(world: ReplicationWorld, node: SimNode, delayMs: number): void {
  world.world.schedule(delayMs, () => {
    if (!node.isAlive) node.start();
  });
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
