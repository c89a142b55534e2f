import { expect, it } from '@jest/globals';
import type { AdminCall } from '../../../broker/cli/local/copies.ts';
import { observeFeatures, raiseFeature } from '../../../broker/cli/local/feature-levels.ts';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';

/** A cluster at a level, with a broker that can do more; `answers` is what comes of a raise, by level. */
function clusterAt(
  level: number,
  most: number,
  answers: Readonly<Record<number, number>>,
  more: Readonly<Record<string, { readonly inForce: number; readonly max: number }>> = {},
) {
  const asked: string[] = [];
  const call = async (key: number, body: () => unknown): Promise<unknown> => {
    const request = body() as {
      readonly featureUpdates?: readonly {
        readonly feature: string;
        readonly maxVersionLevel: number;
        readonly upgradeType: number;
      }[];
      readonly validateOnly?: boolean;
    };
    if (key === ApiKey.ApiVersions) {
      return {
        supportedFeatures: [
          { name: 'metadata.version', minVersion: 7, maxVersion: 99 },
          { name: 'weir.version', minVersion: 1, maxVersion: most },
          ...Object.entries(more).map(([name, { max }]) => ({ name, minVersion: 0, maxVersion: max })),
        ],
        finalizedFeatures: [
          { name: 'weir.version', maxVersionLevel: level, minVersionLevel: level },
          ...Object.entries(more).map(([name, { inForce }]) => ({
            name,
            maxVersionLevel: inForce,
            minVersionLevel: inForce,
          })),
        ],
      };
    }
    const [one] = request.featureUpdates ?? [];
    const updates = (request.featureUpdates ?? []).map(
      (each) => `${each.feature} ${each.maxVersionLevel} ${each.upgradeType}`,
    );
    asked.push(`${updates.join(', ')}${request.validateOnly === true ? ' only asks' : ''}`);
    return { errorCode: answers[one?.maxVersionLevel ?? -1] ?? ErrorCode.NONE, errorMessage: 'said' };
  };
  // Two APIs are asked, each by its own key.
  return { asked, call: call as unknown as AdminCall };
}

it('a cluster at the highest level that its broker knows is asked nothing more', async () => {
  const { asked, call } = clusterAt(3, 3, {});
  expect(await observeFeatures(call)).toEqual({ level: 3, next: 3 });
  expect(asked).toEqual([]);
});

it('the next level is the highest that the controller would take, and nothing is changed by asking', async () => {
  const { asked, call } = clusterAt(3, 6, { 6: ErrorCode.INVALID_UPDATE_VERSION });
  expect(await observeFeatures(call)).toEqual({ level: 3, next: 5 });
  expect(asked).toEqual(['weir.version 6 1 only asks', 'weir.version 5 1 only asks']);
  const none = clusterAt(3, 4, { 4: ErrorCode.INVALID_UPDATE_VERSION });
  expect(await observeFeatures(none.call)).toEqual({ level: 3, next: 3 });
});

it('nothing is known while no controller is active, and what is refused for another reason fails', async () => {
  expect(await observeFeatures(clusterAt(3, 4, { 4: ErrorCode.NOT_CONTROLLER }).call)).toBeNull();
  const refused = observeFeatures(clusterAt(3, 4, { 4: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }).call);
  await expect(refused).rejects.toMatchObject({ code: 'CLUSTER_AUTHORIZATION_FAILED' });
});

it('a level is raised, or fails with what the controller says', async () => {
  const { asked, call } = clusterAt(3, 4, {});
  await raiseFeature(call, 4);
  expect(asked).toEqual(['weir.version 4 1']);
  const refused = raiseFeature(clusterAt(3, 4, { 4: ErrorCode.INVALID_UPDATE_VERSION }).call, 4);
  await expect(refused).rejects.toMatchObject({
    code: 'INVALID_UPDATE_VERSION',
    message: expect.stringContaining('said'),
  });
});

it('a level is raised together with what a new cluster of that level has, as far as it is known there and not in force', async () => {
  const of = async (level: number, more: Readonly<Record<string, { inForce: number; max: number }>>) => {
    const { asked, call } = clusterAt(2, 4, {}, more);
    await raiseFeature(call, level);
    return asked;
  };
  const [share, elr] = ['share.version', 'eligible.leader.replicas.version'];
  const both = { [share]: { inForce: 1, max: 2 }, [elr]: { inForce: 0, max: 1 } };
  expect(await of(4, both)).toEqual([`weir.version 4 1, ${elr} 1 1, ${share} 2 1`]);
  expect(await of(3, both)).toEqual([`weir.version 3 1, ${elr} 1 1`]);
  expect(await of(4, { [share]: { inForce: 2, max: 2 } })).toEqual(['weir.version 4 1']);
  expect(await of(4, { [share]: { inForce: 1, max: 1 } })).toEqual(['weir.version 4 1']);
});
