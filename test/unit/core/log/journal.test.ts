import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import {
  encodeRound,
  JOURNAL_BLOCK,
  type JournalEntry,
  type JournalReading,
  readJournal,
  ROUND_HEAD_SIZE,
  type RoundHead,
  roundSize,
} from '../../../../broker/core/log/journal.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';

const HALF_BYTES = 8 * JOURNAL_BLOCK;
const ID = 'abcdefghijklmnopqrstuv';
const SESSION = [0xdead_beef, 0x1234_5678] as const;

function write(text: string, position: number, endOffset: number, partition = 0, segmentBase = 0): JournalEntry {
  const chunks = [Buffer.from(text)];
  const log = { topicId: ID, partition };
  return { kind: 'write', log, segmentBase, endOffset, position, chunks, sizeInBytes: text.length };
}

const forget = (partition = 0): JournalEntry => ({ kind: 'forget', log: { topicId: ID, partition } });

type PartHead = Pick<RoundHead, 'generation' | 'index'> & Partial<RoundHead>;

/** A journal with rounds at places of its halves. */
class Journal {
  readonly file = Buffer.alloc(2 * HALF_BYTES);

  put(half: number, block: number, head: PartHead, entries: readonly JournalEntry[]): this {
    const scratch = Buffer.alloc(HALF_BYTES, 0xee);
    const whole = { session: SESSION, liveFrom: head.generation, previousCount: 0, ...head };
    encodeRound(scratch, whole, entries, crc32c).copy(this.file, half * HALF_BYTES + block * JOURNAL_BLOCK);
    return this;
  }

  read(isWanted: (endOffset: number) => boolean = () => true): JournalReading {
    return readJournal(this.file, crc32c, ({ endOffset }) => isWanted(endOffset));
  }
}

/** The texts of each segment, by where they go. */
function texts(reading: JournalReading): Record<string, string> {
  expect(reading.problem).toBeNull();
  const found: Record<string, string> = {};
  for (const { log, segmentBase, runs } of reading.segments) {
    for (const { position, chunks } of runs) {
      found[`${log.partition}/${segmentBase}@${position}`] = Buffer.concat(chunks).toString();
    }
  }
  return found;
}

describe('the journal that a start finds', () => {
  test('gives what the segments may lack, joined where it lies side by side, oldest first', () => {
    const journal = new Journal()
      .put(0, 0, { generation: 1, index: 0 }, [write('ab', 0, 2), write('xy', 10, 5, 1)])
      .put(0, 1, { generation: 1, index: 1 }, [write('cd', 2, 4), write('ef', 9, 9), write('s', 0, 12, 0, 9)]);
    expect(texts(journal.read())).toEqual({ '0/0@0': 'abcd', '0/0@9': 'ef', '0/9@0': 's', '1/0@10': 'xy' });
    expect(texts(journal.read((endOffset) => endOffset > 4))).toEqual({ '0/0@9': 'ef', '0/9@0': 's', '1/0@10': 'xy' });
  });

  test('gives nothing of a log that stands before its last forgetting', () => {
    const journal = new Journal()
      .put(0, 0, { generation: 1, index: 0 }, [write('old', 0, 3), write('kept', 0, 3, 1)])
      .put(0, 1, { generation: 1, index: 1 }, [forget(), write('new', 0, 1)]);
    expect(texts(journal.read())).toEqual({ '0/0@0': 'new', '1/0@0': 'kept' });
  });

  test('has the half before as long as the newest says that it is needed', () => {
    const halves = (liveFrom: number): Journal =>
      new Journal()
        .put(0, 0, { generation: 1, index: 0 }, [write('one', 0, 1)])
        .put(0, 1, { generation: 1, index: 1 }, [write('two', 3, 2)])
        .put(1, 0, { generation: 2, index: 0, liveFrom, previousCount: 2 }, [write('three', 6, 3)]);
    expect(texts(halves(1).read())).toEqual({ '0/0@0': 'onetwothree' });
    expect(texts(halves(2).read())).toEqual({ '0/0@6': 'three' });
    // The first round of generation 3 is torn: what stands behind it in that half is over.
    const torn = halves(2);
    torn.file.fill(7, 100, 200);
    expect(texts(torn.read())).toEqual({ '0/0@6': 'three' });
    // The same, while the half is still needed, is damage.
    const spoiled = halves(1);
    spoiled.file.fill(7, 100, 200);
    expect(spoiled.read().problem).toBe('a round of generation 1 is not what was written');
    // Its last round is missing.
    const short = halves(1);
    short.file.fill(0, JOURNAL_BLOCK, 2 * JOURNAL_BLOCK);
    expect(short.read().problem).toBe('a round of generation 1 is not what was written');
  });

  test('passes over what an earlier use of the half left behind its end', () => {
    const journal = new Journal()
      .put(0, 0, { generation: 1, index: 0 }, [write('a', 0, 1)])
      .put(0, 1, { generation: 1, index: 1 }, [write('b', 1, 2)])
      .put(1, 0, { generation: 2, index: 0 }, [write('c', 2, 3)])
      .put(0, 0, { generation: 3, index: 0 }, [write('d', 3, 4)]);
    expect(texts(journal.read())).toEqual({ '0/0@3': 'd' });
  });

  test('takes a torn last round for never written, and an empty or new file for nothing', () => {
    const journal = new Journal()
      .put(0, 0, { generation: 1, index: 0 }, [write('kept', 0, 1)])
      .put(0, 1, { generation: 1, index: 1 }, [write('torn', 4, 2)]);
    journal.file.fill(0, JOURNAL_BLOCK + ROUND_HEAD_SIZE, 2 * JOURNAL_BLOCK);
    expect(texts(journal.read())).toEqual({ '0/0@0': 'kept' });
    expect(texts(new Journal().read())).toEqual({});
    expect(texts(readJournal(Buffer.alloc(0), crc32c, () => true))).toEqual({});
    // Cut off while it was made.
    expect(texts(readJournal(Buffer.alloc(5 * JOURNAL_BLOCK), crc32c, () => true))).toEqual({});
    expect(texts(readJournal(Buffer.alloc(JOURNAL_BLOCK + 77), crc32c, () => true))).toEqual({});
    const short = new Journal().put(0, 0, { generation: 1, index: 0 }, [write('a', 0, 1)]).file.subarray(0, -1);
    expect(readJournal(short, crc32c, () => true).problem).toBe('its size of 65535 bytes is not what was written');
    const first = new Journal().put(0, 0, { generation: 1, index: 0 }, [write('torn', 0, 1)]);
    first.file.fill(1, 70, 80);
    expect(texts(first.read())).toEqual({});
  });

  test('takes a spoiled round for damage when another one follows, also in the newest half', () => {
    const journal = new Journal();
    for (const index of [0, 1, 2]) journal.put(0, index, { generation: 1, index }, [write('x', index, index + 1)]);
    journal.file.fill(1, JOURNAL_BLOCK + 70, JOURNAL_BLOCK + 80);
    expect(journal.read().problem).toBe('a round of generation 1 or later is not what was written');
  });

  test('does not take records for rounds, whatever a client wrote into them', () => {
    const forged = new Journal().put(0, 0, { generation: 1, index: 1, session: [1, 2] }, [write('forged', 0, 99)]);
    const journal = new Journal()
      .put(0, 0, { generation: 1, index: 0 }, [write('real', 0, 1)])
      // Left behind by an earlier use: the bytes of a record that begin at a block.
      .put(0, 2, { generation: 1, index: 7, session: [1, 2] }, []);
    forged.file.copy(journal.file, JOURNAL_BLOCK, 0, JOURNAL_BLOCK);
    expect(texts(journal.read())).toEqual({ '0/0@0': 'real' });
  });

  test('names the version of a newer release', () => {
    const journal = new Journal().put(0, 0, { generation: 1, index: 0 }, [write('a', 0, 1)]);
    journal.file.writeUInt32BE(2, 4);
    journal.file.writeUInt32BE(crc32c(journal.file, 0, 60), 60);
    expect(journal.read().problem).toMatch(/^its version 2 is not known; start the release/);
  });

  test('notices every spoiled byte of a round that another one follows', () => {
    const long = 'x'.repeat(5000);
    const make = (): Journal =>
      new Journal()
        .put(0, 0, { generation: 1, index: 0 }, [write('first', 0, 1)])
        .put(0, 1, { generation: 1, index: 1 }, [write(long, 5, 2), forget(3)])
        .put(0, 3, { generation: 1, index: 2 }, [write('last', 5005, 3)])
        .put(1, 0, { generation: 2, index: 0, liveFrom: 1, previousCount: 3 }, [write('more', 5009, 4)])
        .put(1, 1, { generation: 2, index: 1, liveFrom: 1, previousCount: 3 }, [write('end', 5013, 5)]);
    const whole = texts(make().read());
    expect(whole).toEqual({ '0/0@0': `first${long}lastmoreend` });
    const ends = [
      ROUND_HEAD_SIZE + 57,
      JOURNAL_BLOCK + ROUND_HEAD_SIZE + 5104,
      3 * JOURNAL_BLOCK + ROUND_HEAD_SIZE + 56,
    ];
    const starts = [0, JOURNAL_BLOCK, 3 * JOURNAL_BLOCK];
    let noticed = 0;
    for (const [i, start] of starts.entries()) {
      for (let at = start; at < (ends[i] ?? 0); at += at < start + 400 ? 1 : 97) {
        const journal = make();
        journal.file[at] = (journal.file[at] ?? 0) ^ (1 << (at % 8));
        expect([at, journal.read().problem]).toEqual([at, expect.stringContaining('not what was written')]);
        noticed += 1;
      }
    }
    expect(noticed).toBeGreaterThan(500);
    expect(roundSize(5104)).toBe(2 * JOURNAL_BLOCK);
  });
});
