import { describe, expect, it } from '@jest/globals';
import { everyHugeNumber, type FuzzCase, fuzzCase } from './cases.ts';
import { FuzzNode, findings } from './fuzz-node.ts';
import { REGRESSIONS } from './regressions.ts';
import type { Targets } from './targets.ts';

/** Cases of the short form; those over a socket are others. */
const FIRST = 1_000_000;
const CASES = 50_000;
const ROUND = 5000;
/** A world forgets nothing, so that each gets a bounded number of cases. */
const LONG_FROM = 20_000_000;

const minutes = Number(process.env['WEIR_TEST_MINUTES'] ?? 0);

function* random(from: number, targets: Targets): Generator<FuzzCase> {
  for (let seed = from; seed < from + ROUND; seed += 1) yield fuzzCase(seed, targets);
}

const findingsFrom = (from: number): readonly string[] => {
  const node = new FuzzNode(from);
  return findings(node, random(from, node.targets));
};

describe('a node, from its frames down to its virtual disk, under bytes that no client would send', () => {
  it('stands what once broke one', () => {
    expect(findings(new FuzzNode(1), REGRESSIONS)).toEqual([]);
  });

  it('stands 2^31 − 1 elements in every array and 2^28 tagged fields in every section', () => {
    const node = new FuzzNode(1);
    expect(findings(node, everyHugeNumber(node.targets))).toEqual([]);
  });

  it.each(Array.from({ length: CASES / ROUND }, (_, index) => FIRST + index * ROUND))(
    `stands ${ROUND} random cases from %d on`,
    (from) => {
      expect(findingsFrom(from)).toEqual([]);
    },
    240_000,
  );

  if (minutes > 0) {
    it(
      `stands as many cases as fit into ${minutes} minutes`,
      () => {
        const endMs = Date.now() + minutes * 60_000;
        let from = LONG_FROM;
        for (; Date.now() < endMs; from += ROUND) expect(findingsFrom(from)).toEqual([]);
        console.info(`sent cases ${LONG_FROM} to ${from - 1}`);
      },
      minutes * 60_000 + 240_000,
    );
  }
});
