import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { createPrng } from '../../broker/core/base/prng.ts';
import type { CleanerBug } from '../../broker/core/log/planted-bugs.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import * as batch from '../../broker/core/record/batch.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { readRecords } from '../../broker/core/record/iterate.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { Asker } from './asker.ts';

const KEYS = 6;
const VALUE_BYTES = 60_000;
const WRITES = 110;
/** Kafka's smallest segment. */
const SEGMENT_BYTES = 1_048_576;

/** One key's last acknowledged value, by key; null for a tombstone. */
type Table = Map<string, string | null>;

/**
 * A client that writes to a compacted topic, on a whole simulated node whose power goes again and again while its log is
 * compacted. Throws what a reader finds wrong afterwards.
 */
class CompactedTopic {
  readonly #prng;
  readonly #asker;
  readonly #table: Table = new Map();

  constructor(seed: number, bug?: CleanerBug) {
    this.#prng = createPrng(seed);
    this.#asker = new Asker(seed, {
      settings: { 'log.cleaner.backoff.ms': '20', 'log.cleaner.io.buffer.size': '65536' },
      diskLatencyMs: 2,
      cleanerBugs: new Set(bug === undefined ? [] : [bug]),
    });
  }

  /** Gives how many records are left of all that were written. */
  run(): number {
    this.#create();
    for (let i = 0; i < WRITES; i += 1) {
      this.#write(i);
      if (!this.#prng.chance(0.15)) continue;
      this.#asker.world.runUntil(() => false, this.#prng.below(150));
      this.#asker.powerCycle();
    }
    this.#asker.world.runUntil(() => false, 20_000);
    const { fatals } = this.#asker.node;
    // A torn end is what a power cut leaves.
    const warnings = this.#asker.node.warnings.filter((text) => !text.startsWith('recovered a log'));
    if (fatals.length + warnings.length > 0) throw new Error([...fatals, ...warnings].join('; '));
    return this.#check();
  }

  #create(): void {
    const configs = {
      'cleanup.policy': 'compact',
      'segment.bytes': String(SEGMENT_BYTES),
      'min.cleanable.dirty.ratio': '0',
      'retention.ms': '-1',
    };
    const topic = {
      name: 'table',
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    };
    this.#asker.call(ApiKey.CreateTopics, 7, { topics: [topic], timeoutMs: 10_000 });
  }

  #write(i: number): void {
    const key = `key-${this.#prng.below(KEYS)}`;
    const value = this.#prng.chance(0.1) ? null : `${i}`.padEnd(VALUE_BYTES, '.');
    const record = { key: Buffer.from(key), value: value === null ? null : Buffer.from(value) };
    const records = buildBatch([record], { timestamp: this.#asker.world.wallMs }, crc32c);
    const answer = this.#asker.call(ApiKey.Produce, 9, {
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: 'table', partitionData: [{ index: 0, records }] }],
    });
    const errorCode = typeof answer === 'string' ? answer : answer.responses[0]?.partitionResponses[0]?.errorCode;
    if (errorCode !== 0) throw new Error(`write ${i} was answered ${String(errorCode)}`);
    this.#table.set(key, value);
  }

  #check(): number {
    const found: Table = new Map();
    let count = 0;
    for (let next = 0; ; ) {
      const answer = this.#asker.call(ApiKey.Fetch, 11, {
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: 3_000_000,
        topics: [{ topic: 'table', partitions: [{ partition: 0, fetchOffset: next, partitionMaxBytes: 3_000_000 }] }],
      });
      const part = typeof answer === 'string' ? undefined : answer.responses[0]?.partitions[0];
      if (part?.errorCode !== 0) throw new Error(`a fetch at ${next} was answered ${String(part?.errorCode)}`);
      const buf = batch.bufferOf(part.records ?? new Uint8Array(0));
      const from = next;
      for (let pos = 0; pos < buf.length; pos += batch.sizeInBytes(buf, pos)) {
        for (const { key, value } of readRecords(buf, pos) ?? []) {
          found.set(String(key), value?.toString() ?? null);
          count += 1;
        }
        next = batch.nextOffset(buf, pos);
      }
      if (next === from) break;
    }
    for (const [key, value] of this.#table) {
      const left = found.get(key);
      if (left !== value) throw new Error(`${key} is ${brief(left)}, acknowledged was ${brief(value)}`);
    }
    return count;
  }
}

function brief(value: string | null | undefined): string {
  return value === undefined || value === null ? 'gone' : value.slice(0, 4);
}

describe('a compacted topic on a simulated node', () => {
  it('has the last acknowledged value of each key after every power cut, and little else', () => {
    for (let seed = 1; seed <= 3; seed += 1) {
      // At most one segment is not compacted, and each of the others keeps its keys' last.
      expect(new CompactedTopic(seed).run()).toBeLessThan(WRITES / 2);
    }
  });

  it('is found without them when a rewritten segment takes its place before it is synced', () => {
    const findings: string[] = [];
    for (let seed = 1; seed <= 12 && findings.length === 0; seed += 1) {
      try {
        new CompactedTopic(seed, 'swap-unsynced').run();
      } catch (error) {
        findings.push(String(error));
      }
    }
    expect(findings.join()).toMatch(/bad bytes|damaged|acknowledged was|was answered/);
  });
});
