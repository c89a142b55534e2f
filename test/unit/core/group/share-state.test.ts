import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { count, Share, shown } from './share-bench.ts';

describe('the first heartbeat', () => {
  test('waits for share state to be set up and brings the assignment itself', () => {
    const group = new Share();
    group.shareStateCode = null;
    const join = group.join('a');
    expect(join.response).toBeNull();
    expect(group.effects).toEqual([
      {
        kind: 'initializeShareState',
        request: {
          groupId: 'g',
          topics: [
            {
              topicId: expect.any(String),
              partitions: [0, 1, 2, 3].map((partition) => ({ partition, stateEpoch: 2, startOffset: -1 })),
            },
          ],
        },
      },
    ]);
    group.advance(50);
    group.answerEffect(0);
    expect(shown(join)).toEqual(['jobs: 0 1 2 3']);
    expect(join.response).toMatchObject({ errorCode: 0, memberId: 'a', memberEpoch: 2, heartbeatIntervalMs: 5_000 });
    expect(group.partitions()).toEqual(['jobs: 0 1 2 3']);
  });

  test('is answered without an assignment when share state takes too long, and with a short interval', () => {
    const group = new Share();
    group.shareStateCode = null;
    const join = group.join('a');
    group.advance(999);
    expect(join.response).toBeNull();
    group.advance(1);
    expect(join.response).toMatchObject({
      errorCode: 0,
      memberEpoch: 2,
      heartbeatIntervalMs: 250,
      assignment: { topicPartitions: [] },
    });
    group.advance(500);
    group.answerEffect(0);
    const next = group.beat('a', 2);
    expect(next.response).toMatchObject({ memberEpoch: 3, heartbeatIntervalMs: 5_000 });
    expect(shown(next)).toEqual(['jobs: 0 1 2 3']);
    expect(group.beat('a', 3).response).toMatchObject({ memberEpoch: 3, assignment: null });
  });

  test('is answered at once for a topic that does not exist, and the assignment follows its creation', () => {
    const group = new Share();
    const join = group.join('a', 'later');
    expect(join.response).toMatchObject({
      memberEpoch: 2,
      heartbeatIntervalMs: 1_000,
      assignment: { topicPartitions: [] },
    });
    group.view.setTopic('later', 2);
    group.topicsChanged('later');
    const next = group.beat('a', 2);
    expect(shown(next)).toEqual(['later: 0 1']);
    expect(next.response?.heartbeatIntervalMs).toBe(5_000);
  });

  test('of a second member is answered with its share at once; the first member hears with its next heartbeat', () => {
    const group = new Share();
    group.join('a');
    const second = group.join('b');
    expect(count(second.response?.assignment?.topicPartitions)).toBe(2);
    const first = group.beat('a', 2);
    expect(count(first.response?.assignment?.topicPartitions)).toBe(2);
    expect(first.response?.memberEpoch).toBe(3);
  });

  test('repeated by a member that asks again answers the earlier call too', () => {
    const group = new Share();
    group.shareStateCode = null;
    const first = group.join('a');
    const second = group.join('a');
    expect(first.response?.errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    group.answerEffect(0);
    expect(shown(second)).toEqual(['jobs: 0 1 2 3']);
  });
});

describe('setting up share state', () => {
  test('is tried again, soon at first, when it fails; partitions that have it wait for the rest of a new topic', () => {
    const group = new Share();
    group.shareStateCode = null;
    group.join('a');
    const effect = group.effects.shift();
    if (effect?.kind !== 'initializeShareState') throw new Error('no effect');
    const { request } = effect;
    const [topic] = request.topics;
    const results = [
      {
        topicId: topic?.topicId ?? '',
        partitions: [0, 1, 2, 3].map((partition) => ({
          partition,
          errorCode: partition < 2 ? 0 : ErrorCode.NOT_COORDINATOR,
          errorMessage: null,
        })),
      },
    ];
    group.tell({ kind: 'shareStateInitialized', groupId: 'g', request, response: { results } });
    expect(group.partitions()).toEqual([]);
    expect(group.effects).toEqual([]);
    group.advance(200);
    expect(group.effects.map(({ request: again }) => again.topics[0]?.partitions)).toEqual([
      [2, 3].map((partition) => ({ partition, stateEpoch: 2, startOffset: -1 })),
    ]);
    group.answerEffect(0);
    expect(group.partitions()).toEqual(['jobs: 0 1 2 3']);
  });

  test('backs off up to half a minute', () => {
    const group = new Share();
    group.shareStateCode = ErrorCode.COORDINATOR_NOT_AVAILABLE;
    group.join('a');
    group.advance(10_000);
    const soon = group.events.filter((event) => event.startsWith('effect')).length;
    expect(soon).toBeGreaterThanOrEqual(6);
    group.advance(300_000);
    const later = group.events.filter((event) => event.startsWith('effect')).length - soon;
    expect(later).toBeLessThanOrEqual(13);
    expect(later).toBeGreaterThanOrEqual(9);
    group.shareStateCode = 0;
    group.advance(30_000);
    expect(group.partitions()).toEqual(['jobs: 0 1 2 3']);
  });

  test('starts partitions that a known topic gets later at offset 0', () => {
    const group = new Share();
    group.join('a');
    group.view.setTopic('jobs', 6);
    group.shareStateCode = null;
    group.topicsChanged('jobs');
    expect(group.effects[0]?.request.topics[0]?.partitions).toEqual(
      [4, 5].map((partition) => ({ partition, stateEpoch: 3, startOffset: 0 })),
    );
    group.answerEffect(0);
    expect(shown(group.beat('a', 2))).toEqual(['jobs: 0 1 2 3 4 5']);
  });

  test('starts partitions at 0 that a topic gets while it is being set up for the first time', () => {
    const group = new Share();
    group.shareStateCode = null;
    group.join('a');
    group.view.setTopic('jobs', 5);
    group.topicsChanged('jobs');
    expect(group.effects.length).toBe(1);
    group.answerEffect(0);
    expect(group.effects[0]?.request.topics[0]?.partitions).toEqual([
      { partition: 4, stateEpoch: expect.any(Number), startOffset: 0 },
    ]);
    group.answerEffect(0);
    expect(group.partitions()).toEqual(['jobs: 0 1 2 3 4']);
  });

  test('goes on after the coordinator moved', () => {
    const group = new Share();
    group.shareStateCode = null;
    group.join('a');
    group.failOver();
    expect(group.effects.length).toBe(1);
    group.answerEffect(0);
    expect(shown(group.join('a'))).toEqual(['jobs: 0 1 2 3']);
  });

  test('is not repeated for members that come meanwhile', () => {
    const group = new Share();
    group.shareStateCode = null;
    const joins = ['a', 'b', 'c'].map((memberId) => group.join(memberId));
    expect(group.effects.length).toBe(1);
    group.answerEffect(0);
    expect(joins.map((join) => count(join.response?.assignment?.topicPartitions)).sort()).toEqual([1, 1, 2]);
  });
});

describe('deleting', () => {
  test('a group removes its share state first, then every record', () => {
    const group = new Share();
    group.join('a');
    expect(group.remove().response?.errorCode).toBe(ErrorCode.NON_EMPTY_GROUP);
    group.beat('a', -1);
    group.shareStateCode = null;
    const removal = group.remove();
    expect(removal.response).toBeNull();
    expect(group.effects).toEqual([
      {
        kind: 'deleteShareState',
        request: {
          groupId: 'g',
          topics: [{ topicId: expect.any(String), partitions: [0, 1, 2, 3].map((partition) => ({ partition })) }],
        },
      },
    ]);
    group.answerEffect(0);
    expect(removal.response?.errorCode).toBe(0);
    expect(group.replayed().describeDurable()).toBe('');
    expect(group.remove().response?.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
  });

  test('that fails says so, and the state that may be left is deleted before anybody gets it', () => {
    const group = new Share();
    group.join('a');
    group.beat('a', -1);
    group.shareStateCode = ErrorCode.NOT_COORDINATOR;
    expect(group.remove().response?.errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    group.shareStateCode = null;
    const join = group.join('b');
    expect(group.partitions()).toEqual([]);
    group.advance(400);
    expect(group.effects.map(({ kind }) => kind)).toEqual(['deleteShareState']);
    group.answerEffect(0);
    expect(group.effects.map(({ kind }) => kind)).toEqual(['initializeShareState']);
    expect(group.effects[0]?.request.topics[0]?.partitions[0]).toMatchObject({ startOffset: -1 });
    group.answerEffect(0);
    expect(shown(join)).toEqual(['jobs: 0 1 2 3']);
  });

  test('is refused when a member has come meanwhile', () => {
    const group = new Share();
    group.join('a');
    group.beat('a', -1);
    group.shareStateCode = null;
    const removal = group.remove();
    const join = group.join('b');
    group.answerEffect(0);
    expect(removal.response?.errorCode).toBe(ErrorCode.NON_EMPTY_GROUP);
    group.answerEffect(0);
    expect(shown(join)).toEqual(['jobs: 0 1 2 3']);
  });

  test('is taken up again after the coordinator moved', () => {
    const group = new Share();
    group.join('a');
    group.beat('a', -1);
    group.shareStateCode = null;
    group.remove();
    group.failOver();
    expect(group.effects.map(({ kind }) => kind)).toEqual(['deleteShareState']);
    group.answerEffect(0);
    expect(group.remove().response?.errorCode).toBe(0);
  });

  test('a topic takes its share state along', () => {
    const group = new Share();
    group.view.setTopic('more', 1);
    group.join('a', 'jobs', 'more');
    group.shareStateCode = null;
    group.topicDeleted('jobs');
    expect(group.effects).toEqual([
      {
        kind: 'deleteShareState',
        request: {
          groupId: 'g',
          topics: [{ topicId: expect.any(String), partitions: [0, 1, 2, 3].map((partition) => ({ partition })) }],
        },
      },
    ]);
    group.answerEffect(0);
    expect(group.partitions()).toEqual(['more: 0']);
    expect(shown(group.beat('a', 2))).toEqual(['more: 0']);
    group.view.setTopic('jobs', 1, 'jobs-anew'.padEnd(22, 'A'));
    group.topicsChanged('jobs');
    expect(group.effects[0]?.request.topics).toEqual([
      {
        topicId: 'jobs-anew'.padEnd(22, 'A'),
        partitions: [{ partition: 0, stateEpoch: expect.any(Number), startOffset: -1 }],
      },
    ]);
  });

  test('a topic while the coordinator moves takes its share state along, too', () => {
    const group = new Share();
    group.view.setTopic('more', 1);
    group.join('a', 'jobs', 'more');
    group.view.removeTopic('jobs');
    group.shareStateCode = null;
    group.failOver();
    expect(group.effects.map(({ kind }) => kind)).toEqual(['deleteShareState']);
    expect(group.partitions()).toEqual(['more: 0']);
    expect(shown(group.beat('a', 2))).toEqual(['more: 0']);
  });

  test('makes answers void that are still under way: they speak of state that is gone', () => {
    const group = new Share();
    group.shareStateCode = null;
    group.join('a');
    group.beat('a', -1);
    const removal = group.remove();
    const join = group.join('b');
    expect(group.effects.map(({ kind }) => kind)).toEqual(['initializeShareState', 'deleteShareState']);
    group.answerEffect(0);
    group.answerEffect(0);
    expect(removal.response?.errorCode).toBe(ErrorCode.NON_EMPTY_GROUP);
    expect(group.partitions()).toEqual([]);
    expect(group.effects.map(({ kind }) => kind)).toEqual(['initializeShareState']);
    group.answerEffect(0);
    expect(shown(join)).toEqual(['jobs: 0 1 2 3']);
  });
});
