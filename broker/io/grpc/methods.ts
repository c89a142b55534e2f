import type { Message } from '../../core/raft/types.ts';
import { SERVICES } from '../../proto/schema.generated.ts';
import { type Codec, codecOf } from './codec.ts';

const PACKAGE = 'weir.control.v1';

/** One method of a service. Messages go through gRPC as bytes: they are counted, and what can't be read is answered. */
export interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: Codec;
  readonly response: Codec;
}

interface Shape {
  readonly request: string;
  readonly response: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

function methodOf(service: keyof typeof SERVICES, name: string, kinds: readonly [string, string] | null): Method {
  const shape = (SERVICES[service] as Readonly<Record<string, Shape>>)[name];
  if (shape === undefined) throw new Error(`bug: ${service} has no method ${name}`);
  return {
    path: `/${service}/${name}`,
    requestStream: shape.requestStream,
    responseStream: shape.responseStream,
    request: codecOf(shape.request, kinds?.[0]),
    response: codecOf(shape.response, kinds?.[1]),
  };
}

const methods = new Map<string, Method>();

/** A method by the port's name, such as `Controller.Submit`, or by its service's full name. */
export function methodNamed(name: string): Method {
  const known = methods.get(name);
  if (known !== undefined) return known;
  const split = name.lastIndexOf('.');
  const service = name.slice(0, split);
  // The type of the table is exact; a name that is not in it is a bug and is told so.
  const full = (service.includes('.') ? service : `${PACKAGE}.${service}`) as keyof typeof SERVICES;
  const method = methodOf(full, name.slice(split + 1), null);
  methods.set(name, method);
  return method;
}

/** A question of Raft and the method it goes by. */
export type RaftRequestKind = 'pre-vote' | 'vote' | 'timeout-now' | 'append' | 'snapshot';

const raft = (name: string, kind: RaftRequestKind): Method =>
  methodOf(`${PACKAGE}.Raft`, name, [kind, `${kind}-response`]);

/** Methods of Raft's messages. Its answers are messages too, but for `timeout-now`, which has none. */
export const RAFT_METHODS: Readonly<Record<RaftRequestKind, Method>> = {
  'pre-vote': raft('PreVote', 'pre-vote'),
  vote: raft('Vote', 'vote'),
  'timeout-now': raft('TimeoutNow', 'timeout-now'),
  append: raft('Append', 'append'),
  snapshot: raft('InstallSnapshot', 'snapshot'),
};

/** Whether a message is a question that a channel carries; answers go back by `reply`. */
export function isRaftRequest(message: Message): message is Extract<Message, { readonly kind: RaftRequestKind }> {
  return Object.hasOwn(RAFT_METHODS, message.kind);
}
