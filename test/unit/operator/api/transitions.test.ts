import { describe, expect, it } from '@jest/globals';
import { formatPath } from '../../../../operator/api/issue.ts';
import { checkTransition } from '../../../../operator/api/transitions.ts';
import { cluster } from '../../../support/operator-model.ts';

type Size = readonly [brokers: number, controllers?: number];
const sized = ([brokers, controllers]: Size) =>
  cluster({}, { brokers, ...(controllers === undefined ? {} : { controllers }) });

const say = (before: Size, after: Size): readonly string[] =>
  checkTransition(sized(before), sized(after)).map(({ path, message }) => `${formatPath(path)} ${message}`);

describe('a change of a Cluster', () => {
  it.each([
    [[1], [1]],
    [[1], [2]],
    [[1], [3]],
    [[3], [5]],
    [[5], [3]],
    [[2], [1]],
    [
      [4, 3],
      [1, 3],
    ],
    [
      [1, 1],
      [4, 1],
    ],
    [
      [2, 1],
      [2, 3],
    ],
    [
      [2, 3],
      [2, 5],
    ],
  ] as const)('from %j to %j is fine', (before, after) => {
    expect(say(before, after)).toEqual([]);
  });

  it.each([
    [[1], [1, 1], ['spec.controllers cannot be added: the first brokers of this cluster are its controllers']],
    [[3, 3], [3], ['spec.controllers cannot be taken away: this cluster has controllers of its own']],
    [[3, 3], [3, 1], ['spec.controllers.replicas must be at least 3, not 1: controllers can only be added']],
    [[3], [2], ['spec.brokers.replicas must be at least 3, not 2: brokers 0 to 2 of this cluster are its controllers']],
    [[5], [1], ['spec.brokers.replicas must be at least 3, not 1: brokers 0 to 2 of this cluster are its controllers']],
    [[3, 3], [1, 1], ['spec.controllers.replicas must be at least 3, not 1: controllers can only be added']],
  ] as const)('from %j to %j is refused', (before, after, expected) => {
    expect(say(before, after)).toEqual(expected);
  });
});
