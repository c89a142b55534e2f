import { describe, expect, it } from '@jest/globals';
import type { ReplicaKey } from '../../../broker/core/raft/types.ts';
import { World } from '../world.ts';
import { Spoils } from './spoils.ts';

const key = (id: number): ReplicaKey => ({ id, directoryId: `disk-${id}` });
const THREE = [0, 1, 2].map(key);

/** Three voters as the operator last heard, of which the third has lost something; `latest`: as in the last change that was sent. */
function withOneDamaged(latest: readonly ReplicaKey[]): Spoils {
  const spoils = new Spoils({
    world: new World(1),
    operator: { voters: THREE, isSettled: false, isCaughtUp: () => false },
    latestVoters: () => latest,
    isInSync: () => true,
    isController: () => true,
    isWell: () => true,
  });
  spoils.damaged({ id: 2, isReady: true });
  return spoils;
}

describe('the book of disks that may have forgotten something', () => {
  it('has a majority of whole voters while one of three is damaged', () => {
    expect(withOneDamaged([]).isMajorityWhole).toBe(true);
    expect(withOneDamaged(THREE).isMajorityWhole).toBe(true);
    expect(withOneDamaged([key(0), key(1)]).isMajorityWhole).toBe(true);
  });

  it('has none when one of two is damaged, though nobody has heard yet that the third one votes no more', () => {
    expect(withOneDamaged([key(1), key(2)]).isMajorityWhole).toBe(false);
  });
});
