import { describe, expect, it } from '@jest/globals';
import { type RollState, waitingFor, waitsFor } from '../../../../operator/core/roll-order.ts';
import { fc } from '../../../support/properties.ts';

const STAGES: readonly RollState['stage'][] = ['due', 'begun', 'settling'];
const states = fc.uniqueArray(
  fc.record({ cluster: fc.constantFrom('a', 'b', 'c', 'd'), stage: fc.constantFrom(...STAGES) }),
  { selector: ({ cluster }) => cluster },
);

describe('Clusters whose nodes a new operator makes otherwise', () => {
  const all = (...stages: readonly (readonly [string, RollState['stage']])[]) =>
    stages.map(([cluster, stage]) => ({ cluster, stage }));

  it('wait for the first by name, and that one for none', () => {
    const due = all(['b', 'due'], ['a', 'due'], ['c', 'due']);
    expect(['a', 'b', 'c'].map((own) => waitsFor(own, due))).toEqual([null, 'a', 'a']);
  });

  it('wait for one that has begun, whatever its name', () => {
    const begun = all(['a', 'due'], ['b', 'begun'], ['c', 'due']);
    expect(['a', 'b', 'c'].map((own) => waitsFor(own, begun))).toEqual(['b', null, 'b']);
  });

  it('wait while a node of another one has just been started', () => {
    expect(waitsFor('a', all(['a', 'begun'], ['c', 'settling']))).toBe('c');
    expect(waitsFor('a', all(['a', 'settling'], ['b', 'due']))).toBeNull();
  });

  it('go on one at a time, and never all wait for each other', () => {
    fc.assert(
      fc.property(states, (found) => {
        const going = found.filter(({ cluster }) => waitsFor(cluster, found) === null);
        expect(going.length).toBeLessThanOrEqual(1);
        // What settles does so by itself.
        if (found.length > 0 && found.every(({ stage }) => stage !== 'settling')) expect(going).toHaveLength(1);
        for (const { cluster } of found) expect(waitsFor(cluster, found.toReversed())).toBe(waitsFor(cluster, found));
      }),
    );
  });

  it('are told by the one that they wait for, all of them', () => {
    expect(waitingFor('b', all(['c', 'due'], ['b', 'begun'], ['a', 'due']))).toEqual(['a', 'c']);
    fc.assert(
      fc.property(states, (found) => {
        fc.pre(found.filter(({ stage }) => stage === 'settling').length <= 1);
        // What settles does so by itself.
        const others = found.filter(({ stage }) => stage !== 'settling').map(({ cluster }) => cluster);
        for (const own of ['a', 'b', 'c', 'd']) {
          const waiting = others.filter((cluster) => cluster !== own && waitsFor(cluster, found) === own).sort();
          expect(waitingFor(own, found)).toEqual(waiting);
        }
      }),
    );
  });
});
