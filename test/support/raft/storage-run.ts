import { Buffer } from 'node:buffer';
import { createPrng, type Prng } from '../../../broker/core/base/prng.ts';
import type { Entry, HardState, LogPlace, ReplicaKey } from '../../../broker/core/raft/types.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import type { Disk } from '../../../broker/ports/disk.ts';
import { encodeCheckpoint } from '../../../broker/server/control/raft-checkpoint.ts';
import type { OpenedRaft } from '../../../broker/server/control/raft-storage.ts';
import { SELF, StorageBench, textOf, THREE } from './storage-bench.ts';

/** How a run is made. */
export interface StorageRunOptions {
  readonly isLone: boolean;
  /** Spoils a bit of a file after some of the crashes. */
  readonly rots: boolean;
  /** Puts a faulty disk in front of the simulated one. */
  readonly plant?: (disk: Disk) => Disk;
  readonly losesDirectorySyncs?: boolean;
}

/** What a log is after one write more. */
interface Version {
  readonly hardState: HardState;
  /** What a leader's snapshot, or the formation, stands for. */
  readonly base: LogPlace;
  /** Behind `base`. */
  readonly entries: readonly Entry[];
}

const LIVES = 6;

/**
 * One seeded history of a replica's disk: writes as core/raft gives them out, snapshots taken and taken over, full disks, and
 * crashes of the process or of the machine in between; then what a life before was told is compared with what is there.
 */
export class StorageRun {
  readonly #seed: number;
  readonly #options: StorageRunOptions;
  readonly #prng: Prng;
  readonly #bench: StorageBench;
  readonly #voters: readonly ReplicaKey[];
  /** After each write of this life; the first is what it began with. */
  #versions: Version[] = [];
  /** Writes that were told, in order. */
  #told: number[] = [0];
  #committed = 0;
  /** Places of snapshots that were asked to be kept in this life, and the last that was said to be. */
  #kept: LogPlace[] = [];
  #keptIndex = 0;
  #isInstalling = false;
  /** What happened, for a look at how much the runs try. */
  readonly counts = {
    writes: 0,
    cuts: 0,
    kept: 0,
    installed: 0,
    crashes: 0,
    torn: 0,
    alarms: 0,
    damaged: 0,
    rotted: 0,
    stopped: 0,
  };

  constructor(seed: number, options: StorageRunOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#prng = createPrng(seed);
    this.#voters = options.isLone ? [SELF] : THREE;
    this.#bench = StorageBench.formed(seed, this.#voters);
    this.#bench.crash(false);
    if (options.plant !== undefined) this.#bench.diskInUse = options.plant(this.#bench.diskInUse);
    this.#bench.disk.faults.loseDirectorySyncs = options.losesDirectorySyncs ?? false;
  }

  run(): void {
    try {
      this.#begin(this.#bench.open());
      for (let life = 0; life < LIVES; life += 1) {
        for (let i = this.#prng.below(40); i > 0; i -= 1) {
          this.#something();
          this.#bench.time.advance(this.#prng.chance(0.5) ? 0 : this.#prng.below(40));
          if (this.#bench.fatal !== null) throw new Error(`gave up: ${this.#bench.fatal}`);
        }
        if (!this.#crash()) return;
      }
    } catch (error) {
      throw new Error(`seed ${this.#seed}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
    }
  }

  get #last(): Version {
    const last = this.#versions.at(-1);
    if (last === undefined) throw new Error('bug: no version');
    return last;
  }

  #begin(opened: OpenedRaft): void {
    const { start } = opened;
    if (start === null) throw new Error('the log is not there');
    if (start.hardState.term < (start.entries.at(-1)?.term ?? start.snapshot.place.term))
      throw new Error('the term is lost');
    this.#versions = [{ hardState: start.hardState, base: start.snapshot.place, entries: start.entries }];
    this.#told = [0];
    this.#committed = start.snapshot.place.index;
    this.#kept = [];
    this.#keptIndex = start.snapshot.place.index;
    this.#isInstalling = false;
    opened.storage.onWritten((write) => {
      if (write <= (this.#told.at(-1) ?? 0)) throw new Error(`write ${write} is told again`);
      this.#told.push(write);
    });
  }

  #something(): void {
    const action = this.#prng.below(100);
    if (action < 20) this.#vote();
    else if (action < 60) this.#append(false);
    else if (action < 70) this.#append(!this.#options.isLone);
    else if (action < 80) this.#commit();
    else if (action < 90) this.#keep();
    else if (action < 95) this.#fill();
    else if (!this.#options.isLone) this.#install();
  }

  #vote(): void {
    const { hardState, entries, base } = this.#last;
    const { term } = hardState;
    const isNew = this.#prng.chance(0.5);
    const votedFor = isNew ? null : (this.#voters[this.#prng.below(this.#voters.length)] ?? null);
    const end = base.index + entries.length;
    const isHealed = end >= hardState.damagedUpTo && this.#prng.chance(0.5);
    const damagedUpTo = isHealed ? 0 : hardState.damagedUpTo;
    const damagedTerm = isHealed ? 0 : hardState.damagedTerm;
    this.#write({ hardState: { term: isNew ? term + 1 : term, votedFor, damagedUpTo, damagedTerm } });
  }

  #append(isCut: boolean): void {
    if (this.#isInstalling) return;
    const { hardState, entries, base } = this.#last;
    const end = base.index + entries.length;
    const from = isCut ? this.#committed + 1 + this.#prng.below(Math.max(1, end - this.#committed)) : end + 1;
    if (isCut && from > end) return;
    // What cuts is of a later term than what is cut.
    const term = isCut ? hardState.term + 1 : Math.max(1, hardState.term);
    const isTermNew = term !== hardState.term;
    const added: Entry[] = [];
    for (let i = 1 + this.#prng.below(3); i > 0; i -= 1) added.push(this.#entry(from + added.length, term));
    if (isCut) this.counts.cuts += 1;
    this.#write({
      entries: added,
      ...(isCut ? { truncateFrom: from } : {}),
      ...(isTermNew ? { hardState: { ...hardState, term, votedFor: null } } : {}),
    });
  }

  #entry(index: number, term: number): Entry {
    const kind = this.#prng.below(10);
    if (kind === 0) return { index, term, body: { kind: 'no-op' } };
    if (kind === 1 && !this.#options.isLone) return { index, term, body: { kind: 'voters', voters: THREE } };
    const payload = Buffer.from(`${this.#prng.uint32()} ${'x'.repeat(this.#prng.below(2000))}`);
    return { index, term, body: { kind: 'batch', payload } };
  }

  #write(parts: { truncateFrom?: number; entries?: readonly Entry[]; hardState?: HardState }): void {
    const { hardState, entries, base } = this.#last;
    const kept = parts.truncateFrom === undefined ? entries : entries.slice(0, parts.truncateFrom - base.index - 1);
    this.#versions.push({
      hardState: parts.hardState ?? hardState,
      base,
      entries: [...kept, ...(parts.entries ?? [])],
    });
    this.counts.writes += 1;
    this.#bench.write(parts);
  }

  #commit(): void {
    const { entries, base } = this.#last;
    const end = base.index + entries.length;
    this.#committed += this.#prng.below(end - this.#committed + 1);
  }

  #keep(): void {
    const { base } = this.#last;
    const index = Math.max(base.index, this.#keptIndex) + this.#prng.below(this.#committed + 1 - base.index);
    const term = this.#termAt(index);
    if (this.#isInstalling || index > this.#committed || term === null) return;
    const place = { index, term };
    this.#kept.push(place);
    const content = { payload: contentOf(place), offset: index };
    this.#bench.storage.keepSnapshot({ place, voters: this.#voters }, content, () => {
      this.#keptIndex = Math.max(this.#keptIndex, index);
      this.counts.kept += 1;
    });
  }

  #termAt(index: number): number | null {
    const { entries, base } = this.#last;
    return index === base.index ? base.term : (entries[index - base.index - 1]?.term ?? null);
  }

  /** The disk is full for a while. */
  #fill(): void {
    const { faults } = this.#bench.disk;
    faults.fail = (operation) => (operation === 'write' || operation === 'open' ? 'ENOSPC' : null);
    this.#bench.time.advance(this.#prng.below(60));
    faults.fail = () => null;
    if (this.#prng.chance(0.5)) this.#bench.time.advance(3000);
  }

  /** A leader sends a snapshot; nothing is appended until it is taken over. */
  #install(): void {
    const { hardState, entries, base } = this.#last;
    if (this.#isInstalling || hardState.term === 0) return;
    const index = this.#committed + 1 + this.#prng.below(6);
    const isOwn = this.#termAt(index) !== null && this.#prng.chance(0.5);
    const place = { index, term: isOwn ? (this.#termAt(index) ?? 0) : hardState.term };
    const follows = this.#termAt(index) === place.term;
    const { chunks, sizeInBytes } = encodeCheckpoint(
      { place, voters: this.#voters, offset: index, payload: contentOf(place) },
      crc32c,
    );
    const bytes = Buffer.concat(chunks);
    const meta = { place, voters: this.#voters, sizeInBytes };
    const pieceBytes = 1 + this.#prng.below(sizeInBytes);
    this.#isInstalling = true;
    for (let position = 0; position < sizeInBytes; position += pieceBytes) {
      const data = bytes.subarray(position, position + pieceBytes);
      const isLast = position + data.length === sizeInBytes;
      const next = { ...this.#last, base: place, entries: follows ? entries.slice(index - base.index) : [] };
      this.#versions.push(isLast ? next : this.#last);
      const write = this.#bench.writePiece({ meta, position, data, isLast });
      if (isLast) this.#whenTold(write, place);
    }
  }

  #whenTold(write: number, place: LogPlace): void {
    this.#bench.time.after(1, () => {
      if ((this.#told.at(-1) ?? 0) < write) {
        this.#whenTold(write, place);
        return;
      }
      this.#isInstalling = false;
      this.#committed = Math.max(this.#committed, place.index);
      this.#keptIndex = Math.max(this.#keptIndex, place.index);
      this.counts.installed += 1;
    });
  }

  /** Ends a life and begins the next; false when that is not possible any more, as it should be. */
  #crash(): boolean {
    this.counts.crashes += 1;
    const isPowerCut = this.#prng.chance(0.6);
    this.#bench.crash(!isPowerCut);
    const isRotten = this.#options.rots && this.#prng.chance(0.5);
    if (isRotten) this.#rot();
    // Opening is cut off, too, where what was cut is not to be told once more.
    for (; !(isRotten && this.#options.isLone) && this.#prng.chance(0.3); ) {
      this.#bench.openFor(this.#prng.below(50));
      this.#bench.crash(this.#prng.chance(0.3));
    }
    let opened: OpenedRaft;
    try {
      opened = this.#bench.open();
    } catch (error) {
      if (!isRotten || !this.#options.isLone) throw error;
      this.counts.stopped += 1;
      return false;
    }
    this.#check(opened, isRotten);
    this.#begin(opened);
    return true;
  }

  #rot(): void {
    const paths = this.#bench.files();
    const path = paths[this.#prng.below(paths.length)] ?? '';
    const size = this.#bench.disk.peek(path)?.length ?? 0;
    if (size === 0) return;
    // Most of the state file is nothing.
    const isState = path.endsWith('state');
    const position = isState ? 4096 * this.#prng.below(4) + this.#prng.below(130) : this.#prng.below(size);
    this.#bench.flip(path, position, this.#prng.below(8));
    this.counts.rotted += 1;
  }

  #check(opened: OpenedRaft, isRotten: boolean): void {
    const { start, damage, cutBytes } = opened;
    if (start === null) throw new Error('the log is not there');
    if (cutBytes > 0) this.counts.torn += 1;
    const told = this.#told.at(-1) ?? 0;
    const latest = this.#versions.slice(told);
    const state = { ...start.hardState, damagedUpTo: 0, damagedTerm: 0 };
    const isKnown = latest.some(({ hardState }) => isEqual({ ...hardState, damagedUpTo: 0, damagedTerm: 0 }, state));
    if (!isKnown) throw new Error(`the vote is lost: ${JSON.stringify(start.hardState)}`);
    if (latest.some((version) => this.#matches(version, opened))) {
      // A frame that was not told may be torn and its head in the state file: that can't be told from rot (V10).
      if (latest.every(({ hardState }) => hardState.damagedUpTo < start.hardState.damagedUpTo)) this.counts.alarms += 1;
      return;
    }
    if (damage === null) {
      // A lone voter cuts a bad last round, and says so (V10).
      const before = this.#versions.slice(this.#told.at(-2) ?? 0);
      const isCut = this.#options.isLone && isRotten && cutBytes > 0;
      if (isCut && before.some((version) => this.#matches(version, opened))) return;
      throw new Error(`lost without a word: ${describe(opened)}\nafter write ${told}: ${say(this.#versions[told])}`);
    }
    this.counts.damaged += 1;
    if (!isRotten) throw new Error(`lost what was synced: ${describe(opened)}\nafter write ${told}: ${say(latest[0])}`);
    if (this.#options.isLone) throw new Error('a lone voter is never damaged');
    // Any of those that may be there: what it was about to cut is not committed.
    const { damagedUpTo } = start.hardState;
    const needed = latest.map(({ base, entries, hardState }) =>
      Math.max(base.index + entries.length, hardState.damagedUpTo, 1),
    );
    if (damagedUpTo < Math.min(...needed)) {
      throw new Error(`damaged up to ${damagedUpTo} only: ${describe(opened)}\nafter write ${told}: ${say(latest[0])}`);
    }
  }

  /** True when what is there is this version, maybe with a snapshot in the place of what is committed. */
  #matches(version: Version, { start, snapshot }: OpenedRaft): boolean {
    if (start === null) return false;
    const { place } = start.snapshot;
    const places = [version.base, ...this.#kept];
    if (!places.some((one) => isEqual(one, place)) || place.index < Math.max(version.base.index, this.#keptIndex)) {
      return false;
    }
    if (place.index > 0 && !contentOf(place).equals(snapshot?.payload ?? Buffer.alloc(0))) return false;
    const behind = version.entries.slice(place.index - version.base.index);
    return isEqual(behind.map(textOf), start.entries.map(textOf));
  }
}

function contentOf({ index, term }: LogPlace): Buffer {
  return Buffer.from(`state at ${index}@${term} ${'s'.repeat((index * 37) % 700)}`);
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function say(version: Version | undefined): string {
  if (version === undefined) return 'nothing';
  const { hardState, base, entries } = version;
  const places = entries.map(({ index, term }) => `${index}@${term}`);
  return `${JSON.stringify(hardState)} ${base.index}@${base.term} | ${places.join(' ')}`;
}

function describe({ start, damage, cutBytes }: OpenedRaft): string {
  if (start === null) return 'nothing';
  const { hardState, snapshot, entries } = start;
  return `${say({ hardState, base: snapshot.place, entries })}, damage ${damage}, cut ${cutBytes}`;
}
