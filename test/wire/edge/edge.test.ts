import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clientVersions } from '../../../broker/server/api/table.ts';
import type { Peer } from '../harness/peer.ts';
import { makePeer } from '../harness/session.ts';
import { FAMILIES } from './cases/families.ts';
import { fieldsOf, judge } from './compare.ts';
import { DIFFERENCES } from './differences.ts';
import { play, type Side } from './talk.ts';
import { prepare } from './world.ts';

const CASES_MIN = 700;

/** Settings that let cases wait less; both brokers know them. */
const QUICK = {
  'group.initial.rebalance.delay.ms': '10',
  'group.min.session.timeout.ms': '1000',
  'group.share.min.record.lock.duration.ms': '1000',
  'offsets.topic.num.partitions': '2',
  'share.coordinator.state.topic.num.partitions': '2',
};

let directory: string;
/** Those that were started, whatever became of it. */
const peers: Peer[] = [];
let sides: { readonly weir: Side; readonly kafka: Side };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-edge-'));
  const start = async (name: 'weir' | 'kafka'): Promise<Peer> => {
    const peer = await makePeer(name, { directory: join(directory, name), settings: QUICK });
    peers.push(peer);
    await peer.start();
    return peer;
  };
  const [weir, kafka] = await Promise.all([start('weir'), start('kafka')]);
  const side = (peer: Peer): Side => ({ name: peer.name, bootstrap: peer.bootstrap, topicIds: new Map() });
  sides = { weir: side(weir), kafka: side(kafka) };
  await Promise.all([prepare(sides.weir), prepare(sides.kafka)]);
});

afterAll(async () => {
  const ends = await Promise.allSettled(peers.map((peer) => peer.stop()));
  await rm(directory, { recursive: true, force: true });
  expect(ends.filter(({ status }) => status === 'rejected')).toEqual([]);
});

// The order of cases is part of them: what one leaves behind, the next may find.
describe.each(FAMILIES)('$name', ({ cases }) => {
  it.each(cases)('$title', async (one) => {
    const [weir, kafka] = await Promise.all([play(sides.weir, one), play(sides.kafka, one)]);
    const answers = { weir: fieldsOf(one, weir, sides.weir), kafka: fieldsOf(one, kafka, sides.kafka) };
    expect(judge(one.title, answers, DIFFERENCES)).toEqual([]);
  });
});

describe('the cases', () => {
  const all = FAMILIES.flatMap(({ cases }) => cases);

  it(`are ${CASES_MIN} or more, each with a title of its own`, () => {
    expect(all.length).toBeGreaterThanOrEqual(CASES_MIN);
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
  });

  it('ask every API that is advertised', () => {
    const asked = new Set(all.flatMap(({ asks }) => asks.map(({ key }) => key)));
    expect(clientVersions.filter(({ key }) => !asked.has(key))).toEqual([]);
  });

  it('have an entry in the table only where they exist, with a reason in a sentence', () => {
    const titles = new Set(all.map(({ title }) => title));
    expect(DIFFERENCES.filter((entry) => !titles.has(entry.case))).toEqual([]);
    expect(DIFFERENCES.filter(({ reason }) => !/^[A-Z].{20,}\.$/s.test(reason))).toEqual([]);
  });
});
