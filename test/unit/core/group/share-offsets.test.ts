import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { Share, shown } from './share-bench.ts';

/** A group that read `jobs` and has no member any more. */
function empty(): Share {
  const group = new Share();
  group.join('a');
  group.beat('a', -1);
  group.shareStateCode = null;
  return group;
}

const asked = (group: Share) =>
  group.effects.map(({ kind, request }) => [kind, request.topics.flatMap(({ partitions }) => partitions)]);

/** A member comes and has its share of another topic, before the share coordinators refuse to delete what they were asked to. */
function joinsMeanwhile(group: Share): void {
  group.join('b', 'mail');
  group.answerEffect(0, 1);
  expect(group.partitions()).toEqual(['mail: 0']);
  group.answerEffect(ErrorCode.NOT_COORDINATOR);
  group.shareStateCode = 0;
  group.advance(1_000);
  expect(group.partitions()).toEqual(['mail: 0']);
  expect(group.events.filter((event) => event.includes('deleteShareState') && event.includes('mail'))).toEqual([]);
}

describe('altering share offsets', () => {
  test('asks the share coordinators under an epoch of its own, and answers what they say', () => {
    const group = empty();
    const before = group.described().groupEpoch;
    const call = group.alter({ 1: 50, 2: 60 });
    expect(call.response).toBeNull();
    expect(asked(group)).toEqual([
      [
        'initializeShareState',
        [
          { partition: 1, stateEpoch: before + 1, startOffset: 50 },
          { partition: 2, stateEpoch: before + 1, startOffset: 60 },
        ],
      ],
    ]);
    group.answerEffect(ErrorCode.FENCED_STATE_EPOCH);
    expect(call.response).toMatchObject({
      errorCode: 0,
      results: [{ partitions: [1, 2].map((partition) => ({ partition, errorCode: ErrorCode.FENCED_STATE_EPOCH })) }],
    });
  });

  test('twice has two epochs, so that the later one counts whichever is carried out first', () => {
    const group = empty();
    const calls = [group.alter({ 0: 1 }), group.alter({ 0: 2 })];
    const epochs = group.effects.map(({ request }) =>
      Reflect.get(request.topics[0]?.partitions[0] ?? {}, 'stateEpoch'),
    );
    expect(Number(epochs[1])).toBe(Number(epochs[0]) + 1);
    group.answerEffect(0, 1);
    expect(calls.map(({ response }) => response === null)).toEqual([true, false]);
    group.answerEffect(ErrorCode.FENCED_STATE_EPOCH);
    expect(calls[0]?.response?.results[0]?.partitions[0]?.errorCode).toBe(ErrorCode.FENCED_STATE_EPOCH);
  });

  test('makes a group that is not there, whose members begin there', () => {
    const group = new Share();
    expect(group.alter({ 0: 5, 1: 5, 2: 5, 3: 5 }).response?.errorCode).toBe(0);
    expect(group.described()).toMatchObject({ errorCode: 0, groupState: 'Empty' });
    expect(group.partitions()).toEqual(['jobs: 0 1 2 3']);
    group.shareStateCode = null;
    expect(shown(group.join('a'))).toEqual(['jobs: 0 1 2 3']);
    expect(group.effects).toEqual([]);
  });

  test('of nothing makes no group', () => {
    const group = new Share();
    expect(group.alter({}).response).toMatchObject({ errorCode: 0, results: [] });
    expect(group.described().errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
  });

  test('of some partitions of a topic leaves the others to the first member', () => {
    const group = new Share();
    group.alter({ 0: 5 });
    expect(group.partitions()).toEqual(['jobs: 0']);
    group.shareStateCode = null;
    group.join('a');
    expect(asked(group)).toEqual([
      ['initializeShareState', [1, 2, 3].map((partition) => ({ partition, stateEpoch: 3, startOffset: 0 }))],
    ]);
  });

  test('is refused while there are members, or to a group of another type', () => {
    const group = new Share();
    group.join('a');
    expect(group.alter({ 0: 5 }).response).toMatchObject({ errorCode: ErrorCode.NON_EMPTY_GROUP, results: [] });
    expect(group.forget('jobs').response).toMatchObject({ errorCode: ErrorCode.NON_EMPTY_GROUP, topics: [] });
    group.send({
      kind: 'offsetCommit',
      groupId: 'classic',
      memberId: '',
      groupInstanceId: null,
      generationIdOrMemberEpoch: -1,
      supportsMemberEpochs: true,
      offsets: [
        { topic: 'jobs', topicId: group.topicId('jobs'), partition: 0, offset: 1, leaderEpoch: -1, metadata: null },
      ],
    });
    expect(group.alter({ 0: 5 }, 'jobs', 'classic').response?.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
  });

  test('stands in the record before anything is asked, so that a successor and a deletion know of it', () => {
    const group = new Share();
    group.shareStateCode = null;
    group.alter({ 2: 5 });
    group.failOver();
    expect(asked(group)).toEqual([['initializeShareState', [{ partition: 2, stateEpoch: 2, startOffset: -1 }]]]);
    group.answerEffect(0);
    expect(group.partitions()).toEqual(['jobs: 2']);
  });

  test('that failed is not the last word: what was new to the group is set up all the same', () => {
    const group = new Share();
    group.shareStateCode = ErrorCode.COORDINATOR_NOT_AVAILABLE;
    expect(group.alter({ 0: 5 }).response?.results[0]?.partitions[0]?.errorCode).toBe(
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
    );
    group.shareStateCode = 0;
    group.advance(30_000);
    expect(group.partitions()).toEqual(['jobs: 0']);
  });

  test('and a deletion do not overtake each other', () => {
    const altered = empty();
    altered.alter({ 0: 5 });
    expect(altered.remove().response?.errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(altered.forget('jobs').response?.errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    altered.answerEffect(0);
    altered.shareStateCode = 0;
    expect(altered.remove().response?.errorCode).toBe(0);
    const deleted = empty();
    deleted.forget('jobs');
    expect(deleted.alter({ 0: 5 }).response?.errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    deleted.answerEffect(0);
    deleted.shareStateCode = 0;
    expect(deleted.alter({ 0: 5 }).response?.errorCode).toBe(0);
  });
});

describe('deleting share offsets', () => {
  test('forgets those topics alone, and the next member begins afresh', () => {
    const group = new Share();
    group.view.setTopic('mail', 1);
    group.join('a', 'jobs', 'mail');
    group.beat('a', -1);
    group.shareStateCode = null;
    const call = group.forget('jobs');
    expect(asked(group)).toEqual([['deleteShareState', [0, 1, 2, 3].map((partition) => ({ partition }))]]);
    expect(call.response).toBeNull();
    group.answerEffect(0);
    expect(call.response).toEqual({
      errorCode: 0,
      errorMessage: null,
      topics: [{ topicId: group.topicId('jobs'), errorCode: 0, errorMessage: null }],
    });
    expect(group.partitions()).toEqual(['mail: 0']);
    group.join('b', 'jobs', 'mail');
    expect(asked(group)[0]).toEqual([
      'initializeShareState',
      [0, 1, 2, 3].map((partition) => ({ partition, stateEpoch: 4, startOffset: -1 })),
    ]);
  });

  test('says of each topic that it was never read, and of a group that it is not there', () => {
    const group = new Share();
    expect(group.forget('jobs').response).toMatchObject({ errorCode: ErrorCode.GROUP_ID_NOT_FOUND, topics: [] });
    group.join('a');
    group.beat('a', -1);
    group.view.setTopic('mail', 1);
    const { response } = group.forget('mail', 'jobs');
    expect(response?.topics.map(({ errorCode }) => errorCode)).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 0]);
    expect(response?.topics[0]?.errorMessage).toMatch(/no offset information/);
  });

  test('that fails says so, goes on by itself, and may be asked for again', () => {
    const group = empty();
    const first = group.forget('jobs');
    group.answerEffect(ErrorCode.NOT_COORDINATOR);
    expect(first.response?.topics[0]?.errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    const second = group.forget('jobs');
    group.answerEffect(0);
    expect(second.response?.topics[0]?.errorCode).toBe(0);
    expect(group.effects).toEqual([]);
    group.shareStateCode = ErrorCode.NOT_COORDINATOR;
    group.alter({ 0: 1 });
    group.shareStateCode = 0;
    expect(group.forget('jobs').response?.topics[0]?.errorCode).toBe(0);
  });

  test('waits for its own turn when another one is under way, and so does the deletion of the group', () => {
    const group = new Share();
    group.view.setTopic('mail', 1);
    group.join('a', 'jobs', 'mail');
    group.beat('a', -1);
    group.shareStateCode = null;
    const first = group.forget('jobs');
    const second = group.forget('mail');
    const removal = group.remove();
    expect(group.effects.length).toBe(1);
    group.answerEffect(0);
    expect([first.response?.errorCode, second.response, removal.response]).toEqual([0, null, null]);
    expect(asked(group)).toEqual([['deleteShareState', [{ partition: 0 }]]]);
    group.answerEffect(0);
    expect([second.response?.topics[0]?.errorCode, removal.response?.errorCode]).toEqual([0, 0]);
    expect(group.replayed().describeDurable()).toBe('');
  });

  test('is not taken for done by an answer about a topic that was deleted meanwhile', () => {
    const group = new Share();
    group.view.setTopic('mail', 1);
    group.join('a', 'jobs', 'mail');
    group.beat('a', -1);
    group.shareStateCode = null;
    const call = group.forget('jobs');
    group.topicDeleted('mail');
    group.answerEffect(0, 1);
    expect(call.response).toBeNull();
    expect(asked(group)).toEqual([['deleteShareState', [0, 1, 2, 3].map((partition) => ({ partition }))]]);
    group.answerEffect(0);
    expect(call.response?.errorCode).toBe(0);
    expect(group.effects).toEqual([]);
  });

  test('takes nothing from a member that came meanwhile and reads other topics', () => {
    const group = empty();
    group.view.setTopic('mail', 1);
    group.forget('jobs');
    joinsMeanwhile(group);
  });
});

test('a group takes the share state of a topic along that was deleted a moment ago', () => {
  const group = empty();
  group.view.removeTopic('jobs');
  group.remove();
  expect(asked(group)).toEqual([['deleteShareState', [0, 1, 2, 3].map((partition) => ({ partition }))]]);
});

test('a group that could not be deleted keeps the share state that a member got since', () => {
  const group = empty();
  group.view.setTopic('mail', 1);
  group.remove();
  joinsMeanwhile(group);
});

test('a group is not deleted with share state that a member got and left meanwhile', () => {
  const group = empty();
  group.view.setTopic('mail', 1);
  const removal = group.remove();
  group.join('b', 'mail');
  group.answerEffect(0, 1);
  group.beat('b', -1);
  group.answerEffect(0);
  expect(removal.response?.errorCode).toBe(ErrorCode.NON_EMPTY_GROUP);
  expect(group.partitions()).toEqual(['mail: 0']);
});
