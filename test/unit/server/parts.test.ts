import { describe, expect, it } from '@jest/globals';
import { STEP_ELEMENT_COUNT, WHOLE_ELEMENT_COUNT_MAX } from '../../../broker/core/codec/limits.ts';
import { ApiKey, apiByKey } from '../../../broker/core/protocol/apis.ts';
import { decodeResponse, encodeRequest, type RequestInput } from '../../../broker/core/protocol/messages.ts';
import { planMessage } from '../../../broker/core/protocol/plan.ts';
import { wireSchemas } from '../../../broker/core/protocol/wire-schemas.generated.ts';
import { apiTable } from '../../../broker/server/api/table.ts';
import { allowAll, unlimited } from '../../../broker/server/authorizer.ts';
import { type AnyRow, Dispatcher } from '../../../broker/server/dispatch.ts';
import type { ClientConnection } from '../../../broker/server/network/client-connection.ts';
import { cut, elementCount, join, partsOf } from '../../../broker/server/parts.ts';
import { heavyRequests } from '../../fuzz/heavy.ts';

/** More than may be read at once, and not a number of whole turns. */
const MANY = 29_989;
/** Lists that no client fills with so many: of one topic, one group, one member. */
const NEVER_SO_LARGE: readonly string[] = [
  'AddRaftVoterRequest.listeners',
  'AlterConfigsRequest.resources.configs',
  'AlterPartitionReassignmentsRequest.topics.partitions.replicas',
  'CreatePartitionsRequest.topics.assignments',
  'CreatePartitionsRequest.topics.assignments.brokerIds',
  'CreateTopicsRequest.topics.assignments',
  'CreateTopicsRequest.topics.assignments.brokerIds',
  'CreateTopicsRequest.topics.configs',
  'DescribeConfigsRequest.resources.configurationKeys',
  'DescribeQuorumRequest.topics',
  'DescribeQuorumRequest.topics.partitions',
  'DescribeTopicPartitionsRequest.topics',
  'FetchRequest.topics',
  'FetchRequest.topics.partitions',
  'FetchRequest.forgottenTopicsData',
  'FetchRequest.forgottenTopicsData.partitions',
  'IncrementalAlterConfigsRequest.resources.configs',
  'JoinGroupRequest.protocols',
  'LeaveGroupRequest.members',
  'ListConfigResourcesRequest.resourceTypes',
  'ListGroupsRequest.statesFilter',
  'ListGroupsRequest.typesFilter',
  'ProduceRequest.topicData',
  'ProduceRequest.topicData.partitionData',
  'ShareAcknowledgeRequest.topics',
  'ShareAcknowledgeRequest.topics.partitions',
  'ShareAcknowledgeRequest.topics.partitions.acknowledgementBatches',
  'ShareAcknowledgeRequest.topics.partitions.acknowledgementBatches.acknowledgeTypes',
  'ShareFetchRequest.topics',
  'ShareFetchRequest.topics.partitions',
  'ShareFetchRequest.topics.partitions.acknowledgementBatches',
  'ShareFetchRequest.topics.partitions.acknowledgementBatches.acknowledgeTypes',
  'ShareFetchRequest.forgottenTopicsData',
  'ShareFetchRequest.forgottenTopicsData.partitions',
  'ShareGroupHeartbeatRequest.subscribedTopicNames',
  'SyncGroupRequest.assignments',
  'UpdateFeaturesRequest.featureUpdates',
];

/** What one turn of the loop did for a request. */
interface Turn {
  handled: number;
  readonly requests: object[];
}

/** The rows of the table with their own parts and a handler that answers each element with nothing. */
function played(answer: (request: object) => object = () => ({})) {
  const turns: Turn[] = [{ handled: 0, requests: [] }];
  const timers: (() => void)[] = [];
  const failures: string[] = [];
  let chunks: readonly Uint8Array[] | null = null;
  const rows = apiTable.map((row) => ({
    ...row,
    handle: (_server: object, request: object, _context: object, reply: (response: object) => void) => {
      const turn = turns.at(-1);
      if (turn !== undefined) turn.handled += elementCount(request) * (row.parts?.[0]?.weight ?? 1);
      turn?.requests.push(request);
      const parts = partsOf(request, row.parts ?? []);
      reply({ ...(parts === null ? {} : echo(request, parts.of, parts.into)), ...answer(request) });
    },
  }));
  const dispatcher = new Dispatcher(
    rows as unknown as readonly AnyRow<object>[],
    {},
    {
      clock: { monotonicMs: () => 0, wallMs: () => 0 },
      timers: { after: (_delayMs, callback) => ({ cancel: () => undefined, at: timers.push(callback) }) },
      authorizer: allowAll,
      quotas: unlimited,
      brokerListener: 'plain',
    },
  );
  const connection = { clientId: '', context: { listener: 'plain' }, fail: (reason: string) => failures.push(reason) };
  const serve = (frame: Uint8Array): void => {
    dispatcher.serve(frame, connection as unknown as ClientConnection, (response) => {
      chunks = response;
    });
    for (let next = timers.shift(); next !== undefined; next = timers.shift()) {
      turns.push({ handled: 0, requests: [] });
      next();
    }
  };
  return { turns, failures, serve, frame: () => Buffer.concat(chunks ?? []).subarray(4) };
}

function listOf(message: object, name: string | undefined): readonly unknown[] {
  const list: unknown = Reflect.get(message, name ?? '');
  return Array.isArray(list) ? list : [];
}

/** Every element of the lists that are cut, answered with nothing. */
function echo(request: object, of: readonly string[], into: readonly string[]): object {
  const [name, ...within] = into;
  if (name === undefined) return {};
  if (into.length > of.length) return { [name]: [echo(request, of, within)] };
  return {
    [name]: listOf(request, of[0]).map((one) => (within.length === 0 ? {} : echo(Object(one), of.slice(1), within))),
  };
}

const clientRows = apiTable.filter(({ listener }) => listener === 'client');
const rowOf = (key: number) => clientRows.find((row) => row.key === key);

describe('a request of very many elements', () => {
  const requests = [...heavyRequests(MANY)].map((request) => [request.title, request] as const);

  it.each(requests)('%s is served in turns of a thousand, or refused', (_title, { apiKey, bytes }) => {
    const { turns, failures, serve } = played();
    serve(bytes.subarray(4));
    expect(Math.max(...turns.map(({ handled }) => handled))).toBeLessThanOrEqual(
      STEP_ELEMENT_COUNT + (rowOf(apiKey)?.parts?.[0]?.of.length ?? 0),
    );
    if (failures.length > 0) expect(turns.flatMap((turn) => turn.requests)).toEqual([]);
    // It takes as many turns to read it, and to write its answer, as to serve it.
    else expect(turns.length).toBeGreaterThan((3 * MANY) / STEP_ELEMENT_COUNT - 10);
  });

  const served = new Set(
    [...heavyRequests(WHOLE_ELEMENT_COUNT_MAX + 10)].flatMap(({ apiKey, bytes, title }) => {
      const { failures, serve } = played();
      serve(bytes.subarray(4));
      return failures.length === 0 ? [title.split(' ')[0] ?? '', String(apiKey)] : [];
    }),
  );

  it('is refused only where no client sends that many: a whole list is cut, one element of it is not', () => {
    const refused = requests.map(([title]) => title.split(' ')[0] ?? '').filter((path) => !served.has(path));
    expect(refused).toEqual(NEVER_SO_LARGE);
  });
});

describe('parts of a request', () => {
  it('name lists that its messages have', () => {
    for (const row of apiTable) {
      const name = apiByKey(row.key)?.name ?? '';
      for (const { of, into } of row.parts ?? []) {
        for (const [schema, path] of [
          [`${name}Request`, of],
          [`${name}Response`, into],
        ] as const) {
          const message = wireSchemas[schema];
          if (message === undefined) throw new Error(`no ${schema}`);
          let plan = planMessage(message, row.versions.max);
          for (const list of path) {
            const field = plan.fields.find((one) => one.name === list);
            expect([schema, path, field?.element === null]).toEqual([schema, path, false]);
            plan = field?.element?.struct ?? plan;
          }
        }
      }
    }
  });

  const request = {
    topics: [
      { name: 'a', partitions: [1, 2, 3] },
      { name: 'b', partitions: Array.from({ length: 2500 }, (_, index) => index) },
      { name: 'c', partitions: [] },
    ],
    timeoutMs: 5,
  };
  const paths = { of: ['topics', 'partitions'], into: ['topics', 'partitions'] };

  it('hold every element once, in order, with everything else of the request', () => {
    const parts = [...cut(request, paths)] as (typeof request)[];
    expect(parts.length).toBe(5);
    expect(parts.every(({ timeoutMs }) => timeoutMs === 5)).toBe(true);
    const named = (topics: typeof request.topics) =>
      topics.flatMap(({ name, partitions }) => partitions.map((one) => [name, one]));
    expect(parts.flatMap(({ topics }) => named(topics))).toEqual(named(request.topics));
  });

  it('are answered as one: what was cut is put together, and no more than that', () => {
    const parts = [...cut(request, paths)] as (typeof request)[];
    const answers = parts.map(({ topics }) => ({ errorCode: 0, topics }));
    expect(answers.reduce((before, next) => join(before, next, paths.into) as typeof next)).toEqual({
      errorCode: 0,
      topics: request.topics,
    });
    const twice = join(
      { topics: [{ name: 'a', errorCode: 0, list: [1] }] },
      { topics: [{ name: 'a', errorCode: 3, list: [2] }] },
      ['topics', 'list'],
    );
    expect(twice).toEqual({
      topics: [
        { name: 'a', errorCode: 0, list: [1] },
        { name: 'a', errorCode: 3, list: [2] },
      ],
    });
    expect(join({ errorCode: 0, topics: [] }, { errorCode: 16, topics: [] }, ['topics'])).toMatchObject({
      errorCode: 16,
    });
  });

  it('give the same answer over the wire as the whole', () => {
    const names = Array.from({ length: 3000 }, (_, index) => ({ name: `topic-${index}` }));
    const body: RequestInput<typeof ApiKey.Metadata> = { topics: names, allowAutoTopicCreation: false };
    const { serve, frame } = played((part) => ({ topics: listOf(part, 'topics'), clusterId: 'c' }));
    serve(
      Buffer.concat(
        encodeRequest({ apiKey: ApiKey.Metadata, version: 12, correlationId: 7, clientId: null }, body),
      ).subarray(4),
    );
    const { correlationId, body: answer } = decodeResponse(ApiKey.Metadata, 12, frame());
    expect([correlationId, answer.clusterId]).toEqual([7, 'c']);
    expect(answer.topics.map(({ name }) => name)).toEqual(names.map(({ name }) => name));
  });

  it('of settings are few at a time, since each is answered with many', () => {
    const resources = Array.from({ length: 100 }, () => ({
      resourceType: 4,
      resourceName: '1',
      configurationKeys: null,
    }));
    const { serve, turns } = played();
    const header = { apiKey: ApiKey.DescribeConfigs, version: 4, correlationId: 7, clientId: null };
    serve(Buffer.concat(encodeRequest(header, { resources, includeSynonyms: false })).subarray(4));
    expect(Math.max(...turns.map(({ requests }) => listOf(requests[0] ?? {}, 'resources').length))).toBe(10);
  });

  it('whose answers together are too large end the connection', () => {
    const resources = Array.from({ length: 5000 }, () => ({
      resourceType: 4,
      resourceName: '1',
      configurationKeys: null,
    }));
    const configs = Array.from({ length: 1000 }, () => ({ name: 'a' }));
    const { serve, failures } = played((part) => ({ results: listOf(part, 'resources').map(() => ({ configs })) }));
    const header = { apiKey: ApiKey.DescribeConfigs, version: 4, correlationId: 7, clientId: null };
    serve(Buffer.concat(encodeRequest(header, { resources, includeSynonyms: false })).subarray(4));
    expect(failures).toEqual([
      'malformed DescribeConfigs v4: DescribeConfigs: the answer would have too many elements',
    ]);
  });
});
