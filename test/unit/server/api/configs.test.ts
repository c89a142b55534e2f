import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { row as alterConfigs } from '../../../../broker/server/api/alter-configs.ts';
import { row as describeConfigs } from '../../../../broker/server/api/describe-configs.ts';
import { row as incrementalAlterConfigs } from '../../../../broker/server/api/incremental-alter-configs.ts';
import { row as listConfigResources } from '../../../../broker/server/api/list-config-resources.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';
import { ask, LabClient } from '../../../support/metadata/lab-client.ts';

function server() {
  const lab = MetadataLab.withBrokers([0]);
  lab.create(newTopic('t'));
  return { lab, metadata: new LabClient(lab), settings: lab.settings, nodeId: 0 };
}

const describeRequest = (
  resourceType: number,
  resourceName: string,
  configurationKeys: readonly string[] | null = null,
) => ({
  resources: [{ resourceType, resourceName, configurationKeys }],
  includeSynonyms: true,
  includeDocumentation: true,
});

describe('DescribeConfigs', () => {
  test('gives the settings that are asked for, with synonyms and documentation when wished', () => {
    const { lab, ...services } = server();
    lab.set('topic', 't', { 'retention.ms': '5' });
    const [full] = ask(describeConfigs, services, describeRequest(2, 't', ['retention.ms', 'nonsense'])).results;
    expect(full).toMatchObject({
      errorCode: 0,
      configs: [{ name: 'retention.ms', value: '5', configSource: 1, configType: 5 }],
    });
    expect(full?.configs[0]?.synonyms?.map(({ name, source }) => [name, source])).toEqual([
      ['retention.ms', 1],
      ['log.retention.hours', 5],
    ]);
    expect(full?.configs[0]?.documentation).toMatch(/^Age of its newest record/);
    const bare = { ...describeRequest(2, 't', ['retention.ms']), includeSynonyms: false, includeDocumentation: false };
    expect(ask(describeConfigs, services, bare).results[0]?.configs[0]).toMatchObject({
      synonyms: [],
      documentation: null,
    });
  });

  test('shows this broker whole, and of all brokers only what is set', () => {
    const { lab, ...services } = server();
    lab.set('cluster', '', { 'log.retention.ms': '9' });
    const whole = ask(describeConfigs, services, describeRequest(4, '0')).results[0]?.configs ?? [];
    expect(whole.find(({ name }) => name === 'log.retention.ms')).toMatchObject({
      value: '9',
      configSource: 3,
      readOnly: false,
    });
    expect(whole.find(({ name }) => name === 'node.id')).toMatchObject({ value: '0', readOnly: true });
    expect(ask(describeConfigs, services, describeRequest(4, '')).results[0]?.configs).toMatchObject([
      { name: 'min.insync.replicas', value: '1', configSource: 3, readOnly: false },
      { name: 'log.retention.ms', value: '9', configSource: 3 },
    ]);
  });

  test.each([
    [2, 'x', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    [2, '', ErrorCode.INVALID_TOPIC_EXCEPTION],
    [4, '7', ErrorCode.INVALID_REQUEST],
    [4, 'x', ErrorCode.INVALID_REQUEST],
    [32, '', ErrorCode.INVALID_REQUEST],
    [99, 'x', ErrorCode.INVALID_REQUEST],
  ])('of resource type %d "%s" is refused with %d', (type, name, code) => {
    const { lab: _, ...services } = server();
    expect(ask(describeConfigs, services, describeRequest(type, name)).results).toMatchObject([
      { errorCode: code, configs: [] },
    ]);
  });

  test('is refused by kind of resource without the right', () => {
    const { lab: _, ...services } = server();
    const codes = [2, 4, 32].map((type) => {
      const request = describeRequest(type, type === 4 ? '0' : 't');
      return ask(describeConfigs, services, request, { denied: () => true }).results[0]?.errorCode;
    });
    expect(codes).toEqual([
      ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
      ErrorCode.GROUP_AUTHORIZATION_FAILED,
    ]);
  });
});

describe('IncrementalAlterConfigs', () => {
  test('changes topics, brokers and groups, and answers each in the order asked', () => {
    const { lab, ...services } = server();
    const set = (name: string, value: string | null, configOperation = 0) => ({ name, value, configOperation });
    const resources = [
      { resourceType: 32, resourceName: 'g', configs: [set('share.isolation.level', 'read_committed')] },
      { resourceType: 8, resourceName: '0', configs: [set('root', 'INFO')] },
      { resourceType: 2, resourceName: 't', configs: [set('retention.ms', '7'), set('cleanup.policy', 'compact', 2)] },
      { resourceType: 2, resourceName: 'x', configs: [set('retention.ms', '7')] },
      { resourceType: 4, resourceName: '5', configs: [set('log.retention.ms', '7')] },
      { resourceType: 4, resourceName: '', configs: [set('log.retention.ms', '7')] },
      { resourceType: 2, resourceName: 't2', configs: [set('retention.ms', '7', 9)] },
    ];
    const answer = ask(incrementalAlterConfigs, services, { resources, validateOnly: false });
    expect(answer.responses.map(({ resourceName, errorCode }) => [resourceName, errorCode])).toEqual([
      ['g', ErrorCode.NONE],
      ['0', ErrorCode.INVALID_REQUEST],
      ['t', ErrorCode.NONE],
      ['x', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      ['5', ErrorCode.INVALID_REQUEST],
      ['', ErrorCode.NONE],
      ['t2', ErrorCode.INVALID_REQUEST],
    ]);
    expect([...lab.image.configOverrides('topic', 't')]).toEqual([
      ['cleanup.policy', 'delete,compact'],
      ['retention.ms', '7'],
    ]);
    expect(lab.image.configOverrides('cluster', '').get('log.retention.ms')).toBe('7');
  });

  test('with validateOnly changes nothing', () => {
    const { lab, ...services } = server();
    const configs = [{ name: 'retention.ms', value: '7', configOperation: 0 }];
    const resources = [{ resourceType: 2, resourceName: 't', configs }];
    expect(ask(incrementalAlterConfigs, services, { resources, validateOnly: true }).responses[0]?.errorCode).toBe(
      ErrorCode.NONE,
    );
    expect(lab.image.configOverrides('topic', 't').size).toBe(0);
  });
});

test('AlterConfigs replaces all settings of a resource', () => {
  const { lab, ...services } = server();
  lab.set('topic', 't', { 'retention.ms': '5', 'segment.ms': '6' });
  const resources = [{ resourceType: 2, resourceName: 't', configs: [{ name: 'retention.bytes', value: '9' }] }];
  expect(ask(alterConfigs, services, { resources, validateOnly: false }).responses).toMatchObject([
    { errorCode: ErrorCode.NONE },
  ]);
  expect([...lab.image.configOverrides('topic', 't')]).toEqual([['retention.bytes', '9']]);
});

describe('ListConfigResources', () => {
  const names = (resourceTypes: readonly number[], version = 1) => {
    const { lab, ...services } = server();
    lab.set('group', 'g', { 'share.isolation.level': 'read_committed' });
    const answer = ask(listConfigResources, services, { resourceTypes }, { version });
    return [
      answer.errorCode,
      answer.configResources.map(({ resourceType, resourceName }) => `${resourceType} ${resourceName}`),
    ];
  };

  test('lists topics, brokers and groups with settings, or the types that are asked for', () => {
    expect(names([])).toEqual([ErrorCode.NONE, ['2 t', '4 0', '32 g']]);
    expect(names([32, 2])).toEqual([ErrorCode.NONE, ['2 t', '32 g']]);
    expect(names([16])).toEqual([ErrorCode.NONE, []]);
  });

  test('in version 0 lists client metrics, of which there are none', () => {
    expect(names([], 0)).toEqual([ErrorCode.NONE, []]);
  });

  test('refuses a type that does not exist', () => {
    expect(names([2, 99])).toEqual([ErrorCode.UNSUPPORTED_VERSION, []]);
  });
});
