import type { Socket } from 'node:net';
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerInterceptingCall,
  type ServerWritableStream,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Message } from '../../core/raft/types.ts';
import type {
  CallFailure,
  Caller,
  ControlAddress,
  ControlService,
  ControlStream,
  StreamHandlers,
  StreamName,
  UnaryName,
} from '../../ports/control-net.ts';
import { Admission } from './admission.ts';
import { Connections, peerOf } from './connections.ts';
import { answer, type Duplex, readRequest, type Unary, type Writable } from './handlers.ts';
import { type Identity, isFrom } from './identity.ts';
import { type Method, methodNamed, RAFT_METHODS, type RaftRequestKind } from './methods.ts';
import { type ByteStream, OpenStream } from './open-stream.ts';
import { Reception } from './reception.ts';
import { MESSAGE_SIZE_MAX, RAFT_QUEUED_SIZE_MAX, SUBMIT_SIZE_MAX } from './sizes.ts';
import { standardMethods } from './standard.ts';
import { refused, statusOf } from './status.ts';
import { type CertifiedName, type Certificates, nameOf } from '../tls/certificates.ts';

/** Streams of one connection at a time. */
const STREAM_COUNT_MAX = 64;
/** How often a peer is asked whether it is there, and how long it has for the answer. */
const KEEPALIVE_MS = 5000;
const KEEPALIVE_TIMEOUT_MS = 5000;
/** A connection without a call for so long is closed. */
const IDLE_MS = 300_000;

const UNARY: readonly UnaryName[] = [
  'Raft.Identify',
  'Controller.Submit',
  'Controller.DescribeQuorum',
  'Controller.ChangeQuorum',
  'Fleet.Status',
  'Fleet.Load',
  'Fleet.CanRestart',
  'Fleet.AssessTopics',
  'Fleet.Cordon',
  'Fleet.Drain',
  'Fleet.Undrain',
  'Fleet.Rebalance',
  'Fleet.SetAdvertised',
];
const STREAMS: readonly StreamName[] = ['Controller.Heartbeat', 'Controller.WatchMetadata'];

/** What the handlers of all methods share. */
interface Serving {
  readonly service: ControlService;
  readonly post: (input: () => void) => void;
  readonly admission: Admission;
}

const asCaller = ({ role, replica }: Identity): Caller => ({ role, nodeId: role === 'node' ? replica.id : null });

function question(serving: Serving, name: UnaryName, method: Method): Unary {
  return (call, callback) => {
    const caller = asCaller(serving.admission.callerOf(call.metadata));
    if (name === 'Controller.Submit' && call.request.length > SUBMIT_SIZE_MAX) {
      callback(statusOf(refused(`a command has ${SUBMIT_SIZE_MAX} bytes at most`)));
      return;
    }
    const request = readRequest(method, call.request, callback);
    if (request === null) return;
    serving.post(() => {
      if (call.cancelled) return;
      // Codec and name belong together.
      serving.service.call(name, request as never, caller, (failure, response) => {
        if (failure === null) answer(method, response, callback);
        else callback(statusOf(failure));
      });
    });
  };
}

function raftQuestion(serving: Serving, kind: RaftRequestKind, method: Method): Unary {
  return (call, callback) => {
    const { replica } = serving.admission.callerOf(call.metadata);
    // The codec of this kind makes messages of this kind.
    const message = readRequest(method, call.request, callback) as Message | null;
    if (message === null) return;
    if (!isFrom(message, replica)) {
      callback(statusOf(refused('a message of another sender')));
      return;
    }
    if (kind === 'timeout-now') answer(method, {}, callback);
    serving.post(() => {
      serving.service.raft(message, (response) => {
        if (!call.cancelled) answer(method, response, callback);
      });
    });
  };
}

/** The server's end of a stream of either form. */
function openStream<Outgoing extends object, Incoming>(
  serving: Serving,
  call: ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>,
  method: Method,
): OpenStream<Outgoing, Incoming> {
  const incoming = 'read' in call ? call : null;
  const bytes: ByteStream = {
    write: (chunk, done) => call.write(chunk, done),
    pause: () => incoming?.pause(),
    resume: () => incoming?.resume(),
    on: (event, listener) => incoming?.on(event, listener),
  };
  const finish = (failure: CallFailure | null): void => {
    if (failure === null) call.end();
    else {
      serving.admission.abort(call.metadata, statusOf(failure));
      call.destroy();
    }
  };
  const stream = new OpenStream<Outgoing, Incoming>({
    bytes,
    outgoing: method.response,
    incoming: method.request,
    post: serving.post,
    finish,
  });
  // The other side has ended it: so does this one. A call that is broken off ends too, and is known as such a moment later.
  incoming?.on('end', () => {
    setImmediate(() => {
      if (call.cancelled) return;
      call.end();
      stream.ended(null);
    });
  });
  call.on('cancelled', () =>
    stream.ended({ code: 'unavailable', message: 'the connection or the call was broken off' }),
  );
  call.on('error', () => undefined);
  return stream;
}

function raftStream(serving: Serving, method: Method, isAppend: boolean): Duplex {
  /** The stream of every replica. A newer one ends the older, which then tells nothing. */
  const latest = new Map<number, ControlStream<Message>>();
  return (call) => {
    const { replica } = serving.admission.callerOf(call.metadata);
    const stream = openStream<Message, Message>(serving, call, method);
    stream.handle({
      onMessage: (message) => {
        if (!isFrom(message, replica)) stream.fail(refused('a message of another sender'));
        else {
          serving.service.raft(message, (response) => {
            if (stream.queuedBytes() < RAFT_QUEUED_SIZE_MAX) stream.send(response);
          });
        }
      },
      onEnd: () => {
        latest.delete(replica.id);
        if (isAppend) serving.service.raftEnded(replica);
      },
    });
    latest.get(replica.id)?.end(refused('a newer stream takes its place'));
    latest.set(replica.id, stream);
  };
}

function openFor(serving: Serving, name: StreamName, method: Method): Duplex & Writable {
  return (call: ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>) => {
    const caller = asCaller(serving.admission.callerOf(call.metadata));
    const stream = openStream<object, unknown>(serving, call, method);
    const request =
      'request' in call
        ? readRequest(method, call.request, (failure) => serving.admission.abort(call.metadata, failure))
        : undefined;
    if (request === null) return;
    serving.post(() => {
      if (call.cancelled) return;
      // Name, codec and handlers belong together.
      const opened: StreamHandlers<never> | CallFailure = serving.service.open(name, stream as never, caller);
      if ('code' in opened) stream.end(opened);
      else {
        stream.handle(opened as StreamHandlers<unknown>);
        if (request !== undefined) (opened as StreamHandlers<unknown>).onMessage(request);
      }
    });
  };
}

function asDefinition({ path, requestStream, responseStream }: Method): MethodDefinition<Buffer, Buffer> {
  const same = (bytes: Buffer): Buffer => bytes;
  const codecs = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  return { path, requestStream, responseStream, ...codecs };
}

function addMethods(server: Server, serving: Serving): void {
  const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const handlers: UntypedServiceImplementation = {};
  const add = (method: Method, handler: UntypedHandleCall): void => {
    definition[method.path] = asDefinition(method);
    handlers[method.path] = handler;
  };
  for (const name of UNARY) add(methodNamed(name), question(serving, name, methodNamed(name)));
  for (const name of STREAMS) add(methodNamed(name), openFor(serving, name, methodNamed(name)));
  for (const kind of ['pre-vote', 'vote', 'timeout-now'] as const) {
    add(RAFT_METHODS[kind], raftQuestion(serving, kind, RAFT_METHODS[kind]));
  }
  add(RAFT_METHODS.append, raftStream(serving, RAFT_METHODS.append, true));
  add(RAFT_METHODS.snapshot, raftStream(serving, RAFT_METHODS.snapshot, false));
  for (const [method, handler] of standardMethods(serving.service, serving.post)) add(method, handler);
  server.addService(definition, handlers);
}

/** Serves the control plane; `done` with a sentence why not, or with the port and what closes it. */
export function serve(
  {
    address,
    self,
    service,
    post,
    certificates,
  }: {
    readonly address: ControlAddress;
    readonly self: Identity;
    readonly service: ControlService;
    readonly post: (input: () => void) => void;
    readonly certificates: Certificates | null;
  },
  done: (failure: string | null, listener: { readonly port: number; close(): void } | null) => void,
): void {
  const admission = new Admission(self, certificates !== null);
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_SIZE_MAX,
    'grpc.max_send_message_length': MESSAGE_SIZE_MAX,
    'grpc.max_concurrent_streams': STREAM_COUNT_MAX,
    'grpc.max_connection_idle_ms': IDLE_MS,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.enable_channelz': 0,
    interceptors: [admission.interceptor(certifiedPeer)],
  });
  addMethods(server, { service, post, admission });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  // Handshakes are done before: to gRPC, what comes is a connection like any other.
  const owner = {
    inject: (socket: Socket) => injector.injectConnection(socket),
    isBusy: (socket: Socket) => admission.isBusy(peerOf(socket)),
  };
  const connections = new Connections(owner, certificates);
  const reception = new Reception((peer) => connections.has(peer));
  const close = (): void => {
    reception.close();
    connections.close();
    injector.destroy();
    server.forceShutdown();
  };
  connections.listen(address, (failure, port) => {
    if (failure !== null) close();
    post(() => done(failure, failure === null ? { port, close } : null));
  });
}

/** Whom a call's certificate names. */
function certifiedPeer(call: ServerInterceptingCall): CertifiedName | null {
  return nameOf(call.getAuthContext().sslPeerCertificate?.subjectaltname);
}
