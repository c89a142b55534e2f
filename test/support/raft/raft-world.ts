import { Buffer } from 'node:buffer';
import { createPrng, type Prng } from '../../../broker/core/base/prng.ts';
import { Raft } from '../../../broker/core/raft/raft.ts';
import { NO_RAFT_BUGS, type RaftBugs } from '../../../broker/core/raft/planted-bugs.ts';
import {
  type Effect,
  type Entry,
  type HardState,
  type Input,
  keyOf,
  type Message,
  type ReplicaKey,
  type SnapshotMeta,
} from '../../../broker/core/raft/types.ts';

/** E of SAFETY.md F2, ms. */
export const ELECTION_TIMEOUT_MS = 600;
const HEARTBEAT_MS = 100;

/** What a replica's disk holds. */
export interface RaftDisk {
  hardState: HardState;
  snapshot: SnapshotMeta;
  entries: Entry[];
}

/** What happens in a world. Times in virtual ms, chances in [0, 1]. */
export interface RaftWeather {
  readonly delayMaxMs: number;
  readonly lossChance: number;
  readonly duplicateChance: number;
  readonly diskMaxMs: number;
}

/** Everything works, a little late. */
export const FAIR: RaftWeather = { delayMaxMs: 4, lossChance: 0, duplicateChance: 0, diskMaxMs: 3 };

/** One replica: the state machine under test, and a host as simple as can be. */
export class RaftNode {
  readonly key: ReplicaKey;
  readonly disk: RaftDisk;
  raft: Raft | null = null;
  /** Raised by each crash: what an earlier life asked for does not happen. */
  life = 0;
  /** Does not run until then; what comes meanwhile waits. */
  pausedUntilMs = 0;
  /** Entries that this life applied, and how far. */
  applied = 0;
  /** Messages that wait for a write, and writes under way. */
  readonly waiting: { readonly afterWrite: number; readonly message: Message }[] = [];
  diskBusyUntilMs = 0;
  /** What has come of a leader's snapshot. */
  incoming: Buffer = Buffer.alloc(0);

  constructor(key: ReplicaKey, disk: RaftDisk) {
    this.key = key;
    this.disk = disk;
  }
}

type Event = { readonly atMs: number; readonly run: () => void };

/** What the host of a world is told. */
export interface RaftObserver {
  /** Entries are applied by a replica; `from` is the first index. */
  readonly onApply?: (node: RaftNode, entry: Entry) => void;
  readonly onRestore?: (node: RaftNode, meta: SnapshotMeta) => void;
  readonly onEffect?: (node: RaftNode, effect: Effect) => void;
  readonly onMessage?: (message: Message) => void;
}

/** Replicas on a virtual clock, disks and network. Deterministic. */
export class RaftWorld {
  readonly prng: Prng;
  readonly nodes = new Map<string, RaftNode>();
  nowMs = 0;
  weather: RaftWeather = FAIR;
  /** Pairs `from>to` of node ids whose messages are lost. */
  readonly cut = new Set<string>();
  readonly #bugs: RaftBugs;
  readonly #observer: RaftObserver;
  /** By time, the soonest last. */
  readonly #events: Event[] = [];

  constructor(seed: number, options: { readonly bugs?: RaftBugs; readonly observer?: RaftObserver } = {}) {
    this.prng = createPrng(seed);
    this.#bugs = options.bugs ?? NO_RAFT_BUGS;
    this.#observer = options.observer ?? {};
  }

  /** A replica with an empty disk, formed with these voters; of none it joins later (V11). */
  add(key: ReplicaKey, voters: readonly ReplicaKey[]): RaftNode {
    const node = new RaftNode(key, {
      hardState: { term: 0, votedFor: null, damagedUpTo: 0, damagedTerm: 0 },
      snapshot: { place: { index: 0, term: 0 }, voters, sizeInBytes: 0 },
      entries: [],
    });
    this.nodes.set(keyOf(key), node);
    return node;
  }

  start(node: RaftNode): void {
    node.life += 1;
    const { life } = node;
    const { hardState, snapshot, entries } = node.disk;
    node.applied = snapshot.place.index;
    node.waiting.length = 0;
    node.diskBusyUntilMs = this.nowMs;
    node.raft = new Raft(
      {
        self: node.key,
        electionTimeoutMs: ELECTION_TIMEOUT_MS,
        heartbeatIntervalMs: HEARTBEAT_MS,
        random: () => this.prng.uint32() / 0x1_0000_0000,
        uncommittedBytesMax: 20_000,
        appendCountMax: 4,
        appendBytesMax: 2000,
        bugs: this.#bugs,
      },
      { hardState, snapshot, entries: [...entries] },
      this.nowMs,
    );
    if (snapshot.place.index > 0) this.#observer.onRestore?.(node, snapshot);
    this.#wake(node, life);
  }

  /** The process dies: writes that were not synced are lost, or not. */
  crash(node: RaftNode): void {
    node.raft = null;
    node.life += 1;
  }

  give(node: RaftNode, input: Input): void {
    if (node.raft === null) return;
    if (this.nowMs < node.pausedUntilMs) {
      const { life } = node;
      this.schedule(node.pausedUntilMs - this.nowMs, () => {
        if (node.life === life) this.give(node, input);
      });
      return;
    }
    const effects = node.raft.step(input, this.nowMs);
    for (const effect of effects) this.#carryOut(node, effect);
    this.#apply(node);
  }

  schedule(delayMs: number, run: () => void): void {
    const atMs = this.nowMs + delayMs;
    // The soonest is the last; of equal ones the first that was asked for.
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.atMs ?? 0) > atMs) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, { atMs, run });
  }

  /** Runs everything that is due within so many ms. */
  advance(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const next = this.#events.at(-1);
      if (next === undefined || next.atMs > endMs) break;
      this.#events.pop();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = endMs;
  }

  /** The replica that leads with a quorum, when there is exactly one. */
  leader(): RaftNode | null {
    const leaders = [...this.nodes.values()].filter((node) => node.raft?.state.role === 'leader');
    return leaders.toSorted((a, b) => (b.raft?.state.term ?? 0) - (a.raft?.state.term ?? 0))[0] ?? null;
  }

  #wake(node: RaftNode, life: number): void {
    if (node.life !== life || node.raft === null) return;
    const atMs = Math.max(this.nowMs + 1, Math.min(node.raft.wakeAtMs, this.nowMs + 50));
    this.schedule(atMs - this.nowMs, () => {
      if (node.life !== life) return;
      if (node.raft !== null && node.raft.wakeAtMs <= this.nowMs) this.give(node, { kind: 'tick' });
      this.#wake(node, life);
    });
  }

  #carryOut(node: RaftNode, effect: Effect): void {
    this.#observer.onEffect?.(node, effect);
    switch (effect.kind) {
      case 'write':
        this.#write(node, effect.write, () => {
          const { disk } = node;
          const first = disk.snapshot.place.index + 1;
          if (effect.truncateFrom !== undefined) disk.entries.length = Math.max(0, effect.truncateFrom - first);
          for (const entry of effect.entries ?? []) {
            if (entry.index >= first) disk.entries[entry.index - first] = entry;
          }
          if (effect.hardState !== undefined) disk.hardState = effect.hardState;
        });
        return;
      case 'write-snapshot':
        this.#write(node, effect.write, () => {
          node.incoming = Buffer.concat([node.incoming.subarray(0, effect.position), effect.data]);
          if (!effect.isLast) return;
          const { disk, incoming } = node;
          const isOne = incoming.every((byte) => byte === incoming[0]);
          if (!isOne || incoming.length !== effect.meta.sizeInBytes) {
            throw new Error(`${keyOf(node.key)} takes over a snapshot that is a mixture`);
          }
          const { index, term } = effect.meta.place;
          const at = disk.entries.findIndex((entry) => entry.index === index && entry.term === term);
          disk.entries = at < 0 ? [] : disk.entries.slice(at + 1);
          disk.snapshot = effect.meta;
        });
        return;
      case 'send':
        if (effect.afterWrite === 0) this.#post(effect.message);
        else node.waiting.push({ afterWrite: effect.afterWrite, message: effect.message });
        return;
      case 'read-piece':
        this.#readPiece(node, effect.to, effect.meta, effect.position);
        return;
      case 'restore':
        node.applied = Math.max(node.applied, effect.meta.place.index);
        this.#observer.onRestore?.(node, effect.meta);
        return;
      default:
    }
  }

  /** Writes end in order, each some time after the one before; a crash in between may keep it all the same. */
  #write(node: RaftNode, write: number, apply: () => void): void {
    const { life } = node;
    node.diskBusyUntilMs = Math.max(this.nowMs, node.diskBusyUntilMs) + this.prng.below(this.weather.diskMaxMs + 1);
    this.schedule(node.diskBusyUntilMs - this.nowMs, () => {
      if (node.life !== life) return;
      apply();
      this.give(node, { kind: 'written', write });
      const ready = node.waiting.filter(({ afterWrite }) => afterWrite <= write);
      node.waiting.splice(0, node.waiting.length, ...node.waiting.filter(({ afterWrite }) => afterWrite > write));
      for (const { message } of ready) this.#post(message);
    });
  }

  #readPiece(node: RaftNode, to: ReplicaKey, meta: SnapshotMeta, position: number): void {
    const { life } = node;
    // A host has one snapshot; its bytes are like no other replica's, nor like those of another place.
    if (node.disk.snapshot.place.index !== meta.place.index) return;
    const data = Buffer.alloc(Math.min(40, meta.sizeInBytes - position), 7 * meta.place.index + node.key.id);
    this.schedule(1, () => {
      if (node.life === life) this.give(node, { kind: 'piece-read', to, meta, position, data });
    });
  }

  #post(message: Message): void {
    this.#observer.onMessage?.(message);
    const { lossChance, duplicateChance, delayMaxMs } = this.weather;
    if (this.prng.chance(lossChance)) return;
    const copies = this.prng.chance(duplicateChance) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.schedule(this.prng.below(delayMaxMs + 1), () => {
        if (this.cut.has(`${message.from.id}>${message.to.id}`)) return;
        // Whoever has the node's address gets it; another disk is another replica.
        for (const node of this.nodes.values()) {
          if (node.key.id === message.to.id) this.give(node, { kind: 'message', message });
        }
      });
    }
  }

  #apply(node: RaftNode): void {
    const state = node.raft?.state;
    if (state === undefined) return;
    while (node.applied < state.committedIndex) {
      node.applied += 1;
      const entry = state.log.at(node.applied);
      if (entry === undefined) throw new Error(`entry ${node.applied} is committed and not there`);
      this.#observer.onApply?.(node, entry);
    }
  }
}
