import { describe, expect, it } from '@jest/globals';
import { type Found, judgePower, type Told } from './power-history.ts';

const TOPICS = [
  { name: 'steady', id: 'S', firstPartition: 0, partitions: 1, created: true, deletion: 'none' },
  { name: 'gone', id: 'G', firstPartition: 1, partitions: 1, created: true, deletion: 'confirmed' },
  { name: 'maybe', id: 'M', firstPartition: 2, partitions: 1, created: true, deletion: 'asked' },
] as const;

const records = [0, 1, 2, 3, 4, 5].map((offset) => ({ partition: 0, offset, id: `r${offset}` }));

/** Six records of which the last has no answer, the first two deleted, commits up to 4, one record accepted. */
const told: Told = {
  topics: TOPICS,
  sent: records.map(({ partition, id, offset }) => ({ partition, id, producer: 'p', sequence: offset })),
  acknowledged: records.slice(0, 5),
  keys: new Map(),
  deletions: new Map([[0, { confirmed: 2, asked: 3 }]]),
  commits: new Map([[0, { confirmed: 4, asked: 5 }]]),
  shares: [
    { place: '0:2', what: 'delivered' },
    { place: '0:3', what: 'delivered' },
    { place: '0:2', what: 'accepted' },
    { place: '0:3', what: 'delivered' },
  ],
};

const found: Found = {
  topics: new Map([['steady', 'S']]),
  scanned: records.slice(2),
  starts: new Map([[0, 2]]),
  commits: new Map([[0, 4]]),
  commitsFault: '',
  unreadable: new Map(),
};

describe('the checker of power cuts', () => {
  it('finds nothing when everything that was told is there, whatever became of the rest', () => {
    expect(judgePower(told, found)).toEqual([]);
    expect(judgePower(told, { ...found, scanned: records.slice(2, 5) })).toEqual([]);
    expect(judgePower(told, { ...found, topics: new Map([...found.topics, ['maybe', 'M']]) })).toEqual([]);
    expect(judgePower(told, { ...found, commits: new Map([[0, 5]]) })).toEqual([]);
    const further = { ...found, starts: new Map([[0, 3]]), scanned: records.slice(3) };
    expect(judgePower(told, further)).toEqual([]);
  });

  it.each<[string, Partial<Found>]>([
    ['acknowledged record is lost: 0:4 r4, found nothing there', { scanned: records.slice(2, 4) }],
    ['created topic is missing: steady', { topics: new Map() }],
    ['created topic is missing: steady', { topics: new Map([['steady', 'another']]) }],
    ['deleted topic is back: gone', { topics: new Map([...found.topics, ['gone', 'G']]) }],
    ['deleted records are back: 0:0, told 2', { starts: new Map([[0, 0]]), scanned: records }],
    ['records are gone: 0 begins at 4, asked 3', { starts: new Map([[0, 4]]), scanned: records.slice(4) }],
    ['committed offset is lost: 0 is at 3, told 4', { commits: new Map([[0, 3]]) }],
    ['committed offset is lost: 0 is at -1, told 4', { commits: new Map() }],
    [
      'partition is unreadable: 0, error 56',
      { unreadable: new Map([[0, 'error 56']]), starts: new Map(), scanned: [] },
    ],
    ['commits are unreadable: none is loaded', { commitsFault: 'none is loaded', commits: new Map() }],
    ['offset was never committed: 0 is at 6, asked 5', { commits: new Map([[0, 6]]) }],
  ])('names what is wrong: %s', (sentence, spoiled) => {
    expect(judgePower(told, { ...found, ...spoiled })).toEqual([sentence]);
  });

  it('names a record that is delivered after its acceptance was confirmed', () => {
    const shares = [...told.shares, { place: '0:2', what: 'delivered' } as const];
    expect(judgePower({ ...told, shares }, found)).toEqual(['accepted record is delivered again: 0:2']);
  });

  it('names a record whose content is not what was sent, and one in the place of another', () => {
    const scanned = found.scanned.map((record) => (record.offset === 3 ? { ...record, id: 'r3 damaged' } : record));
    expect(judgePower(told, { ...found, scanned })).toEqual([
      'acknowledged record is lost: 0:3 r3, found r3 damaged there',
      'record out of thin air: 0:3 r3 damaged, nobody sent it to this partition',
    ]);
  });

  it('names a key of a compacted topic whose last value is gone, and what nobody put there', () => {
    const keys = new Map(records.map(({ id, offset }) => [id, offset % 2 === 0 ? 'even' : 'odd']));
    const table = { ...told, keys, deletions: new Map() };
    const judge = (scanned: Found['scanned']): readonly string[] =>
      judgePower(table, { ...found, scanned, starts: new Map([[0, 0]]) });
    const at = (...offsets: number[]): Found['scanned'] => records.filter(({ offset }) => offsets.includes(offset));
    expect([at(0, 1, 2, 3, 4, 5), at(3, 4), at(4, 5)].map(judge)).toEqual([[], [], []]);
    expect(judge(at(0, 2, 3))).toEqual(['last value of a key is lost: 0:4 r4, found nothing there']);
    expect(judge(at(1, 4))).toEqual(['last value of a key is lost: 0:3 r3, found nothing there']);
    const moved = [...at(3), { partition: 0, offset: 4, id: 'r2' }];
    expect(judge(moved)).toEqual(['last value of a key is lost: 0:4 r4, found r2 there']);
    expect(judge([...at(3, 4), { partition: 0, offset: 6, id: 'r3' }])).toEqual(['record is stored twice: 0:6 r3']);
    expect(judge([...at(3, 4), { partition: 0, offset: 6, id: 'r9' }])).toEqual(['record out of thin air: 0:6 r9']);
  });
});
