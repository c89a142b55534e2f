import type { ProducerClaim } from '../../../broker/core/log/producer-state.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from '../../../broker/core/log/producer-snapshot.ts';
import { SEQUENCE_MAX } from '../../../broker/core/record/batch.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import { writeAside } from '../../../broker/server/logs/disk-tasks.ts';
import type { PartitionLog } from '../../../broker/server/logs/partition-log.ts';
import { runTask } from '../../../broker/server/task.ts';
import { LogWorld, spec } from './log-world.ts';

const PRODUCERS = 4;
/** As many duplicates as must be told: a client has five in flight, to each of three leaders. */
const REMEMBERED = 15;

/** A batch that was appended. */
interface Appended extends ProducerClaim {
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** What a correct log knows of one producer at some end of the log. */
interface Known {
  readonly epoch: number;
  /** Its last batches in that epoch, oldest first, and one more that is to be forgotten. */
  readonly batches: readonly Appended[];
}

/** Mistakes that a correct checker must notice. */
export type ProducerBug = 'last-batch-only' | 'snapshots-lost';

/**
 * One seeded history of idempotent producers through starts of their node: whatever is claimed is judged as the model,
 * which remembers every batch of the log, judges it. Throws what it finds wrong, with the seed.
 */
export class ProducerRun {
  readonly #seed: number;
  readonly #world: LogWorld;
  readonly #spec;
  readonly #bug: ProducerBug | null;
  #history: Appended[] = [];

  constructor(seed: number, bug: ProducerBug | null = null) {
    this.#seed = seed;
    this.#bug = bug;
    this.#world = new LogWorld(seed, {
      snapshotIntervalBytes: 400 + (seed % 5) * 500,
      checkpointIntervalMs: 200,
      journalBytes: seed % 3 === 0 ? 0 : 32_768,
      directSyncsMax: 0,
      openFilesMax: 4,
    });
    this.#spec = spec('orders', { segmentBytes: 500 + (seed % 7) * 300, retentionMs: -1 });
  }

  run(): void {
    const { prng } = this.#world;
    try {
      this.#world.start();
      this.#adopt(this.#world.createOne(this.#spec));
      for (let life = 2 + prng.below(5); life > 0; life--) {
        for (let i = prng.below(50); i > 0; i--) this.#step();
        this.#endLife();
        this.#checkAll();
      }
    } catch (error) {
      throw new Error(`seed ${this.#seed}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
    }
  }

  #log(): PartitionLog {
    return this.#world.log(this.#spec);
  }

  /** Follows the log's progress as its leader would. */
  #adopt(log: PartitionLog): void {
    log.setListener({
      onProgress: (_written, durable) => log.setHighWatermark(durable),
      onState: (state, reason) => {
        throw new Error(`the log became ${state}: ${reason}`);
      },
    });
  }

  #step(): void {
    const { prng, time, opened } = this.#world;
    const log = this.#log();
    const action = prng.below(100);
    if (action < 60) this.#claim(log);
    else if (action < 85) for (let i = prng.below(12); i > 0; i--) time.step();
    else if (action < 90) time.advance(prng.below(400));
    else if (action < 93) {
      // Up to everything: the records of every producer may go.
      const room = log.highWatermark - log.logStartOffset;
      const to = prng.chance(0.5) ? log.highWatermark : log.logStartOffset + prng.below(room + 1);
      log.deleteRecordsBefore(to, () => undefined);
    } else if (action < 95) log.configure({ ...this.#spec.config, retentionBytes: 600 });
    else if (action < 97) opened.manager.runRetention();
    else if (action < 98) this.#truncate(log);
    else this.#checkAll();
  }

  #truncate(log: PartitionLog): void {
    // Leader epochs begin with a batch, so that a cut falls between two.
    const ends = this.#history.map((batch) => batch.lastOffset + 1).filter((end) => end >= log.logStartOffset);
    const to = ends[this.#world.prng.below(ends.length)];
    if (to === undefined) return;
    const { failure } = this.#world.attempt<void>((done) => log.truncateTo(to, done));
    if (failure !== null) throw new Error(JSON.stringify(failure));
    this.#history = this.#history.filter((batch) => batch.lastOffset < log.logEndOffset);
    this.#checkAll();
  }

  /** A client claims something, right or wrong; what is accepted is appended. */
  #claim(log: PartitionLog): void {
    const { prng } = this.#world;
    const producerId = 1 + prng.below(PRODUCERS);
    const known = this.#known(producerId);
    const count = 1 + prng.below(3);
    const claims = this.#claims(producerId, known, count);
    const claim = prng.chance(0.6) ? claims[0] : claims[prng.below(claims.length)];
    if (claim === undefined || !this.#judge(log, claim)) return;
    const { producerEpoch, baseSequence } = claim;
    const values = Array.from({ length: sequences(claim) }, () => 'x'.repeat(prng.below(120)));
    const baseOffset = log.logEndOffset;
    const end = this.#world.append(log, { values, producerId, producerEpoch, baseSequence });
    if (end === null) throw new Error('an open log refused an append');
    this.#history.push({ ...claim, baseOffset, lastOffset: end - 1 });
  }

  /** The right next claim and many others. */
  #claims(producerId: number, known: Known | null, count: number): readonly ProducerClaim[] {
    // An unknown producer may begin anywhere: half of them begin just before the largest sequence.
    const fresh = producerId % 2 === 0 ? 0 : SEQUENCE_MAX - 3;
    const next = known === null ? fresh : after(known.batches.at(-1)?.lastSequence ?? -1, 1);
    const producerEpoch = known?.epoch ?? 0;
    const at = (baseSequence: number, epoch = producerEpoch): ProducerClaim => ({
      producerId,
      producerEpoch: epoch,
      baseSequence,
      lastSequence: after(baseSequence, count - 1),
    });
    return [
      at(next),
      at(after(next, 1)),
      at(0, producerEpoch + 1),
      at(7, producerEpoch + 1),
      ...(producerEpoch > 0 ? [at(next, producerEpoch - 1)] : []),
      ...(known?.batches ?? []),
    ];
  }

  /** Compares the log's verdict with the model's; true when the batch may be appended. */
  #judge(log: PartitionLog, claim: ProducerClaim): boolean {
    const { producerId, producerEpoch, baseSequence, lastSequence } = claim;
    const wanted = this.#verdict(claim);
    const verdict = log.checkProducer({ producerId, producerEpoch, baseSequence, lastSequence });
    const got =
      verdict.kind === 'duplicate' ? `duplicate at ${verdict.baseOffset}-${verdict.lastOffset}` : verdict.kind;
    // Of what was appended long ago the log may know that it was, or not any more.
    const isLongAgo = verdict.kind === 'duplicate' && verdict.baseOffset === -1 && wanted === 'out-of-order-sequence';
    if (isLongAgo && this.#wasAppended(claim)) return false;
    if (got !== wanted) throw new Error(`${JSON.stringify(claim)} is ${got} where ${wanted} was due`);
    return got === 'accept';
  }

  #wasAppended({ producerId, producerEpoch, baseSequence, lastSequence }: ProducerClaim): boolean {
    const isThis = (one: ProducerClaim): boolean =>
      one.producerId === producerId && one.producerEpoch === producerEpoch;
    const isIn = (sequence: number, one: ProducerClaim): boolean =>
      one.baseSequence <= sequence && sequence <= one.lastSequence;
    const mine = this.#history.filter(isThis);
    return [baseSequence, lastSequence].every((sequence) => mine.some((one) => isIn(sequence, one)));
  }

  #verdict(claim: ProducerClaim): string {
    const known = this.#known(claim.producerId);
    if (known === null) return 'accept';
    if (claim.producerEpoch < known.epoch) return 'invalid-producer-epoch';
    if (claim.producerEpoch > known.epoch) return claim.baseSequence === 0 ? 'accept' : 'out-of-order-sequence';
    const original = known.batches
      .slice(-REMEMBERED)
      .find((batch) => batch.baseSequence === claim.baseSequence && batch.lastSequence === claim.lastSequence);
    if (original !== undefined) return `duplicate at ${original.baseOffset}-${original.lastOffset}`;
    const next = after(known.batches.at(-1)?.lastSequence ?? -1, 1);
    return claim.baseSequence === next ? 'accept' : 'out-of-order-sequence';
  }

  #known(producerId: number): Known | null {
    const own = this.#history.filter((batch) => batch.producerId === producerId);
    const epoch = own.at(-1)?.producerEpoch;
    if (epoch === undefined) return null;
    return { epoch, batches: own.filter((batch) => batch.producerEpoch === epoch).slice(-REMEMBERED - 1) };
  }

  #endLife(): void {
    const { prng } = this.#world;
    if (prng.chance(0.3)) this.#world.shutdown();
    else this.#world.stopDead({ keepPageCache: prng.chance(0.5) });
    this.#plant();
    this.#world.start();
    const log = this.#log();
    if (log.state !== 'open') throw new Error(`the log is ${log.state}: ${log.stateReason}`);
    this.#adopt(log);
    // Removed records stay in the history: their producers are remembered until they expire.
    this.#history = this.#history.filter((batch) => batch.lastOffset < log.logEndOffset);
  }

  /** Spoils the snapshots on disk as a mistaken writer would have. */
  #plant(): void {
    const { disk, time } = this.#world;
    for (const { path } of this.#bug === null ? [] : disk.files()) {
      if (!path.endsWith('.snapshot')) continue;
      if (this.#bug === 'snapshots-lost') disk.vanish(path);
      const entries = decodeProducerSnapshot(disk.peek(path) ?? new Uint8Array(0), crc32c, 0);
      if (this.#bug !== 'last-batch-only' || entries === null) continue;
      const poorer = entries.map((entry) => ({ ...entry, batches: entry.batches.slice(-1) }));
      runTask(writeAside(disk, path, encodeProducerSnapshot(poorer, crc32c)), () => undefined);
      time.settle();
    }
  }

  #checkAll(): void {
    const log = this.#log();
    for (let producerId = 1; producerId <= PRODUCERS; producerId++) {
      for (const claim of this.#claims(producerId, this.#known(producerId), 2)) this.#judge(log, claim);
    }
  }
}

function after(sequence: number, count: number): number {
  return (sequence + count) % (SEQUENCE_MAX + 1);
}

function sequences(claim: ProducerClaim): number {
  return ((claim.lastSequence - claim.baseSequence + SEQUENCE_MAX + 1) % (SEQUENCE_MAX + 1)) + 1;
}
