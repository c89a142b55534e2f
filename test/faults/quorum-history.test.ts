import { describe, expect, it } from '@jest/globals';
import { judgeQuorum, type QuorumHistory } from './quorum-history.ts';

const GOOD: QuorumHistory = {
  samples: [
    { node: 0, leaderId: 0, epoch: 1 },
    { node: 1, leaderId: 0, epoch: 1 },
    { node: 1, leaderId: -1, epoch: 2 },
    { node: 1, leaderId: 1, epoch: 2 },
    { node: 0, leaderId: 1, epoch: 2 },
  ],
  created: new Map([['a', 'x']]),
  final: new Map([
    [
      0,
      new Map([
        ['a', 'x'],
        ['b', 'y'],
      ]),
    ],
    [
      1,
      new Map([
        ['a', 'x'],
        ['b', 'y'],
      ]),
    ],
  ]),
};

const withTopics = (topics: Readonly<Record<string, string>>): QuorumHistory => ({
  ...GOOD,
  final: new Map([...GOOD.final, [1, new Map(Object.entries(topics))]]),
});

describe('the judge of what clients saw of a quorum', () => {
  it('is content with a good history, also of topics whose creation nobody was told of', () => {
    expect(judgeQuorum(GOOD)).toEqual([]);
  });

  it.each([
    [
      'two leaders of an epoch',
      { ...GOOD, samples: [...GOOD.samples, { node: 0, leaderId: 0, epoch: 2 }] },
      ['epoch 2 had leaders 1 and 0'],
    ],
    [
      'an epoch that falls',
      { ...GOOD, samples: [...GOOD.samples, { node: 1, leaderId: 0, epoch: 1 }] },
      ['node 1 was in epoch 2 and then in 1'],
    ],
    ['a lost topic', withTopics({ b: 'y' }), ['topic a was acknowledged, and node 1 does not have it']],
    [
      'a topic that is another one',
      withTopics({ a: 'z', b: 'y' }),
      ['topic a was acknowledged as x, and node 1 has it as z'],
    ],
    ['a topic that only one node has', withTopics({ a: 'x' }), ['topic b is y at node 0 and nothing at node 1']],
  ])('finds %s', (_name, history, expected) => {
    expect(judgeQuorum(history)).toEqual(expected);
  });
});
