import { describe, expect, test } from '@jest/globals';
import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { row as createPartitions } from '../../../../broker/server/api/create-partitions.ts';
import { row as createTopics } from '../../../../broker/server/api/create-topics.ts';
import { row as deleteTopics } from '../../../../broker/server/api/delete-topics.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';
import { ask, LabClient } from '../../../support/metadata/lab-client.ts';

function server(fixed: Readonly<Record<string, string>> = {}) {
  const lab = MetadataLab.withBrokers([0], fixed);
  return { lab, metadata: new LabClient(lab), settings: lab.settings };
}

const wanted = (name: string, more: object = {}) => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...more,
});
const failed = { kind: 'failed', errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: 'too slow' } as const;

describe('CreateTopics', () => {
  test('answers id, counts and every setting of the new topic', () => {
    const { lab, ...services } = server();
    const topics = [wanted('t', { numPartitions: 3, configs: [{ name: 'retention.ms', value: '5' }] })];
    const [answer] = ask(createTopics, services, { topics, timeoutMs: 5000, validateOnly: false }).topics;
    expect(answer).toMatchObject({
      name: 't',
      errorCode: 0,
      numPartitions: 3,
      replicationFactor: 1,
      topicId: lab.image.topicByName('t')?.id,
    });
    expect(answer?.configs?.find(({ name }) => name === 'retention.ms')).toEqual({
      name: 'retention.ms',
      value: '5',
      readOnly: false,
      configSource: 1,
      isSensitive: false,
    });
    expect(answer?.configs?.find(({ name }) => name === 'segment.bytes')).toMatchObject({
      value: '1073741824',
      configSource: 5,
    });
  });

  test('keeps apart what may be created, what not, and whose settings are hidden', () => {
    const { lab, ...services } = server();
    const request = { topics: [wanted('mine'), wanted('theirs')], timeoutMs: 5000, validateOnly: false };
    const answer = ask(createTopics, services, request, {
      denied: ({ operation, resourceType, resourceName }) =>
        (operation === 'create' && (resourceType === 'cluster' || resourceName === 'theirs')) ||
        operation === 'describe-configs',
    });
    expect(answer.topics).toMatchObject([
      {
        name: 'mine',
        errorCode: 0,
        topicConfigErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
        numPartitions: -1,
        configs: [],
      },
      { name: 'theirs', errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED },
    ]);
    expect(lab.image.topics().map(({ name }) => name)).toEqual(['mine']);
  });

  test('gives every topic the error when the controller fails, and clients without patience a second', () => {
    const { lab: _, ...services } = server();
    services.metadata.failure = failed;
    const request = { topics: [wanted('a'), wanted('b')], timeoutMs: 0, validateOnly: false };
    expect(ask(createTopics, services, request).topics).toMatchObject([
      { name: 'a', errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: 'too slow', topicId: ZERO_TOPIC_ID },
      { name: 'b', errorCode: ErrorCode.REQUEST_TIMED_OUT },
    ]);
    expect(services.metadata.timeouts).toEqual([1000]);
  });
});

describe('DeleteTopics', () => {
  test('takes names up to version 5, names or ids from 6 on', () => {
    const { lab, ...services } = server();
    lab.create(newTopic('a'), newTopic('b'), newTopic('c'));
    const id = lab.image.topicByName('b')?.id ?? '';
    const old = { topicNames: ['a'], topics: [], timeoutMs: 1000 };
    expect(ask(deleteTopics, services, old, { version: 5 }).responses).toMatchObject([{ name: 'a', errorCode: 0 }]);
    const topics = [
      { name: null, topicId: id },
      { name: 'c', topicId: ZERO_TOPIC_ID },
    ];
    expect(ask(deleteTopics, services, { topicNames: [], topics, timeoutMs: 1000 }).responses).toMatchObject([
      { name: 'b', topicId: id, errorCode: 0 },
      { name: 'c', errorCode: 0 },
    ]);
    expect(lab.image.topics()).toEqual([]);
  });

  test('refuses by the name behind an id too', () => {
    const { lab, ...services } = server();
    lab.create(newTopic('a'));
    const id = lab.image.topicByName('a')?.id ?? '';
    const request = { topicNames: [], topics: [{ name: null, topicId: id }], timeoutMs: 1000 };
    expect(
      ask(deleteTopics, services, request, { denied: ({ resourceName }) => resourceName === 'a' }).responses,
    ).toEqual([{ name: null, topicId: id, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: null }]);
  });

  test('tells old clients INVALID_REQUEST where deletion is disabled', () => {
    const { lab, ...services } = server({ 'delete.topic.enable': 'false' });
    lab.create(newTopic('a'));
    const request = { topicNames: ['a'], topics: [], timeoutMs: 1000 };
    expect(ask(deleteTopics, services, request, { version: 2 }).responses[0]?.errorCode).toBe(
      ErrorCode.INVALID_REQUEST,
    );
    expect(ask(deleteTopics, services, request, { version: 3 }).responses[0]?.errorCode).toBe(
      ErrorCode.TOPIC_DELETION_DISABLED,
    );
  });
});

describe('CreatePartitions', () => {
  test('answers each topic by itself', () => {
    const { lab, ...services } = server();
    lab.create(newTopic('a'), newTopic('b'));
    const topics = [
      { name: 'a', count: 3, assignments: [{ brokerIds: [0] }, { brokerIds: [0] }] },
      { name: 'b', count: 1, assignments: null },
      { name: 'c', count: 5, assignments: null },
    ];
    const answer = ask(
      createPartitions,
      services,
      { topics, timeoutMs: 1000, validateOnly: false },
      {
        denied: ({ resourceName }) => resourceName === 'c',
      },
    );
    expect(answer.results.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['a', ErrorCode.NONE],
      ['b', ErrorCode.INVALID_PARTITIONS],
      ['c', ErrorCode.TOPIC_AUTHORIZATION_FAILED],
    ]);
    expect(lab.image.topicByName('a')?.partitions.length).toBe(3);
  });
});
