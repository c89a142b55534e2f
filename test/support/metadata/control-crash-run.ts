import type { Disk, DiskFile } from '../../../broker/ports/disk.ts';
import { ControlWorld, creation, type Life } from './control-world.ts';

/** Mistakes that a correct checker must notice. */
export type ControlBug = 'no-file-sync' | 'no-directory-sync' | 'answer-before-sync';

/** One seeded history of a control plane under crashes, and its checks. Throws what it finds wrong, with the seed. */
export class ControlCrashRun {
  readonly #seed: number;
  readonly #world: ControlWorld;
  /** Topics whose creation was answered with success; and all that were ever asked for. */
  readonly #acknowledged = new Set<string>();
  readonly #asked = new Set<string>();
  #epoch = -1;
  #producerIdEnd = 0;
  #count = 0;
  /** Files written by snapshots, for the report that the run was worth something. */
  snapshots = 0;

  constructor(seed: number, options: { readonly bug?: ControlBug } = {}) {
    this.#seed = seed;
    this.#world = new ControlWorld(seed, { 'metadata.log.max.record.bytes.between.snapshots': '900' });
    const { disk } = this.#world;
    if (options.bug === 'no-file-sync') disk.faults.loseFileSyncs = true;
    if (options.bug === 'no-directory-sync') disk.faults.loseDirectorySyncs = true;
    if (options.bug === 'answer-before-sync') this.#world.diskForNode = answeringEarly(disk);
  }

  run(): void {
    try {
      const { prng } = this.#world.world;
      for (let lives = 2 + prng.below(5); lives > 0; lives -= 1) this.#live();
    } catch (error) {
      throw new Error(`seed ${this.#seed}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  #live(): void {
    const { world } = this.#world;
    const life = this.#world.ready();
    this.#check(life);
    for (let steps = world.prng.below(25); steps > 0; steps -= 1) this.#step(life);
    this.snapshots += this.#world.files().filter((name) => /^[0-9]*[1-9][0-9]*\.checkpoint$/.test(name)).length;
    world.runFor(world.prng.below(15));
    if (world.prng.chance(0.25)) this.#world.wait<void>((done) => life.plane.shutdown(() => done(undefined)));
    this.#world.crash(world.prng.chance(0.3));
  }

  #step(life: Life): void {
    const { prng } = this.#world.world;
    if (prng.chance(0.15)) {
      const command = { kind: 'allocateProducerIds', brokerId: 0, brokerEpoch: life.plane.brokerEpoch } as const;
      life.plane.submit(command, 10_000, (outcome) => {
        if (outcome.kind !== 'allocateProducerIds' || outcome.errorCode !== 0) return;
        if (outcome.firstProducerId < this.#producerIdEnd)
          throw new Error(`producer ids from ${outcome.firstProducerId} were given away before`);
        this.#producerIdEnd = outcome.firstProducerId + outcome.producerIdCount;
      });
    } else {
      this.#count += 1;
      const name = `topic-${this.#count}`;
      this.#asked.add(name);
      life.plane.submit(creation(name, 1 + prng.below(3)), 10_000, (outcome) => {
        if (outcome.kind !== 'createTopics' || outcome.topics[0]?.errorCode !== 0) return;
        this.#acknowledged.add(name);
        if (life.plane.view.topicByName(name) === null) throw new Error(`${name} is acknowledged and not in the view`);
      });
    }
    this.#world.world.runFor(prng.below(8));
    if (life.fatal !== null) throw new Error(`fatal: ${life.fatal}`);
  }

  #check(life: Life): void {
    const names = new Set(life.plane.view.topics().map(({ name }) => name));
    for (const name of this.#acknowledged)
      if (!names.has(name)) throw new Error(`${name} was acknowledged and is gone`);
    for (const name of names) if (!this.#asked.has(name)) throw new Error(`${name} was never asked for`);
    if (life.plane.brokerEpoch <= this.#epoch)
      throw new Error(`broker epoch ${life.plane.brokerEpoch} after ${this.#epoch}`);
    this.#epoch = life.plane.brokerEpoch;
  }
}

/** A disk that reports a sync as done when it is asked for. */
function answeringEarly(disk: Disk): Disk {
  const early = (file: DiskFile): DiskFile => ({
    path: file.path,
    write: (position, chunks, done) => file.write(position, chunks, done),
    read: (position, length, done) => file.read(position, length, done),
    sync: (done) => {
      file.sync(() => undefined);
      file.size(() => done(null, undefined));
    },
    truncate: (size, done) => file.truncate(size, done),
    size: (done) => file.size(done),
    close: (done) => file.close(done),
  });
  return {
    open: (path, options, done) =>
      disk.open(path, options, (failure, file) => done(failure, file === undefined ? undefined : early(file))),
    readFile: (path, sizeMax, done) => disk.readFile(path, sizeMax, done),
    fileSize: (path, done) => disk.fileSize(path, done),
    list: (path, done) => disk.list(path, done),
    makeDirectory: (path, done) => disk.makeDirectory(path, done),
    rename: (from, to, done) => disk.rename(from, to, done),
    remove: (path, done) => disk.remove(path, done),
    syncDirectory: (path, done) => disk.syncDirectory(path, done),
    space: (path, done) => disk.space(path, done),
  };
}
