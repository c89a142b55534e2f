import type { ApiRequest } from './transport.ts';

/** A server's own words are cut there, characters: some of them repeat all that was sent. */
const SAID_LENGTH_MAX = 600;

/** What a request asks for, in the words of a Role. */
interface Asked {
  readonly verb: string;
  readonly resource: string;
  /** `namespace/name`, or where of a list. */
  readonly object: string;
  readonly isNamed: boolean;
}

function askedBy({ method, path, query, body }: ApiRequest): Asked {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const [group, rest] = parts[0] === 'apis' ? [parts[1] ?? '', parts.slice(3)] : ['', parts.slice(2)];
  const [namespace, [plural = '', given, subresource]] =
    rest[0] === 'namespaces' && rest.length > 2 ? [rest[1], rest.slice(2)] : [undefined, rest];
  const name = given ?? nameIn(body);
  const resource = `${plural}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  const place = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`;
  const object = name === undefined ? place : namespace === undefined ? name : `${namespace}/${name}`;
  return {
    verb: verbOf(method, given !== undefined, query?.['watch'] === 'true'),
    resource,
    object,
    isNamed: name !== undefined,
  };
}

function nameIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('metadata' in body)) return undefined;
  const { metadata } = body;
  if (typeof metadata !== 'object' || metadata === null || !('name' in metadata)) return undefined;
  return typeof metadata.name === 'string' ? metadata.name : undefined;
}

function verbOf(method: ApiRequest['method'], isNamed: boolean, isWatch: boolean): string {
  switch (method) {
    case 'GET':
      return isWatch ? 'watch' : isNamed ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
  }
}

/** How a request reads in a message: verb and resource as a Role has them, and which object. */
export function describeRequest(request: ApiRequest): string {
  const { verb, resource, object } = askedBy(request);
  return `${verb} ${resource} ${object}`;
}

/** A request that failed: what it was, what was said, and what is to be done, in at most about a thousand characters. */
export function failureText(
  request: ApiRequest,
  { code, said }: { readonly code: string; readonly said: string },
): string {
  const short = said.length > SAID_LENGTH_MAX ? `${said.slice(0, SAID_LENGTH_MAX)}…` : said;
  const advice = adviceOn(code, said, askedBy(request));
  return `${describeRequest(request)}: ${short}${advice === '' ? '' : `; ${advice}`}`;
}

function adviceOn(code: string, said: string, { verb, resource, isNamed }: Asked): string {
  switch (code) {
    case 'UNAUTHORIZED':
      return 'who the operator is was not accepted: look at its ServiceAccount and at the token that it has of it';
    case 'FORBIDDEN':
      // Quotas, policies and namespaces that go forbid, too.
      return / cannot [a-z]+ resource /.test(said)
        ? `give the operator's ServiceAccount the verb ${verb} of ${resource}, as the Role of charts/weir does`
        : 'change what forbids it, such as a quota, a policy or the end of its namespace, or the manifest';
    case 'NOT_FOUND':
      return isNamed
        ? 'it is looked at again'
        : `the API server does not know ${resource}: are the CRDs of this release there?`;
    case 'CONFLICT':
      return 'somebody else changed it: it is read and tried again';
    case 'INVALID':
      return 'mend what the manifest says of it';
    case 'UNSUPPORTED':
      return 'this API server, or something in front of it, takes no such request';
    case 'THROTTLED':
      return 'it has too much to do: it is asked again later';
    case 'INTERNAL':
    case 'UNAVAILABLE':
      return 'it is asked again; its own log may say more';
    case 'TIMEOUT':
    case 'UNREACHABLE':
      return 'it is asked again; look whether the API server is there and the network lets the operator through';
    default:
      return '';
  }
}
