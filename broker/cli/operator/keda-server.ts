import type { Socket } from 'node:net';
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Asked, Backlog, Backlogs } from '../../../operator/controllers/backlogs.ts';
import {
  readMetricsRequest,
  readScaledObjectRef,
  type ScaledObjectRef,
  writeActive,
  writeFigure,
} from '../../../operator/io/keda/messages.ts';
import { Connections } from '../../io/grpc/connections.ts';
import { type Unary, type Writable } from '../../io/grpc/handlers.ts';
import type { GrpcStatus } from '../../io/grpc/status.ts';
import type { Certificates } from '../../io/tls/certificates.ts';
import type { Clock } from '../../../operator/ports/clock.ts';

const SERVICE = '/externalscaler.ExternalScaler';
/** The one figure there is. */
const FIGURE = 'backlog';
/** Which ShareGroup a trigger is about; it is in the namespace of the ScaledObject. */
const GROUP_KEY = 'shareGroup';
const MESSAGE_SIZE_MAX = 1 << 16;
const STREAM_COUNT_MAX = 1_000;
/** How often it is looked whether there is anything to do. */
const LOOK_MS = 5_000;
const KEEPALIVE_MS = 30_000;

/** Where it listens, and by which certificates it is known and knows who asks. */
export interface KedaPlace {
  readonly host: string;
  readonly port: number;
  readonly certificates: Certificates;
  readonly clock: Clock;
}

/** Why there is no answer, as gRPC says it. */
class Failure {
  readonly status: GrpcStatus;
  constructor(code: number, details: string) {
    this.status = { code, details };
  }
}

/**
 * Serves KEDA's external scaler: the backlogs of ShareGroups, to whoever has a certificate of the authority. `done` with a sentence why not,
 * or with the port and what closes it.
 */
export function serveKeda(
  { certificates, clock, ...address }: KedaPlace,
  backlogs: Backlogs,
  done: (failure: string | null, listener: { readonly port: number; close(): void } | null) => void,
): void {
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_SIZE_MAX,
    'grpc.max_concurrent_streams': STREAM_COUNT_MAX,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.enable_channelz': 0,
  });
  const ends = new AbortController();
  addMethods(server, backlogs, { clock, ends: ends.signal });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  // Whoever is cut off for another one comes again.
  const owner = { inject: (socket: Socket) => injector.injectConnection(socket), isBusy: () => false };
  const connections = new Connections(owner, certificates);
  const close = (): void => {
    ends.abort();
    connections.close();
    injector.destroy();
    server.forceShutdown();
  };
  connections.listen(address, (failure, port) => {
    if (failure !== null) close();
    done(failure, failure === null ? { port, close } : null);
  });
}

/** By what streams go on, and when they end. */
interface Course {
  readonly clock: Clock;
  readonly ends: AbortSignal;
}

function addMethods(server: Server, backlogs: Backlogs, course: Course): void {
  const same = (bytes: Buffer): Buffer => bytes;
  const codecs = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const handlers: UntypedServiceImplementation = {};
  const add = (name: string, handler: Unary | Writable, responseStream = false): void => {
    const path = `${SERVICE}/${name}`;
    definition[name] = { path, requestStream: false, responseStream, ...codecs };
    handlers[name] = handler;
  };
  const known = async (ref: ScaledObjectRef): Promise<number> =>
    recordsOf(await backlogs.of(await find(backlogs, ref)));
  add(
    'IsActive',
    answering(readScaledObjectRef, async (ref) => writeActive((await known(ref)) > 0)),
  );
  add(
    'GetMetricSpec',
    answering(readScaledObjectRef, async (ref) => {
      const { group } = await find(backlogs, ref);
      return writeFigure(FIGURE, group.spec.scaling?.backlogPerReplica ?? 1);
    }),
  );
  add(
    'GetMetrics',
    answering(readMetricsRequest, async ({ of, metricName }) => {
      if (metricName !== FIGURE) throw new Failure(status.NOT_FOUND, `there is no figure ${metricName}`);
      return writeFigure(FIGURE, await known(of));
    }),
  );
  add('StreamIsActive', streaming(known, course), true);
  server.addService(definition, handlers);
}

/** The ShareGroup of a trigger: the namespace is KEDA's word, never the trigger's. */
async function find(backlogs: Backlogs, { namespace, metadata }: ScaledObjectRef): Promise<Asked> {
  const name = metadata.get(GROUP_KEY);
  if (name === undefined) throw new Failure(status.INVALID_ARGUMENT, `the trigger's metadata lack ${GROUP_KEY}`);
  const found = await backlogs.find(`${namespace}/${name}`);
  if ('group' in found) return found;
  throw failureOf(found);
}

/** A number of records; what is not known is no number. */
function recordsOf(backlog: Backlog): number {
  if (backlog.kind === 'known') return backlog.records;
  throw failureOf(backlog);
}

function failureOf({ kind, why }: Exclude<Backlog, { kind: 'known' }>): Failure {
  return new Failure(kind === 'refused' ? status.FAILED_PRECONDITION : status.UNAVAILABLE, why);
}

function answering<T>(read: (bytes: Uint8Array) => T, answer: (request: T) => Promise<Buffer>): Unary {
  const respond: (...call: Parameters<Unary>) => Promise<void> = async ({ request: bytes }, callback) => {
    try {
      const request = readOr(read, bytes);
      if (request instanceof Failure) throw request;
      callback(null, await answer(request));
    } catch (error) {
      callback(statusOf(error));
    }
  };
  return (call, callback) => void respond(call, callback);
}

function readOr<T>(read: (bytes: Uint8Array) => T, bytes: Uint8Array): T | Failure {
  try {
    return read(bytes);
  } catch {
    return new Failure(status.INVALID_ARGUMENT, "a request that can't be read");
  }
}

/** What an error is to gRPC; a bug ends the process. */
function statusOf(error: unknown): GrpcStatus {
  if (error instanceof Failure) return error.status;
  throw error;
}

/** Tells at once and whenever it changes, until what is to be told is not known: whoever asks comes again. */
function streaming(known: (ref: ScaledObjectRef) => Promise<number>, course: Course): Writable {
  return (call) => {
    const ref = readOr(readScaledObjectRef, call.request);
    if (ref instanceof Failure) {
      call.emit('error', ref.status);
      return;
    }
    call.on('error', () => undefined);
    watch(call, () => known(ref), course).catch((error: unknown) => call.emit('error', statusOf(error)));
  };
}

async function watch(
  call: ServerWritableStream<Buffer, Buffer>,
  known: () => Promise<number>,
  course: Course,
): Promise<void> {
  let told: boolean | null = null;
  while (!call.cancelled && !course.ends.aborted) {
    const isActive = (await known()) > 0;
    if (isActive !== told) call.write(writeActive(isActive));
    told = isActive;
    await rest(call, course);
  }
}

/** Until it is looked again, or nobody listens any more. */
function rest(call: ServerWritableStream<Buffer, Buffer>, { clock, ends }: Course): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      cancel();
      call.off('cancelled', over);
      ends.removeEventListener('abort', over);
      resolve();
    };
    const cancel = clock.after(LOOK_MS, over);
    call.once('cancelled', over);
    ends.addEventListener('abort', over);
  });
}
