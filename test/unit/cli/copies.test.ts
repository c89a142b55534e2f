import { describe, expect, test } from '@jest/globals';
import { type AdminCall, copiesUnderWay, plainCopies, resizeTopic } from '../../../broker/cli/local/copies.ts';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';

interface Moving {
  readonly partitionIndex: number;
  readonly replicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
}

const moving = (
  index: number,
  all: readonly number[],
  adding: readonly number[],
  removing: readonly number[],
): Moving => ({
  partitionIndex: index,
  replicas: all,
  addingReplicas: adding,
  removingReplicas: removing,
});

/**
 * A cluster of brokers 0 and on whose topic has these replicas; what it was asked to move is kept. It refuses everything with this
 * code, or what brings a copy to a broker that is not `fit` for it.
 */
function clusterOf(
  brokers: number,
  replicas: readonly (readonly number[])[],
  under: readonly Moving[] = [],
  refusal: { readonly code?: number; readonly isFit?: (id: number, others: readonly number[]) => boolean } = {},
) {
  const { code = ErrorCode.INVALID_REPLICA_ASSIGNMENT, isFit = () => refusal.code === undefined } = refusal;
  const asked: { readonly partitionIndex: number; readonly replicas: readonly number[] | null }[] = [];
  const partitions = replicas.map((replicaNodes, partitionIndex) => ({
    partitionIndex,
    replicaNodes,
    isrNodes: replicaNodes,
  }));
  const answers: Readonly<Record<number, (body: unknown) => unknown>> = {
    [ApiKey.Metadata]: () => ({
      brokers: Array.from({ length: brokers }, (_, nodeId) => ({ nodeId, rack: null })),
      topics: [{ name: 't', partitions }],
    }),
    [ApiKey.ListPartitionReassignments]: () => ({
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      topics: [{ name: 't', partitions: under }],
    }),
    [ApiKey.AlterPartitionReassignments]: (body) => {
      const { topics } = body as { topics: readonly { partitions: typeof asked }[] };
      const now = topics.flatMap((topic) => topic.partitions);
      asked.push(...now);
      const results = now.map(({ partitionIndex, replicas: wanted }) => {
        const old = replicas[partitionIndex] ?? [];
        const coming = wanted?.filter((id) => !old.includes(id)) ?? [];
        const isGood = coming.every((id) =>
          isFit(
            id,
            (wanted ?? []).filter((other) => other !== id),
          ),
        );
        return { partitionIndex, errorCode: isGood && refusal.code === undefined ? 0 : code, errorMessage: 'no' };
      });
      return { errorCode: ErrorCode.NONE, errorMessage: null, responses: [{ name: 't', partitions: results }] };
    },
  };
  const call: AdminCall = async (key, body) => answers[key]?.(body()) as never;
  return {
    asked,
    resize: (factor: number, ids = [0, 1, 2]) => resizeTopic(call, 't', { replicationFactor: factor, brokers: ids }),
  };
}

describe('the copies of a topic', () => {
  test('come to some partitions at a time, those under way counted, and go from all at once', async () => {
    const many = Array.from({ length: 30 }, () => [0]);
    const under = [0, 1, 2, 3].map((index) => moving(index, [0, 1], [1], []));
    const growing = clusterOf(3, many, under);
    expect(await growing.resize(2)).toEqual({ left: 30 });
    expect(growing.asked.map((one) => one.partitionIndex)).toEqual(Array.from({ length: 16 }, (_, at) => at + 4));
    const shrinking = clusterOf(
      3,
      many.map(() => [0, 1]),
    );
    expect(await shrinking.resize(1)).toEqual({ left: 30 });
    expect(shrinking.asked).toHaveLength(30);
  });

  test('are what they will be when what is under way is done', async () => {
    const under = [moving(0, [0, 1], [1], []), moving(1, [0, 1, 2], [], [2]), moving(2, [0, 1, 2], [2], [1])];
    const { asked, resize } = clusterOf(
      3,
      [
        [0, 1],
        [0, 1, 2],
        [0, 1, 2],
        [0, 1],
      ],
      under,
    );
    expect(await resize(2)).toEqual({ left: 2 });
    expect(asked).toEqual([]);
    expect(await clusterOf(3, [[0, 1, 2]], [moving(0, [0, 1, 2], [2], [1])]).resize(3)).toEqual({ left: 1 });
    expect(await clusterOf(3, [[0, 1]]).resize(2)).toBe('done');
  });

  test('go only to brokers that may have them, and say when these are too few', async () => {
    const { asked, resize } = clusterOf(4, [[0]]);
    await resize(2, [0, 3]);
    expect(asked).toEqual([{ partitionIndex: 0, replicas: [0, 3] }]);
    const few = { code: 'INVALID_REPLICATION_FACTOR', message: '3 copies need as many brokers, and 2 of 3 are there' };
    await expect(clusterOf(2, [[0]]).resize(3)).rejects.toMatchObject({ ...few, fatal: false });
    expect(await clusterOf(1, [[0, 1, 2]]).resize(2)).toEqual({ left: 1 });
  });

  test('that the controller refuses are told with the partition', async () => {
    const code = ErrorCode.INVALID_REPLICA_ASSIGNMENT;
    const refused = clusterOf(3, [[0], [1, 0, 2]], [], { code });
    await expect(refused.resize(2)).rejects.toMatchObject({ message: 'INVALID_REPLICA_ASSIGNMENT: t-0: no' });
    expect(refused.asked.map((one) => one.replicas)).toEqual([
      [0, 1],
      [1, 2],
      [0, 2],
    ]);
    const busy = clusterOf(3, [[0]], [], { code: ErrorCode.POLICY_VIOLATION });
    await expect(busy.resize(2)).rejects.toMatchObject({ message: 'POLICY_VIOLATION: t-0: no' });
    expect(busy.asked).toHaveLength(1);
  });

  test('come to others where the controller refuses the broker that has fewest', async () => {
    // Broker 3 is cordoned, and has nothing.
    const cordoned = clusterOf(4, [[0], [1, 0]], [], { isFit: (id) => id !== 3 });
    expect(await cordoned.resize(2, [0, 1, 2, 3])).toEqual({ left: 1 });
    expect(cordoned.asked.map((one) => one.replicas)).toEqual([[0, 2]]);
    const empty = clusterOf(4, [[0], [1, 2]], [], { isFit: (id) => id !== 3 });
    expect(await empty.resize(2, [0, 1, 2, 3])).toEqual({ left: 1 });
    expect(empty.asked.map((one) => one.replicas)).toEqual([
      [0, 3],
      [0, 1],
    ]);
  });

  test('come one at a time where several are refused, so that it is plain which can not come', async () => {
    // Two brokers on each host; no host has two copies.
    const hosts = clusterOf(6, [[0], [3]], [], {
      isFit: (id, others) => others.every((other) => other >> 1 !== id >> 1),
    });
    expect(await hosts.resize(3, [0, 1, 2, 3, 4, 5])).toEqual({ left: 2 });
    expect(hosts.asked).toEqual([
      { partitionIndex: 0, replicas: [0, 1, 2] },
      { partitionIndex: 1, replicas: [3, 4, 5] },
      { partitionIndex: 0, replicas: [0, 1] },
      { partitionIndex: 1, replicas: [3, 2] },
      { partitionIndex: 0, replicas: [0, 2] },
      { partitionIndex: 1, replicas: [3, 1] },
    ]);
  });

  test('are asked about further only where they are not plainly as declared', () => {
    const seen = (counts: readonly number[], isWhole = true) => ({ counts: new Map(counts.entries()), isWhole });
    expect(plainCopies([seen([2, 2]), seen([2, 2])], 2)).toEqual({ copies: [2], resizing: 0 });
    expect([plainCopies([seen([2, 3])], 2), plainCopies([seen([2], false)], 2)]).toEqual([null, null]);
    expect(plainCopies([seen([2]), seen([1])], 2)).toBeNull();
    expect(plainCopies([seen([3, 1], false)], undefined)).toEqual({ copies: [1, 3], resizing: 0 });
    const under = new Map([[1, moving(1, [0, 1, 2], [2], []) as never]]);
    expect(copiesUnderWay(seen([1, 1]), under)).toEqual({ copies: [1, 3], resizing: 1 });
  });
});
