import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  connectivityState,
  type Metadata,
} from '@grpc/grpc-js';
import type { Message, ReplicaKey } from '../../core/raft/types.ts';
import type {
  CallFailure,
  ControlAddress,
  ControlChannel,
  ControlStream,
  StreamCalls,
  StreamHandlers,
  StreamName,
  UnaryCalls,
  UnaryName,
} from '../../ports/control-net.ts';
import { type Identity, isCertified, isFrom, readIdentity, writeIdentity } from './identity.ts';
import { isRaftRequest, type Method, methodNamed, RAFT_METHODS, type RaftRequestKind } from './methods.ts';
import type { Names } from '../net/names.ts';
import { nameOf } from '../tls/certificates.ts';
import { targetOf } from './name-resolver.ts';
import { type ByteStream, OpenStream } from './open-stream.ts';
import { MESSAGE_SIZE_MAX, RAFT_QUEUED_SIZE_MAX, SUBMIT_SIZE_MAX } from './sizes.ts';
import { failureOf, refused, textOf } from './status.ts';

/** How long a connection may take, and how long gRPC may try again by itself, during which it does not tell how it goes. */
const PATIENCE_MS: ReadonlyMap<connectivityState, number> = new Map([
  [connectivityState.CONNECTING, 1000],
  [connectivityState.TRANSIENT_FAILURE, 3000],
]);
const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 1000;
const KEEPALIVE_MS = 2000;
const KEEPALIVE_TIMEOUT_MS = 2000;
/** How long the other side has for ending a stream that was ended here. */
const END_MS_MAX = 5000;
/** Questions under way. */
const PENDING_COUNT_MAX = 60;
/** A vote that comes later than this is for an election that is over. */
const RAFT_ANSWER_MS_MAX = 5000;

const SERVER_NAME = 'node.weir';

const same = (bytes: Buffer): Buffer => bytes;

/** What a channel is made of. */
export interface ChannelOptions {
  readonly address: ControlAddress;
  readonly names: Names;
  readonly self: Identity;
  readonly onReply: (response: Message) => void;
  readonly post: (input: () => void) => void;
  /** What connections show; asked again when one does not come about, or its peer has called `isStale`. */
  readonly credentials: (isStale: () => void) => Shown;
}

/** What the connections of one client show, until it is forgotten. */
export interface Shown {
  readonly credentials: ChannelCredentials;
  /** Ends the watch over the certificate that the peer has shown. */
  readonly forget: () => void;
}

const NAMELESS = refused('an answer that does not say whose it is');

/** Who answers a call, once the head of its answer is there. */
interface Answerer {
  replica: ReplicaKey | null;
}

/** A call of gRPC, as far as it tells who answers it. */
type Answered = Pick<ClientUnaryCall, 'getAuthContext'>;

type Done = (failure: CallFailure | null, response: unknown) => void;

/** A way to another node over a connection of its own. */
export class GrpcChannel implements ControlChannel {
  readonly #options: ChannelOptions;
  readonly #calls = new Set<{ cancel(): void }>();
  readonly #raftStreams = new Map<RaftRequestKind, OpenStream<Message, Message>>();
  #client: Client | null = null;
  /** Ends the watch over what the client's connection was shown. */
  #forget = (): void => undefined;
  #pendingCount = 0;
  #isClosed = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  raft(message: Message): void {
    if (!isRaftRequest(message)) throw new Error('bug: an answer of Raft goes back by `reply`');
    if (this.#isClosed) return;
    const method = RAFT_METHODS[message.kind];
    if (method.requestStream) this.#sendOnStream(message, method);
    else {
      const answerer: Answerer = { replica: null };
      const done: Done = (failure, response) => {
        // The codec of this method makes messages.
        if (failure === null && message.kind !== 'timeout-now') this.#replied(response as Message, answerer);
      };
      this.#ask(method, message, { timeoutMs: RAFT_ANSWER_MS_MAX, answerer }, done);
    }
  }

  call<N extends UnaryName>(
    name: N,
    request: UnaryCalls[N]['request'],
    timeoutMs: number,
    done: (failure: CallFailure | null, response: UnaryCalls[N]['response'] | null) => void,
  ): void {
    // Codec and name belong together.
    this.#ask(methodNamed(name), request, { timeoutMs, answerer: { replica: null } }, done as Done);
  }

  open<N extends StreamName>(
    name: N,
    handlers: StreamHandlers<StreamCalls[N]['response']>,
  ): ControlStream<StreamCalls[N]['request']> {
    const answerer: Answerer = { replica: null };
    return this.#open<StreamCalls[N]['request'], StreamCalls[N]['response']>(methodNamed(name), answerer, handlers);
  }

  wake(): void {
    const client = this.#client;
    // Until its pause is over it would refuse every call.
    if (client?.getChannel().getConnectivityState(false) === connectivityState.TRANSIENT_FAILURE) this.#drop(client);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#breakOff();
  }

  /** Queues an input, unless the channel is closed by then. */
  readonly #post = (input: () => void): void => {
    this.#options.post(() => {
      if (!this.#isClosed) input();
    });
  };

  #sendOnStream(message: Message, method: Method): void {
    // Only questions come here.
    const kind = message.kind as RaftRequestKind;
    let stream = this.#raftStreams.get(kind);
    if (stream === undefined) {
      const answerer: Answerer = { replica: null };
      const opened = this.#open<Message, Message>(method, answerer, {
        onMessage: (response) => this.#replied(response, answerer),
        onEnd: () => {
          if (this.#raftStreams.get(kind) === opened) this.#raftStreams.delete(kind);
        },
      });
      stream = opened;
      this.#raftStreams.set(kind, stream);
    }
    if (stream.queuedBytes() < RAFT_QUEUED_SIZE_MAX) stream.send(message);
  }

  /** A reply of Raft counts as that of whoever answers, and no other (B3). */
  #replied(response: Message, { replica }: Answerer): void {
    if (replica !== null && isFrom(response, replica)) this.#options.onReply(response);
  }

  #ask(
    method: Method,
    request: unknown,
    { timeoutMs, answerer }: { readonly timeoutMs: number; readonly answerer: Answerer },
    done: Done,
  ): void {
    const answer = (failure: CallFailure | null, response: unknown): void =>
      this.#post(() => done(failure, failure === null ? response : null));
    const client = this.#connected();
    if (client === null) return;
    let bytes: Buffer;
    try {
      bytes = method.request.encode(request);
    } catch (error) {
      answer(refused(`a request that can't be sent: ${textOf(error)}`), null);
      return;
    }
    if (bytes.length > SUBMIT_SIZE_MAX || this.#pendingCount >= PENDING_COUNT_MAX) {
      const isLarge = bytes.length > SUBMIT_SIZE_MAX;
      answer(
        refused(isLarge ? `a request has ${SUBMIT_SIZE_MAX} bytes at most` : 'too many calls are under way'),
        null,
      );
      return;
    }
    this.#pendingCount += 1;
    let failure: CallFailure | null = null;
    const head = writeIdentity(this.#options.self);
    const deadline = Date.now() + timeoutMs;
    const call = client.makeUnaryRequest(method.path, same, same, bytes, head, { deadline }, (error, response) => {
      this.#pendingCount -= 1;
      this.#calls.delete(call);
      const broken = failure ?? (error === null ? null : failureOf(error));
      if (broken !== null || response === undefined) answer(broken ?? refused('an answer without a message'), null);
      else if (answerer.replica === null) answer(NAMELESS, null);
      else this.#read(method, response, answer);
    });
    this.#calls.add(call);
    call.on('metadata', (metadata) => {
      failure ??= this.#judge(metadata, call, answerer);
    });
  }

  #read(method: Method, bytes: Buffer, answer: Done): void {
    let response: unknown;
    try {
      response = method.response.decode(bytes);
    } catch (error) {
      answer(refused(`an answer that can't be read: ${textOf(error)}`), null);
      return;
    }
    answer(null, response);
  }

  /** Whether an answer is of this cluster, and of whom it says. */
  #judge(metadata: Metadata, call: Answered, answerer: Answerer): CallFailure | null {
    const identity = readIdentity(metadata);
    // One that tells of a failure may have none.
    if (identity === null) return null;
    const { clusterId, replica } = identity;
    const own = this.#options.self.clusterId;
    if (clusterId !== own) return refused(`cluster ${clusterId} answered a call for cluster ${own}`);
    const certificate = call.getAuthContext()?.sslPeerCertificate;
    if (certificate !== undefined && !isCertified(identity, nameOf(certificate.subjectaltname)))
      return refused(`the certificate of whoever answers is not that of node ${replica.id}`);
    answerer.replica = replica;
    return null;
  }

  #open<Outgoing extends object, Incoming>(
    method: Method,
    answerer: Answerer,
    handlers: StreamHandlers<Incoming>,
  ): OpenStream<Outgoing, Incoming> {
    const head = writeIdentity(this.#options.self);
    const client = this.#connected();
    let call: ClientDuplexStream<Buffer, Buffer> | ClientReadableStream<Buffer> | null = null;
    let take: ((bytes: Buffer) => void) | null = null;
    const begin = (started: ClientDuplexStream<Buffer, Buffer> | ClientReadableStream<Buffer>): void => {
      call = started;
      this.#calls.add(started);
      started.on('data', (bytes: Buffer) => {
        if (answerer.replica === null) stream.fail(NAMELESS);
        else take?.(bytes);
      });
      this.#follow(started, stream, answerer);
    };
    const bytes: ByteStream = {
      write: (chunk, done) => {
        if (call === null) {
          if (client !== null) begin(client.makeServerStreamRequest(method.path, same, same, chunk, head));
          done();
        } else if ('write' in call) call.write(chunk, done);
      },
      pause: () => call?.pause(),
      resume: () => call?.resume(),
      on: (_event, listener) => {
        take = listener;
      },
    };
    const finish = (failure: CallFailure | null): void => {
      if (failure === null && call !== null && 'end' in call) {
        call.end();
        setTimeout(() => call?.cancel(), END_MS_MAX).unref();
      } else call?.cancel();
    };
    const stream = new OpenStream<Outgoing, Incoming>({
      bytes,
      outgoing: method.request,
      incoming: method.response,
      post: this.#post,
      finish,
    });
    stream.handle(handlers);
    if (method.requestStream && client !== null) begin(client.makeBidiStreamRequest(method.path, same, same, head));
    return stream;
  }

  /** Tells a stream when its call is over: when its last message was read and its status is there. */
  #follow(
    call: ClientDuplexStream<Buffer, Buffer> | ClientReadableStream<Buffer>,
    stream: OpenStream<never, never>,
    answerer: Answerer,
  ): void {
    let failure: CallFailure | null | undefined;
    let isRead = false;
    const settle = (): void => {
      if (failure !== undefined && isRead) stream.ended(failure);
    };
    call.on('metadata', (metadata) => {
      const other = this.#judge(metadata, call, answerer);
      if (other !== null) stream.fail(other);
    });
    call.on('end', () => {
      isRead = true;
      settle();
    });
    call.on('status', (status) => {
      this.#calls.delete(call);
      failure = failureOf(status);
      settle();
    });
    // What it says comes with 'status' too.
    call.on('error', () => undefined);
  }

  /** The client of the connection; null when the channel is closed. */
  #connected(): Client | null {
    if (this.#isClosed) return null;
    if (this.#client === null) {
      const { address, names, credentials } = this.#options;
      const { target, options } = targetOf(address, names);
      const shown = credentials(() => {
        if (this.#forget === shown.forget) this.#breakOff();
      });
      this.#forget = shown.forget;
      this.#client = new Client(target, shown.credentials, {
        ...options,
        'grpc.use_local_subchannel_pool': 1,
        // TLS wants a name and no address; which node it is, the certificate says by a name of its own.
        'grpc.ssl_target_name_override': SERVER_NAME,
        'grpc.initial_reconnect_backoff_ms': RECONNECT_MS_MIN,
        'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
        'grpc.keepalive_time_ms': KEEPALIVE_MS,
        'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
        'grpc.max_receive_message_length': MESSAGE_SIZE_MAX,
        'grpc.max_send_message_length': MESSAGE_SIZE_MAX,
        'grpc.enable_retries': 0,
        'grpc.enable_http_proxy': 0,
        'grpc.enable_channelz': 0,
      });
      this.#watch(this.#client);
    }
    return this.#client;
  }

  /**
   * Gives up a connection that does not come about, to be tried afresh, with the certificates of then: the system alone
   * would try for minutes.
   */
  #watch(client: Client): void {
    const channel = client.getChannel();
    const state = channel.getConnectivityState(false);
    const patienceMs = PATIENCE_MS.get(state) ?? Number.POSITIVE_INFINITY;
    channel.watchConnectivityState(state, Date.now() + patienceMs, (late) => {
      if (this.#client !== client) return;
      if (late === undefined || late === null) this.#watch(client);
      else this.#drop(client);
    });
  }

  #drop(client: Client): void {
    this.#forget();
    this.#client = null;
    client.close();
  }

  /** Gives up the connection with the calls on it. */
  #breakOff(): void {
    for (const call of this.#calls) call.cancel();
    if (this.#client !== null) this.#drop(this.#client);
  }
}
