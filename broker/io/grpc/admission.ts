import {
  type Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { type Identity, isCertified, readIdentity, writeIdentity } from './identity.ts';
import type { GrpcStatus } from './status.ts';
import type { CertifiedName } from '../tls/certificates.ts';

/** Calls under way at a time. Past it a call is refused before anything of it is read. */
const CALL_COUNT_MAX = 1024;
/** Those of one caller. */
export const CALLS_OF_ONE_MAX = 64;
/** Calls of those who don't say who they are: health and reflection. */
const NAMELESS_COUNT_MAX = 32;
/** How long a question may stay under way, whatever deadline it came with. */
const QUESTION_MS_MAX = 60_000;

/** Services of gRPC itself, which every client may use. */
const OPEN_SERVICES = ['/grpc.health.v1.Health/', '/grpc.reflection.v1.ServerReflection/'];
/** What only nodes may call. */
const NODE_SERVICES = ['/weir.control.v1.Raft/', '/weir.control.v1.Controller/'];
/** What both may call of the rest: it changes nothing. */
const READING_METHODS = ['Status', 'Load', 'CanRestart', 'AssessTopics'].map(
  (name) => `/weir.control.v1.Fleet/${name}`,
);

const startsWithOne = (path: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => path.startsWith(prefix));

/** Whether a role may call a method: a method of Fleet that changes anything is for the operator alone (B3). */
export function mayCall(role: Identity['role'], path: string): boolean {
  if (startsWithOne(path, NODE_SERVICES)) return role === 'node';
  return role === 'operator' || READING_METHODS.includes(path);
}

/** Refuses calls of strangers before their bodies are read, and counts those of everybody. */
export class Admission {
  readonly #self: Identity;
  readonly #isTls: boolean;
  readonly #admitted = new WeakMap<Metadata, { readonly caller: Identity; readonly call: ServerInterceptingCall }>();
  /** Calls under way by caller; '' for those without a name. */
  readonly #open = new Map<string, number>();
  /** Calls under way by connection. */
  readonly #peers = new Map<string, number>();
  #openCount = 0;

  /** `isTls`: certificates say who calls; else callers say it themselves. */
  constructor(self: Identity, isTls: boolean) {
    this.#self = self;
    this.#isTls = isTls;
  }

  /** Whether a call is under way on the connection with a peer, by its address and port. */
  isBusy(peer: string): boolean {
    return this.#peers.has(peer);
  }

  /** Who makes an admitted call, by its head. */
  callerOf(metadata: Metadata): Identity {
    const admitted = this.#admitted.get(metadata);
    if (admitted === undefined) throw new Error('bug: a call without an identity was admitted');
    return admitted.caller;
  }

  /** Ends an admitted call at once: what waits to be sent on it is not waited for. */
  abort(metadata: Metadata, reason: GrpcStatus): void {
    this.#admitted.get(metadata)?.call.sendStatus(reason);
  }

  /** Stands before every call. `certified` names the holder of the peer's certificate; null when it names nobody here. */
  interceptor(certified: (call: ServerInterceptingCall) => CertifiedName | null): ServerInterceptor {
    return ({ path, requestStream, responseStream }, nextCall) => {
      let admitted: string | null = null;
      let timer: NodeJS.Timeout | undefined;
      const peer = nextCall.getPeer();
      const over = (): void => {
        clearTimeout(timer);
        if (admitted !== null) this.#leave(admitted, peer);
        admitted = null;
      };
      const listener = new ServerListenerBuilder()
        .withOnReceiveMetadata((metadata, next) => {
          const judged = this.#judge(path, metadata, call, this.#isTls ? certified(call) : undefined);
          if (typeof judged !== 'string') {
            call.sendStatus(judged);
            return;
          }
          admitted = judged;
          add(this.#peers, peer, 1);
          if (!requestStream) {
            timer = setTimeout(() => {
              call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'under way for too long' });
            }, QUESTION_MS_MAX);
            timer.unref();
          }
          next(metadata);
        })
        .withOnReceiveHalfClose((next) => {
          // A stream of answers may stay open once its question is there.
          if (responseStream) clearTimeout(timer);
          next();
        })
        .withOnCancel(() => over())
        .build();
      const responder = new ResponderBuilder()
        .withStart((next) => next(listener))
        .withSendMetadata((metadata, next) => {
          metadata.merge(writeIdentity(this.#self));
          next(metadata);
        })
        .build();
      const call = new ServerInterceptingCall(nextCall, responder);
      return call;
    };
  }

  /** The key under which an admitted call counts, or why it is refused. */
  #judge(
    path: string,
    metadata: Metadata,
    call: ServerInterceptingCall,
    certified: CertifiedName | null | undefined,
  ): string | GrpcStatus {
    if (startsWithOne(path, OPEN_SERVICES)) return this.#enter('', NAMELESS_COUNT_MAX);
    const caller = readIdentity(metadata);
    if (caller === null) return { code: status.UNAUTHENTICATED, details: 'the call does not say who makes it' };
    const { clusterId } = this.#self;
    if (caller.clusterId !== clusterId) {
      const details = `a call for cluster ${caller.clusterId} came to cluster ${clusterId}`;
      return { code: status.FAILED_PRECONDITION, details };
    }
    if (certified !== undefined && !isCertified(caller, certified)) {
      const details = `the certificate is not that of ${caller.role} ${caller.replica.id} of cluster ${clusterId}`;
      return { code: status.PERMISSION_DENIED, details };
    }
    if (!mayCall(caller.role, path))
      return { code: status.PERMISSION_DENIED, details: `not for the role ${caller.role}` };
    const entered = this.#enter(`${caller.role} ${caller.replica.id}`, CALLS_OF_ONE_MAX);
    if (typeof entered === 'string') this.#admitted.set(metadata, { caller, call });
    return entered;
  }

  #enter(key: string, countMax: number): string | GrpcStatus {
    const count = this.#open.get(key) ?? 0;
    if (count >= countMax || this.#openCount >= CALL_COUNT_MAX) {
      return { code: status.RESOURCE_EXHAUSTED, details: 'too many calls are under way' };
    }
    add(this.#open, key, 1);
    this.#openCount += 1;
    return key;
  }

  #leave(key: string, peer: string): void {
    add(this.#open, key, -1);
    add(this.#peers, peer, -1);
    this.#openCount -= 1;
  }
}

/** Counts; what is at 0 is forgotten. */
function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
