import { describe, expect, it } from '@jest/globals';
import { failureOf } from '../../../../../operator/io/kubernetes/answer.ts';
import { type ApiError, type ApiRequest, asApiError } from '../../../../../operator/io/kubernetes/transport.ts';
import { describeRequest, failureText } from '../../../../../operator/io/kubernetes/words.ts';

const SETS = '/apis/apps/v1/namespaces/ns/statefulsets';
const request = (method: ApiRequest['method'], path: string, more: Partial<ApiRequest> = {}): ApiRequest => ({
  method,
  path,
  ...more,
});

describe('a request', () => {
  it.each([
    [request('GET', `${SETS}/orders`), 'get statefulsets.apps ns/orders'],
    [request('GET', SETS), 'list statefulsets.apps in namespace ns'],
    [request('GET', '/apis/weir.dev/v1alpha1/topics'), 'list topics.weir.dev in all namespaces'],
    [request('GET', '/api/v1/pods', { query: { watch: 'true' } }), 'watch pods in all namespaces'],
    [request('GET', '/api/v1/namespaces/ns'), 'get namespaces ns'],
    [request('POST', SETS, { body: { metadata: { name: 'orders' } } }), 'create statefulsets.apps ns/orders'],
    [request('POST', '/api/v1/namespaces/ns/pods/a/eviction'), 'create pods/eviction ns/a'],
    [request('PUT', `${SETS}/orders`), 'update statefulsets.apps ns/orders'],
    [request('PATCH', `${SETS}/orders/scale`), 'patch statefulsets.apps/scale ns/orders'],
    [request('DELETE', '/api/v1/namespaces/ns/services/a%2Fb'), 'delete services ns/a/b'],
  ])('%j is told in the words of a Role', (one, text) => {
    expect(describeRequest(one)).toBe(text);
  });
});

const PATCH = request('PATCH', `${SETS}/orders`);
const answered = (status: number, message: string, more: object = {}, one = PATCH): ApiError =>
  failureOf({ status, text: JSON.stringify({ message, ...more }) }, one);

describe('what failed', () => {
  it.each([
    [400, 'bad', 'INVALID', 'mend what the manifest says of it'],
    [401, 'Unauthorized', 'UNAUTHORIZED', 'look at its ServiceAccount'],
    [403, 'User "x" cannot patch resource "statefulsets"', 'FORBIDDEN', 'the verb patch of statefulsets.apps'],
    [403, 'exceeded quota: q', 'FORBIDDEN', 'change what forbids it, such as a quota'],
    [404, 'not found', 'NOT_FOUND', 'it is looked at again'],
    [405, 'not allowed', 'UNSUPPORTED', 'takes no such request'],
    [409, 'the object has been modified', 'CONFLICT', 'it is read and tried again'],
    [422, 'spec.replicas: Invalid value', 'INVALID', 'mend what the manifest says of it'],
    [429, 'too many requests', 'THROTTLED', 'asked again later'],
    [500, 'etcd', 'INTERNAL', 'its own log may say more'],
    [503, 'starting', 'UNAVAILABLE', 'it is asked again'],
    [504, 'timeout', 'TIMEOUT', 'look whether the API server is there'],
  ])('with %i %s says verb and object, what was said, and what to do', (status, said, code, advice) => {
    const error = answered(status, said);
    expect(error.code).toBe(code);
    expect(error.message.startsWith(`patch statefulsets.apps ns/orders: ${said}; `)).toBe(true);
    expect(error.message).toContain(advice);
  });

  it('is a kind that nobody knows where a list of it is not found', () => {
    const list = request('GET', '/apis/weir.dev/v1alpha1/topics');
    expect(answered(404, 'the server could not find the requested resource', {}, list).message).toBe(
      'list topics.weir.dev in all namespaces: the server could not find the requested resource; the API server does not know topics.weir.dev: are the CRDs of this release there?',
    );
  });

  it('says which request got no answer', () => {
    const error = asApiError(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), PATCH);
    expect(error).toMatchObject({ code: 'UNREACHABLE', fatal: false });
    expect(error.message).toMatch(/^patch statefulsets.apps ns\/orders: the Kubernetes API is not reachable: connect /);
  });

  it('is told in a bounded text, however much a server says', () => {
    const name = 'n'.repeat(253);
    const path = `/apis/networking.k8s.io/v1/namespaces/${'s'.repeat(63)}/networkpolicies/${name}/status`;
    for (const status of [400, 401, 403, 404, 409, 422, 429, 500, 503, 504])
      expect(answered(status, 'x'.repeat(100_000), {}, request('PATCH', path)).message.length).toBeLessThan(1_250);
    const said = failureText(PATCH, { code: 'INVALID', said: 'y'.repeat(5_000) });
    expect(said).toMatch(/y…; mend what the manifest says of it$/);
  });
});
