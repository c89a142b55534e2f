import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import * as batch from '../../../../broker/core/record/batch.ts';
import { buildBatch, buildCompressedBatch, encodeRecords } from '../../../../broker/core/record/builder.ts';
import { type ProducedVerdict, WALKED_PER_TURN } from '../../../../broker/core/record/produced-batch.ts';
import type { ProduceContext, ProduceRules } from '../../../../broker/core/record/validate.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { Compression, DecompressFault } from '../../../../broker/ports/compression.ts';
import { AppendQueue, type AppendQueueDeps } from '../../../../broker/server/partitions/append-queue.ts';
import { Permits } from '../../../../broker/server/permits.ts';
import { context, NOW_MS, record } from '../../core/record/samples.ts';

/** Codecs whose jobs the test ends by hand: gzip stands for one byte in front of the plain records. */
class HandCodec implements Compression {
  readonly jobs: { readonly what: string; readonly end: () => void }[] = [];
  levels: (number | undefined)[] = [];
  fault: DecompressFault | null = null;

  decompress: Compression['decompress'] = (_codec, bytes, _max, done) => {
    this.jobs.push({ what: 'decompress', end: () => done(this.fault ?? Buffer.from(bytes.subarray(1))) });
  };

  compress: Compression['compress'] = (_codec, bytes, done, level) => {
    this.levels.push(level);
    this.jobs.push({ what: 'compress', end: () => done(Buffer.concat([Buffer.from([1]), bytes])) });
  };

  /** Ends the job at `index` of those that run. */
  end(index: number): void {
    const [job] = this.jobs.splice(index, 1);
    if (job === undefined) throw new Error(`no job ${index} among ${this.jobs.length}`);
    job.end();
  }
}

/** A planted bug: what needs no codec is appended at once, whatever was sent before it. */
class OvertakingQueue extends AppendQueue {
  readonly #fast: (records: Uint8Array, context: ProduceContext, apply: (verdict: ProducedVerdict) => void) => void;
  constructor(deps: AppendQueueDeps) {
    super(deps);
    this.#fast = (records, judged, apply) => new AppendQueue(deps).submit(records, judged, apply);
  }
  override submit(records: Uint8Array, judged: ProduceContext, apply: (verdict: ProducedVerdict) => void): void {
    if (batch.compressionCodec(batch.bufferOf(records), 0) === 0) this.#fast(records, judged, apply);
    else super.submit(records, judged, apply);
  }
}

const TO_GZIP: Partial<ProduceRules> = { targetCodec: 1, targetLevel: 7 };
const FULL: Partial<ProduceRules> = { validateCompressed: true };

const producer = (baseSequence: number) => ({ producerId: 7, producerEpoch: 0, baseSequence });
const plain = (sequence: number, value = 'v'): Buffer =>
  buildBatch([record('k', value)], { timestamp: NOW_MS, ...producer(sequence) }, crc32c);
const gzip = (sequence: number): Buffer => {
  const encoded = encodeRecords([record('k', 'v')], NOW_MS);
  const payload = Buffer.concat([Buffer.from([1]), encoded.bytes]);
  return buildCompressedBatch(encoded, payload, { codec: 1, ...producer(sequence) }, crc32c);
};

function world(options: { readonly permits?: Permits; readonly make?: typeof AppendQueue } = {}) {
  const codec = new HandCodec();
  const timers: (() => void)[] = [];
  const complaints: string[] = [];
  const time = { nowMs: 0 };
  const deps: AppendQueueDeps = {
    compression: codec,
    crc32c,
    timers: { after: (_delayMs, callback) => (timers.push(callback), { cancel: () => undefined }) },
    clock: { monotonicMs: () => time.nowMs, wallMs: () => NOW_MS },
    permits: options.permits ?? new Permits(2),
    onUnreadable: (message) => complaints.push(message),
  };
  const queue = new (options.make ?? AppendQueue)(deps);
  /** Sequences in the order in which their batches were appended; refused ones by their error. */
  const applied: (number | string)[] = [];
  const submit = (bytes: Buffer, rules: Partial<ProduceRules> = {}): void => {
    queue.submit(bytes, context(rules), (verdict) => {
      applied.push(verdict.kind === 'ready' ? batch.baseSequence(verdict.batch, 0) : verdict.error);
    });
  };
  return { codec, timers, complaints, time, submit, applied };
}

/** A batch is compressed, one that needs no codec comes behind it: the order in which both were appended. */
function orderBehindCodec(make: typeof AppendQueue): readonly (number | string)[] {
  const { codec, submit, applied } = world({ make });
  submit(gzip(0), FULL);
  submit(plain(1));
  submit(plain(2));
  codec.end(0);
  return applied;
}

describe('the order of appends', () => {
  test('what needs no codec is appended at once when nothing is before it', () => {
    const { submit, applied, codec } = world();
    submit(plain(0));
    submit(gzip(1));
    expect([applied, codec.jobs]).toEqual([[0, 1], []]);
  });

  test('what needs no codec waits for an earlier batch that does', () => {
    expect(orderBehindCodec(AppendQueue)).toEqual([0, 1, 2]);
  });

  test('the test above sees a batch that overtakes', () => {
    expect(orderBehindCodec(OvertakingQueue)).toEqual([1, 2, 0]);
  });

  test('two batches are worked on at once and appended in their order, whichever ends first', () => {
    const { codec, submit, applied } = world();
    submit(plain(0), TO_GZIP);
    submit(plain(1), TO_GZIP);
    expect(codec.jobs.map(({ what }) => what)).toEqual(['compress', 'compress']);
    codec.end(1);
    expect(applied).toEqual([]);
    codec.end(0);
    expect(applied).toEqual([0, 1]);
    expect(codec.levels).toEqual([7, 7]);
  });

  test('a refused batch keeps its place', () => {
    const { codec, submit, applied } = world();
    submit(gzip(0), FULL);
    const spoiled = plain(1);
    spoiled.writeUInt8(spoiled.readUInt8(65) ^ 1, 65);
    submit(spoiled);
    submit(plain(2));
    codec.end(0);
    expect(applied).toEqual([0, 'CORRUPT_MESSAGE', 2]);
  });

  test('an append that brings the next batch in the same call keeps the order', () => {
    const { codec, submit, applied } = world();
    submit(gzip(0), FULL);
    submit(gzip(1), FULL);
    let sent = false;
    const push = applied.push.bind(applied);
    applied.push = (...items) => {
      const length = push(...items);
      if (!sent) {
        sent = true;
        submit(plain(2));
      }
      return length;
    };
    codec.end(1);
    codec.end(0);
    expect([...applied]).toEqual([0, 1, 2]);
  });
});

describe('what is held', () => {
  test('no more batches are decompressed at a time than there are permits, over all partitions', () => {
    const permits = new Permits(2);
    const [one, other] = [world({ permits }), world({ permits })];
    for (let i = 0; i < 3; i++) {
      one.submit(gzip(i), { ...FULL, targetCodec: 4 });
      other.submit(gzip(i), { ...FULL, targetCodec: 4 });
    }
    expect([one.codec.jobs.length, other.codec.jobs.length]).toEqual([1, 1]);
    // Decompressed and waiting to be compressed anew it is still held.
    one.codec.end(0);
    expect([one.codec.jobs.map(({ what }) => what), other.codec.jobs.length]).toEqual([['compress'], 1]);
    one.codec.end(0);
    expect([one.applied, one.codec.jobs.length, other.codec.jobs.length]).toEqual([[0], 1, 1]);
    for (const { codec } of [one, other, one, other, one, other, one, other, one, other]) {
      while (codec.jobs.length > 0) codec.end(0);
    }
    expect([one.applied, other.applied]).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });

  test('a batch that is walked in several turns never waits for a permit of one behind it', () => {
    const { codec, timers, submit, applied } = world({ permits: new Permits(1) });
    const records = Array.from({ length: WALKED_PER_TURN + 10 }, () => record('', ''));
    const long = buildBatch(records, { timestamp: NOW_MS, ...producer(0) }, crc32c);
    const rules = { ...TO_GZIP, batchSizeMax: 100_000_000 };
    submit(long, rules);
    submit(plain(WALKED_PER_TURN + 10), rules);
    expect([timers.length, codec.jobs.length]).toEqual([1, 0]);
    timers.shift()?.();
    codec.end(0);
    expect(applied).toEqual([0]);
    codec.end(0);
    expect(applied).toEqual([0, WALKED_PER_TURN + 10]);
  });
});

describe('what cannot be read', () => {
  test('a malformed batch is an invalid record, one that grows past the limit is too large; both are told', () => {
    const { codec, submit, applied, complaints, time } = world();
    for (const fault of ['malformed', 'too-large'] as const) {
      codec.fault = fault;
      submit(gzip(0), FULL);
      codec.end(0);
      time.nowMs += 60_000;
    }
    expect(applied).toEqual(['INVALID_RECORD', 'MESSAGE_TOO_LARGE']);
    expect(complaints).toEqual([
      'the compressed records cannot be read',
      'the records take more than 67108864 bytes decompressed',
    ]);
  });

  test('one line a minute says so, however many come', () => {
    const { codec, submit, complaints } = world();
    codec.fault = 'malformed';
    for (let i = 0; i < 5; i++) {
      submit(gzip(0), FULL);
      codec.end(0);
    }
    expect(complaints).toHaveLength(1);
  });
});
