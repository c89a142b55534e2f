import { Buffer } from 'node:buffer';
import type { RaftBugs } from '../../../broker/core/raft/planted-bugs.ts';
import { majorityOf } from '../../../broker/core/raft/quorum.ts';
import { type Effect, type Entry, isSame, keyOf, type ReplicaKey, type Term } from '../../../broker/core/raft/types.ts';
import { ELECTION_TIMEOUT_MS, FAIR, type RaftNode, RaftWorld } from './raft-world.ts';

/** How a run is made. */
export interface RaftRunOptions {
  readonly bugs?: RaftBugs;
  /** Voters at the beginning. */
  readonly voterCount?: number;
  /** Leaders hand over without what their disks have not synced. */
  readonly isStuck?: boolean;
}

interface Asked {
  readonly payload: string;
  /** The largest index that was committed anywhere when it was asked. */
  readonly committedBefore: number;
}

/** Something that was asked of a replica and not answered. */
interface Wish {
  readonly node: RaftNode;
  readonly life: number;
  /** The voter that it adds or removes; null for a transfer. */
  readonly voter: ReplicaKey | null;
}

const NODES = 5;

/**
 * One seeded history of a quorum: lost, late, repeated messages, cut links, crashes, pauses, slow disks, wiped disks, damaged
 * logs, changes of voters, transfers, snapshots; and what may never happen (Raft figure 3, thesis §6.4, Q1–Q4). At the end
 * everything works again, and the quorum has to, too.
 */
export class RaftRun {
  readonly #seed: number;
  readonly #world: RaftWorld;
  readonly #keys: ReplicaKey[] = [];
  /** By term: who led it. */
  readonly #leaders = new Map<Term, string>();
  /** By index: what somebody applied there first, and in which term it was by then: committed in that one or before. */
  readonly #applied: { readonly entry: Entry; readonly inTerm: Term }[] = [];
  readonly #reads = new Map<string, Asked>();
  readonly #wished = new Map<string, Wish>();
  /** The one replica whose disk lost something: more of them at once, and nothing can be promised. */
  #spoiled: ReplicaKey | null = null;
  readonly #isStuck: boolean;
  #tags = 0;
  #committedMax = 0;
  /** What happened, for a look at how much the runs try. */
  readonly counts = {
    leaders: 0,
    applied: 0,
    reads: 0,
    changes: 0,
    snapshots: 0,
    transfers: 0,
    wiped: 0,
    damaged: 0,
    returns: 0,
  };

  constructor(seed: number, options: RaftRunOptions = {}) {
    this.#seed = seed;
    this.#isStuck = options.isStuck ?? false;
    this.#world = new RaftWorld(seed, {
      ...(options.bugs === undefined ? {} : { bugs: options.bugs }),
      observer: {
        onApply: (node, entry) => this.#onApply(node, entry),
        onRestore: (_node, meta) => this.#onRestore(meta.place.index, meta.place.term),
        onEffect: (node, effect) => this.#onEffect(node, effect),
      },
    });
    const { prng } = this.#world;
    const count = options.voterCount ?? [1, 3, 3, 3, 5][prng.below(5)] ?? 3;
    for (let id = 0; id < NODES; id++) this.#keys.push({ id, directoryId: `disk-${id}` });
    const voters = this.#keys.slice(0, count);
    for (const key of this.#keys) this.#world.start(this.#world.add(key, voters));
  }

  run(): void {
    try {
      const { prng } = this.#world;
      for (let phase = 0; phase < 6; phase++) {
        this.#world.weather = prng.chance(0.3)
          ? FAIR
          : {
              delayMaxMs: prng.chance(0.5) ? 20 : prng.below(900),
              lossChance: prng.chance(0.5) ? 0 : prng.below(40) / 100,
              duplicateChance: prng.chance(0.5) ? 0 : 0.2,
              diskMaxMs: prng.chance(0.7) ? 5 : prng.below(500),
            };
        for (let i = prng.below(60); i > 0; i--) {
          this.#something();
          this.#world.advance(prng.chance(0.7) ? prng.below(60) : prng.below(900));
        }
      }
      for (let i = 0; i < 3; i++) this.#comeBack();
      this.#heal();
    } catch (error) {
      throw new Error(`seed ${this.#seed}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
    }
  }

  #alive(): RaftNode[] {
    return [...this.#world.nodes.values()].filter((node) => node.raft !== null);
  }

  #pick<T>(choices: readonly T[]): T | undefined {
    return choices[this.#world.prng.below(Math.max(1, choices.length))];
  }

  #something(): void {
    const { prng } = this.#world;
    const action = prng.below(100);
    if (action < 45) this.#propose();
    else if (action < 60) this.#read();
    else if (action < 66) this.#crashOne();
    else if (action < 74) this.#startAll();
    else if (action < 82) this.#cutSomething();
    else if (action < 85) this.#pauseOne();
    else if (action < 91) this.#changeVoters();
    else if (action < 94) this.#transfer();
    else if (action < 97) this.#snapshotOne();
    else if (action < 98) this.#damageOne();
    else this.#wipeOne();
  }

  /** Somebody who thinks that it leads, or anybody. */
  #someLeader(): RaftNode | undefined {
    const leaders = this.#alive().filter((node) => node.raft?.state.role === 'leader');
    return this.#pick(leaders.length > 0 ? leaders : this.#alive());
  }

  #propose(): void {
    const node = this.#someLeader();
    this.#tags += 1;
    if (node !== undefined) {
      const payload = Buffer.from(`value ${this.#tags} ${'x'.repeat(this.#world.prng.below(300))}`);
      this.#world.give(node, { kind: 'propose', payload, tag: this.#tags });
    }
  }

  #read(): void {
    const node = this.#someLeader();
    this.#tags += 1;
    if (node === undefined) return;
    this.#reads.set(String(this.#tags), { payload: '', committedBefore: this.#committedMax });
    this.#world.give(node, { kind: 'read', tag: this.#tags });
  }

  #crashOne(): void {
    const node = this.#pick(this.#alive());
    if (node !== undefined) this.#world.crash(node);
  }

  #startAll(): void {
    for (const node of this.#world.nodes.values()) if (node.raft === null) this.#world.start(node);
  }

  #cutSomething(): void {
    const { prng, cut } = this.#world;
    if (prng.chance(0.4)) {
      cut.clear();
      return;
    }
    const alone = prng.below(NODES);
    const isOneWay = prng.chance(0.4);
    for (let id = 0; id < NODES; id++) {
      if (prng.chance(0.2)) continue;
      cut.add(`${alone}>${id}`);
      if (!isOneWay) cut.add(`${id}>${alone}`);
    }
  }

  #pauseOne(): void {
    const node = this.#pick(this.#alive());
    if (node !== undefined) node.pausedUntilMs = this.#world.nowMs + this.#world.prng.below(4 * ELECTION_TIMEOUT_MS);
  }

  #changeVoters(): void {
    const node = this.#someLeader();
    const voters = node?.raft?.state.voters ?? [];
    const key = this.#pick(this.#keys);
    if (node === undefined || key === undefined) return;
    this.#tags += 1;
    const isVoter = voters.some((voter) => isSame(voter, key));
    if (isVoter && voters.length <= 2) return;
    // Whoever is whole stays as long as another one is not.
    if (isVoter && this.#isSpoiledAmong(voters) && !isSame(key, this.#spoiled)) return;
    this.#wished.set(String(this.#tags), { node, life: node.life, voter: key });
    this.#world.give(node, { kind: isVoter ? 'remove-voter' : 'add-voter', voter: key, tag: this.#tags });
  }

  #transfer(): void {
    const node = this.#someLeader();
    this.#tags += 1;
    if (node === undefined) return;
    this.#wished.set(String(this.#tags), { node, life: node.life, voter: null });
    this.#world.give(node, { kind: 'transfer', to: null, isStuck: this.#isStuck, tag: this.#tags });
  }

  #snapshotOne(): void {
    const node = this.#pick(this.#alive());
    const state = node?.raft?.state;
    if (node === undefined || state === undefined || this.#world.nowMs < node.pausedUntilMs) return;
    const index = Math.min(node.applied, state.log.durableIndex);
    if (index <= state.log.snapshot.place.index || state.log.termAt(index) === null) return;
    const sizeInBytes = 1 + this.#world.prng.below(100);
    this.#world.give(node, { kind: 'snapshot-taken', index, sizeInBytes });
    this.counts.snapshots += 1;
    // The host's own snapshot is durable before it says so.
    const { disk } = node;
    disk.entries = disk.entries.filter((entry) => entry.index > index);
    disk.snapshot = node.raft?.state.log.snapshot ?? disk.snapshot;
  }

  /** A voter's disk loses the end of its log, and knows it (V10). Only ever one of them, and only among three or more. */
  #damageOne(): void {
    const node = this.#pick(this.#alive());
    if (node === undefined || !this.#maySpoil(node.key)) return;
    this.#spoiled = node.key;
    this.#world.crash(node);
    const { disk } = node;
    const last = disk.entries.at(-1)?.index ?? 0;
    if (last > 0) {
      disk.entries = disk.entries.slice(0, this.#world.prng.below(disk.entries.length));
      disk.hardState = { ...disk.hardState, damagedUpTo: last, damagedTerm: disk.hardState.term };
      this.counts.damaged += 1;
    }
    this.#world.start(node);
  }

  /** A node gets an empty disk: it is another replica, and knows nobody (V11). Its old disk never comes back. */
  #wipeOne(): void {
    const { prng } = this.#world;
    const at = prng.below(NODES);
    const old = this.#keys[at];
    const node = old === undefined ? undefined : this.#world.nodes.get(keyOf(old));
    if (old === undefined || node === undefined || !this.#maySpoil(old)) return;
    this.#spoiled = old;
    this.counts.wiped += 1;
    this.#world.crash(node);
    this.#world.nodes.delete(keyOf(old));
    const fresh = { id: old.id, directoryId: `${old.directoryId}-again` };
    this.#keys[at] = fresh;
    this.#world.start(this.#world.add(fresh, []));
  }

  /** True when no set of voters that anybody has would be left without a majority of whole disks. */
  #maySpoil(key: ReplicaKey): boolean {
    const sets = [...this.#world.nodes.values()].flatMap(({ raft, disk }) => [
      ...(raft === null ? [] : [raft.state.voters]),
      ...disk.entries.flatMap(({ body }) => (body.kind === 'voters' ? [body.voters] : [])),
      disk.snapshot.voters,
    ]);
    sets.push(...this.#wishedVoters());
    const isComing = this.#alive().some(({ raft }) => {
      const change = raft?.state.leadership?.change;
      return change?.kind === 'catching-up' && isSame(change.voter, key);
    });
    if (isComing) return false;
    return sets.every((voters) => {
      const isOne = voters.some((voter) => isSame(voter, key));
      return !this.#isSpoiledAmong(voters) && (!isOne || voters.length >= 3);
    });
  }

  /** The voters that changes would make which somebody has been asked for, and has not come to: it may be paused. */
  #wishedVoters(): (readonly ReplicaKey[])[] {
    return [...this.#wished.values()].flatMap(({ node, life, voter }) => {
      const voters = node.life === life ? node.raft?.state.voters : undefined;
      if (voters === undefined || voter === null) return [];
      const others = voters.filter((other) => !isSame(other, voter));
      return [others.length < voters.length ? others : [...voters, voter]];
    });
  }

  #isSpoiledAmong(voters: readonly ReplicaKey[]): boolean {
    const spoiled = this.#spoiled;
    if (spoiled === null || !voters.some((voter) => isSame(voter, spoiled))) return false;
    const node = this.#world.nodes.get(keyOf(spoiled));
    return node === undefined || node.disk.hardState.damagedUpTo > 0;
  }

  #onEffect(node: RaftNode, effect: Effect): void {
    if (effect.kind === 'became' && effect.role === 'leader') this.#onLeader(node, effect.term);
    else if (effect.kind === 'readable') this.#onReadable(effect.tag, effect.index);
    else if (effect.kind === 'refused') this.#wished.delete(String(effect.tag));
    else if (effect.kind === 'done') {
      if (this.#wished.get(String(effect.tag))?.voter === null) this.counts.transfers += 1;
      else this.counts.changes += 1;
      this.#wished.delete(String(effect.tag));
    } else if (effect.kind === 'committed') {
      this.#committedMax = Math.max(this.#committedMax, effect.index);
    }
  }

  /** Election safety (Q1), and leader completeness: it has everything that was committed. */
  #onLeader(node: RaftNode, term: Term): void {
    const key = keyOf(node.key);
    const other = this.#leaders.get(term);
    if (other !== undefined && other !== key) throw new Error(`Q1: ${other} and ${key} lead term ${term}`);
    this.#leaders.set(term, key);
    this.counts.leaders += 1;
    const log = node.raft?.state.log;
    for (const applied of this.#applied) {
      if (applied === undefined || log === undefined || applied.entry.index < log.snapshot.place.index) continue;
      const { entry, inTerm } = applied;
      if (log.termAt(entry.index) !== entry.term && inTerm < term) {
        throw new Error(`Q2: the leader ${key} of term ${term} lacks entry ${entry.index} of term ${entry.term}`);
      }
    }
  }

  /** State machine safety: nobody applies another entry at an index. */
  #onApply(node: RaftNode, entry: Entry): void {
    const known = this.#applied[entry.index]?.entry;
    if (known === undefined) {
      this.#applied[entry.index] = { entry, inTerm: node.raft?.state.term ?? 0 };
      this.counts.applied += 1;
    } else if (known.term !== entry.term || known.body.kind !== entry.body.kind) {
      throw new Error(
        `Q2: ${keyOf(node.key)} applies entry ${entry.index} of term ${entry.term}, not of ${known.term}`,
      );
    }
  }

  #onRestore(index: number, term: Term): void {
    const known = this.#applied[index]?.entry;
    if (known !== undefined && known.term !== term) throw new Error(`Q2: a snapshot at ${index} of term ${term}`);
  }

  #onReadable(tag: number, index: number): void {
    const asked = this.#reads.get(String(tag));
    this.counts.reads += 1;
    if (asked !== undefined && index < asked.committedBefore) {
      throw new Error(
        `a read at ${index} misses what was committed up to ${asked.committedBefore} before it was asked`,
      );
    }
  }

  /**
   * Q3: a quorum that is healthy keeps its leader and its term, whoever was away and comes back: crashed, paused, cut off, deaf
   * for all or for the leader, so that it spoke of elections all the time; voters or not.
   */
  #comeBack(): void {
    const world = this.#world;
    const { prng } = world;
    this.#repair();
    world.advance(4 * ELECTION_TIMEOUT_MS);
    const leader = world.leader();
    const state = leader?.raft?.state;
    if (leader === null || state?.leadership?.change !== null || state.leadership.transfer !== null) return;
    const { term, voters } = state;
    const away = [...world.nodes.values()].filter((node) => node !== leader && prng.chance(0.5));
    const isHere = (voter: ReplicaKey): boolean => !away.some(({ key }) => isSame(key, voter));
    const isWhole = (voter: ReplicaKey): boolean => world.nodes.get(keyOf(voter))?.disk.hardState.damagedUpTo === 0;
    if (voters.filter((voter) => isHere(voter) && isWhole(voter)).length < majorityOf(voters.length)) return;
    for (const node of away) this.#leave(node, leader, prng.below(5));
    const isBusy = prng.chance(0.5);
    for (let i = 2 + prng.below(6); i > 0; i--) {
      if (isBusy) this.#propose();
      world.advance(ELECTION_TIMEOUT_MS);
    }
    this.#repair();
    world.advance(4 * ELECTION_TIMEOUT_MS);
    this.counts.returns += away.length;
    if (leader.raft?.state.role !== 'leader' || leader.raft.state.term !== term) {
      const names = away.map(({ key }) => key.id).join(', ');
      throw new Error(`Q3: ${leader.key.id} led term ${term} with a majority; ${names} came back: ${this.#describe()}`);
    }
  }

  /** It crashes, pauses, is cut off, hears nobody, or all but the leader. */
  #leave(node: RaftNode, leader: RaftNode, how: number): void {
    const { id } = node.key;
    if (how === 0) this.#world.crash(node);
    else if (how === 1) node.pausedUntilMs = this.#world.nowMs + 6 * ELECTION_TIMEOUT_MS;
    else if (how === 2) this.#world.cut.add(`${leader.key.id}>${id}`);
    else {
      for (let other = 0; other < NODES; other++) {
        this.#world.cut.add(`${other}>${id}`);
        if (how === 3) this.#world.cut.add(`${id}>${other}`);
      }
    }
  }

  #repair(): void {
    const world = this.#world;
    world.cut.clear();
    world.weather = FAIR;
    for (const node of world.nodes.values()) node.pausedUntilMs = 0;
    this.#startAll();
  }

  /** Everything works again: there is a leader, all voters have its log, and it stays. */
  #heal(): void {
    const world = this.#world;
    this.#repair();
    world.advance(20 * ELECTION_TIMEOUT_MS);
    const leader = world.leader();
    if (leader === null) throw new Error(`nobody leads: ${this.#describe()}`);
    const before = this.counts.applied;
    this.#tags += 1;
    world.give(leader, { kind: 'propose', payload: Buffer.from('last'), tag: this.#tags });
    world.advance(4 * ELECTION_TIMEOUT_MS);
    if (this.counts.applied <= before) throw new Error(`nothing is committed: ${this.#describe()}`);
    const { term, voters, log } = leader.raft?.state ?? { term: 0, voters: [], log: null };
    for (const voter of voters) {
      const state = world.nodes.get(keyOf(voter))?.raft?.state;
      if (state === undefined) continue;
      if (state.committedIndex !== log?.lastIndex) throw new Error(`${keyOf(voter)} is behind: ${this.#describe()}`);
    }
    // Q3: a quorum that works keeps its leader and its term, whoever else is there.
    world.advance(10 * ELECTION_TIMEOUT_MS);
    if (world.leader() !== leader || leader.raft?.state.term !== term) throw new Error(`Q3: ${this.#describe()}`);
  }

  #describe(): string {
    return [...this.#world.nodes.values()]
      .map((node) => `${keyOf(node.key)}: ${node.raft?.state.describe() ?? 'down'}`)
      .join('\n');
  }
}
